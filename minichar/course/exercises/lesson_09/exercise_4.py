"""Exercise 9.4: `squash(a)`, which turns pre-activations into gates in place, with one tanh."""

import numpy as np

from minichar.course.checking import NotDone, Wrong, call_on, exercise, same
from minichar.course.exercises.lesson_09.shared import calls_of


def squash(a):
    H = a.shape[-1] // 4
    a[..., : 3 * H] *= 0.5
    np.tanh(a, out=a)
    a[..., : 3 * H] *= 0.5
    a[..., : 3 * H] += 0.5


def _changed_squash(before=0.5, factor=0.5, plus=0.5, blocks=slice(0, 3), rest=None):
    def wrong(a):
        H = a.shape[-1] // 4
        gates = a[..., (blocks.start or 0) * H : blocks.stop * H]
        gates *= before
        np.tanh(a, out=a)
        gates *= factor
        gates += plus
        if rest is not None:
            a[..., 3 * H :] = rest(a[..., 3 * H :])

    return wrong


def _new_array(a):
    a = a.copy()
    squash(a)
    return a


def _renamed(a):
    """In place as far as the tanh, which goes into a new array."""
    H = a.shape[-1] // 4
    a[..., : 3 * H] *= 0.5
    a = np.tanh(a)
    a[..., : 3 * H] *= 0.5
    a[..., : 3 * H] += 0.5


def _four(a):
    H = a.shape[-1] // 4
    for k in range(3):
        block = a[..., k * H : (k + 1) * H]
        block[...] = np.tanh(block / 2) / 2 + 0.5
    a[..., 3 * H :] = np.tanh(a[..., 3 * H :])


def _by_exp(a):
    H = a.shape[-1] // 4
    a[..., : 3 * H] = 1 / (1 + np.exp(-a[..., : 3 * H]))
    a[..., 3 * H :] = np.tanh(a[..., 3 * H :])


@exercise(
    "9.4",
    "four gates, one tanh, in place",
    answer=squash,
    hints=[
        (
            "How can one tanh serve both?",
            "The formula needs the tanh of x / 2. So what must happen to three of the blocks before the "
            "common tanh, and what after it? The block of g gets the tanh and nothing else.",
        ),
        (
            "What does in place mean?",
            "`a = np.tanh(a)` makes a new array, and the name a forgets the old one. `np.tanh(a, out=a)`, "
            "`a[...] = …`, `a *= …` write into the array that was handed in.",
        ),
    ],
    wrong={
        "a new array": _new_array,
        "a new array from the tanh on": _renamed,
        "not halved before the tanh": _changed_squash(before=1.0),
        "all four blocks are sigmoids": _changed_squash(blocks=slice(0, 4)),
        "the 1/2 not added": _changed_squash(plus=0.0),
        "not halved after the tanh": _changed_squash(factor=1.0),
        "g halved as well": _changed_squash(rest=lambda g: g / 2),
        "the first block as g, not the last": _changed_squash(blocks=slice(1, 4)),
        "a sigmoid for two blocks only": _changed_squash(blocks=slice(0, 2)),
        "1/2 added before the halving, not after it": _changed_squash(plus=0.25),
        "the halving is done on a copy, a gets its tanh alone": lambda a: np.tanh(a, out=a),
        "a tanh for each block": _four,
        "exp for the sigmoids, in place of the one tanh": _by_exp,
    },
)
def _(f):
    signs = np.array([[1, 1, -1, -1, 1, 1, 1, 1]])  # i has another: each slip is seen elsewhere
    cases = [np.log(3.0) * signs, np.zeros((1, 4)), np.array([[-900.0, 900, 2, -1]])]
    rng = np.random.default_rng(0)
    cases += [3 * rng.standard_normal(shape) for shape in ((2, 12), (5, 20), (3, 2, 8))]
    for a in cases:
        want = a.copy()
        squash(want)
        result, (got,) = call_on(f, a)
        if np.array_equal(got, a) and not np.array_equal(want, a):
            if result is None or result is ...:
                raise NotDone("it changes nothing")
            raise Wrong(
                "the array that it was given is unchanged; write into that one, with `out=a` or "
                "`a[...] = …`"
            )
        same(f"a of shape {a.shape}, afterwards,", got, want)
    calls = calls_of(f, cases[-1])
    for name in ("exp", "exp2", "expm1", "power", "float_power"):
        if calls[name]:
            raise Wrong(f"np.{name} was called, expected one np.tanh for all four blocks")
    if calls["tanh"] > 1:
        raise Wrong(f"np.tanh was called {calls['tanh']} times, expected one for all four blocks")
