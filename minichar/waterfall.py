"""A chart of gains: how a time falls, change by change. Used in lesson 09.

Like the charts of draw.py, it is a `Picture`, described in words. Numbers come in; nothing here
measures them.

    >>> waterfall({"plain": 100, "float32": 60, "gather": 40}, title="A step", unit="%")
    A step: waterfall chart. plain 100 %; float32 60 % (-40); gather 40 % (-20)
"""

from collections.abc import Mapping

from minichar.draw import BLUE, GREY, ORANGE, Picture, empty_chart

LESS, MORE = "#9CC9E3", ORANGE  # what was gained; what was lost, hatched as well


def waterfall(times: Mapping[str, float], title: str = "", unit: str = "") -> Picture:
    """A bar for each of `times` (0 or more): the first whole, of each later one the change.

    `times` holds, by name, the time at the start and after each further change, in `unit`. A last
    bar shows the time at the end. A change that made it slower is hatched and says so with a plus
    sign. Raises ValueError for fewer than two times.
    """
    names, values = list(times), [float(t) for t in times.values()]
    if len(values) < 2:
        raise ValueError("a waterfall needs a start and at least one change")
    unit = f" {unit}" if unit else ""
    high = 0.36 * (len(values) + 1) + 1.1
    figure, axes = empty_chart(7.6, high, title, f"time in{unit}" if unit else "time")
    axes.spines["left"].set_visible(False)
    words = [f"{names[0]} {values[0]:.3g}{unit}"]
    rows = [(0, values[0], BLUE, f"{values[0]:.3g}{unit}")]
    for name, before, now in zip(names[1:], values, values[1:], strict=False):
        change = f"{now - before:+.3g}"
        low, colour = min(before, now), LESS if now <= before else MORE
        rows.append((low, abs(now - before), colour, f"{now:.3g}{unit}  ({change})"))
        words.append(f"{name} {now:.3g}{unit} ({change})")
    rows.append((0, values[-1], BLUE, f"{values[-1]:.3g}{unit}"))
    for row, (start, width, colour, label) in enumerate(rows):
        hatch = "///" if colour == MORE else None
        axes.barh(row, width, left=start, color=colour, hatch=hatch, edgecolor=GREY, linewidth=0.6)
        axes.text(start + width + 0.01 * max(values), row, label, va="center", fontsize=9)
    for row, value in enumerate(values):  # from each bar's end down to where the next begins
        axes.plot([value, value], [row + 0.4, row + 0.6], color=GREY, linewidth=1)
    axes.set_yticks(range(len(rows)), [*names, "time at the end"], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.22 * max(values) or 1)
    return Picture(figure, f"{title or 'Gains'}: waterfall chart. " + "; ".join(words))
