"""Whether a model closes what was opened, and how far back it remembers what it was.

At the place where a bracket, a quotation or a tag ends, how likely does the model find the right
mark, and does it prefer it to the marks that would have closed something else? Ordered by the
distance to the opening mark: beyond an n-gram's order only memory helps. After Karpathy, Johnson
and Fei-Fei, "Visualizing and Understanding Recurrent Networks" (2015, arXiv 1506.02078), section
4.3. Built in lesson 11.

    >>> pairs("ta (lomi [su])", "brackets")
    [(9, 12), (3, 13)]
    >>> found = closings(NGram("(a) [b] (a) [b] ", order=2), "(a) [b] ", "brackets")
    >>> found.distance.tolist(), found.right.tolist()
    ([2, 2], [True, True])
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.reading import expected_at

# What opens and closes, in each kind of text. Python's strings and comments are passed over as a
# whole; a string that does not end goes on to the end of its line, or of the text if it may span
# lines. The repeats *+ and ++ never go back, so that no text takes long.
QUOTED = r"(?P<mark>[\"'`])(?:(?!(?P=mark)|\n).)*+(?P<end>(?P=mark))"
MARK = r"(?P<mark>(?P<long>'''|\"\"\")|['\"])"
STRING = MARK + r"(?:\\.|(?!(?P=mark)|(?(long)(?!)|\n)).)*+(?P<end>(?P=mark))?"
PIECES = {
    "brackets": r"[()\[\]{}]",
    "quotes": QUOTED,
    "tags": r"<(?P<slash>/?)(?P<name>\w++)[^<>]*+>",
    "python brackets": rf"#[^\n]*|{STRING}|[()\[\]{{}}]",
    "python quotes": rf"#[^\n]*|{STRING}",
}
CLOSERS = {"(": ")", "[": "]", "{": "}"}


def pairs(text: str, kind: str) -> list[tuple[int, int]]:
    """The places (opened, closed) of what closes in `text`, in the order in which it closes.

    `kind` is "brackets", "quotes" (each ends with the mark it began with, on the same line; others
    within are ordinary), "tags", or for Python's source "python brackets" or "python quotes", which
    know its comments and strings. Of a tag, `closed` is the first letter of the name in `</name>`;
    of a string in three quotes the first of the last three. What does not match is left out, and
    ends what was open.

    Raises ValueError for another kind.
    """
    if kind not in PIECES:
        raise ValueError(f"kind={kind!r}: it is one of {', '.join(PIECES)}")
    matched: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []  # what would close, and where it was opened
    for piece in re.finditer(PIECES[kind], text, re.DOTALL):
        found, at = piece[0], piece.start()
        if kind == "tags":
            opens, closes = not piece["slash"], piece["name"]
            name, place = piece["name"], piece.start("name")
            if found.endswith("/>"):
                continue  # it closes itself
        elif found[0] in "\"'`":
            if kind.endswith("quotes") and piece["end"]:
                matched.append((at, piece.start("end")))
            continue
        elif found[0] == "#":
            continue
        else:
            opens, closes, name, place = found in CLOSERS, CLOSERS.get(found), found, at
        if opens:
            waiting.append((closes, at))
        elif waiting and waiting[-1][0] == name:
            matched.append((waiting.pop()[1], place))
        else:
            waiting.clear()
    return matched


class Bin(NamedTuple):
    """The closings at distances `low` to `high`, both included: how many, and the means."""

    low: int
    high: int
    count: int
    p: float  # the mean probability given to the right mark
    right: float  # the share in which it was preferred to its rivals


@dataclass(frozen=True)
class Closings:
    """What a model expected where something closes; arrays (n,), in the order of `pairs`.

    `distance` is counted in characters, `p` the probability given to the right mark, and `right`
    whether it had more than each of the others.
    """

    rivals: str  # all marks that close something: the right one and the others
    opened: np.ndarray
    closed: np.ndarray
    p: np.ndarray
    right: np.ndarray

    @property
    def distance(self) -> np.ndarray:
        return self.closed - self.opened

    def by_distance(self) -> list[Bin]:
        """The means at distances 1, 2 to 3, 4 to 7, 8 to 15 and so on, where there are any."""
        number = np.frexp(self.distance)[1] - 1  # the whole part of log2
        found = []
        for b in np.unique(number).tolist():
            here = number == b
            means = float(self.p[here].mean()), float(self.right[here].mean())
            found.append(Bin(2**b, 2 ** (b + 1) - 1, int(here.sum()), *means))
        return found


def closings(model: CharModel | NGram, text: str, kind: str) -> Closings:
    """What `model` expects of each place in `text` where something closes.

    The rivals are the marks with which anything closes in this text: `)]}`, or the kinds of
    quotation marks, or the letters that the names of its tags begin with. So a model that knows
    nothing is right about once in as many. The text is read from its beginning, as in reading.py.

    Raises ValueError as `pairs` does and for a character that the model does not know.
    """
    opened, closed = np.array(pairs(text, kind), np.int64).reshape(-1, 2).T
    rivals = "".join(sorted({text[t] for t in closed.tolist()}))
    among = model.vocab.encode(rivals)
    p = expected_at(model, text, closed)[:, among]  # (n, rivals)
    own = p[np.arange(len(closed)), [rivals.index(text[t]) for t in closed.tolist()]]
    right = (p >= own[:, None]).sum(axis=1) == 1
    return Closings(rivals, opened, closed, own, right)
