"""Errors in groups: each where it belongs, each counted once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar.errors import GROUPS, peel

TRAIN = "the cat (sat) on the mat.\n" * 10 + "a tree; "
TEXT = "qu cat qux (on) cat; tree? on\nthe"


def by_group(errors):
    found = {name: errors.group == k for k, name in enumerate(GROUPS)}
    return {name: "".join(np.array([*TEXT])[here]) for name, here in found.items() if here.any()}


def test_each_group_by_hand():
    """Nobody is sure of anything at order 0, so all that an n-gram could know goes to others."""
    errors = peel(TEXT, np.full(len(TEXT), 3.0), TRAIN, order=0, recent=100, rare=1)
    assert by_group(errors) == {
        "repeated word": "atn",  # cat and on for the second time, without their first letters
        "rare word": "ququxtree",  # tree comes once, qu and qux never
        "word start": "c(cot",  # after a space or a line end: the first letters, and a bracket
        "closing mark": ")",
        "punctuation": ";?",
        "the rest": " at  on   \nhe",  # spaces, and what goes on in a word that is known and new
    }
    assert sum(errors.counts.values()) == len(TEXT)


def test_each_error_goes_to_the_first_group_that_explains_it():
    bits = np.full(len(TEXT), 3.0)
    far, near = (peel(TEXT, bits, TRAIN, 0, recent=n, rare=1) for n in (100, 5))
    assert by_group(near).get("repeated word") is None  # cat is 13 characters back
    assert by_group(near)["the rest"].count("at") == 1 + by_group(far)["the rest"].count("at")
    assert "tree" in by_group(near)["rare word"]
    every = by_group(peel(TEXT, bits, TRAIN, 0, recent=100, rare=100))
    assert every["repeated word"] == "atn" and "the" in every["rare word"]
    known = by_group(peel(TEXT, bits, TRAIN, order=8, rare=1))
    assert known["n-gram"].startswith("at ") and "at" not in known.get("repeated word", "")


def test_the_n_gram_group_is_any_order_with_more_than_one_half():
    errors = peel(TEXT, np.full(len(TEXT), 9.0), TRAIN, order=4)
    vocab = mc.Vocabulary.of(TRAIN + TEXT)
    for t, c in enumerate(TEXT):
        ps = [
            mc.NGram(TRAIN, k, vocab).probabilities(TEXT[max(0, t - k) : t])[vocab.encode(c)[0]]
            for k in range(5)
        ]
        assert (errors.group[t] == 0) == (max(ps) > 0.5)
    given_one = peel(TEXT, np.full(len(TEXT), 9.0), TRAIN, ngram=mc.NGram(TRAIN, 4, vocab))
    np.testing.assert_array_equal(given_one.group, errors.group)


@given(st.text("abc (\"');\n", max_size=30), st.integers(0, 99))
def test_every_error_is_in_one_group_and_nothing_else_is(text, seed):
    bits = np.random.default_rng(seed).exponential(1.5, len(text))
    errors = peel(text, bits, "abc (ab) 'c'\n", order=2)
    np.testing.assert_array_equal(errors.group >= 0, bits > 1)
    assert sum(errors.counts.values()) == (bits > 1).sum()
    assert sum(errors.shares.values()) == pytest.approx(float((bits > 1).any()))


def test_bits_of_another_text_are_refused():
    with pytest.raises(ValueError, match="bits of shape"):
        peel("abc", np.ones(2), TRAIN)
