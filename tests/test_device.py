"""Which of the four cases a machine is in, and that each says what to do."""

import sys
import types
from pathlib import Path

import pytest

import minichar as mc
from minichar import device, strict

ROOT = Path(device.__file__).resolve().parents[1]


def cupy(cards=1, fails=None, wrong=False):
    """The stand-in, with what is amiss."""
    module = strict.module()

    def count():
        if isinstance(cards, Exception):
            raise cards
        return cards

    module.cuda.runtime.getDeviceCount = count
    if fails:

        def ones(*_):
            raise fails

        module.ones = ones
    if wrong:
        module.tanh = lambda x: x
    return module


NO_DRIVER = RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient\nmore")
CASES = {
    "absent": (None, "no CuPy", "CuPy is not installed", r"\[cuda12\]"),
    "no driver": (cupy(NO_DRIVER), "no card", "cudaErrorInsufficientDriver", "nvidia-smi"),
    "no card": (cupy(0), "no card", "no NVIDIA card", "nvidia-smi"),
    "no cublas": (
        cupy(fails=ImportError("libcublas.so.12: cannot open shared object file")),
        "no libraries",
        "libcublas.so.12",
        r"\[cuda12\]",
    ),
    "no nvrtc": (
        cupy(fails=RuntimeError("CuPy failed to load libnvrtc.so.12: OSError")),
        "no libraries",
        "libnvrtc.so.12",
        r"\[cuda12\]",
    ),
    "wrong": (cupy(wrong=True), "no libraries", "computes wrongly", "driver"),
}


@pytest.mark.parametrize(
    ("python", "pip"),
    [
        (ROOT / ".venv/bin/python", Path(".venv/bin/pip")),
        (Path("/usr/bin/python3"), "pip"),
        ("", "pip"),
    ],
)
def test_an_extra_is_installed_by_the_pip_of_this_python(python, pip, monkeypatch):
    """In place, or a copy takes the place of the package that the lessons lie beside."""
    monkeypatch.setattr(sys, "executable", str(python))
    assert device.install("page") == f'{pip} install -c constraints.txt -e ".[page]"'


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_told_apart_in_a_line_with_what_to_do(name, monkeypatch):
    module, case, why, todo = CASES[name]
    monkeypatch.setitem(sys.modules, "cupy", module)
    found = device.find()
    assert found.case == case and found.cupy is None
    pytest.raises(RuntimeError, device.card).match(why)
    with pytest.raises(RuntimeError, match=todo) as caught:
        mc.CharModel(mc.Vocabulary("ab"), hidden=2, device="gpu")
    assert str(caught.value) == f'device="gpu": {found.line}' and "\n" not in found.line


def test_a_cupy_that_does_not_load(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('libcuda.so.1: no such file\\nmore')")
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    found = device.find()
    assert found.case == "no libraries" and "libcuda.so.1: no such file)" in found.line


def test_a_card_that_works():
    with strict.instead_of_cupy() as card:
        found = device.find()
        assert found.case == "works" and found.cupy is card
        assert found.line.startswith("no card, CuPy (a stand-in)")  # its name, and its version
        assert card.counts.launches >= 3 and card.counts.down == 1  # it really computed
        assert device.library("gpu") is card


def test_a_device_of_another_name():
    for wrong in ("cuda", "GPU", "", None):
        with pytest.raises(ValueError, match='it must be "cpu" or "gpu"'):
            mc.CharModel(mc.Vocabulary("ab"), hidden=2, device=wrong)
    assert device.library("cpu").__name__ == "numpy"


def test_the_cpu_needs_no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert mc.CharModel(mc.Vocabulary("ab"), hidden=2).device == "cpu"


def test_a_file_is_not_blamed_for_a_missing_card(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", None)
    mc.save_model(tmp_path / "m.npz", mc.CharModel(mc.Vocabulary("ab"), hidden=2))
    with pytest.raises(RuntimeError, match="CuPy is not installed"):
        mc.load_model(tmp_path / "m.npz", device="gpu")


def test_the_real_cupy_is_in_one_of_the_cases():
    pytest.importorskip("cupy", reason="runs where CuPy is installed, card or none")
    found = device.find()
    assert found.case in device.CASES and found.case != "no CuPy"
    assert isinstance(sys.modules["cupy"], types.ModuleType)
