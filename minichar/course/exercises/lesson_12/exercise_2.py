"""Exercise 12.2: `matching(marks)`, which mark closes which, with a stack."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same


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


def _named(marks):
    """Closes the last begin of its own name that is still open, though another may be inside."""
    waiting, found = [], []
    for j, (what, name) in enumerate(marks):
        if what == "begin":
            waiting.append(j)
        elif places := [i for i in waiting if marks[i][1] == name]:
            waiting.remove(places[-1])
            found.append((places[-1], j))
    return found


def _only_if_named_alike(marks):
    return [(i, j) for i, j in matching(marks) if marks[i][1] == marks[j][1]]


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
            "To the last one that is still open, whatever their names: a network may close the "
            "wrong thing. Keep a list of the open ones: append at a begin, take off at an end.",
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
        "the last open one of that name": _named,
        "only where the names agree": _only_if_named_alike,
        "an opening never taken off the list": _not_taken_off,
        "the mark just before": lambda marks: [
            (j - 1, j) for j, (what, _) in enumerate(marks) if what == "end" and j
        ],
        "in the order in which they open": lambda marks: sorted(matching(marks)),
        "counted from 1": lambda marks: [(i + 1, j + 1) for i, j in matching(marks)],
        "None where nothing is open": lambda marks: sorted(
            matching(marks)
            + [
                (None, j)
                for j, (what, _) in enumerate(marks)
                if what == "end" and j not in [end for _, end in matching(marks)]
            ],
            key=lambda pair: pair[1],
        ),
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
        [(begin, "lemma"), (begin, "proof"), (end, "lemma"), (end, "proof")],
        [(begin, "align"), (begin, "lemma"), (end, "proof"), (end, "align")],
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
        what = f"what closes in [{shown}{', …' if len(marks) > 6 else ''}]"
        for pair in got if isinstance(got, list) else []:
            if isinstance(pair, tuple) and len(pair) == 2 and pair[0] is None:
                raise Wrong(f"{what} has the pair {pair}: leave out an end that closes nothing")
        same(what, got, matching(marks))
