"""Other tasks with sequences: one to many, many to one, many to many, in both directions.

A cell turns a sequence into a sequence of states. What goes in, which states are read out, and
which predictions count make the difference: the small parts here see to that. Texts of different
lengths stand in one batch, padded at the end; `lengths` says where each one ends. Of each part, D
is how many numbers a step reads, or how many different characters, H the size of the state. Built
in lesson 13.

    >>> ids, lengths = pad([[1, 2, 3], [4]])
    >>> ids.tolist(), lengths.tolist()
    ([[1, 4], [2, 0], [3, 0]], [3, 1])
    >>> ids[turned(lengths, 3)].tolist()
    [[3, 4], [2, 0], [1, 0]]
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minichar import fused, graph, layers, sampling
from minichar.graph import Tensor
from minichar.layers import named


def pad(rows: Sequence[Sequence[int]], fill: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Texts as numbers, as one batch: ids (T, B), padded with `fill`, and lengths (B,).

    Raises ValueError where there is no row, or an empty one: it has no last state to read.
    TypeError for numbers with a fraction.
    """
    lengths = np.array([len(row) for row in rows])
    if not lengths.size or not lengths.min():
        raise ValueError("pad: there must be a row, and something in every row")
    ids = np.full((lengths.max(), len(rows)), fill)
    for b, row in enumerate(rows):
        np.copyto(ids[: len(row), b], row, casting="same_kind")  # and no fraction is cut off
    return ids, lengths


def turned(lengths: np.ndarray, T: int) -> tuple[np.ndarray, np.ndarray]:
    """The places that turn each text round where it stands: x[turned(lengths, T)], x (T, B, ...).

    The padding stays behind its text. Turned twice, everything is where it was.
    """
    t, b = np.indices((T, len(lengths)))
    return np.where(t < lengths, lengths - 1 - t, t), b


def last(y: Tensor, lengths: np.ndarray) -> Tensor:
    """The state of each text after its own last character: y (T, B, H) to (B, H).

    Not y[-1]: for a shorter text that is the state after it has read the padding as well.
    """
    return y[lengths - 1, np.arange(len(lengths))]


def masked_loss(z: Tensor, targets: np.ndarray, lengths: np.ndarray) -> Tensor:
    """The mean of -ln p[target] over the predictions of each text, not of its padding, in nats.

    z (T, B, V), targets (T, B) and lengths (B,). Nothing else counts: in the padding all gradients
    are 0, and it does not dilute the mean.
    """
    mask = np.arange(len(targets))[:, None] < lengths  # (T, B)
    return graph.cross_entropy(z[mask], targets[mask])


class Bidirectional:
    """Two cells over the same texts, one from each end: y (T, B, 2 H), what both know at t.

    Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997. The second cell reads
    each text in reverse, from its own last character on, and its states are put back in order.
    """

    def __init__(self, D: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.ways = {way: fused.GRU(D, H, rng, dtype) for way in ("ahead", "back")}
        self.parameters = named(self.ways)

    def __call__(self, x: Any, lengths: np.ndarray | None = None) -> tuple[Tensor, tuple]:
        """Read x (T, B) whole numbers, or (T, B, D): y, and the states (B, H) of the two cells.

        Those are from after the last of T steps: of a shorter text, after its padding as well.
        """
        T, B = x.shape[:2]
        places = turned(np.full(B, T) if lengths is None else lengths, T)
        ahead, one = self.ways["ahead"](x)
        back, other = self.ways["back"](x[places])
        return graph.concat([ahead, back[places]], axis=2), (*one, *other)


class Reader:
    """Many to one: the state (B, H) of each text at its own end, all that is known of it."""

    def __init__(self, D: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.cell = fused.GRU(D, H, rng, dtype)
        self.parameters = self.cell.parameters

    def __call__(self, x: Any, lengths: np.ndarray | None = None) -> Tensor:
        """Read x (T, B) whole numbers, or (T, B, D); without `lengths` all are of length T."""
        y, _ = self.cell(x)
        return y[-1] if lengths is None else last(y, lengths)


class Classifier:
    """Many to one: scores for which of N classes each text belongs to, (B, N)."""

    def __init__(self, D: int, N: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.reader, self.read_out = Reader(D, H, rng, dtype), fused.Linear(H, N, rng, dtype)
        self.parameters = named({"reader": self.reader, "read_out": self.read_out})

    def __call__(self, x: Any, lengths: np.ndarray | None = None) -> Tensor:
        return self.read_out(self.reader(x, lengths))


class Tagger:
    """Many to many, in step: scores (T, B, N) of N tags for every character.

    With `both` it reads from both ends, so that what follows a character counts as well.
    """

    def __init__(
        self,
        D: int,
        N: int,
        H: int,
        rng: np.random.Generator,
        dtype: Any = "float32",
        both: bool = False,
    ):
        self.cell = (Bidirectional if both else fused.GRU)(D, H, rng, dtype)
        self.read_out = fused.Linear(2 * H if both else H, N, rng, dtype)
        self.parameters = named({"cell": self.cell, "read_out": self.read_out})

    def __call__(self, x: Any) -> Tensor:
        return self.read_out(self.cell(x)[0])


class Writer:
    """One to many: writes a text from one context vector c (B, K), which every step sees.

    A model of the next character in which `c Wch` is added to what each step reads: so the summary
    is given to the decoder in Cho and others, "Learning phrase representations using RNN
    encoder-decoder", 2014. With a Reader's state for c it is the decoder of such a pair (sequence
    to sequence).
    """

    def __init__(self, K: int, V: int, H: int, rng: np.random.Generator, dtype: Any = "float32"):
        self.cell, self.read_out = fused.LSTM(V, H, rng, dtype), fused.Linear(H, V, rng, dtype)
        self.Wch = layers.uniform(rng, (K, 4 * H), K, dtype)
        self.parameters = named({"cell": self.cell, "read_out": self.read_out}) | {"Wch": self.Wch}

    def __call__(self, c: Tensor, ids: Any, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Scores (T, B, V) for what follows each of ids (T, B), and the state after the last."""
        own = self.cell.parameters
        a = fused.project(ids, own["Wxh"], own["bh"]) + c @ self.Wch  # (T, B, 4 H) + (B, 4 H)
        y, state = self.cell.run(a, self.cell.begin(a.shape[1], state))
        return self.read_out(y), state

    def write(
        self, c: Tensor, length: int, rng: np.random.Generator | None = None, start: int = 0
    ) -> np.ndarray:
        """Texts of `length` characters, ids (length, B): each is read before the next is written.

        The likeliest character every time; with `rng` one drawn by the probabilities. The first is
        written after `start`. Nothing stops at an end mark: cut there what you show.
        """
        ids, state = np.full((1, len(c)), start), None
        written = np.empty((length, len(c)), int)
        with graph.no_grad():
            for t in range(length):
                z, state = self(c, ids, state)
                if rng is None:
                    ids = z.data.argmax(axis=2)
                else:
                    p = sampling.distribution(z.data)
                    ids = sampling.choose(p, rng.random((1, len(c))))
                written[t] = ids[0]
        return written


def shifted(texts: np.ndarray, start: int = 0) -> np.ndarray:
    """What a writer reads as it is taught to write texts (T, B): `start`, then all but the last.

    That is teacher forcing (Williams and Zipser, 1989): it reads what it should have written, not
    what it did write.
    """
    return np.concatenate([np.full_like(texts[:1], start), texts[:-1]])
