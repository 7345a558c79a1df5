"""What a model expects next at each place of a text: its best guesses, and how surprised it was.

Read in a batch of pieces, as in states.py, so that a long text is quick; a text no longer than a
piece gives exactly what the model gives when it reads it alone. Where every character has to be
read after all that is before it, reading.py does that, more slowly. Built in lesson 11.

    >>> model = CharModel(Vocabulary.of("hello"), cell="lstm", hidden=8)
    >>> found = guesses(model, "hello", top=2)
    >>> len(found.after(0)), found.bits.round().tolist()
    (2, [2.0, 2.0, 2.0, 2.0])
"""

from dataclasses import dataclass

import numpy as np

from minichar.backend import host
from minichar.model import CharModel
from minichar.product import dot
from minichar.sampling import log_softmax
from minichar.states import blocks, numbers
from minichar.text import Vocabulary


@dataclass(frozen=True)
class Guesses:
    """What a model expects after each character of a text, and how it was surprised.

    Row t belongs to the moment when character t has been read. `ids` (len(text), top) are the
    numbers of the likeliest next characters, the likeliest first, and `p` their probabilities.
    `bits` (len(text) - 1,) is -log2 of the probability that character t + 1 then had.
    """

    vocab: Vocabulary
    ids: np.ndarray
    p: np.ndarray
    bits: np.ndarray

    def after(self, t: int) -> list[tuple[str, float]]:
        """The guesses after character t of the text: characters with their probabilities."""
        found = zip(self.ids[t].tolist(), self.p[t].tolist(), strict=True)
        return [(self.vocab.characters[i], p) for i, p in found]


def guesses(model: CharModel, text: str, top: int = 5, **how: int) -> Guesses:
    """The `top` likeliest next characters at each place of `text`, and its surprise in bits.

    `how` are the settings of `blocks`. Takes 8 bytes a guess, 40 for each character with 5.

    Raises ValueError as `blocks` does, and for a `top` below 1.
    """
    if top < 1:
        raise ValueError(f"top={top}: at least 1 guess")
    N, ids = len(text), numbers(model, text)
    top = min(top, len(model.vocab))
    best, p, bits = np.empty((N, top), np.int32), np.empty((N, top), np.float32), np.empty(N)
    W, b = (model.read_out.parameters[name].data for name in "Wb")
    for at, states in blocks(model, text, **how):
        log_p = log_softmax(host(dot(states[len(model.hidden) - 1, "h"], W) + b))
        rows = np.arange(len(at))
        bits[at] = -log_p[rows, ids[np.minimum(at + 1, N - 1)]] / np.log(2)
        for k in range(top):  # the best, then the best of the others; of equals the first
            i = log_p.argmax(axis=1)
            best[at, k], p[at, k] = i, np.exp(log_p[rows, i])
            log_p[rows, i] = -np.inf
    return Guesses(model.vocab, best, p, bits[:-1])
