"""Exercise 12.4: `edit_distance(a, b)`, the fewest letters to change, by a table."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.novelty import distance, distances


def _table(cost=lambda x, y: x != y, edges=True, reach=(1, 1), step=1, other=1):
    """`reach`: how far from the first row the loops begin, and beyond the last letter they end."""

    def wrong(a, b):
        D = np.zeros((len(a) + 1, len(b) + 1), int)
        if edges:
            D[:, 0], D[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
        for i in range(reach[0], len(a) + reach[1]):
            for j in range(reach[0], len(b) + reach[1]):
                exchanged = D[i - 1, j - 1] + cost(a[i - 1], b[j - 1])
                D[i, j] = min(D[i - 1, j] + step, D[i, j - 1] + other, exchanged)
        return D[-1, -1]

    return wrong


def _forgets(a, b):
    """`D[i-1, j-1] + 1 if … else 0`: where the letters are equal, the number above left is lost."""
    D = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + 1 if a[i - 1] != b[j - 1] else 0
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
    return D[-1, -1]


def _letters_one_off(a, b):
    D = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + (a[i % len(a)] != b[j % len(b)])
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
    return D[-1, -1]


def _swaps(a, b):
    """Two neighbours exchanged count as one: Damerau's distance."""
    D = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                D[i, j] = min(D[i, j], D[i - 2, j - 2] + 1)
    return D[-1, -1]


def _hamming(a, b):
    return sum(x != y for x, y in zip(a, b, strict=False)) + abs(len(a) - len(b))


@exercise(
    "12.4",
    "edit distance",
    answer=distance,
    also=(distances,),
    hints=[
        (
            "Where do the three ways come from?",
            "From above, D[i-1, j]: a letter of a is taken out. From the left, D[i, j-1]: one is "
            "put in. From above left, D[i-1, j-1]: the two last letters are matched.",
        ),
        (
            "What does each cost?",
            "Taking out and putting in cost 1. Matching the last letters costs 1 when they differ "
            "and nothing when they are equal: `a[i-1] != b[j-1]` is just that, as a number.",
        ),
        (
            "Why a[i-1] and not a[i]?",
            "D has one row more than a has letters: row i is about the first i letters of a, and the "
            "last of these is a[i-1].",
        ),
    ],
    wrong={
        "no exchange: out and in again": _table(cost=lambda x, y: 2 * (x != y)),
        "equal letters cost, too": _table(cost=lambda x, y: 1),
        "equal letters cost, others do not": _table(cost=lambda x, y: x == y),
        "the edges left at zero": _table(edges=False),
        "the edges written over": _table(reach=(0, 1)),
        "the last row and column not filled": _table(reach=(1, 0)),
        "0 for equal letters, not the number above left": _forgets,
        "a[i] in place of a[i-1]": _letters_one_off,
        "compared place by place, without a table": _hamming,
        "no way from the left, D[i, j-1]": _table(other=99),
        "no way from above, D[i-1, j]": _table(step=99),
        "from above left alone, D[i-1, j-1]": _table(step=99, other=99),
        "exchanging is free": _table(cost=lambda x, y: 0),
        "taking out is free": _table(step=0),
        "putting in is free": _table(other=0),
        "the last letter of `a` left out": lambda a, b: distance(a[:-1], b),
        "two neighbours exchanged count as one change": _swaps,
        "letters in common": lambda a, b: max(len(a), len(b)) - len(set(a) & set(b)),
    },
)
def _(f):
    pairs = [
        ("ida", "ida"),
        ("lindy", "randee"),
        ("marian", "maria"),
        ("anna", "hanna"),
        ("mary", "gary"),
        ("kitten", "sitting"),
        ("anna", "nnaa"),
        ("ab", "ba"),
        ("", "ida"),
        ("ida", ""),
        ("", ""),
        ("saturday", "sunday"),
    ]
    rng = np.random.default_rng(0)
    for _ in range(12):
        pairs.append(tuple("".join(rng.choice(list("abc"), rng.integers(1, 8))) for _ in "ab"))
    for a, b in pairs:
        same(f"edit_distance({a!r}, {b!r})", call(f, a, b), distance(a, b))
