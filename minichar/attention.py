"""Self-attention: each step looks back at every step so far, and takes a weighted mean.

A step asks with its query q. Each step offers a key k, to be compared with, and a value v, what it
has to give. The softmax of the comparisons says how much of each value is taken: weights that sum
to 1. A step that lies ahead gets the weight 0. Built in lesson 15.

    >>> q, k, v = (Tensor(np.eye(3)[None]) for _ in range(3))
    >>> y, weights = attend(q, k, v, causal(3))
    >>> weights.data[0].round(2).tolist()
    [[1.0, 0.0, 0.0], [0.36, 0.64, 0.0], [0.26, 0.26, 0.47]]
"""

from typing import Any

import numpy as np

from minichar import backend, graph, layers
from minichar.graph import Tensor, node


def permute(a: Tensor, *order: int) -> Tensor:
    """The axes of `a` in another order: axis k of the result is axis order[k] of a."""
    back = [int(k) for k in np.argsort([k % len(order) for k in order])]
    return node("permute", a.data.transpose(order), (a,), lambda g: (g.transpose(back),))


def products(a: Tensor, b: Tensor) -> Tensor:
    """One matrix product for each pair in two stacks: a (…, M, K), b (…, K, N) to (…, M, N).

    Raises ValueError, naming both shapes, unless the stacks and K agree.
    """
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        raise ValueError(f"products: shapes {a.shape} and {b.shape} do not fit")

    def send_back(g):
        return g @ b.data.swapaxes(-1, -2), a.data.swapaxes(-1, -2) @ g

    return node("products", a.data @ b.data, (a, b), send_back)


def causal(T: int, S: int | None = None, reach: int | None = None) -> np.ndarray:
    """What step t of T may see among S, of which the last T are the steps themselves: (T, S).

    0 where it may, -inf where it may not: to be added to the scores. No step sees what lies ahead,
    nor, with `reach`, what lies more than so many steps back.
    """
    back = distances(T, T if S is None else S)
    seen = back >= 0
    if reach is not None:
        seen &= back <= reach
    return np.where(seen, 0.0, -np.inf)


def distances(T: int, S: int) -> np.ndarray:
    """How many steps back from step t of T lies step s of S, of which the last T are those: (T, S).

    Below 0 for what lies ahead.
    """
    return np.arange(S - T, S)[:, None] - np.arange(S)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any = 0.0) -> tuple[Tensor, Tensor]:
    """softmax(q kᵀ / √d + mask) v, and the weights: q (…, T, d), k and v (…, S, d).

    The results are (…, T, d) and (…, T, S). Without / √d, dot products of length d would be so
    large that the softmax gives everything to one step, and lets no gradient through. `mask` is
    added before the softmax, so that the weights that are left sum to 1. Source: Vaswani et al.,
    "Attention is all you need", 2017, equation 1. Raises ValueError for a mask of True and False:
    what is to be added is 0 or -inf, as `causal` has it.
    """
    if isinstance(mask, np.ndarray) and mask.dtype.kind == "b":
        raise ValueError("attend: the mask is added: 0 where it may look, and -inf elsewhere")
    last = len(k.shape) - 1
    scores = products(q, permute(k, *range(last - 1), last, last - 1)) * k.shape[-1] ** -0.5
    weights = graph.softmax(scores + mask)
    return products(weights, v), weights


class Attention:
    """Multi-head attention over the last `reach` steps and this one: (T, B, D) to the same.

    Each of the `heads` has its share of the D columns of q, k and v, and its own learned number for
    every distance, which is added to the scores: without it a step could not tell near from far
    (as in T5, Raffel et al., 2020). Every head but the last begins by preferring what is near (as
    in ALiBi, Press et al., 2022), for that is what most letters depend on.

    The state is the keys and values of the last `reach` steps, (B, reach D) each, and which of them
    there are, (B, reach). Like that of an RNN it is carried on while the gradient stops (Dai et
    al., "Transformer-XL", 2019).
    """

    def __init__(
        self, D: int, heads: int, reach: int, rng: np.random.Generator, dtype: Any = "float32"
    ):
        if heads < 1 or D % heads:
            raise ValueError(f"heads={heads}: {D} columns cannot be divided evenly among them")
        self.D, self.heads, self.reach = D, heads, reach
        self.weights: np.ndarray | None = None  # (B, heads, T, reach + T), of the last call: to see
        self.parameters = {
            "Wqkv": layers.uniform(rng, (D, 3 * D), D, dtype),
            "bqkv": layers.zeros((3 * D,), dtype),
            "Wout": layers.uniform(rng, (D, D), D, dtype),
            "bout": layers.zeros((D,), dtype),
            "distance": layers.zeros((reach + 1, heads), dtype),
        }
        slopes = 0.25 ** np.arange(heads - 1)
        self.parameters["distance"].data[:, :-1] = -np.arange(reach + 1)[:, None] * slopes

    def start(self, B: int) -> tuple:
        """The state before anything was read: nothing to look back at."""
        W = self.parameters["Wqkv"].data
        sizes = (self.reach * self.D, self.reach * self.D, self.reach)
        return tuple(backend.of(W).zeros((B, n), W.dtype) for n in sizes)

    begin = layers.RNN.begin  # `state`, or the start, in arrays of our own

    def split(self, a: Tensor) -> Tensor:
        """(T, B, D) to (B, heads, T, d): a matrix for each text and head."""
        T, B, _ = a.shape
        return permute(a.reshape(T, B, self.heads, -1), 1, 2, 0, 3)

    def before(self, kept: Any) -> Tensor:
        """What was kept of keys or values, (B, reach D), as (B, heads, reach, d)."""
        return Tensor(kept.reshape(len(kept), self.heads, self.reach, self.D // self.heads))

    def __call__(self, x: Tensor, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Read x (T, B, D) from `state`: y (T, B, D) and the new state."""
        (T, B, D), P, S = x.shape, self.parameters, self.reach + len(x)
        K, V, there = self.begin(B, state)
        xp = backend.of(K)
        a = x @ P["Wqkv"] + P["bqkv"]
        q, k, v = (self.split(a[:, :, n * D : (n + 1) * D]) for n in range(3))
        k = graph.concat([self.before(K), k], axis=2)  # (B, heads, S, d)
        v = graph.concat([self.before(V), v], axis=2)
        there = xp.concatenate([there, xp.ones((B, T), there.dtype)], axis=1)
        mask = xp.asarray(causal(T, S, self.reach), there.dtype)
        mask = mask + xp.where(there > 0, 0.0, -np.inf).astype(there.dtype)[:, None, None]
        back = xp.asarray(distances(T, S).clip(0, self.reach))
        nearness = permute(graph.embedding(P["distance"], back), 2, 0, 1)  # (heads, T, S)
        y, weights = attend(q, k, v, nearness + mask)
        self.weights = weights.data
        y = permute(y, 2, 0, 1, 3).reshape(T, B, D)
        kept = (n.data[:, :, T:].reshape(B, -1).copy() for n in (k, v))
        return y @ P["Wout"] + P["bout"], (*kept, there[:, T:].copy())
