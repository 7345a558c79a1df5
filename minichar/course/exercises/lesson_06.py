"""The exercises of lesson 06: the LSTM forward and backward, how long it keeps, and the GRU."""

import numpy as np

from minichar.course.checking import call, exercise, same


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _weights(rng, D, H, blocks=4):
    return {
        "Wxh": rng.standard_normal((D, blocks * H)),
        "Whh": rng.standard_normal((H, blocks * H)),
        "bh": rng.standard_normal(blocks * H),
    }


def _case(seed, D, H, blocks=4):
    rng = np.random.default_rng(seed)
    return _weights(rng, D, H, blocks), rng.standard_normal(D), *rng.standard_normal((2, H))


CASES = [(0, 5, 4), (1, 3, 1), (2, 2, 6)]  # seed, D, H


def lstm_step(W, x, h, c):
    H = len(h)
    a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
    o, i, f = sigmoid(a[:H]), sigmoid(a[H : 2 * H]), sigmoid(a[2 * H : 3 * H])
    g = np.tanh(a[3 * H :])
    c = f * c + i * g
    return o * np.tanh(c), c, (o, i, f, g)


def _lstm(order="oifg", gate=sigmoid, candidate=np.tanh, cell=None, out=None):
    def wrong(W, x, h, c):
        H = len(h)
        a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
        part = {name: a[k * H : (k + 1) * H] for k, name in enumerate(order)}
        o, i, f, g = gate(part["o"]), gate(part["i"]), gate(part["f"]), candidate(part["g"])
        new = (cell or (lambda f, c, i, g: f * c + i * g))(f, c, i, g)
        return (out or (lambda o, c: o * np.tanh(c)))(o, new), new, (o, i, f, g)

    return wrong


@exercise(
    "6.1",
    "one step of the LSTM",
    answer=lstm_step,
    hints=[
        ("Which block is which?", "In a: o is [:H], i is [H:2H], f is [2H:3H], g is the rest."),
        (
            "Which of them are sigmoids?",
            "The three gates o, i and f: they say how much. g says what, and is a tanh.",
        ),
        (
            "What goes out?",
            "The new cell first, c = f * c + i * g. Then h = o * np.tanh(c), with the new c.",
        ),
    ],
    wrong={
        "the cell state handed out": _lstm(out=lambda o, c: c),
        "no tanh on the way out": _lstm(out=lambda o, c: o * c),
        "blocks in another order": _lstm(order="ifog"),
        "sigmoid of 2x": _lstm(gate=lambda x: sigmoid(2 * x)),
        "sigmoid for g": _lstm(candidate=sigmoid),
        "forget and input exchanged": _lstm(cell=lambda f, c, i, g: i * c + f * g),
        "forgets by 1 - i": _lstm(cell=lambda f, c, i, g: (1 - i) * c + i * g),
        "out with the old cell": lambda W, x, h, c: (
            lambda new, cell, gates: (gates[0] * np.tanh(c), cell, gates)
        )(*lstm_step(W, x, h, c)),
    },
)
def _(f):
    for case in CASES:
        args = _case(*case)
        same(f"(h, c, gates) with H = {case[2]}", call(f, *args), lstm_step(*args))


def kept(bias, n):
    return sigmoid(bias) ** n


@exercise(
    "6.2",
    "how much is kept",
    answer=kept,
    hints=[
        (
            "How much does one step keep?",
            "The forget gate: sigmoid(bias), when nothing but the bias goes into it.",
        ),
        ("And n steps?", "Each keeps that share of what the one before has kept: to the power n."),
    ],
    wrong={
        "n times": lambda bias, n: n * sigmoid(bias),
        "one step": lambda bias, n: sigmoid(bias),
        "what is lost": lambda bias, n: 1 - sigmoid(bias) ** n,
        "sigmoid of n times the bias": lambda bias, n: sigmoid(bias * n),
        "tanh": lambda bias, n: np.tanh(bias) ** n,
    },
)
def _(f):
    for bias, n in ((1.0, 2), (0.0, 1), (0.0, 10), (1.0, 10), (5.0, 100), (-1.0, 2)):
        same(f"kept({bias}, {n})", call(f, bias, n), kept(bias, n))


def lstm_back(dh, dc, c_before, c, gates):
    o, i, f, g = gates
    do = dh * np.tanh(c)
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    di, df, dg = dc * g, dc * c_before, dc * i
    return do, di, df, dg, dc * f


def _back(change):
    def wrong(dh, dc, c_before, c, gates):
        o, i, f, g = gates
        tc = np.tanh(c)
        total = dc + dh * o * (1 - tc**2)
        right = {
            "o": dh * tc,
            "i": total * g,
            "f": total * c_before,
            "g": total * i,
            "c": total * f,
        }
        right |= change(dh, dc, c_before, c, o, i, f, g, tc, total)
        return tuple(right[k] for k in "oifgc")

    return wrong


@exercise(
    "6.3",
    "back through the cell",
    answer=lstm_back,
    hints=[
        (
            "Why does dc come from two places?",
            "c was used by h = o * tanh(c), and by the next step's cell, which handed dc in.",
        ),
        (
            "How much goes through h?",
            "dh * o * (1 - np.tanh(c)**2): the slope of tanh, times o. Add it to the dc given.",
        ),
        (
            "And the four gates?",
            "In c = f * c_before + i * g each factor's gradient is dc times its partner.",
        ),
    ],
    wrong={
        "nothing from h into c": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {
                "i": dc * g,
                "f": dc * cb,
                "g": dc * i,
                "c": dc * f,
            }
        ),
        "nothing from the next cell": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {
                "i": (t - dc) * g,
                "f": (t - dc) * cb,
                "g": (t - dc) * i,
                "c": (t - dc) * f,
            }
        ),
        "do from c, not tanh(c)": _back(lambda dh, dc, cb, c, o, i, f, g, tc, t: {"o": dh * c}),
        "df from the new cell": _back(lambda dh, dc, cb, c, o, i, f, g, tc, t: {"f": t * c}),
        "partners exchanged": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {"i": t * i, "g": t * g}
        ),
        "the forget gate forgotten on the way back": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {"c": t}
        ),
        "no slope of tanh": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: (
                lambda t: {"i": t * g, "f": t * cb, "g": t * i, "c": t * f}
            )(dc + dh * o)
        ),
    },
)
def _(f):
    for case in CASES:
        W, x, h, c = _case(*case)
        _, new, gates = lstm_step(W, x, h, c)
        dh, dc = np.random.default_rng(9).standard_normal((2, len(h)))
        args = (dh, dc, c, new, gates)
        same(f"(do, di, df, dg, dc_before) with H = {case[2]}", call(f, *args), lstm_back(*args))


def da_of(do, di, df, dg, gates):
    o, i, f, g = gates
    return np.concatenate([do * o * (1 - o), di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2)])


@exercise(
    "6.4",
    "back through the gates",
    answer=da_of,
    hints=[
        (
            "What is the slope of a sigmoid?",
            "s * (1 - s), by its value s. That of tanh is 1 - g**2.",
        ),
        (
            "stack or concatenate?",
            "a was one row of 4H numbers: np.concatenate makes one again; np.stack makes 4 rows.",
        ),
    ],
    wrong={
        "stack for concatenate": lambda *args: da_of(*args).reshape(4, -1),
        "the slope of tanh for all": lambda do, di, df, dg, gates: np.concatenate(
            [d * (1 - s**2) for d, s in zip((do, di, df, dg), gates, strict=True)]
        ),
        "the slope of a sigmoid for all": lambda do, di, df, dg, gates: np.concatenate(
            [d * s * (1 - s) for d, s in zip((do, di, df, dg), gates, strict=True)]
        ),
        "the slope of sigmoid(2x)": lambda do, di, df, dg, gates: da_of(
            2 * do, 2 * di, 2 * df, dg, gates
        ),
        "blocks in another order": lambda do, di, df, dg, gates: np.roll(
            da_of(do, di, df, dg, gates), len(do)
        ),
        "no slope": lambda do, di, df, dg, gates: np.concatenate([do, di, df, dg]),
    },
)
def _(f):
    for case in CASES:
        W, x, h, c = _case(*case)
        gates = lstm_step(W, x, h, c)[2]
        d = np.random.default_rng(8).standard_normal((4, len(h)))
        same(f"da with H = {case[2]}", call(f, *d, gates), da_of(*d, gates))


def gru_step(W, x, h):
    H = len(h)
    a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
    r, u = sigmoid(a[:H] + m[:H]), sigmoid(a[H : 2 * H] + m[H : 2 * H])
    n = np.tanh(a[2 * H :] + r * m[2 * H :])
    return (1 - u) * n + u * h


def _gru(mix=lambda u, n, h: (1 - u) * n + u * h, reset=lambda r, m: r * m, order=(0, 1)):
    def wrong(W, x, h):
        H = len(h)
        a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
        gates = [sigmoid(a[k * H : (k + 1) * H] + m[k * H : (k + 1) * H]) for k in order]
        n = np.tanh(a[2 * H :] + reset(gates[0], m[2 * H :]))
        return mix(gates[1], n, h)

    return wrong


def _gru_before(W, x, h):
    """The form of the paper: r multiplies h, and the matrix comes after."""
    H = len(h)
    a, m = x @ W["Wxh"] + W["bh"], h @ W["Whh"]
    r, u = sigmoid(a[:H] + m[:H]), sigmoid(a[H : 2 * H] + m[H : 2 * H])
    n = np.tanh(a[2 * H :] + (r * h) @ W["Whh"][:, 2 * H :])
    return (1 - u) * n + u * h


@exercise(
    "6.5",
    "one step of the GRU",
    answer=gru_step,
    hints=[
        (
            "Where does r come in?",
            "Only in n: it multiplies what the old state contributes there, h @ Whh in the third block.",
        ),
        ("Which way does u mix?", "u is how much stays: u * h + (1 - u) * n."),
    ],
    wrong={
        "u the other way round": _gru(mix=lambda u, n, h: u * n + (1 - u) * h),
        "no reset": _gru(reset=lambda r, m: m),
        "r before the matrix": _gru_before,
        "r and u exchanged": _gru(order=(1, 0)),
        "nothing is kept": _gru(mix=lambda u, n, h: (1 - u) * n),
        "adds instead of mixing": _gru(mix=lambda u, n, h: n + u * h),
    },
)
def _(f):
    for case in CASES:
        W, x, h, _ = _case(*case, blocks=3)
        same(f"the new state with H = {case[2]}", call(f, W, x, h), gru_step(W, x, h))
