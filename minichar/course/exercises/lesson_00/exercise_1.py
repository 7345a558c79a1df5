"""Exercise 0.1: `pairs(text)`, each character of a text with the one after it."""

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
