"""A pytest plugin that judges a learner's notebook: `pytest --nbval notebooks/03*`.

nbval compares a cell with the output stored beside it, so a wrong answer that was run and saved
would pass. Here the code of each check comes from the solution of the same name, and nothing that
is stored in the notebook takes part: the learner's cells run in their order, tags that would skip
a cell or excuse its error count for nothing, and after the first unfinished exercise the rest waits
for it. An exercise is solved only if the package's own `check` says so in the kernel.

The notebook is read and never written. Everything outside notebooks/ is left to nbval.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbval.plugin import IPyNbFile

from minichar.course import checking
from minichar.course.files import CHECK, KEPT, CourseError, checks, read_notebook
from minichar.course.kernel import Kernel, Outcome
from minichar.course.steps import Cell, Check, Missing, Step, Unreadable

PREFIX = "from minichar.course import check\n"  # a learner's own `check` does not stand in
HANDED_IN = re.compile(r"""check\(\s*["'][\d.]+["']\s*,\s*(\w+)""")
ASK = "__import__('minichar.course.checking').course.checking.verdicts.get({!r})"
PATIENCE = 300.0  # seconds for one cell, where nbval's own default would wait for half an hour
LESSONS = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.getgroup("nbval").addoption(
        "--verdicts", metavar="FILE", help="write what was found in the lessons to FILE, as JSON"
    )


def pytest_configure(config):
    config.stash[LESSONS] = []


def pytest_sessionfinish(session):
    if session.config.option.verdicts:
        lessons = session.config.stash[LESSONS]  # those that pytest looked at, some in passing
        run = [lesson for lesson in lessons if any(step.done for step in lesson.steps)]
        found = {str(lesson.path): lesson.report() for lesson in run}
        Path(session.config.option.verdicts).write_text(json.dumps(found), encoding="utf-8")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collected = yield
    if any(isinstance(c, IPyNbFile) for c in collected) and file_path.parent.name == "notebooks":
        if KEPT in file_path.name:
            return [NoLesson.from_parent(parent, path=file_path)]
        name = file_path.stem.split("-Copy")[0]  # as JupyterLab calls a duplicate
        solution = file_path.parent.parent / "solutions" / f"{name}.ipynb"
        if solution.exists():
            return [LearnersLesson.from_parent(parent, path=file_path, solution=solution)]
    return collected


class NoLesson(pytest.File):
    """A copy that `minichar reset` kept: `notebooks/03*` names it too; nothing is judged in it."""

    def collect(self):
        return []


class LearnersLesson(pytest.File):
    """A learner's notebook: its cells, and one item for each exercise of the solution."""

    def __init__(self, *, solution: Path, **arguments):
        super().__init__(**arguments)
        self.solution = read_notebook(solution)
        self.checks = checks(self.solution)  # number -> the solution's check cell
        self.verdicts: dict[str, tuple[str, str]] = {}  # number -> (state, message)
        self.broken: dict[str, str] = {}  # cells, not exercises, that failed: name -> message
        self.waits_for = ""
        self.text = ""  # what stands in its cells, words and code
        self.kernel = Kernel(self.path.parent)
        self.steps: list[Step] = []
        self.config.stash[LESSONS].append(self)

    def collect(self) -> list[Step]:
        if self.steps:
            return self.steps
        try:
            cells = read_notebook(self.path).cells
        except CourseError as error:
            text = f"{error}; `minichar reset {self.path.name[:2]}` restores it and keeps your file"
            self.verdicts = dict.fromkeys(self.checks, ("missing", text))
            self.steps = [Unreadable.from_parent(self, name="notebook", text=text)]
        else:
            self.text = "\n".join(cell.source for cell in cells)
            self.steps = list(self.plan([c for c in cells if c.cell_type == "code"]))
        return self.steps

    def plan(self, cells: list) -> Iterator[Step]:
        """The steps in the order of the notebook.

        A check's place is the cell with its id or with `check("1.2"` in it. The last such place
        decides, and one above it may have said "right" already. What else a learner put into such a
        cell runs before the check.
        """
        places = [self.places(cell) for cell in cells]
        last = {number: i for i, here in enumerate(places) for number in here}
        for i, (cell, here) in enumerate(zip(cells, places, strict=True)):
            deciding = [number for number in here if last[number] == i]
            early = [number for number in here if last[number] != i]
            alone = [_code(cell.source)] == [_code(self.checks[number].source) for number in here]
            if early or not alone:
                yield Cell.from_parent(self, name=f"Cell {i}", source=cell.source, early=early)
            for number in deciding:
                check = Check.from_parent(self, name=f"exercise {number}", number=number)
                check.answered_below = self.answered_below(number, cells[i + 1 :])
                yield check
        for number in self.checks:
            if number not in last:
                yield Missing.from_parent(self, name=f"exercise {number}", number=number)

    def places(self, cell) -> list[str]:
        """The exercises whose check a cell is: by its id, or because it calls it."""
        code = re.sub(r"^\s*#.*", "", cell.source, flags=re.M)
        named = CHECK.findall(code)
        return [n for n, c in self.checks.items() if n in named or c.id == cell.get("id")]

    def answered_below(self, number: str, below: list) -> bool:
        """Whether the learner defines the answer below its check, where the solution does not."""
        check, cells = self.checks[number], self.solution.cells
        name = HANDED_IN.search(check.source)
        should = cells[cells.index(check) + 1 :]
        defined = re.compile(rf"^def {name[1]}\(" if name else r"(?!)", re.M)
        mine, theirs = ("\n".join(c.source for c in part) for part in (below, should))
        return len(defined.findall(mine)) > len(defined.findall(theirs))

    def run(self, step: Step, code: str, ask: str | None = None) -> Outcome:
        """Run code in the kernel; when that ends Python, the rest of the lesson waits."""
        limit = self.config.option.nbval_cell_timeout
        outcome = self.kernel.run(code, PATIENCE if limit == 2000 else limit, ask)
        if outcome.dead:
            self.waits_for = f"{step.label}, which ended Python"
        return outcome

    def judge(self, step: Step, number: str) -> None:
        """Run the solution's check where the kernel now stands; the best verdict stands."""
        outcome = self.run(step, PREFIX + self.checks[number].source, ASK.format(number))
        states = {"right": "solved", "borrowed": "borrowed"}
        state = states.get(outcome.answer, "not done" if outcome.name == "NotDone" else "wrong")
        before = self.verdicts.get(number, ("", ""))[0]
        if state == "solved" or before not in states.values():
            message = "" if state in states.values() else self.explain(step, number, outcome)
            self.verdicts[number] = (state, message)

    def explain(self, step: Step, number: str, outcome: Outcome) -> str:
        """The message of a check that failed, with what in the notebook may be behind it."""
        text = outcome.text
        if outcome.name not in ("NotDone", "Wrong"):
            text = f"{checking.named(number)} could not be checked: {outcome.summary}"
        if step.answered_below:
            text += "\nThe answer is defined again further down: move its check below that."
        elif outcome.name == "NameError" and (name := self.lacks(number)):
            text += f"\n`{name}` is nowhere in this notebook, {self.older}"
        elif "NameError" in (outcome.name, *re.findall(r"\w+", text)) and self.broken:
            cell, reason = next(iter(self.broken.items()))  # the first: others follow from it
            text += f"\n{cell} above it failed: {reason}"
        return text

    def lacks(self, number: str) -> str:
        """The name of an answer that stands nowhere in the notebook; empty where it does."""
        name = HANDED_IN.search(self.checks[number].source)
        return name[1] if name and not re.search(rf"\b{name[1]}\b", self.text) else ""

    @property
    def older(self) -> str:
        """The end of a sentence on a notebook that lacks what the lesson has."""
        return (
            "which may be of an older version of the course.\n"
            f"`minichar reset {self.path.name[:2]}` makes today's and keeps your file beside it: "
            "copy your answers over."
        )

    def report(self) -> dict:
        """What was found, for `--verdicts`."""
        unknown = ("waits", f"waits for {self.waits_for}" if self.waits_for else "it was not run")
        verdicts = [[n, *self.verdicts.get(n, unknown)] for n in self.checks]
        return {"verdicts": verdicts, "broken": self.broken}

    def teardown(self):
        self.kernel.stop()


def _code(source: str) -> str:
    """Code without comments and layout, to compare."""
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):  # a cell may hold `%time` and the like
        return source
