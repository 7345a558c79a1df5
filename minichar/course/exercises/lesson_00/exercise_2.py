"""Exercise 0.2: `encode(text, characters)`, the number of each character of a text."""

from minichar.course.checking import call, exercise, same


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
        "places among the text's own characters": lambda text, characters: [
            sorted(set(text)).index(c) for c in text
        ],
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
