"""Exercise 4.1: `with_temperature(z, temperature)`, the probabilities at a temperature."""

import numpy as np

from minichar import sampling
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_04.shared import scores
from minichar.rnn100 import softmax


def with_temperature(z, temperature):
    return softmax(z / temperature)


def _power(p, temperature):
    return p / temperature / (p / temperature).sum()


@exercise(
    "4.1",
    "temperature",
    answer=with_temperature,
    also=(sampling.distribution,),
    hints=[
        (
            "Before or after the softmax?",
            "Before: the scores are divided, then softmax makes probabilities of them.",
        ),
        (
            "Inf or nan at a temperature of 0.001?",
            "`z / 0.001` is large. A softmax that subtracts the maximum copes.",
        ),
    ],
    wrong={
        "after the softmax": lambda z, temperature: _power(softmax(z), temperature),
        "multiplied by the temperature": lambda z, temperature: softmax(z * temperature),
        "the temperature not used": lambda z, temperature: softmax(z),
        "the sign of the scores turned round": lambda z, temperature: softmax(-z / temperature),
        "overflows": lambda z, temperature: np.exp(z / temperature) / np.exp(z / temperature).sum(),
        "not made to add up to 1": lambda z, temperature: softmax(z) ** (1 / temperature),
    },
)
def _(f):
    for seed, V in ((0, 4), (1, 27)):
        for temperature in (1.0, 0.5, 2.0, 10.0, 0.001):
            z = scores(seed, V)
            name = f"{V} scores at temperature {temperature}"
            same(name, call(f, z, temperature), with_temperature(z, temperature))
