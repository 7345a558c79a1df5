"""Reverse-mode autodiff on single numbers: each remembers what it was made of, and the slopes.

`backward` goes from a result to everything it was made of, and leaves in `grad` how much the result
changes with each number. tensor.py and graph.py do the same for arrays. Built in lesson 07.

    >>> x = Scalar(3.0)
    >>> y = x + 1
    >>> o = y * y * y
    >>> o.backward()
    >>> o.data, x.grad
    (64.0, 48.0)
"""

import math
from typing import Any


class Scalar:
    """A number in the graph: the `inputs` it was made of, and its `slopes` with respect to each.

    For a number that was not made of others, `grad` adds up over calls of `backward` until it is
    set back to 0; for the others it is that of the last call.
    """

    __slots__ = ("data", "grad", "inputs", "operation", "slopes")

    def __init__(self, data: float, inputs: tuple = (), slopes: tuple = (), operation: str = ""):
        self.data, self.grad = float(data), 0.0
        self.inputs, self.slopes, self.operation = inputs, slopes, operation

    def __repr__(self) -> str:
        return f"Scalar({self.data})"

    def send_back(self, grad: float) -> tuple[float, ...]:
        """The gradient with respect to this number, passed on to each of its inputs."""
        return tuple(slope * grad for slope in self.slopes)

    def backward(self) -> None:
        """Fill in `grad` of this number and of all it was made of."""
        order = topological_order(self)
        for number in order:
            if number.inputs:
                number.grad = 0.0
        self.grad += 1.0
        for number in reversed(order):
            for source, part in zip(number.inputs, number.send_back(number.grad), strict=True):
                source.grad += part

    # --- every operation next to its slopes

    def __add__(self, other: Any) -> "Scalar":
        a, b = self, as_scalar(other)
        return Scalar(a.data + b.data, (a, b), (1.0, 1.0), "+")

    def __sub__(self, other: Any) -> "Scalar":
        a, b = self, as_scalar(other)
        return Scalar(a.data - b.data, (a, b), (1.0, -1.0), "-")

    def __mul__(self, other: Any) -> "Scalar":
        a, b = self, as_scalar(other)
        return Scalar(a.data * b.data, (a, b), (b.data, a.data), "*")

    def __truediv__(self, other: Any) -> "Scalar":
        a, b = self, as_scalar(other)
        return Scalar(a.data / b.data, (a, b), (1 / b.data, -a.data / b.data**2), "/")

    def __pow__(self, n: float) -> "Scalar":
        """To the power of a plain number."""
        slope = n * self.data ** (n - 1) if n else 0.0
        return Scalar(self.data**n, (self,), (slope,), f"** {n:g}")

    def tanh(self) -> "Scalar":
        y = math.tanh(self.data)
        return Scalar(y, (self,), (1 - y * y,), "tanh")

    def exp(self) -> "Scalar":
        y = math.exp(self.data)
        return Scalar(y, (self,), (y,), "exp")

    def log(self) -> "Scalar":
        return Scalar(math.log(self.data), (self,), (1 / self.data,), "log")

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Scalar":
        return Scalar(-self.data, (self,), (-1.0,), "-")

    def __rsub__(self, other: float) -> "Scalar":
        return as_scalar(other) - self

    def __rtruediv__(self, other: float) -> "Scalar":
        return as_scalar(other) / self


def as_scalar(number: Any) -> Scalar:
    """A plain number as the start of a graph; a Scalar as it is."""
    return number if isinstance(number, Scalar) else Scalar(number)


def topological_order(result: Any) -> list:
    """`result` and everything it was made of, each once, and each after all its `inputs`.

    Walked with a list instead of recursion, which Python ends after some thousand calls.
    """
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        number, inputs_done = stack.pop()
        if inputs_done:
            order.append(number)
        elif number not in seen:
            seen.add(number)
            stack.append((number, True))
            stack += [(source, False) for source in number.inputs]
    return order
