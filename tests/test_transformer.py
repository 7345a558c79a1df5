"""The block and the model made of blocks: gradients, no look ahead, and PyTorch's own block."""

import numpy as np
import pytest

import minichar as mc
from minichar.evaluation import evaluate
from minichar.graph import Tensor, check_gradients, cross_entropy
from minichar.reading import bits
from minichar.transformer import Block, BlockModel, LayerNorm

mixers = pytest.mark.parametrize("mixer", ["attention", "mingru"])
VOCAB = mc.Vocabulary("abcde\n")


def rng(seed=0):
    return np.random.default_rng(seed)


def small(mixer="attention", **settings):
    shape = {"width": 8, "blocks": 2, "heads": 2, "reach": 4, "dtype": "float64"}
    return BlockModel(VOCAB, mixer, **(shape | settings))


# --- layer norm


def test_layer_norm():
    norm, x = LayerNorm(5, "float64"), Tensor(rng().standard_normal((3, 2, 5)) * 7 + 4, True)
    y = norm(x).data
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-5)
    assert np.isfinite(norm(Tensor(np.zeros((1, 5)))).data).all()  # a row without any spread
    gain, bias = norm.parameters["gain"], norm.parameters["bias"]
    gain.data[...], bias.data[...] = rng(1).standard_normal((2, 5))
    np.testing.assert_allclose(norm(x).data, y * gain.data + bias.data, rtol=1e-12)
    assert check_gradients(lambda x, *_: norm(x), x, gain, bias) < 1e-7


# --- the block, against PyTorch's


def test_the_block_is_pytorchs():
    torch = pytest.importorskip("torch", reason="pip install torch, to compare with its block")
    D, heads, T, B = 8, 2, 6, 3
    mine = BlockModel(VOCAB, width=D, blocks=1, heads=heads, reach=T, dtype="float64").cells[0]
    for name, w in mine.parameters.items():
        w.data[...] = rng(len(name)).standard_normal(w.shape) / 3
    mine.parameters["mixer.distance"].data[...] = 0  # PyTorch's has none
    settings = {"dropout": 0, "activation": "relu", "norm_first": True, "dtype": torch.float64}
    theirs = torch.nn.TransformerEncoderLayer(D, heads, 4 * D, **settings)
    names = {
        "self_attn.in_proj_weight": "mixer.Wqkv",
        "self_attn.in_proj_bias": "mixer.bqkv",
        "self_attn.out_proj.weight": "mixer.Wout",
        "self_attn.out_proj.bias": "mixer.bout",
        **{"linear1.weight": "up.W", "linear1.bias": "up.b"},
        **{"linear2.weight": "down.W", "linear2.bias": "down.b"},
        **{"norm1.weight": "norm1.gain", "norm1.bias": "norm1.bias"},
        **{"norm2.weight": "norm2.gain", "norm2.bias": "norm2.bias"},
    }
    weights = dict(theirs.named_parameters())
    assert set(weights) == set(names)
    with torch.no_grad():
        for other, name in names.items():
            weights[other].copy_(torch.tensor(mine.parameters[name].data.T))
    x = rng(5).standard_normal((T, B, D))
    weight = rng(6).standard_normal((T, B, D))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64)
    expected = theirs(torch.tensor(x), src_mask=mask, is_causal=True)
    expected.backward(torch.tensor(weight))
    y, _ = mine(Tensor(x))
    y.backward(weight)
    np.testing.assert_allclose(y.data, expected.detach(), rtol=1e-9, atol=1e-12)
    for other, name in names.items():
        grad = weights[other].grad.numpy().T
        np.testing.assert_allclose(mine.parameters[name].grad, grad, rtol=1e-8, atol=1e-11)


class Nothing:
    """A mixer that adds nothing."""

    parameters = {}

    def __call__(self, x, state):
        return x * 0, state


def test_x_runs_straight_through_what_adds_nothing():
    block = Block(Nothing(), 4, rng(), "float64")
    for part in (block.down.parameters["W"], block.down.parameters["b"]):
        part.data[...] = 0
    x = Tensor(rng(1).standard_normal((3, 2, 4)))
    np.testing.assert_array_equal(block(x)[0].data, x.data)


@mixers
def test_each_part_adds_what_it_makes_of_x_brought_to_one_measure(mixer):
    block, x = small(mixer, blocks=1).cells[0], Tensor(rng(1).standard_normal((4, 3, 8)))
    for name, w in block.parameters.items():
        w.data[...] = rng(len(name)).standard_normal(w.shape) / 3
    P = {name: w.data for name, w in block.parameters.items()}
    mixed_in, after = block.mixer(block.norm1(x))
    half_way = x.data + mixed_in.data
    inner = np.maximum(0, block.norm2(Tensor(half_way)).data @ P["up.W"] + P["up.b"])
    y, state = block(x)
    np.testing.assert_allclose(y.data, half_way + inner @ P["down.W"] + P["down.b"], rtol=1e-10)
    for s, wanted in zip(state, after, strict=True):
        np.testing.assert_array_equal(s, wanted)


# --- the model


@mixers
def test_gradients_of_the_model(mixer):
    model, ids = small(mixer), rng().integers(0, 6, (6, 2))
    _, state = model(ids[:3])
    weights = model.parameters().values()
    assert check_gradients(lambda *_: model(ids, state)[0], *weights) < 1e-6


@mixers
@pytest.mark.parametrize("t", [0, 1, 5, 8])
def test_a_later_character_changes_nothing_earlier(mixer, t):
    model, ids = small(mixer), rng().integers(0, 6, (9, 2))
    before = model(ids)[0].data
    ids[t] = (ids[t] + 1) % 6
    after = model(ids)[0].data
    assert (after[:t] == before[:t]).all()
    assert (after[t] != before[t]).any()


@mixers
def test_in_pieces_a_character_at_a_time_and_whole_it_says_the_same(mixer):
    model, ids = small(mixer), rng().integers(0, 6, (9, 2))
    z, _ = model(ids)
    np.testing.assert_array_equal(model(ids, model.start(2))[0].data, z.data)
    first, state = model(ids[:4])
    shapes = [[[s.shape for s in kept] for kept in some] for some in (state, model.start(2))]
    assert shapes[0] == shapes[1]
    second, _ = model(ids[4:], state)
    pieces = np.concatenate([first.data, second.data])
    np.testing.assert_allclose(pieces, z.data, rtol=1e-9, atol=1e-12)
    state, one = None, None
    for t in range(9):
        both, state = model.step(ids[t], state)
        np.testing.assert_allclose(both, z.data[t], rtol=1e-9, atol=1e-12)
        alone, one = model.step(ids[t, 1], one)
        np.testing.assert_allclose(alone, z.data[t, 1], rtol=1e-9, atol=1e-12)


@mixers
def test_evaluating_in_streams_and_scoring_one_by_one_agree(mixer):
    model = small(mixer)
    text = VOCAB.decode(rng(3).integers(0, 6, 1600))
    bits = mc.score(model, text[1:], prime=text[0]).mean()
    assert evaluate(model, text) / np.log(2) == pytest.approx(bits, rel=1e-6)


@mixers
def test_it_learns_and_writes(mixer):
    model = BlockModel(VOCAB, mixer, width=16, blocks=1, heads=2, reach=8, dropout=0.1, seed=1)
    text = "abcde\n" * 300
    optimizer = mc.optim.Adam(model.parameters(), lr=0.01)
    reports = list(mc.train(model, text, 60, batch=8, length=12, optimizer=optimizer))
    assert reports[-1].loss < 0.2 < reports[0].loss  # it starts at about ln 6 = 1.8
    assert mc.sample(model, prime="\n", length=12, temperature=0) == "abcde\nabcde\n"


@mixers
def test_what_learned_line_by_line_writes_and_scores_line_by_line(mixer):
    model, text = small(mixer), "abc\nde\n\nba\n"
    model.lines = True
    _, state = model.step(VOCAB.encode("a")[0])
    fresh, after = (model.step(VOCAB.encode("\n")[0], s)[0] for s in (None, state))
    np.testing.assert_array_equal(after, fresh)
    np.testing.assert_allclose(bits(model, text), mc.score(model, text), rtol=1e-6)


def recalled(model, between, steps):
    """The task of lessons 06 and 15: the share of first letters recalled after so many others."""
    dice, right = rng(), []
    optimizer = mc.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        ids = dice.integers(8, size=(between + 2, 32))
        ids[-1] = 8
        z, _ = model(ids)
        cross_entropy(z[-1], ids[0]).backward()
        mc.optim.clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
        right.append((z.data[-1].argmax(axis=1) == ids[0]).mean())
    return np.mean(right[-20:])


def test_attention_recalls_what_an_lstm_has_forgotten():
    letters = mc.Vocabulary("abcdefgh?")
    block = BlockModel(letters, width=32, blocks=1, heads=1, reach=21)
    assert recalled(block, 20, 300) > 0.9
    assert recalled(mc.CharModel(letters, "lstm", hidden=32), 20, 300) < 0.5


def test_two_mingrus_recall_more_than_one():
    one, two = (BlockModel(mc.Vocabulary("abcdefgh?"), "mingru", 32, n) for n in (1, 2))
    assert recalled(one, 5, 400) < 0.8 and recalled(two, 5, 400) > 0.9


@mixers
def test_the_same_seed_the_same_weights_and_dropout_only_in_training(mixer):
    a, b, c = (small(mixer, seed=seed, dropout=0.5) for seed in (1, 1, 2))
    ids = rng().integers(0, 6, (5, 2))
    assert (a(ids)[0].data == b(ids)[0].data).all() and (a(ids)[0].data != c(ids)[0].data).any()
    assert (a(ids, rng=rng())[0].data != a(ids)[0].data).any()
    assert set(a.parameters()) >= {"embedding.W", "0.norm1.gain", "1.mixer." + mixed(mixer)}


def mixed(mixer):
    return {"attention": "Wqkv", "mingru": "Wxh"}[mixer]


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(ValueError, match="mixer='lstm'"):
        small("lstm")
    with pytest.raises(ValueError, match="heads=3: 8 columns"):
        small(heads=3)
    for none in ("width", "blocks", "heads", "reach"):
        with pytest.raises(ValueError, match="each must be 1 or more"):
            small(**{none: 0})
    with pytest.raises(ValueError, match="time first"):
        small()(np.zeros(3, int))
    with pytest.raises(ValueError, match=r"ids of shape \(1, 2, 3\)"):
        small().step(np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="1 layers for a model of 2"):
        small()(np.zeros((3, 1), int), [()])
    with pytest.raises(ValueError, match="cannot be saved"):
        mc.save_model(tmp_path / "model.npz", small())
    assert list(tmp_path.iterdir()) == []
