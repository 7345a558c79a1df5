"""Exercise 15.3: `parallel(a, b, combine)`, all states in rounds that double their reach."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_15.exercise_2 import combine


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
    """As _loop, but by the formula, which `combine` alone should know."""
    states, h = [], 0 * b[0]
    for t in range(len(b)):
        h = a[t] * h + b[t]
        states.append(h)
    return np.array(states)


def _for_show(a, b, combine):
    combine((a, b), (a, b))
    return _without(a, b, combine)


def _squared(first, then):
    """Another associative operation, with the same (1, 0) that changes nothing."""
    (a1, b1), (a2, b2) = first, then
    return a2 * a1, a2 * a2 * b1 + b2


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
            "The earlier steps, then the later ones. The result takes the place of the later ones, both a and b.",
        ),
        (
            "When do I stop?",
            "1, 2, 4, …: double `back` after each round, and stop when it has reached T.",
        ),
    ],
    wrong={
        "the later steps first into combine": _scan(swap=True),
        "only b replaced, not a": _scan(keep="a"),
        "a is replaced before b is computed": _a_first,
        "one round only": _scan(until=lambda back, T: back == 1 < T),
        "a round too few": _scan(until=lambda back, T: 2 * back < T),
        "back grows by 1": _scan(grow=lambda back: back + 1),
        "back grows by a factor of 4": _scan(grow=lambda back: 4 * back),
        "a and b changed in place": _in_place,
        "a loop over the steps": _loop,
        "the formula in place of combine": _without,
        "what combine returns is not used": _for_show,
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
            if len(calls) > 1000:
                raise RuntimeError("combine is called again and again: does `back` grow?")
            return combine(first, then)

        states, T = call(f, a, b, counting), shape[0]
        same(f"the states with T = {T}", states, parallel(a, b, combine), tol=1e-8)
        rounds = int(np.ceil(np.log2(T)))
        if rounds and not calls:
            raise Wrong("the states are right, but it never calls combine: work in rounds with it")
        if len(calls) > 2 * max(1, rounds):  # as many as an up-sweep and a down-sweep take
            raise Wrong(
                f"the states are right, but with T = {T} it calls combine {len(calls)} times: "
                f"{rounds} rounds, each on all steps at once, are enough"
            )
    a, b = np.random.default_rng(0).uniform(-1.5, 1.5, (2, 9))
    what = "with another operation for combine, which squares a, the result"
    same(what, call(f, a, b, _squared), parallel(a, b, _squared), tol=1e-8)
