"""Memory that was freed is taken again instead of asked for anew."""

import subprocess
import sys

import pytest

from minichar import memory

PAGES = """
import resource
import numpy as np
from minichar import memory

def taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(100_000_000, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{}
taken()
print(taken())
"""


def second_time(before):
    """Page faults of an array as large as one that was freed just now, in a process of its own."""
    run = [sys.executable, "-c", PAGES.format(before)]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not memory.keep(), reason="runs with the GNU C library, on Linux")
def test_what_was_freed_is_taken_again():
    assert second_time("memory.keep()") < second_time("") / 4


def test_elsewhere_nothing_changes(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert memory.keep.__wrapped__() is False
