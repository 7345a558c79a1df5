"""start.py makes .venv: once, again when it has to, and never leaves a half-made one standing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import start

ROOT = Path(start.__file__).parent
LEAVE_OUT = shutil.ignore_patterns(".*_cache", ".git", ".venv", ".hypothesis", "__pycache__")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """An empty folder in which start.py believes itself."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("ROOT", "ENV", "BIN", "PYTHON", "STAMP", "LOG"):
        monkeypatch.setattr(start, name, tmp_path / getattr(start, name).relative_to(ROOT))
    return tmp_path


@pytest.fixture
def begin(course, monkeypatch):
    """Make the environment with steps that are only imitated; returns which ones there were."""
    steps = []

    def step(*command):
        steps.append(command[command.index("-m") + 1])
        if steps[-1] == "venv":
            shutil.rmtree(start.ENV, ignore_errors=True)
            start.BIN.mkdir(parents=True)
            start.PYTHON.touch()

    def begin():
        steps.clear()
        start.make_environment()
        return steps

    monkeypatch.setattr(start, "step", step)
    return begin


def test_second_start_has_nothing_to_do(begin):
    assert begin() == ["venv", "pip"]
    assert begin() == []


@pytest.mark.parametrize("victim", ["venv", "pip"])
def test_half_made_environment_is_made_anew(begin, victim, monkeypatch):
    begin()
    start.STAMP.write_text("made for an older course", encoding="utf-8")
    whole = start.step

    def killed(*command):
        if victim in command:
            raise SystemExit("killed")
        whole(*command)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(start, "step", killed)
        begin()
    assert not start.STAMP.exists()
    assert begin() == ["venv", "pip"]


def test_environment_of_another_tool_is_made_anew(begin):
    start.BIN.mkdir(parents=True)  # as `uv run` leaves it: without pip, without a stamp
    start.PYTHON.touch()
    assert begin() == ["venv", "pip"]


def test_environment_whose_python_is_gone_is_made_anew(begin):
    begin()
    start.PYTHON.unlink()
    assert begin() == ["venv", "pip"]


def test_course_is_found_in_a_folder_with_letters_of_any_kind(begin):
    """Up to Python 3.12 a .pth is read as the system writes letters, and pip writes it in UTF-8."""
    begin()
    path = start.ENV / "lib" / "python3.12" / "site-packages" / "_minichar.pth"
    path.parent.mkdir(parents=True)
    path.write_text("D:/Kurse/Jürgen/minichar", encoding="utf-8")  # as an extra leaves it
    assert begin() == []
    line = path.read_text(encoding="ascii").rstrip()
    assert os.path.abspath(path.parent / line) == str(start.ROOT)


@pytest.mark.parametrize("change", ["place", "python", "dependency", "pin"])
def test_environment_for_something_else_is_made_anew(begin, course, change, monkeypatch):
    begin()
    if change == "place":  # a moved or copied folder: the programs in it still name the old one
        monkeypatch.setattr(start, "ROOT", shutil.copytree(course, course / "copy"))
    elif change == "python":
        known = {"executable": sys.executable, "stderr": sys.stderr}
        newer = SimpleNamespace(version_info=(3, 99), **known)
        monkeypatch.setattr(start, "sys", newer)
    else:
        path = course / {"dependency": "pyproject.toml", "pin": "constraints.txt"}[change]
        text = path.read_text(encoding="utf-8")
        assert "numpy" in text
        path.write_text(text.replace("numpy", "numpie"), encoding="utf-8")
    assert begin() == ["venv", "pip"]


def test_settings_of_other_tools_are_not_a_reason_nor_is_a_patch_of_python(
    begin, course, monkeypatch
):
    begin()
    patched = SimpleNamespace(version_info=(*sys.version_info[:2], 99), executable=sys.executable)
    monkeypatch.setattr(start, "sys", patched)
    with (course / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.something]\nnew = true\n")
    assert begin() == []


def test_step_that_fails_ends_with_its_line_and_keeps_the_log(course):
    start.ENV.mkdir()
    program = "print('OSError: [Errno 28] No space left on device'); raise SystemExit(2)"
    with pytest.raises(SystemExit, match="^The disk is full"):
        start.step(sys.executable, "-c", program)
    assert "Errno 28" in start.LOG.read_text(encoding="utf-8")


def test_step_shows_that_it_is_alive(course, monkeypatch, capsys):
    join = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", lambda self, _: join(self, 0.05))
    start.step(sys.executable, "-c", "import time; print('Collecting numpy'); time.sleep(0.5)")
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) > 1 and all(line.endswith(" s)") for line in lines)


def test_interrupted_step_ends_its_process(course, monkeypatch):
    pid = course / "pid"
    program = f"""
import os, pathlib, time
pathlib.Path({str(pid)!r}).write_text(f"{{os.getpid()}}.")
time.sleep(60)
"""

    def interrupt(thread, _):
        while not (pid.exists() and pid.read_text().endswith(".")):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupt)
    monkeypatch.setattr(
        start, "make_environment", lambda: start.step(sys.executable, "-c", program)
    )
    with pytest.raises(SystemExit, match="Start again to go on"):
        start.main([])
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()[:-1]), 0)


def test_two_starts_at_once_take_turns(capfd):
    fcntl = pytest.importorskip("fcntl", reason="needs a system with locks on files, not Windows")
    with open(start.__file__, "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = []
        thread = threading.Thread(target=start.alone, args=(lambda: done.append(True),))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive() and not done
    thread.join(30)
    assert done and "Waiting for another start.py" in capfd.readouterr().err


@pytest.mark.slow
def test_the_whole_way(tmp_path):
    """From a bare copy to a working package: without a network, killed half-way, started again.

    With the fewest packages, for they are installed twice; .ci/run installs all and asks `doctor`.
    """
    course = shutil.copytree(ROOT, tmp_path / "mañana, 我", ignore=LEAVE_OUT)
    project, few = course / "pyproject.toml", '\ndependencies = ["numpy", "threadpoolctl"]\n'
    text = project.read_text("utf-8")
    project.write_text(re.sub(r"\ndependencies = \[.*?\n\]\n", few, text, flags=re.S), "utf-8")
    go = [sys.executable, str(course / "start.py"), "setup"]

    offline = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    offline.update(PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    run = subprocess.run(go, env=offline, capture_output=True, text=True)
    assert run.returncode == 1 and run.stdout == ""
    assert "check that this computer is online" in run.stderr.splitlines()[-1]

    first = subprocess.Popen(go, stderr=subprocess.PIPE, text=True)
    for line in first.stderr:
        if line.endswith(" s)\n"):
            first.send_signal(signal.SIGKILL)
            break
    assert first.wait() == -signal.SIGKILL
    run = subprocess.run(go, capture_output=True, text=True)  # while the killed one's step goes on
    assert run.returncode == 0, run.stderr
    assert "Waiting for another start.py" in run.stderr and run.stdout.count("\n") == 1

    python = course / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-m", "pip", "check"], capture_output=True).returncode == 0
    bare = dict(os.environ, LC_ALL="C", PYTHONPATH="")  # a system that cannot read the path
    found = [python, "-c", "import minichar"]
    assert subprocess.run(found, cwd=tmp_path, env=bare, capture_output=True).returncode == 0
