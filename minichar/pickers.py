"""Widgets for a look inside a network: pick a cell, walk along its guesses, or what they depend on.

As in widgets.py, a number field stands beside each slider, and `.still()` is the same as a picture
that does not move. Numbers come in, as look.py, guessing.py, neurons.py and causes.py find them.
Lesson 11.

    from minichar import look, pickers
    pickers.CellPicker(text, look.record(model, text))
"""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from minichar import coloured
from minichar.draw import Picture
from minichar.states import Cell
from minichar.widgets import (
    FOCUSED,
    NAMED,
    NUMBER,
    SLIDER,
    WRAPPED,
    light_arrows,
    rule,
    stacked,
)

GATES = "oifru"  # from 0, shut, to 1, open; the others go from -1 to 1
KINDS = {
    "h": "h, hidden state",
    "c": "c, cell state (as tanh c)",
    "o": "o, output gate",
    "i": "i, input gate",
    "f": "f, forget gate",
    "g": "g, candidate",
    "r": "r, reset gate",
    "u": "u, update gate",
    "n": "n, candidate",
}


class Number(ipywidgets.HBox):
    """A slider over whole numbers up to `last`, and a field beside it that says the same."""

    def __init__(self, name: str, last: int, first: int = 0):
        bounds = {"min": first, "max": last, "value": first}
        self.slider = ipywidgets.IntSlider(**bounds, description=name, **SLIDER)
        self.field = ipywidgets.BoundedIntText(**bounds, description=f"{name} number", **NUMBER)
        ipywidgets.link((self.slider, "value"), (self.field, "value"))
        super().__init__([self.slider, self.field, rule(FOCUSED)], layout=WRAPPED)


class CellPicker(ipywidgets.VBox):
    """A text coloured by one cell, which is chosen by layer, kind and index, or from a ranking.

    `values_of[layer, kind]` is an array (T, H), T the length of `text`. `ranks` holds, for each
    feature of a text, pairs of a cell and its score, the best first; those whose layer and kind
    were recorded can be chosen. Raises ValueError for arrays that do not fit the text.
    """

    def __init__(
        self,
        text: str,
        values_of: Mapping[tuple[int, str], np.ndarray],
        ranks: Mapping[str, Sequence[tuple[Cell, float]]] | None = None,
    ):
        for (layer, kind), values in values_of.items():
            if np.ndim(values) != 2 or len(values) != len(text):
                raise ValueError(
                    f"layer {layer}, {kind}: values of shape {np.shape(values)} for "
                    f"{len(text)} characters: a row for each is needed"
                )
        if not values_of:
            raise ValueError("there is no recording to show: look.record(model, text) makes one")
        self.text, self.values_of, self.ranks = text, dict(values_of), dict(ranks or {})
        layers = sorted({layer for layer, _ in values_of})
        self.layer = ipywidgets.Dropdown(options=layers, description="Layer", **NAMED)
        self.kind = ipywidgets.Dropdown(description="Kind", **NAMED)
        self.index = Number("Cell", 0)
        self.feature = ipywidgets.Dropdown(
            options=["as I choose", *self.ranks], description="Ranked by", **NAMED
        )
        self.best = ipywidgets.Dropdown(description="Best cells", **NAMED)
        self.picture = ipywidgets.HTML()
        self._kinds()
        self._ranked()
        self.redraw()
        self.quiet = False  # while one choice brings others with it, only the last is drawn
        self.layer.observe(lambda change: self._changed(self._kinds), "value")
        self.kind.observe(lambda change: self._changed(self._sizes), "value")
        self.index.field.observe(lambda change: self._changed(), "value")
        self.feature.observe(lambda change: self._changed(self._ranked), "value")
        self.best.observe(lambda change: self._changed(self._take), "value")
        rows = [ipywidgets.HBox([self.layer, self.kind, self.index], layout=WRAPPED)]
        if self.ranks:
            rows.append(ipywidgets.HBox([self.feature, self.best], layout=WRAPPED))
        super().__init__([*rows, self.picture, light_arrows()])

    @property
    def cell(self) -> Cell:
        """The cell that is shown: (layer, kind, index). Setting it shows another."""
        return self.layer.value, self.kind.value, self.index.field.value

    @cell.setter
    def cell(self, cell: Cell) -> None:
        layer, kind, index = cell
        if (layer, kind) not in self.values_of:
            raise ValueError(f"there is no recording of {kind} in layer {layer}")
        cells = self.values_of[layer, kind].shape[1]
        if not 0 <= index < cells:
            raise ValueError(f"layer {layer} has the cells 0 to {cells - 1}, not {index}")
        self._changed(lambda: self._go(cell))

    def _go(self, cell: Cell) -> None:
        self.layer.value = cell[0]
        self._kinds()
        self.kind.value = cell[1]
        self._sizes()
        self.index.field.value = cell[2]

    def _changed(self, first: Any = None) -> None:
        """Do what a choice brings with it, and draw once, however many fields that moves."""
        if self.quiet:
            return
        self.quiet = True
        try:
            if first:
                first()
            self.redraw()
        finally:
            self.quiet = False

    def _kinds(self) -> None:
        """Offer what was recorded of this layer, and keep the kind where possible."""
        kept = self.kind.value
        there = [kind for layer, kind in self.values_of if layer == self.layer.value]
        self.kind.options = [(KINDS.get(kind, kind), kind) for kind in there]
        self.kind.value = kept if kept in there else there[0]
        self._sizes()

    def _sizes(self) -> None:
        last = self.values_of[self.layer.value, self.kind.value].shape[1] - 1
        self.index.slider.max = self.index.field.max = last

    def _ranked(self) -> None:
        """Offer the cells ranked by the feature chosen, and go to the first."""
        there = [
            (f"layer {layer}, {kind} {index}: {score:.3f}", (layer, kind, index))
            for (layer, kind, index), score in self.ranks.get(self.feature.value, ())
            if (layer, kind) in self.values_of
        ]
        self.best.options, self.best.disabled = there, not there
        self.best.value = there[0][1] if there else None
        self._take()

    def _take(self) -> None:
        if self.best.value:
            self._go(self.best.value)

    def _picture(self, cell: Cell) -> Picture:
        layer, kind, index = cell
        values = self.values_of[layer, kind][:, index]
        low = 0 if kind in GATES else -1
        name = "tanh c" if kind == "c" else kind
        values = np.tanh(values) if kind == "c" else values
        return coloured.text(self.text, values, f"Layer {layer}, {name} of cell {index}", low, 1)

    def redraw(self) -> None:
        """Show the text coloured by the cell that is chosen."""
        if self.best.value != self.cell:
            self.best.value = None  # so that it can be chosen once more
        self.picture.value = self._picture(self.cell).html

    def still(self, cells: Sequence[Cell] | None = None) -> Picture:
        """The text coloured by each of `cells`, one below the other: by the one shown, if None."""
        return stacked([self._picture(cell) for cell in cells or [self.cell]])


class GuessWalk(ipywidgets.VBox):
    """The rows of guesses for a part of a text, and a slider that moves along it.

    `top` and `bits` are as in `coloured.guesses`, for the whole text; `width` is how many of its
    characters are shown at a time. Raises ValueError as that does.
    """

    def __init__(
        self,
        text: str,
        top: Sequence[Sequence[tuple[str, float]]],
        bits: Sequence[float],
        width: int = 240,
    ):
        if len(top) != len(text) or len(bits) != max(0, len(text) - 1):
            raise ValueError(
                f"{len(top)} guesses and {len(bits)} bits do not fit a text of {len(text)}"
            )
        self.text, self.top, self.bits, self.width = text, top, bits, width
        self.start = Number("Character", max(0, len(text) - 2))
        self.picture = ipywidgets.HTML()
        self.start.field.observe(lambda change: self._show(), "value")
        super().__init__([self.start, self.picture])
        self._show()

    def _picture(self, start: int) -> Picture:
        end = min(len(self.text), start + self.width)
        title = f"Characters {start} to {end - 1} of {len(self.text)}"
        return coloured.guesses(
            self.text[start:end], self.top[start:end], self.bits[start : end - 1], title
        )

    def _show(self) -> None:
        self.picture.value = self._picture(self.start.field.value).html

    def still(self, starts: Sequence[int] = (0,)) -> Picture:
        """The rows from each of some places on, one below the other."""
        return stacked([self._picture(start) for start in starts])


class SaliencyWalk(ipywidgets.VBox):
    """What a prediction depends on, in some networks one below the other; a slider chooses which.

    `maps` has for the name of each network an array (T - 1, T), T the length of `text`, as
    `causes.saliency(model, text)` gives it: row k is for the prediction of character k + 1. Raises
    ValueError for arrays of another shape.
    """

    def __init__(self, text: str, maps: Mapping[str, np.ndarray]):
        T = len(text)
        for name, rows in maps.items():
            if np.shape(rows) != (T - 1, T):
                raise ValueError(f"{name}: an array {np.shape(rows)}, and {(T - 1, T)} is needed")
        if not maps or T < 2:
            raise ValueError("there is no prediction to show")
        self.text, self.maps = text, dict(maps)
        self.target = Number("Prediction", T - 1, first=1)
        self.picture = ipywidgets.HTML()
        self.target.field.observe(lambda change: self._show(), "value")
        super().__init__([self.target, self.picture])
        self._show()

    def _picture(self, target: int) -> Picture:
        return stacked(
            [
                coloured.connectivity(self.text, target, rows[target - 1], name)
                for name, rows in self.maps.items()
            ]
        )

    def _show(self) -> None:
        self.picture.value = self._picture(self.target.field.value).html

    def still(self, targets: Sequence[int] | None = None) -> Picture:
        """All networks for each of `targets`: for the one shown, if None."""
        return stacked([self._picture(t) for t in targets or [self.target.field.value]])
