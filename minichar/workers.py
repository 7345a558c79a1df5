"""Work shared out to threads: the texts of a batch, the rows of a large matrix product.

In the loop over time every step waits for the one before, but the texts of a batch never meet. So
two threads can each walk half of them through all steps, which keeps two cores at work on all of
it. BLAS's own threads share out one product at a time, and between two products they wait in a busy
loop, in the way of whoever wants that core. So while a network learns, BLAS gets one thread, and
the threads here do the sharing. How many there are is the number that was set for BLAS
(OPENBLAS_NUM_THREADS and the like); with 1, everything runs in the calling thread. Lesson 09 says
why.
"""

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache, reduce
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from minichar import backend
from minichar.product import dot

# Between two calls of numpy the threads take turns, so the more there are, the more each must have
# to do. LARGE: numbers in a step's state, all texts, that are worth two threads; four times as many
# are worth four. WORTH: multiplications in a product, for each thread. Both measured, with 2 cores.
LARGE, WORTH = 6_000, 5_000_000
# What sets the number of threads of a BLAS in the environment of a process that starts.
NUM_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_free: ContextVar[int | None] = ContextVar("free", default=None)  # threads, once BLAS has but one


@contextmanager
def calm() -> Iterator[int]:
    """BLAS with one thread; yields how many threads there are to share out work.

    On a busy machine the threads of BLAS make a step many times slower. Within another `calm`
    nothing changes, and within a part of work that was shared out there is one thread. Its number
    of threads is the whole process's: where several threads are calm at once, the last to leave
    gives BLAS back what the first found.
    """
    if (free := _free.get()) is not None:
        yield free
        return
    blas = _blas()
    with blas.lock:
        if not blas.users:
            blas.before = blas.numbers()
            blas.set([1] * len(blas.before))
        blas.users += 1
    free = threads()
    token = _free.set(free)
    try:
        yield free
    finally:
        _free.reset(token)
        with blas.lock:
            blas.users -= 1
            if not blas.users:
                blas.set(blas.before)


@contextmanager
def alone() -> Iterator[None]:
    """One thread for all: within it, nothing is shared out."""
    with calm():
        token = _free.set(1)
        try:
            yield
        finally:
            _free.reset(token)


def side_by_side(work: Callable[[slice], Any], B: int, numbers: int) -> None:
    """Call `work` with slices that together are the B rows: one for each thread, if it is LARGE.

    `numbers` is how many there are in a step, all rows. What `work` raises is raised here, once all
    parts have ended.
    """
    if (parts := math.isqrt(4 * numbers // LARGE)) < 2:
        return work(slice(0, B))
    with calm() as free:
        _share(work, B, min(free, parts))


def matmul(a: Any, b: Any) -> Any:
    """a @ b of arrays (n, K) and (K, N): where it is large, each thread does a part of it.

    A part is some rows of the result; or, where more is added up than there are rows, all of it
    with some of the terms: each thread then reads only its share of both matrices.
    """
    (n, K), N = a.shape, b.shape[1]
    wanted = n * K * N // WORTH
    if wanted < 2 or backend.on_card(a):
        return dot(a, b)
    with calm() as free:
        parts = min(free, wanted)
        if K > n:
            sums = {}
            _share(lambda k: sums.update({k.start: dot(a[:, k], b[k])}), K, parts)
            return reduce(np.add, [sums[start] for start in sorted(sums)])
        out = np.empty((n, N), np.result_type(a, b))
        _share(lambda rows: dot(a[rows], b, out[rows]), n, parts)
    return out


def threads() -> int:
    """How many threads BLAS may use when nobody is `calm`."""
    blas = _blas()
    return max(blas.before if blas.users else blas.numbers(), default=1)


def slices(n: int, parts: int) -> list[slice]:
    """Rows 0 to n in `parts` parts, as equal as possible."""
    return [slice(n * k // parts, n * (k + 1) // parts) for k in range(parts)]


def _share(work: Callable[[slice], Any], n: int, parts: int) -> None:
    """`work` on rows 0 to n in so many parts: the first in this thread, each other in its own."""
    rows = slices(n, max(1, min(n, parts)))
    if len(rows) == 1:
        return work(rows[0])
    context = copy_context()  # of the caller: numpy's errstate, among others, goes along
    context.run(_free.set, 1)
    pool = _pool(len(rows), os.getpid())  # the threads do not follow into a forked process
    others = [pool.submit(context.copy().run, work, part) for part in rows[1:]]
    try:
        context.run(work, rows[0])
    finally:
        wait(others)
    for other in others:
        other.result()  # raises what the part has raised


class Blas:
    """The libraries for matrix products that numpy has loaded, and who wants them calm."""

    def __init__(self) -> None:
        self.lib_controllers = ThreadpoolController().select(user_api="blas").lib_controllers
        self.lock, self.users, self.before = Lock(), 0, []

    def numbers(self) -> list[int]:
        return [library.num_threads for library in self.lib_controllers]

    def set(self, numbers: list[int]) -> None:
        """By hand: threadpoolctl's `limit` takes longer than a small network's step can spare.

        And from version 3.8 on its `set_num_threads` does nothing where another thread was first.
        """
        for library, n in zip(self.lib_controllers, numbers, strict=True):
            getattr(library, "_real_set_num_threads", library.set_num_threads)(n)


@cache
def _blas() -> Blas:
    return Blas()


@cache
def _pool(parts: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(parts - 1, thread_name_prefix="minichar")
