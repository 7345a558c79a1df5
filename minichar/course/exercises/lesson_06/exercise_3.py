"""Exercise 6.3: `lstm_back(dh, dc, c_before, c, gates)`, from h and c back to gates and cell."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_06.exercise_1 import lstm_step
from minichar.course.exercises.lesson_06.shared import CASES, make_case


def lstm_back(dh, dc, c_before, c, gates):
    o, i, f, g = gates
    do = dh * np.tanh(c)
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    di, df, dg = dc * g, dc * c_before, dc * i
    return do, di, df, dg, dc * f


def _back(change):
    def wrong(dh, dc, c_before, c, gates):
        o, i, f, g = gates
        tc = np.tanh(c)
        total = dc + dh * o * (1 - tc**2)
        right = {
            "o": dh * tc,
            "i": total * g,
            "f": total * c_before,
            "g": total * i,
            "c": total * f,
        }
        right |= change(dh, dc, c_before, c, o, i, f, g, tc, total)
        return tuple(right[k] for k in "oifgc")

    return wrong


def _back_from(total):
    """With another gradient of the new cell, of which all but do is made."""

    def change(dh, dc, cb, c, o, i, f, g, tc, t):
        t = total(dh, dc, c, o)
        return {"i": t * g, "f": t * cb, "g": t * i, "c": t * f}

    return _back(change)


@exercise(
    "6.3",
    "back through the cell",
    answer=lstm_back,
    hints=[
        (
            "Why does dc come from two places?",
            "c is used twice: in h = o * tanh(c), and in the next step's cell, which hands dc back.",
        ),
        (
            "How much goes through h?",
            "dh * o * (1 - np.tanh(c)**2): the slope of tanh, times o. Add it to the dc given.",
        ),
        (
            "And i, f and g?",
            "In c = f * c_before + i * g each factor's gradient is dc times its partner.",
        ),
    ],
    wrong={
        "nothing from h into c": _back_from(lambda dh, dc, c, o: dc),
        "nothing from the next cell": _back_from(
            lambda dh, dc, c, o: dh * o * (1 - np.tanh(c) ** 2)
        ),
        "do from c, not tanh(c)": _back(lambda dh, dc, cb, c, o, i, f, g, tc, t: {"o": dh * c}),
        "df from the new cell": _back(lambda dh, dc, cb, c, o, i, f, g, tc, t: {"f": t * c}),
        "partners exchanged": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {"i": t * i, "g": t * g}
        ),
        "the forget gate left out for the cell before": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {"c": t}
        ),
        "for the cell before, only the dc that came along the line": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {"c": dc * f}
        ),
        "the gates' own slopes, which come in 6.4": _back(
            lambda dh, dc, cb, c, o, i, f, g, tc, t: {
                "o": dh * tc * o * (1 - o),
                "i": t * g * i * (1 - i),
                "f": t * cb * f * (1 - f),
                "g": t * i * (1 - g**2),
            }
        ),
        "no slope of tanh": _back_from(lambda dh, dc, c, o: dc + dh * o),
        "1 - c**2 for the slope of tanh": _back_from(lambda dh, dc, c, o: dc + dh * o * (1 - c**2)),
        "no o between h and c": _back_from(lambda dh, dc, c, o: dc + dh * (1 - np.tanh(c) ** 2)),
    },
)
def _(f):
    for case in CASES:
        W, x, h, c = make_case(*case)
        _, new, gates = lstm_step(W, x, h, c)
        dh, dc = np.random.default_rng(9).standard_normal((2, len(h)))
        args = (dh, dc, c, new, gates)
        parts = ("do", "di", "df", "dg", "dc for the cell before")
        same(f"the answer for H = {case[2]}", call(f, *args), lstm_back(*args), parts=parts)
