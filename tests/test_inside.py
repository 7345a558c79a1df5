"""The charts of a look inside: what stands where, and what is said of it in words."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from pictures import NASTY, Page, image, pixels_of

from minichar import draw, inside

GATES = {
    (0, "o"): (np.array([0.95, 0.0, 0.02]), np.array([0.0, 0.99, 0.03])),
    (1, "o"): (np.array([0.5, 0.2]), np.array([0.5, 0.2])),
    (0, "f"): (np.array([0.0, 0.0, 0.0]), np.array([0.92, 1.0, 0.91])),
    (1, "f"): (np.array([0.3, 0.1]), np.array([0.1, 0.3])),
}
SCORES = {
    "trained": ([0.5, 0.95, 0.4], [0.5, 0.9, 0.6]),
    "untrained": ([0.6, 0.5, 0.4], [0.45, 0.5, 0.6]),
}
LINES = {
    "LSTM": ([0, 1, 8, 64], [3, 2, 1, 0.5], [0.1, 0.1, 0.2, 0.4]),
    "3-gram": ([0, 1, 8], [3, 2.5, 2], [0.1, 0.1, 0.1]),
}


@pytest.fixture
def points(monkeypatch):
    """What is drawn as points, panel by panel: (title of the panel, x, y, marker, colour)."""
    drawn, scatter = [], Axes.scatter

    def record(self, x, y, *args, **look):
        where = self.get_title(), np.atleast_1d(x).tolist(), np.atleast_1d(y).tolist()
        drawn.append((*where, look.get("marker", "o"), look["color"]))
        return scatter(self, x, y, *args, **look)

    monkeypatch.setattr(Axes, "scatter", record)
    return drawn


def test_saturation_has_a_panel_for_each_gate_and_a_look_for_each_layer(points):
    picture = inside.saturation(GATES)
    assert [p[0] for p in points] == ["gate o", "gate o", "gate f", "gate f"]
    for (_, x, y, *_), (shut, wide) in zip(points, GATES.values(), strict=True):
        assert (x, y) == (wide.tolist(), shut.tolist())
    looks = {(marker, colour) for *_, marker, colour in points}
    assert len(looks) == len({m for m, _ in looks}) == len({c for _, c in looks}) == 2
    assert picture.description.split("; ")[0].endswith(
        "2 scatter charts. o in layer 0: of 3 cells 1 nearly always shut, 1 nearly always open, "
        "1 hardly ever either"
    )
    assert "f in layer 0: of 3 cells 0 nearly always shut, 3 nearly always open" in repr(picture)
    assert pixels_of(picture, draw.BLUE) > 20 and pixels_of(picture, draw.RED) > 20


@pytest.mark.parametrize("shut, wide", [([-0.1], [0]), ([0], [1.2]), ([0.7], [0.6])])
def test_what_are_no_shares_of_time_is_refused(shut, wide):
    with pytest.raises(ValueError, match="layer 1, gate o"):
        inside.saturation(GATES | {(1, "o"): (np.array(shut), np.array(wide))})


def test_confirmed_singles_out_the_best_on_the_first_text(points):
    picture = inside.confirmed(SCORES, "Quotes")
    best = [p for p in points if p[4] == draw.RED]
    assert [p[:3] for p in best] == [("trained", [0.95], [0.9]), ("untrained", [0.6], [0.45])]
    assert points[0][:3] == ("trained", *SCORES["trained"])
    assert repr(picture) == (
        "Quotes: 2 scatter charts. trained: 3 cells, the best on A 0.95, on B 0.90; "
        "untrained: 3 cells, the best on A 0.60, on B 0.45"
    )


def test_the_best_may_lie_below_0(points):
    inside.confirmed({"r": ([0.3, -0.8], [0.2, -0.7])})
    assert [p[1:3] for p in points if p[4] == draw.RED] == [([-0.8], [-0.7])]


def test_by_distance_draws_each_value_with_its_doubt_and_has_room_for_0(monkeypatch):
    bands, plot = [], Axes.fill_between
    limits = []

    def record(self, x, low, high, **look):
        bands.append((x.tolist(), low.tolist(), high.tolist()))
        limits.append(self)
        return plot(self, x, low, high, **look)

    monkeypatch.setattr(Axes, "fill_between", record)
    picture = inside.by_distance(LINES, "Brackets")
    assert bands[0][0] == [0, 1, 8, 64] and bands[0][1][3] == pytest.approx(0.1)
    assert bands[0][2][3] == pytest.approx(0.9)
    assert -1 < limits[0].get_xlim()[0] < 0
    curves = {line.get_label(): line.get_xydata().T.tolist() for line in limits[0].get_lines()}
    assert [curves[name] for name in LINES] == [list(parts[:2]) for parts in LINES.values()]
    assert repr(picture) == (
        "Brackets: line chart of bits against distance in characters. LSTM from 3 ± 0.1 at 0 to "
        "0.5 ± 0.4 at 64; 3-gram from 3 ± 0.1 at 0 to 2 ± 0.1 at 8"
    )
    bare = inside.by_distance({"a": ([2, 4], [1, 1], [0, 0])})
    assert "a from 1 at 2 to 1 at 4" in repr(bare)  # no doubt is given, so none is denied
    assert 1 < limits[-1].get_xlim()[0] < 2
    with pytest.raises(ValueError, match="a: a distance of -1"):
        inside.by_distance({"a": ([-1, 4], [1, 1], [0, 0])})


def test_shares_follow_one_another_and_fill_the_bar(monkeypatch):
    drawn, barh = [], Axes.barh

    def record(self, row, width, left, **look):
        drawn.append((left, left + width, look["color"], look["hatch"]))
        return barh(self, row, width, left=left, **look)

    monkeypatch.setattr(Axes, "barh", record)
    picture = inside.shares({"known": 600, "new": 1400}, "Errors", "bits")
    assert [(a, pytest.approx(b)) for a, b, *_ in drawn] == [(0, 0.3), (0.3, 1)]
    assert len({colour for _, _, colour, _ in drawn}) == len({h for *_, h in drawn}) == 2
    assert repr(picture) == (
        "Errors: one bar of 2,000 bits. known 30.0% (600 bits); new 70.0% (1,400 bits)"
    )
    for nothing in ({"a": 0}, {}, {"a": 2, "b": -1}):
        with pytest.raises(ValueError, match="together above 0"):
            inside.shares(nothing)


@pytest.mark.parametrize(
    "picture",
    [
        inside.saturation({(0, NASTY + "$"): ([0.1], [0.2])}, NASTY),
        inside.confirmed({NASTY + "$x$": ([0.1], [0.2])}, NASTY),
        inside.by_distance({NASTY + "$": ([1], [1], [1])}, NASTY, "$", "$"),
        inside.shares({NASTY + "$": 1}, NASTY, "$"),
    ],
    ids=["saturation", "confirmed", "by_distance", "shares"],
)
def test_every_chart_has_its_description_and_reads_no_formula(picture):
    [attributes] = Page(picture.html).all("img")
    assert attributes["alt"] == repr(picture) and NASTY in repr(picture)
    assert np.ptp(image(picture)) > 0.5
