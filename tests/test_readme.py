"""The README says what is true: its code runs, its files exist, its minutes are the lessons'."""

import re
from pathlib import Path

import nbformat
import pytest

import minichar as mc

ROOT = Path(mc.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = sorted((ROOT / "solutions").glob("*.ipynb"))
LESSONS = [path for path in FILES if path.stem != "16_glossary_and_index"]


def test_its_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"^\d+\.\d+ bits per character$", printed, re.M)


def test_every_file_that_it_links_to_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links and not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_every_lesson_is_on_the_map_with_its_minutes(path):
    opening = nbformat.read(path, 4).cells[0].source
    minutes = re.search(r"About (\d+) minutes of yours", opening)[1]
    row = re.search(rf"^\| {path.stem[:2]} \|.*{path.name}.*\| (\d+) \|$", README, re.M)
    assert row and row[1] == minutes


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_every_lesson_has_the_fixed_shape(path):
    notebook = nbformat.read(path, 4)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for part in ("What you'll do.", "What you'll learn.", "What you need.", "Time.", "Predict"):
        assert f"**{part}" in text, part
    headings = re.findall(r"^## (.+)$", text, re.M)
    last = ["The number of this lesson", "What can go wrong", "Questions"]
    assert [h for h in headings if h in last] == last
    assert "## Reading" in text and "**Next:**" in text
    heading = r"^### Exercise \d+\.\d+ · \d+ minutes, (easy|medium|hard)$"
    exercises = re.findall(heading, text, re.M)
    assert 3 <= len(exercises) <= 6
    assert text.count("### Exercise") == len(exercises)
    links = re.findall(r"\]\((\d\d_[^)]+\.ipynb)\)", text)
    assert not [link for link in links if not (path.parent / link).exists()]
