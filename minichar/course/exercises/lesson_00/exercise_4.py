"""Exercise 0.4: `slope(f, x, d)`, the slope of f at x from a step to either side."""

import numpy as np

from minichar.course.checking import call, exercise, same


def slope(f, x, d=1e-5):
    return (f(x + d) - f(x - d)) / (2 * d)


@exercise(
    "0.4",
    "a slope by two evaluations",
    answer=slope,
    hints=[
        ("What is a slope?", "How much f grows, divided by how far x moved: rise over run."),
        (
            "From where to where?",
            "From `x - d` to `x + d`. The rise is `f(x + d) - f(x - d)`; how long is the run? And is it in brackets?",
        ),
        (
            "Why not from x to x + d?",
            "It works, with an error that grows with d; a step to both sides cancels most of it.",
        ),
    ],
    wrong={
        "one side only": lambda f, x, d=1e-5: (f(x + d) - f(x)) / d,
        "the run is not 2 d": lambda f, x, d=1e-5: (f(x + d) - f(x - d)) / d,
        "no brackets round 2 * d": lambda f, x, d=1e-5: (f(x + d) - f(x - d)) / 2 * d,
        "the run over the rise": lambda f, x, d=1e-5: 2 * d / (f(x + d) - f(x - d)),
        "the sign turned round": lambda f, x, d=1e-5: (f(x - d) - f(x + d)) / (2 * d),
        "the d that is given is not used": lambda f, x, d=1e-5: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5,
        "the slope of x ** 2, whatever f is": lambda f, x, d=1e-5: 2.0 * x,
    },
)
def _(f):
    # With a step as large as 0.5 the formula itself is told apart from its neighbours.
    for name, g in (("x ** 2", lambda x: x**2), ("x ** 3", lambda x: x**3), ("exp(x)", np.exp)):
        for x, d in ((-1.0, 0.25), (3.0, 1e-5), (0.5, 0.5)):
            same(
                f"the slope of {name} at {x} with d = {d}",
                call(f, g, x, d),
                slope(g, x, d),
                tol=1e-6,
            )
    same("the slope of x ** 3 at 2 with d left out", call(f, lambda x: x**3, 2.0), 12.0, tol=1e-6)
