"""The cells of fused.py on a graphics card: a step's gates in one launch, not two to twelve.

Each call of CuPy starts a program on the card, and starting one takes longer than running it where
the arrays are small. So what a cell does with its gates, number by number, is written out in CUDA,
forward and backward: a thread has one neuron of one text, and does all of it. The matrix products
stay with the card's own library. Built in lesson 10.

The tests translate this source for the processor and compare it with layers.py. On a card it has
not been run yet: tests/benchmarks/gpu.py does that, in one call.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from minichar import backend, fused
from minichar.fused import Linear, each_step, each_step_back, scratch

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

extern "C" __global__ void rnn_step(const real* p, const real* z, real* h, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k < n) h[k] = tanh(z[k] + p[k]);
}

extern "C" __global__ void rnn_step_back(
    const real* dy, const real* dh, const real* h, real* d, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k < n) d[k] = (dy[k] + dh[k]) * (1 - h[k] * h[k]);
}

extern "C" __global__ void relu_step(const real* p, const real* z, real* h, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k >= n) return;
  real a = z[k] + p[k];
  h[k] = a < 0 ? 0 : a;  // nan stays nan
}

extern "C" __global__ void relu_step_back(
    const real* dy, const real* dh, const real* h, real* d, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k < n) d[k] = h[k] > 0 ? dy[k] + dh[k] : 0;
}

extern "C" __global__ void gru_step(
    const real* p, real* z, const real* h, const real* bn, real* m, real* new_h, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k >= n) return;
  int at = k / H * 3 * H + k % H;  // of its r; those of u and n are H further on each
  real r = sigmoid(z[at] + p[at]);
  real u = sigmoid(z[at + H] + p[at + H]);
  m[k] = p[at + 2 * H] + bn[k % H];
  real new_n = tanh(z[at + 2 * H] + r * m[k]);
  z[at] = r;
  z[at + H] = u;
  z[at + 2 * H] = new_n;
  new_h[k] = new_n + u * (h[k] - new_n);
}

extern "C" __global__ void gru_step_back(
    const real* dy, const real* dh, real* kept, const real* z, const real* h, const real* m,
    real* d, real* dn, int H, int n) {
  int k = blockDim.x * blockIdx.x + threadIdx.x;
  if (k >= n) return;
  int at = k / H * 3 * H + k % H;
  real r = z[at], u = z[at + H], a = z[at + 2 * H];
  real into_h = dy[k] + dh[k] + kept[k];  // kept: what came straight from the new h to the old
  dn[k] = into_h * (1 - u) * (1 - a * a);
  d[at] = dn[k] * m[k] * r * (1 - r);
  d[at + H] = into_h * (h[k] - a) * u * (1 - u);
  d[at + 2 * H] = dn[k] * r;
  kept[k] = into_h * u;
}
"""


@cache
def compiled(card: ModuleType, dtype: np.dtype, name: str) -> Any:
    """A program for numbers of one type, made by the card's compiler when it is first asked for."""
    real = {"float32": "float", "float64": "double"}[str(dtype)]
    return card.RawModule(code=f"typedef {real} real;\n{SOURCE}").get_function(name)


def launch(name: str, H: int, *arrays: Any) -> None:
    """Start the program `name` on contiguous arrays (B, ·) or (·,), in its parameters' order.

    The third array has H numbers for each text. Nothing waits for the end: the card keeps order.
    """
    n = arrays[2].size
    program = compiled(backend.of(arrays[0]), arrays[0].dtype, name)
    program((-(-n // THREADS),), (THREADS,), (*arrays, np.int32(H), np.int32(n)))


def here(a: Any) -> bool:
    """Whether the library of `a` takes kernels of ours: else the cells are those of fused.py."""
    return hasattr(backend.of(a), "RawModule")


class RNN(fused.RNN):
    def forward(self, W: Any, a: Any, hs: Any) -> None:
        if not here(a):
            return super().forward(W, a, hs)
        kind, (product,) = "relu" if self.activation == "relu" else "rnn", scratch(hs, self.H)
        for h, z, new in each_step(hs, a, hs[1:]):
            h.dot(W, product)
            launch(f"{kind}_step", self.H, product, z, new)

    def backward(self, back: Any, dy: Any, da: Any, hs: Any) -> None:
        if not here(da):
            return super().backward(back, dy, da, hs)
        kind, (dh,) = "relu" if self.activation == "relu" else "rnn", scratch(hs, self.H)
        dy = backend.of(da).ascontiguousarray(dy, da.dtype)
        for above, h, d in each_step_back(dy, hs[1:], da):
            launch(f"{kind}_step_back", self.H, above, dh, h, d)
            d.dot(back, dh)


class LSTM(fused.LSTM):
    def forward(self, W: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        if not here(a):
            return super().forward(W, a, hs, cs, tcs)
        (product,) = scratch(hs, 4 * self.H)
        for h, *step in each_step(hs, a, cs, cs[1:], tcs, hs[1:]):
            h.dot(W, product)
            launch("lstm_step", self.H, product, *step)

    def backward(self, back: Any, dy: Any, da: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        if not here(a):
            return super().backward(back, dy, da, a, hs, cs, tcs)
        dy = backend.of(a).ascontiguousarray(dy, a.dtype)
        dh, dc = scratch(hs, self.H, self.H)
        for above, *step, d in each_step_back(dy, a, cs[:-1], tcs, da):
            launch("lstm_step_back", self.H, above, dh, dc, *step, d)
            d.dot(back, dh)


class GRU(fused.GRU):
    def forward(self, W: Any, bn: Any, a: Any, hs: Any, ms: Any) -> None:
        if not here(a):
            return super().forward(W, bn, a, hs, ms)
        (product,) = scratch(hs, 3 * self.H)
        for h, z, m, new in each_step(hs, a, ms, hs[1:]):
            h.dot(W, product)
            launch("gru_step", self.H, product, z, h, bn, m, new)

    def backward(self, back: Any, dy: Any, dm: Any, dn: Any, a: Any, hs: Any, ms: Any) -> None:
        if not here(a):
            return super().backward(back, dy, dm, dn, a, hs, ms)
        dy = backend.of(a).ascontiguousarray(dy, a.dtype)
        dh, kept = scratch(hs, self.H, self.H)
        for above, *step, d, d_n in each_step_back(dy, a, hs[:-1], ms, dm, dn):
            launch("gru_step_back", self.H, above, dh, kept, *step, d, d_n)
            d.dot(back, dh)
