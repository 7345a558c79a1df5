"""What is remembered of verdicts, when it is used again, and that judging disturbs nothing here."""

import os
import subprocess
import sys
import time

import mini_course
import nbformat
import pytest
from situations import RIGHT_1, RIGHT_2, lesson

from minichar.course import files, lessons, progress
from minichar.course.files import CourseError
from minichar.course.progress import Verdict


@pytest.fixture
def course(tmp_path):
    return mini_course.make(tmp_path / "course", ("90_mini", "91_other"))


@pytest.fixture
def mini(course):
    return files.find_lesson("90", course)


def save(mini, notebook):
    mini.notebook.write_bytes(lessons.written(notebook))


def test_summary():
    verdicts = [Verdict(str(i), "", state) for i, state in enumerate(progress.STATES)]
    assert progress.summary(verdicts) == "1 of 6 solved, 1 borrowed, 4 open"
    assert progress.summary(verdicts[:1]) == "1 of 1 solved"


def test_verdicts_are_remembered(course, mini):
    verdicts = [Verdict("90.1", "softmax", "solved"), Verdict("90.2", "p < 1", "wrong", "é\nü")]
    progress.remember(course, mini, progress.digest(mini), verdicts)
    other = files.find_lesson("91", course)
    progress.remember(course, other, "of another notebook", verdicts)
    assert progress.remembered(course, mini) == verdicts
    assert progress.remembered(course, other) is None


def test_where_nothing_can_be_written_nothing_is_remembered(course, mini):
    (course / progress.CACHE).mkdir()  # in the place of the file
    progress.remember(course, mini, progress.digest(mini), [Verdict("90.1", "softmax", "solved")])
    assert progress.remembered(course, mini) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'{"90_mini": 1}', b'{"90_mini": {"digest": DIGEST}}', b"\xff\xfe",
     b'{"90_mini": {"digest": DIGEST, "verdicts": [{"x": 1}]}}', b'{"90_mini": null}',
     b'{"90_mini": {"digest": DIGEST, "verdicts": [["90.1", "softmax", "solved"]]}}',
     b'{"90_mini": {"digest": DIGEST, "verdicts": [{"number": "1", "title": "", "state": "1"}]}}'],
)  # fmt: skip
def test_a_spoiled_memory_is_ignored_and_replaced(course, mini, content):
    digest = progress.digest(mini)
    (course / progress.CACHE).write_bytes(content.replace(b"DIGEST", f'"{digest}"'.encode()))
    assert progress.remembered(course, mini) is None
    progress.remember(course, mini, digest, [Verdict("90.1", "softmax", "solved")])
    assert progress.remembered(course, mini) == [Verdict("90.1", "softmax", "solved")]


def test_the_digest_is_of_what_the_verdicts_depend_on(course, mini):
    before = progress.digest(mini)
    same_code = lesson()
    same_code.cells[0].source = "# Notes of my own"
    for cell in same_code.cells:
        if cell.cell_type == "code":
            cell.execution_count = 5
    save(mini, same_code)
    assert progress.digest(mini) == before

    digests = {before}
    save(mini, lesson(RIGHT_1))
    digests.add(progress.digest(mini))
    moved = lesson(RIGHT_1)
    moved.cells.append(moved.cells.pop(1))
    save(mini, moved)
    digests.add(progress.digest(mini))
    moved.cells[-1].id = "another"  # a check is known by it, too
    save(mini, moved)
    digests.add(progress.digest(mini))
    mini.notebook.write_text("{")
    digests.add(progress.digest(mini))
    mini.solution.write_bytes(mini.solution.read_bytes() + b"\n")
    digests.add(progress.digest(mini))
    assert len(digests) == 6


def test_the_digest_covers_the_package(course, mini, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_PACKAGE", tmp_path / "package")
    (tmp_path / "package" / "course" / "exercises").mkdir(parents=True)
    exercises = tmp_path / "package" / "course" / "exercises" / "lesson_90.py"
    exercises.write_text("one")
    before = progress.digest(mini)
    exercises.write_text("two")
    assert progress.digest(mini) != before


def test_grading_disturbs_no_environment_or_settings(course, mini, monkeypatch):
    """Not the variables of the pytest that runs this, nor a conftest or settings of the course."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    (course / "conftest.py").write_text("raise RuntimeError")
    (course / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    save(mini, lesson(RIGHT_1, RIGHT_2))
    environment, folder = dict(os.environ), os.getcwd()
    told, began = [], time.monotonic()
    report = progress.judge(mini.notebook, told.append)
    assert [v.state for v in report.verdicts] == ["solved", "solved"]
    assert told == sorted(told) and 0 < told[0] and told[-1] <= time.monotonic() - began
    assert (dict(os.environ), os.getcwd()) == (environment, folder)
    left = {p.name for p in course.rglob("*") if p.is_file()}
    assert left == {"conftest.py", "pytest.ini", "90_mini.ipynb", "91_other.ipynb"}


def test_a_lesson_in_which_nothing_was_written_is_known_without_running_it(course, mini):
    known = [(v.number, v.title, v.state) for v in progress.at_the_start(mini)]
    judged = progress.judge(mini.notebook).verdicts
    assert known == [(v.number, v.title, v.state) for v in judged]
    save(mini, lesson(RIGHT_1))
    assert progress.at_the_start(mini) is None
    mini.notebook.unlink()
    assert progress.at_the_start(mini) is None


def test_a_notebook_under_another_name_is_seen(course, mini):
    mini.notebook.rename(mini.notebook.with_name("90_mini (1).ipynb"))
    (verdict, *_) = progress.judge(mini.notebook).verdicts
    assert verdict.message == (
        "90_mini.ipynb is not there, but 90_mini (1).ipynb is: give it its name back"
    )


def test_a_folder_may_have_any_name(tmp_path):
    lesson_of = mini_course.make(tmp_path / "my [course] $HOME (2)")
    mini = files.find_lesson("90", lesson_of)
    save(mini, lesson(RIGHT_1))
    states = [v.state for v in progress.judge(mini.notebook).verdicts]
    assert states == ["solved", "not done"]


def test_an_interrupt_ends_the_judge():
    def interrupt(seconds):
        raise KeyboardInterrupt

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(KeyboardInterrupt):
        progress._wait(child, interrupt)
    assert child.poll() is not None


def test_lessons_that_are_not_there_are_judged_without_running_anything(course, mini, monkeypatch):
    monkeypatch.setattr(progress, "_run_pytest", None)
    files.keep(mini.notebook)  # this copy is not what is missing
    mini.notebook.unlink()
    verdicts = progress.judge(mini.notebook).verdicts
    assert [(v.number, v.state) for v in verdicts] == [("90.1", "missing"), ("90.2", "missing")]
    assert "`minichar reset 90` makes it again" in verdicts[0].message
    mini.notebook.mkdir()
    one, _ = progress.judge(mini.notebook).verdicts
    assert one.state == "missing" and "90_mini.ipynb is a folder, not a notebook" in one.message
    for folder in ("solutions", "notebooks"):  # as the glossary, which has no exercise
        path = course / folder / "92_words.ipynb"
        path.write_bytes(lessons.written(nbformat.v4.new_notebook()))
    assert progress.judge(path).verdicts == []
    with pytest.raises(CourseError, match="93_none.ipynb is not there"):
        progress.judge(course / "notebooks" / "93_none.ipynb")


def test_the_judge_and_its_kernels_have_one_thread_and_nothing_of_another_pytest(monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "PYTEST_ADDOPTS", "COV_CORE_SOURCE"):
        monkeypatch.setenv(name, "8")
    found = progress._environment()
    assert found["OPENBLAS_NUM_THREADS"] == "1"
    assert not found.keys() & {"PYTEST_ADDOPTS", "COV_CORE_SOURCE"}


def test_a_judge_that_cannot_run_says_why(course, mini, monkeypatch):
    asked = progress._environment() | {"PYTEST_ADDOPTS": "--no-such-option"}
    monkeypatch.setattr(progress, "_environment", lambda: asked)
    with pytest.raises(CourseError, match="could not be judged: .*no-such-option"):
        progress.judge(mini.notebook)
