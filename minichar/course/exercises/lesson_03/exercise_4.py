"""Exercise 3.4: `dW_of(inputs, hs, dz, da, V)`, the gradient of every weight."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_03.exercise_1 import forward
from minichar.course.exercises.lesson_03.exercise_2 import dz_of
from minichar.course.exercises.lesson_03.exercise_3 import da_of
from minichar.course.exercises.lesson_03.shared import CASES, make_case


def dW_of(inputs, hs, dz, da, V):
    dWxh = np.zeros((V, da.shape[1]))
    for t, i in enumerate(inputs):
        dWxh[i] += da[t]
    return {
        "Wxh": dWxh,
        "Whh": hs[:-1].T @ da,
        "Why": hs[1:].T @ dz,
        "bh": da.sum(axis=0),
        "by": dz.sum(axis=0),
    }


def _changed_dW(**change):
    def wrong(inputs, hs, dz, da, V):
        right = dW_of(inputs, hs, dz, da, V)
        return right | {name: make(inputs, hs, dz, da, V, right) for name, make in change.items()}

    return wrong


def _last_one_wins(inputs, hs, dz, da, V, right):
    dWxh = np.zeros_like(right["Wxh"])
    dWxh[inputs] += da  # numpy writes a row that comes twice only once
    return dWxh


@exercise(
    "3.4",
    "the gradient of every weight",
    answer=dW_of,
    also=(rnn100.backward,),
    hints=[
        (
            "Which two things meet in Whh?",
            "At each t the state before, `hs[t]`, and `da[t]`: each entry of one times each of the "
            "other, which is `np.outer(hs[t], da[t])`, summed over t.",
        ),
        (
            "That sum without a loop?",
            "`hs[:-1].T @ da` is (H, T) @ (T, H): the product sums over t on its own.",
        ),
        (
            "A letter that is read twice?",
            "`dWxh[inputs] += da` keeps the last only. Add in a loop, or with `np.add.at`.",
        ),
    ],
    wrong={
        "a letter read twice counts once": _changed_dW(Wxh=_last_one_wins),
        "Whh with the state after": _changed_dW(Whh=lambda i, hs, dz, da, V, r: hs[1:].T @ da),
        "Why with the state before": _changed_dW(Why=lambda i, hs, dz, da, V, r: hs[:-1].T @ dz),
        "Whh transposed": _changed_dW(Whh=lambda i, hs, dz, da, V, r: r["Whh"].T),
        "bias of the last step only": _changed_dW(bh=lambda i, hs, dz, da, V, r: da[-1]),
        "the mean over the steps": lambda *a: {
            k: w / (len(a[0]) + 1) for k, w in dW_of(*a).items()
        },
        "by made from da, not dz": _changed_dW(
            by=lambda i, hs, dz, da, V, r: np.resize(da.sum(axis=0), dz.shape[1])
        ),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = make_case(*case)
        _, hs, p = forward(W, inputs, targets, h)
        dz = dz_of(p, targets)
        da = da_of(W, hs, dz)
        V = len(W["by"])
        got, want = call(f, inputs, hs, dz, da, V), dW_of(inputs, hs, dz, da, V)
        same(f"{len(inputs)} characters: dW", got, want)
