"""What a prediction depends on: how fast it would change with each character read before it.

What the network reads of a character is a vector. Saliency asks how fast the answer would change if
one of these vectors, further back, were a little different: a gradient, which the graph can give.
Drawn for every prediction, it is the picture of which place listens to which, as in Madsen,
"Visualizing memorization in RNNs" (Distill, 2019). A single cell of the network, named (layer, "h"
or "c", index), all counted from 0, can be asked the same. Built in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), hidden=8)
    >>> saliency(model, "hello").shape  # 4 predictions, 5 characters read
    (4, 5)
"""

import copy
from collections.abc import Iterator, Sequence
from operator import index
from typing import Any

import numpy as np

from minichar import backend, graph
from minichar.graph import Tensor
from minichar.look import kinds_of
from minichar.model import CharModel
from minichar.states import Cell


def checked(model: CharModel, cell: Cell) -> Cell:
    """The cell's name, once it is certain that the model has it; else ValueError."""
    try:
        layer, kind, j = cell
        index(layer), index(j)  # whole numbers
    except (TypeError, ValueError):
        what = "a cell is (layer, kind, index), such as (0, 'h', 3)"
        raise ValueError(f"cell {cell!r}: {what}") from None
    if not 0 <= layer < len(model.hidden):
        raise ValueError(
            f"cell {cell}: the layers are 0 to {len(model.hidden) - 1}, from the lowest up."
        )
    kinds = [kind for kind in kinds_of(model) if kind in "hc"]
    if kind not in kinds:
        raise ValueError(f"cell {cell}: a cell of this network has {' and '.join(kinds)} only.")
    if not 0 <= j < model.hidden[layer]:
        raise ValueError(f"cell {cell}: layer {layer} has the cells 0 to {model.hidden[layer] - 1}")
    return cell


def rows(model: CharModel, text: str) -> np.ndarray:
    """What the first layer reads of `text`: rows of the embedding, or one-hot rows, (T, D)."""
    if model.embedding:
        return model.parameters()["embedding.W"].data[model.vocab.encode(text)]
    return np.eye(len(model.vocab), dtype=model.dtype)[model.vocab.encode(text)]


def gradients(
    model: CharModel,
    text: str,
    targets: Any = None,
    cell: Cell | None = None,
    state: Sequence[tuple] | None = None,
    together: int = 32,
) -> np.ndarray:
    """The gradient of each target with respect to every vector that was read: (targets, T, D).

    A target is a place in `text`, and what is asked for there is ln p of the character at that
    place, in nats, from what came before (so place 0 is none); or, with `cell`, the value of that
    cell once the character there is read. All such places, unless `targets` names some; one alone
    gives (T, D). The gradient with respect to what comes later is 0, and to the lines before, too,
    if the network learned one line at a time. `state` is what the network had read before (an empty
    state if None), as model.step returns it.

    `together` of them are worked out at once, each in a column of its own, by one backward pass.
    The model's own gradients stay as they are. Raises ValueError for a cell or a place there is not
    or a character that the model does not know, TypeError for a model without cells.
    """
    kinds_of(model)  # refuses what is no CharModel, or is made of blocks
    model = model.to("cpu")  # a card has little to gain from so few columns
    ids, given = model.vocab.encode(text), rows(model, text)
    first = 1 if cell is None else 0
    layer, kind, j = (len(model.hidden) - 1, "h", None) if cell is None else checked(model, cell)
    every = np.arange(first, len(ids)) if targets is None else np.atleast_1d(targets)
    if every.size and not (first <= every.min() and every.max() < len(ids)):
        raise ValueError(f"the targets in this text are places {first} to {len(ids) - 1}.")
    read = every + 1 - first  # how many characters are known when each is asked
    found = np.zeros((len(every), *given.shape), given.dtype)
    for begin, here in _groups(model, text, read, together):
        stop, B = read[here].max(), len(here)  # nothing after the last target matters
        x = Tensor(np.repeat(given[begin:stop, None], B, axis=1), requires_grad=True)  # (T, B, D)
        known = None if model.lines and text[begin] == "\n" else state
        start = known and [tuple(backend.host(s).repeat(B, axis=0) for s in k) for k in known]
        y = values(model, x, start, layer, kind)[read[here] - 1 - begin, np.arange(B)]  # (B, H)
        if cell is None:
            z = still(model.read_out)(y)
            asked = graph.cross_entropy(z, ids[every[here]]) * -B  # the sum of ln p
        else:
            asked = y[:, j].sum()
        asked.backward()  # each column has its own share in the sum, and only that
        found[here, begin:stop] = x.grad.swapaxes(0, 1)
    return found[0] if targets is not None and np.ndim(targets) == 0 else found


def _groups(model: CharModel, text: str, read: np.ndarray, most: int) -> Iterator[tuple]:
    """The targets that can be worked out together: where reading begins, and which of them.

    `read` (n,) is how many characters are known when each is asked. Reading begins with the text,
    or with the line if the model learned one line at a time; at most `most` targets come at a time.
    """
    ends = [text.rfind("\n", 0, t) if model.lines else 0 for t in read.tolist()]
    begins = np.maximum(ends, 0)
    for begin in np.unique(begins).tolist():
        mine = np.flatnonzero(begins == begin)
        for at in range(0, len(mine), most):
            yield begin, mine[at : at + most]


def saliency(model: CharModel, text: str, *args: Any, **settings: Any) -> np.ndarray:
    """How strongly each target depends on each character read: the length of its gradient.

    Arguments are those of `gradients`; the result is (targets, T), or (T,) for one target alone.
    In nats (or in the cell's units) for each unit of length by which a row is moved. It is a slope:
    it can only hint at what happens when a character is replaced, which is a large move.
    """
    return np.linalg.norm(gradients(model, text, *args, **settings), axis=-1)


def values(
    model: CharModel, x: Tensor, state: Sequence[tuple] | None, layer: int, kind: str
) -> Tensor:
    """h, or c for kind "c", of one layer after every step, from what the first reads: (T, B, H)."""
    cells = [still(cell) for cell in model.cells[: layer + 1]]
    states = state or [None] * len(cells)
    last = cells.pop() if kind == "c" else None
    for cell, start in zip(cells, states, strict=False):
        x, _ = cell(x, start)
    if last is None:
        return x
    # The fast cells keep c to themselves, so its layer goes step by step, as in layers.py.
    now, cs, P = [Tensor(s) for s in last.begin(x.shape[1], states[layer])], [], last.parameters
    for t in range(len(x)):
        now = last.step(x[t] @ P["Wxh"] + P["bh"], *now)
        cs.append(now[1])
    return graph.stack(cs)


def still(part: Any) -> Any:
    """A cell or read-out with the same weights as constants, so that none gets a gradient."""
    twin = copy.copy(part)
    twin.parameters = {name: w.detach() for name, w in part.parameters.items()}
    return twin
