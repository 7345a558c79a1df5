"""The loops of fused.py, compiled with numba: the extra `fast`, used by fast.py.

A step's numpy calls become one pass over its numbers, and for a single text all the steps become
one call. MINICHAR_COMPILED=0 in the environment turns it off. The first use compiles, which takes
some seconds; numba keeps the result for the next time.
"""

import math
from typing import Any

import numba
import numpy as np
from numba.extending import overload

# Nothing here may assume that there is no nan: a training that goes wrong is noticed by it.
compiled = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})


def tanh(x: Any) -> Any:
    raise NotImplementedError("only inside compiled code")


@overload(tanh)
def _tanh(x):
    """For float32 a continued fraction, off by 1e-7 or so: a processor does up to 16 at once."""
    if x != numba.float32:
        return lambda x: math.tanh(x)

    def short(x):
        x = np.float32(-9) if x < -9 else (np.float32(9) if x > 9 else x)
        u = np.float32(0.5) * x
        q = u * u
        a = np.float32(36) * q + np.float32(6930)
        a = a * q + np.float32(270270)
        a = (a * q + np.float32(2027025)) * u
        b = q + np.float32(630)
        b = b * q + np.float32(51975)
        b = b * q + np.float32(945945)
        b = b * q + np.float32(2027025)
        return np.float32(2) * a * b / (b * b + a * a)  # tanh(2 u), from tanh(u) = a / b

    return short


@compiled
def sigmoid(x):
    half = x.dtype.type(0.5)
    for j in range(len(x)):
        x[j] = half * tanh(half * x[j]) + half


@compiled
def times(x, W, y):
    """y = x @ W, for one row."""
    y[:] = 0
    for k in range(len(x)):
        factor, row = x[k], W[k]
        for j in range(len(y)):
            y[j] += factor * row[j]


@compiled
def rnn_row(p, z, h, relu):
    for j in range(len(h)):
        h[j] = z[j] + p[j]
    for j in range(len(h)):
        h[j] = (h[j] if h[j] > 0 else h[j] * 0) if relu else tanh(h[j])  # h * 0: nan stays nan


@compiled
def rnn_row_back(dy, dh, h, d, relu):
    one = d.dtype.type(1)
    for j in range(len(h)):
        slope = (one if h[j] > 0 else h[j] * 0) if relu else one - h[j] * h[j]
        d[j] = (dy[j] + dh[j]) * slope


@compiled
def lstm_row(p, z, c, new_c, tc, h):
    H = len(h)
    for j in range(4 * H):
        z[j] += p[j]
    sigmoid(z[: 3 * H])
    for j in range(3 * H, 4 * H):
        z[j] = tanh(z[j])
    for j in range(H):
        new_c[j] = z[2 * H + j] * c[j] + z[H + j] * z[3 * H + j]
    for j in range(H):
        tc[j] = tanh(new_c[j])
        h[j] = z[j] * tc[j]


@compiled
def lstm_row_back(dy, dh, dc, z, c, tc, d):
    H, one = len(dc), d.dtype.type(1)
    for j in range(H):
        o, i, f, g, t = z[j], z[H + j], z[2 * H + j], z[3 * H + j], tc[j]
        into_h = dy[j] + dh[j]
        into_c = dc[j] + into_h * o * (one - t * t)
        d[j] = into_h * t * o * (one - o)
        d[H + j] = into_c * g * i * (one - i)
        d[2 * H + j] = into_c * c[j] * f * (one - f)
        d[3 * H + j] = into_c * i * (one - g * g)
        dc[j] = into_c * f


@compiled
def gru_row(p, bn, z, h, m, new):
    H = len(h)
    for j in range(2 * H):
        z[j] += p[j]
    sigmoid(z[: 2 * H])
    for j in range(H):
        m[j] = p[2 * H + j] + bn[j]
        z[2 * H + j] = tanh(z[2 * H + j] + z[j] * m[j])
        new[j] = z[2 * H + j] + z[H + j] * (h[j] - z[2 * H + j])


@compiled
def gru_row_back(dy, dh, z, h, m, d, dn, part):
    """`part` of dh goes straight to the state before, the rest through `d`."""
    H, one = len(h), d.dtype.type(1)
    for j in range(H):
        r, u, n = z[j], z[H + j], z[2 * H + j]
        into_h = dy[j] + dh[j]
        dn[j] = into_h * (one - u) * (one - n * n)
        d[j] = dn[j] * m[j] * r * (one - r)
        d[H + j] = into_h * (h[j] - n) * u * (one - u)
        d[2 * H + j] = dn[j] * r
        part[j] = into_h * u


# --- one step, of all rows of a batch


@compiled
def rnn_step(p, z, h, relu):
    for b in range(len(h)):
        rnn_row(p[b], z[b], h[b], relu)


@compiled
def rnn_step_back(dy, dh, h, d, relu):
    for b in range(len(h)):
        rnn_row_back(dy[b], dh[b], h[b], d[b], relu)


@compiled
def lstm_step(p, z, c, new_c, tc, h):
    for b in range(len(z)):
        lstm_row(p[b], z[b], c[b], new_c[b], tc[b], h[b])


@compiled
def lstm_step_back(dy, dh, dc, z, c, tc, d):
    for b in range(len(z)):
        lstm_row_back(dy[b], dh[b], dc[b], z[b], c[b], tc[b], d[b])


@compiled
def gru_step(p, bn, z, h, m, new):
    for b in range(len(z)):
        gru_row(p[b], bn, z[b], h[b], m[b], new[b])


@compiled
def gru_step_back(dy, dh, z, h, m, d, dn, part):
    for b in range(len(z)):
        gru_row_back(dy[b], dh[b], z[b], h[b], m[b], d[b], dn[b], part[b])


# --- all steps, of a single text


@compiled
def rnn(W, relu, a, hs):
    p = np.empty_like(a[0])
    for t in range(len(a)):
        times(hs[t], W, p)
        rnn_row(p, a[t], hs[t + 1], relu)


@compiled
def rnn_back(back, relu, dy, da, hs):
    dh = np.zeros_like(hs[0])
    for t in range(len(da) - 1, -1, -1):
        rnn_row_back(dy[t], dh, hs[t + 1], da[t], relu)
        times(da[t], back, dh)


@compiled
def lstm(W, a, hs, cs, tcs):
    p = np.empty_like(a[0])
    for t in range(len(a)):
        times(hs[t], W, p)
        lstm_row(p, a[t], cs[t], cs[t + 1], tcs[t], hs[t + 1])


@compiled
def lstm_back(back, dy, da, a, cs, tcs):
    dh, dc = np.zeros_like(cs[0]), np.zeros_like(cs[0])
    for t in range(len(da) - 1, -1, -1):
        lstm_row_back(dy[t], dh, dc, a[t], cs[t], tcs[t], da[t])
        times(da[t], back, dh)


@compiled
def gru(W, bn, a, hs, ms):
    p = np.empty_like(a[0])
    for t in range(len(a)):
        times(hs[t], W, p)
        gru_row(p, bn, a[t], hs[t], ms[t], hs[t + 1])


@compiled
def gru_back(back, dy, dm, dn, a, hs, ms):
    dh, part = np.zeros_like(hs[0]), np.empty_like(hs[0])
    for t in range(len(dm) - 1, -1, -1):
        gru_row_back(dy[t], dh, a[t], hs[t], ms[t], dm[t], dn[t], part)
        times(dm[t], back, dh)
        dh += part
