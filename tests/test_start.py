"""What start.py says, and what it starts; test_start_environment.py has the making of .venv."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import minichar.__main__
import start

ROOT = Path(start.__file__).parent

# What pip and venv print when they fail, as seen: the line that decides, and what it has to become.
SEEN = {
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on"
    " device": "disk is full",
    "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after"
    " connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection"
    " object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary failure in name"
    " resolution')': /simple/hatchling/": "online",
    "ERROR: Could not find a version that satisfies the requirement hatchling>=1.27"
    " (from versions: none)\nERROR: No matching distribution found for hatchling>=1.27": "online",
    "  WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to"
    " proxy.', OSError('Tunnel connection failed: 403 Forbidden'))'": "online",
    "pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.": "online",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"
    " failed: certificate has expired (_ssl.c:1006)'))": "clock",
    "Error: [Errno 13] Permission denied: '/srv/course/.venv'": "written to",
    "Error: [Errno 30] Read-only file system: '/srv/course/.venv'": "written to",
    "Error: [WinError 5] Access is denied: 'C:\\c\\.venv\\Scripts\\python.exe'": "end JupyterLab",
    "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:'"
    "\nHINT: This error might have occurred since this system does not have Windows Long Path"
    " support enabled.": "too long",
    "ERROR: Could not find a version that satisfies the requirement numpy==2.4.6 (from versions:"
    " 1.26.0, 2.0.0)\nERROR: No matching distribution found for numpy==2.4.6": "use Python 3.12",
    "error: metadata-generation-failed": "use Python 3.12",
    "The virtual environment was not created successfully because ensurepip is not\navailable.  On"
    " Debian/Ubuntu systems, you need to install the python3-venv": "python3-venv",
    "/usr/bin/python3: No module named venv": "python3-venv",
}


@pytest.mark.parametrize("output", SEEN)
def test_known_failure_becomes_one_line(output):
    said = start.explain("Collecting numpy\n" + output + "\n", free=10**10)
    assert SEEN[output] in said and said.endswith(", then start again.") and "\n" not in said


def test_venv_that_failed_silently_on_a_full_disk():
    silent = "Error: Command '['/c/.venv/bin/python3', '-m', 'ensurepip']' returned non-zero exit"
    assert "disk is full" in start.explain(silent, free=4096)
    assert "disk is full" not in start.explain(silent, free=10**10)


def test_unknown_failure_shows_the_last_lines_and_the_log():
    said = start.explain("\n".join(f"line {n}" for n in range(100)), free=10**10)
    assert "line 99" in said and "line 88" in said and "line 87" not in said
    assert str(start.LOG) in said


def old_pythons():
    """The Pythons on this computer that are too old, whichever way they were installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    places = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    for place in [*places, *map(str, sorted(pyenv.glob("3.*/bin/python")))]:
        probe = "import sys; sys.exit(sys.version_info >= (3, 11) or sys.version_info < (3, 6))"
        if place and subprocess.call([place, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            yield place


def test_old_python_is_told_so_in_one_line():
    found = list(old_pythons())
    if not found:
        pytest.skip("needs a Python from 3.6 to 3.10 on the PATH (python3.8, say)")
    for python in found[:2]:
        run = subprocess.run([python, start.__file__, "test"], capture_output=True, text=True)
        assert run.returncode == 1 and run.stdout == ""
        assert run.stderr.startswith(
            "This course needs Python 3.11 or newer, and this is Python 3."
        )
        assert run.stderr.count("\n") == 1


def test_old_python_can_read_the_file():
    ast.parse(Path(start.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_old_python_is_told_of_a_newer_one(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name == "python3.12")
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)
    assert start.too_old().endswith("This computer has a newer one: python3.12 start.py")
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 127)  # there, and does not work
    assert start.too_old().endswith("Install a newer one, such as 3.12.")


def test_progress_is_read_off_what_pip_prints(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "ENV", tmp_path)
    assert start.stage([]) == "getting ready"
    lines = ["Collecting numpy>=2 (from minichar==0.1.0)\n", "  Downloading numpy.whl (16 MB)\n"]
    assert start.stage(lines) == "fetching packages, 1: numpy"
    assert "trying again" in start.stage([*lines, "WARNING: Retrying (Retry(total=4\n"])
    lines += ["Collecting jupyter-lsp>=2.0.0 (from jupyterlab)\n"]
    assert start.stage(lines) == "fetching packages, 2: jupyter-lsp"
    (tmp_path / "lib/python3.12/site-packages/numpy-2.0.dist-info").mkdir(parents=True)
    lines += ["Installing collected packages: numpy, jupyter-lsp, minichar\n"]
    assert start.stage(lines) == "unpacking packages, 1 of 3"


@pytest.mark.parametrize(
    ("words", "run"),
    [
        ("", "jupyterlab LESSON"),
        ("lab", "jupyterlab LESSON"),
        ("lab --no-browser", "jupyterlab LESSON --no-browser"),
        ("--port 9999", "jupyterlab LESSON --port 9999"),
        ("test", "pytest TWOS"),
        ("test -n 0 -k names", "pytest TWOS -n 0 -k names"),
        ("doctor", "minichar doctor"),
        ("check 03", "minichar check 03"),
        ("lab 03", "minichar lab 03"),
        ("--version", "minichar --version"),
    ],
)
@pytest.mark.parametrize("user", [0, 1000])
def test_words_reach_the_right_program(words, run, user, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    lesson = "--ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"
    lesson += " --allow-root" * (user == 0)
    run = run.replace("LESSON", lesson).replace("TWOS", " ".join(start.BY_TWOS))
    expected = ["-m", *run.split()]
    assert start.order(words.split()) == expected


def test_help_installs_nothing(monkeypatch, capsys):
    monkeypatch.setattr(start, "make_environment", lambda: pytest.fail("it went to work"))
    start.main(["--help"])
    out = capsys.readouterr().out
    assert "python3 start.py test" in out
    commands = re.findall(r"^minichar (\w+)", minichar.__main__.__doc__, re.M)
    assert len(commands) == 13 and not [name for name in commands if name not in out]


@pytest.mark.skipif(os.name == "nt", reason="needs a system whose programs can be shell scripts")
def test_the_program_takes_over(tmp_path):
    """start.py itself, with an environment that counts as finished and a Python that only tells."""
    for name in ("start.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    told = "$@ / $OMP_NUM_THREADS / $PWD / $PATH / $MINICHAR_COMMAND"
    python.write_text(f'#!/bin/sh\necho "{told}"\nexit 3\n')
    python.chmod(0o755)
    stamp = "import start; start.STAMP.write_text(start.wanted())"
    subprocess.run([sys.executable, "-c", stamp], cwd=tmp_path, check=True)

    def run(*words):
        run = subprocess.run(
            [sys.executable, tmp_path / "start.py", *words],
            cwd=tmp_path.parent,
            env=dict(os.environ, OMP_NUM_THREADS="7"),
            capture_output=True,
            text=True,
        )
        assert run.returncode == 3
        return run.stdout.strip("\n").split(" / ")

    words, threads, folder, path, again = run("test", "-k", "names")
    assert words == " ".join(["-m pytest", *start.BY_TWOS, "-k names"])
    assert (threads, folder) == ("1", str(tmp_path))
    assert path.startswith(str(python.parent)) and again == ""
    words, threads, folder, _, again = run("check", "03")
    assert (words, threads, folder) == ("-m minichar check 03", "7", str(tmp_path.parent))
    assert again == f"python3 {tmp_path / 'start.py'}"
