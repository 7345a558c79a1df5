"""Exercise 3.6: `share_new(written, known)`, the share of written names that are not known."""

from minichar.course.checking import call, exercise, same


def share_new(written, known):
    return sum(name not in set(known) for name in written) / len(written)


@exercise(
    "3.6",
    "how many are new",
    answer=share_new,
    hints=[
        ("The share of what?", "Of all names that were written, each counted as often as it came."),
        ("It is slow?", "Looking a name up in a list walks through it; make a set of known first."),
    ],
    wrong={
        "the share that is known": lambda written, known: 1 - share_new(written, known),
        "how many, not what share": lambda written, known: sum(
            name not in known for name in written
        ),
        "each name once": lambda written, known: len(set(written) - set(known)) / len(set(written)),
        "divided by the known": lambda written, known: (
            sum(n not in known for n in written) / len(known)
        ),
        "pieces of names": lambda written, known: (
            sum(n not in " ".join(known) for n in written) / len(written)
        ),
        "a known name as its beginning": lambda written, known: (
            sum(not n.startswith(tuple(known)) for n in written) / len(written)
        ),
        "a known name within it": lambda written, known: (
            sum(not any(k in n for k in known) for n in written) / len(written)
        ),
    },
)
def _(f):
    known = ["anna", "emma", "mary", "annabel"]
    for written in (
        ["anna", "bob", "bob", "kim"],
        ["ann", "mar", "emma"],
        ["mary"],
        ["x", "x"],
        ["joanna", "annabelle", "annabel"],
    ):
        same(f"share_new({written}, {known})", call(f, written, known), share_new(written, known))
