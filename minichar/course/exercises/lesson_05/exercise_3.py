"""Exercise 5.3: `with_radius(M, rho)`, the matrix M brought to the spectral radius rho."""

import numpy as np

from minichar.course.checking import call, exercise, same


def with_radius(M, rho):
    return M * (rho / np.abs(np.linalg.eigvals(M)).max())


@exercise(
    "5.3",
    "the spectral radius",
    answer=with_radius,
    hints=[
        (
            "What is the radius now?",
            "`np.abs(np.linalg.eigvals(M)).max()`: the largest absolute value of an eigenvalue.",
        ),
        (
            "By which factor?",
            "Eigenvalues scale with the matrix: multiply M by the radius you want over the one it has.",
        ),
    ],
    wrong={
        "the largest stretching of any vector, not an eigenvalue": lambda M, rho: (
            M * (rho / np.linalg.norm(M, 2))
        ),
        "the norm of M, not an eigenvalue": lambda M, rho: M * (rho / np.linalg.norm(M)),
        "only the real part": lambda M, rho: M * (rho / np.linalg.eigvals(M).real.max()),
        "abs taken after max, not before": lambda M, rho: (
            M * (rho / abs(np.linalg.eigvals(M).max()))
        ),
        "the first eigenvalue, not the largest": lambda M, rho: (
            M * (rho / abs(np.linalg.eigvals(M)[0]))
        ),
        "just times rho": lambda M, rho: M * rho,
        "the factor upside down": lambda M, rho: M * (np.abs(np.linalg.eigvals(M)).max() / rho),
    },
)
def _(f):
    rng = np.random.default_rng(2)
    turn = np.array([[0.0, -2.0], [2.0, 0.0]])  # eigenvalues 2i and -2i
    for M, rho in (
        (turn, 0.8),
        (np.array([[1.0, 2.0], [0.0, -3.0]]), 0.5),  # the largest and the first are 1, not -3
        (rng.standard_normal((5, 5)), 0.9),
        (rng.standard_normal((8, 8)), 1.5),
    ):
        same(
            f"a {len(M)} by {len(M)} matrix with radius {rho}", call(f, M, rho), with_radius(M, rho)
        )
