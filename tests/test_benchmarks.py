"""The benchmark runs and prints its table; what it measures is for people to read."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minichar.datasets import folder

BENCHMARKS = Path(__file__).parent / "benchmarks"


def test_peers_prints_a_row_for_each_configuration_asked_for():
    command = [sys.executable, BENCHMARKS / "peers.py", "--only", "c,d,s,g", "--rounds", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = re.findall(r"^(\w+) +[\d.]+ +[\d,]+ .*  losses (.*)$", run.stdout, re.M)
    assert [name for name, _ in rows] == ["c", "d"]
    assert re.findall(r"^([sg]) +[\d.]+ +[\d,]+ ", run.stdout, re.M) == ["s", "g"]
    for _, losses in rows:
        first, last = map(float, re.match(r"([\d.]+) to ([\d.]+)", losses).groups())
        assert last < first  # it really trains


@pytest.mark.parametrize("held_out", ["pieces", "end"])
def test_curves_prints_a_line_of_json_for_each_measurement(held_out):
    command = [
        sys.executable,
        BENCHMARKS / "curves.py",
        folder() / "names.txt",
        "--only",
        "minichar",
    ]
    command += ["--steps", "3", "--seeds", "0,1", "--held-out", held_out]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(r["library"], r["seed"], r["step"]) for r in rows] == [
        ("minichar", 0, 3),
        ("minichar", 1, 3),
    ]
    even = math.log(len(set((folder() / "names.txt").read_text())))
    assert all(0.5 * even < r["validation"] < even for r in rows)  # nats, a little below a guess
