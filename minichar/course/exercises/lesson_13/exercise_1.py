"""Exercise 13.1: `at_the_end(y, lengths)`, each text's state after its own last character."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_13.shared import expect_gradient, expect_tensor
from minichar.graph import Tensor
from minichar.modes import last


@exercise(
    "13.1",
    "the state at each one's own end",
    answer=last,
    hints=[
        (
            "Which step is the last of a text of 4 letters?",
            "Step 3, for steps are counted from 0: `lengths - 1`.",
        ),
        (
            "How do I take a different step for each text?",
            "With two arrays of indices, equally long, `y[steps, texts]`: the first step with the "
            "first text, the second with the second, and so on. `np.arange(B)` is the texts 0, 1, 2 …",
        ),
    ],
    wrong={
        "the last row, which is padding for some": lambda y, lengths: y[-1],
        "the row in which the longest ends": lambda y, lengths: y[int(lengths.max()) - 1],
        "the row lengths, not lengths - 1": lambda y, lengths: y[
            np.minimum(lengths, len(y) - 1), np.arange(len(lengths))
        ],
        "the row lengths - 2, not lengths - 1": lambda y, lengths: y[
            lengths - 2, np.arange(len(lengths))
        ],
        "every text at everybody's end": lambda y, lengths: y[lengths - 1],
        "always the first text": lambda y, lengths: y[lengths - 1, np.zeros(len(lengths), int)],
        "the mean of all states": lambda y, lengths: y.mean(axis=0),
        "cut off from the graph": lambda y, lengths: Tensor(last(y, lengths).data),
        "a new Tensor, with a gradient of its own": lambda y, lengths: Tensor(
            last(y, lengths).data, requires_grad=True
        ),
        "an array, not a Tensor": lambda y, lengths: last(y, lengths).data,
    },
)
def _(f):
    for T, lengths, H in ((5, [2, 4, 1], 2), (4, [3], 3), (3, [3, 3], 1), (6, [1, 4, 4, 2], 2)):
        rng, B = np.random.default_rng(T), len(lengths)
        y = Tensor(rng.standard_normal((T, B, H)), requires_grad=True)
        got, want = call(f, y, np.array(lengths)), last(y, np.array(lengths))
        case = f"with lengths {lengths} and T = {T}"
        expect_tensor(f"the result {case}", got)
        same(f"the result {case}", got.data, want.data)
        y.grad = None
        weight = rng.standard_normal((B, H))
        expect_gradient(f"{case} the result is cut off from y", y, got, weight)
        expected = np.zeros((T, B, H))
        expected[np.array(lengths) - 1, np.arange(B)] = weight
        same(f"the gradient of y {case}", y.grad, expected)
