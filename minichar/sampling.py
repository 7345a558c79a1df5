"""Writing with a model: temperature, greedy, top-k, nucleus and beam search; and scoring a text.

All of it works with any model that reads one character at a time. Such a model has a `vocab` and

    z, state = model.step(i, state)     # i: a character's number; z: scores for the next, (V,)

where `state` is None at the beginning and is never changed in place. The counting model of lesson
02 has it; `Predictor` gives it to a function. Built in lesson 04.

    >>> from minichar.ngram import NGram
    >>> model = NGram("hello hello hello ", order=3)
    >>> sample(model, prime="he", length=10, temperature=0)
    'llo hello '
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minichar import rnn100
from minichar.datasets import folder
from minichar.text import Vocabulary, clean


@dataclass(frozen=True)
class Predictor:
    """A model made of a vocabulary and a function `z, state = step(i, state)`."""

    vocab: Vocabulary
    step: Callable[[int, Any], tuple[np.ndarray, Any]]


def shipped(name: str = "names") -> Predictor:
    """A network of lesson 03, trained for longer; its weights come with the course.

    Raises ValueError for a name that no shipped weights have.
    """
    path = folder() / "weights" / f"{name}.npz"
    if not path.is_file():
        have = ", ".join(sorted(p.stem for p in path.parent.glob("*.npz")))
        raise ValueError(f'no weights called "{name}" come with the course; there are: {have}.')
    with np.load(path, allow_pickle=False) as file:
        W = {key: file[key].astype(np.float64) for key in file.files if key != "characters"}
        vocab = Vocabulary(str(file["characters"]))
    start = np.zeros(len(W["bh"]))
    return Predictor(vocab, lambda i, h=None: rnn100.step(W, i, start if h is None else h))


def log_softmax(z: np.ndarray) -> np.ndarray:
    """log p, in nats, of scores z along the last axis; no score is too large for it."""
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def distribution(
    z: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probabilities (V,) to draw from, given scores z (V,). They sum to 1.

    `temperature` divides the scores before the softmax: below 1 the likely becomes likelier
    still, above 1 all draw level; at 0 the best is certain (the first of the best, where several
    tie). `top_k` then keeps the k most likely. `top_p` then keeps the fewest most likely
    characters that together have at least that probability (the nucleus; Holtzman et al., "The
    Curious Case of Neural Text Degeneration", 2020).

    Raises ValueError for a temperature below 0, a top_k below 1, a top_p outside (0, 1].
    """
    if not 0 <= temperature < np.inf:
        raise ValueError(
            f"temperature={temperature}: it is a number from 0 up; 1 leaves the model as it is."
        )
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k}: at least 1 character must stay to choose from.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}: it is a probability above 0 and up to 1; 0.9 is usual.")
    if np.isnan(z).any():
        raise ValueError("the model's scores are not numbers (nan): it has gone wrong in training.")
    if temperature == 0:
        return np.eye(len(z))[z.argmax()]
    p = np.exp(log_softmax((z - z.max()) / temperature))
    order = np.argsort(-p, kind="stable")  # most likely first; ties in the vocabulary's order
    if top_k is not None:
        p[order[top_k:]] = 0
        p /= p.sum()
    if top_p is not None:
        before = np.cumsum(p[order]) - p[order]  # the probability of all that are more likely
        p[order[before >= top_p]] = 0
        p /= p.sum()
    return p


def choose(p: np.ndarray, u: float) -> int:
    """The first character at which the running sum of p (V,) exceeds u, a number from 0 to 1.

    With u drawn evenly, character i comes with probability p[i]. With the same u and slightly other
    p, mostly the same character comes: that is how a slider shows the change of temperature alone.
    """
    total = np.cumsum(p)
    i = int(np.searchsorted(total, u * total[-1], side="right"))
    return min(i, int(np.flatnonzero(p)[-1]))


def read(model: Any, prime: str | None, unknown: str = "error") -> tuple[np.ndarray, Any]:
    """Have the model read `prime`; return its scores for what comes next, and its state.

    Without a prime (None or "") it reads one line end, as at the start of a new line; where the
    vocabulary has none, its first character.

    Raises ValueError for a character that the model does not know, unless unknown="skip".
    """
    ids = model.vocab.encode(clean(prime or ""), unknown)
    if not len(ids):
        ids = model.vocab.encode("\n" if "\n" in model.vocab else model.vocab.characters[0])
    state = None
    for i in ids:
        z, state = model.step(i, state)
    return z, state


def stream(
    model: Any,
    prime: str | None = None,
    length: int = 200,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop: str | None = None,
    unknown: str = "error",
    seed: int | np.random.Generator | None = 0,
) -> Iterator[str]:
    """Yield `length` characters that go on from `prime`, one at a time, each drawn from the model.

    `temperature`, `top_k` and `top_p` are those of `distribution`; temperature 0 is greedy.
    `stop` ends the text early, before that character would come. One random number is used per
    character, whatever the settings. Another `seed`, another text; None gives a new one each
    time.

    Raises ValueError as `read` and `distribution` do.
    """
    rng = np.random.default_rng(seed)
    z, state = read(model, prime, unknown)
    for _ in range(length):
        i = choose(distribution(z, temperature, top_k, top_p), rng.random())
        character = model.vocab.characters[i]
        if character == stop:
            return
        yield character
        z, state = model.step(i, state)


def sample(model: Any, prime: str | None = None, length: int = 200, **settings: Any) -> str:
    """The whole text that `stream` yields with the same arguments, without the prime."""
    return "".join(stream(model, prime, length, **settings))


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

    Raises ValueError for a width or length below 1, and as `read` does.
    """
    if width < 1 or length < 1:
        raise ValueError(
            f"beam search needs a width and a length of at least 1, not {width} and {length}."
        )
    start = read(model, prime, unknown)
    found = _search(model, start, length, width, stop)
    if width > 1:
        found += _search(model, start, length, 1, stop)
    texts = {model.vocab.decode(ids): score for score, ids in found}
    ranked = sorted(texts.items(), key=lambda item: -item[1])
    return [Hypothesis(text, score) for text, score in ranked]


def _search(model, start, length, width, stop):
    """The `width` best (log p, numbers), best first."""
    z, state = start
    beam = [(0.0, [], z, state)]  # log p, the numbers so far, what the model says next, its state
    end = model.vocab.encode(stop)[0] if stop else None
    for _ in range(length):
        options = []  # (log p, which beginning, next number or None when it is complete)
        for b, (total, ids, z, _) in enumerate(beam):
            if ids and ids[-1] == end:
                options.append((total, b, None))
                continue
            log_p = log_softmax(z)
            options += [
                (total + log_p[i], b, int(i)) for i in np.argsort(-z, kind="stable")[:width]
            ]
        options.sort(key=lambda option: -option[0])  # stable: ties stay in the order they were made
        beam = [
            beam[b] if i is None else (total, beam[b][1] + [i], *model.step(i, beam[b][3]))
            for total, b, i in options[:width]
        ]
    return [(float(total), ids) for total, ids, _, _ in beam]


def beam(
    model: Any,
    prime: str | None,
    length: int,
    width: int = 5,
    stop: str | None = None,
    unknown: str = "error",
) -> str:
    """The likeliest continuation that `beam_search` finds."""
    return beam_search(model, prime, length, width, stop, unknown)[0].text


def score(model: Any, text: str, prime: str | None = None) -> np.ndarray:
    """-log2 p of each character of `text` after `prime` and all before it, in bits: (len(text),).

    The mean is the bits per character, the sum the length of the text when compressed by this
    model.

    Raises ValueError for a character that the model does not know.
    """
    ids = model.vocab.encode(text)
    bits = np.empty(len(ids))
    z, state = read(model, prime)
    for t, i in enumerate(ids):
        bits[t] = -log_softmax(z)[i] / np.log(2)
        z, state = model.step(i, state)
    return bits
