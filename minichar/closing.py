"""Whether a model closes the brackets it opened, and how far back it remembers which they were.

At the place where a bracket ends, how likely does the model find the right one, and does it prefer
it to those that would have closed something else? Sorted by the distance to the opening bracket:
beyond an n-gram's order only memory helps. After Karpathy, Johnson and Fei-Fei, "Visualizing and
Understanding Recurrent Networks" (2015, arXiv 1506.02078), section 4.3. Built in lesson 11.

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

# Python's strings and comments are passed over as a whole. A string that does not end goes on to
# the end of its line, or of the text if it may span lines. The repeat *+ never goes back, so that
# no text takes long.
STRING = r"(?P<mark>(?P<long>'''|\"\"\")|['\"])(?:\\.|(?!(?P=mark)|(?(long)(?!)|\n)).)*+(?P=mark)?"
PIECES = {
    "brackets": r"[()\[\]{}]",
    "python brackets": rf"#[^\n]*|{STRING}|[()\[\]{{}}]",
}
CLOSERS = {"(": ")", "[": "]", "{": "}"}


def pairs(text: str, kind: str) -> list[tuple[int, int]]:
    """The places (opened, closed) of the brackets in `text`, in the order in which they close.

    `kind` is "brackets", or "python brackets" for Python's source: those in its comments and
    strings do not count. What does not match is left out, and ends what was open.

    Raises ValueError for another kind.
    """
    if kind not in PIECES:
        raise ValueError(f"kind={kind!r}: it must be one of {', '.join(PIECES)}")
    matched: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []  # what would close, and where it was opened
    for piece in re.finditer(PIECES[kind], text, re.DOTALL):
        found, at = piece[0], piece.start()
        if found in CLOSERS:
            waiting.append((CLOSERS[found], at))
        elif found[0] in "#'\"":
            continue
        elif waiting and waiting[-1][0] == found:
            matched.append((waiting.pop()[1], at))
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
    """What a model expected where a bracket closes; arrays (n,), in the order of `pairs`.

    `p` is the probability given to the right mark, and `right` whether it had more than each of the
    others.
    """

    rivals: str  # all brackets that close something: the right one and the others
    opened: np.ndarray
    closed: np.ndarray
    p: np.ndarray
    right: np.ndarray

    @property
    def distance(self) -> np.ndarray:
        """How many characters after its opening bracket each one closes: (n,)."""
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
    """What `model` expects of each place in `text` where a bracket closes.

    The rivals are those of `)]}` with which anything closes in this text. So a model that knows
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
