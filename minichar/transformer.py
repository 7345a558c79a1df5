"""The block of a transformer, put together from operations of the graph; and a model made of them.

A block has two parts. The first, the mixer, carries something from step to step: attention here, or
a minGRU in its place. The second is a small network of two layers (the feed-forward layer), for
each step separately. Each part reads a normalised copy of x, and its result is *added* to x (a
residual connection): like the cell of an LSTM, x runs straight through. Source: Vaswani et al.,
"Attention is all you need", 2017; with the norm first, as in Radford et al. (GPT-2), 2019. Built in
lesson 15.

    >>> from minichar.text import Vocabulary
    >>> model = BlockModel(Vocabulary.of("hello"), width=8, blocks=2, heads=2)
    >>> z, state = model(np.array([[0], [1], [2]]))  # T = 3 characters of B = 1 text
    >>> z.shape
    (3, 1, 4)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minichar import graph, layers
from minichar.attention import Attention
from minichar.graph import Tensor
from minichar.model import CharModel
from minichar.scan import MinGRU
from minichar.text import Vocabulary, whole_numbers


class LayerNorm:
    """Each row of D numbers brought to mean 0 and standard deviation 1, then times gain, plus bias.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
    """

    def __init__(self, D: int, dtype: Any = "float32"):
        self.parameters = {
            "gain": Tensor(np.ones(D, dtype), True),
            "bias": layers.zeros((D,), dtype),
        }

    def __call__(self, x: Tensor) -> Tensor:
        x = x - x.mean(-1, keepdims=True)
        spread = ((x * x).mean(-1, keepdims=True) + 1e-5) ** 0.5
        return x / spread * self.parameters["gain"] + self.parameters["bias"]


class Block:
    """x + mixer(norm(x)), then x + mlp(norm(x)), where mlp is D to 4 D, relu, and back.

    `mixer` is whatever reads (T, B, D) from a state and returns (T, B, D), and a new state. While
    training, a share `dropout` of what each part adds is dropped.
    """

    def __init__(
        self,
        mixer: Any,
        D: int,
        rng: np.random.Generator,
        dtype: Any = "float32",
        dropout: float = 0.0,
    ):
        self.mixer, self.drop = mixer, layers.Dropout(dropout)
        self.norm1, self.norm2 = LayerNorm(D, dtype), LayerNorm(D, dtype)
        self.up = layers.Linear(D, 4 * D, rng, dtype)
        self.down = layers.Linear(4 * D, D, rng, dtype)
        parts = ("norm1", "mixer", "norm2", "up", "down")
        self.parameters = layers.named({part: getattr(self, part) for part in parts})

    def start(self, B: int) -> tuple:
        """The mixer's state before anything was read."""
        return self.mixer.start(B)

    def __call__(
        self, x: Tensor, state: tuple | None = None, rng: np.random.Generator | None = None
    ) -> tuple[Tensor, tuple]:
        """Read x (T, B, D) from `state`: y (T, B, D) and the new state. Dropout only with `rng`."""
        y, state = self.mixer(self.norm1(x), state)
        x = x + self.drop(y, rng)
        y = self.down(self.up(self.norm2(x)).relu())
        return x + self.drop(y, rng), state


class BlockModel(CharModel):
    """Characters in, scores for the next out, through `blocks` blocks of `width` numbers a step.

    `mixer` is "attention", which has `heads` heads and looks `reach` characters back, or "mingru".
    It trains, is evaluated and writes like every CharModel; it cannot be saved in a file.

    Raises ValueError for another mixer, for sizes below 1, and for a width that cannot be shared
    out among the heads.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        mixer: str = "attention",
        width: int = 64,
        blocks: int = 2,
        heads: int = 4,
        reach: int = 16,
        dropout: float = 0.0,
        dtype: str = "float32",
        seed: int | np.random.Generator = 0,
    ):
        if not isinstance(vocab, Vocabulary):
            raise TypeError("vocab must be a Vocabulary, such as Vocabulary.of(text)")
        if mixer not in ("attention", "mingru"):
            raise ValueError(f"mixer={mixer!r}: it must be attention or mingru")
        if min(width, blocks, heads, reach) < 1:
            raise ValueError("width, blocks, heads and reach: each must be 1 or more")
        rng, D = np.random.default_rng(seed), width
        self.vocab, self.cell, self.hidden, self.embedding = vocab, mixer, (D,) * blocks, D
        self.dropout, self.dtype, self.fused = dropout, str(np.dtype(dtype)), False
        self.device, self.lines = "cpu", False
        self._read_in = layers.Embedding(len(vocab), D, rng, dtype)
        self.cells = []
        for _ in range(blocks):
            if mixer == "attention":
                mix = Attention(D, heads, reach, rng, dtype)
            else:
                mix = MinGRU(D, D, rng, dtype)
            self.cells.append(Block(mix, D, rng, dtype, dropout))
        self._drop = layers.Dropout(dropout)
        self.norm = LayerNorm(D, dtype)
        self.read_out = layers.Linear(D, len(vocab), rng, dtype)

    def parameters(self) -> dict[str, Tensor]:
        """Every tensor that is learned, by name: embedding.W, 0.norm1.gain, …, read_out.W."""
        return super().parameters() | layers.named({"norm": self.norm})

    def __call__(
        self, ids: Any, state: Sequence[tuple] | None = None, rng: np.random.Generator | None = None
    ) -> tuple[Tensor, list[tuple]]:
        """Read ids (T, B), whole numbers, from `state`: scores (T, B, V), and the state after."""
        x, after = self._drop(self._read_in(self._checked(ids, state)), rng), []
        for k, block in enumerate(self.cells):
            x, new = block(x, state[k] if state is not None else None, rng)
            after.append(new)
        return self.read_out(self.norm(x)), after

    def step(self, ids: Any, state: Sequence[tuple] | None = None) -> tuple[Any, list[tuple]]:
        """Read one character: scores (V,) and the new state; or of B texts, ids (B,): (B, V)."""
        ids = whole_numbers("step", ids, len(self.vocab))
        if self.lines and state is not None:
            state = self._fresh(ids, state)
        with graph.no_grad():
            z, after = self(np.atleast_1d(ids)[None], state)
        return z.data[0] if ids.ndim else z.data[0, 0], after

    def settings(self) -> dict[str, Any]:
        """Not to be had: CharModel makes no blocks. Raises ValueError."""
        what = "a model made of blocks cannot be saved, moved or looked into"
        raise ValueError(f"{what}: only CharModel can")
