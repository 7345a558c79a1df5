"""Hints come in layers, folded, and safe to stand in a notebook."""

import pytest

from minichar.course.checking import hint
from minichar.course.comparing import NotThere
from minichar.course.hints import Hint, folded


def test_hints_are_folded_and_come_in_layers(mini):
    whole = hint("90.1")
    assert "exp(1000) overflows." in repr(whole) and "Divide" not in repr(whole)
    assert 'hint("90.1", 2)' in repr(whole)
    assert repr(hint("90.1", 2)) == "Exercise 90.1 (softmax)\n2. Then?\n   Divide, z < 0 too."
    assert whole._repr_markdown_().count("<details>") == 2
    assert "<summary>What is <code>max</code> for?</summary>\n\nexp" in whole._repr_markdown_()
    second = hint("90.1", 2)._repr_markdown_()
    assert second.count("<details>") == 1 and "Divide" in second
    for layer in (0, 3):
        with pytest.raises(NotThere, match=f"hints 1 to 2, not {layer}"):
            hint("90.1", layer)
    assert repr(Hint("1.1 (f)", [("a", "b\n\nc")])) == "Exercise 1.1 (f)\n1. a\n   b\n\n   c"


def test_headings_of_hints_are_escaped():
    assert "<summary>p's &lt; <code>q</code> &amp; r</summary>" in folded("p's < `q` & r", "x")
