"""Saliency against measured slopes, which know nothing of the graph."""

import copy

import numpy as np
import pytest
from test_stepping import some_model

import minichar as mc
from minichar.causes import gradients, rows, saliency
from minichar.model import KINDS, CharModel
from minichar.transformer import BlockModel

TEXT = "badce"  # every character once: to move its row of weights moves this place alone


def answer(model, target, cell):
    """ln p of the character at `target`, or the cell's value there, a step at a time."""
    z = state = None
    for t, i in enumerate(model.vocab.encode(TEXT)):
        if cell is None and t == target:
            return float(z[i] - np.log(np.exp(z).sum()))
        z, state = model.step(i, state)
        if cell is not None and t == target:
            layer, kind, j = cell
            return float(state[layer]["hc".index(kind)][0, j])


def slope(model, place, d, target, cell, e=1e-5):
    """How fast the answer changes as number d of what is read at `place` grows."""
    P, i = model.parameters(), model.vocab.encode(TEXT)[place]
    W = P["embedding.W" if model.embedding else "0.Wxh"].data
    direction = np.eye(W.shape[1])[d] if model.embedding else W[d].copy()
    before, ends = W[i].copy(), []
    for sign in (1, -1):
        W[i] = before + sign * e * direction
        ends.append(answer(model, target, cell))
    W[i] = before
    return (ends[0] - ends[1]) / (2 * e)


CELLS = [(k, None) for k in KINDS] + [(k, (layer, "h", 1)) for k in KINDS for layer in (0, 1)]
CELLS += [("lstm", (0, "c", 2)), ("lstm", (1, "c", 0))]


@pytest.mark.parametrize("embedding", [None, 3])
@pytest.mark.parametrize(("kind", "cell"), CELLS)
def test_gradients_are_the_measured_slopes(kind, cell, embedding):
    model = some_model(kind, (4, 3), embedding, seed=3)
    first = 1 if cell is None else 0
    found = gradients(model, TEXT, cell=cell)
    assert found.shape == (5 - first, 5, embedding or 5) and np.abs(found).max() > 1e-3
    for target in range(first, 5):
        for place in range(5):
            for d in range(found.shape[2]):
                wanted = slope(model, place, d, target, cell)
                assert found[target - first, place, d] == pytest.approx(wanted, abs=1e-6)
    np.testing.assert_array_equal(
        saliency(model, TEXT, cell=cell), np.sqrt((found * found).sum(axis=2))
    )


@pytest.mark.parametrize("cell", [None, (0, "h", 1), (1, "c", 0)])
def test_only_what_was_read_before_matters(cell):
    model, first = some_model("lstm", (4, 3), seed=1), 1 if cell is None else 0
    matters = saliency(model, TEXT * 3, cell=cell) > 0
    np.testing.assert_array_equal(matters, np.tri(15, dtype=bool)[: 15 - first])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cell", [None, (1, "h", 2)])
def test_neither_company_nor_the_kind_of_cells_makes_a_difference(kind, cell):
    model = some_model(kind, (4, 3), 2, seed=2)
    slow = CharModel(model.vocab, **model.settings() | {"fused": False})
    for name, w in slow.parameters().items():
        w.data[...] = model.parameters()[name].data
    whole = gradients(model, TEXT * 2, cell=cell)
    np.testing.assert_allclose(gradients(slow, TEXT * 2, cell=cell), whole, atol=1e-12)
    for together in (1, 4):
        some = gradients(model, TEXT * 2, [8, 2, 5], cell, together=together)
        np.testing.assert_allclose(some, whole[np.array([8, 2, 5]) - (cell is None)], atol=1e-12)
    one = saliency(model, TEXT * 2, 5, cell)
    np.testing.assert_allclose(one, saliency(model, TEXT * 2, [5], cell)[0], atol=1e-12)


@pytest.mark.parametrize("cell", [None, (0, "h", 1), (1, "c", 0)])
def test_from_a_state_it_goes_on(cell):
    model = some_model("lstm", (4, 3), seed=4)
    state = None
    for i in model.vocab.encode(TEXT):
        _, state = model.step(i, state)
    whole = saliency(model, TEXT * 2, [7, 9], cell)[:, 5:]
    np.testing.assert_allclose(saliency(model, TEXT, [2, 4], cell, state), whole, atol=1e-12)


def test_a_network_that_learned_no_lines_reads_on_over_their_ends():
    model = CharModel(mc.Vocabulary("\nabcde"), hidden=(4, 3), dtype="float64")
    found = saliency(model, "ab\ncde")
    assert (found[-1, :-1] > 0).all() and found[-1, -1] == 0
    model.lines = True
    assert saliency(model, "ab\ncde")[-1].astype(bool).tolist() == [0, 0, 1, 1, 1, 0]


@pytest.mark.parametrize(("cell", "first"), [(None, 1), ((1, "c", 2), 0)])
@pytest.mark.parametrize("together", [1, 32])
def test_a_line_knows_nothing_of_the_one_before_if_it_was_learned_so(cell, first, together):
    model = CharModel(mc.Vocabulary("\nabcde"), hidden=(4, 3), dtype="float64", lines=True)
    whole = copy.copy(model)  # which knows of no lines
    whole.lines, (_, state) = False, model.step(2)
    given, found = "ab\ncde\na", np.zeros((8 - first, 8, 6))
    for begin, end in ((0, 2), (2, 6), (6, 8)):  # a line end is foretold by the line, and opens one
        mine = range(max(begin, first), end) if cell else range(begin + 1, min(end + 1, 8))
        for t in mine:
            line = gradients(whole, given[begin:8], t - begin, cell, None if begin else state)
            found[t - first, begin:] = line
            assert not line[end - begin :].any()
    np.testing.assert_allclose(
        gradients(model, given, cell=cell, state=state, together=together), found, atol=1e-12
    )
    forgotten = gradients(model, given[2:], cell=cell, state=state)
    np.testing.assert_allclose(forgotten, gradients(model, given[2:], cell=cell), atol=1e-12)
    assert abs(found[:, :3]).max() > 1e-3
    goes_on, anew = (gradients(whole, given[2:], cell=cell, state=s) for s in (state, None))
    assert not np.allclose(goes_on, anew, rtol=1e-3)


def test_the_model_is_left_as_it_was():
    model = some_model("gru", (4, 3), 2)
    model.loss([[0], [1]], [[1], [2]])[0].backward()
    before = {name: (w.data.copy(), w.grad.copy()) for name, w in model.parameters().items()}
    saliency(model, TEXT)
    for name, w in model.parameters().items():
        assert w.requires_grad
        np.testing.assert_array_equal(w.data, before[name][0])
        np.testing.assert_array_equal(w.grad, before[name][1])


def test_what_is_read_is_a_row_for_each_character():
    np.testing.assert_array_equal(rows(some_model("rnn", 2), "ca"), np.eye(5)[[2, 0]])
    for follow in (rows, gradients):
        assert follow(some_model("rnn", 2, dtype="float32"), "ca").dtype == "float32"
    model = some_model("rnn", 2, 3)
    np.testing.assert_array_equal(rows(model, "ca"), model.parameters()["embedding.W"].data[[2, 0]])


@pytest.mark.parametrize(
    ("kind", "targets", "cell", "message"),
    [
        ("rnn", 0, None, "places 1 to 4"),
        ("rnn", [1, 5], None, "places 1 to 4"),
        ("rnn", -1, (0, "h", 0), "places 0 to 4"),
        ("rnn", 1, (2, "h", 0), "layers are 0 to 1"),
        ("rnn", 1, (-1, "h", 0), "layers are 0 to 1"),
        ("rnn", 1, (1, "h", 3), "cells 0 to 2"),
        ("rnn", 1, (1, "h", -1), "cells 0 to 2"),
        ("gru", 1, (0, "c", 0), "h only"),
        ("lstm", 1, (0, "o", 0), "h and c only"),
        ("lstm", 1, 3, r"is \(layer, kind, index\)"),
        ("lstm", 1, (0, "h"), r"is \(layer, kind, index\)"),
        ("lstm", 1, "0h1", r"is \(layer, kind, index\)"),
        ("lstm", 1, (0, "h", 0.5), r"is \(layer, kind, index\)"),
    ],
)
def test_places_and_cells_that_there_are_not(kind, targets, cell, message):
    with pytest.raises(ValueError, match=message):
        saliency(some_model(kind, (4, 3)), TEXT, targets, cell)


def test_short_texts():
    model = some_model("lstm", 3)
    assert saliency(model, "a").shape == (0, 1) and saliency(model, "").shape == (0, 0)
    with pytest.raises(ValueError, match="position 0"):
        saliency(model, mc.text.clean("é"))


def test_a_model_without_cells_is_refused_and_left_as_it_was():
    model = BlockModel(mc.Vocabulary.of(TEXT), "mingru", width=4)
    for other in (model, mc.NGram(TEXT, 2)):
        with pytest.raises(TypeError, match="a CharModel can be looked into"):
            saliency(other, TEXT)
    assert all(w.grad is None for w in model.parameters().values())
