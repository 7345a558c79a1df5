"""Where the time of a step goes, part by part, and which part of a gap to PyTorch is whose.

    python tests/benchmarks/where.py [--only a,g] [--rounds 7] [--threads 2]

One step of each row of peers.py, all of it in one process, is watched: every product, every other
call of numpy or of a compiled loop, with the arrays it works on. Then each part is done again
alone, on these arrays, in the order and the threads of the step. All columns are milliseconds a
step, medians over rounds:

- products: the matrix products; elementwise: the other arithmetic; copies: copies, gathers, zeros.
  Each without what its calls cost on arrays of a single number: that is the column calls.
- fresh: the first touch of new memory. All new arrays of the step are filled, and filled again;
  the difference is scaled by the page faults that the step itself has.
- optimiser: clipping and the optimiser, timed in the step (with their own calls and new memory).
- rest: what the step takes beyond all that: Python itself, and what memory has to fetch anew.
- torch: PyTorch's whole step; its products: the very same ones, alone, in its process.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial, partialmethod
from unittest.mock import patch

from peers import EVERY, HAVE, WRITING, Rival, make, matmul_rate, options, wanted

# isort: split
import numpy as np
from rivals import minichar_writes
from watched import KINDS, again, flat, here, run, watching

import minichar as mc
from minichar.workers import calm

os.environ["MINICHAR_HELPERS"] = "0"
LENGTH = 20  # characters that are written
COLUMNS = (*KINDS, "calls", "fresh", "optimiser", "rest")


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


@contextmanager
def apart(spent):
    """Inside, clipping and optimiser add their milliseconds and page faults to `spent`."""

    def timed(function, *arguments):
        log, here.log = getattr(here, "log", None), None  # not watched
        began, before = time.perf_counter(), faults()
        result = function(*arguments)
        spent["ms"] += 1e3 * (time.perf_counter() - began)
        spent["faults"] += faults() - before
        here.log = log
        return result

    clip = partial(timed, mc.optim.clip_by_norm)
    step = partialmethod(partial(timed, mc.optim.Optimizer.step))
    with (
        patch.object(mc.optim, "clip_by_norm", clip),
        patch.object(mc.optim.Optimizer, "step", step),
    ):
        yield


def milliseconds(do, before=lambda: None, least=0.02):
    """The median of some calls, of at least 3 and for at least so many seconds."""
    times = []
    while len(times) < 3 or sum(times) < least:
        before()
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return 1e3 * np.median(times)


def root(a):
    """The whole array that this is a view of."""
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def arrays_of(log):
    """Every array that a step changes, whole."""
    found = {}
    for _, _, arguments, how, _ in flat(log):
        for x in (*arguments, *how.values()):
            for a in x if isinstance(x, tuple) else (x,):
                if isinstance(a, np.ndarray) and root(a).flags.writeable:
                    found[id(root(a))] = root(a)
    return list(found.values())


def touch(sizes):
    """The page faults and milliseconds that new arrays of these sizes in bytes cost."""
    before, began = faults(), time.perf_counter()
    arrays = [np.empty(n, np.uint8) for n in sizes]
    for a in arrays:
        a.fill(1)
    fresh, before = time.perf_counter() - began, faults() - before
    began = time.perf_counter()
    for a in arrays:
        a.fill(1)
    return before, 1e3 * (fresh - (time.perf_counter() - began))


def shapes(log):
    """How many products of each shape (M, K, N, left one turned round, right one) a step has."""
    count = Counter()
    for kind, _, arguments, how, _ in log:
        if kind == "parts":  # the threads' rows together are one product
            for same in zip(*(shapes(part).elements() for part in how.values()), strict=True):
                count[sum(s[0] for s in same), *same[0][1:]] += 1
        elif kind == "products":
            a, b = (np.atleast_2d(x) for x in arguments[:2])
            turned = [x.strides[-2] < x.strides[-1] for x in (a, b)]
            count[a.size // a.shape[-1], *b.shape[-2:], *turned] += 1
    return count


class Products(Rival):
    """PyTorch in a process of its own, which only multiplies matrices."""

    def __init__(self):
        threads = ["--threads", str(options.threads)]
        command = [sys.executable, __file__, "--serve", "torch", *threads]
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipe)

    def milliseconds(self, count):
        return self.ask(json.dumps([(*shape, n) for shape, n in count.items()]), "")


def serve():
    """For each line, a list of products and how often each is made: their milliseconds."""
    import torch

    torch.set_num_threads(options.threads)
    for line in sys.stdin:
        total = 0
        for M, K, N, a_turned, b_turned, n in json.loads(line):
            a = torch.full((K, M), 0.75).T if a_turned else torch.full((M, K), 0.75)
            b = torch.full((N, K), 0.75).T if b_turned else torch.full((K, N), 0.75)
            y = torch.empty(M, N)
            torch.mm(a, b, out=y)
            total += n * milliseconds(partial(torch.mm, a, b, out=y), least=0.005)
        print(total, flush=True)


def made(name):
    """The step of this row; of writing a shorter text, as every character is like any other."""
    return (
        minichar_writes(*WRITING[name][:2], LENGTH) if name in WRITING else make("minichar", name)
    )


def parts(name, torch_step, torch_products):
    """The milliseconds of each part of a step of this row, and GFLOP of its products."""
    log, spent = [], Counter()
    with apart(spent):
        watch_me = made(name)
        watch_me()
        with watching(log):
            watch_me()
    step, arrays, products = made(name), arrays_of(log), shapes(log)
    sizes = [e[4].nbytes for e in flat(log) if e[4] is not None]
    as_before = partial(run, [partial(np.copyto, a, a.copy()) for a in arrays])
    calls = {kind: (again(log, {kind}), again(log, {kind}, small=True)) for kind in KINDS}
    share = LENGTH / WRITING[name][2] if name in WRITING else 1
    step(), torch_step and torch_step.ask("make", name)
    rounds = []
    for _ in range(options.rounds):
        found, spent, count = {}, Counter(), 0
        began, before = time.perf_counter(), faults()
        with apart(spent):
            while count < 2 or time.perf_counter() - began < 0.2:
                step()
                count += 1
        found["step"] = 1e3 * (time.perf_counter() - began) / count
        found["optimiser"] = spent["ms"] / count
        own_faults = (faults() - before - spent["faults"]) / count
        found["calls"] = 0
        with calm():  # as the step itself
            for kind, (large, small) in calls.items():
                one = milliseconds(partial(run, small), as_before)
                found["calls"] += one
                found[kind] = milliseconds(partial(run, large), as_before) - one
        filled, cost = touch(sizes)
        found["fresh"] = own_faults * cost / max(1, filled)
        if torch_step:
            time.sleep(0.1)  # idle threads wait a while for work before they sleep
            times = max(1, round(200 / found["step"]))
            found["torch"] = 1e3 * torch_step.ask("run", times) * share
            time.sleep(0.1)
            found["its products"] = torch_products.milliseconds(products)
        rounds.append(found)
    found = {column: np.median([r[column] for r in rounds]) for column in rounds[0]}
    found["rest"] = found["step"] - sum(found[c] for c in COLUMNS if c != "rest")
    return found, sum(2 * M * K * N * n for (M, K, N, *_), n in products.items()) / 1e9


def main():
    rows = wanted(EVERY)
    torch_step, torch_products = (Rival("torch"), Products()) if HAVE["torch"] else (None, None)
    print(f"numpy's large matrix product: {matmul_rate():.0f} GFLOP/s", end="")
    if torch_step:
        large = torch_products.milliseconds({(2048, 2048, 2048, False, False): 3}) / 3
        print(f", torch's: {2 * 2.048**3 / large * 1e3:.0f}", end="")
    shown = ("step", *COLUMNS, *(("torch", "its products") if torch_step else ()))
    print("\n" + " " * 8 + " ".join(f"{column:>12}" for column in shown))
    for name in rows:
        found, work = parts(name, torch_step, torch_products)
        print(f"{name:8}" + " ".join(f"{found[column]:12.3f}" for column in shown))
        print(" " * 8 + " ".join(f"{found[column] / found['step']:12.0%}" for column in shown))
        ours = f"numpy {work / found['products'] * 1e3:.0f}"
        theirs = f", torch {work / found[shown[-1]] * 1e3:.0f}" if torch_step else ""
        print(f"{'':8} products at GFLOP/s: {ours}{theirs}", flush=True)
    if torch_step:
        torch_step.end(), torch_products.end()


if __name__ == "__main__":
    serve() if options.serve else main()
