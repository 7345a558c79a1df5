"""The exercises of lesson 14: a name for settings, error bars, shares of a batch, the ring, limits."""

import builtins
import contextlib
import json

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


def key(settings):
    return ", ".join(f"{name}={settings[name]!r}" for name in sorted(settings))


class _Name(str):
    """A text as another process has it: equal to the same text, with another hash."""

    salt = 0

    def __hash__(self):
        return str.__hash__(self) ^ _Name.salt


@contextlib.contextmanager
def _another_process(salt):
    """In each process, Python's hash() of texts is another; here it is so without a process."""
    plain = builtins.hash
    _Name.salt, builtins.hash = salt, lambda thing: plain(thing) ^ salt
    try:
        yield
    finally:
        _Name.salt, builtins.hash = 0, plain


def _names_forgotten(settings):
    return json.dumps([settings[name] for name in sorted(settings)])


def _values_forgotten(settings):
    return ", ".join(sorted(settings))


def _by_value(settings):
    """Sorted by value, the names left out: 8 and 16 may change places."""
    return ", ".join(sorted(map(str, settings.values())))


def _ones_name_only(settings):
    return str(max(sorted(settings.items())))


@exercise(
    "14.1",
    "a key for settings",
    answer=key,
    hints=[
        (
            "The same in any order?",
            "A dictionary keeps the order in which it was made. `sorted(settings)` gives its names "
            "in the order of the alphabet, however it was made.",
        ),
        (
            "What has to be in it?",
            "Whatever tells two settings apart: each name, each value, all digits of the value.",
        ),
        (
            "Why not hash()?",
            "Python's `hash` of a text is another in every process, on purpose. The sweep goes on "
            "tomorrow, in another process: build the key from the names and values themselves.",
        ),
    ],
    wrong={
        "in the order of the dictionary": lambda settings: str(settings),
        "in the order of the dictionary, as JSON": lambda settings: json.dumps(settings),
        "the names are left out": _names_forgotten,
        "the values are left out": _values_forgotten,
        "sorted values, without names": _by_value,
        "only the last setting counts": _ones_name_only,
        "values rounded to two digits": lambda settings: ", ".join(
            f"{name}={settings[name]:.2f}"
            if isinstance(settings[name], float)
            else f"{name}={settings[name]}"
            for name in sorted(settings)
        ),
        "hash(), which is another in every process": lambda settings: str(
            hash(tuple(sorted(settings.items())))
        ),
        "hash() of the text": lambda settings: str(hash(key(settings))),
        "a set, whose order is another in every process": lambda settings: str(
            set(settings.items())
        ),
        "the dictionary itself, sorted": lambda settings: dict(sorted(settings.items())),
    },
)
def _(f):
    one = {"hidden": (64, 64), "dropout": 0.3, "seed": 0, "cell": "lstm", "lr": 0.01, "batch": 20}

    def of(settings, salt=0):
        with _another_process(salt):
            found = call(f, {_Name(name): value for name, value in settings.items()})
        if not isinstance(found, str):
            same("the key", found, "a text")
        return str(found)

    first = of(one)
    if of(dict(reversed(one.items()))) != first:
        raise Wrong("the same settings in another order give another key")
    if any(of(one, salt) != first for salt in (0x5A5A5A5, 0x1234567, 0x7654321, 0x2BADC0D)):
        raise Wrong("the same settings give another key in another process")
    if of(dict(one)) != first:
        raise Wrong("the same settings give another key the second time")
    others = [
        one | {"seed": 1},
        one | {"hidden": (64,)},
        one | {"hidden": (6, 464)},
        one | {"dropout": 0.30001},
        one | {"lr": 0.3, "dropout": 0.01},
        one | {"seed": 20, "batch": 0},
        one | {"cell": "gru"},
        {name: one[name] for name in list(one)[:-1]},
        {("length" if name == "batch" else name): value for name, value in one.items()},
    ]
    for other in others:
        if of(other) == first:
            raise Wrong(f"two settings that differ have one key: {one} and {other}")
    for a, b in (({"lr": 0.5}, {"dropout": 0.5}), ({"seed": 1}, {"seed": 11}), ({}, {"seed": 0})):
        if of(a) == of(b):
            raise Wrong(f"two settings that differ have one key: {a} and {b}")


def paired(a, b):
    d = np.asarray(b) - np.asarray(a)
    return d.mean(), d.std(ddof=1) / np.sqrt(len(d))


def _unpaired(a, b):
    """The error bars of two groups that have nothing to do with each other."""
    n = len(a)
    return np.mean(b) - np.mean(a), np.sqrt(np.var(a, ddof=1) / n + np.var(b, ddof=1) / n)


def _changed_error(error):
    def wrong(a, b):
        d = np.asarray(b) - np.asarray(a)
        return d.mean(), error(d, len(d))

    return wrong


@exercise(
    "14.2",
    "a difference and its error bar",
    answer=paired,
    hints=[
        (
            "Which numbers belong together?",
            "Those of the same seed, which stand at the same place in a and in b. First b - a, seed "
            "by seed, then everything else of these differences only.",
        ),
        (
            "Divided by n, or by n - 1?",
            "The standard deviation by n - 1, because the mean it is measured from comes from the "
            "same few numbers: `d.std(ddof=1)`.",
        ),
        (
            "Deviation or error?",
            "The deviation says how far one difference lies from the mean. The mean of n of them "
            "is steadier by the root of n: divide by np.sqrt(n).",
        ),
    ],
    wrong={
        "a - b": lambda a, b: paired(b, a),
        "the deviation, not divided by the root of n": _changed_error(lambda d, n: d.std(ddof=1)),
        "divided by n, not by its root": _changed_error(lambda d, n: d.std(ddof=1) / n),
        "the deviation with n in place of n - 1": _changed_error(lambda d, n: d.std() / n**0.5),
        "the variance over n": _changed_error(lambda d, n: d.var(ddof=1) / n),
        "as if the seeds were not the same": _unpaired,
        "the size of the difference, without its sign": lambda a, b: (
            abs(paired(a, b)[0]),
            paired(a, b)[1],
        ),
        "the mean of the sizes": lambda a, b: (
            np.abs(np.subtract(b, a)).mean(),
            np.abs(np.subtract(b, a)).std(ddof=1) / np.sqrt(len(a)),
        ),
        "the error of b alone": lambda a, b: (
            paired(a, b)[0],
            np.std(b, ddof=1) / np.sqrt(len(b)),
        ),
        "two errors, as an interval": lambda a, b: (paired(a, b)[0], 2 * paired(a, b)[1]),
        "sorted first": lambda a, b: paired(np.sort(a), np.sort(b)),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    cases = [([2.0, 4.0, 3.0], [3.0, 6.0, 5.0]), ([2.5, 2.3, 2.4], [2.4, 2.4, 2.2])]
    cases += [([2.0, 4.0], [3.0, 7.0])]
    for n in (3, 10):
        a = rng.normal(2.5, 0.2, n)
        cases += [(a, a + rng.normal(-0.05, 0.02, n)), (a, rng.normal(2.4, 0.2, n))]
    for a, b in cases:
        a, b = np.array(a), np.array(b)
        case = f"a = {a.round(2).tolist()}, b = {b.round(2).tolist()}"
        got = call(f, a, b)
        same(case, got, paired(a, b), parts=("the mean difference", "its standard error"))


def whole_gradient(parts, counts):
    N = sum(counts)
    return {
        name: sum(n / N * part[name] for part, n in zip(parts, counts, strict=True))
        for name in parts[0]
    }


def _weighted(weigh):
    """The sum of the parts, each times the weight that `weigh` gives for the counts."""

    def wrong(parts, counts):
        pairs = list(zip(parts, weigh(np.array(counts, float)), strict=True))
        return {name: sum(w * part[name] for part, w in pairs) for name in parts[0]}

    return wrong


def _into_the_first(parts, counts):
    """Adds up in the arrays of the first worker."""
    N = sum(counts)
    for name, first in parts[0].items():
        first *= counts[0] / N
        for part, n in zip(parts[1:], counts[1:], strict=True):
            first += n / N * part[name]
    return parts[0]


@exercise(
    "14.3",
    "the gradient of the whole batch",
    answer=whole_gradient,
    hints=[
        (
            "Why not just the mean?",
            "Each part's gradient is a mean over its own predictions. One over 10 must weigh less "
            "than one over 90.",
        ),
        (
            "What weight?",
            "A part with n of N predictions weighs n / N. The weights add up to 1.",
        ),
        (
            "How do I go through dictionaries?",
            "`for name in parts[0]` goes through the names. For each, sum up "
            "`n / N * part[name]` over `zip(parts, counts)`.",
        ),
    ],
    wrong={
        "the plain mean of the parts": _weighted(lambda n: np.full(len(n), 1 / len(n))),
        "the plain sum of the parts": _weighted(lambda n: np.ones(len(n))),
        "each times its count, not divided": _weighted(lambda n: n),
        "divided by the number of parts too": _weighted(lambda n: n / n.sum() / len(n)),
        "divided by the count": _weighted(lambda n: (1 / n) / (1 / n).sum()),
        "weighed by the largest count": _weighted(lambda n: n / n.max()),
        "the last part alone": _weighted(lambda n: np.eye(len(n))[-1]),
        "the first two parts only": _weighted(lambda n: n / n.sum() * (np.arange(len(n)) < 2)),
        "in the arrays of the first part": _into_the_first,
        "weighed by the roots": _weighted(lambda n: n**0.5 / (n**0.5).sum()),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for counts in ([90, 10], [5, 5], [7], [400, 350, 350], [1, 2, 3, 4]):
        shapes = {"Wxh": (3, 2), "bh": (2,)}
        parts = [{k: rng.standard_normal(s) for k, s in shapes.items()} for _ in counts]
        case = (
            f"for {len(counts)} part{'s' * (len(counts) > 1)} of {counts} predictions, the result"
        )
        counts = np.array(counts)
        same(case, call(f, parts, counts), whole_gradient(parts, counts))


def sends(k, t, n):
    return (k - t) % n


def _ring(f, n):
    """Play the ring by the rule `f`; raise Wrong where not everyone has the sum of everything."""
    held = [[{k} for _ in range(n)] for k in range(n)]  # whose numbers are in it, [worker][piece]
    for t in range(2 * (n - 1)):
        chosen = [call(f, k, t, n) for k in range(n)]
        for k, j in enumerate(chosen):
            if not isinstance(j, (int, np.integer)) or isinstance(j, bool):
                same(f"sends({k}, {t}, {n})", j, sends(k, t, n))
                raise Wrong(f"sends({k}, {t}, {n}) is {j!r}, expected a whole number")
            if not 0 <= j < n:
                raise Wrong(f"sends({k}, {t}, {n}) is {j}: the pieces are 0 to {n - 1}")
        messages = [set(held[k][j]) for k, j in enumerate(chosen)]
        for k, (j, message) in enumerate(zip(chosen, messages, strict=True)):
            right = (k + 1) % n
            if t >= n - 1:
                held[right][j] = message
                continue
            if twice := held[right][j] & message:
                raise Wrong(
                    f"with {n} workers, in round {t} worker {right} adds to its piece {j} what is in "
                    f"it already: the numbers of worker {min(twice)} are counted twice"
                )
            held[right][j] |= message
    for k, row in enumerate(held):
        for j, whose in enumerate(row):
            if len(whose) < n:
                raise Wrong(
                    f"with {n} workers, after {2 * (n - 1)} rounds piece {j} of worker {k} is the sum "
                    f"over {len(whose)} of {n} workers"
                )


@exercise(
    "14.4",
    "the ring: which piece, and when",
    answer=sends,
    hints=[
        (
            "What does a worker send next?",
            "What it has just received, added to its own: piece j that came in round t goes on in "
            "round t + 1. Worker k got it from k - 1, so sends(k, t + 1, n) is sends(k - 1, t, n).",
        ),
        (
            "Where to begin?",
            "Worker k begins with piece k: then all n pieces are on their way at once, each from "
            "another worker.",
        ),
        (
            "Below 0?",
            "The pieces go round, too. `% n` brings every number back into 0 to n - 1: in Python, "
            "-1 % 4 is 3.",
        ),
    ],
    wrong={
        "everyone sends the same piece": lambda k, t, n: t % n,
        "always its own piece": lambda k, t, n: k,
        "forwards, not backwards": lambda k, t, n: (k + t) % n,
        "every other round": lambda k, t, n: (k - t // 2) % n,
        "without going round": lambda k, t, n: k - t,
        "in the second half the other way": lambda k, t, n: (k - t if t < n - 1 else k + t) % n,
        "the second half begins anew": lambda k, t, n: (k - t % (n - 1)) % n,
        "by n - 1 in place of n": lambda k, t, n: (k - t) % max(n - 1, 1),
        "two places at a time": lambda k, t, n: (k - 2 * t) % n,
        "piece 0 only": lambda k, t, n: 0,
    },
)
def _(f):
    for n in (4, 3, 2, 5, 8):  # any rule that works is right; there are several
        _ring(f, n)


def step_time(n, compute, size, rate):
    return compute / n + 2 * (n - 1) / n * size * 8 / rate


@exercise(
    "14.5",
    "the time of a step on n machines",
    answer=step_time,
    hints=[
        (
            "How many bytes does a machine send?",
            "The ring has 2(n - 1) rounds, and in each it sends one of n pieces: 2(n - 1) / n times "
            "the size of all gradients.",
        ),
        (
            "Why is it eight times too fast?",
            "A network's rate is given in bits a second, a size in bytes. A byte has 8 bits.",
        ),
        (
            "What becomes of the computing?",
            "The batch stays as it is and is shared out, so each machine computes for compute / n "
            "seconds; then it sends. The two times add up.",
        ),
    ],
    wrong={
        "bytes taken for bits": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) / n * size / rate
        ),
        "divided by 8 in place of multiplied": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) / n * size / 8 / rate
        ),
        "the whole computing on every machine": lambda n, compute, size, rate: (
            compute + 2 * (n - 1) / n * size * 8 / rate
        ),
        "the gradients only one way": lambda n, compute, size, rate: (
            compute / n + (n - 1) / n * size * 8 / rate
        ),
        "all of it in every round": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) * size * 8 / rate
        ),
        "everything through one machine": lambda n, compute, size, rate: (
            compute / n + 2 * n * size * 8 / rate
        ),
        "always twice the size, also for one machine": lambda n, compute, size, rate: (
            compute / n + 2 * size * 8 / rate
        ),
        "the longer of the two times": lambda n, compute, size, rate: max(
            compute / n, 2 * (n - 1) / n * size * 8 / rate
        ),
        "the sending is shared out once more": lambda n, compute, size, rate: (
            step_time(n, compute, size / n, rate) if n > 1 else compute
        ),
        "steps a second": lambda n, compute, size, rate: 1 / step_time(n, compute, size, rate),
    },
)
def _(f):
    for case in (
        (4, 1.0, 50e6, 1e9),
        (1, 0.4, 10e6, 1e9),
        (2, 0.4, 10e6, 1e9),
        (64, 1.0, 125e6, 1e10),
        (8, 0.0, 1e6, 1e9),
        (4, 0.2, 0.0, 1e9),
    ):
        n, compute, size, rate = case
        shown = f"step_time({n}, {compute:g}, {size:g}, {rate:g})"
        same(shown, call(f, *case), step_time(*case))
