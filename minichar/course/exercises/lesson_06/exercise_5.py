"""Exercise 6.5: `gru_step(W, x, h)`, the new state of a GRU."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_06.shared import CASES, make_case, sigmoid


def gru_step(W, x, h):
    H = len(h)
    a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
    r, u = sigmoid(a[:H] + m[:H]), sigmoid(a[H : 2 * H] + m[H : 2 * H])
    n = np.tanh(a[2 * H :] + r * m[2 * H :])
    return (1 - u) * n + u * h


def _gru(mix=lambda u, n, h: (1 - u) * n + u * h, reset=lambda r, m: r * m, order=(0, 1)):
    def wrong(W, x, h):
        H = len(h)
        a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
        gates = [sigmoid(a[k * H : (k + 1) * H] + m[k * H : (k + 1) * H]) for k in order]
        n = np.tanh(a[2 * H :] + reset(gates[0], m[2 * H :]))
        return mix(gates[1], n, h)

    return wrong


def _gru_before(W, x, h):
    """The form of the paper: r multiplies h, and the matrix comes after."""
    H = len(h)
    a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
    r, u = sigmoid(a[:H] + m[:H]), sigmoid(a[H : 2 * H] + m[H : 2 * H])
    n = np.tanh(a[2 * H :] + (r * h) @ W["Whh"][:, 2 * H :])
    return (1 - u) * n + u * h


@exercise(
    "6.5",
    "one step of the GRU",
    answer=gru_step,
    hints=[
        (
            "Where does r come in?",
            "Only in n: it multiplies what the old state contributes there, h @ Whh in the third block.",
        ),
        ("Which way does u mix?", "u is how much stays: u * h + (1 - u) * n."),
    ],
    wrong={
        "u the other way round": _gru(mix=lambda u, n, h: u * n + (1 - u) * h),
        "no reset": _gru(reset=lambda r, m: m),
        "r before the matrix": _gru_before,
        "r and u exchanged": _gru(order=(1, 0)),
        "nothing is kept": _gru(mix=lambda u, n, h: (1 - u) * n),
        "adds instead of mixing": _gru(mix=lambda u, n, h: n + u * h),
    },
)
def _(f):
    for case in CASES:
        W, x, h, _ = make_case(*case, blocks=3)
        same(f"the new state with H = {case[2]}", call(f, W, x, h), gru_step(W, x, h))
