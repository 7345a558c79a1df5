"""Attention: its weights, its gradients, and that nobody looks ahead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.attention import Attention, attend, causal, distances, permute, products
from minichar.graph import Tensor, check_gradients

sizes = st.integers(1, 6)


def rng(seed=0):
    return np.random.default_rng(seed)


def tensor(*shape, seed=0):
    return Tensor(rng(seed).standard_normal(shape), True)


def slowly(q, k, v, seen):
    """One text, one head, one step at a time: q (T, d), k and v (S, d), seen (T, S)."""
    ys, weights = [], []
    for t in range(len(q)):
        e = [np.exp(q[t] @ k[s] / np.sqrt(len(q[t]))) if seen[t, s] else 0.0 for s in range(len(k))]
        weights.append([x / sum(e) for x in e])
        ys.append(sum(w * v[s] for s, w in enumerate(weights[-1])))
    return np.array(ys), np.array(weights)


# --- the operations


def test_permute_and_products_are_numpys_and_their_gradients_are_slopes():
    a, b = tensor(2, 3, 4, 5), tensor(2, 3, 5, 6, seed=1)
    np.testing.assert_array_equal(permute(a, 2, 0, 3, 1).data, a.data.transpose(2, 0, 3, 1))
    np.testing.assert_allclose(products(a, b).data, np.einsum("abij,abjk->abik", a.data, b.data))
    assert check_gradients(lambda a: permute(a, 2, 0, 3, 1), a) < 1e-7
    assert check_gradients(lambda a: permute(a, -1, 0, -2, 1), a) < 1e-7
    assert check_gradients(products, a, b) < 1e-7


@pytest.mark.parametrize("a, b", [((2, 3, 4), (3, 4, 5)), ((3, 4), (3, 4)), ((2, 3, 4), (4, 5))])
def test_products_that_do_not_fit_name_both_shapes(a, b):
    with pytest.raises(ValueError) as caught:
        products(tensor(*a), tensor(*b))
    assert str(a) in str(caught.value) and str(b) in str(caught.value)


def test_who_may_see_what():
    no = -np.inf
    assert causal(3).tolist() == [[0, no, no], [0, 0, no], [0, 0, 0]]
    assert causal(2, 4).tolist() == [[0, 0, 0, no], [0, 0, 0, 0]]
    assert causal(4, 4, reach=1)[3].tolist() == [no, no, 0, 0]
    assert causal(2, 5, reach=2).tolist() == [[no, 0, 0, 0, no], [no, no, 0, 0, 0]]
    assert distances(2, 4).tolist() == [[2, 1, 0, -1], [3, 2, 1, 0]]


@given(T=sizes, d=sizes, B=st.integers(1, 3), seed=st.integers(0, 99))
def test_attention_is_the_slow_one_and_its_weights_sum_to_1(T, d, B, seed):
    q, k, v = (tensor(B, T, d, seed=seed + n) for n in (0, 100, 200))
    y, weights = attend(q, k, v, causal(T))
    np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-12)
    assert (weights.data[:, ~np.tri(T, dtype=bool)] == 0).all()
    for b in range(B):
        expected = slowly(q.data[b], k.data[b], v.data[b], np.tri(T, dtype=bool))
        np.testing.assert_allclose(y.data[b], expected[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(weights.data[b], expected[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mask", [0.0, causal(4), causal(4, reach=1)], ids=["all", "past", "near"])
def test_gradients_of_attention(mask):
    q, k, v = (tensor(2, 4, 3, seed=n) for n in range(3))
    for part in (0, 1):
        assert check_gradients(lambda *qkv, part=part: attend(*qkv, mask)[part], q, k, v) < 1e-7


def test_attention_is_pytorchs():
    torch = pytest.importorskip("torch", reason="pip install torch, to compare with PyTorch's")
    q, k, v = (tensor(2, 3, 5, 4, seed=n) for n in range(3))
    theirs = [torch.tensor(t.data, requires_grad=True) for t in (q, k, v)]
    expected = torch.nn.functional.scaled_dot_product_attention(*theirs, is_causal=True)
    y, _ = attend(q, k, v, causal(5))
    np.testing.assert_allclose(y.data, expected.detach(), rtol=1e-9)
    weight = rng(9).standard_normal(y.shape)
    y.backward(weight)
    expected.backward(torch.tensor(weight))
    for mine, other in zip((q, k, v), theirs, strict=True):
        np.testing.assert_allclose(mine.grad, other.grad, rtol=1e-9, atol=1e-12)


# --- the layer, which carries what it has seen


def layer(D=6, heads=2, reach=3, seed=0):
    made = Attention(D, heads, reach, rng(seed), "float64")
    for name, w in made.parameters.items():  # the biases start at 0: give them a say
        w.data[...] = rng(seed + len(name)).standard_normal(w.shape)
    return made


def test_every_head_adds_its_number_for_the_distance_to_the_scores():
    """The slow reference: one text, one step and one head at a time."""
    attention, x = layer(), rng(1).standard_normal((7, 2, 6))
    P = {name: w.data for name, w in attention.parameters.items()}
    y, _ = attention(Tensor(x))
    for b in range(2):
        q, k, v = np.split(x[:, b] @ P["Wqkv"] + P["bqkv"], 3, axis=1)
        for t in range(7):
            seen, found = np.arange(max(0, t - 3), t + 1), []
            for head, own in enumerate((slice(0, 3), slice(3, 6))):
                scores = k[seen, own] @ q[t, own] / np.sqrt(3) + P["distance"][t - seen, head]
                p = np.exp(scores) / np.exp(scores).sum()
                found.append(p @ v[seen, own])
            expected = np.concatenate(found) @ P["Wout"] + P["bout"]
            np.testing.assert_allclose(y.data[t, b], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("t", range(7))
def test_a_later_step_changes_nothing_earlier_and_reaches_no_further_than_it_may(t):
    attention, x = layer(), rng(1).standard_normal((7, 2, 6))
    before = attention(Tensor(x))[0].data
    x[t] += rng(2).standard_normal((2, 6))
    changed = (attention(Tensor(x))[0].data != before).any(axis=(1, 2))
    assert changed.tolist() == [t <= step <= t + 3 for step in range(7)]


def test_weights_sum_to_1_over_what_there_is():
    attention = layer()
    _, state = attention(tensor(2, 2, 6))
    there = [False, True, True]  # of the three steps before
    for known in ([False] * 3, there):
        attention(tensor(4, 2, 6), None if known is not there else state)
        w = attention.weights  # (B, heads, T, 3 + T)
        assert w.shape == (2, 2, 4, 7)
        np.testing.assert_allclose(w.sum(-1), 1, rtol=1e-12)
        seen = np.isfinite(causal(4, 7, 3)) & np.array(known + [True] * 4)
        assert ((w > 0) == seen).all()


@given(cut=st.integers(1, 7), reach=st.integers(0, 9), heads=st.sampled_from([1, 2, 3]))
def test_a_text_in_two_pieces_is_the_text_whole(cut, reach, heads):
    attention, x = layer(heads=heads, reach=reach), rng(1).standard_normal((8, 2, 6))
    whole, end = attention(Tensor(x))
    first, state = attention(Tensor(x[:cut]))
    second, after = attention(Tensor(x[cut:]), state)
    both = np.concatenate([first.data, second.data])
    np.testing.assert_allclose(both, whole.data, rtol=1e-9, atol=1e-12)
    for a, b in zip(after, end, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_texts_side_by_side_do_not_touch_each_other():
    attention, x = layer(), rng(1).standard_normal((5, 3, 6))
    together = attention(Tensor(x))[0].data
    for b in range(3):
        alone = attention(Tensor(x[:, b : b + 1]))[0].data
        np.testing.assert_allclose(alone, together[:, b : b + 1], rtol=1e-12, atol=1e-14)


def test_gradients_of_the_layer():
    attention, x = layer(), tensor(5, 2, 6)
    _, state = layer(seed=4)(tensor(2, 2, 6, seed=3))
    weights = attention.parameters.values()
    assert check_gradients(lambda x, *_: attention(x, state)[0], x, *weights) < 1e-7


def test_the_state_given_stays_as_it_was_and_one_that_does_not_fit_is_refused():
    attention = layer()
    _, state = attention(tensor(4, 2, 6))
    kept = [s.copy() for s in state]
    _, after = attention(tensor(1, 2, 6), state)
    assert all((a == b).all() for a, b in zip(kept, state, strict=True))
    assert not any(np.shares_memory(a, b) for a in state for b in after)
    with pytest.raises(ValueError, match=r"state has shapes .*\(1, 18\)"):
        attention(tensor(1, 1, 6), state)


def test_a_mask_of_true_and_false_is_refused():
    """As others have it. Added to the scores, True would be 1 and False 0: nothing is hidden."""
    x = tensor(1, 3, 4)
    with pytest.raises(ValueError, match="-inf elsewhere"):
        attend(x, x, x, causal(3) == 0)


@pytest.mark.parametrize("heads", [4, 0, -1])
def test_heads_that_cannot_share_are_refused(heads):
    with pytest.raises(ValueError, match=f"heads={heads}: 6 columns"):
        Attention(6, heads, 3, rng())


def test_all_heads_but_the_last_begin_by_looking_near():
    distance = Attention(6, 3, 4, rng(), "float64").parameters["distance"].data
    assert distance[:, 0].tolist() == [0, -1, -2, -3, -4]
    assert distance[4].tolist() == [-4, -1, 0]
    assert not Attention(6, 1, 4, rng()).parameters["distance"].data.any()
