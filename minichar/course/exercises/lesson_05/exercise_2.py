"""Exercise 5.2: `far_jacobian(Whh, hs, s, t)`, the product of the Jacobians from s to t."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_05.exercise_1 import jacobian


def far_jacobian(Whh, hs, s, t):
    J = np.eye(len(Whh))
    for r in range(s + 1, t + 1):
        J = J @ jacobian(Whh, hs[r])
    return J


def _far(first=1, last=1, turned=False):
    def wrong(Whh, hs, s, t):
        J = np.eye(len(Whh))
        for r in range(s + first, min(t + last, len(hs))):
            step = jacobian(Whh, hs[r])
            J = step @ J if turned else J @ step
        return J

    return wrong


@exercise(
    "5.2",
    "many steps back",
    answer=far_jacobian,
    hints=[
        (
            "Which states are in the product?",
            "`hs[s + 1]` up to and including `hs[t]`: t - s steps, one Jacobian each.",
        ),
        ("In which order?", "As they happen, from left to right: `J = J @ jacobian(Whh, hs[r])`."),
    ],
    wrong={
        "one step too early": _far(first=0, last=0),
        "one step too many": _far(first=0),
        "the last step left out": _far(last=0),
        "in the wrong order": _far(turned=True),
        "`*` for `@`": lambda Whh, hs, s, t: np.prod(
            [np.eye(len(Whh)), *(jacobian(Whh, h) for h in hs[s + 1 : t + 1])], axis=0
        ),
        "a power of one step": lambda Whh, hs, s, t: np.linalg.matrix_power(
            jacobian(Whh, hs[t]), t - s
        ),
    },
)
def _(f):
    rng = np.random.default_rng(1)
    W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(4, 3, rng).items()}
    ids = rng.integers(4, size=9)
    hs = rnn100.forward(W, ids[:-1], ids[1:], rng.standard_normal(3))[1]
    for s, t in ((1, 4), (2, 2), (0, 1), (0, 8), (7, 8)):
        same(
            f"from step {t} back to step {s}",
            call(f, W["Whh"], hs, s, t),
            far_jacobian(W["Whh"], hs, s, t),
        )
