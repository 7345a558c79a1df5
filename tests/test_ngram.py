import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.datasets import load_text
from minichar.ngram import NGram
from minichar.text import Vocabulary, split

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


def kneser_ney(text, context, c, V, longest=True):
    """The same of Kneser-Ney: a shorter context counts the characters before it, not the times."""

    def count(piece):
        places = [s for s in range(len(text)) if text.startswith(piece, s)]
        return len(places) if longest else len({text[s - 1 : s] for s in places})

    k = len(context)
    all_counts = [count(piece) for piece in {text[s : s + k + 1] for s in range(len(text) - k)}]
    n1, n2, n3, n4 = (all_counts.count(n) + 1 for n in (1, 2, 3, 4))
    Y = n1 / (n1 + 2 * n2)  # as in Chen and Goodman, equation 26, with a number added to each
    D = 0, 1 - 2 * Y * n2 / n1, 2 - 3 * Y * n3 / n2, 3 - 4 * Y * n4 / n3
    counts = {c: count(context + c) for c in set(text)}
    taken = {c: n and max(0.1, D[min(n, 3)]) for c, n in counts.items()}
    lower = kneser_ney(text, context[1:], c, V, longest=False) if context else 1 / V
    left, whole = counts.get(c, 0) - taken.get(c, 0), sum(counts.values())
    return (left + sum(taken.values()) * lower) / whole if whole else lower


PAPER = {"witten-bell": witten_bell, "kneser-ney": kneser_ney}
rules = pytest.mark.parametrize("rule", PAPER)


@rules
@given(letters, st.text("abcd", max_size=6), st.integers(0, 4))
def test_equals_brute_force_and_sums_to_one(rule, text, context, order):
    vocab = Vocabulary("abcd")
    p = NGram(text, order, vocab, rule).probabilities(context)
    used = context[-order:] if order else ""
    expected = [PAPER[rule](text, used, c, 4) for c in "abcd"]
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    assert p.sum() == pytest.approx(1, abs=1e-12) and (p > 0).all()


@rules
@given(letters, st.text("abcd", min_size=1, max_size=30), st.integers(0, 4))
def test_bits_of_a_text_are_those_of_its_characters_one_by_one(rule, text, other, order):
    model = NGram(text, 4, Vocabulary("abcd"), rule)
    lower = NGram(text, order, Vocabulary("abcd"), rule)
    expected = [
        -np.log2(lower.probabilities(other[:t])[model.vocab.encode(c)[0]])
        for t, c in enumerate(other)
    ]
    np.testing.assert_allclose(model.bits(other, order), expected, rtol=1e-10)
    np.testing.assert_allclose(lower.bits(other), expected, rtol=1e-10)


@rules
@given(letters, st.text("abcd", min_size=1, max_size=10))
def test_step_by_step_equals_the_whole_context(rule, text, context):
    model = NGram(text, 3, Vocabulary("abcd"), rule)
    state = None
    for i in model.vocab.encode(context):
        z, state = model.step(i, state)
    np.testing.assert_allclose(np.exp(z), model.probabilities(context), rtol=1e-12)
    assert state == tuple(model.vocab.encode(context)[-3:])  # and grows no longer


@rules
def test_unseen_characters_of_the_vocabulary_are_possible(rule):
    model = NGram("aaab", 2, Vocabulary("abz"), rule)
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
        (lambda: NGram("hello", 2, rule="laplace"), "must be one of witten-bell, kneser-ney"),
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


def test_kneser_ney_asks_after_how_many_different_characters_one_came():
    # x came 20 times, always after e; y six times, each after another.
    text, vocab = "ex" * 20 + "aybycydyfygy", Vocabulary("abcdefgxyz")
    x, y = vocab.encode("xy")
    counted, strong = (NGram(text, 1, vocab, rule).probabilities("z") for rule in PAPER)
    assert counted[x] > 2 * counted[y] and strong[y] > 2 * strong[x]


@pytest.mark.parametrize("name", ["names", "tags", "environments"])
def test_kneser_ney_is_the_stronger_rival(name):
    learned, held_out = split(load_text(name), validation=0.1)
    vocab = Vocabulary.of(learned + held_out)
    weak, strong = (NGram(learned, 6, vocab, rule) for rule in PAPER)
    at_best = [min(m.bits(held_out, k).mean() for k in range(7)) for m in (weak, strong)]
    assert at_best[1] < at_best[0] - 0.01
    assert strong.bits(held_out, 6).mean() < weak.bits(held_out, 6).mean() - 0.1  # and no U
    for model, best in zip((weak, strong), at_best, strict=True):
        assert model.bits(held_out, model.best_order(held_out)).mean() == best


@pytest.mark.parametrize(("rule", "most"), [("witten-bell", 20), ("kneser-ney", 48)])
def test_a_megabyte_at_order_six_stays_in_the_stated_memory(rule, most):
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(97, 123, rng.integers(2, 9)))) for _ in range(2000)]
    text = " ".join(rng.choice(words, 170_000))[:1_000_000]
    tracemalloc.start()
    model = NGram(text, 6, rule=rule)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(text) == 1_000_000
    assert peak - kept < 85 * len(text)
    assert kept < most * sum(map(len, model.keys)) + 100_000
