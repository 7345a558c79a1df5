"""Shades behind characters. Used by `coloured`, lesson 11.

A shade sets its own ground and its own ink, so a text reads as well in a dark notebook as in a
light one. `TWO_WAYS` goes from blue over white to orange, which no kind of colour vision confuses,
`ONE_WAY` from white to dark blue. A page needs each shade once, in `STYLE`; a character then names
it by its class, t0 to t8 or o0 to o8.

    >>> shades([-1, 0, 0.1, 5]).tolist()
    [0, 4, 4, 8]
"""

import html
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from minichar.draw import RAW, Picture
from minichar.signs import on_one_line, plain, visible

COUNT = 9  # shades in a scale, about as many as can be told apart; odd, so that one is the middle
MOST = 8  # characters that share a span, and so a note that shows when the mouse is over them
PAPER, INK, BLUE, ORANGE, NIGHT = "#FFFFFF", "#15181C", "#2E8BCB", "#F28E1C", "#00426F"


def _between(first: str, last: str, n: int) -> list[str]:
    """`n` colours from one to another, the ends among them."""
    ends = [list(bytes.fromhex(colour[1:])) for colour in (first, last)]
    steps = np.linspace(*ends, n).round().astype(int)
    return ["#{:02X}{:02X}{:02X}".format(*step) for step in steps]


# (ground, ink); a test holds each pair to a contrast of 4.5 to 1, the level AA of WCAG 2.
TWO_WAYS = [(c, INK) for c in _between(BLUE, PAPER, 5) + _between(PAPER, ORANGE, 5)[1:]]
ONE_WAY = [(c, INK if k < 6 else PAPER) for k, c in enumerate(_between(PAPER, NIGHT, COUNT))]

_RULES = {
    "": f"color: {INK}; background: {PAPER}; padding: 8px 10px; margin: 4px 0; border-radius: 4px; "
    "max-width: 110ch",
    "figcaption": "font-size: 13px; line-height: 1.5; margin: 0 0 6px; overflow-wrap: anywhere",
    "summary": "cursor: pointer",
    ".words": "white-space: pre-line",
    ":is(pre, .key, .one, th)": "font: 14px/1.45 monospace; color: inherit; text-align: left",
    # word-break, because JupyterLab breaks the words in a <pre> anywhere
    ".text": "white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal; tab-size: 4; "
    "unicode-bidi: plaintext; background: none; margin: 0; padding: 0 2px; border: 0",
    ".long": "max-height: 28em; overflow: auto",
    ".scale": "white-space: nowrap",
    ".key": f"padding: 0 5px; border-block: 1px solid {INK}",
    ".one": "outline: 2px solid currentColor; outline-offset: 1px; font-weight: bold",
    ".text .one": "margin: 0 3px",  # or its frame would cover the edges of those beside it
    ".after": "color: #5F6B73",
    "table": "border-collapse: collapse; margin: 0 0 10px; color: inherit; border: 0",
    ":is(th, td)": f"padding: 0 8px 0 0; background: {PAPER}; text-align: left; border: 0",
    ".step": "display: inline-block; vertical-align: top; min-width: 12px; margin: 0 0 10px; "
    "font: 13px/22px monospace; text-align: center",
    ".step > *": "display: block; height: 22px; padding: 0 2px; white-space: pre",
    ".step .now": f"border-bottom: 2px solid {INK}; font-weight: bold",
    ".step .one": "outline-width: 1px; outline-offset: -2px",  # within its ground, also a dark one
    ".step .bits": "height: 24px; margin: 2px 1px 0",
    **{f".step .b{k}": f"box-shadow: inset 0 -{3 * k}px {ORANGE}" for k in range(COUNT)},
    **{f".t{k}": f"background: {a}; color: {b}" for k, (a, b) in enumerate(TWO_WAYS)},
    **{f".o{k}": f"background: {a}; color: {b}" for k, (a, b) in enumerate(ONE_WAY)},
}
_OURS = ".minichar-coloured" * 3  # said three times it counts for more than what a theme says
STYLE = "\n".join(f"{_OURS} {what}".strip() + f" {{ {how} }}" for what, how in _RULES.items())


def line_of(text: str, place: int) -> int:
    """The line, from 1, that the character at `place` stands in."""
    return text.count("\n", 0, place) + 1


def shades(values: Sequence[float], low: float = -1, high: float = 1) -> np.ndarray:
    """For each value its shade, 0 at `low` to 8 at `high`; what lies outside gets the end's shade.

    Raises ValueError for a value that is not finite, and where `high` is not above `low`.
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"value {place} is {values.flat[place]}, which has no colour")
    if not low < high:
        raise ValueError(f"the scale must rise, and goes from {low} to {high}")
    share = (np.clip(values, low, high) - low) / (high - low)
    return np.minimum((share * COUNT).astype(int), COUNT - 1)


def _joined(text: str) -> np.ndarray:
    """(T,) True for a character that is drawn as part of the one before it."""
    held = np.zeros(len(text), dtype=bool)
    if text.isascii():
        return held
    flags = 0  # a flag is a pair of letters of its own kind
    for k, c in enumerate(text):
        flags = flags + 1 if "\U0001f1e6" <= c <= "\U0001f1ff" else 0
        joins = unicodedata.category(c)[0] == "M" or c in "\u200c\u200d"
        joins = joins or (flags > 0 and flags % 2 == 0)  # the second letter of a flag
        skin_or_tag = "\U0001f3fb" <= c <= "\U0001f3ff" or "\U000e0020" <= c <= "\U000e007f"
        held[k] = k > 0 and (joins or skin_or_tag or text[k - 1] == "\u200d")
    return held


def runs(text: str, kinds: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours of the same kind, as (start, end): at most 8, save for what is drawn as one."""
    held, start = _joined(text), 0
    for end in range(1, len(text) + 1):
        if end < len(text) and held[end]:
            continue
        if end == len(text) or kinds[end] != kinds[start] or end - start >= MOST:
            yield start, end
            start = end


def spans(text: str, kinds: Sequence[int], notes: Sequence[str], flat: bool = False) -> str:
    """HTML of a text: each run in the shade of its first character, with a note for each character.

    The notes show when the mouse is over the run. `flat` keeps all of it on one line.
    """
    parts = []
    for start, end in runs(text, kinds):
        note = "\n".join(f"{visible(text[t])}  {notes[t]}" for t in range(start, end))
        shown = (on_one_line if flat else plain)(text[start:end])
        parts.append(
            f'<span class="t{kinds[start]}" title="{html.escape(note)}">{html.escape(shown)}</span>'
        )
    return "".join(parts)


def key(low: str, high: str, scale: str = "t", start: int = 0) -> str:
    """HTML of a legend: the shades from `start` on in a row, words for their ends beside them."""
    row = "".join(f'<span class="key {scale}{k}">&nbsp;</span>' for k in range(start, COUNT))
    return f'<span class="scale">{html.escape(low)} {row} {html.escape(high)}</span>'


def figure(title: str, legend: str, body: str, words: str, unfold: bool = False) -> Picture:
    """The whole picture: title, legend, the words for it folded up, and `body`, which is HTML."""
    words = "\n".join(map(plain, words.split("\n")))
    head = f"<b>{html.escape(plain(title))}</b><br>" if title else ""
    return Picture(
        f'<figure class="minichar-coloured {RAW}"><style>{STYLE}</style>'
        f"<figcaption>{head}{legend}"
        f"<details{' open' if unfold else ''}><summary>In words</summary>"
        f'<div class="words">{html.escape(words)}</div></details></figcaption>{body}</figure>',
        words,
    )
