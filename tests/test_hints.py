"""Hints come in layers, folded, and safe to stand in a notebook."""

import pytest

from minichar.course.checking import hint
from minichar.course.comparing import NotThere
from minichar.course.hints import folded


def test_hints_are_folded_and_come_in_layers(mini):
    whole = hint("90.1")
    assert "exp(1000) overflows." in repr(whole) and "Divide" not in repr(whole)
    assert 'hint("90.1", 2)' in repr(whole)
    assert "Divide" in repr(hint("90.1", 2)) and "overflows" not in repr(hint("90.1", 2))
    assert whole._repr_markdown_().count("<details>") == 2
    assert "<summary>What is <code>max</code> for?</summary>\n\nexp" in whole._repr_markdown_()
    assert hint("90.1", 2)._repr_markdown_().count("<details>") == 1
    with pytest.raises(NotThere, match="hints 1 to 2, not 3"):
        hint("90.1", 3)


def test_headings_of_hints_are_escaped():
    assert "<summary>p &lt; <code>q</code> &amp; r</summary>" in folded("p < `q` & r", "x")
