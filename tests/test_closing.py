"""What closes what: by hand, against a slow reference, and on texts whose nesting is known."""

import bisect
import io
import itertools
import keyword
import shlex
import textwrap
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stepping import some_model

import minichar as mc
from minichar.closing import CLOSERS, PIECES, Closings, closings, pairs
from minichar.grammars import generate


def slow_pairs(text):
    """Brackets that match, character by character."""
    found, waiting = [], []
    for t, c in enumerate(text):
        if c in "([{":
            waiting.append(t)
        elif c in ")]}":
            if waiting and CLOSERS[text[waiting[-1]]] == c:
                found.append((waiting.pop(), t))
            else:
                waiting = []
    return found


@given(st.text("ab([{}])", max_size=40))
def test_brackets_are_those_of_a_slow_walk(text):
    assert pairs(text, "brackets") == slow_pairs(text)


def test_all_that_a_grammar_opens_is_found_closed():
    text = generate("brackets", 5000)
    found = pairs(text, "brackets")
    assert len(found) == sum(text.count(mark) for mark in ")]}")
    assert [closed for _, closed in found] == sorted({closed for _, closed in found})
    for opened, closed in found:
        assert opened < closed and CLOSERS[text[opened]] == text[closed]


def marked(text, kind):
    return [(text[a:b], text[b]) for a, b in pairs(text, kind)]


def test_pythons_strings_and_comments_are_passed_over():
    text = "f('(', [\"a\\\")\"])  # it's (\nx = '''\n(\"''' + r\"{\" or {1}\n"
    assert marked(text, "python brackets") == [
        ('["a\\")"', "]"),
        ('f(\'(\', ["a\\")"]'[1:], ")"),
        ("{1", "}"),
    ]
    assert pairs("it's (\n('')", "python brackets") == [(7, 10)]
    assert pairs("'a\\' (\n())", "python brackets") == [(7, 8)]  # it goes on to its line's end
    assert pairs("''' ''( \n)'''()", "python brackets") == [(13, 14)]
    assert pairs("''' '' ()", "python brackets") == []
    with pytest.raises(ValueError, match="it must be one of brackets, python brackets"):
        pairs("()", "braces")


@given(st.text("'\"`\\#<>/a \n([)", max_size=60), st.sampled_from(list(PIECES)))
def test_any_text_can_be_read(text, kind):
    for opened, closed in pairs(text, kind):
        assert 0 <= opened < closed < len(text)


def test_closings_of_a_counting_model_by_hand():
    """Trained on (a) and [b], asked for the end of (b and [b: it knows only the letter before."""
    model = mc.NGram("(a) [b] " * 50, order=1)
    found = closings(model, "(b) (a) ([b])", "brackets")
    assert found.rivals == ")]" and found.distance.tolist() == [2, 2, 2, 4]
    assert found.opened.tolist() == [0, 4, 9, 8]
    assert found.right.tolist() == [False, True, True, False]
    p = [model.probabilities(before)[model.vocab.encode(")]")] for before in "bab"]
    np.testing.assert_allclose(found.p[:3], [p[0][0], p[1][0], p[2][1]])


def test_equal_chances_are_not_a_preference():
    model = mc.NGram("()[]", order=0)
    assert closings(model, "([()])", "brackets").right.tolist() == [False] * 3


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_closings_of_a_network_are_what_its_steps_say(kind):
    model = some_model(kind, (4, 3))
    model.vocab = mc.Vocabulary("ab()[")
    text = "(a(b)[)(ab)b(a)"
    found = closings(model, text, "brackets")
    assert found.closed.tolist() == [4, 10, 14] and found.rivals == ")"
    z, state = model.step(0)  # no line end among its characters: it begins with the first
    for t, i in enumerate(model.vocab.encode(text)):
        if t in found.closed:
            p = np.exp(z) / np.exp(z).sum()
            assert found.p[found.closed.tolist().index(t)] == pytest.approx(p[3])
        z, state = model.step(i, state)


def test_nothing_closes():
    found = closings(some_model("rnn", 2), "abc", "brackets")
    assert found.p.shape == found.right.shape == (0,) and found.by_distance() == []
    assert found.distance.dtype == np.int64


def test_distances_in_powers_of_two():
    distance = np.array([1, 2, 3, 4, 7, 8, 1024])
    p = np.array([0.1, 0.2, 0.4, 0.3, 0.5, 1.0, 0.0])
    found = Closings(")", distance * 0, distance, p, p > 0.25)
    assert [b[:3] for b in found.by_distance()] == [
        (1, 1, 1),
        (2, 3, 2),
        (4, 7, 2),
        (8, 15, 1),
        (1024, 2047, 1),
    ]
    np.testing.assert_allclose([b.p for b in found.by_distance()], [0.1, 0.3, 0.4, 1, 0])
    assert [b.right for b in found.by_distance()] == [0, 0.5, 1, 1, 0]


def tokens(source):
    """Python's own tokens outside f-strings: kind, text and place."""
    starts, inside = [0, *itertools.accumulate(map(len, source.splitlines(keepends=True)))], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        inside += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if not inside:
            line, column = token.start
            yield kind, token.string, starts[line - 1] + column


@pytest.mark.parametrize("module", [bisect, keyword, shlex, textwrap])
def test_pythons_source_is_read_as_python_reads_it(module):
    source = Path(module.__file__).read_text("utf-8")
    brackets, waiting = [], []
    for kind, text, start in tokens(source):
        if kind == "OP" and text in "([{":
            waiting.append(start)
        elif kind == "OP" and text in ")]}":
            brackets.append((waiting.pop(), start))
    assert len(brackets) > 4 and pairs(source, "python brackets") == brackets
