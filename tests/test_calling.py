"""Learners' functions get copies, and one that changes its input is told so."""

import cProfile
import json
import signal
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minichar as mc
from minichar.course import calling
from minichar.course.calling import call, call_on, for_case
from minichar.course.comparing import NotDone, Wrong


@pytest.mark.parametrize(
    "value, change",
    [
        (np.arange(3.0), lambda v: v.__iadd__(1)),
        (np.array([0.0, -0.0]), lambda v: np.abs(v, out=v)),
        (np.arange(4.0), lambda v: v.resize((2, 2), refcheck=False)),
        ([1, 2], lambda v: v.append(3)),
        ([[1], 2], lambda v: v.__setitem__(0, (1,))),
        ([np.zeros(2)], lambda v: v[0].fill(1)),
        ({"W": np.zeros(2), "b": 0}, lambda v: v["W"].fill(1)),
        ({"a": 1}, lambda v: v.update(b=2)),
        ({"a": 1}, lambda v: v.update(a="1")),
        ({"a": 1, "b": 2}, lambda v: v.update(a=v.pop("a"))),  # in another order
        ({1, 2}, lambda v: v.add(3)),
    ],
)
def test_a_changed_input_is_named_and_the_original_kept(value, change):
    before = repr(value)

    def f(first, given):
        change(given)
        return first

    with pytest.raises(Wrong, match="changed its input `given` in place"):
        call(f, 0, value)
    with pytest.raises(Wrong, match="changed its input `given` in place"):
        call(f, 0, given=value)
    assert call(f, 0, value, changes=["given"]) == 0
    assert call(f, 0, value, changes=[1]) == 0
    (_, after) = call_on(f, 0, value)[1]
    assert repr(after) != before and repr(value) == before


def test_whoever_scales_gradients_in_place_is_not_sent_to_the_copy_of_a_dictionary():
    def halve(dW):
        dW = dW.copy()
        dW["W"] *= 0.5
        return dW

    with pytest.raises(Wrong, match="`dW` in place: make new arrays, in a new dictionary where"):
        call(halve, {"W": np.ones(2)})
    for kind in (list, tuple):
        with pytest.raises(Wrong, match="`parts` in place: make new arrays, in a new dictionary"):
            call(lambda parts: halve(parts[0]), kind([{"W": np.ones(2)}]))
    with pytest.raises(Wrong, match=r"`counts` in place: look a key up with `\.get\(\.\.\.\)`"):
        call(lambda counts: counts[0].setdefault("b", 0), [{"a": 1}])
    with pytest.raises(Wrong, match="`argument 2` in place: work on a copy"):
        call(lambda *both: both[1].fill(1), 0, np.zeros(2))


def test_an_index_that_is_none_is_an_error_and_no_hole():
    with pytest.raises(Wrong, match="IndexError: only integers"):
        call(lambda rows: rows["a"], np.eye(2))
    for text in ("i.,ij->j", "i,i->i"):
        with pytest.raises(Wrong, match="ValueError: .*einstein sum"):
            call(lambda rows, text=text: np.einsum(text, rows[0], rows), np.eye(2))
    with pytest.raises(NotDone, match="still a `...` to replace"):
        call(lambda rows: rows + ..., np.eye(2))
    with pytest.raises(NotDone, match="still a `...` to replace"):
        call(lambda numbers: numbers[...], {"a": 1})  # KeyError: Ellipsis


def test_where_a_library_stops_the_line_of_the_learner_is_named():
    for f, handed in (
        (lambda text: json.loads(text)["a"], "{"),
        (lambda vocab: vocab.encode("c"), mc.Vocabulary.of("ab")),
    ):
        with pytest.raises(Wrong, match=r"\(line \d+: `\(lambda "):
            call(f, handed)


def test_a_long_error_is_cut_and_one_without_a_source_is_told_too():
    typed = {}
    exec("def f(x):\n    raise ValueError('one\\n  two' + x)", typed)
    with pytest.raises(Wrong) as caught:
        call(typed["f"], "!" * 1000)
    assert str(caught.value) == "it stopped with ValueError: one two" + "!" * 181


def test_it_is_said_for_which_case_it_stops():
    with pytest.raises(Wrong, match="^for 0 it stopped with ZeroDivisionError") as caught:
        with for_case("0"):
            call(lambda x: 1 / x, 0)
    assert caught.value.crashed
    with pytest.raises(NotDone, match="^it returns nothing"), for_case("0"):
        call(lambda x: None, 0)


def test_equal_sets_are_the_same_whatever_their_history():
    long = set(range(1000))
    long -= long - {64, 1}  # lists its members in another order than {64, 1}
    assert call(lambda s: 1, long) == 1


def test_using_a_generator_up_changes_nothing():
    rng = np.random.default_rng(0)
    first = call(lambda r: r.random(), rng)
    assert first == call(lambda r: r.random(), rng) == np.random.default_rng(0).random()


def test_an_opaque_argument_is_passed_on_as_it_is():
    model = object()
    assert call(lambda m: m, model) is model
    assert call(max, [1, 2]) == 2  # nor need the function tell how its arguments are called


@given(hnp.arrays(np.float64, st.integers(0, 5)))
def test_reading_an_input_is_not_changing_it(array):
    call(lambda a: a + 1, array)
    call(lambda rows: len(rows), [array, float("nan")])
    call(lambda W: len(W), {"W": array, "b": {1, 2}})


@pytest.mark.parametrize("f", [lambda v: None, lambda v: ..., lambda v: v.sort()])
def test_a_function_that_neither_changes_nor_returns_anything_is_not_done(f):
    for run in (call_on, call, lambda f, v: call(f, v, changes=[0])):
        with pytest.raises(NotDone):
            run(f, [1, 2])


def test_a_function_that_returns_nothing_for_some_inputs_is_told_for_which():
    def some(text, k):
        if k:
            return text

    assert call(some, "abc", 1) == "abc"
    with pytest.raises(NotDone, match=r"^it returns nothing for text = 'abc', k = 0$"):
        call(some, "abc", 0)
    with pytest.raises(NotDone, match=r"^it returns nothing for text = 0\.5, k = 0$"):
        call(some, 0.5, 0)
    with pytest.raises(NotDone, match=r"^it returns nothing for k = 0$"):
        call(some, np.ones(3), 0)
    with pytest.raises(NotDone, match=r"^it returns nothing$"):
        call(some, "a" * 1000, 0)

    def hollow(k): ...  # your code here (about 1 line)

    with pytest.raises(NotDone, match=r"^it returns nothing$"):
        call(hollow, 0)
    with pytest.raises(NotDone, match=r"^it changes and returns nothing$"):
        call_on(lambda v: None, [1])


def test_a_function_that_changes_its_argument_may_return_nothing():
    assert call_on(lambda v: v.sort(), [2, 1]) == (None, ([1, 2],))
    assert call(lambda v: v.sort(), [2, 1], changes=["v"]) is None


def test_a_list_that_was_appended_to_itself_is_told_and_not_looked_into():
    def appends(values):
        values = [1.0]
        values.append((2.0, values))
        return values

    with pytest.raises(Wrong, match="a list that contains itself"):
        call(appends, 0)
    row = [1.0]
    assert call(lambda _: [row, row], 0) == [row, row]  # twice the same is no ring
    assert len(call(lambda a: [[a, a], [a, a]], np.ones(2))) == 2


def without_end(x):
    try:
        while True:
            x += 1
    except Exception:
        return x


@pytest.mark.skipif(sys.platform == "win32", reason="needs a timer of computing time: not Windows")
def test_a_loop_that_never_ends_is_ended(monkeypatch):
    monkeypatch.setattr(calling, "LONG", 0.2)
    before, profile = signal.getsignal(signal.SIGVTALRM), sys.getprofile()
    with pytest.raises(Wrong, match=r"still at work after 0\.2 seconds of computing: look for a l"):
        call(without_end, 0)
    assert signal.getsignal(signal.SIGVTALRM) == before and sys.getprofile() is profile
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert call(lambda x: sum(i * x for i in range(10)), 1) == 45
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_under_a_profiler_what_is_right_is_right():
    profiler, given = cProfile.Profile(), []
    profiler.enable()
    try:
        assert call(lambda x: x + 1, 1) == 2
    finally:
        profiler.disable()
    sys.setprofile(lambda *event: given.append(event))
    try:
        call(lambda x: x + 1, 1)
        before = len(given)
        assert call(lambda x: x + 1, 1) == 2
    finally:
        sys.setprofile(None)
    assert len(given) > before  # one of Python's own goes on


def test_in_another_thread_nothing_is_ended_and_all_else_is_the_same():
    found = []
    thread = threading.Thread(target=lambda: found.append(call(lambda x: x + 1, 1)))
    thread.start()
    thread.join()
    assert found == [2]
