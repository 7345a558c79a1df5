"""Exercise 5.1: `jacobian(Whh, h)`, the matrix of the step that led to the state h."""

import numpy as np

from minichar.course.checking import call, exercise, same


def jacobian(Whh, h):
    return Whh * (1 - h**2)


@exercise(
    "5.1",
    "the Jacobian of a step",
    answer=jacobian,
    hints=[
        (
            "Which h is in it?",
            "The new state: the slope of tanh at a is 1 - tanh(a)², and tanh(a) is h.",
        ),
        (
            "Which way does the slope of tanh go?",
            "It belongs to the new state's number k, so it multiplies column k. A matrix (H, H) times "
            "an array (H,), with `*`, multiplies each column by a number of its own.",
        ),
    ],
    wrong={
        "rows multiplied, not columns": lambda Whh, h: Whh * (1 - h**2)[:, None],
        "Whh transposed": lambda Whh, h: Whh.T * (1 - h**2),
        "rows for the new state, columns for the old": lambda Whh, h: (Whh * (1 - h**2)).T,
        "no slope": lambda Whh, h: Whh + 0.0,
        "the slope of a sigmoid": lambda Whh, h: Whh * h * (1 - h),
        "a matrix product": lambda Whh, h: Whh @ (1 - h**2),
        "tanh twice": lambda Whh, h: Whh * (1 - np.tanh(h) ** 2),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for H in (3, 1, 8):
        Whh, a = rng.standard_normal((H, H)), rng.standard_normal(H)
        before = np.tanh(rng.standard_normal(H))
        h, columns = np.tanh(before @ Whh + a), []
        for d in 1e-6 * np.eye(H):
            columns.append(
                (np.tanh((before + d) @ Whh + a) - np.tanh((before - d) @ Whh + a)) / 2e-6
            )
        same(
            f"the Jacobian of a step with {H} neurons", call(f, Whh, h), np.array(columns), tol=1e-6
        )
