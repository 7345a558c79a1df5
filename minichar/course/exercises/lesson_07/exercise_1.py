"""Exercise 7.1: `slopes(operation, a, b)`, the slopes of a result by each of its two inputs."""

from minichar.course.checking import call, exercise, for_case, same


def slopes(operation, a, b):
    if operation == "+":
        return 1.0, 1.0
    if operation == "-":
        return 1.0, -1.0
    if operation == "*":
        return b, a
    return 1 / b, -a / b**2


def _slopes(**change):
    names = {"plus": "+", "minus": "-", "times": "*", "over": "/"}
    changed = {names[name]: make for name, make in change.items()}

    def wrong(operation, a, b):
        return changed.get(operation, lambda a, b: slopes(operation, a, b))(a, b)

    return wrong


@exercise(
    "7.1",
    "local slopes",
    answer=slopes,
    hints=[
        (
            "Slope by which number?",
            "Hold one of the two fixed and move the other a little: first a, then b.",
        ),
        (
            "And in a * b?",
            "If a grows by a little, `a * b` grows by b times that. So the slope by a is b.",
        ),
        (
            "And by b in a / b?",
            "`a / b` is `a * b**-1`, and the slope of `b**-1` is `-1 * b**-2`.",
        ),
    ],
    wrong={
        "each factor's own value": _slopes(times=lambda a, b: (a, b)),
        "the product itself": _slopes(times=lambda a, b: (a * b, a * b)),
        "a sum passes on its numbers": _slopes(plus=lambda a, b: (a, b)),
        "no minus in a - b": _slopes(minus=lambda a, b: (1.0, 1.0)),
        "a minus for both in a - b": _slopes(minus=lambda a, b: (-1.0, -1.0)),
        "no minus in a / b": _slopes(over=lambda a, b: (1 / b, a / b**2)),
        "the a in a / b forgotten": _slopes(over=lambda a, b: (1 / b, -1 / b**2)),
        "the slope by b first": lambda operation, a, b: slopes(operation, a, b)[::-1],
        "crashes on * with 0": lambda operation, a, b: {
            "+": (1.0, 1.0),
            "-": (1.0, -1.0),
            "*": (a * b / a, a * b / b),
            "/": (1 / b, -a / b**2),
        }[operation],
    },
)
def _(f):
    for operation in "+-*/":
        for a, b in ((3.0, 5.0), (-2.0, 0.5), (0.75, -4.0)):
            got = call(f, operation, a, b)
            same(f'slopes("{operation}", {a}, {b})', got, slopes(operation, a, b))
    zeros = {("*", 2.0, 0.0): (0.0, 2.0), ("/", 0.0, 2.0): (0.5, 0.0), ("-", 0.0, 0.0): (1.0, -1.0)}
    for (operation, a, b), want in zeros.items():
        name = f'slopes("{operation}", {a}, {b})'
        with for_case(name):
            got = call(f, operation, a, b)
        same(name, got, want)
