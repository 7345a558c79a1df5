"""Texts in colour: what a cell does over a text, what a model guesses, and why. Lesson 11.

Each function returns a `Picture`, HTML without a script, and the same in words. Numbers come in,
one for each character; nothing here works them out. What a text contains is shown and never obeyed.

    >>> text("ab\\n", [-1.0, 0.1, 0.9], title="Cell 3")
    Cell 3: 3 characters, each coloured by its value from -1 to 1; mean 0.00.
    High (above 0.33) at 33% of them, longest: “⏎” (line 1).
    Low (below -0.33) at 33% of them, longest: “a” (line 1).
"""

import html
from collections import Counter
from collections.abc import Sequence

import numpy as np

from minichar.draw import Picture
from minichar.palette import figure, key, line_of, shades, spans
from minichar.signs import plain, quoted, visible

FULL = 4  # bits of change that have the full colour in `worse`


def _one_each(values: Sequence[float], text: str) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.shape != (len(text),):
        raise ValueError(
            f"values of shape {values.shape} for {len(text)} characters: one for each is needed"
        )
    return values


def _said(character: str) -> str:
    """A character in quotation marks: in a sentence, a bare comma would pass for its own."""
    return f"“{visible(character)}”"


def _pre(content: str) -> str:
    # It can be scrolled by keyboard, so it can be reached by keyboard.
    return f'<pre class="text long" tabindex="0">{content}</pre>'


def _longest(text: str, chosen: np.ndarray) -> str:
    """The three longest stretches of `text` where `chosen` (T,) is true, in words."""
    edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).reshape(-1, 2)
    best = edges[np.argsort(edges[:, 0] - edges[:, 1], kind="stable")[:3]]
    return ", ".join(f"{quoted(text[a:b])} (line {line_of(text, a)})" for a, b in best)


def text(
    text: str, values: Sequence[float], title: str = "", low: float = -1, high: float = 1
) -> Picture:
    """A text coloured by `values` (T,), one for each character: blue at `low`, orange at `high`.

    The mouse over a character shows its value and those of its neighbours. A value beyond the ends
    of the scale has the colour of the end. Raises ValueError for values that are not finite, and
    where there is not one for each character.
    """
    values = _one_each(values, text)
    kinds = shades(values, low, high)
    notes = [f"{value:.2f}" for value in values.tolist()]
    third = (high - low) / 3
    words = [
        f"{title or 'Coloured text'}: {len(text)} characters, each coloured by its value from "
        f"{low:g} to {high:g}; mean {values.mean() if len(text) else 0:.2f}."
    ]
    for name, beyond, limit, chosen in (
        ("High", "above", high - third, values > high - third),
        ("Low", "below", low + third, values < low + third),
    ):
        where = f", longest: {_longest(text, chosen)}" if chosen.any() else ""
        share = chosen.mean() if len(text) else 0
        words.append(f"{name} ({beyond} {limit:.2g}) at {share:.0%} of them{where}.")
    body = _pre(spans(text, kinds.tolist(), notes))
    return figure(title, key(f"{low:g}", f"{high:g}"), body, "\n".join(words))


def strips(
    text: str,
    values: np.ndarray,
    names: Sequence[str],
    title: str = "",
    width: int = 64,
) -> Picture:
    """The same text once for each of several cells, one below the other, coloured by `values`.

    `values` is (n, T), from -1 to 1, a row for each of `names`; a long text goes on below, every
    `width` characters. Raises ValueError as `text` does, and for other names than there are rows.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape != (len(names), len(text)):
        raise ValueError(
            f"values of shape {values.shape}; {len(names)} names and {len(text)} characters "
            f"need ({len(names)}, {len(text)})"
        )
    kinds, line, parts = shades(values), text.replace("\n", " "), []
    for start in range(0, len(text), width):
        piece = slice(start, start + width)
        rows = ""
        for name, row, kind in zip(names, values, kinds, strict=True):
            notes = [f"{value:.2f}" for value in row[piece]]
            cells = spans(text[piece], kind[piece].tolist(), notes, flat=True)
            rows += (
                f'<tr><th scope="row">{html.escape(plain(name))}</th>'
                f'<td><pre class="text">{cells}</pre></td></tr>'
            )
        parts.append(f"<table>{rows}</table>")
    words = []
    for name, row in zip(names, values, strict=True):
        where = _longest(text, row > 1 / 3) or "nowhere"
        words.append(f"{name}: mean {row.sum() / max(1, len(row)):.2f}, high at {where}")
    head = f"{title or 'Cells'}: {len(names)} cells over {quoted(line, 40)}"
    return figure(title, key("-1", "1"), "".join(parts), "\n".join([head, *words]))


def guesses(
    text: str,
    top: Sequence[Sequence[tuple[str, float]]],
    bits: Sequence[float],
    title: str = "",
) -> Picture:
    """Under each character what was expected to come next, the likeliest first, dark = sure.

    `top[t]` holds (character, probability) pairs for what follows `text[t]`, as the method `after`
    of `guessing.Guesses` gives them; the one that came is framed. `bits` (T - 1,) is the surprise
    at what came after each character but the last: a bar, full at 8 bits. After Karpathy's rows of
    guesses. Raises ValueError where there are not so many of each.
    """
    bits = _one_each(bits, text[1:])
    if len(top) != len(text):
        raise ValueError(f"guesses after {len(top)} of {len(text)} characters: all are needed")
    heights = np.clip(np.ceil(bits), 0, 8).astype(int).tolist() + [0]
    parts, right = [], 0
    for t, (c, expected) in enumerate(zip(text, top, strict=True)):
        comes, dark = text[t + 1 : t + 2], shades([p for _, p in expected], 0, 1).tolist()
        right += bool(expected) and expected[0][0] == comes
        rows = "".join(
            f'<span class="o{k}{" one" * (guess == comes)}">{html.escape(visible(guess))}</span>'
            for (guess, _), k in zip(expected, dark, strict=True)
        )
        note = f"after {visible(c)}: " + ", ".join(f"{visible(g)} {p:.0%}" for g, p in expected)
        if comes:
            note += f"\n{visible(comes)} came: {bits[t]:.2f} bits"
        parts.append(
            f'<span class="step" title="{html.escape(note)}"><span class="now">'
            f'{html.escape(visible(c))}</span>{rows}<span class="bits b{heights[t]}"></span></span>'
        )
    n, total = len(bits), float(bits.sum())
    score = f"{total:.1f} bits for {n} characters, {total / max(n, 1):.2f} each"
    legend = (
        f"{score}. Below each character: the guesses at the next, {key('unsure', 'sure', 'o')}; "
        "framed: the one that came; bar: the surprise at it, full at 8 bits."
    )
    words = [f"{title or 'Guesses'}: {score}; the first guess came {right} times. Most surprising:"]
    for t in np.argsort(-bits, kind="stable")[:5].tolist():
        near = quoted(text[max(0, t - 15) : t + 1])
        words.append(f"{_said(text[t + 1])} after {near}: {bits[t]:.1f} bits")
    return figure(title, legend, f'<div dir="ltr">{"".join(parts)}</div>', "\n".join(words))


def worse(text: str, before: Sequence[float], after: Sequence[float], title: str = "") -> Picture:
    """Which characters got worse: a text coloured by how many bits each costs more than before.

    `before` and `after` (T,) are the surprise of each character in bits, say with a cell and
    without it. Orange got worse, blue better, full colour from FULL bits on. Raises ValueError
    where there is not one of each for each character.
    """
    before, after = _one_each(before, text), _one_each(after, text)
    change, costs = after - before, Counter()
    kinds = shades(change, -FULL, FULL)
    notes = [f"{a:.2f} → {b:.2f} bits" for a, b in zip(before, after, strict=True)]
    for c, more in zip(text, change.tolist(), strict=True):
        costs[c] += more
    mean = [values.mean() if len(text) else 0 for values in (before, after)]
    words = [
        f"{title or 'What got worse'}: {mean[0]:.3f} bits a character before, {mean[1]:.3f} after. "
        f"{(change > 0.5).sum()} of {len(text)} characters got worse by more than half a bit, "
        f"{(change < -0.5).sum()} better.",
        "The most in total: "
        + (
            ", ".join(
                f"{_said(c)} {more:+.1f} bits ({text.count(c)} times)"
                for c, more in costs.most_common(5)
                if more > 0
            )
            or "none"
        ),
    ]
    for t in np.argsort(-change, kind="stable")[:5].tolist():
        if change[t] > 0:
            place = f"{quoted(text[max(0, t - 16) : t])} (line {line_of(text, t)})"
            words.append(f"{_said(text[t])} after {place}: {before[t]:.1f} → {after[t]:.1f} bits")
    legend = f"{key(f'-{FULL}', f'+{FULL}')} bits: orange got worse, blue better"
    return figure(title, legend, _pre(spans(text, kinds.tolist(), notes)), "\n".join(words), True)


def connectivity(text: str, target: int, weights: Sequence[float], title: str = "") -> Picture:
    """How strongly each earlier character acts on one prediction: of `text[target]`, framed.

    `weights` has a number of any size for each character before it, (target,), or for all of the
    text, (T,), as `causes.saliency` gives them: the strongest gets the full colour. Where some are
    negative, orange speaks for the character and blue against it. Raises ValueError for a target
    outside the text, and for another number of weights.
    """
    if not 0 <= target < len(text):
        raise ValueError(f"there is no character {target} in a text of {len(text)}")
    earlier = text[:target]
    weights = _one_each(weights, text if len(weights) == len(text) else earlier)[:target]
    most = float(np.abs(weights).max(initial=0)) or 1.0
    kinds = shades(weights, -most, most).tolist()
    signed = bool((weights < 0).any())
    notes = [f"{weight / most:+.1%} of the strongest" for weight in weights]
    framed = (
        f'<span class="one" title="the one predicted">{html.escape(plain(text[target]))}</span>'
    )
    rest = f'<span class="after">{html.escape(plain(text[target + 1 :]))}</span>'
    words = [
        f"{title or 'What acts on a prediction'}: {_said(text[target])}, character {target}, after "
        f"{quoted(text[max(0, target - 16) : target])}. The strongest before it:"
    ]
    for t in np.argsort(-np.abs(weights), kind="stable")[:5].tolist():
        near = quoted(text[max(0, t - 8) : t + 1])
        words.append(f"{_said(text[t])}, {target - t} back, ending {near}: {weights[t]:.3g}")
    legend = key("against it", "for it") if signed else key("nothing", "the most", start=4)
    body = _pre(spans(earlier, kinds, notes) + framed + rest)
    return figure(title, f"{legend}; framed: the one predicted", body, "\n".join(words))
