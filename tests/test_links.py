"""Links of the site that lead nowhere are found, and no others."""

import json

import pytest

from minichar.course.site import links

FRONT = '<a href="read/01_a.html">read</a> <a href="lab/index.html?path=01_a.ipynb">run</a>'
DOT = '<img src="a%20dot.png">'
LESSON = '<h2 id="one-ö">1</h2><a href="#one-%C3%B6">up</a> <a href="../index.html">front</a>'
REFERENCE = '<a href="../read/">read</a> <img src="data:,"> <a href="//example.org/x">x</a>'


@pytest.fixture
def site(tmp_path):
    """A small site in which every link leads somewhere: its folder."""
    notebook = {"cells": [{"cell_type": "markdown", "source": ["[file](package/a.py), "]}]}
    notebook["cells"][0]["source"].append("[page](https://example.org), [up](#one)")
    notebook["cells"][0]["source"].append('<a href="package/b.py">another</a>')
    notebook["cells"].append({"cell_type": "code", "source": ["[max](numbers)"]})
    for name, text in {
        "index.html": FRONT + DOT,
        "read/index.html": "",
        "read/01_a.html": LESSON,
        "reference/minichar/draw.html": REFERENCE.replace("../", "../../"),
        "lab/index.html": '<a href="not-ours">x</a>',
        "files/01_a.ipynb": json.dumps(notebook),
        "files/package/a.py": "",
        "files/package/b.py": "",
        "a dot.png": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_none_is_dead(site):
    assert links.dead(site) == []


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ("read/01_a.html", ["index.html: read/01_a.html"]),
        ("read/index.html", ["reference/minichar/draw.html: ../../read/"]),
        ("files/package/a.py", ["files/01_a.ipynb: package/a.py"]),
        ("files/package/b.py", ["files/01_a.ipynb: package/b.py"]),
        ("a dot.png", ["index.html: a%20dot.png"]),
        ("files/01_a.ipynb", ["index.html: lab/index.html?path=01_a.ipynb"]),
    ],
)
def test_a_link_to_a_file_that_is_missing(site, missing, found):
    (site / missing).unlink()
    assert links.dead(site) == found


def test_a_link_to_a_place_that_is_not_in_the_page(site):
    page = site / "read" / "01_a.html"
    page.write_text(LESSON.replace('id="one', 'id="two'), encoding="utf-8")
    assert links.dead(site) == ["read/01_a.html: #one-%C3%B6"]
