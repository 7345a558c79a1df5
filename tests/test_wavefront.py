"""Layers as a wave: the same as one after another, in value, state and every gradient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import fused, graph, wavefront
from minichar.model import CharModel
from minichar.text import Vocabulary

VOCAB = Vocabulary("abcde")


@pytest.fixture(autouse=True)
def cells_of_fused(monkeypatch):
    monkeypatch.setenv("MINICHAR_COMPILED", "0")


@settings(max_examples=60)
@given(st.integers(2, 4), st.integers(1, 5), st.integers(1, 6), st.integers(0, 99))
def test_equal_to_the_readable_cells(L, H, T, seed):
    """From a state as from none, with an embedding and without, T below L included."""
    how = {"dtype": "float64", "embedding": 3 if seed % 2 else None}
    models = [CharModel(VOCAB, "lstm", (H,) * L, fused=quick, **how) for quick in (True, False)]
    rng = np.random.default_rng(seed)
    for name, w in models[0].parameters().items():
        w.data[...] = rng.uniform(-1, 1, w.shape)
        models[1].parameters()[name].data[...] = w.data
    ids = rng.integers(0, 5, (T + 1, 1))
    state = [tuple(rng.uniform(-1, 1, (2, 1, H))) for _ in range(L)] if seed % 3 else None
    before = [[s.copy() for s in kept] for kept in state or ()]
    assert wavefront.fits(models[0].cells, 1) and not wavefront.fits(models[1].cells, 1)
    results = []
    for model in models:
        loss, after = model.loss(ids[:-1], ids[1:], state)
        loss.backward(), loss.backward()  # twice: they add up
        results.append((loss.data, after, {n: w.grad for n, w in model.parameters().items()}))
    (loss, after, grads), (loss2, after2, grads2) = results
    np.testing.assert_allclose(loss, loss2, rtol=1e-9)
    for kept, wanted in zip(after, after2, strict=True):
        for s, w in zip(kept, wanted, strict=True):
            np.testing.assert_allclose(s, w, rtol=1e-9, atol=1e-12)
    for name, g in grads2.items():
        np.testing.assert_allclose(grads[name], g, rtol=1e-9, atol=1e-12, err_msg=name)
    for kept, was in zip(state or (), before, strict=True):
        np.testing.assert_array_equal(kept, was)  # what was given stays as it was


def test_where_it_is_used_and_where_not(monkeypatch):
    used = []
    run = wavefront.run
    monkeypatch.setattr(wavefront, "run", lambda *a: used.append(1) or run(*a))

    def uses(hidden, B=1, cell="lstm", dropout=0.0, rng=None):
        used.clear()
        CharModel(VOCAB, cell, hidden, dropout=dropout)(np.zeros((2, B), int), rng=rng)
        return bool(used)

    rng = np.random.default_rng(0)
    assert uses((20, 20)) and uses((20, 20), rng=rng) and uses((20, 20), dropout=0.5)
    assert not uses((20, 20), dropout=0.5, rng=rng) and not uses((20, 20), B=2)
    assert not uses((20,)) and not uses((20, 10)) and not uses((20, 20), cell="gru")
    assert not uses((wavefront.WIDEST, wavefront.WIDEST))


def test_a_state_of_another_shape_is_refused():
    model = CharModel(VOCAB, "lstm", (3, 3))
    with pytest.raises(ValueError, match="are needed"):
        model(np.zeros((2, 1), int), model.start(2))


def test_a_state_may_be_one_array():
    model = CharModel(VOCAB, hidden=(3, 3))
    _, state = model([[0], [1]])
    assert (model([[2]], np.array(state))[0].data == model([[2]], state)[0].data).all()


def test_without_a_graph_and_x_that_needs_no_gradient():
    cells = [fused.LSTM(3, 3, np.random.default_rng(k), "float64") for k in range(2)]
    x = graph.Tensor(np.random.default_rng(2).standard_normal((4, 1, 3)))
    with graph.no_grad():
        y, _ = wavefront.run(cells, x, None)
    z = cells[1](cells[0](x)[0])[0]
    np.testing.assert_allclose(y.data, z.data, rtol=1e-9)
