import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from pictures import NASTY, VOCABULARY, Page, image, pixels_of

from minichar import coloured, diagrams, draw, sound, tunes


def unrolled(title=""):
    characters = VOCABULARY
    rng = np.random.default_rng(0)
    hs, z = rng.uniform(-1, 1, (4, 3)), rng.standard_normal((3, len(characters)))
    return diagrams.unrolled('<&"\n', characters, hs, z, title)


@pytest.mark.parametrize(
    "picture",
    [
        draw.bars(np.full(10, 0.1), VOCABULARY, NASTY),
        draw.curves({NASTY: ([1, 2], [3, 4])}, NASTY, NASTY, NASTY, levels={NASTY: 3}),
        draw.heatmap(np.eye(10), VOCABULARY, VOCABULARY, NASTY, NASTY, NASTY),
        draw.descents(np.hypot, {NASTY: np.eye(2), "b": np.eye(2)}, NASTY),
        unrolled(NASTY),
        diagrams.through_time(NASTY),
    ],
    ids=["bars", "curves", "heatmap", "descents", "unrolled", "through_time"],
)
def test_every_image_has_its_description(picture):
    page = Page(picture.html)
    assert [tag for tag, _ in page.elements] == ["img"] and page.text == ""
    assert page.all("img")[0]["alt"] == picture.description == repr(picture)
    assert "<" in picture.description and "\n" not in picture.description
    assert picture._repr_html_() == picture.html
    assert np.ptp(image(picture)) > 0.5  # there is something on it


def test_a_dollar_is_no_formula():
    title = "$a_$"  # not even one that matplotlib could read
    draw.bars([0.5, 0.5], "$\\", title)
    draw.curves({title: ([1, 2], [3, 4])}, title, title, title, levels={title: 3})
    draw.heatmap(np.eye(2), "$\\", "$\\", title, title, title)
    draw.descents(np.hypot, {title: np.eye(2)}, title)
    unrolled(title)
    assert 'reading "$$"' in diagrams.through_time("$$a").description


def test_a_dollar_is_no_formula_in_html_either():
    """MathJax passes over these classes, JupyterLab's (3) and nbconvert's (2), and over <pre>."""
    for picture in (
        draw.table([["$a$"]], ["$b$"], "$c$"),
        coloured.text("$a$", [0, 0, 0], "$b$"),
        sound.player(tunes.read("X:1\nT:$a$\nK:C\nC\n")),
    ):
        tag, attributes = Page(picture.html).elements[0]  # all else is within
        assert {"mathjax_ignore", "tex2jax_ignore"} <= set(attributes["class"].split())
        assert picture.html.count(f"<{tag} ") == 1 and picture.html.endswith(f"</{tag}>")
    assert Page(draw.written("$a$", "$b$").html).elements[0][0] == "pre"


def test_descents_say_where_each_path_begins_and_ends_and_how_high():
    def height(x, y):
        return x**2 + 10 * y**2

    paths = {
        "SGD": np.array([[-8, 1.5], [3, 1], [0.5, -0.1]]),
        "Adam": np.array([[-8, 1.5], [0, 0]]),
    }
    picture = draw.descents(height, paths, "A valley")
    assert repr(picture) == (
        "A valley: 2 landscapes from above. SGD from (-8, 1.5) to (0.5, -0.1), height 0.35, in 2 "
        "steps; Adam from (-8, 1.5) to (0, 0), height 0, in 1 step"
    )
    assert pixels_of(picture, draw.RED) > 0 and pixels_of(picture, draw.BLUE) > 0
    assert pixels_of(picture, "#A9B4BC") > 100  # the lines of one height
    more = draw.descents(height, paths | {"RMSProp": paths["SGD"]}, "A valley")
    assert image(more).shape[0] > 1.5 * image(picture).shape[0]  # two in a row


def test_bars_name_the_five_likeliest_in_order():
    p = [0.05, 0.4, 0.02, 0.2, 0.03, 0.3]
    said = repr(draw.bars(p, "ab c\nd", "Next"))
    assert said == "Next: bar chart, b 40.0%, d 30.0%, c 20.0%, a 5.0%, ⏎ 3.0%"


def test_bars_are_as_high_as_the_probabilities():
    low, high = (draw.bars([p, 0, 1 - p], "abc") for p in (0.2, 0.4))
    # b has no bar, so all the blue there is belongs to a and c, which sum to 1.
    assert pixels_of(low, draw.BLUE) == pytest.approx(pixels_of(high, draw.BLUE), rel=0.02)
    some, more = (pixels_of(draw.bars([p, 0, 0], "abc"), draw.BLUE) for p in (0.2, 0.4))
    assert more == pytest.approx(2 * some, rel=0.05) and some > 0
    rows = image(draw.bars([0.1, 0, 0], "abc"))
    blue = np.abs(rows - to_rgb(draw.BLUE)).max(axis=2) < 0.02
    assert np.flatnonzero(blue.any(axis=1)).min() > 0.6 * len(rows)  # a low one stands below


def test_of_many_bars_the_likeliest_are_drawn(monkeypatch):
    drawn = []
    bar = Axes.bar
    monkeypatch.setattr(
        Axes, "bar", lambda self, x, p, **how: drawn.append(list(p)) or bar(self, x, p, **how)
    )
    p = np.random.default_rng(0).dirichlet(np.ones(100))
    characters = "".join(map(chr, range(200, 300)))
    picture = draw.bars(p, characters)
    assert drawn == [[v for v in p if v in sorted(p)[-40:]]]  # in the vocabulary's order
    assert f"bar chart, {characters[p.argmax()]} {p.max():.1%}" in repr(picture)
    assert image(picture).shape[1] < 1500  # wide ones are shrunk on the page until nobody can read


def test_curves_say_where_they_begin_end_and_are_lowest():
    picture = draw.curves(
        {"held out": ([0, 1, 5], [4.5, 2.25, 3.125]), "train": ([0, 9], [4, 1])},
        "Names",
        "order",
        "bits",
        levels={"the number to beat": 2.9871},
    )
    for said in (
        "Names: line chart of bits against order",
        "held out from 4.5 at 0 to 3.12 at 5, lowest 2.25 at 1",
        "train from 4 at 0 to 1 at 9, lowest 1 at 9",
        "a level line at 2.99, the number to beat",
    ):
        assert said in picture.description
    assert pixels_of(picture, draw.BLUE) and pixels_of(picture, draw.RED)


def test_a_gap_in_a_curve_is_not_its_lowest_place():
    said = draw.curves({"loss": ([1, 2, 3], [3.0, 2.0, np.nan])}).description
    assert "from 3 at 1 to nan at 3, lowest 2 at 2" in said


def test_points_are_marked_on_all_curves_or_on_none(monkeypatch):
    marked = []
    monkeypatch.setattr(draw, "Picture", lambda figure, words: marked.extend(markers(figure)))

    def markers(figure):
        return [line.get_marker() for line in figure.axes[0].lines]

    lines = {n: (range(int(n)), range(int(n))) for n in ("1", "15", "19", "20")}
    draw.curves({n: lines[n] for n in ("15", "19")})
    draw.curves({n: lines[n] for n in ("15", "20")})
    draw.curves({n: lines[n] for n in ("1", "20")})  # a single point is to be seen, too
    assert marked == ["o", "o", "None", "None", "o", "None"]


def test_no_curve_is_left_out_however_many():
    names = [f"line {k}" for k in range(2 * len(draw.LINES) + 1)]
    few, many = (
        draw.curves({n: ([1, 2], [k, k]) for k, n in enumerate(names[:count])})
        for count in (len(draw.LINES), len(names))
    )
    assert all(name in many.description for name in names)
    assert pixels_of(many, draw.BLUE) > pixels_of(few, draw.BLUE)


def test_a_logarithmic_axis_is_another_picture_with_the_same_words():
    even, log = (
        draw.curves({"a": ([1, 10, 100], [3, 2, 1])}, log_x=log_x) for log_x in (False, True)
    )
    assert even.description == log.description and even.html != log.html


def test_heatmap_names_the_darkest_and_the_lightest_of_each_row():
    values = np.array([[0.1, 0.01, 0.02], [0.0, 0.75, 0.03], [0, 0, 0]])
    assert repr(draw.heatmap(values, "q\nx", "ab ", "Pairs")) == (
        "Pairs: table of 3 by 3 shades. q: darkest a 0.1, lightest b 0.01; ⏎: darkest b 0.75; "
        "x: all 0"
    )
    said = repr(draw.heatmap(values[:1], "q", "ab ", "Pairs", "text", "cell"))
    assert said.startswith("Pairs: table of 1 by 3 shades, by text. cell q: darkest a 0.1, ")


def test_a_heatmap_says_what_its_shades_mean(monkeypatch):
    names, picture = [], draw.Picture
    monkeypatch.setattr(
        draw, "Picture", lambda f, words: names.append(f.axes[1].get_ylabel()) or picture(f, words)
    )
    said = repr(draw.heatmap(np.eye(2), "ab", "ab", "Pairs", shade="share, $"))
    assert names == ["share, $"] and said.startswith("Pairs: table of 2 by 2 shades for share, $.")


def test_a_wide_heatmap_is_no_wider_than_a_page():
    narrow, wide = (image(draw.heatmap(np.eye(n), "a" * n, "b" * n)).shape[1] for n in (20, 90))
    assert narrow < wide < 1000


def test_whole_numbers_along_an_axis_have_no_halves_between(monkeypatch):
    ticks = []
    monkeypatch.setattr(draw, "Picture", lambda figure, words: ticks.extend(shown(figure)))

    def shown(figure):
        figure.draw_without_rendering()
        return [label.get_text() for label in figure.axes[0].get_xticklabels()]

    draw.curves({"a": ((1, 5, 10, 20), (1, 0, 1, 0)), "b": (range(3), range(3))})
    assert len(ticks) > 3 and not any("." in tick for tick in ticks)
    draw.curves({"a": ((1, 5, 10, 20.5), (1, 0, 1, 0))})
    assert any("." in tick for tick in ticks)


def test_table_keeps_texts_as_they_are():
    rows = [(1, 0.12345, NASTY), (20, np.float64(2), "two\nlines")]
    picture = draw.table(rows, ("step", "bits", NASTY), title=NASTY)
    page = Page(picture.html)
    assert len(page.all("table")) == 1 and len(page.all("tr")) == 3
    assert len(page.all("th")) == 3 and len(page.all("td")) == 6 and not page.all("i")
    assert page.text == NASTY + "stepbits" + NASTY + "10.123" + NASTY + "202.000two\nlines"
    assert all("pre-wrap" in cell["style"] for cell in page.all("td"))
    assert ["monospace" in cell["style"] for cell in page.all("td")] == [False] * 5 + [True]
    assert repr(picture).splitlines() == [
        NASTY,
        f"step: 1, bits: 0.123, {NASTY}: {NASTY}",
        f"step: 20, bits: 2.000, {NASTY}: two",
        "lines",
    ]
    assert repr(draw.table(rows[:1], ("a", "b", "c"))) == f"a: 1, b: 0.123, c: {NASTY}"


def test_a_column_of_numbers_in_a_table_stands_flush_right():
    rows = [(1, "9%", "a", "–", 0.5, "2.5 ms"), (20_000, "21%", "2", "1,000", -0.5, "30 ms")]
    page = Page(draw.table(rows, "abcdef").html)
    sides = ["right" if "align: right" in cell["style"] else "left" for cell in page.all("td")]
    assert sides == ["right", "right", "left", "right", "right", "right"] * 2
    heads = ["right" if "align: right" in cell["style"] else "left" for cell in page.all("th")]
    assert heads == sides[:6]
    assert all("align: left" in cell["style"] for cell in Page(draw.table([], "ab").html).all("th"))


def test_a_long_text_in_a_table_may_be_broken_anywhere():
    short, long = Page(draw.table([("a" * 30, "b" * 31)], ("x", "y")).html).all("td")
    assert "anywhere" not in short["style"] and "overflow-wrap: anywhere" in long["style"]


def test_table_with_a_row_too_short_is_refused():
    with pytest.raises(ValueError):
        draw.table([(1, 2), (3,)], ("a", "b"))


def test_written_shows_where_the_model_took_over():
    picture = draw.written("<i>", "&amp;\n  x")
    page = Page(picture.html)
    assert page.text == repr(picture) == "<i>&amp;\n  x"
    assert [tag for tag, _ in page.elements] == ["pre", "span"]
    assert picture.html.index("</span>") < picture.html.index("&amp;amp;")


def test_a_line_of_hebrew_or_arabic_begins_on_the_right():
    text = "שלום (abc)."
    for picture in (draw.written("", text), draw.table([(text,)], ("a",))):
        part = [*Page(picture.html).all("pre"), *Page(picture.html).all("td")][0]
        assert "unicode-bidi: plaintext" in part["style"]


def test_a_long_line_is_broken_between_words_and_what_scrolls_can_be_reached_by_keyboard():
    short, long = (
        Page(draw.written("", text).html).all("pre")[0] for text in ("a\nb", "to be " * 100)
    )
    assert "word-break: normal" in long["style"]  # JupyterLab would have it break-all
    assert "overflow: auto" in long["style"] and long["tabindex"] == "0"
    assert "overflow" not in short["style"].replace("overflow-wrap", "") and "tabindex" not in short


def test_an_axis_of_powers_of_ten_keeps_what_is_outside_it_in_the_words():
    picture = draw.curves({"fades": ([0, 1], [1.0, 1e-30])}, y="size", x="steps", log_y=(1e-9, 10))
    assert "fades from 1 at 0 to 1e-30 at 1" in picture.description
    assert picture.html != draw.curves({"fades": ([0, 1], [1.0, 1e-30])}, y="size", x="steps").html


@pytest.mark.parametrize("ends", [(1e-14, 1e8), (1e-16, 1e2), (0.01, 3_000), (0.3, 1e6)])
def test_an_axis_of_powers_of_ten_marks_one(ends, monkeypatch):
    marked = []
    monkeypatch.setattr(
        draw, "Picture", lambda figure, words: marked.append(figure.axes[0].get_yticks())
    )
    draw.curves({"a": ([0, 1], ends)}, log_y=ends)
    (places,) = marked
    assert np.isclose(places, 1).any() and 4 <= sum((ends[0] <= places) & (places <= ends[1])) <= 9
