"""Exercise 11.2: `choose_and_confirm(cells_a, feature_a, cells_b, feature_b)`, by r on A."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_11.shared import correlations


def choose_and_confirm(cells_a, feature_a, cells_b, feature_b):
    on_a, on_b = correlations(cells_a, feature_a), correlations(cells_b, feature_b)
    j = int(np.argmax(np.abs(on_a)))
    return j, on_a[j], on_b[j]


def _changed_choice(choose, report=lambda on_a, on_b, j: (j, on_a[j], on_b[j])):
    def wrong(cells_a, feature_a, cells_b, feature_b):
        on_a, on_b = correlations(cells_a, feature_a), correlations(cells_b, feature_b)
        return report(on_a, on_b, int(choose(on_a, on_b)))

    return wrong


def _on_a(on_a, on_b):
    return np.argmax(np.abs(on_a))


def _by_covariance(cells_a, feature_a, cells_b, feature_b):
    """Chosen by the sum of the products, not divided by the lengths."""
    j = int(np.abs((cells_a - cells_a.mean(axis=0)).T @ (feature_a - feature_a.mean())).argmax())
    return j, correlations(cells_a, feature_a)[j], correlations(cells_b, feature_b)[j]


@exercise(
    "11.2",
    "choose on A, confirm on B",
    answer=choose_and_confirm,
    hints=[
        (
            "Which one is the best?",
            "The one furthest from 0: a cell with r = -0.8 follows the feature better than one with "
            "0.5, only upside down. `np.argmax(np.abs(…))` gives its number.",
        ),
        (
            "What is text B for?",
            "For nothing but the last number: r of the cell that was chosen on A. If B takes part in "
            "the choice, it can no longer confirm it.",
        ),
        (
            "With or without the sign?",
            "With it, both times. A cell that goes up on A and down on B is not confirmed, and the "
            "sign is what shows it.",
        ),
    ],
    wrong={
        "chosen on B": _changed_choice(lambda on_a, on_b: np.argmax(np.abs(on_b))),
        "the largest r, not the largest |r|": _changed_choice(lambda on_a, on_b: np.argmax(on_a)),
        "the best cell of each text": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, on_a[j], on_b[np.argmax(np.abs(on_b))])
        ),
        "chosen on both together": _changed_choice(
            lambda on_a, on_b: np.argmax(np.abs(on_a) + np.abs(on_b))
        ),
        "without the signs": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, abs(on_a[j]), abs(on_b[j]))
        ),
        "without the sign on B": _changed_choice(
            _on_a, lambda on_a, on_b, j: (j, on_a[j], abs(on_b[j]))
        ),
        "A and B exchanged": _changed_choice(_on_a, lambda on_a, on_b, j: (j, on_b[j], on_a[j])),
        "r on A, twice": _changed_choice(_on_a, lambda on_a, on_b, j: (j, on_a[j], on_a[j])),
        "not divided by the lengths of the two": _by_covariance,
        "the smallest |r|": _changed_choice(lambda on_a, on_b: np.argmin(np.abs(on_a))),
    },
)
def _(f):
    # How each cell follows the feature on A and on B, before noise.
    for seed, on_a, on_b in (
        (0, (0.7, -1.5, 0.1, -0.5, 0), (0.2, -0.3, 1.5, 1.0, 0)),  # another is better on B
        (1, (0.9, 0.5, -0.6), (-0.8, 0.6, -0.7)),  # changes its sign
        (2, (0.1, 0.2, -0.5, 0.3, 0.1), (0.9, 0.2, 0.0, -0.3, 0.1)),  # comes to nothing
        (3, (0.7,), (-0.2,)),
    ):
        rng = np.random.default_rng(seed)
        given = []
        for strengths, T in ((on_a, 60), (on_b, 45)):
            feature = rng.integers(4, size=T).astype(float)
            noise = rng.standard_normal((T, len(strengths))) * 0.4
            cells = feature[:, None] * strengths + noise + rng.standard_normal()
            cells[:, np.abs(on_a).argmax()] *= 0.1  # that it is small must not matter
            given += [cells, feature]
        want = choose_and_confirm(*given)
        case = f"{len(on_a)} cells, case {seed + 1}"
        same(case, call(f, *given), want, parts=("the cell", "r on A", "r on B"))
