"""Rows of a batch in threads: all of them, once, and with what they raise."""

import importlib
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minichar import fused, workers
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
    assert seen == [{1}] * min(2, B) if B > 1 else len(seen) == 1
    assert blas_threads() == {2}


def test_small_work_and_a_single_thread_stay_whole(two_threads):
    parts = []
    workers.side_by_side(parts.append, 10, workers.LARGE - 1)
    with threadpool_limits(1, "blas"):
        workers.side_by_side(parts.append, 10, workers.LARGE)
    assert parts == [slice(0, 10)] * 2


@pytest.mark.parametrize("bad", [0, 5])
def test_what_a_part_raises_is_raised_after_all_have_ended(two_threads, bad):
    ended = []

    def work(rows):
        ended.append(rows)
        if rows.start == bad:
            raise FloatingPointError("here")

    with pytest.raises(FloatingPointError, match="here"):
        workers.side_by_side(work, 10, workers.LARGE)
    assert len(ended) == 2 and blas_threads() == {2}


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
    x = Tensor(np.random.default_rng(1).standard_normal((6, 5, 3)), workers.LARGE)

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
