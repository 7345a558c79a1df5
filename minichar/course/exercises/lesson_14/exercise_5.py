"""Exercise 14.5: `step_time(n, compute, size, rate)`, the seconds of a step on n machines."""

from minichar.course.checking import call, exercise, same


def step_time(n, compute, size, rate):
    return compute / n + 2 * (n - 1) / n * size * 8 / rate


@exercise(
    "14.5",
    "the time of a step on n machines",
    answer=step_time,
    hints=[
        (
            "How many bytes does a machine send?",
            "The ring has 2(n - 1) rounds, and in each it sends one of n pieces: 2(n - 1) / n times "
            "the size of all gradients.",
        ),
        (
            "Why is it eight times too fast?",
            "The rate of a network is given in bits per second, a size in bytes. A byte has 8 bits.",
        ),
        (
            "What happens to the computing?",
            "The batch stays as it is and is shared out, so each machine computes for compute / n "
            "seconds; then it sends. The two times add up.",
        ),
    ],
    wrong={
        "bytes taken for bits": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) / n * size / rate
        ),
        "divided by 8 in place of multiplied": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) / n * size / 8 / rate
        ),
        "the whole computing on every machine": lambda n, compute, size, rate: (
            compute + 2 * (n - 1) / n * size * 8 / rate
        ),
        "the gradients only one way": lambda n, compute, size, rate: (
            compute / n + (n - 1) / n * size * 8 / rate
        ),
        "all of it in every round": lambda n, compute, size, rate: (
            compute / n + 2 * (n - 1) * size * 8 / rate
        ),
        "a size in numbers, of 4 bytes each": lambda n, compute, size, rate: step_time(
            n, compute, 4 * size, rate
        ),
        "everything through one machine": lambda n, compute, size, rate: (
            compute / n + 2 * n * size * 8 / rate
        ),
        "always twice the size, also for one machine": lambda n, compute, size, rate: (
            compute / n + 2 * size * 8 / rate
        ),
        "the sending alone": lambda n, compute, size, rate: step_time(n, 0, size, rate),
        "the longer of the two times": lambda n, compute, size, rate: max(
            compute / n, 2 * (n - 1) / n * size * 8 / rate
        ),
        "the sending is shared out once more": lambda n, compute, size, rate: (
            step_time(n, compute, size / n, rate) if n > 1 else compute
        ),
        "steps a second": lambda n, compute, size, rate: 1 / step_time(n, compute, size, rate),
    },
)
def _(f):
    for case in (
        (5, 1.0, 50e6, 1e9),  # not 4, which is also the bytes of a number
        (1, 0.4, 10e6, 1e9),
        (2, 0.4, 10e6, 1e9),
        (64, 1.0, 125e6, 1e10),
        (8, 0.0, 1e6, 1e9),
        (4, 0.2, 0.0, 1e9),
    ):
        n, compute, size, rate = case
        shown = f"step_time({n}, {compute:g}, {size:g}, {rate:g})"
        same(shown, call(f, *case), step_time(*case))
