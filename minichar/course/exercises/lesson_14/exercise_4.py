"""Exercise 14.4: `sends(k, t, n)`, the piece that machine k sends in round t."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


def sends(k, t, n):
    return (k - t) % n


def _ring(f, n):
    """Play the ring by the rule `f`; raise Wrong where not everyone has the sum of everything."""
    held = [[{k} for _ in range(n)] for k in range(n)]  # whose numbers are in it, [machine][piece]
    for t in range(2 * (n - 1)):
        chosen = [call(f, k, t, n) for k in range(n)]
        for k, j in enumerate(chosen):
            if not isinstance(j, (int, np.integer)) or isinstance(j, bool):
                if not isinstance(j, float):
                    same(f"sends({k}, {t}, {n})", j, sends(k, t, n))
                raise Wrong(f"sends({k}, {t}, {n}) is {j!r}, expected a whole number")
            if not 0 <= j < n:
                raise Wrong(f"sends({k}, {t}, {n}) is {j}: the pieces are 0 to {n - 1}")
        messages = [set(held[k][j]) for k, j in enumerate(chosen)]
        for k, (j, message) in enumerate(zip(chosen, messages, strict=True)):
            right = (k + 1) % n
            if t >= n - 1:
                held[right][j] = message
                continue
            if twice := held[right][j] & message:
                raise Wrong(
                    f"with {n} machines, in round {t} machine {right} adds to its piece {j} what it "
                    f"already holds: the numbers of machine {min(twice)} are counted twice"
                )
            held[right][j] |= message
    for k, row in enumerate(held):
        for j, whose in enumerate(row):
            if len(whose) < n:
                raise Wrong(
                    f"with {n} machines, after {2 * (n - 1)} rounds piece {j} of machine {k} is the sum "
                    f"over {len(whose)} of {n} machines"
                )


@exercise(
    "14.4",
    "the ring: which piece, and when",
    answer=sends,
    hints=[
        (
            "What does a machine send next?",
            "What it has just received, added to its own: piece j that came in round t goes on in "
            "round t + 1. Machine k got it from k - 1, so sends(k, t + 1, n) is sends(k - 1, t, n).",
        ),
        (
            "Where to begin?",
            "Machine k begins with piece k: then all n pieces are on their way at once, each from "
            "a different machine.",
        ),
        (
            "Below 0?",
            "The pieces go round, too. `% n` brings every number back into 0 to n - 1: in Python, "
            "-1 % 4 is 3.",
        ),
    ],
    wrong={
        "everyone sends the same piece": lambda k, t, n: t % n,
        "always its own piece": lambda k, t, n: k,
        "piece numbers that go up from round to round, not down": lambda k, t, n: (k + t) % n,
        "a new piece only every other round": lambda k, t, n: (k - t // 2) % n,
        "piece numbers below 0": lambda k, t, n: k - t,
        "up, not down, in the second half": lambda k, t, n: (k - t if t < n - 1 else k + t) % n,
        "t counted from 0 again in the second half": lambda k, t, n: (k - t % (n - 1)) % n,
        "% (n - 1) in place of % n": lambda k, t, n: (k - t) % max(n - 1, 1),
        "two pieces further from round to round, not one": lambda k, t, n: (k - 2 * t) % n,
        "numbers with a point": lambda k, t, n: (k + 1.0 - t) % n,
        "piece 0 only": lambda k, t, n: 0,
    },
)
def _(f):
    for n in (4, 3, 2, 5, 8):  # any rule that works is right; there are several
        _ring(f, n)
