"""The whole network: characters in, scores (logits) for the next character out.

An optional embedding, a stack of cells with dropout after each, and a read-out (the output layer).
The hidden state goes in and comes out, so that a text can be read in pieces. Built in lesson 08.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), cell="lstm", hidden=(8, 8))
    >>> z, state = model(np.array([[0], [1], [2]]))  # T = 3 characters of B = 1 text
    >>> z.shape
    (3, 1, 4)
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from minichar import backend, fused, graph, kernels, layers, stepping, wavefront
from minichar.device import library
from minichar.graph import Tensor
from minichar.text import Vocabulary, whole_numbers

CHOSEN = ("cell", "hidden", "embedding", "dropout", "seed")  # what people set of a new model
KINDS = {"rnn": "RNN", "relu": "RNN", "lstm": "LSTM", "gru": "GRU"}


def cells(quick: bool, device: str = "cpu") -> ModuleType:
    """The module whose RNN, LSTM and GRU a model is made of: layers.py, fused.py, or fast.py.

    The last where the extra `fast` is installed and MINICHAR_COMPILED is not 0. On a graphics card
    kernels.py takes the place of fused.py and fast.py.
    """
    if not quick:
        return layers
    if device == "gpu":
        return kernels
    if os.environ.get("MINICHAR_COMPILED") == "0" or find_spec("numba") is None:
        return fused
    from minichar import fast

    return fast


class CharModel:
    """A character-level recurrent network over the characters of `vocab`.

    `cell` is "rnn", "lstm", "gru", or "relu": an RNN with relu for tanh. `hidden` is the number of
    neurons in each layer, from the bottom up. With `embedding=None` the first layer reads one-hot
    rows, else learned rows of that many numbers; these learn in fewer steps. `dropout` is the share
    dropped after each layer while training. `device` is "cpu" or "gpu": a `seed` draws the same
    weights on both. `fused=False` takes the step-by-step cells of layers.py: the same numbers,
    slowly. `lines` says that it learned one line at a time (a Training with lines=True sets it):
    then `step` starts from a fresh state at each line end.

    Raises ValueError for a setting that makes no sense, RuntimeError where no GPU works.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        cell: str = "lstm",
        hidden: int | Sequence[int] = (128, 128),
        embedding: int | None = None,
        dropout: float = 0.0,
        dtype: str = "float32",
        device: str = "cpu",
        seed: int | np.random.Generator = 0,
        fused: bool = True,
        lines: bool = False,
    ):
        if not isinstance(vocab, Vocabulary):
            raise TypeError("vocab must be a Vocabulary, such as Vocabulary.of(text)")
        hidden = tuple(np.atleast_1d(hidden).tolist())
        if cell not in KINDS:
            raise ValueError(f"cell={cell!r}: it must be one of {', '.join(KINDS)}")
        if not hidden or not all(type(H) is int and H > 0 for H in hidden):
            raise ValueError(
                f"hidden={hidden}: each layer needs a whole number of neurons, at least 1"
            )
        embedding = int(embedding) if isinstance(embedding, np.integer) else embedding
        if embedding is not None and not (type(embedding) is int and embedding > 0):
            raise ValueError(
                f"embedding={embedding}: it must be None, or the length of a character's vector"
            )
        if getattr(dtype, "__name__", str(dtype)) not in ("float32", "float64"):
            raise ValueError(f'dtype={dtype!r}: it must be "float32" to train, "float64" to check')
        if isinstance(seed, int | np.integer) and seed < 0:
            raise ValueError(f"seed={seed}: it must be a whole number of at least 0")
        if lines and "\n" not in vocab:
            raise ValueError("lines=True: the vocabulary has no line end")
        xp = library(device)
        self.vocab, self.cell, self.hidden, self.embedding = vocab, cell, hidden, embedding
        self.dropout, self.dtype, self.fused = dropout, str(np.dtype(dtype)), fused
        self.device, self.lines = device, bool(lines)
        rng, sizes = np.random.default_rng(seed), [embedding or len(vocab), *hidden]
        self._read_in = layers.Embedding(len(vocab), embedding, rng, dtype) if embedding else None
        made_of = cells(fused, device)
        how = {"activation": "relu"} if cell == "relu" else {}
        self.cells = [
            getattr(made_of, KINDS[cell])(D, H, rng, dtype, **how)
            for D, H in zip(sizes[:-1], sizes[1:], strict=True)
        ]
        self._drop = layers.Dropout(dropout)
        self.read_out = made_of.Linear(hidden[-1], len(vocab), rng, dtype)
        for w in self.parameters().values():
            w.data = xp.asarray(w.data)  # drawn here, to live there

    def parameters(self) -> dict[str, Tensor]:
        """Every tensor that is learned, by name: embedding.W, 0.Wxh, 0.Whh, …, read_out.W."""
        parts = {"embedding": self._read_in} if self._read_in else {}
        parts |= {str(k): cell for k, cell in enumerate(self.cells)} | {"read_out": self.read_out}
        return layers.named(parts)

    @property
    def size(self) -> int:
        """How many parameters there are: all the numbers that are learned."""
        return sum(w.data.size for w in self.parameters().values())

    def to(self, device: str) -> "CharModel":
        """This model on "cpu" or "gpu": itself if it is there, else a copy. Errors as above."""
        if device == self.device:
            return self
        copy = CharModel(self.vocab, **self.settings(), device=device)
        for name, w in copy.parameters().items():
            w.data[...] = backend.like(self.parameters()[name].data, w.data)
        return copy

    def __call__(
        self, ids: Any, state: Sequence[tuple] | None = None, rng: np.random.Generator | None = None
    ) -> tuple[Tensor, list[tuple]]:
        """Read ids (T, B), whole numbers, from `state`: scores (T, B, V), and the state after.

        The state is a list of one tuple of arrays (B, H) per layer; None is the beginning of a
        text. It is never changed in place and holds no gradient. With `rng` dropout is applied.
        Raises ValueError for other ids, and for a state of another network or of other texts.
        """
        ids = self._checked(ids, state)
        x = self._read_in(ids) if self._read_in else ids
        undropped = rng is None or not self.dropout
        if undropped and wavefront.fits(self.cells, ids.shape[1]):
            x, after = wavefront.run(self.cells, x, state)
            return self.read_out(x), after
        after = []
        for k, cell in enumerate(self.cells):
            if k:
                x = self._drop(x, rng)
            x, new = cell(x, state[k] if state is not None else None)
            after.append(new)
        return self.read_out(self._drop(x, rng)), after

    def _checked(self, ids: Any, state: Sequence[tuple] | None) -> Any:
        """`ids` as an array; ValueError for another number of axes, or of layers in `state`."""
        ids = ids if backend.on_card(ids) else np.asarray(ids)
        if ids.ndim != 2 or not ids.shape[1]:
            raise ValueError(
                f"ids of shape {ids.shape}: they must be (T, B), time first, B at least 1"
            )
        if state is not None and len(state) != len(self.cells):
            raise ValueError(f"a state of {len(state)} layers for a model of {len(self.cells)}")
        return ids

    def start(self, B: int) -> list[tuple]:
        """The state before anything was read: zeros, (B, H) for each layer."""
        return [cell.start(B) for cell in self.cells]

    def loss(
        self,
        inputs: Any,
        targets: Any,
        state: Sequence[tuple] | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, list[tuple]]:
        """The cross-entropy of targets (T, B), given inputs (T, B); and the state after the last.

        It is the mean of -ln p over all targets, in nats per character. Raises what a call does.
        """
        z, state = self(inputs, state, rng)
        return graph.cross_entropy(z, targets), state

    def step(self, ids: Any, state: Sequence[tuple] | None = None) -> tuple[Any, list[tuple]]:
        """Read one character: scores (V,) for the next, and the new state, as sampling.py wants.

        Or one of each of B texts: ids (B,), whole numbers, and scores (B, V). Without gradients.
        Scores are numpy's, for the next character is drawn with them; the state stays where it is.
        Raises ValueError for other ids, and for a state of another network or of other texts.
        """
        ids = whole_numbers("step", ids, len(self.vocab), self.read_out.parameters["W"].data)
        if ids.ndim > 1:
            raise ValueError(
                f"step: ids of shape {ids.shape}: one number, or (B,), one for each text"
            )
        state = self.start(ids.size) if state is None else state
        kept = state[0] if len(state) == len(self.cells) else ()
        cell = self.cells[0]
        if len(kept) != cell.states or kept[0].shape != (ids.size, cell.H):
            what = f"the state does not fit this network and {ids.size} texts"
            raise ValueError(f"step: {what}")
        if self.lines:
            state = self._fresh(ids, state)
        z, after = stepping.step(self, ids, state)
        z = backend.host(z)
        return z if ids.ndim else z[0], after

    def _fresh(self, ids: Any, state: Sequence[tuple]) -> list[tuple]:
        """The state of each text, forgotten where a line end is read: there a new line begins."""
        on = (ids != self.vocab.characters.find("\n")).reshape(-1, 1)
        return [tuple(s * on.astype(s.dtype) for s in kept) for kept in state]

    def settings(self) -> dict[str, Any]:
        """What CharModel(vocab, **settings) needs to make a model of this shape."""
        names = ("cell", "hidden", "embedding", "dropout", "dtype", "fused", "lines")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        shape = " + ".join(map(str, self.hidden))
        known = f"{len(self.vocab)} characters, {self.size:,} weights"
        return f"CharModel: {self.cell} {shape}, {known}"
