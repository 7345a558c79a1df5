"""The exercises of lesson 04: temperature, greedy, loops, top-k, the nucleus, and beam search."""

import numpy as np

from minichar import rnn100, sampling, searching
from minichar.course.checking import call, exercise, same
from minichar.text import Vocabulary


def _network(seed, V=4, H=5, size=1.5):
    rng = np.random.default_rng(seed)
    W = {name: size * rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
    start = np.zeros(H)
    vocab = Vocabulary("abcdefghij"[:V])
    return sampling.Predictor(vocab, lambda i, h=None: rnn100.step(W, i, start if h is None else h))


def _scores(seed, V):
    return 2 * np.random.default_rng(seed).standard_normal(V)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def with_temperature(z, temperature):
    return softmax(z / temperature)


def _power(p, temperature):
    return p / temperature / (p / temperature).sum()


@exercise(
    "4.1",
    "temperature",
    answer=with_temperature,
    also=(sampling.distribution,),
    hints=[
        (
            "Before or after the softmax?",
            "Before: the scores are divided, then softmax makes probabilities of them.",
        ),
        (
            "Inf or nan at a temperature of 0.001?",
            "`z / 0.001` is large. A softmax that subtracts the maximum copes.",
        ),
    ],
    wrong={
        "after the softmax": lambda z, temperature: _power(softmax(z), temperature),
        "multiplied": lambda z, temperature: softmax(z * temperature),
        "not at all": lambda z, temperature: softmax(z),
        "upside down": lambda z, temperature: softmax(-z / temperature),
        "overflows": lambda z, temperature: np.exp(z / temperature) / np.exp(z / temperature).sum(),
        "not made to add up": lambda z, temperature: softmax(z) ** (1 / temperature),
    },
)
def _(f):
    for seed, V in ((0, 4), (1, 27)):
        for temperature in (1.0, 0.5, 2.0, 10.0, 0.001):
            z = _scores(seed, V)
            name = f"{V} scores at temperature {temperature}"
            same(name, call(f, z, temperature), with_temperature(z, temperature))


def greedy(model, prime, length):
    z, state = sampling.read(model, prime)
    text = ""
    for _ in range(length):
        i = z.argmax()
        text += model.vocab.characters[i]
        z, state = model.step(i, state)
    return text


def _greedy(change):
    def wrong(model, prime, length):
        z, state = sampling.read(model, prime)
        text, first = "", state
        for _ in range(length):
            i = int(z.argmin() if change == "argmin" else z.argmax())
            text += model.vocab.characters[i]
            z, new = model.step(0 if change == "same" else i, first if change == "state" else state)
            state = new
        return text

    return wrong


@exercise(
    "4.2",
    "greedy",
    answer=greedy,
    also=(sampling.sample, sampling.stream),
    hints=[
        (
            "What does read give me?",
            "`z, state = sampling.read(model, prime)`: the scores after the prime, and the state.",
        ),
        (
            "And the next one?",
            "`i = z.argmax()` is the best; `model.step(i, state)` reads it and gives new z and state.",
        ),
        (
            "A number, and I need a letter?",
            "`model.vocab.characters[i]` is the character with number i.",
        ),
    ],
    wrong={
        "the state is not carried on": _greedy("state"),
        "always reads the first character": _greedy("same"),
        "the least likely": _greedy("argmin"),
        "with the prime": lambda model, prime, length: prime + greedy(model, prime, length),
        "one too many": lambda model, prime, length: greedy(model, prime, length + 1),
        "the first letter over and over": lambda model, prime, length: (
            greedy(model, prime, 1) * length
        ),
        "numbers, not letters": lambda model, prime, length: [
            model.vocab.characters.index(c) for c in greedy(model, prime, length)
        ],
    },
)
def _(f):
    for seed in range(6):
        model = _network(seed)
        for prime, length in (("a", 8), ("bcd", 5), ("d", 1)):
            same(
                f"greedy(network {seed}, {prime!r}, {length})",
                call(f, model, prime, length),
                greedy(model, prime, length),
            )


def loop(text):
    for n in range(1, len(text) // 3 + 1):
        if text[-n:] * 3 == text[-3 * n :]:
            return text[-n:]
    return ""


def _longest_loop(text):
    found = [text[-n:] for n in range(1, len(text) // 3 + 1) if text[-n:] * 3 == text[-3 * n :]]
    return found[-1] if found else ""


def _loop_of(times):
    def wrong(text):
        for n in range(1, len(text) // times + 1):
            if text[-n:] * times == text[-times * n :]:
                return text[-n:]
        return ""

    return wrong


@exercise(
    "4.3",
    "the loop",
    answer=loop,
    hints=[
        (
            "How long may the piece be?",
            "From 1 to a third of the text: it must fit in three times.",
        ),
        (
            "How do I test one length n?",
            "Compare the last 3 n characters of the text with its last n characters times three.",
        ),
        (
            "Which one if there are several?",
            "The shortest: go up from n = 1 and return the first that fits.",
        ),
    ],
    wrong={
        "the longest piece": _longest_loop,
        "twice is enough": _loop_of(2),
        "four times": _loop_of(4),
        "anywhere, not at the end": lambda text: next(
            (
                text[s : s + n]
                for n in range(1, len(text) // 3 + 1)
                for s in range(len(text) - 3 * n + 1)
                if text[s : s + n] * 3 == text[s : s + 3 * n]
            ),
            "",
        ),
        "its length": lambda text: len(loop(text)),
        "always something": lambda text: loop(text) or text[-1:],
    },
)
def _(f):
    for text in (
        "hello anna\nanna\nanna\n",
        "lalala",
        "xaaaaaa",
        "abcabc",
        "hello",
        "aaab",
        "ababab" * 2,
        "ab",
    ):
        same(f"loop({text!r})", call(f, text), loop(text))


def top_k(p, k):
    kept = np.zeros_like(p)
    best = np.argsort(-p, kind="stable")[:k]
    kept[best] = p[best]
    return kept / kept.sum()


def _kept(which):
    def wrong(p, k):
        kept = np.zeros_like(p)
        best = which(p, k)
        kept[best] = p[best]
        return kept / kept.sum()

    return wrong


@exercise(
    "4.4",
    "top-k",
    answer=top_k,
    also=(sampling.distribution,),
    hints=[
        ("Which are the k best?", "`np.argsort(-p)[:k]` are the places of the k largest."),
        (
            "It does not add up to 1?",
            "Set the others to 0, then divide by the sum of what is left.",
        ),
    ],
    wrong={
        "not made to add up": lambda p, k: top_k(p, k) * np.sort(p)[::-1][:k].sum(),
        "the k least likely": _kept(lambda p, k: np.argsort(p, kind="stable")[:k]),
        "one too many": _kept(lambda p, k: np.argsort(-p, kind="stable")[: k + 1]),
        "the k first": _kept(lambda p, k: np.arange(k)),
        "all alike": lambda p, k: (top_k(p, k) > 0) / k,
        "sorted": lambda p, k: np.sort(top_k(p, k))[::-1],
        "in place": lambda p, k: np.copyto(p, top_k(p, k)) or p,
    },
)
def _(f):
    for seed, V in ((0, 5), (1, 27)):
        p = softmax(_scores(seed, V))
        for k in (1, 2, 3, V):
            same(f"the best {k} of {V}", call(f, p, k), top_k(p, k))


def nucleus(p, top_p):
    order = np.argsort(-p, kind="stable")
    before = np.cumsum(p[order]) - p[order]
    keep = order[before < top_p]
    kept = np.zeros_like(p)
    kept[keep] = p[keep]
    return kept / kept.sum()


def _nucleus(keep):
    def wrong(p, top_p):
        order = np.argsort(-p, kind="stable")
        best = order[keep(p[order], top_p)]
        kept = np.zeros_like(p)
        kept[best] = p[best]
        return kept / max(kept.sum(), 1e-12)

    return wrong


@exercise(
    "4.5",
    "the nucleus",
    answer=nucleus,
    also=(sampling.distribution,),
    hints=[
        (
            "In which order do I add up?",
            "From the most likely down: `order = np.argsort(-p)`, then `np.cumsum(p[order])`.",
        ),
        (
            "Does the one that crosses the line belong in?",
            "Yes. Keep a character while those before it have less than top_p together.",
        ),
        (
            "How do I get back to the old order?",
            "`kept = np.zeros_like(p)`; `kept[chosen] = p[chosen]`; then divide by the sum.",
        ),
    ],
    wrong={
        "without the one that crosses": _nucleus(lambda p, top_p: np.cumsum(p) <= top_p),
        "each one above the line": _nucleus(lambda p, top_p: p >= top_p * p.max()),
        "each one above 1 - top_p": _nucleus(lambda p, top_p: (p >= 1 - top_p) | (p == p.max())),
        "not made to add up": lambda p, top_p: nucleus(p, top_p) * p[nucleus(p, top_p) > 0].sum(),
        "in the vocabulary's order": lambda p, top_p: (lambda kept: kept / kept.sum())(
            np.where(np.cumsum(p) - p < top_p, p, 0)
        ),
        "left sorted": lambda p, top_p: np.sort(nucleus(p, top_p))[::-1],
        "one too many when it is reached exactly": _nucleus(
            lambda p, top_p: np.cumsum(p) - p <= top_p
        ),
    },
)
def _(f):
    for seed, V in ((0, 5), (1, 27), (2, 8)):
        p = softmax(_scores(seed, V))
        for top_p in (0.2, 0.5, 0.9, 0.99):
            same(f"the nucleus of {top_p} among {V}", call(f, p, top_p), nucleus(p, top_p))
    p = np.array([0.25, 0.5, 0.25])  # the likeliest alone has exactly 0.5, which is enough
    same("the nucleus of 0.5 among 0.25, 0.5, 0.25", call(f, p, 0.5), nucleus(p, 0.5))


def beam(model, prime, length, width):
    z, state = sampling.read(model, prime)
    beams = [(0.0, "", z, state)]
    for _ in range(length):
        options = []
        for total, text, z, state in beams:
            log_p = sampling.log_softmax(z)
            options += [(total + log_p[i], text, i, state) for i in range(len(z))]
        options.sort(key=lambda option: option[0], reverse=True)
        beams = []
        for total, text, i, state in options[:width]:
            z, new = model.step(i, state)
            beams.append((total, text + model.vocab.characters[i], z, new))
    return beams[0][1]


def _changed_beam(together=lambda total, log_p: total + log_p, once_each=False, last=0):
    def wrong(model, prime, length, width):
        z, state = sampling.read(model, prime)
        beams = [(0.0, "", z, state)]
        for _ in range(length):
            options = []
            for total, text, z, state in beams:
                log_p = sampling.log_softmax(z)
                best = [int(log_p.argmax())] if once_each and len(beams) == width else range(len(z))
                options += [(together(total, log_p[i]), text, i, state) for i in best]
            options.sort(key=lambda option: option[0], reverse=True)
            beams = [
                (total, text + model.vocab.characters[i], *model.step(i, state))
                for total, text, i, state in options[:width]
            ]
        return beams[last][1]

    return wrong


@exercise(
    "4.6",
    "beam search",
    answer=beam,
    also=(searching.beam, searching.beam_search),
    hints=[
        (
            "What do I keep of each beginning?",
            "Four things: log p so far, the text, the scores for what comes next, and the state.",
        ),
        (
            "What are the candidates?",
            "Every beginning with every next character: width times V of them. Keep the best width.",
        ),
        (
            "Add or multiply?",
            "Probabilities multiply, so their logarithms add: `total + log_softmax(z)[i]`.",
        ),
    ],
    wrong={
        "greedy": lambda model, prime, length, width: greedy(model, prime, length),
        "only the last step counts": _changed_beam(together=lambda total, log_p: log_p),
        "the worst of the beam": _changed_beam(last=-1),
        "log p multiplied": _changed_beam(together=lambda total, log_p: (total or -1.0) * -log_p),
        "each beginning goes on in one way only": _changed_beam(once_each=True),
        "one narrower": lambda model, prime, length, width: beam(
            model, prime, length, max(1, width - 1)
        ),
        "with the prime": lambda model, prime, length, width: (
            prime + beam(model, prime, length, width)
        ),
    },
)
def _(f):
    for seed in range(12):
        model = _network(seed, size=0.9)
        for length, width in ((1, 1), (6, 1), (5, 2), (6, 3), (4, 8)):
            got = call(f, model, "a", length, width)
            same(
                f"beam of width {width}, {length} characters, network {seed}",
                got,
                beam(model, "a", length, width),
            )
