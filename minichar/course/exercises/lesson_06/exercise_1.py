"""Exercise 6.1: `lstm_step(W, x, h, c)`, the new h, the new c and the four gates."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_06.shared import CASES, make_case, sigmoid


def lstm_step(W, x, h, c):
    H = len(h)
    a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
    o, i, f = sigmoid(a[:H]), sigmoid(a[H : 2 * H]), sigmoid(a[2 * H : 3 * H])
    g = np.tanh(a[3 * H :])
    c = f * c + i * g
    return o * np.tanh(c), c, (o, i, f, g)


def _lstm(order="oifg", gate=sigmoid, candidate=np.tanh, cell=None, out=None):
    def wrong(W, x, h, c):
        H = len(h)
        a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
        part = {name: a[k * H : (k + 1) * H] for k, name in enumerate(order)}
        o, i, f, g = gate(part["o"]), gate(part["i"]), gate(part["f"]), candidate(part["g"])
        new = (cell or (lambda f, c, i, g: f * c + i * g))(f, c, i, g)
        return (out or (lambda o, c: o * np.tanh(c)))(o, new), new, (o, i, f, g)

    return wrong


@exercise(
    "6.1",
    "one step of the LSTM",
    answer=lstm_step,
    hints=[
        (
            "Which block is which?",
            "o is made of `a[:H]`, i of `a[H : 2 * H]`, f of `a[2 * H : 3 * H]`, and g of the rest.",
        ),
        (
            "Which of them are sigmoids?",
            "The three gates o, i and f: they say how much. g says what, and is a tanh.",
        ),
        (
            "What goes out?",
            "The new cell first, c = f * c + i * g. Then h = o * np.tanh(c), with the new c.",
        ),
    ],
    wrong={
        "the cell state returned in place of h": _lstm(out=lambda o, c: c),
        "c and h exchanged": lambda *args: (lambda h, c, gates: (c, h, gates))(*lstm_step(*args)),
        "no tanh on the way out": _lstm(out=lambda o, c: o * c),
        "blocks in another order": _lstm(order="ifog"),
        "blocks in PyTorch's order": _lstm(order="ifgo"),
        "sigmoid of 2x": _lstm(gate=lambda x: sigmoid(2 * x)),
        "sigmoid for g": _lstm(candidate=sigmoid),
        "forget and input exchanged": _lstm(cell=lambda f, c, i, g: i * c + f * g),
        "forgets by 1 - i": _lstm(cell=lambda f, c, i, g: (1 - i) * c + i * g),
        "a row of Wxh picked, as if x were always one-hot": lambda W, x, h, c: lstm_step(
            W, np.eye(len(x))[x.argmax()], h, c
        ),
        "h made from the old cell": lambda W, x, h, c: (
            lambda new, cell, gates: (gates[0] * np.tanh(c), cell, gates)
        )(*lstm_step(W, x, h, c)),
    },
)
def _(f):
    for case in CASES:
        args, name = make_case(*case), f"the answer for H = {case[2]}"
        got, (h, c, gates) = call(f, *args), lstm_step(*args)
        if isinstance(got, (tuple, list)) and len(got) == 3:  # in the order in which they are made
            same(f"{name}: gates", got[2], gates, parts=("o", "i", "f", "g"))
            same(f"{name}: c", got[1], c)
        same(name, got, (h, c, gates), parts=("h", "c", "gates"))
