"""The program that measures a card: without one it says so, and on the stand-in every part runs."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from minichar import device

PROGRAM = Path(__file__).parent / "benchmarks" / "gpu.py"
ON_THE_STAND_IN = """
import runpy, sys
from minichar import strict
sys.argv = [{program!r}, "--tiny", "--seconds", "0.02", "--csv", {table!r}, *{options!r}]
{before}
with strict.instead_of_cupy() as card:
    {inside}
    runpy.run_path({program!r}, run_name="__main__")
"""
ALONE = """
import importlib.metadata
for name in importlib.metadata.packages_distributions():
    if name not in ("minichar", "numpy", "torch") and name not in sys.stdlib_module_names:
        sys.modules[name] = None
"""
FAKE_TORCH = """
import types, importlib.machinery
sys.path.insert(0, str({folder!r}))
torch = types.ModuleType("torch")
torch.__spec__, torch.__version__ = importlib.machinery.ModuleSpec("torch", None), "0"
switches = lambda: types.SimpleNamespace(allow_tf32=None)
torch.backends = types.SimpleNamespace(
    cudnn=switches(), cuda=types.SimpleNamespace(matmul=switches())
)
torch.backends.cudnn.version = lambda: 1
torch.cuda = types.SimpleNamespace(is_available=lambda: True, empty_cache=lambda: None)
event = lambda kind, name, n: types.SimpleNamespace(device_type=kind, key=name, count=n)
class profile:
    def __init__(self, activities): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def key_averages(self):
        return [event("DeviceType.CUDA", "gemm", 40), event("DeviceType.CUDA", "Memset", 7),
                event("DeviceType.CPU", "cudaLaunchKernel", 47)]
torch.profiler = types.ModuleType("torch.profiler")
torch.profiler.profile, torch.profiler.ProfilerActivity = profile, types.SimpleNamespace(CUDA=1)
sys.modules |= {{"torch": torch, "torch.profiler": torch.profiler}}
import rivals
def torch_step(*given):
    if {breaks}: raise RuntimeError("cuDNN is not for today\\nmore")
    return lambda: seen.add((torch.backends.cudnn.allow_tf32, given[-1])) or 1.0
seen = set()
rivals.torch_step = torch_step
"""


def on_the_stand_in(table, *options, before="", inside="pass"):
    """What the program prints and ends with, and its table as {(part, what): (value, unit)}."""
    code = ON_THE_STAND_IN.format(
        program=str(PROGRAM), table=str(table), options=options, before=before, inside=inside
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert table.exists(), run.stdout + run.stderr
    head, *rows = csv.reader(table.open(encoding="utf-8"))
    assert head == ["part", "what", "value", "unit"]
    return run, {(part, what): (value, unit) for part, what, value, unit in rows}


def test_without_a_card_it_says_what_is_missing(tmp_path):
    if device.find().case == "works":
        pytest.skip("there is a card here: the program itself measures it")
    run = subprocess.run(
        [sys.executable, PROGRAM, "--csv", tmp_path / "t.csv"], capture_output=True, text=True
    )
    assert run.returncode == 1 and run.stdout == f"Nothing was measured. {device.find().line}\n"
    assert not (tmp_path / "t.csv").exists()


def test_every_part_runs_on_the_stand_in_with_numpy_alone(tmp_path):
    run, found = on_the_stand_in(tmp_path / "t.csv", before=ALONE)
    assert run.returncode == 0 and "All parts ran." in run.stdout, run.stdout + run.stderr
    parts = ("versions", "check", "rate", "a", "b", "e", "large", "sweep", "goals")
    assert {part for part, _ in found} == set(parts)
    assert "CuPy (a stand-in)" in found["versions", "card"][0]
    assert found["versions", "threads of BLAS for a step on the processor"][0] == "all"
    assert found["check", "64 texts at once are those of numpy"][0] == "True"
    off = {w: v for (part, w), (v, _) in found.items() if part == "check" and "against" in w}
    assert len(off) == 28
    for what, value in off.items():
        assert float(value) < (3e-2 if "half" in what else 1e-3)
    for name in ("a", "b", "e", "large"):
        card, processor = (float(found[name, f"step, {w}"][0]) for w in ("card", "processor"))
        ratio, launches = found[name, "processor / card"], "launches a step, counted on a stand-in"
        assert float(ratio[0]) * card == pytest.approx(processor)
        assert int(found[name, launches][0]) > 100
        assert float(found[name, "share of the card's rate"][0]) > 0
        assert (name, "step, card, half") in found and (name, "step, card, TF32") in found
    assert found["goals", "a: torch float32 / card"] == ("not measured", "goal 0.7")
    for part in ("a", "e", "large"):
        value, judged = found["goals", f"{part}: processor / card"]
        assert judged == f"goal 10: {'' if float(value) >= 10 else 'not '}reached"
    for batch in (1, 50):
        assert ("sweep", f"batch {batch}: the card wins from") in found


def test_it_is_timed_beside_torch(tmp_path):
    fake = FAKE_TORCH.format(folder=str(PROGRAM.parent), breaks="False")
    inside = "import atexit; atexit.register(lambda: print(sorted(seen)))"
    run, found = on_the_stand_in(
        tmp_path / "t.csv", "--only", "a,goals", before=fake, inside=inside
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "[(False, 'cuda'), (True, 'cuda')]" in run.stdout  # each with its own setting
    assert found["a", "launches a step, by the profiler"][0] == "40"  # kernels alone
    for ours, theirs in (("card", "torch float32"), ("card, TF32", "torch TF32")):
        ratio = float(found["a", f"{theirs} / {ours}"][0])
        assert ratio * float(found["a", f"step, {ours}"][0]) == pytest.approx(
            float(found["a", f"step, {theirs}"][0])
        )
        assert found["goals", f"a: {theirs} / {ours}"][1].endswith("not reached")


def test_what_fails_costs_its_own_row_only(tmp_path):
    fake = FAKE_TORCH.format(folder=str(PROGRAM.parent), breaks="given[0] and given[1] == (6, 6)")
    broken = """from minichar import half
half.HalfTraining.gradients = None
"""
    run, found = on_the_stand_in(tmp_path / "t.csv", "--only", "check,a", before=fake + broken)
    assert run.returncode == 1 and "Failed: " in run.stdout
    wrong = {key for key, (value, _) in found.items() if value.startswith("FAILED")}
    cells = ("lstm", "gru", "rnn", "relu")
    expected = {("check", f"20 steps against numpy in float64, {c} half") for c in cells}
    expected.add(("check", "part"))  # says which were off
    expected |= {("a", w) for w in ("torch float32", "torch TF32", "step, card, half")}
    assert float(found["a", "step, processor"][0]) > 0
    assert wrong == expected
    assert found["a", "torch TF32"][0] == "FAILED: RuntimeError: cuDNN is not for today"


def test_a_number_that_is_off_does_not_hide_the_others(tmp_path):
    broken = "from minichar import kernels, fused\n"
    broken += "kernels.LSTM.way_back = lambda self, *of: fused.LSTM.way_back(self, *of) * 1.01\n"
    run, found = on_the_stand_in(tmp_path / "t.csv", "--only", "check,rate", before=broken)
    assert run.returncode == 1
    value, _ = found["check", "part"]
    assert "AssertionError" in value and "gru" not in value
    assert value.count("kernels of lstm against") == 4
    assert float(found["check", "20 steps against numpy in float64, gru float64"][0]) < 1e-9
    assert {part for part, _ in found} == {"versions", "check", "rate"}


def test_no_part_begins_when_the_time_is_up(tmp_path):
    run, found = on_the_stand_in(tmp_path / "t.csv", "--minutes", "-1")
    assert run.returncode == 1
    assert found["a", "part"][0] == "FAILED: no time left of -1 minutes"
    assert found["goals", "a: processor / card"][0] == "not measured"


def test_a_part_that_is_none_is_said(tmp_path):
    command = [sys.executable, PROGRAM, "--only", "a,nonsense", "--csv", tmp_path / "t.csv"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2 and "--only nonsense: the parts are versions, check" in run.stderr
