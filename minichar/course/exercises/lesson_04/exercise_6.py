"""Exercise 4.6: `beam(model, prime, length, width)`, the likeliest text of the beginnings kept."""

from minichar import sampling, searching
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_04.exercise_2 import greedy
from minichar.course.exercises.lesson_04.shared import network
from minichar.rnn100 import softmax


def beam(model, prime, length, width):
    z, state = sampling.read(model, prime)
    beams = [(0.0, "", z, state)]
    for _ in range(length):
        options = []
        for total, text, z, state in beams:
            log_p = sampling.log_softmax(z)
            options += [(total + log_p[i], text, i, state) for i in range(len(z))]
        options.sort(key=lambda option: option[0], reverse=True)
        beams = []
        for total, text, i, state in options[:width]:
            z, new = model.step(i, state)
            beams.append((total, text + model.vocab.characters[i], z, new))
    return beams[0][1]


def _changed_beam(
    together=lambda total, log_p: total + log_p,
    once_each=False,
    last=0,
    of=sampling.log_softmax,
    reverse=True,
):
    def wrong(model, prime, length, width):
        z, state = sampling.read(model, prime)
        beams = [(0.0, "", z, state)]
        for _ in range(length):
            options = []
            for total, text, z, state in beams:
                log_p = of(z)
                best = [int(log_p.argmax())] if once_each and len(beams) == width else range(len(z))
                options += [(together(total, log_p[i]), text, i, state) for i in best]
            options.sort(key=lambda option: option[0], reverse=reverse)
            beams = [
                (total, text + model.vocab.characters[i], *model.step(i, state))
                for total, text, i, state in options[:width]
            ]
        return beams[last][1]

    return wrong


def _never_cut(model, prime, length, width):
    """Goes on with the `width` best characters of every beginning: ever more of them."""

    def likeliest(z, state, left):
        if not left:
            return 0.0, ""
        log_p, found = sampling.log_softmax(z), []
        for i in (-log_p).argsort()[:width]:
            total, text = likeliest(*model.step(i, state), left - 1)
            found.append((log_p[i] + total, model.vocab.characters[i] + text))
        return max(found)

    return likeliest(*sampling.read(model, prime), length)[1]


def _read_on_from_another(model, prime, length, width):
    """Overwrites a beginning's state while it goes through the characters."""
    beams = [(0.0, "", *sampling.read(model, prime))]
    for _ in range(length):
        options = []
        for total, text, z, state in beams:
            for i, log_p in enumerate(sampling.log_softmax(z)):
                z, state = model.step(i, state)
                options.append((total + log_p, text + model.vocab.characters[i], z, state))
        beams = sorted(options, key=lambda option: option[0], reverse=True)[:width]
    return beams[0][1]


@exercise(
    "4.6",
    "beam search",
    answer=beam,
    also=(searching.beam, searching.beam_search),
    hints=[
        (
            "What do I keep of each beginning?",
            "Four things: log p so far, the text, the scores for what comes next, and the state.",
        ),
        (
            "What are the candidates?",
            "Every beginning with every next character: width × V of them. Sort them by log p, keep the "
            "best `width`, and let the model read on for these alone.",
        ),
        (
            "Add or multiply?",
            "Probabilities multiply, so their logarithms add: `total + log_softmax(z)[i]`.",
        ),
    ],
    wrong={
        "greedy": lambda model, prime, length, width: greedy(model, prime, length),
        "only the last step counts": _changed_beam(together=lambda total, log_p: log_p),
        "the worst of the beam": _changed_beam(last=-1),
        "sorted upwards, so that the worst are kept": _changed_beam(reverse=False),
        "log p multiplied": _changed_beam(together=lambda total, log_p: (total or -1.0) * -log_p),
        "probabilities added": _changed_beam(of=softmax),
        "scores added, not log p": _changed_beam(of=lambda z: z),
        "each beginning continued in one way only": _changed_beam(once_each=True),
        "the best of every beginning kept, not the best of all": _never_cut,
        "the state of a beginning overwritten by that of its first continuation": (
            _read_on_from_another
        ),
        "all the beginnings kept, not `width` of them": lambda model, prime, length, width: beam(
            model, prime, length, len(model.vocab) ** length
        ),
        "one beginning too few kept": lambda model, prime, length, width: beam(
            model, prime, length, max(1, width - 1)
        ),
        "stops at a line end": lambda model, prime, length, width: beam(
            model, prime, length, width
        ).partition("\n")[0],
        "with the prime": lambda model, prime, length, width: (
            prime + beam(model, prime, length, width)
        ),
    },
)
def _(f):
    for seed in (*range(2, 12), 0, 1, 62):  # with 62 it would pay to keep more than width
        model = network(seed, size=0.9)
        for length, width in ((1, 1), (6, 1), (5, 2), (6, 3), (4, 8)):
            got = call(f, model, "\n", length, width)
            same(
                f"beam of width {width}, {length} characters, network {seed}",
                got,
                beam(model, "\n", length, width),
            )
