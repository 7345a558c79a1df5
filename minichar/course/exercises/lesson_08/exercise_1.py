"""Exercise 8.1: `streams(ids, B)`, a text cut into B columns, and the targets beside them."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.text import streams


def _targets_rolled(ids, B):
    """The last target of a stream is its own first character."""
    inputs, _ = streams(ids, B)
    return inputs, np.roll(inputs, -1, axis=0)


def _targets_rolled_across(ids, B):
    """The targets of one stream are the inputs of the next."""
    inputs, _ = streams(ids, B)
    return inputs, np.roll(inputs, -1, axis=1)


def _interleaved(ids, B):
    """Neighbours in the text side by side: each stream reads every B-th character."""
    steps = (len(ids) - 1) // B
    return ids[: steps * B].reshape(steps, B), ids[1 : steps * B + 1].reshape(steps, B)


def _beginning_left_out(ids, B):
    steps = (len(ids) - 1) // B
    return streams(ids[len(ids) - 1 - steps * B :], B)


def _one_step_less(ids, B):
    inputs, targets = streams(ids, B)
    return inputs[:-1], targets[:-1]


def _into_zeros(ids, B):
    """Right numbers, but as floats, which pick no rows."""
    return tuple(a.astype(float) for a in streams(ids, B))


@exercise(
    "8.1",
    "streams side by side",
    answer=streams,
    hints=[
        (
            "Which way does reshape fill?",
            "Row by row. `reshape(B, steps)` puts one whole piece in each row; `.T` then stands the "
            "rows up as columns. `reshape(steps, B)` would tear the pieces apart.",
        ),
        (
            "What is the last target of a piece?",
            "The first character of the next piece. So cut the targets from the text as well, one "
            "character further on: `ids[1 : steps * B + 1]`.",
        ),
    ],
    wrong={
        "neighbours in the text side by side, not one below the other": _interleaved,
        "the last target of a stream is its own first character": _targets_rolled,
        "the inputs of the next stream as targets": _targets_rolled_across,
        "streams as rows": lambda ids, B: tuple(a.T for a in streams(ids, B)),
        "targets equal to the inputs": lambda ids, B: (streams(ids, B)[0],) * 2,
        "the beginning is left out, not the end": _beginning_left_out,
        "the last row left out": _one_step_less,
        "floats, not whole numbers": _into_zeros,
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for n, B in ((19, 3), (18, 3), (13, 3), (9, 1), (9, 8), (230, 7)):
        ids = rng.permutation(n)
        case = f"the result for {n} characters in {B} stream{'s' * (B > 1)}"
        got = call(f, ids, B)
        same(case, got, streams(ids, B), parts=("inputs", "targets"))
        for name, a in zip(("inputs", "targets"), got, strict=True):
            if not isinstance(a, np.ndarray) or a.dtype.kind not in "iu":
                kind = f"an array of {a.dtype}" if isinstance(a, np.ndarray) else "a list"
                raise Wrong(f"{case}: {name} is {kind}, expected an array of whole numbers")
