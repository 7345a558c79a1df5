"""Exercise 3.1: `forward(W, inputs, targets, h)`, the loss, the states and the probabilities."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_03.shared import CASES, make_case

forward = rnn100.forward


def _changed_forward(state=lambda W, i, h: rnn100.step(W, i, h)[1], loss=np.sum, keep=0):
    def wrong(W, inputs, targets, h):
        hs, first = [h], h
        for i in inputs:
            h = state(W, i, first if keep else h)
            hs.append(h)
        hs = np.array(hs)
        p = rnn100.softmax(hs[1:] @ W["Why"] + W["by"])
        return loss(-np.log(p[np.arange(len(targets)), targets])), hs, p

    return wrong


def _then(change):
    """The right answer's results, changed by `change(W, inputs, targets, loss, hs, p)`."""
    return lambda W, inputs, targets, h: change(W, inputs, targets, *forward(W, inputs, targets, h))


@exercise(
    "3.1",
    "forward through a piece of text",
    answer=forward,
    also=(rnn100.forward,),
    hints=[
        (
            "How does a number become a row?",
            'As in exercise 1.4, with the row `W["Wxh"][i]` in place of `x @ Wxh`.',
        ),
        (
            "Where do the states go?",
            "`hs[0] = h`, and inside the loop `hs[t + 1]` is made from `hs[t]`. T + 1 of them in all.",
        ),
        (
            "And the loss?",
            "Minus the logarithm of each target's p, added up: `-np.log(p[np.arange(T), targets]).sum()`.",
        ),
    ],
    wrong={
        "the mean loss": _changed_forward(loss=np.mean),
        "the state is not carried on": _changed_forward(keep=1),
        "no bias": _changed_forward(state=lambda W, i, h: np.tanh(W["Wxh"][i] + h @ W["Whh"])),
        "Whh the other way round": _changed_forward(
            state=lambda W, i, h: np.tanh(W["Wxh"][i] + W["Whh"] @ h + W["bh"])
        ),
        "without the first state": _then(lambda W, i, k, loss, hs, p: (loss, hs[1:], p)),
        "scores, not probabilities": _then(
            lambda W, i, k, loss, hs, p: (loss, hs, hs[1:] @ W["Why"] + W["by"])
        ),
        "scores of the states before, hs[:-1]": _then(
            lambda W, i, k, loss, hs, p: (loss, hs, rnn100.softmax(hs[:-1] @ W["Why"] + W["by"]))
        ),
        "no bias in the scores": _then(
            lambda W, i, k, loss, hs, p: (loss, hs, rnn100.softmax(hs[1:] @ W["Why"]))
        ),
        "whole columns of p": _then(lambda W, i, k, loss, hs, p: (-np.log(p[:, k]).sum(), hs, p)),
        "p of the inputs, not of the targets": _then(
            lambda W, i, k, loss, hs, p: (-np.log(p[np.arange(len(i)), i]).sum(), hs, p)
        ),
        "the sign of the loss": _then(lambda W, i, k, loss, hs, p: (-loss, hs, p)),
        "the loss in bits": _changed_forward(loss=lambda nats: nats.sum() / np.log(2)),
        "starts from zero": lambda W, inputs, targets, h: forward(W, inputs, targets, 0 * h),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = make_case(*case)
        got, (loss, hs, p) = call(f, W, inputs, targets, h), forward(W, inputs, targets, h)
        case = f"forward of {len(inputs)} characters"
        if isinstance(got, tuple) and len(got) == 3:  # in the order in which they are made
            same(f"{case}: hs", got[1], hs)
            same(f"{case}: p", got[2], p)
        same(case, got, (loss, hs, p), parts=("loss", "hs", "p"))
