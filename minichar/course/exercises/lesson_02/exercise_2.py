"""Exercise 2.2: `bits_and_perplexity(p)`, the mean surprise at what came, in two forms."""

import math

import numpy as np

from minichar.course.checking import call, exercise, for_case, same


def bits_and_perplexity(p):
    bits = -np.log2(p).mean()
    return bits, 2**bits


@exercise(
    "2.2",
    "bits per character and perplexity",
    answer=bits_and_perplexity,
    hints=[
        ("The mean of what?", "Of the surprises: first `-np.log2` of every p, then `.mean()`."),
        (
            "And the perplexity?",
            "2 to the power of the mean bits: the number of equally likely choices that cost as much.",
        ),
    ],
    wrong={
        "the surprise of the mean of p": lambda p: (-np.log2(p.mean()), 1 / p.mean()),
        "nats": lambda p: (-np.log(p).mean(), np.exp(-np.log(p).mean())),
        "the sum, not the mean": lambda p: (-np.log2(p).sum(), 2 ** -np.log2(p).sum()),
        "no minus": lambda p: (np.log2(p).mean(), 2 ** np.log2(p).mean()),
        "e, not 2, to the power of the bits": lambda p: (
            -np.log2(p).mean(),
            np.exp(-np.log2(p).mean()),
        ),
        "zeros left out": lambda p: bits_and_perplexity(p[p > 0]),
        "equal ones counted once": lambda p: bits_and_perplexity(np.unique(p)),
        "the product of all p, which comes out as 0": lambda p: (
            -np.log2(p.prod()) / len(p),
            2 ** (-np.log2(p.prod()) / len(p)),
        ),
        "the perplexity first": lambda p: bits_and_perplexity(p)[::-1],
        "crashes on a probability of 0": lambda p: bits_and_perplexity(
            np.array([2 ** math.log2(one) for one in p])
        ),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for p in (np.array([0.5, 0.5, 0.125]), np.full(7, 1 / 27), rng.uniform(0.001, 1, 2000)):
        same(
            f"bits_and_perplexity of {len(p)} numbers",
            call(f, p),
            bits_and_perplexity(p),
            parts=("bits", "perplexity"),
        )
    with for_case("0.5 and 0"):  # as in the next cell of the lesson
        got = call(f, np.array([0.5, 0]))
    parts = ("bits", "perplexity")
    same("bits_and_perplexity of 0.5 and 0", got, (np.inf, np.inf), parts=parts)
