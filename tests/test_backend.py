import sys
import types

import numpy as np

from minichar import backend, graph
from minichar.graph import Tensor


def test_numpy_answers_for_its_arrays_and_numbers():
    for thing in (np.zeros((2, 3)), np.float32(1), np.arange(4)[::2], [1, 2], 3.0):
        assert backend.of(thing) is np


def test_an_array_of_cupy_asks_cupy(monkeypatch):
    cupy = types.ModuleType("cupy")
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    ndarray = type("ndarray", (), {"__module__": "cupy._core.core"})
    assert backend.of(ndarray()) is cupy


def test_operations_use_the_library_of_their_arrays(monkeypatch):
    """A library that is numpy under another name, and counts what it is asked."""
    asked = []

    class Cupy(types.ModuleType):
        def __getattr__(self, name):
            asked.append(name)
            return getattr(np, name)

    monkeypatch.setitem(sys.modules, "cupy", Cupy("cupy"))
    array = type("ndarray", (np.ndarray,), {"__module__": "cupy._core.core"})
    x = Tensor(np.array([0.5, -0.5]).view(array), requires_grad=True)
    graph.tanh(x).exp().sum().backward()
    assert {"tanh", "exp"} <= set(asked)
    np.testing.assert_allclose(
        x.grad, np.exp(np.tanh(x.data)) * (1 - np.tanh(x.data) ** 2), rtol=1e-12
    )
