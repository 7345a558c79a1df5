"""Texts with known nesting: five small grammars that write as much as you ask for.

Whatever opens in these texts also closes, by a rule that is known exactly. So you can count how
often a model closes what it opened, and at which distance, and look for the cell that remembers.
This file wrote brackets, quotes, environments, tags and tunes in datasets/, for lessons 11 and 12.

    >>> generate("brackets", length=20, seed=4)
    '[[me de sakoru bonidi {musili (ne) tale}]]\\n'
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

# Only `Random.random` is called: Python promises that its numbers stay the same from version to
# version for the same seed, and promises it for no other method (choice and shuffle have changed).


def among(dice: Random, low: int, high: int) -> int:
    """A whole number from low to high, both included, all equally likely."""
    return low + int(dice.random() * (high - low + 1))


def pick(dice: Random, items: Sequence[T]) -> T:
    """One of `items`, all equally likely."""
    return items[int(dice.random() * len(items))]


def words(dice: Random, low: int, high: int) -> str:
    """From `low` to `high` words of one to three syllables, in no language: `ta lomi sarebo`."""
    return " ".join(
        "".join(pick(dice, "bdfklmnrst") + pick(dice, "aeiou") for _ in range(among(dice, 1, 3)))
        for _ in range(among(dice, low, high))
    )


def brackets(dice: Random, depth: int = 0) -> str:
    """One line of words in three kinds of brackets, at most 8 deep: `ta (lomi [su {fe}]) bora`."""
    parts = []
    for _ in range(among(dice, 1, 3)):
        if depth < 8 and dice.random() < 0.5:
            left, right = pick(dice, ("()", "[]", "{}"))
            parts.append(left + brackets(dice, depth + 1) + right)
        else:
            parts.append(words(dice, 1, 2))
    return " ".join(parts) + ("" if depth else "\n")


def quotes(dice: Random) -> str:
    """One line that is alternately outside and inside quotes, of three kinds: `ta "lo'mi su" fe.`

    Only the mark that opened a quote closes it; within, the other two are ordinary characters, as
    in the strings of a program. So it takes remembering not only that a quote is open, but which.
    """
    line = words(dice, 1, 3)
    for _ in range(among(dice, 1, 3)):
        mark = pick(dice, "\"'`")
        inside = words(dice, 1, pick(dice, (3, 6, 12)))
        while dice.random() < 0.3:
            inside += pick(dice, "\"'`".replace(mark, "")) + words(dice, 1, 4)
        line += f" {mark}{inside}{mark} {words(dice, 1, 4)}"
    return line + ".\n"


def formula(dice: Random, depth: int = 0) -> str:
    """A formula in the manner of LaTeX, at most 3 braces deep: `x_{a + b}` or `\\frac{a}{n}`."""
    letter = pick(dice, "abkmnxyz")
    shape = pick(dice, ("letter", "index", "power", "fraction", "sum")) if depth < 3 else "letter"
    if shape == "letter":
        return letter
    inner = formula(dice, depth + 1)
    if shape == "index":
        return f"{letter}_{{{inner}}}"
    if shape == "power":
        return f"{letter}^{{{inner}}}"
    if shape == "fraction":
        return f"\\frac{{{inner}}}{{{formula(dice, depth + 1)}}}"
    return f"{inner} + {formula(dice, depth + 1)}"


def environments(dice: Random, depth: int = 0) -> str:
    """One environment in the manner of LaTeX and all that is in it, at most 4 deep, indented:

    \\begin{lemma}
      Lomi $x_{a + b}$ ta.
    \\end{lemma}
    """
    margin = "  " * depth
    kind = pick(dice, ("prose", "prose", "list", "formula")) if depth else "prose"
    if kind == "formula":
        name = pick(dice, ("equation", "align"))
        body = f"{margin}  {formula(dice)}\n"
    else:
        name = pick(
            dice, ("itemize", "enumerate") if kind == "list" else ("theorem", "lemma", "proof")
        )
        body = ""
        for _ in range(among(dice, 1, 3)):
            item = "\\item " if kind == "list" else ""
            body += f"{margin}  {item}{words(dice, 1, 3)} ${formula(dice)}$ {words(dice, 1, 3)}.\n"
            if depth < 3 and dice.random() < 0.5:
                body += environments(dice, depth + 1)
    return f"{margin}\\begin{{{name}}}\n{body}{margin}\\end{{{name}}}\n" + ("" if depth else "\n")


def tags(dice: Random, depth: int = 0) -> str:
    """One element in the manner of XML and all that is in it, at most 6 deep, indented:

    <page id="7">
      <title>lomi <b>ta</b></title>
    </page>
    """
    margin = "  " * depth
    if depth == 4 or (depth and dice.random() < 0.5):
        name = pick(dice, ("title", "item", "note", "date"))
        text = words(dice, 1, 5)
        if dice.random() < 0.4:
            inline = pick(dice, "abi")
            text += f" <{inline}>{words(dice, 1, 3)}</{inline}>"
        return f"{margin}<{name}>{text}</{name}>\n"
    name = pick(dice, ("section", "list", "table", "row")) if depth else "page"
    number = f' id="{among(dice, 1, 99)}"' if dice.random() < 0.5 else ""
    body = "".join(tags(dice, depth + 1) for _ in range(among(dice, 1, 4)))
    return f"{margin}<{name}{number}>\n{body}{margin}</{name}>\n" + ("" if depth else "\n")


RHYTHMS = {  # metre: the lengths of the notes of a bar, in eighths, beat by beat
    "4/4": ("22 22", "1111 22", "22 1111", "31 22", "31 31", "1111 1111", "4 22", "211 22"),
    "3/4": ("2 2 2", "4 2", "2 11 2", "2 2 11", "11 11 11", "11 2 2"),
    "6/8": ("3 3", "21 21", "111 21", "21 111", "111 111", "21 3"),
}
SCALE = "CDEFGABcdefgab"  # two octaves of steps; the key says which of them are sharp or flat
# key: the place in SCALE of the note it starts from
TONIC = {"C": 0, "D": 1, "Em": 2, "F": 3, "G": 4, "Am": 5}


def bar(dice: Random, rhythm: str, place: int) -> str:
    """The notes of one bar, walking mainly by single steps from `place` in SCALE: `d2 ef g2`."""
    text = ""
    for length in rhythm:
        if length == " ":
            text += " "
            continue
        place += pick(dice, (-2, -1, -1, -1, 1, 1, 1, 2, 3, -3))
        place = abs(place) if place < len(SCALE) else 2 * len(SCALE) - 2 - place  # turn at the ends
        text += SCALE[place] + ("" if length == "1" else length)
    return text


def tunes(dice: Random) -> str:
    """One dance tune in ABC notation: a heading, and two parts of eight bars, each played twice.

    The bars of a part are a b a c, a b d e: some come back note for note. Each holds exactly what
    its metre says, and e, the last of each part, is one long note: the first of the scale.
    """
    metre, key = pick(dice, tuple(RHYTHMS)), pick(dice, tuple(TONIC))
    title = words(dice, 1, 2).title()
    text = f"X:{among(dice, 1, 999)}\nT:{title}\nM:{metre}\nL:1/8\nK:{key}\n"
    for place in (TONIC[key], TONIC[key] + 4):  # the second part starts higher
        a, b, c, d = (bar(dice, pick(dice, RHYTHMS[metre]), place) for _ in "abcd")
        end = SCALE[TONIC[key]] + {"4/4": "8", "3/4": "6", "6/8": "6"}[metre]
        text += f"|: {a} | {b} | {a} | {c} |\n{a} | {b} | {d} | {end} :|\n"
    return text + "\n"


GRAMMARS = {
    "brackets": brackets,
    "quotes": quotes,
    "environments": environments,
    "tags": tags,
    "tunes": tunes,
}


def generate(name: str, length: int = 40_000, seed: int = 0) -> str:
    """Return whole pieces (lines, environments, pages, tunes) of one grammar, one after another.

    It stops with the piece that brings the text to `length` characters or more, so nothing is left
    open at the end. The same name, length and seed give the same text on every machine.

    Raises ValueError for a name that no grammar has.
    """
    if name not in GRAMMARS:
        raise ValueError(f"no grammar is called {name!r}; there are {', '.join(GRAMMARS)}.")
    dice, pieces, total = Random(seed), [], 0
    while total < length:
        pieces.append(GRAMMARS[name](dice))
        total += len(pieces[-1])
    return "".join(pieces)
