"""The graphics card: whether a model can run on it, found out by computing something there.

There are four cases, and each comes with what to do: CuPy is not installed; there is no NVIDIA card
or no driver for it; the card is there, but the CUDA libraries that CuPy calls are missing; it
works. `CharModel(…, device="gpu")` asks here. Built in lesson 10.

    >>> find().case in CASES
    True
"""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

CASES = ("no CuPy", "no card", "no libraries", "works")


def install(extra: str) -> str:
    """The command that installs an extra, to be typed in the folder of the course."""
    course = Path(__file__).resolve().parents[1]
    here = Path(sys.executable or "python").parent.resolve()
    pip = here.relative_to(course) / "pip" if here.is_relative_to(course) else "pip"
    return f'{pip} install -c constraints.txt -e ".[{extra}]"'


INSTALL = f"{install('cuda12')} in the course's folder (cuda13 for a driver of CUDA 13)"


@dataclass(frozen=True)
class Finding:
    """One of CASES, what was found, what to do about it, and cupy where it works."""

    case: str
    what: str
    todo: str = ""
    cupy: ModuleType | None = None

    @property
    def line(self) -> str:
        return f"{self.what}: {self.todo}" if self.todo else self.what


def find() -> Finding:
    """Try the card with a computation: one product of matrices, one kernel, one number back."""
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        if error.name == "cupy":
            return Finding("no CuPy", "CuPy is not installed", f"for an NVIDIA card, {INSTALL}")
        return Finding("no libraries", f"CuPy does not load ({_first(error)})", INSTALL)
    try:
        cards = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # cudaErrorNoDevice, cudaErrorInsufficientDriver, and more
        cards, why = 0, _first(error)
    else:
        why = "it counts 0 cards"
    if not cards:
        todo = "check whether `nvidia-smi` lists a card, and update its driver"
        return Finding("no card", f"CuPy finds no NVIDIA card, or no driver ({why})", todo)
    try:
        ones = cupy.ones((64, 64), "float32")
        total = float(cupy.tanh(ones @ ones).sum())  # 64 is so large that its tanh is 1
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Exception as error:  # each missing library has an error of its own
        missing = f"there is a card, but CuPy cannot compute on it ({_first(error)})"
        return Finding("no libraries", missing, f"{INSTALL} brings the CUDA libraries")
    if total != 64**2:
        wrong = f"{name}, but it computes wrongly"
        return Finding("no libraries", wrong, "update its driver")
    return Finding("works", f"{name}, CuPy {cupy.__version__}", cupy=cupy)


def card() -> ModuleType:
    """The module cupy, once a computation with it has succeeded.

    Raises RuntimeError, in one line that says what to do, where there is no card to compute on.
    """
    found = find()
    if found.cupy is None:
        raise RuntimeError(f'device="gpu": {found.line}')
    return found.cupy


def library(device: str) -> ModuleType:
    """The array library of a device: numpy for "cpu", cupy for "gpu".

    Raises ValueError for another name, RuntimeError as `card` does.
    """
    if device == "cpu":
        return np
    if device != "gpu":
        raise ValueError(f'device={device!r}: it must be "cpu" or "gpu"')
    return card()


def _first(error: Any) -> str:
    """The first line of what an error says."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
