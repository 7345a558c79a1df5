"""The lessons as files: solutions/ is the one source, notebooks/ is derived from it with holes.

A learner meets it as `minichar reset 03`; the rest is for whoever writes lessons. In a solution's
code cells, what stands between `# <answer>` and `# </answer>` (indented as the code) becomes a
hole; with `# <answer: h = ...>` the hole reads `h = ...`. A cell tagged `answer-only` vanishes; a
text cell tagged `exercise:1.2` gets that exercise's hints, folded; a cell tagged `claim` keeps its
printed output, and the tests hold it to that.

    >>> print(hollow("def f(x):\\n    # <answer>\\n    y = x + 1\\n    return y\\n    # </answer>"))
    def f(x):
        ...  # your code here (about 2 lines)
"""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from minichar.course import checking
from minichar.course.files import (
    CourseError,
    Lesson,
    checks,
    find_lesson,
    keep,
    lessons,
    read_notebook,
    stamp,
    write,
)
from minichar.course.hints import folded
from minichar.workers import NUM_THREADS

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_REGION = re.compile(
    r"^(?P<pad>[ \t]*)# <answer(?:: (?P<stub>.+?))?>\n(?P<body>.*?)^(?P=pad)# </answer>[ \t]*$",
    re.M | re.S,
)


def hollow(source: str) -> str:
    """A code cell with its answers taken out; raises CourseError for marks that do not pair up."""

    def stub(match: re.Match) -> str:
        lines = [line.strip() for line in match["body"].splitlines()]
        n = sum(bool(line) and not line.startswith("#") for line in lines)
        count = "1 line" if n == 1 else f"{n} lines"
        return f"{match['pad']}{match['stub'] or '...'}  # your code here (about {count})"

    hollowed = _REGION.sub(stub, source)
    if re.search(r"# </?answer", hollowed):
        start = source.splitlines()[0]
        raise CourseError(
            f"cell `{start}`: `# <answer>` and `# </answer>` must pair up, indented the same"
        )
    return hollowed


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _bare(notebook: NotebookNode) -> NotebookNode:
    """A copy without outputs, counts and the metadata that editors leave behind."""
    cells = []
    for old in notebook.cells:
        metadata = {k: old.metadata[k] for k in ("jupyter", "tags") if old.metadata.get(k)}
        cell = {"id": old.get("id"), "cell_type": old.cell_type, "source": old.source}
        if old.get("attachments"):
            cell["attachments"] = old.attachments
        if old.cell_type == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell | {"metadata": metadata})
    bare = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict(bare)


def clean(solution: NotebookNode) -> NotebookNode:
    """A solution as it is kept: outputs only in `claim` cells, and "right" under every check.

    nbval compares those when it runs the solution. Raises CourseError for a claim that shows more
    than text.
    """
    bare = _bare(solution)
    for old, cell in zip(solution.cells, bare.cells, strict=True):
        if "claim" in _tags(old) and old.get("outputs"):
            cell.outputs = [_claimed(output, old) for output in old.outputs]
            cell.execution_count = 1
    for number, cell in checks(bare).items():
        cell.id = f"check-{number.replace('.', '-')}"
        text = f"Exercise {number}: right.\n"
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        cell.execution_count = 1
    return bare


def _claimed(output: NotebookNode, cell: NotebookNode) -> NotebookNode:
    if output.output_type == "stream" and output.name == "stdout":
        return nbformat.v4.new_output("stream", name="stdout", text=output.text)
    if output.output_type == "execute_result" and list(output.data) == ["text/plain"]:
        return nbformat.v4.new_output("execute_result", data=output.data, execution_count=1)
    start = cell.source.splitlines()[0]
    raise CourseError(f"the claim `{start}` may only print text; it gave {output.output_type}")


def derive(solution: NotebookNode) -> NotebookNode:
    """The learner's notebook: answers hollowed out, hints folded in, nothing run.

    Raises CourseError for marks that do not pair up and LookupError for an unknown exercise.
    """
    notebook = _bare(solution)
    notebook.cells = [cell for cell in notebook.cells if "answer-only" not in _tags(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = hollow(cell.source)
        for tag in _tags(cell):
            if tag.startswith("exercise:"):
                ex = checking.find(tag.removeprefix("exercise:"))
                blocks = [folded(*h) for h in ex.hints]
                cell.source = "\n\n".join([cell.source.rstrip(), *blocks])
        cell.metadata.pop("tags", None)
    return _stamped(notebook)


def _stamped(notebook: NotebookNode) -> NotebookNode:
    notebook.metadata["minichar"] = {"derived": stamp(notebook)}
    return notebook


def written(notebook: NotebookNode) -> bytes:
    """A notebook as bytes, the same for the same notebook on every machine."""
    problem: dict = {}
    text = nbformat.writes(notebook, capture_validation_error=problem)
    if problem:
        raise CourseError(str(problem["ValidationError"]).splitlines()[0])
    return (text.rstrip("\n") + "\n").encode()


def expected(lesson: Lesson) -> dict[Path, bytes]:
    """What the two files of a lesson should hold, worked out from its solution as it is."""
    try:
        solution = clean(read_notebook(lesson.solution))
        return {lesson.solution: written(solution), lesson.notebook: written(derive(solution))}
    except (CourseError, LookupError) as error:
        raise CourseError(f"solutions/{lesson.solution.name}: {error}") from None


def differing(course: Path | None = None) -> list[Path]:
    """The files in solutions/ and notebooks/ that are not what `update` would write."""
    wanted = [item for lesson in lessons(course) for item in expected(lesson).items()]
    return [path for path, data in wanted if not path.exists() or path.read_bytes() != data]


def update(course: Path | None = None, run: bool = False) -> Iterator[str]:
    """Bring every lesson's files up to date, and say for each file what was done.

    `run` executes the solutions first, so that their claims are what the code prints today. A
    notebook that somebody worked in is kept as a copy. Raises CourseError if a solution fails.
    """
    for lesson in lessons(course):
        if run:
            write(lesson.solution, written(clean(executed(lesson.solution))))
        for path, data in expected(lesson).items():
            old = path.read_bytes() if path.exists() else None
            if old == data:
                continue
            if path == lesson.notebook and old is not None and _worked_in(path):
                yield f"kept    {path.parent.name}/{keep(path).name}"
            write(path, data)
            yield f"written {path.parent.name}/{path.name}"


def _worked_in(notebook: Path) -> bool:
    """Whether a file is anything but a derived one: run, or changed, by whatever editor."""
    try:
        return written(_stamped(_bare(read_notebook(notebook)))) != notebook.read_bytes()
    except CourseError:
        return True


def executed(path: Path, before: str = "") -> NotebookNode:
    """The notebook at `path` with the outputs of a run in a fresh kernel; the file stays as it is.

    The code `before` runs first and leaves no trace. Raises CourseError for a cell that fails.
    """
    from nbclient import NotebookClient  # slow to import, and only whoever writes lessons needs it
    from nbclient.exceptions import CellExecutionError

    os.environ |= dict.fromkeys(NUM_THREADS, "1")  # as in the tests; the kernel inherits them
    notebook = read_notebook(path)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    client = NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=300,  # where much else runs, a kernel takes its time
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.get_loop().add_signal_handler = _refused
            runner.run(_execute(client))
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".splitlines()[0]
        raise CourseError(f"{path.parent.name}/{path.name} stopped with {reason}") from None
    del notebook.cells[0]
    return notebook


def _refused(*_: object) -> None:
    """In place of nbclient's answer to Ctrl-C, which ends the kernel and then trips over that."""
    raise RuntimeError("Ctrl-C is asyncio's to answer: it cancels what runs")


async def _execute(client: Any) -> None:
    """Run the notebook; what its kernel says beside its outputs, as at its end, is dropped."""
    try:
        await client.async_execute(stderr=subprocess.DEVNULL)
    except Exception:
        if asyncio.current_task().cancelling():  # which nbclient takes for the kernel's death
            raise asyncio.CancelledError from None
        raise


def reset(number: str | int, course: Path | None = None) -> Path | None:
    """Put a lesson's notebook back as it was shipped; returns the copy of the learner's file.

    The copy is written before anything is replaced. None when there was nothing to keep.
    """
    lesson = find_lesson(number, course)
    data = expected(lesson)[lesson.notebook]
    old = lesson.notebook.read_bytes() if lesson.notebook.exists() else None
    if old == data:
        return None
    copy = keep(lesson.notebook) if old is not None else None
    write(lesson.notebook, data)
    return copy
