"""The grammars keep their own rules, for any seed, and wrote the shipped files byte for byte.

The rules are checked by readers that share nothing with the grammars; each is also shown a text
that breaks its rule, to be sure that it would notice.
"""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.datasets import catalogue, folder
from minichar.grammars import GRAMMARS, generate


def read_brackets(text: str) -> None:
    for line in text.splitlines():
        still_open = []
        for character in line:
            if character in "([{":
                still_open.append(")]}"["([{".index(character)])
                assert len(still_open) <= 8
            elif character in ")]}":
                assert still_open and still_open.pop() == character
            else:
                assert character == " " or character.isalpha()
        assert not still_open


def read_quotes(text: str) -> None:
    for line in text.splitlines():
        mark = None
        for character in line:
            if mark is None and character in "\"'`":
                mark = character
            elif character == mark:
                mark = None
        assert mark is None and line.endswith(".")


def read_environments(text: str) -> None:
    still_open = []
    for line in text.splitlines():
        assert line.count("{") == line.count("}") and line.count("$") in (0, 2)
        if end := re.fullmatch(r" *\\end{(\w+)}", line):
            assert still_open.pop() == end[1]
        if line:
            assert len(line) - len(line.lstrip()) == 2 * len(still_open)
        else:
            assert not still_open
        if begin := re.fullmatch(r" *\\begin{(\w+)}", line):
            still_open.append(begin[1])
    assert not still_open


def read_tags(text: str) -> None:
    for page in ElementTree.fromstring(f"<all>{text}</all>"):
        assert page.tag == "page" and len(page)


LENGTHS = {"4/4": 8, "3/4": 6, "6/8": 6}


def read_tunes(text: str) -> None:
    for tune in text.strip().split("\n\n"):
        head = re.match(r"X:\d+\nT:[\w ]+\nM:(\d/\d)\nL:1/8\nK:(\w+)\n", tune)
        lines = tune[head.end() :].splitlines()
        assert len(lines) == 4
        for part in (lines[0] + lines[1], lines[2] + lines[3]):
            assert part.startswith("|:") and part.endswith(":|")
            bars = [bar.strip() for bar in part.strip("|:").replace("||", "|").split("|")]
            assert len(bars) == 8 and bars[0] == bars[2] == bars[4] and bars[1] == bars[5]
            for bar in bars:
                notes = re.findall(r"([A-Ga-g])(\d?)", bar)
                assert "".join(a + b for a, b in notes) == bar.replace(" ", "")
                assert sum(int(length or 1) for _, length in notes) == LENGTHS[head[1]]
            assert bars[7][0] == head[2][0]  # ends on the note the key is named after


READERS = {
    "brackets": (read_brackets, "ta (lo [mi) ta]\n"),
    "quotes": (read_quotes, "ta \"lo' mi.\n"),
    "environments": (read_environments, "\\begin{lemma}\n  ta.\n\\end{proof}\n"),
    "tags": (read_tags, "<page><b>ta</i></page>\n"),
    "tunes": (read_tunes, "X:1\nT:Ta\nM:4/4\nL:1/8\nK:C\n" + "|: C8 | C8 | C8 | C7 |\nC8 |\n" * 2),
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_shipped_file_comes_out_byte_for_byte(name):
    assert generate(name).encode() == (folder() / f"{name}.txt").read_bytes()


def test_every_grammar_is_in_the_catalogue_and_has_a_reader():
    generated = {name for name, entry in catalogue().items() if entry.kind == "generated"}
    assert generated == set(GRAMMARS) == set(READERS)


@pytest.mark.parametrize("name", GRAMMARS)
@given(seed=st.integers(0, 2**32))
def test_whatever_opens_also_closes(name, seed):
    READERS[name][0](generate(name, length=1500, seed=seed))


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_reader_notices_a_broken_rule(name):
    reader, broken = READERS[name]
    with pytest.raises((AssertionError, ElementTree.ParseError)):
        reader(broken)


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_longer_text_begins_with_the_shorter_one_and_other_seeds_differ(name):
    short, long = generate(name, length=1000), generate(name, length=4000)
    assert long.startswith(short) and len(long) >= 4000
    assert generate(name, length=1000, seed=1) != short
    assert generate(name, length=len(short)) == short


def test_brackets_stay_open_over_long_distances():
    distances, still_open = [], []
    for place, character in enumerate(generate("brackets")):
        if character in "([{":
            still_open.append(place)
        elif character in ")]}":
            distances.append(place - still_open.pop())
    assert sum(d > 50 for d in distances) > 500 and sum(d > 200 for d in distances) > 50


def test_an_unknown_grammar_lists_those_there_are():
    with pytest.raises(ValueError, match="brackets, quotes"):
        generate("poems")
