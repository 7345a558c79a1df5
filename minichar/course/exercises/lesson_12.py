"""The exercises of lesson 12: bars of a tune, what closes what, new names, and how near is near."""

from itertools import pairwise

import numpy as np

from minichar import novelty as package
from minichar.course.checking import call, exercise, same


def eighths(bar):
    total = 0
    for c, after in pairwise(bar + " "):
        if c.isalpha():
            total += int(after) if after.isdigit() else 1
    return total


@exercise(
    "12.1",
    "how long a bar is",
    answer=eighths,
    hints=[
        (
            "Which characters count?",
            "Only the letters: each is a note, and `c.isalpha()` is true of them. A digit says how "
            "long the letter before it is; a space says nothing.",
        ),
        (
            "How do I see the next character?",
            "`zip(bar, bar[1:] + ' ')` gives each character with the one after it; the space "
            "stands in for what comes after the last.",
        ),
        (
            "And a letter without a number?",
            "It is one eighth: `int(after) if after.isdigit() else 1`.",
        ),
    ],
    wrong={
        "letters counted": lambda bar: sum(c.isalpha() for c in bar),
        "numbers only": lambda bar: sum(int(c) for c in bar if c.isdigit()),
        "one and the number": lambda bar: sum(int(c) if c.isdigit() else c.isalpha() for c in bar),
        "every character": lambda bar: len(bar),
        "the last note forgotten": lambda bar: eighths(bar[:-1]),
        "small letters only": lambda bar: eighths("".join(c for c in bar if not c.isupper())),
        "the number of the note before": lambda bar: sum(
            int(before) if before.isdigit() else 1
            for before, c in pairwise(" " + bar)
            if c.isalpha()
        ),
    },
)
def _(f):
    bars = [
        "c2 G3de A4",
        "d2 ef g2 B2",
        "C8",
        "DEFG",
        "",
        "e3 d3",
        "A2BcB2",
        " d4 e4 ",
        "g",
        "G6",
        "C3E d3f",
    ]
    rng = np.random.default_rng(0)
    for _ in range(6):
        notes = rng.choice(list("CDEFGABcdefgab"), 5)
        bars.append(" ".join(c + rng.choice(["", "2", "3", "4", "1"]) for c in notes))
    for bar in bars:
        same(f"eighths({bar!r})", call(f, bar), eighths(bar))


def matching(marks):
    waiting, found = [], []
    for j, (what, _) in enumerate(marks):
        if what == "begin":
            waiting.append(j)
        elif waiting:
            found.append((waiting.pop(), j))
    return found


def _queue(marks):
    waiting, found = [], []
    for j, (what, _) in enumerate(marks):
        if what == "begin":
            waiting.append(j)
        elif waiting:
            found.append((waiting.pop(0), j))
    return found


def _by_name(choose):
    """Looks for a begin of the same name, and forgets that it may be closed already."""

    def wrong(marks):
        found = []
        for j, (what, name) in enumerate(marks):
            begins = [i for i in range(j) if marks[i] == ("begin", name)]
            if what == "end" and begins:
                found.append((choose(begins), j))
        return found

    return wrong


def _not_taken_off(marks):
    waiting, found = [], []
    for j, (what, _) in enumerate(marks):
        if what == "begin":
            waiting.append(j)
        elif waiting:
            found.append((waiting[-1], j))
    return found


@exercise(
    "12.2",
    "what closes what",
    answer=matching,
    hints=[
        (
            "Which begin does an end belong to?",
            "To the last one that is still open. So keep a list of the open ones: append at a "
            "begin, and take off the last at an end.",
        ),
        (
            "How do I take it off?",
            "`waiting.pop()` removes the last of a list and returns it. An empty list has none: "
            "such an end is left out.",
        ),
        (
            "What goes into the list?",
            "The place of the begin: `for j, (what, _) in enumerate(marks)`, and `j`.",
        ),
    ],
    wrong={
        "the first opened, not the last": _queue,
        "the last begin of that name, open or not": _by_name(max),
        "the first begin of that name": _by_name(min),
        "never taken off": _not_taken_off,
        "the mark just before": lambda marks: [
            (j - 1, j) for j, (what, _) in enumerate(marks) if what == "end" and j
        ],
        "in the order in which they open": lambda marks: sorted(matching(marks)),
        "the end before the begin": lambda marks: [(j, i) for i, j in matching(marks)],
    },
)
def _(f):
    begin, end = "begin", "end"
    cases = [
        [(begin, "proof"), (begin, "lemma"), (end, "lemma")]
        + [(begin, "align"), (begin, "lemma"), (end, "lemma"), (end, "align")],
        [(begin, "lemma"), (begin, "itemize"), (end, "itemize"), (end, "lemma")],
        [(begin, "proof"), (end, "proof"), (begin, "proof"), (end, "proof")],
        [(begin, "lemma"), (begin, "lemma"), (end, "lemma"), (end, "lemma")],
        [(end, "proof"), (begin, "lemma"), (end, "lemma"), (end, "lemma"), (begin, "lemma")],
        [],
    ]
    rng, names = np.random.default_rng(0), ["lemma", "proof", "align"]
    for _ in range(5):
        marks, waiting = [], []
        for _ in range(14):
            if waiting and rng.random() < 0.5:
                marks.append((end, waiting.pop()))
            else:
                waiting.append(str(rng.choice(names)))
                marks.append((begin, waiting[-1]))
        cases.append(marks)
    for marks in cases:
        got = call(f, marks)
        if isinstance(got, list):
            got = [tuple(pair) if isinstance(pair, list) else pair for pair in got]
        shown = ", ".join(f"{what} {name}" for what, name in marks[:6])
        more = ", …" if len(marks) > 6 else ""
        same(f"what closes in [{shown}{more}]", got, matching(marks))


def share_new(written, known):
    different = {name for name in written if name}
    return len(different - set(known)) / len(different)


@exercise(
    "12.3",
    "the share of new names",
    answer=share_new,
    also=(package.novelty,),
    hints=[
        (
            "Where do duplicates go?",
            "A set holds everything once: `different = set(written)`. An empty line is no name: "
            "leave it out.",
        ),
        (
            "A share of what?",
            "Of the different names written: the new ones among them, divided by all of them.",
        ),
    ],
    wrong={
        "every copy counted": lambda written, known: np.mean(
            [name not in known for name in written if name]
        ),
        "the new ones by all that was written": lambda written, known: (
            len(set(written) - set(known) - {""}) / len(written)
        ),
        "new ones counted with copies": lambda written, known: (
            sum(name not in known for name in written if name) / len(set(written) - {""})
        ),
        "the known share": lambda written, known: 1 - share_new(written, known),
        "the empty one counted": lambda written, known: (
            len(set(written) - set(known)) / len(set(written))
        ),
        "known as a part of a name": lambda written, known: np.mean(
            [name not in "\n".join(known) for name in set(written) if name]
        ),
        "by the number of known names": lambda written, known: (
            len(set(written) - set(known) - {""}) / len(known)
        ),
        "how many, not which share": lambda written, known: len(set(written) - set(known) - {""}),
    },
)
def _(f):
    cases = {
        "ann, bo, ann, eve, di": (["ann", "bo", "ann", "eve", "di"], ["bo", "anna"]),
        "mar and maria": (["mar", "maria", "aria", "mary"], ["maria", "lee", "mariam", "dot"]),
        "names with an empty line": (["", "kim", "", "lou", "kim"], ["lou", "abe"]),
        "only known names": (["tom", "tom", "ida"], ["ida", "tom", "zoe", "max"]),
        "only new names": (["ura", "ura", "oli"], ["ida", "tom", "zoe"]),
    }
    for name, (written, known) in cases.items():
        same(f"the share for {name}", call(f, written, known), share_new(written, known))


def edit_distance(a, b):
    D = np.zeros((len(a) + 1, len(b) + 1), int)
    D[:, 0] = np.arange(len(a) + 1)
    D[0, :] = np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
    return D[-1, -1]


def _table(cost=lambda x, y: x != y, edges=True, corner=(-1, -1), step=1, other=1):
    def wrong(a, b):
        D = np.zeros((len(a) + 1, len(b) + 1), int)
        if edges:
            D[:, 0], D[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                exchanged = D[i - 1, j - 1] + cost(a[i - 1], b[j - 1])
                D[i, j] = min(D[i - 1, j] + step, D[i, j - 1] + other, exchanged)
        return D[corner]

    return wrong


def _letters_one_off(a, b):
    D = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + (a[i % len(a)] != b[j % len(b)])
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
    return D[-1, -1]


def _swaps(a, b):
    """Two neighbours exchanged count as one: Damerau's distance."""
    D = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            exchanged = D[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, exchanged)
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                D[i, j] = min(D[i, j], D[i - 2, j - 2] + 1)
    return D[-1, -1]


def _hamming(a, b):
    return sum(x != y for x, y in zip(a, b, strict=False)) + abs(len(a) - len(b))


@exercise(
    "12.4",
    "edit distance",
    answer=edit_distance,
    also=(package.distance, package.distances),
    hints=[
        (
            "Where do the three ways come from?",
            "From above, D[i-1, j]: a letter of a is taken out. From the left, D[i, j-1]: one is "
            "put in. From above left, D[i-1, j-1]: the two last letters stand for each other.",
        ),
        (
            "What does each cost?",
            "Taking out and putting in cost 1. Standing for each other costs 1 when the letters "
            "differ and nothing when they are equal: `a[i-1] != b[j-1]` is just that, as a number.",
        ),
        (
            "Why a[i-1] and not a[i]?",
            "D has a row more than a has letters: row i is about the first i letters of a, and the "
            "last of these is a[i-1].",
        ),
    ],
    wrong={
        "no exchange: out and in again": _table(cost=lambda x, y: 2 * (x != y)),
        "equal letters cost, too": _table(cost=lambda x, y: 1),
        "the edges left at zero": _table(edges=False),
        "the letters one too far": _letters_one_off,
        "place by place": _hamming,
        "taking out is free": _table(step=0),
        "putting in is free": _table(other=0),
        "a row too early": lambda a, b: edit_distance(a[:-1], b),
        "neighbours exchanged in one": _swaps,
        "letters in common": lambda a, b: max(len(a), len(b)) - len(set(a) & set(b)),
    },
)
def _(f):
    pairs = [
        ("marian", "maria"),
        ("anna", "hanna"),
        ("mary", "gary"),
        ("kitten", "sitting"),
        ("anna", "nnaa"),
        ("ab", "ba"),
        ("eve", "eve"),
        ("", "ida"),
        ("ida", ""),
        ("", ""),
        ("saturday", "sunday"),
    ]
    rng = np.random.default_rng(0)
    for _ in range(12):
        pairs.append(tuple("".join(rng.choice(list("abc"), rng.integers(1, 8))) for _ in "ab"))
    for a, b in pairs:
        same(f"edit_distance({a!r}, {b!r})", call(f, a, b), edit_distance(a, b))


def longest_shared(text, training):
    best = ""
    for start in range(len(text)):
        n = len(best) + 1
        while start + n <= len(text) and text[start : start + n] in training:
            best = text[start : start + n]
            n += 1
    return best


def _subsequence(text, training):
    """Letters in the same order, with gaps."""
    best = [[""] * (len(training) + 1) for _ in range(len(text) + 1)]
    for i, x in enumerate(text):
        for j, y in enumerate(training):
            left, above = best[i + 1][j], best[i][j + 1]
            best[i + 1][j + 1] = best[i][j] + x if x == y else max(above, left, key=len)
    return best[-1][-1]


def _prefix(text, training):
    n = 0
    while n < len(text) and text[: n + 1] in training:
        n += 1
    return text[:n]


def _longest(pieces):
    return max(pieces, key=len, default="")


@exercise(
    "12.5",
    "the longest shared run",
    answer=longest_shared,
    also=(package.shared, package.longest_run),
    hints=[
        (
            "How do I ask whether a piece occurs?",
            "`piece in training` is true when it stands there in one run.",
        ),
        (
            "Which pieces are worth asking about?",
            "For each start, only those longer than the best so far: begin with a length of "
            "len(best) + 1, and go on while the piece occurs.",
        ),
        (
            "It never ends?",
            "A slice that goes beyond the end of the text is just shorter, so it may occur for "
            "ever: ask for `start + n <= len(text)`, too.",
        ),
    ],
    wrong={
        "letters with gaps between them": _subsequence,
        "from the first character only": _prefix,
        "the last character left out": lambda text, training: longest_shared(text[:-1], training),
        "how long, not which": lambda text, training: len(longest_shared(text, training)),
        "whole words only": lambda text, training: _longest(
            [word for word in text.split(" ") if word in training]
        ),
        "at the same place in both": lambda text, training: _longest(
            [
                text[a:b]
                for a in range(len(text))
                for b in range(a + 1, len(text) + 1)
                if training[a:b] == text[a:b]
            ]
        ),
        "the last of the longest": lambda text, training: _longest(
            [
                text[a:b]
                for a in range(len(text) - 1, -1, -1)
                for b in range(a + 1, len(text) + 1)
                if text[a:b] in training
            ]
        ),
        "the first run, not the longest": lambda text, training: next(
            (_prefix(text[a:], training) for a in range(len(text)) if text[a] in training),
            "",
        ),
    },
)
def _(f):
    cases = [
        ("!no bees", "bees say no"),
        ("to be a bee", "or not to be"),
        ("the cat sat", "a cat sat there"),
        ("abcabcd", "xabcdabc"),
        ("aaaa", "aa"),
        ("abba", "abab"),
        ("xyz", "abc"),
        ("", "abc"),
        ("same", "same"),
        ("qab rcd", "cdxab"),
    ]
    rng = np.random.default_rng(0)
    for _ in range(6):
        cases.append(tuple("".join(rng.choice(list("ab "), n)) for n in (12, 30)))
    for text, training in cases:
        want = longest_shared(text, training)
        same(f"longest_shared({text!r}, {training!r})", call(f, text, training), want)
