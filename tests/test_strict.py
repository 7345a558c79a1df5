"""The stand-in for CuPy's arrays: it refuses what a card would, and counts what travels."""

import copy
import sys

import numpy as np
import pytest

from minichar import backend, strict


@pytest.fixture
def x(card):
    x = card.asarray(np.arange(6.0).reshape(2, 3))
    card.counts.reset()
    return x


HOST = np.ones((2, 3))
MIXED = {
    "asarray": lambda xp, x: np.asarray(x),
    "array": lambda xp, x: np.array([x, x]),
    "numpy's function": lambda xp, x: np.concatenate([x, x]),
    "numpy's function of both": lambda xp, x: np.stack([HOST, x]),
    "x + numpy": lambda xp, x: x + HOST,
    "numpy + x": lambda xp, x: HOST + x,
    "x @ numpy": lambda xp, x: x @ HOST.T,
    "x > numpy": lambda xp, x: x > HOST,
    "numpy == x": lambda xp, x: HOST == x,
    "x += numpy": lambda xp, x: x.__iadd__(HOST),
    "numpy += x": lambda xp, x: HOST.__iadd__(x),
    "ufunc": lambda xp, x: np.add(HOST, x),
    "numpy's own of one": lambda xp, x: np.tanh(x),
    "ufunc into numpy": lambda xp, x: np.tanh(x, out=HOST),
    "its own function": lambda xp, x: xp.add(x, HOST),
    "its own function into numpy": lambda xp, x: xp.tanh(x, HOST),
    "in a list": lambda xp, x: xp.stack([x, HOST]),
    "in a list, made an array": lambda xp, x: xp.array([x, HOST]),
    "dot": lambda xp, x: x.dot(HOST.T),
    "dot into numpy": lambda xp, x: x.dot(x.T, np.empty((2, 2))),
    "picked by numpy": lambda xp, x: x[np.array([0, 1])],
    "numpy picked by it": lambda xp, x: HOST[x > 0],
    "set to numpy": lambda xp, x: x.__setitem__(slice(None), HOST),
    "numpy set to it": lambda xp, x: HOST.__setitem__(slice(None), x),
    "where": lambda xp, x: xp.where(x > 0, x, HOST),
}


@pytest.mark.parametrize("how", MIXED)
def test_no_array_of_numpy_mixes_with_one_of_the_card(how, card, x):
    with pytest.raises(TypeError, match="do not mix"):
        MIXED[how](card, x)
    assert card.counts.up == card.counts.down == 0
    assert (HOST == 1).all()


ALIKE = {
    "arithmetic": lambda xp, x: (2 * x - 1) / (x + np.float32(3)) ** 2,
    "a number before": lambda xp, x: (1 - x) / 2 + 6 / (x + 1) + 2**x,
    "comparisons": lambda xp, x: (x > 2) & (x <= 4),
    "product": lambda xp, x: x @ x.T,
    "dot": lambda xp, x: x.dot(x.T, xp.empty((2, 2))),
    "sums": lambda xp, x: x.sum(axis=0, keepdims=True) + x.max() - x.mean(-1)[:, None],
    "functions": lambda xp, x: xp.tanh(xp.exp(-x)) + xp.maximum(x, 2) + abs(-x),
    "into": lambda xp, x: xp.multiply(x, x, xp.zeros((2, 3))),
    "shapes": lambda xp, x: x.T.reshape(2, 3)[::-1, None, 1:],
    "picked": lambda xp, x: x[:, xp.asarray([2, 0])],
    "joined": lambda xp, x: xp.concatenate([xp.stack([x, x])[0], x], axis=1),
    "split": lambda xp, x: xp.split(x, [1], 1)[1],
    "rows": lambda xp, x: sum(row * row for row in x),
    "of arrays that are there": lambda xp, x: xp.array([x.sum(), xp.linalg.norm(x)]),
    "a list of them": lambda xp, x: xp.asarray((x[0], x[1]), "float32"),
    "a number of numpy's": lambda xp, x: np.float64(2) * x + np.float64(1),
}


@pytest.mark.parametrize("how", ALIKE)
def test_the_numbers_are_those_of_numpy(how, card, x):
    found = ALIKE[how](card, x)
    assert backend.of(found) is card
    np.testing.assert_array_equal(found.get(), ALIKE[how](np, np.arange(6.0).reshape(2, 3)))


def test_a_function_that_is_missing_is_not_said_to_be_missing_in_cupy(card, x):
    with pytest.raises(AttributeError, match="the stand-in for CuPy has no sinc"):
        card.sinc  # noqa: B018
    with pytest.raises(AttributeError, match=r"the stand-in for CuPy has no array with \.ptp,"):
        x.ptp  # noqa: B018
    assert not hasattr(card, "RawModule")


def test_a_slice_is_a_view_and_a_copy_is_none(card, x):
    other, again = card.array(x), copy.deepcopy({"x": x})["x"]
    x.get()[:] = 7
    x[0][1:] = 9
    x[1] += 1
    assert x.get().tolist() == [[0, 9, 9], [4, 5, 6]]
    assert (other.get() == again.get()).all() and again.get().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_travels_is_counted(card, x):
    there = card.asarray(np.ones(4, np.float32))
    assert (card.counts.up, card.counts.bytes_up, card.counts.down) == (1, 16, 0)
    card.asarray(there)  # it is there already
    card.array([there, there])
    assert card.counts.up == 1
    assert card.asarray(there, np.float64).dtype == np.float64
    asks = float, int, bool, lambda a: a.item(), lambda a: a.tolist()
    for n, ask in enumerate(asks, 1):
        assert ask(there.sum() / 4) == 1
        assert (card.counts.down, card.counts.bytes_down) == (n, 4 * n)
    there.get()
    assert (card.counts.down, card.counts.bytes_down) == (6, 36)


def test_launches_are_counted_and_views_are_none(card, x):
    x[0], x.T, x.reshape(3, 2), len(x), x.shape  # noqa: B018
    assert card.counts.launches == 0
    card.tanh(x * 2 + 1)
    assert card.counts.launches == 3
    x[0] = 1
    x @ x.T
    x.sum()
    x[:, card.asarray([2, 0])]  # gathers
    x += 1
    assert card.counts.launches == 8


def test_the_array_for_a_product_is_without_gaps(card, x):
    with pytest.raises(ValueError):
        x.dot(x.T, card.empty((2, 4))[:, ::2])


def test_a_result_of_one_number_stays_on_the_card(card, x):
    assert backend.on_card(x.sum()) and x.sum().shape == () and card.counts.down == 0


def test_afterwards_everything_is_as_before():
    before = sys.modules.get("cupy", "none")
    with strict.instead_of_cupy() as one:
        one.asarray(1.0)
        with strict.instead_of_cupy() as two:
            assert sys.modules["cupy"] is two is not one and two.counts.up == 0
        assert sys.modules["cupy"] is one
    assert sys.modules.get("cupy", "none") is before


def test_it_has_nothing_that_cupy_has_not():
    cupy = pytest.importorskip("cupy", reason="compared where CuPy is installed, card or none")
    for name in (
        *strict.LAUNCHING.split(),
        *strict.LOOKING.split(),
        "array",
        "asarray",
        "RawModule",
    ):
        assert hasattr(cupy, name), name
    for name in (*strict.METHODS.split(), *strict.VIEWS.split(), "dot", "get", "item", "tolist"):
        assert hasattr(cupy.ndarray, name), name
