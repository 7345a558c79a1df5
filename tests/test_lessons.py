"""Deriving notebooks/ from solutions/, and resetting one without loss."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mini_course
import nbformat
import pytest

from minichar.course import lessons
from minichar.course.files import CourseError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def course(tmp_path):
    with mini_course.known():
        yield mini_course.make(tmp_path / "course")


def paths(course):
    return course / "notebooks" / "90_mini.ipynb", course / "solutions" / "90_mini.ipynb"


def work_in(notebook):
    """Save a notebook as JupyterLab does after a run."""
    content = json.loads(notebook.read_text())
    content["cells"][1]["execution_count"] = 1
    content["metadata"]["language_info"]["version"] = "3.12.1"
    notebook.write_text(json.dumps(content, indent=1))


# Holes


@pytest.mark.parametrize(
    "source, holes",
    [
        ("x = 1", "x = 1"),
        ("# <answer>\nx = 1\n# </answer>", "...  # your code here (about 1 line)"),
        ("# <answer>\nx = 1\n# </answer> \t", "...  # your code here (about 1 line)"),
        (
            "if 1:\n\t# <answer>\n\tx = 1\n\t# </answer>",
            "if 1:\n\t...  # your code here (about 1 line)",
        ),
        (
            "def f(x):\n    # <answer>\n    # why\n    y = 1\n\n    return y\n    # </answer>\n",
            "def f(x):\n    ...  # your code here (about 2 lines)\n",
        ),
        (
            "def f(x):\n    # <answer: h = ...>\n    h = 1\n    # </answer>\n    return h",
            "def f(x):\n    h = ...  # your code here (about 1 line)\n    return h",
        ),
        (
            "# <answer: a = ...>\na = 1\n# </answer>\nb = 2\n# <answer>\nc = 3\n# </answer>",
            "a = ...  # your code here (about 1 line)\nb = 2\n...  # your code here (about 1 line)",
        ),
    ],
)
def test_holes(source, holes):
    assert lessons.hollow(source) == holes
    compile(holes, "cell", "exec")


@pytest.mark.parametrize(
    "source",
    [
        "# <answer>\nx = 1",
        "x = 1\n# </answer>",
        "if x:\n    # <answer>\n    y = 1\n# </answer>",
        "# <answer>\n# <answer>\nx = 1\n# </answer>\n# </answer>",
    ],
)
def test_marks_that_do_not_pair_up_are_refused(source):
    with pytest.raises(CourseError, match=f"cell `{source.splitlines()[0]}`: .* must pair up"):
        lessons.hollow(source)


# What is derived, and what a solution keeps


def test_the_derived_notebook():
    notebook = mini_course.shipped()
    cells = {cell.id: cell for cell in notebook.cells}
    assert "only" not in cells and list(cells) == [
        "title", "setup", "ask-1", "answer-1", "check-90-1", "claim", "ask-2", "answer-2",
        "check-90-2",
    ]  # fmt: skip
    assert cells["answer-1"].source == "def softmax(z):\n    ...  # your code here (about 2 lines)"
    assert "p = ...  # your code here (about 2 lines)" in cells["answer-2"].source
    assert all(cell.outputs == [] for cell in notebook.cells if cell.cell_type == "code")
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert cells["title"].attachments == {"a.txt": {"text/plain": "a picture"}}
    assert cells["ask-1"].source == (
        "## Exercise 90.1\n\n"
        "<details>\n<summary>What is <code>max</code> for?</summary>\n\n"
        "exp(1000) overflows.\n\n</details>\n\n"
        "<details>\n<summary>Then?</summary>\n\nDivide, z < 0 too.\n\n</details>"
    )
    assert notebook.metadata.language_info == {"name": "python"}
    nbformat.validate(notebook)
    solution = mini_course.solution()
    solution.cells[2].source += "\n"
    with mini_course.known():
        assert lessons.derive(solution).cells[2].source == cells["ask-1"].source


def test_bytes_are_stable():
    data = lessons.written(mini_course.solution())
    again = lessons.clean(nbformat.reads(data.decode(), as_version=4))
    assert lessons.written(again) == data and data.endswith(b"}\n") and b"\r" not in data


def text_output(name, text):
    return nbformat.v4.new_output("stream", name=name, text=text)


def test_a_solution_keeps_only_claims_and_says_right_under_each_check():
    solution = mini_course.solution()
    assert solution.cells[5].execution_count is None  # a claim, not run yet
    solution.cells[0].metadata["tags"] = []  # as an editor leaves it when the last tag goes
    solution.cells[1].metadata["jupyter"] = {"source_hidden": True}
    solution.cells[4].id = "new"
    for count, cell in enumerate((c for c in solution.cells if c.cell_type == "code"), 7):
        cell.outputs, cell.execution_count = [text_output("stdout", "0.3333\n")], count
        cell.metadata["execution"] = {"started": "today"}
    kept = lessons.clean(solution)
    shown = {c.id: c for c in kept.cells if c.get("outputs")}
    assert list(shown) == ["check-90-1", "claim", "check-90-2"]
    assert shown["claim"].outputs[0].text == "0.3333\n" and shown["claim"].execution_count == 1
    assert shown["check-90-1"].outputs == [text_output("stdout", "Exercise 90.1: right.\n")]
    assert not any("execution" in cell.metadata for cell in kept.cells)
    assert [cell.metadata for cell in kept.cells[:2]] == [{}, {"jupyter": {"source_hidden": True}}]


@pytest.mark.parametrize(
    "output",
    [
        text_output("stderr", "a warning"),
        nbformat.v4.new_output("display_data", {"image/png": "iVBO"}),
        nbformat.v4.new_output("execute_result", {"text/plain": "x", "text/html": "<b>x</b>"}),
        nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[]),
    ],
)
def test_a_claim_is_text(output):
    solution = mini_course.solution()
    solution.cells[5].outputs = [output]
    with pytest.raises(CourseError, match=f"may only print text; it gave {output.output_type}$"):
        lessons.clean(solution)
    output = nbformat.v4.new_output("execute_result", {"text/plain": "3"}, execution_count=9)
    solution.cells[5].outputs = [output]
    assert lessons.clean(solution).cells[5].outputs == [output | {"execution_count": 1}]


def test_what_is_no_notebook_is_not_written():
    solution = mini_course.solution()
    solution.cells[0].cell_type = "strange"
    with pytest.raises(CourseError, match="'strange'"):
        lessons.written(solution)


def test_a_check_has_a_cell_of_its_own():
    solution = mini_course.solution()
    solution.cells[4].source += '\ncheck("90.2", softmax)'
    for _ in range(2):  # whether there is another for 90.2 or not
        with pytest.raises(CourseError, match="exercise 90.2 needs a cell of its own, once"):
            lessons.clean(solution)
        del solution.cells[9:]
    solution = mini_course.solution()
    solution.cells[0].source += ' with check("90.1"'  # said in a text, it is none
    lessons.clean(solution)
    solution.cells[8].source = solution.cells[4].source
    with pytest.raises(CourseError, match="exercise 90.1 needs a cell of its own, once"):
        lessons.clean(solution)


# update, --check and reset


def test_update_and_drift(course):
    notebook, solution = paths(course)
    assert lessons.differing(course) == [] and list(lessons.update(course)) == []
    notebook.write_text(notebook.read_text().replace("your code", "my code"))
    assert lessons.differing(course) == [notebook]
    assert "written notebooks/90_mini.ipynb" in list(lessons.update(course))
    assert lessons.differing(course) == []
    content = nbformat.read(solution, as_version=4)
    content.cells[0].source = "# Another title"
    content.cells[1].execution_count = 3
    nbformat.write(content, solution)
    assert lessons.differing(course) == [solution, notebook]
    assert len(list(lessons.update(course))) == 2
    assert "Another title" in notebook.read_text() and lessons.differing(course) == []
    notebook.unlink()
    assert lessons.differing(course) == [notebook]
    assert list(lessons.update(course)) == ["written notebooks/90_mini.ipynb"]
    solution.write_text(solution.read_text().replace("# </answer>", "#"))
    with pytest.raises(CourseError, match=r"^solutions/90_mini.ipynb: cell `def softmax\(z\):`"):
        lessons.differing(course)
    content.cells[2].metadata["tags"] = ["exercise:90.7"]
    nbformat.write(content, solution)
    with pytest.raises(CourseError, match=r"^solutions/90_mini.ipynb: .*no exercise 90\.7"):
        lessons.differing(course)


def write_in(notebook):
    """An answer, saved without running anything."""
    content = nbformat.read(notebook, as_version=4)
    content.cells[2].source = "def softmax(z):\n    return z  # to be gone on with"
    nbformat.write(content, notebook)


def break_off(notebook):
    """What no program can read any more may still hold an answer."""
    notebook.write_bytes(notebook.read_bytes()[:-99])


@pytest.mark.parametrize("touch", [work_in, write_in, break_off])
def test_update_keeps_a_notebook_that_somebody_worked_in(course, touch):
    notebook, _ = paths(course)
    touch(notebook)
    mine = notebook.read_bytes()
    assert "kept    notebooks/90_mini.before-reset-1.ipynb" in list(lessons.update(course))
    assert notebook.with_name("90_mini.before-reset-1.ipynb").read_bytes() == mine


def test_update_runs_the_solutions_for_their_claims(course, capfd, monkeypatch):
    _, solution = paths(course)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # as it may be here; claims are made with one
    assert nbformat.read(solution, as_version=4).cells[5].outputs == []
    assert list(lessons.update(course, run=True)) == []  # the notebook stays as it is
    claim = nbformat.read(solution, as_version=4).cells[5]
    assert claim.outputs == [text_output("stdout", "0.3333\n")] and claim.execution_count == 1
    assert lessons.differing(course) == []
    assert "WARNING" not in capfd.readouterr().err  # of the kernel that started
    content = nbformat.read(solution, as_version=4)
    content.cells[1].source += "\nimport ipywidgets\nwith ipywidgets.Output():\n    print(1)"
    where = "os.getcwd() + os.environ['OMP_NUM_THREADS']"
    content.cells[5].source = f"import os\nraise ValueError({where} + '\\nb')"
    nbformat.write(content, solution)
    with pytest.raises(CourseError) as caught:
        list(lessons.update(course, run=True))
    said = f"solutions/90_mini.ipynb stopped with ValueError: {course / 'solutions'}1"
    assert str(caught.value) == said  # in one line, where it ran


RUN = """
import signal, sys
from pathlib import Path
from minichar.course.lessons import executed
from minichar.terminal import ended
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.exit(ended(lambda: executed(Path(sys.argv[1]))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals: run it on Linux or macOS")
def test_ctrl_c_while_a_lesson_runs_ends_it_and_its_kernel_without_a_word(tmp_path):
    cell = nbformat.v4.new_code_cell(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "long.ipynb")
    command = [sys.executable, "-c", RUN, str(tmp_path / "long.ipynb")]
    pipe, path = subprocess.PIPE, os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command, stdout=pipe, stderr=pipe, env=os.environ | {"PYTHONPATH": path}
    )
    until = time.monotonic() + 120
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=120) == (b"", b"")
    assert process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_reset_never_loses_a_byte(course):
    notebook, _ = paths(course)
    shipped = notebook.read_bytes()
    when = notebook.stat().st_mtime_ns
    assert lessons.reset("90", course) is None  # nothing to keep, and none to write
    assert notebook.stat().st_mtime_ns == when
    kept = []
    for mine in (b"one", b"two", b"\xff not even text"):
        notebook.write_bytes(mine)
        copied = lessons.reset(90, course)
        assert copied.read_bytes() == mine and notebook.read_bytes() == shipped
        kept.append(copied.name)
    assert kept == [f"90_mini.before-reset-{n}.ipynb" for n in (1, 2, 3)]
    notebook.unlink()
    assert lessons.reset("90", course) is None and notebook.read_bytes() == shipped
    assert [p.name for p in (course / "notebooks").iterdir() if p.name.startswith(".")] == []


def test_reset_that_cannot_write_leaves_the_learners_file(course, monkeypatch):
    notebook, _ = paths(course)
    notebook.write_bytes(b"mine")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        lessons.reset("90", course)
    assert [p.read_bytes() for p in (course / "notebooks").iterdir()] == [b"mine"]
