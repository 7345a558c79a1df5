"""The cells of layers.py, fast: a whole sequence, forward and backward, as one node of the graph.

What layers.py computes with some twenty nodes a step is written out here by hand. Whatever does not
wait for the step before is computed for all steps at once: the input's share, the slopes that the
way back multiplies with, the gradient of the weights. What is left in the loops works in place on
arrays made once. Same weights, same numbers, numpy or CuPy. Derived in lessons 06 and 09.
"""

from collections.abc import Iterator
from typing import Any

from minichar import backend, layers
from minichar.graph import Tensor, node
from minichar.text import whole_numbers
from minichar.workers import side_by_side


def project(x: Any, W: Tensor, b: Tensor) -> Tensor:
    """x @ W + b for all steps at once; x (T, B, D) or whole numbers (T, B) that pick rows of W."""
    xp, (D, N) = backend.of(W.data), W.shape
    if not isinstance(x, Tensor):
        x = whole_numbers("project", x, D)
        a = (W.data + b.data)[x] if x.size > D else W.data[x] + b.data  # whichever adds less

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


def each_step(rows: slice, *arrays: Any) -> Iterator[tuple]:
    """Step by step, `rows` of arrays (T, B, ·). A single text comes without its axis B: (·)."""
    return zip(*(a[:, 0] if a.shape[1] == 1 else a[:, rows] for a in arrays), strict=False)


def scratch(rows: slice, a: Any, *columns: int) -> list:
    """Arrays of zeros to work in, of the same rows and type as those of each_step."""
    B, xp = a[0, rows].shape[0], backend.of(a)
    return [xp.zeros((B, n) if a.shape[1] > 1 else n, a.dtype) for n in columns]


class Linear(layers.Linear):
    def __call__(self, x: Any) -> Tensor:
        return project(x, self.parameters["W"], self.parameters["b"])


class Fused:
    """What the three fused cells share: the input's part, for all steps at once, then `run`."""

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        a = project(x, self.parameters["Wxh"], self.parameters["bh"])
        return self.run(a, self.begin(a.shape[1], state))


class RNN(Fused, layers.RNN):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, H) = self.parameters["Whh"], backend.of(a.data), a.shape
        W, relu, hs = Whh.data, self.activation == "relu", xp.empty((T + 1, B, H), a.dtype)
        hs[0] = state[0]

        def forward(rows):
            (product,) = scratch(rows, hs, H)
            for h, z, new in each_step(rows, hs, a.data, hs[1:]):
                h.dot(W, product)
                xp.add(z, product, new)
                xp.maximum(new, 0, out=new) if relu else xp.tanh(new, new)

        def send_back(g):
            da = (hs[1:] > 0).astype(a.dtype) if relu else 1 - hs[1:] ** 2  # slopes, to begin with
            back = xp.ascontiguousarray(W.T)

            def backward(rows):
                (dh,) = scratch(rows, hs, H)
                for above, d in each_step(rows, g[::-1], da[::-1]):
                    xp.add(dh, above, dh)
                    xp.multiply(d, dh, d)
                    d.dot(back, dh)

            side_by_side(backward, B, H)
            return da, hs[:-1].reshape(-1, H).T @ da.reshape(-1, H)

        side_by_side(forward, B, H)
        return node("rnn", hs[1:], (a, Whh), send_back), (hs[-1].copy(),)


class LSTM(Fused, layers.LSTM):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, _), H = self.parameters["Whh"], backend.of(a.data), a.shape, self.H
        gates = a.data  # nobody else holds a: its place becomes that of o, i, f, g
        o, i, f, g = (gates[:, :, k * H : (k + 1) * H] for k in range(4))
        oif, W = gates[:, :, : 3 * H], Whh.data.copy()
        hs, cs, tcs = (xp.empty((n, B, H), a.dtype) for n in (T + 1, T + 1, T))
        hs[0], cs[0] = state
        half = xp.full(
            3 * H, 0.5, a.dtype
        )  # sigmoid(x) is tanh(x / 2) / 2 + 1 / 2: with the halves
        W[:, : 3 * H] *= half  # taken in the weights, one tanh does for all four

        def forward(rows):
            product, part = scratch(rows, hs, 4 * H, H)
            gates[:, rows, : 3 * H] *= half
            arrays = hs, cs, gates, oif, o, i, f, g, cs[1:], tcs, hs[1:]
            for h, c, z, z_oif, z_o, z_i, z_f, z_g, new_c, tc, new_h in each_step(rows, *arrays):
                h.dot(W, product)
                xp.add(z, product, z)
                xp.tanh(z, z)
                xp.multiply(z_oif, half, z_oif)
                xp.add(z_oif, half, z_oif)
                xp.multiply(z_f, c, new_c)
                xp.multiply(z_i, z_g, part)
                xp.add(new_c, part, new_c)
                xp.tanh(new_c, tc)
                xp.multiply(z_o, tc, new_h)

        def send_back(dy):
            da, dtc = xp.empty(a.shape, a.dtype), xp.empty((T, B, H), a.dtype)
            d_ifg, back = da.reshape(T, B, 4, H)[:, :, 1:], xp.ascontiguousarray(Whh.data.T)

            def backward(rows):
                # First what each gate's gradient is to be multiplied with, for all steps ...
                D, S, G = da[:, rows], oif[:, rows], g[:, rows]
                d_oif, d_g = D[:, :, : 3 * H], D[:, :, 3 * H :]
                xp.subtract(1, S, d_oif)
                xp.multiply(d_oif, S, d_oif)  # the slope of a sigmoid s is s (1 - s)
                xp.multiply(G, G, d_g)
                xp.subtract(1, d_g, d_g)  # that of a tanh is 1 - tanh²
                for k, factor in enumerate((tcs, g, cs[:-1], i)):
                    D[:, :, k * H : (k + 1) * H] *= factor[:, rows]
                xp.multiply(hs[1:, rows], tcs[:, rows], dtc[:, rows])
                xp.subtract(o[:, rows], dtc[:, rows], dtc[:, rows])  # from h to c: o (1 - tanh(c)²)
                # ... then the one thing that comes from step to step: dh and dc.
                dh, dc, part = scratch(rows, hs, H, H, H)
                dc_thrice = dc if B == 1 else dc[:, None]
                arrays = dy, dtc, da, da[:, :, :H], d_ifg, f
                for above, t, d, d_o, d_rest, z_f in each_step(rows, *(x[::-1] for x in arrays)):
                    xp.add(dh, above, dh)
                    xp.multiply(dh, t, part)
                    xp.add(dc, part, dc)
                    xp.multiply(d_o, dh, d_o)
                    xp.multiply(d_rest, dc_thrice, d_rest)
                    xp.multiply(dc, z_f, dc)
                    d.dot(back, dh)

            side_by_side(backward, B, H)
            return da, hs[:-1].reshape(-1, H).T @ da.reshape(-1, 4 * H)

        side_by_side(forward, B, H)
        return node("lstm", hs[1:], (a, Whh), send_back), (hs[-1].copy(), cs[-1].copy())


class GRU(Fused, layers.GRU):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, bn, xp, (T, B, _), H = *self.weights(), backend.of(a.data), a.shape, self.H
        gates, W = a.data, Whh.data.copy()  # becomes r, u, n
        r, u, n = (gates[:, :, k * H : (k + 1) * H] for k in range(3))
        hs, ms = xp.empty((T + 1, B, H), a.dtype), xp.empty((T, B, H), a.dtype)  # m: h Whn + bn
        hs[0], half = state[0], xp.full(2 * H, 0.5, a.dtype)  # as in the LSTM
        W[:, : 2 * H] *= half

        def forward(rows):
            product, part = scratch(rows, hs, 3 * H, H)
            gates[:, rows, : 2 * H] *= half
            p_ru, p_n = product[..., : 2 * H], product[..., 2 * H :]
            arrays = hs, gates[:, :, : 2 * H], r, u, n, ms, hs[1:]
            for h, z_ru, z_r, z_u, z_n, m, new in each_step(rows, *arrays):
                h.dot(W, product)
                xp.add(z_ru, p_ru, z_ru)
                xp.tanh(z_ru, z_ru)
                xp.multiply(z_ru, half, z_ru)
                xp.add(z_ru, half, z_ru)
                xp.add(p_n, bn.data, m)
                xp.multiply(z_r, m, part)
                xp.add(z_n, part, z_n)
                xp.tanh(z_n, z_n)
                xp.subtract(h, z_n, new)  # h = n + u (h - n)
                xp.multiply(new, z_u, new)
                xp.add(new, z_n, new)

        def send_back(dy):
            dm, dn = xp.empty(a.shape, a.dtype), xp.empty((T, B, H), a.dtype)  # dm: by h Whh + bn
            dr, du, dmn = (dm[:, :, k * H : (k + 1) * H] for k in range(3))
            back = xp.ascontiguousarray(Whh.data.T)

            def backward(rows):
                R, U, N = r[:, rows], u[:, rows], n[:, rows]
                du[:, rows] = U * (1 - U) * (hs[:-1, rows] - N)
                dn[:, rows] = (1 - U) * (1 - N * N)
                dr[:, rows] = R * (1 - R) * ms[:, rows]
                dh, part = scratch(rows, hs, H, H)
                arrays = dy, dm, dr, du, dmn, dn, r, u
                for above, d, d_r, d_u, d_mn, d_n, z_r, z_u in each_step(
                    rows, *(x[::-1] for x in arrays)
                ):
                    xp.add(dh, above, dh)
                    xp.multiply(d_u, dh, d_u)
                    xp.multiply(d_n, dh, d_n)
                    xp.multiply(d_r, d_n, d_r)
                    xp.multiply(z_r, d_n, d_mn)
                    xp.multiply(z_u, dh, part)
                    d.dot(back, dh)
                    xp.add(dh, part, dh)

            side_by_side(backward, B, H)
            flat = dm.reshape(-1, 3 * H)
            da = xp.concatenate([dm[:, :, : 2 * H], dn], axis=2)
            return da, hs[:-1].reshape(-1, H).T @ flat, flat[:, 2 * H :].sum(axis=0)

        side_by_side(forward, B, H)
        return node("gru", hs[1:], (a, Whh, bn), send_back), (hs[-1].copy(),)

    def weights(self) -> tuple[Tensor, Tensor]:
        return self.parameters["Whh"], self.parameters["bn"]
