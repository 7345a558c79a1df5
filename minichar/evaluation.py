"""How well a model predicts a text that it was not trained on: its mean loss (cross-entropy).

A long text is cut into streams that are read as one batch, many times as fast as one stream. No
prediction is lost, and each stream but the first begins by reading what stands before it: so the
cut costs next to nothing. Built in lesson 08.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=8)
    >>> round(evaluate(model, "hello" * 9), 1) == round(float(np.log(4)), 1)
    True
"""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from minichar import backend, graph
from minichar.lines import by_line, line_end
from minichar.model import CharModel
from minichar.text import at_least_one, streams

WARM = 100  # characters that a stream reads before those that count


def evaluate(model: CharModel, text: str, batch: int | None = None, length: int = 200) -> float:
    """The mean -ln p of the characters of `text` after the first, in nats per character.

    Each of them counts once; without gradients or dropout. The text is read from an empty state: in
    one stream below 1,000 characters, else in up to 64 of 500 or more side by side. `batch` asks
    for another number of streams, `length` for pieces of that length. A model that learned one line
    at a time is judged line by line, as by `evaluating_lines`.

    Raises ValueError for a text too short for that, or with a character unknown to the model.
    """
    return whole(evaluating(model, text, batch, length))


def evaluating(
    model: CharModel, text: str, batch: int | None = None, length: int = 200
) -> Generator[float, None, float]:
    """`evaluate` with a stop after each piece, for callers with something else to do meanwhile.

    What it yields there is the share of the text that has been read.
    """
    if model.lines:
        return (yield from evaluating_lines(model, text, batch or 64, length))
    at_least_one(length=length)
    ids = model.vocab.encode(text)
    batch = batch or min(64, max(1, len(ids) // 500))
    inputs, targets = streams(ids, batch)
    total, steps, state = 0.0, len(inputs), None
    if batch > 1:
        before = np.arange(-min(WARM, steps), 0)[:, None] + steps * np.arange(1, batch)
        with graph.no_grad():
            _, state = model(ids[before])  # and an empty state for the first stream:
        state = [tuple(backend.of(s).pad(s, ((1, 0), (0, 0))) for s in k) for k in state]
        yield 0.0
    for at in range(0, steps, length):
        here = slice(at, at + length)
        with graph.no_grad():
            loss, state = model.loss(inputs[here], targets[here], state)
        total += float(loss.data) * targets[here].size
        yield min(1.0, (at + length) / steps)
    rest = ids[steps * batch :, None]  # what does not fill all streams: the last one goes on
    if len(rest) > 1:
        with graph.no_grad():
            loss, _ = model.loss(rest[:-1], rest[1:], [tuple(s[-1:] for s in k) for k in state])
        total += float(loss.data) * (len(rest) - 1)
    return total / (len(ids) - 1)


def evaluating_lines(
    model: CharModel, text: str, batch: int = 64, length: int = 200
) -> Generator[float, None, float]:
    """The mean -ln p of the characters of `text` and its line ends, each line read on its own.

    In nats per character, without gradients or dropout; empty lines do not count. Up to `batch`
    lines are read side by side, in pieces of `length`, with a stop after each, as in `evaluating`.
    Raises ValueError as `lines.by_line` does, and for a character that the model does not know.
    """
    at_least_one(batch=batch, length=length)
    ids, total, count = model.vocab.encode(text), 0.0, 0
    inputs, targets = by_line(ids, line_end(model.vocab), batch)
    size = sum(wanted.size for wanted in targets.arrays)
    for read, wanted in zip(inputs.arrays, targets.arrays, strict=True):
        state = None
        for at in range(0, len(read), length):
            here = slice(at, at + length)
            with graph.no_grad():
                loss, state = model.loss(read[here], wanted[here], state)
            total += float(loss.data) * wanted[here].size
            count += wanted[here].size
            yield count / size
    return total / size


def glance(model: CharModel, inputs: Any, targets: Any, state: list) -> float:
    """The loss of the first few rows of a batch: are weights that have just moved still sound?

    In nats per character, without gradients or dropout; nan or inf of weights that overflow.
    """
    few = slice(0, 8)
    with graph.no_grad(), np.errstate(over="ignore", invalid="ignore"):
        z, _ = model(inputs[:, few], [tuple(s[few] for s in kept) for kept in state])
        return float(graph.cross_entropy(z, targets[:, few]).data)


def whole(slices: Generator, tell: Callable[[float], None] | None = None) -> Any:
    """What a generator returns in the end, without its stops; `tell` hears what it yields there."""
    while True:
        try:
            share = next(slices)
        except StopIteration as end:
            return end.value
        if tell is not None:
            tell(share)
