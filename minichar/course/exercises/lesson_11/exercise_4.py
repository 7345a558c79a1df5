"""Exercise 11.4: `sensitivity(f, x, t, d)`, the length of the slopes of f by row t."""

import numpy as np

from minichar.course.checking import call, exercise, same


def sensitivity(f, x, t, d=1e-4):
    slopes = []
    for k in range(x.shape[1]):
        move = np.zeros_like(x)
        move[t, k] = d
        slopes.append((f(x + move) - f(x - move)) / (2 * d))
    return np.linalg.norm(slopes)


def _changed_slope(
    up=1, down=1, by=2, of=np.linalg.norm, row=lambda t: t, every=slice(None), power=1
):
    """f moved `up` and `down` by d, the difference divided by `by` times d."""

    def wrong(f, x, t, d=1e-4):
        slopes = []
        for k in range(x.shape[1])[every]:
            move = np.zeros_like(x)
            move[row(t), k] = d
            slopes.append((f(x + up * move) - f(x - down * move)) / (by * d**power))
        return of(slopes)

    return wrong


def _together(f, x, t, d=1e-4):
    """All numbers of the row are moved at once."""
    move = np.zeros_like(x)
    move[t] = d
    return abs(f(x + move) - f(x - move)) / (2 * d)


def _whole_array(f, x, t, d=1e-4):
    return np.linalg.norm([sensitivity(f, x, t, d) for t in range(len(x))])


def _in_place(f, x, t, d=1e-4):
    """Each number is moved in x itself, and stays moved."""
    slopes = []
    for k in range(x.shape[1]):
        before = f(x)
        x[t, k] += d
        slopes.append((f(x) - before) / d)
    return np.linalg.norm(slopes)


def _columns(f, x, t, d=1e-4):
    """Moves column t, where it should move row t."""
    return sensitivity(lambda x_t: f(x_t.T), x.T.copy(), min(t, x.shape[1] - 1), d)


@exercise(
    "11.4",
    "sensitivity by finite differences",
    answer=sensitivity,
    hints=[
        (
            "How do I move one number?",
            "In a copy: `moved = x.copy()`, then `moved[t, k] += d`. One copy for up, one for down, "
            "new ones for every k.",
        ),
        (
            "Divided by what?",
            "From d below to d above is a distance of 2 * d.",
        ),
    ],
    wrong={
        "divided by d, not by 2 d": _changed_slope(by=1),
        "divided by 2, then multiplied by d": _changed_slope(power=-1),
        "moved up only, not down": _changed_slope(down=0, by=1),
        "not divided": _changed_slope(power=0, by=1),
        "the sum of the slopes": _changed_slope(of=sum),
        "the sum of the slopes' sizes": _changed_slope(of=lambda s: np.abs(s).sum()),
        "the largest slope": _changed_slope(of=lambda s: np.abs(s).max()),
        "the root left out": _changed_slope(of=lambda s: np.square(s).sum()),
        "the root of the mean": _changed_slope(of=lambda s: np.sqrt(np.mean(np.square(s)))),
        "the slopes, not their length": _changed_slope(of=np.array),
        "the row before": _changed_slope(row=lambda t: t - 1),
        "always the last row": _changed_slope(row=lambda t: -1),
        "the whole row moved at once": _together,
        "all rows, not row t alone": _whole_array,
        "a column, not a row": _columns,
        "one number of the row is left out": _changed_slope(every=slice(1, None)),
        "x is changed in place": _in_place,
    },
)
def _(f):
    for seed, T, D, t in ((4, 3, 2, 1), (1, 4, 3, 0), (2, 2, 5, 1), (3, 1, 2, 0)):
        rng = np.random.default_rng(seed)
        x, A, B = (rng.standard_normal((T, D)) for _ in range(3))
        if seed == 3:
            x *= 100  # where a step that is too small would drown in rounding

        def curved(x, A=A, B=B):
            return float((A * x + B * x**2 + np.sin(x)).sum())

        want = np.linalg.norm((A + 2 * B * x + np.cos(x))[t])
        case = f"row {t} of {T}, with {D} numbers each"
        same(case, call(f, curved, x, t), want, tol=1e-6)
        same(f"{case}, d = 0.01", call(f, curved, x, t, 0.01), want, tol=1e-4)
    for d in (0.5, 0.25):  # so large that it shows whether d is used
        x = np.array([[0.3, -1.0]])
        want = sensitivity(lambda x: float((x**3).sum()), x, 0, d)
        same(f"a cubic, d = {d}", call(f, lambda x: float((x**3).sum()), x, 0, d), want)
