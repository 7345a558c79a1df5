"""The cells of fused.py with compiled loops: what CharModel takes where numba is installed.

For a batch, numpy multiplies the matrices and compiled.py does the rest of each step in one pass; a
single text goes through all of its steps in one call. The same tests hold for these cells as for
those of fused.py.
"""

from typing import Any

import numpy as np

from minichar import compiled, fused
from minichar.fused import Linear, each_step, each_step_back, scratch

__all__ = ["GRU", "LSTM", "RNN", "Linear"]


def alone(*arrays: Any) -> list | None:
    """The arrays (T, B, ·) without their axis B where there is one text only."""
    return [a[:, 0] for a in arrays] if arrays[0].shape[1] == 1 else None


class RNN(fused.RNN):
    def forward(self, W: Any, a: Any, hs: Any) -> None:
        relu = self.activation == "relu"
        if one := alone(a, hs):
            return compiled.rnn(W, relu, *one)
        (product,) = scratch(hs, self.H)
        for h, z, new in each_step(hs, a, hs[1:]):
            h.dot(W, product)
            compiled.rnn_step(product, z, new, relu)

    def backward(self, back: Any, dy: Any, da: Any, hs: Any) -> None:
        relu, dy = self.activation == "relu", np.ascontiguousarray(dy, da.dtype)
        if one := alone(dy, da, hs):
            return compiled.rnn_back(np.ascontiguousarray(back), relu, *one)
        (dh,) = scratch(hs, self.H)
        for above, h, d in each_step_back(dy, hs[1:], da):
            compiled.rnn_step_back(above, dh, h, d, relu)
            d.dot(back, dh)


class LSTM(fused.LSTM):
    def forward(self, W: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        if one := alone(a, hs, cs, tcs):
            return compiled.lstm(W, *one)
        (product,) = scratch(hs, 4 * self.H)
        for h, *step in each_step(hs, a, cs, cs[1:], tcs, hs[1:]):
            h.dot(W, product)
            compiled.lstm_step(product, *step)

    def backward(self, back: Any, dy: Any, da: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        dy = np.ascontiguousarray(dy, da.dtype)
        if one := alone(dy, da, a, cs, tcs):
            return compiled.lstm_back(np.ascontiguousarray(back), *one)
        dh, dc = scratch(hs, self.H, self.H)
        for above, *step, d in each_step_back(dy, a, cs[:-1], tcs, da):
            compiled.lstm_step_back(above, dh, dc, *step, d)
            d.dot(back, dh)


class GRU(fused.GRU):
    def forward(self, W: Any, bn: Any, a: Any, hs: Any, ms: Any) -> None:
        if one := alone(a, hs, ms):
            return compiled.gru(W, bn, *one)
        (product,) = scratch(hs, 3 * self.H)
        for h, z, *step in each_step(hs, a, hs, ms, hs[1:]):
            h.dot(W, product)
            compiled.gru_step(product, bn, z, *step)

    def backward(self, back: Any, dy: Any, dm: Any, dn: Any, a: Any, hs: Any, ms: Any) -> None:
        dy = np.ascontiguousarray(dy, dm.dtype)
        if one := alone(dy, dm, dn, a, hs, ms):
            return compiled.gru_back(np.ascontiguousarray(back), *one)
        dh, part = scratch(hs, self.H, self.H)
        for above, *step, d, d_n in each_step_back(dy, a, hs[:-1], ms, dm, dn):
            compiled.gru_step_back(above, dh, *step, d, d_n, part)
            d.dot(back, dh)
            dh += part
