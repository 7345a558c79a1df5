"""A graph drawn: what was made of what, the values, and the gradients of the backward pass.

`draw` shows a graph as it is; `steps_back` gives a picture for each node that passes its gradient
on, for the slider of `widgets.Frames`. Both take a Scalar or a Tensor. Used in lesson 07.

    >>> from minichar.scalar import Scalar
    >>> x = Scalar(3.0)
    >>> draw(x * x, x=x).description
    'A graph of 2 nodes: x is 3; * of x and x is 9'
"""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

from minichar.draw import GREY, RED, Picture
from minichar.graph_layout import ACROSS, HEIGHT, WIDTH, Layout

INK = "#A83E00"  # red, dark enough to be read
WAITS, BEGUN, COMPLETE = "white", "#FBE3C0", "#CFE6DC"  # which gradients have arrived at a node


def draw(result: Any, title: str = "", **names: Any) -> Picture:
    """Everything that `result` was made of, from left to right, with values and any gradients.

    `names` says what the nodes are called: draw(o, x=x, y=y). Of an array, its shape is shown, and
    the size of the largest number in its gradient.
    """
    graph = _Graph(result, names)
    grads = {node: node.grad for node in graph.order if node.grad is not None}
    if not any(np.any(g) for g in grads.values()):
        grads = {}  # no Scalar has been given one yet
    words = "; ".join(graph.words(node, grads) for node in graph.order)
    head = f"{title}: a graph" if title else "A graph"
    count = f"{len(graph.order)} node{'s' if len(graph.order) > 1 else ''}"
    return graph.picture(title, f"{head} of {count}: {words}", grads)


def steps_back(result: Any, **names: Any) -> list[Picture]:
    """The backward pass: first the values, then a picture for each node that sends gradients back.

    A gradient that is not complete yet is followed by "…". The nodes' own `grad` stays as it is.
    """
    graph = _Graph(result, names)
    grads = {result: np.ones_like(result.data)}
    missing = dict.fromkeys(graph.order, 0)  # how many arrows still have to bring something
    for _, source, _ in graph.arrows:
        missing[source] += 1
    title = f"Before the first step: {graph.name(result)} has gradient 1"
    words = "; ".join(graph.words(node, {}) for node in graph.order)
    pictures = [graph.picture(title, f"{title}. The graph: {words}", grads, missing)]
    for node in reversed(graph.order):
        if not node.inputs:
            continue
        parts, said = list(node.send_back(grads[node])), []
        for k, (source, part) in enumerate(zip(node.inputs, parts, strict=True)):
            missing[source] -= 1
            if not getattr(source, "requires_grad", True):
                parts[k] = None  # nothing is sent to a constant
            else:
                grads[source] = grads.get(source, 0.0) + part
                said.append(f"{_value(part)} to {graph.name(source)}")
        title = f"{graph.name(node)} sends {' and '.join(said)}"
        now = [
            f"{graph.name(n)} {_size(g)}{' so far' if missing[n] else ''}" for n, g in grads.items()
        ]
        words = f"{title}. Gradients now: {', '.join(now)}"
        pictures.append(graph.picture(title, words, grads, missing, node, parts))
    return pictures


def _value(value: Any) -> str:
    """A number in four digits, an array by its shape."""
    shape = np.shape(value)
    return str(shape) if shape else f"{float(value):z.4g}"


def _size(grad: Any) -> str:
    """A number in four digits; of an array, what none of its numbers exceeds in size."""
    return f"≤ {np.abs(grad).max():.2g}" if np.shape(grad) else _value(grad)


class _Graph(Layout):
    """A graph whose nodes have places and names: it can be told, and drawn."""

    def __init__(self, result: Any, names: dict[str, Any]):
        super().__init__(result)
        self.names = {node: name for name, node in names.items()}

    def name(self, node: Any) -> str:
        """As it was given; otherwise the operation, or the value of a number put in."""
        return self.names.get(node) or node.operation or _value(node.data)

    def words(self, node: Any, grads: dict[Any, Any]) -> str:
        made = f" of {' and '.join(self.name(s) for s in node.inputs)}" if node.inputs else ""
        made = f"{node.operation}{made}" if made else ""
        called = self.names.get(node, "")
        alone = "an array" if np.shape(node.data) else "a number"
        text = f"{called} = {made}" if called and made else called or made or alone
        text = f"{text} is {_value(node.data)}"
        return f"{text}, gradient {_size(grads[node])}" if node in grads else text

    def picture(self, title, words, grads, missing=None, sender=None, parts=()) -> Picture:
        width, height = self.size
        left, bottom = -ACROSS / 2, -height / 2
        width, height = max(5.5, width), height + 0.3  # with room for the title
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(left, left + width)
        axes.set_ylim(bottom, bottom + height)
        axes.axis("off")
        # Fills the whole picture, so that all pictures of a film are of one size.
        axes.add_patch(Rectangle((left, bottom), width, height, fc="white", ec="none"))
        corner = left + 0.05, bottom + height - 0.05
        axes.text(*corner, title, va="top", fontsize=11, parse_math=False)
        for arrow in self.arrows:
            user, _, k = arrow
            active = user is sender and parts[k] is not None
            self._arrow(axes, arrow, _value(parts[k]) if active else "", active)
        for node in self.order:
            self._node(axes, node, grads, missing, node is sender)
        return Picture(figure, words)

    def _node(self, axes, node, grads, missing, sends) -> None:
        x, y = self.place(node)
        waits = missing is not None and missing[node] > 0
        colour = WAITS
        if node in grads and missing is not None:
            colour = BEGUN if waits else COMPLETE
        look = {"ec": RED, "lw": 2.4} if sends else {"ec": GREY, "lw": 0.9}
        look |= {"fc": colour, "boxstyle": "round,pad=0,rounding_size=0.08", "zorder": 3}
        axes.add_patch(FancyBboxPatch((x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, **look))
        called = self.names.get(node, "")
        head = f"{called} = {node.operation}" if called and node.operation else called
        head = head if len(head) < 14 else called
        lines = [(head or node.operation, "black", "bold"), (_value(node.data), "black", "normal")]
        if node in grads:
            lines.append((f"grad {_size(grads[node])}{' …' if waits else ''}", INK, "normal"))
        lines = [line for line in lines if line[0]]
        for k, (text, ink, weight) in enumerate(lines):
            at = y + 0.19 * ((len(lines) - 1) / 2 - k)
            size = min(11, (104 if weight == "bold" else 108) / len(text))  # so that long words fit
            look = {"ha": "center", "va": "center", "fontsize": size, "parse_math": False}
            axes.text(x, at, text, color=ink, weight=weight, zorder=4, **look)

    def _arrow(self, axes, arrow, label, active) -> None:
        """Its way in soft curves, and what it brings written at its end."""
        points = self.way(arrow)
        corners, codes = [points[0]], [Path.MOVETO]
        for (x0, y0), (x1, y1) in pairwise(points):
            middle = (x0 + x1) / 2
            corners += [(middle, y0), (middle, y1), (x1, y1)]
            codes += [Path.CURVE4] * 3
        look = {"color": RED, "ls": "--", "lw": 1.8} if active else {"color": GREY, "lw": 1}
        look |= {"arrowstyle": "<|-" if active else "-|>", "mutation_scale": 11}
        axes.add_patch(FancyArrowPatch(path=Path(corners, codes), shrinkA=0, shrinkB=0, **look))
        if label:
            look = {"fontsize": 9, "ha": "right", "va": "center", "zorder": 5, "color": INK}
            box = {"fc": "white", "ec": "none", "pad": 0.6}
            axes.text(x1 - 0.05, y1, label, bbox=box, **look)
