"""The glossary and index: every word stands in its lesson, every link leads somewhere."""

import re
from operator import attrgetter
from pathlib import Path

import nbformat
import pytest
from test_readme import README

import minichar as mc
from minichar.course import classroom, progress

ROOT = Path(mc.__file__).parent.parent
PAGE = ROOT / "solutions" / "16_glossary_and_index.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PAGE, 4).cells}
TERM = re.compile(r"^- \*\*(.+?)\*\* \(\[(\d\d)\]\((\d\d_\w+\.ipynb)\)\): ([^\n]+)$", re.M)
TERMS = TERM.findall(CELLS["glossary"])
ROW = re.compile(r"^\| ([^|]+) \| \[(\d\d)\]\((\d\d_\w+\.ipynb)\) \| (.+) \|$", re.M)
ROWS = ROW.findall(CELLS["index"])


def prose(name):
    """A lesson's text cells, in small letters, with single spaces."""
    cells = nbformat.read(PAGE.with_name(name), 4).cells
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(text.casefold().split())


def test_it_is_text_alone_and_every_line_is_read():
    cells = nbformat.read(PAGE, 4).cells
    assert {cell.cell_type for cell in cells} == {"markdown"}
    assert len(TERMS) == CELLS["glossary"].count("\n- ") > 60
    assert len(ROWS) == CELLS["index"].count("\n| ") - 1 > 40  # the head of the table


@pytest.mark.parametrize("entries", [TERMS, ROWS], ids=["glossary", "index"])
def test_it_is_in_alphabetical_order_and_names_nothing_twice(entries):
    names = [entry[0].casefold() for entry in entries]
    assert names == sorted(set(names))


@pytest.mark.parametrize("term, number, lesson, sentence", TERMS, ids=[t[0] for t in TERMS])
def test_a_word_is_used_in_its_lesson(term, number, lesson, sentence):
    assert lesson[:2] == number and number < "16"
    assert re.search(rf"(?<!\w){re.escape(term.casefold())}", prose(lesson))
    assert sentence.endswith((".", ".)"))


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(CELLS.values()))
    assert links and not [link for link in links if not (PAGE.parent / link).exists()]
    assert not [row for row in ROWS if row[1] != row[2][:2]]


def test_the_names_that_are_said_to_be_pytorchs_are():
    """That the networks are equal under these names, test_model.py and test_fused.py hold."""
    torch = pytest.importorskip("torch", reason="pip install torch, to look its names up")
    table = CELLS["pytorch"]
    names = set(re.findall(r"`(?:torch\.)?((?:nn\.|no_grad)[\w.]*)", table))
    assert len(names) > 7
    for name in names:
        assert callable(attrgetter(name)(torch)), name
    V, H, T, B = 4, 3, 5, 2
    lstm = torch.nn.LSTM(V, H)
    for name, parameter in lstm.named_parameters():
        assert f"`{name}`" in table
        assert parameter.abs().max() <= H**-0.5  # the biases too begin near 0
    output, (h_n, c_n) = lstm(torch.zeros(T, B, V))
    assert output.shape == (T, B, H) and h_n.shape == c_n.shape == (1, B, H)


def test_the_index_has_every_file_of_the_reading_order_once():
    order = "\n".join(re.findall(r"^- `.*?:", README, re.M))
    listed = re.findall(r"`([a-z0-9_]+\.py|course/)`", order)
    there = re.findall(r"\[([^\]]+)\]\(\.\./minichar/([^)]+)\)", CELLS["index"])
    assert all(target.removesuffix("__init__.py") == name for name, target in there)
    assert sorted(name for name, _ in there) == sorted(listed)


def test_progress_leaves_it_out():
    rows = classroom.verdicts(ROOT, judge=lambda lesson: [])
    assert [heading[:2] for heading, _ in rows] == [f"{n:02d}" for n in range(16)]
    assert progress.judge(ROOT / "notebooks" / PAGE.name) == progress.Report([], {})
