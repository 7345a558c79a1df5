"""The exercises of lesson 01: softmax, the loss and its gradient, an update, one step, and memory."""

from collections import Counter

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, exercise, same

SCORES = np.array([1.0, 2.2, -3.0, 4.1])  # for h, e, l, o: the numbers of the original article


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@exercise(
    "1.1",
    "softmax",
    answer=softmax,
    also=(rnn100.softmax,),
    hints=[
        (
            "Which two steps are there?",
            "Make every score positive with `np.exp`, then divide by their sum.",
        ),
        (
            "Why does it say inf or nan?",
            "`np.exp(1000)` is too large for a number. Subtract `z.max()` from z first.",
        ),
        (
            "Does subtracting not change the answer?",
            "No: it multiplies top and bottom by the same exp(-`z.max()`).",
        ),
    ],
    wrong={
        "divided by the largest": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).max(),
        "not divided": lambda z: np.exp(z - z.max()),
        "overflows": lambda z: np.exp(z) / np.exp(z).sum(),
        "no exp": lambda z: (z - z.min()) / (z - z.min()).sum(),
        "base 2": lambda z: 2 ** (z - z.max()) / (2 ** (z - z.max())).sum(),
        "the answer for the article's scores": lambda z: np.array([0.0377, 0.1251, 0.0007, 0.8365]),
    },
)
def _(f):
    same("softmax of the four scores", call(f, SCORES), softmax(SCORES))
    rng = np.random.default_rng(0)
    for V in (2, 5, 27):
        z = 3 * rng.standard_normal(V)
        same(f"softmax of {V} other scores", call(f, z), softmax(z))
    z = np.array([1000.0, 1001.0, -1000.0])
    same("softmax([1000, 1001, -1000])", call(f, z), softmax(z))


def loss_and_gradient(z, target):
    p = softmax(z)
    dz = p.copy()
    dz[target] -= 1
    return -np.log(p[target]), dz


def _gradient_with(change):
    def wrong(z, target):
        loss, dz = loss_and_gradient(z, target)
        return change(loss, dz, softmax(z), target)

    return wrong


@exercise(
    "1.2",
    "the loss and its gradient",
    answer=loss_and_gradient,
    hints=[
        (
            "Which logarithm?",
            "The natural one, `np.log`, of the probability of the target; then a minus.",
        ),
        (
            "What does the gradient say?",
            "Every score is pushed down by its own p, the target's up by 1: p, minus 1 there.",
        ),
        (
            "Why did p change as well?",
            "`dz = p` names the same array twice; `dz = p.copy()` makes another.",
        ),
    ],
    wrong={
        "the sign": _gradient_with(lambda loss, dz, p, t: (loss, -dz)),
        "no target": _gradient_with(lambda loss, dz, p, t: (loss, p)),
        "only the target": _gradient_with(
            lambda loss, dz, p, t: (loss, np.where(np.arange(len(p)) == t, p - 1, 0))
        ),
        "the loss in bits": _gradient_with(lambda loss, dz, p, t: (loss / np.log(2), dz)),
        "the loss without its minus": _gradient_with(lambda loss, dz, p, t: (-loss, dz)),
        "the likeliest for the target": lambda z, target: loss_and_gradient(z, int(z.argmax())),
    },
)
def _(f):
    cases = [(SCORES, 1), (SCORES, 3)]
    rng = np.random.default_rng(1)
    cases += [(2 * rng.standard_normal(V), int(rng.integers(V))) for V in (2, 6, 27)]
    for z, target in cases:
        got = call(f, z, target)
        slopes = np.array(
            [(_loss(z + d, target) - _loss(z - d, target)) / 2e-6 for d in 1e-6 * np.eye(len(z))]
        )
        loss, _ = loss_and_gradient(z, target)
        same(
            f"{len(z)} scores, target {target}", got, (loss, slopes), tol=1e-7, parts=("loss", "dz")
        )


def _loss(z, target):
    return loss_and_gradient(z, target)[0]


def update(z, dz, rate):
    return z - rate * dz


@exercise(
    "1.3",
    "a step against the gradient",
    answer=update,
    hints=[
        (
            "Up or down?",
            "The gradient points to where the loss grows. We want it smaller: subtract.",
        ),
        (
            "It says I changed z in place?",
            "`z -= …` changes the array that was handed in; `z - …` makes a new one.",
        ),
    ],
    wrong={
        "with the gradient": lambda z, dz, rate: z + rate * dz,
        "no rate": lambda z, dz, rate: z - dz,
        "in place": lambda z, dz, rate: np.subtract(z, rate * dz, out=z),
        "only the sign of the gradient": lambda z, dz, rate: z - rate * np.sign(dz),
    },
)
def _(f):
    rng = np.random.default_rng(2)
    for z, rate in ((SCORES, 0.1), (rng.standard_normal(9), 0.5), (rng.standard_normal(3), 0.0)):
        dz = loss_and_gradient(z, 1)[1]
        same(f"the new scores at rate {rate}", call(f, z, dz, rate), z - rate * dz)


def step(W, x, h):
    h = np.tanh(x @ W["Wxh"] + h @ W["Whh"] + W["bh"])
    return h @ W["Why"] + W["by"], h


def _new(W, x, h):
    return np.tanh(x @ W["Wxh"] + h @ W["Whh"] + W["bh"])


@exercise(
    "1.4",
    "one step of the network",
    answer=step,
    also=(rnn100.step,),
    hints=[
        (
            "What goes into the new state?",
            "Three things, added: `x @ Wxh`, the old `h @ Whh`, and `bh`. Then `np.tanh` of it all.",
        ),
        (
            "Which h goes into the scores?",
            "The new one. Work out the new h first, then `z = h @ Why + by`.",
        ),
        (
            "Shapes do not fit?",
            "`x (V,) @ Wxh (V, H) gives (H,)`: vectors stand on the left of `@` all through the course.",
        ),
    ],
    wrong={
        "scores from the old state": lambda W, x, h: (h @ W["Why"] + W["by"], _new(W, x, h)),
        "no memory": lambda W, x, h: step({**W, "Whh": 0 * W["Whh"]}, x, h),
        "no bias": lambda W, x, h: step({**W, "bh": 0 * W["bh"]}, x, h),
        "no bias on the scores": lambda W, x, h: (_new(W, x, h) @ W["Why"], _new(W, x, h)),
        "Whh the other way round": lambda W, x, h: step({**W, "Whh": W["Whh"].T}, x, h),
        "no tanh": lambda W, x, h: (
            (x @ W["Wxh"] + h @ W["Whh"] + W["bh"]) @ W["Why"] + W["by"],
            x @ W["Wxh"] + h @ W["Whh"] + W["bh"],
        ),
        "sigmoid for tanh": lambda W, x, h: (
            (1 + np.tanh(np.arctanh(_new(W, x, h)) / 2)) / 2 @ W["Why"] + W["by"],
            (1 + np.tanh(np.arctanh(_new(W, x, h)) / 2)) / 2,
        ),
    },
)
def _(f):
    rng = np.random.default_rng(3)
    for V, H in ((4, 3), (6, 5), (2, 1)):
        W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
        x, h = np.eye(V)[rng.integers(V)], rng.standard_normal(H)
        got = call(f, W, x, h)
        if isinstance(got, tuple) and len(got) == 2:  # the state first: the scores are made of it
            same(f"a network with V = {V} and H = {H}: h", got[1], step(W, x, h)[1])
        same(f"a network with V = {V} and H = {H}", got, step(W, x, h), parts=("z", "h"))


def memoryless_loss(text):
    seen = Counter(text[:-1])
    pairs = Counter(zip(text, text[1:], strict=False))
    return -sum(n * np.log(n / seen[c]) for (c, _), n in pairs.items()) / (len(text) - 1)


@exercise(
    "1.5",
    "the best without memory",
    answer=memoryless_loss,
    hints=[
        (
            "What is the best guess after one letter?",
            "The shares with which its followers come: after l in hello, half l, half o.",
        ),
        (
            "Whose mean is it?",
            "Each of the `len(text) - 1` predictions costs `-np.log(its share)`; add, divide by how many.",
        ),
        (
            "How do I count?",
            "`Counter(zip(text, text[1:]))` counts pairs; `Counter(text[:-1])` how often each was read.",
        ),
    ],
    wrong={
        "divided by the length": lambda text: memoryless_loss(text) * (len(text) - 1) / len(text),
        "in bits": lambda text: memoryless_loss(text) / np.log(2),
        "the sum": lambda text: memoryless_loss(text) * (len(text) - 1),
        "no look at the letter at all": lambda text: (
            -sum(n * np.log(n / (len(text) - 1)) for n in Counter(text[1:]).values())
            / (len(text) - 1)
        ),
        "the last letter counted as read": lambda text: (
            -sum(
                n * np.log(n / Counter(text)[c])
                for (c, _), n in Counter(zip(text, text[1:], strict=False)).items()
            )
            / (len(text) - 1)
        ),
        "the number for hello": lambda text: np.log(2) / 2,
    },
)
def _(f):
    for text in ("hello", "banana", "abracadabra", "aab", "abab", "mississippi"):
        same(f"memoryless_loss({text!r})", call(f, text), memoryless_loss(text))
