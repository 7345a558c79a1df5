"""Bringing one file over the network; if that fails, one line says why, and what to do about it.

A download that broke off goes on where it stopped; a page of a proxy is not taken for the file.
downloads.py keeps it, and knows its SHA-256. Built in lesson 12.

    with plainly(source, part):
        transfer(source, part, tell)
"""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

CHUNK = 1 << 16  # bytes between two words to `tell`
PATIENCE = (10, 60)  # seconds to wait for a connection, and then for its next bytes
PACKED = {".zip": b"PK", ".gz": b"\x1f\x8b", ".xz": b"\xfd7zXZ"}  # what an archive begins with
LARGEST = 1 << 30  # bytes, where the catalogue does not say how long a file is

Tell = Callable[[int, int | None], None]  # bytes so far, and bytes in all if that is known


class NotFetched(OSError):
    """A text could not be fetched; the message says why, and what to do."""


class Source(Protocol):
    """What has to be known of a file: an entry of the catalogue knows it."""

    name: str
    url: str
    sha256: str | None
    bytes: int | None  # about how long the file is


def size(count: int | None) -> str:
    """A number of bytes as people say it: '228 kB', '36.4 MB'; of None, 'size not known'."""
    if count is None:
        return "size not known"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count // 1000, 1)} kB"


def by_hand(source: Source) -> str:
    """How to get this text where there is no network."""
    return f"save {source.url} with a browser and run: minichar data add {source.name} FILE"


def mark(part: Path) -> Path:
    """The file beside a partial one: its ETag or date, by which the server knows the version."""
    return part.with_name(f"{part.name}.version")


def transfer(source: Source, part: Path, tell: Tell | None) -> None:
    """Bring the whole file into `part`, going on after what is there."""
    import requests  # comes with pooch

    begun = part.stat().st_size if part.exists() else 0
    noted = mark(part).read_text("ascii", "ignore").split() if mark(part).exists() else []
    version = " ".join(noted)
    headers = {"Accept-Encoding": "identity", "User-Agent": "minichar"}  # the bytes as they are
    if begun and (version or source.sha256):
        headers["Range"] = f"bytes={begun}-"
        if version:
            headers["If-Range"] = version  # if it has changed, all of it comes
    with requests.get(source.url, headers=headers, stream=True, timeout=PATIENCE) as answer:
        ranges = answer.headers.get("Content-Range", "")
        other = answer.status_code == 206 and not ranges.startswith(f"bytes {begun}-")
        if begun and (other or answer.status_code == 416):  # not what follows on what is there
            part.unlink()
            return transfer(source, part, tell)
        if other or answer.status_code not in (200, 206):
            raise requests.HTTPError(response=answer)
        if answer.status_code == 200:
            begun = 0
        partly = answer.status_code == 206
        whole = ranges.rpartition("/")[2] if partly else answer.headers.get("Content-Length", "")
        total = int(whole) if whole.isascii() and whole.isdigit() else None
        largest = 2 * source.bytes if source.bytes else LARGEST
        if total and total - begun > shutil.disk_usage(part.parent).free:
            raise OSError(errno.ENOSPC, "")
        strong = answer.headers.get("ETag", "")
        version = "" if strong.startswith("W/") else strong
        version = version or answer.headers.get("Last-Modified", "")
        mark(part).write_text(version if version.isascii() else "", "ascii")
        done = begun
        with part.open("ab" if begun else "wb") as file:
            for piece in answer.iter_content(CHUNK):
                if not done:
                    refuse_page(source, answer.headers.get("Content-Type", ""), piece)
                file.write(piece)
                done += len(piece)
                if done > largest:
                    raise NotFetched(
                        f"{source.name} should have at most {size(largest)}, and more came, so it "
                        f"was thrown away. Try again later, or {by_hand(source)}"
                    )
                if tell:
                    tell(done, total)
    if not done:
        raise NotFetched(f"{source.name} arrived empty. Try again, or {by_hand(source)}")
    if source.bytes and not source.sha256 and done < source.bytes / 2:
        raise NotFetched(
            f"{source.name} should have {size(source.bytes)}, and only {size(done)} came: a proxy "
            f"may be in front of {urlsplit(source.url).hostname}. Without it: {by_hand(source)}"
        )
    if total is not None and part.stat().st_size != total:
        raise NotFetched(
            f"{source.name} was mixed up with something else, perhaps a second download of it at "
            f"the same time, so it was thrown away. Run again: minichar data get {source.name}"
        )


def refuse_page(source: Source, kind: str, beginning: bytes) -> None:
    """A page of a proxy, or a log-in page, may come with a cheerful 200 in place of the file.

    Raises NotFetched for a web page, and for what is not an archive although its address ends so.
    """
    start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower()
    if kind.startswith("text/html") or start.startswith((b"<!doctype html", b"<html")):
        raise NotFetched(
            f"a web page came in place of {source.name}: a proxy or a log-in page may be in front "
            f"of {urlsplit(source.url).hostname}. Without it: {by_hand(source)}"
        )
    packed = PACKED.get(Path(urlsplit(source.url).path).suffix, b"")
    if not beginning.startswith(packed):
        raise NotFetched(
            f"what came in place of {source.name} is not an archive: a proxy may be in front of "
            f"{urlsplit(source.url).hostname}. Without it: {by_hand(source)}"
        )


@contextmanager
def plainly(source: Source, part: Path) -> Iterator[None]:
    """Turn what can go wrong into one line; keep `part` only where it can go on."""
    import requests

    host = urlsplit(source.url).hostname
    try:
        yield
    except requests.RequestException as error:
        broke = part.exists() and part.stat().st_size
        if isinstance(error, requests.HTTPError):
            status = f"{error.response.status_code} ({error.response.reason})"
            raise NotFetched(
                f"{host} does not give out {source.name}: it answers {status}. Try again later, or "
                f"find the file elsewhere and run: minichar data add {source.name} FILE"
            ) from None
        if isinstance(error, requests.exceptions.SSLError):
            what = f"the certificate of {host} is not trusted here; a proxy may be in between"
        elif broke:
            again = f"run minichar data get {source.name} again: it goes on from there"
            what = f"the connection to {host} broke after {size(broke)}; {again}"
        elif isinstance(error, requests.Timeout):
            what = f"{host} does not answer; try again later"
        else:
            what = f"there is no connection to {host}; check your network"
        raise NotFetched(f"{what}. Without a network: {by_hand(source)}") from None
    except OSError as error:
        if part.exists():
            part.unlink()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NotFetched(
                f"the disk is full: {source.name} needs {size(source.bytes)} in {part.parent}. "
                "Make room, or set MINICHAR_DATA to a folder on another disk"
            ) from None
        if isinstance(error, NotFetched):
            raise
        raise NotFetched(
            f"{source.name} cannot be kept in {part.parent} ({error.strerror or error}). Set "
            "MINICHAR_DATA to a folder where you may write"
        ) from None
