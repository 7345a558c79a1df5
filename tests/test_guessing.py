"""Guesses over a text: those of the model, character by character."""

import numpy as np
import pytest
from test_states import TEXT, some_model

from minichar.guessing import guesses
from minichar.sampling import distribution


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_guesses_are_the_models_own(cell):
    model = some_model(cell)
    found, ids, state = guesses(model, TEXT, top=3), model.vocab.encode(TEXT), None
    for t, i in enumerate(ids):
        z, state = model.step(i, state)
        p = distribution(z)
        order = np.argsort(-p)[:3]
        assert found.ids[t].tolist() == order.tolist()
        np.testing.assert_allclose(found.p[t], p[order], rtol=1e-6)
        if t + 1 < len(ids):
            assert found.bits[t] == pytest.approx(-np.log2(p[ids[t + 1]]))
    assert found.bits.shape == (len(TEXT) - 1,)
    (first, p), *_ = found.after(4)
    assert first == model.vocab.characters[found.ids[4, 0]] and p == found.p[4, 0]


def test_how_it_is_read_changes_no_guess():
    model = some_model("lstm")
    a, b = (
        guesses(model, TEXT, piece=10, run_up=5, batch=batch, rows=rows)
        for batch, rows in ((1, 1), (4, 30))
    )
    np.testing.assert_array_equal(a.ids, b.ids)
    np.testing.assert_allclose(a.bits, b.bits, atol=1e-10)


def test_ties_one_character_and_more_guesses_than_characters():
    model = some_model("rnn")
    for name in ("W", "b"):
        model.read_out.parameters[name].data[...] = 0
    found = guesses(model, "c", top=9)
    assert found.ids.tolist() == [[0, 1, 2, 3, 4]]  # of equals the first
    np.testing.assert_allclose(found.p, 0.2, rtol=1e-6)
    assert found.bits.shape == (0,)
    with pytest.raises(ValueError, match="at least 1"):
        guesses(model, "c", top=0)
