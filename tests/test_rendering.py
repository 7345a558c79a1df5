"""The lessons as pages: what a reader sees, that it leads somewhere, and that it loads nothing."""

import base64
import re
import shutil
import sys
from pathlib import Path

import lab
import mini_course
import nbformat
import pytest
from axe import findings
from matplotlib import font_manager
from pictures import Page

import minichar
from minichar.course import markup, rendering
from minichar.course.files import CourseError, lessons, write
from minichar.course.lessons import written

pytest.importorskip("latex2mathml", reason="formulas need the extra site: pip install '.[site]'")
REAL = ("00_start_here", "05_vanishing_and_exploding")
POWER = "<msup><mo stretchy='false'>)</mo><mn>3</mn></msup>"
VOID = {"audio", "embed", "iframe", "img", "link", "object", "script", "source", "video"}
SAID = r"""## More

So $x_t < 1$ and

$$\sum_k e^{z_k}$$

[next](91_mini.ipynb), [elsewhere](07_other.ipynb), [outside](https://example.org/)"""
MORE = """\
import sys, ipywidgets
from minichar import draw, widgets
print("this machine's own " + "business", file=sys.stderr)
widgets.Frames([draw.Picture(f"<p>picture {k}</p>", f"{k}") for k in range(3)])
---
ipywidgets.IntSlider(description="moves")
---
draw.table([[1.5] * 20], [f"column{k}" for k in range(20)], "A table")
"""


def cells():
    """What the mini lesson does not have: text with formulas and links, widgets, a table."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    return [text(SAID, id="more"), *(code(c.strip()) for c in MORE.split("---"))]


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    """The pages of a course of two lessons: a folder."""
    folder = mini_course.make(tmp_path_factory.mktemp("mini"), ("90_mini", "91_mini"))
    path = folder / "solutions" / "90_mini.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells += cells()
    write(path, written(notebook))
    told = []
    with mini_course.known():
        files = rendering.render(folder / "solutions", folder / "read", told.append)
    assert [line[:9] for line in told] == ["lesson 90", "lesson 91"]
    assert [f.name for f in files] == ["index.html", "90_mini.html", "91_mini.html"]
    return folder / "read"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The pages of two lessons of the course, as they are: a folder."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "solutions").mkdir()
    for name in REAL:
        shutil.copy(lab.ROOT / "solutions" / f"{name}.ipynb", folder / "solutions")
    rendering.render(folder / "solutions", folder / "read")
    return folder / "read"


def html_of(folder, name):
    return (folder / f"{name}.html").read_text(encoding="utf-8")


def test_a_page_has_the_holes_and_no_answer(mini):
    text = Page(html_of(mini, "90_mini")).text
    assert "...  # your code here (about 2 lines)" in text
    assert "What is `max` for?" in text or "What is max for?" in text  # a hint, folded
    for answer in ("one at the end", "p[target] -= 1", "<answer", "Exercise 90.1: right"):
        assert answer not in text
    assert "0.3333" in text  # what a cell printed that is the same in both
    assert "own business" not in text


def test_widgets_stand_still(mini):
    text = Page(html_of(mini, "90_mini")).text
    assert "picture 0" in text and "picture 2" in text and "picture 1" not in text
    assert "open the lesson, where it runs" in text


def test_formulas_are_mathml_and_links_lead_to_pages(mini):
    made = html_of(mini, "90_mini")
    page = Page(made)
    assert [a["display"] for a in page.all("math")] == ["inline", "block"]
    assert "$" not in page.text.partition("More")[2].partition("elsewhere")[0]
    links = [a["href"] for a in page.all("a")]
    assert "91_mini.html" in links and "https://example.org/" in links
    assert "../lab/index.html?path=07_other.ipynb" in links
    assert "../lab/index.html?path=90_mini.ipynb" in links
    assert '<a href="91_mini.html">Next: A lesson</a>' in made and "Before:" not in made
    assert '<a href="90_mini.html">Before: A lesson</a>' in html_of(mini, "91_mini")


def test_a_cell_by_itself():
    """Links to the package, a picture whose numbers stay legible, boxes that a keyboard scrolls."""
    text = "## A *bold* `x.y` & more?\n\n<details>\n\n"
    text += "| table |\n|---|\n| ![dot](attachment:a.png) |\n\n</details>\n\n"
    text += "[far](https://a.org/b.ipynb) [near](b/c.ipynb)\n\n"
    text += "[one](../minichar/draw.py), [all](../minichar/course/__init__.py) of $y$\n\n$$x$$"
    code = nbformat.v4.new_code_cell("x")
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1000).to_bytes(4) + bytes(20)
    image = {"image/png": base64.b64encode(picture).decode(), "text/plain": "words"}
    code.outputs = [nbformat.v4.new_output("display_data", image)]
    code.outputs += [nbformat.v4.new_output("execute_result", {"text/plain": "7"})]
    attached = {"a.png": {"image/png": image["image/png"]}}
    cells = [nbformat.v4.new_markdown_cell(text, attachments=attached), code]
    page = Page(markup.body_of(nbformat.v4.new_notebook(cells=cells), []))
    links = [a["href"] for a in page.all("a")]
    assert links[:2] == ["https://a.org/b.ipynb", "b/c.ipynb"]  # no lessons: as they are
    assert links[2:] == [f"../reference/minichar/{name}.html" for name in ("draw", "course")]
    assert page.all("h2")[0]["id"] == "a-bold-x.y-more" and "[" not in page.text  # nor a prompt
    assert page.all("details") and page.all("img")[0]["src"].startswith("data:image/png;base64,")
    assert page.all("img")[1]["style"].endswith("; min-width: 650px")
    boxes = [a for tag, a in page.elements if tag == "pre" or "wide" in a.get("class", "").split()]
    assert [box["tabindex"] for box in boxes] == [
        "0"
    ] * 5  # table, formula, code, picture, and the 7


def test_a_lesson_is_called_by_its_heading_or_else_by_its_name():
    said = "# a < b\n\n**What you'll do.** Read,\nand write.\n\nAbout 5 minutes of yours."
    pages = [
        rendering.Page(name, nbformat.v4.new_notebook(cells=cells))
        for name, cells in (
            ("90_a", [nbformat.v4.new_markdown_cell(said)]),
            ("91_b", [nbformat.v4.new_markdown_cell("no heading\n\n**What you'll do.** Rest.")]),
            ("92_c", []),
        )
    ]
    assert [page.title for page in pages] == ["a < b", "91_b", "92_c"]
    assert [page.about for page in pages] == ["Read, and write. About 5 minutes.", "Rest.", ""]
    assert '<a href="90_a.html">a &lt; b</a>' in rendering.index(pages)
    assert "<title>a &lt; b ·" in rendering.page_of(pages[0], pages)
    made = rendering.page_of(pages[1], pages)
    assert '<a href="90_a.html">Before: a &lt; b</a> <a href="92_c.html">Next: 92_c</a>' in made
    for page, way in ((pages[0], "Next:"), (pages[2], "Before:")):  # to the nearest only
        assert rendering.page_of(page, pages).count(way) == 1


def test_a_solution_that_stops_is_named(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(notebook, tmp_path / "bad.ipynb")
    with pytest.raises(CourseError, match="bad.ipynb stopped with ZeroDivisionError"):
        rendering.render(tmp_path, tmp_path / "read")
    assert not (tmp_path / "read").exists()
    with pytest.raises(CourseError, match="holds no notebook"):
        rendering.render(tmp_path / "read", tmp_path / "read")


def test_every_formula_of_the_course_can_be_set():
    count = 0
    for lesson in lessons(Path(minichar.__file__).parents[1]):
        for cell in nbformat.read(lesson.solution, 4).cells:
            if cell.cell_type == "markdown":
                count += markup.text_of(cell.source).count("<math")
    assert count > 100


def test_text_keeps_its_tags_and_an_environment_is_a_formula():
    made = markup.text_of("\\begin{pmatrix}x\\end{pmatrix}\n\nand <b>more</b>")
    assert 'display="block"' in made and "<mi>x</mi>" in made and "and <b>more</b>" in made


@pytest.mark.parametrize("tex", [r"\frac", r"\begin{cases} x", r"1 + \unheard of"])
def test_what_is_no_formula_is_refused(tex):
    with pytest.raises(CourseError, match=r"cannot be read \(\\?\w+\)$"):
        markup.formula(tex)


@pytest.mark.parametrize("folder", ["mini", "real"])
def test_every_link_leads_somewhere_and_nothing_is_loaded(folder, request):
    folder = request.getfixturevalue(folder)
    for path in folder.glob("*.html"):
        page = Page(path.read_text(encoding="utf-8"))
        ids = {a["id"] for _, a in page.elements if "id" in a}
        for tag, attributes in page.elements:
            assert tag != "script" and not [name for name in attributes if name.startswith("on")]
            target = attributes.get("href" if tag in ("a", "link") else "src")
            if target is None or target.startswith("data:"):
                continue
            assert tag not in VOID, f"{path.name} loads {target}"
            if not target.startswith(("https://", "../")):
                file, _, place = target.partition("#")
                assert (folder / file).exists() if file else place in ids, f"{path.name}: {target}"
            if target.startswith("../"):  # of the site that is to stand around these pages
                assert re.fullmatch(r"\.\./(index|lab/index)\.html(\?path=\w+\.ipynb)?", target)


@pytest.mark.parametrize("folder", ["mini", "real"])
def test_pictures_have_words_and_headings_are_in_order(folder, request):
    for path in request.getfixturevalue(folder).glob("*.html"):
        page = Page(path.read_text(encoding="utf-8"))
        assert all(a.get("alt", "").strip() for a in page.all("img"))
        assert "No description has been provided" not in str(page.elements)
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False)), path.name


def test_a_real_lesson_has_its_pictures(real):
    assert len(Page(html_of(real, REAL[0])).all("img")) == 3  # still, at three temperatures
    assert len(Page(html_of(real, REAL[1])).all("img")) >= 4
    index = Page(html_of(real, "index"))
    assert [a["href"] for a in index.all("a")] == ["../index.html", *(f"{n}.html" for n in REAL)]
    assert re.search(r"About \d+ minutes\.", index.text)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_phone_in_both_themes_and_axe_has_nothing_against_it(mini, real, scheme):
    with lab.browser(lab.needs_browser()) as chromium:
        page = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        grounds = set()
        for path in [*mini.glob("*.html"), *real.glob("*.html")]:
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert findings(page) == [], path.name
        assert grounds == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)"}
        assert not [url for url in asked if not url.startswith(("file:", "data:"))]


@pytest.mark.browser
def test_what_is_wider_than_a_phone_scrolls_in_its_own_box(mini):
    with lab.browser(lab.needs_browser()) as chromium:
        page = chromium.new_page(viewport={"width": 390, "height": 844})
        page.goto((mini / "90_mini.html").as_uri())
        for what in ("pre", ".wide:has(table)"):
            wider = "all => all.some(box => box.scrollWidth > box.clientWidth)"
            assert page.locator(what).evaluate_all(wider), what


@pytest.mark.browser
def test_at_a_desk_no_line_of_code_is_cut_off(real):
    with lab.browser(lab.needs_browser()) as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 844})
        for path in real.glob("*.html"):
            page.goto(path.as_uri())
            fits = "all => all.every(box => box.scrollWidth <= box.clientWidth)"
            assert page.locator(".input_area pre").evaluate_all(fits), path.name


@pytest.mark.browser
def test_an_exponent_stands_beside_what_it_belongs_to():
    style = markup.STYLE.read_text(encoding="utf-8")
    named = re.findall('"(.*?)"', re.search("^math .*", style, re.M)[0])
    if not {font.name for font in font_manager.fontManager.ttflist} & set(named):
        pytest.skip("needs a font for formulas: apt-get install fonts-dejavu-extra")
    with lab.browser(lab.needs_browser()) as chromium:
        page = chromium.new_page()
        page.set_content(f"<style>{style}</style><p>x <math>{POWER}</math>")
        base, exponent = (page.locator(name).bounding_box() for name in ("mo", "mn"))
        assert exponent["y"] + exponent["height"] > base["y"] + base["height"] / 4


def test_the_reference_has_every_module_and_no_answer(tmp_path, monkeypatch):
    pytest.importorskip("pdoc", reason="needs the extra site: pip install '.[site]'")
    monkeypatch.setitem(sys.modules, "minichar.tunes", None)  # one that cannot be imported
    files = rendering.reference(tmp_path)
    assert files[0] == tmp_path / "index.html"
    links = [a["href"] for a in Page(files[0].read_text(encoding="utf-8")).all("a")]
    assert {"minichar.html", "minichar/draw.html", "minichar/course/checking.html"} < set(links)
    for path in files:
        assert "exercise" not in path.name
        for tag, attributes in Page(path.read_text(encoding="utf-8")).elements:
            source = attributes.get("src", "")
            assert not source.startswith(("http", "//")), path.name
            target = attributes.get("href", "")
            if tag == "a" and target and not target.startswith(("http", "#", "../index.html")):
                assert (path.parent / target.partition("#")[0]).exists(), f"{path.name}: {target}"
    page = html_of(tmp_path, "minichar/widgets")
    assert "next-character probabilities" in page and ".pdoc" in page.partition("</head>")[0]
    scrolled, links = [], []
    for tag, attributes in (e for path in files for e in Page(path.read_text("utf-8")).elements):
        if tag == "pre" or attributes.get("class") == "attr function":
            scrolled.append(attributes.get("tabindex"))  # what scrolls can be reached by keyboard
        if attributes.get("class") == "headerlink":
            links.append((attributes.get("aria-hidden"), attributes.get("tabindex")))
    assert set(scrolled) == {"0"} and set(links) == {("true", "-1")}
    names = {path.relative_to(tmp_path).with_suffix("").as_posix() for path in files}
    package = Path(minichar.__file__).parent
    there = {f"minichar/{path.stem}" for path in package.glob("[a-z]*.py")}
    assert there | {"minichar/course"} < names
    closed = Page(html_of(tmp_path, "minichar/tunes"))
    assert "ABC notation" in closed.text and closed.all("a")[0]["href"] == "../index.html"
