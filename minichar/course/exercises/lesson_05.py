"""The exercises of lesson 05: Jacobians and their products, the spectral radius, clipping, a start."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import Wrong, call, exercise, same


def jacobian(Whh, h):
    return Whh * (1 - h**2)


@exercise(
    "5.1",
    "the Jacobian of a step",
    answer=jacobian,
    hints=[
        (
            "Which way does the slope of tanh go?",
            "It belongs to the new state's number k, so it multiplies column k: numpy does that for "
            "`Whh * (1 - h**2)`, with h along the columns.",
        ),
        (
            "Which h is in it?",
            "The new state: the slope of tanh at a is 1 - tanh(a)², and tanh(a) is h.",
        ),
    ],
    wrong={
        "rows for columns": lambda Whh, h: Whh * (1 - h**2)[:, None],
        "Whh turned round": lambda Whh, h: Whh.T * (1 - h**2),
        "no slope": lambda Whh, h: Whh + 0.0,
        "the slope of a sigmoid": lambda Whh, h: Whh * h * (1 - h),
        "a matrix product": lambda Whh, h: Whh @ (1 - h**2),
        "tanh twice": lambda Whh, h: Whh * (1 - np.tanh(h) ** 2),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for H in (3, 1, 8):
        Whh, a = rng.standard_normal((H, H)), rng.standard_normal(H)
        before = np.tanh(rng.standard_normal(H))
        h, columns = np.tanh(before @ Whh + a), []
        for d in 1e-6 * np.eye(H):
            columns.append(
                (np.tanh((before + d) @ Whh + a) - np.tanh((before - d) @ Whh + a)) / 2e-6
            )
        same(
            f"the Jacobian of a step with {H} neurons", call(f, Whh, h), np.array(columns), tol=1e-6
        )


def far_jacobian(Whh, hs, s, t):
    J = np.eye(len(Whh))
    for r in range(s + 1, t + 1):
        J = J @ jacobian(Whh, hs[r])
    return J


def _far(first=1, last=1, turned=False):
    def wrong(Whh, hs, s, t):
        J = np.eye(len(Whh))
        for r in range(s + first, min(t + last, len(hs))):
            step = jacobian(Whh, hs[r])
            J = step @ J if turned else J @ step
        return J

    return wrong


@exercise(
    "5.2",
    "many steps back",
    answer=far_jacobian,
    hints=[
        (
            "Which states are in the product?",
            "hs[s + 1] up to and with hs[t]: t - s steps, one Jacobian each.",
        ),
        ("In which order?", "As they happen, from left to right: J = J @ jacobian(Whh, hs[r])."),
    ],
    wrong={
        "one step too early": _far(first=0, last=0),
        "one step too many": _far(first=0),
        "the last step left out": _far(last=0),
        "in the wrong order": _far(turned=True),
        "a power of one step": lambda Whh, hs, s, t: np.linalg.matrix_power(
            jacobian(Whh, hs[t]), t - s
        ),
    },
)
def _(f):
    rng = np.random.default_rng(1)
    W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(4, 3, rng).items()}
    ids = rng.integers(4, size=9)
    hs = rnn100.forward(W, ids[:-1], ids[1:], rng.standard_normal(3))[1]
    for s, t in ((0, 1), (2, 2), (1, 4), (0, 8), (7, 8)):
        same(
            f"from step {t} back to step {s}",
            call(f, W["Whh"], hs, s, t),
            far_jacobian(W["Whh"], hs, s, t),
        )


def with_radius(M, rho):
    return M * (rho / np.abs(np.linalg.eigvals(M)).max())


@exercise(
    "5.3",
    "the spectral radius",
    answer=with_radius,
    hints=[
        (
            "What is the radius now?",
            "np.abs(np.linalg.eigvals(M)).max(): the largest absolute value of an eigenvalue.",
        ),
        (
            "By which factor?",
            "Eigenvalues grow with the matrix: multiply M by the wanted radius over the present one.",
        ),
    ],
    wrong={
        "the largest stretching": lambda M, rho: M * (rho / np.linalg.norm(M, 2)),
        "the root of all squares": lambda M, rho: M * (rho / np.linalg.norm(M)),
        "only the real part": lambda M, rho: M * (rho / np.linalg.eigvals(M).real.max()),
        "just times rho": lambda M, rho: M * rho,
        "upside down": lambda M, rho: M * (np.abs(np.linalg.eigvals(M)).max() / rho),
    },
)
def _(f):
    rng = np.random.default_rng(2)
    turn = np.array([[0.0, -2.0], [2.0, 0.0]])  # eigenvalues 2i and -2i
    for M, rho in (
        (turn, 1.0),
        (rng.standard_normal((5, 5)), 0.9),
        (rng.standard_normal((8, 8)), 1.5),
    ):
        same(
            f"a {len(M)} by {len(M)} matrix with radius {rho}", call(f, M, rho), with_radius(M, rho)
        )


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
            "Of all gradients together: np.sqrt(sum((g**2).sum() for g in dW.values())).",
        ),
        (
            "And a short gradient?",
            "The factor is limit / norm, but never above 1: min(1, limit / norm).",
        ),
        (
            "nan for gradients that are all zero?",
            "nan comes from 0 / 0: where the norm is 0, the factor is 1.",
        ),
    ],
    wrong={
        "each matrix by itself": lambda dW, limit: (
            {k: g * min(1, limit / max(1e-300, np.linalg.norm(g))) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "number by number": lambda dW, limit: (
            {k: np.clip(g, -limit, limit) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "always to the limit": lambda dW, limit: (
            {k: g * limit / max(1e-300, clip_by_norm(dW, limit)[1]) for k, g in dW.items()},
            clip_by_norm(dW, limit)[1],
        ),
        "the norm afterwards": lambda dW, limit: (
            clip_by_norm(dW, limit)[0],
            min(limit, clip_by_norm(dW, limit)[1]),
        ),
        "the square of the norm": lambda dW, limit: (
            {
                k: g * min(1, limit / max(1e-300, clip_by_norm(dW, 1)[1] ** 2))
                for k, g in dW.items()
            },
            clip_by_norm(dW, limit)[1],
        ),
    },
)
def _(f):
    rng = np.random.default_rng(3)
    dW = {"Whh": rng.standard_normal((4, 4)), "bh": 3 * rng.standard_normal(4)}
    for limit in (1.0, 5.0, 100.0):
        got, parts = call(f, dW, limit), ("the clipped gradients", "the norm")
        if isinstance(got, dict):
            raise Wrong("it returns one thing; two are wanted, the dictionary and the norm before")
        same(f"with a limit of {limit}", got, clip_by_norm(dW, limit), parts=parts)
    nothing = {"Whh": np.zeros((2, 2))}
    same("gradients that are all zero", call(f, nothing, 5.0), (nothing, 0.0))


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
            "Q, R = np.linalg.qr(M): Q is orthogonal, R is triangular, and Q @ R is M. Keep Q.",
        ),
        ("How can I test it?", "Q @ Q.T is the unit matrix."),
    ],
    wrong={
        "the other factor": lambda H, rng: np.linalg.qr(rng.standard_normal((H, H)))[1],
        "not orthogonal, radius 1": lambda H, rng: with_radius(rng.standard_normal((H, H)), 1.0),
        "not random": lambda H, rng: np.eye(H),
        "not square": lambda H, rng: (
            np.linalg.qr(rng.standard_normal((H, H + 1)))[0][:, :-1] if H > 1 else np.ones((1, 2))
        ),
        "divided by the root of H": lambda H, rng: rng.standard_normal((H, H)) / np.sqrt(H),
    },
)
def _(f):
    for H in (2, 7, 20):
        Q = np.asarray(call(f, H, np.random.default_rng(H)))
        same(f"the shape for H = {H}", list(Q.shape), [H, H])
        same(f"Q @ Q.T for H = {H}", Q @ Q.T, np.eye(H))
        other = np.asarray(call(f, H, np.random.default_rng(H + 100)))
        if np.abs(Q - other).max() < 1e-6:
            raise Wrong("two different generators gave the same matrix: draw it with rng")
