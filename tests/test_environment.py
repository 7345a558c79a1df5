"""The lists of packages agree with each other, and no file of the project ties it to one place."""

import importlib
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONDA_NAME = {"matplotlib": "matplotlib-base"}  # where conda-forge calls a package otherwise
SUPPORTED = ("3.11", "3.12", "3.13")

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
BOUNDS = PYPROJECT["tool"]["uv"]["constraint-dependencies"]
NEEDED = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"] + BOUNDS
EVERYTHING = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])


def differences(environment: str, needed: list[str]) -> list[str]:
    """What keeps environment.yml from naming the packages and floors of pyproject.toml."""
    listed = re.findall(r"^  - (\w\S*[^\s:])$", environment.split("\ndependencies:\n")[1], re.M)
    python = [line for line in listed if re.match(r"python\b(?!-)", line)]
    listed = {line for line in listed if line not in python and line != "pip"}
    wanted = {CONDA_NAME.get(r.name, r.name) + str(r.specifier) for r in map(Requirement, needed)}
    found = [f"environment.yml lacks {line}" for line in wanted - listed]
    found += [f"pyproject.toml lacks {line}" for line in listed - wanted]
    if len(python) != 1 or python[0].removeprefix("python=") not in SUPPORTED:
        found.append(f"one line python=3.N has to name one of {SUPPORTED}, not {python}")
    return found


def test_environment_and_pyproject_are_in_step():
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert differences(environment, NEEDED) == []
    assert environment.endswith("  - pip:\n      - -e .\n")


@pytest.mark.parametrize(
    ("line", "instead", "found"),
    [
        ("  - numpy>=2\n", "", "environment.yml lacks numpy>=2"),
        ("numpy>=2", "numpy>=1.26", "pyproject.toml lacks numpy>=1.26"),
        ("  - pip\n", "  - pip\n  - torch>=2\n", "pyproject.toml lacks torch>=2"),
        ("python=3.12", "python>=3.11", "one line python=3.N"),
        ("python=3.12", "python=3.9", "one line python=3.N"),
        ("  - python=3.12\n", "", "one line python=3.N"),
    ],
)
def test_lists_out_of_step_are_noticed(line, instead, found):
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert line in environment
    assert any(found in said for said in differences(environment.replace(line, instead), NEEDED))


def constraints() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_constraints_hold_versions_and_nothing_else():
    for line in constraints():
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [\w\s.<>=!'()]+)?", line), line


@pytest.mark.parametrize("version", SUPPORTED)
def test_constraints_pin_what_pyproject_needs(version):
    """On every supported Python exactly one version of each, and none below its floor."""
    for needed in map(Requirement, EVERYTHING):
        pins = [
            pin
            for pin in map(Requirement, constraints())
            if pin.name == canonicalize_name(needed.name)
            and (pin.marker is None or pin.marker.evaluate({"python_full_version": version + ".9"}))
        ]
        assert len(pins) == 1, needed
        assert needed.specifier.contains(str(pins[0].specifier).removeprefix("=="))


def test_constraints_keep_what_uv_is_told():
    """So that the list made anew starts no slower: see pyproject.toml."""
    for bound in map(Requirement, BOUNDS):
        (pin,) = [pin for pin in map(Requirement, constraints()) if pin.name == bound.name]
        assert bound.specifier.contains(str(pin.specifier).removeprefix("=="))


def test_supported_pythons_are_those_that_pyproject_takes():
    takes = SpecifierSet(PROJECT["requires-python"])
    assert all(version in takes for version in SUPPORTED) and "3.10" not in takes


def test_uv_gets_what_the_tests_need():
    assert PYPROJECT["dependency-groups"]["dev"] == ["minichar[test]"]


def test_command_minichar_is_there():
    module, function = PROJECT["scripts"]["minichar"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


def project_files() -> list[Path]:
    """The files that are committed, or would be."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("needs git and a clone, to tell the project's files from those made since")
    run = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in map(ROOT.joinpath, run.stdout.splitlines()) if path.is_file()]


# Put together from pieces, or this file would be found guilty itself.
REGISTRIES = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("anaconda", "com"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("debian", "org"),
    )
]
PLACES = "(?<![\\w.~-])/(" + "|".join(("ro" + "ot", "ho" + "me", "wo" + "rk", "Us" + "ers")) + ")/"


def test_no_file_names_a_registry_or_somebodys_folder():
    files = project_files()
    assert ROOT / "start.py" in files and ROOT / "tests" / Path(__file__).name in files
    for path in files:
        text = path.read_bytes().decode("utf-8", errors="ignore")
        assert not [host for host in REGISTRIES if host in text.lower()], path
        assert not re.search(PLACES, text), path


def test_ci_script_can_be_run():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    if not shutil.which("bash"):
        pytest.skip("needs bash")
    subprocess.run(["bash", "-n", script], check=True)
