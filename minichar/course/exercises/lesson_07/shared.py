"""What exercises 7.5 and 7.6 share: weights as Tensors, and what is asked of an answer."""

import numpy as np

from minichar.course.checking import NotDone, Wrong, same
from minichar.graph import Tensor


def as_tensors(W):
    return {name: Tensor(w.copy(), True) for name, w in W.items()}


def expect_two(got, what):
    n = len(got) if isinstance(got, list | tuple) else 1
    if n != 2:
        raise Wrong(f"it returns {n} thing{'s' * (n != 1)}, expected 2: {what}")
    if any(part is ... or part is None for part in got):
        raise NotDone("there is still a `...` to replace")


def expect_tensor(name, got, want):
    """Its numbers, if it is a Tensor that a gradient can come back through."""
    if not isinstance(got, Tensor):
        raise Wrong(
            f"{name} is a {type(got).__name__}, expected a Tensor (was `.data` used on the way?)"
        )
    same(name, got.data, want)
    if not got.requires_grad:
        raise Wrong(f"{name} is right, but no gradient comes back (was `.data` used on the way?)")


def same_gradients(name, tensors, wants):
    for key, want in wants.items():
        grad = tensors[key].grad
        if grad is None and np.any(want):
            raise Wrong(f"{name}: no gradient reaches {key} (was `.data` used on the way?)")
        same(f"{name}: the gradient of {key}", np.zeros_like(want) if grad is None else grad, want)
