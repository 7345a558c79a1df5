"""The dashboard without a browser: its own callbacks, in any order."""

import asyncio
import html
import random
import re

import ipywidgets
import numpy as np
import pytest

import minichar as mc
from minichar import panels, studio
from minichar.evaluation import evaluate
from minichar.live import DEFAULTS

TEXT = "a rose is a rose is a rose\n" * 40
SMALL = {"hidden": (5,), "batch": 4, "length": 8}


@pytest.fixture
def made():
    return studio.Studio(TEXT, start=False, **SMALL)


def said(made):
    return re.sub("<.*?>", "", made.status.value)


def test_it_is_there_by_its_name_and_says_what_it_shows(made):
    assert mc.Studio is studio.Studio
    assert "temperature 0.8" in made.written.value and "greedy" in made.written.value
    made.one.click()
    made.one.click()
    assert made.live.training.step_number == 2 and '<img src="data' in made.curve.value
    assert 'alt="' in made.curve.value and "<td" in made.numbers.value
    still = made.still()
    assert "after step 2" in still.description and made.curve.value in still.html


def test_training_starts_by_itself_where_a_loop_runs_and_pauses():
    async def main():
        one = studio.Studio(TEXT, **SMALL)
        for _ in range(8):
            await asyncio.sleep(0)
        assert one.live.training.step_number >= 5 and said(one) == "Training."
        other = studio.Studio(TEXT, **SMALL)  # has the computer to itself
        await one.live.task
        assert not one.train.value and said(one).startswith("Paused after step")
        other.close()
        await other.live.task
        assert not other.live.going

    asyncio.run(main())


def test_without_a_loop_one_step_still_works(made):
    made.train.value = True
    assert not made.train.value and "needs a notebook" in said(made)
    made.one.click()
    assert made.live.training.step_number == 1


def test_the_temperature_writes_anew_with_the_same_random_numbers(made):
    before = made.written.value
    made.temperature.number.value = 2.0
    assert "temperature 2" in made.written.value and made.written.value != before
    made.temperature.slider.value = 0.8
    assert made.written.value == before
    made.other.click()
    assert made.written.value != before


def test_the_rate_is_marked_and_a_restart_brings_back_the_curve_before(made):
    for _ in range(3):
        made.one.click()
    made.rate.number.value = 0.1
    made.one.click()
    assert made.live.rate == 0.1 and "a mark at 3" in made.curve.value
    made.again.click()
    made.one.click()
    made.one.click()
    assert "before from" in made.curve.value
    made.unit.value = "perplexity"
    assert "line chart of perplexity" in made.curve.value


def test_what_goes_wrong_is_said_and_the_next_thing_works(made):
    text, model, files = made.panels.children
    text.choice.value = panels.OWN
    text.use.click()
    assert "too few" in said(made)
    model.hidden.value = "ten"
    assert "write them as in 100,50" in model.code.value
    model.use.click()
    assert "no sizes" in said(made)
    files.path.value = "/nowhere/at/all.npz"
    files.load.click()
    assert "nowhere" in said(made)
    made.prime.value = "ß"  # a character that the model has never seen is left out
    model.hidden.value = "4, 3"
    model.use.click()
    assert said(made) == "Restarted." and made.live.model.hidden == (4, 3)


def test_a_step_that_is_taken_back_says_what_to_do(made):
    made.live.step()
    report = made.live.history[-1]
    made.live.history[-1] = report.__class__(**{**report.__dict__, "note": "the loss was 99"})
    made._turn()
    assert "the loss was 99" in said(made) and "Lower the learning rate" in said(made)


def test_learning_by_heart_is_said_and_the_best_weights_can_be_had_back(made):
    files = made.panels.children[2]
    files.best.click()
    assert "nothing was validated yet" in said(made)
    made.live.training.validate_every = 1
    made.rate.number.value = 0.5
    for _ in range(60):
        made.live.step()
        made._turn()
        if made.live.training.waited == studio.BY_HEART:
            break
    assert "by heart" in said(made)
    files.best.click()
    training = made.live.training
    assert (
        said(made) == f"These weights need {training.best / np.log(2):.3f} bits on held-out text."
    )
    assert evaluate(made.live.model, training.held_out) == pytest.approx(training.best)


def test_a_text_of_ones_own_is_counted_and_learned(made):
    text = made.panels.children[0]
    own = "ein Rätsel, ein Räuber\r\n" * 60
    text.pasted.value = own
    assert f"Found {len(own) - 60:,} characters" in text.said.value
    assert "That is little" in text.said.value and text.choice.value == panels.OWN
    text.use.click()
    assert "ä" in made.live.model.vocab and "\r" not in made.live.text
    assert "hardly learned: é" in panels.found(own + "é")


def test_what_is_loaded_is_what_the_fields_say_and_another_optimiser_has_its_own_rate(
    made, tmp_path
):
    made.live.save(tmp_path / "kept.npz")
    other = studio.Studio(TEXT, start=False, cell="gru", hidden=(3, 2), batch=2, length=9)
    _, model, files = other.panels.children
    files.path.value = str(tmp_path / "kept.npz")
    files.load.click()
    assert (model.cell.value, model.hidden.value) == ("lstm", "5")
    assert (
        (model.batch.value, model.length.value)
        == (4, 8)
        == tuple(other.live.settings[name] for name in ("batch", "length"))
    )
    model.optimizer.value = "sgd"
    assert "SGD(model.parameters(), lr=0.5)" in model.code.value
    model.use.click()
    assert other.live.rate == 0.5 == other.rate.number.value


def test_the_code_shown_makes_the_same_model(made, capsys):
    model = made.panels.children[1]
    model.cell.value, model.dropout.value, model.embedding.value = "gru", 0.5, 3
    shown = re.search("<pre.*?>(.*)</pre>", model.code.value, re.S)[1]
    code = html.unescape(shown).replace("steps=2000", "steps=1")
    names = {"mc": mc, "text": TEXT}
    exec(code, names)
    assert capsys.readouterr().out.startswith("1 ")
    model.use.click()
    assert names["model"].settings() == made.live.model.settings()


def test_every_slider_has_a_number_and_every_field_a_name(made):
    def walk(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from walk(child)

    every = list(walk(made))
    fields = [w for w in every if isinstance(w, ipywidgets.ValueWidget | ipywidgets.Button)]
    unnamed = [w for w in fields if not isinstance(w, ipywidgets.HTML) and not w.description]
    assert len(fields) > 20 and not unnamed


def test_a_network_trained_by_us_knows_its_text_at_once():
    made = studio.Studio("names", start=False, hidden=(5,), batch=4, length=200)
    made.one.click()
    files = made.panels.children[2]
    files.pretrained.value = dict(files.pretrained.options)["names"]
    files.take.click()
    made.one.click()
    assert said(made) == "Loaded names.npz, at step 0."
    assert made.live.history[-1].bits < made.live.before[-1].bits - 1
    other = studio.Studio("a rose is a rose, 123\n" * 40, start=False, **SMALL)
    files = other.panels.children[2]
    files.pretrained.value = dict(files.pretrained.options)["names"]
    files.take.click()
    assert "never seen" in said(other)


def test_a_thousand_random_actions_leave_it_consistent(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng, (text, model, files) = random.Random(0), made.panels.children
    actions = [
        made.one.click,
        made.again.click,
        made.other.click,
        lambda: setattr(made.train, "value", rng.random() < 0.5),
        lambda: setattr(made.rate.number, "value", 10 ** rng.uniform(-6, 2)),
        lambda: setattr(made.rate.slider, "value", 10 ** rng.uniform(-5, 0)),
        lambda: setattr(made.temperature.slider, "value", 10 ** rng.uniform(-1, 1)),
        lambda: setattr(made.temperature.number, "value", rng.uniform(-1, 20)),
        lambda: setattr(made.prime, "value", rng.choice(["", "a rose", "ß\\n", "\\"])),
        lambda: setattr(made.length, "value", rng.choice([0, 10, 30])),
        lambda: setattr(made.unit, "value", rng.choice(["bits", "perplexity"])),
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
    ]
    made.length.value = 10
    for _ in range(1000):
        rng.choice(actions)()
    live = made.live
    assert set(live.settings) == set(DEFAULTS) and live.training.model is live.model
    assert live.settings["hidden"] == live.model.hidden
    assert made.rate.number.value == pytest.approx(live.rate)
    step = live.training.step_number
    made.one.click()
    assert live.training.step_number == step + 1 or "back to step" in live.history[-1].note
