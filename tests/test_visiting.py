"""A visitor's studio: whatever is typed or pressed, no file elsewhere is read or written."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import ipywidgets
import pytest
from pictures import parts
from traitlets import TraitError

from minichar import datasets, keeping_panel, visiting
from minichar.keeping import LAST

SECRET = "the quick brown fox jumps over the lazy dog\n" * 50


@pytest.fixture
def visit(tmp_path, monkeypatch):
    (tmp_path / "page").mkdir()
    (tmp_path / "outside.txt").write_text(SECRET)
    monkeypatch.chdir(tmp_path / "page")
    studio = visiting.visit(start=False, hidden=(4,), batch=2, length=4)
    yield studio
    studio.close()


@pytest.mark.parametrize("path", ["{0}/outside.txt", "../../outside.txt", "{0}/new.npz", "~/x.npz"])
def test_a_path_gets_through_nowhere(visit, tmp_path, monkeypatch, path):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = path.format(tmp_path)
    before = sorted(tmp_path.glob("*"))
    for field in parts(visit):
        if isinstance(field, ipywidgets.Text | ipywidgets.Textarea | ipywidgets.Combobox):
            with suppress(TraitError):
                field.value = path
    for button in list(parts(visit)):
        if isinstance(button, ipywidgets.Button):
            button.click()
    assert sorted(tmp_path.glob("*")) == before
    assert (tmp_path / "outside.txt").read_text() == SECRET
    assert "quick brown" not in visit.live.text
    for part in parts(visit):
        assert "quick brown" not in str(getattr(part, "value", ""))


def test_no_field_for_a_path_listens(visit):
    assert visit.file_panel.path not in list(parts(visit))
    assert visit.file_panel.path.comm is None


def test_saving_and_loading_work(visit):
    visit.live.step()
    visit.file_panel.save.click()
    assert "Saved step 1 in studio.npz" in visit.status.value
    assert Path("studio.npz").is_file() and Path.cwd().name.startswith("visit-")
    visit.live.step()
    visit.file_panel.load.click()
    assert visit.live.training.step_number == 1


def test_one_text_after_another_does_not_fill_the_disk(visit, monkeypatch):
    monkeypatch.setattr(keeping_panel, "SECONDS", 0)
    for k in range(LAST + visiting.TEXTS + 3):
        visit.restart(f"the text number {k}\n" * 20, hidden=(4,), batch=2, length=4)
        visit.live.training.validate_every = 1
        visit.live.step()
        list(visit._turn())
        assert visit.file_panel.table.children
    assert len(list(Path("studio").iterdir())) <= LAST + visiting.TEXTS


def test_texts_to_be_fetched_are_not_offered(visit):
    known = datasets.catalogue()
    offered = [name for name in visit.text_panel.choice.options if name in known]
    assert "names" in offered and all(known[name].here for name in offered)


def test_two_visits_share_no_folder_and_leave_none(tmp_path):
    code = (
        "import os; from minichar import visiting; visiting.limit();"
        "s = visiting.visit(start=False, hidden=(4,)); s.live.step(); s.file_panel.save.click();"
        "print(os.getcwd(), os.listdir())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert all("studio.npz" in run for run in runs) and runs[0] != runs[1]
    assert not list(tmp_path.iterdir())


def test_a_process_can_be_limited():
    resource = pytest.importorskip("resource", reason="needs a system that limits processes")
    code = (
        "import resource; from minichar import visiting; visiting.limit();"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == visiting.MEMORY, resource
