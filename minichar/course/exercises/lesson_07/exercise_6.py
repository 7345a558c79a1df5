"""Exercise 7.6: `lstm_step(W, x, h, c)`, the step of 6.1 on Tensors."""

import numpy as np

from minichar import fused, layers
from minichar.course.checking import call, exercise
from minichar.course.exercises.lesson_07.shared import (
    as_tensors,
    expect_tensor,
    expect_two,
    same_gradients,
)
from minichar.graph import Tensor, concat


def lstm_step(W, x, h, c):
    H = len(h)
    a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
    o, i, f = a[:H].sigmoid(), a[H : 2 * H].sigmoid(), a[2 * H : 3 * H].sigmoid()
    g = a[3 * H :].tanh()
    c = f * c + i * g
    return o * c.tanh(), c


def _old_cell_out(W, x, h, c):
    H = len(h)
    o = (x @ W["Wxh"] + h @ W["Whh"] + W["bh"])[:H].sigmoid()
    return o * c.tanh(), lstm_step(W, x, h, c)[1]


def _lstm(order="oifg", change=lambda o, i, f, g, c: (o, i, f, g, c), out=None, cell=None):
    def wrong(W, x, h, c):
        H = len(h)
        a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
        part = {name: a[k * H : (k + 1) * H] for k, name in enumerate(order)}
        o, i, f = (part[name].sigmoid() for name in "oif")
        o, i, f, g, c = change(o, i, f, part["g"].tanh(), c)
        c = (cell or (lambda f, c, i, g: f * c + i * g))(f, c, i, g)
        return (out or (lambda o, c: o * c.tanh()))(o, c), c

    return wrong


def _swapped(W, x, h, c):
    h, c = lstm_step(W, x, h, c)
    return c, h


@exercise(
    "7.6",
    "the LSTM on the graph",
    answer=lstm_step,
    also=(layers.LSTM.step, fused.LSTM.run),
    hints=[
        ("sigmoid(a) or a.sigmoid()?", "`a.sigmoid()` and `a.tanh()`: then the graph knows of it."),
        (
            "How is a block of a Tensor taken?",
            "As with an array: `a[:H]`, `a[H:2*H]`, `a[2*H:3*H]`, `a[3*H:]`, in the order o, i, f, g.",
        ),
        (
            "Where do h and c come from?",
            "The new cell first, `c = f * c + i * g`. Then `h = o * c.tanh()`, with the new c.",
        ),
    ],
    wrong={
        "blocks in another order": _lstm(order="ifog"),
        "the cell state returned in place of h": _lstm(out=lambda o, c: c),
        "h made from the old cell": _old_cell_out,
        "no tanh on the way out": _lstm(out=lambda o, c: o * c),
        "forget and input exchanged": _lstm(cell=lambda f, c, i, g: i * c + f * g),
        "the old cell cut off": _lstm(change=lambda o, i, f, g, c: (o, i, f, g, c.detach())),
        "the new cell cut off on its way out": _lstm(out=lambda o, c: o * c.detach().tanh()),
        "gates by .data": _lstm(
            change=lambda o, i, f, g, c: (o.detach(), i.detach(), f.detach(), g, c)
        ),
        "c and h exchanged": _swapped,
        "the gates returned as well": lambda *args: (*lstm_step(*args), ()),
    },
)
def _(f):
    for seed, D, H, T in ((0, 5, 4, 1), (1, 3, 2, 3), (2, 2, 1, 5)):
        rng = np.random.default_rng(seed)
        W = {
            "Wxh": rng.standard_normal((D, 4 * H)),
            "Whh": rng.standard_normal((H, 4 * H)),
            "bh": rng.standard_normal(4 * H),
        }
        W |= {"h": rng.standard_normal(H), "c": rng.standard_normal(H)}
        xs, weight = rng.standard_normal((T, D)), rng.standard_normal(2 * H)

        def run(step, W, xs):
            tensors = as_tensors(W)
            h, c = tensors["h"], tensors["c"]
            for x in xs:
                got = step(tensors, Tensor(x), h, c)
                if got is None or got is ...:
                    return got
                if not isinstance(got, list | tuple) or len(got) != 2:
                    return got, tensors
                h, c = got
            return (h, c), tensors

        got, tensors = call(lambda W, xs: run(f, W, xs), W, xs)
        expect_two(got, "the new h and the new c")
        want, ours = run(lstm_step, W, xs)
        steps = f"after {T} step{'s' * (T > 1)}"
        for name, part, right in zip("hc", got, want, strict=True):
            expect_tensor(f"{name} {steps}", part, right.data)
        concat(list(got)).backward(weight)
        concat(list(want)).backward(weight)
        same_gradients(steps, tensors, {name: t.grad for name, t in ours.items()})
