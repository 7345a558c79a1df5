"""Beam search against every text there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sampling import seeds, some_network, true_log_probability

import minichar as mc
from minichar.sampling import Predictor
from minichar.searching import beam_search


@given(seeds, st.integers(1, 8))
def test_a_beam_of_one_is_greedy(seed, length):
    model = some_network(seed)
    greedy = mc.sample(model, "ab", length, temperature=0)
    assert mc.beam(model, "ab", length, width=1) == greedy


@given(seeds)
def test_a_beam_as_wide_as_all_continuations_is_exhaustive(seed):
    model = some_network(seed, V=3)
    texts = ["".join(t) for t in itertools.product("abc", repeat=4)]
    best = max(texts, key=lambda t: true_log_probability(model, t, "a"))
    found = beam_search(model, "a", 4, width=81)
    assert len(found) == 81 and found[0].text == best


@given(seeds, st.integers(1, 6), st.integers(1, 8))
def test_beam_scores_are_true_sorted_and_never_below_greedy(seed, width, length):
    model = some_network(seed)
    found = beam_search(model, "b", length, width)
    for h in found:
        assert h.log_probability == pytest.approx(
            true_log_probability(model, h.text, "b"), rel=1e-9
        )
    values = [h.log_probability for h in found]
    assert values == sorted(values, reverse=True) and len({h.text for h in found}) == len(found)
    greedy = mc.sample(model, "b", length, temperature=0)
    assert greedy in [h.text for h in found]
    assert values[0] >= true_log_probability(model, greedy, "b") - 1e-9


def test_a_long_text_of_a_float32_model_is_summed_in_float64():
    model = mc.CharModel(mc.Vocabulary("abcdefgh"), hidden=(16,), seed=1)
    for found in beam_search(model, "a", 300, width=2):
        z, state = mc.sampling.read(model, "a")
        total = 0.0
        for i in model.vocab.encode(found.text):
            total += mc.sampling.log_softmax(z.astype(float))[i]
            z, state = model.step(i, state)
        assert found.log_probability == pytest.approx(total, rel=1e-9)


@given(seeds, st.integers(2, 6), st.integers(1, 5))
def test_a_beam_keeps_the_best_beginnings_at_each_character(seed, width, length):
    model, kept = some_network(seed), [""]
    for _ in range(length):
        longer = [text + c for text in kept for c in model.vocab.characters]
        longer.sort(key=lambda text: -true_log_probability(model, text, "b"))
        kept = longer[:width]
    greedy = mc.sample(model, "b", length, temperature=0)
    assert {h.text for h in beam_search(model, "b", length, width)} == {*kept, greedy}


def test_greedy_is_found_where_the_beam_has_left_it():
    """After a all are equally likely, so aa is behind ba and bb, and yet greedy writes it."""
    p = {"c": [0.4, 0.35, 0.25], "cb": [0.52, 0.47, 0.01]}

    def step(i, before=None):
        text = (before or "") + "abc"[i]
        return np.log(p.get(text, [1 / 3] * 3)), text

    found = beam_search(Predictor(mc.Vocabulary("abc"), step), "c", 2, width=2)
    assert [h.text for h in found] == ["ba", "bb", "aa"]


def test_of_equally_likely_characters_the_first_are_taken():
    vocab = mc.Vocabulary([chr(k) for k in range(0x100, 0x140)])
    model = Predictor(vocab, lambda i, state=None: (np.tile([0.0, 1], 32), state))
    assert [h.text for h in beam_search(model, None, 1, width=4)] == [*vocab.characters[1:8:2]]
    assert mc.beam(model, None, 3, width=4) == mc.sample(model, None, 3, temperature=0)


def test_stop_ends_a_beam_after_that_character():
    model = mc.NGram("ab\nab\nab\n", order=3)
    assert mc.beam(model, "\n", 20, width=2, stop="\n") == "ab\n"
    found = beam_search(model, "\n", 5, width=4, stop="\n")
    assert len(found) >= 4 and not any("\n" in h.text[:-1] for h in found)


def test_a_stop_that_the_model_does_not_know_never_comes():
    model = mc.NGram("ab\nab\nab\n", order=3)
    assert beam_search(model, "\n", 5, stop="@") == beam_search(model, "\n", 5)


def test_what_a_prime_has_that_the_model_does_not_know_is_refused_or_left_out():
    model = some_network(0)
    with pytest.raises(ValueError, match=r"'q' \(position 1\)"):
        mc.beam(model, "aqb", 5)
    assert mc.beam(model, "aqb", 5, unknown="skip") == mc.beam(model, "ab", 5)


@pytest.mark.parametrize("width, length", [(0, 3), (2, 0)])
def test_an_impossible_beam_is_refused(width, length):
    with pytest.raises(ValueError, match="at least 1"):
        beam_search(some_network(0), "a", length, width)


def test_a_beam_stops_at_one_character():
    with pytest.raises(ValueError, match="stop='ab'"):
        beam_search(some_network(0), "a", 3, stop="ab")
