"""The training behind the studio: in the background, asked and changed while it goes on."""

import asyncio
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import minichar as mc
from minichar import curve_panel, helpers, studio, workers
from minichar import live as live_module
from minichar.live import Live

TEXT = "a rose is a rose is a rose\n" * 40
SMALL = {"hidden": (6,), "batch": 4, "length": 8}


def damage(path, prefix):
    """Flip a bit in the first array whose name begins with `prefix`."""
    with zipfile.ZipFile(path) as archive:
        info = next(i for i in archive.infolist() if i.filename.startswith(prefix))
    data = bytearray(path.read_bytes())
    data[info.header_offset + 30 + len(info.filename) + info.compress_size // 2 + 60] ^= 1
    path.write_bytes(data)


@pytest.fixture
def live():
    return Live(TEXT, **SMALL)


def walk(live, steps):
    return [live.step().loss for _ in range(steps)]


def in_a_loop(live, turns, then=lambda turn: None):
    """Train in an event loop for so many turns; returns what on_end got, in a list."""
    seen, ended = [], []

    def on_turn():
        seen.append(live.training.step_number)
        then(len(seen))
        if len(seen) == turns:
            live.pause()

    async def main():
        live.start(on_turn, ended.append)
        assert not seen  # it returns before the first step
        await live.task

    asyncio.run(main())
    return seen, ended


def test_it_trains_in_turns_and_pauses_with_nothing_lost(live):
    alone = Live(TEXT, **SMALL)
    assert in_a_loop(live, 7) == ([1, 2, 3, 4, 5, 6, 7], [None])
    assert in_a_loop(live, 3) == ([8, 9, 10], [None])
    assert [r.loss for r in live.history] == walk(alone, 10)


def test_others_have_their_turn_between_two_steps(live):
    heard = []

    async def main():
        live.start(lambda: None, lambda wrong: None)
        while not heard or heard[-1] < 5:
            heard.append(live.training.step_number)
            await asyncio.sleep(0)
        live.pause()
        await live.task

    asyncio.run(main())
    assert set(heard) == set(range(6))  # not one was taken without asking


def test_the_held_out_text_is_read_in_pieces_and_nothing_comes_in_between(tmp_path):
    live, alone = (Live(TEXT * 20, **SMALL) for _ in range(2))
    live.training.validate_every = alone.training.validate_every = 3
    walk(alone, 7)

    def stopped(step):
        while live.training.step_number < step or not live.under_way:
            live.advance()
        return live.training.waited, len(live.history)

    assert stopped(3) == (0, 2)  # the step is taken, what it leads to is not known yet
    live.samples([1.0])
    live.save(tmp_path / "a.npz")  # whoever needs a whole step gets it
    assert not live.under_way and live.history[-1].validation == live.validations[-1][1]
    stopped(6)
    live.step()
    assert [r.step for r in live.history] == list(range(1, 8))
    assert [r.loss for r in live.history] == [r.loss for r in alone.history]
    assert live.validations == alone.validations and live.training.best == alone.training.best
    stopped(9)
    live.use_best()
    assert not live.under_way
    stopped(12)
    live.restart()
    assert live.step().step == 1 and not live.under_way


def test_paused_while_it_validates_it_comes_to_the_end_of_the_step():
    live = Live(TEXT * 20, **SMALL)
    live.training.validate_every = 2

    async def main():
        live.start(lambda: None, lambda wrong: None)
        while not live.under_way:
            await asyncio.sleep(0)
        live.pause()
        await live.task

    asyncio.run(main())
    assert [r.step for r in live.history] == [1, 2] and len(live.validations) == 1


def test_paused_and_started_at_once_it_goes_on_as_one(live):
    turns, ended = [], []

    async def main():
        for _ in range(3):
            live.start(lambda: turns.append(live.training.step_number), ended.append)
            await asyncio.sleep(0)
            live.pause()
        live.start(None, None)
        while len(turns) < 9:
            await asyncio.sleep(0)
        live.pause()
        await live.task
        assert len(asyncio.all_tasks()) == 1  # this one

    asyncio.run(main())
    assert ended == [None] and turns == list(range(1, len(turns) + 1))


def test_what_goes_wrong_ends_it_and_is_told(live):
    def fail(turn):
        if turn == 3:
            live.training.optimizer.lr = 1.0
            raise ZeroDivisionError("here")

    seen, (wrong,) = in_a_loop(live, 9, fail)
    assert seen == [1, 2, 3] and isinstance(wrong, ZeroDivisionError) and not live.going
    assert in_a_loop(live, 2)[0] == [4, 5]  # and it can go on


def test_without_a_loop_it_says_so(live):
    with pytest.raises(RuntimeError):
        live.start(lambda: None, lambda wrong: None)
    assert not live.going


def test_a_new_rate_acts_on_the_next_step_and_is_marked(live):
    other = Live(TEXT, **SMALL)
    walk(live, 3), walk(other, 3)
    live.rate = 0.5
    live.rate = 0.5
    assert live.marks == [(3, 0.5)] and live.history[-1].lr == pytest.approx(0.005)
    assert walk(live, 1) == walk(other, 1)  # the loss before the update
    assert live.history[-1].lr == pytest.approx(0.5) and walk(live, 1) != walk(other, 1)
    live.restart()
    assert live.rate == 0.5
    for bad in (0, -1, 2, np.nan):
        with pytest.raises(ValueError, match="learning rate"):
            live.rate = bad


def test_restart_keeps_what_is_not_changed_and_the_old_curve(live):
    first = walk(live, 5)
    live.restart()
    live.restart()  # as by a double click
    assert [r.loss for r in live.before] == first and live.history == []
    assert walk(live, 5) == first  # same seed
    live.restart(cell="gru", hidden=(3, 2))
    assert [r.loss for r in live.before] == first
    assert live.model.cell == "gru" and live.model.hidden == (3, 2) and live.training.batch == 4
    live.restart(TEXT + "another\n")
    assert live.before == [] and live.text.endswith("another\n")  # bits of another text


def test_a_curve_of_less_than_a_tenth_does_not_take_the_place_of_the_one_before(live):
    walk(live, 20)
    for steps, kept in ((1, 20), (2, 2), (3, 3)):  # a fast one takes a step between two presses
        live.restart()
        walk(live, steps)
        live.restart()
        assert len(live.before) == kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "too short\n"}, "too few characters, 10: at least 200"),
        ({"text": "no such text"}, "no such text"),
        ({"hidden": (0,)}, "neurons"),
        ({"cell": "brain"}, "cell"),
        ({"optimizer": "luck"}, "luck"),
        ({"batch": 100_000}, "make batch smaller"),
        ({"batch": (3, 4)}, "batch=.* must be a number"),
        ({"seed": 0.5}, "seed=0.5: it must be a whole number"),
        ({"speed": 3}, "speed is not a setting"),
    ],
)
def test_a_restart_that_cannot_be_changes_nothing(live, change, message):
    walk(live, 2)
    before = live.text, live.settings, live.model, live.training, len(live.history)
    with pytest.raises((ValueError, OSError), match=message):
        live.restart(**change)
    assert before == (live.text, live.settings, live.model, live.training, len(live.history))


def test_a_text_may_be_given_by_its_path(tmp_path):
    (tmp_path / "rows.txt").write_text("one two three\n" * 30, encoding="utf-8")
    assert Live(tmp_path / "rows.txt", hidden=(4,)).text == "one two three\n" * 30


def test_a_core_is_left_to_the_page(live, tmp_path, monkeypatch):
    def shares():
        return len(helpers.shares(wide, 32, 64, live.training.helpers.spare))

    monkeypatch.delenv("MINICHAR_HELPERS", raising=False)
    wide = mc.CharModel(live.model.vocab, hidden=(256,))
    for threads, wanted in ((2, 1), (3, 2)):
        monkeypatch.setattr(workers, "threads", lambda n=threads: n)
        assert shares() == wanted
        live.restart(hidden=(5,))
        assert shares() == wanted
        live.save(tmp_path / "m.npz")
        live.load(tmp_path / "m.npz")
        assert shares() == wanted


def test_save_and_load_go_on_exactly(live, tmp_path):
    walk(live, 5)
    live.save(tmp_path / "kept.npz")
    later = walk(live, 4)
    other = Live(TEXT, hidden=(9,), batch=2)
    other.load(tmp_path / "kept.npz")
    assert other.training.step_number == 5 and other.model.hidden == (6,)
    assert walk(other, 4) == later
    assert other.settings["hidden"] == (6,) and other.settings["batch"] == 4


def test_a_restart_after_a_load_keeps_the_rate_that_was_loaded(live, tmp_path):
    live.rate = 0.03
    live.save(tmp_path / "kept.npz")
    other = Live(TEXT, **SMALL)
    other.load(tmp_path / "kept.npz")
    other.restart()
    assert other.rate == 0.03


@pytest.mark.parametrize("letter", [True, False])
def test_a_network_of_the_demo_learns_by_lines_unless_a_line_end_is_a_letter(
    live, tmp_path, letter
):
    characters = sorted({*live.text} | ({"\0"} if letter else set()))
    model = mc.CharModel(mc.Vocabulary("".join(characters)), hidden=3, embedding=2)
    mc.save_model(tmp_path / "demo.json", model)
    live.load(tmp_path / "demo.json")
    assert live.settings["lines"] != letter


def test_no_more_is_held_out_than_is_soon_read():
    assert len(Live("abc\n" * 50_000, **SMALL).training.held_out) == live_module.HELD_OUT


def test_a_model_alone_begins_a_training_and_what_does_not_fit_is_refused(live, tmp_path):
    mc.save_model(tmp_path / "model.npz", live.model)
    other = Live(TEXT, **SMALL)
    other.load(tmp_path / "model.npz")
    assert other.training.step_number == 0 and walk(other, 1)
    stranger = mc.CharModel(mc.Vocabulary("xyz"), hidden=3)
    mc.save_model(tmp_path / "stranger.npz", stranger)
    (tmp_path / "broken.npz").write_bytes(b"PK no")
    live.save(tmp_path / "damaged.npz")  # a sound model with a training that is not
    damage(tmp_path / "damaged.npz", "optimizer/")
    assert mc.load_model(tmp_path / "damaged.npz")
    model = other.model
    for name, message in (
        ("stranger", "knows too few characters of this text"),
        ("broken", "broken.npz"),
        ("damaged", "damaged.npz"),
    ):
        with pytest.raises(ValueError, match=message):
            other.load(tmp_path / f"{name}.npz")
    assert other.model is model


@pytest.mark.parametrize("name", ["names", "tags"])  # best at order 4, and at 8
def test_counting_is_measured_on_the_held_out_text_at_its_best_order(name):
    live = Live(name, **SMALL)
    train, held_out = mc.text.split(live.text, 0.1)
    vocab = live.model.vocab
    bits = [mc.NGram(train, k, vocab, "kneser-ney").bits(held_out).mean() for k in range(9)]
    assert live.count() == pytest.approx(min(bits) * np.log(2))


def test_the_number_to_beat_is_of_the_text_that_the_loaded_training_holds_out(live, tmp_path):
    live.count()
    for share in (0.3, 0):
        training = mc.Training(
            mc.CharModel(live.model.vocab, hidden=3), TEXT, 4, 8, validation=share
        )
        mc.save_model(tmp_path / "other.npz", training.model, training)
        live.load(tmp_path / "other.npz")
        if share:
            alone = Live(TEXT, **SMALL)
            alone.training.held_out = live.training.held_out
            assert live.count() == alone.count() != Live(TEXT, **SMALL).count()
    made = studio.Studio(TEXT, start=False, folder=None, **SMALL)
    made.live.load(tmp_path / "other.npz")
    for _ in range(3):
        made.one.click()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.look()
    assert "counting" not in made.seen.curve.value and "⚠" not in made.status.value


def test_the_curve_is_thinned_by_medians(live):
    walk(live, 40)
    steps, losses = curve_panel.medians(live.history, points=10)
    assert steps == list(range(4, 41, 4))
    assert losses[0] == pytest.approx(np.median([r.loss for r in live.history[:4]]))


def test_a_long_training_is_thinned_from_its_beginning_to_its_end(live, monkeypatch):
    monkeypatch.setattr(curve_panel, "FEW", 10)
    one = live.step()
    reports = [replace(one, step=k, loss=np.inf if k == 6 else float(k)) for k in range(1, 41)]
    steps, losses = curve_panel.medians(reports, points=100)
    assert steps == losses == [1, 11, 16, 21, 26, 31, 36]  # what is no number is no point


def test_four_temperatures_at_once_are_what_each_would_be_alone(live):
    walk(live, 3)
    temperatures = [0, 0.5, 1.0, 3.0]
    for prime in ("", "a rose", "is\n"):
        together = live.samples(temperatures, prime, 30, seed=4)
        assert together == [
            mc.sample(live.model, prime, 30, temperature=t, seed=4) for t in temperatures
        ]
        assert together == [live.samples([t], prime, 30, seed=4)[0] for t in temperatures]
    assert live.samples([1.0], "aß", 30) == live.samples([1.0], "a", 30)


def test_a_rate_far_too_high_is_taken_back_and_says_so(live):
    walk(live, 55)
    live.training.optimizer.lr = 1e6
    reports = [live.step() for _ in range(4)]
    (back, *_) = [r for r in reports if r.note]
    assert "back to step 50" in back.note and "learning rate halved" in back.note
    weights = [w.data for w in live.model.parameters().values()]
    assert all(np.isfinite(w).all() for w in weights)
    live.rate = 0.005
    assert live.rate == 0.005
    assert np.isfinite(walk(live, 5)).all()


@pytest.mark.parametrize(
    "sizes", [{"hidden": (2048,) * 4}, {"batch": 1024, "length": 1024, "hidden": (512,)}]
)
def test_sizes_that_would_fill_the_memory_are_refused_before_it_is_taken(live, sizes, monkeypatch):
    monkeypatch.setattr(live_module, "CharModel", None)  # not even tried
    model = live.model
    with pytest.raises(ValueError, match="million"):
        live.restart(**sizes)
    assert live.model is model


def test_by_lines_it_learns_and_saves_and_loads_and_goes_on_exactly(live, tmp_path):
    by_line = Live(TEXT, lines=True, **SMALL | {"length": 5})  # a line takes several steps
    walk(by_line, 8)
    by_line.save(tmp_path / "lines.npz")
    assert by_line.training.state is not None
    later = walk(by_line, 20)
    live.load(tmp_path / "lines.npz")
    assert live.settings["lines"] and walk(live, 20) == later
    texts = by_line.samples([0.8, 2.0], "nothing of this\na r", 40)
    assert texts == by_line.samples([0.8, 2.0], "a r", 40)
