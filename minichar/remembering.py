"""How far back a network remembers: what it loses when all but the last few characters are hidden.

At some places of a text, the same for all, the network reads only the d characters before, from an
empty state, and guesses the next. Where the curve over d stops falling, its memory ends; an n-gram
of order d has seen as much. Built in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=8)
    >>> remembered(model, "hellohello", distances=(0, 1, 4), places=3).bits.shape
    (3, 3)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minichar.backend import host
from minichar.graph import no_grad
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import log_softmax
from minichar.text import at_least_one

DISTANCES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Remembered:
    """What n places cost in bits, given the last d characters only: `bits` (distances, n).

    `counted` (order + 1, n) is the same from a counting model of order 0, 1, 2 …, or None.
    """

    distances: tuple[int, ...]
    places: np.ndarray
    bits: np.ndarray
    counted: np.ndarray | None

    @property
    def curve(self) -> np.ndarray:
        """Bits per character at each distance: (distances,)."""
        return self.bits.mean(axis=1)

    @property
    def error(self) -> np.ndarray:
        """The standard error of what each distance has above the last one, in bits: (distances,).

        The places are the same for all, so the difference is known far better than either.
        """
        return (self.bits - self.bits[-1]).std(axis=1) / np.sqrt(len(self.places))

    def reach(self, margin: float = 0.01) -> int:
        """The least distance with at most `margin` bits per character above the longest one."""
        near = self.curve <= self.curve[-1] + margin
        return self.distances[int(np.argmax(near))]


def remembered(
    model: CharModel,
    text: str,
    distances: Sequence[int] = DISTANCES,
    places: int = 300,
    ngram: NGram | None = None,
    seed: int | np.random.Generator = 0,
) -> Remembered:
    """Bits for the next character when `model` has read only the last d, for each d of `distances`.

    At `places` places drawn from `text` by `seed`, as many as it has, all with the longest distance
    before them. With d = 0 the network has read nothing: its scores are the bias of the read-out.
    `ngram` is counted on other text (or it knows the answers), with the same characters.

    The work is one step for each place and each character of each distance: 511 a place by default.
    Raises ValueError for distances that make no sense, a text that is too short, or a character
    that a model does not know.
    """
    at_least_one(places=places)
    distances = tuple(sorted({int(d) for d in distances}))
    if not distances or distances[0] < 0:
        raise ValueError(f"distances={distances}: at least one, whole numbers of at least 0")
    ids = model.vocab.encode(text)
    free = len(ids) - distances[-1]
    if free < 1:
        raise ValueError(
            f"no place in this text has {distances[-1]} characters before it: take a longer text "
            "or shorter distances"
        )
    at = np.random.default_rng(seed).choice(free, min(places, free), replace=False)
    at = np.sort(at) + distances[-1]
    found = np.empty((len(distances), len(at)))
    for row, d in zip(found, distances, strict=True):
        log_p = log_softmax(last_scores(model, ids[at + np.arange(-d, 0)[:, None]]))
        row[:] = -log_p[np.arange(len(at)), ids[at]] / np.log(2)
    counted = None
    if ngram:
        counted = np.array([ngram.bits(text, order=k)[at] for k in range(ngram.order + 1)])
    return Remembered(distances, at, found, counted)


def last_scores(
    model: CharModel, ids: np.ndarray, together: int = 64, length: int = 64
) -> np.ndarray:
    """Scores after reading each column of ids (d, n) from an empty state: (n, V) float64.

    Read `together` columns and `length` characters at a time, which bounds the memory.
    """
    d, n = ids.shape
    z = np.empty((n, len(model.vocab)))
    z[:] = host(model.read_out.parameters["b"].data)  # what h = 0 says: all there is for d = 0
    for left in range(0, n, together):
        columns, state = slice(left, left + together), None
        if model.lines:  # then only `step` starts again where a line does
            for row in ids[:, columns]:
                z[columns], state = model.step(row, state)
            continue
        for t in range(0, d, length):
            with no_grad():
                scores, state = model(ids[t : t + length, columns], state)
            z[columns] = host(scores.data[-1])
    return z
