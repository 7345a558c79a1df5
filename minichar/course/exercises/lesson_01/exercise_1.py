"""Exercise 1.1: `softmax(z)`, scores made into probabilities, also where exp alone overflows."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_01.shared import SCORES
from minichar.rnn100 import softmax


@exercise(
    "1.1",
    "softmax",
    answer=softmax,
    hints=[
        (
            "Which two steps are there?",
            "Make every score positive with `np.exp`, then divide by their sum.",
        ),
        (
            "Why does it say inf or nan?",
            "`np.exp(1000)` is too large for a number. Subtract `z.max()` from z first.",
        ),
        (
            "Does subtracting not change the answer?",
            "No: it multiplies top and bottom by the same `exp(-z.max())`.",
        ),
    ],
    wrong={
        "divided by the largest": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).max(),
        "not divided": lambda z: np.exp(z - z.max()),
        "overflows": lambda z: np.exp(z) / np.exp(z).sum(),
        "the mean subtracted": lambda z: np.exp(z - z.mean()) / np.exp(z - z.mean()).sum(),
        "a constant subtracted": lambda z: np.exp(z - 700) / np.exp(z - 700).sum(),
        "the largest without its sign": lambda z: (
            np.exp(z - abs(z).max()) / np.exp(z - abs(z).max()).sum()
        ),
        "no exp": lambda z: (z - z.min()) / (z - z.min()).sum(),
        "base 2": lambda z: 2 ** (z - z.max()) / (2 ** (z - z.max())).sum(),
        "the answer for the article's scores": lambda z: np.array([0.0377, 0.1251, 0.0007, 0.8365]),
    },
)
def _(f):
    same("softmax of the four scores", call(f, SCORES), softmax(SCORES))
    rng = np.random.default_rng(0)
    for V in (2, 5, 27):
        z = 3 * rng.standard_normal(V)
        same(f"softmax of {V} other scores", call(f, z), softmax(z))
    z = np.array([-1000.0, 0.0, 1000.0, 1001.0, -1000.0])  # only the maximum helps here
    same("softmax([-1000, 0, 1000, 1001, -1000])", call(f, z), softmax(z))
    z = np.array([-1000.0, -999.0])  # here exp alone gives 0
    same("softmax([-1000, -999])", call(f, z), softmax(z))
