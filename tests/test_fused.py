"""The fast cells: the same as the readable ones and as PyTorch's, and on arrays of their own.

All of it for fused.py, and where numba is installed for fast.py too.
"""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import fused, layers
from minichar.graph import Tensor, no_grad

KINDS = {
    "rnn": ("RNN", {}),
    "relu": ("RNN", {"activation": "relu"}),
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
}
kinds = pytest.mark.parametrize("kind", KINDS)
HAVE_NUMBA = importlib.util.find_spec("numba") is not None
if HAVE_NUMBA:
    from minichar import fast
needs_numba = pytest.mark.skipif(not HAVE_NUMBA, reason="runs with: pip install '.[fast]'")
FAST = pytest.param(HAVE_NUMBA and fast, id="fast", marks=needs_numba)
quick = pytest.mark.parametrize("quick", [pytest.param(fused, id="fused"), FAST])
modules = pytest.mark.parametrize(
    "module", [pytest.param(layers, id="layers"), pytest.param(fused, id="fused"), FAST]
)


def cell_of(module, kind, D, H, dtype="float64", seed=0):
    """A cell with weights and biases all over the place, so that no term is 0 by chance."""
    name, settings_ = KINDS[kind]
    cell, rng = (
        getattr(module, name)(D, H, np.random.default_rng(0), dtype, **settings_),
        np.random.default_rng(seed),
    )
    for w in cell.parameters.values():
        w.data[...] = rng.uniform(-1, 1, w.shape)
    return cell


def read(cell, x, state=None, weight_seed=1):
    """Everything that comes out of one reading, and every gradient, by name."""
    for w in cell.parameters.values():
        w.grad = None
    y, after = cell(x, state)
    y.backward(np.random.default_rng(weight_seed).standard_normal(y.shape))
    out = {"y": y.data} | {f"state {k}": s for k, s in enumerate(after)}
    out |= {f"d{name}": w.grad for name, w in cell.parameters.items()}
    if isinstance(x, Tensor):
        out["dx"], x.grad = x.grad, None
    return out


def assert_same(a, b, **tolerance):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], err_msg=name, **tolerance)


# --- equal to layers.py

size = st.integers(1, 5)


@quick
@kinds
@given(
    T=st.integers(1, 7),
    B=size,
    D=size,
    H=size,
    numbers=st.booleans(),
    from_start=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_fused_is_layers_in_every_value_and_gradient(
    quick, kind, T, B, D, H, numbers, from_start, seed
):
    rng = np.random.default_rng(seed)
    slow, swift = (cell_of(module, kind, D, H, seed=seed) for module in (layers, quick))
    x = rng.integers(0, D, (T, B)) if numbers else rng.standard_normal((T, B, D))
    state = None if from_start else tuple(rng.standard_normal(s.shape) for s in slow.start(B))
    given_ = [x, *(state or ()), *(w.data for w in (*slow.parameters.values(),))]
    given_ += [w.data for w in swift.parameters.values()]
    for array in given_:
        array.flags.writeable = False  # whoever writes into an input is found out
    inputs = [x if numbers else Tensor(x, True) for _ in range(2)]
    assert_same(read(swift, inputs[0], state), read(slow, inputs[1], state), rtol=1e-9, atol=1e-11)


@quick
@kinds
@pytest.mark.parametrize("B", [1, 4])
def test_in_float32_too(quick, kind, B):
    slow, swift = (cell_of(module, kind, 6, 8, "float32") for module in (layers, quick))
    x = np.random.default_rng(2).integers(0, 6, (20, B))
    a, b = read(swift, x), read(slow, x)
    assert {v.dtype for v in a.values()} == {v.dtype for v in b.values()} == {np.dtype("float32")}
    assert_same(a, b, rtol=1e-3, atol=1e-4)


@kinds
@pytest.mark.parametrize("some", [0, 40, 100])  # numbers: one step, a few, and a rest
def test_the_way_back_in_pieces_is_the_whole(kind, some, monkeypatch):
    cell, x = cell_of(fused, kind, 3, 4), Tensor(np.random.default_rng(4).random((7, 2, 3)), True)
    whole = read(cell, x)
    monkeypatch.setattr(fused, "SOME", some)
    assert_same(read(cell, x), whole, rtol=1e-12)


@quick
@kinds
def test_a_gradient_that_only_reaches_one_step(quick, kind):
    """The last step alone, or the first, is asked about: nothing leaks in from the others."""
    slow, swift = (cell_of(module, kind, 3, 4) for module in (layers, quick))
    x = np.random.default_rng(2).standard_normal((5, 2, 3))
    for t in (0, 2, 4):
        found = []
        for cell in (slow, swift):
            tensor = Tensor(x, True)
            cell(tensor)[0][t].sum().backward()
            found.append(tensor.grad)
            assert (tensor.grad[t + 1 :] == 0).all() and (tensor.grad[: t + 1] != 0).any()
        np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-12)


@quick
@kinds
def test_a_stack_of_two_sends_gradients_through_both(quick, kind):
    ids, found = np.random.default_rng(2).integers(0, 3, (5, 2)), []
    for module in (layers, quick):
        first, second = cell_of(module, kind, 3, 4), cell_of(module, kind, 4, 2, seed=5)
        y, _ = second(first(ids)[0])
        (y * y).sum().backward()
        found.append([w.grad for c in (first, second) for w in c.parameters.values()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@quick
@kinds
def test_without_a_graph_the_numbers_are_the_same(quick, kind):
    cell, x = cell_of(quick, kind, 3, 4), np.array([[0, 1], [2, 2]])
    y, state = cell(x)
    with no_grad():
        quiet, after = cell(x)
    assert not quiet.requires_grad and (quiet.data == y.data).all()
    assert all((a == b).all() for a, b in zip(after, state, strict=True))


# --- nothing is shared with what a caller holds


@modules
@pytest.mark.parametrize("numbers", [True, False])
@kinds
def test_results_stay_as_they_are_whatever_comes_after(module, numbers, kind):
    rng, cell = np.random.default_rng(3), cell_of(module, kind, 3, 4)
    xs = [
        rng.integers(0, 3, (5, 2)) if numbers else Tensor(rng.standard_normal((5, 2, 3)), True)
        for _ in range(2)
    ]
    alone = read(cell, xs[0], weight_seed=7)
    for w in cell.parameters.values():
        w.grad = None

    y, state = cell(xs[0])
    kept = [a.copy() for a in (y.data, *state)]
    other, after = cell(xs[1], state)  # goes on from the state of the first,
    other.sum().backward()  # and back, before the first one does
    for w in cell.parameters.values():
        w.grad = None
    for array in (*after, *state):
        array[...] = 99  # whoever carries a state on may write into it
    y.backward(np.random.default_rng(7).standard_normal(y.shape))
    for name, w in cell.parameters.items():
        np.testing.assert_array_equal(w.grad, alone[f"d{name}"], err_msg=name)
    np.testing.assert_array_equal(y.data, kept[0])
    np.testing.assert_array_equal(y.data, alone["y"])


@modules
@kinds
def test_the_given_state_may_be_written_into_before_the_way_back(module, kind):
    cell, x = cell_of(module, kind, 3, 4), np.array([[0, 1], [2, 2]])
    start = tuple(np.full(s.shape, 0.3) for s in cell.start(2))
    expected = read(cell, x, start)
    for w in cell.parameters.values():
        w.grad = None
    y, _ = cell(x, start)
    for s in start:
        s[...] = 0
    y.backward(np.random.default_rng(1).standard_normal(y.shape))
    for name, w in cell.parameters.items():
        np.testing.assert_array_equal(w.grad, expected[f"d{name}"], err_msg=name)


@modules
@kinds
def test_the_way_back_can_be_walked_twice(module, kind):
    cell, x = cell_of(module, kind, 3, 4), np.array([[0, 1], [2, 2]])
    once = read(cell, x)
    for w in cell.parameters.values():
        w.grad = None
    y, _ = cell(x)
    for _ in range(2):
        y.backward(np.random.default_rng(1).standard_normal(y.shape))
    for name, w in cell.parameters.items():
        np.testing.assert_allclose(w.grad, 2 * once[f"d{name}"], rtol=1e-12, err_msg=name)


@modules
def test_a_state_of_another_type_does_not_change_the_cells_type(module):
    cell = cell_of(module, "lstm", 3, 4, "float32")
    y, after = cell(np.zeros((2, 2), int), tuple(np.ones((2, 4)) for _ in range(2)))
    assert y.dtype == np.float32 and {s.dtype for s in after} == {np.dtype("float32")}


@quick
@kinds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("B", [1, 2])
def test_what_is_no_number_stays_none(quick, kind, dtype, B):
    """Training notices by it that something went wrong."""
    cell = cell_of(quick, kind, 3, 20, dtype)
    cell.parameters["Whh"].data[:, 7] = np.nan
    with np.errstate(invalid="ignore"):
        y, _ = cell(np.zeros((3, B), int))
        y.backward(np.ones(y.shape, dtype))
    assert np.isnan(y.data[-1]).any() and np.isnan(cell.parameters["Whh"].grad).any()


@needs_numba
@given(st.floats(-12, 12, width=32))
def test_the_compiled_tanh_of_float32_is_off_by_two_ten_millionths_at_most(x):
    row, h = np.full((2, 1), x, np.float32), np.empty(1, np.float32)
    row[1] = 0
    fast.compiled.rnn_row(row[0], row[1], h, False)
    assert abs(float(h[0]) - np.tanh(np.float64(np.float32(x)))) < 2e-7


# --- equal to PyTorch


def torch_cell(kind, cell, D, H, dtype):
    """PyTorch's, with our weights. It has two biases for each gate; ours is the first of them."""
    torch = pytest.importorskip(
        "torch", reason="pip install torch, to compare with PyTorch's cells"
    )
    torch.set_num_threads(1)
    name, settings_ = KINDS[kind]
    settings_ = {"nonlinearity": settings_["activation"]} if settings_ else {}
    theirs = getattr(torch.nn, name)(D, H, dtype=getattr(torch, dtype), **settings_)
    W = {n: w.data for n, w in cell.parameters.items()}
    order = np.roll(np.arange(4 * H), -H) if kind == "lstm" else np.arange(W["bh"].size)
    hidden_bias = np.zeros_like(W["bh"])
    if kind == "gru":
        hidden_bias[2 * H :] = W["bn"]
    with torch.no_grad():  # o, i, f, g become i, f, g, o
        theirs.weight_ih_l0.copy_(torch.tensor(W["Wxh"].T[order]))
        theirs.weight_hh_l0.copy_(torch.tensor(W["Whh"].T[order]))
        theirs.bias_ih_l0.copy_(torch.tensor(W["bh"][order]))
        theirs.bias_hh_l0.copy_(torch.tensor(hidden_bias))
    return torch, theirs, order


@modules
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("T, B, D, H", [(7, 3, 4, 5), (1, 1, 1, 1)])
@kinds
def test_cells_are_pytorchs(module, kind, dtype, T, B, D, H):
    cell = cell_of(module, kind, D, H, dtype)
    torch, theirs, order = torch_cell(kind, cell, D, H, dtype)
    rng = np.random.default_rng(2)
    x = rng.standard_normal((T, B, D)).astype(dtype)
    state = tuple(rng.standard_normal((B, H)).astype(dtype) for _ in cell.start(B))
    found = read(cell, Tensor(x, True), state)

    tx = torch.tensor(x, requires_grad=True)
    tstate = tuple(torch.tensor(s[None]) for s in state)
    ty, tafter = theirs(tx, tstate if kind == "lstm" else tstate[0])
    weight = np.random.default_rng(1).standard_normal(ty.shape)
    ty.backward(torch.tensor(weight, dtype=ty.dtype))
    tafter = tafter if kind == "lstm" else (tafter,)
    back = np.argsort(order)
    expected = {"y": ty.detach().numpy(), "dx": tx.grad.numpy()}
    expected |= {f"state {k}": s.detach().numpy()[0] for k, s in enumerate(tafter)}
    expected["dWxh"] = theirs.weight_ih_l0.grad.numpy()[back].T
    expected["dWhh"] = theirs.weight_hh_l0.grad.numpy()[back].T
    expected["dbh"] = theirs.bias_ih_l0.grad.numpy()[back]
    if kind == "gru":
        expected["dbn"] = theirs.bias_hh_l0.grad.numpy()[2 * H :]
    limit = 1e-9 if dtype == "float64" else 1e-4
    assert_same({k: found[k] for k in expected}, expected, rtol=limit, atol=limit)
    assert found.keys() == expected.keys()
