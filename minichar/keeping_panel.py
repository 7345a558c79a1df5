"""The part of the studio that saves and loads: one file by name, and a folder kept automatically.

After a validation, at most every ten seconds, the training is written to a file of its own, as
keeping.py does it. The table has a row for each, and a button that goes on from there exactly.
"""

import html
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from minichar import datasets, draw
from minichar.archive import spoken
from minichar.keeping import LAST, Entry, Kept
from minichar.widgets import NAMED, WRAPPED, light_arrows

SECONDS = 10.0  # at the least, between two files
REPLACE = "Replace it"
SOON = 1.0  # seconds; a press that follows sooner is half of a double click, or meant another row
HEAD = "held-out bits", "size", "what it wrote"
COLUMNS = "0 0 9em", "0 0 5em", "1 1 16em"  # the last is below the others where there is no room
WRAPS = "display: flex; flex-wrap: wrap; gap: 0 8px; width: 0; min-width: 100%"
CUT = "white-space: nowrap; overflow: hidden; text-overflow: ellipsis"


def row(cells: Iterable[str]) -> str:
    """The cells of one row of the table, the last as wide as there is room; HTML."""
    shown = "".join(
        f'<span style="flex: {width}; {CUT}" title="{text}">{text}</span>'  # to be pointed at
        for width, text in zip(COLUMNS, map(html.escape, cells), strict=False)
    )
    return f'<div style="{WRAPS}; line-height: 28px">{shown}</div>'


def told(error: Exception) -> str:
    """What went wrong, in words; an unexpected error with the name of its kind."""
    expected = isinstance(error, ValueError | RuntimeError | OSError) and str(error)
    return spoken(error) if expected else f"{type(error).__name__}: {error}"


class FilePanel(ipywidgets.VBox):
    """Save the training, go on with a saved one, see what was kept; `folder=None` keeps nothing."""

    def __init__(self, studio: Any, folder: str | Path | None):
        self.studio, self.kept = studio, Kept("studio" if folder is None else folder)
        self.mine = set()  # files that this studio has saved
        self.asked, self.when = None, 0.0  # which one may be replaced, and when that was asked
        self.path = ipywidgets.Text(value="studio.npz", description="File", **NAMED)
        self.save = studio.button("Save", self._save)
        self.path.observe(lambda change: self._ask(None), "value")
        self.load = studio.button("Load", lambda: self._load(self._path()))
        self.pretrained = ipywidgets.Dropdown(
            options=datasets.networks(), description="Trained by us", **NAMED
        )
        self.take = studio.button("Load it", self._take)
        self.tune = studio.button("Load it for my text", lambda: self._load(self._ours()))
        self.best = studio.button("Back to the best on held-out text", self._use_best)
        self.auto = ipywidgets.Checkbox(
            value=folder is not None,
            description="Keep while training",
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        self.auto.observe(lambda change: studio.guarded(self.fill), "value")
        self.where, self.table = ipywidgets.HTML(), ipywidgets.VBox()
        self.rows, self.entries, self.moved = [self._row(ipywidgets.HTML())], [], 0.0
        self.rows[0].children[1].value = f"<b>{row(HEAD)}</b>"
        rows = [self.path, self.save, self.load, self.best], [self.pretrained, self.take, self.tune]
        boxes = [ipywidgets.HBox(r, layout=WRAPPED) for r in (*rows, [self.auto, self.where])]
        super().__init__([*boxes, self.table, light_arrows()])
        self.fill()

    def _path(self) -> Path:
        return Path(self.path.value.strip() or "studio.npz").expanduser()

    def _use_best(self) -> None:
        self.studio.live.use_best()
        best = self.studio.live.training.best / np.log(2)
        self.studio.look()
        self.studio.say(f"These weights need {best:.3f} bits per character on held-out text.")

    def _ask(self, path: Path | None) -> None:
        """Have the button ask before it replaces this file, or just save."""
        self.asked, self.when = path, time.monotonic()
        self.save.description = REPLACE if path else "Save"

    def _save(self) -> None:
        """Save; a file that is not of this studio is replaced when the button, asked, says so."""
        path = self._path()
        if path.suffix not in (".npz", ".json"):  # the second for the demo of recurrentjs
            raise ValueError(f"{path}: the name of a model must end in .npz; nothing was saved")
        answered = path == self.asked and time.monotonic() - self.when >= SOON
        ask = path.exists() and not answered and path.resolve() not in self.mine
        self._ask(path if ask else None)
        if ask:
            raise ValueError(f"{path} exists already: press {REPLACE}, or choose another name")
        self.studio.live.save(path)
        self.mine.add(path.resolve())
        step = self.studio.live.training.step_number
        self.studio.say(f"Saved step {step:,} in {path} ({path.stat().st_size / 1e6:.2f} MB).")

    def _ours(self) -> Path:
        if self.pretrained.value is None:
            raise ValueError("no weights come with this copy of the course")
        return self.pretrained.value

    def _take(self) -> None:
        """Load a model of ours, with the text that it knows, if that is on this computer.

        Without it, the training waits: on another text, the model soon forgets its own.
        """
        path = self._ours()
        here = path.stem in datasets.at_hand()
        self._load(path, path.stem if here else None)
        if here:
            self.studio.text_panel.choose(path.stem)
        else:
            self.studio.train.value = False
            self.studio.say(
                f"Loaded {path.name}. Its own text is not here (minichar data get {path.stem}), "
                "and training on this one would make it forget that text: so training is paused."
            )

    def _load(self, path: Path, text: str | None = None) -> None:
        left_out = self.studio.live.load(path, text)
        step = self.studio.live.training.step_number
        unknown = f" It does not know {left_out:,} characters of this text; they are left out."
        self.studio.renewed(f"Loaded {path.name}, at step {step:,}.{unknown if left_out else ''}")

    # --- automatically

    def keep(self, validation: float) -> None:
        """Keep the training, unless that was done just now, is switched off, or it went wrong."""
        if not self.auto.value or not self.kept.due(SECONDS) or not np.isfinite(validation):
            return
        try:
            self.kept.keep(self.studio.live.training, self.studio.line(), validation)
        except Exception as error:
            self.auto.value = False
            self.studio.say(f"Keeping failed and is now switched off: {told(error)}", wrong=True)
        self.fill()

    def renew(self) -> None:
        """Another training is there."""
        self.kept.renew()
        self.fill()

    def fill(self) -> None:
        """Make the table say what is in the folder now.

        Its rows stay and say something else: new ones would take the keyboard from who is there.
        """
        place, state = html.escape(f"{self.kept.folder}/"), "" if self.auto.value else " (off)"
        self.where.value = f"into <code>{place}</code>: the last {LAST}, and the best{state}"
        before, self.entries = self.entries, self.kept.entries()
        if [entry.path for entry in before] != [entry.path for entry in self.entries]:
            self.moved = time.monotonic()
        best = [entry.path for entry in self.kept.best(self.entries).values()]
        for k, entry in enumerate(self.entries):
            if k + 1 == len(self.rows):
                self.rows.append(self._row(self.studio.button("", partial(self._go_on, k))))
            load, facts = self.rows[k + 1].children
            _, run, _, step = entry.path.stem.split("-")
            load.description = f"Load run {int(run)}, step {int(step):,}"
            load.disabled = not self._fits(entry)
            facts.value = self._facts(entry, entry.path in best)
        self.table.children = self.rows[: len(self.entries) + 1] if self.entries else []

    def _go_on(self, k: int) -> None:
        if time.monotonic() - self.moved < SOON:  # by who saw another name on the button
            raise ValueError("the rows below have just moved: press again")
        self._load(self.entries[k].path)

    def _fits(self, entry: Entry) -> bool:
        """Whether it learned from the present text; a damaged one names none."""
        return entry.text.startswith(self.studio.live.training.digest)

    def _facts(self, entry: Entry, best: bool) -> str:
        size = f"{entry.size / 1e6:.2f} MB"
        if entry.wrong:
            return row(["damaged", size, entry.wrong])
        bits = "" if entry.validation is None else f"{entry.validation / np.log(2):.3f}"
        wrote = "".join(map(draw.visible, entry.sample))
        wrote = wrote if self._fits(entry) else f"(of another text: choose it first) {wrote}"
        return row([f"{bits} best" if best else bits, size, wrote])

    def _row(self, first: ipywidgets.DOMWidget) -> ipywidgets.HBox:
        first.layout.width, first.layout.flex = "14em", "0 0 auto"
        facts = ipywidgets.HTML(layout=ipywidgets.Layout(flex="1 1 15em", min_width="0"))
        shape = {"flex_flow": "row wrap", "align_items": "flex-start", "overflow": "hidden"}
        return ipywidgets.HBox([first, facts], layout=ipywidgets.Layout(**shape))
