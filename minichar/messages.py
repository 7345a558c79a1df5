"""Messages between processes: a line of JSON, then arrays as they lie in memory.

The line holds whatever is to be said, and the shape and type of each array that follows. Between
two processes of one computer that is all it takes, and nothing that comes is ever run: pickle,
which Python has for this, would run what a message asks for. Used by helpers.py, in lesson 09.

    >>> import io
    >>> import numpy as np
    >>> pipe = io.BytesIO()
    >>> send(pipe, "a row", [np.arange(3.0)])
    >>> _ = pipe.seek(0)
    >>> receive(pipe)
    ('a row', [array([0., 1., 2.])])
"""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np


def send(stream: BinaryIO, what: Any, arrays: Sequence[np.ndarray]) -> None:
    """Write a line of JSON, and after it the numbers of some arrays."""
    stream.write(json.dumps([what, [(a.shape, a.dtype.str) for a in arrays]]).encode() + b"\n")
    for a in arrays:
        stream.write(np.ascontiguousarray(a).data)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Any, list[np.ndarray]]:
    """What was sent. Raises EOFError where it ends too soon."""
    line, arrays = stream.readline(), []
    if not line.endswith(b"\n"):
        raise EOFError
    what, kinds = json.loads(line)
    for shape, kind in kinds:
        arrays.append(np.empty(shape, kind))
        missing = memoryview(arrays[-1].reshape(-1).view(np.uint8))
        while missing:
            if not (n := stream.readinto(missing)):
                raise EOFError
            missing = missing[n:]
    return what, arrays
