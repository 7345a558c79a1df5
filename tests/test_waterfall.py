"""The chart of gains: where its bars begin and end, and what it says in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from pictures import NASTY, Page, pixels_of

from minichar.waterfall import LESS, MORE, waterfall

TIMES = {"plain": 100, "a": 60, "b": 75, "c": 20}


@pytest.fixture
def bars(monkeypatch):
    drawn, barh = [], Axes.barh

    def record(self, row, width, left, **look):
        drawn.append((row, left, left + width, look["color"], look["hatch"]))
        return barh(self, row, width, left=left, **look)

    monkeypatch.setattr(Axes, "barh", record)
    return drawn


def test_each_bar_spans_the_change(bars):
    waterfall(TIMES)
    spans = [(row, start, end) for row, start, end, *_ in bars]
    assert spans == [(0, 0, 100), (1, 60, 100), (2, 60, 75), (3, 20, 75), (4, 0, 20)]
    assert [hatch for *_, hatch in bars] == [None, None, "///", None, None]
    assert {colour for *_, colour, _ in bars[1:4:2]} == {LESS} and bars[2][3] == MORE


def test_a_loss_is_seen_and_a_gain_alone_is_not():
    gains = {"plain": 10, "a": 5}
    assert pixels_of(waterfall(TIMES), to_rgb(MORE)) > 100
    assert (
        pixels_of(waterfall(gains), to_rgb(MORE)) == 0 < pixels_of(waterfall(gains), to_rgb(LESS))
    )


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=8))
def test_it_is_described_in_words(values):
    names = [f"change {k}" for k in range(len(values))]
    said = repr(waterfall(dict(zip(names, values, strict=True)), title="A step", unit="ms"))
    head, *parts = said.removeprefix("A step: waterfall chart. ").split("; ")
    assert head == f"change 0 {values[0]:.3g} ms" and len(parts) == len(values) - 1
    for part, name, before, now in zip(parts, names[1:], values, values[1:], strict=False):
        assert part == f"{name} {now:.3g} ms ({now - before:+.3g})"


def test_names_are_shown_as_they_are():
    picture = waterfall({NASTY + "$x$": 2, "$": 1}, title=NASTY, unit="$")
    [attributes] = Page(picture.html).all("img")
    assert attributes["alt"] == repr(picture) and NASTY + "$x$" in repr(picture)


@pytest.mark.parametrize("times", [{}, {"plain": 1.0}])
def test_nothing_changed_is_refused(times):
    with pytest.raises(ValueError, match="at least one change"):
        waterfall(times)
