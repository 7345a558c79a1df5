"""The cells of fused.py on a graphics card: a step's gates in one launch, instead of ten or six.

Each call of CuPy starts a program on the card, and starting one takes longer than running it where
the arrays are small. So what an LSTM does with its gates, number by number, is written out in CUDA,
forward and backward: a thread has one cell of one text, and does all of it. The matrix products
stay with the card's own library, and RNN and GRU with fused.py. Built in lesson 10.

The tests translate this source for the processor and hold it to layers.py. On a card it has not
been run yet: tests/benchmarks/gpu.py does that, in one call.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from minichar import backend, fused
from minichar.fused import GRU, RNN, Linear, each_step, scratch

__all__ = ["GRU", "LSTM", "RNN", "Linear"]
THREADS = 256  # in a block

SOURCE = """
__device__ real sigmoid(real x) { return real(0.5) * tanh(real(0.5) * x) + real(0.5); }

extern "C" __global__ void lstm_step(
    const real* p, real* z, const real* c, real* new_c, real* tc, real* h, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;  // the cell, counted through all texts
  if (k >= n) return;
  int at = k / H * 4 * H + k % H;  // of its o; those of i, f, g are H further on each
  real o = sigmoid(z[at] + p[at]);
  real i = sigmoid(z[at + H] + p[at + H]);
  real f = sigmoid(z[at + 2 * H] + p[at + 2 * H]);
  real g = tanh(z[at + 3 * H] + p[at + 3 * H]);
  z[at] = o;
  z[at + H] = i;
  z[at + 2 * H] = f;
  z[at + 3 * H] = g;
  new_c[k] = f * c[k] + i * g;
  tc[k] = tanh(new_c[k]);
  h[k] = o * tc[k];
}

extern "C" __global__ void lstm_step_back(
    const real* dy, const real* dh, real* dc, const real* z, const real* c, const real* tc,
    real* d, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k >= n) return;
  int at = k / H * 4 * H + k % H;
  real o = z[at], i = z[at + H], f = z[at + 2 * H], g = z[at + 3 * H], t = tc[k];
  real into_h = dy[k] + dh[k];
  real into_c = dc[k] + into_h * o * (1 - t * t);
  d[at] = into_h * t * o * (1 - o);
  d[at + H] = into_c * g * i * (1 - i);
  d[at + 2 * H] = into_c * c[k] * f * (1 - f);
  d[at + 3 * H] = into_c * i * (1 - g * g);
  dc[k] = into_c * f;
}
"""


@cache
def compiled(card: ModuleType, dtype: np.dtype, name: str) -> Any:
    """A program for numbers of a type, made by the card's compiler when first asked for."""
    real = {"float32": "float", "float64": "double"}[str(dtype)]
    return card.RawModule(code=f"typedef {real} real;\n{SOURCE}").get_function(name)


def launch(name: str, H: int, *arrays: Any) -> None:
    """Start the program `name` on rows (B, ·) or (·,): without gaps, in the order of its list.

    The third array has H numbers for each text. Nothing waits for the end: the card keeps order.
    """
    n = arrays[2].size
    program = compiled(backend.of(arrays[0]), arrays[0].dtype, name)
    program((-(-n // THREADS),), (THREADS,), (*arrays, np.int32(H), np.int32(n)))


class LSTM(fused.LSTM):
    """As in fused.py; where the array library has no kernels of ours (RawModule), it is that."""

    def forward(self, W: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        if not hasattr(backend.of(a), "RawModule"):
            return super().forward(W, a, hs, cs, tcs)
        (product,) = scratch(hs, 4 * self.H)
        for h, *step in each_step(hs, a, cs, cs[1:], tcs, hs[1:]):
            h.dot(W, product)
            launch("lstm_step", self.H, product, *step)

    def backward(self, back: Any, dy: Any, da: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        xp = backend.of(a)
        if not hasattr(xp, "RawModule"):
            return super().backward(back, dy, da, a, hs, cs, tcs)
        dy = xp.ascontiguousarray(dy, a.dtype)
        dh, dc = scratch(hs, self.H, self.H)
        for above, *step, d in each_step(*(x[::-1] for x in (dy, a, cs[:-1], tcs, da))):
            launch("lstm_step_back", self.H, above, dh, dc, *step, d)
            d.dot(back, dh)
