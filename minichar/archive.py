"""A file of arrays, written whole or not at all, and read without trust.

It is an .npz, which is a zip: `header.json` says what the arrays are, each lies beside it as an
.npy, not compressed. There is no pickle in it, and nothing in it is run. A reader says which array
it expects, of which shape and type; whatever differs is refused before memory is made for it, and
damage is found by the zip's checksums. checkpoint.py keeps models in such files, from lesson 08.

    write("some.npz", {"unit": "nats"}, {"losses": np.zeros(100)})
    with opened("some.npz") as archive:
        losses = archive.array("losses", (100,), "float64")
        archive.finish()
"""

import json
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

HEADER, CONTENTS = 1 << 16, 1 << 20  # bytes: a longer header or list of contents is none of ours


class BadModelFile(ValueError):
    """A file that cannot be loaded. The message is one line: which file, why, and what to do."""


class Unfit(ValueError):
    """What is found to be wrong while reading; `refusing` makes it a BadModelFile."""


def spoken(error: Exception) -> str:
    """What went wrong; where the system said so, with the file: 'a.txt: No such file …'."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    name = error.filename2 or error.filename  # of two files the one it should have become
    return f"{name}: {error.strerror}" if name else error.strerror


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when it is whole and on the disk, or not at all.

    So the old file survives an error, a full disk, and a process that is killed; the last may leave
    a hidden .tmp beside it. An OSError names `path`, and not that.
    """
    asked, path = str(path), Path(path).resolve()  # where a link leads to, so that the link stays
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(new, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # who may read the old one may read the new one
            os.chmod(new, path.stat().st_mode & 0o777)
        os.replace(new, path)
    except BaseException as error:
        with suppress(OSError):  # where there is no such folder
            new.unlink()
        if isinstance(error, OSError) and error.strerror:
            raise OSError(error.errno, error.strerror, asked) from None
        raise
    with suppress(OSError):  # the folder too has news to write down; not every system lets us ask
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write(path: str | Path, header: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Write `header`, anything that JSON can hold, and the arrays to `path`, by `replacing` it.

    The same contents give the same bytes. Raises ValueError for a header that is too long or holds
    a nan, OSError where the disk refuses.
    """
    text = json.dumps(header, allow_nan=False, default=np.generic.item).encode()
    if len(text) > HEADER:
        raise ValueError(f"a header of {len(text)} bytes is longer than the {HEADER} allowed")
    with replacing(path) as file, zipfile.ZipFile(file, "w", allowZip64=False) as archive:
        with archive.open(zipfile.ZipInfo("header.json"), "w") as member:  # ZipInfo: dated 1980
            member.write(text)
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                array = np.asarray(array, order="C")
                np.lib.format.write_array(member, array, allow_pickle=False)


class Archive:
    """An open file of `write`: its `header`, and its arrays one by one.

    Raises Unfit for a file that is not as `write` makes them, and whatever zipfile, json and numpy
    make of a damaged one: to be used inside `refusing`.
    """

    def __init__(self, file: IO[bytes]):
        self.name = Path(file.name).name
        self.size = os.fstat(file.fileno()).st_size
        _check_end(file, self.size)  # before zipfile makes memory for what it says
        self.zip = zipfile.ZipFile(file)
        members = self.zip.infolist()
        self.unread = {m.filename for m in members}
        if len(self.unread) < len(members):
            raise Unfit("two of its parts have the same name")
        # Of a zip bomb the parts are packed, or several of them share their bytes.
        packed = any(m.compress_type or m.file_size != m.compress_size for m in members)
        if packed or sum(m.file_size for m in members) > self.size:
            raise Unfit("its parts claim to be larger than they are")
        with self._open("header.json") as member:
            text = member.read(HEADER + 1)
        if len(text) > HEADER:
            raise Unfit("its header is too long")
        self.header = json.loads(text)

    def _open(self, name: str) -> IO[bytes]:
        self.unread.discard(name)
        return self.zip.open(name)

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """The array of this name, which must have this shape and type, and only finite numbers."""
        with self._open(f"{name}.npy") as member:
            if np.lib.format.read_magic(member) != (1, 0):
                raise Unfit(f"{name} is in another version of the .npy format")
            found = np.lib.format.read_array_header_1_0(member, max_header_size=1000)
            if found != (shape, False, np.dtype(dtype)):  # False: row by row, as `write` does
                raise Unfit(f"{name} is {found[2]} {found[0]}, and {dtype} {shape} is needed")
            size = prod(shape) * np.dtype(dtype).itemsize
            data = member.read(size + 1)  # one more: checksums are compared at the end
        if len(data) != size:
            raise Unfit(f"{name} does not have the length that it should")
        array = np.frombuffer(data, dtype).reshape(shape)
        if not np.isfinite(array).all():
            raise Unfit(f"{name} holds numbers that are not finite")
        return array

    def finish(self) -> None:
        """Raises Unfit when something in the file was never asked for."""
        if self.unread:
            raise Unfit(f"it holds {min(self.unread)!r}, which does not belong there")


def _check_end(file: IO[bytes], size: int) -> None:
    """Refuse a zip that does not end with its last record, or has a long list of contents.

    That record has 22 bytes. In a zip above 4 GiB, which is refused, 20 of another precede it.
    """
    file.seek(max(0, size - 42))
    tail = file.read()
    before, last = tail[:20], tail[20:]
    if len(tail) < 42 or not last.startswith(b"PK\5\6") or not last.endswith(b"\0\0"):
        raise Unfit("it is cut short, or something was added at its end")
    contents = int.from_bytes(last[12:16], "little")
    if before.startswith(b"PK\6\7") or contents > CONTENTS:
        raise Unfit("its list of contents is too long")


@contextmanager
def refusing(path: str | Path) -> Iterator[None]:
    """Whatever a damaged file does to its readers inside is raised as BadModelFile."""
    try:
        yield
    except (BadModelFile, MemoryError):  # the second may come of a sound file, and a small computer
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, Unfit) else "it is damaged, or not a model at all"
        reason = " ".join(reason[:200].split())  # it may quote the file, which may say anything
        message = f"{Path(path).name} cannot be loaded: {reason}; use an earlier copy"
        raise BadModelFile(message) from error


@contextmanager
def opened(path: str | Path) -> Iterator[Archive]:
    """The archive at `path`, to read from. Raises BadModelFile, and OSError where there is none."""
    with open(path, "rb") as file, refusing(path):
        yield Archive(file)
