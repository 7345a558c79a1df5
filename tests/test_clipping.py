"""Clipping by value and by norm: by hand, and as laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minichar.clipping import clip_by_norm, clip_by_value
from minichar.graph import Tensor

examples = settings(max_examples=50)


def with_gradients(*gradients):
    parameters = {str(k): Tensor(np.zeros(np.shape(g or 0)), True) for k, g in enumerate(gradients)}
    for w, g in zip(parameters.values(), gradients, strict=True):
        w.grad = None if g is None else np.array(g, float)
    return parameters


def test_clip_by_value():
    parameters = with_gradients([3, -4, 0.5], None, [[-1.0, 1.5]])
    assert clip_by_value(parameters, 1) == 3 / 5  # 3, -4 and 1.5; -1 is at the limit
    assert parameters["0"].grad.tolist() == [1, -1, 0.5]
    assert parameters["1"].grad is None
    assert parameters["2"].grad.tolist() == [[-1, 1]]
    assert clip_by_value(parameters, 1) == 0
    assert clip_by_value(with_gradients([3]), 1) == 1  # all of the one number there is


def test_clip_by_norm():
    parameters = with_gradients([3, 0], None, [[-4.0]])
    assert clip_by_norm(parameters, None) == 5
    assert clip_by_norm(parameters, 2) == 5  # as it was before
    np.testing.assert_allclose(parameters["0"].grad, [1.2, 0])
    np.testing.assert_allclose(parameters["2"].grad, [[-1.6]])
    assert parameters["1"].grad is None
    assert clip_by_norm(parameters, 3) == pytest.approx(2)
    np.testing.assert_allclose(parameters["0"].grad, [1.2, 0])  # short enough already


def test_nothing_to_clip():
    parameters = with_gradients(None, None)
    assert clip_by_value(parameters, 1) == 0
    assert clip_by_norm(parameters, 1) == 0
    assert [w.grad for w in parameters.values()] == [None, None]


@given(hnp.arrays(float, (7,), elements=st.floats(-100, 100)), st.floats(0.01, 1000))
@examples
def test_clipping_by_norm_keeps_the_direction(g, limit):
    parameters = with_gradients(g[:3].tolist(), g[3:].tolist())
    norm = clip_by_norm(parameters, limit)
    clipped = np.concatenate([w.grad for w in parameters.values()])
    np.testing.assert_allclose(norm, np.linalg.norm(g), rtol=1e-12)
    np.testing.assert_allclose(clipped * max(1, norm / limit), g, rtol=1e-9, atol=1e-12)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-12)


@given(hnp.arrays(float, (7,), elements=st.floats(-100, 100)), st.floats(0.01, 1000))
@examples
def test_clipping_by_value_touches_only_what_is_outside(g, limit):
    parameters = with_gradients(g[:3].tolist(), g[3:].tolist())
    share = clip_by_value(parameters, limit)
    clipped = np.concatenate([w.grad for w in parameters.values()])
    inside = abs(g) <= limit
    np.testing.assert_array_equal(clipped[inside], g[inside])
    np.testing.assert_array_equal(clipped[~inside], np.sign(g[~inside]) * limit)
    assert share == (~inside).sum() / 7


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_shows_in_the_norm(bad):
    parameters = with_gradients([1.0, 2], [bad])
    with np.errstate(invalid="ignore"):
        assert not math.isfinite(clip_by_norm(parameters, None))
        assert not math.isfinite(clip_by_norm(parameters, 1))


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
def test_clipping_keeps_float32(clip):
    w = Tensor(np.zeros(3, np.float32), True)
    w.grad = np.array([3, 4, 0], np.float32)
    clip({"w": w}, np.float64(2))
    assert w.grad.dtype == np.float32 and abs(w.grad).max() < 3


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
@pytest.mark.parametrize("limit", [0, -1, math.nan])
def test_a_limit_is_above_0(clip, limit):
    """A negative one would turn every gradient round."""
    with pytest.raises(ValueError, match="above 0"):
        clip(with_gradients([1.0]), limit)
