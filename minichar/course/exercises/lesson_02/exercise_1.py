"""Exercise 2.1: `followers(text, k)`, what came after each context of k characters, counted."""

from collections import Counter, defaultdict

from minichar.course.checking import Wrong, call, exercise, same
from minichar.course.exercises.lesson_02.shared import TEXTS


def followers(text, k):
    counts = defaultdict(Counter)
    for t in range(k, len(text)):
        counts[text[t - k : t]][text[t]] += 1
    return counts


def _plain(counts):
    """The counts as plain dictionaries, whatever kind of dictionary the learner chose."""
    if not isinstance(counts, dict):
        return counts
    return {
        h: {c: n for c, n in after.items() if n} if isinstance(after, dict) else after
        for h, after in counts.items()
        if after
    }


def _shifted_followers(text, k):
    counts = defaultdict(Counter)
    for t in range(len(text) - k - 1):
        counts[text[t : t + k]][text[t + k + 1]] += 1
    return counts


def _without_the_last(text, k):
    return followers(text[:-1], k)


@exercise(
    "2.1",
    "what followed what, and how often",
    answer=followers,
    hints=[
        (
            "Which places have k characters before them?",
            "Those from k on: `for t in range(k, len(text))`.",
        ),
        (
            "Which slice is the context?",
            "The k characters before place t are `text[t - k : t]`; `text[t]` follows them.",
        ),
        (
            "KeyError for a new context?",
            "`counts = defaultdict(Counter)` makes an empty Counter when one is first asked for.",
        ),
    ],
    wrong={
        "one character further on": _shifted_followers,
        "the last character left out": _without_the_last,
        "contexts one shorter": lambda text, k: followers(text, max(0, k - 1)),
        "each follower once": lambda text, k: {
            h: dict.fromkeys(c, 1) for h, c in followers(text, k).items()
        },
        "a new Counter at every place": lambda text, k: {
            text[t - k : t]: Counter(text[t]) for t in range(k, len(text))
        },
        "never overlapping": lambda text, k: {
            text[t : t + k]: Counter(text[t + k]) for t in range(0, len(text) - k, k + 1)
        },
        "text[-k:], which for k = 0 is the whole text": lambda text, k: {
            text[:t][-k:]: Counter(text[t]) for t in range(k, len(text))
        },
        "counts of 0": lambda text, k: {
            h: Counter({c: after[c] for c in text}) for h, after in followers(text, k).items()
        },
        "context read backwards": lambda text, k: {
            h[::-1]: c for h, c in followers(text, k).items()
        },
    },
)
def _(f):
    for text in TEXTS:
        for k in (0, 1, 2, 3):
            name, got = f"followers({text!r}, {k})", call(f, text, k)
            same(name, _plain(got), _plain(followers(text, k)))
            if not all(isinstance(after, Counter) for after in got.values()):
                raise Wrong(f"{name} has other dictionaries where a Counter belongs")
            if any(0 in after.values() for after in got.values()):
                raise Wrong(f"{name} holds counts of 0: leave out what never followed")
