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

from minichar.course.site import front_page

pytestmark = pytest.mark.browser
NAME = "00_start_here.ipynb"


@needs_pyodide
def test_a_lesson_runs_in_the_page(site, page):
    before, exercises = site.sent, solve(site.folder, NAME)
    open_lesson(page, site.address, NAME)
    run_all(page)
    assert failures(saved(page, NAME)) == []
    assert asked_outside(page) == []
    assert faults(page) == []
    megabytes = (site.sent - before) / 1e6
    assert megabytes == pytest.approx(front_page.MEGABYTES, rel=0.3)  # what the page promises
    temperature_slides(page)
    front = page.context.new_page()  # in a tab of its own, so that the lesson stays as it is
    shows_solved(site, front, f"{exercises} of {exercises} solved")
    page.locator(CODE).filter(has_text="def pairs(text):").first.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("def pairs(text):\n    return text")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")  # now it stands in the cell of the check
    idle(page)
    waits_for(page, lambda: failures(saved(page, NAME)))
    (found,) = failures(saved(page, NAME))
    assert "Exercise 0.1 (what follows what)" in found, found
    shows_solved(site, front, f"{exercises - 1} of {exercises} solved")


def shows_solved(site, page, solved):
    """The front page comes to say how much of the lesson is solved."""
    page.goto(site.address)
    said = page.locator(f"[data-lesson='{NAME[:2]}'] .solved")
    waits_for(page, lambda: said.inner_text() == solved)


def temperature_slides(page):
    """The chart and the text of the sampler follow its slider, and its other fields."""
    output = page.locator(CODE).nth(1).locator(".jp-OutputArea-output")
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
        assert (seen()[2] > before[2]) == (key == "ArrowRight")

        def follows(before=before):  # the chart and the text come after the number, in their time
            now = seen()
            return f"temperature {now[2]:g}:" in now[0] and now[1] != before[1]

        waits_for(page, follows)
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
