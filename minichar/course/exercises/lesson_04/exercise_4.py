"""Exercise 4.4: `top_k(p, k)`, the k likeliest kept and made to add up to 1."""

import numpy as np

from minichar import sampling
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_04.shared import scores
from minichar.rnn100 import softmax


def top_k(p, k):
    kept = np.zeros_like(p)
    best = np.argsort(-p, kind="stable")[:k]
    kept[best] = p[best]
    return kept / kept.sum()


def _kept(which):
    def wrong(p, k):
        kept = np.zeros_like(p)
        best = which(p, k)
        kept[best] = p[best]
        return kept / kept.sum()

    return wrong


@exercise(
    "4.4",
    "top-k",
    answer=top_k,
    also=(sampling.distribution,),
    hints=[
        ("Which are the k best?", "`np.argsort(-p)[:k]` are the places of the k largest."),
        (
            "It does not add up to 1?",
            "Set the others to 0, then divide by the sum of what is left.",
        ),
    ],
    wrong={
        "not made to add up to 1": lambda p, k: top_k(p, k) * np.sort(p)[::-1][:k].sum(),
        "all of them kept": lambda p, k: p.copy(),
        "the k least likely": _kept(lambda p, k: np.argsort(p, kind="stable")[:k]),
        "one too many": _kept(lambda p, k: np.argsort(-p, kind="stable")[: k + 1]),
        "the first k, not the best k": _kept(lambda p, k: np.arange(k)),
        "all that are kept made equal": lambda p, k: (top_k(p, k) > 0) / k,
        "left in sorted order": lambda p, k: np.sort(top_k(p, k))[::-1],
        "p changed in place": lambda p, k: np.copyto(p, top_k(p, k)) or p,
    },
)
def _(f):
    for seed, V in ((0, 5), (1, 27)):
        p = softmax(scores(seed, V))
        for k in (1, 2, 3, V):
            same(f"the best {k} of {V}", call(f, p, k), top_k(p, k))
