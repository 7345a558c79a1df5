"""What a network expects at each character of a text, read from beginning to end in one stream.

The same numbers as `sampling.score`, in whole pieces and so several times as fast; what follows a
text through its characters (ablation.py, closing.py, errors.py) begins here. Used in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=8)
    >>> bits(model, "hello").round().tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from minichar.backend import host
from minichar.graph import no_grad
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import log_softmax, read
from minichar.text import at_least_one


def expectations(model: CharModel, text: str, length: int = 256) -> Iterator[np.ndarray]:
    """Yield log p of all characters at each place of `text`: pieces (n, V) float64, in nats.

    Row after row, one for each character of the text, before that character is read. The model
    first reads a line end, as in sampling.py. The text is read in pieces of `length`, on which no
    number depends; a model that learned one line at a time starts from a fresh state at each line
    end.

    Raises ValueError for a character that the model does not know.
    """
    at_least_one(length=length)
    ids = model.vocab.encode(text)
    z, state = read(model, None)
    if len(ids):
        yield log_softmax(z[None].astype(np.float64))
    inputs = ids[:-1, None]  # (T, 1): after the last character nothing is asked
    ends = {t for t, c in enumerate(text) if model.lines and c == "\n"}
    for at, stop in pairwise(sorted({*range(0, len(inputs), length), *ends, len(inputs)})):
        with no_grad():  # not around the yield: it would hold in the caller, too
            z, state = model(inputs[at:stop], None if at in ends else state)
        yield log_softmax(host(z.data[:, 0]).astype(np.float64))


def bits(model: CharModel, text: str, length: int = 256) -> np.ndarray:
    """-log2 p of each character of `text` after all before it, in bits: (len(text),).

    Equals `sampling.score`. Raises ValueError for a character that the model does not know.
    """
    ids, found, at = model.vocab.encode(text), np.empty(len(text)), 0
    for log_p in expectations(model, text, length):
        here = ids[at : at + len(log_p)]
        found[at : at + len(log_p)] = -log_p[np.arange(len(here)), here] / np.log(2)
        at += len(log_p)
    return found


def expected_at(model: CharModel | NGram, text: str, places: Any) -> np.ndarray:
    """p of all characters at some places of `text`, given all that is before: (places, V) float64.

    For a network or a counting model. Raises ValueError for a place that the text does not have.
    """
    places = np.asarray(places, None if np.size(places) else int)
    if places.dtype.kind not in "iu":  # True and False would be the places 1 and 0
        raise ValueError(f"places in a text are whole numbers, and these are {places.dtype}")
    places = places.astype(np.int64)  # in a byte, say, there is no room for what is reckoned here
    if places.size and not (0 <= places.min() and places.max() < len(text)):
        raise ValueError(f"a text of {len(text)} characters has the places 0 to {len(text) - 1}.")
    if isinstance(model, NGram):
        p = [model.probabilities(text[max(0, t - model.order) : t]) for t in places.tolist()]
        return np.array(p).reshape(len(p), len(model.vocab))
    p, at = np.empty((len(places), len(model.vocab))), 0
    for log_p in expectations(model, text):
        here = (at <= places) & (places < at + len(log_p))
        p[here] = np.exp(log_p[places[here] - at])
        at += len(log_p)
    return p
