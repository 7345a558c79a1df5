"""Exercise 8.4: `perplexity(losses, counts)`, from the mean losses of unequal pieces."""

import numpy as np

from minichar.course.checking import call, exercise, same


def perplexity(losses, counts):
    return np.exp(np.sum(losses * counts) / np.sum(counts))


@exercise(
    "8.4",
    "perplexity over the true number of predictions",
    answer=perplexity,
    hints=[
        (
            "Why not the mean of the losses?",
            "Each loss is a mean already. One taken over 3 predictions must weigh less than one over 200.",
        ),
        (
            "How do I weigh them?",
            "losses * counts are the nats of each piece. Their sum, divided by the sum of the counts, "
            "is the loss of a single prediction, on average.",
        ),
        ("e or 2?", "These losses are in nats, so e: np.exp. With bits it would be 2."),
    ],
    wrong={
        "the mean of the means": lambda losses, counts: np.exp(np.mean(losses)),
        "the mean of the perplexities": lambda losses, counts: np.mean(np.exp(losses)),
        "the weighted mean of the perplexities": lambda losses, counts: (
            np.sum(np.exp(losses) * counts) / np.sum(counts)
        ),
        "2 in place of e": lambda losses, counts: 2 ** (np.sum(losses * counts) / np.sum(counts)),
        "the loss, not the perplexity": lambda losses, counts: np.log(perplexity(losses, counts)),
        "divided by the number of pieces": lambda losses, counts: np.exp(
            np.sum(losses * counts) / len(losses)
        ),
        "the sum of the losses over all predictions": lambda losses, counts: np.exp(
            np.sum(losses) / np.sum(counts)
        ),
    },
)
def _(f):
    for losses, counts in (
        ([np.log(4), np.log(4)], [10, 3]),
        ([1.0, 1.0, 4.0], [200, 200, 3]),
        ([2.5], [7]),
        ([0.5, 3.0, 2.0, 1.0], [450, 450, 450, 30]),
    ):
        args = np.array(losses), np.array(counts)
        shown = ", ".join(f"{x:.3g}" for x in losses)
        same(f"perplexity([{shown}], {counts})", call(f, *args), perplexity(*args))
