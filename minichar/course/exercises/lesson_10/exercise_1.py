"""Exercise 10.1: `cell(a, c)`, the gates of an LSTM on either side, and nothing travels."""

import numpy as np

from minichar import backend, strict
from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_10.shared import travelled


def cell(a, c):
    xp = backend.of(a)
    H = c.shape[1]
    o, i, f = (0.5 * xp.tanh(0.5 * a[:, k * H : (k + 1) * H]) + 0.5 for k in range(3))
    c = f * c + i * xp.tanh(a[:, 3 * H :])
    return o * xp.tanh(c), c


def _numpys(a, c):
    """numpy's own functions, whatever comes."""
    H = c.shape[1]
    o, i, f = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
    c = f * c + i * np.tanh(a[:, 3 * H :])
    return o * np.tanh(c), c


def _down_and_up(a, c):
    h, new = cell(backend.host(a), backend.host(c))
    return backend.like(h, a), backend.like(new, a)


def _down(a, c):
    return cell(backend.host(a), backend.host(c))


def _sigmoid(x, factor=0.5):
    return 0.5 * backend.of(x).tanh(factor * x) + 0.5


def _changed_cell(order="oifg", factor=0.5, of_g=lambda g: backend.of(g).tanh(g)):
    def wrong(a, c):
        block = dict(zip(order, backend.of(a).split(a, 4, axis=1), strict=True))
        o, i, f = (_sigmoid(block[name], factor) for name in "oif")
        c = f * c + i * of_g(block["g"])
        return o * backend.of(a).tanh(c), c

    return wrong


def _in_place(a, c):
    new_h, new_c = cell(a, c)
    c[...] = new_c
    return new_h, c


@exercise(
    "10.1",
    "a cell on either side",
    answer=cell,
    hints=[
        (
            "Which module is it?",
            "`xp = of(a)` is numpy or the card's; then `xp.tanh`, `xp.exp` work on a. Operators (`*`, `+`) and "
            "slices need no module.",
        ),
        (
            "Where are the gates?",
            "In a (B, 4H), in the order o, i, f, g: `a[:, :H]` is o. H is `c.shape[1]`.",
        ),
        (
            "And then?",
            "As in lesson 06: c = f c + i g, then h = o tanh(c), with the new c.",
        ),
    ],
    wrong={
        "crashes on the card: numpy's own functions": _numpys,
        "down, computed, and up again": _down_and_up,
        "down, and left there": _down,
        "the gates in the order i, f, o, g": _changed_cell("ifog"),
        "i and f the other way round": _changed_cell("ofig"),
        "not halved before the tanh": _changed_cell(factor=1.0),
        "a sigmoid for g as well": _changed_cell(of_g=_sigmoid),
        "only h returned": lambda a, c: cell(a, c)[0],
        "h made from the old c": lambda a, c: (
            cell(a, c)[0] / backend.of(a).tanh(cell(a, c)[1]) * backend.of(a).tanh(c),
            cell(a, c)[1],
        ),
        "tanh forgotten in h": lambda a, c: (
            cell(a, c)[0] / backend.of(a).tanh(cell(a, c)[1]) * cell(a, c)[1],
            cell(a, c)[1],
        ),
        "c and h the other way round": lambda a, c: cell(a, c)[::-1],
        "c changed in place": _in_place,
        "the old c returned, not the new": lambda a, c: (cell(a, c)[0], cell(a, c)[1] * 0 + c),
    },
)
def _(f):
    for seed, B, H in ((0, 2, 3), (1, 1, 1), (2, 5, 4)):
        rng = np.random.default_rng(seed)
        a, c = 2 * rng.standard_normal((B, 4 * H)), rng.standard_normal((B, H))
        wanted = cell(a, c)
        found = _pair("with numpy", call(f, a, c))
        same(f"with numpy, B = {B}, H = {H}", found, wanted, parts=("h", "c"))
        with strict.instead_of_cupy() as card:
            a, c = card.asarray(a), card.asarray(c)
            before = a.get(), c.get()
            card.counts.reset()
            found = _pair("on the card", call(f, a, c))
            if not all(isinstance(part, card.ndarray) for part in found):
                raise Wrong("on the card it returns numpy arrays, expected the card's")
            travelled("on the card", card.counts)
            same("on the card", tuple(x.get() for x in found), wanted, parts=("h", "c"))
            for name, x, old in (("a", a, before[0]), ("c", c, before[1])):
                if (x.get() != old).any():
                    raise Wrong(f"on the card it changed its input `{name}` in place")


def _pair(where, found):
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        shape = f" but an array of shape {found.shape}" if hasattr(found, "shape") else ""
        raise Wrong(f"{where} it returns no pair{shape}, expected h and c")
    return found
