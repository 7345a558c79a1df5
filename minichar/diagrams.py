"""Drawings of networks: what leads where, and with which numbers in it.

Like the charts of draw.py, each is a `Picture`, described in words. Used in lessons 01 and 03.

    >>> through_time("emma").description[:44]
    'The network reading "emm" and guessing "mma"'
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from minichar.draw import BLUE, GREEN, GREY, ORANGE, RED, Picture
from minichar.signs import visible


def unrolled(text: str, characters: str, hs: np.ndarray, z: np.ndarray, title: str = "") -> Picture:
    """A small network reading `text` and guessing each next character: the drawing of lesson 01.

    One column for each character read. From below: the input, its one-hot column, the state
    hs (T + 1, H), the scores z (T, V) and their probabilities. Green, marked with an upward
    triangle, is the character that does come next; the others are orange, the deeper the more
    probability they take.
    """
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    T, V, H = len(z), len(characters), hs.shape[1]
    figure = Figure(figsize=(1.2 + 1.75 * T, 5.6))
    axes = figure.add_subplot()
    axes.set_xlim(-1.25, 2 * T - 0.6)
    axes.axis("off")
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    box = 0.46

    def cells(column, bottom, values, colours, labels):
        for k, (value, colour, label) in enumerate(zip(values, colours, labels, strict=True)):
            x, y = 2 * column, bottom + box * (len(values) - 1 - k)  # the first on top
            look = {"boxstyle": "round,pad=0,rounding_size=0.06", "ec": GREY, "lw": 0.6}
            axes.add_patch(FancyBboxPatch((x - 0.42, y), 0.84, box * 0.88, fc=colour, **look))
            axes.text(x, y + box * 0.42, value, ha="center", va="center", fontsize=8)
            axes.text(x + 0.5, y + box * 0.42, label, ha="left", va="center", fontsize=8)

    def arrow(start, end, label=""):
        look = {"arrowstyle": "-|>", "mutation_scale": 10, "color": GREY, "lw": 1}
        axes.add_patch(FancyArrowPatch(start, end, **look))
        if label:
            x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
            axes.text(x + 0.08, y + 0.05, label, fontsize=8, color=GREY, ha="left", va="bottom")

    high = [0, box * V + 0.75, box * (V + H) + 1.5]  # the bottoms of one-hot, state, scores
    words = []
    for t in range(T):
        read, wanted = characters.index(text[t]), characters.index(text[t + 1])
        shade = ["#DDEEF7" if k == read else "white" for k in range(V)]
        cells(t, high[0], [f"{k == read:d}" for k in range(V)], shade, [""] * V)
        shade = [_mix(ORANGE if v > 0 else BLUE, abs(v) * 0.7) for v in hs[t + 1]]
        cells(t, high[1], [f"{v:+z.2f}" for v in hs[t + 1]], shade, [""] * H)
        shade = [_mix(GREEN if k == wanted else RED, 0.15 + 0.75 * p[t, k]) for k in range(V)]
        marks = ["▲" if k == wanted else "" for k in range(V)]
        names = [f"{visible(characters[k])} {p[t, k]:.0%} {marks[k]}" for k in range(V)]
        cells(t, high[2], [f"{v:+z.1f}" for v in z[t]], shade, names)
        axes.text(2 * t, -0.35, f'"{visible(text[t])}"', ha="center", va="center", fontsize=12)
        arrow((2 * t, high[0] + box * V), (2 * t, high[1] - 0.02), "Wxh" if t == 0 else "")
        arrow((2 * t, high[1] + box * H), (2 * t, high[2] - 0.02), "Why" if t == 0 else "")
        if t:
            middle = high[1] + box * H / 2
            arrow((2 * t - 1.56, middle), (2 * t - 0.44, middle), "Whh" if t == 1 else "")
        words.append(f"after {visible(text[t])} it gives {visible(text[t + 1])} {p[t, wanted]:.0%}")
    for bottom, label, rows in zip(high, ("input", "state h", "scores z"), (V, H, V), strict=True):
        axes.text(-1.2, bottom + box * rows / 2, label, va="center", fontsize=9, color=GREY)
    loss = -np.log(p[np.arange(T), [characters.index(c) for c in text[1 : T + 1]]]).mean()
    axes.text(-1.2, -1.05, f"mean loss {loss:.4f} nats", fontsize=9)
    axes.set_ylim(-1.3, high[2] + box * V + 0.2)
    name = title or "The network"
    return Picture(figure, f"{name}: {'; '.join(words)}. Mean loss {loss:.4f} nats")


def _mix(colour: str, amount: float) -> tuple[float, ...]:
    """`colour` over white: 0 is white, 1 the colour itself."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return tuple(1 - amount * (1 - rgb))


def through_time(text: str) -> Picture:
    """The drawing of lesson 03: a network reading `text`, values going forward, gradients back."""
    T = len(text) - 1
    figure = Figure(figsize=(2.3 * T + 1, 3.6))
    axes = figure.add_subplot()
    axes.set_xlim(-1.1, 2.4 * T - 0.9)
    axes.set_ylim(-0.4, 4.4)
    axes.axis("off")

    def node(x, y, label, colour="white"):
        box = {"boxstyle": "round,pad=0.45", "fc": colour, "ec": GREY}
        axes.text(x, y, label, ha="center", va="center", fontsize=11, bbox=box)

    def arrow(start, end, colour, style, label, offset):
        look = {"arrowstyle": "-|>", "mutation_scale": 12, "color": colour, "ls": style, "lw": 1.4}
        axes.add_patch(FancyArrowPatch(start, end, **look))
        x, y = (start[0] + end[0]) / 2 + offset[0], (start[1] + end[1]) / 2 + offset[1]
        axes.text(x, y, label, color=colour, fontsize=9, ha="center", va="center")

    for t in range(T):
        x = 2.4 * t
        node(x, 0, f'"{visible(text[t])}"')
        node(x, 2, f"h{t + 1}", "#DDEEF7")
        node(x, 4, f'z{t + 1}, loss at "{visible(text[t + 1])}"')
        arrow((x - 0.12, 0.35), (x - 0.12, 1.6), BLUE, "-", "Wxh", (-0.32, 0))
        arrow((x - 0.12, 2.4), (x - 0.12, 3.6), BLUE, "-", "Why", (-0.32, 0))
        arrow((x + 0.12, 3.6), (x + 0.12, 2.4), RED, "--", "dz", (0.22, 0))
        arrow((x + 0.12, 1.6), (x + 0.12, 0.35), RED, "--", "da", (0.22, 0))
        if t:
            arrow((x - 2.0, 2.12), (x - 0.4, 2.12), BLUE, "-", "Whh", (0, 0.22))
            arrow((x - 0.4, 1.88), (x - 2.0, 1.88), RED, "--", "dnext", (0, -0.24))
    shown = "".join(visible(c) for c in text)
    description = (
        f'The network reading "{shown[:-1]}" and guessing "{shown[1:]}". Solid arrows, forward: '
        "letter to state h by Wxh, state to next state by Whh, state to scores and loss by Why. "
        "Dashed arrows, backward: from each loss dz to its state, from each state dnext to the "
        "state before and da to the letter"
    )
    return Picture(figure, description)
