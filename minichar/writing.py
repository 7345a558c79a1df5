"""Several texts at once from the same random numbers, each at a temperature of its own.

So a slider shows the change of temperature alone, and quickly: one step of the model serves all the
texts. What `sampling.sample` writes one after another is the same. Used by the studio and by
`minichar train`.

    >>> from minichar.model import CharModel
    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=4, dtype="float64")
    >>> side_by_side(model, [0.5, 2.0], "he", 9)[1] == sampling.sample(
    ...     model, "he", 9, temperature=2.0, seed=0
    ... )
    True
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from minichar import sampling
from minichar.model import CharModel
from minichar.text import clean

BY_LINE, BY_WORD = re.compile("(?m)^(?=.)"), re.compile(r"(?<!\S)(?=\S)")


def write(
    model: CharModel,
    temperatures: Sequence[float],
    prime: str = "",
    seed: int = 0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the next character of each of B texts that go on from `prime`, without end.

    What comes is numbers of characters (B,) and the probability each was drawn with (B,), as
    `sampling.distribution` has it at its temperature. The B `temperatures` are looked up again for
    each character. One random number serves all texts.

    Characters of `prime` that the model does not know are left out. Raises ValueError as
    `sampling.distribution` does.
    """
    rng, B, prime = np.random.default_rng(seed), len(temperatures), clean(prime)
    z, state = sampling.read(model, prime, unknown="skip")
    z, state = z[None].repeat(B, 0), [tuple(s.repeat(B, 0) for s in kept) for kept in state]
    every = np.arange(B)
    while True:
        rows = zip(z, temperatures, strict=True)
        p = np.stack([sampling.distribution(row, temperature) for row, temperature in rows])
        ids = sampling.choose(p, np.full(B, rng.random()))
        yield ids, p[every, ids]
        z, state = model.step(ids, state)


def side_by_side(
    model: CharModel,
    temperatures: Sequence[float],
    prime: str = "",
    length: int = 120,
    seed: int = 0,
) -> list[str]:
    """`length` characters of each text that `write` yields, without the prime."""
    written = islice(write(model, temperatures, prime, seed), length)
    ids = np.array([ids for ids, _ in written]).reshape(length, len(temperatures))
    return [model.vocab.decode(column) for column in ids.T]


def piece_of(text: str, seed: int = 0, length: int = 24, lines: bool = False) -> str:
    """A piece of the text that begins where a word does; with `lines`, where a line does."""
    places = [m.start() for m in (BY_LINE if lines else BY_WORD).finditer(text[:-length])]
    place = int(np.random.default_rng(seed).choice(places or [0]))
    piece = text[place : place + length]
    return piece.partition("\n")[0] if lines else piece


def loop_of(text: str) -> str | None:
    """The piece that the end of `text` repeats over and over, three times at least, or None."""
    for size in range(1, len(text) // 3 + 1):
        piece = text[-size:]
        if text.endswith(piece * 3):
            return piece
    return None
