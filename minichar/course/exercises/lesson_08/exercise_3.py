"""Exercise 8.3: `adam(W, dW, m, v, t, rate)`, one step, which changes W, m and v in place."""

import numpy as np

from minichar import optim
from minichar.course.checking import call_on, exercise, same
from minichar.course.comparing import same_arrays


def adam(W, dW, m, v, t, rate=0.002):
    for name, g in dW.items():
        m[name] += (1 - 0.9) * (g - m[name])
        v[name] += (1 - 0.999) * (g * g - v[name])
        m_hat, v_hat = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
        W[name] -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)


def _changed_adam(
    first=lambda m, g: 0.9 * m + 0.1 * g,
    second=lambda v, g: 0.999 * v + 0.001 * g * g,
    right_m=lambda m, t: m / (1 - 0.9**t),
    right_v=lambda v, t: v / (1 - 0.999**t),
    move=lambda m, v, g: m / (np.sqrt(v) + 1e-8),
    sign=-1,
):
    def wrong(W, dW, m, v, t, rate=0.002):
        for name, g in dW.items():
            m[name][...] = first(m[name], g)
            v[name][...] = second(v[name], g)
            W[name] += sign * rate * move(right_m(m[name], t), right_v(v[name], t), g)

    return wrong


def _corrected_for_good(W, dW, m, v, t, rate=0.002):
    """What was corrected is kept, and corrected again at the next step."""
    for name, g in dW.items():
        m[name][...] = (0.9 * m[name] + 0.1 * g) / (1 - 0.9**t)
        v[name][...] = (0.999 * v[name] + 0.001 * g * g) / (1 - 0.999**t)
        W[name] -= rate * m[name] / (np.sqrt(v[name]) + 1e-8)


def _forgetful(W, dW, m, v, t, rate=0.002):
    """Moves the weights, and forgets m and v."""
    for name, g in dW.items():
        new_m, new_v = 0.9 * m[name] + 0.1 * g, 0.999 * v[name] + 0.001 * g * g
        m_hat, v_hat = new_m / (1 - 0.9**t), new_v / (1 - 0.999**t)
        W[name] -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)


def _only_where_used(W, dW, m, v, t, rate=0.002):
    """A weight whose gradient is 0 now stays where it is, in spite of its m."""
    before = {name: w.copy() for name, w in W.items()}
    adam(W, dW, m, v, t, rate)
    for name, g in dW.items():
        W[name][g == 0] = before[name][g == 0]


def _rebound(which):
    """The right numbers, but those of `which` in new arrays."""

    def wrong(W, dW, m, v, t, rate=0.002):
        for name, given in zip(("W", "m", "v"), (W, m, v), strict=True):
            if name in which:
                given.update({key: array.copy() for key, array in given.items()})
        adam(W, dW, m, v, t, rate)

    return wrong


def _square_in_place(W, dW, m, v, t, rate=0.002):
    """`g *= g`, which squares the caller's gradient."""
    adam(W, dW, m, v, t, rate)
    for g in dW.values():
        g *= g


@exercise(
    "8.3",
    "Adam",
    answer=adam,
    also=(optim.Adam,),
    hints=[
        (
            "In place, but how?",
            "`m[name][...] = 0.9 * m[name] + 0.1 * dW[name]` writes into the array it was given, and "
            "so does `W[name] -= …`.",
        ),
        (
            "What is kept, m or m̂?",
            "m and v are kept as they are. m̂ and v̂ are made from them for this step alone, under "
            "names of their own.",
        ),
        (
            "Which of the two is squared?",
            "Only v takes g * g. m takes g itself, sign and all. And here the 1e-8 is added to the "
            "root; in Adagrad it was added under it.",
        ),
    ],
    wrong={
        "no correction for the start at 0": _changed_adam(
            right_m=lambda m, t: m, right_v=lambda v, t: v
        ),
        "only m is corrected": _changed_adam(right_v=lambda v, t: v),
        "t + 1 in place of t": _changed_adam(
            right_m=lambda m, t: m / (1 - 0.9 ** (t + 1)),
            right_v=lambda v, t: v / (1 - 0.999 ** (t + 1)),
        ),
        "the corrected m and v are kept": _corrected_for_good,
        "0.9 in place of 0.999": _changed_adam(
            second=lambda v, g: 0.9 * v + 0.1 * g * g, right_v=lambda v, t: v / (1 - 0.9**t)
        ),
        "all of g added to m, as in momentum": _changed_adam(first=lambda m, g: 0.9 * m + g),
        "v of the gradient's size, not of its square": _changed_adam(
            second=lambda v, g: 0.999 * v + 0.001 * np.abs(g)
        ),
        "the root left out": _changed_adam(move=lambda m, v, g: m / (v + 1e-8)),
        "1e-8 under the root, as in Adagrad": _changed_adam(
            move=lambda m, v, g: m / np.sqrt(v + 1e-8)
        ),
        "1e-6 in place of 1e-8": _changed_adam(move=lambda m, v, g: m / (np.sqrt(v) + 1e-6)),
        "the gradient is squared in place": _square_in_place,
        "the gradient over the root, without m": _changed_adam(
            move=lambda m, v, g: g / (np.sqrt(v) + 1e-8)
        ),
        "with the gradient, not against it": _changed_adam(sign=1),
        "m and v not kept": _forgetful,
        "no step where the gradient is 0": _only_where_used,
        "v may grow, but not shrink": _changed_adam(
            second=lambda v, g: np.maximum(v, 0.999 * v + 0.001 * g * g)
        ),
        "new arrays for W, m and v": _rebound("Wmv"),
        "new arrays for m and v": _rebound("mv"),
        "a new array for v": _rebound("v"),
        "a new array for W": _rebound("W"),
    },
)
def _(f):
    for seed, rate in ((0, 0.1), (1, 0.5)):
        rng = np.random.default_rng(seed)
        W, dW = ({name: rng.standard_normal((3, 2)) for name in ("Wxh", "bh")} for _ in range(2))
        dW["bh"][0] = 0  # a weight that is not used now
        m, v = ({name: np.zeros((3, 2)) for name in W} for _ in range(2))
        got = [{k: a.copy() for k, a in d.items()} for d in (W, m, v)]
        for t in (1, 2, 3):
            _, after = call_on(f, got[0], dW, got[1], got[2], t, rate)
            same("it changed the gradient: dW", after[1], dW)
            got = [after[0], after[2], after[3]]
            adam(W, dW, m, v, t, rate)
            case = f"after {t} steps at rate {rate}" if t > 1 else f"after one step at rate {rate}"
            same(f"{case}: m", got[1], m)
            same(f"{case}: v", got[2], v)
            same(f"{case}: W", got[0], W, tol=1e-4)  # 1e-8 before or after the correction of v
            dW = {name: 3 * rng.standard_normal((3, 2)) for name in W}
            dW["Wxh"][t % 3] = 0  # used before, and not now
    W, dW, m, v = ({"by": np.array([x])} for x in (1.0, 20.0, 0.5, 2.0))
    _, after = call_on(f, W, dW, m, v, 9)
    adam(W, dW, m, v, 9)
    same("with the rate left out: W", after[0], W, tol=1e-4)
    W, m, v = ({"by": np.zeros(2)} for _ in range(3))
    dW = {"by": np.array([1e-4, -1e-4])}
    _, after = call_on(f, W, dW, m, v, 1, 0.1)
    adam(W, dW, m, v, 1, 0.1)
    same("after one step with gradients of 0.0001 and -0.0001: W", after[0], W, tol=5e-3)
    W, dW, m, v = ({"by": np.ones(2)} for _ in range(4))
    given = dict(W), dict(m), dict(v)
    f(W, dW, m, v, 1, 0.1)
    for name, held, arrays in zip(("W", "m", "v"), (W, m, v), given, strict=True):
        same_arrays(name, held, arrays)
