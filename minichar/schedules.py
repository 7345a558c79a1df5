"""Learning rates that change as training goes on: by what factor, at which step.

>>> halved = exponential(0.5, every=100)
>>> halved(0), halved(99), halved(100), halved(200)
(1.0, 1.0, 0.5, 0.25)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Schedule = Callable[[int], float]  # step, from 0 -> factor of the learning rate


@dataclass(frozen=True)
class exponential:  # a function with settings that can be saved, so it has a function's name
    """1 up to step `after`, then times `factor` after every `every` steps, 1 or more."""

    factor: float
    every: int
    after: int = 0

    def __post_init__(self) -> None:
        if self.every <= 0:
            raise ValueError(f"every={self.every}: it must be 1 step or more")

    def __call__(self, step: int) -> float:
        return self.factor ** max(0, (step - self.after) // self.every)


@dataclass(frozen=True)
class cosine:
    """Linear warm-up for `warmup` steps, then down half a cosine to `last` at step `steps`.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, equation 5,
    without the restarts.
    """

    steps: int
    warmup: int = 0
    last: float = 0.1

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        return self.last + (1 - self.last) * 0.5 * (1 + float(np.cos(np.pi * done)))
