"""Checks: what they say, what counts as borrowed, and that every registered mistake is refused."""

import functools
import re
import sys
import warnings

import mini_course
import numpy as np
import pytest

from minichar.course import checking
from minichar.course.checking import (
    NotDone,
    Wrong,
    call,
    check,
    exercise,
    reference,
    same,
)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


# What `check` says


@pytest.mark.parametrize(
    "answer, kind, says",
    [
        (..., NotDone, "is not finished yet."),
        (None, NotDone, "is not finished yet."),
        (lambda z: None, NotDone, "it returns nothing"),
        (lambda z: ..., NotDone, "it returns `...`"),
        (lambda z: ... + z, NotDone, "there is still a `...`"),
        (lambda z: np.exp(...), NotDone, "there is still a `...`"),
        (lambda z: (...).sum(), NotDone, "there is still a `...`"),
        (lambda z: [z[0], None], NotDone, "has no value yet"),
        (lambda z: np.array([1.0, None]), NotDone, "has no value yet"),
        (
            lambda z: np.exp(z),
            Wrong,
            "softmax([1.0, 2.2, -3.0, 4.1]) at [3] is 60.34, expected 0.8365",
        ),
        (lambda z: softmax(z)[None], Wrong, "has shape (1, 4), expected (4,)"),
        (lambda z: np.exp(z) / np.exp(z).sum(), Wrong, "softmax([1000.0, 999.0]) at [0] is nan"),
        (lambda z: 1 / 0, Wrong, "it stopped with ZeroDivisionError: division by zero (line"),
        (lambda z: sys.exit("bye"), Wrong, "it stopped with SystemExit: bye"),
        (lambda z: next(iter([])), Wrong, "it stopped with StopIteration (line"),
        (lambda: 1, Wrong, "it stopped with TypeError: <lambda>() takes 0 positional arguments"),
        (np.array([0.1, 0.9]), Wrong, "hand in the function itself"),
        (lambda z: softmax(z.astype(np.float32)), Wrong, "it is float32"),
        (lambda z: "softmax", Wrong, "is the text 'softmax', expected numbers of shape (4,)"),
        (lambda z: object(), Wrong, "is an object, expected numbers of shape (4,)"),
        (lambda z: softmax(z) + 0j, Wrong, "type complex128, expected real numbers"),
        (lambda z: [[1.0], [1.0, 2.0]], Wrong, "a list whose rows have different lengths"),
        (lambda z: (z, [1.0]), Wrong, "is a tuple of 2, expected numbers of shape (4,)"),
    ],
)
def test_what_check_says(mini, answer, kind, says):
    with pytest.raises(kind) as caught, warnings.catch_warnings():
        warnings.simplefilter("error")  # nor does it warn
        check("90.1", answer)
    first, second = str(caught.value).splitlines()
    told = re.sub(": `.*`", "", first)  # without the line of a crash: here, that holds `says` too
    assert told.startswith("Exercise 90.1 (softmax) is not") and says in told
    mistake = "this looks like the mistake “sum”" if "60.34" in says else "exp(1000) overflows"
    given = f'{mistake}.  (hint("90.1") shows more)'
    unasked = 'fold one out above, or hint("90.1"), when you want it.'
    assert second == f"Hint: {unasked if kind is NotDone else given}"
    lines = caught.value._render_traceback_()  # broken between words, in an ordinary window
    assert " ".join(lines).split() == str(caught.value).split() and max(map(len, lines)) <= 80
    assert [line for line in lines if line.startswith("Hint: ")] == [second]
    assert caught.value.__suppress_context__ and "90.1" not in checking.verdicts


def test_the_line_of_a_crash_is_the_learners(mini):
    def helper(z):
        return z[99]

    with pytest.raises(Wrong, match=r"\(line \d+: `return z\[99\]`\)") as caught:
        check("90.1", lambda z: helper(z))
    line = int(re.search(r"\(line (\d+)", str(caught.value))[1])
    assert line == helper.__code__.co_firstlineno + 1 and caught.value.crashed
    with pytest.raises(Wrong, match=r"LinAlgError: .* \(line \d+: `check\(\"90.1\", lambda z: np"):
        check("90.1", lambda z: np.linalg.inv(np.zeros((2, 2))))  # the line of numpy helps nobody
    with pytest.raises(Wrong, match=r"TypeError: .* \(line \d+: `check\(\"90.1\", lambda z: np"):
        check("90.1", lambda z: np.random.default_rng(0).standard_normal(2, 2))  # compiled


def test_a_hole_that_is_left_makes_it_not_done(mini):
    def crashes(z):
        ...  # your code here (about 2 lines)
        return e / e.sum()  # noqa: F821

    def returns_something(z):
        e = np.zeros(4)
        ...  # your code here (about 2 lines)
        return e

    for half, says in ((crashes, r"\.\n"), (returns_something, r" \(softmax\(.* at \[")):
        with pytest.raises(NotDone, match=f"there is still a `...` to replace{says}"):
            check("90.1", half)

    def filled_below_it(z):
        ...  # your code here (about 2 lines)
        return softmax(z)

    check("90.1", filled_below_it)


def test_a_result_that_the_check_stumbles_over_is_not_right():
    kit = {"answer": lambda x: (1, 2), "hints": [("?", "!")], "wrong": dict.fromkeys("abc", abs)}
    with mini_course.known():

        @exercise("90.3", "pair", **kit)
        def _(f):
            same("its sum", sum(call(f, 3)), 3)

        with pytest.raises(Wrong, match=r"could not be read \(TypeError: 'int' object is not iter"):
            check("90.3", lambda x: x)
        with pytest.raises(NotDone, match="still a `...` to replace"):
            check("90.3", lambda x: (x, ...))
        check("90.3", lambda x: (0, x))


@pytest.mark.filterwarnings("error")
def test_a_right_answer_is_right_however_numpy_is_told_to_warn(mini):
    def warns(z):
        warnings.warn("sounds bad", stacklevel=1)
        np.log(np.zeros(1))
        return softmax(z)

    with np.errstate(all="raise"):
        assert check("90.1", warns) is warns


def test_right_is_returned_and_said(mini, capsys):
    assert check("90.1", softmax) is softmax
    assert capsys.readouterr().out == "Exercise 90.1: right.\n"
    assert checking.verdicts["90.1"] == "right"


def test_what_was_right_is_no_longer_once_it_is_changed(mini):
    check("90.1", softmax)
    with pytest.raises(Wrong):
        check("90.1", np.exp)
    assert "90.1" not in checking.verdicts


def test_a_mistake_is_named_where_it_is_one_of_at_most_two():
    kit = {"answer": lambda x: 2 * x, "hints": [("?", "Twice.")]}
    wrong = {"itself": lambda x: x, "its size": abs, "a half": lambda x: x / 2}
    with mini_course.known():

        @exercise("90.3", "twice", **kit, wrong=wrong)
        def _(f):
            same("twice 3", call(f, 3), 6)

        @exercise("90.4", "twice again", **kit, wrong=dict.fromkeys("abc", abs))
        def _(f):
            same("twice 3", call(f, 3), 6)

        for number, says in (("90.3", "“itself” or “its size”."), ("90.4", "\nHint: Twice.")):
            with pytest.raises(Wrong) as caught:
                check(number, lambda x: x)
            assert str(caught.value).endswith(says)
        assert checking.title("90.3") == "twice" and checking.title("99.9") == ""


def test_a_replaced_numpy_function_makes_nothing_right(mini, monkeypatch):
    monkeypatch.setattr(np, "exp", np.exp2)
    with pytest.raises(Wrong, match="`np.exp` is no longer numpy's own"):
        check("90.1", softmax)


def test_an_interrupt_is_left_alone(mini):
    def interrupted(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("90.1", interrupted)


def test_an_unknown_exercise_names_the_nearest(mini):
    for asked in ("softmax", "sotfmax"):
        with pytest.raises(LookupError, match=rf"{asked}; the nearest is \d+\.1 \(softmax\)$"):
            checking.find(asked)
    with pytest.raises(LookupError, match=r"no exercise nonsense at all$"):
        checking.find("nonsense at all")
    with pytest.raises(LookupError, match=r"no exercise 90.3; the nearest is 90\.\d \("):
        check("90.3", softmax)
    with pytest.raises(LookupError, match=r"no exercise 3; the nearest is 3\.1 \("):
        checking.find("3")
    with pytest.raises(LookupError) as caught:
        checking.find("90.3")
    assert len(caught.value._render_traceback_()) == 1  # in a notebook it is one line, too
    with pytest.raises(LookupError, match='in quotes: "90.1"'):
        check(90.1, softmax)


# Borrowing


def rename(f):
    f.__module__ = "minichar.sampling"
    return f


BORROWINGS = {
    "handed in": lambda: reference("90.1"),
    "in a partial": lambda: functools.partial(reference("90.1")),
    "typed anew once it was lent": lambda: reference("90.1") and softmax,
    "called": lambda: lambda z: checking.find("90.1").answer(z),
    "lent while being checked": lambda: lambda z: reference("90.1")(z),
    "the package's": lambda: rename(lambda z: softmax(z)),
    "the package's in a partial": lambda: functools.partial(rename(lambda z: softmax(z))),
}


@pytest.mark.parametrize("how", BORROWINGS)
def test_borrowed(mini, capsys, how):
    answer, profile = BORROWINGS[how](), sys.getprofile()
    assert check("90.1", answer) is answer and sys.getprofile() is profile
    assert capsys.readouterr().out == "Exercise 90.1: borrowed.\n"
    assert checking.verdicts["90.1"] == "borrowed"


def test_lending_one_leaves_the_others_right_and_wrong_stays_wrong(mini):
    own = reference("90.2")
    check("90.1", softmax)
    assert checking.verdicts["90.1"] == "right"
    with pytest.raises(Wrong):
        check("90.2", lambda z, target: -own(z, target))


def test_code_typed_like_the_answer_is_the_learners_own(mini):
    """Equal code objects are not the same one."""
    namespace = {}
    exec(mini_course.SETUP.split("@exercise")[0], namespace)  # the answer again, at the same line
    assert namespace["softmax_"].__code__ == checking.find("90.1").answer.__code__
    check("90.1", namespace["softmax_"])
    assert checking.verdicts["90.1"] == "right"


def test_functions_named_as_doing_the_same_count_too():
    def twice(x):
        return 2 * x

    class Doubled:
        def __init__(self, x):
            self.value = x + x

    kit = {"answer": lambda x: x + x, "hints": [("?", "!")]}
    with mini_course.known():

        @exercise("90.3", "twice", **kit, wrong=dict.fromkeys("abc", abs), also=[twice, Doubled])
        def _(f):
            same("twice", call(f, 3), 6)

        for borrower in (lambda x: twice(x), lambda x: Doubled(x).value):
            check("90.3", borrower)
            assert checking.verdicts["90.3"] == "borrowed"
        check("90.3", lambda x: x * 2)
        assert checking.verdicts["90.3"] == "right"


# Registering


@pytest.mark.parametrize(
    "changed, says",
    [
        ({"number": "1"}, "form"),
        ({"hints": []}, "one to three hints"),
        ({"hints": [("a", "b")] * 4}, "one to three hints"),
        ({"wrong": {"a": abs, "b": abs}}, "three or more wrong"),
    ],
)
def test_an_exercise_is_complete(changed, says):
    kit = {"number": "90.4", "title": "t", "answer": abs, "hints": [("a", "b")]}
    kit |= {"wrong": dict.fromkeys("abc", abs)} | changed
    with pytest.raises(ValueError, match=says):
        exercise(kit.pop("number"), kit.pop("title"), **kit)


def test_a_number_is_registered_once(mini):
    kit = {"answer": abs, "hints": [("a", "b")], "wrong": dict.fromkeys("abc", abs)}
    with pytest.raises(ValueError, match="registered already"):
        exercise("90.1", "again", **kit)(lambda f: None)


def test_a_notebook_cannot_come_first_with_an_exercise_of_its_own(monkeypatch):
    """Even before the lesson's exercises have been imported."""
    first, loaded = checking.find("0.1"), []

    def load(lesson):
        loaded.append(lesson)
        checking._registered["90.5"] = first  # as importing lesson_90 would

    monkeypatch.setattr(checking.exercises, "load", load)
    with mini_course.known():
        kit = {"answer": abs, "hints": [("a", "b")], "wrong": dict.fromkeys("abc", abs)}
        with pytest.raises(ValueError, match="registered already, in minichar"):
            exercise("90.5", "own", **kit)(lambda f: None)
    assert 90 in loaded
