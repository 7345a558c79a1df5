"""The studio's curve: the numbers are where they belong."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minichar import draw
from minichar.chart import BOTTOM, LEFT, RIGHT, TOP, WIDE, line_chart, ticks

LINES = {"training": ([1, 2, 3], [4.0, 3.0, 2.0]), "<b>": ([1, 3], [4.0, 3.5])}


def parsed(picture):
    return ElementTree.fromstring(picture.html)


def lines(picture):
    """The points of each line (n, 2), across and down."""
    found = [p.get("points").split() for p in parsed(picture).iter("polyline")]
    return [np.array([[float(v) for v in point.split(",")] for point in one]) for one in found]


def test_points_stand_in_proportion_within_the_field():
    first, second, level = lines(line_chart(LINES, "step", "bits", {"counting": 3.0}))
    assert np.diff(first[:, 0]) == pytest.approx([first[1, 0] - first[0, 0]] * 2, abs=0.11)
    assert np.diff(first[:, 1]) == pytest.approx([first[1, 1] - first[0, 1]] * 2, abs=0.11)
    assert first[0, 1] < first[-1, 1] and second[0] == pytest.approx(
        first[0]
    )  # less is further down
    assert level[:, 1] == pytest.approx([first[1, 1]] * 2) and level[0, 0] == LEFT
    for line in (first, second, level):
        assert (line >= [LEFT, TOP]).all() and (line <= [RIGHT, BOTTOM]).all()


def test_axes_and_lines_have_names_and_lines_have_looks_of_their_own():
    many = {"long": (range(30), range(30))}
    picture = parsed(line_chart(LINES | many, "step", "bits", {"counting": 3.0}))
    words = {word.text for word in picture.iter("text")}
    assert words >= {"step", "bits", "training", "<b>", "long", "counting"}
    looks = [(p.get("stroke"), p.get("stroke-dasharray")) for p in picture.iter("polyline")]
    assert len(set(looks)) == 4 and looks[0][1] is None and looks[3] == ("currentColor", "7 4")
    dots = [p for p in picture.iter("path") if p.get("stroke-linecap") == "round"]
    assert [p.get("stroke") for p in dots] == [colour for colour, _ in looks[:2]]  # of few points
    assert [p.get("d").count("M") for p in dots] == [3, 2]


@pytest.mark.parametrize("last", [1500, 1_000_000])
def test_the_last_number_of_an_axis_is_not_cut_off(last):
    words = parsed(line_chart({"a": ([0, last], [1, 2])}, "step", "bits")).iter("text")
    (place,) = [float(word.get("x")) for word in words if word.text == f"{last:,g}"]
    assert place + 4.5 * len(f"{last:,g}") < WIDE


def test_marks_stand_at_their_step_and_all_is_said():
    picture = line_chart(LINES, "step", "bits", {"counting": 3.0}, marks=[2])
    (mark,) = [p for p in parsed(picture).iter("path") if p.get("stroke") == draw.ORANGE]
    assert float(re.match(r"M([\d.]+)", mark.get("d"))[1]) == lines(picture)[0][1, 0]
    words = parsed(picture).get("aria-label")
    assert words == draw.in_words(LINES, "step", "bits", {"counting": 3.0}, [2])
    assert "a mark at 2" in words and "a level line at 3, counting" in words


def test_a_mark_before_the_first_step_stands_within_the_axes():
    picture = line_chart({"a": ([1, 2, 3], [3.0, 2.0, 1.0])}, "step", "bits", marks=[0])
    (mark,) = [p for p in parsed(picture).iter("path") if p.get("stroke") == draw.ORANGE]
    assert LEFT <= float(re.match(r"M(-?[\d.]+)", mark.get("d"))[1]) <= RIGHT


@pytest.mark.parametrize("y", [[2.0, 2.0], [0.0, 0.0], [1e-9, 1e9], [5e8, 5e8]])
def test_any_numbers_make_a_chart(y):
    (line,) = lines(line_chart({"a": ([7, 8], y)}, "x", "y"))
    assert np.isfinite(line).all() and (line[:, 1] <= BOTTOM).all() and (line[:, 1] >= TOP).all()
    (point,) = lines(line_chart({"a": ([7], y[:1])}, "x", "y"))
    assert np.isfinite(point).all()


@pytest.mark.parametrize("ends", [(0, 1), (2.83, 4.31), (-3, 1e6), (0.9, 1.1), (997, 1003)])
def test_ticks_are_round_few_and_within(ends):
    found = ticks(*ends)
    assert 2 <= len(found) <= 6
    assert found[0] >= ends[0] - 1e-6 and found[-1] <= ends[1] + 1e-6
    step = found[1] - found[0]
    digits = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert np.isclose(digits, [1, 2, 5, 10], rtol=1e-6).any()
    assert np.allclose(found / step, np.round(found / step), atol=1e-6)
    assert "-0" not in [f"{tick:,g}" for tick in found]
