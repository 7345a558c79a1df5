import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewriting import rewritten
from train_and_save import TEXT, fresh

import minichar as mc
from minichar import optim
from minichar.archive import BadModelFile
from minichar.checkpoint import NoTraining, load_model, load_training, save_model
from minichar.training import Diverged, Training

OPTIMIZERS = [
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    lambda p: optim.Adagrad(p, lr=0.05),
    lambda p: optim.RMSProp(p, clip=0.1, weight_decay=1e-4),
    lambda p: optim.Adam(p, lr=0.01),
]


def everything(training):
    """All numbers of a training, flat, by name."""
    flat = {}

    def visit(name, thing):
        if isinstance(thing, dict):
            thing = thing.items()
        elif isinstance(thing, list | tuple):
            thing = enumerate(thing)
        else:
            flat[name] = thing
            return
        for key, part in thing:
            visit(f"{name}/{key}", part)

    visit("now", training.snapshot())
    visit("good", training.good)
    return flat


def assert_same(one, other):
    one, other = everything(one), everything(other)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def a_training(cell="lstm", optimizer=OPTIMIZERS[3], dtype="float32", **settings):
    model = mc.CharModel(
        mc.Vocabulary.of(TEXT), cell, (6, 5), embedding=4, dropout=0.25, dtype=dtype, seed=3
    )
    chosen = {"batch": 3, "length": 8, "validation": 0.1, "validate_every": 7} | settings
    return Training(model, TEXT, optimizer=optimizer(model.parameters()), seed=4, **chosen)


def run(training, steps, losses=None):
    while training.step_number < steps:
        report = training.step()
        if losses is not None:
            losses.append((report.step, report.loss, report.validation, report.lr, report.note))
    return training


def saved_and_loaded(path, training, **again):
    save_model(path, training.model, training)
    return load_training(path, TEXT, **again)


# --- a model


def test_what_is_no_model_and_what_is_no_text_is_said_to_be_so(tmp_path):
    training = fresh()
    with pytest.raises(TypeError, match=r"save_model\(path, model\): a str is not a CharModel"):
        save_model(training.model, str(tmp_path / "m.npz"))
    save_model(tmp_path / "m.npz", training.model, training)
    with pytest.raises(TypeError, match="this is a list"):  # and the file is sound
        load_training(tmp_path / "m.npz", TEXT.split("\n"))


@pytest.mark.parametrize("cell", ["rnn", "relu", "lstm", "gru"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("embedding", [None, 3])
def test_a_model_comes_back_the_same(tmp_path, cell, dtype, embedding):
    model = mc.CharModel(mc.Vocabulary.of("hello"), cell, (4, 3), embedding, 0.5, dtype, seed=9)
    save_model(tmp_path / "m.npz", model)
    loaded = load_model(tmp_path / "m.npz")
    assert loaded.settings() == model.settings() and loaded.vocab == model.vocab
    for name, w in model.parameters().items():
        np.testing.assert_array_equal(loaded.parameters()[name].data, w.data)
        assert loaded.parameters()[name].dtype == dtype
    assert mc.sample(loaded, "he", 50) == mc.sample(model, "he", 50)


@settings(max_examples=50)
@given(st.sets(st.characters(), min_size=2, max_size=30))
def test_any_characters_come_back(tmp_path_factory, characters):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    vocab = mc.Vocabulary(sorted(characters))
    save_model(path, mc.CharModel(vocab, "rnn", 2))
    assert load_model(path).vocab.characters == vocab.characters


def test_halves_of_an_emoji_stay_two_characters(tmp_path):
    vocab = mc.Vocabulary("\ud83d\ude00😀\ufeff\0")
    save_model(tmp_path / "m.npz", mc.CharModel(vocab, "rnn", 2))
    assert load_model(tmp_path / "m.npz").vocab.characters == vocab.characters


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_half_precision_keeps_three_digits_in_half_the_bytes(tmp_path, dtype):
    model = mc.CharModel(mc.Vocabulary.of("hello"), hidden=(40, 20), embedding=3, dtype=dtype)
    whole, half = tmp_path / "whole.npz", tmp_path / "half.npz"
    save_model(whole, model)
    save_model(half, model, half=True)
    came_back = load_model(half)
    assert came_back.settings() == model.settings()
    for name, w in came_back.parameters().items():
        was = model.parameters()[name].data
        assert w.data.dtype == dtype
        np.testing.assert_array_equal(w.data, was.astype("float16"))
    assert half.stat().st_size < (0.6 if dtype == "float32" else 0.4) * whole.stat().st_size


def test_half_precision_refuses_what_it_cannot_hold(tmp_path):
    model = mc.CharModel(mc.Vocabulary.of("hello"), hidden=4)
    with pytest.raises(ValueError, match="model alone"):
        save_model(tmp_path / "x.npz", model, Training(model, "hello" * 50), half=True)
    with pytest.raises(ValueError, match="model alone"):
        save_model(tmp_path / "x.json", model, half=True)
    model.parameters()["0.Whh"].data[0, 0] = 1e5  # float16 ends at 65,504
    with pytest.raises(ValueError, match="not finite"):
        save_model(tmp_path / "x.npz", model, half=True)
    assert not list(tmp_path.iterdir())


def test_other_programs_can_read_the_file(tmp_path):
    model = mc.CharModel(mc.Vocabulary.of("hello"), "rnn", 3)
    save_model(tmp_path / "m.npz", model)
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["weights/0.Whh"], model.parameters()["0.Whh"].data)
        assert json.loads(file["header.json"])["settings"]["hidden"] == [3]


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    path, training = tmp_path / "m.npz", a_training()
    save_model(path, training.model, training)
    before = path.read_bytes()
    for place in (training.model.parameters()["1.Whh"].data, training.optimizer.state["1.bh"]["v"]):
        place.flat[2] = np.nan
        for target in (path, tmp_path / "m.json"):
            with pytest.raises(ValueError, match="not finite"):
                save_model(target, training.model, training)
        place.flat[2] = 0
    assert os.listdir(tmp_path) == ["m.npz"] and path.read_bytes() == before


# --- going on


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["SGD", "Adagrad", "RMSProp", "Adam"])
@pytest.mark.parametrize("cell", ["rnn", "relu", "lstm", "gru"])
def test_resumed_equals_uninterrupted_to_the_last_bit(tmp_path, cell, optimizer):
    """Over the ends of epochs (32 steps), validations (7), and moments to go back to (50)."""
    whole, losses, parts, lost = a_training(cell, optimizer), [], a_training(cell, optimizer), []
    run(whole, 110, losses)
    for stop in (1, 31, 32, 33, 50, 99):
        parts = saved_and_loaded(tmp_path / "t.npz", run(parts, stop, lost))
    assert_same(run(parts, 110, lost), whole)
    assert lost == losses


@settings(max_examples=25)
@given(
    stop=st.integers(0, 40),
    batch=st.integers(1, 5),
    length=st.integers(1, 30),
    dtype=st.sampled_from(["float32", "float64"]),
    clip=st.sampled_from([None, 0.5]),
    validation=st.sampled_from([0, 0.2]),
    schedule=st.sampled_from([None, optim.exponential(0.9, 5, 3), optim.cosine(40, 10)]),
)
def test_it_goes_on_the_same_whatever_the_settings(tmp_path_factory, stop, **chosen):
    one = run(a_training(**chosen), stop)
    other = saved_and_loaded(tmp_path_factory.getbasetemp() / "t.npz", one)
    assert other.settings() == one.settings() and other.schedule == one.schedule
    assert_same(run(other, stop + 12), run(one, stop + 12))


def test_it_goes_on_from_where_the_first_step_of_an_epoch_was_cut_short(tmp_path, monkeypatch):
    """The state is forgotten then, and that of the good moment, at the same step, is not."""
    monkeypatch.setattr("minichar.training.SNAPSHOT", 1)
    training = a_training()
    while training.place < len(training.inputs):
        training.step()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile, pytest.raises(KeyboardInterrupt):
        meanwhile.setattr(training, "gradients", interrupted)
        training.step()
    assert training.state is None and training.good["progress"]["state"] is not None
    other = saved_and_loaded(tmp_path / "t.npz", training)
    assert_same(other, training)
    assert_same(run(other, 60), run(training, 60))


def test_a_loss_is_taken_back_to_the_same_moment_after_loading(tmp_path):
    reports = []
    for stopped in (False, True):
        training, losses = run(a_training(), 57), []
        if stopped:
            training = saved_and_loaded(tmp_path / "t.npz", training)
        training.model.parameters()["read_out.W"].data *= 1e6  # the next loss is enormous
        losses.append(training.step().note)
        if stopped:
            training = saved_and_loaded(tmp_path / "t.npz", training)
        run(training, 80, losses)
        reports.append((losses, training))
    (losses, whole), (lost, parts) = reports
    assert losses == lost and "back to step 50" in losses[0]
    assert_same(whole, parts)


def test_the_best_weights_so_far_are_in_the_file_too(tmp_path):
    training = run(a_training(), 57)
    training.best = 0.01  # so that none of the next is a new best one
    run(training, 63)
    loaded = saved_and_loaded(tmp_path / "t.npz", training)
    assert loaded.waited == training.waited > 0 and loaded.best == training.best
    for name, w in loaded.model.parameters().items():
        assert (w.data != training.best_weights[name]).any()
    loaded.use_best()
    for name, w in loaded.model.parameters().items():
        np.testing.assert_array_equal(w.data, training.best_weights[name])


def test_early_stopping_counts_on_after_loading(tmp_path):
    def trained(until):
        training = a_training(optimizer=lambda p: optim.SGD(p, lr=0.0), validate_every=2)
        for report in mc.train(training.model, TEXT, 50, training, patience=5):
            if report.step == until:
                training = saved_and_loaded(tmp_path / "t.npz", training)
                return [*mc.train(training.model, TEXT, 50, training, patience=5)][-1].step
        return report.step

    assert trained(until=9) == trained(until=None) == 12  # the first is best, then five in vain


def test_a_schedule_of_ones_own_is_to_be_given_again(tmp_path):
    def rate(step):
        return 1 / (1 + step)

    training = run(a_training(schedule=rate), 3)
    save_model(tmp_path / "t.npz", training.model, training)
    with pytest.raises(BadModelFile, match="schedule=") as error:
        load_training(tmp_path / "t.npz", TEXT)
    assert "\n" not in str(error.value)
    again = load_training(tmp_path / "t.npz", TEXT, schedule=rate)
    assert_same(run(again, 9), run(training, 9))


def test_another_text_is_noticed(tmp_path):
    training = a_training()
    save_model(tmp_path / "t.npz", training.model, training)
    with pytest.raises(BadModelFile, match="t.npz was trained on another text"):
        load_training(tmp_path / "t.npz", TEXT[:-1] + "d")


def test_a_model_alone_holds_no_training(tmp_path):
    save_model(tmp_path / "m.npz", a_training().model)
    with pytest.raises(BadModelFile, match="m.npz holds no training"):
        load_training(tmp_path / "m.npz", TEXT)


def test_a_file_of_the_demo_holds_no_training_and_a_damaged_one_is_no_model(tmp_path):
    path = tmp_path / "m.json"
    training = Training(mc.CharModel(mc.Vocabulary.of(TEXT + "\n"), hidden=3), TEXT)
    save_model(path, training.model, training)
    with pytest.raises(NoTraining, match="m.json does not say where in the text"):
        load_training(path, TEXT)
    path.write_text(path.read_text()[:-1])
    with pytest.raises(BadModelFile) as refused:
        load_training(path, TEXT)
    assert refused.type is BadModelFile


def test_a_training_is_saved_with_its_own_model_and_a_known_optimiser(tmp_path):
    class Own(optim.SGD):
        pass

    with pytest.raises(ValueError, match="another model"):
        save_model(tmp_path / "m.npz", a_training().model, a_training())
    for stranger in (Own, lambda p, lr: optim.SGD({"0.bh": p["0.bh"]}, lr)):
        training = a_training(optimizer=lambda p, kind=stranger: kind(p, lr=0.1))
        with pytest.raises(ValueError, match="save the model alone"):
            save_model(tmp_path / "m.npz", training.model, training)
    assert os.listdir(tmp_path) == []


def test_saving_changes_nothing_in_the_training(tmp_path):
    one, other = run(a_training(), 20), run(a_training(), 20)
    save_model(tmp_path / "t.npz", one.model, one)
    assert_same(one, other)


# --- killed


@pytest.mark.parametrize("kills", [5, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_at_random_moments_and_resumed_it_ends_the_same(tmp_path, kills):
    rng, at, path = random.Random(kills), 0, tmp_path / "model.npz"
    program = [sys.executable, str(Path(__file__).with_name("train_and_save.py")), str(path)]
    for _ in range(kills):
        child = subprocess.Popen([*program, str(10**9)], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.12))
        child.kill()  # SIGKILL: no handler runs, nothing is tidied up
        assert child.wait() != 0
        child.stdout.close()
        if path.exists():
            before, at = at, load_training(path, TEXT).step_number
            assert at >= before
    assert at > 0
    end = at + 11
    subprocess.run([*program, str(end)], check=True, capture_output=True)
    resumed = load_training(path, TEXT)
    assert_same(resumed, run(fresh(), end))


# --- what a file may say

ODD = [None, True, -1, 0.5, 10**30, float("nan"), "x", [[]], {}]


def places(thing, above=()):
    """Where in nested dictionaries and lists something is, as a list of keys."""
    parts = {dict: lambda: thing.items(), list: lambda: enumerate(thing)}.get(type(thing), list)()
    for key, part in parts:
        yield [*above, key]
        yield from places(part, (*above, key))


def test_odd_values_in_the_header_are_refused_or_harmless(tmp_path):
    """Each value of the header in turn becomes each of these; the checksums are right."""
    training = run(a_training("rnn", OPTIMIZERS[2], schedule=optim.exponential(0.9, 5)), 9)
    path, bad, refused, loaded = tmp_path / "t.npz", tmp_path / "bad.npz", 0, 0
    save_model(path, training.model, training)
    with np.load(path) as file:
        text = file["header.json"]
    for *above, last in places(json.loads(text)):
        for value in ODD:
            inner = header = json.loads(text)
            for key in above:
                inner = inner[key]
            inner[last] = value
            rewritten(path, bad, {"header.json": json.dumps(header).encode()})
            try:
                load_training(bad, TEXT).step()
                loaded += 1
            except BadModelFile as error:
                assert "bad.npz" in str(error) and "\n" not in str(error)
                refused += 1
            except (Diverged, ArithmeticError):  # a rate of 10³⁰: a bad number, but a number
                loaded += 1
    assert refused > 300 and loaded > 5


@pytest.mark.parametrize(
    "part, odd",
    [("settings", {"lines": None}), ("optimizer", {"beta1": -1}), ("optimizer", {"beta2": 1.5})]
    + [("schedule", {"every": 0})],
)
def test_a_setting_that_no_step_can_be_taken_with_is_refused(tmp_path, part, odd):
    training = a_training("rnn", OPTIMIZERS[-1], schedule=optim.exponential(0.9, 5))
    path, bad = tmp_path / "t.npz", tmp_path / "bad.npz"
    save_model(path, training.model, training)
    with np.load(path) as file:
        header = json.loads(file["header.json"])
    inner = header["training"][part]
    inner.get("settings", inner).update(odd)
    rewritten(path, bad, {"header.json": json.dumps(header).encode()})
    with pytest.raises(BadModelFile, match="bad.npz cannot be loaded"):
        load_training(bad, TEXT)


def test_a_file_that_asks_for_far_more_streams_than_it_holds_gets_no_memory_for_them(tmp_path):
    training = run(a_training("rnn", OPTIMIZERS[2]), 9)
    path, bad = tmp_path / "t.npz", tmp_path / "bad.npz"
    save_model(path, training.model, training)
    with np.load(path) as file:
        header = json.loads(file["header.json"])
    header["training"]["settings"]["batch"] = 700  # of one prediction each: the text has room
    rewritten(path, bad, {"header.json": json.dumps(header).encode()})
    with pytest.raises(BadModelFile, match="more streams than it holds"):
        load_training(bad, TEXT)
