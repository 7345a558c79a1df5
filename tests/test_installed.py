"""The package by itself: as a wheel, installed into an environment without the course's folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Nine tenths are the trained networks and the texts, without which no lesson runs offline; a
# notebook server or a browser fetches all of it before the first cell. Twice today's size would be
# a file that crept in.
LIMIT = 8_000_000  # bytes
HEAVY = ("IPython", "ipykernel", "ipywidgets", "jupyterlab", "matplotlib", "nbformat", "pytest")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the package as it is."""
    pytest.importorskip("hatchling", reason="builds the wheel (pip install hatchling)")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A Python that has the package from the wheel, and all it needs from this environment.

    This environment's packages come after its own, so that a package installed in place here is
    hidden by the one from the wheel.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    paths = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    with zipfile.ZipFile(wheel) as archive:  # which is all that pip does with a wheel like this
        archive.extractall(site)
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Path(sysconfig.get_path("scripts", vars=paths)) / "python"


def run(python, *words, cwd):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [str(python), *words]
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True)


@pytest.mark.slow
def test_the_wheel_is_small_and_holds_the_package_alone(wheel):
    assert wheel.stat().st_size < LIMIT
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2 and "minichar" in tops and any(t.endswith(".dist-info") for t in tops)
    assert not [name for name in names if name.endswith((".ipynb", ".pyc"))]
    for needed in ("weights/names.npz", "names.txt", "catalogue.toml"):
        assert f"minichar/_datasets/{needed}" in names
    assert "minichar/course/rendering.css" in names


@pytest.mark.slow
def test_installed_it_reads_samples_and_draws_without_the_course(python, tmp_path):
    code = f"""
import sys, pathlib
import minichar as mc
assert not [m for m in {HEAVY} if m in sys.modules], "the import is heavy"
assert {str(ROOT)!r} not in mc.__file__, mc.__file__
model = mc.CharModel(mc.Vocabulary.of(mc.load_text("names")), hidden=(8,), seed=0)
for report in mc.train(model, mc.load_text("names"), steps=3, seed=0):
    pass
mc.save_model("model.npz", model)
print(len(mc.sample(mc.load_model("model.npz"), length=20, seed=0)))
print(len(mc.sample(mc.sampling.shipped("names"), length=20, seed=0)))
from minichar import draw
draw.bars([0.5, 0.5], "ab")
assert not [m for m in {HEAVY} if m in sys.modules and m != "matplotlib"]
"""
    done = run(python, "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["20", "20"]


@pytest.mark.slow
def test_the_texts_are_found_by_the_installed_copy(python, tmp_path):
    """The tests stand in a folder of their own, where they can find no package but that one."""
    tests = tmp_path / "tests"
    tests.mkdir()
    for path in [*(ROOT / "tests").glob("*.py")]:
        (tests / path.name).write_bytes(path.read_bytes())
    (tests / "golden").symlink_to(ROOT / "tests" / "golden")
    for folder in ("datasets", "notebooks", "solutions"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    slow\n    browser\n", encoding="utf-8"
    )
    where = "import minichar; print(minichar.__file__)"
    assert str(ROOT) not in run(python, "-c", where, cwd=tmp_path).stdout
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow")
    done = run(python, *words, "tests/test_datasets.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
