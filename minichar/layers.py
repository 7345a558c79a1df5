"""Recurrent cells and their neighbours, step by step on the graph: for reading, not for speed.

A cell reads a whole sequence: `y, state = cell(x, state)`, with x of shape (T, B, D), or whole
numbers (T, B) that stand for one-hot rows, and y (T, B, H). The hidden state is a tuple of plain
arrays (B, H): what is carried into the next piece of text carries no gradient. fused.py has the
same cells, fast; a test holds the two together. Built in lessons 07 and 08.
"""

from typing import Any

import numpy as np

from minichar import backend, graph
from minichar.graph import Tensor


def uniform(rng: np.random.Generator, shape: tuple[int, ...], H: int, dtype: Any) -> Tensor:
    """Weights drawn uniformly from -1/√H to 1/√H: sums of H of them stay near 1 in size."""
    return Tensor(rng.uniform(-1, 1, shape).astype(dtype) / np.sqrt(H, dtype=dtype), True)


def zeros(shape: tuple[int, ...], dtype: Any) -> Tensor:
    return Tensor(np.zeros(shape, dtype), True)


def named(parts: dict[str, Any]) -> dict[str, Tensor]:
    """The parameters of several parts in one dictionary, by part and name: cell.Wxh, …"""
    return {f"{p}.{n}": t for p, part in parts.items() for n, t in part.parameters.items()}


class Linear:
    """x @ W + b, for every row of x: (..., D) to (..., N). Whole numbers stand for one-hot rows."""

    def __init__(self, D: int, N: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.parameters = {"W": uniform(rng, (D, N), D, dtype), "b": zeros((N,), dtype)}

    def __call__(self, x: Any) -> Tensor:
        return project(x, self.parameters["W"], self.parameters["b"])


def project(x: Any, W: Tensor, b: Tensor) -> Tensor:
    """x @ W + b, where an x of whole numbers picks rows of W instead (lesson 00)."""
    if isinstance(x, Tensor):
        return x @ W + b
    return graph.embedding(W, x) + b


def checked(a: Tensor) -> Tensor:
    """`a` itself, what a cell makes of its input x. Raises ValueError unless it is (T, B, N)."""
    if len(a.shape) != 3:
        what = "a cell reads x (T, B, D), or (T, B) whole numbers"
        raise ValueError(f"{what}, and this x has another number of axes")
    return a


class Embedding:
    """A learned row of D numbers for each of V characters: (T, B) whole numbers to (T, B, D)."""

    def __init__(self, V: int, D: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.parameters = {"W": Tensor(rng.standard_normal((V, D)).astype(dtype), True)}

    def __call__(self, ids: Any) -> Tensor:
        return graph.embedding(self.parameters["W"], ids)


class Dropout:
    """Set a share `p` of the numbers to 0, and scale up the others to match (inverted dropout)."""

    def __init__(self, p: float):
        if not (isinstance(p, int | float | np.number) and 0 <= p < 1):
            raise ValueError(f"dropout={p}: the share to drop must be at least 0 and below 1")
        self.p = p

    def __call__(self, x: Tensor, rng: np.random.Generator | None) -> Tensor:
        """Without a generator, as when a trained model writes, nothing is dropped."""
        if rng is None or self.p == 0:
            return x
        mask = self.kept(x.data, rng) * x.dtype.type(1 / (1 - self.p))
        return graph.node("dropout", x.data * mask, (x,), lambda g: (g * mask,))

    def kept(self, x: Any, rng: np.random.Generator) -> Any:
        """Which numbers of an array stay. Those of a card are drawn there, by a hash of the place.

        One draw from `rng` starts it, so that only that travels. Its steps are lowbias32 (Wellons,
        "Prospecting for hash functions", 2018), twice, each with a key of its own.
        """
        if not backend.on_card(x):
            return rng.random(x.shape, np.float32) >= self.p
        n = backend.of(x).arange(x.size, dtype=np.uint32)
        for key in rng.integers(2**32, size=2, dtype=np.uint32):
            n ^= key
            for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
                n ^= n >> np.uint32(shift)
                n *= np.uint32(factor)
            n ^= n >> np.uint32(16)
        return (n >= np.uint32(self.p * 2**32)).reshape(x.shape)


class RNN:
    """h = tanh(a) of the pre-activation a = x Wxh + h Whh + bh, or relu for tanh. State: (h,)."""

    gates, states = 1, 1  # blocks of H columns in each matrix; arrays of H numbers in the state

    def __init__(
        self,
        D: int,
        H: int,
        rng: np.random.Generator,
        dtype: Any = "float32",
        activation: str = "tanh",
    ):
        if activation not in ("tanh", "relu"):
            raise ValueError(f"activation={activation!r}: an RNN has tanh or relu")
        self.H, self.activation = H, activation
        self.parameters = {
            "Wxh": uniform(rng, (D, self.gates * H), H, dtype),
            "Whh": uniform(rng, (H, self.gates * H), H, dtype),
            "bh": zeros((self.gates * H,), dtype),
        }

    def start(self, B: int) -> tuple:
        """The state before anything has been read: zeros, (B, H) each."""
        W = self.parameters["Whh"].data
        return tuple(backend.of(W).zeros((B, self.H), W.dtype) for _ in range(self.states))

    def begin(self, B: int, state: tuple | None) -> tuple:
        """`state`, or the start, in arrays of our own: the caller may write into what it gave.

        Raises ValueError for a state of another shape, as of another cell or number of texts.
        """
        own = self.start(B)
        if state is not None:
            given, needed = [s.shape for s in state], [s.shape for s in own]
            if given != needed:
                raise ValueError(f"the state has shapes {given}, and {needed} are needed")
            for mine, theirs in zip(own, state, strict=True):
                mine[...] = theirs
        return own

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Read x (T, B, D), or (T, B) whole numbers, from `state`: y (T, B, H) and new state."""
        a = checked(project(x, self.parameters["Wxh"], self.parameters["bh"]))  # (T, B, gates * H)
        return self.run(a, self.begin(a.shape[1], state))

    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        """All steps in turn, from `state`: a as in `step` for each of T, y (T, B, H), new state."""
        now, ys = tuple(Tensor(s) for s in state), []
        for t in range(len(a)):
            now = self.step(a[t], *now)
            ys.append(now[0])
        return graph.stack(ys), tuple(s.data.copy() for s in now)

    def step(self, a: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        """One step: a (B, gates * H) is the input's share of the pre-activations."""
        a = a + h @ self.parameters["Whh"]
        return (a.tanh() if self.activation == "tanh" else a.relu(),)


class LSTM(RNN):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), with a forget gate (Gers, 2000).

    o, i, f = sigmoid, g = tanh of x Wxh + h Whh + bh in four blocks of H, in this order;
    c = f c + i g and h = o tanh(c). State: (h, c). The forget gate's bias starts at 1.
    """

    gates, states = 4, 2

    def __init__(self, D: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        super().__init__(D, H, rng, dtype)
        self.parameters["bh"].data[2 * H : 3 * H] = 1  # remember, unless taught otherwise

    def step(self, a: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        a, H = a + h @ self.parameters["Whh"], self.H
        o, i, f = (a[:, k * H : (k + 1) * H].sigmoid() for k in range(3))
        g = a[:, 3 * H :].tanh()
        c = f * c + i * g
        return o * c.tanh(), c


class GRU(RNN):
    """Gated recurrent unit (Cho et al., 2014), with the reset after the product, as in cuDNN.

    r, u = sigmoid(x Wxh + h Whh + bh) in the first two blocks of H; n = tanh of the third, in which
    r multiplies (h Whh + bn); h = (1 - u) n + u h. State: (h,).
    """

    gates = 3

    def __init__(self, D: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        super().__init__(D, H, rng, dtype)
        self.parameters["bn"] = zeros((H,), dtype)

    def step(self, a: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        m, H = h @ self.parameters["Whh"], self.H
        r = (a[:, :H] + m[:, :H]).sigmoid()
        u = (a[:, H : 2 * H] + m[:, H : 2 * H]).sigmoid()
        n = (a[:, 2 * H :] + r * (m[:, 2 * H :] + self.parameters["bn"])).tanh()
        return (n + u * (h - n),)
