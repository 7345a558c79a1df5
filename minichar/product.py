"""Matrix products, by what is fastest where they run.

numpy hands products to BLAS, a library that is as fast as the processor. In a browser there is none
and numpy's own loops do it: for each number of the result they walk down a column of the second
matrix, with a jump from row to row. Its `einsum` walks along the rows instead: the same sums, and
much faster there. tests/benchmarks/in_the_page.py measures how fast a training is in the page.

    >>> import numpy as np
    >>> dot(np.array([1.0, 2.0]), np.eye(2))
    array([1., 2.])
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minichar import backend

IN_BROWSER = sys.platform == "emscripten"
MANY = 10_000  # numbers in the second matrix from which on einsum is ahead there


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """a @ b of arrays (…, K) and (K, N), numpy's or CuPy's; with `out`, `a` is (K,) or (n, K).

    Raises ValueError for shapes that do not fit.
    """
    if IN_BROWSER and b.size >= MANY and not backend.on_card(b):  # lesson 10 has a stand-in
        return np.einsum("...k,kn->...n", a, b, out=out)
    return a.dot(b, out) if a.ndim < 3 else a @ b  # @ is slow for a single row


def dot_for(b: Any) -> Callable[[Any, Any, Any], Any]:
    """What `dot` calls for an (K,) or (n, K) `a`, to be looked up once before a loop over time.

    It takes a, b and out.
    """
    return dot if IN_BROWSER else type(b).dot
