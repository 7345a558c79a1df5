import asyncio
import gc
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar import graph
from minichar.graph import Tensor, no_grad, node, topological_order


def number(x):
    return Tensor(float(x), requires_grad=True)


# --- what a tensor is


def test_data_becomes_floats_and_floats_keep_their_type():
    assert Tensor(3).dtype == Tensor([1, 2]).dtype == Tensor(np.arange(3)).dtype == np.float64
    assert Tensor(np.zeros(2, np.float32)).dtype == np.float32
    assert Tensor(np.array([True, False])).data.tolist() == [1.0, 0.0]


def test_a_float_array_is_taken_not_copied_so_that_an_optimiser_moves_it():
    data = np.zeros(3)
    t = Tensor(data)
    data += 1
    assert t.data.tolist() == [1, 1, 1]


def test_a_tensor_of_a_tensor_is_refused_because_it_would_lose_the_graph():
    with pytest.raises(TypeError, match="detach"):
        Tensor(number(1))


def test_shape_length_and_name():
    t = Tensor(np.zeros((4, 2)), requires_grad=True)
    assert (t.shape, len(t), t.operation) == ((4, 2), 4, "")
    assert "requires_grad=True" in repr(t) and "requires_grad" not in repr(Tensor(1.0))
    assert (t * t).operation == "*" and (t @ t.T).operation == "@"


# --- the way back


def test_the_order_matters():
    """y = x + 1, o = (y y) y. Sending on before all of y's gradient is there gives 96, 0 or 16."""
    x = number(3)
    y = x + 1
    o = (y * y) * y
    o.backward()
    assert (float(o.data), float(x.grad)) == (64.0, 48.0)


def test_the_same_tensor_twice_counts_twice():
    x = number(3)
    (x + x).backward()
    assert float(x.grad) == 2
    x = number(3)
    (x * x * x).backward()
    assert float(x.grad) == 27


def test_a_diamond():
    x = number(2)
    a, b = x * 3, x * x
    (a * b).backward()  # 3 x³
    assert float(x.grad) == 36


def test_diamonds_on_diamonds_are_walked_once_each():
    """2**200 paths lead from the result to x, over 200 tensors."""
    visits, x = [], number(1)
    y = x
    for _ in range(200):
        before = y
        y = node(
            "twice", before.data * 2, (before, before), lambda g: (visits.append(1), (g, g))[1]
        )
    y.backward()
    assert len(visits) == 200
    assert float(x.grad) == 2.0**200


def test_a_chain_of_100_000():
    x = number(1)
    y = x
    for _ in range(100_000):
        y = y + 1
    (y * 2).backward()
    assert float(x.grad) == 2
    del y
    gc.collect()  # letting go of the chain must not recurse either


@st.composite
def graphs(draw):
    """A random graph of sums and products: for each node the kind and its two inputs."""
    n = draw(st.integers(1, 12))
    place = st.integers(0, 10**6)
    return [
        (draw(st.sampled_from("+*")), draw(place) % k, draw(place) % k) for k in range(2, n + 2)
    ]


@given(graphs())
@settings(max_examples=60)
def test_any_graph_has_the_gradient_that_forward_differentiation_finds(steps):
    """Forward: each value with its derivatives by x and by y, so no order can go wrong."""
    x, y = number(0.7), number(-0.9)
    tensors, duals = [x, y], [(0.7, np.array([1.0, 0])), (-0.9, np.array([0, 1.0]))]
    for kind, i, j in steps:
        (u, du), (v, dv) = duals[i], duals[j]
        a, b = tensors[i], tensors[j]
        tensors.append(a + b if kind == "+" else a * b)
        duals.append((u + v, du + dv) if kind == "+" else (u * v, u * dv + v * du))
    result, (value, slopes) = tensors[-1], duals[-1]
    result.backward()
    np.testing.assert_allclose(result.data, value, rtol=1e-12)
    found = [0.0 if t.grad is None else float(t.grad) for t in (x, y)]
    np.testing.assert_allclose(found, slopes, rtol=1e-9, atol=1e-12)


@given(graphs())
@settings(max_examples=30)
def test_in_topological_order_every_tensor_stands_once_and_after_its_inputs(steps):
    tensors = [number(1), number(1)]
    for _, i, j in steps:
        tensors.append(tensors[i] + tensors[j])
    order = topological_order(tensors[-1])
    place = {id(t): k for k, t in enumerate(order)}
    assert len(place) == len(order) and order[-1] is tensors[-1]
    for t in order:
        assert all(place[id(source)] < place[id(t)] for source in t.inputs)


def test_gradients_add_up_over_calls_until_set_to_none():
    x = number(3)
    (x * x).backward()
    (x * x).backward()
    assert float(x.grad) == 12
    x.grad = None
    (x * x).backward()
    assert float(x.grad) == 6


def test_backward_twice_through_one_graph_adds_up_too():
    x = number(3)
    y = x * x * x
    y.backward()
    y.backward()
    assert float(x.grad) == 54


def test_keep_leaves_the_gradients_on_the_way():
    x = number(3)
    y = x + 1
    o = y * y
    o.backward()
    assert (y.grad, o.grad) == (None, None)
    x.grad = None
    o.backward(keep=True)
    assert [float(t.grad) for t in (x, y, o)] == [8, 8, 1]


def test_gradients_share_no_memory_with_each_other_or_with_what_was_given():
    a, b = Tensor(np.ones(3), True), Tensor(np.ones(3), True)
    given = np.full(3, 5.0)
    (a + b).backward(given)
    a.grad *= 0
    assert b.grad.tolist() == given.tolist() == [5, 5, 5]
    x = Tensor(np.ones((2, 2)), True)
    x.sum().backward()
    x.grad += 1  # the gradient of a sum is one number repeated, and must be writeable here
    assert x.grad.tolist() == [[2, 2], [2, 2]]


def test_only_what_requires_a_gradient_gets_one():
    x, fixed = number(3), Tensor(4.0)
    (x * fixed).backward()
    assert float(x.grad) == 4 and fixed.grad is None
    with pytest.raises(ValueError, match="requires_grad=True"):
        (fixed * fixed).backward()


def test_several_numbers_need_to_be_told_their_gradient():
    x = Tensor(np.arange(3.0), requires_grad=True)
    y = x * x
    with pytest.raises(ValueError, match=r"\(3,\)"):
        y.backward()
    y.backward([1, 10, 100])
    assert x.grad.tolist() == [0, 20, 400]
    one = Tensor(np.array([[2.0]]), requires_grad=True)
    (one * one).backward()  # a single number, whatever its shape
    assert one.grad.tolist() == [[4]]


@pytest.mark.parametrize("wrong", [1.0, np.ones(2), np.ones((1, 3)), np.ones((3, 1))])
def test_a_gradient_of_another_shape_is_refused_and_nothing_changed(wrong):
    x = Tensor(np.arange(3.0), requires_grad=True)
    with pytest.raises(ValueError, match=r"backward.*\(3,\)"):
        (x * x).backward(wrong)
    assert x.grad is None


def test_float32_gradients_stay_float32_after_meeting_float64():
    w, data = Tensor(np.ones(3, np.float32), True), Tensor(np.arange(3.0))
    for _ in range(2):
        (w * data).sum().backward()
        assert w.grad.dtype == np.float32
    assert w.grad.tolist() == [0, 2, 4]


# --- no graph


def test_detach_cuts():
    x = number(3)
    y = x * x
    cut = y.detach()
    assert not cut.requires_grad and cut.inputs == () and float(cut.data) == 9
    (cut * x).backward()
    assert float(x.grad) == 9


def test_no_grad_remembers_nothing():
    x = number(3)
    with no_grad():
        y = x * x
    assert not y.requires_grad and y.inputs == () and y.send_back is None
    with pytest.raises(ValueError):
        y.backward()
    assert (x * x).requires_grad


def test_no_grad_nested_and_left_by_an_exception():
    x = number(3)
    with no_grad():
        with no_grad():
            pass
        assert not (x * x).requires_grad  # the inner one ended, not the outer
        with pytest.raises(ZeroDivisionError):
            with no_grad():
                _ = 1 / 0
        assert not (x * x).requires_grad
    assert (x * x).requires_grad
    with pytest.raises(KeyError):
        with no_grad():
            raise KeyError
    assert (x * x).requires_grad


def test_no_grad_is_for_one_thread():
    x, inside, found = number(3), threading.Event(), []
    done = threading.Event()

    def other():
        inside.wait(10)
        found.append((x * x).requires_grad)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        assert done.wait(10)
        assert not (x * x).requires_grad
    thread.join()
    assert found == [True]


def test_no_grad_is_for_one_asyncio_task():
    x = number(3)

    async def quiet(turns):
        with no_grad():
            for _ in range(turns):
                await asyncio.sleep(0)
                assert not (x * x).requires_grad

    async def loud(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
            assert (x * x).requires_grad

    async def both():
        await asyncio.gather(quiet(5), loud(9), quiet(7))

    asyncio.run(both())


# --- measuring slopes


def test_check_gradients_accepts_right_and_rejects_wrong():
    x = Tensor(np.linspace(-1, 1, 6).reshape(2, 3), requires_grad=True)
    assert graph.check_gradients(lambda x: x * x * x, x) < 1e-7

    def wrong(x):
        return node("wrong", x.data**3, (x,), lambda g: (g * 2.9 * x.data**2,))

    def forgotten(x):
        return x * x.detach()

    assert graph.check_gradients(wrong, x) > 1e-3
    assert graph.check_gradients(forgotten, x) > 1e-3


@pytest.mark.parametrize("place", [0, 1])
def test_check_gradients_rejects_a_gradient_that_is_no_number(place):
    x, y = (Tensor(np.linspace(1, 2, 3), requires_grad=True) for _ in range(2))

    def broken(*inputs):
        bad = inputs[place]
        return inputs[1 - place] * node("nan", bad.data * 2, (bad,), lambda g: (g * np.nan,))

    assert not graph.check_gradients(broken, x, y) < 1e-7


def test_check_gradients_leaves_numbers_and_gradient_as_they_were_even_after_an_error():
    x = Tensor(np.linspace(-1, 1, 3), requires_grad=True)
    x.backward(np.arange(3.0))
    before, calls = x.data.copy(), []

    def breaks(x):
        calls.append(1)
        if len(calls) == 3:
            raise KeyError
        return x * x

    with pytest.raises(KeyError):
        graph.check_gradients(breaks, x)
    assert x.data.tolist() == before.tolist()
    graph.check_gradients(lambda x: x * x, x)
    assert x.data.tolist() == before.tolist()
    with pytest.raises(ValueError):
        graph.check_gradients(lambda x: x.detach(), x)
    assert x.grad.tolist() == [0, 1, 2]
