"""Text files of all kinds, and files that are none."""

import gzip

import numpy as np
import pytest

from minichar.decoding import NO_TEXT, read_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b"one\rtwo\r", "one\ntwo\n"),
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (b"\xef\xbb\xbfone", "one"),
        ("o😀e\u0301".encode(), "o😀é"),
        ("one".encode("utf-16"), "one"),
        ("one".encode("utf-32"), "one"),  # its mark begins as that of UTF-16 does
        ("\ufeffone".encode("utf-16-be"), "one"),
        ("\ufeffone".encode("utf-32-be"), "one"),
    ],
)
def test_read_text(tmp_path, raw, text):
    path = tmp_path / "some.txt"
    path.write_bytes(raw)
    assert read_text(path) == text


def test_a_file_that_is_not_utf8_says_where_and_what_to_do(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("one\ncafé\n".encode("latin-1"))
    with pytest.raises(
        ValueError, match=r"latin.txt is not UTF-8.*0xe9 at position 7 \(line 2\).*cp1252"
    ):
        read_text(path)
    assert read_text(path, encoding="latin-1") == "one\ncafé\n"
    path.write_bytes(b"\xff\xfehi")  # the mark of UTF-16, if nobody says what it is
    assert read_text(path, encoding="latin-1") == "ÿþhi"
    with pytest.raises(ValueError, match="no encoding called"):
        read_text(path, encoding="latin-99")


def test_a_byte_order_mark_is_no_character_and_moves_no_byte(tmp_path):
    path = tmp_path / "marked.txt"
    path.write_bytes(b"\xef\xbb\xbfone")
    assert read_text(path, encoding="utf-8") == "one"
    path.write_bytes("one".encode("utf-16"))
    assert read_text(path, encoding="utf-16-le") == "one"
    path.write_bytes(b"\xef\xbb\xbfcaf\xe9")
    with pytest.raises(ValueError, match="byte 0xe9 at position 6 "):
        read_text(path)


@pytest.mark.parametrize("raw", [*NO_TEXT, gzip.compress(b"one", mtime=0), rb"{\rtf1\ansi Roses}"])
@pytest.mark.parametrize("encoding", [None, "latin-1"])
def test_an_archive_or_a_pdf_is_no_text_in_whatever_encoding(tmp_path, raw, encoding):
    path = tmp_path / "some.txt"
    path.write_bytes(raw + b" and so on")
    with pytest.raises(ValueError, match=r"some.txt is not text but an archive, a PDF or"):
        read_text(path, encoding)


def test_a_model_given_as_a_text_is_told_from_a_document(tmp_path):
    path = tmp_path / "my.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ValueError, match=r"^my.npz is not text but a model, or other arrays: give"):
        read_text(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["one\n" * 99, "é “x” of it\n" * 99, "hi"])
def test_utf_16_without_a_mark_is_told(tmp_path, encoding, text):
    path = tmp_path / "wide.txt"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=f'wide.txt is not UTF-8.*encoding="{encoding}"'):
        read_text(path)
    assert read_text(path, encoding) == text


@pytest.mark.parametrize("text", ["a", "a\0b", "one\0\0", "\0" * 9 + "one"])
def test_a_zero_here_and_there_is_a_character(tmp_path, text):
    path = tmp_path / "zero.txt"
    path.write_text(text)
    assert read_text(path) == text


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, raw):
    path = tmp_path / "empty.txt"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"empty.txt is empty"):
        read_text(path)
