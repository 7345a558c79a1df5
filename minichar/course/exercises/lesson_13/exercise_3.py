"""Exercise 13.3: `masked_loss(z, targets, lengths)`, the mean loss without the padding."""

import numpy as np

from minichar import graph
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_13.shared import expect_gradient, expect_tensor
from minichar.graph import Tensor
from minichar.modes import masked_loss


def _masked(mask):
    def wrong(z, targets, lengths):
        here = mask(np.arange(len(targets))[:, None], targets, lengths)
        return graph.cross_entropy(z[here], targets[here])

    return wrong


def _thinned(z, targets, lengths):
    """The sum over what counts, divided by the number of all places, padding and all."""
    return masked_loss(z, targets, lengths) * (lengths.sum() / targets.size)


def _summed(z, targets, lengths):
    return masked_loss(z, targets, lengths) * float(lengths.sum())


def _mean_of_means(z, targets, lengths):
    """Each text counts the same, however short."""
    losses = [graph.cross_entropy(z[:n, b], targets[:n, b]) for b, n in enumerate(lengths)]
    return graph.stack(losses).mean()


def _scores_to_zero(z, targets, lengths):
    """Scores of the padding become 0, and are counted all the same."""
    mask = (np.arange(len(targets))[:, None] < lengths)[:, :, None]
    return graph.cross_entropy(z * Tensor(mask.astype(float)), targets)


@exercise(
    "13.3",
    "a loss that leaves out the padding",
    answer=masked_loss,
    hints=[
        (
            "How do I get a table of True and False?",
            "By comparing a column of steps with a row of lengths: "
            "`np.arange(T)[:, None] < lengths` has the shape (T, B).",
        ),
        (
            "Why not `targets != 0`?",
            "The line end is number 0 too, and where a name ends must be learned.",
        ),
        (
            "What do I do with the table?",
            "`z[mask]` and `targets[mask]` are the scores and targets where it is True, one below the "
            "other; `mc.graph.cross_entropy` takes their mean.",
        ),
    ],
    wrong={
        "the padding counts": lambda z, targets, lengths: graph.cross_entropy(z, targets),
        "a mask by targets != 0": _masked(lambda t, targets, lengths: targets != 0),
        "one step too many": _masked(lambda t, targets, lengths: t <= lengths),
        "the line end does not count": _masked(lambda t, targets, lengths: t < lengths - 1),
        "the padding alone counts": _masked(
            lambda t, targets, lengths: (t >= lengths) | (t + lengths < 0)
        ),
        "all texts cut at the shortest": _masked(
            lambda t, targets, lengths: t + 0 * lengths < lengths.min()
        ),
        "divided by all places": _thinned,
        "the sum, not the mean": _summed,
        "the mean of the means": _mean_of_means,
        "scores of 0 for the padding": _scores_to_zero,
        "cut off from the graph": lambda z, targets, lengths: Tensor(
            masked_loss(z, targets, lengths).data
        ),
        "a new Tensor, with a gradient of its own": lambda z, targets, lengths: masked_loss(
            Tensor(z.data, requires_grad=True), targets, lengths
        ),
    },
)
def _(f):
    for T, lengths, V in ((5, [3, 5, 2], 4), (4, [1, 3], 3), (6, [2, 6, 6, 4], 5), (3, [3, 2], 2)):
        rng, B = np.random.default_rng(T), len(lengths)
        lengths = np.array(lengths)
        targets = rng.integers(V, size=(T, B))
        targets[lengths - 1, np.arange(B)] = 0  # each ends with a line end
        if T != 6:  # what stands in the padding must not matter; mostly it is 0
            targets[np.arange(T)[:, None] >= lengths] = 0
        values = 2 * rng.standard_normal((T, B, V))
        results = []
        for run in (f, masked_loss):
            z = Tensor(values.copy(), requires_grad=True)
            loss = call(f, z, targets, lengths) if run is f else run(z, targets, lengths)
            results.append((z, loss))
        (z, got), (z_right, want) = results
        case = f"with lengths {lengths.tolist()} and T = {T}"
        expect_tensor(f"the loss {case}", got)
        same(f"the loss {case}", got.data, want.data)
        expect_gradient(f"{case} the loss is cut off from z", z, got)
        want.backward()
        same(f"the gradient of z {case}", z.grad, z_right.grad)
