"""The array library that an array belongs to: numpy here, CuPy on a graphics card.

Code that asks its own arrays runs on both without knowing which it is on. Lesson 10 uses it; until
then the answer is always numpy.

    >>> import numpy as np
    >>> of(np.zeros(3)).__name__
    'numpy'
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np


def of(array: Any) -> ModuleType:
    """The module, numpy or cupy, whose functions work on `array`."""
    if type(array).__module__.startswith("cupy"):
        return sys.modules["cupy"]  # an array of it is here, so it has been imported
    return np
