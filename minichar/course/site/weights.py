"""A network as one small file that a web page can read: what the front page writes with.

Four bytes say how long the header is (little endian), then the header (JSON, padded with spaces),
then every array, row by row, in half precision. pages/network.js reads it.
"""

import json

import numpy as np

from minichar.model import CharModel


def packed(model: CharModel) -> bytes:
    """The file for an LSTM; raises ValueError for another cell, which the page cannot run."""
    if model.cell != "lstm":
        raise ValueError(f"the page runs an LSTM, and this is of the kind {model.cell!r}")
    arrays = {name: np.asarray(p.data) for name, p in model.parameters().items()}
    header = {
        "characters": list(model.vocab.characters),
        "hidden": list(model.hidden),
        "embedding": bool(model.embedding),
        "arrays": [{"name": name, "shape": a.shape} for name, a in arrays.items()],
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    numbers = [a.astype("<f2").tobytes() for a in arrays.values()]
    return len(text).to_bytes(4, "little") + text + b"".join(numbers)
