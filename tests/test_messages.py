"""What goes from process to process arrives as it was, or is known to have ended too soon."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minichar.messages import receive, send

numbers = hnp.arrays(
    st.sampled_from(["<f4", "<f8", "<i4", "<i8", "|u1"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
words = st.dictionaries(st.text(max_size=5), st.integers() | st.booleans() | st.text() | st.none())


@settings(max_examples=60)
@given(st.lists(st.tuples(words, st.lists(numbers, max_size=3)), min_size=1, max_size=3))
def test_messages_come_in_order_and_as_they_were(sent):
    pipe = io.BytesIO()
    for what, arrays in sent:
        send(pipe, what, arrays)
    pipe.seek(0)
    for what, arrays in sent:
        found, those = receive(pipe)
        assert found == what and len(those) == len(arrays)
        for a, b in zip(those, arrays, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    with pytest.raises(EOFError):
        receive(pipe)


def test_an_array_with_gaps_is_sent_without_them():
    pipe, a = io.BytesIO(), np.arange(12.0).reshape(3, 4)
    send(pipe, "", [a.T, a[:, 1::2], a[::-1]])
    pipe.seek(0)
    for found, wanted in zip(receive(pipe)[1], [a.T, a[:, 1::2], a[::-1]], strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_one_that_ends_too_soon_is_known_as_such():
    pipe = io.BytesIO()
    send(pipe, {"x": 1.5}, [np.arange(6.0).reshape(2, 3), np.zeros((0, 2), np.int32)])
    whole = pipe.getvalue()
    for n in range(len(whole)):
        with pytest.raises(EOFError):
            receive(io.BytesIO(whole[:n]))
