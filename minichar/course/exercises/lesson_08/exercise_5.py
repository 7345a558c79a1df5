"""Exercise 8.5: `dropout(x, share, rng)`, a share of the numbers 0 and the others larger."""

import numpy as np

from minichar import layers
from minichar.course.checking import Wrong, call, exercise, same


def dropout(x, share, rng):
    keep = rng.random(x.shape) >= share
    return x * keep / (1 - share)


def _own_dice(x, share, rng):
    return dropout(x, share, np.random.default_rng(0))


def _in_place(x, share, rng):
    x[rng.random(x.shape) < share] = 0
    x /= 1 - share
    return x


def _counted(x, share, rng):
    """Always the same number of zeros, at places drawn at random."""
    places = rng.permutation(x.size).reshape(x.shape)
    return x * (places >= round(share * x.size)) / (1 - share)


def _last_two_axes(x, share, rng):
    return x * (rng.random(x.shape[-2:]) >= share) / (1 - share)


@exercise(
    "8.5",
    "dropout",
    answer=dropout,
    also=(layers.Dropout,),
    hints=[
        (
            "How do I draw with probability `share`?",
            "`rng.random(x.shape)` draws a number for each entry, evenly between 0 and 1. It is below "
            "`share` with probability `share`.",
        ),
        (
            "Divided by what?",
            "A share of 1 - share is kept. Divide by that, and the sum stays what it was, on average.",
        ),
    ],
    wrong={
        "what stays is not made larger": lambda x, share, rng: x * (rng.random(x.shape) >= share),
        "no brackets round 1 - share": lambda x, share, rng: (
            x * (rng.random(x.shape) >= share) / 1 - share
        ),
        "divided by the share": lambda x, share, rng: x * (rng.random(x.shape) >= share) / share,
        "half, whatever the share": lambda x, share, rng: 2 * x * (rng.random(x.shape) >= 0.5),
        "multiplied by the share that is kept, not divided": lambda x, share, rng: (
            x * (rng.random(x.shape) >= share) * (1 - share)
        ),
        "keeps what it should drop": lambda x, share, rng: (
            x * (rng.random(x.shape) < share) / (1 - share)
        ),
        "one draw for each row": lambda x, share, rng: (
            x * (rng.random((len(x), 1)) >= share) / (1 - share)
        ),
        "one draw for each column": lambda x, share, rng: (
            x * (rng.random(x.shape[-1]) >= share) / (1 - share)
        ),
        "the same draws all along the first axis": _last_two_axes,
        "a fixed number of zeros": _counted,
        "the same draws every time": _own_dice,
        "the result and which numbers stay, not the result alone": lambda x, share, rng: (
            dropout(x, share, rng),
            x != 0,
        ),
        "nothing is dropped": lambda x, share, rng: x.copy(),
        "x changed in place": _in_place,
    },
)
def _(f):
    x = np.random.default_rng(1).uniform(1, 2, (100, 80))
    x[::2] *= -1
    for shape in ((6,), (2, 3, 4)):
        _shaped(call(f, np.ones(shape), 0.5, np.random.default_rng(2)), shape)
    for share in (0.2, 0.5, 0.75):
        case, seeds = f"with share = {share}", (3, 4, 5, 6)
        one, *others = (
            _shaped(call(f, x, share, np.random.default_rng(k)), x.shape) for k in seeds
        )
        dropped = one == 0
        n = int(dropped.sum())
        kept = np.where(dropped, 0, x / (1 - share))
        if abs(n - share * x.size) > 6 * np.sqrt(x.size * share * (1 - share)):
            raise Wrong(f"{case}, {n / x.size:.0%} of the numbers became 0, expected {share:.0%}")
        same(f"{case}, what is kept of the numbers", one, kept)
        _each_by_itself(case, dropped)
        again = call(f, x, share, np.random.default_rng(3))
        if (again != one).any():
            raise Wrong(f"{case}, equal generators give different results: draw from `rng` alone")
        if all(((other == 0) == dropped).all() for other in others):
            raise Wrong(f"{case}, another generator drops the same numbers: draw from `rng`")
        if all(int((other == 0).sum()) == n for other in others):
            raise Wrong(
                f"{case}, exactly {n} of {x.size} became 0 with each of four generators: each "
                "number has its own draw, so how many are dropped should vary"
            )
    deep = call(f, x.reshape(5, 20, 80), 0.5, np.random.default_rng(7))
    _each_by_itself("for an x of shape (5, 20, 80)", deep.reshape(100, 80) == 0)
    same("dropout(x, 0, rng), where all are kept,", call(f, x, 0.0, np.random.default_rng(2)), x)


def _shaped(got, shape):
    """`got`; raises Wrong unless it is an array of that shape."""
    if not isinstance(got, np.ndarray):
        kind = "several things" if isinstance(got, tuple) else f"a {type(got).__name__}"
        raise Wrong(f"for an x of shape {shape} it returns {kind}, expected an array")
    if got.shape != shape:
        raise Wrong(f"for an x of shape {shape} the result has shape {got.shape}, expected {shape}")
    return got


def _each_by_itself(case, dropped):
    """Raise Wrong where rows or columns fall as a whole, or rows lose the very same places."""
    for axis, what in ((0, "columns"), (1, "rows")):
        lines = dropped.mean(axis=axis)
        if ((lines == 0) | (lines == 1)).any():
            raise Wrong(f"{case}, whole {what} are kept or dropped: each number has its own draw")
    if len(np.unique(dropped, axis=0)) < len(dropped):
        raise Wrong(f"{case}, several rows lose the very same places: each number has its own draw")
