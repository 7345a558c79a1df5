import itertools
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar import rnn100, sampling
from minichar.sampling import Predictor, choose, distribution, log_softmax

scores = st.lists(st.floats(-50, 50), min_size=2, max_size=8).map(np.array)
seeds = st.integers(0, 2**32 - 1)


def some_network(seed, V=4, H=5, size=1.5):
    rng = np.random.default_rng(seed)
    W = {k: size * rng.standard_normal(w.shape) for k, w in rnn100.init(V, H, rng).items()}
    return Predictor(
        mc.Vocabulary("abcdefghij"[:V]),
        lambda i, h=None: rnn100.step(W, i, np.zeros(H) if h is None else h),
    )


def true_log_probability(model, text, prime):
    return -mc.score(model, text, prime).sum() * np.log(2)


@given(scores, st.floats(0.05, 20))
def test_temperature_is_a_softmax_of_divided_scores(z, temperature):
    e = np.exp((z - z.max()) / temperature)
    np.testing.assert_allclose(distribution(z, temperature), e / e.sum(), rtol=1e-9, atol=1e-15)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=8, unique=True))
def test_temperature_to_zero_is_greedy_and_to_infinity_is_even(z):
    z = np.array(z, float)
    np.testing.assert_array_equal(distribution(z, 0), np.eye(len(z))[z.argmax()])
    np.testing.assert_allclose(distribution(z, 1e-2), distribution(z, 0), atol=1e-12)
    np.testing.assert_allclose(distribution(z, 1e9), np.full(len(z), 1 / len(z)), rtol=1e-6)


@given(scores, st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_higher_temperature_never_makes_the_best_likelier(z, one, other):
    low, high = sorted((one, other))
    assert distribution(z, low).max() >= distribution(z, high).max() - 1e-12


@given(scores, st.integers(1, 10))
def test_top_k_keeps_the_k_best_in_proportion(z, k):
    p, kept = distribution(z), distribution(z, top_k=k)
    assert (kept > 0).sum() <= k and kept.sum() == pytest.approx(1)
    assert kept[kept == 0].size == 0 or p[kept == 0].max() <= p[kept > 0].min()
    np.testing.assert_allclose(kept[kept > 0], (p / p[kept > 0].sum())[kept > 0])


@given(scores, st.floats(0.01, 1))
def test_the_nucleus_is_the_smallest_set_of_the_best_that_reaches_top_p(z, top_p):
    p, kept = distribution(z), distribution(z, top_p=top_p)
    inside = np.sort(p[kept > 0])
    np.testing.assert_allclose(kept, np.where(kept > 0, p, 0) / inside.sum(), rtol=1e-9)
    assert inside.sum() >= top_p - 1e-9
    assert inside[1:].sum() < top_p + 1e-9  # without its least likely, it falls short
    assert (kept == 0).sum() == 0 or p[kept == 0].max() <= inside[0]


def test_a_nucleus_that_is_reached_exactly_takes_no_character_more():
    z = np.array([0, 0, 0, 0, -np.inf])  # four times a quarter
    assert distribution(z, top_p=0.25).tolist() == [1, 0, 0, 0, 0]
    assert distribution(z, top_p=0.5).tolist() == [0.5, 0.5, 0, 0, 0]


def test_scores_of_float32_are_divided_and_summed_in_float64():
    """In float32 this temperature would be 0, and the best score, 0 / 0, no number."""
    p = distribution(np.array([1, 2, 1.5], np.float32), 1e-50)
    assert p.dtype == np.float64 and p.tolist() == [0, 1, 0]


@given(scores, st.floats(0, 1, exclude_max=True))
def test_choose_is_the_first_whose_running_sum_exceeds_u(z, u):
    p = distribution(z)
    i = choose(p, u)
    sums = np.cumsum(p)
    assert p[i] > 0 and sums[i] > u - 1e-12 and (i == 0 or sums[i - 1] <= u + 1e-12)


@given(st.integers(1, 5), st.integers(2, 6), st.integers(1, 6), st.floats(0.1, 1), seeds)
def test_rows_of_scores_are_as_one_row_after_another(count, V, k, top_p, seed):
    rng = np.random.default_rng(seed)
    z, u = 3 * rng.standard_normal((count, V)), rng.random(count)
    for how in ({}, {"temperature": 0}, {"top_k": k}, {"top_p": top_p, "temperature": 0.7}):
        p = distribution(z, **how)
        for row, scores_of_one in zip(p, z, strict=True):
            np.testing.assert_array_equal(row, distribution(scores_of_one, **how))
        assert choose(p, u).tolist() == [choose(*one) for one in zip(p, u, strict=True)]
    np.testing.assert_allclose(log_softmax(z), np.log(distribution(z)), rtol=1e-9)


def test_texts_side_by_side_are_drawn_as_one_alone():
    """Greedy ones are the greedy text; drawn ones differ, and come as often as they should."""
    model = mc.CharModel(mc.Vocabulary("abcd"), hidden=5, dtype="float64", seed=1)
    for w in model.parameters().values():
        w.data *= 3  # far from even
    greedy = mc.sample(model, "ab", 8, temperature=0)
    assert mc.samples(model, 3, "ab", 8, temperature=0) == [greedy] * 3
    assert mc.samples(model, 2, "a", 5, seed=1) == mc.samples(model, 2, "a", 5, seed=1)
    texts = ["".join(pair) for pair in itertools.product("abcd", repeat=2)]
    p = np.array([np.exp(true_log_probability(model, t, "a")) for t in texts])
    drawn = mc.samples(model, 4000, "a", 2)
    counts = np.array([drawn.count(t) for t in texts])
    assert (p * 4000 > 5).all() and ((counts - 4000 * p) ** 2 / (4000 * p)).sum() < 44.3


def test_choose_by_hand():
    p, places = np.array([0.0, 0.5, 0.0, 0.5, 0.0]), (0, 0.49, 0.5, 0.99, np.nextafter(1, 0))
    assert [choose(p, u) for u in places] == [1, 1, 3, 3, 3]
    assert choose(np.full(10, 0.1), places[-1]) == 9  # these ten have a sum just below 1
    assert choose(np.tile(p, (5, 1)), places).tolist() == [1, 1, 3, 3, 3]  # side by side, too


def test_samples_have_the_distribution_they_are_drawn_from():
    # Chi-square over all texts of two characters: 15 degrees of freedom, 0.9999 quantile 44.3.
    model = some_network(3, size=0.7)
    rng = np.random.default_rng(0)
    texts = ["".join(pair) for pair in itertools.product("abcd", repeat=2)]
    p = np.array([np.exp(true_log_probability(model, t, "a")) for t in texts])
    assert p.sum() == pytest.approx(1) and (p * 4000 > 5).all()
    drawn = [mc.sample(model, "a", 2, seed=rng) for _ in range(4000)]
    counts = np.array([drawn.count(t) for t in texts])
    assert ((counts - 4000 * p) ** 2 / (4000 * p)).sum() < 44.3


@given(seeds, st.integers(1, 8))
def test_greedy_is_temperature_zero(seed, length):
    model = some_network(seed)
    z, state = sampling.read(model, "ab")
    greedy = ""
    for _ in range(length):
        greedy += model.vocab.characters[z.argmax()]
        z, state = model.step(z.argmax(), state)
    assert mc.sample(model, "ab", length, temperature=0, seed=seed) == greedy
    assert mc.sample(model, "ab", length, top_k=1, seed=seed) == greedy


def test_stop_ends_a_sample_before_that_character():
    model = mc.NGram("ab\nab\nab\n", order=3)
    assert mc.sample(model, "\n", 20, temperature=0, stop="\n") == "ab"


def test_stream_is_sample_a_character_at_a_time():
    model = some_network(1)
    pieces = list(mc.stream(model, "a", 30, temperature=0.9, seed=5))
    assert all(len(c) == 1 for c in pieces) and "".join(pieces) == mc.sample(
        model, "a", 30, temperature=0.9, seed=5
    )


def test_seeds():
    model = some_network(1)
    one = mc.sample(model, length=100, seed=1)
    assert one == mc.sample(model, length=100, seed=1) != mc.sample(model, length=100, seed=2)
    assert mc.sample(model, length=100, seed=None) != mc.sample(model, length=100, seed=None)
    rng = np.random.default_rng(1)
    assert mc.sample(model, length=100, seed=rng) == one != mc.sample(model, length=100, seed=rng)


@pytest.mark.parametrize("how", [{}, {"temperature": 0}, {"top_k": 1}, {"top_p": 0.1}])
def test_one_random_number_is_used_per_character_whatever_the_settings(how):
    used, counted = np.random.default_rng(7), np.random.default_rng(7)
    mc.sample(some_network(1), "a", 9, seed=used, **how)
    counted.random(9)
    assert used.random() == counted.random()


def test_unless_told_otherwise_200_characters_are_written_and_always_the_same():
    model = mc.CharModel(mc.Vocabulary("abcd"), hidden=5)
    assert mc.sample(model, "a") == mc.sample(model, "a", 200, seed=0)
    assert mc.samples(model, 2, "a") == mc.samples(model, 2, "a", 200, seed=0)


def test_without_a_prime_it_starts_on_a_new_line():
    model = mc.NGram("ab\ncb\n", order=2)
    assert mc.sample(model, length=9, seed=3) == mc.sample(model, "\n", 9, seed=3)
    assert mc.sample(some_network(1), length=9) == mc.sample(some_network(1), "a", 9)


def test_a_model_that_reads_one_text_at_a_time_writes_no_several_at_once():
    with pytest.raises(TypeError, match="NGram writes one text at a time"):
        mc.samples(mc.NGram("hello", order=2), 2, "he")


def test_a_prime_is_cleaned_and_unknown_characters_are_a_choice():
    model = mc.NGram("é\nè\né\n", order=2)
    assert mc.sample(model, "e\u0301\r\n", 5) == mc.sample(model, "é\n", 5)
    with pytest.raises(ValueError, match=r"'q' \(position 1\).*unknown=\"skip\""):
        mc.sample(model, "éq")
    assert mc.sample(model, "éq", 5, unknown="skip") == mc.sample(model, "é", 5)
    assert mc.sample(model, "q", 5, unknown="skip") == mc.sample(model, None, 5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, "finite, and 0 or more"),
        ({"temperature": np.inf}, "finite, and 0 or more"),
        ({"temperature": np.nan}, "finite, and 0 or more"),
        ({"top_k": 0}, "at least 1"),
        ({"top_p": 0}, "above 0"),
        ({"top_p": 1.1}, "above 0"),
        ({"stop": "ab"}, "stop='ab'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        mc.sample(some_network(0), "a", 3, **settings)


def test_no_score_is_too_large_for_a_logarithm():
    assert log_softmax(np.array([1000.0, 0, -1000])).tolist() == [0, -1000, -2000]


def test_a_model_gone_wrong_is_refused():
    for bad in ([1, np.nan], [1, np.inf], [-np.inf, -np.inf], [[1, 2], [1, np.nan]]):
        for asked in (distribution, partial(distribution, temperature=0), log_softmax):
            with pytest.raises(ValueError, match="not numbers"):
                asked(np.array(bad))
    assert distribution(np.array([-np.inf, 1])).tolist() == [
        0,
        1,
    ]  # what is impossible may be there


@given(seeds, st.text("abcd", min_size=1, max_size=12))
def test_score_is_the_loss_in_bits(seed, text):
    model = some_network(seed)
    bits = mc.score(model, text, "a")
    assert bits.shape == (len(text),) and (bits >= 0).all()
    z, state = model.step(0)
    for t, c in enumerate(text):
        i = model.vocab.encode(c)[0]
        assert bits[t] == pytest.approx(-np.log2(distribution(z)[i]), rel=1e-6, abs=1e-9)
        z, state = model.step(i, state)


@given(st.text("abcd", min_size=1, max_size=20))
def test_score_of_a_counting_model_equals_its_own_bits(text):
    model = mc.NGram("abcdabcaabbcd", order=3, vocab=mc.Vocabulary("abcd"))
    np.testing.assert_allclose(mc.score(model, text, "ca"), model.bits("ca" + text)[2:], rtol=1e-9)


def test_the_shipped_network_writes_names():
    model = sampling.shipped("names")
    assert set(mc.sample(model, length=300)) <= set(model.vocab.characters)
    held = mc.load_text("names")[-3000:]
    assert mc.score(model, held).mean() < mc.NGram(mc.load_text("names"), 1).bits(held).mean()
    first, state = model.step(5)  # with nothing before it, as from a state of zeros
    np.testing.assert_array_equal(first, model.step(5, np.zeros_like(state))[0])


@pytest.mark.parametrize("name", ["novel", "lstm/names", ""])
def test_weights_that_do_not_come_with_the_course(name):
    with pytest.raises(ValueError, match=rf'no weights called "{name}".*: names'):
        sampling.shipped(name)
