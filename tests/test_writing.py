"""Several texts side by side: each is what it would have been alone."""

from itertools import islice

import numpy as np
import pytest

import minichar as mc
from minichar import sampling
from minichar.writing import loop_of, piece_of, side_by_side, write


def model(cell="lstm", hidden=(9, 7)):
    made = mc.CharModel(mc.Vocabulary.of("hello\nworld"), cell, hidden, dtype="float64", seed=1)
    for w in made.parameters().values():
        w.data *= 3  # so that it has opinions
    return made


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("prime", ["", "he", "hello\nwo"])
def test_each_text_is_what_sample_writes_at_its_temperature(cell, prime):
    temperatures = [0, 0.3, 1.0, 4.0]
    found = side_by_side(model(cell), temperatures, prime, 40, seed=5)
    for text, t in zip(found, temperatures, strict=True):
        assert text == mc.sample(model(cell), prime, 40, temperature=t, seed=5)
    assert len(set(found)) > 1


def test_probabilities_are_those_the_characters_were_drawn_with():
    m, temperatures = model(), [0.5, 2.0]
    z, state = sampling.read(m, "he")
    states = [(z, state), (z, state)]
    for ids, p in islice(write(m, temperatures, "he", seed=2), 12):
        for k, t in enumerate(temperatures):
            z, state = states[k]
            assert p[k] == pytest.approx(sampling.distribution(z, t)[ids[k]], rel=1e-9)
            states[k] = m.step(ids[k], state)


def test_line_by_line_a_new_line_knows_nothing_of_the_last():
    m = model()
    m.lines = True
    ids, p = next(write(m, [1.0], "ll\nw"))
    z, _ = sampling.read(m, "\nw")  # of the prime, only the last line, and what begins it
    assert p[0] == pytest.approx(sampling.distribution(z, 1.0)[ids[0]], rel=1e-9)
    text = side_by_side(m, [1.5], "", 400, 4)[0]
    place = text.index("\n", 50) + 1
    dice = np.random.default_rng(4).random(400)
    z, state = sampling.read(m, "\n")  # as at the beginning of a line
    for at in range(place, min(place + 20, text.find("\n", place))):
        id_ = sampling.choose(sampling.distribution(z, 1.5)[None], dice[at : at + 1])[0]
        assert m.vocab.characters[id_] == text[at]
        z, state = m.step(id_, state)


def test_what_the_model_never_saw_is_left_out_of_the_prime():
    assert side_by_side(model(), [1.0], "h€e", 20) == side_by_side(model(), [1.0], "he", 20)


@pytest.mark.parametrize(
    "text, loop",
    [("abcabcabc", "abc"), ("xxabab", None), ("zaaaa", "a"), ("", None), ("the the the ", "the ")],
)
def test_a_loop_is_what_the_end_repeats_three_times(text, loop):
    assert loop_of(text) == loop


def test_a_piece_begins_where_a_word_or_a_line_does():
    text = "one two\nthree four five\nsix seven eight nine\n" * 3
    words, rows = text.split(), text.splitlines()
    pieces = [piece_of(text, seed, 10) for seed in range(30)]
    assert {len(piece) for piece in pieces} == {10} and all(piece in text for piece in pieces)
    assert not any(piece[0].isspace() for piece in pieces)
    assert len({piece.split()[0] for piece in pieces} & set(words)) > 5
    assert all(any(word.startswith(piece.split()[0]) for word in words) for piece in pieces)
    lines = {piece_of(text, seed, 10, lines=True) for seed in range(30)}
    assert lines == {row[:10] for row in rows}
    assert piece_of("ab", length=24) == "ab"
    assert {piece_of("abcdefgh ij k", seed, 8) for seed in range(20)} == {"abcdefgh"}
    assert "" not in {piece_of("ab\n\n\n\ncd\n", seed, 2, lines=True) for seed in range(20)}
