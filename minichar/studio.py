"""The studio: watch a network learn a text, and play with it while it does.

    import minichar as mc
    mc.Studio()

live.py trains in the background; here is what is seen of it and what changes it. Everything that
goes wrong is reported in the line under the buttons.
"""

import asyncio
import html
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from minichar import draw, panels
from minichar.curve_panel import CurvePanel
from minichar.keeping_panel import FilePanel, told
from minichar.live import Live
from minichar.optim import OPTIMIZERS
from minichar.signs import joined
from minichar.widgets import WRAPPED, Dial, rule, when_pressed
from minichar.writing_panel import WritingPanel

PATIENCE = 5  # validations in a row without a new best, until that is said
NO_BETTER = f"No better on the held-out text for {PATIENCE} measurements: "
RATES = 1e-5, 0.1  # the slider's ends
OFTEN, SELDOM = 0.5, 2.0  # seconds between two looks at the numbers, and at the curve
HISTORY = '<div style="line-height: 1.3; height: 11em; overflow: auto" tabindex="0">{}</div>'
_studios: "weakref.WeakSet[Studio]" = weakref.WeakSet()  # one at a time has the computer


def kept(step: int) -> bool:
    """Whether a sample of this step goes into the time line: 1, 2, 5, 10, 20, 50, … then 1,000s."""
    power = 10 ** (len(str(step)) - 1)
    return step % 1000 == 0 or step in (power, 2 * power, 5 * power)


class Studio(ipywidgets.VBox):
    """The dashboard. `text` and `settings` are those of live.Live; training starts at once.

    `start=False` waits for the button. Into `folder`, in the folder where the notebook is, the
    training is kept as it goes on; None keeps nothing. `close()` ends the training and takes the
    dashboard away.
    """

    def __init__(
        self,
        text: str | Path = "names",
        start: bool = True,
        folder: str | Path | None = "studio",
        **settings: Any,
    ):
        self.live, self.timeline = Live(text, **settings), []
        self.thread, self.home = threading.get_ident(), None
        with suppress(RuntimeError):  # as outside a notebook
            self.home = asyncio.get_running_loop()
        self.looked = self.drew = 0.0
        self.train = ipywidgets.ToggleButton(
            description="Train", icon="play", tooltip="Train, or pause"
        )
        self.one = self.button("One step", self._one_step)
        self.again = self.button("Restart", self.restart)
        self.rate = Dial("Learning rate", self.live.rate, *RATES, self._rated)
        self.status = ipywidgets.HTML()
        self.seen, self.writing = CurvePanel(self), WritingPanel(self)
        self.history = ipywidgets.HTML(HISTORY.format(""))
        self.text_panel, self.model_panel = panels.TextPanel(self, text), panels.ModelPanel(self)
        self.file_panel = FilePanel(self, folder)
        self.panels = ipywidgets.Tab(
            [self.text_panel, self.model_panel, self.file_panel],
            titles=("Text", "Model", "Save and load"),
        )
        when_pressed(self.train, self, self._toggled)
        rows = [[self.train, self.one, self.again, self.rate], [self.status]]
        boxes = [ipywidgets.HBox(row, layout=WRAPPED) for row in rows]
        shown = [*boxes, self.seen, self.writing, self.history, self.panels]
        super().__init__([*shown, rule(panels.NARROW)])
        self._fit_rate()
        self.say("Ready.")
        self.look()
        if start:
            self.train.value = True

    # --- what the buttons and fields do

    def button(self, name: str, action: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, layout=ipywidgets.Layout(width="auto"))
        button.on_click(lambda _: self.guarded(action))
        return button

    def guarded(self, action: Callable[[], None]) -> None:
        """Do it; what goes wrong is reported, and nothing is stuck.

        A notebook may call from a thread of its own, beside the one that trains: then it is handed
        over, so that all happens in one thread, in the order in which it was asked for.
        """
        if self.home and self.home.is_running() and threading.get_ident() != self.thread:
            self.home.call_soon_threadsafe(self.guarded, action)
            return
        try:
            action()
        except Exception as error:
            self.wrong(error)

    def wrong(self, error: Exception) -> None:
        """Say what went wrong."""
        self.say(told(error), wrong=True)

    def _toggled(self) -> None:
        on = self.train.value
        self.train.description, self.train.icon = ("Pause", "pause") if on else ("Train", "play")
        if not on:
            self.live.pause()
            return self.say(f"Paused after step {self.live.training.step_number:,}.")
        for other in [one for one in _studios - {self} if one.train.value]:
            other.train.value = False
            other.say("Paused: another studio is training now.")
        _studios.add(self)
        try:
            self.live.start(self._turn, self._ended)
            self.say("Training.")
        except RuntimeError:  # there is no event loop
            self.train.value = False
            self.say("Training in the background needs a notebook; One step works here.", True)

    def _one_step(self) -> None:
        self.train.value = False
        report = self.live.step()
        self.say(f"Took step {self.live.training.step_number:,}.")
        self._tell(report)
        self.look()

    def _rated(self, lr: float) -> None:
        self.asked = lr
        self.guarded(self._take_rate)

    def _take_rate(self) -> None:
        """Learn at the rate last asked for: several may have waited for their turn."""
        self.live.rate = self.asked
        if self.rate.number.value != self.asked:  # moved back meanwhile, as by a restart
            self._fit_rate()

    def _fit_rate(self) -> None:
        """The dial at the present rate, as wide as that, or the optimiser, asks for."""
        usual = OPTIMIZERS[self.live.settings["optimizer"]][1]
        high = RATES[1] if max(usual, self.live.rate) <= RATES[1] else max(1.0, self.live.rate)
        act, self.rate.on_change = self.rate.on_change, lambda lr: None  # the dial follows the rate
        low = min(RATES[0], self.live.rate)
        self.rate.slider.min, self.rate.number.min = np.log10(low), low
        for top in (max(1.0, high), high):  # first wide enough for any, then as wide as need be
            self.rate.slider.max, self.rate.number.max = np.log10(top), top
            self.rate.number.value = self.live.rate
        self.rate.on_change = act

    def restart(self, text: str | Path | None = None, **settings: Any) -> None:
        """Begin again, with what is given changed; the old curve stays for comparison."""
        self.live.restart(text, **settings)
        self.renewed("Restarted.")

    def renewed(self, message: str) -> None:
        """Another model or text is there: show it."""
        self.writing.renew()
        self.timeline, self.history.value = [], HISTORY.format("")
        self._fit_rate()
        self.text_panel.fill()
        self.model_panel.fill()
        self.file_panel.renew()
        self.look()
        self.say(message)

    def close(self) -> None:
        """End the training and take the dashboard away."""
        if "live" in vars(self):  # ipywidgets closes one that could not be made, too
            self.train.value = False
            self.writing.stop()
        super().close()

    # --- while it trains

    def _turn(self) -> Iterator[None]:
        """What a step leads to. It stops after each thing that takes a while, for others' turn."""
        report, training = self.live.history[-1], self.live.training
        self._tell(report)
        if report.validation is not None:  # first: with a turn for others, the model may change
            self.file_panel.keep(report.validation)
            yield
        if kept(report.step) and self.live.training is training:
            self._remember(report)
            yield
        if time.monotonic() - self.looked > OFTEN:
            self.seen.measure()
            self.writing.wanted = True
            self.guarded(self.writing.show_wanted)
            self.looked = time.monotonic()
            yield
        if time.monotonic() - self.drew > SELDOM:
            self.guarded(self.seen.show)
            self.drew = time.monotonic()
            yield

    def _tell(self, report: Any) -> None:
        if report.note:
            self._fit_rate()  # it was halved
            self.say(f"Step {report.step}: {report.note}.", wrong=True)
        if report.validation is None:
            return
        if self.live.training.waited == PATIENCE:
            causes = "it may be overfitting (learning by heart), or the rate is too high"
            paused = "" if self.train.value else f" Paused after step {report.step:,}."
            self.say(f"{NO_BETTER}{causes}. See Save and load.{paused}", wrong=True)
        elif not self.live.training.waited and NO_BETTER in self.status.value:
            self.say("A new best on the held-out text.")

    def _ended(self, wrong: Exception | None) -> None:
        self.look()
        if wrong:  # else the button was pressed, and may have been pressed once more since
            self.train.value = False
            self.wrong(wrong)

    # --- what is seen

    def look(self) -> None:
        """Bring everything up to date."""
        for show in (self.seen.measure, self.writing.show, self.seen.show):
            self.guarded(show)

    def say(self, message: str, wrong: bool = False) -> None:
        role, mark = ("alert", "⚠ ") if wrong else ("status", "")
        self.status.value = f'<div role="{role}">{mark}{html.escape(message)}</div>'

    def line(self) -> str:
        """80 characters of the present model; none of one that the next step will take back."""
        temperature = self.writing.temperature.number.value
        try:
            text = self.live.samples([temperature], length=80, seed=self.writing.seed)[0]
        except ValueError:  # its scores are no numbers
            return ""
        return joined(text)

    def _remember(self, report: Any) -> None:
        line = self.line().replace("\n", " ⏎ ")
        self.timeline.insert(0, (f"{report.step:,}", f"{report.bits:.2f}", line))
        table = draw.table(self.timeline, ("step", "bits", "what it wrote"))
        self.history.value = HISTORY.format(table.html)

    def still(self) -> draw.Picture:
        """What is seen now, as a picture that does not move."""
        parts = [self.status.value, self.seen.still(), self.seen.numbers.value]
        parts += [self.writing.still(), self.history.value]
        words = f"The studio after step {self.live.training.step_number:,}"
        return draw.Picture("".join(parts), words)
