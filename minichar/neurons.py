"""A search for cells that keep track of something, and what it takes to believe one.

Among hundreds of cells, one will by luck follow whatever you look for a little. So the best cell is
chosen on one text and scored on another. Beside it stand the best cell of a network that has
learned nothing, the best cell for a feature that is out of step with the text, and what all cells
know together. Built in lesson 11. The table of a trained model:

    python -m minichar.neurons my.npz my.txt

    >>> from minichar.text import Vocabulary
    >>> model, text = CharModel(Vocabulary.of("aeb\\n"), hidden=8), "ab\\nbeb\\nb\\n" * 30
    >>> row = search(model, text, text[4:], {"vowel": FEATURES["vowel"]})[0]
    >>> row.feature, row.searched
    ('vowel', 8)
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minichar.archive import spoken
from minichar.checkpoint import load_model
from minichar.datasets import load_text, networks
from minichar.features import FEATURES, Feature
from minichar.look import known
from minichar.measuring import measure
from minichar.model import CharModel
from minichar.states import Cell
from minichar.text import at_least_one, split
from minichar.workers import LARGE, side_by_side


@dataclass(frozen=True)
class Found:
    """A row of the table: the best cell for a feature, and its controls.

    Correlations, from -1 to 1. What ends in _a was measured on the text on which the choice was
    made, what ends in _b on the other text, with the same cell or the same weights.
    """

    feature: str
    cell: Cell
    searched: int  # cells among which it is the best
    a: float
    b: float
    untrained_b: float  # the best cell of a network of the same shape that has learned nothing
    luck_a: float  # the best cell for the feature moved out of step: the luckiest of all moves
    probe_b: float  # all cells together, weighted as `Moments.probe` does on text A
    untrained_probe_b: float  # the same of the network that has learned nothing


def untrained(model: CharModel, seed: int = 0) -> CharModel:
    """A network of the same shape over the same characters, with new random weights."""
    return CharModel(model.vocab, **model.settings(), seed=seed)


def search(
    model: CharModel,
    text_a: str,
    text_b: str,
    features: Mapping[str, Feature] = FEATURES,
    kinds: Iterable[str] = "h",
    shifts: int = 10,
    seed: int = 0,
    **how: int,
) -> list[Found]:
    """For each feature the cell that follows it best on text A, with its score on text B.

    `kinds` are as in states.py: what an LSTM counts it counts in "c". `shifts`, 1 or more, is how
    often luck is tried. The other settings are those of `measure`, whose memory is needed twice
    where there are two threads for it.

    Raises ValueError as `measure` does, and where the two texts are the same.
    """
    if shifts < 1:
        raise ValueError(f"shifts={shifts}: luck is tried at least once")
    if text_a == text_b:
        raise ValueError(
            "a cell found on one text has to be confirmed on another: text B is text A"
        )
    networks, seen = (model, untrained(model, seed)), {}
    kinds = tuple(kinds)

    # The longest reading in one thread; where there is another, the rest, about as long, in that.
    readings = (
        [(0, "a", text_a, shifts)],
        [(1, "a", text_a, 0), (1, "b", text_b, 0), (0, "b", text_b, 0)],
    )

    def work(some):
        for part in readings[some]:
            for k, name, text, tries in part:
                seen[k, name] = measure(networks[k], text, features, kinds, tries, seed, **how)

    side_by_side(work, 2, LARGE)
    a, b, blank_a, blank_b = (seen[k, name] for k in range(2) for name in "ab")
    rows = []
    for f, name in enumerate(a.features):
        j, blank = a.best(name)[0], blank_a.best(name)[0]
        luck = a.luck[:, f].ravel()
        rows.append(
            Found(
                feature=name,
                cell=a.cells[j],
                searched=len(a.cells),
                a=float(a.correlation[f, j]),
                b=float(b.correlation[f, j]),
                untrained_b=float(blank_b.correlation[f, blank]),
                luck_a=float(luck[np.abs(luck).argmax()]),
                probe_b=b.probe_score(name, a.probe(name)),
                untrained_probe_b=blank_b.probe_score(name, blank_a.probe(name)),
            )
        )
    return rows


COLUMNS = ("a", "b", "untrained_b", "luck_a", "probe_b", "untrained_probe_b")


def table(rows: Sequence[Found]) -> str:
    """The rows as lines of text, with a heading and a line on how to read them."""
    heads = ("on A", "on B", "untrained", "by luck", "probe", "untr. probe")
    lines = ["".join((f"{'feature':<16}{'cell':<12}", *(f"{head:>12}" for head in heads)))]
    for row in rows:
        layer, kind, j = row.cell
        scores = (f"{getattr(row, column):>12.2f}" for column in COLUMNS)
        lines.append("".join((f"{row.feature:<15} {f'{layer} {kind} {j}':<12}", *scores)))
    searched = rows[0].searched if rows else 0
    lines.append(f"A cell (layer, kind, number) is the best of {searched} on text A. Correlations;")
    lines.append("untrained and probes on text B; by luck, the best on A for shifted features.")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m minichar.neurons MODEL TEXT`: print the table. The only printing here."""
    about = "Which cell follows which feature of a text, found on one part and scored on another."
    parser = argparse.ArgumentParser("python -m minichar.neurons", description=about)
    parser.add_argument("model", help="a model's file, or a network of the course, by name")
    parser.add_argument("text", help="a text file, or a name of `minichar data`")
    text = "the most of either part: cells are looked for in A and judged on B (default 200000)"
    parser.add_argument("--characters", type=int, default=200_000, metavar="N", help=text)
    text = "share of the text, its end, that B is taken from (default 0.1)"
    parser.add_argument("--validation", type=float, default=0.1, metavar="SHARE", help=text)
    text = "h, or of an LSTM c or hc (default: c where there is one)"
    parser.add_argument("--kinds", help=text)
    options = parser.parse_args(arguments)
    try:
        at_least_one(characters=options.characters)
        model = load_model(networks().get(options.model, options.model))
        a, b = split(known(model, load_text(options.text)), options.validation)
        begin = b.find("\n\n\n", 0, len(b) // 10) + 1  # a break: b should not begin within quotes
        a, b = a[: options.characters], b[begin : begin + options.characters]
        print(f"{model}\ntext A: {len(a):,} characters; text B: {len(b):,}, held out")
        kinds = options.kinds or ("c" if model.cell == "lstm" else "h")
        print(table(search(model, a, b, kinds=kinds)))
    except (ValueError, OSError) as error:
        parser.error(spoken(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
