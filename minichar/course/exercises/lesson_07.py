"""The exercises of lesson 07: slopes, the order, the way back, broadcasting, RNN and LSTM anew."""

import numpy as np

from minichar import fused, graph, layers, rnn100, scalar, tensor
from minichar.course.checking import NotDone, Wrong, call, exercise, same
from minichar.course.exercises.small_graphs import graphs, slopes, walks_each_way
from minichar.graph import Tensor, concat, cross_entropy, softmax
from minichar.scalar import Scalar


def _slopes(**change):
    names = {"plus": "+", "minus": "-", "times": "*", "over": "/"}
    changed = {names[name]: make for name, make in change.items()}

    def wrong(operation, a, b):
        return changed.get(operation, lambda a, b: slopes(operation, a, b))(a, b)

    return wrong


@exercise(
    "7.1",
    "local slopes",
    answer=slopes,
    hints=[
        (
            "Slope by which number?",
            "Hold one of the two fast and move the other: first by a, then by b.",
        ),
        (
            "And in a * b?",
            "If a grows by a little, `a * b` grows by b times that. So the slope by a is b.",
        ),
        (
            "And by b in a / b?",
            "`a / b` is `a * b**-1`, and the slope of `b**-1` is `-1 * b**-2`.",
        ),
    ],
    wrong={
        "each factor's own value": _slopes(times=lambda a, b: (a, b)),
        "the product itself": _slopes(times=lambda a, b: (a * b, a * b)),
        "a sum passes on its numbers": _slopes(plus=lambda a, b: (a, b)),
        "no minus in a - b": _slopes(minus=lambda a, b: (1.0, 1.0)),
        "no minus in a / b": _slopes(over=lambda a, b: (1 / b, a / b**2)),
        "by b first": lambda operation, a, b: slopes(operation, a, b)[::-1],
        "crashes on * with 0": lambda operation, a, b: {
            "+": (1.0, 1.0),
            "-": (1.0, -1.0),
            "*": (a * b / a, a * b / b),
            "/": (1 / b, -a / b**2),
        }[operation],
    },
)
def _(f):
    for operation in "+-*/":
        for a, b in ((3.0, 5.0), (-2.0, 0.5), (0.75, -4.0)):
            got = call(f, operation, a, b)
            same(f'slopes("{operation}", {a}, {b})', got, slopes(operation, a, b))
    zeros = {("*", 2.0, 0.0): (0.0, 2.0), ("/", 0.0, 2.0): (0.5, 0.0), ("-", 0.0, 0.0): (1.0, -1.0)}
    for (operation, a, b), want in zeros.items():
        name = f'slopes("{operation}", {a}, {b})'
        try:
            got = call(f, operation, a, b)
        except Wrong as error:
            error.args = (f"for {name} {error}",)
            raise
        same(name, got, want)


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
            "When all its inputs stand in the list. So visit each input first, and append the box after that.",
        ),
        (
            "Why does a box come twice?",
            "It is visited once for every arrow that leads from it. Do nothing if it stands in the list already.",
        ),
        (
            "Where does it end?",
            "At a box without inputs: the loop over them does nothing, and the box is appended.",
        ),
    ],
    wrong={
        "a box for every way to it": _no_memory,
        "before its inputs": _before_its_inputs,
        "every way walked": _visits_again,
        "marked as visited for ever": _marked,
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
            raise Wrong(f"for {what} the list holds something that is no box of the graph")
        said = ", ".join(names[n] for n in got)
        for node, name in names.items():
            times = sum(n is node for n in got)
            if times != 1:
                raise Wrong(f"for {what} the list is [{said}]: {name} stands in it {times} times")
        for node in got:
            for source in node.inputs:
                if got.index(source) > got.index(node):
                    raise Wrong(
                        f"for {what} the list is [{said}]: {names[node]} stands before "
                        f"{names[source]}, of which it is made"
                    )
    walks_each_way(f)


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
            "`slope * box.grad`, by the slope of this input; `pass_on` sends each its own.",
        ),
        (
            "= or +=?",
            "A box that was used three times is sent something three times. The effects add: `+=`.",
        ),
    ],
    wrong={
        "passed on at once": at_once,
        "every way walked": every_way,
        "in the order of creation": _backward(order=topological_order),
        "once, when first met": when_met,
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


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def _front_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def _ones_only(g, shape):
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def _not_kept(g, shape):
    g = _front_only(g, shape)
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1))


def _mean(g, shape):
    return unbroadcast(g, shape) * (np.prod(shape, initial=1.0) / g.size)


def _in_place(g, shape):
    """The right sum, and the gradient that came in is gone."""
    out = unbroadcast(g, shape)
    g[...] = 0
    return out


@exercise(
    "7.4",
    "broadcasting undone",
    answer=unbroadcast,
    also=(graph.unbroadcast,),
    hints=[
        (
            "Why a sum?",
            "A number that was used in four places is felt in four places, and the effects add.",
        ),
        (
            "Which axes are too many?",
            "numpy puts missing axes in front: `g.ndim - len(shape)` of them. Sum over these to drop them.",
        ),
        (
            "And where the shape has a 1?",
            "Sum there too, but keep the axis: `g.sum(axis=axis, keepdims=True)`.",
        ),
    ],
    wrong={
        "only the axes in front": _front_only,
        "only the axes of length 1": _ones_only,
        "the axes of length 1 are lost": _not_kept,
        "the mean, not the sum": _mean,
        "nothing summed": lambda g, shape: g.copy(),
        "the gradient changed in place": _in_place,
    },
)
def _(f):
    shapes = [
        ((4, 3), (3,)),
        ((4, 3), (4, 1)),
        ((4, 3), (4, 3)),
        ((3, 3), (3,)),
        ((2, 4, 3), (3,)),
        ((2, 4, 3), (1, 3)),
        ((2, 4, 3), (2, 1, 1)),
        ((2, 4, 3), ()),
        ((1, 3), (1, 3)),
        ((), ()),
    ]
    rng = np.random.default_rng(7)
    for _ in range(20):
        full = tuple(int(n) for n in rng.integers(1, 4, size=rng.integers(1, 4)))
        cut = full[rng.integers(len(full) + 1) :]
        shapes.append((full, tuple(n if rng.random() < 0.5 else 1 for n in cut)))
    for full, shape in shapes:
        g = rng.standard_normal(full)
        want = unbroadcast(g, shape)
        same(f"for g of shape {full} and shape {shape} it", call(f, g, shape), want)


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


def _tensors(W):
    return {name: Tensor(w.copy(), True) for name, w in W.items()}


def _two(got, what):
    if not isinstance(got, list | tuple) or len(got) != 2:
        raise Wrong(f"it returns one thing, expected two: {what}")
    if any(part is ... or part is None for part in got):
        raise NotDone("there is still a `...` to replace")


def _is_tensor(name, got, want):
    """Its numbers, if it is a Tensor that a gradient can come back through."""
    if not isinstance(got, Tensor):
        raise Wrong(
            f"{name} is a {type(got).__name__}, expected a Tensor: was `.data` used on the way?"
        )
    same(name, got.data, want)
    if not got.requires_grad:
        raise Wrong(f"{name} is right, but no gradient comes back: was `.data` used on the way?")


def _gradients(name, tensors, wants):
    for key, want in wants.items():
        grad = tensors[key].grad
        if grad is None and np.any(want):
            raise Wrong(f"{name}: no gradient reaches {key}: was `.data` used on the way?")
        same(f"{name}: the gradient of {key}", np.zeros_like(want) if grad is None else grad, want)


@exercise(
    "7.5",
    "the RNN on the graph",
    answer=rnn_loss,
    also=(layers.RNN.step, fused.RNN.run, rnn100.forward),
    hints=[
        (
            "How does it begin?",
            "With `loss = 0.0`, before the loop; a number + a Tensor is a Tensor. h is one from the start.",
        ),
        (
            "Which pieces are Tensors?",
            "All weights and h. `W['Wxh'][i]`, `@`, `+` and `.tanh()` work on them; `np.tanh` does not.",
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
            tensors = _tensors(W)
            got = f(tensors, inputs, targets, Tensor(h))
            return got if got is None or got is ... else (got, tensors)

        got, tensors = call(run, W, ids[:-1], ids[1:], h)
        _two(got, "the loss and the last state")
        loss, hs, p = rnn100.forward(W, ids[:-1], ids[1:], h)
        letters = f"{T} letter{'s' * (T > 1)}"
        _is_tensor(f"the loss for {letters}", got[0], loss)
        _is_tensor(f"the last state for {letters}", got[1], hs[-1])
        got[0].backward()
        _gradients(f"for {letters}", tensors, rnn100.backward(W, ids[:-1], ids[1:], hs, p))


def lstm_step(W, x, h, c):
    H = len(h)
    a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
    o, i, f = a[:H].sigmoid(), a[H : 2 * H].sigmoid(), a[2 * H : 3 * H].sigmoid()
    g = a[3 * H :].tanh()
    c = f * c + i * g
    return o * c.tanh(), c


def _lstm(order="oifg", change=lambda o, i, f, g, c: (o, i, f, g, c), out=None, cell=None):
    def wrong(W, x, h, c):
        H = len(h)
        a = x @ W["Wxh"] + h @ W["Whh"] + W["bh"]
        part = {name: a[k * H : (k + 1) * H] for k, name in enumerate(order)}
        o, i, f = (part[name].sigmoid() for name in "oif")
        o, i, f, g, c = change(o, i, f, part["g"].tanh(), c)
        c = (cell or (lambda f, c, i, g: f * c + i * g))(f, c, i, g)
        return (out or (lambda o, c: o * c.tanh()))(o, c), c

    return wrong


def _swapped(W, x, h, c):
    h, c = lstm_step(W, x, h, c)
    return c, h


@exercise(
    "7.6",
    "the LSTM on the graph",
    answer=lstm_step,
    also=(layers.LSTM.step, fused.LSTM.run),
    hints=[
        (
            "How is a block of a Tensor taken?",
            "As of an array: `a[:H]`, `a[H:2*H]`, `a[2*H:3*H]`, `a[3*H:]`, in the order o, i, f, g.",
        ),
        ("sigmoid(a) or a.sigmoid()?", "`a.sigmoid()` and `a.tanh()`: then the graph knows of it."),
        (
            "Where do h and c come from?",
            "The new cell first, `c = f * c + i * g`. Then `h = o * c.tanh()`, with the new c.",
        ),
    ],
    wrong={
        "blocks in another order": _lstm(order="ifog"),
        "the cell state handed out": _lstm(out=lambda o, c: c),
        "no tanh on the way out": _lstm(out=lambda o, c: o * c),
        "forget and input exchanged": _lstm(cell=lambda f, c, i, g: i * c + f * g),
        "the old cell cut off": _lstm(change=lambda o, i, f, g, c: (o, i, f, g, c.detach())),
        "the new cell cut off on its way out": _lstm(out=lambda o, c: o * c.detach().tanh()),
        "gates by .data": _lstm(
            change=lambda o, i, f, g, c: (o.detach(), i.detach(), f.detach(), g, c)
        ),
        "c and h exchanged": _swapped,
    },
)
def _(f):
    for seed, D, H, T in ((0, 5, 4, 1), (1, 3, 2, 3), (2, 2, 1, 5)):
        rng = np.random.default_rng(seed)
        W = {
            "Wxh": rng.standard_normal((D, 4 * H)),
            "Whh": rng.standard_normal((H, 4 * H)),
            "bh": rng.standard_normal(4 * H),
        }
        W |= {"h": rng.standard_normal(H), "c": rng.standard_normal(H)}
        xs, weight = rng.standard_normal((T, D)), rng.standard_normal(2 * H)

        def run(step, W, xs):
            tensors = _tensors(W)
            h, c = tensors["h"], tensors["c"]
            for x in xs:
                got = step(tensors, Tensor(x), h, c)
                if got is None or got is ...:
                    return got
                if not isinstance(got, list | tuple) or len(got) != 2:
                    return got, tensors
                h, c = got
            return (h, c), tensors

        got, tensors = call(lambda W, xs: run(f, W, xs), W, xs)
        _two(got, "the new h and the new c")
        want, ours = run(lstm_step, W, xs)
        steps = f"after {T} step{'s' * (T > 1)}"
        for name, part, right in zip("hc", got, want, strict=True):
            _is_tensor(f"{name} {steps}", part, right.data)
        concat(list(got)).backward(weight)
        concat(list(want)).backward(weight)
        _gradients(steps, tensors, {name: t.grad for name, t in ours.items()})
