"""The pickers, as far as they can be worked without a browser: what is chosen is what is shown."""

import html
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import NASTY, Page

import minichar as mc
from minichar import causes, coloured, guessing, look
from minichar.pickers import CellPicker, GuessWalk, SaliencyWalk

TEXT = f"some text,\n{NASTY} and more"
rng = np.random.default_rng(0)
VALUES = {
    (layer, kind): rng.uniform(0 if kind == "f" else -1, 1, (len(TEXT), H))
    for layer, H in ((0, 5), (1, 3))
    for kind in ("hcf" if layer == 0 else "hc")
}
VALUES[0, "f"] = rng.uniform(0, 1, (len(TEXT), 7))
RANKS = {
    "inside quotes": [((1, "c", 2), 0.97), ((0, "h", 4), 0.9), ((0, "o", 1), 0.8)],
    "after newline": [((0, "f", 3), 0.6)],
    "not recorded": [((0, "o", 1), 0.9)],
}
CELLS = [(layer, kind, j) for (layer, kind), v in VALUES.items() for j in range(v.shape[1])]


class Counted(CellPicker):
    """Counts how often it draws."""

    drawn = 0

    def redraw(self):
        self.drawn += 1
        super().redraw()


@pytest.fixture
def picker():
    return Counted(TEXT, VALUES, RANKS)


def shown(picker):
    """The cell that the picture says it shows, and the shade of each span."""
    page = Page(picker.picture.value)
    layer, kind, index = re.search(r"Layer (\d), (?:tanh )?(\w) of cell (\d)", page.text).groups()
    return (int(layer), kind, int(index)), picker.picture.value


def expected(cell):
    layer, kind, index = cell
    values = VALUES[layer, kind][:, index]
    title = f"Layer {layer}, {'tanh ' * (kind == 'c')}{kind} of cell {index}"
    values = np.tanh(values) if kind == "c" else values
    return coloured.text(TEXT, values, title, 0 if kind == "f" else -1, 1)


def test_begins_with_the_first_cell(picker):
    assert picker.cell == (0, "h", 0) and picker.drawn == 1
    assert shown(picker) == ((0, "h", 0), expected((0, "h", 0)).html)
    assert picker.best.disabled and picker.best.value is None


@pytest.mark.parametrize("cell", CELLS)
def test_any_cell_can_be_chosen_by_its_fields(picker, cell):
    picker.layer.value, picker.kind.value, picker.index.slider.value = cell
    assert picker.cell == cell and shown(picker) == (cell, expected(cell).html)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4))
def test_any_cell_can_be_gone_to_and_is_drawn_once(cells):
    picker = Counted(TEXT, VALUES, RANKS)
    for cell in cells:
        picker.drawn = 0
        picker.cell = cell
        assert picker.drawn == 1 and picker.cell == cell == shown(picker)[0]
        assert picker.index.slider.value == picker.index.field.value == cell[2]


def test_one_step_of_a_field_draws_once(picker):
    for change in (
        lambda: setattr(picker.index.slider, "value", 4),
        lambda: setattr(picker.index.field, "value", 3),
        lambda: setattr(picker.layer, "value", 1),
        lambda: setattr(picker.kind, "value", "c"),
        lambda: setattr(picker.feature, "value", "inside quotes"),
        lambda: setattr(picker.best, "value", (0, "h", 4)),
    ):
        picker.drawn = 0
        change()
        assert picker.drawn == 1 and shown(picker)[0] == picker.cell


def test_another_layer_keeps_what_it_can_of_the_choice(picker):
    picker.cell = (0, "c", 4)
    picker.layer.value = 1
    assert picker.cell == (1, "c", 2)  # of three cells the last
    picker.cell = (0, "f", 1)
    picker.layer.value = 1
    assert picker.cell == (1, "h", 1)  # f was not recorded there


@pytest.mark.parametrize("typed, taken", [(-1, 0), (99, 4)])
def test_a_number_out_of_bounds_is_brought_back(picker, typed, taken):
    picker.index.field.value = typed
    assert picker.cell == (0, "h", taken) and picker.index.slider.value == taken


def test_a_feature_brings_its_best_cells(picker):
    picker.feature.value = "inside quotes"
    labels = [label for label, _ in picker.best.options]
    assert labels == ["layer 1, c 2: 0.970", "layer 0, h 4: 0.900"]  # o was not recorded
    assert picker.cell == (1, "c", 2) and not picker.best.disabled
    picker.best.value = (0, "h", 4)
    assert picker.cell == picker.best.value == (0, "h", 4)
    picker.index.field.value = 1  # away by hand, and back again
    assert picker.best.value is None
    picker.best.value = (0, "h", 4)
    assert picker.cell == (0, "h", 4)
    picker.feature.value = "after newline"
    assert picker.cell == (0, "f", 3)
    picker.feature.value = "not recorded"
    assert picker.cell == (0, "f", 3) and picker.best.disabled


def test_still_shows_the_cells_asked_for_and_moves_nothing(picker):
    picker.cell = (1, "h", 1)
    assert picker.still().html == picker.picture.value
    two = picker.still([(0, "f", 0), (1, "c", 2)])
    parts = [expected((0, "f", 0)), expected((1, "c", 2))]
    assert two.html == "".join(p.html for p in parts)
    assert repr(two) == "\n".join(map(repr, parts)) and picker.cell == (1, "h", 1)


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: CellPicker(TEXT, {}), "no recording"),
        (lambda: CellPicker(TEXT, {(0, "h"): np.zeros((3, 2))}), "layer 0, h: .* a row for each"),
        (lambda: CellPicker(TEXT, {(0, "h"): np.zeros(len(TEXT))}), "a row for each"),
        (lambda: setattr(CellPicker(TEXT, VALUES), "cell", (1, "f", 0)), "no recording of f"),
        (lambda: setattr(CellPicker(TEXT, VALUES), "cell", (1, "h", 3)), "cells 0 to 2"),
        (lambda: GuessWalk("abc", [[]] * 3, [1]), "and 1 bits"),
        (lambda: GuessWalk("abc", [[]] * 2, [1, 1]), "2 guesses"),
        (
            lambda: SaliencyWalk("abc", {"it": np.ones((3, 3))}),
            r"it: an array \(3, 3\), and \(2, 3",
        ),
        (lambda: SaliencyWalk("abc", {}), "no prediction"),
        (lambda: SaliencyWalk("a", {"it": np.ones((0, 1))}), "no prediction"),
    ],
)
def test_what_does_not_fit_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("ranks", [None, RANKS])
def test_without_ranks_there_is_no_ranking(ranks):
    picker = CellPicker(TEXT, VALUES, ranks)
    rows = [getattr(child, "children", ()) for child in picker.children]
    assert ((picker.feature, picker.best) in rows) == bool(ranks)


def walk(text="hello yellow fellow", width=5):
    top = [[(c, 0.5), ("e", 0.1)] for c in text]
    return GuessWalk(text, top, np.arange(len(text) - 1.0), width), top


def test_the_walk_shows_the_part_from_the_number_on():
    widget, top = walk()
    assert widget.start.slider.max == widget.start.field.max == 17
    for start in (0, 7, 16, 17):
        widget.start.slider.value = start
        assert widget.start.field.value == start
        page = Page(widget.picture.value)
        end = min(19, start + 5)
        assert f"Characters {start} to {end - 1} of 19" in page.text
        now = page.text.split("full at 8 bits.")[1].split("In words")[1]
        bits = sum(range(start, end - 1))
        assert f"{bits:.1f} bits for {end - start - 1} characters" in now
    assert repr(widget.still([0, 3])).count("Characters ") == 2
    assert widget.still([17]).html == widget.picture.value


@pytest.mark.parametrize("text", ["", "a", "ab"])
def test_a_walk_over_next_to_nothing(text):
    widget = GuessWalk(text, [[("x", 1.0)]] * len(text), [0.5] * max(0, len(text) - 1))
    assert "bits for" in widget.still().description


def test_works_with_what_the_network_gives():
    model = mc.CharModel(mc.Vocabulary.of(TEXT), cell="gru", hidden=(4, 2))
    picker = CellPicker(TEXT, look.record(model, TEXT, kinds=None))
    picker.cell = (1, "u", 1)
    assert "from 0 to 1" in html.unescape(picker.picture.value)
    g = guessing.guesses(model, TEXT)
    assert len(GuessWalk(TEXT, [g.after(t) for t in range(len(TEXT))], g.bits).still().html) > 1000


def saliency_walk():
    model = mc.CharModel(mc.Vocabulary.of("hello you"), hidden=4)
    one = causes.saliency(model, "hello you")
    return SaliencyWalk("hello you", {"one": one, "another": np.ones_like(one)}), one


def test_the_walk_over_predictions_shows_each_network_for_the_one_chosen():
    widget, one = saliency_walk()
    assert (widget.target.field.min, widget.target.field.max) == (1, 8)
    for target in (1, 4, 8):
        widget.target.slider.value = target
        above = coloured.connectivity("hello you", target, one[target - 1], "one").html
        below = coloured.connectivity("hello you", target, np.ones(target), "another").html
        assert widget.picture.value == above + below == widget.still().html
    assert widget.still([1, 4]).html.endswith(widget.still([4]).html)
