"""One training on many machines: the numbers of one machine, and workers that really die."""

import os
import signal
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

import minichar as mc
from minichar import cluster, sharing
from minichar.sharing import Shared

TEXT = mc.load_text("names")[:6000]
VOCAB = mc.Vocabulary.of(TEXT)
HOW = {"batch": 10, "length": 12, "validate_every": 6}


def model(cell="lstm", hidden=(12, 8), dropout=0.0):
    return mc.CharModel(VOCAB, cell, hidden, embedding=6, dropout=dropout, dtype="float64", seed=3)


def weights(training):
    return {name: w.data for name, w in training.model.parameters().items()}


def same(one, other, tolerance=1e-10):
    for name, w in weights(one).items():
        np.testing.assert_allclose(weights(other)[name], w, rtol=0, atol=tolerance)


def kill(client, how_many):
    """Kill that many workers at once, as a machine dies: without a word."""
    for pid in list(client.run(os.getpid).values())[:how_many]:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("shares, dropout", [(1, 0.4), (2, 0.0), (3, 0.4)])
def test_shared_training_equals_that_on_one_machine(client, cell, shares, dropout):
    alone = mc.Training(model(cell, dropout=dropout), TEXT, **HOW)
    one = model(cell, dropout=dropout)
    shared = Shared(client, one, TEXT, shares, **HOW)  # 3 shares of 10: 3 + 3 + 4
    for _ in range(12):
        a, b = alone.step(), shared.step()
        assert b.loss == pytest.approx(a.loss, abs=1e-10)
        assert b.gradient_norm == pytest.approx(a.gradient_norm, abs=1e-9)
        assert (a.validation is None) == (b.validation is None)
    same(alone, shared)
    for mine, others in zip(alone.state, shared.state, strict=True):
        np.testing.assert_allclose(others, mine, rtol=0, atol=1e-10)


def test_lines_of_a_few_texts_at_a_time_can_be_shared_too(client):
    alone = mc.Training(model(), TEXT, **HOW, lines=True)
    shared = Shared(client, model(), TEXT, 10, **HOW, lines=True)  # of 6, once
    for _ in range(8):
        alone.step()
        shared.step()
    same(alone, shared)


def test_a_worker_that_dies_in_the_middle_of_a_step_takes_nothing_along(
    client, tmp_path, monkeypatch
):
    """It has worked out its share, and dies before it can send it: nested, so that it travels."""
    died = tmp_path / "died"

    def dying(model, *share):
        found = sharing.gradients(model, *share)
        try:
            died.touch(exist_ok=False)
        except FileExistsError:
            return found
        os.kill(os.getpid(), signal.SIGKILL)

    alone = mc.Training(model(), TEXT, **HOW)
    shared = Shared(client, model(), TEXT, 4, **HOW)
    monkeypatch.setattr(sharing, "gradients", dying)  # here only: a worker calls the plain one
    died.touch()
    for k in range(8):
        if k in (2, 5):
            died.unlink()  # the first to see that is the one
        before = set(client.run(os.getpid).values())
        shared.step()
        alone.step()
        assert died.exists()
        if k in (2, 5):
            assert before - set(client.run(os.getpid).values())
    same(alone, shared)
    assert shared.step_number == alone.step_number == 8


def test_when_all_workers_die_the_next_ones_take_over(client):
    alone = mc.Training(model(), TEXT, **HOW)
    shared = Shared(client, model(), TEXT, **HOW)
    for k in range(4):
        if k == 2:
            kill(client, 2)
        alone.step()
        shared.step()
    same(alone, shared)


@pytest.mark.parametrize("lost", ["OSError", "TimeoutError", "CancelledError", "KilledWorker"])
def test_whatever_is_lost_with_a_worker_the_step_is_begun_again(dask, lost, monkeypatch):
    kinds = {"CancelledError": CancelledError, "KilledWorker": cluster.dask().KilledWorker}
    error = kinds.get(lost, OSError if lost == "OSError" else TimeoutError)("t", None, 3)

    class Client:
        failures = 0

        def gather(self, futures):
            assert waited.pop() is futures
            self.failures -= 1
            if self.failures >= 0:
                raise error
            return futures

        def submit(self, work, model, *task, pure):
            return task

        wait_for_workers = scatter = lambda *_, **__: None

    waited = []
    shared = SimpleNamespace(client=Client(), model=None, _wait=waited.append)
    for shared.client.failures in (0, 1, sharing.TRIES - 1):
        assert Shared._ask(shared, [(1, 2), (3, 4)]) == [(1, 2), (3, 4)]
    shared.client.failures = sharing.TRIES
    with pytest.raises(RuntimeError, match="no worker is left"):
        Shared._ask(shared, [()])


def test_a_step_that_takes_long_is_waited_for_as_long_as_there_is_a_worker(monkeypatch):
    late = iter([TimeoutError, TimeoutError, None, TimeoutError, TimeoutError])

    def wait(futures, timeout):
        if error := next(late):
            raise error

    monkeypatch.setattr(sharing, "dask", lambda: SimpleNamespace(wait=wait))
    here = {"workers": {"one": {}}}
    shared = SimpleNamespace(client=SimpleNamespace(scheduler_info=lambda _: here))
    Shared._wait(shared, [])
    here["workers"] = {}
    with pytest.raises(TimeoutError):
        Shared._wait(shared, [])
    assert next(late) is TimeoutError  # at once, when there was none left


def test_without_any_worker_a_step_fails_and_changes_nothing(dask, monkeypatch):
    monkeypatch.setattr(sharing, "PATIENCE", 0.5)
    with cluster.workers(1) as client:
        shared = Shared(client, model(dropout=0.3), TEXT, **HOW)
        shared.step()
        before = {name: w.copy() for name, w in weights(shared).items()}
        random = shared.rng.bit_generator.state
        client.cluster.scale(0)
        while client.scheduler_info(-1)["workers"]:
            time.sleep(0.05)
        with pytest.raises(RuntimeError, match="no worker is left"):
            shared.step()
        assert shared.step_number == 1 and shared.rng.bit_generator.state == random
        for name, w in weights(shared).items():
            np.testing.assert_array_equal(w, before[name])


def test_a_saved_training_goes_on_shared_and_the_other_way_round(client, tmp_path):
    alone = mc.Training(model(dropout=0.3), TEXT, **HOW)
    shared = Shared(client, model(dropout=0.3), TEXT, **HOW)
    for _ in range(3):
        alone.step()
        shared.step()
    mc.save_model(tmp_path / "m.npz", shared.model, shared)
    loaded = mc.load_training(tmp_path / "m.npz", TEXT)  # on one machine
    again = Shared(client, loaded.model, TEXT, **HOW)
    again.restore(loaded.snapshot())
    for _ in range(3):
        alone.step()
        again.step()
    same(alone, again)


def test_the_bytes_that_move_are_the_weights_down_the_gradients_up_and_little_else(client):
    shared = Shared(client, model(), TEXT, 2, **HOW)
    shared.step()
    size = sum(w.nbytes for w in weights(shared).values())
    state = sum(s.nbytes for layer in shared.state for s in layer)
    ids = shared.inputs[:12].nbytes
    assert shared.moved == 2 * 2 * size + state + 2 * ids  # there was no state before
    shared.step()
    assert shared.moved == 2 * (2 * 2 * size + state + 2 * ids) + state


def test_more_shares_than_streams_or_none_are_refused(client):
    with pytest.raises(ValueError, match="11 shares of 10 streams"):
        Shared(client, model(), TEXT, 11, **HOW)
    for shares in (0, -1, 1.5):
        with pytest.raises(ValueError, match=f"shares={shares}: it must be a whole number"):
            Shared(client, model(), TEXT, shares, **HOW)
    assert Shared(client, model(), TEXT, 10, **HOW).shares == 10
    assert Shared(client, model(), TEXT, **HOW).shares == 2  # as many as there are workers
    for there, shares in ((0, 1), (7, 7)):  # some may still come
        known = {"workers": dict.fromkeys(range(there))}
        some = SimpleNamespace(scheduler_info=lambda n, known=known: known if n == -1 else None)
        assert Shared(some, model(), TEXT, **HOW).shares == shares


def test_a_worker_with_two_threads_does_one_share_at_a_time(monkeypatch):
    inside, most = [], []

    def share(*_):
        inside.append(1)
        time.sleep(0.05)
        most.append(len(inside))
        inside.pop()
        return 0.0, []

    monkeypatch.setattr(sharing, "share", share)
    task = (model(), [], np.random.default_rng(0).bit_generator.state, slice(0, 1), 2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: sharing.gradients(*task), range(2)))
    assert most == [1, 1]
