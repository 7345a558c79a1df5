"""Pictures of the course's numbers. Each function returns a `Picture`: image and description.

A notebook shows the image, with the description as alternative text for whoever cannot see it;
anywhere else the description is what is printed. Numbers come in; nothing here works them out.

    >>> bars([0.7, 0.2, 0.1], "abc", title="Next character")
    Next character: bar chart, a 70.0%, b 20.0%, c 10.0%
"""

import base64
import html
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

# Okabe and Ito's colours: told apart in every kind of colour vision, and each of another lightness.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#5F6B73"
LINES = ((BLUE, "-"), (RED, "--"), (GREEN, "-."), (ORANGE, ":"), (GREY, "-"))


class Picture:
    """HTML to show, and the same in words."""

    def __init__(self, content: str | Figure, description: str):
        if isinstance(content, Figure):
            png = io.BytesIO()
            content.savefig(png, format="png", dpi=110, bbox_inches="tight", facecolor="white")
            data = base64.b64encode(png.getvalue()).decode()
            content = (
                f'<img src="data:image/png;base64,{data}" alt="{html.escape(description)}" '
                'style="max-width: 100%; height: auto; border-radius: 4px">'
            )
        self.html, self.description = content, description

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.description


def visible(character: str) -> str:
    """A character as it can be shown: ␣ for a space, ⏎ for a line end, itself otherwise."""
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(character, character)


def _axes(width: float, height: float, title: str = "", x: str = "", y: str = ""):
    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    # No formulas: a $ in a text is a character like others.
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def bars(
    p: Sequence[float], labels: Iterable[str], title: str = "", chosen: int | None = None
) -> Picture:
    """Probabilities `p` (V,) as bars, each under its character of `labels`; `chosen` stands out.

    Of more than 40 characters, the 40 likeliest are shown.
    """
    p, labels = np.asarray(p), [visible(c) for c in labels]
    order = np.argsort(-p, kind="stable")
    best = ", ".join(f"{labels[i]} {p[i]:.1%}" for i in order[:5])
    kept = np.sort(order[:40])
    few = "" if len(kept) == len(p) else f"the {len(kept)} likeliest of {len(p)} characters"
    figure, axes = _axes(max(4, 0.26 * len(kept) + 1), 2.1, title, few, "probability")
    axes.bar(range(len(kept)), p[kept], color=[RED if i == chosen else BLUE for i in kept])
    axes.set_xticks(range(len(kept)), [labels[i] for i in kept])
    axes.set_xlim(-0.6, len(kept) - 0.4)
    axes.set_ylim(0, 1)
    return Picture(figure, f"{title or 'Probabilities'}: bar chart, {best}")


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str = "",
    x: str = "",
    y: str = "",
    levels: Mapping[str, float] | None = None,
    log_x: bool = False,
) -> Picture:
    """A curve for each name of `lines`, as (xs, ys), and a level line for each of `levels`."""
    figure, axes = _axes(6.6, 3.2, title, x, y)
    words, looks = [], itertools.cycle(LINES)
    for (name, (xs, ys)), (colour, style) in zip(lines.items(), looks, strict=False):
        axes.plot(xs, ys, style, color=colour, label=name, marker="o" if len(xs) < 20 else None)
        low = int(np.argmin(ys))
        words.append(
            f"{name} from {ys[0]:.3g} at {xs[0]:g} to {ys[-1]:.3g} at {xs[-1]:g}, "
            f"lowest {ys[low]:.3g} at {xs[low]:g}"
        )
    for name, level in (levels or {}).items():
        axes.axhline(level, color=GREY, linestyle=(0, (4, 2)), linewidth=1, label=name)
        words.append(f"a level line at {level:.3g}, {name}")
    if log_x:
        axes.set_xscale("log")
    for text in axes.legend(frameon=False, fontsize=9).get_texts():
        text.set_parse_math(False)
    return Picture(figure, f"{title or y}: line chart of {y} against {x}. " + "; ".join(words))


def heatmap(
    values: np.ndarray,
    rows: Iterable[str],
    columns: Iterable[str],
    title: str = "",
    x: str = "",
    y: str = "",
) -> Picture:
    """A matrix (R, C) of numbers from 0 up as shades of blue, a character for each row and column.

    The shade goes with the square root of the number, so that small ones can be told apart, too.
    """
    rows, columns = [visible(c) for c in rows], [visible(c) for c in columns]
    figure, axes = _axes(0.22 * len(columns) + 1.6, 0.2 * len(rows) + 1.2, title, x, y)
    shown = axes.imshow(values, cmap="Blues", aspect="auto", norm=PowerNorm(0.5, vmin=0))
    axes.set_xticks(range(len(columns)), columns, fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    figure.colorbar(shown, ax=axes, fraction=0.03)
    top = np.argsort(-values, axis=None, kind="stable")[:5]
    best = ", ".join(
        f"{rows[r]} then {columns[c]} {values[r, c]:.2g}"
        for r, c in zip(*np.unravel_index(top, values.shape), strict=True)
    )
    size = f"{len(rows)} by {len(columns)}"
    return Picture(figure, f"{title}: table of {size} shades; darkest {best}")


def unrolled(text: str, characters: str, hs: np.ndarray, z: np.ndarray, title: str = "") -> Picture:
    """A small network reading `text` and guessing each next character: the drawing of lesson 01.

    One column for each character read. From below: the input, its one-hot column, the state
    hs (T + 1, H), the scores z (T, V) and their probabilities. Green, marked with an upward
    triangle, is the character that does come next; the others are red, the deeper the more
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
            look = {
                "boxstyle": "round,pad=0,rounding_size=0.06",
                "fc": colour,
                "ec": GREY,
                "lw": 0.6,
            }
            axes.add_patch(FancyBboxPatch((x - 0.42, y), 0.84, box * 0.88, **look))
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
        shade = [_mix("#E69F00" if v > 0 else BLUE, abs(v) * 0.7) for v in hs[t + 1]]
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


def table(rows: Sequence[Sequence[object]], header: Sequence[str], title: str = "") -> Picture:
    """Rows of numbers and texts, columns named by `header`; line ends inside a text are kept."""

    def shown(value):
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    def cell(value, tag="td"):
        style = (
            "text-align: left; vertical-align: top; white-space: pre-wrap; padding: 2px 12px 2px 0"
        )
        if len(shown(value)) > 30:
            style += "; overflow-wrap: anywhere"  # noise has no spaces to break a line at
        return f'<{tag} style="{style}">{html.escape(shown(value))}</{tag}>'

    head = "<tr>" + "".join(cell(name, "th") for name in header) + "</tr>"
    body = "".join("<tr>" + "".join(cell(value) for value in row) + "</tr>" for row in rows)
    caption, words = "", []
    if title:
        caption = f"<caption style='text-align: left'><b>{html.escape(title)}</b></caption>"
        words = [title]
    for row in rows:
        named = zip(header, row, strict=True)
        words.append(", ".join(f"{name}: {shown(value)}" for name, value in named))
    return Picture(f"<table>{caption}{head}{body}</table>", "\n".join(words))


def written(prime: str, text: str) -> Picture:
    """A text that a model wrote, in a frame, after the characters it went on from, in grey."""
    style = (
        "white-space: pre-wrap; overflow-wrap: anywhere; overflow: auto; max-width: 80ch; "
        "max-height: 16em; padding: 6px 10px; border-left: 3px solid #0072B2; margin: 4px 0"
    )
    start = f'<span style="opacity: 0.6">{html.escape(prime)}</span>'
    return Picture(f'<pre style="{style}">{start}{html.escape(text)}</pre>', prime + text)


def through_time(text: str) -> Picture:
    """The drawing of lesson 03: a network reading `text`, values going forward, gradients back."""
    T = len(text) - 1
    figure = Figure(figsize=(2.3 * T + 1, 3.6))
    axes = figure.add_subplot()
    axes.set_xlim(-1.1, 2.4 * T - 0.9)
    axes.set_ylim(-0.4, 4.4)
    axes.axis("off")

    def node(x, y, label, colour="white"):
        axes.text(
            *(x, y, label),
            ha="center",
            va="center",
            fontsize=11,
            bbox={"boxstyle": "round,pad=0.45", "fc": colour, "ec": GREY},
        )

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
