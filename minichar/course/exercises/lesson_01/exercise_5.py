"""Exercise 1.5: `memoryless_loss(text)`, the lowest mean loss that is possible without memory."""

from collections import Counter

import numpy as np

from minichar.course.checking import call, exercise, same


def memoryless_loss(text):
    seen = Counter(text[:-1])
    pairs = Counter(zip(text, text[1:], strict=False))
    return sum(n * np.log(seen[c] / n) for (c, _), n in pairs.items()) / (len(text) - 1)


@exercise(
    "1.5",
    "the best without memory",
    answer=memoryless_loss,
    hints=[
        (
            "What is the best guess after one letter?",
            "The share of each of its followers: after l in hello, half l, half o.",
        ),
        (
            "The mean of what?",
            "Each of the `len(text) - 1` predictions costs `-np.log(share)`, with the share of what really came; add them up and divide by how many there are.",
        ),
        (
            "How do I count?",
            "`Counter(zip(text, text[1:]))` counts pairs; `Counter(text[:-1])` how often each was read.",
        ),
    ],
    wrong={
        "divided by len(text), one too many": lambda text: (
            memoryless_loss(text) * (len(text) - 1) / len(text)
        ),
        "in bits": lambda text: memoryless_loss(text) / np.log(2),
        "the sum, not the mean": lambda text: memoryless_loss(text) * (len(text) - 1),
        "no look at the letter at all": lambda text: (
            -sum(n * np.log(n / (len(text) - 1)) for n in Counter(text[1:]).values())
            / (len(text) - 1)
        ),
        "the last letter counted as read": lambda text: (
            -sum(
                n * np.log(n / Counter(text)[c])
                for (c, _), n in Counter(zip(text, text[1:], strict=False)).items()
            )
            / (len(text) - 1)
        ),
        "each pair once, however often it comes": lambda text: (
            -sum(
                np.log(n / Counter(text[:-1])[c])
                for (c, _), n in Counter(zip(text, text[1:], strict=False)).items()
            )
            / (len(text) - 1)
        ),
        "the shares of the pairs among all pairs": lambda text: (
            -sum(
                n * np.log(n / (len(text) - 1))
                for n in Counter(zip(text, text[1:], strict=False)).values()
            )
            / (len(text) - 1)
        ),
        "text.count, which misses pairs that overlap": lambda text: (
            -sum(
                np.log(text.count(c + d) / text[:-1].count(c))
                for c, d in zip(text, text[1:], strict=False)
            )
            / (len(text) - 1)
        ),
        "the number for hello": lambda text: np.log(2) / 2,
    },
)
def _(f):
    for text in ("hello", "banana", "abracadabra", "aaab", "abab", "mississippi"):
        same(f"memoryless_loss({text!r})", call(f, text), memoryless_loss(text))
