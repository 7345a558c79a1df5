"""Charts of a look inside: gates, cells tried on a second text, memory by distance. Lesson 11.

Like the charts of draw.py, each is a `Picture`, described in words. Numbers come in; nothing here
measures them.

    >>> shares({"known to a 3-gram": 6, "only by memory": 3, "neither": 1}, title="Errors")
    Errors: one bar of 100%. known to a 3-gram 60.0%; only by memory 30.0%; neither 10.0%
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minichar.draw import BLUE, GREEN, GREY, LINES, ORANGE, RED, Picture, empty_chart

LOOKS = ((BLUE, "o"), (RED, "^"), (GREEN, "s"), (ORANGE, "D"), (GREY, "x"))
PALE = ("#9CC9E3", "#F5CE85", "#A5DBC9", "#E8B08A", "#C9D0D5")
HATCHES = ("", "//", "..", "\\\\", "xx")


def _panels(names: Sequence[str], width: float, height: float, title: str):
    """A row of panels of these names, on one scale, under a title."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, parse_math=False)
    panels = figure.subplots(1, len(names), squeeze=False, sharex=True, sharey=True)[0]
    for axes, name in zip(panels, names, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(name, fontsize=10, parse_math=False)
    return figure, dict(zip(names, panels, strict=True))


def _points(axes, x: Sequence[float], y: Sequence[float], look: int, label: str) -> None:
    colour, marker = LOOKS[look % len(LOOKS)]
    rim = {} if marker == "x" else {"facecolors": "none"}  # so that one does not hide another
    axes.scatter(x, y, 24, marker=marker, color=colour, linewidths=1, label=label, **rim)


def _legend(place: Any, *marks: Any, **how: Any) -> None:
    """What marks and lines mean, in a figure or its axes; a $ in it begins no formula."""
    for text in place.legend(*marks, frameon=False, fontsize=9, **how).get_texts():
        text.set_parse_math(False)


def _beside(figure: Figure, axes: Any) -> None:
    """The legend of one panel, beside all of them."""
    _legend(figure, *axes.get_legend_handles_labels(), loc="outside right center")


def saturation(
    gates: Mapping[tuple[int, str], tuple[Sequence[float], Sequence[float]]],
    title: str = "How often each gate is shut and open",
) -> Picture:
    """One panel for each gate, one point for each cell: the share of time it was shut, and open.

    `gates[layer, gate]` has two arrays (H,), as `look.saturation` gives them: the shares of time, 0
    to 1, that the gate was left-saturated (below 0.1, shut) and right-saturated (above 0.9, open).
    Layers differ in marker and colour. No point lies above the slanted line, where a gate is always
    one or the other. After Karpathy, Johnson and Fei-Fei (arXiv 1506.02078), section 4.2. Raises
    ValueError for what are no shares of time.
    """
    names = list(dict.fromkeys(gate for _, gate in gates))
    figure, panels = _panels([f"gate {name}" for name in names], 2.4 * len(names) + 1.4, 3.3, title)
    words = []
    for layer, gate in sorted(gates, key=lambda key: (names.index(key[1]), key[0])):
        shut, wide = (np.asarray(share, dtype=float) for share in gates[layer, gate])
        if min(shut.min(), wide.min()) < 0 or (shut + wide).max() > 1 + 1e-6:
            raise ValueError(
                f"layer {layer}, gate {gate}: shares must be from 0 to 1, together at most 1"
            )
        _points(panels[f"gate {gate}"], wide, shut, layer, f"layer {layer}")
        words.append(
            f"{gate} in layer {layer}: of {len(shut)} cells {(shut > 0.9).sum()} nearly always "
            f"shut, {(wide > 0.9).sum()} nearly always open, {(shut + wide < 0.1).sum()} hardly "
            f"ever either; on average shut {shut.mean():.0%}, open {wide.mean():.0%} of the time"
        )
    for axes in panels.values():
        axes.plot([0, 1], [1, 0], color="#C9D0D5", linewidth=1, zorder=0)
        axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), aspect=1)
        axes.set_xlabel("share of time open (above 0.9)", fontsize=9)
    first = panels[f"gate {names[0]}"]
    first.set_ylabel("share of time shut (below 0.1)", fontsize=9)
    _beside(figure, first)
    return Picture(figure, f"{title}: {len(names)} scatter charts. " + "; ".join(words))


def confirmed(
    scores: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str = ""
) -> Picture:
    """Cells scored on one text and on another: a point for each cell, a panel for each of `scores`.

    `scores[name]` has two arrays (n,), each cell's score on text A and on text B, 0 for one that
    knows nothing: say in the trained network, in an untrained one, for a feature out of step. The
    best cell on A, the one furthest from 0, is filled: what counts is how far from 0 it stays on B.
    """
    names = list(scores)
    figure, panels = _panels(names, 2.2 * len(names) + 1.8, 3, title)
    words = []
    for name, axes in panels.items():
        a, b = (np.asarray(score, dtype=float) for score in scores[name])
        best = int(abs(a).argmax())
        _points(axes, a, b, 0, "a cell")
        axes.scatter(a[best], b[best], 50, color=RED, zorder=3, label="the best on A")
        axes.axhline(0, color="#C9D0D5", linewidth=1, zorder=0)
        axes.set_xlabel("score on text A", fontsize=9)
        words.append(f"{name}: {a.size} cells, the best on A {a[best]:.2f}, on B {b[best]:.2f}")
    panels[names[0]].set_ylabel("score on text B", fontsize=9)
    _beside(figure, panels[names[0]])
    return Picture(figure, f"{title}: {len(names)} scatter charts. " + "; ".join(words))


def by_distance(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    title: str = "",
    x: str = "distance in characters",
    y: str = "bits",
) -> Picture:
    """A curve for each name of `lines`, as (distances, values, standard errors), with its doubt.

    Distances (n,) are from 0 up, and stand on an axis that each doubling takes a step along. The
    band about a curve is one standard error either way: where a distance is rare its value is
    little known. Raises ValueError for a distance below 0.
    """
    figure, axes = empty_chart(6.6, 3.4, title, x, y)
    words = []
    for (name, parts), (colour, style) in zip(lines.items(), cycle(LINES), strict=False):
        far, value, doubt = (np.asarray(part, dtype=float) for part in parts)
        if not (far >= 0).all():
            raise ValueError(f"{name}: a distance of {far.min():g} has no place on this axis")
        axes.plot(far, value, style, color=colour, label=name, marker="o", markersize=3)
        axes.fill_between(far, value - doubt, value + doubt, color=colour, alpha=0.18, linewidth=0)
        off = [f" ± {d:.2g}" if d else "" for d in doubt]  # ± 0 would claim too much
        ends = (f"{value[k]:.3g}{off[k]} at {far[k]:g}" for k in (0, -1))
        words.append(f"{name} from {' to '.join(ends)}")
    nearest = min(min(far) for far, *_ in lines.values())
    axes.set_xscale("symlog", base=2, linthresh=1)  # which has a place for 0
    axes.set_xlim(left=nearest * 0.9 if nearest else -0.2)
    axes.xaxis.set_major_formatter("{x:g}")
    _legend(axes)
    return Picture(figure, f"{title}: line chart of {y} against {x}. " + "; ".join(words))


def shares(parts: Mapping[str, float], title: str = "", unit: str = "") -> Picture:
    """One bar, cut into `parts`, each 0 or more: of what a whole is made, say of which errors.

    Parts differ in colour and hatching. Raises ValueError where there is nothing to share out.
    """
    whole = float(sum(parts.values()))
    if not whole > 0 or min(parts.values()) < 0:
        raise ValueError("the parts must be 0 or more, and together above 0")
    figure, axes = empty_chart(9, 1, title)
    start, words = 0.0, []
    for k, (name, part) in enumerate(parts.items()):
        share, said = part / whole, f"{name} {part / whole:.1%}"
        said += f" ({part:,.4g} {unit})" if unit else ""
        colour, hatch = PALE[k % len(PALE)], HATCHES[k % len(HATCHES)]
        axes.barh(0, share, left=start, color=colour, hatch=hatch, edgecolor=GREY, label=said)
        start += share
        words.append(said)
    axes.set(yticks=[], xlim=(0, 1))
    axes.spines[["left"]].set_visible(False)
    axes.xaxis.set_major_formatter(lambda share, place: f"{share:.0%}")
    _legend(axes, loc="upper left", bbox_to_anchor=(0, -0.35))
    whole = f"{whole:,.4g} {unit}" if unit else "100%"
    return Picture(figure, f"{title or 'Shares'}: one bar of {whole}. " + "; ".join(words))
