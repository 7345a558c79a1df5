"""Exercise 12.1: `eighths(bar)`, how long the notes of a bar last together."""

import re
from itertools import pairwise

import numpy as np

from minichar.course.checking import call, exercise, same


def eighths(bar):
    total = 0
    for c, after in pairwise(bar + " "):
        if c.isalpha():
            total += int(after) if after.isdigit() else 1
    return total


@exercise(
    "12.1",
    "how long a bar is",
    answer=eighths,
    hints=[
        (
            "Which characters count?",
            "Only the letters: each is a note, and `c.isalpha()` is true of them. A digit says how "
            "long the letter before it is; a space says nothing.",
        ),
        (
            "How do I see the next character?",
            "`zip(bar, bar[1:] + ' ')` gives each character with the one after it; the space "
            "stands in for what comes after the last.",
        ),
        (
            "And a letter without a number?",
            "It is one eighth: `int(after) if after.isdigit() else 1`.",
        ),
    ],
    wrong={
        "the letters counted, without their lengths": lambda bar: sum(c.isalpha() for c in bar),
        "only the digits added up": lambda bar: sum(int(c) for c in bar if c.isdigit()),
        "1 added to each length": lambda bar: sum(
            int(c) if c.isdigit() else c.isalpha() for c in bar
        ),
        "every character": lambda bar: len(bar),
        "a letter at the very end forgotten": lambda bar: sum(
            int(after) if after.isdigit() else 1 for c, after in pairwise(bar) if c.isalpha()
        ),
        "only the last note": lambda bar: eighths("".join(re.findall(r"[A-Za-z]\d?", bar)[-1:])),
        "small letters only": lambda bar: eighths("".join(c for c in bar if not c.isupper())),
        "the number of the note before": lambda bar: sum(
            int(before) if before.isdigit() else 1
            for before, c in pairwise(" " + bar)
            if c.isalpha()
        ),
        "the first five notes": lambda bar: sum(
            int(length or 1) for _, length in re.findall(r"([A-Za-z])(\d?)", bar)[:5]
        ),
    },
)
def _(f):
    bars = [
        "c2 G3De A4",
        "d2 ef g2 B2",
        "C8",
        "DEFG",
        "",
        "e3 d3",
        "A2BcB2",
        " d4 e4 ",
        "g",
        "G6",
        "C3E d3f",
        "DEFG ABcd",
        "efe d2e",
    ]
    rng = np.random.default_rng(0)
    for _ in range(6):
        notes = rng.choice(list("CDEFGABcdefgab"), 5)
        bars.append(" ".join(c + rng.choice(["", "2", "3", "4", "1"]) for c in notes))
    for bar in bars:
        same(f"eighths({bar!r})", call(f, bar), eighths(bar))
