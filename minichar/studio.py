"""The studio: watch a network learn a text, and play with it while it does.

    import minichar as mc
    mc.Studio()

live.py trains in the background; here is what is seen of it and what changes it. Everything that
goes wrong ends in the line under the buttons.
"""

import html
import time
import weakref
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np

from minichar import draw, panels
from minichar.live import Live, loop_of
from minichar.widgets import NAMED, WRAPPED, Dial

BY_HEART = 5  # validations in a row that are no longer the best
OFTEN, SELDOM = 0.5, 2.0  # seconds between two looks at the numbers, and at the curve
SIDE_BY_SIDE = "display: flex; flex-wrap: wrap; gap: 12px; line-height: 1.3"
ONE_LINE = "display: block; white-space: nowrap; overflow: hidden; text-overflow: ellipsis"
TIGHT = "line-height: 1.3; min-width: 17em"
_studios: "weakref.WeakSet[Studio]" = weakref.WeakSet()  # one at a time has the computer


def kept(step: int) -> bool:
    """Whether a sample of this step goes into the time line: 1, 2, 5, 10, 20, 50, … then 1,000s."""
    power = 10 ** (len(str(step)) - 1)
    return step % 1000 == 0 or step in (power, 2 * power, 5 * power)


class Studio(ipywidgets.VBox):
    """The dashboard. `text` and `settings` are those of live.Live; training starts at once.

    `start=False` waits for the button. `close()` ends the training and takes the dashboard away.
    """

    def __init__(self, text: str = "names", start: bool = True, **settings: Any):
        self.live, self.timeline, self.seed = Live(text, **settings), [], 0
        self.looked = self.drew = 0.0
        self.train = ipywidgets.ToggleButton(description="Train", icon="play", tooltip="Go on")
        self.one = self.button("One step", self._one_step)
        self.again = self.button("Restart", lambda: self.restart())
        self.rate = Dial("Learning rate", self.live.rate, 1e-5, 1, self._rated)
        self.status = ipywidgets.HTML()
        self.unit = ipywidgets.ToggleButtons(options=["bits", "perplexity"], description="Curve in")
        self.curve, self.numbers = ipywidgets.HTML(), ipywidgets.HTML()
        self.temperature = Dial(
            "Temperature", 0.8, 0.1, 10, lambda t: self._guarded(self._write), by=0.05
        )
        self.prime = ipywidgets.Text(
            description="Start with", placeholder="a new line", continuous_update=False, **NAMED
        )
        self.length = ipywidgets.BoundedIntText(
            value=120, min=10, max=2000, step=10, description="Characters", **NAMED
        )
        self.other = self.button("Other random numbers", self._reseed)
        self.written, self.history = ipywidgets.HTML(), ipywidgets.HTML()
        self.panels = ipywidgets.Accordion(
            [panels.TextPanel(self), panels.ModelPanel(self), panels.FilePanel(self)],
            titles=("Text", "Model", "Save and load"),
        )
        self.train.observe(self._toggled, "value")
        self.unit.observe(lambda change: self._guarded(self._draw), "value")
        for field in (self.prime, self.length):
            field.observe(lambda change: self._guarded(self._write), "value")
        rows = [[self.train, self.one, self.again, self.rate], [self.status]]
        rows += [[self.curve, ipywidgets.VBox([self.unit, self.numbers])]]
        rows += [[self.temperature, self.prime, self.length, self.other]]
        boxes = [ipywidgets.HBox(row, layout=WRAPPED) for row in rows]
        super().__init__([*boxes, self.written, self.history, self.panels])
        self.say("Ready.")
        self.look()
        if start:
            self.train.value = True

    # --- what the buttons and fields do

    def button(self, name: str, action: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, layout=ipywidgets.Layout(width="auto"))
        button.on_click(lambda _: self._guarded(action))
        return button

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do it; what goes wrong is said, and nothing is stuck."""
        try:
            action()
        except (ValueError, RuntimeError, OSError) as error:
            self.say(str(error), wrong=True)

    def _toggled(self, change: Any) -> None:
        self.train.description = "Pause" if change.new else "Train"
        self.train.icon = "pause" if change.new else "play"
        if not change.new:
            return self.live.pause()
        for other in list(_studios - {self}):
            other.train.value = False
        _studios.add(self)
        try:
            self.live.start(self._turn, self._ended)
            self.say("Training.")
        except RuntimeError:  # there is no event loop
            self.train.value = False
            self.say("Training in the background needs a notebook; One step works here.", True)

    def _one_step(self) -> None:
        self.train.value = False
        self.live.step()
        self.look()

    def _rated(self, lr: float) -> None:
        self.live.rate = lr  # always one that makes sense: the dial has bounds

    def _reseed(self) -> None:
        self.seed += 1
        self._write()

    def restart(self, text: str | None = None, **settings: Any) -> None:
        """Begin anew, with what is given changed; the old curve stays for comparison."""
        self.live.restart(text, **settings)
        self.renewed("Restarted.")

    def renewed(self, message: str) -> None:
        """Another model or text is there: show it."""
        self.timeline = []
        self.rate.number.value = self.live.rate
        self.panels.children[1].fill()
        self.say(message)
        self.look()

    def close(self) -> None:
        """End the training and take the dashboard away."""
        self.live.pause()
        super().close()

    # --- while it trains

    def _turn(self) -> None:
        now, report = time.monotonic(), self.live.history[-1]
        if report.note:
            self.say(f"Step {report.step}: {report.note}. Lower the learning rate.", wrong=True)
        if report.validation and self.live.training.waited == BY_HEART:
            self.say("The held-out text gets worse: it learns by heart. See Save and load.", True)
        if kept(report.step):
            self._remember(report)
        if now - self.looked > OFTEN:
            self._measure()
            self._guarded(self._write)
            self.looked = time.monotonic()
        if now - self.drew > SELDOM:
            self._guarded(self._draw)
            self.drew = time.monotonic()

    def _ended(self, wrong: Exception | None) -> None:
        self.train.value = False
        self.look()
        paused = f"Paused after step {self.live.training.step_number}."
        self.say(f"{type(wrong).__name__}: {wrong}" if wrong else paused, bool(wrong))

    # --- what is seen

    def look(self) -> None:
        """Bring everything up to date."""
        self._measure()
        for show in (self._write, self._draw):
            self._guarded(show)

    def say(self, message: str, wrong: bool = False) -> None:
        role, mark = ("alert", "⚠ ") if wrong else ("status", "")
        self.status.value = f'<div role="{role}">{mark}{html.escape(message)}</div>'

    def _measure(self) -> None:
        live, training = self.live, self.live.training
        rows = [("step", f"{training.step_number:,}")]
        if live.history:
            recent = live.history[-20:]
            loss = float(np.median([r.loss for r in recent]))
            size = np.sqrt(sum(float((w.data**2).sum()) for w in live.model.parameters().values()))
            norms = [r.gradient_norm for r in recent]
            clipped = np.mean([norm > (training.clip or np.inf) for norm in norms])
            speed = float(np.median([r.chars_per_second for r in recent]))
            rows += [
                ("passes over the text", f"{live.history[-1].epoch:.2f}"),
                ("loss, nats", f"{loss:.3f}"),
                ("bits per character", f"{loss / np.log(2):.3f}"),
                ("perplexity", f"{np.exp(min(loss, 50)):.2f}"),
                ("ms a step", f"{1000 * training.batch * training.length / max(speed, 1):.1f}"),
                ("characters a second", f"{speed:,.0f}"),
                ("steps clipped", f"{clipped:.0%}"),
                ("gradient / weights", f"{np.median(norms):.2g} / {size:.2g}"),
            ]
        if live.validations:
            rows.insert(3, ("held-out, bits", f"{live.validations[-1][1] / np.log(2):.3f}"))
        self.numbers.value = f'<div style="{TIGHT}">{draw.table(rows, ("", "now")).html}</div>'

    def _draw(self) -> None:
        live, bits = self.live, self.unit.value == "bits"

        def shown(nats):
            return np.asarray(nats) / np.log(2) if bits else np.exp(np.minimum(nats, 20))

        lines = {}
        for name, reports in (("training", live.history), ("before", live.before)):
            if len(reports) > 1:
                steps, losses = live.medians(reports)
                lines[name] = (steps, shown(losses))
        if live.validations:
            steps, losses = zip(*live.validations, strict=True)
            lines["held-out"] = (steps, shown(losses))
        if not lines:
            self.curve.value = '<p style="width: 28em">The curve begins with the second step.</p>'
            return
        levels = {"counting, on the held-out text": float(shown(live.count()))}
        y = "bits per character" if bits else "perplexity"
        picture = draw.curves(lines, "", "step", y, levels, marks=[s for s, _ in live.marks])
        self.curve.value = f'<div style="max-width: 36em">{picture.html}</div>'

    def _write(self) -> None:
        middle, prime = self.temperature.number.value, self.prime.value.replace("\\n", "\n")
        parts = []
        for t in (0, middle / 2, middle, min(10.0, 2 * middle)):
            text = self.live.sample(t, prime, self.length.value, self.seed)
            name, loop = f"temperature {t:.2g}", loop_of(text) if t == 0 else None
            if t == 0:
                said = f", repeats “{''.join(map(draw.visible, loop))}”" if loop else ""
                name = f"greedy{said}"
            title = f'<b style="{ONE_LINE}">{html.escape(name)}</b>'
            shown = (
                f'<div style="height: 9em; overflow: auto">{draw.written(prime, text).html}</div>'
            )
            parts.append(f'<div style="flex: 1 1 15em; min-width: 0">{title}{shown}</div>')
        self.written.value = f'<div style="{SIDE_BY_SIDE}">{"".join(parts)}</div>'

    def _remember(self, report: Any) -> None:
        text = self.live.sample(self.temperature.number.value, length=80, seed=self.seed)
        line = text.replace("\n", " ⏎ ")
        self.timeline.insert(0, (f"{report.step:,}", f"{report.bits:.2f}", line))
        table = draw.table(self.timeline, ("step", "bits", "what it wrote"))
        box = f"{TIGHT}; max-height: 12em; overflow: auto"
        self.history.value = f'<div style="{box}" tabindex="0">{table.html}</div>'

    def still(self) -> draw.Picture:
        """What is seen now, as a picture that does not move."""
        parts = [self.status, self.curve, self.numbers, self.written, self.history]
        words = f"The studio after step {self.live.training.step_number:,}"
        return draw.Picture("".join(part.value for part in parts), words)
