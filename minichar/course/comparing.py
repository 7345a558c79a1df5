"""Say in the learner's terms how a result differs from what was wanted.

Every exercise from lesson 00 on uses it. Structure comes first, then shape, then finiteness, then
the worst element with its index; a learner's own `==` is never asked. What is not right is raised
as NotDone or Wrong, with one sentence that `check` completes.

    >>> same("the loss", 2.0, 2.0)
    >>> same("dz", [0.1, -0.9], [0.1, 0.9])  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    Wrong: dz at [1] is -0.9, expected 0.9
"""

import reprlib
from textwrap import wrap
from typing import Any

import numpy as np

WIDE = 80  # characters


class ExerciseError(Exception):
    """What `check` raises; a notebook shows its text and no traceback."""

    crashed = False  # True when the learner's own function raised

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows in place of a traceback, broken between words at WIDE.

        JupyterLab breaks a line that is too long for it anywhere, even in the middle of a number.
        """
        whole = {"break_long_words": False, "break_on_hyphens": False}
        lines = str(self).splitlines()
        return [part for line in lines for part in wrap(line, WIDE, **whole) or [line]]


class NotThere(ExerciseError, LookupError):
    """There is no such exercise, or no such hint."""


class NotDone(ExerciseError):
    """The answer still has a hole."""


class Wrong(ExerciseError):
    """The answer is complete, but not right."""


def same(
    name: str, got: Any, want: Any, tol: float = 1e-9, parts: tuple[str, ...] | None = None
) -> None:
    """Raise NotDone or Wrong unless `got` is what was wanted; `name` opens the sentence.

    `want` is a number, an array, a string, a bool, or tuples, lists and dicts of these. Where it is
    an array, a list will not do: the lesson's next cells calculate with it. Numbers may differ by
    `tol` times the largest magnitude in `want` (or 0.001, if that is larger). `parts` are the names
    of the values of a tuple, for the sentence.
    """
    if _unfinished(got):
        if parts and isinstance(got, (tuple, list)) and len(got) == len(parts):
            part, got = next(p for p in zip(parts, got, strict=True) if _unfinished(p[1]))
            name = f"{name}: {part}"
        raise NotDone(f"{name} is `...`" if got is ... else f"{name} has no value yet")
    if isinstance(want, str):
        _same_text(name, got, want)
    elif isinstance(want, dict):
        _same_dict(name, got, want, tol)
    elif isinstance(want, (tuple, list)) and not (  # for a list of numbers, an array will do
        isinstance(got, np.ndarray)
        and _numeric(want)
        and (not parts or got.shape == np.shape(want))
    ):
        _same_sequence(name, got, want, tol, parts)
    elif _numeric(want):
        _same_numbers(name, got, np.asarray(want, np.float64), tol)
        if isinstance(want, np.ndarray) and want.ndim and isinstance(got, (list, tuple)):
            raise Wrong(f"{name} is {_kind(got)}, expected an array: `np.array(...)` makes one")
    else:
        raise TypeError(f"same() cannot compare with {_kind(want)}")


def same_arrays(name: str, held: dict, given: dict) -> None:
    """Raise Wrong unless `held` has the very arrays of `given`, whatever is written in them now.

    What is written into a new array does not reach whoever else holds the given one.
    """
    for key, array in given.items():
        if held[key] is not array:
            into = (
                f"`{name}[name] += …` and `{name}[name][...] = …` write into the one that is there"
            )
            raise Wrong(f"it puts a new array into {name}; {into}")


def _unfinished(value) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype == object and any(_unfinished(v) for v in value.flat)
    if isinstance(value, (tuple, list)):
        return any(_unfinished(v) for v in value)
    if isinstance(value, dict):
        return any(_unfinished(v) for v in dict.values(value))
    return value is None or value is ...


def _numeric(value) -> bool:
    if isinstance(value, (tuple, list)):  # of one shape: other values are not an array's rows
        return all(map(_numeric, value)) and len({np.shape(v) for v in value}) == 1
    return isinstance(value, (bool, int, float, np.number, np.bool_)) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    )


def _kind(value) -> str:
    """What a value is, for a sentence: an array of shape (3,), a list of 4, the text 'abc'."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str):
        return f"the text {reprlib.repr(str(value))}"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.number)):
        return f"the number {value}"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _same_text(name, got, want):
    if not isinstance(got, str):
        raise Wrong(f"{name} is {_kind(got)}, expected the text {reprlib.repr(want)}")
    if str.__eq__(want, got) is not True:
        pairs = zip(str.__iter__(got), want, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(got), len(want)))
        start, cut = max(0, at - 10), slice(max(0, at - 10), at + 20)
        dots = "..." if start else ""
        where = "is" if len(got) == len(want) == 1 else f"differs from character {at} on:"
        raise Wrong(
            f"{name} {where} {dots}{str.__getitem__(got, cut)!r}, expected {dots}{want[cut]!r}"
        )


def _same_dict(name, got, want, tol):
    if not isinstance(got, dict):
        raise Wrong(f"{name} is {_kind(got)}, expected a dict")
    got = dict(got)
    plain = (str, bytes, int, float, tuple, np.generic)
    missing = [k for k in want if k not in got]
    extra = [k for k in got if not isinstance(k, plain) or k not in want]
    if missing:
        raise Wrong(f"{name} lacks the key {missing[0]!r}")
    if extra:
        key = extra[0].item() if isinstance(extra[0], np.generic) else extra[0]
        raise Wrong(f"{name} has an extra key: {reprlib.repr(key)}")
    for key in want:
        same(f"{name}[{key!r}]", got[key], want[key], tol)


def _same_sequence(name, got, want, tol, parts=None):
    if not isinstance(got, (tuple, list)):
        wanted = f"{len(want)} values" if isinstance(want, tuple) else f"a list of {len(want)}"
        wanted += f": {', '.join(parts)}" if parts else ""
        raise Wrong(f"{name} is {_kind(got)}, expected {wanted}")
    if len(got) != len(want):
        wanted = f"{len(want)}: {', '.join(parts)}" if parts else len(want)
        raise Wrong(f"{name} has {len(got)} value{'s' * (len(got) != 1)}, expected {wanted}")
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        same(f"{name}: {parts[i]}" if parts else f"{name}[{i}]", a, b, tol)


def _same_numbers(name, got, want, tol):
    if not np.isfinite(tol) or np.isnan(want).any():
        raise ValueError(f"{name}: the check itself is wrong (nan wanted, or no finite tolerance)")
    known = (bool, int, float, complex, list, tuple, np.number, np.bool_, np.ndarray)
    wanted = f"numbers of shape {want.shape}" if want.ndim else f"the number {want.item():.6g}"
    if not isinstance(got, known):
        raise Wrong(f"{name} is {_kind(got)}, expected {wanted}")
    try:
        array = np.asarray(got)
    except ValueError:
        if isinstance(got, tuple):  # several things were returned
            raise Wrong(f"{name} is {_kind(got)}, expected {wanted}") from None
        raise Wrong(f"{name} is a list whose rows have different lengths") from None
    if array.dtype.kind not in "biuf":
        held = "texts" if array.dtype.kind == "U" else f"values of type {array.dtype}"
        raise Wrong(f"{name} holds {held}, expected real numbers")
    if array.shape != want.shape:
        wanted = want.shape if want.ndim else "a single number"
        raise Wrong(f"{name} has shape {array.shape}, expected {wanted}")
    values = np.array(array, np.float64)
    bad = ~np.isfinite(values) & ~(values == want)
    if bad.any():
        where = np.unravel_index(int(bad.argmax()), bad.shape)
        raise Wrong(f"{name}{_at(where)} is {values[where]}, expected {want[where]:.6g}")
    finite = np.isfinite(want)
    off = np.where(finite, np.abs(values - np.where(finite, want, 0.0)), 0.0)
    off[~finite & ~(values == want)] = np.inf
    scale = max(1e-3, float(np.abs(want[finite]).max(initial=0.0)))
    if off.size and off.max() > tol * scale:
        where = np.unravel_index(int(off.argmax()), off.shape)
        digits = next(
            (d for d in (4, 6, 9, 12) if f"{values[where]:.{d}g}" != f"{want[where]:.{d}g}"), 17
        )
        note = ""
        if array.dtype in (np.float32, np.float16) and off.max() < 1e-2 * scale:
            note = f" (it is {array.dtype}: was something rounded to that on the way?)"
        pair = values[where], want[where]
        whole = all(v.is_integer() and abs(v) < 1e15 for v in pair)  # and then without an exponent
        given, wanted = (f"{v:.0f}" if whole else f"{v:.{digits}g}" for v in pair)
        raise Wrong(f"{name}{_at(where)} is {given}, expected {wanted}{note}")


def _at(index: tuple) -> str:
    return f" at [{', '.join(map(str, index))}]" if index else ""
