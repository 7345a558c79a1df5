"""How far a whole class is: the progress of many, from their folders or from what they sent.

`minichar progress --json` prints a learner's progress as a line; `minichar progress anna.json
ben.json`, or the folders of their courses, or of notebooks that were handed in, makes one table of
all. For whoever teaches.

    >>> print(table({"anna": {"1.1": "solved", "2.1": "wrong"}, "ben": {}}))
    name                    01    02     all
    anna                   1/1   0/1     1/2
    ben                      -     -       -
    <BLANKLINE>
    wrong     2.1    anna
"""

import json
import shutil
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path, PurePath

from minichar.course import files, progress
from minichar.course.files import CourseError, Lesson
from minichar.course.progress import STATES, Verdict

MOST = 1_000_000  # bytes of a file that is read at all
Progress = Mapping[str, str]  # number of an exercise -> one of progress.STATES
Rows = list[tuple[str, list[Verdict]]]  # a lesson's heading, the verdicts on it


def verdicts(course: Path, judge: Callable[[Lesson], list[Verdict]]) -> Rows:
    """The verdicts on each lesson, remembered or from `judge`; CourseError where there is none.

    A lesson without exercises, such as the glossary, is left out.
    """
    lessons = files.lessons(course)
    found = [one for one in lessons if files.checks(files.read_notebook(one.solution))]
    if not found:
        raise CourseError(f"{course} is not a folder of the course: there is nothing in solutions/")
    return [(f"{lesson.number} {lesson.title}", _known(course, lesson, judge)) for lesson in found]


def _known(course: Path, lesson: Lesson, judge: Callable[[Lesson], list[Verdict]]) -> list[Verdict]:
    known = progress.remembered(course, lesson) or progress.at_the_start(lesson)
    return judge(lesson) if known is None else known


def _states(rows: Rows) -> dict[str, str]:
    return {verdict.number: verdict.state for _, found in rows for verdict in found}


def dumps(rows: Rows) -> str:
    """One learner's progress, as a line to send: numbers and states, nothing that was written."""
    return json.dumps({"exercises": _states(rows)})


def gather(paths: Iterable[Path], judge: Callable[[Path], Rows]) -> dict[str, Progress]:
    """Name -> progress, of files that `dumps` has written and of courses, which `judge` judges.

    A folder that holds notebooks and nothing else of the course is judged by this course's checks.
    What is wrong with one of them is a warning, and its progress is empty. Raises CourseError where
    something is wrong with all.
    """
    paths, found, wrong = [path.resolve() for one in paths for path in _matching(one)], {}, []
    for name, path in zip(names(paths), paths, strict=True):
        try:
            if path.suffix == ".json" or path.is_file():  # perhaps as anna.json.txt
                found[name] = read(path)
            else:
                with _with_checks(path) as course:
                    found[name] = _states(judge(course))
        except CourseError as error:
            whose = "" if str(path) in str(error) else f"{name}: "
            found[name], wrong = {}, [*wrong, f"{whose}{error}"]
    if wrong and len(wrong) == len(found):
        raise CourseError(wrong[0])
    for message in wrong:
        warnings.warn(message, stacklevel=2)
    return found


@contextmanager
def _with_checks(path: Path) -> Iterator[Path]:
    """`path`, or in place of a folder of notebooks a course with these and the checks of ours."""
    if (path / "solutions").exists() or not any(path.glob("*.ipynb")):
        yield path
        return
    lessons = [one for one in files.lessons() if (path / one.solution.name).is_file()]
    if not lessons:
        raise CourseError(f"no notebook in {path} has the name of a lesson, such as 03_….ipynb")
    with tempfile.TemporaryDirectory() as folder:
        notebooks, solutions = Path(folder) / "notebooks", Path(folder) / "solutions"
        notebooks.mkdir()
        solutions.mkdir()
        for lesson in lessons:
            shutil.copy(path / lesson.solution.name, notebooks)
            shutil.copy(lesson.solution, solutions)
        yield Path(folder)


def _matching(path: Path) -> list[Path]:
    """The paths that one with a * stands for: no shell of Windows writes them out."""
    found = [] if path.exists() else sorted(glob(str(path)))
    return list(map(Path, found)) or [path]


def read(path: Path) -> dict[str, str]:
    """The progress in a file that `dumps` has written; raises CourseError for any other file."""
    try:
        if path.stat().st_size > MOST:
            raise ValueError
        kept = json.loads(path.read_bytes())["exercises"]  # UTF-16, where PowerShell wrote it
        return {number: _sound(number, state) for number, state in kept.items()}
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CourseError(f"{path} is not what `minichar progress --json` prints") from None


def _sound(number: str, state: str) -> str:
    lesson, place = number.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in (lesson, place)):
        raise ValueError
    if state not in STATES:
        raise ValueError
    return state


def names(paths: Sequence[PurePath]) -> list[str]:
    """A short name for each path, by what tells them apart: home/anna/course is anna.

    Raises CourseError for a path that is there twice.
    """
    if len(set(paths)) < len(paths):
        raise CourseError("one of these is named twice")
    parts = [[*path.parent.parts, path.name.removesuffix(".json")] for path in paths]
    if len({tuple(p) for p in parts}) < len(parts):  # anna.json beside a folder anna
        return [str(path) for path in paths]
    while len({p[0] for p in parts}) == 1 and min(map(len, parts)) > 1:
        parts = [p[1:] for p in parts]
    while len({p[-1] for p in parts}) == 1 and min(map(len, parts)) > 1:
        parts = [p[:-1] for p in parts]
    return ["/".join(p) for p in parts]


def table(everyone: Mapping[str, Progress]) -> str:
    """A line for each learner, a column for each lesson: solved of those there are.

    What was borrowed is not solved. Below, a line for each exercise that somebody has wrong or
    borrowed, and who.
    """

    def share(states: Sequence[str]) -> str:
        return f"{states.count('solved')}/{len(states)}" if states else "-"

    found = {number.split(".")[0] for states in everyone.values() for number in states}
    columns = sorted(found, key=int)
    wide = max([20, *map(len, everyone)])
    head = "".join(f"{column.zfill(2):>6}" for column in columns)
    lines = [f"{'name':{wide}}{head}{'all':>8}"]
    for name, states in everyone.items():
        cells = (
            [state for number, state in states.items() if number.split(".")[0] == column]
            for column in columns
        )
        row = "".join(f"{share(cell):>6}" for cell in cells)
        lines.append(f"{name:{wide}}{row}{share(list(states.values())):>8}")
    stuck = _stuck(everyone)
    return "\n".join(lines + [""] * bool(stuck) + stuck)


def _stuck(everyone: Mapping[str, Progress]) -> list[str]:
    """Which exercises are wrong or borrowed, and whose."""
    whose = defaultdict(list)
    for name, states in everyone.items():
        for number, state in states.items():
            if state in ("wrong", "borrowed"):
                whose[state == "borrowed", *map(int, number.split("."))].append(name)
    return [
        f"{'borrowed' if borrowed else 'wrong':10}{f'{lesson}.{place}':7}{', '.join(who)}"
        for (borrowed, lesson, place), who in sorted(whose.items())
    ]
