"""Numbers in place of letters: a series, forecast one step ahead or running free, and judged.

`Forecaster` reads number after number and says at each what the next will be. It is useful only if
it beats simple baselines: "the same as last", "the same as a season ago". Built in lesson 13.

    >>> values = np.array([1.0, 5.0, 2.0, 6.0])
    >>> drifting_season(values, 2).tolist()  # after 2, what it did after 1: 4 more
    [6.0]
    >>> scale = Scale.of(values[:2])  # by the part to train on, and by nothing that comes later
    >>> scale.down(values).tolist(), scale.up(scale.down(values)).tolist()
    ([-1.0, 1.0, -0.5, 1.5], [1.0, 5.0, 2.0, 6.0])
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minichar import fused, graph
from minichar.datasets import folder
from minichar.graph import Tensor
from minichar.layers import named


def carbon_dioxide() -> tuple[list[str], np.ndarray]:
    """Months, as "1965-01", and the carbon dioxide in the air at Mauna Loa in each: 37 whole years.

    In parts per million. Means of the weekly values of C. D. Keeling and T. P. Whorf, Scripps
    Institution of Oceanography; datasets/README.md says more. Raises FileNotFoundError where the
    file has gone.
    """
    with open(folder() / "co2.csv", encoding="utf-8", newline="") as file:
        rows = [(row["month"], float(row["ppm"])) for row in csv.DictReader(file)]
    return [month for month, _ in rows], np.array([ppm for _, ppm in rows])


@dataclass(frozen=True)
class Scale:
    """Numbers scaled to mean 0 and standard deviation 1, as measured on a part of them."""

    mean: float
    spread: float

    @classmethod
    def of(cls, training: Sequence[float]) -> "Scale":
        """By the training part alone: the rest is the future, and nothing of it is known.

        Raises ValueError where all numbers are the same, and where one is missing (nan).
        """
        mean, spread = float(np.mean(training)), float(np.std(training))
        if not np.isfinite(spread):
            raise ValueError("some of these are not numbers (nan or inf): fill the gaps first")
        if not spread > 0 or not np.ptp(training):  # rounding may leave equal ones a spread
            raise ValueError("all numbers are the same: there is nothing to forecast")
        return cls(mean, spread)

    def down(self, values: Any) -> Any:
        """Values in their own unit, such as ppm, scaled."""
        return (values - self.mean) / self.spread

    def up(self, values: Any) -> Any:
        """Scaled values, back in their own unit."""
        return values * self.spread + self.mean


def drifting_season(values: np.ndarray, season: int) -> np.ndarray:
    """For each of values[season + 1:]: the last value, and the change of a season ago once more."""
    return values[season:-1] + values[1:-season] - values[: -season - 1]


def error(forecast: np.ndarray, truth: np.ndarray) -> float:
    """The root of the mean squared error, in the unit of the series.

    Raises ValueError for different shapes, which numpy might broadcast into nonsense.
    """
    if np.shape(forecast) != np.shape(truth):
        raise ValueError(f"shapes {np.shape(forecast)} and {np.shape(truth)} do not fit")
    return float(np.sqrt(np.mean((np.asarray(forecast) - truth) ** 2)))


class Forecaster:
    """In step, on numbers: a GRU reads a series and says at every number what the next will be."""

    def __init__(self, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        parts = {"cell": fused.GRU(1, H, rng, dtype), "read_out": fused.Linear(H, 1, rng, dtype)}
        self.parts, self.parameters, self.dtype = parts, named(parts), dtype

    def __call__(self, x: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """For x (T, B) numbers: what comes after each, (T, B), and the state after the last."""
        x = np.asarray(x, self.dtype)
        y, state = self.parts["cell"](Tensor(x[..., None]), state)
        return self.parts["read_out"](y).reshape(*x.shape), state

    def loss(self, series: np.ndarray, skip: int = 0) -> Tensor:
        """The mean squared error, for series (T, B); the first `skip` forecasts do not count.

        At the beginning nobody could know where in its cycle the series is.
        """
        forecast, _ = self(series[:-1])
        off = forecast - Tensor(np.asarray(series[1:], self.dtype))
        return (off[skip:] ** 2).mean()

    def ahead(self, values: np.ndarray) -> np.ndarray:
        """One step ahead, of a series (T,): a forecast for each of values[1:] and for one more."""
        with graph.no_grad():
            return self(values[:, None])[0].data[:, 0]

    def run_free(self, values: np.ndarray, n: int) -> np.ndarray:
        """Reads values (T,), then its own forecasts, n of them, which it returns: (n,).

        Raises ValueError for an empty series or an n below 1.
        """
        if not len(values) or n < 1:
            raise ValueError("run_free needs at least one number to read, and n of at least 1")
        with graph.no_grad():
            forecast, state = self(values[:, None])
            said = [forecast.data[-1:]]
            while len(said) < n:
                forecast, state = self(said[-1], state)
                said.append(forecast.data)
        return np.concatenate(said)[:, 0]
