"""The exercises of lesson 10: a cell on either side, one number down, break-even, a thread."""

import numpy as np

from minichar import backend, strict
from minichar.course.checking import Wrong, call, call_on, exercise, same


def _travelled(name, counts, downs=0):
    """Wrong where more has travelled than should."""
    if counts.down > downs:
        raise Wrong(f"{name}: {counts.down} arrays came down from the card, expected {downs}")
    if counts.up:
        raise Wrong(f"{name}: {counts.up} arrays went up to the card, expected none")


# --- 10.1


def cell(a, c):
    xp = backend.of(a)
    H = c.shape[1]
    o, i, f = (0.5 * xp.tanh(0.5 * a[:, k * H : (k + 1) * H]) + 0.5 for k in range(3))
    c = f * c + i * xp.tanh(a[:, 3 * H :])
    return o * xp.tanh(c), c


def _numpys(a, c):
    """numpy's own functions, whatever comes."""
    H = c.shape[1]
    o, i, f = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
    c = f * c + i * np.tanh(a[:, 3 * H :])
    return o * np.tanh(c), c


def _down_and_up(a, c):
    h, new = cell(backend.host(a), backend.host(c))
    return backend.like(h, a), backend.like(new, a)


def _down(a, c):
    return cell(backend.host(a), backend.host(c))


def _order(a, c):
    H = c.shape[1]
    xp = backend.of(a)
    return cell(xp.concatenate([a[:, H : 3 * H], a[:, :H], a[:, 3 * H :]], axis=1), c)


def _in_place(a, c):
    new_h, new_c = cell(a, c)
    c[...] = new_c
    return new_h, c


@exercise(
    "10.1",
    "a cell on either side",
    answer=cell,
    hints=[
        (
            "Which module is it?",
            "`xp = of(a)` is numpy or the card's; then `xp.tanh`, `xp.exp` work on a. Operators (`*`, `+`) and "
            "slices need no module.",
        ),
        (
            "Where are the gates?",
            "In a (B, 4H), in the order o, i, f, g: `a[:, :H]` is o. H is `c.shape[1]`.",
        ),
        (
            "And then?",
            "As in lesson 06: c = f c + i g, then h = o tanh(c), with the new c.",
        ),
    ],
    wrong={
        "crashes on the card: numpy's own functions": _numpys,
        "down, computed, and up again": _down_and_up,
        "down, and left there": _down,
        "the gates in another order": _order,
        "the old c in h": lambda a, c: (
            cell(a, c)[0] / backend.of(a).tanh(cell(a, c)[1]) * backend.of(a).tanh(c),
            cell(a, c)[1],
        ),
        "tanh forgotten in h": lambda a, c: (
            cell(a, c)[0] / backend.of(a).tanh(cell(a, c)[1]) * cell(a, c)[1],
            cell(a, c)[1],
        ),
        "c and h the other way round": lambda a, c: cell(a, c)[::-1],
        "c changed in place": _in_place,
        "no gate on g": lambda a, c: (cell(a, c)[0], cell(a, c)[1] * 0 + c),
    },
)
def _(f):
    for seed, B, H in ((0, 2, 3), (1, 1, 1), (2, 5, 4)):
        rng = np.random.default_rng(seed)
        a, c = 2 * rng.standard_normal((B, 4 * H)), rng.standard_normal((B, H))
        wanted = cell(a, c)
        same(f"with numpy, B = {B}, H = {H}", call(f, a, c), wanted, parts=("h", "c"))
        with strict.instead_of_cupy() as card:
            a, c = card.asarray(a), card.asarray(c)
            before = a.get(), c.get()
            card.counts.reset()
            found = call(f, a, c)
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                raise Wrong("on the card it returns no pair, expected h and c")
            if not all(isinstance(part, card.ndarray) for part in found):
                raise Wrong("on the card it returns arrays of numpy's, expected the card's")
            _travelled("on the card", card.counts)
            same("on the card", tuple(x.get() for x in found), wanted, parts=("h", "c"))
            for name, x, old in (("a", a, before[0]), ("c", c, before[1])):
                if (x.get() != old).any():
                    raise Wrong(f"on the card it changed its input `{name}` in place")


# --- 10.2


def norm(gradients):
    total = 0
    for g in gradients:
        total = total + (g * g).sum()
    return float(total) ** 0.5


def _one_by_one(gradients):
    return sum(float((g * g).sum()) for g in gradients) ** 0.5


def _whole(gradients):
    return float(np.sqrt(sum((backend.host(g) ** 2).sum() for g in gradients)))


@exercise(
    "10.2",
    "one number down",
    answer=norm,
    hints=[
        (
            "What may stay on the card?",
            "`(g * g).sum()` is an array of one number there. Adding two of them is a launch, and nobody waits.",
        ),
        ("Where does it come down?", "Once, after the loop: `float(total)`, and then the root."),
        (
            "How do I begin the sum?",
            "With Python's 0: `0 + array` is an array, on either side.",
        ),
    ],
    wrong={
        "a wait for each gradient": _one_by_one,
        "all gradients down": _whole,
        "left on the card": lambda gradients: sum((g * g).sum() for g in gradients) ** 0.5,
        "no root": lambda gradients: norm(gradients) ** 2,
        "the sum of the norms": lambda gradients: float(
            sum((g * g).sum() ** 0.5 for g in gradients)
        ),
        "not squared": lambda gradients: abs(float(sum(g.sum() for g in gradients))) ** 0.5,
        "the mean": lambda gradients: float(sum((g * g).mean() for g in gradients)) ** 0.5,
        "the largest": lambda gradients: max(norm([g]) for g in gradients),
    },
)
def _(f):
    for seed, shapes in ((0, [(3, 4)]), (1, [(2, 3), (5,), (4, 1)]), (2, [(7, 2)] * 6)):
        rng = np.random.default_rng(seed)
        arrays = [rng.standard_normal(shape) for shape in shapes]
        wanted = norm(arrays)
        same(f"the norm of {len(arrays)} gradients of numpy's", call(f, arrays), wanted)
        with strict.instead_of_cupy() as card:
            there = [card.asarray(g) for g in arrays]
            card.counts.reset()
            found = call(f, there)
            name = f"for {len(arrays)} gradients on the card"
            _travelled(name, card.counts, downs=1)
            if card.counts.bytes_down > 8:
                raise Wrong(f"{name} {card.counts.bytes_down} bytes came down, expected one number")
            if isinstance(found, card.ndarray):
                raise Wrong(f"{name} it returns an array there, expected a number of Python's")
            same(name, found, wanted)
            if any((g.get() != old).any() for g, old in zip(there, arrays, strict=True)):
                raise Wrong(f"{name} it changed them in place")


# --- 10.3


def break_even(launches, overhead, card, processor):
    if card <= processor:
        return float("inf")
    return launches * overhead / (1 / processor - 1 / card)


@exercise(
    "10.3",
    "where the card begins to win",
    answer=break_even,
    hints=[
        (
            "How do I begin?",
            "With both times for N operations: `launches * overhead + N / card`, and `N / processor`. "
            "At break-even they are equal.",
        ),
        (
            "How do I get N out?",
            "N / processor - N / card = launches * overhead; N stands in both terms on the left.",
        ),
        (
            "When does it never win?",
            "When its rate is no higher than the processor's: return `float('inf')`.",
        ),
    ],
    wrong={
        "the card's own time left out": lambda n, s, card, processor: (
            float("inf") if card <= processor else n * s * processor
        ),
        "the rates subtracted": lambda n, s, card, processor: (
            float("inf") if card <= processor else n * s * (card - processor)
        ),
        "the wrong sign": lambda n, s, card, processor: -break_even(n, s, card, processor),
        "one launch": lambda n, s, card, processor: break_even(1, s, card, processor),
        "below 0 for a slow card": lambda n, s, card, processor: (
            n * s / (1 / processor - 1 / card) if card != processor else float("inf")
        ),
        "0 for a slow card": lambda n, s, card, processor: (
            0.0 if card <= processor else break_even(n, s, card, processor)
        ),
        "crashes on equal rates": lambda n, s, card, processor: (
            float("inf") if card < processor else n * s / (1 / processor - 1 / card)
        ),
        "the time, not the operations": lambda n, s, card, processor: (
            break_even(n, s, card, processor) / card
        ),
        "the rates the other way round": lambda n, s, card, processor: break_even(
            n, s, processor, card
        ),
    },
)
def _(f):
    for case in (
        (10, 1.0, 5.0, 1.0),
        (600, 5e-6, 1e13, 1e11),
        (7, 2e-6, 3e12, 2e12),
        (600, 5e-6, 1e11, 1e13),
        (10, 1e-6, 1e11, 1e11),
    ):
        name = "break_even({:g}, {:g}, {:g}, {:g})".format(*case)
        found, wanted = call(f, *case), break_even(*case)
        if wanted == float("inf"):
            if found != wanted:
                raise Wrong(f"{name} is {found}, expected inf: such a card never wins")
        else:
            same(name, found, wanted)


# --- 10.4


def thread(k, n, H, a, c, h):
    if k >= n:
        return
    at = k // H * 4 * H + k % H
    o, i, f = (0.5 * np.tanh(0.5 * a[at + gate * H]) + 0.5 for gate in range(3))
    c[k] = f * c[k] + i * np.tanh(a[at + 3 * H])
    h[k] = o * np.tanh(c[k])


def _thread(at=lambda k, H: k // H * 4 * H + k % H, step=lambda H: H, guard=True, order=(0, 1, 2)):
    def wrong(k, n, H, a, c, h):
        if guard and k >= n:
            return
        place = at(k, H)
        o, i, f = (0.5 * np.tanh(0.5 * a[place + gate * step(H)]) + 0.5 for gate in order)
        c[k] = f * c[k] + i * np.tanh(a[place + 3 * step(H)])
        h[k] = o * np.tanh(c[k])

    return wrong


def _all_of_them(k, n, H, a, c, h):
    """The whole array in each thread: n times over."""
    for cell in range(n):
        thread(cell, n, H, a, c, h)


def _old_c(k, n, H, a, c, h):
    before = c[k] if k < n else 0
    thread(k, n, H, a, c, h)
    if k < n:
        h[k] = h[k] / np.tanh(c[k]) * np.tanh(before)


@exercise(
    "10.4",
    "what one thread does",
    answer=thread,
    hints=[
        (
            "Which text, which neuron?",
            "Cell k is neuron `k % H` of text `k // H`: the rows of c lie one after the other, H long each.",
        ),
        (
            "Where is its o in a?",
            "Each text has 4 H numbers there: text `k // H` begins at `k // H * 4 * H`, and neuron `k % H` is so "
            "many further on. Its i, f, g come H, 2 H, 3 H after.",
        ),
        (
            "Why a k that is too large?",
            "Threads come in whole blocks, so some are left over: `if k >= n: return`, first of all.",
        ),
    ],
    wrong={
        "as if there were one text": _thread(at=lambda k, H: k),
        "four numbers side by side": _thread(at=lambda k, H: 4 * k, step=lambda H: 1),
        "crashes: text and neuron exchanged": _thread(at=lambda k, H: k % H * 4 * H + k // H),
        "crashes on threads that are left over": _thread(guard=False),
        "one thread too few": lambda k, n, *rest: thread(k, n - 1, *rest),
        "the gates in another order": _thread(order=(1, 2, 0)),
        "every cell in each thread": _all_of_them,
        "the old c in h": _old_c,
    },
)
def _(f):
    for seed, B, H, block in ((1, 2, 3, 4), (0, 1, 1, 1), (2, 4, 2, 8), (3, 3, 5, 4), (4, 1, 6, 4)):
        rng = np.random.default_rng(seed)
        a, c = rng.standard_normal((B, 4 * H)), rng.standard_normal((B, H))
        n = B * H
        order = rng.permutation(-(-n // block) * block).tolist()  # no thread may wait for another

        def all_threads(a, c, h, order=order, n=n, H=H):
            for k in order:
                result = f(k, n, H, a, c, h)
            return result

        _, (_, new, h) = call_on(all_threads, a.ravel(), c.ravel(), np.zeros(n))
        name = f"{len(order)} threads for B = {B}, H = {H}"
        wanted = cell(a, c)
        same(f"{name}: c", new.reshape(B, H), wanted[1])
        same(f"{name}: h", h.reshape(B, H), wanted[0])
