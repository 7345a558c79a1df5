"""Exercise 14.3: `whole_gradient(parts, counts)`, that of the mean loss of all predictions."""

import numpy as np

from minichar.course.checking import call, exercise, same


def whole_gradient(parts, counts):
    N = sum(counts)
    return {
        name: sum(n / N * part[name] for part, n in zip(parts, counts, strict=True))
        for name in parts[0]
    }


def _weighted(weigh):
    """The sum of the parts, each times the weight that `weigh` gives for the counts."""

    def wrong(parts, counts):
        pairs = list(zip(parts, weigh(np.array(counts, float)), strict=True))
        return {name: sum(w * part[name] for part, w in pairs) for name in parts[0]}

    return wrong


def _into_the_first(parts, counts):
    """Adds up in the arrays of the first worker."""
    N = sum(counts)
    for name, first in parts[0].items():
        first *= counts[0] / N
        for part, n in zip(parts[1:], counts[1:], strict=True):
            first += n / N * part[name]
    return parts[0]


@exercise(
    "14.3",
    "the gradient of the whole batch",
    answer=whole_gradient,
    hints=[
        (
            "Why not just the mean?",
            "Each part's gradient is a mean over its own predictions. A mean over 10 must weigh "
            "less than one over 90.",
        ),
        (
            "What weight?",
            "A part with n of N predictions weighs n / N. The weights add up to 1.",
        ),
        (
            "How do I go through dictionaries?",
            "`for name in parts[0]` goes through the names. For each, sum up "
            "`n / N * part[name]` over `zip(parts, counts)`.",
        ),
    ],
    wrong={
        "the plain mean of the parts": _weighted(lambda n: np.full(len(n), 1 / len(n))),
        "the plain sum of the parts": _weighted(lambda n: np.ones(len(n))),
        "each times its count, not divided": _weighted(lambda n: n),
        "divided by the number of parts too": _weighted(lambda n: n / n.sum() / len(n)),
        "each divided by its count, not multiplied": _weighted(lambda n: (1 / n) / (1 / n).sum()),
        "each with another's count": _weighted(lambda n: n[::-1] / n.sum()),
        "divided by the largest count": _weighted(lambda n: n / n.max()),
        "the last part alone": _weighted(lambda n: np.eye(len(n))[-1]),
        "the first two parts only": _weighted(lambda n: n / n.sum() * (np.arange(len(n)) < 2)),
        "written into the arrays of the first part": _into_the_first,
        "Wxh and bh, whatever the names": lambda parts, counts: {
            name: whole_gradient(parts, counts)[name] for name in ("Wxh", "bh")
        },
        "weighted by the roots of the counts": _weighted(lambda n: n**0.5 / (n**0.5).sum()),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for counts in ([90, 60, 10], [5, 5], [7], [400, 350, 350], [1, 2, 3, 4]):
        shapes = {"Wxh": (3, 2), "bh": (2,)} | ({"Why": (2, 4)} if len(counts) == 2 else {})
        parts = [{k: rng.standard_normal(s) for k, s in shapes.items()} for _ in counts]
        case = (
            f"for {len(counts)} part{'s' * (len(counts) > 1)} of {counts} predictions, the result"
        )
        counts = np.array(counts)
        same(case, call(f, parts, counts), whole_gradient(parts, counts))
