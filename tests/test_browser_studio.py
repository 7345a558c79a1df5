"""The studio in JupyterLab, in a browser: everything is moved while the training goes on."""

import re
import time

import lab
import nbformat
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The studio's notebook with one more cell after it, run from top to bottom."""
    chromium = lab.needs_browser()
    folder = tmp_path_factory.mktemp("studio")
    notebook = nbformat.read(lab.ROOT / "notebooks" / "studio.ipynb", 4)
    notebook.cells.append(nbformat.v4.new_code_cell("print('the next cell has run')"))
    nbformat.write(notebook, folder / "studio.ipynb")
    with lab.server(folder) as address, lab.browser(chromium) as running:
        lesson = lab.Lesson(running, address, "studio.ipynb")
        lesson.run_all()
        yield lesson


class Dashboard:
    def __init__(self, lesson):
        self.lesson, self.page, self.expect = lesson, lesson.page, lesson.expect
        self.box = self.page.locator(".jp-OutputArea-output > .widget-vbox")
        self.status = self.box.locator("[role=status], [role=alert]").first

    def number(self, name):
        row = self.box.locator("tr", has=self.page.get_by_text(name, exact=True))
        return float(row.first.locator("td").last.text_content().replace(",", ""))

    def press(self, name):
        self.box.locator("button", has_text=re.compile(rf"^\s*{name}$")).click()

    def open(self, panel):
        header = self.box.locator(".jupyter-widget-Collapse-header", has_text=panel)
        header.click()

    def texts_at(self, temperature):
        """What it writes: greedily, and at half, once and twice a temperature."""
        field = self.page.get_by_label("Temperature value")
        field.fill(str(temperature))
        field.press("Enter")
        self.expect(self.box.get_by_text(f"temperature {2 * temperature:.2g}")).to_be_visible()
        return self.box.locator("pre").all_text_contents()[:4]

    def moves_on(self):
        """Wait until more steps have been taken."""
        before = self.number("step")
        for _ in range(lab.PATIENCE * 20):
            if self.number("step") > before:
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"still at step {before}: {self.status.text_content()}")


@pytest.fixture(scope="module")
def dashboard(opened):
    return Dashboard(opened)


def test_training_moves_while_the_next_cell_runs(dashboard):
    dashboard.expect(dashboard.lesson.code.nth(1)).to_contain_text("the next cell has run")
    dashboard.moves_on()
    dashboard.moves_on()
    dashboard.expect(dashboard.box.locator("img")).to_have_attribute("alt", re.compile("training"))


def test_the_temperature_acts_at_once_while_training_runs(dashboard, record_property):
    handle = dashboard.box.get_by_role("slider").nth(1)
    field, waits = dashboard.page.get_by_label("Temperature value"), []
    before = dashboard.number("step")
    handle.focus()
    for _ in range(5):
        was = field.input_value()
        began = time.perf_counter()
        dashboard.page.keyboard.press("ArrowRight")
        dashboard.expect(field).not_to_have_value(was)
        now = float(field.input_value())
        dashboard.expect(
            dashboard.box.get_by_text(f"temperature {now:.2g}", exact=True)
        ).to_have_count(1)
        waits.append(time.perf_counter() - began)
    record_property("slider to sample, seconds", waits)
    print("slider to sample while training, ms:", [round(1000 * w) for w in waits])
    dashboard.moves_on()
    assert dashboard.number("step") > before


def test_pause_holds_and_train_goes_on(dashboard):
    dashboard.press("Pause")
    dashboard.expect(dashboard.status).to_contain_text("Paused after step")
    held = dashboard.number("step")
    dashboard.page.wait_for_timeout(1500)
    assert dashboard.number("step") == held
    dashboard.press("One step")
    dashboard.expect(dashboard.box.locator("td", has_text=f"{held + 1:,.0f}").first).to_be_visible()
    dashboard.press("Train")
    dashboard.moves_on()


def test_a_new_rate_acts_and_leaves_a_mark(dashboard):
    field = dashboard.page.get_by_label("Learning rate value")
    field.fill("0.001")
    field.press("Enter")
    dashboard.moves_on()
    curve = dashboard.box.locator("img")
    dashboard.expect(curve).to_have_attribute("alt", re.compile("a mark at"))


def test_a_pasted_text_is_learned_saved_and_loaded_after_the_kernel_is_gone(dashboard):
    text = "a rose is a rose is a rose\n" * 60
    dashboard.open("Text")
    dashboard.page.get_by_label("Paste here").fill(text)
    dashboard.expect(dashboard.box).to_contain_text(f"Found {len(text):,} characters")
    dashboard.press("Learn this text")
    dashboard.expect(dashboard.status).to_contain_text("Restarted")
    dashboard.moves_on()
    dashboard.press("Pause")
    dashboard.expect(dashboard.status).to_contain_text("Paused after step")
    dashboard.open("Save and load")
    dashboard.press("Save")
    dashboard.expect(dashboard.status).to_contain_text("Saved step")
    step, wrote = dashboard.number("step"), dashboard.texts_at(1.5)

    page = dashboard.page
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Restart Kernel and Clear")).click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    dashboard.expect(dashboard.lesson.prompt(0)).to_have_text("[ ]:")
    dashboard.lesson.run_all()
    dashboard.open("Text")
    dashboard.page.get_by_label("Paste here").fill(text)
    dashboard.press("Learn this text")
    dashboard.press("Pause")
    dashboard.expect(dashboard.status).to_contain_text("Paused")
    dashboard.open("Save and load")
    dashboard.press("Load")
    dashboard.expect(dashboard.status).to_contain_text(f"at step {step:,.0f}")
    assert dashboard.number("step") == step
    assert dashboard.texts_at(1.5) == wrote  # the same weights write the same, to the letter
    dashboard.press("Train")
    dashboard.moves_on()


def test_nothing_is_cut_off_or_complains(dashboard):
    wide = """all => all.filter(e => e.scrollWidth > e.clientWidth + 1)
        .map(e => `${e.textContent.slice(0, 60)}: ${e.scrollWidth} in ${e.clientWidth}`)"""
    labels = dashboard.box.locator(":is(.widget-label, button):visible")
    assert labels.count() and not labels.evaluate_all(wide)
    assert not dashboard.page.locator(".jp-OutputArea-output").evaluate_all(wide)
    assert not dashboard.lesson.complaints
