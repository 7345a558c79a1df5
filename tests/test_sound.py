"""Sound: the pitches that are heard are those that are written."""

import base64
import io
import re
import wave

import numpy as np
import pytest

import minichar as mc
from minichar import gallery, sound, tunes

SCALE = tunes.read("X:1\nT:<b>Up & down\nM:4/4\nL:1/4\nK:D\nD E F G | A B c d | z4 | d2 D2 |\n")


def heard(samples):
    """The strongest pitch of a wave, in semitones."""
    padded = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 17))
    frequencies = np.fft.rfftfreq(1 << 17, 1 / sound.RATE)
    return 69 + 12 * np.log2(frequencies[padded.argmax()] / 440)


def test_the_pitches_of_a_wav_are_those_of_the_score():
    with wave.open(io.BytesIO(sound.wav(sound.waves(SCALE, 120)))) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(samples) == round(float(SCALE.beats) * 0.5 * rate)
    for note in SCALE.notes:
        first, last = (float(t) * 0.5 * rate for t in (note.start, note.start + note.length))
        assert heard(samples[round(first) : round(last)]) == pytest.approx(note.pitch, abs=0.2)
    silence = samples[round(8 * 0.5 * rate) : round(12 * 0.5 * rate)]
    assert not silence.any()


def test_a_tune_made_up_by_the_shipped_network_is_heard_as_written():
    """Every note of it, from the file that the browser plays, heard by FFT."""
    begin = "\nX:7\nT:Lami Ro\nM:6/8\nL:1/8\nK:G\n|:"
    composer = gallery.network("tunes")
    written = mc.sample(composer, begin, 200, temperature=0.5, seed=5).split("\n\n")[0]
    tune = tunes.read(begin + written + "\n")
    assert len(tune.notes) > 40 and len({note.pitch for note in tune.notes}) > 5
    src = re.search(r'src="data:audio/wav;base64,([^"]+)"', sound.player(tune, 120).html)[1]
    with wave.open(io.BytesIO(base64.b64decode(src))) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(samples) == round(float(tune.beats) * 0.5 * rate)
    for note in tune.notes:
        first, last = (float(t) * 0.5 * rate for t in (note.start, note.start + note.length))
        assert heard(samples[round(first) : round(last)]) == pytest.approx(note.pitch, abs=0.3)


def test_the_a_above_the_middle_c_has_440():
    assert sound.frequency(69) == 440 and sound.frequency(81) == 880
    assert sound.frequency(60) == pytest.approx(261.6256, abs=1e-3)


def test_sound_is_never_too_loud_and_never_too_long():
    chord = tunes.read("K:C\n" + "C,64 " * 40)
    wave_of = sound.waves(chord, 60)
    assert len(wave_of) == sound.LONGEST * sound.RATE and np.abs(wave_of).max() <= 0.9 + 1e-6
    assert len(sound.waves(tunes.read(""), 60)) == 0
    with pytest.raises(ValueError, match="above 0"):
        sound.waves(SCALE, 0)


def test_the_player_holds_the_sound_itself_and_says_the_notes():
    picture = sound.player(SCALE)
    data = re.search(r'src="data:audio/wav;base64,([^"]+)"', picture.html)[1]
    assert base64.b64decode(data) == sound.wav(sound.waves(SCALE))
    assert "<b>" not in picture.html and "&lt;b&gt;Up &amp; down" in picture.html
    assert "D4 E4 F#4 G4" in picture.description
    assert "…" not in picture.description  # all ten of them
    silent = sound.player(tunes.read("T:<x>\n"))
    assert silent.html == f'<p class="{sound.draw.RAW}">&lt;x&gt;: no note to play.</p>'
    assert silent.description == "<x>: no notes"
    long = sound.player(tunes.read("K:C\n" + "C4 " * 100), 60).description
    assert long.count("C4") == 16 and long.endswith("C4 …")
    assert "the first 60 can be played" in long and "can be played" not in picture.description


@pytest.mark.parametrize("notes", ["D E F G", "^F G ^G A B c'", "C,, ^C,, D ^D E F G A c e' f' g'"])
def test_no_two_names_beside_the_roll_lie_on_each_other(notes, monkeypatch):
    figures, draw = [], sound.draw.Picture
    monkeypatch.setattr(sound.draw, "Picture", lambda f, words: figures.append(f) or draw(f, words))
    tune = tunes.read(f"K:C\n{notes}\n")
    sound.roll(tune)
    figures[0].draw_without_rendering()
    labels = figures[0].axes[0].get_yticklabels()
    assert {label.get_text() for label in labels} <= {tunes.name(n.pitch) for n in tune.notes}
    names = [label.get_window_extent() for label in labels]
    assert len(names) > 2
    assert all(low.y1 < high.y0 for low, high in zip(names, names[1:], strict=False))


def test_the_roll_names_its_axes(monkeypatch):
    figures = []
    monkeypatch.setattr(sound.draw, "Picture", lambda figure, words: figures.append(figure))
    sound.roll(SCALE)
    assert (figures[0].axes[0].get_xlabel(), figures[0].axes[0].get_ylabel()) == ("beats", "note")


def test_the_roll_shows_every_note_and_says_its_range():
    assert "10 notes from D4 to D5 in 16 beats" in sound.roll(SCALE).description
    assert "<img" in sound.roll(SCALE).html
    assert "0 notes" in sound.roll(tunes.read("")).description


def test_a_tune_with_an_empty_title_is_one_without_a_name():
    tune = tunes.read("T:\nK:C\nC4\n")
    assert sound.player(tune).description.startswith("a tune without a name: 1 notes")
    assert "<figcaption>a tune without a name</figcaption>" in sound.player(tune).html
    assert sound.roll(tune).description.startswith("A tune: 1 notes")


def test_a_note_that_is_cut_short_does_not_click():
    end = sound.waves(tunes.read("L:1/1\nK:C\n" + "C7/8 " * 200))[-sound.RATE // 10 :]
    assert np.abs(end).max() > 0.2 and abs(end[-1]) < 0.01
