"""The texts of a batch side by side: each thread takes some of the rows.

In the loop over time every step waits for the one before, but the rows of a batch never meet. So
two threads can each walk half of them through all steps, which keeps two cores at work on all of
it. The threads of BLAS share out one matrix product only, and wait for one another at each step:
while a loop runs, BLAS gets one thread. How many threads there are is up to whoever set the number
for BLAS (OPENBLAS_NUM_THREADS and the like); with 1 everything runs in the thread it is called in.
Lesson 09 says why.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from functools import cache

from threadpoolctl import ThreadpoolController

# Numbers in a step's state, all rows: below SMALL one thread of BLAS is enough; from LARGE on, two
# threads bring more than it costs to share the rows out. Both measured, with 2 cores.
SMALL, LARGE = 8_000, 32_000


def side_by_side(work: Callable[[slice], None], B: int, numbers: int) -> None:
    """Call `work` with slices that together are the B rows: one for each thread, if it is LARGE.

    `numbers` is how many there are in a step, all rows. What `work` raises is raised here, once all
    parts have ended.
    """
    parts = min(B, threads()) if numbers >= LARGE else 1
    if parts == 1:
        return work(slice(0, B))
    rows = [slice(B * k // parts, B * (k + 1) // parts) for k in range(parts)]
    pool = _pool(parts, os.getpid())  # the threads do not follow into a forked process
    with _blas().limit(limits=1):
        # numpy's errstate, among others, goes along in a copy of the context.
        others = [pool.submit(copy_context().run, work, part) for part in rows[1:]]
        try:
            work(rows[0])
        finally:
            wait(others)
    for other in others:
        other.result()  # raises what the part has raised


def calm(numbers: int) -> AbstractContextManager:
    """BLAS with one thread, where a step has so few `numbers` that its threads would mostly wait.

    On an idle machine that costs little or gains a little; on a busy one it saves many times over.
    """
    return _blas().limit(limits=1) if numbers < SMALL else nullcontext()


def threads() -> int:
    """How many BLAS may use."""
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


@cache
def _blas() -> ThreadpoolController:
    """The libraries for matrix products that numpy has loaded."""
    return ThreadpoolController().select(user_api="blas")


@cache
def _pool(parts: int, process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(parts - 1, thread_name_prefix="minichar")
