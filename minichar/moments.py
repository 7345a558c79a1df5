"""Statistics of very many rows, gathered block by block: correlations, and a linear probe.

What is kept is as large after a million rows as after one. Works on numpy's arrays or CuPy's, and
answers in numpy's. Built in lesson 11.

    >>> rows = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])
    >>> moments = Moments()
    >>> moments.add(rows[:2])
    >>> moments.add(rows[2:])
    >>> moments.mean.tolist(), moments.correlation([0], [1]).round(3).tolist()
    ([1.0, 3.0], [[1.0]])
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minichar import backend
from minichar.product import dot


class Moments:
    """Mean (D,) and covariance (D, D) of D columns, in float64, over all rows added.

    Each block is centred on a mean of its own, so that float32 is good enough within it; blocks are
    joined as in Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance" (1983).
    """

    def __init__(self) -> None:
        self.n, self._mean, self._cross = 0, 0.0, 0.0

    def add(self, rows: Any) -> None:
        """Take in a block of rows (N, D).

        Raises ValueError where a row holds something that is not a finite number.
        """
        mean = rows.mean(axis=0, dtype=np.float64)
        if not backend.of(rows).isfinite(mean).all():
            raise ValueError("some numbers are nan or infinite: the model has gone wrong")
        centred = rows - mean.astype(rows.dtype)
        self._join(len(rows), mean, dot(centred.T, centred))

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of both kinds of rows together."""
        both = Moments()
        for part in (self, other):
            if part.n:
                both._join(part.n, part._mean, part._cross)
        return both

    def _join(self, n: int, mean: Any, cross: Any) -> None:
        apart, total = mean - self._mean, self.n + n
        self._cross = self._cross + cross.astype(np.float64)
        self._cross += apart[:, None] * apart * (self.n * n / total)
        self._mean, self.n = self._mean + apart * (n / total), total

    @property
    def mean(self) -> np.ndarray:
        """The mean of each column: (D,)."""
        return backend.host(self._mean)

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of each column with each, divided by n and not n - 1: (D, D)."""
        return backend.host(self._cross) / self.n

    def correlation(self, some: Sequence[int], others: Sequence[int]) -> np.ndarray:
        """Pearson's r of columns with columns: (some, others), from -1 to 1.

        A column that does not vary gets 0: it tells nothing.
        """
        some, others = np.asarray(some, int), np.asarray(others, int)
        scale = self.scale()
        r = self.covariance[np.ix_(some, others)] * np.outer(scale[some], scale[others])
        return r.clip(-1, 1)

    def scale(self) -> np.ndarray:
        """1 / standard deviation of each column (D,), and 0 for one that does not vary."""
        variance = self.covariance.diagonal()
        varies = variance > 1e-10 * self.mean**2  # less is float32's rounding
        return np.where(varies, 1 / np.sqrt(np.where(varies, variance, 1)), 0)

    def probes(
        self, some: Sequence[int], targets: Sequence[int], ridges: Sequence[float]
    ) -> np.ndarray:
        """Weights w (ridges, some, targets): with them the columns `some` best follow each target.

        Least squares with a penalty (Hoerl and Kennard, "Ridge Regression", 1970), for columns
        divided by their standard deviations: (R + ridge I) w = r, where R are their correlations
        with each other and r those with the target. The w that comes back is for them as they were.
        """
        some, targets, scale = np.asarray(some, int), np.asarray(targets, int), self.scale()
        R, r = self.correlation(some, some), self.correlation(some, targets)
        w = np.array([np.linalg.solve(R + ridge * np.eye(len(some)), r) for ridge in ridges])
        return w * scale[some][:, None] / np.where(scale[targets] > 0, scale[targets], 1)

    def probe(self, some: Sequence[int], target: int, ridge: float) -> np.ndarray:
        """The weights (some,) of `probes` for one target and one ridge."""
        return self.probes(some, [target], [ridge])[0, :, 0]

    def probe_correlation(self, some: Sequence[int], w: np.ndarray, target: int) -> float:
        """Pearson's r of `target` with the sum of the columns `some`, weighted by w."""
        some, scale, covariance = np.asarray(some, int), self.scale(), self.covariance
        w = w * (scale[some] > 0)
        spread = np.sqrt(max(0, w @ covariance[np.ix_(some, some)] @ w))
        return float(w @ covariance[some, target] * scale[target] / spread) if spread else 0.0


def best_ridges(
    folds: Sequence[Moments], some: Sequence[int], targets: Sequence[int], ridges: Sequence[float]
) -> np.ndarray:
    """For each target the ridge with which a probe does best on rows it was not fitted to.

    `folds` are the moments of parts of the rows. Each is judged by the weights that the others
    give, by the sum of squared errors; that over all folds decides (Stone, "Cross-Validatory Choice
    and Assessment of Statistical Predictions", 1974). Of equals the first of `ridges`: (targets,).
    """
    folds = [fold for fold in folds if fold.n]
    if len(folds) < 2:  # there are no others to fit to
        return np.full(len(targets), float(ridges[0]))
    errors = np.zeros((len(ridges), len(targets)))
    for k, held_out in enumerate(folds):
        others = sum(folds[:k] + folds[k + 1 :], Moments())
        covariance, shift = held_out.covariance, held_out.mean - others.mean
        for i, w in enumerate(others.probes(some, targets, ridges)):
            # From the others' means, target - prediction is a sum of the columns, weighted by u.
            u = np.zeros((len(shift), len(targets)))
            u[targets, range(len(targets))] = 1
            u[some] -= w
            # So the moments give its variance and mean, and these the sum of its squares.
            variance, mean = (u * (covariance @ u)).sum(axis=0), shift @ u
            errors[i] += held_out.n * (variance + mean**2)
    return np.asarray(ridges)[errors.argmin(axis=0)]
