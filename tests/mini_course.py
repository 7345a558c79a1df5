"""A course of two quick exercises in a folder of its own, for the tests of the machinery.

Its lesson registers the exercises 90.1 and 90.2 in its first cell, so a kernel needs nothing else.
"""

from contextlib import contextmanager
from pathlib import Path

import nbformat

from minichar.course import checking, lessons
from minichar.course.files import write

SETUP = """\
import numpy as np
from minichar.course import check, hint, reference
from minichar.course.checking import call, exercise, same

def softmax_(z):
    e = np.exp(z - z.max())
    return e / e.sum()

def gradient_(z, target):
    return softmax_(z) - (np.arange(len(z)) == target)

@exercise("90.1", "softmax", answer=softmax_,
          hints=[("What is `max` for?", "exp(1000) overflows."), ("Then?", "Divide, z < 0 too.")],
          wrong={"sum": lambda z: np.exp(z), "scale": lambda z: z, "zero": lambda z: z * 0})
def _(f):
    for z in ([1.0, 2.2, -3.0, 4.1], [0.5, 0.25], [1000.0, 999.0]):
        same(f"softmax({z})", call(f, np.array(z)), softmax_(np.array(z)))

@exercise("90.2", "gradient", answer=gradient_, hints=[("Which sign?", "p minus one.")],
          wrong={"sign": lambda z, t: -z, "z": lambda z, t: z, "p": lambda z, t: softmax_(z)})
def _(f):
    for z, target in (([1.0, 2.2, -3.0, 4.1], 1), ([0.5, 0.25], 0)):
        same("the gradient", call(f, np.array(z), target), gradient_(np.array(z), target))
"""
FIRST = """\
def softmax(z):
    # <answer>
    e = np.exp(z - z.max())

    return e / e.sum()  # one at the end
    # </answer>
"""
SECOND = """\
def gradient(z, target):
    # <answer: p = ...>
    p = softmax(z)
    # nothing but the target changes
    p[target] -= 1
    # </answer>
    return p
"""


def solution():
    """The mini lesson, complete."""
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [
        text("# A lesson", id="title", attachments={"a.txt": {"text/plain": "a picture"}}),
        code(SETUP, id="setup"),
        text("## Exercise 90.1", id="ask-1", metadata={"tags": ["exercise:90.1"]}),
        code(FIRST.strip(), id="answer-1"),
        code('softmax = check("90.1", softmax)', id="check-90-1"),
        code("print(round(1 / 3, 4))", id="claim", metadata={"tags": ["claim"]}),
        code("softmax(np.array([1.0, 2.0]))", id="only", metadata={"tags": ["answer-only"]}),
        text("## Exercise 90.2", id="ask-2", metadata={"tags": ["exercise:90.2"]}),
        code(SECOND.strip(), id="answer-2"),
        code('gradient = check("90.2", gradient)', id="check-90-2"),
    ]
    return lessons.clean(nbformat.v4.new_notebook(cells=cells))


@contextmanager
def known():
    """90.1 and 90.2 registered in this process, as the lesson's first cell does in a kernel."""
    before = {n: ex for n, ex in checking._registered.items() if n.startswith("90.")}
    exec(SETUP, {"__name__": "mini"})
    try:
        yield
    finally:  # the course's own exercises stay: they are imported only once
        for number in [n for n in checking._registered if n.startswith("90.")]:
            del checking._registered[number]
            checking._lent.discard(number)
        checking._registered.update(before)


def shipped():
    """The mini lesson with its holes."""
    with known():
        return lessons.derive(solution())


def make(folder: Path, names: tuple[str, ...] = ("90_mini",)) -> Path:
    """A course folder with that lesson under each of the names."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "solutions").mkdir()
    whole, holes = lessons.written(solution()), lessons.written(shipped())
    for name in names:
        write(folder / "solutions" / f"{name}.ipynb", whole)
        write(folder / "notebooks" / f"{name}.ipynb", holes)
    return folder
