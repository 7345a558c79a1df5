"""Pictures of the course's numbers. Each function returns a `Picture`: image and description.

A notebook shows the image, with the description as alternative text for whoever cannot see it;
anywhere else the description is what is printed. Numbers come in; nothing here works them out.

    >>> bars([0.7, 0.2, 0.1], "abc", title="Next character")
    Next character: bar chart, a 70.0%, b 20.0%, c 10.0%
"""

import base64
import html
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minichar.fonts import png
from minichar.signs import joined, visible

# Okabe and Ito's colours: told apart in every kind of colour vision, and each of another lightness.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#5F6B73"
LINES = ((BLUE, "-"), (RED, "--"), (GREEN, "-."), (ORANGE, ":"), (GREY, "-"))
# A $ in a text is a character like others: JupyterLab and nbconvert find no formula in this class.
RAW = "mathjax_ignore tex2jax_ignore"
NUMBER = re.compile(r"[-+]?[\d.,]+( ?%| [^\W\d]{1,3})?|–")  # 12, 5%, 0.3 ms; – for none


class Picture:
    """HTML to show, and the same in words."""

    def __init__(self, content: Any, description: str):
        """`content` is the HTML, or a Figure of matplotlib."""
        if not isinstance(content, str):
            data = base64.b64encode(png(content)).decode()
            content = (
                f'<img src="data:image/png;base64,{data}" alt="{html.escape(description)}" '
                'style="max-width: 100%; height: auto; border-radius: 4px">'
            )
        self.html, self.description = joined(content), joined(description)

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.description


def empty_chart(width: float, height: float, title: str = "", x: str = "", y: str = ""):
    """A figure, its size in inches, and the axes in it."""
    from matplotlib.figure import Figure  # only now: it takes longer to load than all else here

    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    # No formulas: a $ in a text is a character like others.
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.set_xlabel(x, parse_math=False)
    axes.set_ylabel(y, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def bars(p: Sequence[float], labels: Iterable[str], title: str = "") -> Picture:
    """Probabilities `p` (V,) as bars, each above its character of `labels`.

    Of more than 40 characters, the 40 likeliest are shown.
    """
    p, labels = np.asarray(p), [visible(c) for c in labels]
    order = np.argsort(-p, kind="stable")
    best = ", ".join(f"{labels[i]} {p[i]:.1%}" for i in order[:5])
    kept = np.sort(order[:40])
    few = "" if len(kept) == len(p) else f"the {len(kept)} likeliest of {len(p)} characters"
    figure, axes = empty_chart(max(4, 0.26 * len(kept) + 1), 2.1, title, few, "probability")
    axes.bar(range(len(kept)), p[kept], color=BLUE)
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
    log_y: tuple[float, float] | None = None,
    marks: Sequence[float] = (),
) -> Picture:
    """A curve for each name of `lines`, as (xs, ys), and a level line for each of `levels`.

    `log_y` sets the lowest and the highest y of an axis of powers of ten; an upright line stands at
    each x of `marks`.
    """
    figure, axes = empty_chart(6.6, 3.2, title, x, y)
    few = max((len(xs) for xs, _ in lines.values()), default=0) < 20  # then each point is marked
    looks = itertools.cycle(LINES)
    for (name, (xs, ys)), (colour, style) in zip(lines.items(), looks, strict=False):
        marker = "o" if few or len(xs) == 1 else None
        axes.plot(xs, ys, style, color=colour, label=name, marker=marker)
    for name, level in (levels or {}).items():
        axes.axhline(level, color=GREY, linestyle=(0, (4, 2)), linewidth=1, label=name)
    for place in marks:
        axes.axvline(place, color=ORANGE, linewidth=1)
    if log_x:
        axes.set_xscale("log")
        if few:  # each by its own number: between 10 and 100 nobody can tell
            places = sorted({place for xs, _ in lines.values() for place in xs})
            axes.set_xticks(places, [f"{place:,g}" for place in places])
            axes.minorticks_off()
    elif all(float(place).is_integer() for xs, _ in lines.values() for place in xs):
        axes.xaxis.get_major_locator().set_params(integer=True)  # no half a letter or step
    if log_y:
        from matplotlib.ticker import MaxNLocator

        axes.set_yscale("log")
        powers = MaxNLocator(8, steps=[1, 2, 3, 5, 10], integer=True).tick_values(*np.log10(log_y))
        axes.set_yticks(10.0**powers)  # 1 among them: matplotlib's own may pass over it
        axes.set_ylim(*log_y)
    for text in axes.legend(frameon=False, fontsize=9).get_texts():
        text.set_parse_math(False)
    return Picture(figure, f"{title or y}: {in_words(lines, x, y, levels or {}, marks)}")


def in_words(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x: str,
    y: str,
    levels: Mapping[str, float],
    marks: Sequence[float],
) -> str:
    """What a line chart shows, for whoever cannot see it; the arguments are those of `curves`."""
    words = []
    for name, (xs, ys) in lines.items():
        low = int(np.argmin(np.nan_to_num(ys, nan=np.inf)))  # a gap is not the lowest
        words.append(
            f"{name} from {ys[0]:.3g} at {xs[0]:g} to {ys[-1]:.3g} at {xs[-1]:g}, "
            f"lowest {ys[low]:.3g} at {xs[low]:g}"
        )
    words += [f"a level line at {level:.3g}, {name}" for name, level in levels.items()]
    words += [f"a mark at {', '.join(f'{place:g}' for place in marks)}"] if marks else []
    return f"line chart of {y} against {x}. " + "; ".join(words)


def heatmap(
    values: np.ndarray,
    rows: Iterable[str],
    columns: Iterable[str],
    title: str = "",
    x: str = "",
    y: str = "",
    shade: str = "",
) -> Picture:
    """A matrix (R, C) of numbers from 0 up as shades of blue, a character for each row and column.

    `shade` says what the numbers are. The shade goes with the square root of the number, so that
    small ones can be told apart, too.
    """
    from matplotlib.colors import PowerNorm

    rows, columns = [visible(c) for c in rows], [visible(c) for c in columns]
    wide = min(0.22 * len(columns) + 1.6, 9)  # wider ones a page makes small, letters and all
    figure, axes = empty_chart(wide, 0.2 * len(rows) + 1.2, title, x, y)
    shown = axes.imshow(values, cmap="Blues", aspect="auto", norm=PowerNorm(0.5, vmin=0))
    axes.set_xticks(range(len(columns)), columns, fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    figure.colorbar(shown, ax=axes, fraction=0.03).ax.set_ylabel(shade, parse_math=False)
    lines = []
    for row, line in zip(rows, values, strict=True):
        ends = [("darkest", line.argmax()), ("lightest", line.argmin())]
        said = [f"{end} {columns[c]} {line[c]:.2g}" for end, c in ends if line[c]]  # 0 is white
        lines.append(f"{y and f'{y} '}{row}: {', '.join(said) or 'all 0'}")
    size = f"{len(rows)} by {len(columns)} shades{f' for {shade}' if shade else ''}"
    return Picture(figure, f"{title}: table of {size}{x and f', by {x}'}. {'; '.join(lines)}")


def descents(
    height: Callable[[np.ndarray, np.ndarray], np.ndarray],
    paths: Mapping[str, np.ndarray],
    title: str = "",
    reach: tuple[float, float] = (10, 4),
) -> Picture:
    """A landscape seen from above, once for each of `paths`, an array of places (steps, 2).

    `height(x, y)` takes arrays; its lowest place is 0, at (0, 0). Contours stand at equal ratios of
    height; ○ is where a path begins, × where it ends. `reach` is how far x and y go, either way.
    """
    from matplotlib.figure import Figure

    columns = 2 if reach[0] > 1.5 * reach[1] else 3
    rows, tall = -(-len(paths) // columns), 7 / columns * reach[1] / reach[0] + 0.4
    figure = Figure(figsize=(7.2, tall * rows + 0.3), layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, parse_math=False)
    x, y = (np.linspace(-far, far, 200) for far in reach)
    z, words = height(*np.meshgrid(x, y)), []
    levels = z.max() * 0.45 ** np.arange(9, -1, -1)
    for k, (name, path) in enumerate(paths.items()):
        axes = figure.add_subplot(rows, columns, k + 1, aspect=1)
        axes.contour(x, y, z, levels, colors="#A9B4BC", linewidths=0.7)
        axes.plot(*path.T, "-", color=BLUE, linewidth=1, marker=".", markersize=3)
        axes.plot(*path[0], "o", color=GREY, markersize=7, fillstyle="none")
        axes.plot(*path[-1], "x", color=RED, markersize=8, markeredgewidth=2)
        axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xticks=[0], yticks=[0])
        axes.set_title(name, loc="left", fontsize=9, parse_math=False)
        first, last = (f"({a:.2g}, {b:.2g})" for a, b in path[[0, -1]])
        low, n = f"height {float(height(*path[-1])):.2g}", len(path) - 1
        words.append(f"{name} from {first} to {last}, {low}, in {n} step{'s' * (n != 1)}")
    return Picture(figure, f"{title}: {len(paths)} landscapes from above. " + "; ".join(words))


def table(rows: Sequence[Sequence[object]], header: Sequence[str], title: str = "") -> Picture:
    """Rows of numbers and texts, columns named by `header`; line ends inside a text are kept.

    A column that holds nothing but numbers stands flush right.
    """

    def shown(value):
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    def cell(value, side, tag="td"):
        style = (
            f"text-align: {side}; vertical-align: top; white-space: pre-wrap; "
            "padding: 2px 12px 2px 0; unicode-bidi: plaintext"  # each line in its own direction
        )
        style += "; overflow-wrap: anywhere" * (len(shown(value)) > 30)  # noise has no blanks
        style += "; font-family: monospace" * ("\n" in shown(value))  # code and tables line up
        return f'<{tag} style="{style}">{html.escape(shown(value))}</{tag}>'

    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    numbers = [column and all(NUMBER.fullmatch(shown(v)) for v in column) for column in columns]
    sides = ["right" if number else "left" for number in numbers]
    head = "".join(cell(*named, "th") for named in zip(header, sides, strict=True))
    body = "".join(f"<tr>{''.join(map(cell, row, sides))}</tr>" for row in rows)
    bold = f"<b>{html.escape(title)}</b>"
    caption = f"<caption style='text-align: left'>{bold}</caption>" if title else ""
    words = [title] if title else []
    for row in rows:
        named = zip(header, row, strict=True)
        words.append(", ".join(f"{name}: {shown(value)}" for name, value in named))
    return Picture(f'<table class="{RAW}">{caption}<tr>{head}</tr>{body}</table>', "\n".join(words))


def written(prime: str, text: str) -> Picture:
    """A text that a model wrote, in a frame, after the characters it went on from, greyed.

    A list of short lines is set in columns, so that all of it can be seen at once.
    """
    wide = max(14, *map(len, (prime + text).split("\n")))  # characters, of some 0.6 em each
    short = wide <= 24
    shape = f"columns: {0.61 * wide:.1f}em" if short else "max-height: 16em; overflow: auto"
    style = (  # word-break, because JupyterLab breaks the words in a <pre> anywhere
        "white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal; max-width: 90ch; "
        f"{shape}; padding: 6px 10px; border-left: 3px solid #0072B2; margin: 4px 0; "
        "unicode-bidi: plaintext"
    )
    reached = "" if short else ' tabindex="0"'  # by keyboard, because it is scrolled by keyboard
    start = f'<span style="opacity: 0.6">{html.escape(prime)}</span>'
    return Picture(f'<pre style="{style}"{reached}>{start}{html.escape(text)}</pre>', prime + text)
