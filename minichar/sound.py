"""Notes as sound: a wave for each, added up, in a file that every browser plays.

A tone is a sum of sine waves at one, two, three … times its pitch, which fade away like those of a
plucked string. Nothing but numpy makes it, and no service plays it: the sound is inside the page.
Built in lesson 12.

    player(tunes.read(abc))
"""

import base64
import html
import io
import wave
from fractions import Fraction

import numpy as np

from minichar import draw
from minichar.tunes import Tune, name

RATE = 16_000  # samples a second: enough for pitches up to 8 kHz, and half a minute is 1 MB
OVERTONES = (1.0, 0.5, 0.3, 0.15, 0.08)  # how strong the pitch is, twice it, three times it, …
LONGEST = 60  # seconds of a tune that are played
RELEASE = 0.03  # seconds in which a note ends, so that it does not click


def frequency(pitch: int) -> float:
    """Hz of a pitch in semitones, equal temperament: 69, the A above the middle C, has 440."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def tone(pitch: int, seconds: float) -> np.ndarray:
    """The wave of one plucked note: float32 (samples,), within -1 and 1."""
    t = np.arange(round(seconds * RATE)) / RATE
    f = frequency(pitch)
    parts = [(k, a) for k, a in enumerate(OVERTONES, 1) if k * f < RATE / 2]
    sound = sum(a * np.sin(2 * np.pi * k * f * t) * np.exp(-1.5 * k * t) for k, a in parts)
    fade = np.minimum(1, np.minimum(t / 0.005, (seconds - t) / RELEASE))
    return (sound * np.maximum(fade, 0) / sum(OVERTONES)).astype(np.float32)


def waves(tune: Tune, beats_a_minute: float = 120) -> np.ndarray:
    """The tune as one wave: float32 (samples,), RATE a second, its loudest sample at 0.9.

    At most LONGEST seconds of it. Raises ValueError for a speed that is not above 0.
    """
    if not beats_a_minute > 0:
        raise ValueError(f"beats_a_minute={beats_a_minute}: a number above 0, such as 120")
    beat = 60 / beats_a_minute
    total = min(LONGEST, float(tune.beats) * beat)
    sound = np.zeros(round(total * RATE), np.float32)
    for note in tune.notes:
        first = round(float(note.start) * beat * RATE)
        if first >= len(sound):
            break
        left = (len(sound) - first) / RATE  # a note that is cut short fades, too
        wave_of = tone(note.pitch, min(float(note.length) * beat, left))
        sound[first : first + len(wave_of)] += wave_of
    loudest = np.abs(sound).max(initial=0)
    return sound * np.float32(0.9 / loudest) if loudest else sound


def wav(sound: np.ndarray) -> bytes:
    """A .wav file of a wave: one channel, 16 bits, RATE samples a second."""
    whole = np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(whole.tobytes())
    return file.getvalue()


def player(tune: Tune, beats_a_minute: float = 120) -> draw.Picture:
    """The browser's own player of the tune, with its name; the description lists the notes."""
    title = tune.heading.get("T") or "a tune without a name"
    if not tune.notes:
        said = f'<p class="{draw.RAW}">{html.escape(title)}: no note to play.</p>'
        return draw.Picture(said, f"{title}: no notes")
    data = base64.b64encode(wav(waves(tune, beats_a_minute))).decode()
    seconds = float(tune.beats) * 60 / beats_a_minute
    notes = " ".join(name(note.pitch) for note in tune.notes[:16])
    more = " …" if len(tune.notes) > 16 else ""
    part = f" (the first {LONGEST} can be played)" if seconds > LONGEST else ""
    words = f"{title}: {len(tune.notes)} notes in {seconds:.0f} seconds{part}, {notes}{more}"
    shown = html.escape(title)
    return draw.Picture(
        f'<figure class="{draw.RAW}" style="margin: 4px 0"><figcaption>{shown}</figcaption>'
        f'<audio controls aria-label="{shown}" src="data:audio/wav;base64,{data}"></audio>'
        "</figure>",
        words,
    )


def roll(tune: Tune) -> draw.Picture:
    """The tune as a picture: each note a bar, time to the right in beats, pitch upward."""
    figure, axes = draw.empty_chart(6.6, 2.4, tune.heading.get("T", ""), "beats", "note")
    pitches = sorted({note.pitch for note in tune.notes})
    for note in tune.notes:
        axes.barh(note.pitch, float(note.length) * 0.92, 0.8, float(note.start), color=draw.BLUE)
    shown: list[int] = []
    for pitch in pitches:  # there is height for a dozen names, one above the other
        if not shown or pitch - shown[-1] >= (pitches[-1] - pitches[0] + 1) / 12:
            shown.append(pitch)
    axes.set_yticks(shown, [name(pitch) for pitch in shown], fontsize=8)
    whole = max(Fraction(1), tune.beats)
    axes.set_xlim(0, float(whole))
    low, high = (name(p) for p in (pitches[0], pitches[-1])) if pitches else ("-", "-")
    words = f"{len(tune.notes)} notes from {low} to {high} in {float(tune.beats):g} beats"
    return draw.Picture(figure, f"{tune.heading.get('T') or 'A tune'}: {words}")
