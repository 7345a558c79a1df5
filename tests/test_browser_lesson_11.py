"""Lesson 11 in JupyterLab, in a browser: its picker and its coloured texts, light and dark."""

import re
import shutil
from contextlib import suppress

import lab
import pytest
from test_browser_pickers import READABLE, colours

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """Lesson 11 with its answers, run to the end."""
    chromium, name = lab.needs_browser(), "11_looking_inside.ipynb"
    folder = tmp_path_factory.mktemp("lesson")
    shutil.copy(lab.ROOT / "solutions" / name, folder)
    with lab.server(folder) as address, lab.browser(chromium) as running:
        lesson = lab.Lesson(running, address, name)
        run_once(lesson)
        yield lesson


def run_once(lesson):
    """Run every cell. It takes longer than `run_all` waits before it sends them all once more."""
    from playwright.sync_api import TimeoutError

    started = lesson.prompt(0).filter(has_text=re.compile(r"\[[*\d]+\]:"))
    for _ in range(4):
        lesson.page.get_by_role("menuitem", name="Run", exact=True).click()
        lesson.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(TimeoutError):
            started.wait_for(timeout=30_000)
            break
    failed = lesson.page.locator(lab.ERROR).first
    ended = lesson.prompt(-1).filter(has_text=re.compile(r"\[\d+\]:"))
    ended.or_(failed).wait_for(timeout=5 * lab.PATIENCE * 1000)
    assert not failed.count(), failed.text_content()


def test_the_picker_of_lesson_11_shows_the_cell_that_is_picked(lesson):
    page, field = lesson.page, lesson.page.get_by_label("Cell number")
    figure = page.locator(".jp-OutputArea .widget-vbox", has=field).locator("figure")
    figure.scroll_into_view_if_needed()
    text, seen = figure.locator("pre").text_content(), [colours(figure)]
    assert len(text) > 1500 and len(set(seen[0])) > 2
    page.get_by_label("Ranked by").select_option("line_position")
    best = page.get_by_label("Best cells")
    lesson.expect(best).to_be_enabled()
    chosen = " ".join(best.locator("option:checked").text_content().split())  # it is spaced by \xa0
    layer, kind, index = re.match(r"layer (\d), (\w) (\d+)", chosen).groups()
    lesson.expect(figure).to_contain_text(f"Layer {layer}, tanh {kind} of cell {index}")
    seen.append(colours(figure))
    page.get_by_label("Kind").select_option("f, forget gate")
    lesson.expect(figure).to_contain_text(f"Layer {layer}, f of cell {index}")
    seen.append(colours(figure))
    page.get_by_label("Layer").select_option("1")
    field.fill("200")
    field.press("Enter")
    lesson.expect(figure).to_contain_text("Layer 1, f of cell 200")
    seen.append(colours(figure))
    assert all(a != b for a, b in zip(seen, seen[1:], strict=False))
    assert figure.locator("pre").text_content() == text


@pytest.mark.parametrize("theme", lab.THEMES)
def test_no_picture_of_lesson_11_is_cut_off_or_hard_to_read(lesson, theme):
    lesson.wear(theme)
    figures = lesson.page.locator("figure.minichar-coloured")
    assert figures.count() >= 6
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        assert min(figure.evaluate(READABLE)) >= 4.5
        assert figure.evaluate("f => f.scrollWidth <= f.clientWidth + 1")
    assert not lesson.complaints
