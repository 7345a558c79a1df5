"""The graphics card, in one call under ten minutes: does it compute right, and how fast is it?

    python tests/benchmarks/gpu.py [--only check,a,e] [--csv gpu.csv] [--minutes 8]

Needs numpy and CuPy, and PyTorch for the comparison. No card was at hand when this was written: the
first run of it is the first of kernels.py on a card, too. First it checks: every kernel against
the readable cell, twenty steps of training against numpy in float64 (1e-3), no wait inside a step.
Then it times training steps, ours in float32, TF32 and half precision, those of PyTorch's nn.LSTM
(cuDNN) in float32 and TF32, and ours on the processor. Ratios above 1 mean that minichar on the
card is faster. At the end come the size below which the card loses, and the goals. Each row is
written to the table when it is known; what fails is named, and the rest goes on.
"""

import argparse
import ast
import contextlib
import csv
import gc
import importlib
import importlib.util
import os
import platform
import subprocess
import sys
import time
import types
from functools import partial
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[up]) for up in (2, 0)]
if importlib.util.find_spec("threadpoolctl") is None:  # BLAS keeps the threads that it has
    alone = types.SimpleNamespace(lib_controllers=[], limit=lambda **_: contextlib.nullcontext())
    one = types.ModuleType("threadpoolctl")
    one.ThreadpoolController = lambda: types.SimpleNamespace(select=lambda **_: alone)
    sys.modules["threadpoolctl"] = one

try:
    importlib.import_module("torch")
except Exception:  # not there, or not for this driver: either way there is nothing to compare with
    sys.modules["torch"] = None

from rivals import LETTERS, V, characters, gigaflops, torch_step, training_step  # noqa: E402

import minichar as mc  # noqa: E402
from minichar import backend, device, footprint, fused, kernels, strict  # noqa: E402
from minichar.half import HalfTraining  # noqa: E402
from minichar.model import KINDS  # noqa: E402
from minichar.training import Training  # noqa: E402

CONFIGURATIONS = {  # neurons by layer, texts side by side, characters a step, dropout
    "a": ((512, 512), 100, 100, 0.5),
    "b": ((128, 128), 50, 50, 0.0),
    "e": ((256,), 64, 64, 0.0),
    "large": ((1024, 1024, 1024), 128, 128, 0.0),
}
SWEEP = (16, 32, 64, 128, 256, 512, 1024)
COLUMNS = ("part", "what", "value", "unit")
LIMITS = {"float64": 1e-9, "float32": 1e-3, "half": 3e-2}  # of twenty steps, against float64
GOALS = {  # in which part, what of ours, the least
    "a": (
        ("torch float32 / card", 0.7),
        ("torch TF32 / card, TF32", 0.5),
        ("processor / card", 10),
    ),
    "e": (("processor / card", 10),),
    "large": (("processor / card", 10),),
}


def parts(options, rows):
    """What to do, by name: functions that yield rows of COLUMNS but the first.

    `rows` are those found so far, for `goals` to look at.
    """
    sizes, sweep = CONFIGURATIONS, SWEEP
    if options.tiny:
        sizes, sweep = {name: ((6, 6), 3, 4, c[3]) for name, c in sizes.items()}, (3, 4)
    rate = {}
    found = {"versions": versions, "check": lambda: check(options.tiny)}
    found["rate"] = lambda: matmul_rate(rate, 64 if options.tiny else 8192)
    for name, configuration in sizes.items():
        found[name] = lambda c=configuration: configuration_rows(c, options.seconds, rate)
    found["sweep"] = lambda: smallest(sweep, options.seconds / 4)
    found["goals"] = lambda: goals(rows)
    return found


def attempt(what, work):
    """The value of `work()`, or None and a row of what went wrong: no other row is lost by it."""
    try:
        return work(), None
    except Exception as error:
        return None, (what, f"FAILED: {type(error).__name__}: {device._first(error)}", "")


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
    steady = "alone" not in globals()  # without it small steps on the processor may come out slow
    yield "threads of BLAS for a step on the processor", "by its size" if steady else "all", ""


def library(name):
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


# --- is it right?


def largest(found, wanted):
    """The largest difference, as a share of the largest number wanted."""
    found, wanted = backend.host(found), backend.host(wanted)
    return float(abs(found - wanted).max() / max(1e-30, abs(wanted).max()))


def check(tiny):
    """Yields how far off each number is; at the end raises AssertionError for those too far off."""
    off = []
    for what, limit, found in comparisons(device.card(), tiny):
        value, failed = attempt(what, found)
        if failed or not value < limit:  # nan is not, either
            off.append(what)
        yield failed or (what, value, f"share, at most {limit:g}")
    assert not off, f"off: {'; '.join(off)}"
    yield from once(device.card())


def comparisons(xp, tiny):
    """What is compared, the limit, and a function that finds the difference."""
    for dtype, limit in (("float64", 1e-12), ("float32", 1e-4)):
        for B, H in ((3, 5), (1, 7)) if tiny else ((64, 256), (100, 512), (7, 33), (1, 128)):
            for cell in KINDS:
                what = f"kernels of {cell} against the readable cell, {B} x {H} {dtype}"
                yield what, limit, partial(kernels_off, xp, cell, dtype, B, H)
    for cell in ("lstm", "gru", "rnn", "relu"):
        for kind, limit in LIMITS.items():
            what = f"20 steps against numpy in float64, {cell} {kind}"
            yield what, limit, lambda c=cell, k=kind: training_off(c, k, 8 if tiny else 64)


def once(xp):
    """Whether a step waits anywhere, and whether the card writes what numpy writes."""
    model = mc.CharModel(LETTERS, hidden=(16, 16), dropout=0.5, device="gpu")
    ids = xp.asarray(np.zeros((9, 4), np.int32))
    one_step = training_step(model, ids, read=False)
    one_step()
    cupyx = library("cupyx")
    if cupyx is not None and hasattr(cupyx, "allow_synchronize"):
        with cupyx.allow_synchronize(False):  # raises where the host would wait for the card
            one_step()
        yield "waits inside a step", 0, ""
    here, there = (
        mc.CharModel(LETTERS, hidden=32, dtype="float64", device=d, seed=1) for d in ("cpu", "gpu")
    )
    same = mc.samples(here, 64, length=20, seed=1) == mc.samples(there, 64, length=20, seed=1)
    yield "64 texts at once are those of numpy", same, ""


def kernels_off(xp, name, dtype, B, H, T=20):
    """The worst of: y, the state, and the gradients of what went in and of the weights."""
    rng, outcomes = np.random.default_rng(0), []
    x, dy = (rng.standard_normal((T, B, H)) for _ in range(2))
    how = {"activation": "relu"} if name == "relu" else {}
    for made_of in (kernels, fused):
        cell = getattr(made_of, KINDS[name])(H, H, np.random.default_rng(1), dtype, **how)
        for w in cell.parameters.values():
            w.data = xp.asarray(w.data)
        read = mc.graph.Tensor(xp.asarray(x.astype(dtype)), True)
        y, state = cell(read)
        y.backward(xp.asarray(dy.astype(dtype)))
        outcomes.append([y.data, *state, read.grad, *(w.grad for w in cell.parameters.values())])
    return max(largest(*pair) for pair in zip(*outcomes, strict=True))


def training_off(cell, kind, H):
    """Twenty steps on the card, and the same in float64 by numpy: the worst of losses and norms."""
    text, losses = "".join(LETTERS.decode(np.random.default_rng(0).integers(0, V, 4000))), []
    for how, where in (("float64", "cpu"), (kind, "gpu")):
        dtype = "float32" if how == "half" else how
        model = mc.CharModel(LETTERS, cell, (H, H), dtype=dtype, device=where)
        training = (HalfTraining if how == "half" else Training)(
            model, text, batch=8, length=20, validation=0.1, validate_every=10
        )
        reports = mc.train(model, text, 20, training=training)
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
    """Ours and the others', each by itself where it fails; then what a step of ours is made of."""
    hidden, B, T, dropout = configuration
    ids, there = characters(T, B), {"dropout": dropout, "hidden": hidden}
    model, torch = mc.CharModel(LETTERS, **there, device="gpu"), library("torch")
    steps, found = {"card": training_step(model, ids)}, {}
    where = "cuda" if torch and torch.cuda.is_available() else "cpu"
    for name, fast in (("torch float32", False), ("torch TF32", True)) if torch else ():
        step, failed = attempt(name, lambda: torch_step("lstm", *configuration, ids, where))
        if step:
            _, failed = attempt(name, lambda step=step, fast=fast: with_tf32(torch, fast, step))
        if failed:
            yield failed
        else:
            steps[name] = lambda step=step, fast=fast: with_tf32(torch, fast, step)
    found |= milliseconds(steps, seconds)
    for name, alone in {
        "card, half": lambda: milliseconds({"": half_step(there, B, T)}, seconds)[""],
        "card, TF32": lambda: in_tf32(configuration, seconds),
        "processor": lambda: processor(there, ids, seconds),
    }.items():
        value, failed = attempt(f"step, {name}", alone)
        if failed:
            yield failed
        else:
            found[name] = value
    for name, ms in found.items():
        yield f"step, {name}", ms, "ms"
        yield f"speed, {name}", B * T / ms * 1000, "characters/s"
        if name != "card":
            yield f"{name} / card", ms / found["card"], "times"
    if "torch TF32" in found and "card, TF32" in found:
        yield "torch TF32 / card, TF32", found["torch TF32"] / found["card, TF32"], "times"
    yield "launches a step, counted on a stand-in", counted(configuration), ""
    if where == "cuda":
        value, failed = attempt("launches a step, by the profiler", lambda: profiled(steps["card"]))
        yield failed or ("launches a step, by the profiler", value, "")
    if "float32" in rate:
        share = gigaflops("lstm", *configuration) / found["card"] / rate["float32"]
        yield "share of the card's rate", share, f"of {rate['float32']:.1f} TFLOP/s"
    yield "memory, as worked out", footprint.needed(model, B, T).total / 1e6, "MB"
    if pool := getattr(device.card(), "get_default_memory_pool", None):
        yield "memory, in CuPy's pool", pool().total_bytes() / 1e6, "MB"


def with_tf32(torch, fast, step):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = fast
    return step()


def half_step(there, B, T):
    """A step of HalfTraining on the card, with all that a Training does."""
    text = "".join(LETTERS.decode(np.random.default_rng(0).integers(0, V, 4 * B * T)))
    model = mc.CharModel(LETTERS, **there, device="gpu")
    return HalfTraining(model, text, batch=B, length=T, validation=0).step


def processor(there, ids, seconds):
    """A step on the processor, once where it takes long."""
    step = training_step(mc.CharModel(LETTERS, **there), ids)
    began = time.perf_counter()
    step()
    if time.perf_counter() - began < seconds:
        return milliseconds({"": step}, seconds)[""]
    began = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - began)


def in_tf32(configuration, seconds):
    """Ours with TF32, which CuPy decides on when it is imported: in a process of its own."""
    if "(a stand-in)" in device.find().line:
        return only_step(configuration, seconds)
    command = [sys.executable, __file__, "--only-step", repr((configuration, seconds))]
    there = os.environ | {"CUPY_TF32": "1"}
    run = subprocess.run(command, env=there, capture_output=True, text=True, timeout=90)
    if run.returncode:
        raise RuntimeError((run.stderr.strip() or "it has said nothing").splitlines()[-1])
    return float(run.stdout.splitlines()[-1])


def only_step(configuration, seconds):
    hidden, B, T, dropout = configuration
    model = mc.CharModel(LETTERS, hidden=hidden, dropout=dropout, device="gpu")
    return milliseconds({"": training_step(model, characters(T, B))}, seconds)[""]


def profiled(step):
    """Kernels that ran on the card in a step; copies and fills of memory are none."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        step()
    found = [e for e in seen.key_averages() if str(e.device_type).endswith("CUDA")]
    return sum(e.count for e in found if not e.key.startswith("Mem"))


def counted(configuration):
    """Programs that a step would start on a card: the numbers are none, so they are small."""
    hidden, B, T, dropout = configuration
    with np.errstate(all="ignore"), strict.instead_of_cupy() as card:
        card.RawModule = Nothing
        model = mc.CharModel(LETTERS, hidden=(2,) * len(hidden), dropout=dropout, device="gpu")
        step = training_step(model, characters(T, 2))
        step()
        card.counts.reset()
        step()
        return card.counts.launches


class Nothing:
    """In place of cupy.RawModule: kernels that are counted, and do nothing."""

    def __init__(self, code):
        pass

    def get_function(self, name):
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


def goals(rows):
    """Each goal beside what was found: reached, not reached, or not measured."""
    found = {(part, what): value for part, what, value, _ in rows}
    for part, wanted in GOALS.items():
        for what, least in wanted:
            value = found.get((part, what))
            if not isinstance(value, float):
                yield f"{part}: {what}", "not measured", f"goal {least:g}"
            else:
                reached = "reached" if value >= least else "not reached"
                yield f"{part}: {what}", value, f"goal {least:g}: {reached}"


def tidy():
    """Give back what a part has taken on the card, so that the next finds it free."""
    gc.collect()
    if pool := getattr(device.card(), "get_default_memory_pool", None):
        pool().free_all_blocks()
    torch = library("torch")
    if torch and torch.cuda.is_available():
        torch.cuda.empty_cache()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="parts, as in check,a; all unless given")
    parser.add_argument("--seconds", type=float, default=4, help="for each thing timed")
    parser.add_argument("--minutes", type=float, default=8, help="after which no part begins")
    parser.add_argument("--csv", type=Path, default=Path("gpu.csv"), help="where the table goes")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)  # for its own test
    parser.add_argument("--only-step", type=str, help=argparse.SUPPRESS)  # see in_tf32
    options, began = parser.parse_args(), time.monotonic()
    if options.only_step:
        print(only_step(*ast.literal_eval(options.only_step)))
        return 0
    rows, failed = [], []
    todo = parts(options, rows)
    wanted = options.only.split(",") if options.only else list(todo)
    if unknown := set(wanted) - set(todo):
        parser.error(f"--only {','.join(sorted(unknown))}: the parts are {', '.join(todo)}")
    found = device.find()
    if found.cupy is None:
        print(f"Nothing was measured. {found.line}")
        return 1
    with options.csv.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)

        def say(name, what, value, unit):
            rows.append((name, what, value, unit))
            table.writerow(rows[-1])
            file.flush()  # a run that is cut off leaves what it found
            shown = f"{value:,.4g}" if isinstance(value, float) else str(value)
            print(f"{name:<9} {what:<56} {shown:>14} {unit}", flush=True)
            if isinstance(value, str) and value.startswith("FAILED"):
                failed.append(f"{name} ({what})")

        for name in (n for n in todo if n in ("versions", *wanted)):
            if name != "goals" and time.monotonic() - began > 60 * options.minutes:
                say(name, "part", f"FAILED: no time left of {options.minutes:g} minutes", "")
                continue
            try:
                for row in todo[name]():
                    say(name, *row)
            except Exception as error:  # one part's error is not to cost the others
                say(name, "part", f"FAILED: {type(error).__name__}: {device._first(error)}", "")
            attempt("", tidy)
    print(f"Failed: {', '.join(failed)}" if failed else "All parts ran.", f"See {options.csv}.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
