"""Exercise 4.5: `nucleus(p, top_p)`, as many of the likeliest kept as it takes to have top_p."""

import numpy as np

from minichar import sampling
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_04.shared import scores
from minichar.rnn100 import softmax


def nucleus(p, top_p):
    order = np.argsort(-p, kind="stable")
    before = np.cumsum(p[order]) - p[order]
    keep = order[before < top_p]
    kept = np.zeros_like(p)
    kept[keep] = p[keep]
    return kept / kept.sum()


def _nucleus(keep):
    def wrong(p, top_p):
        order = np.argsort(-p, kind="stable")
        best = order[keep(p[order], top_p)]
        kept = np.zeros_like(p)
        kept[best] = p[best]
        return kept / kept.sum()

    return wrong


@exercise(
    "4.5",
    "the nucleus",
    answer=nucleus,
    also=(sampling.distribution,),
    hints=[
        (
            "In which order do I add up?",
            "From the most likely down: `order = np.argsort(-p)`, then `np.cumsum(p[order])`.",
        ),
        (
            "Is the one that crosses the line kept?",
            "Yes. Keep a character while those before it add up to less than top_p.",
        ),
        (
            "How do I get back to the old order?",
            "`kept = np.zeros_like(p)`; `kept[chosen] = p[chosen]`; then divide by the sum.",
        ),
    ],
    wrong={
        "without the one that crosses": _nucleus(lambda p, top_p: np.cumsum(p) <= top_p),
        "from the least likely up": _nucleus(lambda p, top_p: np.cumsum(p[::-1])[::-1] - p < top_p),
        "each one below the line": lambda p, top_p: np.where(p < top_p, p, 0) / p[p < top_p].sum(),
        "all of them kept": lambda p, top_p: p.copy(),
        "each one above the line": _nucleus(lambda p, top_p: p >= top_p * p.max()),
        "each one above 1 - top_p": _nucleus(lambda p, top_p: p >= 1 - top_p),
        "not made to add up to 1": lambda p, top_p: (
            nucleus(p, top_p) * p[nucleus(p, top_p) > 0].sum()
        ),
        "in the vocabulary's order": lambda p, top_p: (lambda kept: kept / kept.sum())(
            np.where(np.cumsum(p) - p < top_p, p, 0)
        ),
        "places in the sorted order taken for characters": lambda p, top_p: (
            lambda q: (lambda kept: kept / kept.sum())(np.where(np.cumsum(q) - q < top_p, p, 0))
        )(np.sort(p)[::-1]),
        "divided by top_p": lambda p, top_p: (
            nucleus(p, top_p) * p[nucleus(p, top_p) > 0].sum() / top_p
        ),
        "left in sorted order": lambda p, top_p: np.sort(nucleus(p, top_p))[::-1],
        "one too many when top_p is reached exactly": _nucleus(
            lambda p, top_p: np.cumsum(p) - p <= top_p
        ),
    },
)
def _(f):
    for seed, V in ((0, 5), (1, 27), (2, 8)):
        p = softmax(scores(seed, V))
        for top_p in (0.9, 0.5, 0.2, 0.99):
            same(f"the nucleus of {top_p} among {V}", call(f, p, top_p), nucleus(p, top_p))
    p = np.array([0.25, 0.5, 0.25])  # the likeliest alone has exactly 0.5, which is enough
    same("the nucleus of 0.5 among 0.25, 0.5, 0.25", call(f, p, 0.5), nucleus(p, 0.5))
