"""Every situation a learner's notebook can be in gets the right verdict, whichever way one asks.

Each situation is a notebook of a small course. A plain `pytest --nbval notebooks/...` runs them
all; its items and the verdicts it writes down are compared with what they should be, and `grade`,
behind `minichar check`, with those for some.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Empty
from types import SimpleNamespace
from xml.etree import ElementTree

import mini_course
import nbformat
import pytest
from situations import RIGHT_1, RIGHT_2, SITUATIONS, WRONG_1, lesson

from minichar.course import grading, kernel, progress
from minichar.course.files import keep
from minichar.course.grading import LearnersLesson
from minichar.course.kernel import Outcome
from minichar.course.lessons import written
from minichar.course.steps import Cell

ROOT = Path(__file__).parents[1]
FILES = {name: f"{i:02d}_{name.replace(' ', '_')}" for i, name in enumerate(SITUATIONS)}
SHOWN = {"solved": "passed", "borrowed": "xfail", "waits": "skip"}  # everything else fails


def run_pytest(course, arguments):
    """A plain pytest in a course folder: the process, its items' outcomes, and its verdicts."""
    with tempfile.TemporaryDirectory() as folder:
        xml, found = Path(folder) / "x.xml", Path(folder) / "found.json"
        (course / "conftest.py").write_text('pytest_plugins = ["minichar.course.grading"]\n')
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            [*command, f"--junitxml={xml}", f"--verdicts={found}", *map(str, arguments)],
            cwd=course,
            env=kept | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        outcomes = {}
        for case in ElementTree.parse(xml).iter("testcase"):
            first = next(iter(case), None)
            kind = "passed" if first is None else first.get("type", "").removeprefix("pytest.")
            kind = kind if first is None or first.tag == "skipped" else "failed"
            notebook = case.get("classname").removeprefix("notebooks.").removesuffix(".ipynb")
            text = "" if first is None else first.text
            outcomes[notebook, case.get("name")] = (kind, text)
        return done, outcomes, json.loads(found.read_text())


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which every situation is a lesson."""
    folder = mini_course.make(tmp_path_factory.mktemp("situations"), tuple(FILES.values()))
    for name, (notebook, *_) in SITUATIONS.items():
        (folder / "notebooks" / f"{FILES[name]}.ipynb").write_bytes(written(notebook))
    return folder


@pytest.fixture(scope="module")
def judged(course):
    """What a plain pytest says: the outcome of each item, and the verdicts on each notebook."""
    paths = sorted((course / "notebooks").iterdir())
    before = [path.read_bytes() for path in paths]
    outcomes, found = {}, {}
    with ThreadPoolExecutor() as pool:  # a process for each core of a small machine
        for _, some, verdicts in pool.map(partial(run_pytest, course), (paths[::2], paths[1::2])):
            outcomes |= some
            found |= {Path(path).stem: report for path, report in verdicts.items()}
    assert [path.read_bytes() for path in paths] == before  # none was touched
    return outcomes, found


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(judged, name):
    _, states, *broken = SITUATIONS[name]
    outcomes, found = judged
    report = found[FILES[name]]
    assert [state for _, state, _ in report["verdicts"]] == states
    assert [number for number, *_ in report["verdicts"]] == ["90.1", "90.2"]
    assert len(report["broken"]) == sum(broken)
    for number, state, message in report["verdicts"]:
        outcome, text = outcomes[FILES[name], f"exercise {number}"]
        assert outcome == SHOWN.get(state, "failed")
        assert (message == "") == (state in ("solved", "borrowed"))
        if outcome == "failed":  # shown as it is, without a traceback
            assert text == message
    cells = [
        o for (file, item), (o, _) in outcomes.items() if file == FILES[name] and "Cell" in item
    ]
    assert cells.count("failed") == sum(broken)


@pytest.mark.parametrize("name", ["unfinished", "wrong, saved outputs of a right one", "borrowed"])
def test_grade_says_the_same(course, judged, name):
    notebook = course / "notebooks" / f"{FILES[name]}.ipynb"
    verdicts = progress.judge(notebook).verdicts
    found = [[v.number, v.state, v.message] for v in verdicts]
    assert found == judged[1][FILES[name]]["verdicts"]


def message(judged, name, number="90.1"):
    return next(m for n, _, m in judged[1][FILES[name]]["verdicts"] if n == number)


def test_messages_say_what_to_do(judged):
    assert message(judged, "unfinished") == (
        "Exercise 90.1 (softmax) is not finished yet: it returns nothing.\n"
        'Hint: fold one out above, or hint("90.1"), when you want it.'
    )
    assert "Add a cell below your answer with: softmax = check(" in message(judged, "check deleted")
    number, name = "90.2", "older than an exercise"
    assert message(judged, name, number) == (
        "Exercise 90.2 is not in this notebook, which may be of an older version of the course.\n"
        f"`minichar reset {FILES[name][:2]}` makes today's and keeps your file beside it:"
        " copy your answers over."
    )
    assert "further down" in message(judged, "answered below the check")
    assert "further down" not in message(judged, "wrong answer typed into the check")
    assert "Cell 1 (`def softmax(z)`) above it failed: SyntaxError" in message(
        judged, "answer does not parse"
    )
    assert "changed its input `z` in place" in message(judged, "input changed in place")
    assert "Python ended" in message(judged, "Python ends in an answer")
    ended = message(judged, "Python ends in an answer", "90.2")
    assert ended == "waits for exercise 90.1, which ended Python"
    ended = message(judged, "Python ends in a cell", "90.2")
    assert ended == "waits for Cell 4 (`import os; os._exit(1)`), which ended Python"
    _, text = judged[0][FILES["Python ends in a cell"], "Cell 4"]
    assert text.splitlines()[1].startswith("Python ended here")


def test_a_name_that_is_missing_is_traced_to_the_first_cell_that_failed():
    lesson = SimpleNamespace(broken={"Cell 0": "SyntaxError: x", "Cell 3": "NameError: y"})
    step, text = SimpleNamespace(answered_below=False), "It stopped with NameError: name 'np'"
    for name, said, traced in (("Wrong", text, True), ("Wrong", "It is 2, expected 3", False)):
        outcome = SimpleNamespace(name=name, text=said)
        told = LearnersLesson.explain(lesson, step, "1.1", outcome)
        assert told.endswith("Cell 0 above it failed: SyntaxError: x") == traced


@pytest.mark.parametrize("text, older", [("def new(x): ...", False), ("newer = old", True)])
def test_a_notebook_older_than_the_name_of_an_answer_is_told_so(text, older):
    check = nbformat.v4.new_code_cell('new = check("1.1", new)')
    lesson = SimpleNamespace(checks={"1.1": check}, text=text, broken={}, older="which is old")
    lesson.lacks = partial(LearnersLesson.lacks, lesson)
    outcome = Outcome(name="NameError", text="name 'new' is not defined")
    told = LearnersLesson.explain(lesson, SimpleNamespace(answered_below=False), "1.1", outcome)
    assert told.endswith("`new` is nowhere in this notebook, which is old") == older


def test_a_cell_has_the_time_that_was_asked_for_or_else_less_than_nbval_gives(pytestconfig):
    given = []
    running = SimpleNamespace(run=lambda code, patience, ask: given.append(patience) or Outcome())
    for limit in (pytestconfig.option.nbval_cell_timeout, 2):
        option = SimpleNamespace(nbval_cell_timeout=limit)
        lesson = SimpleNamespace(config=SimpleNamespace(option=option), kernel=running)
        LearnersLesson.run(lesson, None, "x")
    assert given == [grading.PATIENCE, 2]


def test_after_a_lesson_its_kernel_is_stopped():
    running = Running()
    one = kernel.Kernel(ROOT)
    one.running = running
    LearnersLesson.teardown(SimpleNamespace(kernel=one))
    assert running.told == ["stop"]


def test_what_was_not_run_says_so():
    for waits_for, said in (("", "it was not run"), ("exercise 1.1", "waits for exercise 1.1")):
        lesson = SimpleNamespace(checks={"1.2": 0}, verdicts={}, broken={}, waits_for=waits_for)
        assert LearnersLesson.report(lesson)["verdicts"] == [["1.2", "waits", said]]


@pytest.mark.parametrize(
    "checked, below, answered",
    [
        ("[w, b]", 'check("1.1", [w, b])', False),  # nothing with a name
        ("f", "x = 1\ndef f(x):\n    return x", True),
        ("f", "class Other:\n    def f(x):\n        return x", False),
    ],
)
def test_an_answer_below_its_check_is_a_function_of_its_name(checked, below, answered):
    check = nbformat.v4.new_code_cell(f'check("1.1", {checked})')
    lesson = SimpleNamespace(checks={"1.1": check}, solution=SimpleNamespace(cells=[check]))
    cells = [nbformat.v4.new_code_cell(below)]
    assert LearnersLesson.answered_below(lesson, "1.1", cells) is answered


def test_cells_are_compared_without_comments_and_layout():
    assert grading._code("x = 1  # one") == grading._code("\nx=1") != grading._code("x = 2")
    for no_python in ("%time x", "'\ud800'"):
        assert grading._code(no_python) == no_python


def test_a_cell_is_called_by_its_first_line():
    for source, name in (
        ("\n x = 1\ny", "x = 1"),
        ("", "empty"),
        (" \n", "empty"),
        ("x" * 61, "x" * 60),
    ):
        assert (
            Cell.label.fget(SimpleNamespace(name="Cell 3", source=source)) == f"Cell 3 (`{name}`)"
        )


def test_a_check_in_a_learners_own_cell_shows_its_two_lines(judged):
    """What a notebook shows in place of a traceback."""
    kind, text = judged[0][FILES["answered and checked again below"], "Cell 2"]
    label, first, *more = text.splitlines()
    assert kind == "failed" and label == 'Cell 2 (`softmax = check("90.1", softmax)`)'
    assert first.startswith("Exercise 90.1 (softmax) is not right yet: ")
    assert any(line.startswith("Hint: ") for line in more)


def test_a_cell_that_fails_shows_its_traceback_and_one_that_waits_is_no_success(judged):
    kind, text = judged[0][FILES["right with extra cells"], "Cell 5"]
    assert kind == "failed" and text.startswith("Cell 5 (`1 / 0`)\n----")
    assert "\n----> 1 1 / 0\n" in text and "\x1b" not in text
    kind, text = judged[0][FILES["unfinished"], "Cell 3"]
    assert kind == "skip" and text.endswith(": waits for exercise 90.1")


def test_a_selected_exercise_runs_what_stands_above_it(tmp_path):
    course = mini_course.make(tmp_path / "course")
    notebook = course / "notebooks" / "90_mini.ipynb"
    notebook.write_bytes(written(lesson(RIGHT_1, RIGHT_2)))
    _, outcomes, _ = run_pytest(course, [f"{notebook}::exercise 90.2"])
    assert outcomes == {("90_mini", "exercise 90.2"): ("passed", "")}


def test_copies_and_files_that_are_no_notebook(tmp_path):
    """`notebooks/9*` names a kept copy, a duplicate and a broken file beside the lesson."""
    course = mini_course.make(tmp_path / "course", ("90_mini", "91_broken", "92_empty"))
    notebook = course / "notebooks" / "90_mini.ipynb"
    notebook.write_bytes(written(lesson(RIGHT_1, RIGHT_2)))
    keep(notebook)
    duplicate = notebook.with_name("90_mini-Copy1.ipynb")
    duplicate.write_bytes(written(lesson(WRONG_1)))
    notebook.with_name("91_broken.ipynb").write_text('{"cells": [\n<<<<<<< mine\n')
    notebook.with_name("92_empty.ipynb").write_text("")
    own = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    nbformat.write(own, notebook.with_name("93_own.ipynb"))  # of no lesson: left to nbval
    done, outcomes, found = run_pytest(course, sorted((course / "notebooks").glob("9*")))
    assert outcomes["90_mini", "exercise 90.2"] == ("passed", "")
    assert outcomes["90_mini-Copy1", "exercise 90.1"][0] == "failed"
    assert not any("before-reset" in file for file, _ in outcomes)
    assert outcomes["93_own", "Cell 0"] == ("passed", "")
    for name, reason in (("91_broken", "line 2"), ("92_empty", "line 1")):
        text = outcomes[name, "notebook"][1]
        assert text.startswith(f"{name}.ipynb cannot be read as a notebook ({reason}: ")
        assert text.endswith(f"`minichar reset {name[:2]}` restores it and keeps your file")
        assert len(text.splitlines()) == 1
        verdicts = found[str(course / "notebooks" / f"{name}.ipynb")]["verdicts"]
        assert verdicts == [["90.1", "missing", text], ["90.2", "missing", text]]
    assert "Traceback" not in done.stdout and "__ exercise 90.1 __" in done.stdout


@pytest.mark.parametrize("failures, first", [(1, 0), (kernel.STARTS, 0), (kernel.STARTS, 1)])
def test_a_kernel_that_does_not_start_is_tried_again(tmp_path, monkeypatch, failures, first):
    real, calls = kernel.RunningKernel, []

    def starting(*words, **more):
        calls.append(words)
        if len(calls) <= failures:
            kind = (RuntimeError, OSError)[(first + len(calls)) % 2]
            raise kind("Kernel died before replying to kernel_info")
        return real(*words, **more)

    monkeypatch.setattr(kernel, "RunningKernel", starting)
    one = kernel.Kernel(tmp_path)
    outcome = one.run("x = 1", patience=60)
    one.stop()
    assert outcome.ok == (failures < kernel.STARTS) and outcome.dead != outcome.ok
    assert len(calls) == min(failures + 1, kernel.STARTS)


def test_what_is_asked_of_a_kernel_is_answered(tmp_path):
    one = kernel.Kernel(tmp_path)
    assert one.run("input()", patience=60).name == "StdinNotImplementedError"  # nobody is there
    asked = [
        one.run("x = 3", 60, ask) for ask in ("str(x)", "nowhere", "__import__('os').getcwd()")
    ]
    assert [outcome.ok for outcome in asked] == [True] * 3
    assert [outcome.answer for outcome in asked] == ["3", None, str(tmp_path)]
    one.stop()


def test_an_outcome_in_one_line():
    for name, text, line in (
        ("", "no kernel\nmore", "no kernel"),
        ("KeyError", "", "KeyError"),
        ("ValueError", "\n one\ntwo", "ValueError: one"),
    ):
        assert kernel.Outcome(name=name, text=text).summary == line


class Running:
    """A kernel that answers with `replies`, then with silence."""

    def __init__(self, *replies):
        self.kc, self.replies, self.told = self, list(replies), []

    def execute(self, *_, **__):
        return "mine"

    def get_shell_msg(self, timeout):
        if not self.replies:
            raise Empty
        of, content = self.replies.pop(0)
        return {"parent_header": {"msg_id": of}, "content": content}

    def is_alive(self):
        return True

    def interrupt(self):
        self.told.append("interrupt")

    def stop(self):
        self.told.append("stop")


def test_a_cell_that_cannot_be_interrupted_ends_its_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "GRACE", 0)
    one = kernel.Kernel(tmp_path)
    running = one.running = Running()
    outcome = one.run("while True: ...", patience=0)
    assert outcome.dead and outcome.text == "it ran for 0 s and could not be interrupted"
    assert running.told == ["interrupt", "stop"] and one.running is None


def test_a_cell_that_is_interrupted_has_some_time_to_end(tmp_path):
    one, ended = kernel.Kernel(tmp_path), {"status": "error", "ename": "KeyboardInterrupt"}
    one.running = Running(("another", {}), ("another", {}), ("mine", ended))
    outcome = one.run("while True: ...", patience=0)
    assert outcome.text == "it ran for 0 s without ending, and was interrupted"
    assert not outcome.dead and one.running.told == ["interrupt"]


def test_a_late_answer_to_something_else_is_not_that_of_a_cell(tmp_path):
    one, right = kernel.Kernel(tmp_path), {"status": "ok", "user_expressions": {}}
    one.running = Running(("the kernel's start", {"status": "error"}), ("mine", right))
    assert one.run("x = 1", patience=60).ok


def test_a_cell_without_end_is_interrupted(tmp_path):
    course = mini_course.make(tmp_path / "course")
    notebook = course / "notebooks" / "90_mini.ipynb"
    endless = "def softmax(z):\n    while True:\n        pass"
    notebook.write_bytes(written(lesson(endless)))
    _, _, found = run_pytest(course, [notebook, "--nbval-cell-timeout=2"])
    assert found[str(notebook)]["verdicts"][0] == [
        "90.1",
        "wrong",
        "Exercise 90.1 could not be checked: "
        "KeyboardInterrupt: it ran for 2 s without ending, and was interrupted",
    ]


def test_solutions_are_left_to_nbval(tmp_path):
    course = mini_course.make(tmp_path / "course")
    solution = course / "solutions" / "90_mini.ipynb"
    done, outcomes, found = run_pytest(course, [solution])
    assert done.returncode == 0 and found == {}
    borrowed = mini_course.solution()
    borrowed.cells[3].source = 'softmax = reference("90.1")'
    solution.write_bytes(written(borrowed))
    done, outcomes, found = run_pytest(course, [solution])
    assert "Exercise 90.1: borrowed." in done.stdout and done.returncode == 1
