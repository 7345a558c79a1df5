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

    def probe(self, some: Sequence[int], target: int, ridge: float) -> np.ndarray:
        """Weights w (some,) with which the columns `some` together best follow `target`.

        Least squares with a penalty (Hoerl and Kennard, "Ridge Regression", 1970), for columns
        divided by their standard deviations: (R + ridge I) w = r, where R are their correlations
        with each other and r those with `target`. The w that comes back is for them as they were.
        """
        some, scale = np.asarray(some, int), self.scale()
        R = self.correlation(some, some) + ridge * np.eye(len(some))
        w = np.linalg.solve(R, self.correlation(some, [target])[:, 0])
        return w * scale[some] / (scale[target] or 1)

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
    some, targets = np.asarray(some, int), np.asarray(targets, int)
    errors = np.zeros((len(ridges), len(targets)))
    for k, held in enumerate(folds if len(folds) > 1 else ()):
        fit = sum(folds[:k] + folds[k + 1 :], Moments())
        # R = Q diag(size) Q': taken apart once, it is solved with any ridge at once.
        size, Q = np.linalg.eigh(fit.correlation(some, some))
        r, scale, apart = Q.T @ fit.correlation(some, targets), fit.scale(), held.mean - fit.mean
        covariance = held.covariance
        among, between = covariance[np.ix_(some, some)], covariance[np.ix_(some, targets)]
        for error, ridge in zip(errors, ridges, strict=True):
            w = Q @ (r / (size.clip(0) + ridge)[:, None]) * scale[some][:, None]  # (some, targets)
            w /= np.where(scale[targets] > 0, scale[targets], 1)
            # The sum of (target - prediction)² over the rows held out, from their moments alone.
            error += held.n * (
                covariance.diagonal()[targets]
                - 2 * (w * between).sum(axis=0)
                + (w * (among @ w)).sum(axis=0)
                + (apart[targets] - apart[some] @ w) ** 2
            )
    return np.asarray(ridges)[errors.argmin(axis=0)]
