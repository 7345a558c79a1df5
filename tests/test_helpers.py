"""Shares of a step in processes of their own: the same numbers, whoever does them, also killed."""

import copy
import gc
import os
import signal
import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minichar import CharModel, Training, Vocabulary, helpers, workers
from minichar.training import train

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs where a process can fork")
TEXT = "the quick brown fox jumps over the lazy dog. " * 200


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """As on a machine with two cores whose owner has set no number for BLAS."""
    monkeypatch.setattr(workers, "threads", lambda: 2)
    monkeypatch.delenv("MINICHAR_HELPERS", raising=False)


def model(cell="lstm", hidden=(40, 40), **settings):
    return CharModel(Vocabulary.of(TEXT), cell, hidden, **settings)


def begun(**settings):
    """A training whose step is worth two processes."""
    return Training(model(**settings), TEXT, batch=31, length=5, validation=0)


def with_helper(training):
    """Once the helper that the first step has asked for is there."""
    until = time.monotonic() + 60
    while training.helpers.starting or not training.helpers.ready:
        assert time.monotonic() < until, "no helper came"
        time.sleep(0.01)
    return training.helpers.ready[0].process


def weights(training):
    return {name: w.data.copy() for name, w in training.model.parameters().items()}


def assert_same(one, other, **close):
    for name in one:
        np.testing.assert_allclose(one[name], other[name], **close)


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "settings",
    [
        {"cell": "lstm", "dropout": 0.5},
        {"cell": "gru", "hidden": 40},
        {"cell": "rnn", "embedding": 7, "dropout": 0.2},
        {"cell": "relu", "hidden": (40, 10)},
    ],
    ids=lambda settings: settings["cell"],
)
def test_the_numbers_are_those_of_the_whole_batch(settings, monkeypatch):
    found = []
    for how in ("0", "1"):
        monkeypatch.setenv("MINICHAR_HELPERS", how)
        run = begun(**settings, dtype="float64")
        losses = []
        for k in range(6):  # the state is carried on, and dropout's draws go on
            losses.append(run.step().loss)
            if how == "1" and k == 0:
                helper = with_helper(run)
        assert (how == "1") == bool(run.helpers.ready)
        found.append(weights(run) | {"losses": losses, "random": run.rng.random(3)})
        found[-1] |= {f"state {k}": s for k, layer in enumerate(run.state) for s in layer}
    assert helper.poll() is None
    assert_same(*found, rtol=1e-6, atol=1e-9)  # Adam divides by what is almost 0


def test_who_does_a_share_changes_nothing(monkeypatch):
    """Otherwise a training would depend on when its helper is there."""
    share, threads = helpers.share, set()

    def noted(*given):
        with workers.calm() as free:
            threads.add(free)
            return share(*given)

    monkeypatch.setattr(helpers, "share", noted)
    helped, alone = begun(dropout=0.5), begun(dropout=0.5)
    alone.helpers.tries = 0
    helped.step(), with_helper(helped), alone.step()
    for _ in range(5):
        helped.step(), alone.step()
    assert helped.helpers.ready and not alone.helpers.ready and threads == {1}
    assert_same(weights(helped), weights(alone), rtol=0, atol=0)


def test_a_helper_that_is_killed_is_missed_by_nobody():
    run, other = begun(), begun()
    run.step(), other.step()
    with_helper(run).kill()
    with_helper(other)
    for _ in range(3):
        assert np.isfinite(run.step().loss)
        other.step()
    assert_same(weights(run), weights(other), rtol=0, atol=0)
    assert run.helpers.tries == helpers.TRIES - 1
    assert with_helper(run).poll() is None, "a new one"


@pytest.mark.parametrize("what", ["raise SystemExit", "print('hello')"])
def test_one_that_cannot_start_is_tried_a_few_times_only(what, monkeypatch):
    monkeypatch.setattr(helpers, "START", what)
    run = begun()
    until = time.monotonic() + 60
    while (run.helpers.tries or run.helpers.starting) and time.monotonic() < until:
        run.step()
    assert run.helpers.tries == 0 and not run.helpers.ready
    run.step()
    assert not run.helpers.starting


@pytest.mark.parametrize("where", ["share", "receive"])
def test_an_interruption_leaves_no_half_answer(where, monkeypatch):
    run, other = begun(), begun()
    for _ in range(2):
        run.step(), other.step()
    helper = with_helper(run)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt) as raised:
        patch.setattr(helpers, where, interrupted)
        run.step()
    assert helper.poll() is not None and raised.tb  # which a notebook keeps, and all in it
    run.step(), other.step()
    assert_same(weights(run), weights(other), rtol=0, atol=0)


def test_helpers_end_with_their_training():
    run = begun()
    run.step()
    pid = with_helper(run).pid
    assert is_there(pid)
    del run
    gc.collect()
    assert not is_there(pid)


def test_one_that_is_still_starting_when_train_ends_ends_too(monkeypatch):
    run, made = begun(), []

    class Noted(helpers.Helper):
        def __init__(self, model):
            super().__init__(model)
            made.append(self.process)
            time.sleep(0.2)

    monkeypatch.setattr(helpers, "Helper", Noted)
    list(train(run.model, TEXT, 1, run))
    until = time.monotonic() + 60
    while run.helpers.starting or not made:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.1)
    assert made[0].poll() is not None and not run.helpers.ready


def test_two_threads_may_end_the_helpers_at_once():
    class Emptied(list):  # by another thread, after it was asked whether there is one
        def __bool__(self):
            return True

    training = begun()
    training.helpers.ready = Emptied()
    training.helpers.stop()


def test_a_changed_model_gets_another_helper():
    run = begun(dropout=0.1)
    run.step()
    first = with_helper(run)
    run.model._drop.p = run.model.dropout = 0.6
    run.step()
    assert first.poll() is not None
    assert with_helper(run) is not first


def test_a_system_without_threads_or_wide_pipes_is_no_obstacle(monkeypatch):
    monkeypatch.setattr(helpers, "PIPE", 2**40)  # more than any system gives
    run = begun()
    run.step(), with_helper(run), run.step()
    assert run.helpers.ready

    class NoThread:
        def __init__(self, **how): ...

        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(helpers, "Thread", NoThread)
    run = begun()
    assert np.isfinite(run.step().loss) and not run.helpers.starting


def test_a_helper_has_one_thread_and_hears_no_ctrl_c(monkeypatch):
    asked = {}

    def started(*_, **how):
        asked.update(how)
        raise OSError

    for name in workers.NUM_THREADS:
        monkeypatch.setenv(name, "2")
    monkeypatch.setattr(helpers.subprocess, "Popen", started)
    with pytest.raises(OSError):
        helpers.Helper(model())
    assert {asked["env"][name] for name in workers.NUM_THREADS} == {"1"}
    assert asked["start_new_session"]


def test_a_copy_of_a_training_has_helpers_of_its_own():
    run = begun()
    run.step(), with_helper(run)
    other = copy.deepcopy(run)
    assert not other.helpers.ready and other.helpers.model is other.model
    run.step(), other.step()
    assert_same(weights(run), weights(other), rtol=0, atol=0)


def test_in_a_thread_it_is_the_same_to_the_last_bit():
    """There BLAS has to have one thread too, although another thread has set their number first."""
    found = []

    def learn(tries):
        net = model(dropout=0.5, hidden=(64, 64))
        run = Training(net, TEXT, batch=50, length=20, validation=0)  # BLAS would use its threads
        run.helpers.tries = tries
        run.step()
        if tries:
            with_helper(run)
        for _ in range(20):
            run.step()
        found.append(weights(run))

    with threadpool_limits(2, "blas"):
        learn(0)
        for tries in (1, 0):
            thread = threading.Thread(target=learn, args=(tries,))
            thread.start(), thread.join()
    assert len(found) == 3
    assert_same(found[0], found[1], rtol=0, atol=0)
    assert_same(found[0], found[2], rtol=0, atol=0)


def test_lines_of_other_widths_each_time(monkeypatch):
    found = []
    text = "".join(f"{'ab' * (k % 7)}{k}\n" for k in range(700))
    for how in ("0", "1"):
        monkeypatch.setenv("MINICHAR_HELPERS", how)
        net = CharModel(Vocabulary.of(text), "lstm", 60, dtype="float64")
        run = Training(net, text, batch=60, length=9, validation=0, lines=True)
        run.step()
        if how == "1":  # the first lines may have been too few to ask for one
            run.helpers._take(1), with_helper(run)
        for _ in range(20):
            run.step()
        assert (how == "1") == bool(run.helpers.ready)
        found.append(weights(run))
    assert_same(*found, rtol=1e-6, atol=1e-9)


def test_helpers_end_when_train_does():
    seen = []
    run = begun()
    for report in train(run.model, TEXT, 5, run):
        if report.step == 1:
            seen.append(with_helper(run))
    assert seen[0].poll() is not None and not run.helpers.ready


@forks
def test_helpers_end_when_the_training_process_is_killed():
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            run = begun()
            run.step()
            os.write(writing, str(with_helper(run).pid).encode())
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    pid = int(os.read(reading, 20))
    assert is_there(pid) and os.getsid(pid) == pid  # Ctrl-C at a terminal is not for it
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until = time.monotonic() + 30
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(pid)


@forks
def test_a_forked_process_leaves_the_helpers_to_its_parent():
    run = begun()
    run.step()
    helper = with_helper(run)
    if not (child := os.fork()):
        try:
            run.step()
            run.helpers.stop()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    run.step()
    assert helper.poll() is None and run.helpers.ready[0].process is helper


def test_small_work_heavy_weights_and_other_models_stay_whole(monkeypatch):
    shares, enough, whole = helpers.shares, 2 * helpers.ENOUGH // 40, slice(0, 30)
    assert enough == 30 and len(shares(model(), 5, 30)) == 2
    assert shares(model(), 5, 29) == [slice(0, 29)]
    assert shares(model(fused=False), 5, 30) == [whole]
    assert shares(object(), 5, 30) == [whole]
    there = model()
    there.device = "gpu"
    assert shares(there, 5, 30) == [whole]
    size = sum(w.data.size for w in model().parameters().values())
    for heavy, n in ((size / 10, 2), (size / 10 - 0.1, 1)):  # 5 steps of 2 layers
        monkeypatch.setattr(helpers, "HEAVY", heavy)
        assert len(shares(model(), 5, 30)) == n

    class Another(CharModel):
        pass

    assert shares(Another(Vocabulary.of(TEXT), hidden=40), 5, 30) == [whole]
    monkeypatch.setattr(workers, "threads", lambda: 1)
    assert shares(model(), 100, 1000) == [slice(0, 1000)]


def test_more_threads_more_shares_and_every_text_in_one(monkeypatch):
    monkeypatch.setattr(workers, "threads", lambda: 5)
    for B in (40, 77, 1000):
        parts = helpers.shares(model(), 5, B)
        rows = [k for part in parts for k in range(B)[part]]
        assert rows == list(range(B))
        assert len(parts) == min(5, B * 40 // helpers.ENOUGH)
    wide = model()
    wide.hidden = (10_000,)
    assert len(helpers.shares(wide, 5, 3)) == 3


def test_three_shares_of_unequal_size(monkeypatch):
    monkeypatch.setattr(workers, "threads", lambda: 3)
    run = Training(model(dtype="float64"), TEXT, batch=47, length=5, validation=0)
    assert len({part.stop - part.start for part in helpers.shares(run.model, 5, 47)}) == 2
    run.step(), with_helper(run), run.step(), with_helper(run), run.step()
    monkeypatch.setenv("MINICHAR_HELPERS", "0")
    whole = Training(model(dtype="float64"), TEXT, batch=47, length=5, validation=0)
    for _ in range(3):
        whole.step()
    assert_same(weights(run), weights(whole), rtol=1e-6, atol=1e-9)


def test_threads_that_are_spared_get_no_share(monkeypatch):
    wide = model()
    assert len(helpers.shares(wide, 5, 31, spare=1)) == 1
    monkeypatch.setattr(workers, "threads", lambda: 4)
    wide.hidden = (10_000,)
    assert [len(helpers.shares(wide, 5, 31, spare)) for spare in range(5)] == [4, 3, 2, 1, 1]
    run = begun()
    run.helpers.spare = 4
    run.step(), run.step()
    assert not (run.helpers.starting or run.helpers.ready)


def test_a_loss_that_is_taken_back_goes_on_with_helpers():
    run = begun()
    run.step(), with_helper(run)
    run.model.parameters()["read_out.W"].data[0, 0] = np.nan
    assert "back to step" in run.step().note
    assert np.isfinite(run.step().loss)
    assert run.helpers.ready
