"""How fast minichar is beside PyTorch, JAX and Keras, in one run on one machine.

    python tests/benchmarks/peers.py [--only b,e] [--rounds 7] [--threads 2]

Every row is the same work in each library, each in a process of its own, in turns whose order
changes from round to round. A ratio above 1 means that minichar is faster: the median over the
rounds of the other's time divided by minichar's. Absolute times say more about the machine. `share`
is the step's arithmetic against the rate of one large matrix product of numpy's, measured in the
same run. Beside the libraries stands rnn100, the program of lesson 03. What is not installed is
named; `pip install torch==2.13.0 jax keras` brings it. A ratio of memory is the other's peak
divided by minichar's, of whole processes.
"""

import argparse
import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import time

about = sys.modules["__main__"].__doc__ or __doc__  # where.py reads its options here, too
parser = argparse.ArgumentParser(description=about.splitlines()[0])
parser.add_argument("--only", default="", help="rows, as in b,e; all unless given")
parser.add_argument("--rounds", type=int, default=7, help="turns for each, 7 unless given")
parser.add_argument("--threads", type=int, default=2, help="of all libraries, 2 unless given")
parser.add_argument("--serve", help=argparse.SUPPRESS)  # the process of one library
options = parser.parse_args()
for library in ("OPENBLAS", "OMP", "MKL"):  # read when numpy is imported, so before that
    os.environ[f"{library}_NUM_THREADS"] = str(options.threads)

import numpy as np  # noqa: E402
from rivals import CELLS, HAVE, STEPS, WRITERS, characters, gigaflops  # noqa: E402

CONFIGURATIONS = {  # cell, neurons by layer, texts side by side, characters a step, dropout
    "a": ("lstm", (512, 512), 100, 100, 0.5),  # the article's, for essays
    "b": ("lstm", (128, 128), 50, 50, 0.0),  # char-rnn's default
    "c": ("lstm", (20, 20), 1, 100, 0.0),  # the browser demo's
    "c64": ("lstm", (20, 20), 64, 100, 0.0),  # 64 of its sentences at once
    "d": ("rnn", (100,), 1, 25, 0.0),  # min-char-rnn's
    "e": ("lstm", (256,), 64, 64, 0.0),
    "e gru": ("gru", (256,), 64, 64, 0.0),
    "e rnn": ("rnn", (256,), 64, 64, 0.0),
}
WRITING = {"s": ((128, 128), 1, 200), "s64": ((128, 128), 64, 50)}  # sizes, texts, characters
GRAPHS = {"g": (100, False), "g fused": (100, True)}  # cells; as one node or from primitives
EVERY = (*CONFIGURATIONS, *WRITING, *GRAPHS)
LIBRARIES = ("torch", "jax", "keras")
PEERS = (*LIBRARIES, "rnn100")


def wanted(every):
    """The rows that --only names, or all; a name that is none of them ends the program."""
    rows = options.only.split(",") if options.only else every
    if unknown := set(rows) - set(every):
        parser.error(f"--only {','.join(sorted(unknown))}: the rows are {', '.join(every)}")
    return rows


def seconds(step, repeat):
    began = time.perf_counter()
    for _ in range(repeat):
        step()
    return (time.perf_counter() - began) / repeat


def make(library, name):
    """The step of one row in one library, or None where it has none."""
    if name in CONFIGURATIONS:
        configuration = CONFIGURATIONS[name]
        _, _, B, T, _ = configuration
        return STEPS[library](*configuration, characters(T, B))
    makers, settings = (WRITERS, WRITING[name]) if name in WRITING else (CELLS, GRAPHS[name])
    return makers[library](*settings) if library in makers else None


def serve(library):
    """Do what is asked on the lines of standard input, and answer with a line for each."""
    if library == "torch":
        import torch

        torch.set_num_threads(options.threads)
    step = None
    for line in sys.stdin:
        what, value = line.split(maxsplit=1)
        if what == "make":
            step = make(library, value.strip())
            answer = step is not None and step()  # the first call may compile
            while hasattr(step, "helpers") and step.helpers.starting:
                time.sleep(0.1)
            step and step()  # a helper's first may compile too
        elif what == "run":
            answer = seconds(step, int(value))
        elif what == "loss":
            answer = step()
        else:
            step, whose = None, [resource.RUSAGE_SELF]  # the helper of minichar's step ends
            whose += [resource.RUSAGE_CHILDREN] if library == "minichar" else []
            answer = sum(resource.getrusage(who).ru_maxrss for who in whose) / 1024  # MiB
        print(json.dumps(answer if isinstance(answer, float | bool) else None), flush=True)


class Rival:
    """One library in a process of its own, so that idle threads of one do not disturb another."""

    def __init__(self, library):
        command = [sys.executable, __file__, "--serve", library, "--threads", str(options.threads)]
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipe)

    def ask(self, what, value=0):
        print(what, value, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def in_turns(rivals):
    """Milliseconds of minichar's step, and the others' times as multiples of it."""
    repeat = max(1, round(0.3 / max(rivals["minichar"].ask("run", 2), 1e-5)))
    times = []
    for r in range(options.rounds):
        order = list(rivals) if r % 2 == 0 else reversed(list(rivals))
        times.append({name: rivals[name].ask("run", repeat) for name in order})
    ratios = {p: np.median([t[p] / t["minichar"] for t in times]) for p in rivals if p in PEERS}
    return 1e3 * np.median([t["minichar"] for t in times]), ratios


def matmul_rate():
    """GFLOP/s of numpy's product of two 2048 x 2048 matrices of float32."""
    a = np.random.default_rng(0).standard_normal((2048, 2048), np.float32)
    return 2 * 2048**3 / 1e9 / np.median([seconds(lambda: a @ a, 1) for _ in range(7)])


def row(name, ms, chars, ratios, flops=None, rate=None, rest=""):
    work = f"{flops:8.1f} {flops / rate:6.0%}" if flops else f"{'':15}"
    shown = " ".join(f"{ratios[p]:6.2f}" if p in ratios else f"{'-':>6}" for p in PEERS)
    print(f"{name:12} {ms:9.2f} {chars:10,.0f} {work} {shown}  {rest}", flush=True)


def main():
    rows = wanted((*EVERY, "m"))
    libraries = [p for p in LIBRARIES if HAVE[p]]
    there = ["minichar", *libraries, "rnn100"]
    for library in ("numpy", *LIBRARIES):
        have = library == "numpy" or HAVE[library]
        print(
            library, importlib.metadata.version(library) if have else "is not installed", end=", "
        )
    backend = f"keras on {os.environ.get('KERAS_BACKEND', 'tensorflow')}; " if HAVE["keras"] else ""
    print(f"{backend}{options.threads} threads, {options.rounds} rounds")
    rate = matmul_rate()
    print(f"numpy's large matrix product: {rate:.0f} GFLOP/s")
    titles = " ".join(f"{p:>6}" for p in PEERS)
    print(f"{'':12} {'ms':>9} {'chars/s':>10} {'GFLOP/s':>8} {'share':>6} {titles}")
    rivals = {p: Rival(p) for p in there}
    for name in rows:
        if name == "m":
            continue
        first = {p: rival.ask("make", name) for p, rival in rivals.items()}
        taking_part = {p: rivals[p] for p in there if first[p] is not False}
        ms, ratios = in_turns(taking_part)
        if name in WRITING:
            _, count, length = WRITING[name]
            note = f"a character of each of {count} texts, 2 x 128"
            row(name, ms / length, count * length / ms * 1e3, ratios, rest=note)
        elif name in GRAPHS:
            note = "an LSTM step of 100 cells; torch's from primitives"
            row(name, ms, 1e3 / ms, ratios, rest=note)
        else:
            _, _, B, T, _ = CONFIGURATIONS[name]
            losses = (f"{first[p]:.2f} to {r.ask('loss'):.2f}" for p, r in taking_part.items())
            flops = gigaflops(*CONFIGURATIONS[name]) / (ms / 1e3)
            row(name, ms, B * T / ms * 1e3, ratios, flops, rate, f"losses {'; '.join(losses)}")
    for rival in rivals.values():
        rival.end()
    if "m" in rows:
        peaks = {}
        for p in ("minichar", *libraries):  # in a process that has done nothing else
            rival = Rival(p)
            rival.ask("make", "a"), rival.ask("run", 2)
            peaks[p] = rival.ask("peak")
            rival.end()
        ratios = {p: peaks[p] / peaks["minichar"] for p in libraries}
        row("m", np.nan, np.nan, ratios, rest=f"{peaks['minichar']:.0f} MiB at the peak of (a)")


if __name__ == "__main__":
    serve(options.serve) if options.serve else main()
