"""Beam search: the likeliest text instead of a drawn one.

Like sampling.py, for any model that reads one character at a time. Built in lesson 04.

    >>> from minichar.ngram import NGram
    >>> beam(NGram("hello hello hello ", order=3), prime="he", length=10)
    'llo hello '
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minichar.sampling import check_stop, log_softmax, read


@dataclass(frozen=True)
class Hypothesis:
    """One continuation found by beam search, and log p of all its characters together, in nats."""

    text: str
    log_probability: float


def beam_search(
    model: Any,
    prime: str | None,
    length: int,
    width: int = 5,
    stop: str | None = None,
    unknown: str = "error",
) -> list[Hypothesis]:
    """Look for the likeliest continuation, keeping the `width` best beginnings at each character.

    Returns the continuations it ended with, likeliest first, the greedy one always among them: so
    the first is never less likely than greedy. With width 1 it is greedy; with width V ** length
    it is exhaustive. A continuation that reaches `stop` is complete, and has that character as
    its last.

    Raises ValueError for a width or length below 1, a `stop` of several characters, and as `read`
    does.
    """
    if width < 1 or length < 1:
        raise ValueError(
            f"beam search needs a width and a length of at least 1, not {width} and {length}."
        )
    check_stop(stop)
    start = read(model, prime, unknown)
    found = _search(model, start, length, width, stop)
    if width > 1:
        found += _search(model, start, length, 1, stop)
    texts = {model.vocab.decode(ids): score for score, ids in found}
    ranked = sorted(texts.items(), key=lambda item: -item[1])
    return [Hypothesis(text, score) for text, score in ranked]


def _search(model, start, length, width, stop):
    """The `width` best (log p, numbers), best first."""
    beam = [(0.0, [], *start)]  # log p, the numbers so far, what the model says next, its state
    end = model.vocab.characters.find(stop) if stop else None  # -1, an unknown one: never comes
    for _ in range(length):
        options = []  # (log p, which beginning, next number or None when it is complete)
        for b, (total, ids, z, _) in enumerate(beam):
            if ids and ids[-1] == end:
                options.append((total, b, None))
                continue
            log_p = log_softmax(z.astype(np.float64))
            options += [
                (total + log_p[i], b, int(i)) for i in np.argsort(-z, kind="stable")[:width]
            ]
        options.sort(key=lambda option: -option[0])  # stable: ties stay in the order they were made
        beam = [
            beam[b] if i is None else (total, beam[b][1] + [i], *model.step(i, beam[b][3]))
            for total, b, i in options[:width]
        ]
    return [(float(total), ids) for total, ids, _, _ in beam]


def beam(model: Any, prime: str | None, length: int, width: int = 5, **settings: Any) -> str:
    """The likeliest continuation that `beam_search` finds, with the same arguments."""
    return beam_search(model, prime, length, width, **settings)[0].text
