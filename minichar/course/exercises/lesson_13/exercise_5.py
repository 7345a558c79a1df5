"""Exercise 13.5: `seasonal(values, season)`, forecasts by the change of a season ago."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.series import drifting_season


def _season_in_place(values, season):
    values[season + 1 :] = drifting_season(values, season)
    return values[season + 1 :]


@exercise(
    "13.5",
    "last season's change, once more",
    answer=drifting_season,
    hints=[
        (
            "Which slice is `values[t - 1]`?",
            "t runs from season + 1 to the end, so t - 1 runs from season to the last but one: "
            "`values[season:-1]`. All three slices must be equally long.",
        ),
        (
            "How can I make sure?",
            "With `np.arange(20.0) ** 2` and a season of 4, the first forecast is for place 5: "
            "16 + 1 - 0 = 17. A loop over t is right as well.",
        ),
    ],
    wrong={
        "the change added to the value that is to be forecast": lambda values, season: (
            values[season + 1 :] + values[1:-season] - values[: -season - 1]
        ),
        "the change of this season, which is not known yet": lambda values, season: (
            values[season:-1] + values[season + 1 :] - values[season:-1]
        ),
        "the same as last": lambda values, season: values[season:-1],
        "the same as a season ago": lambda values, season: values[1:-season],
        "the change the wrong way round": lambda values, season: (
            values[season:-1] - values[1:-season] + values[: -season - 1]
        ),
        "the change one step too early": lambda values, season: (
            values[season:-1] + values[: -season - 1] - np.append(values[0], values[: -season - 2])
        ),
        "the change one step too late": lambda values, season: (
            values[season:-1] + np.append(np.diff(values)[1:], 0)[: -season or None]
        ),
        "a season ago, and the last change": lambda values, season: (
            values[1:-season] + values[season:-1] - values[season - 1 : -2]
        ),
        "a season of 12, whatever `season` is": lambda values, season: (
            values[12:-1] + values[1:-12] - values[:-13]
        ),
        "one forecast too many": lambda values, season: (
            values[season:] + np.append(values[1:-season], values[-season]) - values[:-season]
        ),
        "values changed in place": _season_in_place,
    },
)
def _(f):
    for n, season in ((20, 4), (30, 12), (9, 1), (40, 7)):
        values = np.random.default_rng(n).standard_normal(n) + np.arange(n) ** 2 / n
        got = call(f, values, season)
        want = drifting_season(values, season)
        same(f"the forecasts for {n} values and season = {season}", got, want)
