"""Exercise 14.2: `paired(a, b)`, the mean difference of two settings and its standard error."""

import numpy as np

from minichar.course.checking import call, exercise, same


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
            "by seed; then work with these differences only.",
        ),
        (
            "Divided by n, or by n - 1?",
            "By n - 1, because the mean from which the deviation is measured comes from the same "
            "few numbers: `d.std(ddof=1)`.",
        ),
        (
            "Deviation or error?",
            "The deviation says how far one difference lies from the mean. The mean of n of them "
            "is steadier by the root of n: divide by np.sqrt(n).",
        ),
    ],
    wrong={
        "a - b, not b - a": lambda a, b: paired(b, a),
        "the deviation, not divided by the root of n": _changed_error(lambda d, n: d.std(ddof=1)),
        "divided by n, not by its root": _changed_error(lambda d, n: d.std(ddof=1) / n),
        "the deviation with n in place of n - 1": _changed_error(lambda d, n: d.std() / n**0.5),
        "n - 1 in both places": _changed_error(lambda d, n: d.std(ddof=1) / np.sqrt(n - 1)),
        "the square of the standard error": _changed_error(lambda d, n: d.var(ddof=1) / n),
        "as if the seeds were not the same": _unpaired,
        "the size of the difference, without its sign": lambda a, b: (
            abs(paired(a, b)[0]),
            paired(a, b)[1],
        ),
        "the mean of the differences' sizes": lambda a, b: (
            np.abs(np.subtract(b, a)).mean(),
            np.abs(np.subtract(b, a)).std(ddof=1) / np.sqrt(len(a)),
        ),
        "the error of b alone": lambda a, b: (
            paired(a, b)[0],
            np.std(b, ddof=1) / np.sqrt(len(b)),
        ),
        "twice the standard error": lambda a, b: (paired(a, b)[0], 2 * paired(a, b)[1]),
        "a and b sorted first, so that the pairs are lost": lambda a, b: paired(
            np.sort(a), np.sort(b)
        ),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    cases = [([2.0, 4.0, 3.0], [3.0, 8.0, 5.0]), ([2.5, 2.3, 2.4], [2.4, 2.4, 2.2])]
    cases += [([2.0, 4.0], [3.0, 7.0])]
    for n in (3, 10):
        a = rng.normal(2.5, 0.2, n)
        cases += [(a, a + rng.normal(-0.05, 0.02, n)), (a, rng.normal(2.4, 0.2, n))]
    for a, b in cases:
        a, b = np.array(a), np.array(b)
        case = f"a = {a.round(2).tolist()}, b = {b.round(2).tolist()}"
        got = call(f, a, b)
        same(case, got, paired(a, b), parts=("the mean difference", "its standard error"))
