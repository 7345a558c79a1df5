"""What learners do to a notebook, each with the verdicts it should get (see test_grading.py).

The lesson is the one of mini_course.py, with the exercises 90.1 (softmax) and 90.2 (gradient).
"""

import mini_course
import nbformat

RIGHT_1 = "def softmax(z):\n    e = np.exp(z - np.max(z))\n    return e / np.sum(e)"
WRONG_1 = "def softmax(z):\n    return np.exp(z) / np.exp(z).max()"
RIGHT_2 = "def gradient(z, target):\n    p = softmax(z)\n    p[target] -= 1\n    return p"
WRONG_2 = "def gradient(z, target):\n    p = softmax(z)\n    p[target] += 1\n    return p"
CHECK_1 = 'softmax = check("90.1", softmax)'
ONCE = "assert 'ran' not in globals()\nran = True"  # each cell runs once
HERE = "assert os.getcwd().endswith('notebooks')"  # where its notebook lies
FIRST_WRONG = ["wrong", "waits"]
BOTH = ["solved", "solved"]


def lesson(first=None, second=None, **cells):
    """The shipped notebook with other code in some cells."""
    notebook = mini_course.shipped()
    given = {"answer-1": first, "answer-2": second}
    given |= {name.replace("_", "-"): source for name, source in cells.items()}
    for cell in notebook.cells:
        if given.get(cell.id) is not None:
            cell.source = given[cell.id]
    return notebook


def at(notebook, name):
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == name)


def saved(notebook, state="right"):
    """As saved after a run: with counts, and outputs that would pass a comparison."""
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count = count
    for number in ("1", "2"):
        text = f"Exercise 90.{number}: {state}.\n"
        cell = notebook.cells[at(notebook, f"check-90-{number}")]
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return notebook


def tagged(notebook, name, tag):
    notebook.cells[at(notebook, name)].metadata["tags"] = [tag]
    return notebook


def without(notebook, *names):
    notebook.cells = [cell for cell in notebook.cells if cell.id not in names]
    return notebook


def plus(notebook, place, *sources):
    """With further code cells; `place` is the cell that they stand before, or the end."""
    i = at(notebook, place) if place else len(notebook.cells)
    notebook.cells[i:i] = [nbformat.v4.new_code_cell(source) for source in sources]
    return notebook


def moved(notebook, name, before):
    cell = notebook.cells.pop(at(notebook, name))
    notebook.cells.insert(at(notebook, before) if before else len(notebook.cells), cell)
    return notebook


def merged(notebook, first, second):
    """As JupyterLab merges two cells: the first one's id, both sources."""
    notebook.cells[at(notebook, first)].source += "\n" + notebook.cells[at(notebook, second)].source
    return without(notebook, second)


def as_text(notebook, name):
    cell = notebook.cells[at(notebook, name)]
    notebook.cells[at(notebook, name)] = nbformat.v4.new_markdown_cell(cell.source, id=name)
    return notebook


def ids_lost(notebook):
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    return notebook


def all_right(**cells):
    return lesson(RIGHT_1, RIGHT_2, **cells)


# name: (notebook, states of 90.1 and 90.2, how many other cells fail if any do)
SITUATIONS = {
    "unfinished": (lesson(), ["not done", "waits"]),
    "unfinished and saved": (saved(lesson()), ["not done", "waits"]),
    "wrong and not run": (lesson(WRONG_1), FIRST_WRONG),
    "wrong, run and saved": (saved(lesson(WRONG_1), "not right yet"), FIRST_WRONG),
    "wrong, saved outputs of a right one": (saved(lesson(WRONG_1)), FIRST_WRONG),
    "first right": (lesson(RIGHT_1), ["solved", "not done"]),
    "second wrong": (saved(lesson(RIGHT_1, WRONG_2)), ["solved", "wrong"]),
    "all right and saved": (saved(all_right()), BOTH),
    "all right and never run": (all_right(), BOTH),
    "check edited to print": (
        saved(lesson(WRONG_1, check_90_1='print("Exercise 90.1: right.")')),
        FIRST_WRONG,
    ),
    "check commented out": (lesson(WRONG_1, check_90_1="# " + CHECK_1), FIRST_WRONG),
    "check deleted": (without(all_right(), "check-90-1"), ["missing", "solved"]),
    "older than an exercise": (
        without(lesson(RIGHT_1), "ask-2", "answer-2", "check-90-2"),
        ["solved", "missing"],
    ),
    "check turned into text": (as_text(all_right(), "check-90-1"), ["missing", "solved"]),
    "check tagged raises-exception": (
        tagged(lesson(WRONG_1), "check-90-1", "raises-exception"),
        FIRST_WRONG,
    ),
    "check tagged nbval-skip": (tagged(lesson(WRONG_1), "check-90-1", "nbval-skip"), FIRST_WRONG),
    "check marked NBVAL_SKIP": (
        lesson(WRONG_1, check_90_1="# NBVAL_SKIP\n" + CHECK_1),
        FIRST_WRONG,
    ),
    "answer tagged nbval-skip": (tagged(all_right(), "answer-1", "nbval-skip"), BOTH),
    "check inside try": (
        lesson(WRONG_1, check_90_1=f"try:\n    {CHECK_1}\nexcept Exception:\n    pass"),
        FIRST_WRONG,
    ),
    "check under a magic": (lesson(WRONG_1, check_90_1="%%capture\n" + CHECK_1), FIRST_WRONG),
    "right with extra cells": (
        plus(saved(all_right()), "answer-2", "import os; print(os.times())", "1 / 0", ONCE, HERE),
        BOTH,
        1,
    ),
    "right with cells moved": (
        moved(moved(all_right(), "check-90-1", "answer-2"), "claim", "answer-1"),
        BOTH,
    ),
    "check moved above its answer": (
        moved(all_right(), "check-90-1", "answer-1"),
        FIRST_WRONG,
    ),
    "answered below the check": (
        plus(lesson(None, RIGHT_2), "claim", RIGHT_1),
        ["not done", "waits"],
    ),
    "answered and checked again below": (
        plus(lesson(WRONG_1, RIGHT_2), "claim", RIGHT_1, CHECK_1),
        BOTH,
        1,
    ),
    "right, then checked with something else": (
        plus(all_right(), None, WRONG_1, CHECK_1),
        BOTH,
    ),
    "borrowed, then checked with something else": (
        plus(lesson('softmax = reference("90.1")', RIGHT_2), None, WRONG_1, CHECK_1),
        ["borrowed", "solved"],
    ),
    "borrowed, then solved": (
        plus(lesson("softmax = lambda z: softmax_(z)", RIGHT_2), None, RIGHT_1, CHECK_1),
        BOTH,
    ),
    "wrong, mentioned in a comment": (
        plus(lesson(WRONG_1), None, '1 + 1\n  # check("90.1", softmax) says no'),
        FIRST_WRONG,
    ),
    "answer and check merged": (merged(all_right(), "answer-1", "check-90-1"), BOTH),
    "answer typed into the check": (
        without(lesson(None, RIGHT_2, check_90_1=RIGHT_1 + "\n" + CHECK_1), "answer-1"),
        BOTH,
    ),
    "wrong answer typed into the check": (
        without(lesson(None, RIGHT_2, check_90_1=WRONG_1 + "\n" + CHECK_1), "answer-1"),
        FIRST_WRONG,
        1,
    ),
    "ids lost": (ids_lost(all_right()), BOTH),
    "ids lost and wrong": (ids_lost(saved(lesson(WRONG_1))), FIRST_WRONG),
    "input changed in place": (
        lesson("def softmax(z):\n    z -= z.max()\n    e = np.exp(z)\n    return e / e.sum()"),
        FIRST_WRONG,
    ),
    "a constant": (
        lesson(
            "def softmax(z):\n    return np.array([0.0377, 0.1251, 0.0007, 0.8365])[: len(z)] / 1.0"
        ),
        FIRST_WRONG,
    ),
    "own check": (
        plus(lesson(WRONG_1), "answer-1", "def check(number, f):\n    return f"),
        FIRST_WRONG,
    ),
    "own check, right": (
        plus(all_right(), "answer-1", "def check(number, f):\n    return f"),
        BOTH,
    ),
    "borrowed": (lesson('softmax = reference("90.1")', RIGHT_2), ["borrowed", "solved"]),
    "borrowed in the check's cell": (
        lesson(None, RIGHT_2, check_90_1='softmax = reference("90.1")'),
        ["borrowed", "solved"],
    ),
    "borrowed through a wrapper": (
        lesson('def softmax(z):\n    return reference("90.1")(z)', RIGHT_2),
        ["borrowed", "solved"],
    ),
    "calls the course's own function": (
        lesson("softmax = lambda z: softmax_(z)", RIGHT_2),
        ["borrowed", "solved"],
    ),
    "the package's function": (
        lesson(RIGHT_1 + "\nsoftmax.__module__ = 'minichar.sampling'", RIGHT_2),
        ["borrowed", "solved"],
    ),
    "prints that it is right": (
        lesson("def softmax(z):\n    print('Exercise 90.1: right.')\n    return z"),
        FIRST_WRONG,
    ),
    "answer does not parse": (lesson("def softmax(z)\n    return z"), FIRST_WRONG, 1),
    "answer deleted": (without(all_right(), "answer-1"), FIRST_WRONG),
    "Python ends in a cell": (
        plus(all_right(), "answer-2", "import os; os._exit(1)"),
        ["solved", "waits"],
        1,
    ),
    "Python ends in an answer": (
        lesson("def softmax(z):\n    import os\n    os._exit(1)"),
        FIRST_WRONG,
    ),
    "Python ends where it was checked before": (
        plus(all_right(), "check-90-1", CHECK_1 + "\nimport os; os._exit(1)"),
        ["waits", "waits"],
        1,
    ),
    "exit": (plus(all_right(), "answer-1", "exit()"), ["waits", "waits"], 1),
}
