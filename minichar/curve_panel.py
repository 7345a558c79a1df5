"""The part of the studio that shows how far the training is: the curve, and the present numbers."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np

from minichar import draw
from minichar.chart import line_chart
from minichar.training import Report
from minichar.widgets import WRAPPED

NUMBERS = (
    *("passes over the text", "loss, nats", "bits per character", "perplexity", "ms a step"),
    *("characters a second", "steps clipped", "gradient / weights", "held-out, bits"),
)
RECENT = 20  # steps whose median is shown
FEW = 2_000  # steps at the most that a curve is drawn from
FRAME = "width: 36em; max-width: 100%; aspect-ratio: 66 / 36; overflow: hidden"


def medians(reports: Sequence[Report], points: int = 150) -> tuple[list, list]:
    """Steps, and the median loss around each: at most `points` of them, in nats."""
    reports = reports[:: 1 + len(reports) // FEW]
    steps, losses = np.array([(r.step, r.loss) for r in reports]).reshape(-1, 2).T
    known = np.isfinite(losses)
    steps, losses = steps[known], losses[known]
    parts = np.array_split(np.arange(len(steps)), min(points, len(steps)) or 1)
    parts = [part for part in parts if len(part)]
    return [int(steps[p[-1]]) for p in parts], [float(np.median(losses[p])) for p in parts]


class CurvePanel(ipywidgets.HBox):
    """`measure` brings the numbers up to date, `show` the curve, which takes longer."""

    def __init__(self, studio: Any):
        self.studio = studio
        self.unit = ipywidgets.ToggleButtons(options=["bits", "perplexity"], description="Curve in")
        self.curve, self.numbers = ipywidgets.HTML(), ipywidgets.HTML()
        self.curve.add_class("mc-curve")
        self.unit.observe(lambda change: studio.guarded(self.show), "value")
        super().__init__([self.curve, ipywidgets.VBox([self.unit, self.numbers])], layout=WRAPPED)

    def measure(self) -> None:
        """The present numbers; those that are not there yet are dashes, so that nothing moves."""
        live, training = self.studio.live, self.studio.live.training
        rows = {"step": f"{training.step_number:,}"} | dict.fromkeys(NUMBERS, "–")
        if live.history:
            recent = live.history[-RECENT:]
            loss = float(np.median([r.loss for r in recent]))
            size = np.sqrt(sum(float((w.data**2).sum()) for w in live.model.parameters().values()))
            norms = [r.gradient_norm for r in recent]
            clipped = np.mean([norm > (training.clip or np.inf) for norm in norms])
            speed = float(np.median([r.chars_per_second for r in recent]))
            ms = 1000 * float(np.median([r.seconds for r in recent]))
            now = (
                *(f"{recent[-1].epoch:.2f}", f"{loss:.3f}", f"{loss / np.log(2):.3f}"),
                *(f"{np.exp(min(loss, 50)):.2f}", f"{ms:.1f}", f"{speed:,.0f}"),
                *(f"{clipped:.0%}", f"{np.median(norms):.2g} / {size:.3g}"),
            )
            rows |= dict(zip(NUMBERS, now, strict=False))  # what is held out comes more rarely:
        if live.validations:
            rows["held-out, bits"] = f"{live.validations[-1][1] / np.log(2):.3f}"
        table = draw.table(list(rows.items()), ("", "now"))
        self.numbers.value = f'<div style="line-height: 1.3; min-width: 17em">{table.html}</div>'

    def show(self) -> None:
        """The curve, in bits or as perplexity, with the best of counting as a level."""
        lines, *rest = self._shown()
        if lines:
            picture = line_chart(lines, *rest)
            self.curve.value = f'<div style="{FRAME}">{picture.html}</div>'
        else:
            self.curve.value = f'<p style="{FRAME}">The curve begins with the second step.</p>'

    def still(self) -> str:
        """The curve as an image, which no page takes away; HTML."""
        lines, x, y, levels, marks = self._shown()
        return draw.curves(lines, "", x, y, levels, marks=marks).html if lines else ""

    def _shown(self) -> tuple[dict, str, str, dict, list]:
        """What the curve is made of: its lines, names of the axes, levels, marks."""
        live, bits = self.studio.live, self.unit.value == "bits"

        def shown(nats):
            return np.asarray(nats) / np.log(2) if bits else np.exp(np.minimum(nats, 20))

        lines, levels = {}, {}
        for name, reports in (("training", live.history), ("before", live.before)):
            steps, losses = medians(reports)
            if len(reports) > 1 and steps:
                lines[name] = (steps, shown(losses))
        if known := [one for one in live.validations if np.isfinite(one[1])]:
            steps, losses = zip(*known, strict=True)
            lines["held-out"] = (steps, shown(losses))
        if lines and live.training.held_out:
            levels = {"counting, held-out": float(shown(live.count()))}
        y = "bits per character" if bits else "perplexity"
        return lines, "step", y, levels, [step for step, _ in live.marks]
