"""Features of a text: by hand, against slow counting, and never looking ahead."""

import io
import sysconfig
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.decoding import read_text
from minichar.features import FEATURES, inside_quotes, tabulate

BY_HAND = [  # name, text, a digit for each character
    ("line_position", "ab\n\nc", "12001"),
    ("line_position", "\n", "0"),
    ("indentation", "  x y\n\tz\n a", "12222011011"),
    ("indentation", "a b", "000"),
    ("indentation", "  \n\nx", "12000"),
    ("after_newline", "a\n\nb", "0110"),
    ("vowel", "Aé yo", "10001"),
    ("word_position", "ab_1 c-dé", "123401012"),
    ("inside_url", "see http://a.b/c?d, x", "000000000011111111100"),
    ("inside_url", "http:/x ftp://x", "000000000000000"),
    ("inside_url", '"https://x" y', "0000000011000"),
    ("inside_tag", "a<b>c</b> 1 < 2", "001000110000000"),
    ("inside_tag", "<a <b>", "011010"),
    ("inside_tag", "<!a><?b> c", "0110011000"),
    ("inside_quotes", "'a' \"b'\" c", "1100111000"),
    ("inside_quotes", r"'\'a\\' b", "111111000"),  # an escaped quote, an escaped backslash
    ("inside_quotes", "'a\nb'c\nd", "11001100"),  # a stray one ends with its line,
    ("inside_quotes", "'a\\\nb' c", "11111000"),  # but for a backslash before the line end
    ("inside_quotes", "'''a'\n''b''' c", "10111111111000"),
    ("inside_quotes", "'' x", "1000"),
    ("inside_quotes", "''\"a\" b", "1011000"),  # an empty one, and another with other marks
    ("inside_quotes", "'''''\\''x''' y", "10111111111000"),  # three in a row, and none before \
    ("inside_quotes", '"""\\"""" x', "1011111000"),
    ("inside_quotes", "# it's\n'a'", "0000000110"),
    ("inside_quotes", "f'{x[\"a\"]}' y", "0111111111000"),
    ("inside_comment", "a # b's\n'#' #", "0011111000001"),
    ("bracket_depth", "(a[{)]", "112321"),
    ("bracket_depth", "')' ) ( # (\n(", "0000001111112"),
]


@pytest.mark.parametrize("name, text, digits", BY_HAND)
def test_by_hand(name, text, digits):
    found = FEATURES[name](text)
    assert "".join(f"{x:.0f}" for x in found) == digits
    assert found.dtype == float and found.shape == (len(text),)


def test_every_feature_is_among_them():
    assert {name for name, _, _ in BY_HAND} == set(FEATURES)


alphabet = st.text(st.sampled_from("ab \t\n\"'\\#()[]{}<>/:httpsé_1🙂"), max_size=60)


@pytest.mark.parametrize("name", FEATURES)
@given(text=alphabet, more=alphabet)
def test_what_comes_later_changes_nothing(name, text, more):
    np.testing.assert_array_equal(FEATURES[name](text + more)[: len(text)], FEATURES[name](text))


@given(alphabet)
def test_counting_slowly(text):
    line = word = indent = 0
    leading, slow = True, []
    for c in text:
        line = 0 if c == "\n" else line + 1
        word = word + 1 if c.isalnum() or c == "_" else 0
        if c == "\n":
            indent, leading = 0, True
        elif leading and c in " \t":
            indent += 1
        else:
            leading = False
        slow.append((line, word, indent))
    for k, name in enumerate(("line_position", "word_position", "indentation")):
        assert FEATURES[name](text).tolist() == [row[k] for row in slow], name


def spans(source):
    """Where Python's own tokenizer finds quotes and comments: two arrays, as the features have."""
    starts = np.cumsum([0, *(len(line) for line in source.splitlines(keepends=True))])
    quotes, comments, nested = np.zeros(len(source)), np.zeros(len(source)), []
    f_start, f_end = (getattr(tokenize, f"FSTRING_{n}", None) for n in ("START", "END"))  # 3.12
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        if f_start is not None and token.type == f_start:
            nested.append((begin, token.string))
            continue
        opening = token.string
        if f_end is not None and token.type == f_end:
            begin, opening = nested.pop()
        elif token.type == tokenize.COMMENT:
            comments[begin:end] = 1
        if token.type in (tokenize.STRING, f_end) and not nested:
            begin += next(i for i, c in enumerate(opening) if c in "'\"")
            quotes[begin : end - 1] = 1
            if source[begin : begin + 3] in ("'''", '"""'):
                quotes[begin + 1] = 0  # after two marks it might still be an empty string
    return quotes, comments


@pytest.mark.parametrize("name", ["abc", "argparse", "string", "textwrap", "tokenize"])
def test_quotes_and_comments_are_where_pythons_own_tokenizer_finds_them(name):
    source = read_text(Path(sysconfig.get_path("stdlib")) / f"{name}.py")
    quotes, comments = spans(source)
    assert quotes.any() and comments.any()
    np.testing.assert_array_equal(inside_quotes(source), quotes)
    np.testing.assert_array_equal(FEATURES["inside_comment"](source), comments)


def test_prose_takes_its_own_marks():
    assert inside_quotes('don\'t say "no" ', '"').tolist() == [0] * 10 + [1] * 3 + [0, 0]


def test_a_table_of_features_your_own_among_them():
    table = tabulate("aB\n", {"capital": lambda text: [c.isupper() for c in text]} | FEATURES)
    assert table.shape == (3, 1 + len(FEATURES)) and table.dtype == np.float32
    assert table[:, 0].tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match=r"'short'.*\(2,\).*\(3,\)"):
        tabulate("abc", {"short": lambda text: [0, 1]})
    with pytest.raises(ValueError, match="'odd' is inf at character 1"):
        tabulate("abc", {"odd": lambda text: [0, np.inf, np.nan]})


@pytest.mark.parametrize("name", FEATURES)
def test_any_text_will_do(name):
    for text in ("", "\ud800", "\0", '"', "'" * 7, "\\" * 5):
        assert FEATURES[name](text).shape == (len(text),)
