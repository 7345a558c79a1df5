"""The parts of the studio that are opened when needed: its text, and what its model is made of."""

import html
from collections import Counter
from inspect import signature
from typing import Any

import ipywidgets

from minichar import datasets
from minichar.decoding import NO_TEXT, marked, unmarked_utf_16
from minichar.live import DEFAULTS, ENOUGH
from minichar.model import CHOSEN, KINDS, CharModel
from minichar.optim import OPTIMIZERS
from minichar.signs import visible
from minichar.text import clean
from minichar.widgets import NAMED, WRAPPED

LITTLE, RARE = 20_000, 5  # characters; times that a character should come to be learned
SHOWN = 20_000  # characters of an uploaded text that are put in the field
OWN = "your own, below"
# On a narrow page, titles, curve, fields, and names of buttons would be cut off.
NARROW = """.jupyter-widget-tab { --jp-widgets-horizontal-tab-width: auto }
.mc-curve, .mc-curve > * { min-width: 0; max-width: 100% }
.widget-text, .widget-dropdown, .widget-hslider { max-width: calc(100% - 4px) }
.widget-text { flex-wrap: wrap; height: auto }
.jupyter-widgets.widget-text input { flex-basis: 4em; min-width: 4em }
.jupyter-widget-tab .jupyter-button { white-space: normal; height: auto }"""


def found(text: str) -> str:
    """What a text is like, and what could make it hard to learn from; HTML."""
    ends = {"Windows": text.count("\r\n")}
    ends["old Mac"] = text.count("\r") - ends["Windows"]
    ends["Unix"] = text.count("\n") - ends["Windows"]
    text = clean(text)
    times = Counter(text)
    lines = [f"Found {len(text):,} characters, {len(times)} different ones."]
    if len(text) < ENOUGH:
        lines.append(f"⚠ That is too little: at least {ENOUGH}, better {LITTLE:,} or more.")
    elif len(text) < LITTLE:
        lines.append(f"⚠ That is little: from {LITTLE:,} on, a network learns to write words.")
    used = [f"{count:,} of {name}" for name, count in ends.items() if count]
    if len(used) > 1:
        lines.append(f"⚠ Line ends are mixed ({', '.join(used)}). They are all read as one kind.")
    rare = sorted(c for c, n in times.items() if n < RARE)
    if rare:
        shown = html.escape(" ".join(map(visible, rare[:12])))
        more = f" and {len(rare) - 12} more" if len(rare) > 12 else ""
        lines.append(f"⚠ Too rare to be learned well (fewer than {RARE} times): {shown}{more}")
    return "<br>".join(lines)


class TextPanel(ipywidgets.VBox):
    """Choose one of the texts here, or paste or upload one; learn it whole or by lines."""

    def __init__(self, studio: Any, text: str):
        names = [*datasets.at_hand(), OWN]  # `minichar data get` brings more
        text = text if text in names else OWN
        self.studio, self.own = studio, studio.live.text if text == OWN else ""
        self.choice = ipywidgets.Dropdown(options=names, value=text, description="Text", **NAMED)
        self.lines = ipywidgets.Checkbox(
            description="One line at a time",
            tooltip="Each line is learned on its own: the network forgets the line before",
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        self.pasted = ipywidgets.Textarea(
            self.own[:SHOWN],
            description="Paste here",
            placeholder="any text, in any language",
            layout=ipywidgets.Layout(width="90%", height="8em"),
            **NAMED,
        )
        wide = ipywidgets.Layout(width="auto")
        self.upload = ipywidgets.FileUpload(description="Upload a text file", layout=wide)
        self.said = ipywidgets.HTML()
        self.use = studio.button("Learn this text", self._use)
        self.pasted.observe(lambda change: studio.guarded(self._pasted), "value")
        self.upload.observe(lambda change: studio.guarded(self._uploaded), "value")
        row = [self.choice, self.upload, self.lines, self.use]
        super().__init__([ipywidgets.HBox(row, layout=WRAPPED), self.pasted, self.said])
        self.fill()

    def fill(self) -> None:
        """Make the checkbox say how the present text is learned."""
        self.lines.value = self.studio.live.settings["lines"]

    def choose(self, name: str) -> None:
        """Choose a text by its name: one that was fetched meanwhile is not yet offered."""
        if name not in self.choice.options:
            self.choice.options = [*datasets.at_hand(), OWN]
        self.choice.value = name

    def _pasted(self) -> None:
        self._take(self.pasted.value)

    def _take(self, text: str) -> None:
        self.own, self.choice.value = text, OWN
        self.said.value = found(text)

    def _uploaded(self) -> None:
        files, self.upload.value = self.upload.value, ()  # or the same file, again, is no change
        for file in files:
            raw = bytes(file["content"])
            try:
                text = raw.decode(kind := marked(raw) or "utf-8-sig")
            except UnicodeDecodeError:
                text = None
            wide = kind == "utf-8-sig" and unmarked_utf_16(raw[:64])  # readable, but full of zeros
            if text is None or wide or raw.startswith(NO_TEXT):  # an .rtf has more than text
                self.said.value = (
                    "⚠ That file is not plain text in UTF-8. Save it so, or paste the text."
                )
                continue
            # A browser is slow with a field of megabytes, and sends back one with line ends of \r.
            self.pasted.value = (cleaned := clean(text))[:SHOWN]
            self._take(text)
            if len(cleaned) > SHOWN:
                self.said.value += f"<br>The field shows the first {SHOWN:,} of them."

    def _use(self) -> None:
        text = self.choice.value
        if text == OWN:  # as it is, to be known again; a line end says that it is no name
            text = own if "\n" in (own := clean(self.own)) else own + "\n"
        self.studio.restart(text, lines=self.lines.value)
        self.said.value = found(self.studio.live.text)


def _whole(least: int, name: str, most: int = 1024) -> ipywidgets.BoundedIntText:
    return ipywidgets.BoundedIntText(min=least, max=most, description=name, **NAMED)


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
        self.batch = _whole(1, "Batch (texts side by side)")
        self.length = _whole(1, "Length (characters a step)")
        self.optimizer = ipywidgets.Dropdown(
            options=list(OPTIMIZERS), description="Optimiser", **NAMED
        )
        self.seed = _whole(0, "Seed", 2**31 - 1)
        self.use = studio.button("Build this model", self._use)
        self.code = ipywidgets.HTML()
        fields = [self.cell, self.hidden, self.embedding, self.dropout, self.batch, self.length]
        fields += [self.optimizer, self.seed]
        for field in fields:
            field.observe(lambda change: studio.guarded(self._show), "value")
        studio.rate.number.observe(lambda change: studio.guarded(self._show), "value")
        super().__init__([ipywidgets.HBox([*fields, self.use], layout=WRAPPED), self.code])
        self.fill()

    def fill(self) -> None:
        """Make the fields say what the present model is made of."""
        now = self.studio.live.settings
        shown = now | {"hidden": ",".join(map(str, now["hidden"]))}
        shown |= {"embedding": now["embedding"] or 0}
        for name, value in shown.items():
            if field := getattr(self, name, None):  # the rate has a dial of its own
                if hasattr(field, "max"):  # what is loaded may be more than what is built here
                    field.max = max(field.max, value)
                field.value = value
        self._show()

    def settings(self) -> dict[str, Any]:
        """What the fields say. Raises ValueError for sizes that are none."""
        try:
            hidden = tuple(int(size) for size in self.hidden.value.split(","))
        except ValueError:
            raise ValueError(
                f'"{self.hidden.value}" is not a list of sizes: write it as in 100,50'
            ) from None
        if not all(0 < size <= 2048 for size in hidden):
            raise ValueError("each layer must have from 1 to 2048 neurons")
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
            for name in CHOSEN
            if s[name] != signature(CharModel).parameters[name].default
        )
        lines = ", lines=True" if self.studio.live.settings["lines"] else ""
        sizes = f"batch={s['batch']}, length={s['length']}{lines}"
        code = (
            f"model = mc.CharModel(mc.Vocabulary.of(text){given})\n"
            f"optimizer = mc.optim.{kind.__name__}(model.parameters(), lr={rate:g})\n"
            "for report in mc.train(model, text, steps=2000, optimizer=optimizer, "
            f"{sizes}):\n    print(report.step, report.bits)"
        )
        live = self.studio.live
        self.code.value = (
            f"This network has {live.model.size:,} weights, its text {len(live.text):,} "
            "characters. These settings as code:<pre style='line-height: 1.3; word-break: normal; "
            f"overflow-wrap: anywhere'>{html.escape(code)}</pre>"
        )

    def _use(self) -> None:
        self.studio.restart(**self.settings())
