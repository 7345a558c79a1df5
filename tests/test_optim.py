import copy
import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import graph, optim
from minichar.graph import Tensor

GOLDEN = json.loads((Path(__file__).parent / "golden" / "solver_rmsprop.json").read_text("utf-8"))
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
OPTIMIZERS = [optim.SGD, optim.Adagrad, optim.RMSProp, optim.Adam]
examples = settings(max_examples=50)


def moved(make, gradients):
    """Where one weight, at 1 to begin with, stands after each of these gradients; lr is 0.1."""
    w, places = Tensor(np.array([1.0]), True), []
    optimizer = make({"w": w}, lr=0.1)
    for g in gradients:
        w.grad = np.array([float(g)])
        optimizer.step()
        places.append(float(w.data[0]))
    return places


# --- one step after the other, by hand


def test_sgd():
    # 1 - 0.1 · 2, then + 0.1 · 1
    np.testing.assert_allclose(moved(optim.SGD, [2, -1]), [0.8, 0.9], rtol=1e-14)


def test_momentum():
    # v = 2;  v = 0.5 · 2 - 1 = 0;  v = 0.5 · 0 + 3 = 3;  v = 0.5 · 3 + 0 = 1.5
    def make(parameters, lr):
        return optim.SGD(parameters, lr, momentum=0.5)

    np.testing.assert_allclose(moved(make, [2, -1, 3, 0]), [0.8, 0.8, 0.5, 0.35], rtol=1e-14)


def test_adagrad():
    # m = 4, √(4 + 5) = 3: 1 - 0.1 · 2 / 3;  m = 4 + 16 = 20, √25 = 5: + 0.1 · 4 / 5
    def make(parameters, lr):
        return optim.Adagrad(parameters, lr, eps=5)

    first = 1 - 0.2 / 3
    np.testing.assert_allclose(moved(make, [2, -4]), [first, first + 0.08], rtol=1e-14)


def test_rmsprop():
    # m = 0.25 · 4 = 1, √(1 + 3) = 2: 1 - 0.1 · 2 / 2;  m = 0.75 + 0.25 = 1: + 0.1 · 1 / 2
    def make(parameters, lr):
        return optim.RMSProp(parameters, lr, decay=0.75, eps=3)

    np.testing.assert_allclose(moved(make, [2, -1]), [0.9, 0.95], rtol=1e-14)


def test_rmsprop_clips_the_move_and_not_what_it_remembers():
    # m = 1 as before, from g = 2; the move has 0.5 in its place: 1 - 0.1 · 0.5 / 2
    # m = 1, from g = -1; the move has -0.5: + 0.1 · 0.5 / 2.
    def make(parameters, lr):
        return optim.RMSProp(parameters, lr, decay=0.75, eps=3, clip=0.5)

    np.testing.assert_allclose(moved(make, [2, -1]), [0.975, 1], rtol=1e-14)


def test_rmsprop_weight_decay_is_a_share_of_the_weight_whatever_the_rate():
    # 1 - 0.1 - 0.2 · 1 = 0.7;  0.7 + 0.05 - 0.2 · 0.7 = 0.61
    def make(parameters, lr):
        return optim.RMSProp(parameters, lr, decay=0.75, eps=3, weight_decay=0.2)

    np.testing.assert_allclose(moved(make, [2, -1]), [0.7, 0.61], rtol=1e-14)


def test_adam():
    # Corrected m, v: m = 1 / 0.5 = 2, v = 1 / 0.25 = 4, so 1 - 0.1 · 2 / (√4 + 1).
    # Then m = 0.5 · 1 - 0.5 = 0: it stays.  Then m = 1.5 / 0.875 = 12/7, and
    # v = (0.75 · (0.75 + 0.25) + 0.25 · 9) / (1 - 0.75³) = 3 · 64 / 37.
    def make(parameters, lr):
        return optim.Adam(parameters, lr, beta1=0.5, beta2=0.75, eps=1)

    first = 1 - 0.2 / 3
    third = first - 0.1 * (12 / 7) / (math.sqrt(192 / 37) + 1)
    np.testing.assert_allclose(moved(make, [2, -1, 3]), [first, first, third], rtol=1e-14)


def test_the_settings_unless_told_otherwise_are_those_in_use():
    """Two steps tell what is remembered, and one with a gradient as small as eps tells eps."""
    # Adam: m = 0.9 · 0.2 - 0.1, v = 0.999 · 0.004 + 0.001, corrected by 1 - 0.9² and 1 - 0.999².
    second = 0.9 - 0.1 * (0.08 / 0.19) / math.sqrt(0.004996 / 0.001999)
    np.testing.assert_allclose(moved(optim.Adam, [2, -1]), [0.9, second], rtol=1e-7)
    np.testing.assert_allclose(moved(optim.Adam, [1e-8]), 1 - 0.1 / 2, rtol=1e-9)
    # RMSProp: m = 0.05 · 4 = 0.2, then 0.95 · 0.2 + 0.05 · 1 = 0.24.
    first = 1 - 0.2 / math.sqrt(0.2)
    expected = [first, first + 0.1 / math.sqrt(0.24)]
    np.testing.assert_allclose(moved(optim.RMSProp, [2, -1]), expected, rtol=1e-12)
    np.testing.assert_allclose(moved(optim.RMSProp, [1e-8]), 1 - 0.1 / math.sqrt(1.05), rtol=1e-9)
    # Adagrad: m = g² = eps.
    np.testing.assert_allclose(moved(optim.Adagrad, [1e-4]), 1 - 0.1 / math.sqrt(2), rtol=1e-9)
    rates = [kind({}).lr for kind in (optim.Adagrad, optim.RMSProp, optim.Adam)]
    assert rates == [0.1, 0.002, 0.002]


@given(st.floats(1e-3, 1e3), st.booleans())
@examples
def test_the_first_step_of_adam_is_the_learning_rate_long(size, up):
    (after,) = moved(optim.Adam, [-size if up else size])
    np.testing.assert_allclose(after, 1.1 if up else 0.9, rtol=1e-4)


# --- recurrentjs


def parameters_of(theirs):
    return {name: Tensor(np.array(rows, float), True) for name, rows in theirs.items()}


def assert_as_recurrentjs(optimizer, expected):
    for name, w in optimizer.parameters.items():
        np.testing.assert_allclose(w.data, expected["params"][name], err_msg=name, **CLOSE)
        m = optimizer.state[name]["m"]
        np.testing.assert_allclose(m, expected["step_cache"][name], err_msg=name, **CLOSE)
        assert w.grad is None


def clipped_share(parameters, limit):
    """What clip_by_value says, without clipping anything."""
    copies = {name: Tensor(w.data) for name, w in parameters.items()}
    for name, w in parameters.items():
        copies[name].grad = w.grad
    return optim.clip_by_value(copies, limit)


@pytest.mark.parametrize("scenario", GOLDEN["scenarios"], ids=lambda scenario: scenario["name"])
def test_the_solver_of_recurrentjs(scenario):
    parameters, clip = parameters_of(scenario["initial"]), scenario["clipval"]
    optimizer = optim.RMSProp(
        parameters,
        lr=scenario["step_size"],
        decay=scenario["decay_rate"],
        eps=scenario["smooth_eps"],
        clip=clip,
        weight_decay=scenario["regc"],
    )
    for step in scenario["steps"]:
        for name, w in parameters.items():
            w.grad = np.array(step["grads_in"][name], float)
        share = clipped_share(parameters, clip)
        assert share == pytest.approx(step["stats"]["ratio_clipped"], abs=1e-12)
        optimizer.step()
        assert_as_recurrentjs(optimizer, step)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rmsprop_moves_as_far_for_small_gradients_as_for_large_ones(dtype):
    """Those of a mean over 2,500 predictions are often about 1e-5."""
    moved = []
    for size in (1.0, 1e-5):
        w = Tensor(np.zeros(1, dtype), True)
        optimizer = optim.RMSProp({"w": w}, lr=0.1)
        for g in (1.0, -2.0, 0.5):
            w.grad = np.array([g * size], dtype)
            optimizer.step()
        moved.append(float(w.data[0]))
    assert moved[1] == pytest.approx(moved[0], rel=0.01)


def hello_cost(P):
    """The demo's cost of "hello!" by its LSTM, in its own layout: columns, and gates i, f, o, c."""
    h, c, cost = np.zeros((3, 1)), np.zeros((3, 1)), 0.0
    ids = [0, 1, 2, 3, 3, 4, 5, 0]
    for source, target in zip(ids[:-1], ids[1:], strict=True):
        x = graph.embedding(P["Wil"], source).reshape(-1, 1)
        a = {k: P[f"W{k}x0"] @ x + P[f"W{k}h0"] @ h + P[f"b{k}0"] for k in "ifoc"}
        c = a["f"].sigmoid() * c + a["i"].sigmoid() * a["c"].tanh()
        h = a["o"].sigmoid() * c.tanh()
        z = P["Whd"] @ h + P["bd"]
        cost = cost + graph.cross_entropy(z.reshape(-1), target)
    return cost


def test_five_steps_of_recurrentjs_in_earnest():
    training = GOLDEN["training"]
    parameters, clip = parameters_of(training["initial"]), training["clipval"]
    optimizer = optim.RMSProp(
        parameters, training["step_size"], 0.999, 1e-8, clip, weight_decay=training["regc"]
    )
    for step in training["steps"]:
        cost = hello_cost(parameters)
        np.testing.assert_allclose(cost.data, step["cost_before"], **CLOSE)
        cost.backward()
        share = clipped_share(parameters, clip)
        assert share == pytest.approx(step["stats"]["ratio_clipped"], abs=1e-12)
        optimizer.step()
        assert_as_recurrentjs(optimizer, step)


# --- what all of them have in common


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_moves_the_arrays_themselves_and_forgets_the_gradient(optimizer, dtype):
    data = np.ones((2, 3), dtype)
    w = Tensor(data, True)
    o = optimizer({"w": w}, lr=np.float64(0.1))
    for step in (1, 2):
        w.grad = np.full((2, 3), 0.5, dtype)
        before = data.copy()
        o.step()
        assert w.data is data and w.grad is None and o.steps == step
        assert (data < before).all()
        assert {a.dtype for a in (w.data, *o.state["w"].values())} == {np.dtype(dtype)}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_rate_of_numpy_is_a_rate_like_any_other(optimizer):
    """Bit for bit: it must not make the steps of float32 weights float64 on the way."""
    found = []
    for lr in (0.1, np.float64(0.1)):
        w, rng = Tensor(np.ones(1000, np.float32), True), np.random.default_rng(0)
        o = optimizer({"w": w}, lr)
        for _ in range(3):
            w.grad = rng.standard_normal(1000).astype(np.float32)
            o.step()
        found.append(w.data)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_parameter_without_a_gradient_is_left_alone(optimizer):
    a, b = Tensor(np.ones(2), True), Tensor(np.ones(2), True)
    o = optimizer({"a": a, "b": b}, lr=0.1)
    a.grad, b.grad = np.ones(2), np.ones(2)
    o.step()
    b_before, b_state = b.data.copy(), {k: v.copy() for k, v in o.state["b"].items()}
    a.grad = np.ones(2)
    o.step()
    assert (a.data != b.data).any() and (b.data == b_before).all()
    for kept, array in o.state["b"].items():
        np.testing.assert_array_equal(array, b_state[kept])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_parameters_do_not_see_each_other(optimizer):
    a, b = Tensor(np.ones(2), True), Tensor(np.ones(2), True)
    together, alone = optimizer({"a": a, "b": b}, lr=0.1), Tensor(np.ones(2), True)
    one = optimizer({"a": alone}, lr=0.1)
    for g in ([1.0, -3], [0.5, 2]):
        a.grad, alone.grad, b.grad = np.array(g), np.array(g), np.array([1e6, -1e6])
        together.step(), one.step()
    np.testing.assert_array_equal(a.data, alone.data)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_bit_for_bit_the_same_in_pieces_together_and_alone(optimizer, monkeypatch):
    monkeypatch.setattr(optim, "SOME", 7)  # so a piece ends within a matrix, and goes on into b
    rng, shapes = np.random.default_rng(0), {"a": (5, 4), "b": (3,), "c": (2, 3)}
    kinds = {"a": "float32", "b": "float32", "c": "float32"}
    for kinds["c"] in ("float32", "float64"):  # types that differ cannot lie in one array
        start = {n: rng.standard_normal(s).astype(kinds[n]) for n, s in shapes.items()}
        together = {n: Tensor(a.copy(), True) for n, a in start.items()}
        alone = {n: Tensor(a.copy(), True) for n, a in start.items()}
        one, each = (
            optimizer(together, lr=0.1),
            [optimizer({n: w}, lr=0.1) for n, w in alone.items()],
        )
        for missing in ("", "b", ""):
            for n, s in shapes.items():
                if n != missing:
                    together[n].grad = rng.standard_normal(s).astype(kinds[n])
                    alone[n].grad = together[n].grad.copy()
            one.step(), [o.step() for o in each]
        for n in shapes:
            np.testing.assert_array_equal(together[n].data, alone[n].data)
            assert together[n].dtype == kinds[n] and (together[n].data != start[n]).all()


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_copy_shows_in_its_state_what_it_remembers(optimizer, again):
    o = optimizer({"w": Tensor(np.ones(2), True), "b": Tensor(np.ones((2, 3)), True)}, lr=0.1)
    other = again(o)
    for one in (o, again(other)):
        for w in one.parameters.values():
            w.data[...], w.grad = 1, np.full(w.shape, 2.0)
        one.step()
        for group, memory in one._groups:
            for kept, flat in memory.items():
                shown = [one.state[name][kept].ravel() for name in group]
                assert flat.all() and flat.tolist() == np.concatenate(shown).tolist()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_at_a_rate_of_0_nothing_moves_and_the_rate_may_be_changed_at_any_time(optimizer):
    w = Tensor(np.ones(2), True)
    o = optimizer({"w": w}, lr=0)
    w.grad = np.ones(2)
    o.step()
    assert w.data.tolist() == [1, 1]
    o.lr = 0.1
    w.grad = np.ones(2)
    o.step()
    assert (w.data < 1).all()


@pytest.mark.parametrize("lr", [-0.1, math.inf, math.nan])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_rate_that_makes_no_sense_is_refused(optimizer, lr):
    with pytest.raises(ValueError, match="learning rate"):
        optimizer({}, lr=lr)


# --- rates that change


def test_exponential():
    schedule = optim.exponential(0.5, every=10, after=100)
    places = [0, 99, 100, 109, 110, 119, 120, 130]
    assert [schedule(step) for step in places] == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.125]
    assert [optim.exponential(0.1, every=1)(step) for step in (0, 1)] == [1, 0.1]


def test_cosine():
    schedule = optim.cosine(100, warmup=20, last=0.2)
    assert [schedule(step) for step in (0, 9, 19, 20)] == [1 / 20, 0.5, 1, 1]
    assert schedule(60) == pytest.approx(0.6)  # half way between 1 and 0.2
    assert schedule(40) == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)
    assert schedule(100) == schedule(1000) == pytest.approx(0.2)
    factors = [schedule(step) for step in range(20, 101)]
    assert all(a > b for a, b in zip(factors[:-1], factors[1:], strict=True))
    assert type(schedule(50)) is float  # one of numpy's would make float32 weights slow


def test_cosine_without_warmup_and_with_nothing_but_warmup():
    assert [optim.cosine(10)(step) for step in (0, 5, 10)] == [1, *map(pytest.approx, (0.55, 0.1))]
    assert [optim.cosine(4, warmup=4)(step) for step in (0, 3, 4)] == [0.25, 1, 1]
    assert [optim.cosine(5, warmup=4)(step) for step in (4, 5)] == [1, pytest.approx(0.1)]
