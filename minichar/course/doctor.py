"""Check the set-up: what runs here, in which version, and what to do where something is wrong.

Lesson 00 names it, for the day when something does not work: `python3 start.py doctor`.

    >>> name, value, advice = report()[0]
    >>> name
    'Python'
    >>> advice  # empty where all is well
    ''
"""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from minichar import datasets, device
from minichar.course import files

PACKAGES = ("numpy", "matplotlib", "ipywidgets", "jupyterlab", "ipykernel", "nbval")
SET_UP = "remove the folder .venv of the course, then run `python3 start.py setup` there"


def python() -> tuple[str, str]:
    """The Python that runs this, and where it is."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{version}, {sys.executable}", ""


def package(name: str) -> tuple[str, str]:
    """The version of an installed package."""
    try:
        return importlib.metadata.version(name), ""
    except importlib.metadata.PackageNotFoundError:
        return "not installed", SET_UP


def linear_algebra() -> tuple[str, str]:
    """The BLAS under numpy, and how many threads it takes for a product of matrices."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    value = f"{blas['name']} {blas['version']}"
    for library in threadpool_info():
        if library["user_api"] == "blas":
            value += f", {library['num_threads']} of {os.cpu_count()} threads"
            value += f", kernels for {library['architecture']}" if "architecture" in library else ""
    return value, ""


def gpu() -> tuple[str, str]:
    """The GPU as CuPy sees it, after a computation on it, or why there is none to use."""
    found = device.find()
    if found.case != "no CuPy":
        return found.what, found.todo
    driver = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists()
    here = "but there is an NVIDIA driver" if driver else "and there is no NVIDIA driver"
    return f"none in use: {found.what}, {here}; no lesson needs it", ""


def kernel() -> tuple[str, str]:
    """The kernel that the lessons ask for, `python3`: it has to be this very Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        started = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return "there is no kernel python3", SET_UP
    # A bare name means this Python to Jupyter. Links are not followed: those of two environments
    # lead to one and the same file.
    if os.path.dirname(started) and os.path.abspath(started) != os.path.abspath(sys.executable):
        return f"python3 is {started}", f"`jupyter kernelspec remove python3`, then {SET_UP}"
    return "python3 is this Python", ""


def lessons() -> tuple[str, str]:
    """The notebooks, which lie beside the package."""
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    found = [lesson for lesson in files.lessons(folder.parent) if lesson.notebook.exists()]
    if not found:
        return f"none in {folder}", "fetch the course again, or start it from its own folder"
    return f"{len(found)} in {folder}", ""


def texts() -> tuple[str, str]:
    """The texts that the lessons read."""
    try:
        return f"{len(datasets.catalogue())} in {datasets.folder()}", ""
    except (OSError, ValueError) as error:
        return "not found", str(error)


def report() -> list[tuple[str, str, str]]:
    """Every finding as (name, value, advice); the advice is empty where all is well."""
    looks: list[tuple[str, Callable[[], tuple[str, str]]]] = [("Python", python)]
    looks += [(name, lambda name=name: package(name)) for name in PACKAGES]
    looks += [("linear algebra", linear_algebra), ("GPU", gpu), ("kernel", kernel)]
    looks += [("lessons", lessons), ("texts", texts)]
    findings = []
    for name, look in looks:
        try:
            findings.append((name, *look()))
        except Exception as error:  # a package is missing, or a file is broken: no time to stop
            findings.append((name, f"cannot be found out: {type(error).__name__}: {error}", SET_UP))
    return findings


def text() -> str:
    """The report for reading: a line for each finding, its advice under it, the sum at the end."""
    findings = report()
    width = max(len(name) for name, _, _ in findings)
    lines = []
    for name, value, advice in findings:
        lines.append(f"{name:<{width}}  {value}")
        lines += [f"{'':<{width}}  to do: {advice}"] if advice else []
    wrong = sum(bool(advice) for _, _, advice in findings)
    lines += ["", f"To do: {wrong} of {len(findings)}." if wrong else "All is well."]
    return "\n".join(lines)
