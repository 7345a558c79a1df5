"""Exercise 1.3: `update(z, dz, rate)`, the scores after one step against the gradient."""

import numpy as np

from minichar.course.checking import call, exercise, for_case, same
from minichar.course.exercises.lesson_01.exercise_2 import loss_and_gradient
from minichar.course.exercises.lesson_01.shared import SCORES


def update(z, dz, rate):
    return z - rate * dz


@exercise(
    "1.3",
    "a step against the gradient",
    answer=update,
    hints=[
        (
            "Up or down?",
            "The gradient points to where the loss grows. We want it smaller: subtract.",
        ),
        (
            "It says I changed z in place?",
            "`z -= …` changes the array that was handed in; `z - …` makes a new one.",
        ),
    ],
    wrong={
        "with the gradient": lambda z, dz, rate: z + rate * dz,
        "no rate": lambda z, dz, rate: z - dz,
        "in place": lambda z, dz, rate: np.subtract(z, rate * dz, out=z),
        "only the sign of the gradient": lambda z, dz, rate: z - rate * np.sign(dz),
        "crashes on a matrix": lambda z, dz, rate: np.array(
            [float(a - rate * b) for a, b in zip(z, dz, strict=True)]
        ),
    },
)
def _(f):
    rng = np.random.default_rng(2)
    for z, rate in ((SCORES, 0.1), (rng.standard_normal(9), 0.5), (rng.standard_normal(3), 0.0)):
        dz = loss_and_gradient(z, 1)[1]
        same(f"update(z, dz, {rate})", call(f, z, dz, rate), z - rate * dz)
    z, dz = rng.standard_normal((2, 4, 3))  # as `train` calls it
    with for_case("matrices of shape (4, 3)"):
        got = call(f, z, dz, 0.1)
    same("update for matrices of shape (4, 3)", got, z - 0.1 * dz)
