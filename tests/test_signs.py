"""Whatever a text holds, each character can be seen, and none changes how others are read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.signs import joined, on_one_line, plain, quoted, visible

texts = st.text(st.characters(exclude_categories=()), max_size=20)


@pytest.mark.parametrize(
    "character, shown",
    [(" ", "␣"), ("\n", "⏎"), ("\t", "⇥"), ("a", "a"), ("\x07", "␇"), ("\u202e", "⟨202E⟩")]
    + [("\u0301", "◌\u0301"), ("\ud800", "\ufffd"), ("two words", "two words"), ("", "")]
    + [("\xa0", "⟨A0⟩"), ("\u3000", "⟨3000⟩"), ("\u200c", "⟨200C⟩"), ("\u200d", "⟨200D⟩")],
)
def test_visible(character, shown):
    assert visible(character) == shown


@given(texts)
def test_nothing_controls_what_stands_around_it(text):
    for shown, allowed in ((plain(text), "\n\t"), (on_one_line(text), "")):
        for c in set(shown) - set(allowed):
            assert unicodedata.category(c) not in ("Cc", "Cs"), ascii(c)
            assert unicodedata.bidirectional(c) not in ("RLO", "LRO", "RLE", "LRE", "RLI", "FSI")
    assert "\n" not in quoted(text) and quoted(text)[0] + quoted(text)[-1] == "“”"


@given(texts)
def test_halves_are_joined_or_replaced_and_all_else_stays(text):
    whole = "".join("\ufffd" if unicodedata.category(c) == "Cs" else c for c in text)
    assert joined(whole) == whole
    shown = joined(f"{whole}\ud83d\ude00{text}")
    assert shown.startswith(whole + "😀") and shown.encode()


def test_a_long_text_is_quoted_in_part():
    assert quoted("abcdef", 3) == "“abc…”" and quoted("abc", 3) == "“abc”"
