"""The text in a fetched file: out of an archive, several files in one, without the frame of a book.

Archives are read in memory and never unpacked to the disk, so no name in them leads anywhere. No
more of them is read than the text may be long, so a small one cannot grow without end. Built in
lesson 12.

    >>> book = "*** START OF THE PROJECT GUTENBERG EBOOK X ***\\nIt was.\\n*** END OF THE PROJECT"
    >>> without_frame(book + " GUTENBERG EBOOK X ***")
    'It was.\\n'
"""

import gzip
import io
import lzma
import re
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from minichar.decoding import marked_utf_16, read_text
from minichar.text import clean

DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error),
    *(EOFError, NotImplementedError, RuntimeError),  # cut off; packed in an unknown way; locked
)


def archived(path: Path, members: Sequence[str], limit: int) -> str:
    """The members of a zip or tar file whose names fit, one after another by name.

    `members` are patterns such as "*/kernel/*.c", in which * stands for anything. Where several
    members fit, those with characters beyond ASCII are left out, as in Python's own source: a few
    names with accents would add hundreds of characters to the alphabet.

    Raises ValueError for a damaged archive, for one that holds more than `limit` bytes, and for one
    without any such member.
    """
    read = _zipped if path.suffix == ".zip" else _tarred
    try:
        texts = dict(read(path, members, limit))
    except DAMAGED as error:
        raise ValueError(
            f"{path.name} is damaged ({error}): remove it and fetch it again."
        ) from None
    if len(texts) > 1:
        texts = {name: text for name, text in texts.items() if text.isascii()}
    if not texts:
        raise ValueError(f"{path.name} holds no {' and no '.join(members)}: it is another archive.")
    return clean("\n".join(texts[name] for name in sorted(texts)))


def _fits(name: str, members: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in members)


def _zipped(path: Path, members: Sequence[str], limit: int) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        left = limit
        for info in archive.infolist():
            if not info.is_dir() and _fits(info.filename, members):
                with archive.open(info) as file:
                    raw = file.read(left + 1)  # what the archive says of its length may be untrue
                left -= len(raw)
                if left < 0:
                    raise _too_much(path, limit)
                yield info.filename, raw.decode("utf-8", "replace")


def _tarred(path: Path, members: Sequence[str], limit: int) -> Iterator[tuple[str, str]]:
    opened = lzma.open(path) if path.suffix == ".xz" else gzip.open(path)
    with opened, tarfile.open(fileobj=_Bounded(opened, path, limit), mode="r|") as archive:
        for info in archive:
            if info.isreg() and _fits(info.name, members):  # no link is followed
                yield info.name, archive.extractfile(info).read().decode("utf-8", "replace")


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than `limit` bytes: all of a tar file passes through."""

    def __init__(self, stream: IO[bytes], path: Path, limit: int):
        self.stream, self.path, self.limit, self.left = stream, path, limit, limit

    def read(self, size: int = -1) -> bytes:
        piece = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(piece)
        if self.left < 0:
            raise _too_much(self.path, self.limit)
        return piece


def _too_much(path: Path, limit: int) -> ValueError:
    return ValueError(
        f"{path.name} holds more than {limit:,} bytes, far more than it should: remove it."
    )


START = re.compile(
    r"\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^*]{0,500}\*{3}"
    r"|\*END\*? ?THE SMALL PRINT![^\n]{0,200}\*END\*"  # before the year 2000
)
END = re.compile(
    r"\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG|^End of (?:the )?Project Gutenberg", re.M
)


def without_frame(text: str) -> str:
    """A book of Project Gutenberg without the notices before and after it; any other text as it is.

    The notices ask to be removed where the name Project Gutenberg is not to be used.
    """
    end = END.search(text)
    stop = end.start() if end else len(text)
    starts = [found.end() for found in START.finditer(text, 0, stop)]  # an old book may have two
    if not starts and not end:
        return text
    return text[starts[-1] if starts else 0 : stop].strip("\n") + "\n"


WIDE = re.compile(r"u(tf)?[-_ ]?(16|32)", re.I)  # encodings in which a letter has zeros beside it


def folder_text(folder: Path, limit: int, encoding: str | None = None) -> str:
    """All text files in a folder and in those within it, one after another by name.

    What is hidden or a link is left out, and so is what is not text: pictures, programs. A warning
    says how many files could not be read, and why the first of them.

    Raises IsADirectoryError when there is no text in it, ValueError for more than `limit` bytes and
    where nothing could be read.
    """
    paths = [p for p in _visible(folder) if p.stat().st_size]
    total = sum(p.stat().st_size for p in paths)
    if total > limit:
        raise ValueError(
            f"{folder} holds {total:,} bytes, more than the {limit:,} that are read at once: name "
            "a folder in it."
        )
    texts, unread = [], []
    for path in paths:
        try:
            with path.open("rb") as file:
                start = file.read(1024)
            if b"\0" in start and not marked_utf_16(start) and not WIDE.match(encoding or ""):
                continue
            texts.append(read_text(path, encoding))
        except (OSError, ValueError) as error:
            unread.append(str(error))
    if unread and not texts:
        raise ValueError(f"nothing in {folder} could be read: {unread[0]}")
    if unread:
        count = f"{len(unread)} file{'s' if len(unread) != 1 else ''}"
        warnings.warn(f"{folder}: {count} left out: {unread[0]}", stacklevel=3)
    if not texts:
        raise IsADirectoryError(
            f"{folder} is a folder without a text file in it; name a text file."
        )
    return "\n".join(texts)


def _visible(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _visible(path)
        elif path.is_file():
            yield path
