"""Exercise 11.5: `hold_at_mean(read, j)`, the bits of a text with cell j held still."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


def hold_at_mean(read, j):
    c, _ = read(lambda c: c)
    mean = c[:, j].mean()

    def held(c):
        c = c.copy()
        c[j] = mean
        return c

    return read(held)[1]


def _this_one(c, j, m):
    return np.where(np.arange(len(c)) == j, m, c)


def _changed_hold(mean=lambda c, j: c[:, j].mean(), hold=_this_one, steps=None):
    """`steps` is how often the cell is held; after that it goes free."""

    def wrong(read, j):
        c, _ = read(lambda c: c)
        left, m = [steps], mean(c, j)

        def held(c):
            if left[0] == 0:
                return c
            left[0] = left[0] and left[0] - 1
            return hold(c, j, m)

        return read(held)[1]

    return wrong


def _others(c, j, m):
    return np.where(np.arange(len(c)) == j, c, m)


def _added(read, j):
    """The mean is added, where it should be put in the place."""
    m = read(lambda c: c)[0][:, j].mean()
    return read(lambda c: c + m * (np.arange(len(c)) == j))[1]


def _mean_so_far(read, j):
    """At every step the mean of what the cell has been until then."""
    seen = []

    def held(c):
        seen.append(c[j])
        c = c.copy()
        c[j] = np.mean(seen)
        return c

    return read(held)[1]


def _returns_nothing(read, j):
    """`change` sets the cell, but gives nothing back."""
    m = read(lambda c: c)[0][:, j].mean()

    def held(c):
        c[j] = m

    return read(held)[1]


def _both(read, j):
    """All that the second reading returns, the cells as well."""
    m = read(lambda c: c)[0][:, j].mean()
    return read(lambda c: np.where(np.arange(len(c)) == j, m, c))


def _all_held(read, j):
    means = read(lambda c: c)[0].mean(axis=0)
    return read(lambda c: means)[1]


@exercise(
    "11.5",
    "a cell held at its mean",
    answer=hold_at_mean,
    hints=[
        (
            "Why read twice?",
            "The mean is known only at the end of the text. The first reading changes nothing, "
            "`read(lambda c: c)`, and shows what the cell does; the second holds it.",
        ),
        (
            "The mean of what?",
            "Of the one cell over the whole text: column j of the (T, H) array, `c[:, j].mean()`.",
        ),
        (
            "What does `change` get and give?",
            "It gets c at this step, a vector of H numbers, and returns the vector to go on with. "
            "`c = c.copy()`, `c[j] = mean`, `return c`.",
        ),
    ],
    wrong={
        "held at 0": _changed_hold(mean=lambda c, j: 0.0),
        "the mean of all cells": _changed_hold(mean=lambda c, j: c.mean()),
        "the mean of all cells at the last step": _changed_hold(mean=lambda c, j: c[-1].mean()),
        "row j, not column j": _changed_hold(mean=lambda c, j: c[j].mean()),
        "its last value": _changed_hold(mean=lambda c, j: c[-1, j]),
        "its first value": _changed_hold(mean=lambda c, j: c[0, j]),
        "its mean size, without signs": _changed_hold(mean=lambda c, j: np.abs(c[:, j]).mean()),
        "only at the first step": _changed_hold(steps=1),
        "another cell": _changed_hold(hold=lambda c, j, m: _this_one(c, (j - 1) % len(c), m)),
        "all others, not this one": _changed_hold(hold=_others),
        "all cells at their means": _all_held,
        "the mean is added": _added,
        "the mean so far": _mean_so_far,
        "`change` returns nothing": _returns_nothing,
        "nothing is held": lambda read, j: read(lambda c: c)[1],
        "the cells and the bits, not the bits alone": _both,
        "the cells, not the bits": lambda read, j: read(lambda c: c)[0],
    },
)
def _(f):
    for seed, T, H, j in ((0, 6, 3, 1), (1, 9, 4, 3), (2, 5, 5, 0)):
        complaints: list[str] = []
        read = _reader(seed, T, H, complaints)
        case = f"cell {j} of {H}, {T} steps"
        got = call(f, read, j)
        if complaints:
            raise Wrong(complaints[0])
        same(f"{case}: the bits", got, hold_at_mean(read, j))


def _reader(seed, T, H, complaints):
    """A small network of the check's own, which can be read with `change`."""
    rng = np.random.default_rng(seed)
    inputs, W = rng.standard_normal((T, H)), rng.standard_normal((H, H))
    forget = rng.uniform(0.3, 0.9, H)

    def read(change):
        c, cs, bits = np.zeros(H), [], []
        for x in inputs:
            given = forget * c + np.tanh(x + 0.5 * np.tanh(c) @ W) + 0.3
            c = change(given)
            if c is None:
                complaints.append("its `change` gives nothing back: it lacks a `return c`")
            elif np.shape(c) != (H,):
                shape = f"shape {np.shape(c)} for a row of {H} numbers"
                complaints.append(f"its `change` gives back {shape}")
            c = np.array(given if complaints else c, float)
            cs.append(c)
            bits.append(float(np.log2(1 + np.exp(np.tanh(c) @ W[0]))))
        return np.array(cs), np.array(bits)

    return read
