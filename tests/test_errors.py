"""Errors in groups: each where it belongs, each counted once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar.errors import GROUPS, peel

TRAIN = "the cat (sat) on the mat.\n" * 10 + "a tree; "
TEXT = "qu cat qux (on) cat; tree? on\nthe"


def places(errors, group):
    return np.flatnonzero(errors.group == GROUPS.index(group)).tolist()


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


def test_marks_and_words_of_other_kinds_by_hand():
    text, train = "-\t1 'a' <b> A1 Z9=", "a b A1 1 " * 9
    bits = np.full(len(text), 3.0)
    bits[-1] = 1  # one half: not an error
    errors = peel(text, bits, train, order=0, rare=1)
    assert {g: places(errors, g) for g in GROUPS if errors.counts[g]} == {
        "rare word": [15, 16],  # Z9
        "word start": [0, 2, 4, 5, 7, 8, 12],  # what comes first, too, and after a tab or a quote
        "closing mark": [6, 10],
        "the rest": [1, 3, 9, 11, 13, 14],
    }
    errors = peel("`b`", np.full(3, 3.0), "a b c " * 9, order=0, rare=0)
    assert places(errors, "word start") == [0, 1] and places(errors, "closing mark") == [2]
    assert peel("`b`", np.ones(3), "a b c ").group.tolist() == [-1, -1, -1]
    text = "-" * 10 + "cat" + "-" * 47 + "cat" + "-" * 97  # longer than what is recent
    errors = peel(text, np.full(len(text), 3.0), train, order=0, recent=100)
    assert places(errors, "repeated word") == [61, 62]


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
    assert not peel("ab", np.full(2, 3.0), "ab", order=0).counts["n-gram"]  # just one half
    # After xa there was c, once; of a alone the counts are sure.
    assert 2 in places(peel("xab", np.full(3, 3.0), "ab" * 20 + "xac", order=2), "n-gram")
    given_one = peel(TEXT, np.full(len(TEXT), 9.0), TRAIN, ngram=mc.NGram(TRAIN, 4, vocab))
    np.testing.assert_array_equal(given_one.group, errors.group)


def test_what_is_rare_recent_and_known_unless_told_otherwise():
    train = "five " * 5 + "sixx " * 6
    errors = peel("five sixx", np.full(9, 3.0), train, order=0)
    assert places(errors, "rare word") == [0, 1, 2, 3]
    for gap, again in ((996, True), (997, False)):  # the second begins 1,000 or 1,001 on
        text = "sixx" + " " * gap + "sixx"
        errors = peel(text, np.full(len(text), 3.0), train, order=0)
        assert (errors.counts["repeated word"] == 3) == again
    train = "1-------2 3-------4 " * 9  # what follows takes 8 characters to know
    errors = peel(train[:9], np.full(9, 3.0), train)
    assert 8 in places(errors, "n-gram")


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
