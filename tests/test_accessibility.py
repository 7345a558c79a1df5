"""Widgets, pictures and the studio in JupyterLab, held against the rules of axe-core.

Only what the package shows is judged, not JupyterLab around it.
"""

import re

import lab
import pytest
from axe import findings

pytestmark = pytest.mark.browser

CODE = """
import numpy as np
import minichar as mc
from minichar import coloured, diagrams, draw, graph_diagram, mode_diagrams, pickers, widgets
from minichar import sampling
text = "def f(a):\\n    return 'b'\\n" * 4
rng = np.random.default_rng(0)
signed, wave = rng.uniform(-1, 1, len(text)), rng.exponential(2, len(text))
top = [[(c, 0.7), ("e", 0.2)] for c in text]
widgets.Temperature(sampling.shipped("names"), prime="ma")
---
widgets.Frames(mode_diagrams.five_boxes(), name="Step")
---
values = {(k, kind): rng.uniform(0, 1, (len(text), 3 + k)) for k in (0, 1) for kind in "hf"}
pickers.CellPicker(text, values, {"quotes": [((1, "f", 3), 0.9), ((0, "h", 2), 0.5)]})
---
pickers.GuessWalk(text, top, wave[1:], width=30)
---
coloured.text(text, signed, title="A cell")
---
coloured.strips(text, np.array([signed, -signed]), ["one", "two"], title="Two cells")
---
coloured.worse(text, wave, wave[::-1], title="Without it")
---
pickers.SaliencyWalk(text, {"A network": np.abs(rng.normal(size=(len(text) - 1, len(text))))})
---
coloured.connectivity(text, 40, signed[:40], title="What acts on it")
---
draw.written("ma", "ry\\njohn\\n" * 20)
---
draw.table([["one", 0.5], ["two", 1.5]], ["name", "loss"], title="A table")
---
draw.curves({"a": (range(30), wave[:30])}, "Curve", "step", "loss", {"level": 1.0})
---
mc.Studio()
"""
OUTPUT = ".jp-OutputArea-output"


@pytest.fixture(scope="module")
def opened():
    """A notebook with every widget, one of each kind of picture, and the studio; all run."""
    with lab.shown(CODE) as lesson:
        yield lesson


@pytest.mark.parametrize("theme", lab.THEMES)
def test_nothing_shown_has_a_serious_or_critical_fault(opened, theme):
    opened.wear(theme)
    faults = {}
    for k in range(opened.code.count()):
        cell = opened.code.nth(k)
        cell.scroll_into_view_if_needed()
        cell.locator(OUTPUT).first.wait_for()
        cell.evaluate("(element, name) => element.id = name", f"judged-{k}")
        if found := findings(opened.page, f"#judged-{k} {OUTPUT}"):
            faults[CODE.split("---")[k].strip().splitlines()[-1]] = found
    assert not faults, "\n".join(f"{cell}\n  " + "\n  ".join(f) for cell, f in faults.items())


def test_beside_every_slider_stands_a_field_with_a_name(opened):
    sliders = opened.page.locator(f"{OUTPUT} .widget-hbox:has(> .widget-hslider)")
    assert sliders.count() == 7  # one in each of five widgets, two in the studio
    for k in range(sliders.count()):
        field = sliders.nth(k).get_by_role("spinbutton", name=re.compile(r"\w"))
        opened.expect(field).to_have_count(1)


def test_a_fault_would_be_found(opened):
    bad = '<div id="bad"><img src="data:,"></div>'
    opened.page.evaluate("bad => document.body.insertAdjacentHTML('beforeend', bad)", bad)
    assert any("image-alt" in finding for finding in findings(opened.page, "#bad"))
