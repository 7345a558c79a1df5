"""Clipping: gradients that are too large are made smaller, before an optimiser takes them.

A few steep places would otherwise throw the weights far away. Built in lesson 05.

    >>> import numpy as np
    >>> w = Tensor(np.zeros(2), requires_grad=True)
    >>> w.grad = np.array([30.0, 40.0])
    >>> clip_by_norm({"w": w}, 5.0), w.grad.tolist()
    (50.0, [3.0, 4.0])
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from minichar import backend
from minichar.graph import Tensor


def _positive(limit: float) -> float:
    if not limit > 0:
        raise ValueError(f"limit={limit}: clipping needs a limit above 0")
    return float(limit)


def clip_by_value(parameters: Mapping[str, Tensor], limit: float) -> float:
    """Clip every number of every gradient to ±limit; return the share of them that was outside.

    Raises ValueError for a limit that is not above 0.
    """
    limit, outside, total = _positive(limit), 0, 0
    for w in parameters.values():
        if w.grad is not None:
            outside += int((abs(w.grad) > limit).sum())
            total += w.grad.size
            w.grad = w.grad.clip(-limit, limit)
    return outside / max(1, total)


def length(arrays: Iterable) -> Any:
    """The length of all the arrays as one long vector; inf or nan where a square is not finite.

    A float; of arrays on a graphics card an array of one number there, so that nothing waits.
    """
    flat = [a.reshape(-1) for a in arrays]
    if flat and backend.on_card(flat[0]):
        return backend.of(flat[0]).sqrt(sum(a.dot(a) for a in flat))
    return math.sqrt(sum(float(a.dot(a)) for a in flat))


def clip_by_norm(parameters: Mapping[str, Tensor], limit: float | None) -> Any:
    """Shorten all gradients by one factor to a norm of at most `limit`; return the norm before.

    Unlike clipping by value it keeps the direction (Pascanu, Mikolov and Bengio, 2013,
    algorithm 1). The norm is the `length` of all of them: on a graphics card the question whether
    it is above the limit stays there too. With None it is only measured. Raises ValueError for a
    limit that is not above 0.
    """
    norm = length(w.grad for w in parameters.values() if w.grad is not None)
    if limit is None:
        return norm
    limit = _positive(limit)
    if backend.on_card(norm):
        factor = limit / backend.of(norm).maximum(norm, limit)  # 1 where nothing is to be done
    elif norm > limit:
        factor = limit / norm
    else:
        return norm
    for w in parameters.values():
        if w.grad is not None:
            w.grad *= factor
    return norm
