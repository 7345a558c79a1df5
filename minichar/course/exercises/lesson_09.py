"""The exercises of lesson 09: fair timing, a gather's way back, one product, one tanh, FLOPs."""

from collections import Counter

import numpy as np

from minichar.course.checking import NotDone, Wrong, call, call_on, exercise, same


class Counted(np.ndarray):
    """An array that counts what numpy does with it, by name: one call, one count."""

    calls: Counter = Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **named):
        Counted.calls[ufunc.__name__] += 1

        def plain(arrays):
            return [np.asarray(a) if isinstance(a, Counted) else a for a in arrays]

        if out is not None:
            named["out"] = tuple(plain(out))
        result = getattr(ufunc, method)(*plain(inputs), **named)
        if out is not None and len(out) == 1:
            return out[0]
        return result.view(Counted) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function, types, args, kwargs):
        Counted.calls[function.__name__] += 1
        return super().__array_function__(function, types, args, kwargs)


def _calls(f, *args):
    """How often each operation of numpy was called when `f` ran on `args`."""
    Counted.calls.clear()
    call_on(f, *(a.view(Counted) if a.dtype.kind == "f" else a for a in args))
    return Counted.calls


def ratio(slow, fast):
    return np.median(np.array(slow[1:]) / np.array(fast[1:]))


ROUNDS = [
    ([29.0, 26.0, 15.0, 4.0, 29.0], [4.0, 1.0, 8.0, 4.0, 1.0]),  # another result for each mistake
    ([5.0, 3.0, 8.0, 2.0, 6.0], [50.0, 2.0, 1.0, 4.0, 3.0]),
    ([9.0, 6.0], [1.0, 4.0]),  # one round is left
    ([2.0, 1.0, 1.0, 9.0, 1.5, 1.25], [4.0, 0.5, 0.25, 1.0, 1.0, 1.0]),
]


@exercise(
    "9.1",
    "a fair comparison",
    answer=ratio,
    hints=[
        (
            "Which times belong together?",
            "Those of one round: `slow[1]` and `fast[1]` met the same machine. One ratio for each round.",
        ),
        ("How do I leave out the first?", "`slow[1:]` is the list without it."),
        (
            "How are two lists divided?",
            "`np.array(slow[1:]) / np.array(fast[1:])` divides place by place; `np.median` takes the "
            "middle.",
        ),
    ],
    wrong={
        "the warm-up counted": lambda slow, fast: np.median(np.array(slow) / np.array(fast)),
        "the other way round": lambda slow, fast: ratio(fast, slow),
        "the ratio of the medians": lambda slow, fast: np.median(slow[1:]) / np.median(fast[1:]),
        "the mean of the ratios": lambda slow, fast: np.mean(
            np.array(slow[1:]) / np.array(fast[1:])
        ),
        "the ratio of the sums": lambda slow, fast: sum(slow[1:]) / sum(fast[1:]),
        "the best round": lambda slow, fast: max(np.array(slow[1:]) / np.array(fast[1:])),
        "the ratio of the shortest times": lambda slow, fast: min(slow[1:]) / min(fast[1:]),
        "a ratio for each round": lambda slow, fast: np.array(slow[1:]) / np.array(fast[1:]),
        "the last round left out": lambda slow, fast: np.median(
            np.array(slow[:-1]) / np.array(fast[:-1])
        ),
        "the upper of the two in the middle": lambda slow, fast: sorted(
            np.array(slow[1:]) / np.array(fast[1:])
        )[len(slow[1:]) // 2],
    },
)
def _(f):
    for slow, fast in ROUNDS:
        same(f"ratio({slow}, {fast})", call(f, slow, fast), ratio(slow, fast))


def rows_back(x, da, V):
    dW = np.zeros((V, da.shape[1]), da.dtype)
    np.add.at(dW, x, da)
    return dW


def _last_one_wins(x, da, V):
    dW = np.zeros((V, da.shape[1]), da.dtype)
    dW[x] += da
    return dW


def _mean(x, da, V):
    return rows_back(x, da, V) / np.maximum(np.bincount(x, minlength=V), 1)[:, None].astype(
        da.dtype
    )


@exercise(
    "9.2",
    "the way back of a gather",
    answer=rows_back,
    hints=[
        (
            "What goes where?",
            "Row n of da belongs to the text n, which read the character x[n]: it is added to row x[n].",
        ),
        (
            "Two texts read the same character?",
            "Their rows add up. `dW[x] += da` keeps one of them only; `np.add.at(dW, x, da)`, a loop, "
            "or the product `one_hot(…).T @ da` adds all.",
        ),
        (
            "Of which type?",
            "`np.zeros(shape)` is float64, whatever da is: `np.zeros(shape, da.dtype)`.",
        ),
    ],
    wrong={
        "a character read twice counts once": _last_one_wins,
        "float64, whatever da is": lambda x, da, V: rows_back(x, da.astype(np.float64), V),
        "as many rows as the largest character needs": lambda x, da, V: rows_back(
            x, da, max(x) + 1
        ),
        "the gather again": lambda x, da, V: da[x],
        "the mean of the rows": _mean,
        "only the characters that were read": lambda x, da, V: rows_back(x, da, V)[np.unique(x)],
        "transposed": lambda x, da, V: rows_back(x, da, V).T,
        "the sum for all": lambda x, da, V: np.where(
            np.isin(np.arange(V), x)[:, None], da.sum(axis=0), da.dtype.type(0)
        ),
    },
)
def _(f):
    x = np.array([2, 0, 2, 2, 0])
    da = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [3.0, 4.0], [0.0, 5.0]])
    same("the gradient for x = [2, 0, 2, 2, 0]", call(f, x, da, 4), rows_back(x, da, 4))
    for seed, n, N, V in ((0, 12, 3, 5), (1, 1, 8, 2), (2, 40, 1, 7)):
        rng = np.random.default_rng(seed)
        x, da = rng.integers(V - 1, size=n), rng.standard_normal((n, N))  # one is never read
        same(f"the gradient by {n} characters", call(f, x, da, V), rows_back(x, da, V))
    small = call(f, x, da.astype(np.float32), V)
    if getattr(small, "dtype", None) != np.float32:
        kind = getattr(small, "dtype", "a list")
        raise Wrong(f"for da of type float32 it returns {kind}, expected float32")


def weight_gradient(hs, da):
    return hs[:-1].reshape(-1, hs.shape[-1]).T @ da.reshape(-1, da.shape[-1])


def _product(hs, da):
    return weight_gradient(np.concatenate([hs, hs[:1]]), da)


def _stepwise(hs, da):
    return sum(hs[t].T @ da[t] for t in range(len(da)))


@exercise(
    "9.3",
    "all steps in one product",
    answer=weight_gradient,
    hints=[
        (
            "Which state belongs to da[t]?",
            "The one that went into the product: the state before, `hs[t]`. So `hs[:-1]`, T of the T + 1.",
        ),
        (
            "A sum over two axes in one product?",
            "A product sums over the axis where its matrices meet. Lay the T × B rows below one another, "
            "`hs[:-1].reshape(-1, H)`, and they meet along all of them.",
        ),
        (
            "Where does the .T go?",
            "After the reshape: (T * B, H) turned is (H, T * B). Reshaping to (H, -1) turns nothing; it "
            "cuts the numbers up anew.",
        ),
    ],
    wrong={
        "the states after": lambda hs, da: _product(hs[1:], da),
        "reshaped, not transposed": lambda hs, da: (
            hs[:-1].reshape(hs.shape[-1], -1) @ da.reshape(-1, da.shape[-1])
        ),
        "transposed": lambda hs, da: weight_gradient(hs, da).T,
        "the mean over the texts": lambda hs, da: weight_gradient(hs, da) / (hs.shape[1] + 1),
        "turned before the reshape": lambda hs, da: (
            hs[:-1].T.reshape(hs.shape[-1], -1) @ da.reshape(-1, da.shape[-1])
        ),
        "summed over the texts first": lambda hs, da: hs[:-1].sum(axis=1).T @ da.sum(axis=1),
        "a matrix for each step": lambda hs, da: hs[:-1].transpose(0, 2, 1) @ da,
        "the last step only": lambda hs, da: hs[-2].T @ da[-1],
        "without the first step": lambda hs, da: weight_gradient(hs[1:], da[1:]),
        "a product for each step or text, in a loop": _stepwise,
        "a sum for each neuron, in a loop": lambda hs, da: np.stack(
            [(hs[:-1, :, j, None] * da).sum(axis=(0, 1)) for j in range(hs.shape[-1])]
        ),
    },
)
def _(f):
    hs = np.arange(1.0, 9.0).reshape(4, 1, 2)
    da = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1) * np.array([1.0, -1.0, 2.0, 0.0, 0, 0, 0, 3])
    same("dWhh for 3 steps of one text", call(f, hs, da), weight_gradient(hs, da))
    for seed, T, B, H in ((0, 4, 3, 2), (1, 2, 5, 3), (2, 1, 2, 1)):
        rng = np.random.default_rng(seed)
        hs, da = rng.standard_normal((T + 1, B, H)), rng.standard_normal((T, B, 4 * H))
        same(f"dWhh for T = {T}, B = {B}, H = {H}", call(f, hs, da), weight_gradient(hs, da))
    rng = np.random.default_rng(3)  # whatever a loop runs over, it runs 40 times
    hs, da = rng.standard_normal((41, 40, 40)), rng.standard_normal((40, 40, 160))
    same("dWhh for 40 steps of 40 texts", call(f, hs, da), weight_gradient(hs, da))
    if (calls := sum(_calls(f, hs, da).values())) >= 40:
        raise Wrong(
            f"for 40 steps of 40 texts and 40 neurons it makes {calls} calculations with arrays, "
            "expected one product"
        )


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
            "By the formula: halve the three sigmoid blocks first, take the tanh of the whole array, "
            "then halve these blocks again and add 1/2. The block of g gets the tanh and nothing else.",
        ),
        (
            "What does in place mean?",
            "`a = np.tanh(a)` makes a new array, and the name a forgets the old one. `np.tanh(a, out=a)`, "
            "`a[...] = …`, `a *= …` write into the array that was handed in.",
        ),
        (
            "How do I take the first three blocks, whatever the shape?",
            "`a[..., : 3 * H]` is all but the last quarter along the last axis, and it is a view: to change "
            "it is to change a.",
        ),
    ],
    wrong={
        "a new array": _new_array,
        "a sigmoid of 2x": _changed_squash(before=1.0),
        "all four blocks are sigmoids": _changed_squash(blocks=slice(0, 4)),
        "the 1/2 not added": _changed_squash(plus=0.0),
        "not halved afterwards": _changed_squash(factor=1.0),
        "g halved as well": _changed_squash(rest=lambda g: g / 2),
        "the first block is the tanh": _changed_squash(blocks=slice(1, 4)),
        "only two sigmoids": _changed_squash(blocks=slice(0, 2)),
        "1 added, then halved twice": _changed_squash(plus=0.25),
        "a tanh for each block": _four,
        "exp besides": _by_exp,
    },
)
def _(f):
    cases = [np.full((1, 8), np.log(3.0)), np.zeros((1, 4)), np.array([[-900.0, 900, 2, -1]])]
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
                "the array that it was given is as before; write into that one, with `out=a` or "
                "`a[...] = …`"
            )
        same(f"a of shape {a.shape}, afterwards,", got, want)
    calls = _calls(f, cases[-1])
    for name in ("exp", "exp2", "expm1", "power", "float_power"):
        if calls[name]:
            raise Wrong(f"np.{name} was called, expected one np.tanh for all four blocks")
    if calls["tanh"] > 1:
        raise Wrong(f"np.tanh was called {calls['tanh']} times, expected one for all four blocks")


def flops(T, B, V, H):
    return 3 * 2 * T * B * H * (4 * H + V)


@exercise(
    "9.5",
    "how much there is to compute",
    answer=flops,
    hints=[
        (
            "How much is one product?",
            "(B, H) @ (H, 4H) has B · 4H results, each a sum of H products: B · 4H · H multiplications and "
            "as many additions. 2 · B · H · 4H.",
        ),
        (
            "Which products are there?",
            "Three with the size of Whh at each step: forward, back to the state before, and the weights' "
            "gradient. And three with the size of Why.",
        ),
    ],
    wrong={
        "multiplications only": lambda T, B, V, H: flops(T, B, V, H) // 2,
        "forward only": lambda T, B, V, H: flops(T, B, V, H) // 3,
        "the weights' gradient forgotten": lambda T, B, V, H: flops(T, B, V, H) // 3 * 2,
        "one gate of four": lambda T, B, V, H: 6 * T * B * H * (H + V),
        "the read-out forgotten": lambda T, B, V, H: 6 * T * B * H * 4 * H,
        "the read-out forward only": lambda T, B, V, H: 6 * T * B * H * 4 * H + 2 * T * B * H * V,
        "the gather counted as a product": lambda T, B, V, H: (
            flops(T, B, V, H) + 4 * T * B * V * 4 * H
        ),
        "one text": lambda T, B, V, H: flops(T, 1, V, H),
        "one step": lambda T, B, V, H: flops(1, B, V, H),
        "the read-out four times as wide": lambda T, B, V, H: 6 * T * B * 4 * H * (H + V),
    },
)
def _(f):
    for T, B, V, H in ((5, 7, 11, 13), (1, 1, 1, 1), (40, 16, 96, 64), (1, 1, 96, 512)):
        same(f"flops({T}, {B}, {V}, {H})", call(f, T, B, V, H), flops(T, B, V, H))
