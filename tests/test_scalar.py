"""Autodiff on single numbers: slopes against measured ones, and against the graph of arrays."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.graph import Tensor
from minichar.scalar import Scalar, as_scalar, topological_order

TABLE = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "a + a": lambda a, b: a + a,
    "a - a": lambda a, b: a - a,
    "a * a": lambda a, b: a * a,
    "a / a": lambda a, b: a / a,
    "numbers on the left": lambda a, b: 2 + a * 3 + 5 * b - 1,
    "3 - a": lambda a, b: 3 - a,
    "3 / a": lambda a, b: 3 / a,
    "-a": lambda a, b: -a,
    "a ** 3": lambda a, b: a**3,
    "a ** -1": lambda a, b: a**-1,
    "a ** 0": lambda a, b: a**0 + b,
}
size = st.floats(0.3, 2).flatmap(lambda v: st.sampled_from([v, -v]))


def tanh(v):
    return v.tanh() if isinstance(v, Scalar) else math.tanh(v)


def exp(v):
    return v.exp() if isinstance(v, Scalar) else math.exp(v)


def log(v):
    return v.log() if isinstance(v, Scalar) else math.log(v)


TABLE |= {
    "tanh": lambda a, b: tanh(a * b),
    "exp": lambda a, b: exp(a - b),
    "log": lambda a, b: log(a * a + b * b),
}


@pytest.mark.parametrize("f", TABLE.values(), ids=TABLE)
@given(a=size, b=size)
def test_value_and_slopes_are_those_of_plain_numbers(f, a, b):
    x, y = Scalar(a), Scalar(b)
    result = f(x, y)
    assert result.data == f(a, b)
    result.backward()
    e = 1e-6
    assert x.grad == pytest.approx((f(a + e, b) - f(a - e, b)) / (2 * e), rel=1e-6, abs=1e-6)
    assert y.grad == pytest.approx((f(a, b + e) - f(a, b - e)) / (2 * e), rel=1e-6, abs=1e-6)


def test_the_example_that_shortcuts_get_wrong():
    x = Scalar(3.0)
    y = x + 1
    o = (y * y) * y
    o.backward()
    assert (o.data, o.grad, y.grad, x.grad) == (64.0, 1.0, 48.0, 48.0)


@given(st.lists(st.tuples(st.sampled_from("+-*t"), st.integers(0, 99), st.integers(0, 99))))
def test_any_graph_has_the_gradients_that_arrays_give(recipe):
    """Numbers drawn at random are combined at random: nodes used often, never, and both."""

    def build(start, tanh):
        made = list(start)
        for operation, i, j in recipe:
            a, b = made[i % len(made)], made[j % len(made)]
            new = {"+": a + b, "-": a - b, "*": a * b, "t": tanh(a)}[operation]
            made.append(tanh(new))  # so that nothing grows without bound
        return made[-1]

    ours = [Scalar(0.7), Scalar(-1.2)]
    theirs = [Tensor(0.7, True), Tensor(-1.2, True)]
    build(ours, lambda v: v.tanh()).backward()
    build(theirs, lambda v: v.tanh()).backward()
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad == pytest.approx(0.0 if b.grad is None else float(b.grad), abs=1e-12)


def test_gradients_add_up_over_calls_and_only_where_numbers_begin():
    x = Scalar(2.0)
    y = x * x
    o = y * x
    o.backward()
    first = y.grad
    o.backward()
    assert (x.grad, y.grad, o.grad) == (24.0, first, 1.0)
    (x * 5).backward()
    assert x.grad == 29.0
    x.grad = 0.0
    o.backward()
    assert x.grad == 12.0


def test_a_number_by_itself():
    x = Scalar(2)
    x.backward()
    assert x.grad == 1.0 and isinstance(x.data, float) and repr(x) == "Scalar(2.0)"
    assert as_scalar(x) is x


def test_order_has_every_number_once_and_after_its_inputs():
    x = Scalar(3.0)
    y = x + 1
    z = y * y
    o = z * y
    order = topological_order(o)
    assert len(order) == 5 and {x, y, z, o} < set(order)
    for at, number in enumerate(order):
        assert all(order.index(source) < at for source in number.inputs)


def test_a_chain_of_100_000_and_forty_doublings():
    x = y = Scalar(1.0)
    for _ in range(100_000):
        y = y + 0.5
    y.backward()
    assert x.grad == 1.0
    y = x
    for _ in range(40):
        y = y + y  # 2**40 ways lead back to x, and 40 nodes
    x.grad = 0.0
    y.backward()
    assert x.grad == 2.0**40


def test_an_array_is_not_a_number():
    with pytest.raises(TypeError):
        Scalar(1.0) + [1.0, 2.0]
