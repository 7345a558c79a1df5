"""Exercise 10.4: `thread(k, n, H, a, c, h)`, what one thread does for its cell."""

import numpy as np

from minichar.course.checking import Wrong, call_on, exercise, same
from minichar.course.exercises.lesson_10.exercise_1 import cell


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
    for other in range(n):
        thread(other, n, H, a, c, h)


def _old_c(k, n, H, a, c, h):
    before = c[k] if k < n else 0
    thread(k, n, H, a, c, h)
    if k < n:
        h[k] = h[k] / np.tanh(c[k]) * np.tanh(before)


def _added(k, n, H, a, c, h):
    if k < n:
        before = h[k]
        thread(k, n, H, a, c, h)
        h[k] += before


def _changed(k, n, H, a, c, h):
    thread(k, n, H, a, c, h)
    if k < n:
        a[k // H * 4 * H + k % H] = 0


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
            "Each text has 4 H numbers there: text `k // H` begins at `k // H * 4 * H`, and neuron `k % H` is "
            "that many places further on. Its i, f and g come H, 2 H and 3 H after its o.",
        ),
        (
            "Why can k be too large?",
            "Threads come in whole blocks, so some are left over: `if k >= n: return`, first of all.",
        ),
    ],
    wrong={
        "as if there were one text": _thread(at=lambda k, H: k),
        "the four numbers of a cell side by side in `a`": _thread(
            at=lambda k, H: 4 * k, step=lambda H: 1
        ),
        "crashes: text and neuron exchanged": _thread(at=lambda k, H: k % H * 4 * H + k // H),
        "nothing stops a thread with k >= n": _thread(guard=False),
        "k > n, not k >= n": lambda k, n, *rest: thread(k, n + 1, *rest),
        "len(c) in place of n: the memory goes on beyond it": lambda k, n, H, a, c, h: thread(
            k, len(c), H, a, c, h
        ),
        "added to what was in h": _added,
        "`a` changed": _changed,
        "the last cell left out": lambda k, n, *rest: thread(k, n - 1, *rest),
        "the gates in another order": _thread(order=(1, 2, 0)),
        "all cells in each thread, not cell k alone": _all_of_them,
        "h made from the old c": _old_c,
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
                inside = (a[: 4 * n], c[:n], h[:n]) if k < n else (a, c, h)
                result = f(k, n, H, *inside)
            return result

        # On a card other numbers lie beyond an array's end, and h is not cleared before.
        beyond = rng.standard_normal((3, 4 * block))
        given = (a.ravel(), beyond[0]), (c.ravel(), beyond[1]), (rng.standard_normal(n), beyond[2])
        given = [np.concatenate(parts) for parts in given]
        _, (read, new, h) = call_on(all_threads, *given)
        name = f"{len(order)} threads for B = {B}, H = {H}"
        for array, was, which in ((new, given[1], "c"), (h, given[2], "h")):
            if (array[n:] != was[n:]).any():
                k = "k > n" if (array[n + 1 :] != was[n + 1 :]).any() else "k = n"
                raise Wrong(f"{name}: one with {k} wrote into {which}, beyond its end")
        wanted = cell(a, c)
        same(f"{name}: c", new[:n].reshape(B, H), wanted[1])
        same(f"{name}: h", h[:n].reshape(B, H), wanted[0])
        if (read != given[0]).any():
            raise Wrong(f"{name}: `a` was changed, expected it to be read only")
