"""What happens inside a network while it reads: its states, and how open its gates are.

Row t of whatever comes from here belongs to the moment when character t has been read, with the
text read as states.py does. Built in lesson 11.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary.of("hello"), cell="lstm", hidden=(8, 3))
    >>> states = record(model, "hello", "hf")
    >>> states[0, "h"].shape, states[1, "f"].shape  # by layer, counted from 0, and kind
    ((5, 8), (5, 3))
"""

from collections.abc import Iterable

import numpy as np

from minichar import backend
from minichar.model import CharModel
from minichar.states import KINDS, blocks, checked

GATES = {"rnn": "", "relu": "", "lstm": "oif", "gru": "ru"}  # those that go from 0 to 1


def known(model: CharModel, text: str) -> str:
    """`text` without the characters that the model does not know: look at what is left.

    They are not skipped on the way, for then places in the text and rows would no longer agree.
    """
    return model.vocab.decode(model.vocab.encode(text, unknown="skip"))


def kinds_of(model: CharModel, kinds: Iterable[str] | None = None) -> tuple[str, ...]:
    """`kinds`, once it is certain that the model's cells have them; None is all there are."""
    have = tuple(KINDS[checked(model).cell])
    kinds = have if kinds is None else tuple(kinds)
    if not kinds or set(kinds) - set(have):
        raise ValueError(f"kinds {kinds}: {model.cell} cells have {', '.join(have)}")
    return kinds


def record(
    model: CharModel, text: str, kinds: Iterable[str] | None = "h", **how: int
) -> dict[tuple[int, str], np.ndarray]:
    """What `blocks` yields, put together in the order of the text: [layer, kind] (len(text), H).

    `kinds` is what is wanted, such as "h" or "hc"; None is all there is. `how` are the settings of
    `blocks`; a text of some thousand characters is read faster with piece=1000, say. Each kind
    takes one number a character and cell, so for 2 layers of 256 LSTM cells 2 kB in float32, or 12
    kB for all six kinds: for a long text go through `blocks` instead.

    Raises ValueError as `blocks` does, and for a kind that the model's cells do not have.
    """
    kinds, out = kinds_of(model, kinds), {}
    for at, states in blocks(model, text, **how):
        for (layer, kind), s in states.items():
            if kind in kinds:
                if (layer, kind) not in out:
                    out[layer, kind] = np.empty((len(text), s.shape[1]), s.dtype)
                out[layer, kind][at] = backend.host(s)
    return out


def saturation(
    model: CharModel, text: str, **how: int
) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
    """How much of the time each gate is nearly shut and nearly open: [layer, gate] two arrays (H,).

    The share of the text's characters at which the gate is below 0.1 (left-saturated) and that at
    which it is above 0.9 (right-saturated), for the gates that go from 0 to 1: o, i, f of an LSTM,
    r, u of a GRU. As in Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent
    Networks" (2015, arXiv 1506.02078), section 4.2. `how` are the settings of `blocks`.

    Raises ValueError as `blocks` does, and for an RNN, which has no gates.
    """
    if not GATES[checked(model).cell]:
        raise ValueError(f"a network of {model.cell} cells has no gates: lstm and gru have")
    count: dict = {}
    for _, states in blocks(model, text, **how):
        for key, s in states.items():
            if key[1] in GATES[model.cell]:
                beyond = (s < 0.1).sum(axis=0), (s > 0.9).sum(axis=0)
                count[key] = count.get(key, 0) + np.stack([backend.host(n) for n in beyond])
    return {key: (shut / len(text), wide / len(text)) for key, (shut, wide) in count.items()}
