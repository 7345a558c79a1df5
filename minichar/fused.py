"""The cells of layers.py, fast: a whole sequence, forward and backward, as one node of the graph.

What layers.py computes with some twenty nodes a step is written out here by hand. Whatever does not
wait for the step before is computed for all or many steps at once: the input's share, the slopes
that the backward pass multiplies with, the gradient of the weights. The loops themselves work in
place on arrays made once. Same weights, same numbers, numpy or CuPy. Built in lessons 06 and 09.
"""

from collections.abc import Callable, Iterator
from typing import Any

from minichar import backend, layers, memory
from minichar.graph import Tensor, node
from minichar.product import dot_for
from minichar.text import whole_numbers
from minichar.workers import matmul, side_by_side

SOME = 100_000  # numbers that are worked on at once: they stay in the processor's cache meanwhile


def project(x: Any, W: Tensor, b: Tensor) -> Tensor:
    """x @ W + b for all steps at once; x (T, B, D) or whole numbers (T, B) that pick rows of W."""
    xp, (D, N) = backend.of(W.data), W.shape
    if not isinstance(x, Tensor):
        x = whole_numbers("project", x, D, W.data)
        a = (W.data + b.data)[x] if x.size > D else W.data[x] + b.data  # whichever adds less

        def send_back(g):
            g = g.reshape(-1, N)
            one_hot = (x.reshape(1, -1) == xp.arange(D)[:, None]).astype(g.dtype)
            dW = matmul(one_hot, g)  # row i: the sum over every place where character i was read
            return dW, dW.sum(axis=0)

        return node("project", a, (W, b), send_back)
    if x.shape[-1] != D:
        raise ValueError(f"project: shapes {x.shape} and {W.shape} do not fit")
    flat = x.data.reshape(-1, D)
    a = matmul(flat, W.data)
    a += b.data

    def send_back(g):
        g = g.reshape(-1, N)
        dx = matmul(g, W.data.T).reshape(x.shape) if x.requires_grad else None
        return dx, matmul(flat.T, g), g.sum(axis=0)

    return node("project", a.reshape(*x.shape[:-1], N), (x, W, b), send_back)


class Linear(layers.Linear):
    def __call__(self, x: Any) -> Tensor:
        return project(x, self.parameters["W"], self.parameters["b"])


def each_step(*arrays: Any) -> Iterator[tuple]:
    """Rows (B, ·) of arrays (T, B, ·), step by step to the shortest; one text has no axis B."""
    return zip(*(a[:, 0] if a.shape[1] == 1 else a for a in arrays), strict=False)


def each_step_back(*arrays: Any) -> Iterator[tuple]:
    """The same, from the last step to the first."""
    return each_step(*(a[::-1] for a in arrays))


def scratch(a: Any, *columns: int) -> list:
    """Arrays of zeros to work in, one for each number of columns, with the rows of each_step."""
    rows = a.shape[1:2] if a.shape[1] > 1 else ()
    return [backend.of(a).zeros((*rows, n), a.dtype) for n in columns]


def blocks(a: Any, H: int) -> list:
    """The gates in an array (…, n H): its n blocks of H columns, as views."""
    return [a[..., k : k + H] for k in range(0, a.shape[-1], H)]


def together(a: Any, H: int) -> Any:
    """A copy of those blocks, (n, T, B, H): numbers without gaps between them are faster to use."""
    xp, (T, B, _) = backend.of(a), a.shape
    return xp.ascontiguousarray(a.reshape(T, B, -1, H).transpose(2, 0, 1, 3))


def last_first(a: Any) -> Iterator[slice]:
    """Slices of the steps of a (T, B, n), from the last back, with about SOME numbers each."""
    steps = len(a) if backend.on_card(a) else 1 + SOME // (1 + a[:1].size)
    for end in range(len(a), 0, -steps):
        yield slice(max(0, end - steps), end)


class Fused:
    """What the three fused cells share: the input's part, for all steps at once, then `run`.

    In `run` a whole sequence becomes a node. `forward` fills the arrays kept for the backward pass,
    and `backward` those of the gradient; each is called for some of the rows of a batch.
    """

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        memory.keep()  # the next step takes arrays as large as these
        a = layers.checked(project(x, self.parameters["Wxh"], self.parameters["bh"]))
        return self.run(a, self.begin(a.shape[1], state))

    def way_back(self, T: int, B: int) -> Any:
        """Whh transposed; for several texts a contiguous copy pays for itself after a few steps."""
        W = self.parameters["Whh"].data.T
        return backend.of(W).ascontiguousarray(W) if T > 4 and B > 1 else W

    def in_parts(self, work: Callable, weights: tuple, *arrays: Any) -> None:
        """`work(*weights, *arrays)`, with the rows of a large batch shared out to threads."""
        B = arrays[0].shape[1]
        if B == 1 or backend.on_card(arrays[0]):  # a card has threads of its own
            return work(*weights, *arrays)
        side_by_side(lambda rows: work(*weights, *(a[:, rows] for a in arrays)), B, B * self.H)


class RNN(Fused, layers.RNN):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, H) = self.parameters["Whh"], backend.of(a.data), a.shape
        hs = xp.empty((T + 1, B, H), a.dtype)
        hs[0] = state[0]
        self.in_parts(self.forward, (Whh.data,), a.data, hs)

        def send_back(dy):
            da, back = xp.empty_like(a.data), self.way_back(T, B)
            self.in_parts(self.backward, (back,), dy, da, hs)
            return da, matmul(hs[:-1].reshape(-1, H).T, da.reshape(-1, H))

        return node("rnn", hs[1:], (a, Whh), send_back), (hs[-1].copy(),)

    def forward(self, W: Any, a: Any, hs: Any) -> None:
        xp, relu, (product,) = backend.of(a), self.activation == "relu", scratch(hs, self.H)
        add, tanh, dot = xp.add, xp.tanh, dot_for(W)  # a local name is found faster than a module's
        for h, z, new in each_step(hs, a, hs[1:]):
            dot(h, W, product)
            add(z, product, new)
            xp.maximum(new, 0, out=new) if relu else tanh(new, new)

    def backward(self, back: Any, dy: Any, da: Any, hs: Any) -> None:
        xp, h, (dh,) = backend.of(da), hs[1:], scratch(hs, self.H)
        add, multiply, dot = xp.add, xp.multiply, dot_for(back)
        da[...] = h > 0 if self.activation == "relu" else 1 - h * h  # the slopes of all steps
        for above, d in each_step_back(dy, da):
            add(dh, above, dh)
            multiply(d, dh, d)
            dot(d, back, dh)


class LSTM(Fused, layers.LSTM):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, xp, (T, B, _), H = self.parameters["Whh"], backend.of(a.data), a.shape, self.H
        hs, cs, tcs = (xp.empty((n, B, H), a.dtype) for n in (T + 1, T + 1, T))  # tcs: tanh(c)
        hs[0], cs[0] = state
        # Nobody else holds a: its place becomes that of o, i, f, g.
        self.in_parts(self.forward, (Whh.data,), a.data, hs, cs, tcs)

        def send_back(dy):
            da, back = xp.empty_like(a.data), self.way_back(T, B)
            self.in_parts(self.backward, (back,), dy, da, a.data, hs, cs, tcs)
            return da, matmul(hs[:-1].reshape(-1, H).T, da.reshape(-1, 4 * H))

        return node("lstm", hs[1:], (a, Whh), send_back), (hs[-1].copy(), cs[-1].copy())

    def forward(self, W: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        xp, H = backend.of(a), self.H
        add, multiply, tanh, dot = xp.add, xp.multiply, xp.tanh, dot_for(W)
        product, part, scale, shift = scratch(hs, 4 * H, H, 4 * H, 4 * H)
        scale[...], scale[..., : 3 * H], shift[..., : 3 * H] = 1, 0.5, 0.5
        arrays = hs, cs, a, *blocks(a, H), cs[1:], tcs, hs[1:]
        for h, c, z, o, i, f, g, new_c, tc, new_h in each_step(*arrays):
            dot(h, W, product)
            add(z, product, z)
            multiply(z, scale, z)  # sigmoid(x) is tanh(x / 2) / 2 + 1 / 2; and tanh is as it was
            tanh(z, z)
            multiply(z, scale, z)
            add(z, shift, z)
            multiply(f, c, new_c)
            multiply(i, g, part)
            add(new_c, part, new_c)
            tanh(new_c, tc)
            multiply(o, tc, new_h)

    def backward(self, back: Any, dy: Any, da: Any, a: Any, hs: Any, cs: Any, tcs: Any) -> None:
        xp, H = backend.of(a), self.H
        add, multiply, dot = xp.add, xp.multiply, dot_for(back)
        dh, dc, part = scratch(hs, H, H, H)
        dc_thrice, da_ifg = dc[..., None, :], da.reshape(*da.shape[:2], 4, H)[:, :, 1:]
        for steps in last_first(a):
            ds, h, c, tc = da[steps], hs[1:][steps], cs[steps], tcs[steps]
            o, i, f, g = gates = together(a[steps], H)
            slopes = gates * (1 - gates)  # that of a sigmoid s is s (1 - s)
            slopes[3] = 1 - g * g  # and that of a tanh 1 - tanh²
            for k, factor in enumerate((tc, g, c, i)):
                slopes[k] *= factor
            # As h = o tanh(c), its slope to c is o (1 - tanh²(c)), the same as o - h tanh(c).
            slopes_c, slopes_ifg = o - h * tc, slopes[1:].transpose(1, 2, 0, 3)
            arrays = dy[steps], slopes_c, slopes[0], slopes_ifg, f, ds[:, :, :H], da_ifg[steps], ds
            for above, to_c, to_o, to_ifg, forget, d_o, d_ifg, d in each_step_back(*arrays):
                add(dh, above, dh)
                multiply(dh, to_c, part)
                add(dc, part, dc)
                multiply(to_o, dh, d_o)
                multiply(to_ifg, dc_thrice, d_ifg)
                multiply(dc, forget, dc)
                dot(d, back, dh)


class GRU(Fused, layers.GRU):
    def run(self, a: Tensor, state: tuple) -> tuple[Tensor, tuple]:
        Whh, bn = self.parameters["Whh"], self.parameters["bn"]
        xp, (T, B, _), H = backend.of(a.data), a.shape, self.H
        hs, ms = xp.empty((T + 1, B, H), a.dtype), xp.empty((T, B, H), a.dtype)  # m: h Whn + bn
        hs[0] = state[0]
        self.in_parts(self.forward, (Whh.data, bn.data), a.data, hs, ms)  # a becomes r, u, n

        def send_back(dy):
            dm, dn = xp.empty_like(a.data), xp.empty_like(ms)  # dm: with respect to h Whh + bn
            back = self.way_back(T, B)
            self.in_parts(self.backward, (back,), dy, dm, dn, a.data, hs, ms)
            flat = dm.reshape(-1, 3 * H)
            da = xp.concatenate([dm[:, :, : 2 * H], dn], axis=2)
            return da, matmul(hs[:-1].reshape(-1, H).T, flat), flat[:, 2 * H :].sum(axis=0)

        return node("gru", hs[1:], (a, Whh, bn), send_back), (hs[-1].copy(),)

    def forward(self, W: Any, bn: Any, a: Any, hs: Any, ms: Any) -> None:
        xp, H = backend.of(a), self.H
        add, subtract, multiply, tanh = xp.add, xp.subtract, xp.multiply, xp.tanh
        dot, (product, part, ru, half) = dot_for(W), scratch(hs, 3 * H, H, 2 * H, 2 * H)
        half[...], p_ru, p_n = 0.5, product[..., : 2 * H], product[..., 2 * H :]
        arrays = hs, a[:, :, : 2 * H], *blocks(a, H), ms, hs[1:]
        for h, z_ru, r, u, n, m, new in each_step(*arrays):
            dot(h, W, product)
            add(z_ru, p_ru, ru)
            multiply(ru, half, ru)  # as in the LSTM
            tanh(ru, ru)
            multiply(ru, half, ru)
            add(ru, half, z_ru)
            add(p_n, bn, m)
            multiply(r, m, part)
            add(n, part, n)
            tanh(n, n)
            subtract(h, n, new)  # h = n + u (h - n)
            multiply(new, u, new)
            add(new, n, new)

    def backward(self, back: Any, dy: Any, dm: Any, dn: Any, a: Any, hs: Any, ms: Any) -> None:
        xp, H = backend.of(a), self.H
        add, multiply, dot = xp.add, xp.multiply, dot_for(back)
        dh, part = scratch(hs, H, H)
        for steps in last_first(a):
            (rs, us, ns), h, m = together(a[steps], H), hs[steps], ms[steps]
            slopes_r, slopes_u = rs * (1 - rs) * m, us * (1 - us) * (h - ns)
            slopes_n, ds = (1 - us) * (1 - ns * ns), dm[steps]
            arrays = dy[steps], slopes_r, slopes_u, slopes_n, rs, us, *blocks(ds, H), dn[steps], ds
            for above, to_r, to_u, to_n, r, u, d_r, d_u, d_m, d_n, d in each_step_back(*arrays):
                add(dh, above, dh)
                multiply(to_u, dh, d_u)
                multiply(to_n, dh, d_n)
                multiply(to_r, d_n, d_r)
                multiply(r, d_n, d_m)
                multiply(u, dh, part)
                dot(d, back, dh)
                add(dh, part, dh)
