"""Exercise 0.3: `one_hot(i, V)`, zeros with a single 1 at place i."""

import numpy as np

from minichar.course.checking import call, exercise, same


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
        ("Which one becomes 1?", "The one at place i, and places are counted from 0: `x[i] = 1`."),
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
