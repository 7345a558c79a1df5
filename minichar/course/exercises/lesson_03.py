"""The exercises of lesson 03: the network forward, backward in named pieces, Adagrad, and new names."""

import numpy as np

from minichar import rnn100
from minichar.course.checking import call, call_on, exercise, same

forward = rnn100.forward


def _case(seed, V=5, H=4, T=7):
    """A small network with weights large enough to matter, and something for it to read."""
    rng = np.random.default_rng(seed)
    W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
    inputs, targets = rng.integers(V, size=T), rng.integers(V, size=T)
    inputs[-1] = inputs[0]  # a character that is read twice: its gradients have to add up
    return W, inputs, targets, 0.5 * rng.standard_normal(H)


CASES = [(0, 5, 4, 7), (1, 3, 6, 9), (2, 8, 2, 1)]  # seed, V, H, T


def _changed_forward(state=lambda W, i, h: rnn100.step(W, i, h)[1], loss=np.sum, keep=0):
    def wrong(W, inputs, targets, h):
        hs, first = [h], h
        for i in inputs:
            h = state(W, i, first if keep else h)
            hs.append(h)
        hs = np.array(hs)
        p = rnn100.softmax(hs[1:] @ W["Why"] + W["by"])
        return loss(-np.log(p[np.arange(len(targets)), targets])), hs, p

    return wrong


@exercise(
    "3.1",
    "forward through a piece of text",
    answer=forward,
    also=(rnn100.forward,),
    hints=[
        (
            "How does a number become a row?",
            'No one-hot needed: `x @ Wxh` for a one-hot x is the row `W["Wxh"][i]`.',
        ),
        (
            "Where do the states go?",
            "`hs[0] = h`, and inside the loop `hs[t + 1]` is made from `hs[t]`. T + 1 of them in all.",
        ),
        (
            "How do I pick p of each target?",
            "`p[np.arange(T), targets]`: row 0 at `targets[0]`, row 1 at `targets[1]`, …",
        ),
    ],
    wrong={
        "the mean loss": _changed_forward(loss=np.mean),
        "the state is not carried on": _changed_forward(keep=1),
        "no bias": _changed_forward(state=lambda W, i, h: np.tanh(W["Wxh"][i] + h @ W["Whh"])),
        "Whh the other way round": _changed_forward(
            state=lambda W, i, h: np.tanh(W["Wxh"][i] + W["Whh"] @ h + W["bh"])
        ),
        "without the first state": lambda W, inputs, targets, h: (
            lambda loss, hs, p: (loss, hs[1:], p)
        )(*forward(W, inputs, targets, h)),
        "scores, not probabilities": lambda W, inputs, targets, h: (
            lambda loss, hs, p: (loss, hs, hs[1:] @ W["Why"] + W["by"])
        )(*forward(W, inputs, targets, h)),
        "starts from zero": lambda W, inputs, targets, h: forward(W, inputs, targets, 0 * h),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = _case(*case)
        got, (loss, hs, p) = call(f, W, inputs, targets, h), forward(W, inputs, targets, h)
        case = f"{len(inputs)} characters"
        if isinstance(got, tuple) and len(got) == 3:  # in the order in which they are made
            same(f"{case}: hs", got[1], hs)
            same(f"{case}: p", got[2], p)
        same(case, got, (loss, hs, p), parts=("loss", "hs", "p"))


def dz_of(p, targets):
    dz = p.copy()
    dz[np.arange(len(targets)), targets] -= 1
    return dz


@exercise(
    "3.2",
    "the gradient of the scores",
    answer=dz_of,
    hints=[
        (
            "One target or T of them?",
            "Exercise 1.2 in every row at once: subtract 1 at `p[t, targets[t]]` for every t.",
        ),
        (
            "The whole column changed?",
            "`dz[:, targets]` takes whole columns; `dz[np.arange(T), targets]` one number a row.",
        ),
    ],
    wrong={
        "the sign": lambda p, targets: -dz_of(p, targets),
        "whole columns": lambda p, targets: np.where(
            np.isin(np.arange(p.shape[1]), targets), p - 1, p
        ),
        "no target": lambda p, targets: p.copy(),
        "divided by T": lambda p, targets: dz_of(p, targets) / max(2, len(targets)),
        "the first target for all": lambda p, targets: dz_of(p, np.full_like(targets, targets[0])),
        "in place": lambda p, targets: np.subtract(p, np.eye(p.shape[1])[targets], out=p),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = _case(*case)
        p = forward(W, inputs, targets, h)[2]
        same(f"dz for {len(inputs)} characters", call(f, p, targets), dz_of(p, targets))


def da_of(W, hs, dz):
    da = np.empty_like(hs[1:])
    dnext = np.zeros_like(hs[0])
    for t in reversed(range(len(dz))):
        dh = dz[t] @ W["Why"].T + dnext
        da[t] = (1 - hs[t + 1] ** 2) * dh
        dnext = da[t] @ W["Whh"].T
    return da


def _changed_da(carry=1.0, shift=1, derivative=lambda h: 1 - h**2, out="T", back="T", handed="da"):
    def wrong(W, hs, dz):
        Why, Whh = W["Why"].T, W["Whh"].T if back == "T" else W["Whh"]
        da, dnext = np.empty_like(hs[1:]), np.zeros_like(hs[0])
        for t in reversed(range(len(dz))):
            dh = dz[t] @ Why + carry * dnext
            da[t] = derivative(hs[t + shift]) * dh
            dnext = (da[t] if handed == "da" else dh) @ Whh
        return da

    return wrong


def _forward_in_time(W, hs, dz):
    return np.stack([da_of(W, hs[: t + 2], dz[: t + 1])[t] for t in range(len(dz))])


def _later(W, hs, dz):
    """The derivative taken with the state of t + 1 (as some published versions have it)."""
    da, dnext = np.empty_like(hs[1:]), np.zeros_like(hs[0])
    for t in reversed(range(len(dz))):
        dh = dz[t] @ W["Why"].T + dnext
        da[t] = (1 - hs[min(t + 2, len(hs) - 1)] ** 2) * dh
        dnext = da[t] @ W["Whh"].T
    return da


@exercise(
    "3.3",
    "back through time",
    answer=da_of,
    also=(rnn100.backward,),
    hints=[
        (
            "Why does dh come from two places?",
            "`hs[t + 1]` is used twice: for the scores after character t, and for the next state. Effects add.",
        ),
        (
            "Which state is in the derivative of tanh?",
            "The one that tanh gave: after character t that is `hs[t + 1]`.",
        ),
        (
            "What is handed to the step before?",
            "`da[t]`, through the same matrix the other way: `da[t] @ Whh.T`.",
        ),
    ],
    wrong={
        "nothing from the next step": _changed_da(carry=0.0),
        "the derivative with the state before": _changed_da(shift=0),
        "the derivative with the state of t + 1": _later,
        "no derivative of tanh": _changed_da(derivative=lambda h: 1.0),
        "the derivative of a sigmoid": _changed_da(derivative=lambda h: h * (1 - h)),
        "Whh not transposed": _changed_da(back=""),
        "dh handed back, not da": _changed_da(handed="dh"),
        "from the first step to the last": _forward_in_time,
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = _case(*case)
        _, hs, p = forward(W, inputs, targets, h)
        dz = dz_of(p, targets)
        same(f"da for {len(inputs)} characters", call(f, W, hs, dz), da_of(W, hs, dz))


def dW_of(inputs, hs, dz, da, V):
    dWxh = np.zeros((V, da.shape[1]))
    for t, i in enumerate(inputs):
        dWxh[i] += da[t]
    return {
        "Wxh": dWxh,
        "Whh": hs[:-1].T @ da,
        "Why": hs[1:].T @ dz,
        "bh": da.sum(axis=0),
        "by": dz.sum(axis=0),
    }


def _changed_dW(**change):
    def wrong(inputs, hs, dz, da, V):
        right = dW_of(inputs, hs, dz, da, V)
        return right | {name: make(inputs, hs, dz, da, V, right) for name, make in change.items()}

    return wrong


def _last_one_wins(inputs, hs, dz, da, V, right):
    dWxh = np.zeros_like(right["Wxh"])
    dWxh[inputs] += da  # numpy writes a row that comes twice only once
    return dWxh


@exercise(
    "3.4",
    "the gradient of every weight",
    answer=dW_of,
    also=(rnn100.backward,),
    hints=[
        (
            "Which two things meet in Whh?",
            "At each t the state before, `hs[t]`, and `da[t]`: their outer product, summed over t.",
        ),
        (
            "A sum of outer products without a loop?",
            "`hs[:-1].T @ da` is (H, T) @ (T, H): the product sums over t by itself.",
        ),
        (
            "A letter that is read twice?",
            "`dWxh[inputs] += da` keeps the last only. Add in a loop, or with `np.add.at`.",
        ),
    ],
    wrong={
        "a letter read twice counts once": _changed_dW(Wxh=_last_one_wins),
        "Whh with the state after": _changed_dW(Whh=lambda i, hs, dz, da, V, r: hs[1:].T @ da),
        "Why with the state before": _changed_dW(Why=lambda i, hs, dz, da, V, r: hs[:-1].T @ dz),
        "Whh transposed": _changed_dW(Whh=lambda i, hs, dz, da, V, r: r["Whh"].T),
        "bias of the last step only": _changed_dW(bh=lambda i, hs, dz, da, V, r: da[-1]),
        "the mean over the steps": lambda *a: {
            k: w / (len(a[0]) + 1) for k, w in dW_of(*a).items()
        },
        "by from da": _changed_dW(
            by=lambda i, hs, dz, da, V, r: np.resize(da.sum(axis=0), dz.shape[1])
        ),
    },
)
def _(f):
    for case in CASES:
        W, inputs, targets, h = _case(*case)
        _, hs, p = forward(W, inputs, targets, h)
        dz = dz_of(p, targets)
        da = da_of(W, hs, dz)
        V = len(W["by"])
        got, want = call(f, inputs, hs, dz, da, V), dW_of(inputs, hs, dz, da, V)
        same(f"the gradients for {len(inputs)} characters", got, want)


def adagrad(W, dW, memory, rate=0.1, clip=5.0):
    rnn100.adagrad(W, dW, memory, rate, clip)


def _changed_adagrad(
    remember=lambda m, g, raw: m + g * g, move=lambda g, m: g / np.sqrt(m + 1e-8), sign=-1
):
    def wrong(W, dW, memory, rate=0.1, clip=5.0):
        for name in W:
            g = np.clip(dW[name], -clip, clip)
            memory[name][...] = remember(memory[name], g, dW[name])
            W[name] += sign * rate * move(g, memory[name])

    return wrong


@exercise(
    "3.5",
    "Adagrad",
    answer=adagrad,
    also=(rnn100.adagrad,),
    hints=[
        ("In which order?", "Clip the gradient, add its square to the memory, then move by it."),
        (
            "In place, really?",
            "Here yes: `memory[name] += …` and `W[name] -= …` change the arrays they are given.",
        ),
        (
            "Where does 1e-8 go?",
            "Under the root, next to the memory: it only keeps the division from being by zero.",
        ),
    ],
    wrong={
        "uphill": _changed_adagrad(sign=1),
        "remembers the gradient before clipping": _changed_adagrad(
            remember=lambda m, g, raw: m + raw * raw
        ),
        "forgets what was before": _changed_adagrad(remember=lambda m, g, raw: g * g),
        "no root": _changed_adagrad(move=lambda g, m: g / (m + 1e-8)),
        "the gradient itself, not its square": _changed_adagrad(
            remember=lambda m, g, raw: m + np.abs(g)
        ),
        "plain descent": _changed_adagrad(move=lambda g, m: g),
        "changes nothing": lambda W, dW, memory, rate=0.1, clip=5.0: {
            k: w - rate * dW[k] for k, w in W.items()
        },
    },
)
def _(f):
    for seed, rate, clip in ((0, 0.1, 5.0), (1, 0.5, 1.0)):
        rng = np.random.default_rng(seed)
        W = {name: rng.standard_normal((3, 2)) for name in ("Wxh", "bh")}
        dW = {name: 8 * rng.standard_normal((3, 2)) for name in W}
        memory = {name: rng.uniform(0, 9, (3, 2)) for name in W}
        got_W, got_memory = ({k: w.copy() for k, w in d.items()} for d in (W, memory))
        for _ in range(2):
            _, after = call_on(f, got_W, dW, got_memory, rate, clip)
            got_W, got_memory = after[0], after[2]
            adagrad(W, dW, memory, rate, clip)
        same(f"memory after two steps with clip = {clip}", got_memory, memory)
        same(f"W after two steps with rate = {rate}", got_W, W)
    W, dW, memory = ({"bh": np.array([value])} for value in (1.0, 20.0, 2.0))
    _, after = call_on(f, W, dW, memory)
    adagrad(W, dW, memory)
    same("W with rate and clip left out", after[0], W)


def share_new(written, known):
    return sum(name not in set(known) for name in written) / len(written)


@exercise(
    "3.6",
    "how many are new",
    answer=share_new,
    hints=[
        ("The share of what?", "Of all names that were written, each as often as it came."),
        ("It is slow?", "Looking a name up in a list walks through it; make a set of known first."),
    ],
    wrong={
        "the share that is known": lambda written, known: 1 - share_new(written, known),
        "how many, not what share": lambda written, known: sum(
            name not in known for name in written
        ),
        "each name once": lambda written, known: len(set(written) - set(known)) / len(set(written)),
        "divided by the known": lambda written, known: (
            sum(n not in known for n in written) / len(known)
        ),
        "pieces of names": lambda written, known: (
            sum(n not in " ".join(known) for n in written) / len(written)
        ),
    },
)
def _(f):
    known = ["anna", "emma", "mary", "annabel"]
    for written in (["anna", "bob", "bob", "kim"], ["ann", "mar", "emma"], ["mary"], ["x", "x"]):
        same(f"share_new({written}, {known})", call(f, written, known), share_new(written, known))
