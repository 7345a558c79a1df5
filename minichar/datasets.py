"""The texts of the course: some come with it, some with Python, and some are fetched when wanted.

`datasets/catalogue.toml` says of each what it is, how long it is, its licence and where it is from.
`load_text` takes a name from there, or the path of a text of your own. Most lessons use "names";
lesson 12 lists them all. downloads.py fetches, unpacking.py opens archives.

    >>> load_text("names").splitlines()[:4]
    ['mildred', 'elvira', 'rosalinde', 'andrea']
    >>> catalogue()["tunes"]
    tunes: dance tunes in ABC notation (generated; 40,013 characters, 47 different; CC0-1.0)
"""

import difflib
import os
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from minichar import downloads
from minichar.decoding import read_text
from minichar.text import clean

ROOM = 5  # an archive may hold this many times the characters it should, or its own bytes
LARGEST = 1 << 30  # bytes of a folder of your own


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows about one text; catalogue.toml explains the kinds."""

    name: str
    title: str
    kind: str  # file | generated | installed | download
    characters: int  # how many; without an alphabet only about right
    licence: str
    source: str
    alphabet: int | None = None  # how many different characters, where that is certain
    sha256: str | None = None  # of the file's bytes, where there is a file
    url: str = ""  # of a download: where it is fetched
    bytes: int | None = None  # of a download: about how many are fetched
    members: Sequence[str] = ()  # of an archive: patterns of the names of the files that are meant
    gutenberg: bool = False  # whether the notices before and after the book are to be cut off
    validation: float | None = None  # the share that the article held out, where it says so
    note: str = ""  # what else to know

    def __repr__(self) -> str:
        size = f"{self.characters:,} characters"
        size = f"{size}, {self.alphabet} different" if self.alphabet else f"about {size}"
        return f"{self.name}: {self.title} ({self.kind}; {size}; {self.licence})"

    @property
    def here(self) -> bool:
        """Whether the text can be loaded without a network."""
        if self.name == "markup":  # Python in a browser comes without its help pages
            return find_spec("pydoc_data") is not None
        return self.kind != "download" or downloads.place(self).is_file()


def folder() -> Path:
    """The folder of the shipped texts: beside the package, or inside it in an installed copy.

    Raises FileNotFoundError when neither is there.
    """
    package = Path(__file__).resolve().parent
    for place in (package.parent / "datasets", package / "_datasets"):
        if (place / "catalogue.toml").is_file():  # a folder of that name might be somebody else's
            return place
    raise FileNotFoundError(
        f"there is no datasets/catalogue.toml in {package.parent}: "
        "fetch the course again, or put its folder datasets/ back there."
    )


def catalogue() -> dict[str, Entry]:
    """Every text that `load_text` knows by name, in the catalogue's order."""
    tables = tomllib.loads((folder() / "catalogue.toml").read_text(encoding="utf-8"))
    return {name: Entry(name=name, **facts) for name, facts in tables.items()}


def networks() -> dict[str, Path]:
    """The files of the LSTMs that come with the course, by the names of their texts."""
    return {path.stem: path for path in sorted((folder() / "weights" / "lstm").glob("*.npz"))}


def at_hand() -> list[str]:
    """The names of the texts that can be loaded without a network, in the catalogue's order."""
    return [name for name, entry in catalogue().items() if entry.here]


def load_text(
    name_or_path: str | os.PathLike[str], encoding: str | None = None, download: bool = False
) -> str:
    """Return a text of the catalogue by its name, or the text file at this path.

    A name comes before a file called the same in the working folder: that file is "./names".
    For a folder, all the text files in it come one after another. `encoding` is for files of your
    own that are not UTF-8. A text that is not on this computer yet is an error which says how to
    get it, unless `download` is true: nothing goes over the network unasked.

    Memory, in bytes a character: the text is kept in w, which is 1 for English, and 2 or 4 where a
    single character is beyond Latin-1 or an emoji, as in Wikipedia: all in a str are equally wide.
    Reading takes up to 2 w + 1, but some 7 for Russian and 11 for Chinese; a `Training` keeps w + 4
    (the number of each), and 2 w + 4 while it begins. So 100 MB of English trains in some 600 MB.

    Raises FileNotFoundError for what is neither (naming the nearest of both) and for what is not
    fetched yet, NotFetched (an OSError) when fetching fails, IsADirectoryError for a folder without
    texts, ValueError for an empty file or for bytes that are no text in this encoding.
    """
    wanted, entries = os.fspath(name_or_path), catalogue()
    if wanted in entries and isinstance(name_or_path, str):
        entry = entries[wanted]
        if entry.kind == "download":
            return _fetched(entry, download)
        if entry.kind == "installed":
            return clean(INSTALLED[wanted]())
        return read_text(folder() / f"{wanted}.txt")
    path = os.path.expanduser(wanted)
    if os.path.isdir(path):
        from minichar import unpacking

        return unpacking.folder_text(Path(path), LARGEST, encoding)
    if os.path.exists(path):
        return read_text(path, encoding)
    near = ", ".join(difflib.get_close_matches(Path(wanted).stem.lower(), entries))
    files = nearest_files(path)
    offer = f" (nearest: {near})" if near else "" if files else f" (it has {', '.join(entries)})"
    shown = wanted if len(wanted) <= 80 else wanted[:79] + "…"
    where = "" if os.path.isabs(path) else f" in {os.getcwd()}"
    beside = f" (nearest: {', '.join(files)})" if files else ""
    raise FileNotFoundError(
        f"{shown!r} is neither a name in the catalogue{offer} nor a file{where}{beside}."
    )


def nearest_files(path: str | os.PathLike[str]) -> list[str]:
    """What lies where this file was looked for, and is called nearly the same: at most three.

    What the names end in, such as .txt, does not count.
    """
    place, name = os.path.split(path)
    try:
        there = sorted(os.listdir(place or "."))
    except (OSError, ValueError):  # no such folder, or no name that one could have
        return []
    stems = [Path(other).stem for other in there]
    near = difflib.get_close_matches(Path(name).stem, set(stems))
    found = [other for stem in near for other in there if Path(other).stem == stem]
    return [os.path.join(place, other) for other in found[:3]]


def _fetched(entry: Entry, download: bool) -> str:
    from minichar import unpacking  # needs lzma, which Python in a browser comes without

    path = downloads.fetch(entry) if download else downloads.verified(entry)
    if entry.members:
        limit = ROOM * max(entry.characters, entry.bytes or 0)
        return unpacking.archived(path, entry.members, limit)
    text = read_text(path)
    return unpacking.without_frame(text) if entry.gutenberg else text


def python_source() -> str:
    """The modules directly in this Python's standard library, one after another by name.

    Some ten with characters beyond ASCII are left out, because the table of accented letters in one
    of them would add sixty to the alphabet; so are the build settings, which are a machine's own.
    """
    library = _library()
    modules = (p for p in library.iterdir() if p.name.endswith(".py"))
    ours = (p for p in modules if not p.name.startswith("_sysconfigdata"))
    in_order = sorted(ours, key=lambda path: path.name)
    return _joined("the source of Python's standard library", library, in_order)


def _library() -> Traversable:
    """The folder of Python's standard library; in a browser it lies packed in an archive."""
    library = Path(sysconfig.get_path("stdlib"))
    packed = library.with_name(f"python{sys.version_info.major}{sys.version_info.minor}.zip")
    return zipfile.Path(packed) if packed.is_file() else library


def markup() -> str:
    """The pages that Python's own help() shows on its keywords and concepts, one after another."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise FileNotFoundError("this Python came without its help pages (pydoc_data).") from None
    return "\n".join(topics[name] for name in sorted(topics))


def c_headers() -> str:
    """The C headers that come with numpy, one after another by name."""
    import numpy

    include = Path(numpy.get_include())
    return _joined("numpy's C headers", include, sorted(include.rglob("*.h")))


def _joined(what: str, place: Traversable, paths: Iterable[Traversable]) -> str:
    contents = (path.read_bytes() for path in paths)
    texts = [content.decode("ascii") for content in contents if content.isascii()]
    if not texts:
        raise FileNotFoundError(
            f"{what} should be in {place}, but this installation came without it."
        )
    return "\n".join(texts)


INSTALLED: dict[str, Callable[[], str]] = {
    "python": python_source,
    "markup": markup,
    "c": c_headers,
}
