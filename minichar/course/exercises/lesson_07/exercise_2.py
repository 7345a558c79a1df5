"""Exercise 7.2: `topological_order(result)`, all boxes, each after its inputs."""

from minichar import scalar, tensor
from minichar.course.checking import Wrong, call, exercise
from minichar.course.exercises.lesson_07.small_graphs import graphs, walks_each_way


def topological_order(result):
    order = []

    def visit(node):
        if node not in order:
            for source in node.inputs:
                visit(source)
            order.append(node)

    visit(result)
    return order


def _no_memory(result):
    return [n for source in result.inputs for n in _no_memory(source)] + [result]


def _before_its_inputs(result):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for source in node.inputs:
                visit(source)

    visit(result)
    return order


def _by_distance(result):
    """Level by level from the result, each node where it is met first."""
    order, level = [], [result]
    while level:
        order += [n for k, n in enumerate(level) if n not in order and n not in level[:k]]
        level = [source for node in level for source in node.inputs if source not in order]
    return order[::-1]


def _marked(result):
    """Marks what it has visited on the nodes themselves, where it stays."""
    order = []

    def visit(node):
        if not getattr(node, "visited", False):
            node.visited = True
            for source in node.inputs:
                visit(source)
            order.append(node)

    visit(result)
    return order


def _visits_again(result):
    order = []

    def visit(node):
        for source in node.inputs:
            visit(source)
        if node not in order:
            order.append(node)

    visit(result)
    return order


def _equal_values(result):
    order = []

    def visit(node):
        if node.data not in [n.data for n in order]:
            for source in node.inputs:
                visit(source)
            order.append(node)

    visit(result)
    return order


@exercise(
    "7.2",
    "topological order",
    answer=topological_order,
    also=(scalar.topological_order, tensor.topological_order),
    hints=[
        (
            "When may a box be appended?",
            "When all its inputs are in the list. So visit each input first, and append the box after that.",
        ),
        (
            "Why does a box come twice?",
            "It is visited once for every arrow that leads from it. Do nothing if it is already in the list.",
        ),
        (
            "Where does it end?",
            "At a box without inputs: the loop over them does nothing, and the box is appended.",
        ),
    ],
    wrong={
        "a box once for every path to it": _no_memory,
        "before its inputs": _before_its_inputs,
        "every path walked": _visits_again,
        "marked as visited, also for the next call": _marked,
        "equal values taken for one box": _equal_values,
        "before its inputs, then reversed": lambda result: _before_its_inputs(result)[::-1],
        "level by level": _by_distance,
        "without the result": lambda result: topological_order(result)[:-1],
    },
)
def _(f):
    twice = [
        (f"{what}{again}", result, names)
        for what, result, names in graphs()
        for again in ("", ", asked a second time,")
    ]
    for what, result, names in twice:
        got = call(f, result)
        if not isinstance(got, list | tuple):
            raise Wrong(f"for {what} it returns a {type(got).__name__}, expected a list of boxes")
        if not all(any(n is node for node in names) for n in got):
            raise Wrong(f"for {what} the list holds something that is not a box of the graph")
        said = ", ".join(names[n] for n in got)
        for node, name in names.items():
            times = sum(n is node for n in got)
            if times != 1:
                raise Wrong(f"for {what} the list is [{said}]: {name} is in it {times} times")
        for node in got:
            for source in node.inputs:
                if got.index(source) > got.index(node):
                    raise Wrong(
                        f"for {what} the list is [{said}]: {names[node]} comes before "
                        f"{names[source]}, of which it is made"
                    )
    walks_each_way(f)
