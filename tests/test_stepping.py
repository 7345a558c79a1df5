"""One step without the graph: the same as the model that reads whole sequences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import stepping
from minichar.model import KINDS, CharModel
from minichar.text import Vocabulary


def some_model(cell, hidden, embedding=None, dtype="float64", seed=0):
    model = CharModel(Vocabulary("abcde"), cell, hidden, embedding, dtype=dtype, seed=seed)
    rng = np.random.default_rng(seed)
    for w in model.parameters().values():
        w.data[...] = rng.uniform(-1, 1, w.shape)
    return model


@pytest.mark.parametrize("cell", KINDS)
@settings(max_examples=20)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 4), st.integers(0, 9))
def test_step_by_step_is_the_sequence(cell, hidden, B, seed):
    model = some_model(cell, hidden, 3 if seed % 2 else None, seed=seed)
    ids = np.random.default_rng(seed).integers(0, 5, (6, B))
    whole, at_end = model(ids)
    state = model.start(B)
    for t, row in enumerate(ids):
        before = [tuple(s.copy() for s in kept) for kept in state]
        z, after = model.step(row, state)
        np.testing.assert_allclose(z, whole.data[t], rtol=1e-9, atol=1e-12)
        for kept, was in zip(state, before, strict=True):
            for s, copy in zip(kept, was, strict=True):
                np.testing.assert_array_equal(s, copy)  # the old state is still there
        state = after
    for kept, wanted in zip(state, at_end, strict=True):
        for s, w in zip(kept, wanted, strict=True):
            np.testing.assert_allclose(s, w, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", KINDS)
def test_one_character_alone_and_in_company(cell):
    model = some_model(cell, (3, 2), dtype="float32")
    z, state = model.step(2)
    assert z.shape == (5,) and z.dtype == np.float32
    assert [[s.shape for s in kept] for kept in state] == [
        [s.shape for s in kept] for kept in model.start(1)
    ]
    both, _ = model.step(np.array([2, 4]), model.start(2))
    np.testing.assert_allclose(both[0], z, rtol=1e-6)
    with np.errstate(all="raise"):  # large scores do not overflow
        model.parameters()["0.bh"].data[...] = 1000
        model.step(2)


def test_what_is_no_character_is_refused():
    with pytest.raises(ValueError, match="they run from 0 to 4"):
        some_model("rnn", 2).step(5)


@pytest.mark.parametrize("in_browser", [False, True])
def test_a_few_rows_go_one_by_one_where_there_is_blas(monkeypatch, in_browser):
    calls, (x, W) = [], (np.arange(8.0).reshape(4, 2), np.arange(6.0).reshape(2, 3))
    monkeypatch.setattr(stepping, "IN_BROWSER", in_browser)
    monkeypatch.setattr(stepping, "dot", lambda a, b: calls.append(a) or a @ b)
    np.testing.assert_array_equal(stepping.times(x, W), x @ W)
    assert len(calls) == in_browser
