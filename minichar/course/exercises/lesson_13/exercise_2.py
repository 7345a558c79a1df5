"""Exercise 13.2: `shifted(texts)`, what the writer reads while it learns."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_13.shared import expect_whole
from minichar.modes import shifted


def _in_place(texts):
    texts[1:] = texts[:-1].copy()
    texts[0] = 0
    return texts


@exercise(
    "13.2",
    "what is read while learning",
    answer=shifted,
    hints=[
        (
            "What is read first?",
            "The line end, number 0, in every column. So the first row is zeros: "
            "`np.zeros((1, B), int)`, or `np.zeros_like(texts[:1])`.",
        ),
        (
            "And what is never read?",
            "The last row: nothing comes after it that could be guessed. `texts[:-1]` is all but it, "
            "and `np.concatenate([a, b])` sets one array below another.",
        ),
    ],
    wrong={
        "not shifted: it reads the answer": lambda texts: texts.copy(),
        "the first row twice": lambda texts: np.concatenate([texts[:1], texts[:-1]]),
        "shifted the wrong way": lambda texts: np.concatenate([texts[1:], 0 * texts[:1]]),
        "the last row comes round to the front": lambda texts: np.roll(texts, 1, axis=0),
        "rolled through all columns": lambda texts: np.roll(texts, 1),
        "shifted along the rows, not down the columns": lambda texts: np.concatenate(
            [0 * texts[:, :1], texts[:, :-1]], axis=1
        ),
        "one row too many": lambda texts: np.concatenate([0 * texts[:1], texts]),
        "the line end left out": lambda texts: texts[:-1],
        "the line end twice": lambda texts: np.concatenate([0 * texts[:2], texts[:-2]]),
        "numbers with a point": lambda texts: np.concatenate(
            [np.zeros((1, texts.shape[1])), texts[:-1]]
        ),
        "texts changed in place": _in_place,
    },
)
def _(f):
    for T, B in ((4, 3), (2, 1), (5, 5), (7, 2)):
        texts = np.random.default_rng(T).integers(1, 27, size=(T, B))
        if T == 7:
            texts[4:, 0] = 0  # a line end, and padding
        case = f"for texts of shape {texts.shape}"
        got = call(f, texts)
        same(f"the result {case}", got, shifted(texts))
        expect_whole(f"the result {case}", got)
