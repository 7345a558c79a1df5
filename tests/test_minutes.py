"""The minutes that a lesson asks of its reader are those that its content takes, by one rule.

    python tests/test_minutes.py        # a line for each lesson: declared, and by the rule

The rule: prose at 200 words a minute, given code at 4 seconds a line, 10 seconds for each cell that
is run and looked at, half a minute for each prediction, and for each exercise the minutes that it
declares. Hints, questions and reading lists are not counted: not everybody takes them. Nor is the
time that the computer takes, which a lesson declares by itself.
"""

import re
from pathlib import Path

import nbformat
import pytest

import minichar as mc

WORDS, LINE, CELL, PREDICTION = 200, 4 / 60, 10 / 60, 1 / 2  # words a minute; minutes for each
OFF = 0.2  # the share by which a lesson may be off
ROOT = Path(mc.__file__).parent.parent
NAMES = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))[:16]
LESSONS = [ROOT / "notebooks" / name for name in NAMES]


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def declared(notebook):
    return int(re.search(r"About (\d+) minutes of yours", notebook.cells[0].source)[1])


def by_the_rule(notebook):
    """Minutes for a notebook with its answers taken out, as its reader has it."""
    prose, code = "\n".join(sources(notebook, "markdown")), sources(notebook, "code")
    exercises = re.findall(r"^### Exercise \S+ · (\d+) minutes", prose, re.M)
    read = re.sub(r"<details>.*?</details>", "", prose, flags=re.S)
    read = re.split(r"^## (?:Questions|Reading)$", read, maxsplit=1, flags=re.M)[0]
    lines = sum(bool(line.strip()) for source in code for line in source.splitlines())
    minutes = len(read.split()) / WORDS + LINE * lines + CELL * len(code)
    return minutes + PREDICTION * read.count("**Predict") + sum(map(int, exercises))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_minutes_of_a_lesson_are_those_of_its_content(path):
    notebook = nbformat.read(path, 4)
    assert declared(notebook) == pytest.approx(by_the_rule(notebook), rel=OFF)


def test_the_rule_counts_what_is_read_run_guessed_and_solved():
    def minutes(prose="", *code):
        cells = [nbformat.v4.new_markdown_cell(prose)]
        cells += [nbformat.v4.new_code_cell(source) for source in code]
        return by_the_rule(nbformat.v4.new_notebook(cells=cells))

    assert minutes() == 0 and minutes("word " * 400) == pytest.approx(2)
    assert minutes("", "a = 1\n\nb = 2", "a + b") == pytest.approx(12 / 60 + 20 / 60)
    guess, exercise = "**Predict:** what?", "### Exercise 4.2 · 10 minutes, hard"
    assert minutes(guess) == pytest.approx(0.5 + 2 / 200)
    assert minutes(exercise) == pytest.approx(10 + 7 / 200)
    left_out = (
        "<details>\n\na hint\n\n</details>",
        "## Questions\n\n1. Why?\n\n## Reading\n\n- A book",
    )
    assert minutes(left_out[0]) == minutes(left_out[1]) == 0
    assert minutes(f"## Questions that remain\n\n{left_out[1]}") == pytest.approx(4 / 200)


if __name__ == "__main__":
    for path in LESSONS:
        lesson = nbformat.read(path, 4)
        print(
            f"{path.stem:30} {declared(lesson):3} declared, {by_the_rule(lesson):4.0f} by the rule"
        )
