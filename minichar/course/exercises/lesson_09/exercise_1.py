"""Exercise 9.1: `ratio(slow, fast)`, how many times as long one takes, measured in turns."""

import numpy as np

from minichar.course.checking import call, exercise, same


def ratio(slow, fast):
    return np.median(np.array(slow[1:]) / np.array(fast[1:]))


ROUNDS = [
    ([29.0, 26.0, 15.0, 4.0, 29.0], [4.0, 1.0, 8.0, 4.0, 1.0]),  # another result for each mistake
    ([5.0, 3.0, 8.0, 2.0, 6.0], [50.0, 2.0, 1.0, 4.0, 3.0]),
    ([9.0, 6.0], [1.0, 4.0]),  # one round is left
    ([2.0, 1.0, 1.0, 9.0, 1.5, 1.25], [4.0, 0.5, 0.25, 1.0, 1.0, 1.0]),
]


@exercise(
    "9.1",
    "a fair comparison",
    answer=ratio,
    hints=[
        (
            "Which times belong together?",
            "Those of one round: `slow[1]` and `fast[1]` met the same machine. One ratio for each round.",
        ),
        ("How do I leave out the first?", "`slow[1:]` is the list without it."),
        (
            "How are two lists divided?",
            "`np.array(slow[1:]) / np.array(fast[1:])` divides place by place; `np.median` takes the "
            "middle.",
        ),
    ],
    wrong={
        "the warm-up counted": lambda slow, fast: np.median(np.array(slow) / np.array(fast)),
        "fast divided by slow": lambda slow, fast: ratio(fast, slow),
        "the ratio of the medians": lambda slow, fast: np.median(slow[1:]) / np.median(fast[1:]),
        "the mean of the ratios": lambda slow, fast: np.mean(
            np.array(slow[1:]) / np.array(fast[1:])
        ),
        "the ratio of the sums": lambda slow, fast: sum(slow[1:]) / sum(fast[1:]),
        "the largest ratio, not the median": lambda slow, fast: max(
            np.array(slow[1:]) / np.array(fast[1:])
        ),
        "the ratio of the shortest times": lambda slow, fast: min(slow[1:]) / min(fast[1:]),
        "all the ratios, not their median": lambda slow, fast: (
            np.array(slow[1:]) / np.array(fast[1:])
        ),
        "the last round left out": lambda slow, fast: np.median(
            np.array(slow[:-1]) / np.array(fast[:-1])
        ),
        "the upper of the two in the middle": lambda slow, fast: sorted(
            np.array(slow[1:]) / np.array(fast[1:])
        )[len(slow[1:]) // 2],
    },
)
def _(f):
    for slow, fast in ROUNDS:
        same(f"ratio({slow}, {fast})", call(f, slow, fast), ratio(slow, fast))
