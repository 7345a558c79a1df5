"""Exercise 9.2: `rows_back(x, da, V)`, the gradient of a matrix whose rows were picked."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


def rows_back(x, da, V):
    dW = np.zeros((V, da.shape[1]), da.dtype)
    np.add.at(dW, x, da)
    return dW


def _last_one_wins(x, da, V):
    dW = np.zeros((V, da.shape[1]), da.dtype)
    dW[x] += da
    return dW


def _mean(x, da, V):
    return rows_back(x, da, V) / np.maximum(np.bincount(x, minlength=V), 1)[:, None].astype(
        da.dtype
    )


@exercise(
    "9.2",
    "the backward pass of a gather",
    answer=rows_back,
    hints=[
        (
            "What goes where?",
            "Row n of da belongs to text n, which read the character x[n]: it is added to row x[n].",
        ),
        (
            "Two texts read the same character?",
            "Their rows add up. `dW[x] += da` keeps only one of them; `np.add.at(dW, x, da)` or a "
            "loop adds them all.",
        ),
        (
            "Of which type?",
            "`np.zeros(shape)` is float64, whatever da is: `np.zeros(shape, da.dtype)`.",
        ),
    ],
    wrong={
        "a character read twice counts once": _last_one_wins,
        "float64, whatever da is": lambda x, da, V: rows_back(x, da.astype(np.float64), V),
        "as many rows as the largest character needs": lambda x, da, V: rows_back(
            x, da, max(x) + 1
        ),
        "as many rows as da has": lambda x, da, V: rows_back(x, da, len(da)),
        "a gather, da[x], not a scatter-add": lambda x, da, V: da[x],
        "the mean of a character's rows, not their sum": _mean,
        "only the characters that were read": lambda x, da, V: rows_back(x, da, V)[np.unique(x)],
        "the gradient transposed": lambda x, da, V: rows_back(x, da, V).T,
        "the sum of all rows for each character": lambda x, da, V: np.where(
            np.isin(np.arange(V), x)[:, None], da.sum(axis=0), da.dtype.type(0)
        ),
    },
)
def _(f):
    x = np.array([2, 0, 2, 2, 0])
    da = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [3.0, 4.0], [0.0, 5.0]])
    same("the gradient for x = [2, 0, 2, 2, 0]", call(f, x, da, 4), rows_back(x, da, 4))
    for seed, n, N, V in ((0, 12, 3, 5), (1, 1, 8, 2), (2, 40, 1, 7)):
        rng = np.random.default_rng(seed)
        x, da = rng.integers(V - 1, size=n), rng.standard_normal((n, N))  # one is never read
        same(f"the gradient for {n} characters", call(f, x, da, V), rows_back(x, da, V))
    small = call(f, x, da.astype(np.float32), V)
    if getattr(small, "dtype", None) != np.float32:
        kind = getattr(small, "dtype", "a list")
        raise Wrong(f"for da of type float32 it returns {kind}, expected float32")
