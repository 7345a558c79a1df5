"""Exercise 15.4: `layer_norm(x, gain, bias)`, each row brought to mean 0 and spread 1."""

import numpy as np

from minichar.course.checking import call, exercise, same


def layer_norm(x, gain, bias):
    x = x - x.mean(axis=1, keepdims=True)
    return x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5) * gain + bias


def _norm(axis=1, eps=1e-5, root=np.sqrt, ddof=0, middle=True, end=lambda n, g, b: n * g + b):
    def wrong(x, gain, bias):
        spread = x.var(axis=axis, keepdims=True, ddof=ddof) + eps
        moved = x - x.mean(axis=axis, keepdims=True) if middle else x
        return end(moved / root(spread), gain, bias)

    return wrong


@exercise(
    "15.4",
    "layer norm",
    answer=layer_norm,
    hints=[
        (
            "Over which numbers is the mean taken?",
            "Over the D numbers of one step: axis=1, with keepdims=True, so that it can be subtracted from each row.",
        ),
        (
            "Where does the 0.00001 go?",
            "Under the root, added to the mean square: np.sqrt((x * x).mean(...) + 1e-5), after the mean has been subtracted from x.",
        ),
    ],
    wrong={
        "the mean of each column, not of each row": _norm(axis=0),
        "one mean for all the rows": _norm(axis=None),
        "0.00001 left out": _norm(eps=0.0),
        "0.00001 added to the root, not under it": _norm(eps=0.0, root=lambda v: np.sqrt(v) + 1e-5),
        "the root left out": _norm(root=lambda v: v),
        "D - 1 in place of D": _norm(ddof=1),
        "the mean not subtracted": _norm(middle=False),
        "the gain left out": _norm(end=lambda n, g, b: n + b),
        "the bias left out": _norm(end=lambda n, g, b: n * g),
        "the bias added before the gain": _norm(end=lambda n, g, b: (n + b) * g),
        "the mean square of x itself, mean and all": lambda x, gain, bias: (
            (x - x.mean(axis=1, keepdims=True))
            / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
            * gain
            + bias
        ),
    },
)
def _(f):
    x = np.array([[1.0, 2, 3, 6], [0, 0, 0, 4]])
    same("two rows", call(f, x, np.ones(4), np.zeros(4)), layer_norm(x, 1, 0))
    for seed, (T, D) in enumerate(((5, 3), (1, 8), (4, 4))):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((T, D)) * 3 + 5
        gain, bias = rng.standard_normal((2, D))
        same(f"x of shape {(T, D)}", call(f, x, gain, bias), layer_norm(x, gain, bias))
    flat = np.full((2, 3), 7.0)
    same("rows without any spread", call(f, flat, np.ones(3), np.ones(3)), np.ones((2, 3)))
