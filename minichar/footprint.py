"""How many bytes a training takes, worked out from its shapes before it begins.

A step keeps what every layer has computed, for all characters that it reads, until the backward
pass has used it: that grows with batch times length times the number of neurons, and on a graphics
card it is most of the memory. What a card's driver and CuPy take for themselves is not counted.
Built in lesson 10.

    >>> from minichar.text import Vocabulary
    >>> needed(CharModel(Vocabulary.of("hello"), hidden=(512, 512)), 100, 100).step // 10**6
    389
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from minichar.model import CharModel

# In numbers for each neuron and character: what a layer keeps of the forward pass, and what it
# takes on the backward pass: the gradient that comes in, those that it makes, what it works in.
KEPT = {"rnn": 2, "relu": 2, "lstm": 7, "gru": 5}
BACK = {"rnn": 4, "relu": 2, "lstm": 5, "gru": 8}
WEIGHTS, NUMBERS = 20_000_000, 250_000_000  # in a model, in a step: `affordable`, about 1 GB


@dataclass(frozen=True)
class Needed:
    """Bytes: what the weights take with everything of their size, and what a step adds to it."""

    weights: int
    step: int

    @property
    def total(self) -> int:
        return self.weights + self.step

    def __str__(self) -> str:
        return (
            f"{self.total / 1e6:,.0f} MB: {self.weights / 1e6:,.0f} for the weights and what is "
            f"kept beside them, {self.step / 1e6:,.0f} for a step"
        )


def needed(model: CharModel, batch: int, length: int, remembers: int = 2) -> Needed:
    """What training `model` takes in steps of `length` characters of each of `batch` texts.

    `remembers` is how many arrays the optimiser keeps for each weight: 2 for Adam, 1 for the
    others. Beside the weights there are their gradients (twice in the optimiser's step), the copies
    to go back to, old and new, and the best. Counted for the fast cells; those of layers.py take
    two to three times as much.
    """
    one, predictions, V = int(model.dtype[-2:]) // 8, batch * length, len(model.vocab)
    below, kept, back = model.embedding or 0, (model.embedding or 0) + 2 * V, 0
    for cell in model.cells:
        H = cell.H
        kept += H * (KEPT[model.cell] + (2 if model.dropout else 0))
        # Below the first layer without an embedding are one-hot rows: bits of a byte, then numbers.
        under = below or V * (one + 1) // one
        back, below = max(back, H * BACK[model.cell], H * cell.gates + under), H
    return Needed(one * model.size * (4 + 3 * remembers), one * predictions * (kept + back))


@contextmanager
def advice(model: CharModel, shape: tuple[int, int], remembers: int = 2) -> Iterator[None]:
    """Inside, a lack of memory is raised as a MemoryError that says what to halve.

    A piece of text (T, B) is learned inside. CuPy's OutOfMemoryError is one, too.
    """
    try:
        yield
    except MemoryError as error:
        length, batch = shape
        need = needed(model, batch, length, remembers) if model.cell in KEPT else None
        about = f", of about {need}" if need else ""  # the blocks of lesson 15 are not counted
        if need and need.weights > need.step:
            what = f"hidden={model.hidden}, the sizes of the layers: the weights take most of it"
        elif batch > 1 and batch >= length // 4:
            what = f"batch={batch}: then a step takes half as much"
        else:
            what = f"length={length}: then a step takes half as much"
        where = "graphics card's" if model.device == "gpu" else "computer's"
        raise MemoryError(f"the {where} memory is full{about}. Halve {what}.") from error


def affordable(
    V: int, hidden: Sequence[int], embedding: int | None, batch: int, length: int
) -> None:
    """Raises ValueError for sizes whose numbers would fill the memory of a common machine."""
    sizes = [embedding or V, *hidden]
    weights = sum(4 * (a + b) * b for a, b in pairwise(sizes)) + V * ((embedding or 0) + sizes[-1])
    numbers = batch * length * (12 * sum(hidden) + 3 * V)  # of an LSTM; a GRU has about as many
    for count, most, what in (
        (weights, WEIGHTS, "weights: use fewer neurons"),
        (numbers, NUMBERS, "numbers in each step: use fewer texts, characters or neurons"),
    ):
        if count > most:
            raise ValueError(f"that makes {count / 1e6:,.0f} million {what} (up to {most:,} here)")
