import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.ngram import NGram
from minichar.text import Vocabulary

letters = st.text("abcd", min_size=2, max_size=60)


def witten_bell(text, context, c, V):
    """The formula as it stands on paper, from the longest context to the empty one."""
    followers = Counter(
        text[s + len(context)]
        for s in range(len(text) - len(context))
        if text[s : s + len(context)] == context
    )
    lower = witten_bell(text, context[1:], c, V) if context else 1 / V
    n, t = followers.total(), len(followers)
    return (followers[c] + t * lower) / (n + t) if n else lower


@given(letters, st.text("abcd", max_size=6), st.integers(0, 4))
def test_equals_brute_force_and_sums_to_one(text, context, order):
    vocab = Vocabulary("abcd")
    p = NGram(text, order, vocab).probabilities(context)
    used = context[-order:] if order else ""
    expected = [witten_bell(text, used, c, 4) for c in "abcd"]
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    assert p.sum() == pytest.approx(1, abs=1e-12) and (p > 0).all()


@given(letters, st.text("abcd", min_size=1, max_size=30), st.integers(0, 4))
def test_bits_of_a_text_are_those_of_its_characters_one_by_one(text, other, order):
    model = NGram(text, 4, Vocabulary("abcd"))
    lower = NGram(text, order, Vocabulary("abcd"))
    expected = [
        -np.log2(lower.probabilities(other[:t])[model.vocab.encode(c)[0]])
        for t, c in enumerate(other)
    ]
    np.testing.assert_allclose(model.bits(other, order), expected, rtol=1e-10)
    np.testing.assert_allclose(lower.bits(other), expected, rtol=1e-10)


@given(letters, st.text("abcd", min_size=1, max_size=10))
def test_step_by_step_equals_the_whole_context(text, context):
    model = NGram(text, 3, Vocabulary("abcd"))
    state = None
    for i in model.vocab.encode(context):
        z, state = model.step(i, state)
    np.testing.assert_allclose(np.exp(z), model.probabilities(context), rtol=1e-12)
    assert state == tuple(model.vocab.encode(context)[-3:])  # and grows no longer


def test_unseen_characters_of_the_vocabulary_are_possible():
    model = NGram("aaab", 2, Vocabulary("abz"))
    assert np.isfinite(model.bits("zzzzabz")).all()


def test_a_hand_count():
    # "aab": after a came a once and b once, so n = 2, t = 2; alone: a twice, b once, n = 3, t = 2.
    model = NGram("aab", 1)
    alone = np.array([2 + 2 * 1 / 2, 1 + 2 * 1 / 2]) / 5
    np.testing.assert_allclose(model.probabilities(""), alone)
    np.testing.assert_allclose(model.probabilities("a"), (1 + 2 * alone) / 4)
    np.testing.assert_allclose(model.probabilities("b"), alone)  # nothing ever followed b


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NGram("hello", -1), "fewer than 0"),
        (lambda: NGram("", 2), "at least two different"),
        (lambda: NGram("h", 2, Vocabulary("he")), "too short"),
        (lambda: NGram("hexe", 2, Vocabulary("he")), r"'x' \(position 2\)"),
        (lambda: NGram("hello", 2).bits("hello", 3), "0 to 2"),
        (lambda: NGram("hello", 2).step(-1), "-1 is not the number of a character"),
        (lambda: NGram("hello", 2).step(4), "4 is not the number of a character"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_order_longer_than_the_text_is_no_trouble():
    p = NGram("hello", 50).probabilities("hell")
    np.testing.assert_allclose(p, [witten_bell("hello", "hell", c, 4) for c in "ehlo"])


def test_a_megabyte_at_order_six_stays_in_the_stated_memory():
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(97, 123, rng.integers(2, 9)))) for _ in range(2000)]
    text = " ".join(rng.choice(words, 170_000))[:1_000_000]
    tracemalloc.start()
    model = NGram(text, order=6)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(text) == 1_000_000
    assert peak < 90 * len(text)
    assert kept < 20 * sum(map(len, model.keys)) + 100_000
