"""Writing with a model: temperature, greedy, top-k and nucleus; and scoring a text.

All of it works with any model that reads one character at a time. Such a model has a `vocab` and

    z, state = model.step(i, state)     # i: a character's number; z: logits for the next, (V,)

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
from minichar.workers import calm


@dataclass(frozen=True)
class Predictor:
    """A model made of a vocabulary and a function `z, state = step(i, state)`."""

    vocab: Vocabulary
    step: Callable[[int, Any], tuple[np.ndarray, Any]]


def shipped(name: str = "names") -> Predictor:
    """A network of lesson 03, trained for longer; its weights come with the course.

    Raises ValueError for a name that no shipped weights have.
    """
    paths = {path.stem: path for path in sorted((folder() / "weights").glob("*.npz"))}
    if name not in paths:  # below it are others, of other networks
        have = ", ".join(paths)
        raise ValueError(f'no weights called "{name}" come with the course; there are: {have}.')
    with np.load(paths[name], allow_pickle=False) as file:
        W = {key: file[key].astype(np.float64) for key in file.files if key != "characters"}
        vocab = Vocabulary(str(file["characters"]))
    start = np.zeros(len(W["bh"]))
    return Predictor(vocab, lambda i, h=None: rnn100.step(W, i, start if h is None else h))


def _shifted(z: np.ndarray) -> np.ndarray:
    """The scores minus the highest of their row, which must be finite: then no exp overflows."""
    highest = z.max(axis=-1, keepdims=True)  # nan, where one of them is
    if not np.isfinite(highest).all():
        raise ValueError(
            "the model's scores are not numbers (nan or infinite): it has gone wrong in training; "
            "train it again, with a smaller learning rate."
        )
    return z - highest


def log_softmax(z: np.ndarray) -> np.ndarray:
    """log p, in nats, of scores (logits) z along the last axis; no score is too large for it.

    Raises ValueError for scores that are no numbers.
    """
    z = _shifted(z)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def distribution(
    z: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """The probabilities (…, V) to draw from, given scores z (…, V). Those along V sum to 1.

    `temperature` divides the scores before the softmax: below 1 the likely becomes likelier still,
    above 1 all become more alike; at 0 the best is certain (the first of the best, where several
    tie). `top_k` then keeps the k most likely. `top_p` then keeps the fewest most likely characters
    that together have at least that probability (the nucleus; Holtzman et al., "The Curious Case of
    Neural Text Degeneration", 2020).

    Raises ValueError for a temperature below 0, a top_k below 1, a top_p outside (0, 1], and for
    scores that are no numbers.
    """
    if not 0 <= temperature < np.inf:
        raise ValueError(
            f"temperature={temperature}: it must be finite, and 0 or more; 1 changes nothing."
        )
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k}: at least 1 character must stay to choose from.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}: it must be above 0 and at most 1; 0.9 is usual.")
    z = _shifted(z)
    if temperature == 0:
        return np.eye(z.shape[-1])[z.argmax(axis=-1)]
    p = np.exp(z / np.float64(temperature))
    p /= p.sum(axis=-1, keepdims=True)
    if top_k is None and top_p is None:
        return p
    order = np.argsort(-p, axis=-1, kind="stable")  # most likely first; ties in order of number
    ranked = np.take_along_axis(p, order, axis=-1)
    if top_k is not None:
        ranked[..., top_k:] = 0
        ranked /= ranked.sum(axis=-1, keepdims=True)
    if top_p is not None:
        before = ranked.cumsum(axis=-1) - ranked  # the probability of all that are more likely
        ranked[before >= top_p] = 0
        ranked /= ranked.sum(axis=-1, keepdims=True)
    np.put_along_axis(p, order, ranked, axis=-1)
    return p


def choose(p: np.ndarray, u: Any) -> Any:
    """The first character at which the running sum of p (…, V) exceeds u (…), from 0 to below 1.

    With u drawn uniformly, character i comes with probability p[i]. With the same u and a slightly
    different p, usually the same character comes: that is how a slider shows the change of
    temperature alone.
    """
    total = p.cumsum(axis=-1)
    total /= total[..., -1:]  # the last possible one is now at exactly 1: above every u
    if p.ndim == 1:
        return int(total.searchsorted(u, side="right"))
    return (total <= np.asarray(u)[..., None]).sum(axis=-1)


def read(model: Any, prime: str | None, unknown: str = "error") -> tuple[np.ndarray, Any]:
    """Have the model read `prime`; return its scores for what comes next, and its state.

    Without a prime (None or "") it reads one line end, as at the start of a new line; where the
    vocabulary has none, its first character. A model that learned one line at a time (`lines`)
    reads a line end before the prime, as it did before each line.

    Raises ValueError for a character that the model does not know, unless unknown="skip".
    """
    prime = clean(prime or "")
    if getattr(model, "lines", False):  # of the models here, only a CharModel knows of lines
        prime = "\n" + prime
    ids = model.vocab.encode(prime, unknown)
    if not len(ids):
        ids = model.vocab.encode("\n" if "\n" in model.vocab else model.vocab.characters[0])
    state = None
    for i in ids:
        z, state = model.step(i, state)
    return z, state


def check_stop(stop: str | None) -> None:
    """Raises ValueError unless `stop` is a single character, or nothing."""
    if stop and len(stop) != 1:
        raise ValueError(f"stop={stop!r}: a text can be stopped by one character, not by several.")


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
    `stop`, one character, ends the text early, before it would come. One random number is used per
    character, whatever the settings. Another `seed`, another text; None gives a new one each
    time.

    Raises ValueError as `read` and `distribution` do, and for a `stop` of several characters.
    """
    check_stop(stop)
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
    with calm():  # one text: the threads of BLAS would only wait for each other
        return "".join(stream(model, prime, length, **settings))


def samples(
    model: Any, count: int, prime: str | None = None, length: int = 200, seed: Any = 0, **how: Any
) -> list[str]:
    """`count` texts of `length` characters that all go on from `prime`, written as one batch.

    Far faster than one after another, for a model whose `step` reads one character of each of
    several texts, as that of CharModel does. `how` is what `distribution` takes: temperature,
    top_k, top_p. Raises ValueError as `read` and `distribution` do, TypeError for another model.
    """
    rng = np.random.default_rng(seed)
    z, state = read(model, prime)
    if not all(isinstance(kept, tuple | list) for kept in state):
        raise TypeError(f"this {type(model).__name__} writes one text at a time: use sample")
    z, state = z[None].repeat(count, 0), [tuple(s.repeat(count, 0) for s in kept) for kept in state]
    ids = np.empty((length, count), np.int32)
    for t in range(length):
        ids[t] = choose(distribution(z, **how), rng.random(count))
        z, state = model.step(ids[t], state)
    return [model.vocab.decode(column) for column in ids.T]


def score(model: Any, text: str, prime: str | None = None) -> np.ndarray:
    """-log2 p of each character of `text` after `prime` and all before it, in bits: (len(text),).

    The mean is the bits per character, the sum the length of the text when compressed by this
    model.

    Raises ValueError for a character that the model does not know.
    """
    return np.fromiter(scoring(model, text, prime), float, len(text))


def scoring(model: Any, text: str, prime: str | None = None) -> Iterator[float]:
    """`score`, one character after the other."""
    ids = model.vocab.encode(text)
    z, state = read(model, prime)
    for i in ids:
        yield -log_softmax(z)[i] / np.log(2)
        z, state = model.step(i, state)
