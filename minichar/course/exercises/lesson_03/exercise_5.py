"""Exercise 3.5: `adagrad(W, dW, memory, rate, clip)`, which changes W and memory in place."""

import numpy as np

from minichar.course.checking import call_on, exercise, same
from minichar.course.comparing import same_arrays
from minichar.rnn100 import adagrad


def _changed_adagrad(
    remember=lambda m, g, raw: m + g * g, move=lambda g, m: g / np.sqrt(m + 1e-8), sign=-1
):
    def wrong(W, dW, memory, rate=0.1, clip=5.0):
        for name in W:
            g = np.clip(dW[name], -clip, clip)
            memory[name][...] = remember(memory[name], g, dW[name])
            W[name] += sign * rate * move(g, memory[name])

    return wrong


def _moved_first(W, dW, memory, rate=0.1, clip=5.0):
    for name in W:
        g = np.clip(dW[name], -clip, clip)
        W[name] -= rate * g / np.sqrt(memory[name] + 1e-8)
        memory[name] += g * g


def _by_place(W, dW, memory, rate=0.1, clip=5.0):
    """Takes the gradients in the order in which they stand, whatever their names."""
    adagrad(W, dict(zip(W, dW.values(), strict=True)), memory, rate, clip)


def _rebound(which):
    """The right numbers, but those of `which` in new arrays."""

    def wrong(W, dW, memory, rate=0.1, clip=5.0):
        for name, given in (("W", W), ("memory", memory)):
            if name in which:
                given.update({key: array.copy() for key, array in given.items()})
        adagrad(W, dW, memory, rate, clip)

    return wrong


@exercise(
    "3.5",
    "Adagrad",
    answer=adagrad,
    hints=[
        ("In which order?", "Clip the gradient, add its square to the memory, then move by it."),
        (
            "In place, really?",
            "Here yes: `memory[name] += …` and `W[name] -= …` change the arrays they are given.",
        ),
        (
            "Where does 1e-8 go?",
            "Under the root, next to the memory: it is only there to prevent a division by zero.",
        ),
    ],
    wrong={
        "uphill": _changed_adagrad(sign=1),
        "remembers the gradient before clipping": _changed_adagrad(
            remember=lambda m, g, raw: m + raw * raw
        ),
        "forgets what was before": _changed_adagrad(remember=lambda m, g, raw: g * g),
        "1e-8 outside the root": _changed_adagrad(move=lambda g, m: g / (np.sqrt(m) + 1e-8)),
        "no 1e-8": _changed_adagrad(move=lambda g, m: g / np.sqrt(m)),
        "no root": _changed_adagrad(move=lambda g, m: g / (m + 1e-8)),
        "the gradient itself, not its square": _changed_adagrad(
            remember=lambda m, g, raw: m + np.abs(g)
        ),
        "plain descent": _changed_adagrad(move=lambda g, m: g),
        "the memory left as it was": _changed_adagrad(remember=lambda m, g, raw: m),
        "moves before it remembers": _moved_first,
        "gradients by their place, not by name": _by_place,
        "changes nothing": lambda W, dW, memory, rate=0.1, clip=5.0: {
            k: w - rate * dW[k] for k, w in W.items()
        },
        "new arrays for W and memory": _rebound(("W", "memory")),
        "new arrays for memory": _rebound(("memory",)),
        "new arrays for W": _rebound(("W",)),
    },
)
def _(f):
    for seed, rate, clip in ((0, 0.1, 5.0), (1, 0.5, 1.0)):
        rng = np.random.default_rng(seed)
        W = {name: rng.standard_normal((3, 2)) for name in ("Wxh", "bh")}
        dW = {name: 4 * rng.standard_normal((3, 2)) for name in reversed(W)}
        memory = {name: rng.uniform(0, 9, (3, 2)) for name in W}
        got_W, got_memory = ({k: w.copy() for k, w in d.items()} for d in (W, memory))
        for _ in range(2):
            _, after = call_on(f, got_W, dW, got_memory, rate, clip)
            got_W, got_memory = after[0], after[2]
            adagrad(W, dW, memory, rate, clip)
        same(f"after two steps with clip = {clip}: memory", got_memory, memory)
        same(f"after two steps with rate = {rate}: W", got_W, W)
    W, dW, memory = ({"bh": np.array([value])} for value in (1.0, 20.0, 2.0))
    _, after = call_on(f, W, dW, memory)
    adagrad(W, dW, memory)
    same("with rate and clip left out: W", after[0], W)
    W, dW, memory = ({"bh": np.ones(2)} for _ in range(3))
    given = dict(W), dict(memory)
    f(W, dW, memory)
    same_arrays("W", W, given[0])
    same_arrays("memory", memory, given[1])
