"""Run a learner's function on copies: what it returns, and whether it touched its inputs.

Every exercise from lesson 00 on hands its inputs over with `call`. An exception of the learner's
function becomes one sentence with the line it came from, and a `...` that is left over NotDone.

    >>> call(lambda x: x + 1, 1.0)
    2.0
    >>> call_on(lambda rows: rows.append(3), [1, 2])
    (None, ([1, 2, 3],))
"""

import copy
import inspect
import re
import signal
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from minichar.course.comparing import ExerciseError, NotDone, Wrong


class Watch:
    """Notices whether certain functions run while a learner's function is called.

    It compares code objects by identity: two functions typed the same have equal code.
    """

    def __init__(self, codes: Collection[CodeType] = ()):
        self.codes = {id(code): code for code in codes}
        self.seen = False

    def __call__(self, frame, event, _):
        if id(frame.f_code) in self.codes:
            self.seen = True


class Endless(BaseException):
    """Raised within a function that takes too long; not an Exception, which it might catch."""


LONG = 20  # seconds of computing; right answers take less than a tenth of one
watch = Watch()  # of the check that is running; `checking.check` puts its own here


def call(f: Callable, *args: Any, changes: Collection[int | str] = (), **named: Any) -> Any:
    """What `f` returns for copies of the arguments.

    Arrays, lists, tuples, dicts, sets and random generators are copied; other objects are passed on
    as they are. Raises Wrong when `f` raises, or alters an argument that `changes` (positions or
    names) does not list, and NotDone when it changes nothing and returns None or `...`.
    """
    return _run(f, args, named, changes)[0]


def call_on(f: Callable, *args: Any, **named: Any) -> tuple[Any, tuple]:
    """`(result, arguments afterwards)` of a function that is meant to change its arguments."""
    return _run(f, args, named, [*range(len(args)), *named])


@contextmanager
def for_case(case: str) -> Iterator[None]:
    """Inside, every Wrong says for which case it is: "for 0.5 and 0 it stopped …"."""
    try:
        yield
    except Wrong as error:
        error.args = (f"for {case} {error}",)
        raise


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Raise Endless inside, in whatever is still computing after so many seconds.

    On Windows, in the browser and in any thread but the first there is no timer for that: there
    nothing is ended.
    """
    first = threading.current_thread() is threading.main_thread()
    if not first or sys.platform in ("win32", "emscripten"):
        yield
        return

    def end(*_):
        raise Endless

    before = signal.signal(signal.SIGVTALRM, end)  # it counts the process's own time
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _run(f, args, named, changes):
    """What `f` returns, and the copies that it was given; Wrong and NotDone as in `call`."""
    handed, handed_named = [_copied(a) for a in args], {k: _copied(v) for k, v in named.items()}
    profile = sys.getprofile()
    if not callable(profile):  # that of %prun before Python 3.12, which cannot be put back
        profile = None
    try:
        sys.setprofile(watch if watch.codes else profile)
        try:
            with ended_after(LONG):
                result = f(*handed, **handed_named)
        finally:
            sys.setprofile(profile)
    except Endless:
        what = f"it was still at work after {LONG} seconds of computing"
        raise Wrong(f"{what}: look for a loop that never ends") from None
    except (Exception, SystemExit) as error:
        raise _crash(f, error) from None
    if _holds_itself(result):  # numpy would look for its shape without end
        raise Wrong("it returns a list that contains itself: look at what you append")
    pairs = [(_parameter(f, i), i, a, b) for i, (a, b) in enumerate(zip(args, handed, strict=True))]
    pairs += [(name, name, named[name], handed_named[name]) for name in named]
    altered = [(name, key, a) for name, key, a, b in pairs if _altered(a, b)]
    if result is ... and not altered:
        raise NotDone("it returns `...`")
    if result is None and not altered:
        does = "changes and returns" if changes else "returns"
        raise NotDone(f"it {does} nothing{_for_which(f, args)}")
    for name, key, given in altered:
        if name not in changes and key not in changes:
            raise Wrong(
                f"it changed its input `{name}` in place: {_instead(name, given)}, "
                f"and beware of `{name} += ...` and `{name}[...] = ...`"
            )
    return result, tuple(handed)


def _instead(name: str, given) -> str:
    """What to do in place of changing an input, by what was given."""
    rows = given if isinstance(given, (list, tuple)) else [given]
    held = [v for row in rows if isinstance(row, dict) for v in row.values()]
    if any(isinstance(v, np.ndarray) for v in held):  # a copy still holds the same arrays
        return "make new arrays, in a new dictionary where one is to be returned"
    if held:
        return "look a key up with `.get(...)`, which leaves the dictionary as it is"
    return f"work on a copy (`{name}.copy()`)"


def _copied(value):
    containers = (np.ndarray, list, tuple, dict, set, np.random.Generator)
    return copy.deepcopy(value) if isinstance(value, containers) else value


def _holds_itself(value, within=()) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    inside = (*within, value)
    return any(value is v for v in within) or any(_holds_itself(v, inside) for v in value)


def _for_which(f, args) -> str:
    """` for text = 'ab', k = 2`: of what was given, what is short enough to show."""
    plain = [(i, a) for i, a in enumerate(args) if isinstance(a, (str, int, float))]
    said = ", ".join(f"{_parameter(f, i)} = {a!r}" for i, a in plain)
    return f" for {said}" if said and len(said) < 100 and not has_hole(f) else ""


def _altered(before, after) -> bool:
    """Whether `after` differs from `before`; a random generator is there to be used up."""
    if type(before) is not type(after):
        return True
    if isinstance(before, np.ndarray):
        alike = before.shape == after.shape and before.dtype == after.dtype
        return not alike or before.tobytes() != after.tobytes()
    if isinstance(before, (list, tuple)):
        pairs = zip(before, after, strict=False)
        return len(before) != len(after) or any(_altered(a, b) for a, b in pairs)
    if isinstance(before, dict):
        if list(before) != list(after):
            return True
        return any(_altered(before[k], after[k]) for k in before)
    if isinstance(before, set):  # equal ones may list their members in another order
        return before != after
    plain = isinstance(before, (int, float, str, bytes))
    return plain and repr(before) != repr(after)  # repr, because nan != nan


def _parameter(f, position: int) -> str:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return named[position] if position < len(named) else f"argument {position + 1}"


def _crash(f, error: BaseException) -> ExerciseError:
    """The exception of a learner's function as a sentence: its type, message and line."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    numpys = r"ellipsis \(\W+\)|'\.\.\.' ellipsis"  # so it speaks of an index, or of einsum's text
    about = re.sub(numpys, "", text.lower())
    if "ellipsis" in about or has_hole(f):
        return NotDone("there is still a `...` to replace")
    libraries = map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))
    ours = (str(Path(__file__).parents[1]), *libraries, "<frozen")
    steps = traceback.extract_tb(error.__traceback__)
    # A compiled part of numpy names a file that is not there, and so has no line.
    theirs = [s for s in steps if s.line and not s.filename.startswith(ours)]
    where = f" (line {theirs[-1].lineno}: `{theirs[-1].line}`)" if theirs else ""
    wrong = Wrong(f"it stopped with {' '.join(text.split())[:200]}{where}")
    wrong.crashed = True
    return wrong


def has_hole(f: Any) -> bool:
    """Whether the source of `f` still has a line `...  # your code here` in it."""
    try:
        return bool(re.search(r"\.\.\.\s*# your code here", inspect.getsource(f)))
    except (OSError, TypeError):
        return False
