"""`same`: what it accepts, what it refuses and how it says so, and what cannot fool it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minichar.course.comparing import NotDone, Wrong, same, same_arrays


@given(hnp.arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6)))
def test_an_array_equals_itself_in_any_clothes(array):
    same("x", array, array)
    same("x", array.tolist(), array.tolist())
    with pytest.raises(Wrong, match="x is a list of 2, expected an array"):
        same("x", array.tolist(), array)
    same("x", array.astype(np.longdouble), array)
    same("x", np.asfortranarray(array), array.tolist())


@given(
    hnp.arrays(np.float64, (2, 3), elements=st.floats(-10, 10)),
    st.tuples(st.integers(0, 1), st.integers(0, 2)),
    st.floats(1e-3, 1e3),
)
def test_the_worst_element_is_named(array, place, by):
    other = array.copy()
    other[place] += by
    with pytest.raises(Wrong, match=rf"x at \[{place[0]}, {place[1]}\] is .*, expected ") as caught:
        same("x", other, array)
    shown = re.search(r"is (.*), expected (.*)", str(caught.value))
    assert shown[1] != shown[2]


INF = float("inf")


@pytest.mark.parametrize(
    "got, want",
    [
        (1, 1.0),
        (True, True),
        (np.int64(3), 3),
        (np.array([1.0, INF]), [1.0, INF]),
        ("abc", "abc"),
        (np.str_("abc"), "abc"),
        ((1, [2.0]), (1, [2.0])),
        ([1, 2], (1, 2)),
        ({"b": 1, "a": "x"}, {"a": "x", "b": 1}),
        ([], []),
        (0.9e-12, 0.0),
        (np.array([-1e6, 1.0005]), np.array([-1e6, 1])),  # the largest of all is the measure
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_same_accepts(got, want):
    same("x", got, want)


class Agreeable(str):
    """Equal to everything, as a learner's object might be."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


class Chameleon:
    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0])

    def __float__(self):
        return 1.0


@pytest.mark.parametrize(
    "got, want, says",
    [
        (2, 1, "x is 2, expected 1"),
        (1.0000001, 1.0, "x is 1.0000001, expected 1$"),
        (12345678, 5, "x is 12345678, expected 5"),
        (-1e20, 5, r"x is -1e\+20, expected 5"),
        (False, True, "x is 0, expected 1"),
        (1e-6, 0.0, "x is 1e-06, expected 0"),
        (1.1e-12, 0.0, "x is 1.1e-12, expected 0"),
        (np.array([1.0, np.nan]), np.ones(2), r"x at \[1\] is nan, expected 1"),
        ([[1.0], [1.0, 2.0]], np.ones((2, 2)), "x is a list whose rows have different lengths"),
        (np.array(["a", "b"]), ["a", "b"], "x is an array of .*, expected a list of 2"),
        ([1.0, 2.0], 1.0, r"x has shape \(2,\), expected a single number"),
        (np.inf, 1.0, "x is inf, expected 1"),
        (1.0, np.inf, "x is 1, expected inf"),
        (-np.inf, np.inf, "x is -inf, expected inf"),
        (np.nan, np.inf, "x is nan, expected inf"),
        ("1", 1, "x is the text '1', expected the number 1"),
        (1, "1", "x is the number 1, expected the text '1'"),
        (True, "1", "x is True, expected the text '1'"),
        ("hellp", "hello", "x differs from character 4 on: 'hellp', expected 'hello'"),
        ("hell", "hello", "x differs from character 4 on"),
        ("l", "o", "x is 'l', expected 'o'"),
        ("a" * 11 + "b", "a" * 11 + "c", r"11 on: \.\.\.'a{10}b', expected \.\.\.'a{10}c'"),
        (np.ones(2), (np.ones(2), np.ones(3)), r"x is an array of shape \(2,\).*, expected 2 val"),
        ((1,), (1, 2), "x has 1 value, expected 2"),
        (1.0, (1, 2), "x is the number 1.0, expected 2 values"),
        ((1, "b"), (1, "a"), r"x\[1\] is .b., expected .a."),
        ((1, {"a": [3]}), (1, {"a": [4]}), r"x\[1\]\['a'\]\[0\] is 3, expected 4"),
        ({"a": 1}, {"a": 1, "b": 2}, "x lacks the key 'b'"),
        ({"a": 1, "b": 2}, {"a": 1}, "x has an extra key: 'b'"),
        ({"a": 1, np.str_("b"): 2}, {"a": 1}, "x has an extra key: 'b'"),
        ([1], {"a": 1}, "x is a list of 1, expected a dict"),
        (Agreeable("abd"), "abc", "x differs from character 2 on"),
        ({Agreeable("b"): 1}, {"a": 1}, "x lacks the key 'a'"),
        (Chameleon(), np.array([1.0, 2.0]), r"x is a Chameleon, expected numbers of shape \(2,\)"),
        (Chameleon(), 1.0, "x is a Chameleon, expected the number 1"),
        ([Chameleon()], [1.0], r"x\[0\] is a Chameleon"),
        (np.array(["a", 1], object), np.array([1.0, 1.0]), "x holds values of type object"),
        (np.array(["1"]), np.array([1.0]), "x holds texts, expected real numbers"),
        (1 + 0j, 1.0, "x holds values of type complex128"),
        ((c for c in "ab"), ["a", "b"], "x is a generator, expected a list of 2"),
    ],
)
def test_same_refuses(got, want, says):
    with pytest.raises(Wrong, match=says):
        same("x", got, want)


def test_only_what_is_nearly_right_may_have_been_rounded_on_the_way():
    for got, rounded in ((2.001, True), (2.5, False)):
        with pytest.raises(Wrong) as caught:
            same("x", np.array([1, got], np.float32), np.array([1.0, 2.0]))
        assert ("(it is float32: was something rounded" in str(caught.value)) == rounded


def test_a_notebook_shows_each_line_broken_between_words_and_no_number_in_two():
    number, words = "1" * 99, " ".join(["word"] * 40)
    lines = Wrong(f"{number}\n\n{words}")._render_traceback_()
    assert lines[:2] == [number, ""] and " ".join(lines[2:]) == words
    assert len(lines) == 5 and max(map(len, lines[2:])) == 79  # 16 words in 80 characters


@pytest.mark.parametrize(
    "got", [None, (1, None), [[1, ...]], {"a": None, "b": 1}, np.array([1, None]), ...]
)
def test_what_is_only_begun_is_not_done(got):
    with pytest.raises(NotDone, match=r"x is `\.\.\.`" if got is ... else "x has no value yet"):
        same("x", got, 1)


@pytest.mark.parametrize("begun, says", [(None, "x: dz has no value"), (..., r"x: dz is `\.\.\.`")])
def test_the_part_that_is_missing_is_named(begun, says):
    with pytest.raises(NotDone, match=says):
        same("x", (1.0, begun), (1.0, np.ones(2)), parts=("loss", "dz"))


def test_the_same_arrays_with_other_numbers_and_others_with_the_same():
    W = {"Wxh": np.ones(2), "bh": np.zeros(3)}
    given = dict(W)
    W["bh"] += 1
    same_arrays("W", W, given)
    W["bh"] = W["bh"].copy()
    with pytest.raises(Wrong, match="it puts a new array into W"):
        same_arrays("W", W, given)


def test_the_values_of_a_tuple_have_names():
    want, names = (np.ones((2, 3)), np.ones((2, 3))), {"parts": ("h", "c")}
    same("x", np.ones((2, 2, 3)), want, **names)
    with pytest.raises(
        Wrong, match=r"^x is an array of shape \(2, 3\).*, expected 2 values: h, c$"
    ):
        same("x", np.ones((2, 3)), want, **names)
    with pytest.raises(Wrong, match="^x has 1 value, expected 2: h, c$"):
        same("x", (np.ones((2, 3)),), want, **names)
    with pytest.raises(Wrong, match=r"^x: c at \[0, 0\] is 0, expected 1"):
        same("x", (np.ones((2, 3)), np.zeros((2, 3))), want, **names)


def test_same_refuses_a_check_that_cannot_fail():
    with pytest.raises(ValueError, match="check itself"):
        same("x", 1.0, float("nan"))
    with pytest.raises(ValueError, match="check itself"):
        same("x", 1.0, 2.0, tol=float("inf"))
    with pytest.raises(TypeError, match="cannot compare with an object"):
        same("x", 1.0, object())
