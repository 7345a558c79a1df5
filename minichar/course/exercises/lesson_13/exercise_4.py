"""Exercise 13.4: `write(writer, c, length)`, the loop that writes B texts at once."""

import numpy as np

from minichar.course.checking import call, exercise, same
from minichar.course.exercises.lesson_13.shared import expect_whole
from minichar.graph import Tensor
from minichar.modes import Writer


def _changed_writing(
    first=0,
    keep=lambda new, old: new,
    reads=lambda new, old: new,
    choose=lambda z: z.argmax(axis=2),
    summary=lambda c: c,
    out=np.array,
    steps=0,
):
    def wrong(writer, c, length):
        ids, state, written = np.full((1, len(c)), first), None, []
        for _ in range(length + steps):
            z, new = writer(summary(c), ids, state)
            chosen = choose(z.data)
            state, ids = keep(new, state), reads(chosen, ids)
            written.append(chosen[0])
        return out(written)

    return wrong


def _ended(written):
    """After its first line end a text holds nothing but line ends."""
    text = np.array(written)
    after = np.cumsum(text == 0, axis=0) - (text == 0) > 0
    return np.where(after, 0, text)


def _until_all_have_ended(written):
    text = np.array(written)
    ended = np.logical_or.accumulate(text == 0, axis=0).all(axis=1)
    return text[: ended.argmax() + 1] if ended.any() else text


def _with_the_start(written):
    return np.array([0 * written[0], *written[:-1]])


def _behind(writer, c, length):
    ids, state, written = np.zeros((1, len(c)), int), None, []
    before = ids
    for _ in range(length):
        z, state = writer(c, before, state)
        before, ids = ids, z.data.argmax(axis=2)
        written.append(ids[0])
    return np.array(written)


@exercise(
    "13.4",
    "writing",
    answer=Writer.write,
    hints=[
        (
            "What goes round the loop?",
            "Two things: the character just written, which is read next, and the state.",
        ),
        (
            "Which shapes?",
            "`writer` reads ids of shape (1, B) and gives scores (1, B, V). `z.data.argmax(axis=2)` "
            "is (1, B) again, ready to be read; its row 0 belongs to the text.",
        ),
        (
            "How do I begin?",
            "`ids = np.zeros((1, len(c)), int)`, `state = None` and an empty list.",
        ),
    ],
    wrong={
        "the state is thrown away": _changed_writing(keep=lambda new, old: None),
        "the first state is kept": _changed_writing(keep=lambda new, old: old or new),
        "it reads the line end every time": _changed_writing(reads=lambda new, old: old),
        "it begins with number 1, not 0": _changed_writing(first=1),
        "every text gets the characters of the first": _changed_writing(
            choose=lambda z: z.argmax(axis=2)[:, :1].repeat(z.shape[1], axis=1)
        ),
        "the least likely": _changed_writing(choose=lambda z: z.argmin(axis=2)),
        "c not used": _changed_writing(summary=lambda c: Tensor(0 * c.data)),
        "one c for all": _changed_writing(summary=lambda c: Tensor(0 * c.data + c.data[:1])),
        "one character too few": _changed_writing(steps=-1),
        "one character too many": _changed_writing(steps=1),
        "the first line end returned, too": _changed_writing(out=_with_the_start),
        "nothing but line ends after the first": _changed_writing(out=_ended),
        "it stops when all have ended": _changed_writing(out=_until_all_have_ended),
        "never a line end": _changed_writing(choose=lambda z: z[..., 1:].argmax(axis=2) + 1),
        "numbers with a point": _changed_writing(out=lambda written: np.array(written, float)),
        "texts in rows": _changed_writing(out=lambda written: np.array(written).T),
        "(1, B) at each step, not its row 0": _changed_writing(
            out=lambda written: np.array(written)[:, None]
        ),
        "what is read is one behind": _behind,
    },
)
def _(f):
    cases = ((3, 2, 9, 12, 110), (1, 3, 7, 10, 0), (4, 1, 9, 12, 82), (2, 2, 5, 1, 2))
    for B, K, V, length, seed in cases:  # with line ends (0) in the middle, and letters after them
        writer = Writer(K, V, 6, np.random.default_rng(seed), "float64")
        for name, w in writer.parameters.items():
            w.data *= 8 if name == "cell.Whh" else 6  # so that c, state and text all matter
        c = Tensor(np.random.default_rng(length).standard_normal((B, K)))
        got, want = call(f, writer, c, length), writer.write(c, length)
        name = f"the text of length {length}, for {B} rows of c,"
        same(name, got, want)
        expect_whole(name, got)
