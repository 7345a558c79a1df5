"""One step of a model without the graph: how a trained network writes, as fast as numpy calls go.

The cells of layers.py once more, on plain arrays and for a single character: no sequence, nothing
kept for a backward pass. A test compares them with the others. The weights are used as they stand,
so a model can be asked between two steps of its training.
"""

from collections.abc import Sequence
from typing import Any

from minichar import backend
from minichar.product import IN_BROWSER, dot

FEW = 8  # up to so many rows are multiplied one by one


def step(model: Any, ids: Any, state: Sequence[tuple]) -> tuple[Any, list[tuple]]:
    """Read one character of each of B texts: scores (B, V) for what comes next, and the new state.

    `ids` is (B,), whole numbers below V, or a single one with B = 1; the state, as `model.start(B)`
    has it, stays as it was. A single text is worked on without its axis B: that is faster.
    """
    x, after, one = ids, [], ids.ndim == 0
    if model.embedding:
        x = model.parameters()["embedding.W"].data[ids]
    for cell, old in zip(model.cells, state, strict=True):
        P = {name: w.data for name, w in cell.parameters.items()}
        a = P["Wxh"][ids] if x is ids else times(x, P["Wxh"])  # a one-hot row picks one (lesson 00)
        new = CELLS[model.cell](P, a + P["bh"], *[s[0] for s in old] if one else old)
        after.append(tuple([s[None] for s in new]) if one else new)
        x = new[0]
    W, b = model.read_out.parameters["W"].data, model.read_out.parameters["b"].data
    z = times(x, W) + b
    return z[None] if one else z, after


def times(x: Any, W: Any) -> Any:
    """x @ W. For more than one row BLAS copies all of W first: a few rows go one by one, faster."""
    few = x.ndim == 2 and 1 < len(x) <= FEW and not IN_BROWSER  # where there is no BLAS
    return (x[:, None] @ W)[:, 0] if few else dot(x, W)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), written so that nothing overflows."""
    x = x * 0.5
    backend.of(x).tanh(x, x)
    x *= 0.5
    x += 0.5
    return x


# The cells: their arrays P by name, the input's share a (…, gates * H), their state (…, H) each.


def rnn(P: dict, a: Any, h: Any) -> tuple:
    return (backend.of(h).tanh(a + times(h, P["Whh"])),)


def relu(P: dict, a: Any, h: Any) -> tuple:
    return (backend.of(h).maximum(a + times(h, P["Whh"]), 0),)


def lstm(P: dict, a: Any, h: Any, c: Any) -> tuple:
    tanh, H, m = backend.of(h).tanh, h.shape[-1], times(h, P["Whh"])
    m += a
    oif = sigmoid(m[..., : 3 * H])
    c = oif[..., 2 * H :] * c + oif[..., H : 2 * H] * tanh(m[..., 3 * H :])
    return oif[..., :H] * tanh(c), c


def gru(P: dict, a: Any, h: Any) -> tuple:
    H, m = h.shape[-1], times(h, P["Whh"])
    ru = sigmoid(a[..., : 2 * H] + m[..., : 2 * H])
    n = backend.of(h).tanh(a[..., 2 * H :] + ru[..., :H] * (m[..., 2 * H :] + P["bn"]))
    return (n + ru[..., H:] * (h - n),)


CELLS = {"rnn": rnn, "relu": relu, "lstm": lstm, "gru": gru}
