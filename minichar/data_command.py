"""`minichar data`: the texts that `load_text` knows by name; what is here, and fetching the rest.

    minichar data                       list them
    minichar data show wikipedia        all that is known of one
    minichar data get wikipedia         fetch it, once
    minichar data add wikipedia FILE    keep a file that was saved by hand
    minichar data remove wikipedia      remove it again

Lessons need neither this nor a network: they read what comes with the course.
"""

import argparse
import difflib
import textwrap
from collections.abc import Callable

from minichar import datasets, downloads, transfer
from minichar.course.files import CourseError
from minichar.datasets import Entry
from minichar.terminal import Screen, as_typed, called


def add(made: argparse.ArgumentParser) -> None:
    """Give the parser of `minichar data` its words."""
    made.usage = f"{called('data')} [show NAME | get NAME | add NAME FILE | remove NAME]"
    words = (
        "show: all that is known about NAME; get: fetch it; add: keep FILE as it; remove: remove it"
    )
    made.add_argument("word", nargs="?", metavar="WORD", help=words)
    made.add_argument("name", nargs="?", metavar="NAME", help="a text from the list")
    made.add_argument(
        "file", nargs="?", metavar="FILE", help="for add: the file that you saved by hand"
    )


def run(options: argparse.Namespace) -> int:
    """List the texts, or do what is asked with one of them."""
    if options.word is None:
        for entry in datasets.catalogue().values():
            print(line(entry))
        return 0
    if options.word not in USES:
        name = options.word if options.word in datasets.catalogue() else "NAME"
        what = f"the words are {', '.join(USES)}, as in minichar data show {name}"
        raise CourseError(f"{options.word} is not a word of `minichar data`; {what}")
    if options.name is None or (options.file is None) == (options.word == "add"):
        words = f"{options.word} {USES[options.word][1]}"
        raise CourseError(f"the command is `minichar data {words}`")
    entry = _named(options.name)
    if options.word != "show" and entry.kind != "download":
        raise CourseError(f"{entry.name} {OURS[options.word]}")
    try:
        USES[options.word][0](entry, options)
    except ValueError as error:  # what came is not this text
        if entry.sha256:
            raise CourseError(str(error)) from None
        downloads.remove(entry)  # or it would be trusted from now on
        what, then = options.file or "what came", "not kept" if options.file else "removed"
        raise CourseError(f"{what} is not {entry.name}, so it was {then}: {error}") from None
    return 0


def _named(name: str) -> Entry:
    entries = datasets.catalogue()
    if name not in entries:
        near = ", ".join(difflib.get_close_matches(name.lower(), entries))
        offer = f"nearest: {near}" if near else "`minichar data` lists them"
        raise CourseError(f"there is no text {name!r} ({offer})")
    return entries[name]


def line(entry: Entry) -> str:
    """A text in a line: its name, its length, whether it is here, what it is."""
    long = f"{' ' if entry.alphabet else '~'}{entry.characters:,}"
    state = "to fetch" + (f", {transfer.size(entry.bytes)}" if entry.bytes else "")
    return f"{entry.name:21}{long:>12} {'here' if entry.here else state:19} {entry.title}"


def _show(entry: Entry, _: argparse.Namespace) -> None:
    sha256, about = entry.sha256, "" if entry.alphabet else "about "
    if entry.kind == "download":
        noted = downloads.expected(entry)
        sha256 = sha256 or (f"{noted} (of what was fetched first)" if noted else "not confirmed")
    facts = {
        "what": entry.title,
        "characters": f"{about}{entry.characters:,}",
        "different": entry.alphabet,
        "licence": entry.licence,
        "from": entry.source,
        "address": entry.url,
        "SHA-256": sha256,
        "held out": f"the article held out the last {entry.validation:.0%}"
        if entry.validation
        else "",
        "note": entry.note,
        "state": "here" if entry.here else f"fetch it: {called('data', 'get', entry.name)}",
        "by hand": as_typed(transfer.by_hand(entry)) if entry.url else "",
    }
    for name, fact in facts.items():
        if fact:
            print(textwrap.fill(f"{name:12}{fact}", 100, subsequent_indent=" " * 12, **WHOLE))


def _get(entry: Entry, _: argparse.Namespace) -> None:
    screen = Screen()
    if not entry.here:
        screen.line(f"{entry.name}: {transfer.size(entry.bytes)} from {entry.url}")
    downloads.fetch(entry, _bar(screen, entry))  # what is here is fetched only if it is damaged
    text = datasets.load_text(entry.name)  # seen now, not in the middle of a lesson
    different = len(set(text))
    screen.line(f"{entry.name} is here: {len(text):,} characters, {different} different")


def _bar(screen: Screen, entry: Entry) -> Callable[[int, int | None], None]:
    def tell(done: int, total: int | None) -> None:
        if not screen.due():
            return
        what = f"{entry.name}: {transfer.size(done)}"
        if total:
            full = 30 * done // total
            what += f" of {transfer.size(total)} [{'#' * full}{'.' * (30 - full)}]"
        screen.update(what)

    return tell


def _add(entry: Entry, options: argparse.Namespace) -> None:
    path = downloads.add(entry, options.file)
    print(f"{entry.name} is here: {len(datasets.load_text(entry.name)):,} characters in {path}")


def _remove(entry: Entry, _: argparse.Namespace) -> None:
    gone = downloads.remove(entry)
    print(f"{entry.name} was removed." if gone else f"{entry.name} was not here.")


OURS = {  # what cannot be done with a text that is not fetched
    "get": "is here already: there is nothing to get",
    "add": "belongs to the course or to this Python: it cannot be replaced",
    "remove": "belongs to the course or to this Python: it cannot be removed",
}
WHOLE = {"break_long_words": False, "break_on_hyphens": False}  # addresses can be copied
USES: dict[str, tuple[Callable[[Entry, argparse.Namespace], None], str]] = {
    "show": (_show, "NAME"),
    "get": (_get, "NAME"),
    "add": (_add, "NAME FILE"),
    "remove": (_remove, "NAME"),
}
