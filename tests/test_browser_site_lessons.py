"""Lessons of the site, run in a real browser by the Python that the page brings: see in_page.py.

Every lesson is run so by `python tests/benchmarks/in_the_page.py --lessons`, which takes long.
"""

import json
import re

import nbformat
import pytest
from axe import findings
from in_page import (
    asked_outside,
    failures,
    needs_pyodide,
    open_lesson,
    run_all,
    saved,
    solve,
    waits_for,
)

from minichar.course.files import lessons
from minichar.course.site import building, front_page

pytestmark = pytest.mark.browser
OURS = ".jp-NotebookPanel :is(.jp-RenderedMarkdown, .jp-OutputArea-output)"  # not the lab's own
LATER = """\
import json
import minichar as mc
from minichar import gallery, measuring, novelty
from minichar.features import FEATURES

texts = {name: mc.load_text(name) for name in mc.datasets.at_hand()}
code = "def greet(name):\\n    return 'hello, ' + name\\n\\n\\n" * 40
wanted = {"indentation": FEATURES["indentation"]}
found = measuring.measure(gallery.network("python"), code, wanted, kinds="c")
longest = len(novelty.longest_run("no more of this", "once more of that"))
lengths = {name: len(text) for name, text in texts.items()}
print(json.dumps([lengths, float(abs(found.correlation).max()), longest]))
"""
HELLO, SAMPLING = "01_hello_by_hand.ipynb", "04_sampling.ipynb"
# ipywidgets gives the handle of a slider no name, and no way to give it one (as of 8.1).
NAMELESS = re.compile(r"aria-input-field-name \(serious\): <div class=\"noUi-handle")


def faults(page) -> list[str]:
    """What axe has against the lesson that is open."""
    return [found for found in findings(page, OURS) if not NAMELESS.match(found)]


@needs_pyodide
@pytest.mark.parametrize("name", [HELLO, "06_lstm_and_gru.ipynb"])
def test_a_lesson_runs_in_the_page_and_its_progress_is_kept(site, page, name):
    exercises, before = solve(site.folder, name), site.sent
    open_lesson(page, site.address, name)
    run_all(page)
    megabytes = (site.sent - before) / 1e6
    assert failures(saved(page, name)) == []
    assert asked_outside(page) == []
    assert faults(page) == []
    if name == HELLO:
        assert megabytes == pytest.approx(front_page.MEGABYTES, rel=0.3)  # what the page promises
    page.goto(site.address)
    solved = page.locator(f"[data-lesson='{name[:2]}'] .solved")
    waits_for(page, lambda: solved.inner_text() == f"{exercises} of {exercises} solved")


@needs_pyodide
def test_a_slider_moves_the_text_in_the_page(site, page):
    solve(site.folder, SAMPLING)
    open_lesson(page, site.address, SAMPLING)
    run_all(page)
    assert failures(saved(page, SAMPLING)) == []
    assert faults(page) == []
    number = page.get_by_label("Temperature value").first
    box = page.locator(".jp-OutputArea .widget-vbox", has=number).last
    text, picture = box.locator("pre"), box.locator("img")

    def shown() -> tuple[str, str]:
        return text.inner_text(), picture.get_attribute("alt")

    box.scroll_into_view_if_needed()
    at_one = shown()
    assert "temperature 1:" in at_one[1] and at_one[0].startswith("ma")
    number.fill("0.5")
    number.press("Enter")
    waits_for(page, lambda: "temperature 0.5:" in shown()[1] and shown()[0] != at_one[0])
    for _ in range(3):
        box.get_by_role("slider").press("ArrowRight")
    waits_for(page, lambda: float(number.input_value()) > 0.5)
    number.fill("1")
    number.press("Enter")
    waits_for(page, lambda: shown() == at_one)


@needs_pyodide
def test_what_later_lessons_need_is_in_the_page(site, page):
    """Texts of the Python there, and numbers of 4 bytes where other computers have 8."""
    name = "11_looking_inside.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in (building.FIRST_CELL, LATER)]
    notebook = nbformat.reads((site.folder / "files" / name).read_text("utf-8"), as_version=4)
    notebook.cells = cells
    (site.folder / "files" / name).write_text(nbformat.writes(notebook), "utf-8")
    open_lesson(page, site.address, name)
    run_all(page)
    found = saved(page, name)
    assert failures(found) == []
    lengths, r, longest = json.loads("".join(found[1]["outputs"][0]["text"]))
    assert lengths["python"] > 1e6 and lengths["c"] > 1e5 and "markup" not in lengths
    assert 0.3 < r <= 1 and longest > 3


@needs_pyodide
def test_a_wrong_answer_is_refused_in_the_page(site, page):
    made = building.for_browser(lessons()[1].notebook)
    (site.folder / "files" / HELLO).write_text(made, "utf-8")
    open_lesson(page, site.address, HELLO)
    run_all(page)
    found = failures(saved(page, HELLO))
    assert any("1.1" in line and "is not finished yet" in line for line in found), found


@needs_pyodide
def test_the_studio_trains_in_the_page(site, page):
    open_lesson(page, site.address, "studio.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    area = page.locator(".jp-OutputArea").last

    def step() -> int:
        found = re.search(r"step\s+([\d,]+)", area.inner_text())
        return int(found[1].replace(",", "")) if found else 0

    waits_for(page, lambda: step() > 0)
    first = step()
    waits_for(page, lambda: step() > first + 10)
