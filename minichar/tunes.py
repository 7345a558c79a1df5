"""Tunes in ABC notation: letters that become notes, and notes that become sound.

ABC writes a tune as text: a heading (metre, unit of length, key), then letters for notes, numbers
for their lengths, bars and repeats. That is why a network that only knows characters can compose.
What dance tunes are made of is read here; anything else in a text is left out and counted, since a
network in its first steps writes anything. Built in lesson 12.

    >>> tune = read("X:1\\nM:4/4\\nL:1/8\\nK:G\\n|: G2 B2 d2 f2 | g8 :|\\n")
    >>> [name(note.pitch) for note in tune.notes][:5]
    ['G4', 'B4', 'D5', 'F#5', 'G5']
    >>> tune.beats, tune.skipped  # two bars of 4/4, played twice; nothing was left out
    (Fraction(16, 1), 0)

The notation: https://abcnotation.com/wiki/abc:standard:v2.1
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# A major scale has as many sharps as it lies fifths above C. Below: what each mode adds to that.
FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
MODES = {"lyd": 1, "ion": 0, "mix": -1, "dor": -2, "aeo": -3, "phr": -4, "loc": -5}
MODES |= {"m": -3, "min": -3}  # minor: another name of the Aeolian mode
LONGEST = 10_000  # notes: a text that asks for more is cut there
TOKEN = re.compile(
    r"""(?P<note>(?P<sharp>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-gzx])(?P<octave>[,']*)
         (?P<up>\d{1,3})?((?P<slashes>/{1,4})(?P<down>\d{1,3})?)?(?P<tie>-)?)
      | (?P<bar>:?\|[\]|]?:?|::|\[\|) (?P<ending>\[?[12])?
      | (?P<alternative>\[[12])
      | (?P<tuplet>\([2-9])
      | (?P<broken>[<>]{1,2})
      | (?P<ignored>"[^"\n]*"|\{[^}\n]*\}|![^!\n]*!|%[^\n]*|[\[\]\s()~.`\\-])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Note:
    """A note that sounds: `pitch` in semitones, 60 is the middle C, 69 is 440 Hz; times in beats.

    A beat is a quarter note.
    """

    start: Fraction
    length: Fraction
    pitch: int


@dataclass
class Tune:
    """What was read: the notes in order, how long they last together, what the heading says."""

    notes: list[Note] = field(default_factory=list)
    beats: Fraction = Fraction(0)
    heading: dict[str, str] = field(default_factory=dict)
    bars: list[Fraction] = field(default_factory=list)  # how many beats each written bar holds
    skipped: int = 0  # characters that are no ABC, or none that is read here

    def whole_bars(self) -> float:
        """The share of the bars that hold as many beats as the metre says; 0 without any bar."""
        full = beats_of(self.heading.get("M", "4/4"))
        return sum(bar == full for bar in self.bars) / max(1, len(self.bars))


def name(pitch: int) -> str:
    """The name of a pitch: 60 is C4, 69 is A4, 70 is A#4."""
    letters = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    return f"{letters[pitch % 12]}{pitch // 12 - 1}"


def beats_of(metre: str) -> Fraction:
    """Quarter notes in a bar: 4 for "4/4" or "C", 3 for "6/8"; 4 for what is not a metre."""
    metre = {"C": "4/4", "C|": "2/2"}.get(metre.strip(), metre)
    found = re.match(r"\s*(\d{1,2})/(\d{1,2})", metre)
    if not found or not int(found[1]) or not int(found[2]):
        return Fraction(4)
    return Fraction(4 * int(found[1]), int(found[2]))


def scale(key: str) -> dict[str, int]:
    """Semitones by which a key raises (+1) or lowers (-1) each letter: {"F": 1} for "G" or "Em".

    Empty for what is not a key.
    """
    found = re.match(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)", key)
    if not found:
        return {}
    sharps = FIFTHS[found[1]] + {"#": 7, "b": -7, "": 0}[found[2]]
    sharps += MODES.get(found[3].lower()[:3], 0)
    order = "FCGDAEB" if sharps >= 0 else "BEADGCF"
    raised: dict[str, int] = {}
    for k in range(abs(sharps)):
        raised[order[k % 7]] = raised.get(order[k % 7], 0) + (1 if sharps > 0 else -1)
    return raised


def read(text: str) -> Tune:
    """The tune that a text in ABC notation writes, repeats played out. Any text can be read.

    Chords sound as one note after another; grace notes, chord names and decorations are left out.
    """
    tune = Tune()
    written = _Written(tune)
    for line in text.splitlines(keepends=True):
        heading = re.match(r"([A-Za-z]):\s*([^\n%]*)", line)
        if not heading:
            written.line(line)
            continue
        key, value = heading[1], heading[2].strip()
        tune.heading.setdefault(key, value)
        length = re.match(r"1/(\d{1,2})$", value)
        if key == "L" and length and int(length[1]):
            written.unit = Fraction(4, int(length[1]))
        elif key == "K":
            written.raised = scale(value)
    tune.notes, tune.beats = written.played()
    return tune


class _Written:
    """The notes as they are written; `played` puts them in the order in which they sound."""

    def __init__(self, tune: Tune):
        self.tune = tune
        self.unit = Fraction(1, 2)  # beats of a note without a length of its own
        self.raised: dict[str, int] = {}  # the sharps and flats of the key
        self.here: dict[str, int] = {}  # those that hold until the next bar
        self.events: list = []  # [pitch or None, beats], or a word: "repeat", "open", "1"
        self.in_bar, self.tuplet, self.times, self.tied = Fraction(0), 0, Fraction(1), False
        self.longer = Fraction(1)  # of the next note, after a > or <
        self.written = Fraction(0)  # beats of the last note, without those it is tied to

    def line(self, line: str) -> None:
        place = 0
        while place < len(line):
            found = TOKEN.match(line, place)
            if not found:
                self.tune.skipped += 1
                place += 1
                continue
            if found["note"]:
                self._note(found)
            elif found["bar"]:
                self._bar(found["bar"], found["ending"])
            elif found["alternative"]:
                self.events.append(found["alternative"][1])
            elif found["tuplet"]:
                self.tuplet = int(found["tuplet"][1])
                fits = 3 if self.tuplet in (2, 4, 8) else 2
                self.times = Fraction(fits, self.tuplet)
            elif found["broken"]:
                self._broken(found["broken"])
            place = found.end()

    def _note(self, found: re.Match) -> None:
        length = Fraction(int(found["up"] or 1)) * self.unit
        if found["slashes"]:
            length /= int(found["down"] or 0) or 2 ** len(found["slashes"])
        if self.tuplet:
            length, self.tuplet = length * self.times, self.tuplet - 1
        length, self.longer = length * self.longer, Fraction(1)
        self.in_bar += length
        pitch, letter = None, found["letter"]
        if letter not in "zx":
            octaves = found["octave"].count("'") - found["octave"].count(",")
            key = letter + found["octave"]
            if found["sharp"]:
                self.here[key] = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}[found["sharp"]]
            change = self.here.get(key, self.raised.get(letter.upper(), 0))
            pitch = 60 + SEMITONES[letter.upper()] + 12 * (octaves + letter.islower()) + change
            pitch = min(max(pitch, 21), 108)  # the keys of a piano
        last = self.events[-1] if self.events and isinstance(self.events[-1], list) else None
        if self.tied and last and last[0] == pitch:
            last[1] += length
        elif len(self.events) < LONGEST:
            self.events.append([pitch, length])
        else:
            length = Fraction(0)  # left out
        self.written = length
        self.tied = bool(found["tie"])

    def _broken(self, marks: str) -> None:
        """a>b: the first half as long again, the second half as long; < the other way round."""
        last = next((e for e in reversed(self.events) if isinstance(e, list)), None)
        if last is None:
            return
        gain = Fraction(2 ** len(marks) - 1, 2 ** len(marks))
        gain = gain if marks[0] == ">" else -gain
        change = self.written * gain
        self.in_bar, self.written = self.in_bar + change, self.written + change
        last[1] += change
        self.longer = 1 - gain

    def _bar(self, bar: str, ending: str | None) -> None:
        self.here = {}
        if self.in_bar:
            self.tune.bars.append(self.in_bar)
            self.in_bar = Fraction(0)
        if bar.startswith(":"):
            self.events.append("repeat")
        if bar.endswith(":"):
            self.events.append("open")
        if ending:
            self.events.append(ending[-1])

    def played(self) -> tuple[list[Note], Fraction]:
        """The notes in time: what stands between |: and :| twice, with its first and second end."""
        order, part, first = [], [], None
        for event in self.events:
            if isinstance(event, list):
                part.append(event)
            elif event == "1":
                first = len(part)
            elif event == "repeat":
                again = part if first is None else part[:first]
                order += part + again
                part, first = [], None
            elif event == "open":
                order += part
                part, first = [], None
        order += part
        notes, now = [], Fraction(0)
        for pitch, length in order[:LONGEST]:
            if pitch is not None:
                notes.append(Note(now, length, pitch))
            now += length
        return notes, now
