"""Judge a learner's answer: `softmax = check("1.2", softmax)`, the cell after every exercise.

Used in every lesson from 00 on. A check runs the answer on inputs of its own and compares with what
the course itself computes, so nothing that is stored in a notebook takes part. An exercise is
registered with its answer, its hints and the wrong answers that its test has to reject:

    @exercise("1.2", "softmax", answer=softmax,
              hints=[("Why subtract the maximum?", "exp(1000) overflows ...")],
              wrong={"forgets to normalise": lambda z: np.exp(z), ...})
    def _(f):
        same("softmax(z)", call(f, z), softmax(z))
"""

import difflib
import functools
import inspect
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from minichar.course import calling, exercises
from minichar.course.calling import call, call_on, for_case
from minichar.course.comparing import ExerciseError, NotDone, NotThere, Wrong, same
from minichar.course.hints import Hint

__all__ = [
    "NotDone",
    "Wrong",
    "call",
    "call_on",
    "check",
    "exercise",
    "find",
    "for_case",
    "hint",
    "named",
    "reference",
    "registered",
    "same",
    "title",
    "verdicts",
]

verdicts: dict[str, str] = {}  # what `check` last said in this process: "right" or "borrowed"
_registered: dict[str, "Exercise"] = {}
_lent: set[str] = set()  # numbers whose answer `reference` has lent in this process
_NUMPY = {name: value for name, value in vars(np).items() if callable(value)}


@dataclass(frozen=True)
class Exercise:
    """One exercise: `test(f)` returns when `f` is right and raises NotDone or Wrong otherwise."""

    number: str
    title: str
    answer: Any
    hints: tuple[tuple[str, str], ...]  # (the confusion, what helps), one to three
    wrong: Mapping[str, Any]  # answers that the test has to reject
    also: tuple[Callable, ...]
    test: Callable[[Any], None]


def exercise(
    number: str,
    title: str,
    *,
    answer: Any,
    hints: Sequence[tuple[str, str]],
    wrong: Mapping[str, Any],
    also: Sequence[Callable] = (),
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register the decorated test as exercise `number` ("1.2": the second of lesson 01).

    `also` lists functions of the package that do the same: an answer that calls one of them, or
    `answer` itself, counts as borrowed. Raises ValueError when something is missing.
    """
    if not re.fullmatch(r"\d+\.\d+", number):
        raise ValueError(f'exercise number {number!r} is not of the form "1.2"')
    if not 1 <= len(hints) <= 3 or any(len(h) != 2 for h in hints):
        raise ValueError(f"exercise {number} needs one to three hints: (the confusion, what helps)")
    if len(wrong) < 3:
        raise ValueError(f"exercise {number} needs three or more wrong answers to reject")

    def register(test: Callable[[Any], None]) -> Callable[[Any], None]:
        lesson = number.split(".")[0]
        if not test.__module__.startswith(f"{exercises.__name__}.lesson_{lesson.zfill(2)}."):
            exercises.load(int(lesson))  # so that a notebook cannot come first with its own
        old = _registered.get(number)
        if old and old.test.__module__ != test.__module__:
            raise ValueError(f"exercise {number} is registered already, in {old.test.__module__}")
        texts = tuple((heading.strip(), inspect.cleandoc(text)) for heading, text in hints)
        _registered[number] = Exercise(number, title, answer, texts, dict(wrong), tuple(also), test)
        return test

    return register


def find(number: str) -> Exercise:
    """The exercise of that number; raises NotThere naming the nearest when there is none."""
    if not isinstance(number, str):
        raise NotThere(f'write the number of the exercise in quotes: "{number}"')
    if number not in _registered and re.fullmatch(r"\d+\.\d+", number):
        exercises.load(int(number.split(".")[0]))
    if number not in _registered:
        near = list(registered().values())
        if re.search(r"\d", number):
            near.sort(key=lambda ex: _distance(ex.number, number))
        else:  # a title, perhaps
            alike = difflib.get_close_matches(number, [ex.title for ex in near], 1)
            near = [ex for ex in near if ex.title in alike]
        nearest = "".join(f"; the nearest is {ex.number} ({ex.title})" for ex in near[:1])
        raise NotThere(f"there is no exercise {number}{nearest}")
    return _registered[number]


def _distance(number: str, wanted: str) -> tuple[int, ...]:
    """How far apart two numbers are: first by lesson, then within it."""
    a, b = ([int(n) for n in re.findall(r"\d+", text)] for text in (number, wanted))
    return tuple(abs(m - n) for m, n in zip(a, b, strict=False))


def title(number: str) -> str:
    """`softmax` for "1.2"; empty when it is not registered."""
    try:
        return find(number).title
    except NotThere:
        return ""


def named(number: str) -> str:
    """`Exercise 1.2 (softmax)`; without brackets when it is not registered."""
    known = title(number)
    return f"Exercise {number} ({known})" if known else f"Exercise {number}"


def registered() -> dict[str, Exercise]:
    """Every exercise of the course, in order."""
    exercises.load()
    return dict(sorted(_registered.items(), key=lambda item: [*map(int, item[0].split("."))]))


def check(number: str, answer: Any) -> Any:
    """Return `answer` if it is right; raise NotDone or Wrong, in two lines, if it is not.

    An answer that was lent by `reference`, or that calls the course's own, is returned too but
    counts as borrowed. Raises NotThere for an unknown number.
    """
    ex = find(number)
    verdicts.pop(number, None)
    head = f"Exercise {number} ({ex.title})"
    more = f'  (hint("{number}") shows more)' if len(ex.hints) > 1 else ""
    tail = f"\nHint: {' '.join(ex.hints[0][1].split())}{more}"
    unasked = f'\nHint: fold one out above, or hint("{number}"), when you want it.'
    try:
        borrowed = _judge(ex, answer)
    except NotDone as error:
        reason = f": {error}" if str(error) else ""
        raise NotDone(f"{head} is not finished yet{reason}.{unasked}") from None
    except Wrong as error:
        if calling.has_hole(answer):
            reason = f"there is still a `...` to replace ({error})"
            raise NotDone(f"{head} is not finished yet: {reason}.{unasked}") from None
        if mistakes := _known_mistakes(ex, str(error)):
            tail = f"\nHint: this looks like the mistake {' or '.join(mistakes)}.{more}"
        wrong = Wrong(f"{head} is not right yet: {error}.{tail}")
        wrong.crashed = error.crashed
        raise wrong from None
    verdicts[number] = "borrowed" if borrowed else "right"
    print(f"Exercise {number}: {verdicts[number]}.")
    return answer


def _judge(ex: Exercise, answer: Any) -> bool:
    """Whether a right answer is borrowed; raises NotDone or Wrong if it is not right."""
    if answer is None or answer is ...:
        raise NotDone
    if callable(ex.answer) and not callable(answer):
        raise Wrong("hand in the function itself, by its name and without calling it")
    for name, value in _NUMPY.items():  # the answer of the course calculates with them too
        if getattr(np, name, None) is not value:
            raise Wrong(f"`np.{name}` is no longer numpy's own: undo that and restart the kernel")
    outer, calling.watch = calling.watch, calling.Watch(_codes(ex.answer, *ex.also))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            ex.test(answer)
        return calling.watch.seen or ex.number in _lent or _is_ours(answer)
    except ExerciseError:
        raise
    except Exception as error:  # the test stumbled over what the answer returned
        if "ellipsis" in str(error).lower():
            raise NotDone("there is still a `...` to replace") from None
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise Wrong(f"its result could not be read ({text})") from None
    finally:
        calling.watch = outer


def _known_mistakes(ex: Exercise, message: str) -> list[str]:
    """The registered wrong answers that fail in just this way, to the last digit; at most two."""
    found = []
    for name, wrong in ex.wrong.items():
        try:
            _judge(ex, wrong)
        except ExerciseError as error:
            if str(error) == message:
                found.append(f"“{name}”")
    return found if len(found) <= 2 else []


def _plain(f: Any) -> Any:
    """The function inside partial objects, decorators and bound methods."""
    while isinstance(f, functools.partial):
        f = f.func
    return inspect.unwrap(getattr(f, "__func__", f))


def _codes(*functions: Any) -> list[CodeType]:
    found = []
    for f in map(_plain, functions):
        parts = vars(f).values() if inspect.isclass(f) else [f]
        found += [part.__code__ for part in parts if inspect.isfunction(part)]
    return found


def _is_ours(answer: Any) -> bool:
    modules = [getattr(f, "__module__", None) or "" for f in (answer, _plain(answer))]
    return any(module.split(".")[0] == "minichar" for module in modules)


def reference(number: str) -> Any:
    """Lend the answer of an exercise so that you can go on; it counts as borrowed, never as solved.

    Remembered until the kernel is restarted. Raises NotThere for an unknown number.
    """
    answer = find(number).answer
    _lent.add(number)
    return answer


def hint(number: str, layer: int | None = None) -> Hint:
    """The hints of an exercise, each folded under the confusion it is about.

    `layer` 1, 2 or 3 shows only that one. Raises NotThere for an unknown exercise
    and for a layer it does not have.
    """
    ex = find(number)
    return Hint(f"{number} ({ex.title})", ex.hints, layer)
