"""The cells of layers.py and of fused.py against known numbers, and the layers around them."""

import json
from pathlib import Path

import numpy as np
import pytest

from minichar import fused, graph, layers
from minichar.graph import Tensor

CLOSE = {"rtol": 1e-9, "atol": 1e-12}
both = pytest.mark.parametrize("module", [layers, fused], ids=["layers", "fused"])
kinds = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])


def rng(seed=0):
    return np.random.default_rng(seed)


# --- cells, by hand


@both
def test_rnn_by_hand(module):
    """Two steps of one neuron: h = tanh(2 · 0.5 - 0.5) = tanh 0.5, then tanh(1 + 3 h - 0.5)."""
    cell = module.RNN(1, 1, rng(), "float64")
    for name, value in {"Wxh": 2, "Whh": 3, "bh": -0.5}.items():
        cell.parameters[name].data[...] = value
    y, (h,) = cell(Tensor(np.array([[[0.5]], [[0.5]]])))
    first = np.tanh(0.5)
    np.testing.assert_allclose(y.data.ravel(), [first, np.tanh(0.5 + 3 * first)], rtol=1e-15)
    assert h == y.data[-1]


@both
def test_relu_in_an_rnn_by_hand(module):
    """h = max(0, x + 2 h - 1): 3 gives 2, then -9 gives max(0, -6), then 3 gives 2 again."""
    cell = module.RNN(1, 1, rng(), "float64", activation="relu")
    for name, value in {"Wxh": 1, "Whh": 2, "bh": -1}.items():
        cell.parameters[name].data[...] = value
    y, _ = cell(Tensor(np.array([3.0, -9, 3]).reshape(3, 1, 1)))
    assert y.data.ravel().tolist() == [2, 0, 2]


def lstm_with_biases(module, o, i, f, g):
    cell = module.LSTM(1, 1, rng(), "float64")
    for name in ("Wxh", "Whh"):
        cell.parameters[name].data[...] = 0
    cell.parameters["bh"].data[...] = [o, i, f, g]
    return cell


@both
def test_the_four_gates_of_an_lstm_each_do_their_part(module):
    x, start = Tensor(np.zeros((1, 1, 1))), (np.zeros((1, 1)), np.full((1, 1), 0.4))
    far = 50  # a sigmoid of ±50 is 1 or 0
    _, (h, c) = lstm_with_biases(module, far, -far, far, far)(x, start)
    np.testing.assert_allclose([h, c], [np.tanh([[0.4]]), [[0.4]]])  # it keeps c, and shows it
    _, (h, c) = lstm_with_biases(module, -far, -far, far, far)(x, start)
    np.testing.assert_allclose([h, c], [[[0]], [[0.4]]], atol=1e-12)  # it keeps c to itself
    _, (h, c) = lstm_with_biases(module, far, far, -far, 0.3)(x, start)
    np.testing.assert_allclose(c, np.tanh([[0.3]]))  # it takes the new for the old
    _, (h, c) = lstm_with_biases(module, 0, 0, 0, 0.3)(x, start)
    np.testing.assert_allclose(c, [[0.2 + 0.5 * np.tanh(0.3)]])  # half of each
    np.testing.assert_allclose(h, 0.5 * np.tanh(c))


@both
def test_an_open_forget_gate_keeps_the_cell_for_a_hundred_steps(module):
    cell = lstm_with_biases(module, 0, -50, 50, 1)
    start = (np.zeros((1, 1)), np.full((1, 1), 0.7))
    _, (_, c) = cell(Tensor(rng().standard_normal((100, 1, 1))), start)
    np.testing.assert_allclose(c, 0.7, rtol=1e-12)


@both
def test_the_gates_of_a_gru_each_do_their_part(module):
    def after(r, u, n, bn, Whn, h):
        cell = module.GRU(1, 1, rng(), "float64")
        cell.parameters["Wxh"].data[...] = 0
        cell.parameters["Whh"].data[...] = [[0, 0, Whn]]
        cell.parameters["bh"].data[...] = [r, u, n]
        cell.parameters["bn"].data[...] = bn
        return float(cell(Tensor(np.zeros((1, 1, 1))), (np.full((1, 1), h),))[1][0][0, 0])

    far = 50
    assert after(0, far, 3, 3, 3, 0.4) == pytest.approx(0.4)  # u open: h stays
    assert after(-far, -far, 0.3, 3, 3, 0.4) == pytest.approx(np.tanh(0.3))  # r shut: h forgotten
    # r open: the reset multiplies the whole of (h Whn + bn), its bias with it.
    assert after(far, -far, 0.3, 0.2, 2, 0.4) == pytest.approx(np.tanh(0.3 + 2 * 0.4 + 0.2))
    assert after(0, -far, 0.3, 0.2, 2, 0.4) == pytest.approx(np.tanh(0.3 + 0.5 * (2 * 0.4 + 0.2)))
    n = np.tanh(0.3 + 0.5 * 0.2)
    assert after(0, 0, 0.3, 0.2, 0, 0.4) == pytest.approx(0.5 * n + 0.5 * 0.4)  # half of each


# --- recurrentjs: "hello!" by a network of 3 neurons


def golden(name):
    return json.loads((Path(__file__).parent / "golden" / name).read_text("utf-8"))


CASES = [
    pytest.param(golden(file), case, id=f"{file[:4].strip('_')} {case}")
    for file in ("rnn_h3.json", "lstm_h3.json")
    for case in golden(file)["cases"]
]


def ours(theirs, generator):
    """Their matrices, or the gradients by them, as ours: transposed, and the gates in one."""
    M = {name: np.array(rows).T for name, rows in theirs.items()}
    if generator == "rnn":
        return {"Wxh": M["Wxh0"], "Whh": M["Whh0"], "bh": M["bhh0"][0]}
    gates = "oifc"  # theirs are i, f, o, c, and what they call c is our g
    return {
        "Wxh": np.hstack([M[f"W{k}x0"] for k in gates]),
        "Whh": np.hstack([M[f"W{k}h0"] for k in gates]),
        "bh": np.hstack([M[f"b{k}0"][0] for k in gates]),
    }


def golden_cell(module, file):
    if file["generator"] == "rnn":
        cell = module.RNN(2, 3, rng(), "float64", activation="relu")
    else:
        cell = module.LSTM(2, 3, rng(), "float64")
    for name, value in ours(file["weights"], file["generator"]).items():
        assert cell.parameters[name].shape == value.shape
        cell.parameters[name].data[...] = value
    return cell


def golden_input(file, case):
    """The embedding Wil, and x (T, 1, 2)."""
    Wil = Tensor(np.array(file["weights"]["Wil"]), True)
    if "raw_inputs" in case:
        return Wil, Tensor(np.array(case["raw_inputs"])[:, None], True)
    return Wil, graph.embedding(Wil, np.array(case["sources"])[:, None])


@both
@pytest.mark.parametrize("file, case", CASES)
def test_recurrentjs_reads_hello(module, file, case):
    case, weights = file["cases"][case], file["weights"]
    cell, (Wil, x) = golden_cell(module, file), golden_input(file, case)
    W, b = Tensor(np.array(weights["Whd"]).T, True), Tensor(np.array(weights["bd"])[:, 0], True)
    y, state = cell(x)
    z = y @ W + b
    loss = graph.cross_entropy(z, np.array(case["targets"])[:, None]) * case["n_predictions"]

    def of_each_step(key):
        return np.array([step[key] for step in case["steps"]]).reshape(len(case["steps"]), 1, -1)

    np.testing.assert_allclose(x.data, of_each_step("x"), **CLOSE)
    np.testing.assert_allclose(y.data, of_each_step("h"), **CLOSE)
    np.testing.assert_allclose(z.data, of_each_step("logits"), **CLOSE)
    np.testing.assert_allclose(graph.softmax(z).data, of_each_step("probs"), **CLOSE)
    np.testing.assert_allclose(state[0], of_each_step("h")[-1], **CLOSE)
    if file["generator"] == "lstm":
        np.testing.assert_allclose(state[1], of_each_step("c")[-1], **CLOSE)
    np.testing.assert_allclose(loss.data, case["cost_nats"], **CLOSE)
    mean = float(loss.data) / case["n_predictions"]
    np.testing.assert_allclose(np.exp(mean), case["perplexity_true"], **CLOSE)

    loss.backward(keep=True)
    np.testing.assert_allclose(z.grad, of_each_step("dlogits"), **CLOSE)
    np.testing.assert_allclose(x.grad, of_each_step("dx"), **CLOSE)
    for name, grad in ours(case["grads"], file["generator"]).items():
        np.testing.assert_allclose(cell.parameters[name].grad, grad, **CLOSE)
    np.testing.assert_allclose(W.grad.T, case["grads"]["Whd"], **CLOSE)
    np.testing.assert_allclose(b.grad[:, None], case["grads"]["bd"], **CLOSE)
    if "Wil" in case["grads"]:
        np.testing.assert_allclose(Wil.grad, case["grads"]["Wil"], **CLOSE)
    else:
        assert Wil.grad is None


@both
@pytest.mark.parametrize("file, case", CASES)
def test_recurrentjs_state_after_every_step(module, file, case):
    cell, (_, x) = golden_cell(module, file), golden_input(file, file["cases"][case])
    state = None
    for t, step in enumerate(file["cases"][case]["steps"]):
        _, state = cell(Tensor(x.data[t : t + 1]), state)
        np.testing.assert_allclose(state[0], step["h"], **CLOSE)
        if file["generator"] == "lstm":
            np.testing.assert_allclose(state[1], step["c"], **CLOSE)


@pytest.mark.parametrize("file, case", CASES)
def test_recurrentjs_gradients_by_every_state(file, case, monkeypatch):
    """What reaches h and c at every step, from above and from later; only layers.py has them."""
    kept, case, weights = [], file["cases"][case], file["weights"]
    cell, (_, x) = golden_cell(layers, file), golden_input(file, case)
    step = cell.step
    monkeypatch.setattr(cell, "step", lambda *args: kept.append(step(*args)) or kept[-1])
    z = cell(x)[0] @ np.array(weights["Whd"]).T + np.array(weights["bd"])[:, 0]
    loss = graph.cross_entropy(z, np.array(case["targets"])[:, None]) * case["n_predictions"]
    loss.backward(keep=True)
    for now, expected in zip(kept, case["steps"], strict=True):
        np.testing.assert_allclose(now[0].grad, expected["dh"], **CLOSE)
        if len(now) == 2:
            np.testing.assert_allclose(now[1].grad, expected["dc"], **CLOSE)


# --- what all cells have in common


@both
@kinds
def test_a_text_in_two_pieces_with_carried_state_is_the_text_whole(module, kind):
    cell, ids = getattr(module, kind)(5, 4, rng(), "float64"), rng(1).integers(0, 5, (9, 3))
    whole, end = cell(ids)
    first, state = cell(ids[:4])
    second, after = cell(ids[4:], state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole.data, rtol=1e-12)
    for a, b in zip(after, end, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    forgotten, _ = cell(ids[4:])
    assert abs(forgotten.data - whole.data[4:]).max() > 1e-3


@both
@kinds
def test_texts_side_by_side_do_not_touch_each_other(module, kind):
    cell, ids = getattr(module, kind)(5, 4, rng(), "float64"), rng(1).integers(0, 5, (6, 3))
    together, end = cell(ids)
    for b in range(3):
        alone, last = cell(ids[:, b : b + 1])
        np.testing.assert_allclose(alone.data, together.data[:, b : b + 1], rtol=1e-12)
        np.testing.assert_allclose(last[0], end[0][b : b + 1], rtol=1e-12)


@both
@kinds
def test_numbers_stand_for_one_hot_rows(module, kind):
    cell, ids = getattr(module, kind)(5, 4, rng(), "float64"), rng(1).integers(0, 5, (6, 3))
    grads = []
    for x in (ids, Tensor(np.eye(5)[ids])):
        y, _ = cell(x)
        (y * y).sum().backward()
        grads.append({name: w.grad for name, w in cell.parameters.items()} | {"y": y.data})
        for w in cell.parameters.values():
            w.grad = None
    for name in grads[0]:
        np.testing.assert_allclose(grads[0][name], grads[1][name], **CLOSE)


@both
@kinds
def test_the_forget_gate_of_an_lstm_starts_open_and_all_other_biases_at_0(module, kind):
    cell = getattr(module, kind)(3, 4, rng())
    biases = {name: w.data for name, w in cell.parameters.items() if name[0] == "b"}
    if kind == "LSTM":
        assert biases["bh"][8:12].tolist() == [1] * 4
        biases["bh"][8:12] = 0
    assert all((b == 0).all() for b in biases.values())


@both
@kinds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_types(module, kind, dtype):
    cell = getattr(module, kind)(3, 4, rng(), dtype)
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind]
    shapes = {name: w.shape for name, w in cell.parameters.items()}
    expected = {"Wxh": (3, 4 * gates), "Whh": (4, 4 * gates), "bh": (4 * gates,)}
    assert shapes == expected | ({"bn": (4,)} if kind == "GRU" else {})
    y, state = cell(np.zeros((2, 5), int))
    assert y.shape == (2, 5, 4) and [s.shape for s in state] == [(5, 4)] * (1 + (kind == "LSTM"))
    assert {y.dtype, *(s.dtype for s in state)} == {np.dtype(dtype)}
    y.sum().backward()
    assert {w.grad.dtype for w in cell.parameters.values()} == {np.dtype(dtype)}
    assert all(type(s) is np.ndarray for s in state)


@both
@kinds
def test_weights_are_drawn_evenly_and_by_the_generator_alone(module, kind):
    a, b, c = (getattr(module, kind)(30, 25, rng(seed), "float64") for seed in (1, 1, 2))
    for name in ("Wxh", "Whh"):
        W = a.parameters[name].data
        assert (b.parameters[name].data == W).all() and (c.parameters[name].data != W).any()
        assert abs(W).max() <= 1 / 5 and abs(W).max() > 0.19
        assert W.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.1)


@both
@kinds
def test_a_state_that_does_not_fit_is_refused(module, kind):
    cell, ids = getattr(module, kind)(3, 4, rng(), "float64"), np.zeros((2, 5), int)
    good = cell.start(5)
    wrong = [cell.start(1), cell.start(6), (*good, good[0]), good[:-1], good[0]]
    wrong.append(tuple(s[:, :3] for s in good))
    for state in wrong:
        with pytest.raises(ValueError, match=r"state has shapes .*\(5, 4\)"):
            cell(ids, state)


@both
@kinds
def test_an_input_that_does_not_fit_is_refused(module, kind):
    cell = getattr(module, kind)(6, 4, rng(), "float64")
    with pytest.raises(ValueError, match=r"\(4, 3, 2\) and \(6, \d+\)"):
        cell(Tensor(np.zeros((4, 3, 2))))
    for ids in ([[6]], [[-1]]):
        with pytest.raises(ValueError, match="run from 0 to 5"):
            cell(np.array(ids))
    with pytest.raises(ValueError, match="whole numbers"):
        cell(np.zeros((4, 3, 6)))  # numbers, but not said to be a Tensor
    for x in ([0, 1], [[[0], [1]]], Tensor(np.zeros((2, 6)))):  # B left out, or an axis too many
        with pytest.raises(ValueError, match=r"reads x \(T, B, D\)"):
            cell(x)


def test_an_rnn_has_tanh_or_relu():
    with pytest.raises(ValueError, match="'sigmoid'"):
        layers.RNN(1, 1, rng(), activation="sigmoid")


# --- the layers around the cells


def test_linear():
    linear = layers.Linear(3, 2, rng(), "float64")
    W, b = linear.parameters["W"], linear.parameters["b"]
    b.data[...] = [0.5, -0.5]
    x = rng(1).standard_normal((4, 5, 3))
    np.testing.assert_allclose(linear(Tensor(x)).data, x @ W.data + [0.5, -0.5], rtol=1e-12)
    np.testing.assert_array_equal(linear(np.array([2, 0])).data, W.data[[2, 0]] + [0.5, -0.5])
    assert abs(layers.Linear(100, 50, rng()).parameters["W"].data).max() <= np.float32(0.1)


def test_embedding():
    embedding = layers.Embedding(4, 3, rng(), "float32")
    W = embedding.parameters["W"]
    assert W.shape == (4, 3) and W.dtype == np.float32
    rows = embedding(np.array([[1, 3], [1, 1]]))
    np.testing.assert_array_equal(rows.data, W.data[[[1, 3], [1, 1]]])
    rows.sum().backward()
    assert W.grad.tolist() == [[0] * 3, [3] * 3, [0] * 3, [1] * 3]


def test_dropout_keeps_the_mean_and_drops_its_share():
    p, x = 0.3, Tensor(np.ones((200, 300)), True)
    y = layers.Dropout(p)(x, rng())
    values = np.unique(y.data)
    np.testing.assert_allclose(values, [0, 1 / 0.7], rtol=1e-6)
    share, sd = (y.data == 0).mean(), np.sqrt(p * (1 - p) / y.data.size)
    assert abs(share - p) < 5 * sd
    assert abs(y.data.mean() - 1) < 5 * sd / (1 - p)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)  # the same numbers dropped on the way back


def test_dropout_only_with_a_generator():
    x = Tensor(np.ones((3, 4), np.float32))
    assert layers.Dropout(0.5)(x, None) is x
    generator = rng(5)
    assert layers.Dropout(0.0)(x, generator) is x
    assert generator.random() == rng(5).random()  # nothing was drawn
    a, b, c = (layers.Dropout(0.5)(x, rng(seed)).data for seed in (1, 1, 2))
    assert (a == b).all() and (a != c).any() and a.dtype == np.float32


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan"), None, "0.1"])
def test_a_share_to_drop_is_from_0_to_below_1(p):
    with pytest.raises(ValueError, match="share to drop"):
        layers.Dropout(p)
