"""Exercise 10.3: `break_even(launches, overhead, card, processor)`, in operations."""

from minichar.course.checking import Wrong, call, exercise, same


def break_even(launches, overhead, card, processor):
    if card <= processor:
        return float("inf")
    return launches * overhead / (1 / processor - 1 / card)


@exercise(
    "10.3",
    "where the card begins to win",
    answer=break_even,
    hints=[
        (
            "How do I begin?",
            "With both times for N operations: `launches * overhead + N / card`, and `N / processor`. "
            "At break-even they are equal.",
        ),
        (
            "How do I get N out?",
            "N / processor - N / card = launches * overhead; N stands in both terms on the left.",
        ),
        (
            "When does it never win?",
            "When its rate is no higher than the processor's: return `float('inf')`.",
        ),
    ],
    wrong={
        "N / card left out": lambda n, s, card, processor: (
            float("inf") if card <= processor else n * s * processor
        ),
        "multiplied by the difference of the rates": lambda n, s, card, processor: (
            float("inf") if card <= processor else n * s * (card - processor)
        ),
        "divided by the difference of the rates": lambda n, s, card, processor: (
            float("inf") if card <= processor else n * s / (card - processor)
        ),
        "the sign turned round": lambda n, s, card, processor: -break_even(n, s, card, processor),
        "one launch only": lambda n, s, card, processor: break_even(1, s, card, processor),
        "below 0 for a slow card": lambda n, s, card, processor: (
            n * s / (1 / processor - 1 / card) if card != processor else float("inf")
        ),
        "0 for a slow card": lambda n, s, card, processor: (
            0.0 if card <= processor else break_even(n, s, card, processor)
        ),
        "crashes on equal rates": lambda n, s, card, processor: (
            float("inf") if card < processor else n * s / (1 / processor - 1 / card)
        ),
        "the time, not the operations": lambda n, s, card, processor: (
            break_even(n, s, card, processor) / card
        ),
        "card and processor exchanged": lambda n, s, card, processor: break_even(
            n, s, processor, card
        ),
    },
)
def _(f):
    for case in (
        (10, 1.0, 6.0, 2.0),
        (600, 5e-6, 1e13, 1e11),
        (7, 2e-6, 3e12, 2e12),
        (600, 5e-6, 1e11, 1e13),
        (10, 1e-6, 1e11, 1e11),
    ):
        name = "break_even({:g}, {:g}, {:g}, {:g})".format(*case)
        found, wanted = call(f, *case), break_even(*case)
        if wanted == float("inf"):
            if found != wanted:
                raise Wrong(f"{name} is {found!r}, expected inf: such a card never wins")
        else:
            same(name, found, wanted)
