"""The exercises of lesson 00: pairs of characters, numbers for them, one-hot rows, and slopes."""

import numpy as np

from minichar.course.checking import call, exercise, same


def pairs(text):
    return list(zip(text, text[1:], strict=False))


@exercise(
    "0.1",
    "what follows what",
    answer=pairs,
    hints=[
        (
            "Which text, shifted how?",
            "`text[1:]` is the text without its first character; put it beside text.",
        ),
        (
            "How do I walk through two texts at once?",
            "`zip(a, b)` pairs the first of each, then the second…",
        ),
        (
            "Why a list?",
            "`zip` hands out its pairs once and is then empty; `list(zip(a, b))` keeps them.",
        ),
    ],
    wrong={
        "the pairs turned round": lambda text: list(zip(text[1:], text, strict=False)),
        "every pair once": lambda text: sorted(set(pairs(text))),
        "the last character with the first": lambda text: list(
            zip(text, text[1:] + text[:1], strict=True)
        ),
        "every second pair": lambda text: pairs(text)[::2],
        "the answer for hello": lambda text: [("h", "e"), ("e", "l"), ("l", "l"), ("l", "o")],
    },
)
def _(f):
    for text in ("hello", "banana", "ab", "a", "\n é😀\n"):
        same(f"pairs({text!r})", call(f, text), pairs(text))


def encode(text, characters):
    return [characters.index(c) for c in text]


@exercise(
    "0.2",
    "characters as numbers",
    answer=encode,
    hints=[
        (
            "How do I find a character's place?",
            '`characters.index(c)` is its place: `"helo".index("l")` is 2.',
        ),
        (
            "One character works; and the rest?",
            "Go through text with a list comprehension: `[… for c in text]`.",
        ),
    ],
    wrong={
        "counting from one": lambda text, characters: [characters.index(c) + 1 for c in text],
        "its own alphabet": lambda text, characters: [sorted(set(text)).index(c) for c in text],
        "the code point": lambda text, characters: [ord(c) for c in text],
        "the place in the text": lambda text, characters: [text.index(c) for c in text],
    },
)
def _(f):
    for text, characters in (
        ("hello", "helo"),
        ("ole", "ehlo"),
        ("😀é\n", "\néz😀"),
        ("ll", "helo"),
    ):
        same(
            f"encode({text!r}, {characters!r})", call(f, text, characters), encode(text, characters)
        )


def one_hot(i, V):
    x = np.zeros(V)
    x[i] = 1
    return x


@exercise(
    "0.3",
    "one-hot",
    answer=one_hot,
    hints=[
        ("Where do I start?", "`np.zeros(V)` is an array of V zeros; then one of them becomes 1."),
        ("Which one becomes 1?", "The one at place i, and places count from 0: `x[i] = 1`."),
    ],
    wrong={
        "counting from one": lambda i, V: np.eye(V)[i - 1],
        "a column": lambda i, V: np.eye(V)[:, [i]],
        "the number itself": lambda i, V: i * np.eye(V)[i],
        "one longer": lambda i, V: np.eye(V + 1)[i],
    },
)
def _(f):
    for i, V in ((2, 4), (0, 4), (3, 4), (26, 27), (0, 1)):
        same(f"one_hot({i}, {V})", call(f, i, V), one_hot(i, V))


def slope(f, x, e=1e-5):
    return (f(x + e) - f(x - e)) / (2 * e)


@exercise(
    "0.4",
    "a slope by two evaluations",
    answer=slope,
    hints=[
        ("What is a slope?", "How much f grows, divided by how far x moved: rise over run."),
        (
            "From where to where?",
            "From `x - d` to `x + d`. The rise is `f(x + d) - f(x - d)`; how long is the way? And are there brackets round it?",
        ),
        (
            "Why not from x to x + d?",
            "It works, with an error that grows with d; both sides cancel most of it.",
        ),
    ],
    wrong={
        "one side only": lambda f, x, e=1e-5: (f(x + e) - f(x)) / e,
        "the run is not 2 e": lambda f, x, e=1e-5: (f(x + e) - f(x - e)) / e,
        "the sign": lambda f, x, e=1e-5: (f(x - e) - f(x + e)) / (2 * e),
        "e is forgotten": lambda f, x, e=1e-5: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
        "the slope of a square": lambda f, x, e=1e-5: 2.0 * x,
    },
)
def _(f):
    # With a step as large as 0.5 the formula itself is told apart from its neighbours.
    for name, g in (("x ** 2", lambda x: x**2), ("x ** 3", lambda x: x**3), ("exp(x)", np.exp)):
        for x, e in ((-1.0, 0.5), (3.0, 1e-5), (0.5, 0.25)):
            same(
                f"the slope of {name} at {x} with d = {e}",
                call(f, g, x, e),
                slope(g, x, e),
                tol=1e-6,
            )
    same("the slope of x ** 3 at 2 with d left out", call(f, lambda x: x**3, 2.0), 12.0, tol=1e-6)
