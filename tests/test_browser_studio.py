"""The studio in JupyterLab, in a browser: everything is moved while the training goes on."""

import random
import re
import time
from contextlib import suppress

import lab
import nbformat
import pytest

pytestmark = pytest.mark.browser


NEXT = """\
import asyncio
print('the next cell has run')
(studio,) = __import__("minichar").studio._studios
while not studio.live.history:
    await asyncio.sleep(0.001)
print(f"the first step was taken after {time.perf_counter() - began:.2f} s")
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The studio's notebook with one more cell after it, run from top to bottom."""
    chromium = lab.needs_browser()
    folder = tmp_path_factory.mktemp("studio")
    notebook = nbformat.read(lab.ROOT / "notebooks" / "studio.ipynb", 4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.source = "import time; began = time.perf_counter()\n" + cell.source
    notebook.cells.append(nbformat.v4.new_code_cell(NEXT))
    nbformat.write(notebook, folder / "studio.ipynb")
    with lab.server(folder) as address, lab.browser(chromium) as running:
        lesson = lab.Lesson(running, address, "studio.ipynb")
        lesson.page.set_viewport_size({"width": 1280, "height": 720})
        lesson.began = time.perf_counter()
        lesson.run_all()
        yield lesson


class Dashboard:
    def __init__(self, lesson):
        self.lesson, self.page, self.expect = lesson, lesson.page, lesson.expect
        self.box = self.page.locator(".jp-OutputArea-output > .widget-vbox")
        self.status = self.box.locator("[role=status], [role=alert]").first

    def number(self, name):
        row = self.box.locator("tr", has=self.page.get_by_text(name, exact=True))
        shown = row.first.locator("td").last.text_content()
        return float(shown.replace(",", "").replace("–", "nan"))  # a dash: not yet

    def press(self, name):
        self.box.locator("button", has_text=re.compile(rf"^\s*{name}$")).click()

    def stands(self):
        """Wait until it stands still and the table, which may be late, says where; that step."""
        self.expect(self.status).to_contain_text("Paused after step")
        step = float(re.search(r"step ([\d,]+)", self.status.text_content())[1].replace(",", ""))
        self.until(lambda: self.number("step") == step)
        return step

    def open(self, panel, key=None):
        """Open a panel by mouse, or by a key pressed on the one before."""
        tab = self.box.get_by_role("tab", name=panel, exact=True)
        if key is None:
            tab.click()
        else:
            self.page.keyboard.press(key)
            self.expect(tab).to_be_focused()
            self.page.keyboard.press("Enter")
        self.expect(tab).to_have_attribute("aria-selected", "true")
        field = {"Text": "Paste here", "Model": "Neurons, by layer"}.get(panel, "File")
        self.expect(self.page.get_by_label(field, exact=True)).to_be_visible()

    def fill(self, field, value):
        field = self.page.get_by_label(field, exact=True)
        field.fill(str(value))
        field.press("Enter")

    def until(self, holds):
        """Wait until it holds; seconds since the notebook was run."""
        for _ in range(lab.PATIENCE * 50):
            if holds():
                return time.perf_counter() - self.lesson.began
            self.page.wait_for_timeout(20)
        pytest.fail(f"not after {lab.PATIENCE} s: {self.status.text_content()}")

    def slide(self, times):
        """Move the temperature by arrow key; seconds until the samples are there, each time."""
        handle, field = self.box.get_by_role("slider").nth(1), "Temperature value"
        field, waits = self.page.get_by_label(field), []
        handle.focus()
        for _ in range(times):
            was = field.input_value()
            began = time.perf_counter()
            self.page.keyboard.press("ArrowRight")
            self.expect(field).not_to_have_value(was)
            now = float(field.input_value())
            self.expect(self.box.get_by_text(f"temperature {now:.3g}", exact=True)).to_have_count(1)
            waits.append(time.perf_counter() - began)
        return waits

    def learn(self, name, found):
        """Choose a text and learn it."""
        self.page.get_by_label("Text", exact=True).select_option(name)
        self.press("Learn this text")
        self.expect(self.box.get_by_text(found)).to_be_visible()

    def paused(self):
        if self.box.locator("button", has_text=re.compile(r"^\s*Pause$")).count():
            self.press("Pause")
            self.stands()
        self.expect(self.box.locator("button", has_text=re.compile(r"^\s*Train$"))).to_have_count(1)

    def texts_at(self, temperature):
        """What it writes: greedily, and at half, once and twice a temperature."""
        field = self.page.get_by_label("Temperature value")
        field.fill(str(temperature))
        field.press("Enter")
        self.expect(self.box.get_by_text(f"temperature {2 * temperature:.3g}")).to_be_visible()
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


def test_it_starts_at_once_and_soon_writes_something_to_read(dashboard, record_property):
    dashboard.until(lambda: dashboard.number("step") > 30)
    words = dashboard.until(lambda: dashboard.number("bits per character") < 3.4)
    said = dashboard.lesson.code.nth(1).locator(".jp-OutputArea").text_content()
    step = float(re.search("after (.*) s", said)[1])
    record_property("first step, text to read, seconds", (step, words))
    print(f"first step {step} s after the cell began, 3.4 bits a character after {words:.1f} s")
    assert 0 < step < words < lab.PATIENCE  # generous; the numbers are printed


def test_training_moves_while_the_next_cell_runs(dashboard):
    dashboard.expect(dashboard.lesson.code.nth(1)).to_contain_text("the next cell has run")
    dashboard.moves_on()
    dashboard.moves_on()
    curve = dashboard.box.get_by_role("img")
    dashboard.expect(curve).to_have_attribute("aria-label", re.compile("training"))


def test_the_temperature_acts_at_once_while_training_runs(dashboard, record_property):
    before = dashboard.number("step")
    waits = dashboard.slide(5)
    record_property("slider to sample, seconds", waits)
    print("slider to sample while training, ms:", [round(1000 * w) for w in waits])
    dashboard.moves_on()
    assert dashboard.number("step") > before


def test_pause_holds_and_train_goes_on(dashboard):
    dashboard.press("Pause")
    held = dashboard.stands()
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
    curve = dashboard.box.get_by_role("img")
    dashboard.expect(curve).to_have_attribute("aria-label", re.compile("a mark at"))


def test_a_large_model_writes_as_quickly(dashboard, record_property):
    dashboard.open("Model")
    dashboard.fill("Neurons, by layer", "256,256")
    dashboard.press("Build this model")
    dashboard.expect(dashboard.status).to_contain_text("Restarted")
    if not dashboard.box.locator("button", has_text=re.compile(r"^\s*Pause$")).count():
        dashboard.press("Train")
    dashboard.moves_on()
    waits = dashboard.slide(5)
    record_property("2 x 256, slider to sample, seconds", waits)
    print("slider to sample while 2 x 256 train, ms:", [round(1000 * w) for w in waits])
    dashboard.fill("Neurons, by layer", "64")
    dashboard.press("Build this model")
    dashboard.moves_on()


def test_it_writes_slowly_while_it_trains_and_while_it_does_not(dashboard):
    slowly = dashboard.box.get_by_role("group", name="written slowly")
    letters, page = slowly.locator("[title$='%']"), dashboard.page
    dashboard.fill("Characters", 60)
    for pause in (False, True):
        if pause:
            dashboard.paused()
            slowly.evaluate("e => e.dataset.old = true")
        dashboard.press("Write slowly")
        dashboard.expect(slowly.and_(page.locator("div:not([data-old])"))).to_be_visible()
        dashboard.expect(letters.nth(9)).to_be_visible()
        if not pause:
            dashboard.moves_on()  # writing does not hold it up
        dashboard.press("Stop writing")
        dashboard.expect(dashboard.box.get_by_role("button", name="Write slowly")).to_be_visible()
        for _ in range(3):  # a letter may be on its way
            count = letters.count()
            dashboard.page.wait_for_timeout(500)
            if letters.count() == count:
                break
        assert 9 < letters.count() == count < 60
    dashboard.press("Write slowly")
    dashboard.expect(letters).to_have_count(60)
    dashboard.expect(dashboard.box.get_by_role("button", name="Write slowly")).to_be_visible()
    dashboard.fill("Characters", 120)


def test_it_works_by_keyboard_and_everything_has_a_name(dashboard):
    page = dashboard.page
    dashboard.paused()
    dashboard.box.get_by_role("button", name="One step").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    dashboard.moves_on()
    page.keyboard.press("Space")
    step = dashboard.stands()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dashboard.until(lambda: dashboard.number("step") == step + 1)
    dashboard.open("Text")
    cells = page.locator(".jp-Cell").count()
    dashboard.box.locator("div[tabindex='0']", has=page.locator("table")).focus()  # what it wrote
    for panel, key in (("Text", "Tab"), ("Model", "ArrowRight"), ("Save and load", "ArrowRight")):
        dashboard.open(panel, key)
        nameless = dashboard.box.locator(":is(button, input, select, textarea):visible")
        nameless = nameless.evaluate_all("""all => all.filter(e => ![...(e.labels || [])]
            .some(l => l.textContent.trim()) && !e.textContent.trim() && !e.ariaLabel && !e.title)
            .map(e => e.outerHTML)""")
        assert not nameless
    assert not dashboard.box.locator("img:not([alt]), svg:not([aria-label])").count()
    assert page.locator(".jp-Cell").count() == cells  # no key was one of the notebook's
    dashboard.press("Train")


def test_the_keyboard_is_seen_on_a_slider_and_stops_once_at_each_text(dashboard):
    page, rate = dashboard.page, dashboard.page.get_by_label("Learning rate value")
    dashboard.moves_on()  # whatever was pressed last has been done
    dashboard.paused()
    slider = dashboard.box.get_by_role("slider").first
    slider.focus()
    was = rate.input_value()
    for _ in range(5):  # once, in a whole run of the tests, a key was not answered
        page.keyboard.press("ArrowLeft")
        assert slider.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        with suppress(AssertionError):
            dashboard.expect(rate).not_to_have_value(was, timeout=10_000)
            break
    dashboard.expect(rate).not_to_have_value(was)
    assert len(rate.input_value()) > 5 and rate.evaluate("e => e.scrollWidth <= e.clientWidth")
    dashboard.box.get_by_role("button", name="Write slowly").focus()
    inside = "document.activeElement.querySelector('[role=group]').ariaLabel"
    names = []
    for _ in range(4):  # what it wrote at four temperatures
        page.keyboard.press("Tab")
        names.append(page.evaluate(inside))
    assert names[0].startswith("greedy") and all("temperature" in name for name in names[1:])
    dashboard.press("Train")


def test_a_text_that_was_scrolled_to_stays_while_others_come(dashboard):
    dashboard.fill("Characters", 1000)
    text = dashboard.box.locator("pre[role=group]").nth(3)
    dashboard.until(lambda: len(text.text_content()) > 900)
    box, before = text.locator("xpath=../.."), text.text_content()
    box.evaluate("e => { e.scrollTop = 50; e.focus() }")
    dashboard.until(lambda: text.text_content() != before)
    assert box.evaluate("e => [e.scrollTop, e === document.activeElement]") == [50, True]
    dashboard.fill("Characters", 120)


def test_a_text_is_uploaded_and_learned_one_line_at_a_time(dashboard):
    dashboard.open("Text")
    text = "one fish\r\ntwo fish\nred fish\nblue fish\n" * 40

    def upload(name, content):
        with dashboard.page.expect_file_chooser() as chooser:
            dashboard.box.locator("button", has_text="Upload a text file").click()
        chooser.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})

    upload("a.bin", bytes([0xFF, 0x00, 0xD8]))
    dashboard.expect(dashboard.box).to_contain_text("That file is not plain text in UTF-8")
    upload("a.txt", text.encode())
    dashboard.expect(dashboard.box).to_contain_text("Line ends are mixed (40 of Windows, 120 of")
    dashboard.page.get_by_label("One line at a time").check()
    dashboard.press("Learn this text")
    dashboard.expect(dashboard.status).to_contain_text("Restarted")
    dashboard.until(lambda: dashboard.number("bits per character") < 1.5)
    dashboard.press("A piece of the text")
    dashboard.expect(dashboard.page.get_by_label("Start with")).to_have_value(re.compile("fish$"))
    dashboard.fill("Start with", "")


def test_with_weights_of_ours_the_perplexity_plummets(dashboard):
    dashboard.open("Text")
    dashboard.page.get_by_label("One line at a time").uncheck()
    dashboard.learn("names", "27 different ones")
    dashboard.paused()
    dashboard.press("Restart")
    dashboard.press("One step")
    dashboard.until(lambda: dashboard.number("step") == 1)
    before = dashboard.number("perplexity")
    dashboard.open("Save and load")
    dashboard.page.get_by_label("Trained by us").select_option("names")
    dashboard.press("Load it")
    dashboard.expect(dashboard.status).to_contain_text("Loaded names.npz")
    dashboard.press("One step")
    dashboard.until(lambda: dashboard.number("step") == 1)
    assert dashboard.number("perplexity") < before / 2
    dashboard.press("Train")


def test_a_pasted_text_is_learned_saved_and_loaded_after_the_kernel_is_gone(dashboard):
    text = "a rose is a rose is a rose\n" * 60
    dashboard.open("Text")
    dashboard.page.get_by_label("Paste here").fill(text)
    dashboard.expect(dashboard.box).to_contain_text(f"Found {len(text):,} characters")
    dashboard.press("Learn this text")
    dashboard.expect(dashboard.status).to_contain_text("Restarted")
    dashboard.moves_on()
    dashboard.until(lambda: dashboard.number("step") > 200)  # so something was kept
    dashboard.press("Pause")
    dashboard.expect(dashboard.status).to_contain_text("Paused after step")
    dashboard.open("Save and load")
    dashboard.press("Save")
    dashboard.expect(dashboard.status).to_contain_text("Saved step")
    kept = dashboard.box.get_by_role("button", name=re.compile("Load run"))
    rows = kept.all_text_contents()
    assert rows
    step, wrote = dashboard.number("step"), dashboard.texts_at(1.5)

    page = dashboard.page
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Restart Kernel and Clear")).click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    dashboard.expect(dashboard.lesson.prompt(0)).to_have_text("[ ]:")
    dashboard.lesson.run_all()
    dashboard.open("Text")
    dashboard.page.get_by_label("Paste here").fill(text)
    dashboard.expect(dashboard.box).to_contain_text(f"Found {len(text):,} characters")
    dashboard.press("Learn this text")
    dashboard.press("Pause")
    dashboard.expect(dashboard.status).to_contain_text("Paused")
    dashboard.open("Save and load")
    dashboard.press("Load")
    dashboard.expect(dashboard.status).to_contain_text(f"at step {step:,.0f}")
    dashboard.until(lambda: dashboard.number("step") == step)
    assert dashboard.texts_at(1.5) == wrote  # the same weights write the same, to the letter
    assert set(rows) <= set(kept.all_text_contents())  # the folder outlives the kernel
    chosen = kept.and_(dashboard.page.locator("button:enabled")).last
    step = float(re.search("step (.*)", chosen.text_content())[1].replace(",", ""))
    chosen.click()
    dashboard.expect(dashboard.status).to_contain_text(f"at step {step:,.0f}")
    dashboard.until(lambda: dashboard.number("step") == step)
    dashboard.press("Train")
    dashboard.moves_on()


def test_random_clicks_and_keys_leave_nothing_dead(dashboard):
    from playwright.sync_api import Error

    rng, page, box = random.Random(0), dashboard.page, dashboard.box
    until = time.perf_counter() + 10
    while time.perf_counter() < until:
        kind = rng.choice(("button", "input", "slider", "select", "textarea", "header"))
        find = {
            "button": "button:visible:enabled:not(.jupyter-widgets-upload, .widget-upload)",
            "input": "input:visible:not([type=file])",
            "slider": "[role=slider]:visible",
            "header": "[role=tab]",
        }
        found = box.locator(find.get(kind, f"{kind}:visible"))
        if not (count := found.count()):
            continue
        one = found.nth(rng.randrange(count))
        try:
            if kind == "slider":
                one.focus(timeout=2000)
                page.keyboard.press(rng.choice(("ArrowLeft", "ArrowRight", "PageUp", "End")))
            elif kind == "select":
                one.select_option(index=rng.randrange(2), timeout=2000)
            elif kind in ("input", "textarea") and one.get_attribute("type") != "checkbox":
                one.fill(rng.choice(("", "3", "0.01", "1e9", "-1")), timeout=2000)
                page.keyboard.press(rng.choice(("Enter", "Tab")))
            else:
                one.click(timeout=2000)
        except Error as error:  # it went away meanwhile, or takes no letters
            assert (
                "Timeout" in str(error) or "Cannot type" in str(error) or "detached" in str(error)
            )
    assert not dashboard.lesson.complaints
    dashboard.fill("Learning rate value", "0.002")  # at the highest, it would diverge and pause
    dashboard.open("Model")
    dashboard.fill("Neurons, by layer", "16")
    for field, value in (
        ("Batch (texts side by side)", 8),
        ("Length (characters a step)", 16),
    ):
        dashboard.fill(field, value)
    # Said once all that was clicked before is done: a button's name may be late until then.
    dashboard.expect(dashboard.box.get_by_text("batch=8, length=16")).to_be_visible()
    dashboard.open("Text")
    dashboard.learn("names", "27 different ones")
    dashboard.open("Model")
    dashboard.press("Build this model")
    dashboard.paused()
    dashboard.press("Train")
    dashboard.moves_on()


def test_nothing_is_cut_off_or_complains(dashboard):
    wide = """all => all.filter(e => e.scrollWidth > e.clientWidth + 1)
        .map(e => `${e.textContent.slice(0, 60)}: ${e.scrollWidth} in ${e.clientWidth}`)"""
    dashboard.open("Save and load")
    labels = dashboard.box.locator(":is(.widget-label, button):visible")
    assert labels.count() and not labels.evaluate_all(wide)
    assert not dashboard.page.locator(".jp-OutputArea-output").evaluate_all(wide)
    dashboard.page.set_viewport_size({"width": 900, "height": 720})
    wrote = dashboard.box.locator(".widget-html-content > div > span:last-child:visible").last
    assert wrote.evaluate("e => e.clientWidth") > 200
    dashboard.page.set_viewport_size({"width": 600, "height": 720})
    titles = dashboard.box.locator("[role=tab] > *:visible")
    assert titles.count() >= 3 and not titles.evaluate_all(wide)
    end = "e => e.getBoundingClientRect().right"
    curve = dashboard.box.get_by_role("img")
    dashboard.until(curve.count)  # or it fails with what the status line says
    right = dashboard.box.evaluate(end)
    assert curve.evaluate(end) <= right
    for panel in ("Text", "Model", "Save and load"):
        dashboard.open(panel)
        fields = dashboard.box.locator(":is(input, select, textarea, button):visible")
        ends = fields.evaluate_all(f"all => all.map({end})")
        assert len(ends) > 10 and max(ends) <= right
        buttons = dashboard.box.locator("button:visible")
        assert not buttons.evaluate_all(wide)
    assert not dashboard.lesson.complaints
