"""Coloured texts: whatever a text holds is shown whole, in the right shade, and said in words."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import NASTY, Page

from minichar import coloured, palette, signs

# What HTML, a terminal, a page's direction or a font could trip over, and any other character.
TRICKY = st.sampled_from(
    "<script> </pre> </style> &amp; &#10; \" ' \0 \x1b[31m e\u0301 \u0301 \u202eabc \u2066 \u200b "
    "\ufeff \ud800 שלום العربية 👩\u200d👩\u200d👧 🇩🇪🇫🇷 👍🏽 中文 \ufffe $x$".split()
    + ["\t", "\n", "\r", "\x85", "\u2028", " "]
)
TEXTS = st.lists(TRICKY | st.characters(), max_size=20).map("".join)
ANY = settings(max_examples=150)
UNSEEN = {chr(c) for c in (*range(9), *range(11, 32), *range(0x7F, 0xA0), *range(0xD800, 0xE000))}
UNSEEN |= set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2028")


def contrast(first, second):
    """The contrast of two colours, 1 to 21: WCAG 2.2, "contrast ratio" and "relative luminance"."""

    def luminance(colour):
        c = np.array(list(bytes.fromhex(colour[1:]))) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_says():
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("scale", ["TWO_WAYS", "ONE_WAY"])
def test_every_shade_can_be_read_and_told_from_its_neighbour(scale):
    shades = getattr(palette, scale)
    assert len(shades) == palette.COUNT and all(contrast(*pair) >= 4.5 for pair in shades)
    grounds = np.array([list(bytes.fromhex(ground[1:])) for ground, _ in shades], dtype=int)
    assert (abs(np.diff(grounds, axis=0)).max(axis=1) >= 20).all()
    letter = {"TWO_WAYS": "t", "ONE_WAY": "o"}[scale]
    for k, (ground, ink) in enumerate(shades):
        assert f".{letter}{k} {{ background: {ground}; color: {ink} }}" in palette.STYLE


def test_the_whole_picture_has_ground_and_ink_of_its_own():
    own = palette.STYLE.split("\n")[0]
    assert f"coloured {{ color: {palette.INK}; background: {palette.PAPER};" in own
    assert contrast(palette.INK, palette.PAPER) > 10
    pale = re.search(r"\.after \{ color: (#\w+)", palette.STYLE)[1]
    assert contrast(pale, palette.PAPER) >= 4.5
    for rule in palette.STYLE.split("\n"):
        assert rule.startswith(".minichar-coloured")  # it says nothing of the rest of a page


def test_the_frame_round_a_character_covers_no_other():
    rule = {
        k: re.search(rf" {k} \{{ (.*) \}}", palette.STYLE)[1] for k in (r"\.one", r"\.text \.one")
    }
    width, offset = re.findall(r"(\d)px", rule[r"\.one"])
    assert f"margin: 0 {int(width) + int(offset)}px" in rule[r"\.text \.one"]


def test_two_ways_go_from_blue_by_white_to_orange():
    grounds = [tuple(bytes.fromhex(ground[1:])) for ground, _ in palette.TWO_WAYS]
    assert grounds[4] == (255, 255, 255)
    assert all(r < b for r, _, b in grounds[:4]) and all(r > b for r, _, b in grounds[5:])


@given(st.lists(st.floats(-1e6, 1e6)), st.floats(-10, 10), st.floats(0.01, 10))
def test_shades_are_those_of_nine_even_steps(values, low, width):
    def slow(value):
        edges = [low + (high - low) * k / 9 for k in range(1, 9)]
        return sum(value >= edge for edge in edges)

    high = low + width
    found = palette.shades(values, low, high).tolist()
    for value, shade in zip(values, found, strict=True):
        near = {slow(value - 1e-9 * (1 + abs(value))), slow(value + 1e-9 * (1 + abs(value)))}
        assert shade in near


@pytest.mark.parametrize("low, high", [(1, 1), (1, -1), (float("nan"), 1)])
def test_a_scale_must_rise(low, high):
    with pytest.raises(ValueError, match="must rise"):
        palette.shades([0], low, high)


def slow_runs(text, kinds):
    """Pieces drawn as one put together by pairs, then neighbours of one kind."""
    held, pieces = palette._joined(text), []
    for t in range(len(text)):
        if held[t]:
            pieces[-1][1] = t + 1
        else:
            pieces.append([t, t + 1])
    found = []
    for start, end in pieces:
        if found and kinds[found[-1][0]] == kinds[start] and start - found[-1][0] < palette.MOST:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


@ANY
@given(TEXTS, st.data())
def test_runs_are_neighbours_of_one_kind(text, data):
    kinds = data.draw(st.lists(st.integers(0, 1), min_size=len(text), max_size=len(text)))
    assert list(palette.runs(text, kinds)) == slow_runs(text, kinds)


@pytest.mark.parametrize(
    "text, pieces",
    [
        ("e\u0301a", 2),
        ("👩\u200d👩\u200d👧", 1),
        ("🇩🇪🇫🇷", 2),
        ("👍🏽👍", 2),
        ("\u0301a", 2),
        ("aab", 3),
    ],
    ids=["accent", "family", "flags", "skin", "accent alone", "letters"],
)
def test_what_is_drawn_as_one_stays_together(text, pieces):
    assert len(list(palette.runs(text, list(range(len(text)))))) == pieces


def our_own(content):
    """The page that a picture is; fails if there is any element or attribute but our own."""
    page = Page(content)
    assert {tag for tag, _ in page.elements} <= {
        *("figure", "style", "figcaption", "b", "br", "span", "details", "summary", "div", "pre"),
        *("table", "tr", "th", "td"),
    }
    for tag, attributes in page.elements:
        assert set(attributes) <= {"class", "title", "open", "tabindex", "scope", "dir"}, tag
    return page


@ANY
@given(TEXTS, st.data())
def test_every_text_is_shown_whole_and_only_shown(text, data):
    n = len(text)
    values = data.draw(st.lists(st.floats(-2, 2), min_size=n, max_size=n))
    after = data.draw(st.lists(st.floats(0, 9), min_size=n, max_size=n))
    top = [[(c, 0.9), ("<", 0.1)] for c in text]
    pictures = {
        "text": coloured.text(text, values, title=text),
        "worse": coloured.worse(text, values, after, title=text),
        "strips": coloured.strips(text, np.array([values, after]), [text, "<b>"], title=text),
        "guesses": coloured.guesses(text, top, after[1:], title=text),
    }
    if text:
        pictures["connectivity"] = coloured.connectivity(text, n // 2, values, title=text)
    for name, picture in pictures.items():
        page = our_own(picture.html)
        said = picture.description
        notes = "".join(element.get("title", "") for _, element in page.elements)
        assert not UNSEEN & set(page.text + notes), name
        picture.html.encode(), said.encode()  # nothing that no file could hold
        assert said in page.text
        if name in ("text", "worse", "connectivity"):
            assert page.text.endswith(signs.plain(text))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1), st.data())
def test_each_character_has_its_shade_and_its_value(text, data):
    values = data.draw(st.lists(st.floats(-1, 1), min_size=len(text), max_size=len(text)))
    page, t = Page(coloured.text(text, values).html), 0
    expected = palette.shades(values)
    for span in page.all("span"):
        if "title" in span:
            for line in span["title"].split("\n"):
                assert line == f"{text[t]}  {values[t]:.2f}"
                assert span["class"] == f"t{expected[t]}"
                t += 1
    assert t == len(text)


def test_above_a_text_stand_its_title_and_the_key_to_its_shades():
    picture = coloured.text("ab", [0, 1], title="A <title>", low=-2, high=3)
    page, half = Page(picture.html), Page(coloured.connectivity("ab", 1, [1]).html)
    keys = [
        [span["class"] for span in one.all("span") if "key" in span.get("class", "")]
        for one in (page, half)
    ]
    assert keys[0] == [f"key t{k}" for k in range(palette.COUNT)]
    assert keys[1] == keys[0][4:]  # nothing can be below 0
    assert "<b>A &lt;title&gt;</b>" in picture.html
    assert re.search(r"-2\s.*\s3", page.text, re.DOTALL)


def test_a_long_text_in_few_spans():
    text = "a" * 20_000
    calm = coloured.text(text, np.full(20_000, 0.5)).html
    wild = coloured.text(text, np.resize([-1.0, 1.0], 20_000)).html
    assert len(Page(calm).all("span")) < 20_000 / palette.MOST + 20
    assert len(wild) < 2_000_000 and "style=" not in wild


def test_text_says_where_it_is_high_and_low():
    text = 'x = "some words"\ny = 2\n'
    values = [0.9 if 5 <= t < 15 else -0.8 if t >= 17 else 0 for t in range(len(text))]
    said = repr(coloured.text(text, values, "Cell 7"))
    assert said == (
        "Cell 7: 23 characters, each coloured by its value from -1 to 1; mean 0.18.\n"
        "High (above 0.33) at 43% of them, longest: “some words” (line 1).\n"
        "Low (below -0.33) at 26% of them, longest: “y = 2⏎” (line 2)."
    )
    gate = repr(coloured.text("ab", [0.1, 0.2], low=0, high=1))
    assert "High (above 0.67) at 0% of them.\nLow (below 0.33) at 100% of them" in gate


def test_strips_repeat_the_text_for_each_cell_and_go_on_below():
    values = np.array([[1, 1, -1, -1, 0], [0, 0, 1, 1, 1]], dtype=float)
    picture = coloured.strips("ab\ncd", values, ["one", NASTY], width=3)
    page = Page(picture.html)
    assert page.text.endswith(f"oneab⏎{NASTY}ab⏎onecd{NASTY}cd")
    assert [th["scope"] for th in page.all("th")] == ["row"] * 4
    classes = [span["class"] for span in page.all("span") if "title" in span]
    assert classes == ["t8", "t0", "t4", "t8", "t0", "t4", "t8"]
    assert "one: mean 0.00, high at “ab” (line 1)" in repr(picture)


TOP = [[("b", 0.9), ("c", 0.05)], [("x", 0.6), ("\n", 0.3)], [("a", 0.5)]]


def test_guesses_stand_under_the_character_they_follow():
    picture = coloured.guesses("ab\n", TOP, [0.15, 1.74], "Guesses")
    page = Page(picture.html)
    assert page.text.endswith("abcbx⏎⏎a")  # a, then its guesses b and c; and so on
    assert picture.description.startswith(
        "Guesses: 1.9 bits for 2 characters, 0.94 each; the first guess came 1 times."
    )
    assert picture.description in page.text and "1.9 bits" in page.text.split("In words")[0]
    marked = [span["class"] for span in page.all("span") if "one" in span.get("class", "")]
    assert marked == ["o8 one", "o2 one"]  # b was nearly sure, the line end less so
    bars = [span["class"] for span in page.all("span") if "bits" in span.get("class", "")]
    assert bars == ["bits b1", "bits b2", "bits b0"]
    notes = [span["title"] for span in page.all("span") if span.get("class") == "step"]
    assert notes[0] == "after a: b 90%, c 5%\nb came: 0.15 bits"
    assert notes[2] == "after ⏎: a 50%"


def test_worse_says_which_characters():
    picture = coloured.worse("a)b)c", [1, 1, 1, 1, 1], [1, 4, 1, 2, 0], "Without cell 3")
    assert picture.description == (
        "Without cell 3: 1.000 bits a character before, 1.600 after. 2 of 5 characters got worse "
        "by more than half a bit, 1 better.\n"
        "The most in total: “)” +4.0 bits (2 times)\n"
        "“)” after “a” (line 1): 1.0 → 4.0 bits\n"
        "“)” after “a)b” (line 1): 1.0 → 2.0 bits"
    )
    page = Page(picture.html)
    spans = [(span["class"], span["title"]) for span in page.all("span") if "title" in span]
    assert [kind for kind, _ in spans] == ["t4", "t7", "t4", "t5", "t3"]
    assert spans[1][1].endswith("1.00 → 4.00 bits")  # before, after
    assert "open" in page.all("details")[0]


@pytest.mark.parametrize("whole", [False, True])
def test_connectivity_frames_the_target_and_colours_what_came_before(whole):
    weights = [0.1, 0.4, 0.0] + [9, 9] * whole
    picture = coloured.connectivity("abcde", 3, weights)
    page = Page(picture.html)
    notes = [(s["class"], s["title"]) for s in page.all("span") if "title" in s]
    assert notes == [
        ("t5", "a  +25.0% of the strongest"),
        ("t8", "b  +100.0% of the strongest"),
        ("t4", "c  +0.0% of the strongest"),
        ("one", "the one predicted"),
    ]
    assert "“b”, 2 back, ending “ab”: 0.4" in repr(picture).split("\n")[1]
    assert "nothing" in page.text and "against it" not in page.text
    assert "against it" in Page(coloured.connectivity("abc", 2, [1, -1]).html).text


def test_connectivity_of_the_first_character_has_nothing_before_it():
    assert Page(coloured.connectivity("ab", 0, []).html).text.endswith("ab")


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: coloured.text("abc", [1, 2]), "one for each"),
        (lambda: coloured.text("abc", [1, float("nan"), 0]), "value 1 is nan"),
        (lambda: coloured.text("a", [[1]]), "one for each"),
        (lambda: coloured.strips("abc", np.zeros((2, 2)), ["a", "b"]), r"need \(2, 3\)"),
        (lambda: coloured.strips("abc", np.zeros((2, 3)), ["a"]), r"need \(1, 3\)"),
        (lambda: coloured.guesses("abc", [[]] * 2, [1, 1]), "after 2 of 3"),
        (lambda: coloured.guesses("abc", [[]] * 3, [1, 1, 1]), "one for each"),
        (lambda: coloured.worse("abc", [1, 1, 1], [1]), "one for each"),
        (lambda: coloured.connectivity("abc", 3, [1, 1, 1]), "no character 3"),
        (lambda: coloured.connectivity("abc", -1, []), "no character -1"),
        (lambda: coloured.connectivity("abc", 2, [1]), "one for each"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
