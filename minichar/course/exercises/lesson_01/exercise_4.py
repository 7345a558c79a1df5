"""Exercise 1.4: `step(W, x, h)`, the scores and the new state once x has been read."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same


def step(W, x, h):
    h = np.tanh(x @ W["Wxh"] + h @ W["Whh"] + W["bh"])
    return h @ W["Why"] + W["by"], h


def _new(W, x, h):
    return np.tanh(x @ W["Wxh"] + h @ W["Whh"] + W["bh"])


@exercise(
    "1.4",
    "one step of the network",
    answer=step,
    also=(rnn100.step,),
    hints=[
        (
            "What goes into the new state?",
            "Three things, added: `x @ Wxh`, the old `h @ Whh`, and `bh`. Then `np.tanh` of it all.",
        ),
        (
            "Which h goes into the scores?",
            "The new one. Work out the new h first, then `z = h @ Why + by`.",
        ),
        (
            "The shapes do not fit?",
            "`x (V,) @ Wxh (V, H) gives (H,)`: a row stands on the left of `@`, as in the formulas.",
        ),
    ],
    wrong={
        "the state first, then the scores": lambda W, x, h: step(W, x, h)[::-1],
        "probabilities in place of scores": lambda W, x, h: (
            rnn100.softmax(step(W, x, h)[0]),
            _new(W, x, h),
        ),
        "the old state returned": lambda W, x, h: (step(W, x, h)[0], h),
        "scores from the old state": lambda W, x, h: (h @ W["Why"] + W["by"], _new(W, x, h)),
        "no memory": lambda W, x, h: step({**W, "Whh": 0 * W["Whh"]}, x, h),
        "row 0 of Wxh, whatever is read": lambda W, x, h: step(W, np.eye(len(x))[0], h),
        "no bias": lambda W, x, h: step({**W, "bh": 0 * W["bh"]}, x, h),
        "no bias on the scores": lambda W, x, h: (_new(W, x, h) @ W["Why"], _new(W, x, h)),
        "Whh the other way round": lambda W, x, h: step({**W, "Whh": W["Whh"].T}, x, h),
        "no tanh": lambda W, x, h: (
            (x @ W["Wxh"] + h @ W["Whh"] + W["bh"]) @ W["Why"] + W["by"],
            x @ W["Wxh"] + h @ W["Whh"] + W["bh"],
        ),
        "sigmoid in place of tanh": lambda W, x, h: (
            (1 + np.tanh(np.arctanh(_new(W, x, h)) / 2)) / 2 @ W["Why"] + W["by"],
            (1 + np.tanh(np.arctanh(_new(W, x, h)) / 2)) / 2,
        ),
    },
)
def _(f):
    rng = np.random.default_rng(3)
    for V, H, place in ((4, 3, 2), (6, 5, 5), (2, 1, 0)):
        W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
        x, h = np.eye(V)[place], rng.standard_normal(H)
        got = call(f, W, x, h)
        name = f"step for V = {V} and H = {H}"
        if isinstance(got, tuple) and len(got) == 2:  # the state first: the scores are made of it
            same(f"{name}: h", got[1], step(W, x, h)[1])
        same(name, got, step(W, x, h), parts=("z", "h"))
