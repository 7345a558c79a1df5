"""Exercise 12.3: `share_by(group, right, least)`, how often a model is right, group by group."""

from itertools import groupby

import numpy as np

from minichar.course.checking import call, exercise, same


def share_by(group, right, least=5):
    share = {}
    for name in set(group.tolist()):
        here = right[group == name]
        if len(here) >= least:
            share[name] = here.mean()
    return share


def _each(share):
    """`share(here, right)` of each group that is large enough; `here` is True where it is."""

    def wrong(group, right, least=5):
        every = {name: group == name for name in set(group.tolist())}
        return {name: share(h, right) for name, h in every.items() if h.sum() >= least}

    return wrong


def _neighbours_only(group, right, least=5):
    share, at = {}, 0
    for name, run in groupby(group.tolist()):
        n = len(list(run))
        if n >= least:
            share[name] = right[at : at + n].mean()
        at += n
    return share


def _enough_right_ones(group, right, least=5):
    share = share_by(group, right, 1)
    return {name: s for name, s in share.items() if right[group == name].sum() >= least}


@exercise(
    "12.3",
    "the share right, group by group",
    answer=share_by,
    hints=[
        (
            "How do I pick the closings of one group?",
            "`group == name` is an array of True and False, one for each closing. In brackets "
            "behind `right` it picks the entries where it is True.",
        ),
        (
            "How do I turn True and False into a share?",
            "True counts as 1 and False as 0, so the mean is the share of True.",
        ),
        (
            "And what is too small?",
            "A group with fewer than `least` closings, right or wrong, gets no entry at all; one "
            "with exactly `least` does.",
        ),
    ],
    wrong={
        "small groups, too": lambda group, right, least=5: share_by(group, right, 1),
        "more than `least`, not at least": lambda group, right, least=5: share_by(
            group, right, least + 1
        ),
        "always 5, whatever `least` is": lambda group, right, least=5: share_by(group, right),
        "only the right ones counted for `least`": _enough_right_ones,
        "0 for a small group": lambda group, right, least=5: (
            dict.fromkeys(group.tolist(), 0.0) | share_by(group, right, least)
        ),
        "how many, not which share": _each(lambda here, right: int(right[here].sum())),
        "the share of wrong ones": _each(lambda here, right: 1 - right[here].mean()),
        "divided by all closings": _each(lambda here, right: right[here].sum() / len(right)),
        "divided by all that are right": _each(lambda here, right: right[here].sum() / right.sum()),
        "the share of all in every group": _each(lambda here, right: right.mean()),
        "only those that stand next to each other": _neighbours_only,
        "rounded": _each(lambda here, right: round(right[here].mean(), 2)),
    },
)
def _(f):
    rng = np.random.default_rng(0)
    yes, no = True, False
    cases = {
        "b, b, i, b, i, i, a": (list("bbibiia"), [yes, yes, no, no, yes, no, yes], 3),
        "three lemmas and two proofs": (
            ["lemma", "proof", "lemma", "lemma", "proof"],
            [no, yes, no, yes, yes],
            2,
        ),
        "distances 8, 16 and 32": ([8, 16, 8, 32, 8, 16], [yes, yes, no, no, yes, no], 1),
        "nothing that is large enough": (["row", "list", "row"], [yes, no, yes], 3),
    }
    for n, names in ((30, ["title", "note", "date"]), (24, ["page", "row", "table", "list"])):
        cases[f"{n} closings"] = rng.choice(names, n).tolist(), (rng.random(n) < 0.7).tolist(), 6
    for name, (group, right, least) in cases.items():
        group, right = np.array(group), np.array(right)
        got = call(f, group.copy(), right.copy(), least)
        same(f"the shares for {name} (at least {least})", got, share_by(group, right, least))
    group, right = np.array(list("aabbbbbaa")), np.array([yes, no, yes, no, no, yes, yes, no, yes])
    what = "the shares for a, a, b, b, b, b, b, a, a (`least` not given)"
    same(what, call(f, group, right), share_by(group, right))
