"""Exercise 3.2: `dz_of(p, targets)`, the gradient for the scores, all rows at once."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_03.exercise_1 import forward
from minichar.course.exercises.lesson_03.shared import CASES, make_case


def dz_of(p, targets):
    dz = p.copy()
    dz[np.arange(len(targets)), targets] -= 1
    return dz


@exercise(
    "3.2",
    "the gradient of the scores",
    answer=dz_of,
    hints=[
        (
            "One target or T of them?",
            "Exercise 1.2 in every row at once: subtract 1 at `p[t, targets[t]]` for every t.",
        ),
        (
            "The whole column changed?",
            "`dz[:, targets]` takes whole columns; `dz[np.arange(T), targets]` one entry in each row.",
        ),
    ],
    wrong={
        "the sign turned round": lambda p, targets: -dz_of(p, targets),
        "whole columns": lambda p, targets: np.where(
            np.isin(np.arange(p.shape[1]), targets), p - 1, p
        ),
        "whole rows": lambda p, targets: np.where(
            np.isin(np.arange(len(p)), targets)[:, None], p - 1, p
        ),
        "nothing subtracted at the target": lambda p, targets: p.copy(),
        "divided by T": lambda p, targets: dz_of(p, targets) / max(2, len(targets)),
        "the first target for all": lambda p, targets: dz_of(p, np.full_like(targets, targets[0])),
        "p changed in place": lambda p, targets: np.subtract(p, np.eye(p.shape[1])[targets], out=p),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = make_case(*case)
        p = forward(W, inputs, targets, h)[2]
        same(f"dz for {len(inputs)} characters", call(f, p, targets), dz_of(p, targets))
