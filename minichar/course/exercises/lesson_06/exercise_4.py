"""Exercise 6.4: `da_of(do, di, df, dg, gates)`, through the gates' slopes back to their sums."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_06.exercise_1 import lstm_step
from minichar.course.exercises.lesson_06.shared import CASES, make_case


def da_of(do, di, df, dg, gates):
    o, i, f, g = gates
    return np.concatenate([do * o * (1 - o), di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2)])


@exercise(
    "6.4",
    "back through the gates",
    answer=da_of,
    hints=[
        (
            "What is the slope of a sigmoid?",
            "s * (1 - s), where s is its value. That of tanh is 1 - g**2, where g is its value.",
        ),
        (
            "stack or concatenate?",
            "a was one vector of 4H numbers: np.concatenate makes one again; np.stack makes 4 rows.",
        ),
    ],
    wrong={
        "stack in place of concatenate": lambda *args: da_of(*args).reshape(4, -1),
        "the slope of tanh for all": lambda do, di, df, dg, gates: np.concatenate(
            [d * (1 - s**2) for d, s in zip((do, di, df, dg), gates, strict=True)]
        ),
        "the slope of a sigmoid for all": lambda do, di, df, dg, gates: np.concatenate(
            [d * s * (1 - s) for d, s in zip((do, di, df, dg), gates, strict=True)]
        ),
        "the slope of sigmoid(2x)": lambda do, di, df, dg, gates: da_of(
            2 * do, 2 * di, 2 * df, dg, gates
        ),
        "blocks in another order": lambda do, di, df, dg, gates: np.roll(
            da_of(do, di, df, dg, gates), len(do)
        ),
        "no slope": lambda do, di, df, dg, gates: np.concatenate([do, di, df, dg]),
    },
)
def _(f):
    for case in CASES:
        W, x, h, c = make_case(*case)
        gates = lstm_step(W, x, h, c)[2]
        d = np.random.default_rng(8).standard_normal((4, len(h)))
        same(f"da with H = {case[2]}", call(f, *d, gates), da_of(*d, gates))
