import json
import math
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minichar import graph
from minichar.graph import Tensor

GOLDEN = json.loads((Path(__file__).parent / "golden" / "graph_ops.json").read_text("utf-8"))
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
examples = settings(max_examples=50)


# --- the table: every operation, and the same in plain numpy, written another way


@dataclass(frozen=True)
class Operation:
    name: str
    ours: Callable  # Tensors in, a Tensor out
    plain: Callable  # arrays in, an array out
    shapes: tuple[tuple[int, ...], ...]
    positive: bool = False  # only defined above 0

    def __str__(self):
        return self.name

    def inputs(self, dtype=np.float64):
        """Numbers from 0.3 to 2 in size, away from corners and poles; read-only."""
        rng = np.random.default_rng(len(self.name))
        arrays = [rng.uniform(0.3, 2, shape).astype(dtype) for shape in self.shapes]
        for a in arrays:
            if not self.positive:
                a *= rng.choice([-1, 1], a.shape)
            a.flags.writeable = False
        return arrays


IDS = np.array([[2, 0, 2], [1, 2, 2]])
ROWS, COLUMNS = np.array([0, 1, 0]), np.array([2, 2, 2])
SOME = np.array([[True, False, True], [False, False, True]])


def one_hot(ids, V):
    return (np.asarray(ids)[..., None] == np.arange(V)).astype(float)


def plain_softmax(z):
    return np.exp(z) / np.exp(z).sum(-1)[..., None]


def plain_cross_entropy(z, ids):
    p = plain_softmax(z).reshape(-1, z.shape[-1])
    return sum(-math.log(row[i]) for row, i in zip(p, ids.ravel(), strict=True)) / ids.size


def plain_sum(a, *axes):
    for axis in sorted(axes, reverse=True):
        a = np.apply_along_axis(math.fsum, axis, a)
    return a


ab, spread, one, two = ((2, 3), (2, 3)), ((4, 1, 3), (2, 1)), ((2, 3),), ((2, 3, 4),)
TABLE = [
    Operation("a + b", lambda a, b: a + b, np.add, ab),
    Operation("a + b, broadcast", lambda a, b: a + b, np.add, spread),
    Operation("a - b", lambda a, b: a - b, np.subtract, ab),
    Operation("a - b, broadcast", lambda a, b: a - b, np.subtract, spread),
    Operation("a * b", lambda a, b: a * b, np.multiply, ab),
    Operation("a * b, broadcast", lambda a, b: a * b, np.multiply, spread),
    Operation("a / b", lambda a, b: a / b, np.divide, ab),
    Operation("a / b, broadcast", lambda a, b: a / b, np.divide, spread),
    Operation("a + a", lambda a: a + a, lambda a: 2 * a, one),
    Operation("a * a", lambda a: a * a, np.square, one),
    Operation("a - a", lambda a: a - a, np.zeros_like, one),
    Operation("a / a", lambda a: a / a, np.ones_like, one),
    Operation("3 - a", lambda a: 3 - a, lambda a: -(a - 3), one),
    Operation("3 / a", lambda a: 3 / a, lambda a: 3 * a**-1.0, one),
    Operation("2 + a * 3 - 1", lambda a: 2 + a * 3 - 1, lambda a: a + a + a + 1, one),
    Operation("-a", lambda a: -a, np.negative, one),
    Operation("a @ b", lambda a, b: a @ b, np.dot, ((2, 3), (3, 4))),
    Operation("a @ b, stacked", lambda a, b: a @ b, np.dot, ((5, 2, 3), (3, 4))),
    Operation("a @ b, a vector", lambda a, b: a @ b, np.dot, ((3,), (3, 4))),
    Operation("a @ b, one number", lambda a, b: a @ b, np.dot, ((1, 1), (1, 1))),
    Operation("a @ a", lambda a: a @ a, lambda a: np.einsum("ij,jk", a, a), ((3, 3),)),
    Operation("a ** 2", lambda a: a**2, lambda a: a * a, one),
    Operation("a ** 3", lambda a: a**3, lambda a: a * a * a, one),
    Operation("a ** -1", lambda a: a**-1, lambda a: 1 / a, one),
    Operation("a ** 0.5", lambda a: a**0.5, np.sqrt, one, positive=True),
    Operation("tanh", lambda a: a.tanh(), lambda a: 1 - 2 / (np.exp(2 * a) + 1), one),
    Operation("sigmoid", lambda a: a.sigmoid(), lambda a: 1 / (1 + np.exp(-a)), one),
    Operation("relu", lambda a: a.relu(), lambda a: np.where(a > 0, a, 0), one),
    Operation("exp", lambda a: a.exp(), lambda a: math.e**a, one),
    Operation("log", lambda a: a.log(), lambda a: np.log2(a) * math.log(2), one, positive=True),
    Operation("sum", lambda a: a.sum(), lambda a: math.fsum(a.ravel()), two),
    Operation("sum, axis 1", lambda a: a.sum(axis=1), lambda a: plain_sum(a, 1), two),
    Operation("sum, axis -1", lambda a: a.sum(axis=-1), lambda a: plain_sum(a, 2), two),
    Operation("sum, axes", lambda a: a.sum(axis=(0, -1)), lambda a: plain_sum(a, 0, 2), two),
    Operation(
        "sum, axis kept",
        lambda a: a.sum(axis=1, keepdims=True),
        lambda a: plain_sum(a, 1)[:, None],
        two,
    ),
    Operation(
        "sum, all kept", lambda a: a.sum(keepdims=True), lambda a: a.sum().reshape(1, 1, 1), two
    ),
    Operation("mean", lambda a: a.mean(), lambda a: math.fsum(a.ravel()) / 24, two),
    Operation("mean, axis 1", lambda a: a.mean(axis=1), lambda a: plain_sum(a, 1) / 3, two),
    Operation(
        "mean, axes kept",
        lambda a: a.mean(axis=(0, 2), keepdims=True),
        lambda a: plain_sum(a, 0, 2)[None, :, None] / 8,
        two,
    ),
    Operation(
        "reshape", lambda a: a.reshape(4, -1), lambda a: np.stack(np.split(a.ravel(), 4)), two
    ),
    Operation("reshape, tuple", lambda a: a.reshape((6, 4)), lambda a: np.concatenate(a), two),
    Operation("transpose", lambda a: a.transpose(), lambda a: np.einsum("ij->ji", a), one),
    Operation("T, three axes", lambda a: a.T, lambda a: np.einsum("ijk->kji", a), two),
    Operation("a[1]", lambda a: a[1], lambda a: a.take(1, 0), two),
    Operation("a[-1]", lambda a: a[-1], lambda a: a.take(1, 0), two),
    Operation("a[np.int64]", lambda a: a[np.int64(-2)], lambda a: a.take(0, 0), two),
    Operation("a[1, 2, 3]", lambda a: a[1, 2, 3], lambda a: np.float64(a.ravel()[-1]), two),
    Operation("a[:, 1:]", lambda a: a[:, 1:], lambda a: a.take([1, 2], 1), two),
    Operation("a[..., ::-2]", lambda a: a[..., ::-2], lambda a: a.take([3, 1], 2), two),
    Operation("a[None, -1, :]", lambda a: a[None, -1, :], lambda a: a.take([1], 0), one),
    Operation("a[[0, -1, 1]]", lambda a: a[[0, -1, 1]], lambda a: a.take([0, 1, 1], 0), one),
    Operation("a[numbers]", lambda a: a[ROWS], lambda a: a.take(ROWS, 0), one),
    Operation("a[(rows, columns)]", lambda a: a[ROWS, COLUMNS], lambda a: a.take([2, 5, 2]), one),
    Operation("a[(1, 1),]", lambda a: a[(1, 1),], lambda a: a.take([1, 1], 0), one),
    Operation("a[:, [1, 1]]", lambda a: a[:, [1, 1]], lambda a: a.take([1, 1], 1), one),
    Operation("a[mask]", lambda a: a[SOME], lambda a: a.take([0, 2, 5]), one),
    Operation(
        "concat",
        lambda a, b: graph.concat([a, b, a]),
        lambda a, b: np.vstack([a, b, a]),
        ((2, 3), (1, 3)),
    ),
    Operation(
        "concat, last axis",
        lambda a, b: graph.concat([b, a], axis=-1),
        lambda a, b: np.hstack([b, a]),
        ((2, 3), (2, 2)),
    ),
    Operation("stack", lambda a, b: graph.stack([a, b, a]), lambda a, b: np.array([a, b, a]), ab),
    Operation(
        "embedding", lambda W: graph.embedding(W, IDS), lambda W: one_hot(IDS, 4) @ W, ((4, 2),)
    ),
    Operation(
        "embedding of one", lambda W: graph.embedding(W, 3), lambda W: W.take(3, 0), ((4, 2),)
    ),
    Operation(
        "embedding of a list",
        lambda W: graph.embedding(W, [1, 1]),
        lambda W: W.take([1, 1], 0),
        one,
    ),
    Operation("softmax", graph.softmax, plain_softmax, ((2, 3, 4),)),
    Operation(
        "cross_entropy",
        lambda z: graph.cross_entropy(z, IDS),
        lambda z: plain_cross_entropy(z, IDS),
        ((2, 3, 4),),
    ),
    Operation(
        "cross_entropy of one",
        lambda z: graph.cross_entropy(z, np.array(2)),
        lambda z: plain_cross_entropy(z, np.array(2)),
        ((4,),),
    ),
]
every_operation = pytest.mark.parametrize("op", TABLE, ids=str)


@every_operation
def test_forward_is_what_numpy_computes(op):
    arrays = op.inputs()
    before = [a.copy() for a in arrays]
    result = op.ours(*map(Tensor, arrays))
    np.testing.assert_allclose(result.data, op.plain(*arrays), **CLOSE)
    assert result.shape == np.shape(op.plain(*arrays))
    for a, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, was)


@every_operation
def test_gradient_is_the_measured_slope_along_a_random_direction(op):
    """Against plain numpy, not against our own forward: each input by itself."""
    rng, arrays, e = np.random.default_rng(1), op.inputs(), 1e-5
    tensors = [Tensor(a, True) for a in arrays]
    result = op.ours(*tensors)
    weight = rng.standard_normal(result.shape)
    result.backward(weight)
    for k, (a, t) in enumerate(zip(arrays, tensors, strict=True)):
        assert t.grad.shape == a.shape
        direction = rng.standard_normal(a.shape)

        def along(step, k=k, a=a, direction=direction):
            return np.sum(op.plain(*arrays[:k], a + step * direction, *arrays[k + 1 :]) * weight)

        slope = (along(e) - along(-e)) / (2 * e)
        assert abs((t.grad * direction).sum() - slope) <= 1e-7 * max(1, abs(slope))
    assert graph.check_gradients(op.ours, *tensors) < 1e-7


@every_operation
def test_gradients_add_up_over_two_calls(op):
    once, twice = ([Tensor(a, True) for a in op.inputs()] for _ in range(2))
    result = op.ours(*once)
    weight = np.random.default_rng(2).standard_normal(result.shape)
    result.backward(weight)
    again = op.ours(*twice)
    again.backward(weight)  # both through the same graph,
    again.backward(weight)
    op.ours(*twice).backward(weight)  # and through a new one
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_allclose(b.grad, 3 * a.grad, rtol=1e-12, atol=1e-15)


@every_operation
def test_float32_stays_float32_both_ways(op):
    tensors = [Tensor(a, True) for a in op.inputs(np.float32)]
    result = op.ours(*tensors)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.data, op.plain(*op.inputs()), rtol=1e-4, atol=1e-5)
    seen = []
    for t in tensors:  # the gradients as they arrive, before any is turned into its tensor's type
        t.inputs, t.send_back = (Tensor(0.0),), lambda g: (seen.append(g.dtype), (None,))[1]
    result.backward(np.ones(result.shape, np.float32))
    assert seen and set(seen) == {np.dtype(np.float32)}


@every_operation
def test_only_one_input_may_require_a_gradient(op):
    arrays = op.inputs()
    together = [Tensor(a, True) for a in arrays]
    result = op.ours(*together)
    weight = np.random.default_rng(3).standard_normal(result.shape)
    result.backward(weight)
    for k in range(len(arrays)):
        alone = [Tensor(a, requires_grad=k == j) for j, a in enumerate(arrays)]
        op.ours(*alone).backward(weight)
        np.testing.assert_array_equal(alone[k].grad, together[k].grad)
        assert [t.grad for j, t in enumerate(alone) if j != k] == [None] * (len(arrays) - 1)


# --- broadcasting

BINARY = {  # the operation, and its slopes by a and by b
    "add": (lambda a, b: a + b, lambda a, b: (np.ones_like(a + b), np.ones_like(a + b))),
    "subtract": (lambda a, b: a - b, lambda a, b: (np.ones_like(a + b), -np.ones_like(a + b))),
    "multiply": (lambda a, b: a * b, lambda a, b: (0 * a + b, a + 0 * b)),
    "divide": (lambda a, b: a / b, lambda a, b: (0 * a + 1 / b, -a / b**2)),
}


def collected(shape, grad):
    """`grad`, of a broadcast shape, sent back number by number to where each came from."""
    size = math.prod(shape)
    source = np.broadcast_to(np.arange(size).reshape(shape), grad.shape)
    return np.bincount(source.ravel(), grad.ravel(), size).reshape(shape)


@pytest.mark.parametrize("name", BINARY)
@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0))
@examples
def test_any_two_shapes_that_broadcast(name, shapes):
    operation, slopes = BINARY[name]
    rng = np.random.default_rng(0)
    a, b = (np.array(rng.uniform(0.5, 2, shape)) for shape in shapes.input_shapes)
    x, y = Tensor(a, True), Tensor(b, True)
    result = operation(x, y)
    assert result.shape == shapes.result_shape
    np.testing.assert_array_equal(result.data, operation(a, b))
    weight = np.array(rng.standard_normal(result.shape))
    result.backward(weight)
    for t, slope in zip((x, y), slopes(a, b), strict=True):
        assert t.grad.shape == t.shape
        np.testing.assert_allclose(t.grad, collected(t.shape, weight * slope), **CLOSE)


some_shape = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


@pytest.mark.parametrize("name", BINARY)
@given(a=some_shape, b=some_shape)
@examples
def test_two_shapes_that_do_not_fit_are_both_named(name, a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        pass
    else:
        assume(False)
    with pytest.raises(ValueError) as caught:
        BINARY[name][0](Tensor(np.ones(a)), Tensor(np.ones(b)))
    assert str(caught.value) == f"{name}: shapes {a} and {b} do not fit"


MATRIX = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("name", "softmax tanh sigmoid relu exp log negative total mean".split())
def test_an_array_in_place_of_a_tensor_is_said_to_be_one(name):
    with pytest.raises(TypeError, match=r"graph\.Tensor\(array\) makes one"):
        getattr(graph, name)(np.ones((2, 3)))


def test_an_array_among_tensors_or_beside_targets_is_said_to_be_one():
    a = np.ones((2, 3))
    for asked in (
        lambda: graph.cross_entropy(a, np.array([0, 1])),
        lambda: graph.embedding(a, np.array([0, 1])),
        lambda: graph.concat([Tensor(a, requires_grad=True), a]),
        lambda: graph.stack([Tensor(a, requires_grad=True), a]),
    ):
        with pytest.raises(TypeError, match=r"graph\.Tensor\(array\) makes one"):
            asked()


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), MATRIX + 1])
@pytest.mark.parametrize("name", BINARY)
def test_numbers_and_arrays_on_either_side_take_the_tensors_type(name, other):
    operation, slopes = BINARY[name]
    for dtype in (np.float32, np.float64):
        for flip in (False, True):
            data = np.array([1, 2, 4], dtype)  # broadcast up when the other is a matrix
            x = Tensor(data, True)
            a, b = (other, data) if flip else (data, other)
            result = operation(other, x) if flip else operation(x, other)
            assert isinstance(result, Tensor) and result.dtype == dtype
            np.testing.assert_allclose(result.data, operation(a, b), rtol=1e-6)
            result.sum().backward()
            assert x.grad.dtype == dtype
            slope = slopes(np.asarray(a, float), np.asarray(b, float))[flip]
            np.testing.assert_allclose(x.grad, collected((3,), slope), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_plain_matrix_on_either_side_of_a_product(dtype):
    x = Tensor(np.ones((3, 3), dtype), True)
    left, right = MATRIX @ x, x @ MATRIX.T
    assert left.dtype == right.dtype == dtype
    np.testing.assert_allclose(left.data, MATRIX.sum(1, keepdims=True) * np.ones(3))
    (left.sum() + right.sum()).backward()
    assert x.grad.dtype == dtype
    column = MATRIX.sum(0)
    np.testing.assert_allclose(x.grad, column[:, None] + column[None, :])


def test_an_exponent_of_numpy_does_not_change_the_type():
    x = Tensor(np.array([2, 3], np.float32), True)
    y = x ** np.float64(2)
    y.backward(np.ones(2))
    assert y.dtype == x.grad.dtype == np.float32
    assert (y.data.tolist(), x.grad.tolist()) == ([4, 9], [4, 6])


@pytest.mark.filterwarnings("error")
def test_a_power_of_0_is_a_constant_at_0_too():
    x = Tensor(np.array([0.0, 2.0]), True)
    (x**0).backward(np.ones(2))
    assert x.grad.tolist() == [0, 0]


def test_a_tensor_can_be_walked_through():
    x = Tensor(MATRIX, True)
    rows = list(x)
    assert len(rows) == 2
    (rows[0] * rows[1]).sum().backward()
    np.testing.assert_array_equal(x.grad, MATRIX[::-1])


# --- picking


@st.composite
def places(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    return shape, draw(st.one_of(basic, hnp.integer_array_indices(shape)))


@given(places())
@settings(max_examples=150)
def test_any_pick_sends_each_gradient_to_where_its_number_came_from(case):
    """Slices, negative and repeated numbers, new axes: `place` picks from the places themselves."""
    shape, place = case
    size = math.prod(shape)
    x = Tensor(np.arange(size, dtype=float).reshape(shape), True)
    picked = x[place]
    came_from = np.asarray(x.data[place]).astype(int)
    np.testing.assert_array_equal(picked.data, came_from)
    weight = np.random.default_rng(0).uniform(1, 2, picked.shape)
    picked.backward(weight)
    expected = np.bincount(came_from.ravel(), np.ravel(weight), size).reshape(shape)
    np.testing.assert_allclose(x.grad, expected, **CLOSE)


# --- what is refused


@pytest.mark.parametrize(
    "shapes, act",
    [
        (["matmul", (2, 3), (2, 3)], lambda a, b: a @ b),
        (["matmul", (3,), (3,)], lambda a, b: a @ b),
        (["matmul", (2, 3), (5, 3, 2)], lambda a, b: a @ b),
        (["matmul", (), (2, 3)], lambda a, b: a @ b),
        (["concat", (2, 3), (2, 4)], lambda a, b: graph.concat([a, b])),
        (["concat", (2, 3), (3, 3)], lambda a, b: graph.concat([a, b], axis=1)),
        (["stack", (2, 3), (3, 2)], lambda a, b: graph.stack([a, b])),
        (["reshape", (2, 3), (5,)], lambda a, b: a.reshape(b.shape)),
        (["cross_entropy", (2, 3), (3,)], lambda a, b: graph.cross_entropy(a, np.ones(3, int))),
        (["cross_entropy", (2, 3), (2, 1)], lambda a, b: graph.cross_entropy(a, [[1], [1]])),
        (["cross_entropy", (2, 3), ()], lambda a, b: graph.cross_entropy(a, 1)),
        (
            ["cross_entropy", (2, 3), (2, 3)],
            lambda a, b: graph.cross_entropy(a, np.eye(2, 3, 0, int)),
        ),
    ],
    ids=lambda case: " ".join(map(str, case)) if isinstance(case, list) else "",
)
def test_shapes_that_do_not_fit_are_named_with_the_operation(shapes, act):
    operation, a, b = shapes
    with pytest.raises(ValueError) as caught:
        act(Tensor(np.ones(a)), Tensor(np.ones(b)))
    assert str(caught.value).startswith(operation)
    assert str(a) in str(caught.value) and str(b) in str(caught.value)


@pytest.mark.parametrize("ids", [[0, -1], [3, 0], [[0, 99]], [-4], [2**40]])
def test_numbers_of_no_character_are_an_error_and_do_not_wrap(ids):
    ids, W = np.array(ids), Tensor(np.ones((3, 2)), True)
    wrong = ids.min() if ids.min() < 0 else ids.max()
    with pytest.raises(ValueError, match=f"embedding: {wrong} .* 0 to 2"):
        graph.embedding(W, ids)
    z = Tensor(np.zeros((*ids.shape, 3)), True)
    with pytest.raises(ValueError, match=f"cross_entropy: {wrong} .* 0 to 2"):
        graph.cross_entropy(z, ids)


@pytest.mark.parametrize("ids", [np.array([0.0, 1.0]), np.array([True, False])])
def test_numbers_that_are_not_whole_are_an_error(ids):
    """Of these, numpy would take the second for a mask."""
    with pytest.raises(ValueError, match=f"embedding: .*{ids.dtype}"):
        graph.embedding(Tensor(np.ones((2, 2))), ids)
    with pytest.raises(ValueError, match=f"cross_entropy: .*{ids.dtype}"):
        graph.cross_entropy(Tensor(np.ones((2, 2))), ids)


# --- large numbers


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand(dtype):
    z = Tensor(np.array([[1000, -1000, 0], [-1000, -1000, 1000], [1000, 1000, 1000]], dtype), True)
    p = graph.softmax(z)
    np.testing.assert_allclose(p.data, [[1, 0, 0], [0, 0, 1], [1 / 3] * 3], rtol=1e-6)
    loss = graph.cross_entropy(z, np.array([1, 2, 0]))
    np.testing.assert_allclose(loss.data, (2000 + 0 + math.log(3)) / 3, rtol=1e-6)
    loss.backward()
    expected = np.array([[1, -1, 0], [0, 0, 0], [-2 / 3, 1 / 3, 1 / 3]]) / 3
    np.testing.assert_allclose(z.grad, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.filterwarnings("error")
def test_large_numbers_do_not_overflow():
    x = Tensor(np.array([-1e4, 1e4, -np.inf, np.inf]), True)
    assert x.sigmoid().data.tolist() == [0, 1, 0, 1]
    assert x.tanh().data.tolist() == [-1, 1, -1, 1]
    assert x.relu().data.tolist() == [0, 1e4, 0, np.inf]
    x.sigmoid().backward(np.ones(4))
    assert x.grad.tolist() == [0, 0, 0, 0]


@given(hnp.arrays(float, (3, 5), elements=st.floats(-50, 50)), st.floats(-500, 500))
@examples
def test_adding_one_number_to_all_scores_changes_neither_softmax_nor_loss(z, shift):
    targets = np.array([0, 4, 2])
    p, moved = graph.softmax(Tensor(z)), graph.softmax(Tensor(z + shift))
    np.testing.assert_allclose(p.data.sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(moved.data, p.data, rtol=1e-9, atol=1e-15)
    loss = graph.cross_entropy(Tensor(z), targets).data
    np.testing.assert_allclose(graph.cross_entropy(Tensor(z + shift), targets).data, loss, **CLOSE)
    np.testing.assert_allclose(loss, -np.log(p.data[[0, 1, 2], targets]).mean(), **CLOSE)


def test_the_loss_keeps_one_array_of_the_size_of_its_scores():
    z, targets = Tensor(np.zeros((1000, 200)), True), np.zeros(1000, int)
    graph.cross_entropy(z, targets)
    tracemalloc.start()
    try:
        loss = graph.cross_entropy(z, targets)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loss.requires_grad and now < 1.1 * z.data.nbytes and peak < 1.1 * z.data.nbytes


# --- recurrentjs: its seven operations, by its own numbers

RECURRENTJS = {
    "tanh": graph.tanh,
    "sigmoid": graph.sigmoid,
    "relu": graph.relu,
    "add": graph.add,
    "eltmul": graph.multiply,
    "mul": graph.matmul,
    "rowPluck": lambda m, i: graph.embedding(m, i).reshape(-1, 1),  # it hands out a column
}
SINGLE = [case for case in GOLDEN["cases"] if case["op"] in RECURRENTJS]


def test_all_seven_operations_are_among_the_cases():
    assert {case["op"] for case in SINGLE} == set(RECURRENTJS)


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: f"{case['op']} {case['note']}")
def test_recurrentjs(case):
    inputs = []
    for given_ in case["inputs"]:
        inputs.append(Tensor(np.array(given_["w"], float), True))
        inputs[-1].grad = np.array(given_["dw_before"], float)
    if case["same_input"]:
        inputs = inputs[:1] * 2
    if case["op"] == "add" and inputs[0].shape != inputs[1].shape:
        # It adds a (2, 3) to a (3, 2), number by number, as they lie; ours refuses.
        with pytest.raises(ValueError, match=r"add: .*\(2, 3\) and \(3, 2\)"):
            RECURRENTJS[case["op"]](*inputs)
        return
    out = RECURRENTJS[case["op"]](*inputs, *case["args"])
    np.testing.assert_allclose(out.data, case["out"]["w"], **CLOSE)
    out.backward(case["dout"])
    for t, dw in zip(inputs, case["dw_after"], strict=False):  # one for a pair of the same
        np.testing.assert_allclose(t.grad, dw, **CLOSE)


def test_recurrentjs_operations_together():
    (case,) = [case for case in GOLDEN["cases"] if case["op"] == "composite"]
    x, W1, b1, W2 = (Tensor(np.array(case["inputs"][k]), True) for k in ("x", "W1", "b1", "W2"))
    h = (W1 @ x + b1).tanh()
    s = h.sigmoid()
    e = h * s
    y = W2 @ e + W2 @ h
    for name, t in {"h": h, "s": s, "e": e, "y": y}.items():
        np.testing.assert_allclose(t.data, case[name], **CLOSE)
    y.backward([[0.7], [-1.3]], keep=True)
    for name, t in {"x": x, "W1": W1, "b1": b1, "W2": W2, "h": h, "s": s, "e": e}.items():
        np.testing.assert_allclose(t.grad, case["grads"][name], **CLOSE)


REFUSED = {
    "mul 3x2 * 3x2": lambda: Tensor(np.ones((3, 2))) @ Tensor(np.ones((3, 2))),
    "add 3x2 + 2x2": lambda: Tensor(np.ones((3, 2))) + Tensor(np.ones((2, 2))),
    "eltmul 3x1 * 2x1": lambda: Tensor(np.ones((3, 1))) * Tensor(np.ones((2, 1))),
    "rowPluck ix=-1": lambda: graph.embedding(Tensor(np.ones((3, 2))), -1),
    "rowPluck ix=3 of 3": lambda: graph.embedding(Tensor(np.ones((3, 2))), 3),
    "rowPluck ix=undefined (character outside vocab)": lambda: graph.embedding(
        Tensor(np.ones((3, 2))), None
    ),
    "Mat.get(9,9) of 2x2": lambda: Tensor(np.ones((2, 2)))[9, 9],
}


@pytest.mark.parametrize("case", GOLDEN["errors"], ids=lambda case: case["name"])
def test_what_recurrentjs_refuses_is_refused(case):
    assert case["throws"]
    with pytest.raises((ValueError, IndexError)):
        REFUSED[case["name"]]()


@pytest.mark.parametrize("case", GOLDEN["softmax"], ids=lambda case: str(case["in"])[:30])
def test_softmax_of_recurrentjs(case):
    z = np.array(case["in"], float)
    p = graph.softmax(Tensor(z.ravel())).data.reshape(z.shape)  # over all numbers of a matrix
    if case["out"] == ["NaN", "NaN"]:  # its largest score starts from -999999; ours is right
        np.testing.assert_allclose(p, [1 / (1 + math.exp(-1)), 1 / (1 + math.e)], **CLOSE)
    else:
        np.testing.assert_allclose(p, case["out"], **CLOSE)


def test_a_gradient_that_is_not_there_yet_is_not_taken_for_nan():
    w = Tensor([1.0, 2.0], requires_grad=True)
    for work in (lambda: w * w.grad, lambda: w.grad * w):
        with pytest.raises(TypeError, match=r"^multiply: one side is None, as a \.grad"):
            work()
