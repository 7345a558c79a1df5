"""Exercise 7.4: `unbroadcast(g, shape)`, the gradient summed where numpy had repeated."""

import numpy as np

from minichar.course.checking import call, exercise, for_case, same
from minichar.graph import unbroadcast


def _front_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def _ones_only(g, shape):
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def _not_kept(g, shape):
    g = _front_only(g, shape)
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1))


def _mean(g, shape):
    return unbroadcast(g, shape) * (np.prod(shape, initial=1.0) / g.size)


def _in_place(g, shape):
    """The right sum, and the gradient that came in is gone."""
    out = unbroadcast(g, shape)
    g[...] = 0
    return out


def _minus_axis(g, shape):
    g = _front_only(g, shape)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=-axis, keepdims=True)  # with up to two axes that is the same
    return g


@exercise(
    "7.4",
    "broadcasting undone",
    answer=unbroadcast,
    hints=[
        (
            "Why a sum?",
            "A number that was used in four places is felt in four places, and the effects add.",
        ),
        (
            "Which axes are too many?",
            "numpy puts missing axes in front: `g.ndim - len(shape)` of them. Sum over these to drop them.",
        ),
        (
            "And where the shape has a 1?",
            "Sum there too, but keep the axis: `g.sum(axis=axis, keepdims=True)`.",
        ),
    ],
    wrong={
        "only the axes in front": _front_only,
        "only the axes of length 1": _ones_only,
        "the axes of length 1 are lost": _not_kept,
        "-axis in place of axis": _minus_axis,
        "the mean, not the sum": _mean,
        "nothing summed": lambda g, shape: g.copy(),
        "the gradient changed in place": _in_place,
    },
)
def _(f):
    shapes = [
        ((4, 3), (3,)),
        ((4, 3), (4, 1)),
        ((4, 3), (4, 3)),
        ((3, 3), (3,)),
        ((2, 4, 3), (3,)),
        ((2, 4, 3), (1, 3)),
        ((2, 4, 3), (2, 1, 1)),
        ((2, 4, 3), (2, 1, 3)),
        ((2, 4, 3), ()),
        ((1, 3), (1, 3)),
        ((), ()),
    ]
    rng = np.random.default_rng(7)
    for _ in range(20):
        full = tuple(int(n) for n in rng.integers(1, 4, size=rng.integers(1, 4)))
        cut = full[rng.integers(len(full) + 1) :]
        shapes.append((full, tuple(n if rng.random() < 0.5 else 1 for n in cut)))
    for full, shape in shapes:
        g = rng.standard_normal(full)
        want, case = unbroadcast(g, shape), f"g of shape {full} and shape {shape}"
        with for_case(case):
            got = call(f, g, shape)
        same(f"for {case} the result", got, want)
