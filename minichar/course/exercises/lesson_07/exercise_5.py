"""Exercise 7.5: `rnn_loss(W, inputs, targets, h)`, the forward pass of 3.1 on Tensors."""

import numpy as np

from minichar import fused, layers, rnn100
from minichar.course.checking import call, exercise
from minichar.course.exercises.lesson_07.shared import (
    as_tensors,
    expect_tensor,
    expect_two,
    same_gradients,
)
from minichar.graph import Tensor, cross_entropy, softmax


def rnn_loss(W, inputs, targets, h):
    loss = 0.0
    for i, target in zip(inputs, targets, strict=True):
        h = (W["Wxh"][i] + h @ W["Whh"] + W["bh"]).tanh()
        loss = loss + cross_entropy(h @ W["Why"] + W["by"], target)
    return loss, h


def _rnn(
    read=lambda W, i, h: (W["Wxh"][i] + h @ W["Whh"] + W["bh"]).tanh(),
    scores=lambda W, h: h @ W["Why"] + W["by"],
    after=lambda h: h,
    of=lambda losses: sum(losses[1:], losses[0]),
):
    def wrong(W, inputs, targets, h):
        losses = []
        for i, target in zip(inputs, targets, strict=True):
            h = read(W, i, h)
            losses.append(cross_entropy(scores(W, h), target))
            last, h = h, after(h)
        return of(losses), last

    return wrong


def _old_state(W, inputs, targets, h):
    """The scores from the state before the letter."""
    losses = []
    for i, target in zip(inputs, targets, strict=True):
        losses.append(cross_entropy(h @ W["Why"] + W["by"], target))
        h = (W["Wxh"][i] + h @ W["Whh"] + W["bh"]).tanh()
    return sum(losses[1:], losses[0]), h


def _not_carried(W, inputs, targets, h):
    """Every letter is read in the state before the first."""
    new = [(W["Wxh"][i] + h @ W["Whh"] + W["bh"]).tanh() for i in inputs]
    losses = [
        cross_entropy(h @ W["Why"] + W["by"], target)
        for h, target in zip(new, targets, strict=True)
    ]
    return sum(losses[1:], losses[0]), new[-1]


@exercise(
    "7.5",
    "the RNN on the graph",
    answer=rnn_loss,
    also=(layers.RNN.step, fused.RNN.run, rnn100.forward),
    hints=[
        (
            "Which pieces are Tensors?",
            "All weights and h. `W['Wxh'][i]`, `@`, `+` and `.tanh()` work on them; `np.tanh` does not.",
        ),
        (
            "How does it begin?",
            "With `loss = 0.0`, before the loop; a number + a Tensor is a Tensor. h is one from the start.",
        ),
        (
            "What does cross_entropy want?",
            "The scores z of this step and the number of the letter that came: `cross_entropy(z, target)`.",
        ),
    ],
    wrong={
        "the mean, not the sum": _rnn(of=lambda losses: sum(losses[1:], losses[0]) / len(losses)),
        "only the last loss": _rnn(of=lambda losses: losses[-1]),
        "the state cut off at every step": _rnn(after=lambda h: h.detach()),
        "scores from the state before": _old_state,
        "the state not carried on": _not_carried,
        "no tanh": _rnn(read=lambda W, i, h: W["Wxh"][i] + h @ W["Whh"] + W["bh"]),
        "Whh the other way round": _rnn(
            read=lambda W, i, h: (W["Wxh"][i] + h @ W["Whh"].T + W["bh"]).tanh()
        ),
        "softmax before the cross-entropy": _rnn(
            scores=lambda W, h: softmax(h @ W["Why"] + W["by"])
        ),
        "begins with an empty state": lambda W, inputs, targets, h: rnn_loss(
            W, inputs, targets, Tensor(np.zeros(h.shape))
        ),
        "rows by .data": _rnn(
            read=lambda W, i, h: (W["Wxh"].data[i] + h @ W["Whh"] + W["bh"]).tanh()
        ),
        "scores cut off from the graph": _rnn(scores=lambda W, h: h.detach() @ W["Why"] + W["by"]),
    },
)
def _(f):
    for seed, V, H, T in ((0, 5, 4, 6), (1, 3, 3, 1), (2, 4, 2, 9)):
        rng = np.random.default_rng(seed)
        W = {name: 30 * w for name, w in rnn100.init(V, H, rng).items()}
        W["bh"], W["by"] = rng.standard_normal(H), rng.standard_normal(V)
        ids, h = rng.integers(V, size=T + 1), rng.standard_normal(H)

        def run(W, inputs, targets, h):
            tensors = as_tensors(W)
            got = f(tensors, inputs, targets, Tensor(h))
            return got if got is None or got is ... else (got, tensors)

        got, tensors = call(run, W, ids[:-1], ids[1:], h)
        expect_two(got, "the loss and the last state")
        loss, hs, p = rnn100.forward(W, ids[:-1], ids[1:], h)
        letters = f"{T} letter{'s' * (T > 1)}"
        expect_tensor(f"the loss for {letters}", got[0], loss)
        expect_tensor(f"the last state for {letters}", got[1], hs[-1])
        got[0].backward()
        same_gradients(f"for {letters}", tensors, rnn100.backward(W, ids[:-1], ids[1:], hs, p))
