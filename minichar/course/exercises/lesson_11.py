"""The exercises of lesson 11: a feature, choosing and confirming, luck, slopes, a cell held still."""

import numpy as np

from minichar import features
from minichar.course.checking import Wrong, call, exercise, same


def in_quotes(text):
    values, inside = [], 0
    for c in text:
        if c == '"':
            inside = 1 - inside
        values.append(inside)
    return values


def _one_late(text):
    """A fact about the text before character t."""
    return [0, *in_quotes(text)[:-1]][: len(text)]


def _whole_string(text):
    """The closing quote counts as inside, too."""
    return [max(a, b) for a, b in zip(in_quotes(text), _one_late(text), strict=True)]


def _between_the_quotes(text):
    """Neither of the quotes counts as inside."""
    return [min(a, b) for a, b in zip(in_quotes(text), _one_late(text), strict=True)]


def _only_if_closed(text):
    """It looks ahead: a quote that is never closed opens nothing."""
    values, end = in_quotes(text), text.rfind('"')
    if text.count('"') % 2:
        values[end:] = [0] * (len(text) - end)
    return values


def _never_closes(text):
    values, inside = [], 0
    for c in text:
        inside = 1 if c == '"' else inside
        values.append(inside)
    return values


def _changes_only(text):
    """A number for each quotation mark in place of one for each character."""
    return [inside for c, inside in zip(text, in_quotes(text), strict=True) if c == '"']


def _until_line_end(text):
    """A line end closes as well."""
    return [value for line in text.splitlines(keepends=True) for value in in_quotes(line)]


def _counted(text):
    """How many quotation marks there were so far."""
    return np.cumsum([c == '"' for c in text]).tolist()


@exercise(
    "11.1",
    "inside quotes",
    answer=in_quotes,
    also=(features.inside_quotes,),
    hints=[
        (
            "What has to be remembered?",
            "One thing, from character to character: whether a string is open. A quotation mark "
            "turns that round: `inside = 1 - inside`.",
        ),
        (
            "Does the mark itself count?",
            "The number at place t is what is true once character t has been read. Once the opening "
            "mark has been read, we are inside; once the closing one has been read, we are not. So "
            "look at the character first, and append afterwards.",
        ),
        (
            "And if a string is never closed?",
            "Then it is open to the end. Whether it will be closed is not known at place t.",
        ),
    ],
    wrong={
        "one character late": _one_late,
        "the closing mark counts as inside": _whole_string,
        "the opening mark does not count": _between_the_quotes,
        "it looks ahead for the closing mark": _only_if_closed,
        "once inside, always inside": _never_closes,
        "counts the marks": _counted,
        "outside and inside exchanged": lambda text: [1 - value for value in in_quotes(text)],
        "the quotation marks alone": lambda text: [int(c == '"') for c in text],
        "one number for each mark": _changes_only,
        "a line end closes": _until_line_end,
    },
)
def _(f):
    for text in ('a "b" c', 'say("one", "two")', '"', '""x"', 'x = "a\nb" + c', "none", '"a" "b'):
        got = call(f, text)
        if isinstance(got, np.ndarray):
            got = got.tolist()
        if isinstance(got, (list, tuple)) and len(got) != len(text):
            raise Wrong(f"for {text!r} it gives {len(got)} numbers for {len(text)} characters")
        shown, wanted = (
            "".join(str(int(value)) if value in (0, 1) else "?" for value in values)
            for values in (_plain(got), in_quotes(text))
        )
        if len(shown) == len(text) and "?" not in shown and shown != wanted:
            raise Wrong(f"in_quotes({text!r}) is {shown}, expected {wanted}")
        same(f"in_quotes({text!r})", got, np.array(in_quotes(text)))


def _plain(values):
    """The values, where they are numbers in a row."""
    plain = isinstance(values, (list, tuple)) and all(np.ndim(v) == 0 for v in values)
    return values if plain else ()


def correlations(cells, feature):
    x, y = cells - cells.mean(axis=0), feature - feature.mean()
    return x.T @ y / np.sqrt((x**2).sum(axis=0) * (y**2).sum())


def choose_and_confirm(cells_a, feature_a, cells_b, feature_b):
    on_a, on_b = correlations(cells_a, feature_a), correlations(cells_b, feature_b)
    j = int(np.argmax(np.abs(on_a)))
    return j, on_a[j], on_b[j]


def _changed_choice(choose, report=lambda on_a, on_b, j: (j, on_a[j], on_b[j])):
    def wrong(cells_a, feature_a, cells_b, feature_b):
        on_a, on_b = correlations(cells_a, feature_a), correlations(cells_b, feature_b)
        return report(on_a, on_b, int(choose(on_a, on_b)))

    return wrong


def _on_a(on_a, on_b):
    return np.argmax(np.abs(on_a))


@exercise(
    "11.2",
    "choose on A, confirm on B",
    answer=choose_and_confirm,
    hints=[
        (
            "Which one is the best?",
            "The one furthest from 0: a cell with r = -0.8 follows the feature better than one with "
            "0.5, only upside down. `np.argmax(np.abs(…))` gives its number.",
        ),
        (
            "What is text B for?",
            "For nothing but the last number: r of the cell that was chosen on A. If B takes part in "
            "the choice, it can no longer confirm it.",
        ),
        (
            "With or without the sign?",
            "With it, both times. A cell that goes up on A and down on B is not confirmed, and the "
            "sign is what shows it.",
        ),
    ],
    wrong={
        "chosen on B": _changed_choice(lambda on_a, on_b: np.argmax(np.abs(on_b))),
        "the largest r, not the largest |r|": _changed_choice(lambda on_a, on_b: np.argmax(on_a)),
        "the best of each text": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, on_a[j], on_b[np.argmax(np.abs(on_b))])
        ),
        "chosen on both together": _changed_choice(
            lambda on_a, on_b: np.argmax(np.abs(on_a) + np.abs(on_b))
        ),
        "without the signs": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, abs(on_a[j]), abs(on_b[j]))
        ),
        "without the sign on B": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, on_a[j], abs(on_b[j]))
        ),
        "A and B exchanged": _changed_choice(_on_a, lambda on_a, on_b, j: (j, on_b[j], on_a[j])),
        "r on A, twice": _changed_choice(_on_a, lambda on_a, on_b, j: (j, on_a[j], on_a[j])),
        "the smallest |r|": _changed_choice(lambda on_a, on_b: np.argmin(np.abs(on_a))),
    },
)
def _(f):
    # How each cell follows the feature on A and on B, before noise.
    for seed, on_a, on_b in (
        (0, (0.7, -1.5, 0.1, -0.5, 0), (0.2, -0.3, 1.5, 1.0, 0)),  # another is better on B
        (1, (0.9, 0.5, -0.6), (-0.8, 0.6, -0.7)),  # changes its sign
        (2, (0.1, 0.2, -0.5, 0.3, 0.1), (0.9, 0.2, 0.0, -0.3, 0.1)),  # comes to nothing
        (3, (0.7,), (-0.2,)),
    ):
        rng = np.random.default_rng(seed)
        given = []
        for strengths, T in ((on_a, 60), (on_b, 45)):
            feature = rng.integers(4, size=T).astype(float)
            noise = rng.standard_normal((T, len(strengths))) * 0.4
            given += [feature[:, None] * strengths + noise + rng.standard_normal(), feature]
        want = choose_and_confirm(*given)
        case = f"{len(on_a)} cells, case {seed + 1}"
        same(case, call(f, *given), want, parts=("the cell", "r on A", "r on B"))


def luck(cells, feature, shifts):
    return [np.abs(correlations(cells, np.roll(feature, k))).max() for k in shifts]


def _changed_luck(of=lambda r: np.abs(r).max(), move=np.roll):
    def wrong(cells, feature, shifts):
        return [of(correlations(cells, move(feature, k))) for k in shifts]

    return wrong


def _further_and_further(cells, feature, shifts):
    """Each shift begins where the one before ended."""
    return luck(cells, feature, np.cumsum(shifts))


def _no_wrapping(feature, k):
    """What comes in at the beginning is 0."""
    return np.concatenate([np.zeros(k), feature[:-k]])


def _always_the_same_cell(cells, feature, shifts):
    j = np.abs(correlations(cells, feature)).argmax()
    return [abs(correlations(cells, np.roll(feature, k))[j]) for k in shifts]


def _shuffled(feature, k):
    return np.random.default_rng(k).permutation(feature)


@exercise(
    "11.3",
    "what luck reaches",
    answer=luck,
    hints=[
        (
            "Move what?",
            "The feature, and only the feature: `np.roll(feature, k)`. The cells stay where they "
            "are.",
        ),
        (
            "Which cell?",
            "The luckiest one of each shift, afresh: the search takes the best of all cells, so luck "
            "has to be given the same choice. `np.abs(correlations(…)).max()`.",
        ),
        (
            "Why not simply shuffle the feature?",
            "A shuffled feature jumps from one character to the next, which no cell does. Luck then "
            "looks smaller than it is. A moved one is as smooth as before.",
        ),
    ],
    wrong={
        "the largest r, not the largest |r|": _changed_luck(of=np.max),
        "the mean of all cells": _changed_luck(of=lambda r: np.abs(r).mean()),
        "always the same cell": _always_the_same_cell,
        "the first cell only": _changed_luck(of=lambda r: abs(r[0])),
        "shuffled in place of moved": _changed_luck(move=_shuffled),
        "each shift on top of the one before": _further_and_further,
        "moved back, not on": _changed_luck(move=lambda feature, k: np.roll(feature, -k)),
        "the end does not come round": _changed_luck(move=_no_wrapping),
        "not moved": _changed_luck(move=lambda feature, k: feature),
        "the luckiest of all shifts only": lambda *given: max(luck(*given)),
        "the cells moved, not the characters": lambda cells, feature, shifts: [
            np.abs(correlations(np.roll(cells, k), feature)).max() for k in shifts
        ],
    },
)
def _(f):
    for seed, n, shifts in ((3, 5, [7, 20, 33]), (1, 1, [11, 3]), (2, 9, [25])):
        rng = np.random.default_rng(seed)
        cells, feature = rng.standard_normal((50, n)), rng.standard_normal(50)
        cells += cells[:, :1] - 2 * np.roll(feature, shifts[0])[:, None] * (np.arange(n) == n - 1)
        cells[:, n // 2] += 2 * feature
        got = call(f, cells, feature, shifts)
        same(f"{n} cells, shifts {shifts}", got, np.array(luck(cells, feature, shifts)))


def sensitivity(f, x, t, d=1e-4):
    slopes = []
    for k in range(x.shape[1]):
        move = np.zeros_like(x)
        move[t, k] = d
        slopes.append((f(x + move) - f(x - move)) / (2 * d))
    return np.linalg.norm(slopes)


def _changed_slope(
    up=1, down=1, by=2, of=np.linalg.norm, row=lambda t: t, every=slice(None), power=1
):
    """f moved `up` and `down` by d, the difference divided by `by` times d."""

    def wrong(f, x, t, d=1e-4):
        slopes = []
        for k in range(x.shape[1])[every]:
            move = np.zeros_like(x)
            move[row(t), k] = d
            slopes.append((f(x + up * move) - f(x - down * move)) / (by * d**power))
        return of(slopes)

    return wrong


def _together(f, x, t, d=1e-4):
    """All numbers of the row are moved at once."""
    move = np.zeros_like(x)
    move[t] = d
    return abs(f(x + move) - f(x - move)) / (2 * d)


def _whole_array(f, x, t, d=1e-4):
    return np.linalg.norm([sensitivity(f, x, t, d) for t in range(len(x))])


def _in_place(f, x, t, d=1e-4):
    """Each number is moved in x itself, and stays moved."""
    slopes = []
    for k in range(x.shape[1]):
        before = f(x)
        x[t, k] += d
        slopes.append((f(x) - before) / d)
    return np.linalg.norm(slopes)


def _columns(f, x, t, d=1e-4):
    """Moves column t, where it should move row t."""
    return sensitivity(lambda x_t: f(x_t.T), x.T.copy(), min(t, x.shape[1] - 1), d)


@exercise(
    "11.4",
    "sensitivity by finite differences",
    answer=sensitivity,
    hints=[
        (
            "How do I move one number?",
            "In a copy: `moved = x.copy()`, then `moved[t, k] += d`. One copy for up, one for down, "
            "new ones for every k.",
        ),
        (
            "Divided by what?",
            "From d below to d above is a distance of 2 * d.",
        ),
        (
            "How do D slopes become one number?",
            "They are the gradient, and its length is asked for: the root of the sum of their "
            "squares, or `np.linalg.norm(slopes)`.",
        ),
    ],
    wrong={
        "divided by d, not by 2 d": _changed_slope(by=1),
        "only upwards": _changed_slope(down=0, by=1),
        "not divided": _changed_slope(power=0, by=1),
        "the sum of the slopes": _changed_slope(of=sum),
        "the sum of their sizes": _changed_slope(of=lambda s: np.abs(s).sum()),
        "the largest of them": _changed_slope(of=lambda s: np.abs(s).max()),
        "no root": _changed_slope(of=lambda s: np.square(s).sum()),
        "the root of the mean": _changed_slope(of=lambda s: np.sqrt(np.mean(np.square(s)))),
        "the slopes, not their length": _changed_slope(of=np.array),
        "the row before": _changed_slope(row=lambda t: t - 1),
        "always the last row": _changed_slope(row=lambda t: -1),
        "the whole row at once": _together,
        "all rows": _whole_array,
        "a column, not a row": _columns,
        "one number of the row is left out": _changed_slope(every=slice(1, None)),
        "x is changed in place": _in_place,
    },
)
def _(f):
    for seed, T, D, t in ((4, 3, 2, 1), (1, 4, 3, 0), (2, 2, 5, 1), (3, 1, 2, 0)):
        rng = np.random.default_rng(seed)
        x, A, B = (rng.standard_normal((T, D)) for _ in range(3))
        if seed == 3:
            x *= 100  # where a step that is too small would drown in rounding

        def curved(x, A=A, B=B):
            return float((A * x + B * x**2 + np.sin(x)).sum())

        want = np.linalg.norm((A + 2 * B * x + np.cos(x))[t])
        case = f"row {t} of {T}, with {D} numbers each"
        same(case, call(f, curved, x, t), want, tol=1e-6)
        same(f"{case}, d = 0.01", call(f, curved, x, t, 0.01), want, tol=1e-4)
    for d in (0.5, 0.25):  # so large that it shows whether d is used
        x = np.array([[0.3, -1.0]])
        want = sensitivity(lambda x: float((x**3).sum()), x, 0, d)
        same(f"a cubic, d = {d}", call(f, lambda x: float((x**3).sum()), x, 0, d), want)


def hold_at_mean(read, j):
    c, _ = read(lambda c: c)
    mean = c[:, j].mean()

    def held(c):
        c = c.copy()
        c[j] = mean
        return c

    return read(held)[1]


def _changed_hold(mean=lambda c, j: c[:, j].mean(), hold=None, steps=None):
    """`steps` is how often the cell is held; after that it goes free."""

    def wrong(read, j):
        c, _ = read(lambda c: c)
        left, m = [steps], mean(c, j)

        def held(c):
            if left[0] == 0:
                return c
            left[0] = left[0] and left[0] - 1
            c = c.copy()
            c[j] = m
            return hold(c, j, m) if hold else c

        return read(held)[1]

    return wrong


def _others(c, j, m):
    return np.where(np.arange(len(c)) == j, c, m)


def _added(read, j):
    """The mean is added, where it should be put in the place."""
    m = read(lambda c: c)[0][:, j].mean()
    return read(lambda c: c + m * (np.arange(len(c)) == j))[1]


def _mean_so_far(read, j):
    """At every step the mean of what the cell has been until then."""
    seen = []

    def held(c):
        seen.append(c[j])
        c = c.copy()
        c[j] = np.mean(seen)
        return c

    return read(held)[1]


def _returns_nothing(read, j):
    """`change` sets the cell, but gives nothing back."""
    m = read(lambda c: c)[0][:, j].mean()

    def held(c):
        c[j] = m

    return read(held)[1]


def _all_held(read, j):
    means = read(lambda c: c)[0].mean(axis=0)
    return read(lambda c: means)[1]


@exercise(
    "11.5",
    "a cell held at its mean",
    answer=hold_at_mean,
    hints=[
        (
            "Why read twice?",
            "The mean is known only at the end of the text. The first reading changes nothing, "
            "`read(lambda c: c)`, and shows what the cell does; the second holds it.",
        ),
        (
            "The mean of what?",
            "Of the one cell over the whole text: column j of the (T, H) array, `c[:, j].mean()`.",
        ),
        (
            "What does `change` get and give?",
            "It gets the row c of this moment, H numbers, and gives back the row to go on with. "
            "`c = c.copy()`, `c[j] = mean`, `return c`.",
        ),
    ],
    wrong={
        "held at 0": _changed_hold(mean=lambda c, j: 0.0),
        "the mean of all cells": _changed_hold(mean=lambda c, j: c.mean()),
        "the mean over the cells of one moment": _changed_hold(mean=lambda c, j: c[-1].mean()),
        "row j, not column j": _changed_hold(mean=lambda c, j: c[j].mean()),
        "its last value": _changed_hold(mean=lambda c, j: c[-1, j]),
        "its first value": _changed_hold(mean=lambda c, j: c[0, j]),
        "its mean size, without signs": _changed_hold(mean=lambda c, j: np.abs(c[:, j]).mean()),
        "only at the first step": _changed_hold(steps=1),
        "another cell": _changed_hold(hold=lambda c, j, m: np.roll(c, 1)),
        "all others, not this one": _changed_hold(hold=_others),
        "all cells at their means": _all_held,
        "the mean is added": _added,
        "the mean so far": _mean_so_far,
        "`change` returns nothing": _returns_nothing,
        "nothing is held": lambda read, j: read(lambda c: c)[1],
        "the cells, not the bits": lambda read, j: read(lambda c: c)[0],
    },
)
def _(f):
    for seed, T, H, j in ((0, 6, 3, 1), (1, 9, 4, 3), (2, 5, 5, 0)):
        complaints: list[str] = []
        read = _reader(seed, T, H, complaints)
        case = f"cell {j} of {H}, {T} steps"
        got = call(f, read, j)
        if complaints:
            raise Wrong(complaints[0])
        same(f"{case}: the bits", got, hold_at_mean(read, j))


def _reader(seed, T, H, complaints):
    """A small network of the check's own, which can be read with `change`."""
    rng = np.random.default_rng(seed)
    inputs, W = rng.standard_normal((T, H)), rng.standard_normal((H, H))
    forget = rng.uniform(0.3, 0.9, H)

    def read(change):
        c, cs, bits = np.zeros(H), [], []
        for x in inputs:
            given = forget * c + np.tanh(x + 0.5 * np.tanh(c) @ W) + 0.3
            c = change(given)
            if c is None:
                complaints.append("its `change` gives nothing back: it lacks a `return c`")
            elif np.shape(c) != (H,):
                shape = f"shape {np.shape(c)} for a row of {H} numbers"
                complaints.append(f"its `change` gives back {shape}")
            c = np.array(given if complaints else c, float)
            cs.append(c)
            bits.append(float(np.log2(1 + np.exp(np.tanh(c) @ W[0]))))
        return np.array(cs), np.array(bits)

    return read
