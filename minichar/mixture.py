"""Two models asked as one: a share of what the one expects, and the rest of what the other does.

A network and a table of counts are wrong in different places, so together they are often better
than either. That is how networks were first put to use in predicting text: Mikolov and others,
"Recurrent neural network based language model", 2010. Built in lesson 12.

    >>> together(np.array([1.0, 3.0]), np.array([3.0, 1.0]), share=0.5).round(3).tolist()
    [1.678, 1.678]
"""

import numpy as np

SHARES = np.linspace(0, 1, 41)  # that are tried


def together(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """-log2 of share · p + (1 - share) · q, in bits, for each character of a text: (N,).

    `a` (N,) is -log2 p, what each character costs with one model, and `b` (N,) -log2 q with another
    (`reading.bits`, `NGram.bits`). With a share of 0.5 it costs at most one bit more than with the
    better of the two. Raises ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share={share}: it must be from 0, the second alone, to 1, the first")
    return -np.log2(share * 2.0**-a + (1 - share) * 2.0**-b)


def best_share(a: np.ndarray, b: np.ndarray) -> float:
    """The one of SHARES with the fewest bits in all; find it on a text that is not the held-out."""
    return float(min(SHARES, key=lambda share: together(a, b, share).sum()))
