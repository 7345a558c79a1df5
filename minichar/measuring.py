"""Every cell of a network beside every feature of a text: how well do they go together?

One pass over the text, however long, with a few numbers for each pair of a cell and a feature. What
to make of them is in neurons.py. Built in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model, text = CharModel(Vocabulary.of("aeb\\n"), hidden=8), "ab\\nbeb\\nb\\n" * 30
    >>> found = measure(model, text)
    >>> cell = found.cells[found.best("vowel")[0]]  # (layer, kind, number)
    >>> len(found.cells), cell[:2], found.correlation.shape
    (8, (0, 'h'), (10, 8))
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minichar import backend
from minichar.features import FEATURES, Feature, tabulate
from minichar.look import kinds_of
from minichar.model import CharModel
from minichar.moments import Moments, best_ridges
from minichar.states import Cell, blocks, numbers

RIDGES = (10, 3, 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)  # tried for a probe; of equals the first


@dataclass(frozen=True)
class Measured:
    """How every cell of a model goes with every feature of a text.

    `correlation` (F, C) is Pearson's r. `luck` (S, F, C) is that with the features put out of step,
    S times. `folds` are the moments of each fifth of the text: of the C cells, then the F features,
    and those out of step.
    """

    cells: list[Cell]
    features: list[str]
    correlation: np.ndarray
    luck: np.ndarray
    folds: list[Moments]

    @cached_property
    def moments(self) -> Moments:
        """Those of the whole text."""
        return sum(self.folds, Moments())

    @cached_property
    def ridges(self) -> np.ndarray:
        """The penalty with which a probe of each feature does best on text it is not fitted to."""
        C = len(self.cells)
        return best_ridges(self.folds, range(C), range(C, C + len(self.features)), RIDGES)

    def best(self, feature: str, top: int = 1) -> list[int]:
        """The numbers in `cells` of the `top` cells for a feature, that with the largest |r| first.

        Raises ValueError for a feature that is not there.
        """
        score = np.abs(self.correlation[self._number(feature)])
        return np.argsort(-score, kind="stable")[:top].tolist()

    def _number(self, feature: str) -> int:
        if feature not in self.features:
            raise ValueError(f"feature {feature!r}: the features are {', '.join(self.features)}")
        return self.features.index(feature)

    def probe(self, feature: str) -> np.ndarray:
        """Weights (C,) with which all cells together best follow the feature: `Moments.probe`.

        With the one of RIDGES that does best when each fifth of the text is predicted from the
        others (cross-validation): `best_ridges`.
        """
        C, f = len(self.cells), self._number(feature)
        return self.moments.probe(range(C), C + f, self.ridges[f])

    def probe_score(self, feature: str, weights: np.ndarray) -> float:
        """The correlation of the feature with all cells, weighted like that, on this text."""
        C, f = len(self.cells), self._number(feature)
        return self.moments.probe_correlation(range(C), weights, C + f)


def measure(
    model: CharModel,
    text: str,
    features: Mapping[str, Feature] = FEATURES,
    kinds: Iterable[str] = "h",
    shifts: int = 0,
    seed: int = 0,
    **how: int,
) -> Measured:
    """Read `text` once, and compare every cell with every feature of it.

    `kinds` are as in states.py: "h", of an LSTM also "c" or both, "hc". With `shifts` each feature
    is compared that many times more, shifted by a tenth to nine tenths of the text, the end
    wrapping round to the beginning. Then nothing is left of what it had to do with the text, but it
    is as smooth as before: a shuffled one would change at every character, as no cell does, and
    make luck look rarer than it is.

    Beside a block (see `states.blocks`, whose settings are `how`) memory holds 4 bytes for each
    character and feature, and 40 for each pair of columns, that is of cells, features and moved
    features.

    Raises ValueError as `states.blocks` and `features.tabulate` do.
    """
    N, kinds, names = len(numbers(model, text)), kinds_of(model, kinds), list(features)
    table, F = tabulate(text, features, model.dtype), len(names)
    least, most = max(1, N // 10), max(2, N - N // 10)  # never by 0: that would be no control
    away = np.random.default_rng(seed).integers(least, most, shifts).tolist()
    folds, cells = [Moments() for _ in range(5)], []
    for at, states in blocks(model, text, **how):
        if not cells:
            wanted = [key for key in states if key[1] in kinds]
            cells = [(*key, j) for key in wanted for j in range(states[key].shape[1])]
        xp = backend.of(states[wanted[0]])
        values = xp.concatenate([states[key] for key in wanted], axis=1)
        moved = [table[(at + k) % N] for k in (0, *away)]
        rows, fifth = xp.concatenate([values, *map(xp.asarray, moved)], axis=1), at * 5 // N
        for k in np.unique(fifth):
            folds[k].add(rows[xp.asarray(fifth == k)])
    C, moments = len(cells), sum(folds, Moments())
    r = moments.correlation(range(C), range(C, C + F * (1 + shifts))).T.reshape(1 + shifts, F, C)
    return Measured(cells, names, r[0], r[1:], folds)
