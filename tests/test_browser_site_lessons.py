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
HELLO, SAMPLING = "01_hello_by_hand.ipynb", "04_sampling.ipynb"


def runs(site, page, name):
    """Run a solved lesson to the end in a page that was never here; how many exercises it has."""
    exercises = solve(site.folder, name)
    open_lesson(page, site.address, name)
    run_all(page)
    assert failures(saved(page, name)) == []
    assert asked_outside(page) == []
    assert faults(page) == []
    return exercises


def shows_solved(site, page, name, solved):
    """The front page comes to say how much of a lesson is solved."""
    page.goto(site.address)
    said = page.locator(f"[data-lesson='{name[:2]}'] .solved")
    waits_for(page, lambda: said.inner_text() == solved)


# To begin takes such a page half a minute: so what can be done after one beginning is done there.


@needs_pyodide
def test_a_lesson_runs_in_the_page_and_a_wrong_answer_is_refused(site, page):
    before = site.sent
    exercises = runs(site, page, HELLO)
    megabytes = (site.sent - before) / 1e6
    assert megabytes == pytest.approx(front_page.MEGABYTES, rel=0.3)  # what the page promises
    front = page.context.new_page()  # in a tab of its own, so that the lesson stays as it is
    shows_solved(site, front, HELLO, f"{exercises} of {exercises} solved")
    page.locator(CODE).filter(has_text="def softmax(z):").first.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("def softmax(z):\n    return z")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")  # now it stands in the cell of the check
    idle(page)
    waits_for(page, lambda: failures(saved(page, HELLO)))
    (found,) = failures(saved(page, HELLO))
    assert "Exercise 1.1 (softmax)" in found, found
    shows_solved(site, front, HELLO, f"{exercises - 1} of {exercises} solved")


@needs_pyodide
def test_a_lesson_runs_in_the_page_and_its_temperature_slides(site, page):
    exercises = runs(site, page, SAMPLING)
    output = page.locator(CODE).nth(2).locator(".jp-OutputArea-output")
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
    shows_solved(site, page, SAMPLING, f"{exercises} of {exercises} solved")


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
