"""Lesson 13, other sequences: ends, masks, teacher forcing, writing, and forecasts for nothing."""

import numpy as np

from minichar import graph, modes, series
from minichar.course.checking import Wrong, call, exercise, same
from minichar.graph import Tensor


def at_the_end(y, lengths):
    return y[lengths - 1, np.arange(len(lengths))]


def _is_tensor(name, got):
    if isinstance(got, np.ndarray | list | float | np.number):
        raise Wrong(f"{name} is no Tensor, so no gradient can flow back: index the Tensor itself")
    if not isinstance(got, Tensor):
        raise Wrong(f"{name} is of type {type(got).__name__}, expected a Tensor")


@exercise(
    "13.1",
    "the state at each one's own end",
    answer=at_the_end,
    also=(modes.last,),
    hints=[
        (
            "Which step is the last of a text of 4 letters?",
            "Step 3, for steps are counted from 0: `lengths - 1`.",
        ),
        (
            "How do I take another step for each text?",
            "With two arrays of numbers side by side, `y[steps, texts]`: the first step with the "
            "first text, the second with the second, and so on. `np.arange(B)` is the texts 0, 1, 2 …",
        ),
    ],
    wrong={
        "the last row, which is padding for some": lambda y, lengths: y[-1],
        "the row in which the longest ends": lambda y, lengths: y[int(lengths.max()) - 1],
        "one step too far": lambda y, lengths: y[
            np.minimum(lengths, len(y) - 1), np.arange(len(lengths))
        ],
        "one step too early": lambda y, lengths: y[lengths - 2, np.arange(len(lengths))],
        "every text at everybody's end": lambda y, lengths: y[lengths - 1],
        "always the first text": lambda y, lengths: y[lengths - 1, np.zeros(len(lengths), int)],
        "the mean of all states": lambda y, lengths: y.mean(axis=0),
        "cut off from the graph": lambda y, lengths: Tensor(at_the_end(y, lengths).data),
        "an array, not a Tensor": lambda y, lengths: at_the_end(y, lengths).data,
    },
)
def _(f):
    for T, lengths, H in ((5, [2, 4, 1], 2), (4, [3], 3), (3, [3, 3], 1), (6, [1, 4, 4, 2], 2)):
        rng, B = np.random.default_rng(T), len(lengths)
        y = Tensor(rng.standard_normal((T, B, H)), requires_grad=True)
        got, want = call(f, y, np.array(lengths)), at_the_end(y, np.array(lengths))
        case = f"with lengths {lengths} and T = {T}"
        _is_tensor(f"the result {case}", got)
        same(f"the result {case}", got.data, want.data)
        if not got.requires_grad:
            raise Wrong(f"{case} the result is cut off from y: no gradient can flow back")
        y.grad = None
        weight = rng.standard_normal((B, H))
        got.backward(weight)
        expected = np.zeros((T, B, H))
        expected[np.array(lengths) - 1, np.arange(B)] = weight
        same(f"the gradient of y {case}", y.grad, expected)


def shifted(texts):
    return np.concatenate([np.zeros_like(texts[:1]), texts[:-1]])


def _in_place(texts):
    texts[1:] = texts[:-1].copy()
    texts[0] = 0
    return texts


@exercise(
    "13.2",
    "what is read while learning",
    answer=shifted,
    also=(modes.shifted,),
    hints=[
        (
            "What is read first?",
            "The line end, number 0, in every column. So the first row is zeros: "
            "`np.zeros((1, B), int)`, or `np.zeros_like(texts[:1])`.",
        ),
        (
            "And what is never read?",
            "The last row: nothing comes after it that could be guessed. `texts[:-1]` is all but it, "
            "and `np.concatenate([a, b])` sets one array below another.",
        ),
    ],
    wrong={
        "not shifted: it reads the answer": lambda texts: texts.copy(),
        "shifted the wrong way": lambda texts: np.concatenate([texts[1:], 0 * texts[:1]]),
        "the last row comes round to the front": lambda texts: np.roll(texts, 1, axis=0),
        "rolled through all columns": lambda texts: np.roll(texts, 1),
        "from column to column": lambda texts: np.concatenate(
            [0 * texts[:, :1], texts[:, :-1]], axis=1
        ),
        "one row too many": lambda texts: np.concatenate([0 * texts[:1], texts]),
        "the line end left out": lambda texts: texts[:-1],
        "the line end twice": lambda texts: np.concatenate([0 * texts[:2], texts[:-2]]),
        "numbers with a point": lambda texts: np.concatenate(
            [np.zeros((1, texts.shape[1])), texts[:-1]]
        ),
        "in place": _in_place,
    },
)
def _(f):
    for T, B in ((4, 3), (2, 1), (5, 5), (7, 2)):
        texts = np.random.default_rng(T).integers(1, 27, size=(T, B))
        if T == 7:
            texts[4:, 0] = 0  # a line end, and padding
        case = f"for texts of shape {texts.shape}"
        got = call(f, texts)
        same(f"the result {case}", got, shifted(texts))
        if np.asarray(got).dtype.kind not in "iu":
            raise Wrong(
                f"the result {case} holds {np.asarray(got).dtype}: characters are whole numbers, "
                "as of np.zeros(..., int)"
            )


def masked_loss(z, targets, lengths):
    mask = np.arange(len(targets))[:, None] < lengths
    return graph.cross_entropy(z[mask], targets[mask])


def _masked(mask):
    def wrong(z, targets, lengths):
        here = mask(np.arange(len(targets))[:, None], targets, lengths)
        return graph.cross_entropy(z[here], targets[here])

    return wrong


def _thinned(z, targets, lengths):
    """The sum over what counts, divided by the number of all places, padding and all."""
    return masked_loss(z, targets, lengths) * (lengths.sum() / targets.size)


def _summed(z, targets, lengths):
    return masked_loss(z, targets, lengths) * float(lengths.sum())


def _mean_of_means(z, targets, lengths):
    """Each text counts the same, however short."""
    losses = [graph.cross_entropy(z[:n, b], targets[:n, b]) for b, n in enumerate(lengths)]
    return graph.stack(losses).mean()


def _scores_to_zero(z, targets, lengths):
    """Scores of the padding become 0, and are counted all the same."""
    mask = (np.arange(len(targets))[:, None] < lengths)[:, :, None]
    return graph.cross_entropy(z * Tensor(mask.astype(float)), targets)


@exercise(
    "13.3",
    "a loss that leaves out the padding",
    answer=masked_loss,
    also=(modes.masked_cross_entropy,),
    hints=[
        (
            "How do I get a table of True and False?",
            "By comparing a column of steps with a row of lengths: "
            "`np.arange(T)[:, None] < lengths` has the shape (T, B).",
        ),
        (
            "Why not `targets != 0`?",
            "The line end is number 0 too, and where a name ends is to be learned.",
        ),
        (
            "What do I do with the table?",
            "`z[mask]` and `targets[mask]` are the scores and targets where it is True, one below the "
            "other; `mc.graph.cross_entropy` takes their mean.",
        ),
    ],
    wrong={
        "the padding counts": lambda z, targets, lengths: graph.cross_entropy(z, targets),
        "what is not 0 counts": _masked(lambda t, targets, lengths: targets != 0),
        "one step too many": _masked(lambda t, targets, lengths: t <= lengths),
        "the line end does not count": _masked(lambda t, targets, lengths: t < lengths - 1),
        "the padding alone counts": _masked(
            lambda t, targets, lengths: (t >= lengths) | (t + lengths < 0)
        ),
        "up to the shortest": _masked(lambda t, targets, lengths: t + 0 * lengths < lengths.min()),
        "divided by all places": _thinned,
        "the sum": _summed,
        "the mean of the means": _mean_of_means,
        "scores of 0 for the padding": _scores_to_zero,
        "cut off from the graph": lambda z, targets, lengths: Tensor(
            masked_loss(z, targets, lengths).data
        ),
    },
)
def _(f):
    for T, lengths, V in ((5, [3, 5, 2], 4), (4, [1, 3], 3), (6, [2, 6, 6, 4], 5), (3, [3, 2], 2)):
        rng, B = np.random.default_rng(T), len(lengths)
        lengths = np.array(lengths)
        targets = rng.integers(V, size=(T, B))
        targets[lengths - 1, np.arange(B)] = 0  # each ends with a line end
        if T != 6:  # what stands in the padding must not matter; mostly it is 0
            targets[np.arange(T)[:, None] >= lengths] = 0
        values = 2 * rng.standard_normal((T, B, V))
        results = []
        for run in (f, masked_loss):
            z = Tensor(values.copy(), requires_grad=True)
            loss = call(f, z, targets, lengths) if run is f else run(z, targets, lengths)
            results.append((z, loss))
        (z, got), (z_right, want) = results
        case = f"with lengths {lengths.tolist()} and T = {T}"
        _is_tensor(f"the loss {case}", got)
        same(f"the loss {case}", got.data, want.data)
        if not got.requires_grad:
            raise Wrong(f"{case} the loss is cut off from z: no gradient can flow back")
        got.backward()
        want.backward()
        same(f"the gradient of z {case}", z.grad, z_right.grad)


def write(writer, c, length):
    ids, state, written = np.zeros((1, len(c)), int), None, []
    for _ in range(length):
        z, state = writer(c, ids, state)
        ids = z.data.argmax(axis=2)
        written.append(ids[0])
    return np.array(written)


def _changed_writing(
    first=0,
    keep=lambda new, old: new,
    reads=lambda new, old: new,
    choose=lambda z: z.argmax(axis=2),
    summary=lambda c: c,
    out=np.array,
    steps=0,
):
    def wrong(writer, c, length):
        ids, state, written = np.full((1, len(c)), first), None, []
        for _ in range(length + steps):
            z, new = writer(summary(c), ids, state)
            chosen = choose(z.data)
            state, ids = keep(new, state), reads(chosen, ids)
            written.append(chosen[0])
        return out(written)

    return wrong


def _with_the_start(written):
    return np.array([0 * written[0], *written[:-1]])


@exercise(
    "13.4",
    "writing",
    answer=write,
    also=(modes.Writer.write,),
    hints=[
        (
            "What goes round the loop?",
            "Two things: the character just written, which is read next, and the state.",
        ),
        (
            "Which shapes?",
            "`writer` reads ids of shape (1, B) and gives scores (1, B, V). `z.data.argmax(axis=2)` "
            "is (1, B) again, ready to be read; its row 0 belongs to the text.",
        ),
        (
            "How do I begin?",
            "`ids = np.zeros((1, len(c)), int)`, `state = None` and an empty list.",
        ),
    ],
    wrong={
        "the state is thrown away": _changed_writing(keep=lambda new, old: None),
        "the first state is kept": _changed_writing(keep=lambda new, old: old or new),
        "it reads the line end every time": _changed_writing(reads=lambda new, old: old),
        "it begins with number 1": _changed_writing(first=1),
        "every text as the first": _changed_writing(
            choose=lambda z: z.argmax(axis=2)[:, :1].repeat(z.shape[1], axis=1)
        ),
        "the least likely": _changed_writing(choose=lambda z: z.argmin(axis=2)),
        "without c": _changed_writing(summary=lambda c: Tensor(0 * c.data)),
        "one c for all": _changed_writing(summary=lambda c: Tensor(0 * c.data + c.data[:1])),
        "one character too few": _changed_writing(steps=-1),
        "one character too many": _changed_writing(steps=1),
        "the line end in front": _changed_writing(out=_with_the_start),
        "texts in rows": _changed_writing(out=lambda written: np.array(written).T),
        "what is read is one behind": lambda writer, c, length: _behind(writer, c, length),
    },
)
def _(f):
    for B, K, V, length in ((3, 2, 9, 12), (1, 3, 7, 10), (4, 1, 9, 12), (2, 2, 5, 1)):
        writer = modes.Writer(K, V, 6, np.random.default_rng(B), "float64")
        for name, w in writer.parameters.items():
            w.data *= {"Wch": 6, "cell.Whh": 8}.get(name, 3)  # so that c, state and text all matter
        c = Tensor(np.random.default_rng(length).standard_normal((B, K)))
        got, want = call(f, writer, c, length), write(writer, c, length)
        same(f"the text of length {length}, for {B} rows of c,", got, want)


def _behind(writer, c, length):
    ids, state, written = np.zeros((1, len(c)), int), None, []
    before = ids
    for _ in range(length):
        z, state = writer(c, before, state)
        before, ids = ids, z.data.argmax(axis=2)
        written.append(ids[0])
    return np.array(written)


def seasonal(values, season):
    return values[season:-1] + values[1:-season] - values[: -season - 1]


def _season_in_place(values, season):
    values[season + 1 :] = seasonal(values, season)
    return values[season + 1 :]


@exercise(
    "13.5",
    "last season's change, once more",
    answer=seasonal,
    also=(series.drifting_season,),
    hints=[
        (
            "Which slice is `values[t - 1]`?",
            "t runs from season + 1 to the end, so t - 1 runs from season to the last but one: "
            "`values[season:-1]`. All three slices must be equally long.",
        ),
        (
            "How can I make sure?",
            "With `np.arange(20.0) ** 2` and a season of 4, the first forecast is for place 5: "
            "16 + 1 - 0 = 17. A loop over t is right as well.",
        ),
    ],
    wrong={
        "it knows the answer": lambda values, season: (
            values[season + 1 :] + values[1:-season] - values[: -season - 1]
        ),
        "the change of this season, which is not known yet": lambda values, season: (
            values[season:-1] + values[season + 1 :] - values[season:-1]
        ),
        "the same as last": lambda values, season: values[season:-1],
        "the same as a season ago": lambda values, season: values[1:-season],
        "the change the wrong way round": lambda values, season: (
            values[season:-1] - values[1:-season] + values[: -season - 1]
        ),
        "the change of a month too early": lambda values, season: (
            values[season:-1] + values[: -season - 1] - np.append(values[0], values[: -season - 2])
        ),
        "a season ago, and the last change": lambda values, season: (
            values[1:-season] + values[season:-1] - values[season - 1 : -2]
        ),
        "always twelve": lambda values, season: values[12:-1] + values[1:-12] - values[:-13],
        "one forecast too many": lambda values, season: (
            values[season:] + np.append(values[1:-season], values[-season]) - values[:-season]
        ),
        "in place": _season_in_place,
    },
)
def _(f):
    for n, season in ((20, 4), (30, 12), (9, 1), (40, 7)):
        values = np.random.default_rng(n).standard_normal(n) + np.arange(n) ** 2 / n
        got = call(f, values, season)
        same(f"the forecasts for {n} values and season = {season}", got, seasonal(values, season))
