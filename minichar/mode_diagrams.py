"""The five boxes: which inputs a network reads, and which outputs are asked of it. Lesson 13.

After the drawing in Andrej Karpathy's article. Step by step the boxes light up as data flows:
what has been computed is filled, what is computed now has a thick edge, the rest is dashed. And the
orders in which a picture can be read, drawn over it.

    >>> boxes(1).description[:82]
    'The five kinds of task, step 1 of 5. One to one: reads x1, makes h1 and writes y1.'
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from minichar.draw import BLUE, GREEN, GREY, RED, Picture


@dataclass(frozen=True)
class Mode:
    """A way round a sequence: at which of its steps, from 1, it reads, and at which it writes."""

    name: str
    steps: int
    reads: tuple[int, ...]
    writes: tuple[int, ...]


MODES = (
    Mode("one to one", 1, (1,), (1,)),
    Mode("one to many", 3, (1,), (1, 2, 3)),
    Mode("many to one", 3, (1, 2, 3), (3,)),
    Mode("many to many:\nfirst read, then write", 5, (1, 2, 3), (3, 4, 5)),
    Mode("many to many:\nin step", 3, (1, 2, 3), (1, 2, 3)),
)
LAST = max(mode.steps for mode in MODES)
LOOKS = {"x": (RED, "#F6D5C2"), "h": (GREEN, "#BFE6D8"), "y": (BLUE, "#C4DFF0")}


def boxes(now: int) -> Picture:
    """All five at step `now`, from 0, before anything, to 5, when the longest has ended.

    Raises ValueError for another step.
    """
    if not 0 <= now <= LAST:
        raise ValueError(f"step {now}: the steps are 0 to {LAST}")
    figure = Figure(figsize=(10.4, 3.2))
    axes = figure.add_subplot()
    axes.axis("off")
    axes.set_aspect("equal")
    left, said = 0.0, []
    for mode in MODES:
        for t in range(1, mode.steps + 1):
            _column(axes, mode, t, left + 1.1 * (t - 1), now)
        middle = left + 1.1 * (mode.steps - 1) / 2 + 0.38
        axes.text(middle, 5.1, mode.name, ha="center", va="bottom", fontsize=9)
        said.append(f"{' '.join(mode.name.split()).capitalize()}: {_words(mode, now)}")
        left += 1.1 * mode.steps + 1.0
    axes.set_xlim(-0.3, left - 0.9)
    axes.set_ylim(-0.3, 6.1)
    return Picture(figure, f"The five kinds of task, step {now} of {LAST}. {'. '.join(said)}")


def five_boxes() -> list[Picture]:
    """The drawing at every step, for `widgets.Frames`."""
    return [boxes(now) for now in range(LAST + 1)]


def _column(axes, mode: Mode, t: int, x: float, now: int) -> None:
    """Step t of a mode: its input, if it reads, below the state, and its output, if it writes."""
    reads, writes = t in mode.reads, t in mode.writes
    for kind, y, there in (("x", 0.0, reads), ("h", 2.0, True), ("y", 4.0, writes)):
        if there:
            colour, fill = LOOKS[kind]
            look = {"ec": colour, "fc": fill} if t <= now else {"ec": GREY, "fc": "white"}
            look |= {"lw": 2.6 if t == now else 1, "ls": "-" if t <= now else (0, (3, 2))}
            shape = "round,pad=0,rounding_size=0.1"
            axes.add_patch(FancyBboxPatch((x, y), 0.76, 0.8, boxstyle=shape, **look))
            axes.text(x + 0.38, y + 0.38, f"{kind}{t}", ha="center", va="center", fontsize=9)
    ways = [((x + 0.38, 0.86), (x + 0.38, 1.94))] if reads else []
    ways += [((x + 0.38, 2.86), (x + 0.38, 3.94))] if writes else []
    ways += [((x - 0.3, 2.4), (x - 0.04, 2.4))] if t > 1 else []
    for start, end in ways:
        lit = {"color": "black", "lw": 1.8} if t <= now else {"color": "#A9B4BC", "lw": 1}
        look = {"arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0}
        axes.add_patch(FancyArrowPatch(start, end, **look, **lit))


def _words(mode: Mode, now: int) -> str:
    """What a mode does at step `now`."""
    if now == 0:
        return "nothing yet"
    if now > mode.steps:
        return "done"
    does = [f"reads x{now}"] if now in mode.reads else []
    does += [f"goes on from h{now - 1} to h{now}" if now > 1 else "makes h1"]
    does += [f"writes y{now}"] if now in mode.writes else []
    return " and ".join([", ".join(does[:-1]), does[-1]] if len(does) > 2 else does)


def paths(picture: np.ndarray, orders: Mapping[str, np.ndarray]) -> Picture:
    """A picture (n, n), 0 white to 1 dark, and over it each of `orders`: places (T, 2) by name.

    A ring stands where an order begins, a cross where it ends; a step to a pixel that is no
    neighbour is dotted.
    """
    figure, said = Figure(figsize=(3.2 * len(orders), 3.3)), []
    for k, (name, places) in enumerate(orders.items()):
        axes = figure.add_subplot(1, len(orders), k + 1)
        axes.imshow(picture, cmap="Greys", vmin=0, vmax=1.6)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, loc="left", fontsize=10, parse_math=False)
        jumps = np.abs(np.diff(places, axis=0)).sum(axis=1) > 1
        for (a, b), jump in zip(zip(places, places[1:], strict=False), jumps, strict=True):
            line = {"ls": ":", "lw": 1} if jump else {"ls": "-", "lw": 1.6}
            axes.plot([a[1], b[1]], [a[0], b[0]], color=BLUE, **line)
        (top, left), (bottom, right) = places[0], places[-1]
        axes.plot(left, top, "o", color=RED, fillstyle="none", markersize=9, markeredgewidth=2)
        axes.plot(right, bottom, "x", color=RED, markersize=9, markeredgewidth=2)
        said.append(
            f"{name}: from row {top}, column {left} to row {bottom}, column {right}, "
            f"with {jumps.sum()} jumps"
        )
    size = " by ".join(map(str, picture.shape))
    return Picture(
        figure, f"A picture of {size} pixels, in the order it is read. {'; '.join(said)}"
    )
