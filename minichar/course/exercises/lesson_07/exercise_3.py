"""Exercise 7.3: `backward(result)`, which fills in the `grad` of every box."""

import numpy as np

from minichar.course.checking import NotDone, call, exercise, same
from minichar.course.exercises.lesson_07.exercise_2 import topological_order
from minichar.course.exercises.lesson_07.small_graphs import graphs, walks_each_way
from minichar.scalar import Scalar


def backward(result):
    result.grad = 1.0
    for node in reversed(topological_order(result)):
        for source, slope in zip(node.inputs, node.slopes, strict=True):
            source.grad += slope * node.grad


def _backward(order=lambda result: topological_order(result)[::-1], pass_on=None):
    def assign(source, slope, node):
        source.grad += slope * node.grad

    def wrong(result):
        result.grad = 1.0
        for node in order(result):
            for source, slope in zip(node.inputs, node.slopes, strict=True):
                (pass_on or assign)(source, slope, node)

    return wrong


def at_once(result):
    """Passes on all it has, again, whenever something comes in."""
    result.grad = 1.0

    def visit(node):
        for source, slope in zip(node.inputs, node.slopes, strict=True):
            source.grad += slope * node.grad
            visit(source)

    visit(result)


def when_met(result):
    """Passes each node's gradient on once, when the node is met first."""
    result.grad = 1.0
    waiting, seen = [result], set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            for source, slope in zip(node.inputs, node.slopes, strict=True):
                source.grad += slope * node.grad
                waiting.append(source)


def every_way(result):
    """Right, and of no use: in twenty doublings there are a million ways."""
    result.grad = 0.0

    def visit(node, part):
        node.grad += part
        for source, slope in zip(node.inputs, node.slopes, strict=True):
            visit(source, slope * part)

    visit(result, 1.0)


def _assigned(source, slope, node):
    source.grad = slope * node.grad


def _no_slope(source, slope, node):
    source.grad += node.grad


def _by_dictionary(result):
    """Slopes looked up by input: of two equal inputs, one gets lost."""
    result.grad = 1.0
    for node in reversed(topological_order(result)):
        for source, slope in dict(zip(node.inputs, node.slopes, strict=True)).items():
            source.grad += slope * node.grad


@exercise(
    "7.3",
    "backward",
    answer=backward,
    also=(Scalar.backward, Scalar.send_back),
    hints=[
        (
            "In which order?",
            "From the result to the beginnings: `reversed(topological_order(result))`.",
        ),
        (
            "What does a box send to one of its inputs?",
            "`slope * box.grad`, with the slope by that input; `pass_on` sends each its own.",
        ),
        (
            "= or +=?",
            "A box that was used three times receives something three times. The effects add: `+=`.",
        ),
    ],
    wrong={
        "passed on at once": at_once,
        "every path walked": every_way,
        "in the order of creation": _backward(order=topological_order),
        "once, when first met": when_met,
        "only the result passes on": _backward(order=lambda result: [result]),
        "assigned, not added": _backward(pass_on=_assigned),
        "no slope": _backward(pass_on=_no_slope),
        "two equal inputs count once": _by_dictionary,
    },
)
def _(f):
    for what, result, names in graphs():
        nodes = list(names)
        for node in nodes:
            node.grad = 0.0

        def run(result, nodes=nodes):
            f(result)
            return [node.grad for node in nodes]

        got = call(run, result)
        if not any(isinstance(g, float | int | np.number) and g for g in got):
            raise NotDone("every `grad` is still 0")
        for node in nodes:
            node.grad = 0.0
        backward(result)
        want = [node.grad for node in nodes]
        found = f" ({', '.join(f'{names[n]}: {g}' for n, g in zip(nodes, got, strict=True))})"
        said = f"for {what}{found if len(nodes) < 6 else ''} the gradient of"
        for node, value, right in zip(nodes, got, want, strict=True):
            same(f"{said} {names[node]}", value, right)
    same("for twenty doublings the gradient of x", walks_each_way(f).grad, 2.0**20)
