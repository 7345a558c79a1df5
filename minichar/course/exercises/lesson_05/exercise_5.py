"""Exercise 5.5: `orthogonal(H, rng)`, a random orthogonal matrix."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_05.exercise_3 import with_radius


def orthogonal(H, rng):
    Q, _ = np.linalg.qr(rng.standard_normal((H, H)))
    return Q


@exercise(
    "5.5",
    "an orthogonal matrix",
    answer=orthogonal,
    hints=[
        (
            "What does QR give?",
            "`Q, R = np.linalg.qr(M)`: Q is orthogonal, R is triangular, and `Q @ R` is M. Keep Q.",
        ),
        ("How can I test it?", "`Q @ Q.T` is the identity matrix."),
    ],
    wrong={
        "R, not Q": lambda H, rng: np.linalg.qr(rng.standard_normal((H, H)))[1],
        "not orthogonal, radius 1": lambda H, rng: with_radius(rng.standard_normal((H, H)), 1.0),
        "not random": lambda H, rng: np.eye(H),
        "none of the numbers below 0": lambda H, rng: np.linalg.qr(rng.random((H, H)))[0],
        "drawn without rng": lambda H, rng: orthogonal(H, np.random.default_rng()),
        "Q and R": lambda H, rng: np.linalg.qr(rng.standard_normal((H, H))),
        "a list of rows": lambda H, rng: orthogonal(H, rng).tolist(),
        "not square": lambda H, rng: (
            np.linalg.qr(rng.standard_normal((H, H + 1)))[0][:, :-1] if H > 1 else np.ones((1, 2))
        ),
        "divided by the root of H": lambda H, rng: rng.standard_normal((H, H)) / np.sqrt(H),
    },
)
def _(f):
    for H in (2, 7, 20):
        got = call(f, H, np.random.default_rng(H))
        if isinstance(got, tuple):
            raise Wrong("it returns several things; one is wanted, the orthogonal matrix")
        Q = np.asarray(got)
        same(f"the shape for H = {H}", list(Q.shape), [H, H])
        same(f"what is returned for H = {H}", got, Q)  # an array, not a list of its rows
        same(f"Q @ Q.T for H = {H}", Q @ Q.T, np.eye(H))
        other = np.asarray(call(f, H, np.random.default_rng(H + 100)))
        if np.abs(Q - other).max() < 1e-6:
            raise Wrong("two different generators gave the same matrix: draw it with rng")
        again = np.asarray(call(f, H, np.random.default_rng(H)))
        if np.abs(Q - again).max() > 1e-9:
            raise Wrong("two generators from one seed gave different matrices: draw it with rng")
        if H == 20 and ((Q < 0).all(axis=0) | (Q > 0).all(axis=0)).any():  # 7 may be so by chance
            raise Wrong(
                f"for H = {H} a whole column has one sign, as when all the numbers drawn are "
                "positive: draw them with `rng.standard_normal`"
            )
