"""What exercises share: a result on the graph in 13.1 and 13.3, of whole numbers in 13.2 and 13.4."""

import numpy as np

from minichar.course.checking import Wrong
from minichar.graph import Tensor


def expect_tensor(name, got):
    if isinstance(got, list) and got and all(isinstance(part, Tensor) for part in got):
        raise Wrong(f"{name} is a list of Tensors, expected a single Tensor")
    if isinstance(got, np.ndarray | list | float | np.number):
        raise Wrong(f"{name} is not a Tensor, so no gradient flows back: index the Tensor itself")
    if not isinstance(got, Tensor):
        raise Wrong(f"{name} is of type {type(got).__name__}, expected a Tensor")


def expect_whole(name, got):
    if np.asarray(got).dtype.kind not in "iu":
        raise Wrong(
            f"{name} holds {np.asarray(got).dtype}: characters are whole numbers, "
            "as in np.zeros(..., int)"
        )


def expect_gradient(name, of, got, weight=None):
    """Send the gradient back through `got`; it has to arrive at `of`."""
    if got.requires_grad:
        got.backward(weight)
    if of.grad is None:
        raise Wrong(f"{name}: no gradient can flow back")
