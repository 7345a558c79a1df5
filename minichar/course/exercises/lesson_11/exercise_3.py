"""Exercise 11.3: `luck(cells, feature, shifts)`, the largest |r| with the feature moved on."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_11.shared import correlations


def luck(cells, feature, shifts):
    return [np.abs(correlations(cells, np.roll(feature, k))).max() for k in shifts]


def _changed_luck(of=lambda r: np.abs(r).max(), move=np.roll):
    def wrong(cells, feature, shifts):
        return [of(correlations(cells, move(feature, k))) for k in shifts]

    return wrong


def _further_and_further(cells, feature, shifts):
    """Each shift begins where the one before ended."""
    return luck(cells, feature, np.cumsum(shifts))


def _without_the_best(cells, feature, shifts):
    """The cell that follows the true feature best is left out."""
    r = np.abs(correlations(cells, feature))
    others = np.arange(len(r)) != r.argmax() if len(r) > 1 else slice(None)
    return luck(cells[:, others], feature, shifts)


def _no_wrapping(feature, k):
    """What comes in at the beginning is 0."""
    return np.concatenate([np.zeros(k), feature[:-k]])


def _always_the_same_cell(cells, feature, shifts):
    j = np.abs(correlations(cells, feature)).argmax()
    return [abs(correlations(cells, np.roll(feature, k))[j]) for k in shifts]


def _shuffled(feature, k):
    return np.random.default_rng(k).permutation(feature)


@exercise(
    "11.3",
    "what luck alone can reach",
    answer=luck,
    hints=[
        (
            "Shift what?",
            "The feature, and only the feature: `np.roll(feature, k)`. The cells stay where they "
            "are.",
        ),
        (
            "Which cell?",
            "The luckiest one for each shift: the search takes the best of all cells, so luck has to "
            "be given the same choice. `np.abs(correlations(…)).max()`.",
        ),
        (
            "Why not simply shuffle the feature?",
            "A shuffled feature jumps from one character to the next, which no cell does. Luck then "
            "looks smaller than it is. A shifted one is as smooth as before.",
        ),
    ],
    wrong={
        "the largest r, not the largest |r|": _changed_luck(of=np.max),
        "the mean |r| of all cells, not the largest": _changed_luck(of=lambda r: np.abs(r).mean()),
        "the best cell of the feature itself, for every shift": _always_the_same_cell,
        "the first cell only": _changed_luck(of=lambda r: abs(r[0])),
        "the best cell left out": _without_the_best,
        "shuffled, not shifted": _changed_luck(move=_shuffled),
        "each shift on top of the one before": _further_and_further,
        "shifted the other way": _changed_luck(move=lambda feature, k: np.roll(feature, -k)),
        "shifted, but the end does not come round": _changed_luck(move=_no_wrapping),
        "not shifted": _changed_luck(move=lambda feature, k: feature),
        "only the largest of all shifts": lambda *given: max(luck(*given)),
        "the cells shifted, not the feature": lambda cells, feature, shifts: [
            np.abs(correlations(np.roll(cells, k), feature)).max() for k in shifts
        ],
    },
)
def _(f):
    # `lucky` follows the feature after the first shift, and the cell in the middle before.
    cases = (3, 5, 4, [7, 20, 33]), (1, 1, 0, [11, 3]), (2, 9, 0, [25]), (4, 4, 2, [14, 31])
    for seed, n, lucky, shifts in cases:
        rng = np.random.default_rng(seed)
        cells, feature = rng.standard_normal((50, n)), rng.standard_normal(50)
        cells += cells[:, -1:]
        cells[:, lucky] -= 2 * np.roll(feature, shifts[0])
        cells[:, n // 2] += 2 * feature
        got = call(f, cells, feature, shifts)
        same(f"{n} cells, shifts {shifts}", got, luck(cells, feature, shifts))
