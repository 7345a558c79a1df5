"""Exercise 5.4: `clip_by_norm(dW, limit)`, gradients shortened by one factor, and their length."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


def clip_by_norm(dW, limit):
    norm = np.sqrt(sum((g**2).sum() for g in dW.values()))
    factor = min(1, limit / norm) if norm > 0 else 1
    return {name: factor * g for name, g in dW.items()}, norm


@exercise(
    "5.4",
    "clipping by norm",
    answer=clip_by_norm,
    hints=[
        (
            "Whose length is it?",
            "Of all gradients together: `np.sqrt(sum((g**2).sum() for g in dW.values()))`.",
        ),
        (
            "And a short gradient?",
            "The factor is limit / norm, but never above 1: `min(1, limit / norm)`.",
        ),
        (
            "nan for gradients that are all zero?",
            "nan comes from 0 / 0: where the norm is 0, the factor is 1.",
        ),
    ],
    wrong={
        "each matrix clipped separately": lambda dW, limit: (
            {k: g * min(1, limit / max(1e-300, np.linalg.norm(g))) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "each number clipped separately": lambda dW, limit: (
            {k: np.clip(g, -limit, limit) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "always to the limit": lambda dW, limit: (
            {k: g * limit / max(1e-300, clip_by_norm(dW, limit)[1]) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "a norm below 1 is never shortened": lambda dW, limit: (
            clip_by_norm(dW, limit if clip_by_norm(dW, limit)[1] > 1 else 1.0)[0],
            clip_by_norm(dW, limit)[1],
        ),
        "the norm afterwards": lambda dW, limit: (
            clip_by_norm(dW, limit)[0],
            min(limit, clip_by_norm(dW, limit)[1]),
        ),
        "the lengths of the matrices added up": lambda dW, limit: (
            clip_by_norm(dW, limit)[0],
            sum(np.linalg.norm(g) for g in dW.values()),
        ),
        "the square of the norm": lambda dW, limit: (
            {
                k: g * min(1, limit / max(1e-300, clip_by_norm(dW, 1)[1] ** 2))
                for k, g in dW.items()
            },
            clip_by_norm(dW, limit)[1] ** 2,
        ),
    },
)
def _(f):
    rng = np.random.default_rng(3)
    large = {"Whh": rng.standard_normal((4, 4)), "bh": 3 * rng.standard_normal(4)}
    small = {name: g / 20 for name, g in large.items()}
    for dW, limit in ((large, 1.0), (large, 5.0), (large, 100.0), (small, 0.2)):
        got, parts = call(f, dW, limit), ("the clipped gradients", "the norm")
        if isinstance(got, dict):
            raise Wrong(
                "it returns one thing; two are wanted, the dictionary and the norm before clipping"
            )
        want = clip_by_norm(dW, limit)
        if isinstance(got, (tuple, list)) and len(got) == 2:  # what the rest is made of comes first
            same(f"with a limit of {limit}: the norm", got[1], want[1])
        same(f"with a limit of {limit}", got, want, parts=parts)
    nothing = {"Whh": np.zeros((2, 2))}
    same("gradients that are all zero", call(f, nothing, 5.0), (nothing, 0.0))
