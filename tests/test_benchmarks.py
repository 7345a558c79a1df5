"""The benchmark runs and prints its table; what it measures is for people to read."""

import re
import subprocess
import sys
from pathlib import Path

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
