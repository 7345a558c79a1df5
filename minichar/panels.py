"""The parts of the studio that are opened when needed: its text, its model, its files."""

import html
from collections import Counter
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from minichar import datasets
from minichar.live import DEFAULTS
from minichar.model import KINDS
from minichar.optim import OPTIMIZERS
from minichar.text import clean
from minichar.widgets import NAMED, WRAPPED

LITTLE, RARE = 20_000, 5  # characters; times that a character should come to be learned
OWN = "your own, below"


def found(text: str) -> str:
    """What a text is like, and what could make it hard to learn from; HTML."""
    times = Counter(text)
    lines = [f"Found {len(text):,} characters, {len(times)} different ones."]
    if 0 < len(text) < LITTLE:
        lines.append(f"⚠ That is little: from {LITTLE:,} on a network finds words by itself.")
    rare = sorted(c for c, n in times.items() if n < RARE)
    if rare:
        shown = " ".join(html.escape(repr(c)[1:-1]) for c in rare[:12])
        more = f" and {len(rare) - 12} more" if len(rare) > 12 else ""
        lines.append(f"⚠ Fewer than {RARE} times, so hardly learned: {shown}{more}")
    return "<br>".join(lines)


class TextPanel(ipywidgets.VBox):
    """Choose one of the texts here, or paste or upload one."""

    def __init__(self, studio: Any):
        self.studio = studio
        names = [*datasets.catalogue(), OWN]
        self.choice = ipywidgets.Dropdown(options=names, description="Text", **NAMED)
        self.pasted = ipywidgets.Textarea(
            description="Paste here",
            placeholder="any text, in any language",
            continuous_update=True,
            layout=ipywidgets.Layout(width="90%", height="8em"),
            **NAMED,
        )
        wide = ipywidgets.Layout(width="auto")
        self.upload = ipywidgets.FileUpload(description="Upload a text file", layout=wide)
        self.said = ipywidgets.HTML()
        self.use = studio.button("Learn this text", self._use)
        self.pasted.observe(self._pasted, "value")
        self.upload.observe(self._uploaded, "value")
        row = ipywidgets.HBox([self.choice, self.upload, self.use], layout=WRAPPED)
        super().__init__([row, self.pasted, self.said])

    def _pasted(self, change: Any) -> None:
        self.choice.value = OWN
        self.said.value = found(clean(change.new))

    def _uploaded(self, change: Any) -> None:
        for file in self.upload.value:
            try:
                self.pasted.value = bytes(file["content"]).decode("utf-8-sig")
            except UnicodeDecodeError:
                self.said.value = "⚠ That file is no text in UTF-8. Save it as UTF-8, or paste it."

    def _use(self) -> None:
        text = clean(self.pasted.value) + "\n" if self.choice.value == OWN else self.choice.value
        self.studio.restart(text)
        self.said.value = found(self.studio.live.text)


def _whole(least: int, name: str) -> ipywidgets.BoundedIntText:
    return ipywidgets.BoundedIntText(min=least, max=1024, description=name, **NAMED)


class ModelPanel(ipywidgets.VBox):
    """What the network is made of; and the same as code."""

    def __init__(self, studio: Any):
        self.studio = studio
        self.cell = ipywidgets.Dropdown(options=list(KINDS), description="Cell", **NAMED)
        self.hidden = ipywidgets.Text(description="Neurons, by layer", **NAMED)
        self.embedding = _whole(0, "Embedding (0: none)")
        self.dropout = ipywidgets.BoundedFloatText(
            min=0, max=0.9, step=0.1, description="Dropout", **NAMED
        )
        self.batch, self.length = _whole(1, "Texts side by side"), _whole(1, "Characters a step")
        self.optimizer = ipywidgets.Dropdown(
            options=list(OPTIMIZERS), description="Optimiser", **NAMED
        )
        self.seed = ipywidgets.IntText(description="Seed", **NAMED)
        self.use = studio.button("Build this model", self._use)
        self.code = ipywidgets.HTML()
        fields = [self.cell, self.hidden, self.embedding, self.dropout, self.batch, self.length]
        fields += [self.optimizer, self.seed]
        for field in fields:
            field.observe(lambda change: self._show(), "value")
        super().__init__([ipywidgets.HBox([*fields, self.use], layout=WRAPPED), self.code])
        self.fill()

    def fill(self) -> None:
        """Have the fields say what the model of now is made of."""
        now = self.studio.live.settings
        shown = now | {"hidden": ",".join(map(str, now["hidden"]))}
        shown |= {"embedding": now["embedding"] or 0}
        for name, value in shown.items():
            if hasattr(self, name):  # the rate has a dial of its own
                getattr(self, name).value = value
        self._show()

    def settings(self) -> dict[str, Any]:
        """What the fields say. Raises ValueError for sizes that are none."""
        try:
            hidden = tuple(int(size) for size in self.hidden.value.replace(" ", "").split(","))
        except ValueError:
            raise ValueError(
                f'"{self.hidden.value}" are no sizes: write them as in 100,50'
            ) from None
        if not all(0 < size <= 2048 for size in hidden):
            raise ValueError("each layer has from 1 to 2048 neurons")
        values = {name: getattr(self, name).value for name in DEFAULTS if hasattr(self, name)}
        return values | {"hidden": hidden, "embedding": self.embedding.value or None}

    def _show(self) -> None:
        try:
            s = self.settings()
        except ValueError as error:
            self.code.value = f'<p role="alert">⚠ {html.escape(str(error))}</p>'
            return
        kind, rate = OPTIMIZERS[s["optimizer"]]
        if s["optimizer"] == self.studio.live.settings["optimizer"]:
            rate = self.studio.live.rate
        given = "".join(
            f", {name}={s[name]!r}"
            for name in ("cell", "hidden", "embedding", "dropout", "seed")
            if s[name] != {"cell": "lstm", "hidden": (128, 128)}.get(name, DEFAULTS[name])
        )
        code = (
            f"model = mc.CharModel(mc.Vocabulary.of(text){given})\n"
            f"optimizer = mc.optim.{kind.__name__}(model.parameters(), lr={rate:g})\n"
            "for report in mc.train(model, text, steps=2000, optimizer=optimizer, "
            f"batch={s['batch']}, length={s['length']}):\n    print(report.step, report.bits)"
        )
        self.code.value = (
            f"The same as code:<pre style='line-height: 1.3'>{html.escape(code)}</pre>"
        )

    def _use(self) -> None:
        self.studio.restart(**self.settings())


class FilePanel(ipywidgets.VBox):
    """Save the training, and go on with a saved one."""

    def __init__(self, studio: Any):
        self.studio = studio
        self.path = ipywidgets.Text(value="studio.npz", description="File", **NAMED)
        self.save = studio.button("Save", self._save)
        self.load = studio.button("Load", lambda: self._load(self._path()))
        ours = {p.stem: p for p in sorted((datasets.folder() / "weights" / "lstm").glob("*.npz"))}
        self.pretrained = ipywidgets.Dropdown(options=ours, description="Trained by us", **NAMED)
        self.take = studio.button("Load it", lambda: self._load(self.pretrained.value))
        self.best = studio.button("Back to the best on held-out text", self._use_best)
        rows = [self.path, self.save, self.load, self.best], [self.pretrained, self.take]
        super().__init__([ipywidgets.HBox(row, layout=WRAPPED) for row in rows])

    def _path(self) -> Path:
        return Path(self.path.value.strip() or "studio.npz")

    def _use_best(self) -> None:
        self.studio.live.use_best()
        best = self.studio.live.training.best / np.log(2)
        self.studio.look()
        self.studio.say(f"These weights need {best:.3f} bits on held-out text.")

    def _save(self) -> None:
        path = self._path()
        self.studio.live.save(path)
        step = self.studio.live.training.step_number
        self.studio.say(f"Saved step {step:,} in {path} ({path.stat().st_size / 1e6:.2f} MB).")

    def _load(self, path: Path) -> None:
        self.studio.live.load(path)
        self.studio.renewed(
            f"Loaded {path.name}, at step {self.studio.live.training.step_number:,}."
        )
