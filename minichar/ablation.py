"""A network without some of its cells: what gets worse when a cell stands still.

That a cell goes up inside quotes shows that it knows about them, not that anybody listens. Hold it
at its mean, so that it tells nothing any more, and see which characters cost more bits: that is
what it was good for, as far as no other cell steps in. Cells have the names of causes.py. Built in
lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=8)
    >>> ablate(model, "hello", [(0, "c", 3), (0, "h", 5)]).change.shape
    (5,)
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minichar.backend import host
from minichar.causes import checked
from minichar.model import CharModel
from minichar.reading import bits
from minichar.states import Cell, blocks


def means(model: CharModel, text: str) -> dict[tuple[int, str], np.ndarray]:
    """The mean of every cell over the characters of `text`: [layer, "h" or "c"] an array (H,).

    Read as in states.py. Raises ValueError as `states.blocks` does.
    """
    total: dict = {}
    for _, states in blocks(model, text):
        for key, s in states.items():
            if key[1] in "hc":
                total[key] = total.get(key, 0) + host(s).sum(axis=0, dtype=np.float64)
    return {key: s / len(text) for key, s in total.items()}


def without(model: CharModel, cells: Iterable[Cell], held: Iterable[float]) -> CharModel:
    """A copy of `model` in which each of these cells stands still at its number in `held`.

    It is a model like any other: it can be scored, and asked to write. It is on the processor, also
    where `model` is on a card. An h that is always m adds m times its outgoing weights to what they
    lead to, so these become part of the biases there, and nothing listens to h itself. A c that is
    always m sends out o tanh(m): its forget gate is shut, its input gate open and g is 1, so that c
    is 1, and its outgoing weights are multiplied by tanh(m) / tanh(1). No initial state makes a
    difference to either.

    Raises ValueError for a cell that the model does not have.
    """
    twin = CharModel(model.vocab, **model.settings())
    for name, w in twin.parameters().items():
        w.data[...] = host(model.parameters()[name].data)
    parts = [{n: w.data for n, w in p.parameters.items()} for p in (*twin.cells, twin.read_out)]
    fixed = dict(zip(cells, held, strict=True))
    # h first: then its c is mute.
    for cell, m in sorted(fixed.items(), key=lambda item: item[0][1], reverse=True):
        layer, kind, j = checked(model, cell)
        H, P, above = model.hidden[layer], parts[layer], parts[layer + 1]
        onward, bias = ("Wxh", "bh") if layer + 1 < len(model.cells) else ("W", "b")
        leads = [(P["Whh"], P["bh"]), (above[onward], above[bias])]
        if kind == "c":
            for gate, b in ((1, 50), (2, -50), (3, 50)):  # of o, i, f, g; σ(50) is 1 when rounded
                column = gate * H + j
                P["Wxh"][:, column], P["Whh"][:, column], P["bh"][column] = 0, 0, b
            for W, _ in leads:
                W[j] *= np.tanh(m) / np.tanh(1)
            continue
        if "bn" in P:  # the GRU's third block has a bias of its own, inside the reset
            leads[0] = (P["Whh"][:, : 2 * H], P["bh"][: 2 * H])
            leads.append((P["Whh"][:, 2 * H :], P["bn"]))
        for W, b in leads:
            b += m * W[j]
            W[j] = 0
    return twin


class Change(NamedTuple):
    """What an ablation did to one group of characters; `mean` is bits a character, `total` bits."""

    group: str
    count: int
    mean: float
    total: float


@dataclass(frozen=True)
class Ablation:
    """Bits of each character of `text`, with the cells at work and without: (len(text),) each."""

    text: str
    before: np.ndarray
    after: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """How many bits more each character needs; below 0 where it got better."""
        return self.after - self.before

    @property
    def cost(self) -> float:
        """The change in bits per character over the whole text."""
        return float(self.change.mean())

    def groups(self, of: Callable[[str], str] = str) -> list[Change]:
        """The change by character, or by what `of` makes of each (`character_class`, say).

        The group that lost the most bits in all comes first.
        """
        names, number = np.unique([of(c) for c in self.text], return_inverse=True)
        counts, totals = np.bincount(number), np.bincount(number, self.change)
        found = zip(names.tolist(), counts.tolist(), totals.tolist(), strict=True)
        changes = [Change(name, n, total / n, total) for name, n, total in found]
        return sorted(changes, key=lambda group: -group.total)


def ablate(
    model: CharModel, text: str, cells: Sequence[Cell], held: Sequence[float] | None = None
) -> Ablation:
    """What `text` costs with `cells` standing still at `held`: by default their means over it.

    Read from the beginning, as in reading.py. To know whether a cost is much, ablate as many other
    cells, taken at random. Raises ValueError for a cell or a character that the model lacks.
    """
    cells = [checked(model, cell) for cell in cells]
    if held is None:
        mean = means(model, text)
        held = [float(mean[layer, kind][j]) for layer, kind, j in cells]
    return Ablation(text, bits(model, text), bits(without(model, cells, held), text))


def character_class(c: str) -> str:
    """One of eight kinds of character: letter, digit, opening, closing, quote and so on."""
    if c == "\n":
        return "line end"
    if c.isspace():
        return "space"
    for name, those in (("opening", "([{<"), ("closing", ")]}>"), ("quote", "\"'`")):
        if c in those:
            return name
    return "letter" if c.isalpha() else "digit" if c.isdigit() else "other"
