"""A sweep as a table that fills while it runs: two of its settings, with error bars over the rest.

Each cell is the mean of the runs it stands for, in bits per character, with its standard error; the
darker, the fewer bits, and a star at the fewest. Runs come from cluster.py. Built for lesson 14.

    settings = cluster.grid(hidden=[16, 64], dropout=[0.0, 0.3], seed=range(3))
    table = SweepTable(settings, row="hidden", column="dropout")
    display(table)
    runs = table.fill(cluster.sweep(text, settings, steps=300))
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from minichar.cluster import Run
from minichar.draw import Picture
from minichar.palette import ONE_WAY
from minichar.widgets import NAMED

CELL = "text-align: center; padding: 3px 10px; border: 1px solid #888"


def shown(value: Any) -> str:
    """A setting as a heading: (64, 64) as 64 + 64, for one layer upon another."""
    return " + ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def standard_error(values: Sequence[float]) -> float:
    """How far the mean of as many other runs would typically be off; nan for fewer than two."""
    n = len(values)
    return float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


class SweepTable(ipywidgets.VBox):
    """A progress bar for a sweep, and a table of two of its settings.

    `row` names the setting that goes down, `column` the one that goes across; runs that agree in
    both share a cell. Raises KeyError for settings that lack one of the two.
    """

    def __init__(
        self, settings: Sequence[Mapping[str, Any]], row: str, column: str, title: str = "A sweep"
    ):
        self.settings, self.row, self.column, self.title = list(settings), row, column, title
        self.runs: list[Run] = []
        self.rows, self.columns = (
            list(dict.fromkeys(shown(one[name]) for one in self.settings)) for name in (row, column)
        )
        self.bar = ipywidgets.IntProgress(max=len(self.settings), description="Runs", **NAMED)
        self.count, self.picture = ipywidgets.Label(), ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self.bar, self.count]), self.picture])
        self._show()

    def fill(self, runs: Iterable[Run]) -> list[Run]:
        """Take in runs as they come; all of them, when there are no more."""
        for run in runs:
            self.runs.append(run)
            self._show()
        return self.runs

    def _show(self) -> None:
        failed = sum(run.bits is None for run in self.runs)
        self.bar.value = len(self.runs)
        self.count.value = f"{len(self.runs)} of {len(self.settings)}" + (
            f", {failed} failed" if failed else ""
        )
        self.picture.value = self.still().html

    def bits(self, row: str, column: str) -> list[float]:
        """The bits per character of the runs of one cell so far, named as the headings are."""
        return [
            run.bits
            for run in self.runs
            if run.bits is not None
            and (shown(run.settings[self.row]), shown(run.settings[self.column])) == (row, column)
        ]

    def still(self) -> Picture:
        """The table as it is now."""
        found = {(r, c): self.bits(r, c) for r in self.rows for c in self.columns}
        means = {place: float(np.mean(bits)) for place, bits in found.items() if bits}
        low, high = (f(means.values(), default=0.0) for f in (min, max))
        words, lines = [], []
        for r in self.rows:
            cells = [f'<th scope="row" style="{CELL}">{html.escape(r)}</th>']
            for c in self.columns:
                if (r, c) not in means:
                    cells.append(f'<td style="{CELL}">·</td>')
                    continue
                mean, error = means[r, c], standard_error(found[r, c])
                text = f"{mean:.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")
                text += " ★" if mean == low else ""
                shade = (high - mean) / (high - low) if high > low else 1.0
                paper, ink = ONE_WAY[round(shade * (len(ONE_WAY) - 1))]
                style = f"{CELL}; background: {paper}; color: {ink}"
                cells.append(f'<td style="{style}">{text}</td>')
                words.append(f"{self.row} {r}, {self.column} {c}: {text}")
            lines.append(f"<tr>{''.join(cells)}</tr>")
        names = "".join(
            f'<th scope="col" style="{CELL}">{html.escape(name)}</th>'
            for name in (f"{self.row} ↓ {self.column} →", *self.columns)
        )
        title = f"{self.title}: bits per character; darker is lower, ★ is the lowest"
        style = "text-align: left; min-width: min(100%, 45em)"  # wider than a narrow table
        caption = f'<caption style="{style}"><b>{html.escape(title)}</b></caption>'
        table = f'<table style="border-collapse: collapse">{caption}<tr>{names}</tr>'
        return Picture(f"{table}{''.join(lines)}</table>", "\n".join([title, *words]))
