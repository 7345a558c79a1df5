"""The lessons as a learner sees them: in JupyterLab, in a browser, by keyboard and mouse.

Nothing here knows what the network writes, only that it changes, or stays, when it should.
"""

import math
import re
import shutil

import lab
import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def open_lesson(tmp_path_factory):
    """A function that opens a lesson out of a copy of solutions/, and runs it if asked."""
    chromium = lab.needs_browser()
    folder = tmp_path_factory.mktemp("course") / "solutions"
    shutil.copytree(lab.ROOT / "solutions", folder)
    with lab.server(folder) as address, lab.browser(chromium) as running:

        def opened(notebook, run_all=True):
            lesson = lab.Lesson(running, address, notebook)
            if run_all:
                lesson.run_all()
            return lesson

        yield opened


@pytest.fixture(scope="module")
def start(open_lesson):
    """Lesson 00 with its first cell of code run, by Shift + Enter as it says, and no other."""
    lesson = open_lesson("00_start_here.ipynb", run_all=False)
    lesson.code.first.locator(".cm-content").click()
    lesson.page.keyboard.press("Shift+Enter")
    return lesson


@pytest.fixture(scope="module")
def hello(open_lesson):
    return open_lesson("01_hello_by_hand.ipynb")


@pytest.fixture(scope="module")
def sampling(open_lesson):
    return open_lesson("04_sampling.ipynb")


class Slider:
    """A slider in a lesson with its number field and its picture, found as a learner finds them."""

    def __init__(self, lesson, number):
        self.page, self.expect = lesson.page, lesson.expect
        self.number = self.page.get_by_label(number)
        self.box = self.page.locator(".jp-OutputArea .widget-vbox", has=self.number)
        self.handle = self.box.get_by_role("slider")
        self.picture = self.box.locator("img")
        self.picture.scroll_into_view_if_needed()

    def press(self, key, times):
        self.handle.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def drag(self, share):
        """Take the handle by the mouse to `share` of the way along the slider."""
        self.handle.scroll_into_view_if_needed()
        handle, track = self.handle.bounding_box(), self.box.locator(".noUi-target").bounding_box()
        y = handle["y"] + handle["height"] / 2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, y)
        self.page.mouse.down()
        self.page.mouse.move(track["x"] + share * track["width"], y, steps=5)
        self.page.mouse.up()

    def type(self, number):
        self.number.fill(str(number))
        self.number.press("Enter")

    def seen(self):
        """The picture: what it says in words, and what it shows."""
        return self.picture.get_attribute("alt"), self.picture.get_attribute("src")

    def changed_from(self, seen):
        """Wait until the picture says and shows something else."""
        self.expect(self.picture).not_to_have_attribute("alt", seen[0])
        self.expect(self.picture).not_to_have_attribute("src", seen[1])


class Temperature(Slider):
    def __init__(self, lesson):
        super().__init__(lesson, "Temperature value")
        self.text = self.box.locator("pre")
        self.start = self.page.get_by_label("Start with")

    def at(self):
        """Wait until slider, number and picture agree; returns the temperature.

        The slider has steps of a fiftieth of a power of ten, so it agrees to half of that.

        While a handle is dragged, several changes are under way. The last is to win everywhere.
        """
        for _ in range(lab.PATIENCE * 20):
            number = float(self.number.input_value())
            handle = float(self.handle.get_attribute("aria-valuetext"))  # the exponent
            alt, _ = self.seen()
            close = abs(handle - math.log10(number)) < 0.0103
            if close and f", temperature {number:g}:" in alt:
                return number
            self.page.wait_for_timeout(50)
        pytest.fail(f"the slider is at {handle}, its number at {number}, the picture says: {alt}")

    def begin_with(self, text):
        self.start.fill(text)
        self.start.press("Enter")


@pytest.mark.parametrize(
    "move, colder",
    [
        (lambda slider: slider.press("ArrowLeft", 12), True),
        (lambda slider: slider.press("ArrowRight", 12), False),
        (lambda slider: slider.drag(0.1), True),
        (lambda slider: slider.drag(0.9), False),
        (lambda slider: slider.type(0.3), True),
        (lambda slider: slider.type(2), False),
    ],
    ids=["left key", "right key", "mouse left", "mouse right", "lower number", "higher number"],
)
def test_temperature_moves_chart_and_text(sampling, move, colder):
    slider = Temperature(sampling)
    slider.type(1)
    assert slider.at() == 1
    picture, text = slider.seen(), slider.text.text_content()
    move(slider)
    slider.changed_from(picture)
    slider.expect(slider.text).not_to_have_text(text)
    assert (slider.at() < 1) == colder
    # Likely characters get likelier in the cold.
    first = r"bar chart, \S+ ([\d.]+)%"
    before, after = (float(re.search(first, alt)[1]) for alt in (picture[0], slider.seen()[0]))
    assert (after > before) == colder
    # What is typed stays as it was typed, whatever the slider's steps.
    slider.type(0.7)
    assert slider.at() == 0.7
    # And back again: the random numbers are the same, so the text is.
    slider.type(1)
    slider.expect(slider.picture).to_have_attribute("src", picture[1])
    slider.expect(slider.text).to_have_text(text)


def test_start_with_decides_what_comes_next(sampling):
    slider = Temperature(sampling)
    slider.type(1)
    slider.begin_with("q")
    slider.expect(slider.picture).to_have_attribute("alt", re.compile('after "q".*chart, u '))
    slider.expect(slider.text).to_have_text(re.compile("^q"))
    assert float(re.search(r"u ([\d.]+)%", slider.seen()[0])[1]) > 50
    slider.begin_with("ma")
    slider.expect(slider.picture).to_have_attribute("alt", re.compile('after "ma"'))


def test_unknown_character_is_said_and_gone_with_the_next_one(sampling):
    slider = Temperature(sampling)
    slider.begin_with("é")
    alert = slider.box.get_by_role("alert")
    slider.expect(alert).to_contain_text("é")
    assert alert.is_visible()
    slider.begin_with("lu")
    slider.expect(alert).to_have_count(0)
    slider.expect(slider.text).to_have_text(re.compile("^lu"))
    slider.expect(slider.picture).to_have_attribute("alt", re.compile('after "lu"'))


def test_other_random_numbers_change_the_text_alone(sampling):
    slider = Temperature(sampling)
    slider.type(1)
    slider.at()
    picture, text = slider.seen(), slider.text.text_content()
    slider.box.get_by_role("button", name="Other random numbers").click()
    slider.expect(slider.text).not_to_have_text(text)
    assert slider.seen() == picture


@pytest.fixture
def film(hello):
    """The slider over training steps in lesson 01, at its first picture."""
    film = Slider(hello, re.compile("^picture 0 to"))
    film.type(0)
    film.expect(film.picture).to_have_attribute("alt", re.compile("^After 0 steps"))
    return film


def test_frames_move_by_number_key_and_mouse_alike(film):
    first = film.seen()
    film.type(3)
    film.changed_from(first)
    third = film.seen()
    assert int(re.match(r"After (\d+) steps", third[0])[1]) > 0
    last = int(film.number.get_attribute("max"))
    for move in (lambda: film.press("ArrowRight", 3), lambda: film.drag(3 / last)):
        film.type(0)
        film.expect(film.picture).to_have_attribute("src", first[1])
        move()
        film.expect(film.number).to_have_value("3")
        film.expect(film.handle).to_have_attribute("aria-valuetext", "3")
        film.expect(film.picture).to_have_attribute("src", third[1])
        assert film.seen() == third


def test_frames_play_and_stop(film):
    play = film.box.get_by_role("button", name="Play")
    film.type(0)
    play.click()
    for _ in range(2):
        film.changed_from(film.seen())
    assert int(film.number.input_value()) >= 2
    play.click()
    for _ in range(3):  # a picture may be on its way
        stopped = film.seen()
        film.page.wait_for_timeout(1500)  # two and a half pictures, if it went on
        if film.seen() == stopped:
            break
    else:
        pytest.fail("it goes on")
    assert int(film.number.input_value()) < int(film.number.get_attribute("max"))


def test_first_cell_of_the_course(start):
    slider = Temperature(start)
    start.expect(slider.picture).to_be_visible()
    start.expect(slider.text).to_be_visible()
    start.expect(start.prompt(0)).to_have_text("[1]:")
    assert start.prompt(1).text_content() == "[ ]:"  # this much and no more was needed
    assert not start.page.locator(lab.ERROR).count()


@pytest.mark.parametrize("lesson", ["start", "hello", "sampling"])
def test_nothing_is_cut_off_or_broken(lesson, request):
    lesson = request.getfixturevalue(lesson)
    page = lesson.page
    images = page.locator(".jp-OutputArea img")
    images.first.wait_for()
    assert not lesson.complaints
    known = images.evaluate_all("all => all.map(i => [i.alt.trim(), i.naturalWidth])")
    assert all(alt and width > 0 for alt, width in known), known
    wide = """all => all.filter(e => e.scrollWidth > e.clientWidth + 1)
        .map(e => `${e.textContent.slice(0, 60)}: ${e.scrollWidth} in ${e.clientWidth}`)"""
    labels = page.locator(".jp-OutputArea :is(.widget-label, button):visible")
    assert labels.count() and not labels.evaluate_all(wide)
    assert not page.locator(".jp-OutputArea-output").evaluate_all(wide)
