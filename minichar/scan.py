"""h[t] = a[t] h[t-1] + b[t] for all t at once: the parallel scan, and the minGRU it is for.

Two steps of such a recurrence, one after the other, are again one step of the same kind. That
operation is associative, so the steps may be joined in any grouping: pairs first, then pairs of
pairs. T steps take log2 T rounds in place of T. Built in lesson 15.

    >>> a, b = np.array([1.0, 0.5, 2.0]), np.array([1.0, 1.0, 1.0])
    >>> loop(a, b, 2.0).tolist(), parallel(a, b, 2.0).tolist()
    ([3.0, 2.5, 6.0], [3.0, 2.5, 6.0])
"""

from typing import Any

import numpy as np

from minichar import backend, layers
from minichar.graph import Tensor, node


def combine(first: tuple, then: tuple) -> tuple:
    """One step (a, b) that does what two steps do: `first`, and `then` the other.

    a2 (a1 h + b1) + b2 = (a2 a1) h + (a2 b1 + b2). Source: Blelloch, "Prefix sums and their
    applications", 1990, section 1.4.1.
    """
    (a1, b1), (a2, b2) = first, then
    return a2 * a1, a2 * b1 + b2


def loop(a: Any, b: Any, h: Any) -> Any:
    """Every state h[t] = a[t] h[t-1] + b[t], from h before the first: a, b (T, …), h (…)."""
    states = backend.of(b).empty_like(b)
    for t in range(len(b)):
        states[t] = h = a[t] * h + b[t]
    return states


def parallel(a: Any, b: Any, h: Any) -> Any:
    """The same as `loop`, in log2 T rounds, each of which works on all steps at once.

    After the round of 1, 2, 4, … every step has been combined with as many before it. That is more
    work, T log2 T steps instead of T, in fewer rounds. Source: Hillis and Steele, "Data parallel
    algorithms", 1986.
    """
    a, b = a.copy(), b.copy()
    b[:1] += a[:1] * h
    back = 1
    while back < len(b):
        # The right sides are worked out whole before anything is written to the left.
        a[back:], b[back:] = combine((a[:-back], b[:-back]), (a[back:], b[back:]))
        back *= 2
    return b


def recurrence(a: Tensor, b: Tensor, h: Any) -> Tensor:
    """All states (T, …) as one node of the graph; `h` (…) is a plain array, without a gradient.

    The gradient with respect to h[t], dh[t] = dy[t] + a[t+1] dh[t+1], is a recurrence of the same
    form, from the end to the beginning: the same scan, reversed. Raises ValueError unless a and b
    have one shape.
    """
    if a.shape != b.shape:
        raise ValueError(f"recurrence: shapes {a.shape} and {b.shape} do not fit")
    states = parallel(a.data, b.data, h)

    def send_back(g):
        xp = backend.of(g)
        later = xp.concatenate([a.data[1:], xp.zeros_like(a.data[:1])])[::-1]
        dh = parallel(later, g[::-1], xp.zeros_like(g[0]))[::-1]
        before = xp.concatenate([xp.broadcast_to(h, g[:1].shape), states[:-1]])
        return dh * before, dh

    return node("recurrence", states, (a, b), send_back)


class MinGRU:
    """The GRU, with all that looks at the old state left out: h = (1 - z) h + z n.

    z = sigmoid of x Wxh + bh in the first block of H, and n is the second block, unchanged. Neither
    depends on h, so both are known for all steps before the scan begins. Source: Feng et al., "Were
    RNNs all we needed?", 2024, section 3.1. The rest is as in layers.py: x (T, B, D), state (h,).
    """

    def __init__(self, D: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.H = H
        self.parameters = {
            "Wxh": layers.uniform(rng, (D, 2 * H), H, dtype),
            "bh": layers.zeros((2 * H,), dtype),
        }

    def start(self, B: int) -> tuple:
        """The state before anything was read: zeros, (B, H)."""
        W = self.parameters["Wxh"].data
        return (backend.of(W).zeros((B, self.H), W.dtype),)

    begin = layers.RNN.begin  # `state`, or the start, in arrays of our own

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Read x (T, B, D), or (T, B) whole numbers, from `state`: y (T, B, H) and new state."""
        a = layers.checked(layers.project(x, self.parameters["Wxh"], self.parameters["bh"]))
        (h,) = self.begin(a.shape[1], state)
        z, n = a[:, :, : self.H].sigmoid(), a[:, :, self.H :]
        y = recurrence(1 - z, z * n, h)
        return y, (y.data[-1].copy(),)
