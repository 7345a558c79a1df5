"""ABC notation: hand-counted tunes, and whatever a network may write."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar import tunes
from minichar.tunes import Note, beats_of, name, read, scale


def pitches(body, key="C", unit="1/4"):
    return [name(note.pitch) for note in read(f"X:1\nL:{unit}\nK:{key}\n{body}\n").notes]


def lengths(body):
    """In units of a quarter note."""
    return [float(note.length) for note in read(f"X:1\nL:1/4\nK:C\n{body}\n").notes]


@pytest.mark.parametrize(
    "body, key, said",
    [
        ("C D E F G A B c", "C", "C4 D4 E4 F4 G4 A4 B4 C5"),
        ("C, C c c'", "C", "C3 C4 C5 C6"),
        ("F c f", "D", "F#4 C#5 F#5"),  # two sharps: F and C
        ("B e", "Gm", "A#4 D#5"),  # two flats: B and E
        ("F =F F | F", "G", "F#4 F4 F4 F#4"),  # a natural holds until the bar
        ("^F F f", "C", "F#4 F#4 F5"),  # and for its own octave only
        ("_B ^^C __D", "C", "A#4 D4 C4"),
        ("F C B", "Ador", "F#4 C4 B4"),  # one sharp, as in G
        ("F", "Amix", "F#4"),  # two sharps, as in D
        ("B", "F", "A#4"),
        ("C", "Bb", "C4"),
        ('"Am"A {g}B ~c !trill!d', "C", "A4 B4 C5 D5"),  # what is no note is passed over
        ("[CEG]", "C", "C4 E4 G4"),
        ("C % a remark", "C", "C4"),
        ("C,,,, c''''", "C", "A0 C8"),  # no further than the keys of a piano
    ],
)
def test_pitches(body, key, said):
    assert pitches(body, key) == said.split()


@pytest.mark.parametrize(
    "body, said",
    [
        ("A A2 A3 A/ A/2 A// A3/2 A/4", [1, 2, 3, 0.5, 0.5, 0.25, 1.5, 0.25]),
        ("A z A x2", [1, 1]),
        ("A>B", [1.5, 0.5]),
        ("A<B", [0.5, 1.5]),
        ("A>>B", [1.75, 0.25]),
        ("A<<<B", [0.125, 1.5]),  # never below 0
        ("A2-|A>B", [3.5, 0.5]),  # half of the second A is added, not half of both
        ("(3ABc d", [2 / 3, 2 / 3, 2 / 3, 1]),
        ("(2AB (4ABcd", [1.5, 1.5, 0.75, 0.75, 0.75, 0.75]),
        ("(6ABcdef (8ABcdefga", [1 / 3] * 6 + [3 / 8] * 8),
        ("A-A", [2]),
        ("A-|A2 B", [3, 1]),
        ("A-B", [1, 1]),  # a tie to another note is none
    ],
)
def test_lengths(body, said):
    assert lengths(body) == pytest.approx(said)


@pytest.mark.parametrize(
    "body, said",
    [
        ("|: A B :| c", "A B A B c"),
        ("c |: A B :|", "c A B A B"),  # the repeat begins at its mark
        ("A B :| c", "A B A B c"),
        ("c ||: A B :||: c :|", "c A B A B c c"),
        ("|: A :: B :|", "A A B B"),
        ("|: A |1 B :|2 c |]", "A B A c"),
        ("|: A [1 B :| [2 c |]", "A B A c"),
        ("A | B || c |]", "A B c"),
        ("A : B :|", "A B A B"),  # a colon alone is no repeat
    ],
)
def test_repeats(body, said):
    assert [note[0].lower() for note in pitches(body)] == said.lower().split()


def test_notes_know_when_they_start():
    text = "X:7\nT:Two\nM:2/4\nL:1/8\nK:C\nA2 z B | c4 |\n"
    tune = read(text)
    assert [n.start for n in tune.notes] == [0, Fraction(3, 2), 2]
    assert [name(n.pitch) for n in tune.notes] == ["A4", "B4", "C5"]
    assert tune.beats == 4 and tune.bars == [2, 2] and tune.whole_bars() == 1
    assert tune.heading == {"X": "7", "T": "Two", "M": "2/4", "L": "1/8", "K": "C"}


def test_a_bar_that_does_not_hold_what_the_metre_says_is_counted():
    assert read("X:1\nM:4/4\nL:1/4\nK:C\nABcd | ABc | ABcde | A4 |\n").whole_bars() == 0.5
    assert read("").whole_bars() == 0
    assert read("L:1/4\nK:C\nA>B | c<d | (3ABc z |\n").bars == [2, 2, 3]
    assert read("L:1/4\nK:C\nA2-|A>B c2 |\n").bars == [2, 4]


def test_without_a_length_a_note_is_an_eighth():
    for heading in ("", "L:1/0\n", "L:long\n"):
        notes = read(f"{heading}K:C\nA B2\n").notes
        assert [note.length for note in notes] == [Fraction(1, 2), 1]


def test_a_new_key_or_length_holds_from_there_on():
    notes = read("L:1/8\nK:G\nF|\nL:1/4\nK:C\nF\n").notes
    assert [(name(n.pitch), n.length) for n in notes] == [("F#4", Fraction(1, 2)), ("F4", 1)]


def test_what_is_no_music_is_skipped_and_counted():
    tune = read("K:C\nA #é B; c12345\n")
    assert tune.skipped == 5 and [name(n.pitch) for n in tune.notes] == ["A4", "B4", "C5"]
    assert scale("?") == scale("") == {} and read("K:?\nF\n").notes == read("K:C\nF\n").notes


@pytest.mark.parametrize(
    "metre, beats", [("4/4", 4), ("6/8", 3), ("3/4", 3), ("C", 4), ("C|", 4), ("?", 4), ("0/0", 4)]
)
def test_metres(metre, beats):
    assert beats_of(metre) == beats


def test_every_major_key_has_a_scale_of_whole_and_half_tones():
    for key in ("C", "G", "D", "A", "E", "B", "F#", "F", "Bb", "Eb", "Ab", "Db"):
        at = "CDEFGAB".index(key[0])
        letters = "CDEFGAB"[at:] + "CDEFGAB"[:at]
        raised = scale(key)
        steps = [tunes.SEMITONES[c] + raised.get(c, 0) for c in letters]
        assert [(b - a) % 12 for a, b in zip(steps, steps[1:], strict=False)] == [2, 2, 1, 2, 2, 2]


def test_the_seven_modes_of_a_scale_have_the_same_notes():
    for key in "C Cion Ddor Ephr Flyd Gmix Am Amin Aaeo Bloc".split() + ["A minor", "E Phrygian"]:
        assert scale(key) == {}
    for key in "D Dion Edor F#phr Glyd Amix Bm Bmin Baeo C#loc".split():
        assert scale(key) == {"F": 1, "C": 1}


def test_of_two_titles_the_first_is_the_one():
    assert read("T:The one\nT:Another\nM:3/4\nK:C\nM:4/4\n").heading == {
        "T": "The one",
        "M": "3/4",
        "K": "C",
    }


def test_all_tunes_of_the_catalogue_are_read_whole():
    text = mc.load_text("tunes")
    for part in re.split("(?=X:)", text)[1:]:
        tune = read(part)
        bar = beats_of(tune.heading["M"])
        assert tune.skipped == 0 and tune.whole_bars() == 1
        assert tune.beats == 32 * bar  # two parts of eight bars, each twice
        assert tune.notes[-1].pitch % 12 == {"C": 0, "G": 7, "D": 2, "Am": 9, "Em": 4}.get(
            tune.heading["K"], tune.notes[-1].pitch % 12
        )


@given(st.text(st.sampled_from("ABCabcz|:[]()123/<>^_=,'-\"{}!%XKLM \n#é"), max_size=80))
def test_whatever_a_network_writes_can_be_read(text):
    tune = read(text)
    assert all(isinstance(note, Note) and 21 <= note.pitch <= 108 for note in tune.notes)
    assert all(note.length > 0 and note.start + note.length <= tune.beats for note in tune.notes)
    assert 0 <= tune.whole_bars() <= 1 and tune.skipped <= len(text)


def test_a_text_that_asks_for_too_much_is_cut():
    assert len(read("K:C\n" + "A" * 50_000).notes) == tunes.LONGEST
    assert len(read("K:C\n" + "A :| " * 30_000).notes) <= tunes.LONGEST
    assert len(read("K:C\n" + "A" * 9_000 + " :|").notes) == tunes.LONGEST
