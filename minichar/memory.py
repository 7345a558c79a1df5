"""Memory kept for the next step, which the C library would give back to the system after each.

A training step takes and frees the same large arrays again and again. Left alone, the C library of
Linux asks the system for each of them again, and the system clears every page before it is used.
The cells of fused.py call `keep` when they first run, so it holds in every process that trains; the
column "fresh" of tests/benchmarks/where.py shows what is left to pay. See lesson 09.

    >>> keep() in (True, False)
    True
"""

import ctypes
import sys
from functools import cache

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # names of settings, as in malloc.h of the GNU C library


@cache
def keep() -> bool:
    """Keep what this process frees, up to 2 GiB, for what it takes next; True if that could be set.

    It holds from the first call on and for the whole process, other libraries' arrays too. Only the
    GNU C library has the settings (mallopt(3)): elsewhere nothing changes.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, 2**31 - 1))
