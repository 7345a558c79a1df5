"""The graph itself: tensors that remember what they were made of, and the backward pass.

An operation makes a `node`: its value, its inputs, and `send_back`, which turns its gradient into
theirs (a vector-Jacobian product). `backward` walks the graph once, from the result to the inputs.
The operations are in graph.py. Built in lesson 07.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = node("square", x.data ** 2, (x,), lambda g: (g * 2 * x.data,))
    >>> y.backward()
    >>> float(y.data), float(x.grad)
    (9.0, 6.0)
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minichar import backend, scalar

_recording = ContextVar("recording", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside, operations only compute: nothing is remembered, and there are no gradients."""
    before = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(before)


class Tensor:
    """An array in the graph. `data` is its value; `grad`, after `backward`, has the same shape.

    An array of floats keeps its type; Python numbers, lists and whole numbers become float64.
    Tensors made with requires_grad=True are the inputs whose gradients are wanted: their `grad`
    adds up over calls of `backward` until it is set to None.
    """

    __slots__ = ("data", "grad", "inputs", "operation", "requires_grad", "send_back")
    __array_ufunc__ = None  # so that array + tensor asks the tensor

    def __init__(self, data: Any, requires_grad: bool = False):
        if isinstance(data, Tensor):
            raise TypeError("this is a Tensor already; t.detach() is the same without its graph")
        if not hasattr(data, "dtype"):
            data = np.asarray(data, np.float64)
        self.data = data if data.dtype.kind == "f" else data.astype(np.float64)
        self.grad = None
        self.requires_grad = requires_grad
        self.inputs: tuple[Tensor, ...] = ()
        self.send_back: Callable | None = None  # gradient w.r.t. this -> w.r.t. the inputs
        self.operation = ""  # the name, for messages and drawings

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"Tensor({self.data!r}{', requires_grad=True' if self.requires_grad else ''})"

    def detach(self) -> "Tensor":
        """The same numbers, cut off from the graph: no gradient goes further back."""
        return Tensor(self.data)

    def backward(self, grad: Any = None, keep: bool = False) -> None:
        """Send a gradient back from here to every tensor it came from that requires one.

        `grad` is the gradient with respect to this tensor, all ones unless given; without it the
        tensor must be a single number. Gradients on the way are dropped unless `keep` asks for them
        too.

        Raises ValueError for a tensor of several numbers without `grad`, for a `grad` of another
        shape, and when nothing requires a gradient.
        """
        if not self.requires_grad:
            raise ValueError("nothing here requires a gradient: make an input requires_grad=True")
        if grad is None:
            if self.data.size != 1:
                raise ValueError(f"backward from {self.shape}: pass a gradient, or sum() it first")
            grad = backend.of(self.data).ones_like(self.data)
        grad = backend.of(self.data).asarray(grad, self.dtype)
        if grad.shape != self.shape:
            raise ValueError(f"backward: gradient {grad.shape} and tensor {self.shape} do not fit")
        waiting = {id(self): grad}  # gradients not yet passed on, by tensor
        for tensor in reversed(topological_order(self)):
            grad = waiting.pop(id(tensor))
            if keep or not tensor.inputs:
                if tensor.grad is None:
                    # A copy, for the same array may have been sent to several; and of its own type,
                    # for what met float64 on the way is still a float32 weight's gradient.
                    tensor.grad = grad.astype(tensor.dtype)
                else:
                    tensor.grad += grad
            if tensor.send_back is None:
                continue
            for source, part in zip(tensor.inputs, tensor.send_back(grad), strict=True):
                if source.requires_grad:
                    key = id(source)
                    waiting[key] = waiting[key] + part if key in waiting else part


def topological_order(result: Tensor) -> list[Tensor]:
    """All that `result` came from and that requires a gradient, each after all its inputs."""
    return [t for t in scalar.topological_order(result) if t.requires_grad]


def constant(operation: str, value: Any, other: Tensor) -> Tensor:
    """A number, list or array as a tensor, for an operation with `other`: of its type, and there.

    Raises TypeError for None, which numpy would take for nan.
    """
    if value is None:
        raise TypeError(f"{operation}: one side is None, as a .grad is before there was a backward")
    return Tensor(backend.of(other.data).asarray(value, other.dtype))


def node(
    operation: str, data: Any, inputs: Sequence[Tensor], send_back: Callable[[Any], Sequence]
) -> Tensor:
    """A tensor made by an operation. `send_back` turns its gradient into one for each input."""
    out = Tensor(data)
    if _recording.get() and any(t.requires_grad for t in inputs):
        out.requires_grad, out.inputs, out.send_back = True, tuple(inputs), send_back
    out.operation = operation
    return out


def check_gradients(f: Callable[..., Tensor], *tensors: Tensor, e: float = 1e-6) -> float:
    """The largest relative difference between the gradients of `f(*tensors)` and measured slopes.

    Slopes are measured from -e to e along one random direction for each tensor, which tests all its
    numbers at once; the result of f is weighted by random numbers, so it may have any shape. Use
    float64: below 1e-7 is good. The tensors keep the numbers and the `grad` that they have.
    """
    rng, held = np.random.default_rng(0), [t.grad for t in tensors]
    try:
        for t in tensors:
            t.grad = None
        y = f(*tensors)
        weight = backend.like(rng.standard_normal(y.shape), y.data)
        y.backward(weight)
        grads = [t.grad for t in tensors]
    finally:
        for t, grad in zip(tensors, held, strict=True):
            t.grad = grad
    worst = 0.0
    for t, grad in zip(tensors, grads, strict=True):
        direction, value = backend.like(rng.standard_normal(t.shape), t.data), t.data
        with no_grad():
            try:
                t.data = value + e * direction
                up = (f(*tensors).data * weight).sum()
                t.data = value - e * direction
                down = (f(*tensors).data * weight).sum()
            finally:
                t.data = value
        slope = float((up - down) / (2 * e))
        found = float((grad * direction).sum()) if grad is not None else 0.0
        off = abs(found - slope) / max(1.0, abs(slope))
        worst = float(np.maximum(worst, off))  # which keeps a nan, as max would not
    return worst
