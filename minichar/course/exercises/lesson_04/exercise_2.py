"""Exercise 4.2: `greedy(model, prime, length)`, the text of which each character is likeliest."""

from minichar import sampling
from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_04.shared import network


def greedy(model, prime, length):
    z, state = sampling.read(model, prime)
    text = ""
    for _ in range(length):
        i = z.argmax()
        text += model.vocab.characters[i]
        z, state = model.step(i, state)
    return text


def _greedy(change):
    def wrong(model, prime, length):
        z, state = sampling.read(model, prime)
        text, first = "", state
        for _ in range(length):
            i = int(z.argmin() if change == "argmin" else z.argmax())
            text += model.vocab.characters[i]
            z, new = model.step(0 if change == "same" else i, first if change == "state" else state)
            state = new
        return text

    return wrong


@exercise(
    "4.2",
    "greedy",
    answer=greedy,
    also=(sampling.sample, sampling.stream),
    hints=[
        (
            "What does read give me?",
            "`z, state = sampling.read(model, prime)`: the scores after the prime, and the state.",
        ),
        (
            "And the next one?",
            "`i = z.argmax()` is the best; `model.step(i, state)` reads it and gives new z and state.",
        ),
        (
            "A number, and I need a letter?",
            "`model.vocab.characters[i]` is the character with number i.",
        ),
    ],
    wrong={
        "the state is not carried on": _greedy("state"),
        "always reads the first character": _greedy("same"),
        "the least likely": _greedy("argmin"),
        "stops at a line end": lambda model, prime, length: greedy(model, prime, length).partition(
            "\n"
        )[0],
        "begins one too late": lambda model, prime, length: greedy(model, prime, length + 1)[1:],
        "the characters of another model": lambda model, prime, length: "".join(
            "\nabc"[model.vocab.characters.index(c)] for c in greedy(model, prime, length)
        ),
        "with the prime": lambda model, prime, length: prime + greedy(model, prime, length),
        "one too many": lambda model, prime, length: greedy(model, prime, length + 1),
        "the first letter over and over": lambda model, prime, length: (
            greedy(model, prime, 1) * length
        ),
        "a list, not a text": lambda model, prime, length: [
            model.vocab.characters.index(c) for c in greedy(model, prime, length)
        ],
    },
)
def _(f):
    for seed in (4, *range(4), 5):  # 4 writes a line end later than at once
        model = network(seed)
        for prime, length in (("\n", 8), ("bcd", 5), ("d", 1)):
            same(
                f"greedy(network {seed}, {prime!r}, {length})",
                call(f, model, prime, length),
                greedy(model, prime, length),
            )
