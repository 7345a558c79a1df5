"""Reading a long text to look inside: every state and gate of a network, in blocks.

A long text is read in pieces, many in one batch, which is many times as fast as one after another.
Each is read after a run-up, the characters before it, so that the state has settled. What is found
therefore depends a little on where the pieces begin; how many are read side by side, and how many
characters at a time, is a matter of speed and memory only. Behind look.py, in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), cell="lstm", hidden=(8, 3))
    >>> [(at, states)] = blocks(model, "hello")
    >>> states[0, "h"].shape, states[1, "f"].shape  # by layer, counted from 0, and kind
    ((5, 8), (5, 3))
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minichar import backend, fused, graph
from minichar.graph import Tensor
from minichar.lines import line_end
from minichar.model import CharModel

PIECE, RUN_UP = 4096, 512  # characters in a piece and before it: these shape the numbers
BATCH, ROWS = 256, 4096  # pieces side by side, characters in a block: these do not
KINDS = {"rnn": "h", "relu": "h", "lstm": "hcoifg", "gru": "hrun"}  # what there is to see

Cell = tuple[int, str, int]  # layer, kind, index; layers and cells are counted from 0
States = dict[tuple[int, str], Any]  # by layer and kind: arrays (N, H)


def blocks(
    model: CharModel,
    text: str,
    piece: int = PIECE,
    run_up: int = RUN_UP,
    batch: int = BATCH,
    rows: int = ROWS,
) -> Iterator[tuple[np.ndarray, States]]:
    """Read `text`; yield blocks (at, states) in which every character comes once.

    `at` (N,) are places in the text, about `rows` of them, in no particular order. A row of
    `states[layer, kind]` (N, H) is for each of them what stood there when that character had been
    read: h, in an LSTM also c and the gates o, i, f, g, in a GRU r, u, n, as layers.py names them.
    The arrays are numpy's or CuPy's, as the model's are.

    The text is cut after every `piece` characters. A piece is read from an empty state after the
    `run_up` characters before it; the first begins with the text. A text no longer than a piece
    thus gives what `model.step` gives. `batch` pieces are read side by side. Dropout is off. For a
    model that learned one line at a time the lines are the pieces, and there is no run-up.

    After its run-up a cell may still count from where its piece began. Such a cell seems to follow
    whatever in the text comes back about once in a piece: to be sure of a find, read with
    piece=len(text).

    Memory: a character takes 7 numbers for each cell of an LSTM, 5 of a GRU, 2 of an RNN, so 14 kB
    for 2 layers of 256 LSTM cells in float32, and a block `rows` times that: 59 MB. The numbers of
    the characters take 4 bytes each, for the whole text.

    Raises ValueError for a text without characters, for one that the model does not know
    (`look.known` takes those out), and for settings that make no sense.
    """
    whole = len(text) <= piece  # one piece, with nothing before it
    if run_up < 0 or (run_up > piece and not whole) or min(piece, batch, rows) < 1:
        raise ValueError(
            f"piece={piece}, run_up={run_up}, batch={batch}, rows={rows}: whole numbers from 1 up, "
            "and a run-up from 0 to the length of a piece"
        )
    ids, cells = numbers(model, text), _quick(model)
    starts, run_up = _starts(model, ids, piece), 0 if model.lines or whole else run_up
    lengths = np.diff(starts, append=len(ids))
    longest = np.argsort(-lengths, kind="stable")  # first, as _walk wants them
    for k in range(0, len(starts), batch):
        begin, length = starts[longest][k : k + batch], lengths[longest][k : k + batch]
        state = model.start(len(begin))
        for _, _, after in _walk(model, cells, ids, begin, length, (-run_up, 0), rows, state):
            state = after
        if k == 0:  # there is nothing before the first piece: its state is empty
            for s in (s for kept in state for s in kept):
                s[0] = 0
        for at, states, _ in _walk(model, cells, ids, begin, length, (0, length[0]), rows, state):
            yield at, states


def _starts(model: CharModel, ids: np.ndarray, piece: int) -> np.ndarray:
    """Where the pieces of a text begin; for a model that learned by lines, with each line end."""
    if not model.lines:
        return np.arange(0, len(ids), piece)
    return np.union1d(0, np.flatnonzero(ids == line_end(model.vocab)))


def _walk(
    model: CharModel,
    cells: Sequence,
    ids: np.ndarray,
    begin: np.ndarray,
    lengths: np.ndarray,
    span: tuple[int, int],
    rows: int,
    state: list[tuple],
) -> Iterator[tuple[np.ndarray, States, list[tuple]]]:
    """Read characters span[0] to span[1] of the pieces that `begin` there: places, states, state.

    The longest comes first. Where the last ones end the others go on without them.
    """
    t, end = span
    while t < end:
        B = int((t < lengths).sum())
        stop = min(end, t + max(1, rows // B), lengths[B - 1])
        at = begin[:B] + np.arange(t, stop)[:, None]  # (T, B)
        state = [tuple(s[:B] for s in kept) for kept in state]
        states, state = _read(model, cells, ids[np.maximum(at, 0)], state)
        t = stop
        yield at.ravel(), states, state


@graph.no_grad()
def _read(model: CharModel, cells: Sequence, x: Any, state: list) -> tuple[States, list[tuple]]:
    """What stands in each layer once each of x (T, B) has been read; and the state at the end."""
    if model.embedding:
        x = graph.embedding(model.parameters()["embedding.W"], x)
    states, after = {}, []
    for layer, (cell, kept) in enumerate(zip(cells, state, strict=True)):
        a = fused.project(x, cell.parameters["Wxh"], cell.parameters["bh"]).data
        seen, new = READ[model.cell](cell, a, kept)
        states |= {(layer, kind): s.reshape(-1, cell.H) for kind, s in seen.items()}
        x = Tensor(seen["h"])
        after.append(new)
    return states, after


def numbers(model: CharModel, text: str) -> np.ndarray:
    """The characters' numbers (len(text),), int32."""
    checked(model)
    if not text:
        raise ValueError("the text is empty: there is nothing to read")
    try:
        return model.vocab.encode(text)
    except ValueError as error:
        ours = "look.known(model, text) is the text without such characters"
        message = str(error).replace('encode(text, unknown="skip") drops it', ours)
        raise ValueError(message) from None


def checked(model: CharModel) -> CharModel:
    """The model, once it is certain that it can be looked into; else TypeError."""
    if not isinstance(model, CharModel) or model.cell not in KINDS:  # one of blocks has no cells
        raise TypeError(f"a CharModel can be looked into, and this is a {type(model).__name__}")
    return model


def _quick(model: CharModel) -> Sequence:
    """The model's cells as fused.py has them, with the very weights that the model has now."""
    if model.fused:
        return model.cells
    twin = CharModel(model.vocab, **model.settings() | {"fused": True}, device=model.device)
    for cell, slow in zip(twin.cells, model.cells, strict=True):
        cell.parameters = slow.parameters
    return twin.cells


# What the cells of fused.py keep for the backward pass is what is wanted here. So their `forward`
# is called on arrays of ours: a, the input's part (T, B, ·), in whose place it leaves the gates.


def _room(a: Any, H: int, first: Any = None) -> Any:
    """An array (T, B, H), or (T + 1, B, H) that begins with the state `first`."""
    T, B, _ = a.shape
    hs = backend.of(a).empty((T + (first is not None), B, H), a.dtype)
    if first is not None:
        hs[0] = first
    return hs


def _rnn(cell: Any, a: Any, state: Sequence) -> tuple[dict, tuple]:
    hs = _room(a, cell.H, state[0])
    cell.in_parts(cell.forward, (cell.parameters["Whh"].data,), a, hs)
    return {"h": hs[1:]}, (hs[-1].copy(),)


def _lstm(cell: Any, a: Any, state: Sequence) -> tuple[dict, tuple]:
    H = cell.H
    hs, cs, tcs = _room(a, H, state[0]), _room(a, H, state[1]), _room(a, H)
    cell.in_parts(cell.forward, (cell.parameters["Whh"].data,), a, hs, cs, tcs)
    gates = dict(zip("oifg", fused.blocks(a, H), strict=True))
    return {"h": hs[1:], "c": cs[1:], **gates}, (hs[-1].copy(), cs[-1].copy())


def _gru(cell: Any, a: Any, state: Sequence) -> tuple[dict, tuple]:
    hs, ms = _room(a, cell.H, state[0]), _room(a, cell.H)
    weights = cell.parameters["Whh"].data, cell.parameters["bn"].data
    cell.in_parts(cell.forward, weights, a, hs, ms)
    return {"h": hs[1:], **dict(zip("run", fused.blocks(a, cell.H), strict=True))}, (hs[-1].copy(),)


READ = {"rnn": _rnn, "relu": _rnn, "lstm": _lstm, "gru": _gru}
