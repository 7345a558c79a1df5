from pathlib import Path

import matplotlib
import pytest
from matplotlib import font_manager

from minichar import draw, fonts

SEA, OTHER, CHINESE = "\u1d81", "\u1d84", "你"  # STIX has the first two, DejaVu Sans none


@pytest.fixture(autouse=True)
def own(monkeypatch):
    """The fonts that come with matplotlib, whatever else this computer has."""
    listed = font_manager.fontManager.ttflist
    ours = [e for e in listed if Path(matplotlib.get_data_path()) in Path(e.fname).parents]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    forget = fonts.having.cache_clear
    forget()
    yield ours
    forget()


def test_a_font_is_found_where_one_has_what_is_wanted(own):
    assert fonts.lacking(font_manager.findfont(fonts.USUAL), set("aé" + SEA + CHINESE)) == {
        SEA,
        CHINESE,
    }
    assert fonts.having("") == fonts.having(CHINESE) == []
    assert fonts.having(SEA + OTHER + CHINESE) == ["STIXGeneral"]


def test_a_font_that_cannot_be_read_or_has_only_boxes_is_passed_over(own, tmp_path):
    (broken := tmp_path / "broken.ttf").write_bytes(b"no font")
    stix = next(entry.fname for entry in own if entry.name == "STIXGeneral")
    own[:0] = [
        font_manager.FontEntry(fname=str(broken), name="Broken"),
        font_manager.FontEntry(fname=stix, name="Last Resort"),
    ]
    assert fonts.having(SEA) == ["STIXGeneral"]


@pytest.mark.filterwarnings("error")
def test_a_character_is_drawn_and_nothing_is_said_where_none_has_it(monkeypatch):
    letters = [draw.bars([0.5, 0.5], "a" + c).html for c in (SEA, OTHER, CHINESE)]
    monkeypatch.setattr(fonts, "having", lambda characters: [])
    boxes = [draw.bars([0.5, 0.5], "a" + c).html for c in (SEA, OTHER, CHINESE)]
    pictures = [html.split("alt=")[0] for html in (*letters, *boxes)]
    assert len(set(pictures[:4])) == 4 and pictures[1] != pictures[4] and pictures[2] == pictures[5]
