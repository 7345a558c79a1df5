"""The part of the studio that writes: under a temperature slider, all at once or slowly.

At once, four texts stand side by side from the same random numbers: one greedy, three at half, once
and twice the temperature. Slowly, one text comes a character at a time, shaded by how sure the
model was of each; the temperature acts on the very next.
"""

import asyncio
import html
from typing import Any

import ipywidgets
import numpy as np

from minichar import draw
from minichar.signs import joined
from minichar.text import clean
from minichar.widgets import NAMED, WRAPPED, Dial, when_pressed
from minichar.writing import loop_of, piece_of, write

PACE = 0.05  # seconds a character
DOUBT = 0.1  # a probability below is underlined
LINE = 1.35  # height of a line of text, in its own size
# word-break, because JupyterLab breaks the words in a <pre> anywhere; Voilà has another font there
WRAPS = "white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal; font-family: monospace"
# Shades of blue that black and white can be read on alike, from none to 0.6.
SHADES = "".join(
    f".mc-slow .p{k} {{ background: rgba(0, 114, 178, {0.06 * k:.2f}) }}" for k in range(11)
)
STYLE = f"<style>{SHADES} .mc-slow u {{ text-decoration: underline dotted 2px }}</style>"


class Sample(ipywidgets.VBox):
    """One text under its name. The box that scrolls outlasts the text: a new one moves nothing."""

    def __init__(self):
        shape = {"height": f"{10 * LINE:.2f}em", "overflow": "hidden auto", "width": "auto"}
        edge = {"border_left": f"3px solid {draw.BLUE}", "padding": "0 0 0 8px", "margin": "0"}
        self.name = ipywidgets.HTML(layout=ipywidgets.Layout(margin="0"))
        self.text = ipywidgets.HTML(tabbable=True, layout=ipywidgets.Layout(**shape, **edge))
        wide = ipywidgets.Layout(flex="1 1 13em", min_width="0")
        super().__init__([self.name, self.text], layout=wide)

    def show(self, name: str, prime: str, text: str) -> None:
        """Put this text there, after what it was to start with, which is paler."""
        self.name.value = (
            '<b style="display: block; width: 0; min-width: 100%; white-space: nowrap; overflow: '
            f'hidden; text-overflow: ellipsis" title="{html.escape(name)}">{html.escape(name)}</b>'
        )
        short = max(map(len, (prime + text).split("\n"))) <= 16  # as in a list of names
        columns = "columns: 11ch 2; column-gap: 1ch" if short else ""
        self.text.value = (
            f'<pre role="group" aria-label="{html.escape(name)}" style="margin: 0; padding: 0; '
            f"line-height: {LINE}; {WRAPS}; overflow: visible; unicode-bidi: plaintext; "
            f'{columns}"><span style="opacity: 0.6">{html.escape(prime)}'
            f"</span>{html.escape(text)}</pre>"
        )


def shaded(character: str, p: float) -> str:
    """A character as HTML, the deeper in shade the surer; underlined if unlikely."""
    tag, shown = "u" if p < DOUBT else "span", draw.visible(character)
    if character == "\n":
        shown = "⏎\n"
    return f'<{tag} class="p{round(10 * p)}" title="{p:.0%}">{html.escape(shown)}</{tag}>'


class WritingPanel(ipywidgets.VBox):
    """What the model of a studio writes; `show` brings it up to date, `stop` ends a slow text."""

    def __init__(self, studio: Any):
        self.studio, self.seed, self.pieces, self.task = studio, 0, 0, None
        self.wanted = False
        self.temperature = Dial("Temperature", 0.8, 0.1, 10, self._changed, by=0.05)
        self.prime = ipywidgets.Text(
            description="Start with", placeholder="a new line", continuous_update=False, **NAMED
        )
        self.length = ipywidgets.BoundedIntText(
            value=120,
            min=10,
            max=2000,
            step=10,
            description="Characters",
            style=NAMED["style"],
            layout=ipywidgets.Layout(width="150px"),
        )
        self.piece = studio.button("A piece of the text", self._take_piece)
        self.other = studio.button("Other random numbers", self._reseed)
        self.slow = ipywidgets.ToggleButton(
            description="Write slowly",
            icon="pencil",
            tooltip="One character at a time, shaded by its probability",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.samples, self.left_out = [Sample() for _ in range(4)], ipywidgets.HTML()
        gap = ipywidgets.Layout(flex_flow="row wrap", grid_gap="12px")
        beside = ipywidgets.HBox(self.samples, layout=gap)
        self.slowly = ipywidgets.HTML()
        for field in (self.prime, self.length):
            field.observe(self._changed, "value")
        when_pressed(self.slow, studio, self._toggled)
        rows = [[self.temperature, self.length], [self.prime, self.piece, self.other, self.slow]]
        rows = [ipywidgets.HBox(row, layout=WRAPPED) for row in rows]
        super().__init__([*rows, self.left_out, beside, self.slowly])

    def _changed(self, change: Any) -> None:
        self.wanted = True
        self.studio.guarded(self.show_wanted)

    def show_wanted(self) -> None:
        """Write again, unless done since it was asked for: a drag asks faster than that."""
        if self.wanted:
            self.show()

    def _take_piece(self) -> None:
        self.pieces += 1
        live = self.studio.live
        piece = piece_of(live.text, self.pieces, lines=live.settings["lines"])
        self.prime.value = piece.replace("\n", "\\n")

    def _reseed(self) -> None:
        self.seed += 1
        self.show()

    def _prime(self) -> tuple[str, str]:
        """What to start with, as far as the model knows it; and a line of HTML about the rest."""
        typed, vocab = clean(self.prime.value.replace("\\n", "\n")), self.studio.live.model.vocab
        unknown = dict.fromkeys(c for c in typed if c not in vocab)
        named = html.escape(" ".join(map(draw.visible, unknown)))
        left_out = (
            f"<div>left out, because the model does not know them: {named}</div>" if unknown else ""
        )
        return "".join(c for c in typed if c not in unknown), left_out

    def show(self) -> None:
        """Write the four texts again."""
        self.wanted = False
        middle, (prime, left_out) = self.temperature.number.value, self._prime()
        temperatures = 0, middle / 2, middle, min(10.0, 2 * middle)
        texts = self.studio.live.samples(temperatures, prime, self.length.value, self.seed)
        self.left_out.value = left_out
        for sample, t, text in zip(self.samples, temperatures, map(joined, texts), strict=True):
            name, loop = f"temperature {t:.3g}", loop_of(text) if t == 0 else None
            if t == 0:
                said = f", repeats “{''.join(map(draw.visible, loop))}”" if loop else ""
                name = f"greedy{said}"
            sample.show(name, prime, text)

    def still(self) -> str:
        """The four texts as HTML."""
        column = '<div style="flex: 1 1 13em; min-width: 0">'
        parts = (f"{column}{s.name.value}{s.text.value}</div>" for s in self.samples)
        return f'<div style="display: flex; flex-wrap: wrap; gap: 12px">{"".join(parts)}</div>'

    # --- slowly

    def stop(self) -> None:
        """End a slow text; what is there stays."""
        self.slow.value = False

    def renew(self) -> None:
        """Another model is there: what the last one wrote slowly goes."""
        self.stop()
        self.slowly.value = ""

    def _toggled(self) -> None:
        self.slow.description = "Stop writing" if self.slow.value else "Write slowly"
        self.slow.icon = "stop" if self.slow.value else "pencil"
        if self.task is not None:
            self.task.cancel()
            self.task = None
        if not self.slow.value:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.slow.value = False
            raise RuntimeError("Writing slowly needs a notebook.") from None
        self.task = loop.create_task(self._slowly())

    async def _slowly(self) -> None:
        try:
            await self._write_slowly()
        except Exception as error:
            self.studio.wrong(error)
        self.task = None
        self.slow.value = False

    async def _write_slowly(self) -> None:
        live, temperatures = self.studio.live, [1.0]
        model, (prime, _), pieces, sure = live.model, self._prime(), [], []
        letters = write(model, temperatures, prime, self.seed)
        for k in range(self.length.value):
            temperatures[0] = self.temperature.number.value
            with live.lock:
                ids, p = next(letters)
            pieces.append(shaded(model.vocab.characters[ids[0]], float(p[0])))
            sure.append(p[0])
            if k % (1 + k // 400) == 0:  # a long text is not sent whole for each of its characters
                self._show_slowly(prime, pieces, sure)
            await asyncio.sleep(PACE)
        self._show_slowly(prime, pieces, sure)

    def _show_slowly(self, prime: str, pieces: list[str], sure: list[float]) -> None:
        start = f'<span style="opacity: 0.6">{html.escape(prime)}</span>'
        told = (
            f"{len(pieces)} characters, with a mean probability of {np.mean(sure):.0%}. The deeper "
            f"the shade, the surer; underlined: below {DOUBT:.0%}. Point at one for its number."
        )
        box = "display: flex; flex-direction: column-reverse; overflow: hidden auto"
        shape = f"line-height: {LINE}; {WRAPS}; unicode-bidi: plaintext"
        self.slowly.value = (
            f'{STYLE}<div>{told}</div><div style="{box}; height: {5 * LINE:.2f}em; border-left: '
            f'3px solid {draw.BLUE}" tabindex="0" role="group" aria-label="written slowly"><pre '
            f'class="mc-slow" style="margin: 0 0 auto; padding: 0 0 0 8px; {shape}">'
            f"{start}{''.join(pieces)}</pre></div>"
        )
