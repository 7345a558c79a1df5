"""The product, by BLAS and by einsum: the same numbers for whatever the package multiplies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar import product, strict

sizes = st.integers(1, 12)


@pytest.fixture(params=[False, True], ids=["BLAS", "einsum"])
def where(request, monkeypatch):
    monkeypatch.setattr(product, "IN_BROWSER", request.param)
    monkeypatch.setattr(product, "MANY", 0)


@given(ahead=st.lists(sizes, max_size=3), K=sizes, N=sizes, seed=st.integers(0, 99))
def test_einsum_gives_what_at_gives(ahead, K, N, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((*ahead, K)), rng.standard_normal((K, N))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product, "MANY", 0)
        for there in (False, True):
            patch.setattr(product, "IN_BROWSER", there)
            for left, right in ((a, b), (a, np.asfortranarray(b))):
                found = product.dot(left, right)
                assert found.shape == (*ahead, N)
                np.testing.assert_allclose(found, a @ b, rtol=1e-12, atol=1e-12)


def test_it_writes_where_it_is_told_to(where):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, "float32") for shape in ((3, 5), (5, 7)))
    for left in (a, a[0]):
        out = np.full((*left.shape[:-1], 7), np.nan, "float32")
        for times in (product.dot, product.dot_for(b)):
            out[...] = np.nan
            assert times(left, b, out) is out
            np.testing.assert_allclose(out, left @ b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shapes", [((2, 3), (4, 5)), ((3,), (4, 5)), ((2, 2, 3), (4, 5))])
def test_shapes_that_do_not_fit_are_refused(where, shapes):
    with pytest.raises(ValueError):
        product.dot(*map(np.ones, shapes))


def test_arrays_of_a_card_or_its_stand_in_are_multiplied_there(where):
    with strict.instead_of_cupy() as card:
        a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
        found = product.dot(card.asarray(a), card.asarray(b))
        assert type(found) is type(card.asarray(a))
        np.testing.assert_array_equal(found.get(), a @ b)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_training_in_the_browser_goes_as_here(monkeypatch, cell, batch):
    losses = []
    for there in (False, True):
        monkeypatch.setattr(product, "IN_BROWSER", there)
        monkeypatch.setattr(product, "MANY", 0)
        text = "hello, hello, hello. " * 20
        model = mc.CharModel(mc.Vocabulary.of(text), cell, (6, 5), dtype="float64")
        steps = mc.train(model, text, 8, batch=batch, length=5)
        losses.append([report.loss for report in steps])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-9)
