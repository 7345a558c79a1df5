"""Rows of a batch in threads: all of them, once, and with what they raise."""

import importlib
import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minichar import fused, strict, workers
from minichar.graph import Tensor


def blas_threads():
    return {library.num_threads for library in workers._blas().lib_controllers}


@pytest.fixture
def two_threads():
    with threadpool_limits(2, "blas"):
        if blas_threads() != {2}:
            pytest.skip("runs where numpy's library for matrix products can use two threads")
        yield


@pytest.mark.parametrize("B", [1, 2, 7])
def test_every_row_is_worked_on_once_and_blas_is_given_back(two_threads, B):
    counts, seen = np.zeros(B), []

    def work(rows):
        counts[rows] += 1
        seen.append(blas_threads())

    workers.side_by_side(work, B, workers.LARGE)
    assert counts.tolist() == [1] * B
    assert seen == [{1}] * min(2, B)
    assert blas_threads() == {2}


def test_small_work_and_a_single_thread_stay_whole(two_threads):
    parts = []
    workers.side_by_side(parts.append, 10, workers.LARGE - 1)
    with threadpool_limits(1, "blas"):
        workers.side_by_side(parts.append, 10, workers.LARGE)
    with workers.alone():
        workers.side_by_side(parts.append, 10, workers.LARGE)
    assert parts == [slice(0, 10)] * 3


def test_more_threads_want_more_work(monkeypatch):
    monkeypatch.setattr(workers, "threads", lambda: 8)
    parts = []
    for times in (1, 3.9, 4, 16, 1000):
        parts.append(set())
        work = lambda rows: parts[-1].add(rows.start)  # noqa: E731
        workers.side_by_side(work, 100, int(times * workers.LARGE))
    assert [len(p) for p in parts] == [2, 3, 4, 8, 8]


def test_while_calm_blas_has_one_thread_and_ours_have_the_others(two_threads):
    parts = []
    with workers.calm() as free, workers.calm() as again:
        assert (free, again, blas_threads()) == (2, 2, {1})
        workers.side_by_side(parts.append, 10, workers.LARGE)
        assert blas_threads() == {1}
    assert len(parts) == 2 and blas_threads() == {2}


def test_several_threads_that_are_calm_at_once_give_back_what_was_there(two_threads):
    """The first to come may be the first to go, and the setting is the whole process's."""
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with workers.calm() as free:
            seen.append((free, blas_threads()))
            inside.set()
            leave.wait()
            seen.append(blas_threads())

    thread = threading.Thread(target=other)
    with workers.calm():
        thread.start()
        inside.wait()
    seen.append((workers.threads(), blas_threads()))
    leave.set()
    thread.join()
    assert seen == [(2, {1}), (2, {1}), {1}] and blas_threads() == {2}


def test_work_shared_out_within_a_part_is_done_there(two_threads):
    """Or both threads would wait for a third."""
    parts = []

    def work(rows):
        workers.side_by_side(lambda inner: parts.append((rows, inner)), 10, workers.LARGE)

    workers.side_by_side(work, 2, workers.LARGE)
    whole = slice(0, 10)
    assert sorted(parts, key=str) == [(slice(0, 1), whole), (slice(1, 2), whole)]


@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
@pytest.mark.parametrize("n", [1, 2, 401])
def test_a_product_in_parts_is_the_whole(two_threads, n, turned):
    rng = np.random.default_rng(0)
    K, N = 300, 2 * workers.WORTH // 300 // n + 1
    a, b = rng.standard_normal((n, K)), rng.standard_normal((K, N))
    a = np.asfortranarray(a) if "a" in turned else a  # as a.T of a turned one
    b = np.asfortranarray(b) if "b" in turned else b
    result = workers.matmul(a, b)
    np.testing.assert_allclose(result, a @ b, rtol=1e-12, atol=1e-12)
    assert result.dtype == np.float64 and result.flags.c_contiguous


@pytest.mark.parametrize(("n", "K"), [(1000, 20), (20, 1000)], ids=["rows", "terms"])
def test_a_large_product_is_shared_out_and_a_small_one_is_not(two_threads, monkeypatch, n, K):
    """By its rows, or by the terms of its sums, whichever are more."""
    asked, share = [], workers._share
    monkeypatch.setattr(
        workers, "_share", lambda work, *how: asked.append(how) or share(work, *how)
    )
    N = 2 * workers.WORTH // (n * K)
    for columns in (N, N - 1):
        workers.matmul(np.ones((n, K), "float32"), np.ones((K, columns), "float32"))
    assert asked == [(1000, 2)]


def test_who_is_done_first_does_not_change_a_sum(monkeypatch):
    """Of floats: (a + b) + c is not (c + b) + a."""
    monkeypatch.setattr(workers, "threads", lambda: 3)
    rng, found = np.random.default_rng(0), []
    a, b = rng.standard_normal((20, 1000)), rng.standard_normal((1000, 3 * workers.WORTH // 20_000))
    for order in (list, reversed):
        share = lambda work, *how: [work(part) for part in order(workers.slices(*how))]  # noqa: B023, E731
        monkeypatch.setattr(workers, "_share", share)
        found.append(workers.matmul(a, b))
    np.testing.assert_array_equal(*found)


def test_a_large_product_on_a_card_stays_there():
    with strict.instead_of_cupy() as card:
        a = card.asarray(np.ones((500, 100)))
        b = card.asarray(np.ones((100, 2 * workers.WORTH // 50_000)))
        card.counts.reset()
        product = workers.matmul(a, b)
        assert (card.counts.launches, card.counts.down, product.get()[0, 0]) == (1, 0, 100)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs where a process can fork")
def test_a_forked_process_has_threads_of_its_own(two_threads):
    workers.side_by_side(lambda rows: None, 2, workers.LARGE)
    if not (child := os.fork()):
        try:
            signal.alarm(5)  # or it would wait for ever
            workers.side_by_side(lambda rows: None, 2, workers.LARGE)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("bad", [0, 5])
def test_what_a_part_raises_is_raised_after_all_have_ended(two_threads, bad):
    ended = []

    def work(rows):
        if rows.start == bad:
            raise FloatingPointError("here")
        time.sleep(0.05)
        ended.append(rows)

    with pytest.raises(FloatingPointError, match="here"):
        workers.side_by_side(work, 10, workers.LARGE)
    assert len(ended) == 1 and blas_threads() == {2}


def test_a_part_sees_the_callers_settings_for_overflow(two_threads):
    def work(rows):
        np.exp(np.full(3, 1000.0))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(over="ignore"):
            workers.side_by_side(work, 2, workers.LARGE)
        with pytest.raises(RuntimeWarning, match="overflow"):
            workers.side_by_side(work, 2, workers.LARGE)


@pytest.mark.parametrize("module", ["fused", "fast"])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_cell_in_parts_is_the_whole(two_threads, monkeypatch, module, kind):
    if module == "fast":
        pytest.importorskip("numba", reason="runs with the extra fast: pip install '.[fast]'")
    module = importlib.import_module(f"minichar.{module}")
    cell = getattr(module, kind)(3, 4, np.random.default_rng(0), "float64")
    x = Tensor(np.random.default_rng(1).standard_normal((6, 5, 3)), True)

    def run():
        x.grad = cell.parameters["Whh"].grad = None
        y, state = cell(x)
        y.backward(np.cos(y.data))
        return [y.data, *state, x.grad, cell.parameters["Whh"].grad]

    whole = run()
    always = lambda work, B, numbers: workers.side_by_side(work, B, workers.LARGE)  # noqa: E731
    monkeypatch.setattr(fused, "side_by_side", always)
    for part, one in zip(run(), whole, strict=True):
        np.testing.assert_allclose(part, one, rtol=1e-12, atol=1e-14)
