import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar import reading
from minichar.decoding import read_text
from minichar.evaluation import evaluate
from minichar.text import Vocabulary, clean, digest, split, streams


@given(st.text(min_size=2).filter(lambda t: len(set(t)) > 1))
def test_decode_undoes_encode(text):
    vocab = Vocabulary.of(text)
    ids = vocab.encode(text)
    assert vocab.decode(ids) == text
    assert ids.dtype == np.int32 and ids.shape == (len(text),)
    assert list(vocab.characters) == sorted(set(text)) and len(vocab) == len(set(text))


def test_encode_works_across_chunks(monkeypatch):
    monkeypatch.setattr("minichar.text.CHUNK", 3)
    vocab = Vocabulary.of("hello")
    assert vocab.encode("hellohello").tolist() == [1, 0, 2, 2, 3, 1, 0, 2, 2, 3]
    with pytest.raises(ValueError, match=r"'x' \(position 7\)"):
        vocab.encode("hellohexlo")


@pytest.mark.parametrize("text", ["", "a", "aaaa"])
def test_a_text_without_a_choice_is_refused(text):
    with pytest.raises(ValueError, match="at least two different characters"):
        Vocabulary.of(text)


def test_a_character_twice_is_refused():
    with pytest.raises(ValueError, match="once"):
        Vocabulary("aba")


def test_unknown_character_is_named_with_its_place_or_skipped():
    vocab = Vocabulary.of("hello")
    with pytest.raises(
        ValueError, match=r"'é', LATIN SMALL LETTER E WITH ACUTE, \(position 1\).*4 characters"
    ):
        vocab.encode("hé")
    with pytest.raises(ValueError, match="position 2"):
        vocab.encode("he\N{GRINNING FACE}")
    assert vocab.encode("hé😀lp", unknown="skip").tolist() == [1, 2]
    with pytest.raises(ValueError, match='"error" or "skip"'):
        vocab.encode("h", unknown="ignore")


def test_membership_and_equality():
    vocab = Vocabulary.of("hello")
    assert "h" in vocab and "x" not in vocab and "he" not in vocab and "" not in vocab
    assert vocab == Vocabulary("ehlo") and vocab != Vocabulary("oleh") and vocab != "ehlo"
    assert len({vocab, Vocabulary("ehlo")}) == 1


@pytest.mark.parametrize("other", [b"ab", ["a", "b"], [], Path("ab"), np.array([0, 1])])
def test_what_is_no_text_is_refused(other):
    for asked in (Vocabulary.of, Vocabulary.of("ab").encode, clean, digest):
        with pytest.raises(
            TypeError, match=f"text must be a str, and this is a {type(other).__name__}"
        ):
            asked(other)


@pytest.mark.parametrize("ids, kind", [([0.5], "float64"), ([True, False], "bool")])
def test_decode_refuses_what_are_no_whole_numbers(ids, kind):
    with pytest.raises(ValueError, match=f"whole numbers, and these are {kind}"):
        Vocabulary.of("hello").decode(ids)


@pytest.mark.parametrize("ids", [[4], [-1], [0, 4], [0, 99]])
def test_decode_refuses_a_number_that_no_character_has(ids):
    with pytest.raises(ValueError, match=f"{ids[-1]} is not .* from 0 to 3"):
        Vocabulary.of("hello").decode(ids)


def test_one_emoji_is_one_character_and_accents_join_their_letters():
    assert len(clean("😀")) == 1
    assert clean("e\N{COMBINING ACUTE ACCENT}") == "é"
    # No single code exists for x with an acute accent: the two stay, in order.
    assert clean("x\N{COMBINING ACUTE ACCENT}") == "x\N{COMBINING ACUTE ACCENT}"
    family = "👩‍👩‍👧"  # five codes: three people and two joiners
    vocab = Vocabulary.of(clean(family + "!"))
    assert vocab.decode(vocab.encode(family)) == family and len(vocab) == 4


def test_clean_keeps_characters_that_only_look_like_others():
    """An ellipsis, a ligature, a power, a wide letter: as an author typed them."""
    assert clean("é…ﬁx²Ａ½") == "é…ﬁx²Ａ½"


@given(st.text())
def test_clean_leaves_one_kind_of_line_end_and_nothing_more_to_clean(text):
    once = clean(text)
    assert "\r" not in once and clean(once) == once


@given(st.text(min_size=1, max_size=300), st.floats(0.01, 0.99))
def test_split_keeps_every_character_in_order(text, share):
    if min(round(len(text) * share), len(text) - round(len(text) * share)) < 2:
        with pytest.raises(ValueError, match="too few"):
            split(text, share)
    else:
        train, held_out = split(text, share)
        assert train + held_out == text and len(held_out) == round(len(text) * share)


def test_a_twentieth_is_held_out_unless_told_otherwise():
    assert split("ab" * 40) == ("ab" * 38, "abab")


@pytest.mark.parametrize("share", [0, 1, -0.1, 5])
def test_split_refuses_a_share_that_is_none(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split("hello hello", share)


@pytest.mark.parametrize("n", [0, -1, 1.0, "2", None])
def test_a_number_that_must_be_at_least_one_is_refused_by_name_otherwise(n):
    model = mc.CharModel(mc.Vocabulary("ab"), hidden=2)
    lines = mc.CharModel(mc.Vocabulary("ab\n"), hidden=2)
    lines.lines = True
    for name, call in (
        ("batch", lambda: streams(np.arange(9), n)),
        ("length", lambda: evaluate(model, "abab", length=n)),
        ("length", lambda: evaluate(lines, "ab\nab", length=n)),
        ("length", lambda: reading.bits(model, "abab", length=n)),
        ("validate_every", lambda: mc.Training(model, "ab" * 40, validate_every=n)),
    ):
        with pytest.raises(ValueError, match=f"^{name}={n}: it must be a whole number"):
            call()


@given(st.integers(2, 200), st.integers(1, 9))
def test_streams_walk_through_the_text_side_by_side(n, batch):
    ids = np.arange(n, dtype=np.int32)
    steps = (n - 1) // batch
    if steps < 1:
        with pytest.raises(ValueError, match="streams side by side"):
            streams(ids, batch)
        return
    inputs, targets = streams(ids, batch)
    assert inputs.shape == targets.shape == (steps, batch)
    assert (targets == inputs + 1).all()  # the ids are their own places
    assert (inputs[1:] == inputs[:-1] + 1).all()  # each stream goes on where it was
    assert sorted(inputs.ravel()) == list(range(steps * batch))  # each place once


@pytest.mark.slow
def test_a_hundred_million_characters_fit_in_the_stated_memory(tmp_path):
    path = tmp_path / "large.txt"
    path.write_bytes(b"the quick brown fox jumps over the lazy dog\n" * (100_000_000 // 44))
    tracemalloc.start()
    text = read_text(path)
    reading = tracemalloc.get_traced_memory()[1] / len(text)
    vocab = Vocabulary.of(text)
    tracemalloc.reset_peak()
    ids = vocab.encode(text)
    encoding = tracemalloc.get_traced_memory()[1] - len(text)
    tracemalloc.stop()
    assert len(ids) == len(text) > 99_000_000
    assert reading < 2.01  # bytes a character: the file and the text
    assert encoding < 4 * len(text) + 40 * 2**20  # 4 bytes a character and a constant
