"""Exercise 6.2: `kept(bias, n)`, the share of the cell that is left after n steps."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_06.shared import sigmoid


def kept(bias, n):
    return sigmoid(bias) ** n


@exercise(
    "6.2",
    "how much is kept",
    answer=kept,
    hints=[
        (
            "How much does one step keep?",
            "The forget gate: sigmoid(bias), when nothing but the bias goes into it.",
        ),
        ("And n steps?", "Each keeps that share of what the one before has kept: to the power n."),
    ],
    wrong={
        "n times": lambda bias, n: n * sigmoid(bias),
        "one step": lambda bias, n: sigmoid(bias),
        "what is lost": lambda bias, n: 1 - sigmoid(bias) ** n,
        "sigmoid of n times the bias": lambda bias, n: sigmoid(bias * n),
        "tanh": lambda bias, n: np.tanh(bias) ** n,
    },
)
def _(f):
    for bias, n in ((1.0, 2), (0.0, 1), (0.0, 10), (1.0, 10), (5.0, 100), (-1.0, 2)):
        same(f"kept({bias}, {n})", call(f, bias, n), kept(bias, n))
