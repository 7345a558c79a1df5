"""Exercise 15.2: `combine(first, then)`, the one step that does the work of two."""

import numpy as np

from minichar.course.checking import Wrong, call, exercise, same
from minichar.scan import combine


@exercise(
    "15.2",
    "two steps in one",
    answer=combine,
    hints=[
        (
            "Where do I begin?",
            "Put the first step into the second: a2 * (a1 * h + b1) + b2. Multiply that out.",
        ),
        (
            "Which part is the new a, which the new b?",
            "The new a is the factor of h; the new b is all the rest.",
        ),
    ],
    wrong={
        "`first` and `then` exchanged": lambda first, then: combine(then, first),
        "b1 + b2 as the new b": lambda first, then: (first[0] * then[0], first[1] + then[1]),
        "a1 in place of a2 in the new b": lambda first, then: (
            first[0] * then[0],
            first[0] * first[1] + then[1],
        ),
        "a1 + a2 as the new a": lambda first, then: (
            first[0] + then[0],
            then[0] * first[1] + then[1],
        ),
        "b2 multiplied by a2, too": lambda first, then: (
            first[0] * then[0],
            then[0] * (first[1] + then[1]),
        ),
        "b2 left out": lambda first, then: (first[0] * then[0], then[0] * first[1]),
        "one array of the two": lambda first, then: np.array(combine(first, then)),
        "b before a": lambda first, then: combine(first, then)[::-1],
    },
)
def _(f):
    first, then = (2.0, 1.0), (3.0, 5.0)
    same("combine((2, 1), (3, 5))", call(f, first, then), combine(first, then))
    for shape in ((), (4,), (3, 2)):
        a1, b1, a2, b2 = np.random.default_rng(len(shape)).standard_normal((4, *shape))
        got = call(f, (a1, b1), (a2, b2))
        same(f"(a, b) of shape {shape}", got, combine((a1, b1), (a2, b2)), parts=("a", "b"))
        if isinstance(got, np.ndarray):
            raise Wrong("it returns one array, expected a pair: `return a, b`")
