"""Verdicts on a learner's notebooks: what `minichar check` and `minichar progress` report.

Lesson 00 shows both. There is one judge, the pytest plugin in grading.py; this runs it in a process
of its own and reads what it found. Verdicts are remembered beside notebooks/ under a digest of
everything they depend on, so `minichar progress` judges only what has changed.

    >>> summary([Verdict("1.1", "softmax", "solved"), Verdict("1.2", "loss", "not done")])
    '1 of 2 solved, 1 open'
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from minichar.course import checking
from minichar.course.files import (
    KEPT,
    CourseError,
    Lesson,
    checks,
    read_notebook,
    untouched,
    write,
)
from minichar.workers import NUM_THREADS

CACHE = ".minichar-progress.json"
STATES = ("solved", "borrowed", "wrong", "not done", "waits", "missing")
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Verdict:
    """What is known of one exercise; `message` says what to do when it is not solved."""

    number: str
    title: str
    state: str  # one of STATES
    message: str = ""

    def __post_init__(self):
        if self.state not in STATES:
            raise ValueError(f"{self.state!r} is not one of {', '.join(STATES)}")


@dataclass(frozen=True)
class Report:
    """A judged notebook: its exercises in order, and the other cells that failed."""

    verdicts: list[Verdict]
    broken: dict[str, str]  # "Cell 7" -> what it stopped with


def judge(notebook: Path, tell: Callable[[float], None] = lambda seconds: None) -> Report:
    """Judge a learner's notebook; solutions/ beside its folder holds the checks.

    `tell` hears the seconds so far, twice a second. Raises CourseError when there is no such
    solution or the judge cannot be run.
    """
    solution = notebook.parent.parent / "solutions" / notebook.name
    numbers = list(checks(read_notebook(solution)))
    if numbers and notebook.is_file():
        found = _run_pytest(notebook, tell)
    else:
        gone = _gone(notebook)
        found = {"verdicts": [[n, "missing", gone] for n in numbers], "broken": {}}
    verdicts = [
        Verdict(number, checking.title(number), state, message)
        for number, state, message in found["verdicts"]
    ]
    return Report(verdicts, found["broken"])


def _gone(notebook: Path) -> str:
    """What to do about a notebook that is not where it should be."""
    name, here = notebook.name, notebook.parent
    if notebook.exists():
        return f"{name} is a folder, not a notebook: rename it, and `minichar reset {name[:2]}`"
    others = sorted(p.name for p in here.glob(f"{name[:3]}*") if KEPT not in p.name)
    if others:
        return f"{name} is not there, but {others[0]} is: give it its name back"
    return f"{name} is not there; `minichar reset {name[:2]}` makes it again"


def _run_pytest(notebook: Path, tell: Callable[[float], None]) -> dict:
    """Run the plugin over a notebook, apart from any other pytest and its settings."""
    with tempfile.TemporaryDirectory() as folder:
        settings, output, log = (Path(folder) / name for name in ("pytest.ini", "found", "log"))
        settings.write_text("[pytest]\n")
        plugins = ["-p", "nbval.plugin", "-p", "minichar.course.grading", "-p", "no:cacheprovider"]
        options = ["--noconftest", "--nbval", f"--verdicts={output}"]
        # A path from there: pytest takes none with a [ in it. -P: nothing is imported from there.
        root = os.path.abspath(notebook.parent.parent)
        path = os.path.relpath(notebook, root)
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-c", str(settings)]
        command.append("--rootdir=.")  # its full name might hold a $, which pytest would expand
        with log.open("wb") as file:
            child = subprocess.Popen(
                [*command, *plugins, *options, path],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=root,
                env=_environment(),
            )
            _wait(child, tell)
        if not output.exists():
            lines = log.read_text(errors="replace").splitlines()
            errors = [line for line in lines if "error" in line.lower()] or ["pytest said nothing"]
            raise CourseError(f"the notebook could not be judged: {errors[-1].strip()}")
        return json.loads(output.read_text(encoding="utf-8"))[os.path.abspath(notebook)]


def _environment() -> dict[str, str]:
    """This process's environment without pytest's variables, and with the package importable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    path = os.pathsep.join(filter(None, [str(_PACKAGE.parent), kept.get("PYTHONPATH")]))
    own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": path}
    return kept | dict.fromkeys(NUM_THREADS, "1") | own


def _wait(child: subprocess.Popen, tell: Callable[[float], None]) -> None:
    start = time.monotonic()
    try:
        while True:
            try:
                child.wait(timeout=0.5)
                return
            except subprocess.TimeoutExpired:
                tell(time.monotonic() - start)
    finally:  # after Ctrl-C; the kernels end on their own when their parent is gone
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()


def digest(lesson: Lesson) -> str:
    """A digest of all that its verdicts depend on: the notebook's code, solution and package."""
    parts = [lesson.solution.read_bytes()]
    try:
        cells = read_notebook(lesson.notebook).cells
        code = [[c.get("id"), c.source] for c in cells if c.cell_type == "code"]
        parts.append(json.dumps(code).encode())
    except CourseError as error:
        parts.append(str(error).encode())
    parts += [path.read_bytes() for path in sorted(_PACKAGE.rglob("*.py"))]
    return hashlib.sha256(b"\0".join(hashlib.sha256(p).digest() for p in parts)).hexdigest()


def _memory(course: Path) -> dict:
    try:
        kept = json.loads((course / CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    return kept if isinstance(kept, dict) else {}


def remembered(course: Path, lesson: Lesson) -> list[Verdict] | None:
    """The verdicts on a lesson that has not changed since; None if there are none to go by."""
    entry = _memory(course).get(lesson.solution.stem)
    try:
        if entry["digest"] == digest(lesson):
            return [Verdict(**verdict) for verdict in entry["verdicts"]]
    except (TypeError, KeyError, ValueError):
        pass  # a file that something else wrote
    return None


def at_the_start(lesson: Lesson) -> list[Verdict] | None:
    """The verdicts on a lesson in which nothing has been written yet; None where something has."""
    try:
        if not untouched(read_notebook(lesson.notebook)):
            return None
    except CourseError:
        return None
    numbers = list(checks(read_notebook(lesson.solution)))
    states = ["not done", *["waits"] * len(numbers)]
    return [Verdict(n, checking.title(n), s) for n, s in zip(numbers, states, strict=False)]


def remember(course: Path, lesson: Lesson, digest: str, verdicts: Iterable[Verdict]) -> None:
    """Keep verdicts for `minichar progress`; `digest` is of what was judged, taken before that.

    A folder that cannot be written to is left alone.
    """
    entry = {"digest": digest, "verdicts": [asdict(v) for v in verdicts]}
    data = json.dumps(_memory(course) | {lesson.solution.stem: entry}, indent=1)
    try:
        write(course / CACHE, data.encode())
    except OSError:
        pass


def summary(verdicts: Sequence[Verdict]) -> str:
    """`3 of 5 solved, 1 borrowed, 1 open`."""
    solved, borrowed = (sum(v.state == s for v in verdicts) for s in ("solved", "borrowed"))
    left = len(verdicts) - solved - borrowed
    said = f"{solved} of {len(verdicts)} solved"
    said += f", {borrowed} borrowed" if borrowed else ""
    return said + (f", {left} open" if left else "")
