r"""What a cell could be keeping track of: functions of a text, with a number for each character.

One convention for all of them: the number at place t is a fact about the text up to and including
character t, which is what a network has read when its state is row t of look.py. So what comes
later never changes it. A function of your own works as well as these:

    >>> def shouting(text):
    ...     return [c.isupper() for c in text]
    >>> features = FEATURES | {"shouting": shouting}
    >>> indentation("  x\n y").tolist()
    [1.0, 2.0, 2.0, 0.0, 1.0, 1.0]
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minichar.text import code_points

Feature = Callable[[str], Any]


def where(text: str, of: Callable[[str], bool]) -> np.ndarray:
    """Yes or no for each character on its own: (len(text),) bool."""
    different, which = np.unique(code_points(text), return_inverse=True)
    return np.array([of(chr(c)) for c in different.tolist()], bool)[which]


def run_length(yes: np.ndarray) -> np.ndarray:
    """How many in a row have been True, up to and including each place: (N,) float64."""
    places = np.arange(len(yes))
    return (places - np.maximum.accumulate(np.where(yes, -1, places))).astype(float)


def tabulate(text: str, features: Mapping[str, Feature], dtype: Any = "float32") -> np.ndarray:
    """A column of numbers for each of the features: (len(text), number of features).

    Raises ValueError for a feature that does not give one finite number for each character.
    """
    table = np.empty((len(text), len(features)), dtype)
    for k, (name, feature) in enumerate(features.items()):
        column = np.asarray(feature(text), dtype)
        if column.shape != (len(text),):
            raise ValueError(
                f"feature {name!r} gives shape {column.shape} for {len(text)} characters; "
                f"it must be {(len(text),)}: one number for each"
            )
        if not np.isfinite(column).all():
            t = int(np.argmin(np.isfinite(column)))
            raise ValueError(
                f"feature {name!r} is {column[t]} at character {t}: only finite numbers can be used"
            )
        table[:, k] = column
    return table


# --- of any text


def after_newline(text: str) -> np.ndarray:
    """1 where the character is a line end, so that a new line begins with the next; else 0."""
    return where(text, lambda c: c == "\n").astype(float)


def line_position(text: str) -> np.ndarray:
    """How many characters of this line have been read; 0 at the line end, and 1 after it."""
    return run_length(where(text, lambda c: c != "\n"))


def indentation(text: str) -> np.ndarray:
    """How many spaces and tabs this line began with, as far as it has been read; a tab is one."""
    blank, place = where(text, lambda c: c in " \t"), line_position(text)
    # The blanks that the line began with end where one is missing from the count.
    leading = blank & (run_length(blank) == place)
    started = np.maximum.accumulate(np.where(leading | (place == 0), np.arange(len(text)), 0))
    return np.where(leading[started], place[started], 0.0)


def vowel(text: str) -> np.ndarray:
    """1 where the character is one of a, e, i, o, u, small or capital; else 0."""
    return where(text, lambda c: c in "aeiouAEIOU").astype(float)


def word_position(text: str) -> np.ndarray:
    """How many characters of this word have been read, 0 between words.

    A word is a run of letters, digits and underscores, as a name in a program is.
    """
    return run_length(where(text, lambda c: c.isalnum() or c == "_"))


def inside_url(text: str) -> np.ndarray:
    """1 in an address, from the end of its "http://" or "https://" to the character before the end.

    It ends with a blank, a line end, a quote, or one of <>()[]{}.
    """
    return _spans(text, r"""https?:/(/[^\s"'`<>()\[\]{}]*)""")


def inside_tag(text: str) -> np.ndarray:
    """1 inside a tag of XML or HTML, from the character after "<" to the one before ">".

    That character is a letter, a slash, ? or !; and there is no second < in a tag.
    """
    return _spans(text, r"<([A-Za-z/?!][^<>]*)")


def _spans(text: str, pattern: str) -> np.ndarray:
    """1 in the first group of every match of a regular expression, else 0."""
    found = np.zeros(len(text))
    for match in re.finditer(pattern, text):
        found[match.start(1) : match.end(1)] = 1
    return found


# --- of a program's source


def inside_quotes(text: str, marks: str = "\"'") -> np.ndarray:
    """1 from an opening quote to the character before the closing one, as in Python; else 0.

    It knows strings in either of `marks`, strings of many lines in three of the same, and that a
    character after a backslash closes nothing. Quotes in a comment open nothing. A string with
    single marks ends with its line, so that a stray one does no harm beyond it. An expression in an
    f-string counts as part of the string. In prose, where ' is an apostrophe, take
    `lambda text: inside_quotes(text, '"')`.
    """
    return np.array([state == QUOTES for state, _ in _scan(text, marks)], float)


def inside_comment(text: str) -> np.ndarray:
    """1 from a # outside quotes to the last character before the line end; else 0."""
    return np.array([state == COMMENT for state, _ in _scan(text)], float)


def bracket_depth(text: str) -> np.ndarray:
    """How many of ( [ { are open. Those in quotes and comments do not count; never below 0.

    Which bracket closes which is not looked at.
    """
    depth, now = np.zeros(len(text)), 0
    for t, (state, c) in enumerate(_scan(text)):
        if state == CODE and c in "()[]{}":
            now = now + 1 if c in "([{" else max(0, now - 1)
        depth[t] = now
    return depth


CODE, QUOTES, COMMENT = range(3)


def _scan(text: str, marks: str = "\"'") -> Iterator[tuple[int, str]]:
    """For each character: CODE, QUOTES or COMMENT once it has been read, and the character."""
    state, mark, triple, escaped = CODE, "", False, False
    length = run = 0  # characters since the opening mark; how many of its marks just now in a row
    empty = False  # the last character closed an empty string: one more mark, and it is three
    for c in text:
        length += 1
        if state == COMMENT:
            state = CODE if c == "\n" else COMMENT
        elif state == CODE:
            if c in marks:
                triple = empty and c == mark
                state, mark, length, run = QUOTES, c, 0, 0
            elif c == "#":
                state = COMMENT
            empty = False
        elif escaped:
            escaped = False
        elif c == "\\":
            escaped, run = True, 0
        else:
            run = run + 1 if c == mark else 0
            if run == 3 or (not triple and (run or c == "\n")):
                state, empty = CODE, run == 1 and length == 1
        yield state, c


FEATURES: dict[str, Feature] = {
    f.__name__: f
    for f in (
        line_position,
        indentation,
        after_newline,
        inside_quotes,
        inside_comment,
        bracket_depth,
        inside_url,
        inside_tag,
        vowel,
        word_position,
    )
}
