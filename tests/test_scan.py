"""The parallel scan: its operator, that it equals the loop, and the minGRU on top of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minichar.graph import Tensor, check_gradients
from minichar.scan import MinGRU, combine, loop, parallel, recurrence

numbers = st.floats(-4, 4)
steps = st.tuples(arrays(float, 3, elements=numbers), arrays(float, 3, elements=numbers))
whole = st.integers(-1000, 1000)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(steps, steps, steps)
def test_the_operator_is_associative(f, g, h):
    left, right = combine(combine(f, g), h), combine(f, combine(g, h))
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


@given(*(st.tuples(whole, whole) for _ in range(3)))
def test_on_whole_numbers_exactly(f, g, h):
    assert combine(combine(f, g), h) == combine(f, combine(g, h))


@given(st.tuples(whole, whole), st.tuples(whole, whole), whole)
def test_the_operator_does_one_step_and_then_the_other(first, then, h):
    a, b = combine(first, then)
    assert a * h + b == then[0] * (first[0] * h + first[1]) + then[1]


def test_it_is_not_commutative():
    assert combine((2, 0), (1, 1)) != combine((1, 1), (2, 0))


@given(T=st.integers(1, 70), B=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_scan_is_the_loop(T, B, seed):
    a, b = rng(seed).uniform(-1.2, 1.2, (2, T, B, 2))
    h = rng(seed + 1).standard_normal((B, 2))
    kept = a.copy(), b.copy(), h.copy()
    expected = loop(a, b, h)
    scale = max(1.0, abs(expected).max())
    assert abs(parallel(a, b, h) - expected).max() <= 1e-10 * scale
    assert all((x == y).all() for x, y in zip(kept, (a, b, h), strict=True))  # nothing in place


def test_the_loop_by_hand():
    a, b = np.array([2.0, 0.5, 0.0, 1.0]), np.array([1.0, 1.0, 3.0, -1.0])
    assert loop(a, b, 10.0).tolist() == [21, 11.5, 3, 2]


def test_a_long_scan_of_gates():
    a, b = rng().uniform(0, 1, (5000, 4)), rng(1).standard_normal((5000, 4))
    np.testing.assert_allclose(parallel(a, b, 0.0), loop(a, b, 0.0), rtol=0, atol=1e-10)


@pytest.mark.parametrize("T", [1, 2, 9])
def test_gradients_of_the_recurrence(T):
    a, b = (Tensor(rng(n).standard_normal((T, 2, 3)), True) for n in range(2))
    h = rng(2).standard_normal((2, 3))
    assert check_gradients(lambda a, b: recurrence(a, b, h), a, b) < 1e-7


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(4, 2\) and \(3, 2\)"):
        recurrence(Tensor(np.ones((4, 2))), Tensor(np.ones((3, 2))), np.zeros(2))


# --- minGRU


def by_hand(P, x, h):
    """Section 3.1 of the paper, a step at a time: x (T, B, D), h (B, H)."""
    H, states = h.shape[1], []
    for row in x:
        a = row @ P["Wxh"].data + P["bh"].data
        z = 1 / (1 + np.exp(-a[:, :H]))
        h = (1 - z) * h + z * a[:, H:]
        states.append(h)
    return np.array(states)


def test_the_cell_is_the_papers():
    cell, x = MinGRU(3, 4, rng(), "float64"), rng(1).standard_normal((9, 2, 3))
    h = rng(2).standard_normal((2, 4))
    y, (last,) = cell(Tensor(x), (h,))
    np.testing.assert_allclose(y.data, by_hand(cell.parameters, x, h), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(last, y.data[-1])
    np.testing.assert_array_equal(cell(Tensor(x))[0].data, cell(Tensor(x), (h * 0,))[0].data)
    assert not np.shares_memory(last, y.data)  # it does not keep all of y alive


def test_it_begins_in_float32_with_weights_small_enough_for_its_cells():
    cell = MinGRU(3, 64, rng())
    y, (last,) = cell(np.zeros((5, 2), int))
    assert y.dtype == last.dtype == "float32"
    assert 0.1 < abs(cell.parameters["Wxh"].data).max() <= 1 / 8  # 1 / sqrt(64)


def test_gradients_of_the_cell():
    cell, x = MinGRU(3, 4, rng(), "float64"), Tensor(rng(1).standard_normal((5, 2, 3)), True)
    h = rng(2).standard_normal((2, 4))
    weights = cell.parameters.values()
    assert check_gradients(lambda x, *_: cell(x, (h,))[0], x, *weights) < 1e-7


@given(cut=st.integers(1, 6))
def test_a_text_in_two_pieces_is_the_text_whole(cut):
    cell, ids = MinGRU(5, 4, rng(), "float64"), rng(1).integers(0, 5, (7, 3))
    together, end = cell(ids)
    first, state = cell(ids[:cut])
    second, after = cell(ids[cut:], state)
    both = np.concatenate([first.data, second.data])
    np.testing.assert_allclose(both, together.data, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(after, end, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("t", range(6))
def test_a_later_step_changes_nothing_earlier(t):
    cell, x = MinGRU(3, 4, rng(), "float64"), rng(1).standard_normal((6, 2, 3))
    before = cell(Tensor(x))[0].data
    x[t] += 1
    changed = (cell(Tensor(x))[0].data != before).any(axis=(1, 2))
    assert changed.tolist() == [step >= t for step in range(6)]


def test_a_state_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"state has shapes .*\(2, 4\)"):
        MinGRU(3, 4, rng())(np.zeros((5, 2), int), (np.zeros((1, 4)),))


def test_a_text_without_its_axis_is_refused():
    with pytest.raises(ValueError, match=r"reads x \(T, B, D\)"):
        MinGRU(3, 4, rng())([0, 1])
