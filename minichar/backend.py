"""The array library that an array belongs to: numpy here, CuPy on a graphics card.

Code that asks its own arrays runs on both without knowing which it is on. An array goes from one
memory to the other, which is slow, only where `host`, `like`, `numbers` or asarray is called.
Lesson 10 uses it; until then the answer is always numpy.

    >>> of(np.zeros(3)).__name__
    'numpy'
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np


def of(array: Any) -> ModuleType:
    """The module, numpy or cupy, whose functions work on `array`."""
    if type(array) is np.ndarray:
        return np
    if type(array).__module__.startswith("cupy"):
        return sys.modules["cupy"]  # an array of it is here, so it has been imported
    if isinstance(array, memoryview):  # the `.data` of an array, where that of a Tensor was meant
        raise TypeError("a Tensor is needed here, not an array: graph.Tensor(array) makes one")
    return np


def on_card(array: Any) -> bool:
    """Whether `array` lies in the memory of a graphics card."""
    return of(array) is not np


def host(array: Any) -> np.ndarray:
    """The array as numpy has it: itself, or a copy from the graphics card."""
    return array if of(array) is np else array.get()


def like(array: Any, other: Any) -> Any:
    """`array` where `other` lies: itself if it is there already, else a copy."""
    xp = of(other)
    if of(array) is xp:
        return array
    return host(array) if xp is np else xp.asarray(array)


def numbers(*scalars: Any) -> list[float]:
    """Single numbers, from wherever they lie, as Python has them; from a card all in one transfer.

    The host waits here until the card has computed them: the only place in a step of training.
    """
    card = next((of(s) for s in scalars if on_card(s)), None)
    if card is None:
        return [float(s) for s in scalars]
    return card.stack([s.astype(np.float64) for s in scalars]).get().tolist()
