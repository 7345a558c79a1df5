"""Fetching a text once and keeping it: checked, resumed where it broke off, never half there.

The texts that cannot come with the course lie in a folder of the user's (`folder`), under their
names in the catalogue. What arrives is compared with the SHA-256 of the catalogue. Where it has
none, the first download is trusted and its SHA-256 noted beside it: from then on, anything else is
an error. Nothing is printed; `tell` is called with the progress. Built in lesson 12.

    path = fetch(datasets.catalogue()["shakespeare"])
"""

import hashlib
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minichar.transfer import (
    CHUNK,
    NotFetched,
    Source,
    Tell,
    by_hand,
    mark,
    plainly,
    refuse_page,
    size,
    transfer,
)


def folder() -> Path:
    """Where fetched texts lie: the folder MINICHAR_DATA names, or else this user's cache folder."""
    if own := os.environ.get("MINICHAR_DATA"):
        return Path(own).expanduser().absolute()
    if sys.platform == "emscripten":  # in a browser nothing is fetched, and there is no pooch
        return Path("fetched").absolute()
    import pooch  # takes a tenth of a second

    return Path(pooch.os_cache("minichar"))


def place(source: Source) -> Path:
    """The file that this text is kept in, whether it is there already or not."""
    path = urlsplit(source.url).path
    known = (".tar.gz", ".tar.xz", ".zip")
    return folder() / (source.name + next((e for e in known if path.endswith(e)), ".txt"))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits; a file of 100 MB takes a tenth of a second."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(source: Source) -> Path:
    """Where the SHA-256 of the first download is noted, in the format of sha256sum."""
    return folder() / f"{source.name}.sha256"


def expected(source: Source) -> str | None:
    """The SHA-256 that this text must have: the catalogue's, or that of the first download."""
    note = _note(source)
    noted = note.read_text("ascii", "replace").split() if note.is_file() else []
    return source.sha256 or (noted[0] if noted else None)


def verified(source: Source) -> Path:
    """The file of a fetched text, once its digest has been checked.

    Raises FileNotFoundError when it is not on this computer yet, NotFetched when it has changed.
    """
    path = place(source)
    if not path.is_file():
        raise FileNotFoundError(
            f"{source.name} is not on this computer yet. Fetch it ({size(source.bytes)}): minichar "
            f'data get {source.name}, or in Python load_text("{source.name}", download=True). '
            f"Without a network: minichar data show {source.name} says how."
        )
    if expected(source) not in (None, digest_of(path)):
        raise NotFetched(
            f"{path} is damaged: it is no longer what was fetched. "
            f"Fetch it again: minichar data get {source.name}"
        )
    _remember(source, path)
    return path


def _remember(source: Source, path: Path) -> None:
    if expected(source) is None:
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(f"{digest_of(path)}  {path.name}\n", "ascii")
        os.replace(fresh, _note(source))


def fetch(source: Source, tell: Tell | None = None) -> Path:
    """Have this text on this computer and return its file; what is there already is not fetched.

    A download that broke off goes on where it stopped, if the server can do that and the file there
    is still the same one. Raises NotFetched, with one line on what happened and what to do; then
    nothing is kept but the beginning of a download that can go on.
    """
    path = place(source)
    if path.is_file() and expected(source) in (None, digest_of(path)):
        _remember(source, path)
        return path
    if sys.platform == "emscripten":
        raise NotFetched(
            f"{source.name}: Python in a browser cannot fetch texts; upload it instead"
        )
    import pooch  # takes a tenth of a second, and requests as long again
    from pooch.utils import get_logger

    part = path.with_name(f"{path.name}.part")
    arrived = []

    def bring(url: str, file: str, _: Any) -> None:
        transfer(source, part, tell)
        arrived.append(digest_of(part))
        os.replace(part, file)

    wanted, logger = expected(source), get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)  # pooch would print what it does
    try:
        with plainly(source, part):
            known = f"sha256:{wanted}" if wanted else None
            path.unlink(missing_ok=True)  # damaged, or it would have been returned above
            pooch.retrieve(source.url, known, path.name, path.parent, downloader=bring)
    except ValueError:  # the wrong digest, says pooch, and has removed the file
        if not arrived:
            raise
        raise _wrong(source, arrived[0]) from None
    finally:
        logger.setLevel(level)
        if mark(part).exists() and not part.exists():
            mark(part).unlink()
    _remember(source, path)
    return path


def _wrong(source: Source, found: str, file: Path | None = None) -> NotFetched:
    what, then = (file, "not kept; the file is as it was") if file else ("what came", "thrown away")
    if source.sha256:
        said = f"its SHA-256 is {found[:12]}…, not {source.sha256[:12]}…, so it was {then}."
        again = "" if file else f" Try again later, or {by_hand(source)}"
        return NotFetched(f"{what} is not {source.name}: {said}{again}")
    return NotFetched(
        f"{what} is not the {source.name} that was fetched first (SHA-256 {found[:12]}…), so it "
        f"was {then}. To trust it anyway, forget the first one: minichar data remove "
        f"{source.name}"
    )


def add(source: Source, file: str | os.PathLike[str]) -> Path:
    """Keep a copy of a file that was saved by hand, as if it had been fetched; return the copy.

    Raises NotFetched for a file that is not this text, and OSError for one that cannot be read.
    """
    file, path = Path(file), place(source)
    with file.open("rb") as opened:
        beginning = opened.read(CHUNK)
    try:
        refuse_page(source, "", beginning)
    except NotFetched:
        what = "a web page, or another kind of file"
        raise NotFetched(f"{file} is not {source.name} but {what}: {by_hand(source)}") from None
    found = digest_of(file)
    if expected(source) not in (None, found):
        raise _wrong(source, found, file)
    part = path.with_name(f"{path.name}.new")
    with plainly(source, part):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, part)
        os.replace(part, path)
    _remember(source, path)
    return path


def remove(source: Source) -> bool:
    """Remove the file of a text and what is noted of it; False if there was nothing."""
    path = place(source)
    part = path.with_name(f"{path.name}.part")
    gone = [f for f in (path, _note(source), part, mark(part)) if f.exists()]
    for file in gone:
        file.unlink()
    return bool(gone)
