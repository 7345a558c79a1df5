"""New or memorised: edit distances and shared runs, against slow references."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.grammars import generate
from minichar.novelty import (
    covering,
    distance,
    distances,
    longest_run,
    nearest,
    shared,
)

few = st.text("abc", max_size=7)


def slow_distance(a, b):
    """By its definition, from the end of both."""

    @functools.cache
    def apart(i, j):
        if not i or not j:
            return i + j
        exchanged = apart(i - 1, j - 1) + (a[i - 1] != b[j - 1])
        return min(apart(i - 1, j) + 1, apart(i, j - 1) + 1, exchanged)

    return apart(len(a), len(b))


def slow_shared(text, training):
    """At each place, longer and longer, until it is not there."""
    found = []
    for t in range(len(text)):
        n = 0
        while t + n < len(text) and text[t : t + n + 1] in training:
            n += 1
        found.append(n)
    return found


@given(few, st.lists(few, min_size=1, max_size=6))
def test_edit_distances_are_those_of_the_definition(text, others):
    wanted = [slow_distance(text, other) for other in others]
    assert distances(text, others).tolist() == wanted
    assert [distance(other, text) for other in others] == wanted
    name, away = nearest(text, others)
    assert away == min(wanted) and name == others[wanted.index(away)]


@given(few, few, few)
def test_a_way_round_is_never_shorter(a, b, c):
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
    assert (distance(a, b) == 0) == (a == b)


def test_edit_distances_by_hand():
    assert distance("kitten", "sitting") == 3
    assert distance("anna", "nnaa") == 2  # one out in front, one in at the end; no letter in place
    assert distances("", ["", "ab"]).tolist() == [0, 2]
    assert distances("ab", []).tolist() == []
    assert distance("\0", "") == 1 and distance("na\u00efve\U0001f600", "naive") == 2
    with pytest.raises(ValueError, match="nothing to compare with"):
        nearest("a", [])


@given(st.text("ab", max_size=30), st.text("ab", max_size=60))
def test_shared_runs_are_those_of_a_slow_search(text, training):
    assert shared(text, training).tolist() == slow_shared(text, training)


@given(st.text(max_size=12), st.text(max_size=12))
def test_shared_runs_of_any_characters(text, training):
    assert shared(text, training + text[:5]).tolist() == slow_shared(text, training + text[:5])


def test_shared_runs_of_longer_texts():
    training = generate("tags", 3000, seed=1)
    text = generate("tags", 700, seed=2) + training[100:400]
    found = shared(text, training)
    assert found.tolist() == slow_shared(text, training)
    assert found[-300] >= 300 and longest_run(text, training) == text[-300:]
    assert (np.diff(found) >= -1).all()  # one on, the run goes on, at the least


def test_a_run_of_nothing_but_itself():
    """The worst case for comparing character by character: half a million equal characters."""
    found = shared("a" * 1000, "a" * 500_000)
    assert found.tolist() == list(range(1000, 0, -1))
    assert shared("a" * 500_000, "a" * 1000).max() == 1000


@given(st.text("ab", min_size=1, max_size=30), st.text("ab", max_size=60))
def test_covering_is_the_longest_run_around_a_place(text, training):
    lengths = shared(text, training)
    wanted = [
        max([int(lengths[s]) for s in range(t + 1) if s + lengths[s] > t], default=0)
        for t in range(len(text))
    ]
    assert covering(lengths).tolist() == wanted


def test_nothing_shared():
    assert shared("", "abc").tolist() == [] and shared("abc", "").tolist() == [0, 0, 0]
    assert shared("b\0", "b").tolist() == [1, 0]  # where the training text ends is no character
    assert longest_run("abc", "xyz") == longest_run("", "abc") == ""
