"""The benchmark runs and prints its table; what it measures is for people to read."""

import importlib
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minichar.datasets import folder
from minichar.workers import NUM_THREADS

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


def test_where_shares_out_the_whole_of_a_step():
    command = [sys.executable, BENCHMARKS / "where.py", "--only", "d,g", "--rounds", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    columns = re.search(r"^ +step .*", run.stdout, re.M)[0].split()
    rows = re.findall(r"^(\w+)((?: +-?[\d.]+)+)$", run.stdout, re.M)
    assert [name for name, _ in rows] == ["d", "g"]
    for _, numbers in rows:
        found = dict(zip(columns, map(float, numbers.split()), strict=False))
        parts = [found[c] for c in columns[1 : columns.index("rest") + 1]]
        assert sum(parts) == pytest.approx(found["step"], abs=0.01)
        assert found["products"] + found["calls"] > 0


def test_a_watched_step_has_every_product_of_its_arithmetic(monkeypatch):
    """Forward 1, backward 2, as peers.py counts them; and it comes to the same numbers."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setattr(sys, "argv", ["where.py"])
    for name in (*NUM_THREADS, "MINICHAR_HELPERS"):
        monkeypatch.setenv(name, "1")  # peers.py and where.py set them: not for other tests
    peers, watched, where = map(importlib.import_module, ("peers", "watched", "where"))
    step, same, log = peers.make("minichar", "b"), peers.make("minichar", "b"), []
    with watched.watching(log):
        loss = step()
    assert loss == same()
    work = sum(2 * M * K * N * n for (M, K, N, *_), n in where.shapes(log).items()) / 1e9
    # Beyond peers.py's count: the gradient of the first weights, by one-hot rows.
    assert work == pytest.approx(peers.gigaflops(*peers.CONFIGURATIONS["b"]), rel=0.2)


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


def test_sharing_prints_a_row_for_each_size(dask):
    command = [sys.executable, BENCHMARKS / "sharing.py", "--sizes", "4,8", "--steps", "2"]
    command += ["--batch", "6", "--length", "5"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = re.findall(r"^ +(\d+) +[\d,]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", run.stdout, re.M)
    assert rows == ["4", "8"] and run.stdout.startswith("30 predictions a step, 2 processes")
