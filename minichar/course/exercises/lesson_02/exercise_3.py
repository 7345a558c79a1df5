"""Exercise 2.3: `probability(counts, context, c, V)` by Witten and Bell, which calls itself."""

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_02.exercise_1 import followers
from minichar.course.exercises.lesson_02.shared import TEXTS
from minichar.ngram import NGram


def probability(counts, context, c, V):
    lower = probability(counts, context[1:], c, V) if context else 1 / V
    after = counts[len(context)].get(context, {})
    n, t = sum(after.values()), len(after)
    return (after.get(c, 0) + t * lower) / (n + t) if n else lower


def _asks_by_brackets(counts, context, c, V):
    counts[len(context)][context]  # a defaultdict now holds it
    return probability(counts, context, c, V)


def _empty_not_counted(counts, context, c, V):
    return probability({**dict(enumerate(counts)), 0: {}}, context, c, V)


def _variant(formula, shorter=slice(1, None)):
    def wrong(counts, context, c, V):
        lower = wrong(counts, context[shorter], c, V) if context else 1 / V
        after = counts[len(context)].get(context, {})
        n, t = sum(after.values()), len(after)
        return formula(after.get(c, 0), n, t, lower, V) if n else lower

    return wrong


@exercise(
    "2.3",
    "Witten-Bell",
    answer=probability,
    also=(NGram.probabilities,),
    hints=[
        (
            "Where does the recursion end?",
            "The empty context is counted like every other; only what it falls back on is 1 / V. "
            "All others fall back on the function itself, called with context[1:].",
        ),
        (
            "Which counts belong to this context?",
            "`after = counts[len(context)].get(context, Counter())`: a dictionary, perhaps empty.",
        ),
        (
            "Division by zero?",
            "A context never seen has n = t = 0 and nothing to say: return the shorter one's answer.",
        ),
    ],
    wrong={
        "the empty context is not counted": _empty_not_counted,
        "[context] in place of .get": _asks_by_brackets,
        "counts only": _variant(lambda m, n, t, lower, V: m / n),
        "1 in place of t": _variant(lambda m, n, t, lower, V: (m + lower) / (n + 1)),
        "add one": _variant(lambda m, n, t, lower, V: (m + 1) / (n + V)),
        "not divided by n + t": _variant(lambda m, n, t, lower, V: (m + t * lower) / n),
        "n and t mixed up": _variant(lambda m, n, t, lower, V: (m + n * lower) / (n + t)),
        "the shorter context only when c was never seen": _variant(
            lambda m, n, t, lower, V: m / (n + t) if m else t * lower / (n + t)
        ),
        "t is the number of characters": _variant(
            lambda m, n, t, lower, V: (m + V * lower) / (n + V)
        ),
        "the last character dropped, not the first": _variant(
            lambda m, n, t, lower, V: (m + t * lower) / (n + t), slice(None, -1)
        ),
    },
)
def _(f):
    for text in TEXTS:
        counts = [followers(text, k) for k in range(4)]
        characters = sorted(set(text))
        for context in ("", text[0], text[:2], text[-3:], text[1:4], "zz", "z" + text[0]):
            for c in (*characters[:4], "z"):
                want = probability(counts, context, c, len(characters) + 1)
                got = call(f, counts, context, c, len(characters) + 1)
                same(f"p({c!r} after {context!r}) in {text!r}", got, want)
