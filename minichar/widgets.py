"""Sliders over the pictures of `draw`: move one by mouse or arrow keys, or type a number beside it.

Each widget has `.still()`, the same as a picture that does not move: for print, for a screen
reader, for a page where nothing runs. `Temperature` is used from lesson 00, `Frames` from 01.

    from minichar import sampling, widgets
    widgets.Temperature(sampling.shipped("names"))
"""

import asyncio
import html
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from minichar import draw, sampling
from minichar.signs import joined
from minichar.text import clean

NAMED = {"style": {"description_width": "initial"}}  # otherwise a long name is cut off
# The handle in a colour that is seen on light and on dark: it would be white on nearly white.
SLIDER = {"style": {**NAMED["style"], "handle_color": draw.BLUE}, "readout": False}
NUMBER = {**NAMED, "layout": ipywidgets.Layout(width="230px")}
WRAPPED = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
# A handle that has the keyboard would be known by its colour alone, which is now always the same.
FOCUSED = ".noUi-handle:focus-visible { outline: 2px solid; outline-offset: 2px }"

ARROW = (
    "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E"
    "%3Cpath d='M5 7l4 4 4-4' fill='none' stroke='%23ddd' stroke-width='2'/%3E%3C/svg%3E\")"
)


def light_arrows() -> ipywidgets.HTML:
    """`rule` that makes the arrow of each dropdown light where the page is dark.

    In JupyterLab's dark themes ipywidgets leaves it black on nearly black.
    """
    return rule(f'[data-jp-theme-light="false"] {{ --jp-widgets-dropdown-arrow: {ARROW} }}')


def rule(css: str) -> ipywidgets.HTML:
    """A widget without height that gives the page a rule of style."""
    layout = ipywidgets.Layout(height="0", margin="0", overflow="hidden")
    return ipywidgets.HTML(f"<style>{css}</style>", layout=layout)


def stacked(parts: Sequence[draw.Picture]) -> draw.Picture:
    """Several pictures as one, one below the other."""
    return draw.Picture("".join(p.html for p in parts), "\n".join(p.description for p in parts))


def when_pressed(button: ipywidgets.ToggleButton, studio: Any, act: Callable[[], None]) -> None:
    """Have a studio do `act` after each press of the button, after all that was asked for before.

    That may have moved the button meanwhile: then it is put back to what the press made of it.
    """

    def pressed(change: Any) -> None:
        def in_order() -> None:
            if change.new and studio.comm is None:
                return  # it was closed meanwhile: nothing begins any more
            if button.value == change.new:
                act()
            else:
                button.value = change.new  # and so it comes here again

        studio.guarded(in_order)

    button.observe(pressed, "value")


class Dial(ipywidgets.HBox):
    """A slider over powers of ten, and a number field beside it that says the same.

    `on_change` is called with the value, once for each change of either.
    """

    def __init__(
        self,
        name: str,
        value: float,
        low: float,
        high: float,
        on_change: Callable[[float], None],
        by: float | None = None,
    ):
        """From `low` to `high`; `by` is the step of the number field's arrows."""
        self.on_change = on_change
        self.slider = ipywidgets.FloatLogSlider(
            value=value,
            min=np.log10(low),
            max=np.log10(high),
            step=0.02,
            description=name,
            **SLIDER,
        )
        self.number = ipywidgets.BoundedFloatText(
            value=value, min=low, max=high, step=by, description=f"{name} value", **NUMBER
        )
        self.slider.observe(self._slid, "value")
        self.number.observe(self._typed, "value")
        super().__init__([self.slider, self.number, rule(FOCUSED)], layout=WRAPPED)

    def _slid(self, change: Any) -> None:
        """The slider was moved, or rounds a number that was typed to its own nearest step."""
        if abs(np.log10(change.new / self.number.value)) > 0.51 * self.slider.step:
            self.number.value = float(f"{change.new:.3g}")

    def _typed(self, change: Any) -> None:
        """The number has changed: bring the slider near it, and say so."""
        if abs(np.log10(self.slider.value / change.new)) > 0.13 * self.slider.step:
            self.slider.value = change.new
        self.on_change(change.new)


class Temperature(ipywidgets.VBox):
    """A model's next-character probabilities and a text it writes, under a temperature slider.

    Every text is drawn with the same random numbers, so that what changes is the temperature alone;
    the button draws new ones. `prime` is what the text goes on from; it can be edited in its field,
    and each of the buttons under the chart adds to it one of the characters likeliest to come next.
    """

    def __init__(self, model: Any, prime: str = "", length: int = 160, seed: int = 0):
        self.model, self.length, self.seed = model, length, seed
        self.dial = Dial("Temperature", 1, 0.1, 10, lambda value: self.redraw(), by=0.05)
        self.slider, self.number = self.dial.slider, self.dial.number
        self.prime = ipywidgets.Text(
            value=prime,
            description="Start with",
            placeholder="a new line",
            continuous_update=False,
            **NAMED,
        )
        self.again = ipywidgets.Button(
            description="Other random numbers", layout=ipywidgets.Layout(width="auto")
        )
        self.chart, self.text = ipywidgets.HTML(), ipywidgets.HTML()
        self.likeliest = [""] * min(5, len(model.vocab))  # characters, one for each button
        narrow = ipywidgets.Layout(width="auto", min_width="3em")
        self.choices = [ipywidgets.Button(layout=narrow) for _ in self.likeliest]
        for k, button in enumerate(self.choices):
            button.on_click(partial(self._choose, k))
        self.prime.observe(lambda change: self.redraw(), "value")
        self.again.on_click(self._reseed)
        super().__init__(
            [
                self.dial,
                ipywidgets.HBox([self.prime, self.again], layout=WRAPPED),
                self.chart,
                ipywidgets.HBox([ipywidgets.Label("Or choose it:"), *self.choices], layout=WRAPPED),
                self.text,
            ]
        )
        self.redraw()

    def _choose(self, k: int, button: ipywidgets.Button) -> None:
        self.prime.value = joined(self.prime.value + self.likeliest[k].replace("\n", "\\n"))

    def _reseed(self, button: ipywidgets.Button) -> None:
        self.seed += 1
        self.redraw()

    def redraw(self) -> None:
        """Show chart and text at the present settings, or that a character is unknown."""
        try:
            chart, text, z = self._pictures(self.number.value)
        except ValueError as error:
            self.text.value = f'<p role="alert">{html.escape(str(error))}</p>'
            return
        self.chart.value, self.text.value = chart.html, text.html
        best = np.argsort(-z, kind="stable")
        self.likeliest = [self.model.vocab.characters[i] for i in best[: len(self.choices)]]
        for button, character in zip(self.choices, self.likeliest, strict=True):
            button.description = draw.visible(character)
            button.tooltip = f"add {draw.visible(character)} to “Start with”"

    def _pictures(self, temperature: float) -> tuple[draw.Picture, draw.Picture, np.ndarray]:
        prime = self.prime.value.replace("\\n", "\n")
        for character in clean(prime):
            if character not in self.model.vocab:
                known = " ".join(map(draw.visible, self.model.vocab.characters))
                raise ValueError(f"The model has never seen {character!r}. It knows: {known}")
        z, _ = sampling.read(self.model, prime)
        p = sampling.distribution(z, temperature)
        end = "".join(draw.visible(c) for c in prime[-12:])
        after = f'after "{"…" * (len(prime) > 12)}{end}"' if prime else "at the start of a line"
        title = f"Next character {after}, temperature {temperature:g}"
        text = sampling.sample(
            self.model, prime, self.length, temperature=temperature, seed=self.seed
        )
        return draw.bars(p, self.model.vocab.characters, title), draw.written(prime, text), z

    def still(self, temperatures: Sequence[float] = (0.3, 1.0, 2.0)) -> draw.Picture:
        """The chart and the text at each of some temperatures, one below the other."""
        return stacked([part for t in temperatures for part in self._pictures(t)[:2]])


class Frames(ipywidgets.VBox):
    """Pictures of the same thing as it changes, under a slider, with a button that plays them.

    `name` is what the slider is called, `start` the number of the picture it begins with, from 0.
    """

    def __init__(self, pictures: Sequence[draw.Picture], name: str = "Picture", start: int = 0):
        self.pictures = list(pictures)
        last = len(self.pictures) - 1
        self.slider = ipywidgets.IntSlider(value=start, min=0, max=last, description=name, **SLIDER)
        self.number = ipywidgets.BoundedIntText(
            value=start, min=0, max=last, description=f"picture 0 to {last}", **NUMBER
        )
        # ipywidgets has a Play of its own, whose buttons have no name for a screen reader.
        self.play = ipywidgets.ToggleButton(
            description="Play", icon="play", layout=ipywidgets.Layout(width="auto"), **NAMED
        )
        self.home, self.film = None, None
        with suppress(RuntimeError):  # outside of a notebook there is no event loop
            self.home = asyncio.get_running_loop()
        self.play.observe(self._pressed, "value")
        self.picture = ipywidgets.HTML()
        # Not ipywidgets.link, which raises where film and hand move the slider at the same time.
        self.slider.observe(lambda change: self._show(), "value")
        self.number.observe(lambda change: self._typed(), "value")
        self._show()
        row = ipywidgets.HBox([self.play, self.slider, self.number], layout=WRAPPED)
        super().__init__([row, self.picture, rule(FOCUSED)])

    def _show(self) -> None:
        self.number.value = self.slider.value
        self.picture.value = self.pictures[self.slider.value].html

    def _typed(self) -> None:
        self.slider.value = self.number.value

    def _pressed(self, change: Any) -> None:
        """Play in the notebook's event loop; a press may come from another thread."""
        if change.new and self.home and (self.film is None or self.film.done()):
            self.film = asyncio.run_coroutine_threadsafe(self.run(), self.home)

    async def run(self, seconds: float = 0.6) -> None:
        """One picture after the other, until the last or until the button is up again."""
        if self.play.value and self.slider.value == self.slider.max:
            self.slider.value = 0
        while self.play.value and self.slider.value < self.slider.max:
            await asyncio.sleep(seconds)
            if self.play.value:
                self.slider.value += 1
        self.play.value = False

    def still(self, which: Sequence[int] = (0, -1)) -> draw.Picture:
        """Some pictures, one below the other: the first and last unless `which` names others."""
        return stacked([self.pictures[k] for k in which])
