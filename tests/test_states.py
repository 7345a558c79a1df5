"""States and gates over a text: the same as character by character, however it is read."""

import sys
import tracemalloc
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import kernels, strict
from minichar.look import record, saturation
from minichar.model import KINDS, CharModel
from minichar.states import KINDS as SEEN
from minichar.states import _quick, blocks
from minichar.stepping import sigmoid
from minichar.text import Vocabulary

cells = pytest.mark.parametrize("cell", KINDS)
TEXT = "abcdeabdcbaedcabcceba" * 3


def some_model(cell, hidden=(4, 3), embedding=None, dtype="float64", seed=0, fused=True):
    model = CharModel(Vocabulary("abcde"), cell, hidden, embedding, 0.5, dtype, fused=fused)
    rng = np.random.default_rng(seed)
    for w in model.parameters().values():
        w.data[...] = rng.uniform(-0.8, 0.8, w.shape)
    return model


def slowly(model, text, piece, run_up):
    """The definition itself: [layer, "h" or "c"] (len(text), H), with model.step."""
    ids, out = model.vocab.encode(text), {}
    for begin in range(0, len(text), piece):
        state, first = None, max(0, begin - run_up)
        for t in range(first, min(begin + piece, len(text))):
            _, state = model.step(ids[t], state)
            if t >= begin:
                for layer, kept in enumerate(state):
                    for kind, s in zip("hc", kept, strict=False):
                        out.setdefault((layer, kind), []).append(s[0])
    return {key: np.array(rows) for key, rows in out.items()}


@cells
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("embedding", [None, 3])
@pytest.mark.parametrize("dtype, limit", [("float64", 1e-10), ("float32", 1e-5)])
def test_a_short_text_is_read_as_character_by_character(cell, fused, embedding, dtype, limit):
    model = some_model(cell, (4, 3), embedding, dtype, fused=fused)
    found, wanted = record(model, TEXT, None), slowly(model, TEXT, len(TEXT), 0)
    for key, rows in wanted.items():
        assert found[key].dtype == dtype
        np.testing.assert_allclose(found[key], rows, atol=limit, err_msg=str(key))
    assert set(found) == {(layer, kind) for layer in (0, 1) for kind in SEEN[cell]}


@cells
@pytest.mark.parametrize("text", ["", "\n", "abc\n\nde\nabcdeab\na", "\nab\n"])
@pytest.mark.parametrize("how", [{}, {"piece": 2, "run_up": 1, "batch": 2, "rows": 3}])
def test_a_model_that_learned_by_lines_begins_anew_at_each(cell, text, how):
    model = CharModel(Vocabulary("\nabcde"), cell, (4, 3), dtype="float64", lines=True)
    text += "ab"
    found, wanted = record(model, text, None, **how), slowly(model, text, len(text), 0)
    for key, rows in wanted.items():
        np.testing.assert_allclose(found[key], rows, atol=1e-10, err_msg=str(key))


@cells
@settings(max_examples=25)
@given(
    piece=st.integers(1, 30),
    run_up=st.integers(0, 12),
    batch=st.integers(1, 9),
    rows=st.integers(1, 40),
    N=st.integers(1, len(TEXT)),
    seed=st.integers(0, 99),
)
def test_how_many_are_read_at_a_time_changes_no_number(cell, piece, run_up, batch, rows, N, seed):
    model, run_up = some_model(cell, seed=seed), min(run_up, piece)
    at = [
        place
        for places, _ in blocks(model, TEXT[:N], piece, run_up, batch, rows)
        for place in places
    ]
    assert sorted(at) == list(range(N))  # every character once
    found = record(model, TEXT[:N], "h", piece=piece, run_up=run_up, batch=batch, rows=rows)
    wanted = slowly(model, TEXT[:N], piece, run_up)
    for key, values in found.items():
        np.testing.assert_allclose(values, wanted[key], atol=1e-10)


def test_unless_told_otherwise_a_piece_has_4096_characters_and_a_run_up_of_512():
    model, text = some_model("gru", 3), (TEXT * 70)[:4200]
    found, wanted = record(model, text, "h"), slowly(model, text, 4096, 512)
    np.testing.assert_allclose(found[0, "h"], wanted[0, "h"], atol=1e-10)


@pytest.mark.parametrize("dtype, limit", [("float64", 1e-10), ("float32", 1e-4)])
@cells
def test_nor_in_the_gates(cell, dtype, limit):
    model, shape = some_model(cell, (20, 7), dtype=dtype), {"piece": 13, "run_up": 6}
    a = record(model, TEXT, None, **shape, batch=1, rows=1)
    b = record(model, TEXT, None, **shape, batch=5, rows=64)
    for key in a:
        scale = max(1, np.abs(a[key]).max())  # of relu, thousands
        np.testing.assert_allclose(a[key], b[key], atol=limit * scale, err_msg=str(key))


def test_the_gates_of_an_lstm_are_what_its_equations_say():
    model = some_model("lstm")
    s, P = record(model, TEXT, None), {n: w.data for n, w in model.parameters().items()}
    x = P["0.Wxh"][model.vocab.encode(TEXT)]
    for layer in (0, 1):
        h, c = s[layer, "h"], s[layer, "c"]
        h_before, c_before = (np.vstack([np.zeros_like(a[:1]), a[:-1]]) for a in (h, c))
        a = x + h_before @ P[f"{layer}.Whh"] + P[f"{layer}.bh"]
        for k, (gate, bend) in enumerate(zip("oifg", [sigmoid] * 3 + [np.tanh], strict=True)):
            H = h.shape[1]
            np.testing.assert_allclose(s[layer, gate], bend(a[:, k * H : k * H + H]), atol=1e-10)
        np.testing.assert_allclose(c, s[layer, "f"] * c_before + s[layer, "i"] * s[layer, "g"])
        x = h @ P["1.Wxh"] if layer == 0 else None


def test_the_gates_of_a_gru_are_what_its_equations_say():
    model = some_model("gru", 4)
    s, P = record(model, TEXT, None), {n: w.data for n, w in model.parameters().items()}
    before = np.vstack([np.zeros((1, 4)), s[0, "h"][:-1]])
    x, m = P["0.Wxh"][model.vocab.encode(TEXT)] + P["0.bh"], before @ P["0.Whh"]
    r, u = sigmoid(x[:, :4] + m[:, :4]), sigmoid(x[:, 4:8] + m[:, 4:8])
    n = np.tanh(x[:, 8:] + r * (m[:, 8:] + P["0.bn"]))
    for gate, wanted in {"r": r, "u": u, "n": n}.items():
        np.testing.assert_allclose(s[0, gate], wanted, atol=1e-10)


def test_blocks_stay_as_they_are_and_are_no_larger_than_asked():
    model = some_model("lstm")
    kept = list(blocks(model, TEXT, piece=10, run_up=5, batch=4, rows=8))
    copies = [{k: s.copy() for k, s in states.items()} for _, states in kept]
    assert max(len(at) for at, _ in kept) == 8
    list(blocks(model, TEXT[::-1], piece=10, run_up=5, batch=4, rows=8))
    for (_, states), copy in zip(kept, copies, strict=True):
        for key in states:
            np.testing.assert_array_equal(states[key], copy[key])


@cells
def test_what_is_done_to_a_block_changes_nothing_in_the_next(cell):
    model, how = some_model(cell), {"piece": 10, "run_up": 5, "batch": 4, "rows": 8}
    wanted = record(model, TEXT, None, **how)
    for at, states in blocks(model, TEXT, **how):
        for key, s in states.items():
            np.testing.assert_array_equal(s, wanted[key][at])
            s[...] = np.nan


def test_memory_does_not_grow_with_the_text():
    model = some_model("lstm", (16, 16), dtype="float32")
    most = []
    for N in (2_000, 42_000):
        text = (TEXT * (N // len(TEXT) + 1))[:N]
        tracemalloc.start()
        for at, states in blocks(model, text, piece=500, run_up=100, batch=4, rows=200):
            del at, states
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Of each character more: its number, and for a moment its code. Its states would be 900 bytes.
    assert most[1] - most[0] < 40_000 * 40


def pretend_to_be_on_a_card(model, monkeypatch):
    """Move the weights to a library that is numpy under another name; get() gives numpy's own."""

    class Array(np.ndarray):
        def get(self):
            return np.array(self)

    class Cupy(types.ModuleType):
        def __getattr__(self, name):
            made = getattr(np, name)
            if name in ("empty", "zeros", "full", "asarray"):
                return lambda *a, **k: made(*a, **k).view(Array)
            return made

    Array.__module__ = "cupy._core.core"
    monkeypatch.setitem(sys.modules, "cupy", Cupy("cupy"))
    for w in model.parameters().values():
        w.data = w.data.view(Array)
    return Array


def test_the_slow_cells_of_a_model_on_a_card_are_seen_as_the_card_computes_them():
    with strict.instead_of_cupy():
        model = CharModel(Vocabulary("abcde"), "gru", 3, fused=False, device="gpu")
        assert {type(cell) for cell in _quick(model)} == {kernels.GRU}


@cells
def test_the_arrays_own_library_is_asked(cell, monkeypatch):
    monkeypatch.setenv("MINICHAR_COMPILED", "0")
    model = some_model(cell)
    wanted = record(model, TEXT, None, piece=9, run_up=3)
    array = pretend_to_be_on_a_card(model, monkeypatch)
    for _, states in blocks(model, TEXT, piece=9, run_up=3):
        assert all(type(s) is array for s in states.values())
    found = record(model, TEXT, None, piece=9, run_up=3)
    for key, rows in found.items():
        assert type(rows) is np.ndarray
        np.testing.assert_allclose(rows, wanted[key], atol=1e-12)
    if cell == "lstm":
        assert type(saturation(model, TEXT)[0, "o"][0]) is np.ndarray


def test_a_text_read_as_one_piece_may_be_shorter_than_the_run_up():
    model, text = some_model("gru"), TEXT[:9]
    found, wanted = record(model, text, piece=len(text)), record(model, text)
    for key, rows in wanted.items():
        np.testing.assert_array_equal(found[key], rows)
