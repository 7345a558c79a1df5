"""Cells that stand still: against a loop that holds them at every step, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stepping import some_model

import minichar as mc
from minichar.ablation import Ablation, ablate, character_class, means, without
from minichar.model import KINDS
from minichar.reading import bits
from minichar.sampling import log_softmax
from minichar.stepping import CELLS

TEXT = "abcdeedcbaabacadaeabc"


def slow(model, text, held):
    """Bits of each character of `text`, the cells in `held` set to their numbers at every step."""
    P = [{n: w.data for n, w in cell.parameters.items()} for cell in model.cells]
    W, b = (model.read_out.parameters[n].data for n in "Wb")
    state, found, z = [list(kept) for kept in model.start(1)], [], None
    for (layer, kind, j), m in held.items():
        if kind == "h":
            state[layer][0][0, j] = m
    for i in (0, *model.vocab.encode(text)):  # what it reads first is an a
        if z is not None:
            found.append(-log_softmax(z)[0, i] / np.log(2))
        x = np.eye(len(model.vocab))[[i]]
        if model.embedding:
            x = x @ model.parameters()["embedding.W"].data
        for layer, (p, old) in enumerate(zip(P, state, strict=True)):
            a, H = x @ p["Wxh"] + p["bh"], model.hidden[layer]
            state[layer] = list(CELLS[model.cell](p, a.copy(), *old))
            for (k, kind, j), m in held.items():
                if k == layer and kind == "c":
                    o = 1 / (1 + np.exp(-(a + old[0] @ p["Whh"])[0, :H]))
                    state[k][1][0, j] = m
                    state[k][0][0, j] = o[j] * np.tanh(m)
            for (k, kind, j), m in held.items():
                if k == layer and kind == "h":
                    state[k][0][0, j] = m
            x = state[layer][0]
        z = x @ W + b
    return np.array(found)


@settings(max_examples=25)
@given(st.data(), st.sampled_from(list(KINDS)), st.integers(0, 99), st.sampled_from([None, 3]))
def test_a_network_without_cells_is_one_that_holds_them_at_every_step(data, kind, seed, embedding):
    model = some_model(kind, (4, 3), embedding, seed=seed)
    names = [
        (k, w, j) for k in (0, 1) for w in "hc" for j in range(3) if w == "h" or kind == "lstm"
    ]
    cells = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    held = {cell: data.draw(st.floats(-2, 2)) for cell in cells}
    twin = without(model, held.keys(), held.values())
    wanted = slow(model, TEXT, held)
    np.testing.assert_allclose(bits(twin, TEXT), wanted, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(mc.score(twin, TEXT), wanted, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_slow_loop_without_cells_to_hold_is_the_model(kind):
    model = some_model(kind, (4, 3))
    np.testing.assert_allclose(slow(model, TEXT, {}), mc.score(model, TEXT), rtol=1e-9)


def test_by_hand():
    """One cell, held at 0.5: the same expectation at every place, σ(1) of b and 1 - σ(1) of a."""
    model = mc.CharModel(mc.Vocabulary("ab"), "rnn", 1, dtype="float64")
    P = model.parameters()
    P["read_out.W"].data[...], P["read_out.b"].data[...] = [[0, 1]], [0, 0.5]
    b, a = np.log2(1 + np.exp(-1)), np.log2(1 + np.exp(1))  # 0.452 and 1.895 bits
    found = ablate(model, "abba", [(0, "h", 0)], [0.5])
    np.testing.assert_allclose(found.after, [a, b, b, a])
    np.testing.assert_allclose(found.before, bits(model, "abba"))
    assert found.cost == pytest.approx((a + b) / 2 - found.before.mean())


def test_by_hand_for_c():
    """A c held at 2 behind an o that is always 1/2 sends out tanh(2) / 2."""
    model = mc.CharModel(mc.Vocabulary("ab"), "lstm", 1, dtype="float64")
    P = model.parameters()
    for name in ("0.Wxh", "0.Whh", "read_out.b"):
        P[name].data[...] = 0
    P["read_out.W"].data[...] = [[0, 1]]
    b = np.log2(1 + np.exp(-np.tanh(2) / 2))
    np.testing.assert_allclose(ablate(model, "bb", [(0, "c", 0)], [2.0]).after, [b, b])


def test_where_h_stands_still_its_c_is_mute():
    model, c, h = some_model("lstm", (4, 3)), (0, "c", 1), (0, "h", 1)
    both = bits(without(model, [c, h], [2.0, 0.3]), TEXT)
    np.testing.assert_allclose(both, bits(without(model, [h], [0.3]), TEXT), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_that_nothing_listens_to_can_go(kind, dtype):
    model = some_model(kind, (4, 3), dtype=dtype)
    for name in ("0.Whh", "1.Wxh"):
        model.parameters()[name].data[2] = 0
    for state in "hc" if kind == "lstm" else "h":
        np.testing.assert_array_equal(ablate(model, TEXT, [(0, state, 2)], [0.7]).change, 0)
        assert np.abs(ablate(model, TEXT, [(0, state, 1)], [0.7]).change).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_means_are_those_of_a_loop_and_what_cells_are_held_at(kind):
    model = some_model(kind, (4, 3), 2)
    state, seen = None, []
    for i in model.vocab.encode(TEXT):
        _, state = model.step(i, state)
        seen.append(state)
    mean = means(model, TEXT)
    for k in (0, 1):
        for n, name in enumerate("hc"[: len(state[k])]):
            wanted = np.mean([s[k][n][0] for s in seen], axis=0)
            np.testing.assert_allclose(mean[k, name], wanted, rtol=1e-9)
    assert len(mean) == 2 * len(state[0])
    cells = [(0, "h", 3), (1, "h", 0)]
    held = dict(zip(cells, (mean[0, "h"][3], mean[1, "h"][0]), strict=True))
    np.testing.assert_allclose(ablate(model, TEXT, cells).after, slow(model, TEXT, held), rtol=1e-8)


def test_the_model_is_left_as_it_was_and_the_copy_writes():
    model = some_model("lstm", (4, 3))
    before = {name: w.data.copy() for name, w in model.parameters().items()}
    twin = without(model, [(0, "h", 1), (1, "c", 2)], [0.1, 0.2])
    assert len(mc.sample(twin, length=20)) == 20 and repr(twin) == repr(model)
    for name, w in model.parameters().items():
        np.testing.assert_array_equal(w.data, before[name])
    np.testing.assert_array_equal(bits(without(model, [], []), TEXT), bits(model, TEXT))


def test_what_got_worse():
    found = Ablation("a(b) (", np.zeros(6), np.array([4.0, 3, 0, -2, 0.5, 2]))
    assert found.cost == 1.25
    assert found.groups()[:2] == [("(", 2, 2.5, 5.0), ("a", 1, 4.0, 4.0)]
    assert [(g.group, g.mean) for g in found.groups(character_class)] == [
        ("opening", 2.5),
        ("letter", 2.0),
        ("space", 0.5),
        ("closing", -2.0),
    ]
    assert sum(g.total for g in found.groups()) == found.change.sum()


def test_classes_of_characters():
    classes = ["letter", "digit", "line end", "space", "space", "opening", "closing", "quote"]
    assert [character_class(c) for c in "é7\n\t {>`"] == classes
    for name, those in (("opening", "([{<"), ("closing", ")]}>"), ("quote", "\"'`")):
        assert {character_class(c) for c in those} == {name}
    assert character_class("_") == character_class("😀") == "other"


def test_refusals():
    model = some_model("gru", (4, 3))
    with pytest.raises(ValueError, match="h only"):
        ablate(model, TEXT, [(0, "c", 1)])
    with pytest.raises(ValueError, match="cells 0 to 2"):
        without(model, [(1, "h", 3)], [0.0])
    with pytest.raises(ValueError, match="shorter"):
        without(model, [(1, "h", 1)], [])
    with pytest.raises(ValueError, match="not in this model's"):
        ablate(model, "xyz", [(0, "h", 1)], [0.0])
