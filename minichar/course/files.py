"""Where the lessons are, and how their files are read and written without losing any.

Every lesson has two files of the same name: notebooks/03_….ipynb, which the learner works in, and
solutions/03_….ipynb, which it is derived from. Writing goes to a temporary file that then takes the
other's place, so that a reader finds the old file or the new one, never half of one.

    find_lesson("03").notebook      # …/notebooks/03_the_100_line_rnn.ipynb
"""

import hashlib
import itertools
import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minichar.archive import replacing

if TYPE_CHECKING:
    from nbformat import NotebookNode

CHECK = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']""")
KEPT = ".before-reset-"  # in the names of the files that `keep` makes


class CourseError(Exception):
    """Something about the course's files is not as it should be; the text says what to do."""


@dataclass(frozen=True)
class Lesson:
    """One lesson: its number ("03", or its name if it has none) and its two files."""

    number: str
    title: str
    notebook: Path
    solution: Path


def course_folder() -> Path:
    """The folder with notebooks/ and solutions/: beside the package, or the working folder.

    Raises CourseError when the package is installed without them.
    """
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "notebooks").is_dir() and (folder / "solutions").is_dir():
            return folder
    raise CourseError(
        "the folders notebooks/ and solutions/ are not here: go to the folder of the course "
        "(the one with start.py) and try again"
    )


def lessons(course: Path | None = None) -> list[Lesson]:
    """Every lesson of the course, in order; there is one for each file in solutions/."""
    course = course or course_folder()
    found = []
    for solution in sorted((course / "solutions").glob("*.ipynb")):
        match = re.fullmatch(r"(\d\d)_(.+)", solution.stem)
        number, title = match.groups() if match else (solution.stem, solution.stem)
        notebook = course / "notebooks" / solution.name
        found.append(Lesson(number, title.replace("_", " "), notebook, solution))
    return found


def find_lesson(number: str | int, course: Path | None = None) -> Lesson:
    """The lesson of that number ("03", "3" or 3); raises CourseError naming those there are."""
    known = lessons(course)
    wanted = str(number).zfill(2)
    for lesson in known:
        if wanted in (lesson.number, lesson.solution.stem):
            return lesson
    there = ", ".join(f"{lesson.number} ({lesson.title})" for lesson in known) or "none yet"
    raise CourseError(f"there is no lesson {number}; there are {there}")


def read_notebook(path: Path) -> "NotebookNode":
    """The notebook in a file; raises CourseError, in one line, when the file does not hold one."""
    import nbformat  # takes a while, and most commands read no notebook

    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lost cell ids are repaired in memory
            notebook = nbformat.reads(text, as_version=4)
        [(cell.cell_type, cell.source) for cell in notebook.cells]
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}: {error.msg}"
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except FileNotFoundError:
        raise CourseError(f"{path} is not there") from None
    except Exception as error:  # whatever nbformat makes of a file of another shape
        reason = f"{type(error).__name__}"
    else:
        return notebook
    raise CourseError(f"{path.name} cannot be read as a notebook ({reason})")


def checks(solution: "NotebookNode") -> "dict[str, NotebookNode]":
    """The check cells of a solution: exercise number -> cell, in the lesson's order."""
    found = {}
    for cell in solution.cells:
        numbers = CHECK.findall(cell.source) if cell.cell_type == "code" else []
        if len(numbers) > 1 or found.keys() & set(numbers):
            raise CourseError(f"the check of exercise {numbers[-1]} needs a cell of its own, once")
        found |= dict.fromkeys(numbers, cell)
    return found


def stamp(notebook: "NotebookNode") -> str:
    """A digest of what is written in the cells; a derived notebook holds its own."""
    sources = json.dumps([cell.source for cell in notebook.cells])
    return hashlib.sha256(sources.encode()).hexdigest()


def untouched(notebook: "NotebookNode") -> bool:
    """Whether nothing has been written in a notebook since it was derived."""
    kept = notebook.metadata.get("minichar")
    return isinstance(kept, dict) and kept.get("derived") == stamp(notebook)


def write(path: Path, data: bytes) -> None:
    """Put `data` into a file all at once: a crash leaves the old content or the new."""
    with replacing(path) as file:
        file.write(data)


def keep(path: Path) -> Path:
    """Copy a notebook beside itself as `name.before-reset-1.ipynb`, or the next free number."""
    names = (path.with_name(f"{path.stem}{KEPT}{n}.ipynb") for n in itertools.count(1))
    copy = next(name for name in names if not name.exists())
    write(copy, path.read_bytes())
    return copy
