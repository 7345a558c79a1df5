"""The exercises of lesson 15: attention weights, the operator of the scan, the scan, layer norm."""

import numpy as np

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


@exercise(
    "15.1",
    "attention weights",
    answer=attention_weights,
    hints=[
        (
            "How are all questions compared with all keys at once?",
            "q @ k.T is (T, T): row t holds the comparisons of q[t] with every k. Divide by np.sqrt(d).",
        ),
        (
            "How does a step not see what lies ahead?",
            "Before the softmax its score becomes -np.inf, and e to that is 0. np.tri(T) has ones where s is at most t.",
        ),
        (
            "Why not set the weights ahead to 0 afterwards?",
            "Then what is left sums to less than 1. Mask the scores, and the softmax shares out the whole.",
        ),
    ],
    wrong={
        "looks ahead": _weights(ahead=10_000),
        "sees one step ahead": _weights(ahead=1),
        "does not see itself": _weights(ahead=-1),
        "masks after the softmax": _mask_after,
        "0 for minus infinity": _weights(hidden=0.0),
        "down the columns": _weights(axis=0),
        "no division": _weights(lambda T, d: 1),
        "divided by d": _weights(lambda T, d: d),
        "divided by the root of T": _weights(lambda T, d: np.sqrt(T)),
        "times the root of d": _weights(lambda T, d: 1 / np.sqrt(d)),
        "keys ask, questions answer": _weights(swap=True),
        "sees only what lies ahead": lambda q, k: attention_weights(q[::-1], k[::-1])[::-1, ::-1],
    },
)
def _(f):
    q, k = np.array([[1.0, 1], [1, 0], [0, 2]]), np.array([[2.0, 0], [0, 1], [1, 1]])
    weights = call(f, q, k)
    if isinstance(weights, np.ndarray) and weights.shape == (3, 3):
        same("the sum of each row of weights", weights.sum(axis=1), np.ones(3))
    same("the weights of three steps", weights, attention_weights(q, k))
    for T, d in ((1, 3), (2, 5), (6, 4), (5, 1), (9, 16)):
        q, k = np.random.default_rng(T).standard_normal((2, T, d))
        same(f"the weights with T = {T} and d = {d}", call(f, q, k), attention_weights(q, k))


def combine(first, then):
    (a1, b1), (a2, b2) = first, then
    return a2 * a1, a2 * b1 + b2


@exercise(
    "15.2",
    "two steps in one",
    answer=combine,
    hints=[
        (
            "Where do I begin?",
            "Put the first step into the second: a2 * (a1 * h + b1) + b2. Multiply out.",
        ),
        (
            "Which part is the new a, which the new b?",
            "The new a is what stands before h; the new b is all the rest.",
        ),
    ],
    wrong={
        "the other order": lambda first, then: combine(then, first),
        "b as it comes": lambda first, then: (first[0] * then[0], first[1] + then[1]),
        "a1 for a2": lambda first, then: (first[0] * then[0], first[0] * first[1] + then[1]),
        "sum of the a": lambda first, then: (first[0] + then[0], then[0] * first[1] + then[1]),
        "b2 multiplied as well": lambda first, then: (
            first[0] * then[0],
            then[0] * (first[1] + then[1]),
        ),
        "b2 left out": lambda first, then: (first[0] * then[0], then[0] * first[1]),
        "b before a": lambda first, then: combine(first, then)[::-1],
    },
)
def _(f):
    first, then = (2.0, 1.0), (3.0, 5.0)
    same("combine((2, 1), (3, 5))", call(f, first, then), combine(first, then))
    for shape in ((), (4,), (3, 2)):
        a1, b1, a2, b2 = np.random.default_rng(len(shape)).standard_normal((4, *shape))
        got = call(f, (a1, b1), (a2, b2))
        same(f"(a, b) of shape {shape}", got, combine((a1, b1), (a2, b2)), parts=("a", "b"))


def parallel(a, b, combine):
    a, b = a.copy(), b.copy()
    back = 1
    while back < len(b):
        a[back:], b[back:] = combine((a[:-back], b[:-back]), (a[back:], b[back:]))
        back *= 2
    return b


def _scan(grow=lambda back: 2 * back, until=lambda back, T: back < T, swap=False, keep=None):
    def wrong(a, b, combine):
        a, b = a.copy(), b.copy()
        back = 1
        while until(back, len(b)):
            early, late = (a[:-back], b[:-back]), (a[back:], b[back:])
            new = combine(late, early) if swap else combine(early, late)
            if keep != "a":
                a[back:] = new[0]
            b[back:] = new[1]
            back = grow(back)
        return b

    return wrong


def _in_place(a, b, combine):
    back = 1
    while back < len(b):
        a[back:], b[back:] = combine((a[:-back], b[:-back]), (a[back:], b[back:]))
        back *= 2
    return b


def _loop(a, b, combine):
    now, states = (a[0], b[0]), [b[0]]
    for t in range(1, len(b)):
        now = combine(now, (a[t], b[t]))
        states.append(now[1])
    return np.array(states)


def _a_first(a, b, combine):
    a, b = a.copy(), b.copy()
    back = 1
    while back < len(b):
        a[back:] = combine((a[:-back], b[:-back]), (a[back:], b[back:]))[0]
        b[back:] = combine((a[:-back], b[:-back]), (a[back:], b[back:]))[1]
        back *= 2
    return b


def _without(a, b, combine):
    states, h = [], 0 * b[0]
    for t in range(len(b)):
        h = a[t] * h + b[t]
        states.append(h)
    return np.array(states)


@exercise(
    "15.3",
    "the parallel scan",
    answer=parallel,
    hints=[
        (
            "What is done in one round?",
            "Every step from `back` on is combined with the step `back` before it. All the earlier ones are a[:-back], b[:-back]; the later ones a[back:], b[back:].",
        ),
        (
            "Which goes first into combine?",
            "The earlier steps; then the later ones. What comes out takes the places of the later ones, a and b both.",
        ),
        (
            "When is it over?",
            "1, 2, 4, …: double `back` after each round, and stop when it has reached T. Work on copies of a and b.",
        ),
    ],
    wrong={
        "later before earlier": _scan(swap=True),
        "a stays as it was": _scan(keep="a"),
        "a is renewed before b is done": _a_first,
        "one round only": _scan(until=lambda back, T: back == 1 < T),
        "a round too few": _scan(until=lambda back, T: 2 * back < T),
        "back grows by 1": _scan(grow=lambda back: back + 1),
        "back grows by a factor of 4": _scan(grow=lambda back: 4 * back),
        "changed in place": _in_place,
        "a loop over the steps": _loop,
        "a loop without combine": _without,
        "the products of a": lambda a, b, combine: np.cumprod(a, axis=0),
        "the sums of b": lambda a, b, combine: np.cumsum(b, axis=0),
    },
)
def _(f):
    for shape in ((5,), (1,), (2,), (3,), (16,), (21, 2), (33, 2, 3)):
        a, b = np.random.default_rng(shape[0]).uniform(-1.5, 1.5, (2, *shape))
        calls = []

        def counting(first, then, calls=calls):
            calls.append(len(np.atleast_1d(first[0])))
            return combine(first, then)

        states, T = call(f, a, b, counting), shape[0]
        same(f"the states with T = {T}", states, parallel(a, b, combine), tol=1e-8)
        rounds = int(np.ceil(np.log2(T)))
        if rounds and not calls:
            raise Wrong("the states are right, but it never calls combine: work in rounds with it")
        if len(calls) > 2 * max(1, rounds):  # as many as an up-sweep and a down-sweep take
            raise Wrong(
                f"the states are right, but for {T} steps it calls combine {len(calls)} times: "
                f"{rounds} rounds, each on all steps at once, are enough"
            )


def layer_norm(x, gain, bias):
    x = x - x.mean(axis=1, keepdims=True)
    return x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5) * gain + bias


def _norm(axis=1, eps=1e-5, root=np.sqrt, ddof=0, middle=True, end=lambda n, g, b: n * g + b):
    def wrong(x, gain, bias):
        spread = x.var(axis=axis, keepdims=True, ddof=ddof) + eps
        moved = x - x.mean(axis=axis, keepdims=True) if middle else x
        return end(moved / root(spread), gain, bias)

    return wrong


@exercise(
    "15.4",
    "layer norm",
    answer=layer_norm,
    hints=[
        (
            "Over which numbers is the mean?",
            "Over the D numbers of one step: axis=1, with keepdims=True, so that it can be taken off each row.",
        ),
        (
            "Where does the 0.00001 stand?",
            "Under the root, added to the mean square: np.sqrt((x * x).mean(...) + 1e-5), x being without its mean by then.",
        ),
    ],
    wrong={
        "down the columns": _norm(axis=0),
        "over everything": _norm(axis=None),
        "no 0.00001": _norm(eps=0.0),
        "the 0.00001 beside the root": _norm(eps=0.0, root=lambda v: np.sqrt(v) + 1e-5),
        "no root": _norm(root=lambda v: v),
        "D - 1 for D": _norm(ddof=1),
        "the mean stays": _norm(middle=False),
        "no gain": _norm(end=lambda n, g, b: n + b),
        "no bias": _norm(end=lambda n, g, b: n * g),
        "bias before gain": _norm(end=lambda n, g, b: (n + b) * g),
        "mean square before the mean is off": lambda x, gain, bias: (
            (x - x.mean(axis=1, keepdims=True))
            / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-5)
            * gain
            + bias
        ),
    },
)
def _(f):
    x = np.array([[1.0, 2, 3, 6], [0, 0, 0, 4]])
    same("two rows", call(f, x, np.ones(4), np.zeros(4)), layer_norm(x, 1, 0))
    for seed, (T, D) in enumerate(((5, 3), (1, 8), (4, 4))):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((T, D)) * 3 + 5
        gain, bias = rng.standard_normal((2, D))
        same(f"x of shape {(T, D)}", call(f, x, gain, bias), layer_norm(x, gain, bias))
    flat = np.full((2, 3), 7.0)
    same("rows without any spread", call(f, flat, np.ones(3), np.ones(3)), np.ones((2, 3)))
