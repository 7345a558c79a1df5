"""Exercise 3.3: `da_of(W, hs, dz)`, the gradient for the sum inside tanh, back through time."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_03.exercise_1 import forward
from minichar.course.exercises.lesson_03.exercise_2 import dz_of
from minichar.course.exercises.lesson_03.shared import CASES, make_case


def da_of(W, hs, dz):
    da = np.empty_like(hs[1:])
    dnext = np.zeros_like(hs[0])
    for t in reversed(range(len(dz))):
        dh = dz[t] @ W["Why"].T + dnext
        da[t] = (1 - hs[t + 1] ** 2) * dh
        dnext = da[t] @ W["Whh"].T
    return da


def _changed_da(
    carry=1.0, shift=1, derivative=lambda h: 1 - h**2, back=lambda Whh: Whh.T, handed="da"
):
    def wrong(W, hs, dz):
        Why, Whh = W["Why"].T, back(W["Whh"])
        da, dnext = np.empty_like(hs[1:]), np.zeros_like(hs[0])
        for t in reversed(range(len(dz))):
            dh = dz[t] @ Why + carry * dnext
            da[t] = derivative(hs[t + shift]) * dh
            dnext = (da[t] if handed == "da" else dh) @ Whh
        return da

    return wrong


def _forward_in_time(W, hs, dz):
    return np.stack([da_of(W, hs[: t + 2], dz[: t + 1])[t] for t in range(len(dz))])


def _dnext_grows(W, hs, dz):
    da, dnext = np.empty_like(hs[1:]), np.zeros_like(hs[0])
    for t in reversed(range(len(dz))):
        da[t] = (1 - hs[t + 1] ** 2) * (dz[t] @ W["Why"].T + dnext)
        dnext += da[t] @ W["Whh"].T
    return da


def _later(W, hs, dz):
    """The derivative taken with the state of t + 1 (as some published versions have it)."""
    da, dnext = np.empty_like(hs[1:]), np.zeros_like(hs[0])
    for t in reversed(range(len(dz))):
        dh = dz[t] @ W["Why"].T + dnext
        da[t] = (1 - hs[min(t + 2, len(hs) - 1)] ** 2) * dh
        dnext = da[t] @ W["Whh"].T
    return da


@exercise(
    "3.3",
    "back through time",
    answer=da_of,
    also=(rnn100.backward,),
    hints=[
        (
            "Why does dh come from two places?",
            "`hs[t + 1]` is used twice: for the scores after character t, and for the next state. Effects add.",
        ),
        (
            "Which state is in the derivative of tanh?",
            "The one that tanh gave: after character t that is `hs[t + 1]`.",
        ),
        (
            "What is handed to the step before?",
            "`da[t]`, through the same matrix the other way: `da[t] @ Whh.T`.",
        ),
    ],
    wrong={
        "nothing from the next step": _changed_da(carry=0.0),
        "the derivative with the state before": _changed_da(shift=0),
        "the derivative with the state of t + 1": _later,
        "no derivative of tanh": _changed_da(derivative=lambda h: 1.0),
        "tanh taken of a state, which is a tanh already": _changed_da(
            derivative=lambda h: 1 - np.tanh(h) ** 2
        ),
        "the derivative of a sigmoid": _changed_da(derivative=lambda h: h * (1 - h)),
        "Whh not transposed": _changed_da(back=lambda Whh: Whh),
        "handed back without Whh": _changed_da(back=lambda Whh: np.eye(len(Whh))),
        "dh handed back, not da": _changed_da(handed="dh"),
        "dnext added to, not replaced": _dnext_grows,
        "from the first step to the last": _forward_in_time,
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = make_case(*case)
        _, hs, p = forward(W, inputs, targets, h)
        dz = dz_of(p, targets)
        same(f"da for {len(inputs)} characters", call(f, W, hs, dz), da_of(W, hs, dz))
