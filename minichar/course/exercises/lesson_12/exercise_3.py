"""Exercise 12.3: `share_new(written, known)`, each name counted once."""

import numpy as np

from minichar.course.checking import call, exercise, same


def share_new(written, known):
    different = {name for name in written if name}
    return len(different - set(known)) / len(different)


@exercise(
    "12.3",
    "the share of new names",
    answer=share_new,
    hints=[
        (
            "Where do duplicates go?",
            "A set holds everything once: `different = set(written)`. An empty line is not a "
            "name: leave it out.",
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
        "divided by all that was written, copies too": lambda written, known: (
            len(set(written) - set(known) - {""}) / len(written)
        ),
        "new ones counted with copies": lambda written, known: (
            sum(name not in known for name in written if name) / len(set(written) - {""})
        ),
        "the share of known names, not of new ones": lambda written, known: (
            1 - share_new(written, known)
        ),
        "the empty one counted": lambda written, known: (
            len(set(written) - set(known)) / len(set(written))
        ),
        "known as a part of a name": lambda written, known: np.mean(
            [name not in "\n".join(known) for name in set(written) if name]
        ),
        "a known name as its beginning": lambda written, known: np.mean(
            [not name.startswith(tuple(known)) for name in set(written) if name]
        ),
        "divided by the number of known names": lambda written, known: (
            len(set(written) - set(known) - {""}) / len(known)
        ),
        "rounded": lambda written, known: round(share_new(written, known), 2),
        "how many, not which share": lambda written, known: len(set(written) - set(known) - {""}),
    },
)
def _(f):
    cases = {
        "ann, bo, ann, eve, di": (["ann", "bo", "ann", "eve", "di"], ["bo", "anna"]),
        "mar and maria": (["mar", "maria", "aria", "dotty"], ["maria", "lee", "mariam", "dot"]),
        "names with an empty line": (["", "kim", "", "lou", "kim"], ["lou", "abe"]),
        "ann, bo and cy": (["ann", "bo", "cy"], ["bo"]),
        "only known names": (["tom", "tom", "ida"], ["ida", "tom", "zoe", "max"]),
        "only new names": (["ura", "ura", "oli"], ["ida", "tom", "zoe"]),
    }
    for name, (written, known) in cases.items():
        same(f"the share for {name}", call(f, written, known), share_new(written, known))
