"""One step of an LSTM and of a GRU, drawn as it happens, with the numbers of a single neuron.

What is computed already is filled, what is computed now has a thick edge, the rest is pale. Each
picture says in words what it shows. Used in lesson 06.

    >>> lstm(2).description.split(". ")[1]
    'The forget gate says how much of the cell stays: f c = 0.50 · 0.80 = 0.40'
"""

from collections.abc import Callable
from math import tanh

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from minichar.draw import BLUE, GREY, RED, Picture

GATE, CANDIDATE, PALE = "#FBE3C0", "#CFE6DC", "#C3CBD1"
Point = tuple[float, float]


def steps(cell: Callable[[int], Picture]) -> list[Picture]:
    """The drawing of a cell, `lstm` or `gru`, at each of its steps, for `widgets.Frames`."""
    return [cell(now) for now in range(5)]


def lstm(now: int = 4) -> Picture:
    """An LSTM at step `now`: 0 is before anything, 4 is done. The cell c above, the state h below.

    Raises ValueError for another step.
    """
    c, f, i, g, o = 0.8, 0.5, 0.25, -0.4, 0.9
    kept, new_c = f * c, f * c + i * g
    h = o * tanh(new_c)
    d = Drawing("An LSTM", now)
    d.text(0, -0.35, 3.9, "c", BLUE)
    d.carry(0, 3.9, -0.1, 2.55, BLUE, c, at=0.5)
    d.letter_and_state(1.6, 7.2)
    for x, name, value, label in (
        (2.8, "f", f, "forget"),
        (4.2, "i", i, "input"),
        (5.8, "g", g, "candidate"),
        (7.2, "o", o, "output"),
    ):
        d.made(1, x, name, value, label)
    d.way(2, (2.8, 1.6), (2.8, 3.65))
    d.node(2, 2.8, 3.9, "×")
    d.carry(2, 3.9, 3.05, 4.75, BLUE, kept, at=3.8)
    d.way(3, (4.2, 1.6), (4.2, 2.7), (4.75, 2.7))
    d.way(3, (5.8, 1.6), (5.8, 2.7), (5.25, 2.7))
    d.node(3, 5.0, 2.7, "×")
    d.way(3, (5.0, 2.95), (5.0, 3.65))
    d.text(3, 5.4, 3.2, f"{i * g:.2f}", GREY, 9)
    d.node(3, 5.0, 3.9, "+")
    d.carry(3, 3.9, 5.25, 10.1, BLUE, new_c, at=9.6)
    d.text(3, 10.35, 3.9, "c", BLUE)
    d.way(4, (8.2, 3.9), (8.2, 3.05))
    d.node(4, 8.2, 2.75, "tanh")
    d.way(4, (8.2, 2.45), (8.2, 1.55))
    d.way(4, (7.45, 1.3), (7.95, 1.3))
    d.node(4, 8.2, 1.3, "×")
    d.carry(4, 1.3, 8.45, 10.1, RED, h, at=9.6)
    d.text(4, 10.35, 1.3, "h", RED)
    return d.picture(
        "The cell c comes from the step before, the letter x and the state h from below",
        "From x and h come the forget gate f, the input gate i, the candidate g and the output "
        f"gate o: f = {f:.2f}, i = {i:.2f}, g = {g:.2f}, o = {o:.2f}",
        f"The forget gate says how much of the cell stays: f c = {f:.2f} · {c:.2f} = {kept:.2f}",
        "The input gate says how much of the candidate is let in, and that is added: new c = "
        f"{kept:.2f} + {i:.2f} · ({g:.2f}) = {new_c:.2f}",
        "The output gate says how much of tanh(c) is shown, and that is the new state: new h = "
        f"{o:.2f} · tanh({new_c:.2f}) = {h:.2f}",
    )


def gru(now: int = 4) -> Picture:
    """A GRU at step `now`: 0 is before anything, 4 is done. Its state h is above and below.

    Raises ValueError for another step.
    """
    h, r, u, a, m = 0.8, 0.5, 0.75, 0.1, -1.0
    n = tanh(a + r * m)
    new = u * h + (1 - u) * n
    d = Drawing("A GRU", now)
    d.text(0, -0.35, 3.9, "h", RED)
    d.carry(0, 3.9, -0.1, 1.95, RED, h, at=0.5)
    d.letter_and_state(1.3, 7.6)
    d.made(1, 2.2, "u", u, "update")
    d.made(1, 4.4, "r", r, "reset")
    d.way(2, (6.0, 0.2), (6.0, 1.05))
    d.text(2, 5.5, 0.62, f"m  {m:.2f}", GREY, 8)
    d.way(2, (4.65, 1.3), (5.75, 1.3))
    d.node(2, 6.0, 1.3, "×")
    d.way(2, (6.25, 1.3), (7.3, 1.3))
    d.made(2, 7.6, "n", n, "candidate")
    d.way(3, (2.2, 1.6), (2.2, 3.65))
    d.node(3, 2.2, 3.9, "×")
    d.carry(3, 3.9, 2.45, 7.35, RED, u * h, at=4.4)
    d.way(4, (2.2, 2.7), (3.9, 2.7))
    d.node(4, 4.4, 2.7, "1 - u")
    d.way(4, (4.9, 2.7), (7.35, 2.7))
    d.way(4, (7.6, 1.6), (7.6, 2.45))
    d.node(4, 7.6, 2.7, "×")
    d.way(4, (7.6, 2.95), (7.6, 3.65))
    d.text(4, 8.05, 3.25, f"{(1 - u) * n:.2f}", GREY, 9)
    d.node(4, 7.6, 3.9, "+")
    d.carry(4, 3.9, 7.85, 10.1, RED, new, at=9.6)
    d.text(4, 10.35, 3.9, "h", RED)
    return d.picture(
        "The state h comes from the step before, above and below, and the letter x from below",
        "From x and h come two gates, the update gate u and the reset gate r: "
        f"u = {u:.2f}, r = {r:.2f}",
        "The reset gate says how much of the old state the candidate n may see (a comes from x, m "
        f"from h): n = tanh(a + r m) = tanh({a:.2f} + {r:.2f} · ({m:.2f})) = {n:.2f}",
        f"The update gate says how much of the old state stays: u h = {u:.2f} · {h:.2f} = "
        f"{u * h:.2f}",
        f"The rest is filled up with the candidate: new h = {u * h:.2f} + {1 - u:.2f} · ({n:.2f}) "
        f"= {new:.2f}",
    )


class Drawing:
    """The box of a cell, in which each part belongs to a step: it is pale until then."""

    def __init__(self, name: str, now: int):
        if now not in range(5):
            raise ValueError(f"step {now}: the steps are 0 to 4")
        self.name, self.now, self.figure = name, now, Figure(figsize=(8.4, 4.4))
        self.axes = self.figure.add_axes((0.01, 0.01, 0.98, 0.98))
        self.axes.set_xlim(-0.6, 10.6)
        self.axes.set_ylim(-1.0, 5.3)
        self.axes.axis("off")
        self.axes.add_patch(Rectangle((-0.6, -1), 11.2, 6.3, fill=False, ec="none"))  # of one size
        box = {"boxstyle": "round,pad=0.1", "fc": "#F4F7F9", "ec": GREY}
        self.axes.add_patch(FancyBboxPatch((1, -0.1), 8, 4.5, **box))

    def text(
        self, step: int, x: float, y: float, label: str, colour: str = GREY, size: float = 13
    ) -> None:
        """Written once its step is there, for it may be a result."""
        if step <= self.now:
            self.axes.text(x, y, label, ha="center", va="center", fontsize=size, color=colour)

    def node(self, step: int, x: float, y: float, label: str, colour: str = "white") -> None:
        """A label in a box, filled with `colour` once its step is there."""
        there, edge = step <= self.now, 2.4 if step == self.now else 1
        box = {"boxstyle": "round,pad=0.35", "fc": colour if there else "white", "lw": edge}
        box["ec"] = GREY if there else PALE
        ink = "black" if there else PALE
        look = {"ha": "center", "va": "center", "fontsize": 11, "color": ink, "bbox": box}
        self.axes.text(x, y, label, **look)

    def way(
        self, step: int, *points: Point, colour: str = GREY, width: float = 1.2, head: bool = True
    ) -> None:
        """A line from point to point, with a head at its end."""
        colour = colour if step <= self.now else PALE
        for k, (start, end) in enumerate(zip(points, points[1:], strict=False)):
            last = head and k == len(points) - 2
            look = {"arrowstyle": "-|>" if last else "-", "mutation_scale": 12, "color": colour}
            self.axes.add_patch(FancyArrowPatch(start, end, lw=width, shrinkA=0, shrinkB=0, **look))

    def carry(
        self, step: int, y: float, start: float, end: float, colour: str, value: float, at: float
    ) -> None:
        """A thick level line from x = `start` to `end`; over it, at `at`, the number it carries."""
        self.way(step, (start, y), (end, y), colour=colour, width=2.4)
        self.text(step, at, y + 0.25, f"{value:.2f}", colour, 9)

    def letter_and_state(self, x: float, end: float) -> None:
        """The lower line, on which the state comes in, and the letter that joins it at x."""
        self.text(0, -0.35, 0.2, "h", RED)
        self.way(0, (-0.1, 0.2), (end, 0.2), colour=RED, width=2.4, head=False)
        self.text(0, x, -0.75, "x")
        self.way(0, (x, -0.6), (x, 0.2), head=False)

    def made(self, step: int, x: float, name: str, value: float, label: str) -> None:
        """A gate or a candidate, made from the lower line."""
        self.way(step, (x, 0.2), (x, 0.55), head=False)
        self.node(step, x, 1.3, name, CANDIDATE if label == "candidate" else GATE)
        shown = f"{label}  {value:.2f}" if step <= self.now else label
        ink = GREY if step <= self.now else PALE
        self.axes.text(x, 0.75, shown, ha="center", va="center", fontsize=8, color=ink)

    def picture(self, *said: str) -> Picture:
        """What was drawn, under the sentence of this step; a formula on a line of its own."""
        words = said[self.now].replace(": ", ":\n")
        self.axes.text(-0.5, 4.95, words, va="center", fontsize=9.5)
        return Picture(self.figure, f"{self.name}, step {self.now} of 4. {said[self.now]}")
