"""Exercise 8.2: `one_pass(model, optimizer, inputs, targets, length)`, once through the streams."""

import numpy as np

from minichar import optim
from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_08.exercise_1 import streams
from minichar.model import CharModel
from minichar.text import Vocabulary


def one_pass(model, optimizer, inputs, targets, length):
    state, losses = None, []
    for start in range(0, len(inputs), length):
        x, y = inputs[start : start + length], targets[start : start + length]
        loss, state = model.loss(x, y, state)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.data))
    return losses


def _changed_pass(
    carry="state",
    back=True,
    late=False,
    moves=1,
    at_end=0,
    last=True,
    again=False,
    into_list=lambda loss: float(loss.data),
):
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
            losses.append(into_list(loss))
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
            "The loss, then `loss.backward()`, then `optimizer.step()`. And put `float(loss.data)` "
            "into the list.",
        ),
    ],
    wrong={
        "every piece from an empty state": _changed_pass(carry="none"),
        "the state of the first piece for all": _changed_pass(carry="first"),
        "no backward pass": _changed_pass(back=False),
        "no step of the optimiser": _changed_pass(moves=0),
        "the step before the backward pass": _changed_pass(late=True, moves=0),
        "the last, shorter piece is left out": _changed_pass(last=False),
        "one step for all pieces, at the end": _changed_pass(moves=0, at_end=1),
        "only the first piece": lambda model, optimizer, inputs, targets, length: one_pass(
            model, optimizer, inputs[:length], targets[:length], length
        ),
        "two steps for each piece": _changed_pass(moves=2),
        "the first piece again and again": _changed_pass(again=True),
        "the Tensor of each loss, not its number": _changed_pass(into_list=lambda loss: loss),
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
                raise Wrong("the weights are where they were: it takes a backward pass and a step")
            results.append((losses, after))
            steps.append(optimizer.steps)
        case = f"{len(inputs)} steps in pieces of {length}"
        if steps[0] != steps[1]:
            what = f"{steps[0]} step{'s' * (steps[0] != 1)} for {steps[1]} pieces"
            raise Wrong(f"{case}: the optimiser made {what}")
        same(f"{case}: losses", results[0][0], results[1][0])
        same(f"{case}, afterwards: weights", results[0][1], results[1][1])
