"""Exercise 15.1: `attention_weights(q, k)`, row t for step t, which sees nothing ahead."""

import numpy as np

from minichar.attention import attend
from minichar.course.checking import Wrong, call, exercise, same


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def attention_weights(q, k):
    scores = q @ k.T / np.sqrt(k.shape[1])
    return softmax(np.where(np.tri(len(q), dtype=bool), scores, -np.inf))


def _weights(scale=lambda T, d: np.sqrt(d), ahead=0, hidden=-np.inf, axis=-1, swap=False):
    def wrong(q, k):
        a, b = (k, q) if swap else (q, k)
        seen = np.tri(len(q), k=ahead, dtype=bool)
        return softmax(np.where(seen, a @ b.T / scale(*k.shape), hidden), axis)

    return wrong


def _mask_after(q, k):
    return np.tril(softmax(q @ k.T / np.sqrt(k.shape[1])))


def _rescaled(q, k):
    left = _mask_after(q, k)
    with np.errstate(invalid="ignore"):
        return left / left.sum(axis=1, keepdims=True)


@exercise(
    "15.1",
    "attention weights",
    answer=attention_weights,
    also=(attend,),
    hints=[
        (
            "How are all queries compared with all keys at once?",
            "q @ k.T is (T, T): row t holds the comparisons of q[t] with every k. Divide by np.sqrt(d).",
        ),
        (
            "How do I hide what lies ahead?",
            "Before the softmax, set the scores of the steps ahead to -np.inf: e to that is 0. np.tri(T) has ones where s is at most t.",
        ),
        (
            "Why not set the weights ahead to 0 afterwards?",
            "Then the weights that are left sum to less than 1. If you mask the scores instead, the softmax makes them sum to 1.",
        ),
    ],
    wrong={
        "no mask: it looks ahead": _weights(ahead=10_000),
        "sees one step ahead": _weights(ahead=1),
        "does not see itself": _weights(ahead=-1),
        "the mask after the softmax": _mask_after,
        "the mask after the softmax, and the rest rescaled: 0 by 0 where the rest is tiny": _rescaled,
        "0 in place of minus infinity": _weights(hidden=0.0),
        "-30 in place of minus infinity": _weights(hidden=-30.0),
        "infinity in place of minus infinity": _weights(hidden=np.inf),
        "the mask the wrong way round": lambda q, k: softmax(
            np.where(np.tri(len(q), dtype=bool), -np.inf, q @ k.T / np.sqrt(k.shape[1]))
        ),
        "the softmax down the columns, not along the rows": _weights(axis=0),
        "not divided by the root of d": _weights(lambda T, d: 1),
        "divided by d": _weights(lambda T, d: d),
        "divided by the root of T": _weights(lambda T, d: np.sqrt(T)),
        "multiplied by the root of d": _weights(lambda T, d: 1 / np.sqrt(d)),
        "q and k exchanged": _weights(swap=True),
        "sees only what lies ahead": lambda q, k: attention_weights(q[::-1], k[::-1])[::-1, ::-1],
    },
)
def _(f):
    q, k = np.array([[1.0, 1], [1, 0], [0, 2]]), np.array([[2.0, 0], [0, 1], [1, 1]])
    weights = call(f, q, k)
    if isinstance(weights, np.ndarray) and weights.shape == (3, 3):
        if np.isnan(weights).all():
            raise Wrong(
                "all weights are nan, as 0 times infinity is: use np.where for the scores ahead"
            )
        same("the sum of each row of weights", weights.sum(axis=1), np.ones(3))
    same("the weights of three steps", weights, attention_weights(q, k))
    for T, d in ((1, 3), (2, 5), (6, 4), (5, 1), (9, 16)):
        q, k = np.random.default_rng(T).standard_normal((2, T, d))
        same(f"the weights with T = {T} and d = {d}", call(f, q, k), attention_weights(q, k))
    q, k = 10 * np.random.default_rng(0).standard_normal((2, 6, 4))  # scores far below 0, too
    same("the weights of large scores", call(f, q, k), attention_weights(q, k))
    q, k = np.full((3, 1), 200.0), np.array([[-100.0], [-100.01], [-100.02]])
    same("the weights of scores below -10,000", call(f, q, k), attention_weights(q, k))
    k = np.array([[-100.0], [-95.0], [-90.0]])
    same("the weights where what lies ahead scores 1,000 more", call(f, q, k), np.eye(3))
