"""The graphics card, in one call under ten minutes: does it compute right, and how fast is it?

    python tests/benchmarks/gpu.py [--only check,a,e] [--csv gpu.csv]

Needs numpy and CuPy, and PyTorch for the comparison. No card was at hand when this was written: the
first run of it is the first of kernels.py on a card, too. First it checks: every kernel against
the readable cell, twenty steps of training against numpy in float64 (1e-3), no wait inside a step.
Then it times training steps, ours and those of PyTorch's nn.LSTM (cuDNN), in float32 and TF32, and
ours on the processor, in turns. Ratios above 1 mean that minichar on the card is faster. At the end
comes the size below which the card loses. A part that fails is named, and the others go on.
"""

import argparse
import contextlib
import csv
import importlib
import importlib.util
import os
import platform
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (2, 0)]
if importlib.util.find_spec("threadpoolctl") is None:  # BLAS keeps the threads that it has
    alone = types.SimpleNamespace(lib_controllers=[], limit=lambda **_: contextlib.nullcontext())
    one = types.ModuleType("threadpoolctl")
    one.ThreadpoolController = lambda: types.SimpleNamespace(select=lambda **_: alone)
    sys.modules["threadpoolctl"] = one

from rivals import LETTERS, V, characters, gigaflops, torch_step, training_step  # noqa: E402

import minichar as mc  # noqa: E402
from minichar import backend, device, footprint, fused, kernels  # noqa: E402

CONFIGURATIONS = {  # neurons by layer, texts side by side, characters a step, dropout
    "a": ((512, 512), 100, 100, 0.5),
    "b": ((128, 128), 50, 50, 0.0),
    "e": ((256,), 64, 64, 0.0),
    "large": ((1024, 1024, 1024), 128, 128, 0.0),
}
SWEEP = (16, 32, 64, 128, 256, 512, 1024)
COLUMNS = ("part", "what", "value", "unit")


def parts(options):
    """What to do, by name: functions that yield rows of COLUMNS but the first."""
    sizes, sweep = CONFIGURATIONS, SWEEP
    if options.tiny:
        sizes, sweep = {name: ((6, 6), 3, 4, c[3]) for name, c in sizes.items()}, (3, 4)
    rate = {}
    found = {"versions": versions, "check": lambda: check(options.tiny)}
    found["rate"] = lambda: matmul_rate(rate, 64 if options.tiny else 8192)
    for name, configuration in sizes.items():
        found[name] = lambda c=configuration: configuration_rows(c, options.seconds, rate)
    found["sweep"] = lambda: smallest(sweep, options.seconds / 4)
    return found


def versions():
    """What ran: a figure without it is worth nothing."""
    yield "card", device.find().line, ""
    yield "Python, numpy", f"{platform.python_version()}, {np.__version__}", ""
    yield "processors", f"{os.cpu_count()} of {platform.processor() or platform.machine()}", ""
    if torch := library("torch"):
        yield "torch", f"{torch.__version__}, cuDNN {torch.backends.cudnn.version()}", ""
    for name in ("driverGetVersion", "runtimeGetVersion"):
        runtime = device.card().cuda.runtime
        if hasattr(runtime, name):
            yield f"CUDA {name[:7]}", getattr(runtime, name)(), ""


def library(name):
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


# --- is it right?


def largest(found, wanted):
    """The largest difference, as a share of the largest number wanted."""
    found, wanted = backend.host(found), backend.host(wanted)
    return float(abs(found - wanted).max() / max(1e-30, abs(wanted).max()))


def check(tiny):
    """Raises AssertionError where a number is off; yields how far off the others are."""
    xp = device.card()
    for dtype, limit in (("float64", 1e-12), ("float32", 1e-4)):
        for B, H in ((3, 5), (1, 7)) if tiny else ((64, 256), (100, 512), (7, 33), (1, 128)):
            off = kernels_off(xp, dtype, B, H)
            assert off < limit, f"kernels at {B} x {H} in {dtype}: off by {off:.1e}"
            yield f"kernels against the readable cell, {B} x {H} {dtype}", off, "share"
    for cell in ("lstm", "gru", "rnn", "relu"):
        for dtype, limit in (("float32", 1e-3), ("float64", 1e-9)):
            off = training_off(cell, dtype, 8 if tiny else 64)
            assert off < limit, f"20 steps of {cell} in {dtype}: losses are off by {off:.1e}"
            yield f"20 steps against numpy in float64, {cell} {dtype}", off, "share"
    model = mc.CharModel(LETTERS, hidden=(16, 16), dropout=0.5, device="gpu")
    ids = xp.asarray(np.zeros((9, 4), np.int32))
    one_step = training_step(model, ids, read=False)
    one_step()
    cupyx = library("cupyx")
    if cupyx is not None and hasattr(cupyx, "allow_synchronize"):
        with cupyx.allow_synchronize(False):  # raises where the host would wait for the card
            one_step()
        yield "waits inside a step", 0, ""
    here, there = (mc.CharModel(LETTERS, hidden=32, device=d, seed=1) for d in ("cpu", "gpu"))
    same = mc.samples(here, 64, length=20, seed=1) == mc.samples(there, 64, length=20, seed=1)
    yield "64 texts at once are those of numpy", same, ""


def kernels_off(xp, dtype, B, H, T=20):
    """The worst of: y, the state, and the gradients of what went in and of the weights."""
    rng, outcomes = np.random.default_rng(0), []
    x, dy = (rng.standard_normal((T, B, H)) for _ in range(2))
    for kind in (kernels.LSTM, fused.LSTM):
        cell = kind(H, H, np.random.default_rng(1), dtype)
        for w in cell.parameters.values():
            w.data = xp.asarray(w.data)
        read = mc.graph.Tensor(xp.asarray(x.astype(dtype)), True)
        y, state = cell(read)
        y.backward(xp.asarray(dy.astype(dtype)))
        outcomes.append([y.data, *state, read.grad, *(w.grad for w in cell.parameters.values())])
    return max(largest(*pair) for pair in zip(*outcomes, strict=True))


def training_off(cell, dtype, H):
    """Twenty steps on the card, and the same in float64 by numpy: the worst of losses."""
    text, losses = "".join(LETTERS.decode(np.random.default_rng(0).integers(0, V, 4000))), []
    for kind, where in (("float64", "cpu"), (dtype, "gpu")):
        model = mc.CharModel(LETTERS, cell, (H, H), dtype=kind, device=where)
        reports = mc.train(model, text, 20, batch=8, length=20, validation=0.1, validate_every=10)
        losses.append(np.array([(r.loss, r.gradient_norm, r.validation or 0) for r in reports]))
    return float(abs(losses[1] / np.where(losses[0], losses[0], 1) - (losses[0] > 0)).max())


# --- how fast is it?


def milliseconds(steps, seconds, rounds=5):
    """The median over rounds of each step, in turns whose order changes."""
    times, repeat = {name: [] for name in steps}, {}
    for name, step in steps.items():
        step()  # compiles, and takes its memory
        began = time.perf_counter()
        step()
        repeat[name] = max(1, round(seconds / rounds / (time.perf_counter() - began)))
    for r in range(rounds):
        for name in list(steps) if r % 2 else reversed(list(steps)):
            began = time.perf_counter()
            for _ in range(repeat[name]):
                steps[name]()  # ends with a number on the host: the card is done
            times[name].append((time.perf_counter() - began) / repeat[name])
    return {name: 1000 * float(np.median(found)) for name, found in times.items()}


def matmul_rate(rate, n):
    """The card's own: one large product."""
    xp = device.card()
    a = xp.ones((n, n), "float32")
    step = {"product": lambda: float((a @ a)[0, 0])}
    rate["float32"] = 2 * n**3 / milliseconds(step, 1)["product"] / 1e9
    yield f"product of {n} x {n}, float32", rate["float32"], "TFLOP/s"


def configuration_rows(configuration, seconds, rate):
    hidden, B, T, dropout = configuration
    ids, there = characters(T, B), {"dropout": dropout, "hidden": hidden}
    model = mc.CharModel(LETTERS, **there, device="gpu")
    steps = {"card": training_step(model, ids)}
    torch = library("torch")
    where = "cuda" if torch and torch.cuda.is_available() else "cpu"
    if torch:
        for name, fast in (("torch float32", False), ("torch TF32", True)):
            inner = torch_step("lstm", *configuration, ids, where)
            steps[name] = lambda inner=inner, fast=fast: with_tf32(torch, fast, inner)
    found = milliseconds(steps, seconds)
    ours = found["card"]
    found["processor"] = processor(there, ids, seconds)
    found["card, TF32"] = in_tf32(configuration, seconds)
    for name, ms in found.items():
        if ms is not None:
            yield f"step, {name}", ms, "ms"
            yield f"speed, {name}", B * T / ms * 1000, "characters/s"
            if name != "card":
                yield f"{name} / card", ms / ours, "times"
    yield "launches a step", launches(steps["card"], configuration), ""
    if "float32" in rate:
        share = gigaflops("lstm", *configuration) / ours / rate["float32"]
        yield "share of the card's rate", share, f"of {rate['float32']:.1f} TFLOP/s"
    yield "memory, as worked out", footprint.needed(model, B, T).total / 1e6, "MB"
    pool = getattr(device.card(), "get_default_memory_pool", None)
    if pool:
        yield "memory, in CuPy's pool", pool().total_bytes() / 1e6, "MB"
        del model, steps
        pool().free_all_blocks()


def with_tf32(torch, fast, step):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = fast
    return step()


def processor(there, ids, seconds):
    """A step on the processor, once where it takes long."""
    step = training_step(mc.CharModel(LETTERS, **there), ids)
    step()
    began = time.perf_counter()
    step()
    took = time.perf_counter() - began
    return 1000 * took if took > seconds else milliseconds({"": step}, seconds)[""]


def in_tf32(configuration, seconds):
    """Ours with TF32, which CuPy decides on when it is imported: in a process of its own."""
    if "(a stand-in)" in device.find().line:
        return None
    command = [sys.executable, __file__, "--only-step", repr((configuration, seconds))]
    run = subprocess.run(
        command, env=os.environ | {"CUPY_TF32": "1"}, capture_output=True, text=True
    )
    return float(run.stdout) if run.returncode == 0 else None


def launches(step, configuration):
    """Programs started on the card in a step: told by the profiler, else by the stand-in."""
    torch = library("torch")
    if torch and torch.cuda.is_available():
        from torch.profiler import ProfilerActivity, profile

        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            step()
        if found := sum(e.count for e in seen.key_averages() if "Mem" not in e.key):
            return f"{found} (profiler)"
    from minichar import strict

    hidden, B, T, dropout = configuration
    with np.errstate(all="ignore"), strict.instead_of_cupy() as card:
        card.RawModule = Nothing  # so its numbers are none: only counted
        model = mc.CharModel(LETTERS, hidden=(2,) * len(hidden), dropout=dropout, device="gpu")
        step = training_step(model, characters(T, 2))
        step()
        card.counts.reset()
        step()
        return f"{card.counts.launches} (counted on a stand-in)"


class Nothing:
    """In place of cupy.RawModule: kernels that are counted, and do nothing."""

    def __init__(self, code):
        pass

    def get_function(self, name):
        from minichar import strict

        def launch(*_):
            strict.counts.launches += 1

        return launch


def smallest(sizes, seconds):
    """For one layer: the card beside the processor by size, and the first where the card wins."""
    for B, T in ((1, 50), (50, 50)):
        wins = None
        for H in sizes:
            steps = {
                d: training_step(mc.CharModel(LETTERS, hidden=H, device=d), characters(T, B))
                for d in ("cpu", "gpu")
            }
            found = milliseconds(steps, seconds, 3)
            yield f"batch {B}, {H} neurons, processor / card", found["cpu"] / found["gpu"], "times"
            if wins is None and found["gpu"] < found["cpu"]:
                wins = H
        yield f"batch {B}: the card wins from", wins or f"above {sizes[-1]}", "neurons"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="parts, as in check,a; all unless given")
    parser.add_argument("--seconds", type=float, default=5, help="for each thing timed")
    parser.add_argument("--csv", type=Path, default=Path("gpu.csv"), help="where the table goes")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)  # for its own test
    parser.add_argument("--only-step", type=str, help=argparse.SUPPRESS)  # see in_tf32
    options = parser.parse_args()
    if options.only_step:
        import ast

        (hidden, B, T, dropout), seconds = ast.literal_eval(options.only_step)
        model = mc.CharModel(LETTERS, hidden=hidden, dropout=dropout, device="gpu")
        step = training_step(model, characters(T, B))
        print(milliseconds({"": step}, seconds)[""])
        return 0
    found = device.find()
    if found.cupy is None:
        print(f"Nothing was measured. {found.line}")
        return 1
    rows, failed, wanted = [], [], options.only.split(",") if options.only else None
    for name, part in parts(options).items():
        if wanted and name not in (*wanted, "versions"):
            continue
        try:
            for what, value, unit in part():
                rows.append((name, what, value, unit))
                shown = f"{value:,.4g}" if isinstance(value, float) else str(value)
                print(f"{name:<9} {what:<52} {shown:>14} {unit}", flush=True)
        except Exception as error:  # one part's error is not to cost the others
            failed.append(name)
            print(f"{name:<9} FAILED: {type(error).__name__}: {error}", flush=True)
    with options.csv.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    print(f"Failed: {', '.join(failed)}" if failed else "All parts ran.", f"See {options.csv}.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
