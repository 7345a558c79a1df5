"""The CUDA source of the gates, run by the processor, against its formulas number by number."""

import math

import numpy as np
import pytest
from cuda_on_cpu import module
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import kernels, strict

TYPES = pytest.mark.parametrize("dtype, limit", [("float32", 1e-6), ("float64", 1e-13)])


@pytest.fixture(scope="module")
def card():
    with strict.instead_of_cupy() as card:
        card.RawModule = module()  # skips where there is no compiler
        yield card


def arrays(card, B, H, dtype, seed, *columns):
    """Random arrays (B, n H), and the same on the card; a single text as (n H,)."""
    rng = np.random.default_rng(seed)
    drawn = [rng.standard_normal((B, n * H)).astype(dtype) for n in columns]
    return drawn, [card.asarray(a if B > 1 else a[0]) for a in drawn]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@TYPES
@settings(max_examples=15)
@given(B=st.integers(1, 9), H=st.integers(1, 70), seed=st.integers(0, 99))
def test_a_step_is_the_formula(card, dtype, limit, B, H, seed):
    (p, z, c, *_), (*there,) = arrays(card, B, H, dtype, seed, 4, 4, 1, 1, 1, 1)
    kernels.launch("lstm_step", H, *there)
    _, gates, old, new_c, tc, h = (a.get().reshape(B, -1) for a in there)
    np.testing.assert_array_equal(old, c)
    for b in range(B):
        for j in range(H):
            o, i, f, g = (float(p[b, k * H + j]) + float(z[b, k * H + j]) for k in range(4))
            o, i, f, g = sigmoid(o), sigmoid(i), sigmoid(f), math.tanh(g)
            wanted = f * float(c[b, j]) + i * g
            assert gates[b, j::H] == pytest.approx([o, i, f, g], abs=limit)
            assert new_c[b, j] == pytest.approx(wanted, abs=4 * limit)
            assert tc[b, j] == pytest.approx(math.tanh(wanted), abs=4 * limit)
            assert h[b, j] == pytest.approx(o * math.tanh(wanted), abs=4 * limit)


@settings(max_examples=15)
@given(B=st.integers(1, 9), H=st.integers(1, 70), seed=st.integers(0, 99))
def test_a_step_back_is_the_slope_of_a_step(card, B, H, seed):
    """Measured: what h and c, weighted by random numbers, change with each number that went in."""
    (p, z, c, wh, wc), _ = arrays(card, B, H, "float64", seed, 4, 4, 1, 1, 1)

    def step(p, c):
        there = [card.asarray(a) for a in (p, z, c, *[np.zeros((B, H))] * 3)]
        kernels.launch("lstm_step", H, *there)
        _, gates, _, new_c, tc, h = there
        return (h.get() * wh).sum() + (new_c.get() * wc).sum(), gates, tc

    _, gates, tc = step(p, c)
    half = card.asarray(wh / 2)  # dy and dh: the kernel adds them
    dc, d = card.asarray(wc), card.asarray(np.zeros((B, 4 * H)))
    kernels.launch("lstm_step_back", H, half, half, dc, gates, card.asarray(c), tc, d)
    rng, e = np.random.default_rng(seed), 1e-6
    dp, by_c = rng.standard_normal(p.shape), rng.standard_normal(c.shape)
    for found, (up, down) in {
        (d.get() * dp).sum(): ((p + e * dp, c), (p - e * dp, c)),
        (dc.get() * by_c).sum(): ((p, c + e * by_c), (p, c - e * by_c)),
    }.items():
        assert found == pytest.approx((step(*up)[0] - step(*down)[0]) / (2 * e), rel=1e-6, abs=1e-6)


@TYPES
@settings(max_examples=15)
@given(B=st.integers(1, 9), H=st.integers(1, 70), seed=st.integers(0, 99))
def test_a_step_of_a_gru_is_the_formula(card, dtype, limit, B, H, seed):
    (p, z, h, *_), (*there,) = arrays(card, B, H, dtype, seed, 3, 3, 1, 1, 1)
    bn = np.random.default_rng(seed + 1).standard_normal(H).astype(dtype)
    kernels.launch("gru_step", H, *there[:3], card.asarray(bn), *there[3:])
    _, gates, old, ms, new = (a.get().reshape(B, -1) for a in there)
    np.testing.assert_array_equal(old, h)
    for b in range(B):
        for j in range(H):
            (pr, pu, pn), (zr, zu, zn) = (map(float, x[b, j::H]) for x in (p, z))
            r, u, m = sigmoid(zr + pr), sigmoid(zu + pu), pn + float(bn[j])
            n = math.tanh(zn + r * m)
            assert gates[b, j::H] == pytest.approx([r, u, n], abs=4 * limit)
            assert ms[b, j] == pytest.approx(m, abs=4 * limit)
            assert new[b, j] == pytest.approx(u * float(h[b, j]) + (1 - u) * n, abs=4 * limit)


@pytest.mark.parametrize("name", ["rnn", "relu", "gru"])
@settings(max_examples=15)
@given(B=st.integers(1, 9), H=st.integers(1, 70), seed=st.integers(0, 99))
def test_a_step_back_of_the_others_is_the_slope(card, name, B, H, seed):
    """By what comes from below (z), by the product (p) and straight by the state before (h)."""
    n = 3 if name == "gru" else 1
    (p, z, h, w), _ = arrays(card, B, H, "float64", seed, n, n, 1, 1)
    bn = card.asarray(np.random.default_rng(seed + 1).standard_normal(H))
    rng, e = np.random.default_rng(seed), 1e-6

    def step(p, z, h):
        p, z, h = map(card.asarray, (p, z, h))
        m, new = (card.asarray(np.zeros((B, H))) for _ in range(2))
        between = (h, bn, m) if n == 3 else ()
        kernels.launch(f"{name}_step", H, p, z, *between, new)
        return (new.get() * w).sum(), z, m, new

    _, gates, m, new = step(p, z, h)
    third, zero = card.asarray(w / 3), np.zeros((B, H))
    d, dn, kept = card.asarray(np.zeros((B, n * H))), card.asarray(zero), card.asarray(w / 3)
    if n == 3:
        arguments = third, third, kept, gates, card.asarray(h), m, d, dn
    else:
        arguments = third, card.asarray(w * 2 / 3), new, d
    kernels.launch(f"{name}_step_back", H, *arguments)
    dp = d.get()
    dz = np.concatenate([dp[:, : 2 * H], dn.get()], 1) if n == 3 else dp
    dh = kept.get() if n == 3 else zero
    for k, found in enumerate((dp, dz, dh)):
        way, at = rng.standard_normal(found.shape), [p, z, h]
        up, down = (at[:k] + [at[k] + s * e * way] + at[k + 1 :] for s in (1, -1))
        slope = (step(*up)[0] - step(*down)[0]) / (2 * e)
        assert (found * way).sum() == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_a_step_of_many_cells_takes_several_blocks(card):
    B, H = 5, kernels.THREADS  # and one cell more than the blocks before hold
    (p, *_), there = arrays(card, B, H + 1, "float64", 0, 4, 4, 1, 1, 1, 1)
    before = there[5].get()
    kernels.launch("lstm_step", H + 1, *there)
    assert (there[5].get() != before).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_stays_seen(bad, card):
    """A training that goes wrong is noticed by it. 1/(1 + exp(-inf)) is 1: inf alone may end."""
    _, there = arrays(card, 2, 3, "float32", 0, 4, 4, 1, 1, 1, 1)
    there[2][0, 1] = bad  # c
    kernels.launch("lstm_step", 3, *there)
    new_c, h = there[3].get(), there[5].get()
    assert not np.isfinite(new_c[0, 1]) and np.isfinite(np.delete(new_c.ravel(), 1)).all()
    assert np.isnan(h[0, 1]) == math.isnan(bad)


def test_without_kernels_it_is_the_readable_cell():
    from minichar.model import CharModel
    from minichar.text import Vocabulary

    ids, losses = np.arange(8).reshape(4, 2) % 4, []
    with strict.instead_of_cupy() as card:
        assert not hasattr(card, "RawModule")
        for device in ("cpu", "gpu"):
            model = CharModel(Vocabulary.of("hello"), hidden=3, dtype="float64", device=device)
            losses.append(float(model.loss(ids, ids)[0].data))
    assert type(model.cells[0]) is kernels.LSTM
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
