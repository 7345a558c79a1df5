"""The gallery: what each network that comes with the course learned from, reaches and writes.

Each network in datasets/weights/lstm/ has a text of the catalogue with the same name. What it needs
for a part of that text which it never saw, in bits per character, stands in its file, so that the
table can be shown where the text is not at hand. Built in lesson 12.

    python -m minichar.gallery    # the table: text, network, bits per character, a sample
"""

import json
from dataclasses import dataclass
from typing import Any

from minichar import archive, draw, mixture, reading
from minichar.checkpoint import load_model
from minichar.datasets import folder, load_text
from minichar.grammars import GRAMMARS, generate
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import sample
from minichar.text import split

EXHIBITS = "names shakespeare moby-dick python latex wiki environments tags tunes".split()
MORE = 360_000  # characters that a grammar's network learns from beside its file
BITS = ("train", "held_out", "counting", "both")
LONGEST = 50_000  # characters of a part that are measured at most
COUNTED = 5_000_000  # characters that are counted at most: they take some 300 bytes each
LINES = 7
HEADER = "text", "characters", "network", "bits: training", "held out", "counting", "both", "sample"
ORDER = 8  # the longest memory of the counting model that a network is compared with


@dataclass(frozen=True)
class Exhibit:
    """A row of the gallery, in bits per character."""

    name: str
    characters: int  # that it learned from
    model: CharModel
    train: float  # bits on the end of what it learned from
    held_out: float  # bits on the last tenth of its text, which it never saw
    counting: float  # bits of the best n-gram of up to ORDER characters there
    both: float  # bits of the two mixed, in shares that were best before the held-out part


def network(name: str) -> CharModel:
    """A network that comes with the course, by the name of its text.

    Raises ValueError for a name that none has.
    """
    path = _file(name)
    if not path.is_file():
        have = ", ".join(sorted(p.stem for p in path.parent.glob("*.npz")))
        raise ValueError(f"no network called {name!r} comes with the course; there are: {have}")
    return load_model(path)


def _file(name: str, ending: str = ".npz"):
    return folder() / "weights" / "lstm" / f"{name}{ending}"


def learned_from(name: str, text: str) -> str:
    """What the network of this name learned from: all but the last tenth of its `text`.

    The files of the grammars are too short to learn them from, so their networks had some more from
    the same grammar, of another seed. A line end in front is what a sample begins with.
    """
    more = generate(name, MORE, seed=1) if name in GRAMMARS else ""
    return "\n" + more + split(text, validation=0.1)[0]


def measured(name: str, text: str, model: CharModel) -> dict[str, Any]:
    """The numbers of an `Exhibit`, measured: on at most LONGEST characters of each part.

    Each is read after a line end, and its first character does not count. The n-gram,
    Kneser-Ney, learns from what the network did: not from the part that its training was validated
    on, which may be another scene of the very play that is held out. The order is the best there is
    for the held-out part, which is in the n-gram's favour. In which shares the two are mixed is
    chosen on the part that its training was validated on.
    """
    learned, validation = split(learned_from(name, text), validation=0.05)  # as Training splits it
    held_out = split(text, validation=0.1)[1][:LONGEST]
    count = NGram(learned[-COUNTED:], ORDER, model.vocab, "kneser-ney")
    order = count.best_order(held_out)
    training, choosing, unseen = (
        (reading.bits(model, part)[1:], count.bits(part, order)[1:])
        for part in (learned[-LONGEST:], validation[:LONGEST], held_out)
    )
    share = mixture.best_share(*choosing)
    bits = {
        "train": training[0],
        "held_out": unseen[0],
        "counting": unseen[1],
        "both": mixture.together(*unseen, share),
    }
    rounded = {name: round(float(found.mean()), 4) for name, found in bits.items()}
    return {"text": name, "characters": len(learned), **rounded, "order": order, "share": share}


def exhibit(name: str) -> Exhibit:
    """The network of this name, with its numbers: noted in its file, or measured now.

    Raises ValueError for a name that no network has.
    """
    model = network(name)
    with archive.opened(_file(name)) as found:
        numbers = found.header.get("note")
    if numbers is None:
        numbers = measured(name, load_text(name), model)
    wanted = ("characters", *BITS)
    return Exhibit(name, model=model, **{key: numbers[key] for key in wanted})


def exhibits() -> list[Exhibit]:
    """All that are in datasets/weights/lstm/, in the order of the gallery."""
    return [exhibit(name) for name in EXHIBITS if _file(name).is_file()]


def shape(model: CharModel) -> str:
    """A network in a word or two: LSTM 2 x 256."""
    same, layers = len(set(model.hidden)) == 1, model.hidden
    sizes = f"{len(layers)} x {layers[0]}" if same else " + ".join(map(str, layers))
    return f"{model.cell.upper()} {sizes.removeprefix('1 x ')}"


def rows(length: int = 120, temperature: float = 0.7, seed: int = 0) -> list[tuple]:
    """The gallery, a tuple in the order of HEADER for each network, its sample the last in it.

    Of a sample, at most LINES lines are shown.
    """
    found = []
    for e in exhibits():
        written = sample(e.model, length=length, temperature=temperature, seed=seed)
        bits = (e.train, e.held_out, e.counting, e.both)
        shown = "\n".join(written.strip().split("\n")[:LINES])
        found.append((e.name, f"{e.characters:,}", shape(e.model), *bits, shown))
    return found


def table(**how: Any) -> draw.Picture:
    """The gallery as a table to show; `how` as in `rows`."""
    return draw.table(rows(**how), HEADER)


def in_print(found: list[tuple]) -> str:
    """`rows` for a terminal: the numbers below each other, each sample below its numbers."""
    form = "{:13}{:>10}  {:12}{:>14}{:>10}{:>10}{:>8}"
    lines = [form.format(*HEADER[:-1])]
    for *facts, written in found:
        numbers = [f"{fact:.3f}" if isinstance(fact, float) else fact for fact in facts]
        lines += ["", form.format(*numbers), *(f"    | {line}" for line in written.split("\n"))]
    return "\n".join(lines)


def on_the_way(name: str) -> list[tuple[int, str]]:
    """What the network of this name wrote as it learned: (step, text) at steps 0, 1, 2, 5, 10, …

    Raises ValueError for a network without such a record.
    """
    path = _file(name, ".json")
    if not path.is_file():
        have = ", ".join(sorted(p.stem for p in path.parent.glob("*.json")))
        raise ValueError(f"what {name!r} wrote as it learned was not kept; it was for: {have}")
    return [(int(step), str(text)) for step, text in json.loads(path.read_text("utf-8"))]


def evolution(written: list[tuple[int, str]], length: int = 120, title: str = "") -> draw.Picture:
    """The strip as a table: after how many steps, and the first `length` characters written.

    A text of which most characters are those of the row above is left out, except the last.
    """
    rows, above = [], ""
    for step, text in written:
        text = text[:length].strip("\n")
        same = sum(a == b for a, b in zip(above, text, strict=False))
        if same <= len(text) / 2 or step == written[-1][0]:
            rows.append((f"{step:,}", text))
            above = text
    return draw.table(rows, ("steps", "what it writes"), title)


if __name__ == "__main__":
    print(in_print(rows()))
