"""The bytes of a file as text: which encoding they are in, and what to do if they are not text.

>>> decoded("café\\r\\n".encode(), "menu.txt")
'café\\n'
"""

import codecs
from pathlib import Path

from minichar.text import clean

# How a zip begins, as .docx and .odt are too; .gz, .xz, PDF, the .doc of old, and .rtf.
NO_TEXT = (b"PK\x03\x04", b"\x1f\x8b", b"\xfd7zXZ", b"%PDF-", b"\xd0\xcf\x11\xe0", b"{\\rtf")


def read_text(path: str | Path, encoding: str | None = None) -> str:
    """Read a whole text file, `clean` it and return it.

    The file is taken as UTF-8, with or without a byte-order mark, unless `encoding` names another.
    Reading holds the file's bytes and its text together, about 2 bytes a character for English.

    Raises ValueError for an empty file, for bytes that are not text in this encoding (saying where)
    and for an encoding that there is not, and the usual OSError for a file that cannot be read.
    """
    path = Path(path)
    return decoded(path.read_bytes(), path.name, encoding)


def decoded(raw: bytes, name: str, encoding: str | None = None) -> str:
    """The text in the bytes of a file called `name`, with the ValueErrors of `read_text`."""
    if raw.startswith(NO_TEXT):
        what, then = "an archive, a PDF or an office document", "save what is in it as text first"
        if name.endswith(".npz"):
            what, then = "a model, or other arrays", "give the text that it is to read"
        raise ValueError(f"{name} is not text but {what}: {then}.")
    if encoding is None:
        encoding = marked(raw)
    if encoding is None and (found := unmarked_utf_16(raw[:64])):
        raise ValueError(
            f'{name} is not UTF-8 text. It looks like another encoding: give encoding="{found}".'
        )
    try:
        text = raw.decode(encoding or "utf-8").removeprefix("\ufeff")  # the byte-order mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name} is not {encoding or 'UTF-8'} text: byte 0x{raw[error.start]:02x} "
            f"at position {error.start} (line {line}). Save it as UTF-8, or name its encoding, "
            'for instance encoding="cp1252" (Western Europe) or encoding="gb18030" (China).'
        ) from None
    except LookupError:
        raise ValueError(
            f'Python knows no encoding called "{encoding}"; try "utf-8" or "cp1252".'
        ) from None
    if not text or text.isspace():
        raise ValueError(f"{name} is empty: there is no text in it.")
    return clean(text)


def marked(raw: bytes) -> str | None:
    """The encoding that the mark at the beginning of a file tells, "utf-32" or "utf-16"."""
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"  # asked first: its mark begins as that of UTF-16 does
    return "utf-16" if marked_utf_16(raw) else None


def marked_utf_16(raw: bytes) -> bool:
    """Whether a file begins with the mark of UTF-16."""
    return raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def unmarked_utf_16(start: bytes) -> str | None:
    """Which UTF-16 begins like this, without a mark: letters of ASCII have a zero beside them."""
    low, high = (start[k::2].count(0) > max(1, len(start) // 4) for k in (0, 1))
    return None if low == high else "utf-16-be" if low else "utf-16-le"
