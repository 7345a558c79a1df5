"""Two models asked as one: the laws of a mixture, and the share that is best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import minichar as mc
from minichar.mixture import SHARES, best_share, together
from minichar.reading import bits

BITS = arrays(np.float64, (2, 20), elements=st.floats(0, 60))


@given(BITS, st.floats(0, 1))
def test_a_mixture_lies_between_the_two_and_below_their_mean(both, share):
    a, b = both
    found = together(a, b, share)
    assert (found >= np.minimum(a, b) - 1e-9).all() and (found <= np.maximum(a, b) + 1e-9).all()
    assert (found <= share * a + (1 - share) * b + 1e-9).all()  # Jensen
    assert np.allclose(found, together(b, a, 1 - share))


@given(BITS)
def test_half_and_half_costs_at_most_one_bit_more_than_the_better(both):
    assert (together(*both, 0.5) <= both.min(axis=0) + 1 + 1e-9).all()


@given(BITS)
def test_no_other_share_is_better(both):
    best = together(*both, best_share(*both)).sum()
    assert all(best <= together(*both, share).sum() + 1e-9 for share in SHARES)


def test_by_hand():
    assert together(np.array([1.0]), np.array([2.0]), 0.5) == pytest.approx(-np.log2(3 / 8))
    a = np.array([1.0, 5.0])
    assert together(a, a + 9, 1).tolist() == a.tolist() == together(a + 9, a, 0).tolist()
    assert (best_share(a, a + 1), best_share(a + 1, a)) == (1.0, 0.0)


def test_it_is_what_two_models_say_of_every_character():
    """The probabilities of all characters, mixed, add up to 1, and give the same bits."""
    text = "hello hello yellow hello\n"
    net, count = mc.CharModel(mc.Vocabulary.of(text), hidden=4), mc.NGram(text, 2)
    ids, state, found = count.vocab.encode(text), None, []
    z, state = mc.sampling.read(net, None)
    for at, i in enumerate(ids):
        p = 0.3 * mc.sampling.distribution(z) + 0.7 * count.probabilities(text[max(0, at - 2) : at])
        assert p.sum() == pytest.approx(1)
        found.append(-np.log2(p[i]))
        z, state = net.step(i, state)
    assert together(bits(net, text), count.bits(text), 0.3) == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="from 0, the second alone, to 1"):
        together(np.ones(2), np.ones(2), share)
