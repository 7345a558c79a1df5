"""Reading a text in pieces: the same numbers as a character at a time."""

import numpy as np
import pytest
from test_stepping import some_model

import minichar as mc
from minichar import strict
from minichar.ablation import ablate
from minichar.causes import saliency
from minichar.model import KINDS
from minichar.reading import bits, expectations, expected_at
from minichar.remembering import remembered

TEXT = "abcdeedcbaabacadaeabc"


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("length", [1, 4, 20, 21, 300])
def test_bits_are_the_score_whatever_the_length_of_the_pieces(cell, length):
    model = some_model(cell, (4, 3), 3)
    np.testing.assert_allclose(bits(model, TEXT, length), mc.score(model, TEXT), rtol=1e-9)


@pytest.mark.parametrize("length", [1, 4, 300])
@pytest.mark.parametrize("text", ["abc", "\n\nab\n", "ab\nabcde\n\ncd\na"])
def test_of_a_model_that_learned_by_lines_too(text, length):
    model = mc.CharModel(mc.Vocabulary("\nabcde"), hidden=(4, 3), dtype="float64", lines=True)
    wanted = mc.score(model, text)
    np.testing.assert_allclose(bits(model, text, length), wanted, rtol=1e-9)
    model.lines = False
    np.testing.assert_allclose(bits(model, text, length), mc.score(model, text), rtol=1e-9)
    assert text == "abc" or not np.allclose(mc.score(model, text), wanted, rtol=1e-3)


def test_expectations_come_before_the_character_and_sum_to_one():
    model = some_model("gru", 4)
    log_p = np.concatenate(list(expectations(model, TEXT, length=6)))
    assert log_p.shape == (len(TEXT), 5)
    coarse = some_model("gru", 4, dtype="float32")
    assert {p.dtype for p in expectations(coarse, TEXT)} == {np.dtype("float64")}
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    changed = np.concatenate(list(expectations(model, TEXT[:7] + "a" + TEXT[8:])))
    np.testing.assert_allclose(changed[:8], log_p[:8], rtol=1e-9)
    assert TEXT[7] != "a" and not np.allclose(changed[8], log_p[8], rtol=1e-3)


def test_a_network_may_learn_between_two_pieces():
    """Whoever takes the pieces one by one is not left without gradients."""
    model = some_model("rnn", 3)
    for _ in expectations(model, TEXT, length=5):
        loss, _ = model.loss([[0]], [[1]])
        assert loss.requires_grad


def test_expected_at_some_places_is_what_is_expected_there():
    network, counting = some_model("lstm", (3, 2)), mc.NGram(TEXT, order=3)
    places = [20, 0, 7, 7, 2]
    np.testing.assert_allclose(
        expected_at(network, TEXT, places),
        np.exp(np.concatenate(list(expectations(network, TEXT))))[places],
    )
    of_bytes = expected_at(network, TEXT + "a" * 300, np.array(places, "uint8"))
    np.testing.assert_allclose(of_bytes, expected_at(network, TEXT, places))
    p = expected_at(counting, TEXT, places)
    own = p[range(5), counting.vocab.encode("".join(TEXT[t] for t in places))]
    np.testing.assert_allclose(-np.log2(own), counting.bits(TEXT)[places])
    for model in (network, counting):
        assert expected_at(model, TEXT, []).shape == (0, 5)
        for wrong in (-1, 21):
            with pytest.raises(ValueError, match="0 to 20"):
                expected_at(model, TEXT, [0, wrong])
        with pytest.raises(ValueError, match="whole numbers, and these are bool"):
            expected_at(model, TEXT, np.arange(21) > 3)


@pytest.mark.parametrize(
    "follow",
    [
        bits,
        lambda model, text: expected_at(model, text, [3, 1]),
        lambda model, text: remembered(model, text, (0, 1, 4), places=5).bits,
        saliency,
        lambda model, text: saliency(model, text, 3, (0, "c", 1), model.step(0)[1]),
        lambda model, text: ablate(model, text, [(0, "c", 1), (1, "h", 0)]).change,
    ],
    ids=["bits", "expected_at", "remembered", "saliency", "of a cell", "ablate"],
)
def test_a_model_on_a_card_is_followed_as_well(follow):
    here = some_model("lstm", (4, 3), 3)
    with strict.instead_of_cupy():
        found = follow(here.to("gpu"), TEXT)
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, follow(here, TEXT), atol=1e-9)


def test_no_text_and_an_unknown_character():
    model = some_model("rnn", 3)
    assert bits(model, "").shape == (0,) and not list(expectations(model, ""))
    with pytest.raises(ValueError, match="'x' \\(position 1\\)"):
        bits(model, "ax")
