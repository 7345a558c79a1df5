"""Exercise 12.6: `together(a, b, share)`, what a text costs with two models asked as one."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.mixture import together


@exercise(
    "12.6",
    "two models asked as one",
    answer=together,
    hints=[
        (
            "How do I get a probability back from bits?",
            "The bits are -log2 of it. So the probability is 2 to the power of minus the bits.",
        ),
        (
            "Why may I not mix the bits themselves?",
            "What adds up to 1 over all characters are probabilities. A mean of bits is that of "
            "their logarithms: it belongs to no distribution, and is never less than what the "
            "mixture costs.",
        ),
        (
            "How does it look in full?",
            "-np.log2 of (share times 2.0**-a plus (1 - share) times 2.0**-b).",
        ),
    ],
    wrong={
        "the bits mixed, not the probabilities": lambda a, b, share: share * a + (1 - share) * b,
        "the shares exchanged": lambda a, b, share: together(b, a, share),
        "half and half, whatever the share is": lambda a, b, share: together(a, b, 0.5),
        "the same share of both": lambda a, b, share: -np.log2(share * (2.0**-a + 2.0**-b)),
        "only the first has its share taken": lambda a, b, share: (
            -np.log2(share * 2.0**-a + 2.0**-b)
        ),
        "the probabilities multiplied": lambda a, b, share: -np.log2(2.0**-a * 2.0**-b),
        "one number for all, in place of one for each": lambda a, b, share: together(
            a, b, share
        ).mean(),
        "in nats at the end": lambda a, b, share: together(a, b, share) * np.log(2),
        "bits taken for nats": lambda a, b, share: (
            -np.log(share * np.exp(-a) + (1 - share) * np.exp(-b))
        ),
        "the minus forgotten": lambda a, b, share: -together(a, b, share),
        "probabilities, not bits": lambda a, b, share: 2.0 ** -together(a, b, share),
        "the better of the two each time": lambda a, b, share: np.minimum(a, b),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    cases = {
        "of 1 and 4 bits": (np.array([1.0]), np.array([4.0])),
        "of three characters": (np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 0.5])),
        "of a hundred characters": tuple(rng.exponential(3, (2, 100))),
    }
    for name, (a, b) in cases.items():
        for share in (0.75, 0.5, 0.0, 1.0):
            got = call(f, a.copy(), b.copy(), share)
            same(f"the mixture {name}, share {share},", got, together(a, b, share))
