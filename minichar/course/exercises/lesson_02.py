"""The exercises of lesson 02: counts, bits per character, Witten-Bell, and choosing the order."""

from collections import Counter, defaultdict

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.ngram import NGram
from minichar.text import Vocabulary

TEXTS = ("hello hello", "banana band\n", "abracadabra", "mississippi", "aaab")


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
        h: {c: int(n) for c, n in dict(after).items() if n} for h, after in counts.items() if after
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
        "never overlapping": lambda text, k: {
            text[t : t + k]: Counter(text[t + k]) for t in range(0, len(text) - k, k + 1)
        },
        "context read backwards": lambda text, k: {
            h[::-1]: c for h, c in followers(text, k).items()
        },
    },
)
def _(f):
    for text in TEXTS:
        for k in (0, 1, 2, 3):
            same(f"followers({text!r}, {k})", _plain(call(f, text, k)), _plain(followers(text, k)))


def bits_and_perplexity(p):
    bits = -np.log2(p).mean()
    return bits, 2**bits


@exercise(
    "2.2",
    "bits per character and perplexity",
    answer=bits_and_perplexity,
    hints=[
        ("The mean of what?", "Of the surprises: first `-np.log2` of every p, then `.mean()`."),
        (
            "And the perplexity?",
            "2 to the power of the mean bits: as many equally likely choices as cost that much.",
        ),
    ],
    wrong={
        "the surprise of the mean": lambda p: (-np.log2(p.mean()), 1 / p.mean()),
        "nats": lambda p: (-np.log(p).mean(), np.exp(-np.log(p).mean())),
        "the sum": lambda p: (-np.log2(p).sum(), 2 ** -np.log2(p).sum()),
        "no minus": lambda p: (np.log2(p).mean(), 2 ** np.log2(p).mean()),
        "e to the bits": lambda p: (-np.log2(p).mean(), np.exp(-np.log2(p).mean())),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    for p in (np.array([0.5, 0.125]), np.full(7, 1 / 27), rng.uniform(0.001, 1, 50)):
        same(
            f"{len(p)} probabilities",
            call(f, p),
            bits_and_perplexity(p),
            parts=("bits", "perplexity"),
        )


def probability(counts, context, c, V):
    lower = probability(counts, context[1:], c, V) if context else 1 / V
    after = counts[len(context)].get(context, {})
    n, t = sum(after.values()), len(after)
    return (after.get(c, 0) + t * lower) / (n + t) if n else lower


def _variant(formula):
    def wrong(counts, context, c, V):
        lower = wrong(counts, context[1:], c, V) if context else 1 / V
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
            "The empty context is counted like every other; only its shorter probability is 1 / V. "
            "For all others it is the function itself, asked about context[1:].",
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
        "counts only": _variant(lambda m, n, t, lower, V: m / n),
        "all shares alike": _variant(lambda m, n, t, lower, V: (m + lower) / (n + 1)),
        "add one": _variant(lambda m, n, t, lower, V: (m + 1) / (n + V)),
        "not divided by n + t": _variant(lambda m, n, t, lower, V: (m + t * lower) / n),
        "the shorter context only when c was never seen": _variant(
            lambda m, n, t, lower, V: m / (n + t) if m else t * lower / (n + t)
        ),
        "t is the number of characters": _variant(
            lambda m, n, t, lower, V: (m + V * lower) / (n + V)
        ),
        "cut at the wrong end": lambda counts, context, c, V: probability(
            counts, context[::-1], c, V
        ),
    },
)
def _(f):
    for text in TEXTS:
        counts = [dict(followers(text, k)) for k in range(4)]
        characters = sorted(set(text))
        for context in ("", text[0], text[:2], text[-3:], text[1:4], "zz", "z" + text[0]):
            for c in (*characters[:4], "z"):
                want = probability(counts, context, c, len(characters) + 1)
                got = call(f, counts, context, c, len(characters) + 1)
                same(f"p({c!r} after {context!r}) in {text!r}", got, want)


def best_order(train, held_out, orders):
    vocab = Vocabulary.of(train + held_out)
    model = NGram(train, max(orders), vocab)
    return min(orders, key=lambda k: model.bits(held_out, k).mean())


def _order_by(judge):
    def wrong(train, held_out, orders):
        vocab = Vocabulary.of(train + held_out)
        return judge(
            lambda text, k: NGram(train, k, vocab).bits(text).mean(), train, held_out, orders
        )

    return wrong


@exercise(
    "2.4",
    "choosing the order",
    answer=best_order,
    hints=[
        (
            "Which text decides?",
            "The held-out one. On the training text the longest memory always looks best.",
        ),
        (
            "How do I get the bits?",
            "mc.NGram(train, k, vocab).bits(held_out)`.mean()`, for every k in orders.",
        ),
        (
            "A character is not in the vocabulary?",
            "Make it of both parts: `mc.Vocabulary.of(train + held_out)`.",
        ),
    ],
    wrong={
        "judged on the training text": _order_by(
            lambda bits, train, held_out, orders: min(orders, key=lambda k: bits(train, k))
        ),
        "the largest": lambda train, held_out, orders: max(orders),
        "the worst": _order_by(
            lambda bits, train, held_out, orders: max(orders, key=lambda k: bits(held_out, k))
        ),
        "its place, not the order": _order_by(
            lambda bits, train, held_out, orders: int(
                np.argmin([bits(held_out, k) for k in orders])
            )
        ),
        "judged on everything": _order_by(
            lambda bits, train, held_out, orders: min(
                orders, key=lambda k: bits(train + held_out, k)
            )
        ),
        "always three": lambda train, held_out, orders: 3,
    },
)
def _(f):
    rng = np.random.default_rng(1)
    noise = "".join(rng.choice(list("abcdef"), 600))
    cases = {
        "letters without any order": (noise[:500], noise[500:], [0, 1, 2, 3]),
        "the same letters, other orders": (noise[:500], noise[500:], [4, 2, 1]),
        "abc over and over": ("abc" * 40, "bcabcab" * 3, [0, 1, 2]),
        "a held-out part with a character of its own": ("abc" * 40, "abcabcX", [0, 1, 2]),
        "words that need three letters": ("aabbab" * 30, "bbabaa" * 5, [1, 2, 3]),
    }
    for name, (train, held_out, orders) in cases.items():
        same(
            f"the best of {orders} for {name}",
            call(f, train, held_out, orders),
            best_order(train, held_out, orders),
        )
