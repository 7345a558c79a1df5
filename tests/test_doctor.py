"""The doctor says what is there, and what to do about what is not."""

import importlib.metadata
import json
import os
import shutil
import sys

import mini_course
import numpy as np
import pytest
import threadpoolctl

from minichar import device
from minichar.course import doctor


def finding(name):
    (found,) = [(value, advice) for n, value, advice in doctor.report() if n == name]
    return found


def test_report_covers_what_a_lesson_needs():
    names = [name for name, _, _ in doctor.report()]
    assert names[:3] == ["Python", "numpy", "matplotlib"]
    assert names[-5:] == ["linear algebra", "GPU", "kernel", "lessons", "texts"]
    assert finding("Python") == (f"{sys.version.split()[0]}, {sys.executable}", "")
    assert finding("numpy") == (np.__version__, "")


def test_here_nothing_is_amiss():
    assert [found for found in doctor.report() if found[2]] == []
    assert doctor.text().endswith("All is well.")


def test_advice_stands_under_its_finding(monkeypatch):
    findings = [("one", "fine", ""), ("three", "broken", "mend it")]
    monkeypatch.setattr(doctor, "report", lambda: findings)
    assert doctor.text().splitlines() == [
        "one    fine",
        "three  broken",
        "       to do: mend it",
        "",
        "To do: 1 of 2.",
    ]


def test_missing_package_is_named(monkeypatch):
    version = importlib.metadata.version

    def without_nbval(name):
        if name == "nbval":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without_nbval)
    value, advice = finding("nbval")
    assert value == "not installed" and "start.py setup" in advice


def test_missing_package_stops_no_other_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyter_client.kernelspec", None)
    value, advice = finding("kernel")
    assert value.startswith("cannot be found out") and "start.py setup" in advice
    assert finding("texts")[1] == ""


@pytest.mark.parametrize("content", ["{", '{"argv": [], "display_name": "x"}'])
def test_a_damaged_kernel_is_a_finding_among_others(tmp_path, monkeypatch, content):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(content)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    value, advice = finding("kernel")
    assert value.startswith("cannot be found out") and "start.py setup" in advice
    assert finding("texts")[1] == ""


def test_threads_are_those_in_force():
    if not [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]:
        pytest.skip("needs a numpy whose BLAS threadpoolctl knows (OpenBLAS, MKL or BLIS)")
    with threadpoolctl.threadpool_limits(1):
        assert f"1 of {os.cpu_count()} threads" in finding("linear algebra")[0]


@pytest.mark.parametrize("todo", ["", "update its driver"])
def test_a_gpu_is_as_it_was_found(monkeypatch, todo):
    monkeypatch.setattr(device, "find", lambda: device.Finding("some case", "Some GPU", todo))
    assert finding("GPU") == ("Some GPU", todo)


def test_no_gpu_is_nothing_to_look_after(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/" + name)
    value, advice = finding("GPU")
    assert "CuPy is not installed, but there is an NVIDIA driver" in value and not advice


def test_kernel_of_another_python_is_noticed(tmp_path, monkeypatch):
    """`ipython kernel install` of another environment leaves such a one behind."""
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/elsewhere/bin/python", "-m", "ipykernel_launcher"], "display_name": "Other"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    value, advice = finding("kernel")
    assert value == "python3 is /elsewhere/bin/python" and "kernelspec remove" in advice


def test_missing_notebooks_are_noticed(tmp_path, monkeypatch):
    folder = mini_course.make(tmp_path / "course")
    monkeypatch.setattr(doctor, "__file__", str(folder / "minichar" / "course" / "doctor.py"))
    assert finding("lessons") == (f"1 in {folder / 'notebooks'}", "")
    (folder / "notebooks" / "90_mini.ipynb").unlink()
    value, advice = finding("lessons")
    assert value == f"none in {folder / 'notebooks'}" and "fetch the course again" in advice


def test_missing_texts_are_noticed(monkeypatch):
    from minichar import datasets

    monkeypatch.setattr(datasets, "__file__", "/elsewhere/minichar/datasets.py")
    value, advice = finding("texts")
    assert value == "not found" and "fetch the course again" in advice
