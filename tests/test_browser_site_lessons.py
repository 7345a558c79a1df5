"""Lessons of the site, run in a real browser by the Python that the page brings: see in_page.py.

Every lesson is run so by `python tests/benchmarks/in_the_page.py --lessons`, which takes long.
"""

import re

import numpy as np
import pytest
from in_page import (
    CODE,
    asked_outside,
    failures,
    faults,
    idle,
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
HELLO, SAMPLING = "01_hello_by_hand.ipynb", "04_sampling.ipynb"


@needs_pyodide
@pytest.mark.parametrize("name", [HELLO, SAMPLING])
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
def test_a_wrong_answer_is_refused_in_the_page(site, page):
    made = building.for_browser(lessons()[1].notebook)
    (site.folder / "files" / HELLO).write_text(made, "utf-8")
    open_lesson(page, site.address, HELLO)
    run_all(page)
    found = failures(saved(page, HELLO))
    assert any("1.1" in line and "is not finished yet" in line for line in found), found


@needs_pyodide
def test_the_temperature_slides_in_the_page(site, page):
    solve(site.folder, SAMPLING)
    open_lesson(page, site.address, SAMPLING)
    cells = page.locator(CODE)
    for k in range(3):  # what fetches the package, what imports it, and the slider
        cells.nth(k).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        cells.nth(k).locator(".jp-InputPrompt").get_by_text(f"[{k + 1}]:").wait_for()
    output = cells.nth(2).locator(".jp-OutputArea-output")
    chart, text = output.locator("img"), output.locator("pre")
    number, handle = page.get_by_label("Temperature value"), output.get_by_role("slider")

    def seen():
        return chart.get_attribute("alt"), text.inner_text(), float(number.input_value())

    chart.scroll_into_view_if_needed()
    beginning = seen()
    handle.focus()
    for key, times in (("ArrowRight", 12), ("ArrowLeft", 24)):
        before = seen()
        for _ in range(times):
            page.keyboard.press(key)
        waits_for(page, lambda: abs(np.log(seen()[2] / before[2])) > 0.5)  # noqa: B023
        idle(page, 0.5)
        now = seen()
        assert (now[2] > before[2]) == (key == "ArrowRight")
        assert now[0] != before[0] and now[1] != before[1]
        assert f"temperature {now[2]:g}:" in now[0]
    number.fill("1")
    number.press("Enter")
    waits_for(page, lambda: seen() == beginning)  # the same random numbers write the same text
    page.get_by_label("Start with").fill("do")
    page.get_by_label("Start with").press("Enter")
    waits_for(page, lambda: 'after "do"' in seen()[0] and seen()[1].startswith("do"))


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
