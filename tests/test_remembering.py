"""How far back a network remembers: against reading a few characters one at a time."""

import numpy as np
import pytest
from test_stepping import some_model

import minichar as mc
from minichar.model import KINDS
from minichar.remembering import DISTANCES, Remembered, last_scores, remembered

TEXT = "".join(np.random.default_rng(0).choice(list("abcde"), 400))


def slow(model, place, d):
    """-log2 p of the character at `place`, after the d before it from an empty state."""
    z, state = model.read_out.parameters["b"].data, None
    for i in model.vocab.encode(TEXT[place - d : place]):
        z, state = model.step(i, state)
    p = np.exp(z) / np.exp(z).sum()
    return -np.log2(p[model.vocab.encode(TEXT[place])[0]])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_last_characters_give(kind):
    model = some_model(kind, (4, 3), 2)
    found = remembered(model, TEXT, (3, 0, 1, 70, 3), places=9, seed=5)
    assert found.distances == (0, 1, 3, 70) and found.bits.shape == (4, 9)
    assert len(set(found.places.tolist())) == 9 and found.places.min() >= 70
    for d, row in zip(found.distances, found.bits, strict=True):
        np.testing.assert_allclose(row, [slow(model, t, d) for t in found.places], rtol=1e-8)
    np.testing.assert_allclose(found.curve, found.bits.mean(axis=1))
    assert found.counted is None  # no counting model, no row of it


def test_how_many_are_read_at_a_time_makes_no_difference():
    model = some_model("lstm", (4, 3))
    ids = np.random.default_rng(1).integers(0, 5, (9, 10))
    whole = last_scores(model, ids)
    for together, length in ((1, 1), (3, 4), (10, 9), (100, 100)):
        np.testing.assert_allclose(last_scores(model, ids, together, length), whole, rtol=1e-9)


def test_what_learned_by_lines_remembers_none_but_its_own():
    model = mc.CharModel(mc.Vocabulary("\nabcde"), hidden=(4, 3), dtype="float64", lines=True)
    ids = np.array([model.vocab.encode(text) for text in ("ab\nc", "dd\nc", "ab\nd")]).T
    one, two, three = last_scores(model, ids, together=2)
    np.testing.assert_allclose(one, two, rtol=1e-12)
    np.testing.assert_allclose(one, last_scores(model, ids[2:, :1])[0], rtol=1e-12)
    assert not np.allclose(one, three, rtol=1e-3)


def test_counting_stands_beside_it_at_the_same_places():
    ngram = mc.NGram(TEXT[::-1], order=3)
    found = remembered(some_model("rnn", 3), TEXT, (0, 2), places=50, ngram=ngram)
    assert found.counted.shape == (4, 50)
    for k, row in enumerate(found.counted):
        counting = mc.NGram(TEXT[::-1], k)
        for place, bits in zip(found.places.tolist(), row, strict=True):
            p = counting.probabilities(TEXT[max(0, place - k) : place])
            assert bits == pytest.approx(-np.log2(p["abcde".index(TEXT[place])]))


def test_a_seed_chooses_the_places():
    model = some_model("rnn", 2)
    one, same, other = (remembered(model, TEXT, (1,), 20, seed=s).places for s in (1, 1, 2))
    assert one.tolist() == same.tolist() != other.tolist()
    everywhere = remembered(model, TEXT, (1, 390), places=1000).places
    assert everywhere.tolist() == list(range(390, 400))
    assert remembered(model, TEXT, (1, 399)).places.tolist() == [399]
    some = remembered(model, TEXT, (1,), seed=0).places
    assert len(some) == 300 and some.tolist() == remembered(model, TEXT, (1,)).places.tolist()
    assert DISTANCES[:2] == (0, 1) and sum(DISTANCES) == 511  # characters to read for a place


def test_reach_and_error_by_hand():
    bits = np.array([[5.0, 3.0], [2.5, 1.5], [2.0, 1.0], [2.2, 0.8]])
    found = Remembered((0, 1, 4, 16), np.array([20, 30]), bits, None)
    assert found.curve.tolist() == [4.0, 2.0, 1.5, 1.5]
    assert [found.reach(margin) for margin in (0.01, 0.5, 9)] == [4, 1, 0]
    assert Remembered((0, 1), np.array([9]), np.array([[1.05], [1]]), None).reach() == 1
    assert Remembered((0, 1), np.array([9]), np.array([[1.005], [1]]), None).reach() == 0
    np.testing.assert_allclose(found.error, [0.3 / 2**0.5, 0.2 / 2**0.5, 0.2 / 2**0.5, 0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distances": ()}, "at least one"),
        ({"distances": (-1, 2)}, "of at least 0"),
        ({"distances": (400,)}, "no place in this text has 400 "),
        ({"places": 0}, "places=0: it must be"),
        ({"distances": (*DISTANCES, 1000)}, "has 1000 characters before it: take a longer text"),
    ],
)
def test_refusals(settings, message):
    with pytest.raises(ValueError, match=message):
        remembered(some_model("rnn", 2), TEXT, **settings)
