import asyncio
import html
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import parts
from test_coloured import contrast

import minichar as mc
from minichar import draw, pickers
from minichar.widgets import Frames, Temperature

MODEL = mc.NGram("hello yellow mellow fellow, said he\n" * 3, order=3)


class Counted(Temperature):
    """Counts how often it would draw, and draws nothing."""

    drawn = 0

    def redraw(self):
        self.drawn += 1


@pytest.fixture
def slider():
    return Temperature(MODEL, prime="he")


def shown(widget):
    return widget.chart.value, widget.text.value


def as_text(widget):
    return html.unescape(widget.value)


temperatures = st.floats(0.1, 10)


@given(temperatures, temperatures, st.booleans())
def test_slider_and_number_go_together_and_draw_once(first, second, by_slider):
    widget = Counted(MODEL)
    for value in (first, second):
        widget.drawn = 0
        half = 0.51 * widget.slider.step  # in the exponent: as near as the slider comes to a number
        moved = widget.slider if by_slider else widget.number
        stayed = moved.value == value
        if by_slider:  # less than half a step is the slider's own rounding
            stayed |= abs(np.log10(value / widget.number.value)) <= half
        moved.value = value
        assert abs(np.log10(widget.slider.value / widget.number.value)) <= half
        if not by_slider:
            assert widget.number.value == value  # what was typed stays
        elif not stayed:
            assert widget.number.value == float(f"{value:.3g}")
        assert widget.drawn == (0 if stayed else 1)


@pytest.mark.parametrize("typed, taken", [(0.0, 0.1), (-5, 0.1), (11, 10), (1e9, 10)])
def test_a_number_out_of_bounds_is_brought_back(slider, typed, taken):
    slider.number.value = typed
    assert (slider.number.value, slider.slider.value) == (taken, pytest.approx(taken))
    assert f"temperature {taken:g}" in slider.chart.value


@pytest.mark.parametrize("control", ["slider", "number"])
def test_the_same_temperature_gives_the_same_picture_and_text(slider, control):
    before = shown(slider)
    getattr(slider, control).value = 5
    chart, text = shown(slider)
    assert chart != before[0] and text != before[1]
    assert "temperature 5" in chart
    getattr(slider, control).value = 1
    assert shown(slider) == before == shown(Temperature(MODEL, prime="he"))


def test_the_chart_is_of_the_probabilities_at_that_temperature(slider):
    slider.number.value = 0.5
    z, _ = mc.sampling.read(MODEL, "he")
    p = mc.sampling.distribution(z, 0.5)
    best = MODEL.vocab.characters[p.argmax()]
    assert f'after "he", temperature 0.5: bar chart, {best} {p.max():.1%}' in as_text(slider.chart)


def test_the_text_is_the_models_own(slider):
    slider.number.value = 2
    text = mc.sample(MODEL, "he", length=160, temperature=2, seed=0)
    assert as_text(slider.text).endswith(text + "</pre>")
    assert ">he</span>" in slider.text.value


def test_other_random_numbers_change_the_text_alone(slider):
    slider.number.value = 3
    texts, charts = set(), set()
    for _ in range(4):
        texts.add(slider.text.value)
        charts.add(slider.chart.value)
        slider.again.click()
    assert len(texts) == 4 and len(charts) == 1


def test_start_with_changes_chart_and_text(slider):
    before = shown(slider)
    slider.prime.value = "sai"
    chart, text = shown(slider)
    assert chart != before[0] and text != before[1]
    assert 'after "sai"' in as_text(slider.chart) and "chart, d " in chart
    slider.prime.value = ""
    assert "at the start of a line" in slider.chart.value


def test_a_button_adds_a_likely_character(slider):
    z, _ = mc.sampling.read(MODEL, "he")
    best = [MODEL.vocab.characters[i] for i in np.argsort(-z, kind="stable")]
    named = [button.description for button in slider.choices]
    assert named == [draw.visible(c) for c in best[:5]] and len(set(named)) == 5
    slider.number.value = 9  # the likeliest stay so at each temperature
    assert [button.description for button in slider.choices] == named
    assert slider.choices[0].tooltip == "add l to “Start with”"
    slider.choices[0].click()
    assert slider.prime.value == "hel"
    assert 'after "hel"' in as_text(slider.chart)


def test_writing_with_the_first_button_is_writing_at_temperature_0():
    widget = Temperature(MODEL, prime="said")
    for _ in range(12):
        widget.choices[0].click()
    written = "said" + mc.sample(MODEL, "said", length=12, temperature=0)
    assert "\n" in written  # which a field of one line has as a backslash and an n
    assert widget.prime.value == written.replace("\n", r"\n")
    assert len(Temperature(mc.NGram("abab", order=1)).choices) == 2


def test_a_long_start_is_shown_by_its_end(slider):
    slider.prime.value = "hello yellow mellow"
    assert 'after "…ellow␣mellow"' in as_text(slider.chart)


def test_a_line_end_can_be_typed(slider):
    slider.prime.value = r"he\n"
    assert 'after "he⏎"' in as_text(slider.chart)
    typed = slider.text.value
    slider.prime.value = "he"
    assert typed != slider.text.value
    assert typed == Temperature(MODEL, prime="he\n").text.value


@pytest.mark.parametrize("unknown", ["é", "<b>", '"', "e\u0301"])
def test_an_unknown_character_is_said_and_not_raised(slider, unknown):
    before = shown(slider)
    slider.prime.value = "he" + unknown
    assert slider.text.value.startswith('<p role="alert">')
    assert slider.text.value.count("<") == 2  # where the paragraph begins and where it ends
    said = as_text(slider.text)
    assert repr(mc.text.clean(unknown)[0]) in said and "It knows: ⏎ ␣ , a d e f" in said
    slider.number.value = 2  # nothing breaks while it stands there
    slider.prime.value = "he"
    slider.number.value = 1
    assert shown(slider) == before


def test_an_unknown_character_from_the_beginning_is_said_too():
    assert 'role="alert"' in Temperature(MODEL, prime="é").text.value


@pytest.mark.parametrize("temperature", [0.1, 10])
def test_the_ends_of_the_slider(slider, temperature):
    slider.slider.value = temperature
    assert f"temperature {temperature:g}:" in slider.chart.value
    assert len(as_text(slider.text)) > 160


def test_what_a_model_of_halves_of_characters_writes_can_be_sent():
    model = mc.CharModel(mc.Vocabulary("ab\n\ud83d\ude00"), hidden=5)  # as in JavaScript
    widget = Temperature(model)
    assert "\ufffd" in widget.text.value or "😀" in widget.text.value
    for said in (*vars(widget.still()).values(), widget.text.value):
        assert said.encode()
    for button in widget.choices:
        button.click()
    assert widget.prime.value.encode() and "never seen" in widget.text.value


def test_still_has_every_temperature_and_moves_nothing(slider):
    before = shown(slider)
    still = slider.still((0.2, 1, 7.5))
    for temperature in (0.2, 1, 7.5):
        assert f"temperature {temperature:g}:" in still.description
        text = mc.sample(MODEL, "he", length=160, temperature=temperature, seed=0)
        assert "he" + text in still.description
    assert still.html.count("<img") == still.html.count("<pre") == 3
    assert before[0] in still.html and before[1] in still.html and shown(slider) == before


def test_works_with_a_network_as_well():
    rng = np.random.default_rng(0)
    W = mc.rnn100.init(3, 4, rng)
    vocab = mc.Vocabulary("\nab")
    network = mc.sampling.Predictor(
        vocab, lambda i, h=None: mc.rnn100.step(W, i, np.zeros(4) if h is None else h)
    )
    widget = Temperature(network, length=7, seed=3)
    text = mc.sample(network, length=7, seed=3)
    assert as_text(widget.text).endswith(f"</span>{text}</pre>")


@pytest.fixture
def film():
    pictures = [draw.Picture(f"<p>{k}</p>", f"picture {k}") for k in range(5)]
    return Frames(pictures, name="Training", start=1)


@pytest.mark.parametrize("control", ["slider", "number"])
def test_frames_go_together(film, control):
    assert film.picture.value == "<p>1</p>"
    for k in (3, 0, 4):
        getattr(film, control).value = k
        assert film.slider.value == film.number.value == k
        assert film.picture.value == f"<p>{k}</p>"


@pytest.mark.parametrize("typed, taken", [(-1, 0), (99, 4)])
def test_a_frame_out_of_bounds_is_brought_back(film, typed, taken):
    film.number.value = typed
    assert film.slider.value == taken and film.picture.value == f"<p>{taken}</p>"


def test_frames_play_to_the_end_and_then_from_the_beginning(film):
    film.play.value = True
    asyncio.run(film.run(seconds=0))
    assert film.picture.value == "<p>4</p>" and not film.play.value
    shown = []
    film.slider.observe(lambda change: shown.append(change.new), "value")
    film.play.value = True
    asyncio.run(film.run(seconds=0))
    assert shown == [0, 1, 2, 3, 4]


def test_a_film_stops_where_the_button_comes_up(film):
    film.slider.observe(lambda change: film.play.set_trait("value", change.new < 3), "value")
    film.play.value = True
    asyncio.run(film.run(seconds=0))
    assert film.picture.value == "<p>3</p>"


def test_one_press_plays_one_film_in_the_loop_of_the_notebook():
    async def pressed():
        film = Frames([draw.Picture(str(k), "") for k in range(3)])
        film.play.value = True
        first = film.film
        film.play.value = False
        film.play.value = True  # up and down again before the film has noticed
        assert film.film is first
        await asyncio.wrap_future(first)
        assert film.slider.value == 2

    asyncio.run(pressed())


def test_a_film_and_a_hand_move_the_slider_at_the_same_time(film):
    def moved(change):
        film.number.unobserve(moved, "value")
        hand = threading.Thread(target=setattr, args=(film.slider, "value", 3))
        hand.start()
        hand.join()

    film.number.observe(moved, "value")
    film.play.value = True
    asyncio.run(film.run(seconds=0))
    assert film.slider.value == film.number.value == 4 and film.picture.value == "<p>4</p>"
    film.number.observe(moved, "value")
    film.slider.value = 1
    assert film.slider.value == film.number.value == 3 and film.picture.value == "<p>3</p>"


def test_a_film_that_was_stopped_before_it_could_begin_stays_at_its_end(film):
    film.slider.value = 4
    asyncio.run(film.run(seconds=0))
    assert film.picture.value == "<p>4</p>"


def test_frames_still(film):
    assert film.still().description == "picture 0\npicture 4"
    some = film.still((2, 0, 2))
    assert some.html == "<p>2</p><p>0</p><p>2</p>"
    assert some.description == "picture 2\npicture 0\npicture 2"
    assert film.picture.value == "<p>1</p>"


@pytest.mark.parametrize(
    "widget",
    [
        lambda: Temperature(MODEL),
        lambda: Frames([draw.Picture("", "")]),
        lambda: pickers.CellPicker(
            "a", {(0, "h"): np.zeros((1, 2))}, {"vowel": [((0, "h", 1), 0.9)]}
        ),
        lambda: pickers.GuessWalk("ab", [[("b", 0.5)]] * 2, [1.0]),
        lambda: pickers.SaliencyWalk("ab", {"one": np.ones((1, 2))}),
    ],
)
def test_every_field_has_a_name_that_is_not_cut_off(widget):
    fields = [part for part in parts(widget()) if getattr(part, "description", "")]
    assert len(fields) >= 2
    for field in fields:
        style = getattr(field.style, "description_width", "initial")
        assert style == "initial", field.description


@pytest.mark.parametrize("page", ["#FFFFFF", "#111111"], ids=["light", "dark"])
def test_the_handle_of_a_slider_is_seen(slider, page):
    """A control stands out from its page: WCAG 2.2, 1.4.11."""
    film, number = Frames([draw.table([["a"]], ["b"])]), pickers.Number("Cell", 3)
    for owner in (slider, film, number):
        assert contrast(owner.slider.style.handle_color, page) >= 3
