"""The dashboard without a browser: its own callbacks, in any order."""

import asyncio
import datetime
import gc
import html
import json
import random
import re
import sys
import threading
from dataclasses import replace
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from pictures import parts

import minichar as mc
from minichar import chart, keeping_panel, palette, panels, studio, writing_panel
from minichar.evaluation import evaluate
from minichar.live import DEFAULTS

TEXT = "a rose is a rose is a rose\n" * 40
SMALL = {"hidden": (5,), "batch": 4, "length": 8}
WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
UPLOADED = {"name": "a.bin", "type": "", "size": 2, "content": b"\xff\0", "last_modified": WHEN}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What is kept by itself goes into the folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def made():
    return studio.Studio(TEXT, start=False, **SMALL)


def said(made):
    return re.sub("<.*?>", "", made.status.value)


def test_it_is_there_by_its_name_and_says_what_it_shows(made):
    assert mc.Studio is studio.Studio
    assert "temperature 0.8" in made.writing.still() and "greedy" in made.writing.still()
    made.one.click()
    made.one.click()
    assert made.live.training.step_number == 2 and "<svg" in made.seen.curve.value
    assert 'aria-label="line chart of bits' in made.seen.curve.value
    assert "<td" in made.seen.numbers.value
    still = made.still()
    assert "after step 2" in still.description and made.seen.numbers.value in still.html
    shown = re.search('aria-label="(.*?)"', made.seen.curve.value)[1]
    assert '<img src="data' in still.html and shown in still.html  # as an image, in the same words


def test_training_starts_by_itself_where_a_loop_runs_and_pauses():
    async def main():
        one = studio.Studio(TEXT, **SMALL)
        while one.live.training.step_number < 5:
            await asyncio.sleep(0)
        assert said(one) == "Training."
        other = studio.Studio(TEXT, **SMALL)  # has the computer to itself
        await one.live.task
        assert not one.train.value and said(one) == "Paused: another studio is training now."
        one.say("Ready.")
        other.train.value = False
        assert said(other).startswith("Paused after step ")
        other.train.value = True
        assert said(one) == "Ready."  # it was not training
        other.close()
        await other.live.task
        assert not other.live.going

    asyncio.run(main())


def test_what_is_asked_from_another_thread_is_done_in_the_one_that_trains():
    async def main():
        made = studio.Studio(TEXT, **SMALL)
        threads = []
        made.live.restart = lambda *args, **settings: threads.append(threading.get_ident())
        await asyncio.to_thread(made.again.click)
        await asyncio.to_thread(setattr, made.train, "value", False)
        await asyncio.to_thread(setattr, made.rate.number, "value", 0.01)
        await made.live.task
        assert threads == [threading.get_ident()] and made.live.rate == 0.01
        await asyncio.to_thread(setattr, made.train, "value", True)
        await asyncio.sleep(0)
        assert made.live.task.get_loop() is asyncio.get_running_loop()
        made.close()
        await made.live.task

    asyncio.run(main())


def from_elsewhere(act, *given):
    """As a press or a drag comes: in another thread, to be handed over and wait for its turn."""
    press = threading.Thread(target=act, args=given)
    press.start()
    press.join()


def test_who_pauses_and_goes_on_before_the_last_step_has_ended_does_go_on():
    async def main():
        one = studio.Studio(TEXT, **SMALL)
        while not one.live.history:
            await asyncio.sleep(0)
        one.train.value = False
        from_elsewhere(setattr, one.train, "value", True)
        one._ended(None)
        assert one.train.value
        step = len(one.live.history)
        await asyncio.sleep(0.01)
        while len(one.live.history) < step + 2:
            await asyncio.sleep(0)
        one.close()
        assert not one.train.value
        await one.live.task

    asyncio.run(main())


def test_a_press_made_before_the_last_thing_asked_for_was_done_counts():
    async def main():
        one = studio.Studio(TEXT, start=False, **SMALL)
        from_elsewhere(one.again.click)
        from_elsewhere(setattr, one.writing.slow, "value", True)
        await asyncio.sleep(0.01)
        assert one.writing.slow.value and one.writing.task
        from_elsewhere(one.one.click)
        from_elsewhere(setattr, one.train, "value", True)
        await asyncio.sleep(0.01)
        assert one.train.value and one.live.going and one.train.description == "Pause"
        for value in (False, True, False):
            from_elsewhere(setattr, one.train, "value", value)
        await asyncio.sleep(0.01)
        assert not one.train.value and not one.live.going and one.train.description == "Train"
        for button in (one.train, one.writing.slow):
            from_elsewhere(setattr, button, "value", True)
        one.close()
        from_elsewhere(setattr, one.train, "value", True)  # it was on its way
        await asyncio.sleep(0.01)
        assert not one.live.going and not one.writing.task

    asyncio.run(main())


def test_a_rate_set_before_the_last_thing_asked_for_was_done_acts_and_is_shown():
    async def main():
        one = studio.Studio(TEXT, start=False, **SMALL)
        from_elsewhere(one.again.click)
        from_elsewhere(setattr, one.rate.number, "value", 0.02)
        await asyncio.sleep(0.01)
        assert one.live.rate == one.rate.number.value == 0.02
        from_elsewhere(setattr, one.rate.slider, "value", 0.001)
        one.live.training.factor = 0.5
        one._fit_rate()  # the training has halved it
        await asyncio.sleep(0.01)
        assert one.live.rate == one.rate.number.value == 0.001
        assert one.rate.slider.value == pytest.approx(0.001)

    asyncio.run(main())


def test_the_time_line_of_a_new_model_has_nothing_of_the_one_before(made):
    made.live.training.validate_every = 1
    made.live.step()
    turn = made._turn()
    next(turn)  # it is kept, and others have their turn
    made.restart()
    list(turn)
    assert made.timeline == []


def test_a_drag_that_asks_faster_than_it_writes_is_written_once(made, monkeypatch):
    written = []

    async def main():
        one = studio.Studio(TEXT, start=False, **SMALL)
        monkeypatch.setattr(
            one.writing, "show", lambda show=one.writing.show: written.append(show())
        )

        def drag():
            for value in np.linspace(1, 2, 9):
                one.writing.temperature.number.value = value

        await asyncio.to_thread(drag)
        while not written:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert "temperature 2<" in one.writing.still() and len(written) < 9

    asyncio.run(main())


def test_between_two_slow_things_others_have_their_turn(made, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    made.live.training.validate_every, made.live.training.step_number = 1, 999
    made.looked = made.drew = -99
    done = []
    for thing, name in ((made, "_remember"), (made.writing, "show"), (made.seen, "show")):
        monkeypatch.setattr(thing, name, lambda *args, name=(thing, name): done.append(name))
    monkeypatch.setattr(made.file_panel, "keep", lambda validation: done.append("keep"))
    made.live.step()
    assert [len(done) for _ in made._turn()] == [1, 2, 3, 4] and done[0] == "keep"


def test_the_time_line_has_a_sample_ever_more_rarely_and_then_each_thousand():
    found = [step for step in range(1, 12_001) if studio.kept(step)]
    assert found[:9] == [1, 2, 5, 10, 20, 50, 100, 200, 500]
    assert found[9:] == list(range(1000, 12_001, 1000))


def test_a_sample_of_the_time_line_is_one_line_and_the_newest_comes_first(made, monkeypatch):
    monkeypatch.setattr(made, "line", lambda: "a\nb")
    made.one.click()
    for step in (1, 2):
        made._remember(replace(made.live.history[-1], step=step))
    assert [(row[0], row[-1]) for row in made.timeline] == [("2", "a ⏎ b"), ("1", "a ⏎ b")]


def test_an_error_ends_the_training_and_is_said(made):
    def fail():
        raise ValueError("no more")

    async def main():
        made.live.advance = fail
        made.train.value = True
        await made.live.task

    asyncio.run(main())
    assert not made.train.value and said(made) == "⚠ no more"
    made.seen.measure = fail  # as where the memory is full, which ended the training, too
    asyncio.run(main())
    assert not made.train.value and said(made) == "⚠ no more"


def test_one_step_ends_the_training_under_way():
    async def main():
        made = studio.Studio(TEXT, **SMALL)
        made.one.click()
        assert not made.train.value and said(made) == "Took step 1."
        await made.live.task
        assert made.live.training.step_number == 1

    asyncio.run(main())


def test_without_a_loop_one_step_still_works(made):
    made.train.value = True
    assert not made.train.value
    assert said(made).startswith("⚠ Training in the background needs a notebook")
    made.one.click()
    assert made.live.training.step_number == 1


def test_the_temperature_writes_anew_with_the_same_random_numbers(made):
    before = made.writing.still()
    for middle, shown in ((10, ["5", "10", "10"]), (1.05, ["0.525", "1.05", "2.1"])):
        made.writing.temperature.number.value = middle
        assert re.findall(">temperature (.*?)<", made.writing.still()) == shown
    assert made.writing.still() != before
    made.writing.temperature.slider.value = 0.8
    assert made.writing.still() == before
    made.writing.other.click()
    assert made.writing.still() != before


def test_short_lines_stand_in_two_columns(made, monkeypatch):
    for text, columns in (("a name\n" * 9, 4), ("a" * 17, 0)):
        monkeypatch.setattr(made.live, "samples", lambda *_, text=text: [text] * 4)
        made.writing.show()
        assert made.writing.still().count("columns: 11ch 2") == columns


def test_a_greedy_text_that_goes_in_a_circle_says_so(made, monkeypatch):
    for greedy, name in (
        ("a rose" + "<b>" * 9, "greedy, repeats “&lt;b&gt;”<"),
        ("rose", "greedy<"),
    ):
        monkeypatch.setattr(made.live, "samples", lambda *_, text=greedy: [text, *["aaa"] * 3])
        made.writing.show()
        assert f">{name}" in made.writing.still()
        first = made.writing.samples[0].text  # who hears it hears its name, too
        assert f'aria-label="{name[:-1]}"' in first.value and first.tabbable


def test_words_stay_whole_where_there_is_room(made):
    made.writing._show_slowly("a", ["b"], [1.0])
    for shown in (made.writing.still(), made.writing.slowly.value):
        pres = re.findall("<pre.*?>", shown)  # in which JupyterLab would break them anywhere
        assert pres and all("word-break: normal" in pre for pre in pres)
    assert "word-break: normal" in palette.STYLE


def test_unknown_characters_to_start_with_are_left_out_and_named(made):
    made.writing.prime.value = "aßs☃ß"
    written, left_out = made.writing.still(), made.writing.left_out
    assert left_out.value == "<div>left out, because the model does not know them: ß ☃</div>"
    assert written.count(">as</span>") == 4 and "☃" not in written
    made.writing.prime.value = "<&"
    assert "know them: &lt; &amp;</div>" in left_out.value
    made.writing.prime.value = "as\\n"
    assert left_out.value == ""


def test_the_rate_is_marked_and_a_restart_brings_back_the_curve_before(made):
    for _ in range(3):
        made.one.click()
    made.rate.number.value = 0.1
    made.one.click()
    assert made.live.rate == 0.1 and "a mark at 3" in made.seen.curve.value
    made.again.click()
    made.one.click()
    made.one.click()
    assert "before from" in made.seen.curve.value
    made.seen.unit.value = "perplexity"
    assert "line chart of perplexity" in made.seen.curve.value


def test_what_goes_wrong_is_said_and_the_next_thing_works(made):
    text, model, files = made.panels.children
    text.pasted.value = ""
    text.use.click()
    assert "too few" in said(made)
    for wrong in ("64 64", "ten"):
        model.hidden.value = wrong
        assert f'"{wrong}" is not a list of sizes: write it as in 100,50' in html.unescape(
            model.code.value
        )
    model.use.click()
    assert "not a list of sizes" in said(made)
    for wrong in ("0", "5,2049"):
        model.hidden.value = wrong
        model.use.click()
        assert said(made) == "⚠ each layer must have from 1 to 2048 neurons"
    files.path.value = "/nowhere/at/all.npz"
    files.load.click()
    assert "nowhere" in said(made)
    files.pretrained.value = None
    files.take.click()
    assert said(made) == "⚠ no weights come with this copy of the course"
    model.hidden.value = "4, 3"
    model.use.click()
    assert said(made) == "Restarted." and made.live.model.hidden == (4, 3)


def test_a_step_that_is_taken_back_says_so_and_the_dial_follows_the_rate(made):
    made.live.step()
    made.live.history[-1] = replace(made.live.history[-1], note="the loss was 99")
    made.live.training.factor = 0.5
    list(made._turn())
    assert said(made) == "⚠ Step 1: the loss was 99." and made.live.marks == []
    made.live.step = lambda: replace(made.live.history[-1], note="the loss was 98")
    made.one.click()
    assert said(made) == "⚠ Step 1: the loss was 98."
    assert made.rate.number.value == made.live.rate == DEFAULTS["lr"] / 2


def test_no_better_on_the_held_out_text_is_said_and_the_best_weights_can_be_had_back(made):
    files = made.panels.children[2]
    files.best.click()
    assert "nothing has been validated yet" in said(made)
    made.live.training.validate_every = 1
    made.live.rate = 0.5  # beyond the dial
    for _ in range(60):
        made.live.step()
        list(made._turn())
        if made.live.training.waited == studio.PATIENCE:
            break
    warned = said(made)
    assert warned.startswith("⚠ No better on the held-out text for 5 measurements: it may be")
    made.live.training.waited += 1
    made._tell(made.live.history[-1])
    assert said(made) == warned
    made.live.training.waited = 0  # as with a new best
    made._tell(replace(made.live.history[-1], validation=None))
    assert said(made) == warned
    made._tell(made.live.history[-1])
    assert said(made) == "A new best on the held-out text."
    made.say("Training.")
    made._tell(made.live.history[-1])
    assert said(made) == "Training."
    made.live.training.waited = studio.PATIENCE
    made._tell(made.live.history[-1])
    assert said(made) == warned and warned.endswith(
        f" Paused after step {made.live.history[-1].step}."
    )
    files.best.click()
    training = made.live.training
    bits = f"{training.best / np.log(2):.3f} bits per character"
    assert said(made) == f"These weights need {bits} on held-out text."
    assert evaluate(made.live.model, training.held_out) == pytest.approx(training.best)
    shown = made.writing.still()
    made.writing.show()
    assert made.writing.still() == shown  # what these weights write was there at once


def test_a_text_of_ones_own_is_counted_and_learned(made):
    text = made.panels.children[0]
    own = "ein Rätsel, ein Räuber\r\n" * 60
    text.choice.value = "names"
    text.pasted.value = own
    assert f"Found {len(own) - 60:,} characters" in text.said.value
    assert "That is little" in text.said.value and text.choice.value == panels.OWN
    text.use.click()
    # As a command reads it from a file, which else would take it for another text.
    assert "ä" in made.live.model.vocab and made.live.text == own.replace("\r", "")
    assert "(fewer than 5 times): é" in panels.found(own + "é")
    text.pasted.value = "no line end " * 20
    text.use.click()
    assert made.live.text == "no line end " * 20 + "\n" and said(made) == "Restarted."


def test_what_is_loaded_is_what_the_fields_say_and_another_optimiser_has_its_own_rate(
    made, tmp_path
):
    made.live.save(tmp_path / "kept.npz")
    other = studio.Studio(
        TEXT, start=False, cell="gru", hidden=(3, 2), embedding=None, batch=2, length=9
    )
    _, model, files = other.panels.children
    files.path.value = str(tmp_path / "kept.npz")
    files.load.click()
    assert (model.cell.value, model.hidden.value, model.embedding.value) == ("lstm", "5", 32)
    assert (
        (model.batch.value, model.length.value)
        == (4, 8)
        == tuple(other.live.settings[name] for name in ("batch", "length"))
    )
    model.optimizer.value = "sgd"
    assert "SGD(model.parameters(), lr=0.5)" in model.code.value
    model.use.click()
    assert other.live.rate == 0.5 == other.rate.number.value


@pytest.mark.parametrize(
    ("dropout", "embedding"), [(0.5, 3), (0, 0), (DEFAULTS["dropout"], DEFAULTS["embedding"])]
)
def test_the_code_shown_makes_the_same_model(made, capsys, dropout, embedding):
    model = made.panels.children[1]
    model.cell.value, model.dropout.value, model.embedding.value = "gru", dropout, embedding
    shown = re.search("<pre.*?>(.*)</pre>", model.code.value, re.S)[1]
    code = html.unescape(shown).replace("steps=2000", "steps=1")
    names = {"mc": mc, "text": TEXT}
    exec(code, names)
    assert capsys.readouterr().out.startswith("1 ")
    model.use.click()
    assert names["model"].settings() == made.live.model.settings()
    sizes = f"has {names['model'].size:,} weights, its text {len(made.live.text):,} characters"
    assert sizes in model.code.value


def test_the_code_shown_has_the_rate_of_now(made):
    code = made.model_panel.code
    made.rate.number.value = 0.02
    assert "lr=0.02)" in code.value
    made.live.training.factor = 0.5  # as when a step was taken back
    made._tell(replace(made.live.step(), note="taken back"))
    assert "lr=0.01)" in code.value


def test_every_slider_has_a_number_and_every_field_a_name(made):
    fields = [w for w in parts(made) if isinstance(w, ipywidgets.ValueWidget | ipywidgets.Button)]
    unnamed = [w for w in fields if not isinstance(w, ipywidgets.HTML) and not w.description]
    assert len(fields) > 20 and not unnamed


def test_a_network_trained_by_us_knows_its_text_at_once_and_learns_another(tmp_path):
    made = studio.Studio("names", start=False, hidden=(5,), batch=4, length=200)
    made.one.click()
    files = made.panels.children[2]
    files.pretrained.value = dict(files.pretrained.options)["names"]
    made.text_panel.choice.value = panels.OWN
    files.take.click()
    assert said(made) == "Loaded names.npz, at step 0." and made.text_panel.choice.value == "names"
    made.one.click()
    assert said(made) == "Took step 1."
    assert made.live.history[-1].bits < made.live.before[-1].bits - 1
    other = studio.Studio("a rose is a rose, 123\n" * 40, start=False, **SMALL)
    files = other.panels.children[2]
    files.pretrained.value = dict(files.pretrained.options)["names"]
    files.tune.click()
    assert other.live.text == "aroseisarose\n" * 40 and not other.live.history
    assert said(other) == (
        "Loaded names.npz, at step 0. It does not know 360 characters of this text; "
        "they are left out."
    )
    other.restart(text="an und für sich\n" * 40)
    before = other.live.model
    mc.save_model(tmp_path / "few.npz", mc.CharModel(mc.Vocabulary("ü\n"), hidden=2))
    files.path.value = str(tmp_path / "few.npz")
    files.load.click()
    assert "too few characters" in said(other) and other.live.model is before
    files.take.click()  # of ours: with the text that it knows
    assert other.live.text == mc.load_text("names") and "Loaded names" in said(other)


def test_one_without_its_text_waits_instead_of_forgetting_it(monkeypatch):
    known = mc.datasets.at_hand()
    monkeypatch.setattr(mc.datasets, "at_hand", lambda: [n for n in known if n != "tunes"])

    async def main():
        made = studio.Studio(TEXT, **SMALL)
        files = made.file_panel
        files.pretrained.value = dict(files.pretrained.options)["tunes"]
        files.take.click()
        await made.live.task
        assert made.live.text == TEXT and made.live.training.step_number == 0
        assert not made.train.value and "minichar data get tunes" in said(made)
        monkeypatch.setattr(mc.datasets, "at_hand", lambda: known)  # as after that command
        files.take.click()
        assert "Loaded tunes" in said(made) and made.live.text == mc.load_text("tunes")
        assert made.text_panel.choice.value == "tunes"
        made.close()

    asyncio.run(main())


def test_a_network_that_cannot_write_for_a_step_goes_on_learning(recwarn, tmp_path):
    """With relu and so high a rate, its scores overflow after the first step, before its loss."""

    async def main():
        how = {"cell": "relu", "hidden": (16,), "batch": 8, "length": 16, "lr": 1.0}
        made = studio.Studio("names", folder=tmp_path, optimizer="rmsprop", **how)
        while made.train.value and len(made.live.history) < 20:
            await asyncio.sleep(0.01)
        assert len(made.live.history) >= 20 and made.live.rate < 1
        assert made.timeline[-1][0] == "1" and made.timeline[-1][-1] == ""
        made.file_panel.keep(np.nan)
        assert not list(tmp_path.iterdir()) and made.file_panel.auto.value
        made.close()

    asyncio.run(main())
    assert not [w for w in recwarn if w.category is RuntimeWarning]


def test_a_network_of_the_demo_goes_on_from_what_its_file_knew():
    golden = Path(__file__).parent / "golden"
    costs = json.loads((golden / "saved_model_continued.json").read_text())["costs"]
    text = "".join(f"{line}\n" for line in costs) * 40
    made = studio.Studio(text, start=False, hidden=(5,), batch=4, length=20)
    _, model, files = made.panels.children
    files.path.value = str(golden / "saved_model_real.json")
    files.load.click()
    assert said(made) == "Loaded saved_model_real.json, at step 0."
    assert (model.cell.value, model.hidden.value, model.embedding.value) == ("lstm", "4,3", 3)
    assert made.text_panel.lines.value  # as the demo reads
    (block, *_) = made.live.training.inputs.arrays  # a line, as often as there is room for it
    line = made.live.model.vocab.decode(block[1:, 0])
    made.one.click()
    nats = costs[line] / (len(line) + 1)  # what recurrentjs said of it, and of its end
    assert made.live.history[0].loss == pytest.approx(nats, rel=1e-9)
    assert shown_in(made, "step") == 1
    assert shown_in(made, "perplexity") == pytest.approx(np.exp(nats), rel=0.01)
    blocks = len(made.live.training.inputs.arrays)
    losses = [made.live.step().loss for _ in range(4 * blocks)]
    assert np.mean(losses[-blocks:]) < np.mean(losses[:blocks]) - 0.3
    made.live.save("on.json")
    files.path.value = "on.json"  # what was learned goes back to the demo
    trained = made.live.model.parameters()["1.Whh"].data.copy()
    files.load.click()
    assert (made.live.model.parameters()["1.Whh"].data == trained).all()


def test_halves_of_an_emoji_as_the_demo_has_them_can_be_sent_to_the_page(made):
    vocab = mc.Vocabulary(made.live.model.vocab.characters + "\ud83d\ude00")
    model = mc.CharModel(vocab, hidden=4)
    model.parameters()["read_out.b"].data[-2:] = 5  # so that it writes them
    mc.save_model("halves.npz", model)
    made.file_panel.path.value = "halves.npz"
    made.file_panel.load.click()
    made.one.click()
    made._remember(made.live.history[0])
    assert "\ud83d" in made.live.samples([0.8], length=80)[0]
    assert made.writing.still().encode() and made.history.value.encode()


def shown_in(made, name):
    """A number of the studio's table."""
    shown = re.search(rf">{name}</td>.*?>([^<]+)</td>", made.seen.numbers.value, re.S)[1]
    return float(shown.replace(",", ""))


def slowly(made):
    """The characters written slowly so far, each with its probability."""
    found = re.findall(r'title="(\d+)%">(.*?)</', made.writing.slowly.value, re.S)
    return [(int(p), html.unescape(c)) for p, c in found]


def test_it_writes_slowly_in_a_task_of_its_own_and_ends_cleanly(made, monkeypatch):
    monkeypatch.setattr(writing_panel, "PACE", 0)
    pen = made.writing
    pen.length.value, pen.prime.value = 20, "a r"
    pen.other.click()

    async def until(holds):
        while not holds():
            await asyncio.sleep(0)

    async def main():
        pen.slow.value = True
        assert pen.slow.description == "Stop writing" and not slowly(made)  # not one yet
        await until(lambda: not pen.slow.value)
        text = made.live.samples([0.8], "a r", 20, seed=1)[0]
        assert "".join(c for _, c in slowly(made)) == text.replace("\n", "⏎\n").replace(" ", "␣")
        assert all(("<u " in shaded) == (p < 10) for p, shaded in marked(made) if p != 10)
        for end in (lambda: setattr(pen.slow, "value", False), made.again.click, made.close):
            pen.length.value, pen.slow.value = 2000, True
            await until(lambda: 3 < len(slowly(made)) < 20)
            end()
            count = len(slowly(made))
            assert bool(count) != (end == made.again.click)  # of another model it goes
            await asyncio.sleep(0.01)
            assert len(slowly(made)) == count and not pen.slow.value and pen.task is None
        other = studio.Studio(TEXT, start=False, **SMALL)
        other.writing.slow.value = True
        other.live.model.parameters()["read_out.b"].data[:] = np.nan
        await until(lambda: not other.writing.slow.value)
        assert "nan" in said(other)

    asyncio.run(main())
    other = studio.Studio(TEXT, start=False, **SMALL)
    other.writing.slow.value = True  # and without a loop
    assert not other.writing.slow.value and "needs a notebook" in said(other)


def marked(made):
    found = re.findall(r'(<(?:u|span) class="p\d+" title="(\d+)%")', made.writing.slowly.value)
    return [(int(p), tag) for tag, p in found]


def test_the_surer_the_deeper_the_shade():
    assert writing_panel.shaded("<", 0.57) == '<span class="p6" title="57%">&lt;</span>'
    assert writing_panel.shaded("\n", 0.04) == '<u class="p0" title="4%">⏎\n</u>'


def turn(made, steps=1):
    for _ in range(steps):
        made.live.step()
        list(made._turn())


def test_it_is_kept_while_it_trains_and_a_row_goes_on_exactly(made, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    monkeypatch.setattr(keeping_panel, "SOON", 0)
    made.live.training.validate_every = 2
    turn(made, 6)
    files = made.file_panel
    assert [path.name for path in files.kept.paths()] == [
        f"run-001-step-{k:06d}.npz" for k in (6, 4, 2)
    ]
    (_, newest, _, oldest) = (row.children for row in files.table.children)
    assert oldest[0].description == "Load run 1, step 2" and "MB" in newest[1].value
    best = f">{made.live.training.best / np.log(2):.3f} best<"
    assert sum(best in row.children[1].value for row in files.table.children) == 1
    monkeypatch.setattr(keeping_panel, "SECONDS", 1e9)
    turn(made, 2)
    assert len(files.kept.paths()) == 3
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    made.live.restart()
    later = [made.live.step().loss for _ in range(6)][2:]
    oldest[0].click()
    assert said(made) == "Loaded run-001-step-000002.npz, at step 2."
    assert [made.live.step().loss for _ in range(4)] == later
    other = studio.Studio(TEXT + "b\n", start=False, **SMALL)  # another kernel, another text
    rows = [row.children for row in other.file_panel.table.children[1:]]
    assert len(rows) == 3 and all(row[0].disabled for row in rows)
    assert "another text" in rows[0][1].value
    files.kept.paths()[0].write_bytes(b"harm <b>")
    files.fill()
    load, facts = files.table.children[1].children
    assert load.disabled and "damaged" in facts.value
    made.again.click()  # a run of its own
    made.live.training.validate_every = 1
    turn(made)
    assert files.kept.paths()[0].name == "run-002-step-000001.npz"
    made.restart(TEXT + "b\n")
    assert all(row.children[0].disabled for row in files.table.children[1:])
    shown = files.table.children[1].children[1].value  # cut off where there is little room
    assert 'title="(of another text: choose it first) ' in shown


def test_what_a_network_writes_and_what_is_said_is_text_and_no_html(made, monkeypatch):
    assert ">&amp;&lt;b&gt;<" in keeping_panel.row(["&<b>"])
    made.say("&<b>")
    assert ">&amp;&lt;b&gt;<" in made.status.value
    made = studio.Studio("<b>\n" * 99, start=False, **SMALL)
    monkeypatch.setattr(made.live, "samples", lambda *_: ["<b>"] * 4)
    made.writing.prime.value = "<b>"
    assert made.writing.still().count(">&lt;b&gt;</span>&lt;b&gt;</pre>") == 4
    made.writing._show_slowly("<b>", [], [1.0])
    assert ">&lt;b&gt;</span></pre>" in made.writing.slowly.value


def test_it_is_kept_in_the_folder_that_is_named(tmp_path):
    made = studio.Studio(TEXT, start=False, folder=tmp_path / "a & b", **SMALL)
    made.file_panel.keep(1.0)
    assert [path.parent.name for path in tmp_path.rglob("*.npz")] == ["a & b"]
    assert f"into <code>{tmp_path / 'a &amp; b'}/</code>" in made.file_panel.where.value


def test_the_rows_stay_and_say_something_else(made, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    made.live.training.validate_every = 1
    turn(made, 12)
    files, before = made.file_panel, len(ipywidgets.widget._instances)
    rows, changes = files.table.children, []
    for widget in parts(files.table):
        widget.observe(changes.append)
    files.fill()
    assert not changes
    turn(made, 5)
    assert files.table.children == rows[: len(files.table.children)]  # and keep the keyboard
    assert rows[1].children[0].description == "Load run 1, step 17" and changes
    assert len(files.table.children) == 1 + len(files.entries)
    size = files.entries[0].path.stat().st_size / 1e6
    assert f">{size:.2f} MB<" in rows[1].children[1].value
    assert len(ipywidgets.widget._instances) <= before


def test_a_press_on_a_row_that_has_just_become_another_loads_nothing(made, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    made.live.training.validate_every = 1
    turn(made, 2)
    load = made.file_panel.table.children[2].children[0]
    load.click()
    assert said(made) == "⚠ the rows below have just moved: press again"
    assert made.live.training.step_number == 2
    made.file_panel.moved = 0.0
    made.file_panel.fill()  # nothing moves
    load.click()
    assert said(made) == "Loaded run-001-step-000001.npz, at step 1."


def test_a_file_of_before_is_replaced_when_the_button_says_so(made, tmp_path, monkeypatch):
    files, before = made.file_panel, b"somebody's own"
    for name in ("shown.ipynb", "a.txt", "a"):
        (tmp_path / name).write_bytes(before)
        files.path.value = name
        for _ in range(2):
            files.save.click()
            assert (
                said(made) == f"⚠ {name}: the name of a model must end in .npz; nothing was saved"
            )
    for name in ("x.npz", "y.json", "x.npz"):  # asked anew after another name
        Path(name).write_bytes(before)
        files.path.value = name
        files.save.click()
        assert said(made).startswith(f"⚠ {name} exists already: press Replace it, or")
        assert files.save.description == "Replace it"
        files.save.click()  # of a double click, which answers nothing
    monkeypatch.setattr(keeping_panel, "SOON", 0)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {before}
    for _ in range(2):  # and then its own
        files.save.click()
        assert said(made).startswith("Saved step 0 in x.npz") and files.save.description == "Save"
    monkeypatch.setenv("HOME", str(tmp_path))
    files.path.value = "~/z.npz"
    files.save.click()
    assert (tmp_path / "z.npz").is_file() and not (tmp_path / "~").exists()


def test_what_the_system_refuses_is_said_with_the_name_that_was_typed(made, tmp_path, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SOON", 0)
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for name, why in (
        ("no/where.npz", "No such file or directory"),
        ("file/in.npz", "Not a directory"),
        ("folder.npz", "Is a directory"),
    ):
        made.file_panel.path.value = name
        for _ in range(2):
            made.file_panel.save.click()
        assert said(made) == f"⚠ {name}: {why}"
    made.file_panel.load.click()
    assert said(made) == "⚠ folder.npz: Is a directory"


def test_keeping_is_switched_off_by_hand_and_where_it_fails(made, monkeypatch):
    made.live.training.validate_every = 1
    made.file_panel.auto.value = False
    turn(made, 2)
    assert not made.file_panel.kept.paths()
    where = "into <code>studio/</code>: the last 5, and the best"
    assert made.file_panel.where.value == f"{where} (off)"
    assert not studio.Studio(TEXT, start=False, folder=None, **SMALL).file_panel.auto.value

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(made.file_panel.kept, "keep", full)
    made.file_panel.auto.value = True
    assert made.file_panel.where.value == where
    turn(made)
    assert "Keeping failed" in said(made) and "off: No space left" in said(made)
    assert not made.file_panel.auto.value
    turn(made)  # and it trains on
    assert made.live.training.step_number == 4


def test_every_kind_of_error_ends_in_the_line_and_the_button_still_works(made, monkeypatch):
    def fail(*args, **settings):
        raise MemoryError("no room")

    monkeypatch.setattr(made.live, "restart", fail)
    made.again.click()
    assert "MemoryError: no room" in said(made)
    monkeypatch.undo()
    made.model_panel.hidden.value = "2048,2048,2048"
    made.model_panel.use.click()
    made.text_panel.upload.value = (UPLOADED,)
    assert "million weights" in said(made)  # as before
    assert "not plain text in UTF-8" in made.text_panel.said.value
    made.file_panel.path.value = __file__
    made.file_panel.load.click()
    assert "cannot be loaded" in said(made)
    made.again.click()
    assert said(made) == "Restarted."


def test_a_rate_far_too_high_says_what_to_do_and_goes_on(made):
    turn(made, 52)
    made.live.training.optimizer.lr = 1e6
    turn(made, 4)
    assert "back to step 50, learning rate halved to" in said(made)
    assert not said(made).endswith("Lower the learning rate.")
    made.rate.number.value = 0.001
    turn(made, 3)
    assert np.isfinite(made.live.history[-1].loss)


@pytest.mark.parametrize("lr", [2.0, 1e-6])
def test_a_rate_beyond_the_dial_stays_when_it_is_loaded(made, lr):
    made.live.training.optimizer.lr = lr
    made.live.save("rate.npz")
    made.live.restart()
    made.file_panel.path.value = "rate.npz"
    made.file_panel.load.click()
    assert (made.live.rate, made.live.marks) == (lr, [])
    assert made.rate.number.value == lr


def test_a_file_with_a_rate_of_nothing_is_refused_and_all_stays(made):
    made.live.training.optimizer.lr = 0.0
    made.live.save("rate.npz")
    made.live.restart()
    was, made.file_panel.path.value = made.live.training, "rate.npz"
    made.file_panel.load.click()
    assert "a learning rate of 0.0: it must be above 0" in said(made)
    assert made.live.training is was and made.rate.number.value == made.live.rate > 0


def test_what_is_loaded_may_be_more_than_what_is_built_here(made):
    made.live.restart(TEXT * 50, batch=2000, length=2, seed=2**40)
    made.model_panel.fill()
    assert (made.model_panel.batch.value, made.model_panel.seed.value) == (2000, 2**40)
    made.model_panel.use.click()
    assert made.live.training.batch == 2000 and said(made) == "Restarted."


def test_a_seed_is_no_less_than_zero_and_what_are_no_numbers_is_said(made, monkeypatch):
    for typed, taken in ((-5, 0), (10**6, 10**6)):
        made.model_panel.seed.value = typed
        assert made.model_panel.seed.value == taken
    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    for settings, message in (
        ({"seed": -1}, "seed=-1: it must be a whole number of at least 0"),
        ({"hidden": "x"}, "hidden=('x',): it must be a number"),
        ({"lr": "x"}, "lr='x': it must be a number"),
        ({"batch": None}, "batch=None: it must be a number"),
        ({"seed": None}, "seed=None: it must be a whole number"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            studio.Studio(TEXT, start=False, **settings)
    gc.collect()
    assert not ignored  # one that could not be made is closed, too
    assert studio.Studio(TEXT, start=False, hidden=7).live.model.hidden == (7,)


def test_every_name_stands_whole_above_the_curve(made):
    turn(made, 3)
    made.again.click()
    made.live.training.validate_every = 1
    turn(made, 3)
    made.seen.show()
    names = re.findall(r'<text x="([\d.]+)" y="16">(.*?)</text>', made.seen.curve.value)
    assert [name for _, name in names] == ["training", "before", "held-out", "counting, held-out"]
    assert float(names[-1][0]) + 8.2 * len(names[-1][1]) < chart.WIDE


def test_by_lines_the_milliseconds_of_a_step_are_those_of_a_step():
    made = studio.Studio(TEXT, start=False, lines=True, **SMALL)
    made.one.click()
    made.live.history[-1] = replace(made.live.history[-1], seconds=0.25)
    made.seen.measure()
    assert shown_in(made, "ms a step") == 250


def test_the_numbers_of_now_are_medians_of_the_last_steps(made):
    made.one.click()
    made.live.history[:] = [
        replace(
            made.live.history[0],
            **{"epoch": k / 8, "loss": k, "gradient_norm": k},
            **{"seconds": k / 1000, "chars_per_second": 1000 * k},
        )
        for k in range(1, 25)
    ]
    made.live.training.clip = 22
    weights = [w.data.ravel() for w in made.live.model.parameters().values()]
    norm, nats = np.linalg.norm(np.concatenate(weights)), 14.5  # the median of 5 to 24
    for share in ("10%", "0%"):  # 23 and 24 were cut to 22; and without clipping
        made.seen.measure()
        shown = re.findall(">([^<]+)</td>", made.seen.numbers.value)
        assert shown[3::2] == [
            *("3.00", "14.500", f"{nats / np.log(2):.3f}", f"{np.exp(nats):.2f}", "14.5"),
            *("14,500", share, f"{nats:.2g} / {norm:.3g}", "–"),
        ]
        made.live.training.clip = None


def test_the_held_out_bits_of_now_are_those_measured_last(made):
    made.live.validations[:] = [(1, 3 * np.log(2)), (2, 2 * np.log(2))]
    made.seen.measure()
    assert ">2.000</td>" in made.seen.numbers.value


def test_the_curve_shows_bits_or_perplexity(made):
    made.live.training.validate_every = 1
    turn(made, 3)
    made.seen.show()
    loss, level = made.live.history[0].loss, made.live.count()
    for unit, scaled in (("bits", lambda nats: nats / np.log(2)), ("perplexity", np.exp)):
        made.seen.unit.value = unit
        shown = re.search('aria-label="(.*?)"', made.seen.curve.value)[1]
        assert f"training from {scaled(loss):.3g} at 1" in shown
        assert f"held-out from {scaled(made.live.validations[0][1]):.3g} at 1" in shown
        assert f"a level line at {scaled(level):.3g}, counting, held-out" in shown


def test_the_numbers_are_not_looked_at_for_each_step(made, monkeypatch):
    turn(made)
    monkeypatch.setattr(studio, "OFTEN", 1e9)
    monkeypatch.setattr(made.seen, "measure", lambda: looks.append(1))
    looks, made.looked = [], -2e9
    turn(made, 3)
    assert looks == [1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_measurement_that_is_no_number_leaves_the_curve(made, bad):
    made.live.validations.append((1, 1.5))
    turn(made, 3)
    made.live.validations.append((3, bad))
    made.look()
    shown = re.search('aria-label="(.*?)"', made.seen.curve.value)[1]
    assert (
        said(made) == "Ready." and "training from" in shown and "held-out from 2.16 at 1" in shown
    )
    made.live.validations, made.live.history = (
        [(3, bad)],
        [replace(report, loss=bad) for report in made.live.history],
    )
    made.look()
    assert said(made) == "Ready."


def test_the_same_file_can_be_uploaded_again(made):
    text, again = made.text_panel, (UPLOADED | {"content": memoryview(b"abc"), "size": 3},)
    text.upload.value = again
    text.pasted.value = "other"
    text.upload.value = again
    assert text.own == text.pasted.value == "abc"


def test_a_text_is_uploaded_as_it_is_read_from_a_file(made):
    text = made.text_panel
    for coding in ("utf-32", "utf-16", "utf-8-sig", "utf-8"):
        text.own, content = "", "süß\r\n".encode(coding)
        text.upload.value = (UPLOADED | {"content": content, "size": len(content)},)
        assert text.own == "süß\r\n" and "Found 4 characters" in text.said.value, coding
    content = b"abc\r\n" * 9_000
    text.upload.value = (UPLOADED | {"content": content, "size": len(content)},)
    assert text.own == content.decode() and text.pasted.value == "abc\n" * 5_000
    assert text.said.value.endswith("<br>The field shows the first 20,000 of them.")
    text.upload.value = (UPLOADED | {"content": b"{\\rtf1 abc}", "size": 11},)
    assert (
        "That file is not plain text in UTF-8" in text.said.value and text.own == content.decode()
    )
    text.upload.value = (UPLOADED | {"content": "abc\n".encode("utf-16-le"), "size": 8},)
    assert "not plain text" in text.said.value and text.own == content.decode()
    text.upload.value = (UPLOADED | {"content": b"", "size": 0},)
    assert "Found 0 characters" in text.said.value and "⚠ That is too little" in text.said.value


def test_the_rate_goes_to_a_tenth_and_further_for_who_is_used_to_more(made):
    assert made.rate.number.max == 0.1 and made.rate.slider.max == -1
    made.restart(optimizer="sgd")
    assert made.live.rate == 0.5 == made.rate.number.value and made.rate.number.max == 1
    made.restart(optimizer="adam")
    assert made.live.rate == 0.002 == made.rate.number.value and made.rate.number.max == 0.1


def test_a_rate_that_teaches_nothing_is_refused_and_any_other_is_on_the_dial(made):
    for lr in (0, 2.0, np.nan):
        with pytest.raises(ValueError, match="learning rate"):
            studio.Studio(TEXT, start=False, lr=lr, **SMALL)
    low = studio.Studio(TEXT, start=False, lr=1e-6, **SMALL)
    assert low.rate.number.value == low.live.rate == 1e-6
    low.rate.number.value = 0.01
    assert low.live.rate == 0.01


def test_one_line_at_a_time_is_learned_and_said_in_the_code(made):
    text = made.text_panel
    text.lines.value = True
    text.pasted.value = TEXT
    text.use.click()
    assert made.live.training.lines and "lines=True" in made.model_panel.code.value
    made.again.click()
    assert made.live.training.lines
    made.writing.piece.click()
    assert TEXT.startswith(made.writing.prime.value) and made.writing.prime.value
    text.lines.value = False
    text.use.click()
    assert not made.live.training.lines and "lines" not in made.model_panel.code.value


def test_each_piece_of_the_text_to_start_with_is_another(made):
    pieces = set()
    for _ in range(9):
        made.writing.piece.click()
        pieces.add(made.writing.prime.value)
    assert len(pieces) > 1 and any("\\n" in piece for piece in pieces)
    assert all(piece.replace("\\n", "\n") in TEXT for piece in pieces)


def test_the_text_it_was_made_with_is_the_one_that_is_chosen(tmp_path):
    (tmp_path / "mine.txt").write_text(TEXT)
    for text in (TEXT, str(tmp_path / "mine.txt")):
        made = studio.Studio(text, start=False, **SMALL)
        assert made.text_panel.choice.value == panels.OWN and made.text_panel.pasted.value == TEXT
        made.text_panel.lines.value = True
        made.text_panel.use.click()
        assert made.live.text.strip() == TEXT.strip() and made.live.training.lines
    long = TEXT * 20  # a field of megabytes makes a browser slow
    made = studio.Studio(long, start=False, **SMALL)
    assert len(long) > panels.SHOWN and made.text_panel.pasted.value == long[: panels.SHOWN]
    made.text_panel.use.click()
    assert made.live.text.strip() == long.strip()
    quotes = studio.Studio("quotes", start=False, **SMALL).text_panel
    assert quotes.choice.value == "quotes"
    quotes.use.click()
    assert quotes.said.value.startswith("Found ")


def test_a_text_is_looked_over():
    assert "mixed (2 of Windows, 1 of old Mac, 1 of Unix)" in panels.found("a\r\nb\r\nc\rd\n")
    assert "mixed" not in panels.found("a\r\nb\r\n")
    assert "too little: at least 200" in panels.found("a\n" * 9)
    assert "from 20,000 on" in panels.found("a\n" * 900)
    assert "little" not in panels.found("a\n" * 10_000)
    rare = panels.found("<" + "bcdefghijklmn" * 4 + "a" * 5)  # 14, and one that is learned
    assert rare.endswith("(fewer than 5 times): &lt; b c d e f g h i j k l and 2 more")
    assert panels.found("a\n" * 90 + "\t x").endswith("(fewer than 5 times): ⇥ ␣ x")


def test_a_thousand_random_actions_leave_it_consistent(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng, (text, model, files) = random.Random(0), made.panels.children
    actions = [
        made.one.click,
        made.again.click,
        made.writing.other.click,
        lambda: setattr(made.train, "value", rng.random() < 0.5),
        lambda: setattr(made.rate.number, "value", 10 ** rng.uniform(-6, 2)),
        lambda: setattr(made.rate.slider, "value", 10 ** rng.uniform(-5, 0)),
        lambda: setattr(made.writing.temperature.slider, "value", 10 ** rng.uniform(-1, 1)),
        lambda: setattr(made.writing.temperature.number, "value", rng.uniform(-1, 20)),
        lambda: setattr(made.writing.prime, "value", rng.choice(["", "a rose", "ß\\n", "\\"])),
        lambda: setattr(made.writing.length, "value", rng.choice([0, 10, 30])),
        lambda: setattr(made.seen.unit, "value", rng.choice(["bits", "perplexity"])),
        lambda: setattr(text.pasted, "value", rng.choice(["", "x", TEXT[:500], "<b>&\n" * 90])),
        text.use.click,
        lambda: setattr(model.hidden, "value", rng.choice(["3", "4,2", "", "-1", "9e9", "2,,2"])),
        lambda: setattr(model.cell, "value", rng.choice(["rnn", "relu", "lstm", "gru"])),
        lambda: setattr(model.batch, "value", rng.choice([1, 4, 900])),
        lambda: setattr(model.optimizer, "value", rng.choice(["adam", "sgd"])),
        model.use.click,
        lambda: setattr(files.path, "value", rng.choice(["", "a.npz", "no/where.npz", "b"])),
        files.save.click,
        files.load.click,
        files.take.click,
        made.writing.piece.click,
        lambda: setattr(made.writing.slow, "value", rng.random() < 0.5),
        lambda: setattr(text.lines, "value", rng.random() < 0.5),
        lambda: setattr(files.auto, "value", rng.random() < 0.5),
        lambda: made.file_panel.keep(rng.uniform(1, 4)),
        lambda: rng.choice([r.children[0] for r in files.table.children[1:]] or [made.one]).click(),
    ]
    made.writing.length.value = 10
    for _ in range(1000):
        rng.choice(actions)()
    live = made.live
    assert set(live.settings) == set(DEFAULTS) and live.training.model is live.model
    assert live.settings["hidden"] == live.model.hidden
    assert made.rate.number.value == pytest.approx(live.rate)
    step = live.training.step_number
    made.one.click()
    assert live.training.step_number == step + 1 or "back to step" in live.history[-1].note
