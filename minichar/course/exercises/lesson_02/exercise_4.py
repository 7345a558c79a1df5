"""Exercise 2.4: `best_order(train, held_out, orders)`, the order that is best on held-out text."""

from itertools import pairwise

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.ngram import NGram
from minichar.text import Vocabulary


def best_order(train, held_out, orders):
    vocab = Vocabulary.of(train + held_out)
    model = NGram(train, max(orders), vocab)
    return min(orders, key=lambda k: model.bits(held_out, k).mean())


def _first_rise(bits, train, held_out, orders):
    """Goes on as long as it gets better."""
    best = orders[0]
    for k in orders[1:]:
        if bits(held_out, k) > bits(held_out, best):
            break
        best = k
    return best


def _last_fall(bits, train, held_out, orders):
    """Takes whatever is better than the one before it."""
    best = orders[0]
    for before, k in pairwise(orders):
        if bits(held_out, k) < bits(held_out, before):
            best = k
    return best


def _order_by(judge):
    def wrong(train, held_out, orders):
        vocab = Vocabulary.of(train + held_out)
        return judge(
            lambda text, k: NGram(train, k, vocab).bits(text).mean(), train, held_out, orders
        )

    return wrong


@exercise(
    "2.4",
    "choosing the order",
    answer=best_order,
    hints=[
        (
            "Which text decides?",
            "The held-out one. On the training text the longest memory always looks best.",
        ),
        (
            "How do I get the bits?",
            "`mc.NGram(train, k, vocab).bits(held_out).mean()`, for every k in orders.",
        ),
        (
            "A character is not in the vocabulary?",
            "Make it of both parts: `mc.Vocabulary.of(train + held_out)`.",
        ),
    ],
    wrong={
        "judged on the training text": _order_by(
            lambda bits, train, held_out, orders: min(orders, key=lambda k: bits(train, k))
        ),
        "the largest order": lambda train, held_out, orders: max(orders),
        "the worst": _order_by(
            lambda bits, train, held_out, orders: max(orders, key=lambda k: bits(held_out, k))
        ),
        "its place in orders, not the order itself": _order_by(
            lambda bits, train, held_out, orders: int(
                np.argmin([bits(held_out, k) for k in orders])
            )
        ),
        "judged on everything": _order_by(
            lambda bits, train, held_out, orders: min(
                orders, key=lambda k: bits(train + held_out, k)
            )
        ),
        "stops where it first gets worse": _order_by(_first_rise),
        "better than the one before, not than the best": _order_by(_last_fall),
        "a float, from an array of orders and bits": lambda train, held_out, orders: float(
            best_order(train, held_out, orders)
        ),
        "always three": lambda train, held_out, orders: 3,
    },
)
def _(f):
    rng = np.random.default_rng(1)
    noise = "".join(rng.choice(list("abcdef"), 600))
    cases = {
        "letters without any order": (noise[:500], noise[500:], [0, 1, 2, 3]),
        "the same letters, other orders": (noise[:500], noise[500:], [3, 4, 1]),
        "the same letters, the best order first": (noise[:500], noise[500:], [1, 4, 2]),
        "abc over and over": ("abc" * 40, "bcabcab" * 3, [0, 1, 2]),
        "a held-out part with a character of its own": ("abc" * 40, "abcabcX", [0, 1, 2]),
        "a training part with a character of its own": ("X" + "abc" * 40, "abcabc", [0, 1, 2]),
        "words that need three letters": ("aabbab" * 30, "bbabaa" * 5, [1, 2, 3]),
    }
    for name, (train, held_out, orders) in cases.items():
        said, got = f"the best of {orders} for {name}", call(f, train, held_out, orders)
        same(said, got, best_order(train, held_out, orders))
        if isinstance(got, float):
            raise Wrong(f"{said} is a float, expected one of the numbers in `orders`")
