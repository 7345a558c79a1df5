"""A stack of small LSTM layers for one text: all at once, each a step behind the one below.

A layer waits for its own step before, and for the layer below at the same step: while the first is
at step t, the second can be at t - 1, and so on. L layers of H neurons are then one of L H, and the
T steps of each become T + L - 1 of all. Its matrix has each layer's Whh on the diagonal and, beside
it, the Wxh that leads up from the layer below. With few neurons a step takes as long as its calls
of numpy do, however many layers they serve. CharModel asks here; tests compare it with layers.py.
"""

from collections.abc import Sequence
from typing import Any

from minichar import backend, fused, memory
from minichar.graph import Tensor, node
from minichar.product import dot

WIDEST = 100  # neurons in all layers together: from there on the wide product costs more


class Wide(fused.LSTM):
    """The loops of fused.LSTM, for layers side by side."""

    def __init__(self, H: int):
        self.H = H


def fits(cells: Sequence[Any], B: int) -> bool:
    """Whether these layers can be read so: LSTMs of fused.py, of one small size, for one text."""
    H = cells[0].H
    alike = all(type(cell) is fused.LSTM and cell.H == H for cell in cells)
    here = alike and not backend.on_card(cells[0].parameters["Whh"].data)
    return here and B == 1 and 1 < len(cells) and len(cells) * H <= WIDEST


def run(cells: Sequence[Any], x: Any, state: Sequence | None) -> tuple[Tensor, list[tuple]]:
    """What the cells give, one after another: y (T, 1, H) of the last, and the state of each."""
    memory.keep()
    P, L, H = [cell.parameters for cell in cells], len(cells), cells[0].H
    first = fused.project(x, P[0]["Wxh"], P[0]["bh"])
    xp, T, waves, wide = backend.of(first.data), len(first), len(first) + L - 1, Wide(L * H)
    W, a = (xp.zeros((*n, 4 * L * H), first.dtype) for n in ((L * H,), (waves, 1)))
    hs, cs, tcs = (xp.empty((n, 1, L * H), a.dtype) for n in (waves + 1, waves + 1, waves))
    W_of, a_of = W.reshape(L, H, 4, L, H), a.reshape(waves, 4, L, H)  # gate by gate, layer by layer
    a_of[:T, :, 0] = first.data.reshape(T, 4, H)
    for k in range(L):
        W_of[k, :, :, k] = P[k]["Whh"].data.reshape(H, 4, H)
        if k:
            W_of[k - 1, :, :, k] = P[k]["Wxh"].data.reshape(H, 4, H)
            a_of[:, :, k] = P[k]["bh"].data.reshape(4, H)
    before = [None] * L if state is None else state
    begun = [cell.begin(1, kept) for cell, kept in zip(cells, before, strict=True)]
    hs[0], cs[0] = (xp.concatenate(parts, axis=1) for parts in zip(*begun, strict=True))
    # Layers above t have not begun: they keep their state, and learn nothing.
    for t in range(L - 1):
        wide.forward(W, a[t : t + 1], hs[t : t + 2], cs[t : t + 2], tcs[t : t + 1])
        hs[t + 1, :, (t + 1) * H :] = hs[0, :, (t + 1) * H :]
        cs[t + 1, :, (t + 1) * H :] = cs[0, :, (t + 1) * H :]
        a_of[t, :, t + 1 :] = 0  # gates that are shut let no gradient through
    wide.forward(W, a[L - 1 :], hs[L - 1 :], cs[L - 1 :], tcs[L - 1 :])

    def send_back(dy):
        above, da = xp.zeros_like(tcs), xp.empty_like(a)
        above[L - 1 :, :, (L - 1) * H :] = dy
        wide.backward(W.T, above, da, a, hs, cs, tcs)
        dW = dot(hs[:-1, 0].T, da[:, 0]).reshape(L, H, 4, L, H)
        da_of = da.reshape(waves, 4, L, H)
        yield da_of[:T, :, 0].reshape(T, 1, 4 * H)
        for k in range(L):
            yield dW[k, :, :, k].reshape(H, 4 * H)
            if k:
                yield dW[k - 1, :, :, k].reshape(H, 4 * H)
                yield da_of[:, :, k].sum(axis=0).reshape(4 * H)

    learned = [P[0]["Whh"], *(p[name] for p in P[1:] for name in ("Whh", "Wxh", "bh"))]
    ends = [(T + k, slice(None), slice(k * H, (k + 1) * H)) for k in range(L)]
    after = [(hs[end].copy(), cs[end].copy()) for end in ends]
    return node("lstm", hs[L:, :, (L - 1) * H :], (first, *learned), send_back), after
