"""Exercise 0.1: `pairs(text)`, each character of a text with the one after it."""

from itertools import zip_longest

from minichar.course.checking import Wrong, call, exercise, same


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
        "the zip itself, not a list of what it hands out": lambda text: zip(
            text, text[1:], strict=False
        ),
        "every pair once": lambda text: sorted(set(pairs(text))),
        "a pair for the last character, too": lambda text: list(zip_longest(text, text[1:])),
        "the place of the first such character": lambda text: [
            (c, text[text.index(c) + 1]) for c in text[:-1]
        ],
        "small letters only": lambda text: pairs(text.lower()),
        "every second pair": lambda text: pairs(text)[::2],
        "the answer for hello": lambda text: [("h", "e"), ("e", "l"), ("l", "l"), ("l", "o")],
    },
)
def _(f):
    for text in ("hello", "banana", "Ab", "a", "\n é😀\n"):
        name, got = f"pairs({text!r})", call(f, text)
        if isinstance(got, (list, tuple)) and len(got) == len(text):
            raise Wrong(f"{name} has a pair for the last character, which nothing follows")
        same(name, got, pairs(text))
