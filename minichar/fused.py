"""The cells of layers.py, fast: a whole sequence, forward and backward, as one node of the graph.

What layers.py computes with some twenty nodes a step is written out here by hand: the input's share
of all steps is one matrix product, each step works in place on arrays made once, and the gradient
of the weights is again one product over all steps. Same weights, same numbers, numpy or CuPy.
Derived in lesson 06 for one step, in lesson 09 for speed.
"""

from typing import Any

from minichar import backend, layers
from minichar.graph import Tensor, node
from minichar.text import whole_numbers


def project(x: Any, W: Tensor, b: Tensor) -> Tensor:
    """x @ W + b for all steps at once; x (T, B, D) or whole numbers (T, B) that pick rows of W."""
    xp, (D, N) = backend.of(W.data), W.shape
    if not isinstance(x, Tensor):
        x = whole_numbers("project", x, D)
        a = (W.data + b.data)[x]  # the bias goes into the V rows rather than into the T B picked

        def send_back(g):
            g = g.reshape(-1, N)
            one_hot = (x.reshape(1, -1) == xp.arange(D)[:, None]).astype(g.dtype)
            dW = one_hot @ g  # row i: the sum over every place where character i was read
            return dW, dW.sum(axis=0)

        return node("project", a, (W, b), send_back)
    if x.shape[-1] != D:
        raise ValueError(f"project: shapes {x.shape} and {W.shape} do not fit")
    flat = x.data.reshape(-1, D)
    a = flat @ W.data
    a += b.data

    def send_back(g):
        g = g.reshape(-1, N)
        dx = (g @ W.data.T).reshape(x.shape) if x.requires_grad else None
        return dx, flat.T @ g, g.sum(axis=0)

    return node("project", a.reshape(*x.shape[:-1], N), (x, W, b), send_back)


class Fused:
    """What the three fused cells share: the input's part, for all steps at once, then `run`."""

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        a = project(x, self.parameters["Wxh"], self.parameters["bh"])
        return self.run(a, self.begin(a.shape[1], state))


class RNN(Fused, layers.RNN):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, H) = self.parameters["Whh"], backend.of(a.data), a.shape
        hs, W, relu = xp.empty((T + 1, B, H), a.dtype), Whh.data, self.activation == "relu"
        hs[0], product = state[0], xp.empty((B, H), a.dtype)
        for t in range(T):
            h = hs[t + 1]
            xp.matmul(hs[t], W, product)
            xp.add(a.data[t], product, h)
            xp.maximum(h, 0, out=h) if relu else xp.tanh(h, h)

        def send_back(g):
            da = (hs[1:] > 0).astype(a.dtype) if relu else 1 - hs[1:] ** 2  # slopes, to begin with
            back, dh = xp.ascontiguousarray(W.T), xp.zeros((B, H), a.dtype)
            for t in reversed(range(T)):
                dh += g[t]
                da[t] *= dh
                xp.matmul(da[t], back, dh)
            return da, hs[:-1].reshape(-1, H).T @ da.reshape(-1, H)

        return node("rnn", hs[1:], (a, Whh), send_back), (hs[-1].copy(),)


class LSTM(Fused, layers.LSTM):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, _), H = self.parameters["Whh"], backend.of(a.data), a.shape, self.H
        gates, W = a.data, Whh.data  # nobody else holds a: its place becomes that of o, i, f, g
        hs, cs = xp.empty((T + 1, B, H), a.dtype), xp.empty((T + 1, B, H), a.dtype)
        tcs, part = xp.empty((T, B, H), a.dtype), xp.empty((B, H), a.dtype)
        hs[0], cs[0] = state
        product, half = xp.empty((B, 4 * H), a.dtype), a.dtype.type(0.5)
        for t in range(T):
            z, c = gates[t], cs[t + 1]
            xp.matmul(hs[t], W, product)
            xp.add(z, product, z)
            oif = z[:, : 3 * H]
            xp.multiply(oif, half, oif)
            xp.tanh(z, z)  # all four at once: sigmoid(x) is tanh(x / 2) / 2 + 1 / 2
            xp.multiply(oif, half, oif)
            xp.add(oif, half, oif)
            xp.multiply(z[:, 2 * H : 3 * H], cs[t], c)  # f c
            xp.multiply(z[:, H : 2 * H], z[:, 3 * H :], part)  # i g
            xp.add(c, part, c)
            xp.tanh(c, tcs[t])
            xp.multiply(z[:, :H], tcs[t], hs[t + 1])

        def send_back(g):
            da, back = xp.empty((T, B, 4 * H), a.dtype), xp.ascontiguousarray(W.T)
            dh, dc = xp.zeros((B, H), a.dtype), xp.zeros((B, H), a.dtype)
            one, slope = a.dtype.type(1), xp.empty((B, 3 * H), a.dtype)
            for t in reversed(range(T)):
                z, d = gates[t], da[t]
                o, i, f, gate = (z[:, k * H : (k + 1) * H] for k in range(4))
                oif, d_oif, d_o, d_g = z[:, : 3 * H], d[:, : 3 * H], d[:, :H], d[:, 3 * H :]
                xp.add(dh, g[t], dh)
                xp.multiply(tcs[t], tcs[t], part)  # dc += dh o (1 - tanh(c)²)
                xp.subtract(one, part, part)
                xp.multiply(part, o, part)
                xp.multiply(part, dh, part)
                xp.add(dc, part, dc)
                xp.multiply(dh, tcs[t], d_o)
                xp.multiply(dc, gate, d[:, H : 2 * H])
                xp.multiply(dc, cs[t], d[:, 2 * H : 3 * H])
                xp.subtract(one, oif, slope)  # the slope of a sigmoid s is s (1 - s)
                xp.multiply(slope, oif, slope)
                xp.multiply(d_oif, slope, d_oif)
                xp.multiply(gate, gate, part)
                xp.subtract(one, part, part)
                xp.multiply(part, i, part)
                xp.multiply(part, dc, d_g)
                xp.multiply(dc, f, dc)
                xp.matmul(d, back, dh)
            return da, hs[:-1].reshape(-1, H).T @ da.reshape(-1, 4 * H)

        return node("lstm", hs[1:], (a, Whh), send_back), (hs[-1].copy(), cs[-1].copy())


class GRU(Fused, layers.GRU):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, bn, xp, (T, B, _), H = *self.weights(), backend.of(a.data), a.shape, self.H
        gates, W = a.data, Whh.data  # becomes r, u, n
        hs, ms = xp.empty((T + 1, B, H), a.dtype), xp.empty((T, B, H), a.dtype)  # m: h Whn + bn
        hs[0], half = state[0], a.dtype.type(0.5)
        product, part = xp.empty((B, 3 * H), a.dtype), xp.empty((B, H), a.dtype)
        for t in range(T):
            z, h = gates[t], hs[t + 1]
            ru, n = z[:, : 2 * H], z[:, 2 * H :]
            xp.matmul(hs[t], W, product)
            xp.add(ru, product[:, : 2 * H], ru)
            xp.multiply(ru, half, ru)
            xp.tanh(ru, ru)
            xp.multiply(ru, half, ru)
            xp.add(ru, half, ru)
            xp.add(product[:, 2 * H :], bn.data, ms[t])
            xp.multiply(z[:, :H], ms[t], part)
            xp.add(n, part, n)
            xp.tanh(n, n)
            xp.subtract(hs[t], n, h)  # h = n + u (h - n)
            xp.multiply(h, z[:, H : 2 * H], h)
            xp.add(h, n, h)

        def send_back(g):
            da, dm = xp.empty((T, B, 3 * H), a.dtype), xp.empty((T, B, 3 * H), a.dtype)
            back, dh = xp.ascontiguousarray(W.T), xp.zeros((B, H), a.dtype)
            one = a.dtype.type(1)
            for t in reversed(range(T)):
                r, u, n = (gates[t][:, k * H : (k + 1) * H] for k in range(3))
                d, e = da[t], dm[t]
                xp.add(dh, g[t], dh)
                xp.subtract(hs[t], n, part)  # by u: dh (h - n) u (1 - u)
                xp.multiply(part, dh, part)
                xp.multiply(part, u, part)
                d[:, H : 2 * H] = part * (one - u)
                d[:, 2 * H :] = dh * (one - u) * (one - n * n)
                d[:, :H] = d[:, 2 * H :] * ms[t] * r * (one - r)
                e[:, : 2 * H] = d[:, : 2 * H]
                xp.multiply(d[:, 2 * H :], r, e[:, 2 * H :])
                xp.multiply(dh, u, part)
                xp.matmul(e, back, dh)
                xp.add(dh, part, dh)
            flat = dm.reshape(-1, 3 * H)
            return da, hs[:-1].reshape(-1, H).T @ flat, flat[:, 2 * H :].sum(axis=0)

        return node("gru", hs[1:], (a, Whh, bn), send_back), (hs[-1].copy(),)

    def weights(self) -> tuple[Tensor, Tensor]:
        return self.parameters["Whh"], self.parameters["bn"]
