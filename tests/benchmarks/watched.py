"""A step of minichar watched: every product, other call of numpy and compiled loop that it makes.

`watching(log)` writes them down with the arrays they work on, and `again` makes a list of the same
calls, of one kind or all, to be timed alone. For where.py.
"""

import gc
import threading
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

import numpy as np

from minichar import backend, fused, graph, layers, model, workers

MADE = ("arange", "empty", "empty_like", "full", "ones_like", "zeros", "zeros_like")
KINDS = ("products", "elementwise", "copies")
here = threading.local()  # .log: the list that a thread writes its events to


def note(kind, call, *arguments, new=None, **how):
    """An event: `call(*arguments, **how)` will do the same once more; `new` is memory just got."""
    if getattr(here, "log", None) is not None:
        here.log.append((kind, call, arguments, how, new))


def plain(x):
    """Without the watching, also within tuples and lists."""
    if isinstance(x, tuple | list):
        return type(x)(map(plain, x))
    return x.view(np.ndarray) if isinstance(x, Watched) else x


def watched(x):
    return x.view(Watched) if isinstance(x, np.ndarray) else x


class Watched(np.ndarray):
    """An array that writes down what is done with it; what comes of it is watched, too."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **how):
        call, inputs = getattr(ufunc, method), plain(inputs)
        if out is not None:
            how["out"] = plain(out)
        result = call(*inputs, **how)
        if out is None and isinstance(result, np.ndarray):
            how["out"] = result
        kind = "products" if ufunc is np.matmul else "elementwise"
        note(kind, call, *inputs, new=how["out"] if out is None and "out" in how else None, **how)
        return watched(result) if out is None else out[0]

    def __array_function__(self, function, types, arguments, how):
        result = function(*plain(tuple(arguments)), **{k: plain(v) for k, v in how.items()})
        if function in (np.concatenate, np.stack):
            note("copies", function, *plain(tuple(arguments)), new=result, **how)
        elif function in (np.empty_like, np.zeros_like):
            note("copies", np.copyto, result, result[:0].sum(), new=result)
        return watched(result)

    def dot(self, other, out=None):
        a, b, given = plain(self), plain(other), plain(out)
        result = a.dot(b, given)
        if isinstance(result, np.ndarray):
            note("products", np.ndarray.dot, a, b, result, new=None if out is not None else result)
        return watched(result) if out is None else out

    def copy(self, order="C"):
        result = plain(self).copy(order)
        note("copies", np.copyto, result, plain(self), new=result)
        return watched(result)

    def astype(self, *how, **named):
        result = plain(self).astype(*how, **named)
        note("copies", np.copyto, result, plain(self), "unsafe", new=result)
        return watched(result)

    def __getitem__(self, key):
        key, a = plain(key), plain(self)
        result = a[key]
        if isinstance(result, np.ndarray) and not np.may_share_memory(result, a):
            note("copies", np.ndarray.__getitem__, a, key, new=result)
        return watched(result)

    def __setitem__(self, key, value):
        key, a, value = plain(key), plain(self), plain(value)
        a[key] = value
        if np.may_share_memory(place := a[key], a):
            note("copies", np.copyto, place, value)
        else:
            note("copies", np.ndarray.__setitem__, a, key, value)


class Library:
    """numpy as minichar asks for it, or its compiled loops: what they make is watched."""

    def __init__(self, module):
        self.module = module

    def __getattr__(self, name):
        thing = getattr(self.module, name)
        if isinstance(thing, np.ufunc) or not callable(thing):
            return thing

        def call(*arguments, **how):
            arguments = plain(arguments)
            result = thing(*arguments, **how)
            if self.module is not np:
                note("elementwise", thing, *arguments)
            elif name == "ascontiguousarray" and result is not arguments[0]:
                note("copies", np.copyto, result, arguments[0], new=result)
            elif name in MADE:
                note("memory" if "empty" in name else "copies", np.copyto, result, 0, new=result)
            elif name in ("concatenate", "stack"):
                note("copies", thing, *arguments, new=result, **how)
            return watched(result)

        return call


class Random:
    """A generator whose numbers are watched."""

    def __init__(self, rng):
        self.rng = rng

    def random(self, shape, dtype):
        result = self.rng.random(shape, dtype)
        note("elementwise", self.rng.random, dtype=dtype, out=result, new=result)
        return watched(result)


@contextmanager
def watching(log):
    """Inside, what happens to Watched arrays is written to `log`; that of the optimiser is not."""

    def of(array):
        return Library(np)

    def side_by_side(work, B, numbers):
        logs = {}

        def part(rows):
            before = getattr(here, "log", None)
            here.log = logs[rows.start] = []
            work(rows)
            here.log = before

        workers.side_by_side(part, B, numbers)
        log.extend(logs[0]) if len(logs) == 1 else log.append(
            ("parts", None, (B, numbers), logs, None)
        )

    def matmul(a, b):
        result = workers.matmul(plain(a), plain(b))
        note("products", workers.matmul, plain(a), plain(b), new=result)
        return watched(result)

    def drop(self, x, rng, drop=layers.Dropout.__call__):
        return drop(self, x, rng and Random(rng))

    patches = [patch.object(backend, "of", of), patch.object(fused, "side_by_side", side_by_side)]
    patches += [patch.object(fused, "matmul", matmul), patch.object(backend, "host", plain)]
    patches.append(patch.object(backend, "on_card", lambda array: False))
    patches.append(patch.object(layers.Dropout, "__call__", drop))
    if (made_of := model.cells(True)) is not fused:
        patches.append(patch.object(made_of, "compiled", Library(made_of.compiled)))
    tensors = [t for t in gc.get_objects() if type(t) is graph.Tensor]
    here.log = log
    try:
        for p in patches:
            p.start()
        for t in tensors:
            t.data = t.data.view(Watched)
        yield
    finally:
        here.log = None
        for p in patches:
            p.stop()


def tiny(x):
    """A single number of an array."""
    if isinstance(x, tuple):
        return tuple(map(tiny, x))
    return x[(..., *(slice(1) for _ in x.shape))] if isinstance(x, np.ndarray) else x


def row(x):
    """The first row: the arrays of a compiled loop must still fit together."""
    return x[:1] if isinstance(x, np.ndarray) else x


def again(log, kinds, small=False):
    """The calls of these kinds, to be made once more; `small`: on as few numbers as can be."""
    calls = []
    for kind, call, arguments, how, _ in log:
        if kind == "parts":  # how: for each thread its part of the log, by its first row
            parts = {k: again(part, kinds, small) for k, part in how.items()}
            work = partial(lambda parts, rows: run(parts[rows.start]), parts)
            calls.append(partial(workers.side_by_side, work, *arguments))
        elif kind in kinds:
            if small:
                less = row if hasattr(call, "py_func") else tiny
                picks = call in (np.ndarray.__getitem__, np.ndarray.__setitem__)  # from the whole
                arguments = [x if picks and k == 0 else less(x) for k, x in enumerate(arguments)]
                how = {name: less(x) for name, x in how.items()}
            calls.append(partial(call, *arguments, **how))
    return calls


def run(calls):
    for call in calls:
        call()


def flat(log):
    """The events without the threads they happened in."""
    for event in log:
        if event[0] == "parts":
            for part in event[3].values():
                yield from flat(part)
        else:
            yield event
