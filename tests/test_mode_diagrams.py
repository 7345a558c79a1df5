import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch
from pictures import pixels_of

from minichar import mode_diagrams, pixels, widgets


def drawn(monkeypatch, now):
    """Every box of the drawing at a step: its label, its edge's width and whether it is filled."""
    patches, labels = [], []
    add, text = Axes.add_patch, Axes.text
    monkeypatch.setattr(Axes, "add_patch", lambda self, p: patches.append(p) or add(self, p))
    monkeypatch.setattr(
        Axes, "text", lambda self, *at, **how: labels.append(at[2]) or text(self, *at, **how)
    )
    mode_diagrams.boxes(now)
    boxes = [p for p in patches if isinstance(p, FancyBboxPatch)]
    names = [label for label in labels if label[:1] in "xhy" and label[1:].isdigit()]
    white = to_rgb("white")
    return [
        (name, p.get_linewidth(), p.get_facecolor()[:3] != white)
        for name, p in zip(names, boxes, strict=True)
    ]


def test_every_way_reads_and_writes_where_the_article_has_it(monkeypatch):
    names = [name for name, _, _ in drawn(monkeypatch, 0)]
    counts = {kind: sum(name[0] == kind for name in names) for kind in "xhy"}
    assert counts == {"x": 1 + 1 + 3 + 3 + 3, "h": 1 + 3 + 3 + 5 + 3, "y": 1 + 3 + 1 + 3 + 3}


@pytest.mark.parametrize("now", range(6))
def test_boxes_light_up_with_the_step(monkeypatch, now):
    for name, width, filled in drawn(monkeypatch, now):
        assert filled == (int(name[1:]) <= now)
        assert (width > 2) == (int(name[1:]) == now)


def test_more_ink_of_every_kind_as_the_data_flows():
    first, last = mode_diagrams.boxes(0), mode_diagrams.boxes(5)
    for _, fill in mode_diagrams.LOOKS.values():
        assert pixels_of(first, fill) == 0 and pixels_of(last, fill) > 500


def test_the_description_says_what_happens_in_each_of_the_five():
    said = mode_diagrams.boxes(3).description
    for part in (
        "step 3 of 5",
        "One to one: done.",
        "One to many: goes on from h2 to h3 and writes y3.",
        "Many to one: reads x3, goes on from h2 to h3 and writes y3.",
        "then write: reads x3, goes on from h2 to h3 and writes y3.",
        "in step: reads x3, goes on from h2 to h3 and writes y3",
    ):
        assert part in said
    assert "then write: goes on from h4 to h5 and writes y5." in mode_diagrams.boxes(5).description
    assert mode_diagrams.boxes(0).description.count("nothing yet") == 5


@pytest.mark.parametrize("now", [-1, 6])
def test_there_are_no_other_steps(now):
    with pytest.raises(ValueError, match="0 to 5"):
        mode_diagrams.boxes(now)


def test_the_film_has_every_step_and_a_still_form():
    pictures = mode_diagrams.five_boxes()
    film = widgets.Frames(pictures, name="Step")
    assert film.slider.max == 5 == len(pictures) - 1
    still = film.still([1, 4])
    assert still.html.count("<img") == 2
    assert "step 1 of 5" in still.description and "step 4 of 5" in still.description


def test_paths_count_the_jumps_and_name_the_ends():
    orders = {"rows": pixels.rows(4), "<curve>": pixels.hilbert(4)}
    picture = mode_diagrams.paths(np.eye(4), orders)
    said = picture.description
    assert "rows: from row 0, column 0 to row 3, column 3, with 3 jumps" in said
    assert "<curve>: from row 0, column 0 to row 3, column 0, with 0 jumps" in said
    assert "4 by 4" in said and "<curve>" not in picture.html
    assert pixels_of(picture, to_rgb(mode_diagrams.BLUE)) > 500
