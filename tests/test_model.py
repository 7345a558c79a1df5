import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minichar as mc
from minichar import evaluation, graph, layers
from minichar.model import CharModel
from minichar.transformer import BlockModel

VOCAB = mc.Vocabulary("abcdefg")
SHAPES = [
    {"hidden": 5},
    {"hidden": (6, 4)},
    {"hidden": (3, 5, 2)},
    {"hidden": (6, 4), "embedding": 3},
    {"hidden": (1,), "embedding": 1},
]
cells = pytest.mark.parametrize("cell", ["rnn", "relu", "lstm", "gru"])
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def make(cell="lstm", dtype="float64", scale=3.0, **settings_):
    """A small model whose weights are large enough that everything matters."""
    model = CharModel(VOCAB, cell=cell, dtype=dtype, **({"hidden": (6, 4)} | settings_))
    for w in model.parameters().values():
        w.data *= scale
    return model


def ids_of(T, B, seed=0):
    return np.random.default_rng(seed).integers(0, 7, (T, B))


def gradients(model):
    return {name: w.grad for name, w in model.parameters().items()}


# --- shapes and weights


@cells
@shapes
def test_scores_state_and_loss_have_their_shapes(cell, shape):
    model = make(cell, **shape)
    hidden = np.atleast_1d(shape["hidden"]).tolist()
    z, state = model(ids_of(5, 3))
    assert z.shape == (5, 3, 7)
    assert [[s.shape for s in layer] for layer in state] == [
        [(3, H)] * (2 if cell == "lstm" else 1) for H in hidden
    ]
    loss, state = model.loss(ids_of(5, 3), ids_of(5, 3, 1))
    assert loss.shape == () and len(state) == len(hidden)
    assert model.hidden == tuple(hidden)


def test_parameters_by_name():
    model = CharModel(VOCAB, cell="gru", hidden=(6, 4), embedding=3)
    assert {name: w.shape for name, w in model.parameters().items()} == {
        "embedding.W": (7, 3),
        "0.Wxh": (3, 18),
        "0.Whh": (6, 18),
        "0.bh": (18,),
        "0.bn": (6,),
        "1.Wxh": (6, 12),
        "1.Whh": (4, 12),
        "1.bh": (12,),
        "1.bn": (4,),
        "read_out.W": (4, 7),
        "read_out.b": (7,),
    }
    assert all(w.requires_grad for w in model.parameters().values())
    first, again = model.parameters(), model.parameters()
    assert all(again[name] is w for name, w in first.items())
    assert "embedding.W" not in CharModel(VOCAB).parameters()


@cells
def test_every_parameter_has_a_gradient_of_its_own_type(cell):
    for dtype in ("float32", "float64"):
        model = make(cell, dtype, embedding=3)
        loss, state = model.loss(ids_of(5, 3), ids_of(5, 3, 1))
        loss.backward()
        for name, w in model.parameters().items():
            assert w.grad.shape == w.shape and w.grad.dtype == w.dtype == np.dtype(dtype), name
            assert (w.grad != 0).any(), name
        assert loss.dtype == np.dtype(dtype) == state[0][0].dtype


@cells
def test_the_gradient_of_the_loss_is_its_measured_slope(cell):
    model = make(cell, scale=2.0, embedding=3)
    inputs, targets = ids_of(6, 2), ids_of(6, 2, 1)
    _, state = model(ids_of(3, 2, 2))
    weights = model.parameters().values()
    assert graph.check_gradients(lambda *_: model.loss(inputs, targets, state)[0], *weights) < 1e-7


@pytest.mark.parametrize("seed", [-1, np.int64(-3)])
def test_a_seed_below_zero_is_refused_in_plain_words(seed):
    with pytest.raises(ValueError, match=f"seed={seed}: it must be a whole number of at least 0"):
        CharModel(VOCAB, hidden=3, seed=seed)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_same_seed_same_weights_and_another_seed_others(seed):
    a, b = (CharModel(VOCAB, hidden=(3, 2), embedding=2, seed=s) for s in (seed, seed))
    other = CharModel(VOCAB, hidden=(3, 2), embedding=2, seed=seed + 1)
    generator = CharModel(VOCAB, hidden=(3, 2), embedding=2, seed=np.random.default_rng(seed))
    for name, w in a.parameters().items():
        assert (w.data == b.parameters()[name].data).all()
        assert (w.data == generator.parameters()[name].data).all()
        if not name.endswith(("bh", ".b")):
            assert (w.data != other.parameters()[name].data).all(), name
            assert len(np.unique(w.data)) == w.data.size  # nor is any drawn twice


def test_layers_start_from_different_weights():
    W = CharModel(VOCAB, hidden=(5, 5, 5)).parameters()
    assert (W["0.Whh"].data != W["1.Whh"].data).all()
    assert (W["1.Wxh"].data != W["2.Wxh"].data).all()


def test_a_new_model_knows_nothing_and_says_so():
    """All characters are about equally likely, so the loss begins at about ln V."""
    for cell in ("rnn", "lstm", "gru"):
        model = CharModel(VOCAB, cell=cell, hidden=(32, 32))
        loss, _ = model.loss(ids_of(50, 10), ids_of(50, 10, 1))
        assert abs(float(loss.data) - math.log(7)) < 0.1


def test_settings_make_a_model_of_the_same_shape():
    model = CharModel(VOCAB, "gru", (3, 2), 4, 0.1, "float64", fused=False)
    again = CharModel(VOCAB, **model.settings())
    shapes_ = [{name: w.shape for name, w in m.parameters().items()} for m in (model, again)]
    assert shapes_[0] == shapes_[1] and model.settings() == again.settings()
    assert "gru 3 + 2" in repr(model) and "7 characters" in repr(model)
    assert f"{sum(w.data.size for w in model.parameters().values()):,} weights" in repr(model)


@pytest.mark.parametrize(
    "setting, said",
    [
        ({"cell": "elman"}, "elman.*rnn.*lstm.*gru"),
        ({"hidden": ()}, "whole number of neurons"),
        ({"hidden": 0}, "whole number of neurons"),
        ({"hidden": (8, -1)}, "whole number of neurons"),
        ({"hidden": (8, 2.5)}, "whole number of neurons"),
        ({"hidden": 8.0}, "whole number of neurons"),
        ({"hidden": "128"}, "whole number of neurons"),
        ({"embedding": 0}, "embedding"),
        ({"embedding": 2.5}, "embedding"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dtype": "int32"}, "float32.*float64"),
        ({"dtype": "float16"}, "float32.*float64"),
        ({"dtype": "flaot32"}, "flaot32.*float32"),
        ({"hidden": True}, "whole number"),
        ({"device": "tpu"}, "tpu"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(setting, said):
    with pytest.raises(ValueError, match=said):
        CharModel(VOCAB, **setting)


def test_numbers_of_numpy_are_numbers():
    model = CharModel(VOCAB, hidden=np.int64(3))
    assert model.hidden == CharModel(VOCAB, hidden=np.array([3])).hidden == (3,)


@pytest.mark.parametrize("ids", [np.array([1, 2]), np.array(3), np.zeros((2, 2, 2), int)])
def test_numbers_come_as_T_B(ids):
    with pytest.raises(ValueError, match="time first"):
        make()(ids)


@pytest.mark.parametrize("wrong", [7, -1])
def test_a_number_of_no_character_is_refused(wrong):
    for embedding in (None, 3):
        model = make(embedding=embedding)
        for act in (
            lambda m: m(np.array([[wrong]])),
            lambda m: m.step(wrong),
            lambda m: m.loss(np.array([[0]]), np.array([[wrong]])),
        ):
            with pytest.raises(
                ValueError, match=f"{wrong} is not the number of a character.* 0 to 6"
            ):
                act(model)


def test_a_state_of_another_model_is_refused():
    _, state = make()(ids_of(2, 3))
    for wrong in (state[:1], [*state, state[0]], state[::-1], []):
        with pytest.raises(ValueError, match="state"):
            make()(ids_of(2, 3), wrong)
    with pytest.raises(ValueError, match="state"):
        make("gru")(ids_of(2, 3), state)
    with pytest.raises(ValueError, match="state"):
        make()(ids_of(2, 4), state)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_step_refuses_a_state_of_another_model_or_of_other_texts(cell):
    model, other = make(cell), make("gru" if cell == "lstm" else "lstm")
    state = model.start(2)
    for ids, wrong in ((1, state), ([1], state), ([1, 2], model.start(1)), ([1, 2], state[:1])):
        with pytest.raises(ValueError, match="step: the state does not fit"):
            model.step(ids, wrong)
    for wider in (other, make(cell, hidden=(7, 4))):
        with pytest.raises(ValueError, match="step: the state does not fit"):
            model.step([1, 2], wider.start(2))
    with pytest.raises(ValueError, match=r"ids of shape \(1, 2\)"):
        model.step([[1, 2]], state)


def test_a_model_needs_a_vocabulary_and_a_batch_a_text():
    for other in ("hello", ["h", "e"], 5):
        with pytest.raises(TypeError, match=r"such as Vocabulary\.of\(text\)"):
            CharModel(other)
        with pytest.raises(TypeError, match=r"such as Vocabulary\.of\(text\)"):
            BlockModel(other)
    with pytest.raises(ValueError, match="B at least 1"):
        make()(np.zeros((3, 0), int))


def test_an_embedding_may_be_a_number_of_numpy():
    assert make(embedding=np.int64(3)).settings() == make(embedding=3).settings()


# --- reading


@cells
@shapes
def test_fused_and_step_by_step_are_one_model(cell, shape):
    found = []
    for fused in (True, False):
        model = make(cell, fused=fused, **shape)
        assert isinstance(model.cells[0], layers.RNN)
        _, before = model(ids_of(3, 2, 5))
        loss, state = model.loss(ids_of(6, 2), ids_of(6, 2, 1), before)
        loss.backward()
        found.append(
            [loss.data, *(s for layer in state for s in layer), *gradients(model).values()]
        )
    assert len(found[0]) == len(found[1])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@cells
@shapes
def test_step_reads_one_character_at_a_time_what_a_call_reads_at_once(cell, shape):
    model, text, state = make(cell, **shape), ids_of(8, 1), None
    z, end = model(text)
    for t, i in enumerate(text[:, 0]):
        scores, state = model.step(int(i), state)
        assert scores.shape == (7,)
        np.testing.assert_allclose(scores, z.data[t, 0], rtol=1e-9, atol=1e-12)
    for a, b in zip(state, end, strict=True):
        for s, t in zip(a, b, strict=True):
            np.testing.assert_allclose(s, t, rtol=1e-9, atol=1e-12)


@cells
@given(cut=st.integers(1, 8))
@settings(max_examples=8)
def test_a_text_in_two_pieces_is_the_text_whole(cell, cut):
    model, text = make(cell), ids_of(9, 2)
    whole, _ = model(text)
    first, state = model(text[:cut])
    second, _ = model(text[cut:], state)
    pieces = np.concatenate([first.data, second.data])
    np.testing.assert_allclose(pieces, whole.data, rtol=1e-9, atol=1e-12)


@cells
def test_a_state_is_never_changed_and_two_may_go_on_from_it(cell):
    model = make(cell)
    _, state = model.step(1)
    before = [[s.copy() for s in layer] for layer in state]
    a, _ = model.step(2, state)
    model(ids_of(4, 1), state)
    b, _ = model.step(2, state)
    np.testing.assert_array_equal(a, b)
    for layer, was in zip(state, before, strict=True):
        for s, w in zip(layer, was, strict=True):
            np.testing.assert_array_equal(s, w)


def test_step_leaves_no_graph_and_no_gradient():
    model = make()
    z, state = model.step(1)
    assert type(z) is np.ndarray and all(type(s) is np.ndarray for layer in state for s in layer)
    assert all(w.grad is None for w in model.parameters().values())


def test_the_loss_is_the_mean_of_minus_ln_p():
    model, inputs, targets = make(), ids_of(4, 3), ids_of(4, 3, 1)
    z, _ = model(inputs)
    p = np.exp(z.data) / np.exp(z.data).sum(-1, keepdims=True)
    each = [-math.log(p[t, b, targets[t, b]]) for t in range(4) for b in range(3)]
    np.testing.assert_allclose(model.loss(inputs, targets)[0].data, np.mean(each), rtol=1e-12)
    with pytest.raises(ValueError, match="cross_entropy"):
        model.loss(inputs, targets[:-1])


# --- dropout


def test_dropout_only_with_a_generator():
    model, plain = make(dropout=0.5), make()
    ids = ids_of(5, 3)
    np.testing.assert_array_equal(model(ids)[0].data, plain(ids)[0].data)
    np.testing.assert_array_equal(model.step(2)[0], plain.step(2)[0])
    a, b, c = (model(ids, rng=np.random.default_rng(seed))[0].data for seed in (1, 1, 2))
    assert (a == b).all() and (a != c).any() and (a != model(ids)[0].data).any()
    np.testing.assert_array_equal(
        plain(ids, rng=np.random.default_rng(1))[0].data, plain(ids)[0].data
    )


def test_dropout_is_right_in_the_mean():
    """Of one layer, dropped before the read-out: the read-out is linear, so its mean is exact."""
    model, ids, rng = make(hidden=(6,), dropout=0.4), ids_of(3, 1), np.random.default_rng(0)
    drawn = np.array([model(ids, rng=rng)[0].data for _ in range(3000)])
    error = drawn.std(axis=0) / math.sqrt(len(drawn))
    assert (abs(drawn.mean(axis=0) - model(ids)[0].data) < 5 * error).all()
    assert (drawn.std(axis=0) > 0.05).any()


def test_dropout_leaves_the_state_of_its_own_layer_alone():
    """It stands between layers: not on what is read, and not on what a layer remembers."""
    model, ids = make(dropout=0.5), ids_of(5, 3)
    _, plain = model(ids)
    _, state = model(ids, rng=np.random.default_rng(1))
    for s, p in zip(state[0], plain[0], strict=True):
        np.testing.assert_array_equal(s, p)
    assert any((s != p).any() for s, p in zip(state[1], plain[1], strict=True))


def test_gradients_under_dropout_are_those_of_what_was_computed():
    model, inputs, targets = make("gru", dropout=0.5, scale=2.0), ids_of(4, 2), ids_of(4, 2, 1)

    def loss(*_):
        return model.loss(inputs, targets, rng=np.random.default_rng(3))[0]

    assert graph.check_gradients(loss, *model.parameters().values()) < 1e-7


# --- with the rest of the package


def test_it_writes_and_scores():
    model = make()
    greedy = mc.sample(model, prime="ab", length=12, temperature=0)
    ids = VOCAB.encode("ab" + greedy)
    for t in range(2, 14):  # each is the best of the scores for all before it
        assert model(ids[:t, None])[0].data[-1, 0].argmax() == ids[t]
    text = mc.sample(model, prime="ab", length=20, seed=3)
    assert text == "".join(mc.stream(model, prime="ab", length=20, seed=3)) and len(text) == 20
    assert text != mc.sample(model, prime="ab", length=20, seed=4)
    found = mc.beam(model, "ab", length=6, width=7)
    assert mc.score(model, found, "ab").sum() <= mc.score(model, greedy[:6], "ab").sum() + 1e-9
    best = max(mc.score(model, a + b, "ab").sum() * -1 for a in "abcdefg" for b in "abcdefg")
    two = mc.beam(model, "ab", length=2, width=49)
    assert -mc.score(model, two, "ab").sum() == pytest.approx(best)


@cells
def test_score_is_evaluate(cell):
    model, text = make(cell), VOCAB.decode(ids_of(40, 1))
    bits = mc.score(model, text[1:], prime=text[0])
    nats = evaluation.evaluate(model, text, length=7)
    assert bits.mean() * math.log(2) == pytest.approx(nats, rel=1e-9)


# --- PyTorch's stack of cells


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_stack_is_pytorchs_stack(cell):
    torch = pytest.importorskip(
        "torch", reason="pip install torch, to compare with PyTorch's stack"
    )
    torch.set_num_threads(1)
    H, model = 5, make(cell, hidden=(5, 5, 5), embedding=4)
    W = {name: w.data for name, w in model.parameters().items()}
    stack = getattr(torch.nn, cell.upper())(4, H, num_layers=3, dtype=torch.float64)
    order = np.roll(np.arange(4 * H), -H) if cell == "lstm" else np.arange(W["0.bh"].size)
    with torch.no_grad():
        for k in range(3):
            getattr(stack, f"weight_ih_l{k}").copy_(torch.tensor(W[f"{k}.Wxh"].T[order]))
            getattr(stack, f"weight_hh_l{k}").copy_(torch.tensor(W[f"{k}.Whh"].T[order]))
            getattr(stack, f"bias_ih_l{k}").copy_(torch.tensor(W[f"{k}.bh"][order]))
            getattr(stack, f"bias_hh_l{k}").zero_()
            if cell == "gru":
                getattr(stack, f"bias_hh_l{k}")[2 * H :] = torch.tensor(W[f"{k}.bn"])
    table, out, bias = (
        torch.tensor(W[name], requires_grad=True)
        for name in ("embedding.W", "read_out.W", "read_out.b")
    )
    inputs, targets = ids_of(8, 3), ids_of(8, 3, 1)
    y, _ = stack(table[torch.tensor(inputs)])
    z = (y @ out + bias).reshape(-1, 7)
    theirs = torch.nn.functional.cross_entropy(z, torch.tensor(targets.ravel()))
    theirs.backward()
    loss, _ = model.loss(inputs, targets)
    loss.backward()
    grads, close = gradients(model), {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(loss.data, theirs.item(), **close)
    np.testing.assert_allclose(grads["embedding.W"], table.grad.numpy(), **close)
    np.testing.assert_allclose(grads["read_out.W"], out.grad.numpy(), **close)
    np.testing.assert_allclose(grads["read_out.b"], bias.grad.numpy(), **close)
    back = np.argsort(order)
    for k in range(3):
        for ours, name in (("Wxh", "weight_ih"), ("Whh", "weight_hh"), ("bh", "bias_ih")):
            expected = getattr(stack, f"{name}_l{k}").grad.numpy()[back].T
            np.testing.assert_allclose(grads[f"{k}.{ours}"], expected, **close)
