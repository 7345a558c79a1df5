"""Characters and numbers: the vocabulary of a text, its held-out part, and streams.

A network sees numbers. `Vocabulary` gives every character of a text its number, in sorted order,
so the same text gives the same numbers on every machine. One character is one Unicode code point:
an emoji is one character, and a letter with its accent is one wherever Unicode has a single code
for the two (`clean` sees to that). Built in lesson 02; `streams` in lesson 08.

    >>> vocab = Vocabulary.of("hello")
    >>> vocab.characters, vocab.encode("hole").tolist(), vocab.decode([2, 2, 3])
    ('ehlo', [1, 3, 2, 0], 'llo')
"""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

from minichar import backend

CHUNK = 1 << 20  # characters encoded at a time: bounds the memory beside text and numbers


def checked(text: str) -> str:
    """`text` itself. Raises TypeError for anything else: a path, a list of lines, numbers."""
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, and this is a {type(text).__name__}")
    return text


def clean(text: str) -> str:
    """Return `text` with every line end as "\\n" and letters joined with their accents (NFC).

    Without this, "é" typed as one code and "é" typed as e plus an accent would be two different
    things to learn, and so would the same line saved on Windows and on Linux.
    """
    text = checked(text).replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def code_points(text: str) -> np.ndarray:
    """The number that Unicode has for each character of `text`: uint32 (len(text),)."""
    return np.frombuffer(checked(text).encode("utf-32-le", "surrogatepass"), "<u4")


def digest(text: str) -> str:
    """The SHA-256 of `text`, 64 hexadecimal digits: in practice no two texts share one."""
    return hashlib.sha256(checked(text).encode("utf-8", "surrogatepass")).hexdigest()


class Vocabulary:
    """The different characters of a text, in sorted order; a character's number is its place in it.

    `characters` is the string of them all; `len(vocab)` is V, the number of scores (logits) a
    network gives.
    """

    def __init__(self, characters: Iterable[str]):
        """Take the characters in the order given: the i-th one has number i.

        Raises ValueError for fewer than two characters, or one that comes twice.
        """
        self.characters = "".join(characters)
        if len(set(self.characters)) != len(self.characters):
            raise ValueError(
                "a vocabulary holds each character once; use Vocabulary.of(text) for a text"
            )
        if len(self.characters) < 2:
            raise ValueError(
                "a text needs at least two different characters, and this one has "
                f"{self.characters!r}: there is nothing to predict in it."
            )
        codes = code_points(self.characters)
        self._number = np.full(int(codes.max()) + 1, -1, np.int32)  # code point -> number, -1: none
        self._number[codes] = np.arange(len(codes))

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of `text`: its different characters, sorted by code point.

        Raises ValueError when the text has fewer than two different characters, TypeError for
        anything but a text.
        """
        return cls(sorted(set(checked(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and other.characters == self.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and character in self.characters

    def __repr__(self) -> str:
        shown = self.characters if len(self) <= 100 else self.characters[:100] + "…"
        return f"Vocabulary of {len(self)} characters: {shown!r}"

    def encode(self, text: str, unknown: str = "error") -> np.ndarray:
        """Return the numbers of the characters of `text`, int32 of shape (len(text),).

        A character that the vocabulary lacks is an error, or left out with unknown="skip".
        Takes 4 bytes a character beside the text itself ("skip", for a moment, 9), and a constant
        17 MiB while it works.

        Raises ValueError for an unknown character, naming it and its position; TypeError for
        anything but a text.
        """
        if unknown not in ("error", "skip"):
            raise ValueError(f'unknown={unknown!r} is not a choice here; it is "error" or "skip".')
        ids = np.empty(len(checked(text)), np.int32)
        for start in range(0, len(text), CHUNK):
            codes = code_points(text[start : start + CHUNK])
            known = codes < len(self._number)
            found = np.where(known, self._number[np.where(known, codes, 0)], -1)
            ids[start : start + CHUNK] = found
            if unknown == "error" and (found < 0).any():
                self._refuse(text, start + int(np.argmax(found < 0)))
        return ids[ids >= 0] if unknown == "skip" else ids

    def _refuse(self, text: str, position: int) -> None:
        character = text[position]
        name = unicodedata.name(character, "")
        name = f", {name}," if name and not character.isascii() else ""
        raise ValueError(
            f"{character!r}{name} (position {position}) is not in this model's {len(self)} "
            'characters; encode(text, unknown="skip") drops it.'
        )

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Return the text of these numbers; `decode(encode(text)) == text`.

        Raises ValueError for a number that no character has.
        """
        ids = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        ids = whole_numbers("decode", ids, len(self)) if ids.size else ids
        return "".join([self.characters[i] for i in ids.ravel().tolist()])


def whole_numbers(operation: str, ids: Any, V: int, beside: Any = None) -> Any:
    """`ids` as an array, once it is certain that they are whole numbers from 0 to V - 1.

    numpy would take -1 for the last row, and go on. The result lies where the array `beside` lies.
    Numbers are checked before they go to a graphics card; those that lie there already are taken as
    they are, since a check would have to wait for the card. Raises ValueError, naming the
    operation.
    """
    xp = backend.of(ids)
    ids = xp.asarray(ids)
    if ids.dtype.kind not in "iu":
        raise ValueError(f"{operation}: ids must be whole numbers, and these are {ids.dtype}")
    if xp is not np:
        return ids
    # A single one, as when a model writes, is its own least and largest.
    low, high = (ids.min(), ids.max()) if ids.ndim and ids.size else (ids.tolist(),) * 2
    if ids.size and not (low >= 0 and high < V):
        wrong = low if low < 0 else high
        raise ValueError(
            f"{operation}: {wrong} is not the number of a character; they run from 0 to {V - 1}"
        )
    return ids if beside is None else backend.like(ids, beside)


def split(text: str, validation: float = 0.05) -> tuple[str, str]:
    """Cut `text` into a training part and a held-out part, its last `validation` share.

    The held-out part is one piece, because sentences picked here and there would have their
    neighbours, often nearly the same words, in the training part.

    Raises ValueError when either part would have fewer than two characters.
    """
    if not 0 < validation < 1:
        raise ValueError(f"validation={validation} is not a share between 0 and 1; 0.05 is usual.")
    held_out = round(len(text) * validation)
    if held_out < 2 or len(text) - held_out < 2:
        raise ValueError(
            f"too few characters ({len(text)}) to hold out a share of {validation}: "
            "each part needs at least two; take another share or a longer text."
        )
    return text[:-held_out], text[-held_out:]


def at_least_one(**numbers: Any) -> None:
    """Raises ValueError, naming it, for one of `numbers` that is not a whole number from 1 up."""
    for name, n in numbers.items():
        if not (isinstance(n, int | np.integer) and n > 0):
            raise ValueError(f"{name}={n}: it must be a whole number of at least 1")


def streams(ids: np.ndarray, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a text into `batch` pieces of equal length, side by side: inputs and targets (steps, B).

    `ids` (N,) are its numbers. Column b walks through piece b; targets are the inputs shifted by
    one. Both are views: nothing is copied. Fewer than `batch` characters at the end are left out.

    Raises ValueError for a text too short to give each stream one prediction, or a batch below 1.
    """
    at_least_one(batch=batch)
    steps = (len(ids) - 1) // batch
    if steps < 1:
        raise ValueError(
            f"{len(ids)} characters cannot fill {batch} streams side by side: make batch smaller "
            "or the text longer."
        )
    inputs = ids[: steps * batch].reshape(batch, steps).T
    targets = ids[1 : steps * batch + 1].reshape(batch, steps).T
    return inputs, targets
