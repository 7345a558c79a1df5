"""Exercise 1.2: `loss_and_gradient(z, target)`, the loss in nats and its gradient."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_01.shared import SCORES
from minichar.rnn100 import softmax


def loss_and_gradient(z, target):
    p = softmax(z)
    dz = p.copy()
    dz[target] -= 1
    return -np.log(p[target]), dz


def _gradient_with(change):
    def wrong(z, target):
        loss, dz = loss_and_gradient(z, target)
        return change(loss, dz, softmax(z), target)

    return wrong


@exercise(
    "1.2",
    "the loss and its gradient",
    answer=loss_and_gradient,
    hints=[
        (
            "Which logarithm?",
            "The natural one, `np.log`, of the probability of the target, with a minus in front.",
        ),
        (
            "What does the gradient say?",
            "Every score is pushed down by its own p, the target's up by 1: p, minus 1 there.",
        ),
        (
            "Why did p change as well?",
            "`dz = p` names the same array twice; `dz = p.copy()` makes another.",
        ),
    ],
    wrong={
        "the sign of dz turned round": _gradient_with(lambda loss, dz, p, t: (loss, -dz)),
        "1 not subtracted at the target": _gradient_with(lambda loss, dz, p, t: (loss, p)),
        "1 subtracted everywhere": _gradient_with(lambda loss, dz, p, t: (loss, p - 1)),
        "only the target": _gradient_with(
            lambda loss, dz, p, t: (loss, np.where(np.arange(len(p)) == t, p - 1, 0))
        ),
        "the loss in bits": _gradient_with(lambda loss, dz, p, t: (loss / np.log(2), dz)),
        "the loss without its minus": _gradient_with(lambda loss, dz, p, t: (-loss, dz)),
        "the loss taken after the 1 was subtracted": _gradient_with(
            lambda loss, dz, p, t: (-np.log(dz[t]), dz)
        ),
        "the likeliest character taken for the target": lambda z, target: loss_and_gradient(
            z, int(z.argmax())
        ),
    },
)
def _(f):
    cases = [(SCORES, 1), (SCORES, 3)]
    rng = np.random.default_rng(1)
    cases += [(2 * rng.standard_normal(V), int(rng.integers(V))) for V in (2, 6, 27)]
    for z, target in cases:
        got = call(f, z, target)
        slopes = np.array(
            [(_loss(z + d, target) - _loss(z - d, target)) / 2e-6 for d in 1e-6 * np.eye(len(z))]
        )
        loss, _ = loss_and_gradient(z, target)
        same(
            f"loss_and_gradient of {len(z)} scores, target {target}",
            got,
            (loss, slopes),
            tol=1e-7,
            parts=("loss", "dz"),
        )


def _loss(z, target):
    return loss_and_gradient(z, target)[0]
