"""Exercise 10.2: `norm(gradients)`, for which one number comes down from the card."""

import numpy as np

from minichar import backend, strict
from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_10.shared import travelled


def norm(gradients):
    total = 0
    for g in gradients:
        total = total + (g * g).sum()
    return float(total) ** 0.5


def _one_by_one(gradients):
    return sum(float((g * g).sum()) for g in gradients) ** 0.5


def _whole(gradients):
    return float(np.sqrt(sum((backend.host(g) ** 2).sum() for g in gradients)))


@exercise(
    "10.2",
    "one number down",
    answer=norm,
    hints=[
        (
            "What may stay on the card?",
            "`(g * g).sum()` is an array of one number there. Adding two of them is a launch, and nobody waits.",
        ),
        (
            "Where does it come down?",
            "Once, after the loop: `float(total)`, which works on either side, unlike `.get()`. Then the root.",
        ),
        (
            "How do I begin the sum?",
            "With Python's 0: `0 + array` is an array, on either side.",
        ),
    ],
    wrong={
        "a wait for each gradient": _one_by_one,
        "all gradients down": _whole,
        "left on the card": lambda gradients: sum((g * g).sum() for g in gradients) ** 0.5,
        "the root left out": lambda gradients: norm(gradients) ** 2,
        "the sum of the norms": lambda gradients: float(
            sum((g * g).sum() ** 0.5 for g in gradients)
        ),
        "the sums of the gradients, not of their squares": lambda gradients: (
            abs(float(sum(g.sum() for g in gradients))) ** 0.5
        ),
        "the means of the squares, not their sums": lambda gradients: (
            float(sum((g * g).mean() for g in gradients)) ** 0.5
        ),
        "the length of the largest alone": lambda gradients: max(norm([g]) for g in gradients),
    },
)
def _(f):
    for seed, shapes in ((0, [(3, 4)]), (1, [(2, 3), (5,), (4, 1)]), (2, [(7, 2)] * 6)):
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(shape) for shape in shapes]
        wanted = norm(arrays)
        same(f"the norm of numpy's arrays {', '.join(map(str, shapes))}", call(f, arrays), wanted)
        with strict.instead_of_cupy() as card:
            there = [card.asarray(g) for g in arrays]
            card.counts.reset()
            found = call(f, there)
            name = f"for {len(arrays)} array{'s' * (len(arrays) > 1)} on the card"
            travelled(name, card.counts, downs=1)
            if card.counts.bytes_down > 8:
                raise Wrong(f"{name} {card.counts.bytes_down} bytes came down, expected one number")
            if isinstance(found, card.ndarray):
                raise Wrong(f"{name} it returns an array there, expected a Python number")
            same(name, found, wanted)
            if any((g.get() != old).any() for g, old in zip(there, arrays, strict=True)):
                raise Wrong(f"{name} it changed them in place")
