"""A line chart that is drawn in a millisecond: lines of SVG, in the colours of the page around it.

What `draw.curves` shows of the same numbers takes matplotlib a hundred times as long, and a second
to be loaded: too long for a picture that is drawn every other second beside a training. Used by the
studio.

    >>> picture = line_chart({"training": ([1, 2, 3], [4.2, 3.1, 2.5])}, "step", "bits")
    >>> picture.description
    'bits: line chart of bits against step. training from 4.2 at 1 to 2.5 at 3, lowest 2.5 at 3'
    >>> picture.html.count("<polyline")
    1
"""

import html
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from minichar.draw import LINES, ORANGE, Picture, in_words

WIDE, HIGH = 660, 330  # of the drawing, in units of its own
LEFT, RIGHT, TOP, BOTTOM = 56, 650, 30, 284  # of the field within
TICKS = 6  # numbers along an axis
DASHES = {"-": "", "--": "7 4", "-.": "8 3 2 3", ":": "2 3"}


def ticks(low: float, high: float) -> np.ndarray:
    """Round numbers from `low` to `high`, evenly spaced: TICKS of them at the most."""
    power = 10.0 ** np.floor(np.log10((high - low) / TICKS))
    for step in (power, 2 * power, 5 * power, 10 * power):
        first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
        if last - first < TICKS:
            break
    return np.arange(first, last + 1) * step + 0.0  # or a zero may be -0


def line_chart(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x: str,
    y: str,
    levels: Mapping[str, float] | None = None,
    marks: Sequence[float] = (),
) -> Picture:
    """A line for each name of `lines`, as (xs, ys) from left to right, all of them finite.

    A level line stands at each of `levels`, an upright one at each x of `marks`; `x` and `y` name
    the axes. It is as wide as what it stands in.
    """
    levels = levels or {}
    xs = np.concatenate([*(xs for xs, _ in lines.values()), list(marks)])
    ys = np.concatenate([*(ys for _, ys in lines.values()), list(levels.values())])
    (left, right), (low, high) = wider(xs.min(), xs.max(), 0.01), wider(ys.min(), ys.max(), 0.05)

    def across(value):
        return LEFT + (np.asarray(value) - left) / (right - left) * (RIGHT - LEFT)

    def up(value):
        return BOTTOM - (np.asarray(value) - low) / (high - low) * (BOTTOM - TOP)

    parts = [f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="currentColor"/>']
    for tick in ticks(left, right):
        at, said = float(across(tick)), f"{tick:,g}"
        parts.append(f'<path d="M{at:.1f} {BOTTOM}v5" stroke="currentColor"/>')
        at = min(at, WIDE - 5 * len(said))  # the last one whole, too
        parts.append(f'<text x="{at:.1f}" y="{BOTTOM + 19}" text-anchor="middle">{said}</text>')
    for tick in ticks(low, high):
        at = float(up(tick))
        parts.append(f'<path d="M{LEFT} {at:.1f}h-5" stroke="currentColor"/>')
        parts.append(f'<text x="{LEFT - 9}" y="{at + 4:.1f}" text-anchor="end">{tick:,g}</text>')
    middle = (TOP + BOTTOM) / 2
    parts.append(f'<text x="{RIGHT}" y="{HIGH - 6}" text-anchor="end">{html.escape(x)}</text>')
    parts.append(
        f'<text transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y)}</text>"
    )
    for place in marks:
        at = f"{across(place):.1f}"
        parts.append(f'<path d="M{at} {TOP}V{BOTTOM}" stroke="{ORANGE}"/>')
    looks = [*itertools.islice(itertools.cycle(LINES), len(lines))]
    looks += [("currentColor", "--")] * len(levels)
    drawn = [*lines.values(), *(((left, right), (v, v)) for v in levels.values())]
    place = LEFT + 8
    for name, (colour, style), (xs, ys) in zip((*lines, *levels), looks, drawn, strict=True):
        wide = 1 if name in levels else 2
        look = f'fill="none" stroke="{colour}" stroke-width="{wide}"'
        look += f' stroke-dasharray="{DASHES[style]}"' if DASHES[style] else ""
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across(xs), up(ys), strict=True))
        parts.append(f'<polyline points="{points}" {look}/>')
        if name in lines and len(xs) < 20:
            dots = (f"M{point.replace(',', ' ')}h0" for point in points.split())
            dot = f'stroke="{colour}" stroke-width="7" stroke-linecap="round"'
            parts.append(f'<path d="{"".join(dots)}" {dot}/>')
        parts.append(f'<path d="M{place} 12h26" {look}/>')
        parts.append(f'<text x="{place + 32}" y="16">{html.escape(name)}</text>')
        place += 58 + 8.2 * len(name)
    words = in_words(lines, x, y, levels, marks)
    content = (
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{html.escape(words)}" '
        'style="display: block; width: 100%; font: 16px sans-serif" fill="currentColor">'
        f"{''.join(parts)}</svg>"
    )
    return Picture(content, f"{y}: {words}")


def wider(low: float, high: float, by: float) -> tuple[float, float]:
    """The two ends moved apart by that share of what is between; never the same."""
    more = by * (high - low) or max(abs(low) * by, 1e-9)
    return low - more, high + more
