"""Autodiff on arrays: every operation next to its gradient.

Computing with `Tensor`s builds a graph; `backward` on the result leaves in `.grad` of each input
how much the result changes with each of its numbers. Built in lesson 07; the networks of all later
lessons are made of it.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> float(y.data), float(x.grad)
    (15.0, 8.0)
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minichar import backend
from minichar.product import dot
from minichar.tensor import Tensor, check_gradients, constant, no_grad, node, topological_order
from minichar.text import whole_numbers

__all__ = [
    "Tensor",
    "check_gradients",
    "concat",
    "cross_entropy",
    "embedding",
    "no_grad",
    "node",
    "softmax",
    "stack",
    "topological_order",
]


def _pair(operation: str, a: Any, b: Any, compute: Callable) -> tuple[Tensor, Tensor, Any]:
    """Both operands as tensors, and the result; an error names the operation."""
    a = a if isinstance(a, Tensor) else constant(operation, a, b)
    b = b if isinstance(b, Tensor) else constant(operation, b, a)
    return a, b, _fitting(operation, (a.shape, b.shape), lambda: compute(a.data, b.data))


def _fitting(operation: str, shapes: Sequence[tuple], compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except ValueError:
        named = " and ".join(map(str, shapes))
        raise ValueError(f"{operation}: shapes {named} do not fit") from None


def unbroadcast(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum `grad` over the axes along which an input of `shape` was repeated."""
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    repeated = tuple(k for k, n in enumerate(shape) if n == 1 and grad.shape[k] != 1)
    return grad.sum(axis=repeated, keepdims=True) if repeated else grad


# --- two operands, broadcast against each other


def add(a: Any, b: Any) -> Tensor:
    a, b, y = _pair("add", a, b, lambda a, b: a + b)
    return node("+", y, (a, b), lambda g: (unbroadcast(g, a.shape), unbroadcast(g, b.shape)))


def subtract(a: Any, b: Any) -> Tensor:
    a, b, y = _pair("subtract", a, b, lambda a, b: a - b)
    return node("-", y, (a, b), lambda g: (unbroadcast(g, a.shape), unbroadcast(-g, b.shape)))


def multiply(a: Any, b: Any) -> Tensor:
    a, b, y = _pair("multiply", a, b, lambda a, b: a * b)

    def send_back(g):
        return unbroadcast(g * b.data, a.shape), unbroadcast(g * a.data, b.shape)

    return node("*", y, (a, b), send_back)


def divide(a: Any, b: Any) -> Tensor:
    a, b, y = _pair("divide", a, b, lambda a, b: a / b)

    def send_back(g):
        g = g / b.data
        return unbroadcast(g, a.shape), unbroadcast(-g * y, b.shape)

    return node("/", y, (a, b), send_back)


def matmul(a: Any, b: Any) -> Tensor:
    """a @ b, for a of shape (…, M, K) and b (K, N), or a (K,) and b (K, N)."""
    a, b, y = _pair("matmul", a, b, dot)
    if b.data.ndim != 2 or not a.shape:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape}: they must be (…, K) and (K, N)")

    def send_back(g):
        rows, sent = a.data.reshape(-1, b.shape[0]), g.reshape(-1, b.shape[1])
        return dot(g, b.data.T), dot(rows.T, sent)

    return node("@", y, (a, b), send_back)


# --- one operand, number by number


def negative(a: Tensor) -> Tensor:
    return node("-", backend.of(a.data).negative(a.data), (a,), lambda g: (-g,))


def power(a: Tensor, exponent: float) -> Tensor:
    """a to the power of a plain number."""
    n = float(exponent)  # one of numpy's own would turn float32 into float64
    return node("**", a.data**n, (a,), lambda g: (g * (n * a.data ** (n - 1) if n else 0.0),))


def tanh(a: Tensor) -> Tensor:
    y = backend.of(a.data).tanh(a.data)
    return node("tanh", y, (a,), lambda g: (g * (1 - y * y),))


def sigmoid(a: Tensor) -> Tensor:
    y = 0.5 * backend.of(a.data).tanh(0.5 * a.data) + 0.5  # never overflows, as exp would
    return node("sigmoid", y, (a,), lambda g: (g * y * (1 - y),))


def relu(a: Tensor) -> Tensor:
    return node("relu", backend.of(a.data).maximum(a.data, 0), (a,), lambda g: (g * (a.data > 0),))


def exp(a: Tensor) -> Tensor:
    y = backend.of(a.data).exp(a.data)
    return node("exp", y, (a,), lambda g: (g * y,))


def log(a: Tensor) -> Tensor:
    return node("log", backend.of(a.data).log(a.data), (a,), lambda g: (g / a.data,))


# --- sums and shapes


def total(a: Tensor, axis: int | tuple | None = None, keepdims: bool = False) -> Tensor:
    """The sum of all numbers, or along `axis`."""
    xp = backend.of(a.data)
    y = a.data.sum(axis=axis, keepdims=keepdims)

    def send_back(g):
        if axis is not None and not keepdims:
            g = xp.expand_dims(g, axis)
        return (xp.broadcast_to(g, a.shape),)

    return node("sum", y, (a,), send_back)


def mean(a: Tensor, axis: int | tuple | None = None, keepdims: bool = False) -> Tensor:
    s = total(a, axis, keepdims)
    return s * (s.data.size / a.data.size)


def reshape(a: Tensor, *shape: Any) -> Tensor:
    y = _fitting("reshape", (a.shape, shape), lambda: a.data.reshape(*shape))
    return node("reshape", y, (a,), lambda g: (g.reshape(a.shape),))


def transpose(a: Tensor) -> Tensor:
    return node("transpose", a.data.T, (a,), lambda g: (g.T,))


def pick(a: Tensor, place: Any) -> Tensor:
    """a[place]: a row, a slice, an array of row numbers, or several of these for several axes."""

    def send_back(g):
        xp = backend.of(a.data)
        whole = xp.zeros_like(a.data)
        places = place if isinstance(place, tuple) else (place,)
        if any(hasattr(p, "dtype") or isinstance(p, list | tuple) for p in places):
            xp.add.at(whole, place, g)  # a row that was picked twice gets both gradients
        else:
            whole[place] = g
        return (whole,)

    return node("pick", a.data[place], (a,), send_back)


def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The tensors one after another along `axis`."""
    xps, shapes = [backend.of(t.data) for t in tensors], [t.shape for t in tensors]
    y = _fitting("concat", shapes, lambda: xps[0].concatenate([t.data for t in tensors], axis))
    ends = np.cumsum([shape[axis] for shape in shapes])[:-1].tolist()
    return node("concat", y, tensors, lambda g: xps[0].split(g, ends, axis))


def stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one shape as the rows of a new first axis."""
    xps, arrays = [backend.of(t.data) for t in tensors], [t.data for t in tensors]
    y = _fitting("stack", [a.shape for a in arrays], lambda: xps[0].stack(arrays))
    return node("stack", y, tensors, tuple)


# --- what a network reads, and what it is judged by


def embedding(W: Tensor, ids: Any) -> Tensor:
    """Row `ids[...]` of W (V, D) for every number: shape (..., D). The same as one-hot @ W."""
    V, D = W.shape
    ids = whole_numbers("embedding", ids, V, W.data)

    def send_back(g):
        xp = backend.of(W.data)
        one_hot = (ids.reshape(1, -1) == xp.arange(V)[:, None]).astype(g.dtype)
        return (dot(one_hot, g.reshape(-1, D)),)

    return node("embedding", W.data[ids], (W,), send_back)


def softmax(z: Tensor) -> Tensor:
    """Scores to probabilities, along the last axis."""
    p = backend.of(z.data).exp(z.data - z.data.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return node("softmax", p, (z,), lambda g: (p * (g - (g * p).sum(-1, keepdims=True)),))


def cross_entropy(z: Tensor, targets: Any) -> Tensor:
    """The mean of -ln p[target] over all predictions, in nats: z (..., V) logits, targets (...)."""
    xp, V = backend.of(z.data), z.shape[-1]
    targets = whole_numbers("cross_entropy", targets, V, z.data)
    if z.shape[:-1] != targets.shape:
        raise ValueError(f"cross_entropy: scores {z.shape} and targets {targets.shape} do not fit")
    rows, columns = z.data.reshape(-1, V), targets.reshape(-1)
    every, e = xp.arange(len(rows)), rows - rows.max(-1, keepdims=True)  # so no exp overflows
    right = e[every, columns]
    xp.exp(e, e)
    sums = e.sum(-1, keepdims=True)
    loss = (xp.log(sums[:, 0]) - right).sum() / len(every)

    def send_back(g):
        share = g / len(every)
        dz = e * (share / sums)
        dz[every, columns] -= share
        return (dz.reshape(z.shape),)

    return node("cross entropy", loss, (z,), send_back)


# --- how it is written: a + b, a @ b, a.tanh(), a[0]

Tensor.__add__, Tensor.__radd__ = add, lambda a, b: add(b, a)
Tensor.__sub__, Tensor.__rsub__ = subtract, lambda a, b: subtract(b, a)
Tensor.__mul__, Tensor.__rmul__ = multiply, lambda a, b: multiply(b, a)
Tensor.__truediv__, Tensor.__rtruediv__ = divide, lambda a, b: divide(b, a)
Tensor.__matmul__, Tensor.__rmatmul__ = matmul, lambda a, b: matmul(b, a)
Tensor.__neg__, Tensor.__pow__, Tensor.__getitem__ = negative, power, pick
Tensor.tanh, Tensor.sigmoid, Tensor.relu, Tensor.exp, Tensor.log = tanh, sigmoid, relu, exp, log
Tensor.sum, Tensor.mean, Tensor.reshape, Tensor.transpose = total, mean, reshape, transpose
Tensor.T = property(transpose)
