"""The glossary and index: every word stands in its lesson, every link leads somewhere."""

import re
from pathlib import Path

import nbformat
import numpy as np
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


def test_what_is_said_of_pytorch_makes_the_same_network_of_both():
    """Every row of the page's table that can be wrong: three steps end with the same weights."""
    why = "pip install torch, to hold the page's table against PyTorch"
    torch = pytest.importorskip("torch", reason=why)
    nn, text, V, H, T, B = torch.nn, "hello world, hello word. " * 9, 10, 6, 7, 4
    model = mc.CharModel(mc.Vocabulary.of(text), hidden=H, dtype="float64", seed=1)
    assert len(model.vocab) == V
    ours, theirs, out = model.parameters(), nn.LSTM(V, H).double(), nn.Linear(H, V).double()
    assert (ours["0.bh"].data[2 * H : 3 * H] == 1).all()  # of the forget gate
    assert theirs.bias_ih_l0.abs().max() < 0.5
    gates = np.r_[H : 4 * H, :H]  # o, i, f, g in the order i, f, g, o
    rows = {
        "0.Wxh": (theirs.weight_ih_l0, lambda w: w.T[gates]),
        "0.Whh": (theirs.weight_hh_l0, lambda w: w.T[gates]),
        "0.bh": (theirs.bias_ih_l0, lambda b: b[gates]),
        "read_out.W": (out.weight, lambda w: w.T),
        "read_out.b": (out.bias, lambda b: b),
    }
    with torch.no_grad():
        theirs.bias_hh_l0.zero_()
        for name, (parameter, to) in rows.items():
            parameter.copy_(torch.tensor(to(ours[name].data)))
    learned = [parameter for parameter, _ in rows.values()]  # one of the two biases is enough
    adams = mc.optim.Adam(ours, lr=0.01), torch.optim.Adam(learned, lr=0.01)
    ids = model.vocab.encode(text[: B * (T + 1)]).reshape(B, T + 1).T
    for _ in range(3):
        loss, ((h, c),) = model.loss(ids[:-1], ids[1:])
        x = nn.functional.one_hot(torch.tensor(ids[:-1], dtype=torch.long), V).double()
        output, (h_n, c_n) = theirs(x)
        targets = torch.tensor(ids[1:].reshape(-1), dtype=torch.long)
        z = out(output).reshape(-1, V)
        their_loss = nn.functional.cross_entropy(z, targets)
        assert np.allclose(loss.data, their_loss.item(), rtol=1e-12)
        assert np.allclose(h, h_n[0].detach()) and np.allclose(c, c_n[0].detach())
        loss.backward()
        their_loss.backward()
        norms = mc.optim.clip_by_norm(ours, 0.1), nn.utils.clip_grad_norm_(learned, 0.1)
        assert np.allclose(*map(float, norms))
        for adam in adams:
            adam.step()
        assert all(w.grad is None for w in ours.values())
        adams[1].zero_grad()
    for name, (parameter, to) in rows.items():
        assert np.allclose(to(ours[name].data), parameter.detach(), rtol=1e-6), name


def test_the_index_has_every_file_of_the_reading_order_once():
    order = "\n".join(re.findall(r"^- `.*?:", README, re.M))
    listed = re.findall(r"`([a-z0-9_]+\.py|course/)`", order)
    there = re.findall(r"\[([^\]]+)\]\(\.\./minichar/([^)]+)\)", CELLS["index"])
    assert all(target.removesuffix("__init__.py") == name for name, target in there)
    assert sorted(name for name, _ in there) == sorted(listed)


def test_progress_leaves_it_out():
    rows = classroom.verdicts(ROOT, judge=lambda lesson: [])
    assert [heading[:2] for heading, _ in rows] == [f"{n:02d}" for n in range(16)]
    page = ROOT / "notebooks" / PAGE.name
    assert progress.judge([page]) == {page: progress.Report([], {})}
