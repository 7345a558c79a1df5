"""Exercise 11.1: `in_quotes(text)`, a 0 or a 1 for each character."""

import numpy as np

from minichar import features
from minichar.course.checking import Wrong, call, exercise, same


def in_quotes(text):
    values, inside = [], 0
    for c in text:
        if c == '"':
            inside = 1 - inside
        values.append(inside)
    return values


def _one_late(text):
    """A fact about the text before character t."""
    return [0, *in_quotes(text)[:-1]][: len(text)]


def _whole_string(text):
    """The closing quote counts as inside, too."""
    return [max(a, b) for a, b in zip(in_quotes(text), _one_late(text), strict=True)]


def _between_the_quotes(text):
    """Neither of the quotes counts as inside."""
    return [min(a, b) for a, b in zip(in_quotes(text), _one_late(text), strict=True)]


def _only_if_closed(text):
    """It looks ahead: a quote that is never closed opens nothing."""
    values, end = in_quotes(text), text.rfind('"')
    if text.count('"') % 2:
        values[end:] = [0] * (len(text) - end)
    return values


def _never_closes(text):
    values, inside = [], 0
    for c in text:
        inside = 1 if c == '"' else inside
        values.append(inside)
    return values


def _changes_only(text):
    """A number for each quotation mark in place of one for each character."""
    return [inside for c, inside in zip(text, in_quotes(text), strict=True) if c == '"']


def _until_line_end(text):
    """A line end closes as well."""
    return [value for line in text.splitlines(keepends=True) for value in in_quotes(line)]


def _both_marks(text):
    """An apostrophe opens and closes as well."""
    return in_quotes(text.replace("'", '"'))


def _escaped(text):
    """A mark after a backslash does not count."""
    return in_quotes(text.replace('\\"', "xx"))


def _letters_alone(text):
    """Blanks and signs are never inside."""
    return [
        value if c.isalnum() or c == '"' else 0
        for c, value in zip(text, in_quotes(text), strict=True)
    ]


def _counted(text):
    """How many quotation marks there were so far."""
    return np.cumsum([c == '"' for c in text]).tolist()


@exercise(
    "11.1",
    "inside quotes",
    answer=in_quotes,
    also=(features.inside_quotes,),
    hints=[
        (
            "What has to be remembered?",
            "One thing, from character to character: whether a string is open. A quotation mark "
            "turns that round: `inside = 1 - inside`.",
        ),
        (
            "Does the mark itself count?",
            "The number at place t is what is true once character t has been read. Once the opening "
            "mark has been read, we are inside; once the closing one has been read, we are not. So "
            "look at the character first, and append afterwards.",
        ),
        (
            "And if a string is never closed?",
            "Then it is open to the end. Whether it will be closed is not known at place t.",
        ),
    ],
    wrong={
        "one character late": _one_late,
        "the closing mark counts as inside": _whole_string,
        "the opening mark does not count": _between_the_quotes,
        "it looks ahead for the closing mark": _only_if_closed,
        "once inside, always inside": _never_closes,
        "the number of marks so far, not 0 or 1": _counted,
        "outside and inside exchanged": lambda text: [1 - value for value in in_quotes(text)],
        "the quotation marks alone": lambda text: [int(c == '"') for c in text],
        "one number for each mark": _changes_only,
        "a line end closes": _until_line_end,
        "an apostrophe is a quotation mark, too": _both_marks,
        "a mark after a backslash does not count": _escaped,
        "only letters are inside": _letters_alone,
    },
)
def _(f):
    for text in (
        'a "b" c',
        'say("one", "two")',
        '"',
        '""x"',
        'x = "a\nb" + c',
        "none",
        '"a" "b',
        r"""f("it's (1 + 2)", "\", "b", 'c')""",  # other marks, and a third string
    ):
        got = call(f, text)
        if isinstance(got, np.ndarray):
            got = got.tolist()
        if isinstance(got, (list, tuple)) and len(got) != len(text):
            raise Wrong(f"for {text!r} it gives {len(got)} numbers for {len(text)} characters")
        shown, wanted = (
            "".join(str(int(value)) if value in (0, 1) else "?" for value in values)
            for values in (_plain(got), in_quotes(text))
        )
        if len(shown) == len(text) and "?" not in shown and shown != wanted:
            raise Wrong(f"in_quotes({text!r}) is {shown}, expected {wanted}")
        same(f"in_quotes({text!r})", got, in_quotes(text))


def _plain(values):
    """The values, where they are numbers in a row."""
    plain = isinstance(values, (list, tuple)) and all(np.ndim(v) == 0 for v in values)
    return values if plain else ()
