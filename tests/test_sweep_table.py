"""The table of a sweep: what it shows of the runs that came, while they come and at the end."""

import re

import numpy as np
import pytest
from pictures import NASTY, Page

from minichar.cluster import Run, grid
from minichar.palette import ONE_WAY
from minichar.sweep_table import SweepTable, shown, standard_error

SETTINGS = grid(hidden=[(8,), (8, 8)], dropout=[0.0, 0.5], seed=range(3))


def run(settings, bits):
    return Run(settings, bits=bits, weights=10, seconds=0.1)


def bits_of(settings):
    """Differs in each setting; the fewest at hidden 8 + 8, dropout 0."""
    return 3 - 0.5 * len(settings["hidden"]) + settings["dropout"] + 0.01 * settings["seed"]


@pytest.fixture
def table():
    return SweepTable(SETTINGS, "hidden", "dropout", "Two settings")


def cells(picture):
    return re.findall(r"<td[^>]*>(.*?)</td>", picture.html)


def test_a_heading_says_how_many_layers():
    assert [shown(v) for v in ((8,), [8, 4], 8, 0.5, "gru")] == ["8", "8 + 4", "8", "0.5", "gru"]


@pytest.mark.filterwarnings("error")
def test_standard_error_by_hand():
    assert standard_error([1.0, 3.0]) == pytest.approx(1.0)  # deviation √2, over √2
    assert np.isnan(standard_error([1.0])) and np.isnan(standard_error([]))


def test_it_fills_as_runs_come(table):
    assert cells(table.still()) == ["·"] * 4 and table.bar.value == 0 and table.bar.max == 12
    assert table.count.value == "0 of 12" and table.picture.value == table.still().html
    seen = []

    def coming():
        for settings in SETTINGS:
            yield run(settings, bits_of(settings))
            seen.append((table.bar.value, table.count.value, table.picture.value))

    assert len(table.fill(coming())) == 12
    assert [value for value, _, _ in seen] == list(range(1, 13))
    assert seen[0][1] == "1 of 12" and len({picture for _, _, picture in seen}) == 12
    assert table.picture.value == table.still().html


def test_a_cell_is_the_mean_of_its_runs_with_the_standard_error(table):
    table.fill(run(s, bits_of(s)) for s in reversed(SETTINGS))
    error = 0.01 / np.sqrt(3)
    assert cells(table.still()) == [
        f"{2.51:.3f} ± {error:.3f}",
        f"{3.01:.3f} ± {error:.3f}",
        f"{2.01:.3f} ± {error:.3f} ★",
        f"{2.51:.3f} ± {error:.3f}",
    ]
    assert table.bits("8 + 8", "0.0") == pytest.approx([2.02, 2.01, 2.0])
    assert "hidden 8 + 8, dropout 0.0: 2.010 ± 0.006 ★" in table.still().description


def test_one_run_has_no_error_bar_and_a_failed_one_no_bits(table):
    table.fill([run(SETTINGS[0], 2.5), Run(SETTINGS[3], error="ValueError: no")])
    assert cells(table.still()) == ["2.500 ★", "·", "·", "·"]
    assert table.count.value == "2 of 12, 1 failed"


def test_the_fewest_bits_are_the_darkest_and_can_be_read(table):
    table.fill(run(s, bits_of(s)) for s in SETTINGS)
    styles = [dict(attributes)["style"] for attributes in Page(table.still().html).all("td")]
    found = [re.findall(r"(?:background|[ ;]color): #(\w{6})", style) for style in styles]
    light = [[sum(bytes.fromhex(colour)) for colour in pair] for pair in found]
    paper = [one for one, _ in light]
    assert min(paper) == paper[2] and max(paper) == paper[1] and paper[0] == paper[3]
    assert [f"#{found[place][0]}" for place in (1, 2)] == [ONE_WAY[0][0], ONE_WAY[-1][0]]
    assert all(abs(one - other) > 200 for one, other in light)


def test_names_from_outside_stay_names():
    table = SweepTable([{"a": NASTY, "b": NASTY}], "a", "b", NASTY)
    table.fill([run({"a": NASTY, "b": NASTY}, 1.0)])
    page = Page(table.still().html)
    assert {tag for tag, _ in page.elements} == {"table", "caption", "tr", "th", "td", "b"}
    assert page.text.count(NASTY) == 3


def test_settings_that_lack_a_name_are_refused():
    with pytest.raises(KeyError, match="width"):
        SweepTable(SETTINGS, "width", "dropout")
