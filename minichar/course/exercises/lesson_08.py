"""The exercises of lesson 08: streams, truncation with the state carried, Adam, perplexity, dropout."""

import numpy as np

from minichar import optim, text
from minichar.course.checking import Wrong, call, call_on, exercise, same
from minichar.model import CharModel
from minichar.text import Vocabulary


def streams(ids, B):
    steps = (len(ids) - 1) // B
    inputs = ids[: steps * B].reshape(B, steps).T
    targets = ids[1 : steps * B + 1].reshape(B, steps).T
    return inputs, targets


def _targets_rolled(ids, B):
    """The last target of a stream is its own first character."""
    inputs, _ = streams(ids, B)
    return inputs, np.roll(inputs, -1, axis=0)


def _targets_rolled_across(ids, B):
    """The targets of one stream are the inputs of the next."""
    inputs, _ = streams(ids, B)
    return inputs, np.roll(inputs, -1, axis=1)


def _interleaved(ids, B):
    """Neighbours in the text side by side: each stream reads every B-th character."""
    steps = (len(ids) - 1) // B
    return ids[: steps * B].reshape(steps, B), ids[1 : steps * B + 1].reshape(steps, B)


def _beginning_left_out(ids, B):
    steps = (len(ids) - 1) // B
    return streams(ids[len(ids) - 1 - steps * B :], B)


def _one_step_less(ids, B):
    inputs, targets = streams(ids, B)
    return inputs[:-1], targets[:-1]


def _into_zeros(ids, B):
    """Right numbers, but as floats, which pick no rows."""
    return tuple(a.astype(float) for a in streams(ids, B))


@exercise(
    "8.1",
    "streams side by side",
    answer=streams,
    also=(text.streams,),
    hints=[
        (
            "How long is each piece?",
            "There are len(ids) - 1 predictions, because the last character has no next one. Shared "
            "among B streams, whole ones only: (len(ids) - 1) // B.",
        ),
        (
            "Which way does reshape fill?",
            "Row by row. `reshape(B, steps)` puts one whole piece in each row; `.T` then stands the "
            "rows up as columns. `reshape(steps, B)` would tear the pieces apart.",
        ),
        (
            "What is the last target of a piece?",
            "The first character of the next piece. So cut the targets from the text as well, one "
            "character further on: `ids[1 : steps * B + 1]`.",
        ),
    ],
    wrong={
        "neighbours side by side": _interleaved,
        "the last target of a stream is its own first character": _targets_rolled,
        "targets from the next stream": _targets_rolled_across,
        "streams as rows": lambda ids, B: tuple(a.T for a in streams(ids, B)),
        "targets equal to the inputs": lambda ids, B: (streams(ids, B)[0],) * 2,
        "the beginning is left out, not the end": _beginning_left_out,
        "one prediction of each stream is lost": _one_step_less,
        "not whole numbers": _into_zeros,
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for n, B in ((18, 3), (13, 3), (9, 1), (9, 8), (230, 7)):
        ids = rng.permutation(n)
        case = f"{n} characters in {B} streams"
        got = call(f, ids, B)
        same(case, got, streams(ids, B), parts=("inputs", "targets"))
        for name, a in zip(("inputs", "targets"), got, strict=True):
            if not isinstance(a, np.ndarray) or a.dtype.kind not in "iu":
                kind = f"an array of {a.dtype}" if isinstance(a, np.ndarray) else "a list"
                raise Wrong(f"{case}: {name} is {kind}, expected an array of whole numbers")


def one_pass(model, optimizer, inputs, targets, length):
    state, losses = None, []
    for start in range(0, len(inputs), length):
        x, y = inputs[start : start + length], targets[start : start + length]
        loss, state = model.loss(x, y, state)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.data))
    return losses


def _changed_pass(carry="state", back=True, late=False, moves=1, at_end=0, last=True, again=False):
    """One pass with a mistake; `moves` steps for each piece, and `at_end` more after the last."""

    def wrong(model, optimizer, inputs, targets, length):
        state, losses = None, []
        for start in range(0, len(inputs) if last else len(inputs) - length + 1, length):
            here = slice(0, length) if again else slice(start, start + length)
            loss, new = model.loss(inputs[here], targets[here], state)
            if late:  # the weights are moved by the gradient of the piece before
                optimizer.step()
            if back:
                loss.backward()
            for _ in range(moves):
                optimizer.step()
            state = {"state": new, "none": None, "first": state or new}[carry]
            losses.append(float(loss.data))
        for _ in range(at_end):
            optimizer.step()
        return losses

    return wrong


@exercise(
    "8.2",
    "one pass, piece by piece",
    answer=one_pass,
    hints=[
        (
            "Which rows does a piece have?",
            "Rows `start` to `start + length` of inputs and targets. numpy takes fewer where there "
            "are no more, which is right for the last piece.",
        ),
        (
            "How does the state get from piece to piece?",
            "`loss, state = model.loss(x, y, state)`: it goes in and comes out under one name.",
        ),
        (
            "In which order?",
            "The loss, then `loss.backward()`, then `optimizer.step()`. And `float(loss.data)` into "
            "the list.",
        ),
    ],
    wrong={
        "every piece from an empty state": _changed_pass(carry="none"),
        "the state of the first piece for all": _changed_pass(carry="first"),
        "no way back": _changed_pass(back=False),
        "the weights never move": _changed_pass(moves=0),
        "the step before the way back": _changed_pass(late=True, moves=0),
        "the last, shorter piece is left out": _changed_pass(last=False),
        "one step at the end": _changed_pass(moves=0, at_end=1),
        "two steps for each piece": _changed_pass(moves=2),
        "the first piece again and again": _changed_pass(again=True),
    },
)
def _(f):
    for cell, n, B, length in (("rnn", 22, 3, 3), ("lstm", 31, 2, 5), ("gru", 9, 1, 20)):
        rng = np.random.default_rng(n)
        inputs, targets = streams(rng.integers(4, size=n), B)
        results, steps = [], []
        for run in (f, one_pass):
            model = CharModel(Vocabulary("abcd"), cell, hidden=3, dtype="float64", seed=1)
            for w in model.parameters().values():
                w.data *= 3  # so that the state matters
            optimizer = optim.SGD(model.parameters(), lr=0.5)
            before = {k: w.data.copy() for k, w in model.parameters().items()}
            args = (model, optimizer, inputs, targets, length)
            losses = call(f, *args) if run is f else one_pass(*args)
            after = {k: w.data for k, w in model.parameters().items()}
            if all((after[k] == before[k]).all() for k in after):
                raise Wrong("the weights are where they were: it takes a way back and a step")
            results.append((losses, after))
            steps.append(optimizer.steps)
        case = f"{len(inputs)} steps in pieces of {length}"
        if steps[0] != steps[1]:
            what = f"{steps[0]} step{'s' * (steps[0] != 1)} for {steps[1]} pieces"
            raise Wrong(f"{case}: the optimiser made {what}")
        same(f"{case}: the list of losses", results[0][0], results[1][0])
        same(f"{case}: the weights afterwards", results[0][1], results[1][1])


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


def _new_arrays(W, dW, m, v, t, rate=0.002):
    """Moves the weights, and forgets m and v."""
    for name, g in dW.items():
        new_m, new_v = 0.9 * m[name] + 0.1 * g, 0.999 * v[name] + 0.001 * g * g
        m_hat, v_hat = new_m / (1 - 0.9**t), new_v / (1 - 0.999**t)
        W[name] -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)


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
            "Only v takes g * g. m takes g itself, sign and all. And the 1e-8 stands behind the root "
            "here; in Adagrad it stood under it.",
        ),
    ],
    wrong={
        "no correction for the start at 0": _changed_adam(
            right_m=lambda m, t: m, right_v=lambda v, t: v
        ),
        "only m is corrected": _changed_adam(right_v=lambda v, t: v),
        "steps counted from 0": _changed_adam(
            right_m=lambda m, t: m / (1 - 0.9 ** (t + 1)),
            right_v=lambda v, t: v / (1 - 0.999 ** (t + 1)),
        ),
        "the corrected values are kept": _corrected_for_good,
        "0.9 for both": _changed_adam(
            second=lambda v, g: 0.9 * v + 0.1 * g * g, right_v=lambda v, t: v / (1 - 0.9**t)
        ),
        "v of the gradient, not of its square": _changed_adam(
            second=lambda v, g: 0.999 * v + 0.001 * np.abs(g)
        ),
        "no root": _changed_adam(move=lambda m, v, g: m / (v + 1e-8)),
        "1e-8 under the root, as in Adagrad": _changed_adam(
            move=lambda m, v, g: m / np.sqrt(v + 1e-8)
        ),
        "the gradient is squared in place": _square_in_place,
        "the gradient over the root, without m": _changed_adam(
            move=lambda m, v, g: g / (np.sqrt(v) + 1e-8)
        ),
        "uphill": _changed_adam(sign=1),
        "m and v forgotten": _new_arrays,
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
            same("dW, which is not to be changed,", after[1], dW)
            got = [after[0], after[2], after[3]]
            adam(W, dW, m, v, t, rate)
            case = f"after {t} steps at rate {rate}" if t > 1 else f"after one step at rate {rate}"
            same(f"m {case}", got[1], m)
            same(f"v {case}", got[2], v)
            same(f"W {case}", got[0], W, tol=1e-4)  # 1e-8 before or after the correction of v
            dW = {name: 3 * rng.standard_normal((3, 2)) for name in W}
    W, dW, m, v = ({"by": np.array([x])} for x in (1.0, 20.0, 0.5, 2.0))
    _, after = call_on(f, W, dW, m, v, 9)
    adam(W, dW, m, v, 9)
    same("W with the rate left out", after[0], W, tol=1e-4)
    W, m, v = ({"by": np.zeros(2)} for _ in range(3))
    dW = {"by": np.array([1e-4, -1e-4])}
    _, after = call_on(f, W, dW, m, v, 1, 0.1)
    adam(W, dW, m, v, 1, 0.1)
    same("W after one step with gradients of 0.0001 and -0.0001", after[0], W, tol=1e-2)


def perplexity(losses, counts):
    return np.exp(np.sum(losses * counts) / np.sum(counts))


@exercise(
    "8.4",
    "perplexity over the true number of predictions",
    answer=perplexity,
    hints=[
        (
            "Why not the mean of the losses?",
            "Each loss is a mean already. One over 3 predictions must weigh less than one over 200.",
        ),
        (
            "How do I weigh them?",
            "losses * counts are the nats of each piece. Their sum over the sum of the counts is the "
            "loss of a single prediction, on average.",
        ),
        ("e or 2?", "These losses are in nats, so e: np.exp. With bits it would be 2."),
    ],
    wrong={
        "the mean of the means": lambda losses, counts: np.exp(np.mean(losses)),
        "the mean of the perplexities": lambda losses, counts: np.mean(np.exp(losses)),
        "perplexities, weighted": lambda losses, counts: (
            np.sum(np.exp(losses) * counts) / np.sum(counts)
        ),
        "2 for e": lambda losses, counts: 2 ** (np.sum(losses * counts) / np.sum(counts)),
        "the loss, not the perplexity": lambda losses, counts: np.log(perplexity(losses, counts)),
        "divided by the number of pieces": lambda losses, counts: np.exp(
            np.sum(losses * counts) / len(losses) / 100
        ),
        "the sum of the losses over all predictions": lambda losses, counts: np.exp(
            np.sum(losses) / np.sum(counts)
        ),
    },
)
def _(f):
    for losses, counts in (
        ([np.log(4), np.log(4)], [10, 3]),
        ([1.0, 1.0, 4.0], [200, 200, 3]),
        ([2.5], [7]),
        ([0.5, 3.0, 2.0, 1.0], [450, 450, 450, 30]),
    ):
        args = np.array(losses), np.array(counts)
        shown = ", ".join(f"{x:.3g}" for x in losses)
        same(f"perplexity([{shown}], {counts})", call(f, *args), perplexity(*args))


def dropout(x, share, rng):
    keep = rng.random(x.shape) >= share
    return x * keep / (1 - share)


def _own_dice(x, share, rng):
    return dropout(x, share, np.random.default_rng(0))


def _in_place(x, share, rng):
    x[rng.random(x.shape) < share] = 0
    x /= 1 - share
    return x


def _counted(x, share, rng):
    """Always the same number of zeros, at places drawn by lot."""
    places = rng.permutation(x.size).reshape(x.shape)
    return x * (places >= round(share * x.size)) / (1 - share)


def _last_two_axes(x, share, rng):
    return x * (rng.random(x.shape[-2:]) >= share) / (1 - share)


@exercise(
    "8.5",
    "dropout",
    answer=dropout,
    hints=[
        (
            "How do I draw with probability `share`?",
            "`rng.random(x.shape)` gives each number a draw of its own, evenly from 0 to 1. It is "
            "below `share` with probability `share`.",
        ),
        (
            "Divided by what?",
            "A share of 1 - share is kept. Divided by that, the sum stays what it was on average.",
        ),
    ],
    wrong={
        "not made up for": lambda x, share, rng: x * (rng.random(x.shape) >= share),
        "divided by the share": lambda x, share, rng: (
            x * (rng.random(x.shape) >= share) / (share or 1)
        ),
        "multiplied by what is kept": lambda x, share, rng: (
            x * (rng.random(x.shape) >= share) * (1 - share)
        ),
        "keeps what it should drop": lambda x, share, rng: (
            dropout(x, 1 - share, rng) if share else x.copy()
        ),
        "whole rows": lambda x, share, rng: x * (rng.random((len(x), 1)) >= share) / (1 - share),
        "whole columns": lambda x, share, rng: x * (rng.random(x.shape[-1]) >= share) / (1 - share),
        "one draw for all the first axis": _last_two_axes,
        "a fixed number of zeros": _counted,
        "the same draws every time": _own_dice,
        "nothing is dropped": lambda x, share, rng: x.copy(),
        "in place": _in_place,
    },
)
def _(f):
    x = np.random.default_rng(1).uniform(1, 2, (100, 80))
    x[::2] *= -1
    same("dropout(x, 0, rng), where all are kept,", call(f, x, 0.0, np.random.default_rng(2)), x)
    for shape in ((6,), (2, 3, 4)):
        shaped = np.shape(call(f, np.ones(shape), 0.5, np.random.default_rng(2)))
        same(f"the shape for an x of shape {shape}", list(shaped), list(shape))
    for share in (0.2, 0.5, 0.75):
        case, seeds = f"with share = {share}", (3, 4, 5, 6)
        one, *others = (np.asarray(call(f, x, share, np.random.default_rng(k))) for k in seeds)
        same("the shape of the result", list(one.shape), list(x.shape))
        dropped = one == 0
        n = int(dropped.sum())
        kept = np.where(dropped, 0, x / (1 - share))
        if abs(n - share * x.size) > 6 * np.sqrt(x.size * share * (1 - share)):
            raise Wrong(f"{case}, {n / x.size:.0%} of the numbers became 0, expected {share:.0%}")
        same(f"{case}, what is kept of the numbers", one, kept)
        _each_by_itself(case, dropped)
        again = np.asarray(call(f, x, share, np.random.default_rng(3)))
        if (again != one).any():
            raise Wrong(f"{case}, equal generators give different results: draw from `rng` alone")
        if all(((other == 0) == dropped).all() for other in others):
            raise Wrong(f"{case}, another generator drops the same numbers: draw from `rng`")
        if all(int((other == 0).sum()) == n for other in others):
            raise Wrong(
                f"{case}, exactly {n} of {x.size} became 0 with each of four generators: each "
                "number falls or stays by itself, so how many fall should vary"
            )
    layers = np.asarray(call(f, x.reshape(5, 20, 80), 0.5, np.random.default_rng(7)))
    _each_by_itself("for an x of shape (5, 20, 80)", layers.reshape(100, 80) == 0)


def _each_by_itself(case, dropped):
    """Raise Wrong where rows or columns fall as a whole, or rows lose the very same places."""
    for axis, what in ((0, "columns"), (1, "rows")):
        lines = dropped.mean(axis=axis)
        if ((lines == 0) | (lines == 1)).any():
            raise Wrong(f"{case}, whole {what} are kept or dropped: each number has its own draw")
    if len(np.unique(dropped, axis=0)) < len(dropped):
        raise Wrong(f"{case}, several rows lose the very same places: each number has its own draw")
