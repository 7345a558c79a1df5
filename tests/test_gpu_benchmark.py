"""The program that measures a card: without one it says so, and on the stand-in every part runs."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minichar import device

PROGRAM = Path(__file__).parent / "benchmarks" / "gpu.py"
ON_THE_STAND_IN = """
import runpy, sys
from minichar import strict
sys.argv = [{program!r}, "--tiny", "--seconds", "0.02", "--csv", {table!r}]
with strict.instead_of_cupy():
    runpy.run_path({program!r}, run_name="__main__")
"""


def test_without_a_card_it_says_what_is_missing(tmp_path):
    if device.find().case == "works":
        pytest.skip("there is a card here: the program itself measures it")
    run = subprocess.run(
        [sys.executable, PROGRAM, "--csv", tmp_path / "t.csv"], capture_output=True, text=True
    )
    assert run.returncode == 1 and run.stdout == f"Nothing was measured. {device.find().line}\n"
    assert not (tmp_path / "t.csv").exists()


def test_every_part_runs_on_the_stand_in(tmp_path):
    table = tmp_path / "t.csv"
    code = ON_THE_STAND_IN.format(program=str(PROGRAM), table=str(table))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "All parts ran." in run.stdout
    head, *rows = csv.reader(table.open(encoding="utf-8"))
    assert head == ["part", "what", "value", "unit"]
    found = {(part, what): value for part, what, value, _ in rows}
    assert {part for part, _ in found} == set(
        ("versions", "check", "rate", "a", "b", "e", "large", "sweep")
    )
    assert "CuPy (a stand-in)" in found["versions", "card"]
    assert found["check", "64 texts at once are those of numpy"] == "True"
    off = [v for (part, what), v in found.items() if part == "check" and "against" in what]
    assert len(off) == 12 and all(float(v) < 1e-3 for v in off)
    for name in ("a", "b", "e", "large"):
        card, processor = (float(found[name, f"step, {w}"]) for w in ("card", "processor"))
        assert float(found[name, "processor / card"]) * card == pytest.approx(processor)
        assert re.fullmatch(r"\d+ \(.*\)", found[name, "launches a step"])
