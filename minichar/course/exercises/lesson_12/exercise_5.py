"""Exercise 12.5: `longest_shared(text, training)`, the longest run that stands in both."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.novelty import longest_run, shared


def _subsequence(text, training):
    """Letters in the same order, with gaps."""
    best = [[""] * (len(training) + 1) for _ in range(len(text) + 1)]
    for i, x in enumerate(text):
        for j, y in enumerate(training):
            left, above = best[i + 1][j], best[i][j + 1]
            best[i + 1][j + 1] = best[i][j] + x if x == y else max(above, left, key=len)
    return best[-1][-1]


def _prefix(text, training):
    n = 0
    while n < len(text) and text[: n + 1] in training:
        n += 1
    return text[:n]


def _longest(pieces):
    return max(pieces, key=len, default="")


class _Asked(str):
    """A training text that stops who asks without end: a slice beyond the end only gets shorter."""

    times = 0

    def __contains__(self, piece):
        self.times += 1
        if self.times > 10_000:
            raise RuntimeError("it asks whether a piece occurs, and never stops")
        return str.__contains__(self, piece)


@exercise(
    "12.5",
    "the longest shared run",
    answer=longest_run,
    also=(shared,),
    hints=[
        (
            "Which pieces are worth asking about?",
            "For each start, only those longer than the best so far: begin with a length of "
            "len(best) + 1, and go on while the piece occurs.",
        ),
        (
            "Why does it never end?",
            "A slice that goes beyond the end of the text is just shorter, so it may occur for "
            "ever: ask for `start + n <= len(text)`, too.",
        ),
    ],
    wrong={
        "a run of one character left out": lambda text, training: (
            run if len(run := longest_run(text, training)) > 1 else ""
        ),
        "letters with gaps between them": _subsequence,
        "only runs from the first character on": _prefix,
        "only as many starts as `training` has characters": lambda text, training: _longest(
            [_prefix(text[a:], training) for a in range(min(len(text), len(training)))]
        ),
        "the last character left out": lambda text, training: longest_run(text[:-1], training),
        "how long, not which": lambda text, training: len(longest_run(text, training)),
        "whole words only": lambda text, training: _longest(
            [word for word in text.split(" ") if word in training]
        ),
        "at the same place in both": lambda text, training: _longest(
            [
                text[a:b]
                for a in range(len(text))
                for b in range(a + 1, len(text) + 1)
                if training[a:b] == text[a:b]
            ]
        ),
        "the last of the longest": lambda text, training: _longest(
            [
                text[a:b]
                for a in range(len(text) - 1, -1, -1)
                for b in range(a + 1, len(text) + 1)
                if text[a:b] in training
            ]
        ),
        "the last run, not the longest": lambda text, training: next(
            (
                _prefix(text[a:], training)
                for a in reversed(range(len(text)))
                if text[a] in training
            ),
            "",
        ),
        "the first run, not the longest": lambda text, training: next(
            (_prefix(text[a:], training) for a in range(len(text)) if text[a] in training),
            "",
        ),
    },
)
def _(f):
    cases = [
        ("same", "same"),
        ("!no bees", "bees say no"),
        ("to be a bee", "or not to be"),
        ("the cat sat", "a cat sat there"),
        ("abcabcd", "xabcdabc"),
        ("aaaa", "aa"),
        ("abba", "abab"),
        ("xyz", "abc"),
        ("", "abc"),
        ("noah and eve", "eve"),
        ("qab rcd", "cdxab"),
        ("xay", "qa"),
    ]
    rng = np.random.default_rng(0)
    for _ in range(6):
        cases.append(tuple("".join(rng.choice(list("ab "), n)) for n in (12, 30)))
    for text, training in cases:
        want = longest_run(text, training)
        same(f"longest_shared({text!r}, {training!r})", call(f, text, _Asked(training)), want)
