"""Exercise 9.3: `weight_gradient(hs, da)`, that of Whh over all steps, with a single `@`."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_09.shared import calls_of


def weight_gradient(hs, da):
    return hs[:-1].reshape(-1, hs.shape[-1]).T @ da.reshape(-1, da.shape[-1])


def _product(hs, da):
    return weight_gradient(np.concatenate([hs, hs[:1]]), da)


def _stepwise(hs, da):
    return sum(hs[t].T @ da[t] for t in range(len(da)))


@exercise(
    "9.3",
    "all steps in one product",
    answer=weight_gradient,
    hints=[
        (
            "Which state belongs to da[t]?",
            "The one that went into the product: the state before, `hs[t]`. So `hs[:-1]`, T of the T + 1.",
        ),
        (
            "A sum over two axes in one product?",
            "A product sums over the axis where its matrices meet. Lay the T × B rows below one another, "
            "`hs[:-1].reshape(-1, H)`, and they meet along all of them.",
        ),
        (
            "Where does the .T go?",
            "After the reshape: (T * B, H) transposed is (H, T * B). Reshaping to (H, -1) transposes "
            "nothing; it only cuts the same numbers into other rows.",
        ),
    ],
    wrong={
        "the states after each step, hs[1:]": lambda hs, da: _product(hs[1:], da),
        "reshaped, not transposed": lambda hs, da: (
            hs[:-1].reshape(hs.shape[-1], -1) @ da.reshape(-1, da.shape[-1])
        ),
        "the gradient transposed": lambda hs, da: weight_gradient(hs, da).T,
        "the mean over the texts": lambda hs, da: weight_gradient(hs, da) / hs.shape[1],
        "transposed before the reshape, not after it": lambda hs, da: (
            hs[:-1].T.reshape(hs.shape[-1], -1) @ da.reshape(-1, da.shape[-1])
        ),
        "summed over the texts first": lambda hs, da: hs[:-1].sum(axis=1).T @ da.sum(axis=1),
        "a matrix for each step": lambda hs, da: hs[:-1].transpose(0, 2, 1) @ da,
        "the last step only": lambda hs, da: hs[-2].T @ da[-1],
        "without the first step": lambda hs, da: weight_gradient(hs[1:], da[1:]),
        "a product for each step or text, in a loop": _stepwise,
        "a product for each gate": lambda hs, da: np.concatenate(
            [weight_gradient(hs, gate) for gate in np.split(da, 4, axis=2)], axis=1
        ),
        "every two numbers multiplied, then summed": lambda hs, da: (
            hs[:-1, :, :, None] * da[:, :, None]
        ).sum(axis=(0, 1)),
        "a sum for each neuron, in a loop": lambda hs, da: np.stack(
            [(hs[:-1, :, j, None] * da).sum(axis=(0, 1)) for j in range(hs.shape[-1])]
        ),
    },
)
def _(f):
    hs = np.arange(1.0, 9.0).reshape(4, 1, 2)
    da = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1) * np.array([1.0, -1.0, 2.0, 0.0, 0, 0, 0, 3])
    same("dWhh for 3 steps of one text", call(f, hs, da), weight_gradient(hs, da))
    for seed, T, B, H in ((0, 4, 3, 2), (1, 2, 5, 3), (2, 1, 2, 1)):
        rng = np.random.default_rng(seed)
        hs, da = rng.standard_normal((T + 1, B, H)), rng.standard_normal((T, B, 4 * H))
        same(f"dWhh for T = {T}, B = {B}, H = {H}", call(f, hs, da), weight_gradient(hs, da))
    rng = np.random.default_rng(3)  # whatever a loop runs over, it runs 40 times
    hs, da = rng.standard_normal((41, 40, 40)), rng.standard_normal((40, 40, 160))
    same("dWhh for 40 steps of 40 texts", call(f, hs, da), weight_gradient(hs, da))
    calls = calls_of(f, hs, da)
    if calls["multiply"]:
        raise Wrong("it multiplies number by number, expected one product of matrices, `@`")
    if (made := sum(calls.values())) >= 40:
        raise Wrong(
            f"for 40 steps of 40 texts and 40 neurons it makes {made} calculations with arrays, "
            "expected one product"
        )
    if calls["matmul"] > 1:
        raise Wrong(f"it makes {calls['matmul']} products of matrices, expected a single `@`")
