"""How a command talks: numbers read and shown, errors in words, a line overwritten, Ctrl-C heeded.

A terminal shows how far a training is in one line that changes; in a file every line stays.

    >>> duration(11_100), counted(1)
    ('3 h 5 min', '1 character')
    >>> visible("a\\x1b[2J")
    'a\\\\x1b[2J'
"""

import argparse
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from minichar.archive import spoken
from minichar.course.files import CourseError
from minichar.training import Diverged

MOST = 10**9  # more is a slip, and would be saved in a file that is then taken for a damaged one
COMMAND = re.compile(r"(?<!-m )(?<![\w./-])minichar(?= [a-z]+)")  # within a message
LIVE, PLAIN = 0.2, 5.0  # seconds between two signs of life, to a terminal and to a file
WAITS = b"\nafter this step it saves and stops; Ctrl-C again stops at once, without saving\n"


def visible(text: str) -> str:
    """`text` with what would move a terminal's cursor, or change its colours, spelled out."""
    fine = "\n\t\u200c\u200d"  # the last two join the parts of some letters and emoji
    acts = "Cc", "Cf", "Cs"  # and not Cn: an emoji may be newer than this Python
    hidden = {c for c in set(text) - set(fine) if unicodedata.category(c) in acts}
    return "".join(repr(c)[1:-1] if c in hidden else c for c in text) if hidden else text


def duration(seconds: float) -> str:
    """A time to wait, as people say it: '8 s', '12 min', '3 h 5 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def counted(number: int, thing: str = "character") -> str:
    """So many of them: '1 character', '1,320 characters'."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def whole(least: int, most: float = MOST) -> Callable[[str], int]:
    """The type of an option that is a whole number from `least` up, to `most`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        if int(text) > most:
            raise argparse.ArgumentTypeError(f"{text!r} is more than {most:,}")
        return int(text)

    return read


def number(
    least: float, most: float = math.inf, open_start: bool = False, open_end: bool = False
) -> Callable[[str], float]:
    """The type of an option that is a number from `least` to `most`; an open end is left out."""
    span = f"above {least:g}" if open_start else f"of at least {least:g}"
    if most < math.inf:
        span = f"from {'above ' * open_start}{least:g} to {'below ' * open_end}{most:g}"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        outside = (open_start and value == least) or (open_end and value == most)
        if outside or not (least <= value <= most and math.isfinite(value)):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {span}")
        if value > MOST:
            raise argparse.ArgumentTypeError(f"{text!r} is more than {MOST:,}")
        return value

    return read


def is_terminal() -> bool:
    """Whether somebody sees what is printed; nobody does where Python began without an output."""
    return sys.stdout is not None and sys.stdout.isatty()


def called(*words: str) -> str:
    """A command of this program, as it can be typed again: start.py says how it was called."""
    module = "python -m " if sys.argv[0].endswith(os.path.join("minichar", "__main__.py")) else ""
    program = os.environ.get("MINICHAR_COMMAND") or f"{module}minichar"
    return " ".join([program, *map(quoted, words)])


def quoted(word: str) -> str:
    """A word as it is typed on this system; the Command Prompt of Windows knows no '."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)


def as_typed(message: str) -> str:
    """A message, with the commands in it as they can be typed here."""
    return COMMAND.sub(lambda _: called(), message)  # a \ of Windows says nothing to re


def complain(message: str) -> None:
    """Print what went wrong, in a line: commands as they can be typed, the rest as it is seen."""
    print(f"minichar: {as_typed(visible(message))}", file=sys.stderr)


class Screen:
    """Lines that stay, and one that is written over where a terminal shows it."""

    def __init__(self):
        self.live, self.width, self.last = is_terminal(), 0, -math.inf

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        print(visible(text), flush=True)

    def clear(self) -> None:
        """Take away the line that the next one would take the place of."""
        if self.width:
            print(f"\r{' ' * self.width}\r", end="", flush=True)
        self.width = 0

    def due(self) -> bool:
        """Whether it is time for another sign of life."""
        return time.monotonic() - self.last >= (LIVE if self.live else PLAIN)

    def update(self, text: str) -> None:
        """Show a line that the next one takes the place of; in a file it stays."""
        self.last = time.monotonic()
        if not self.live:
            return self.line(text)
        text = text[: shutil.get_terminal_size().columns - 1]
        print(f"\r{text.ljust(self.width)}", end="", flush=True)
        self.width = len(text)


@contextmanager
def interruptions() -> Iterator[list[int]]:
    """A list that receives the number of a signal to stop, so that none cuts a step in two.

    A second Ctrl-C acts at once: it raises KeyboardInterrupt. A second of the other signals means
    no more than the first, for a terminal that is closed sends two in a row. A signal that is
    ignored, as under nohup, stays so.
    """
    came: list[int] = []

    def note(number, _):
        if came and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.append(number)
        if number == signal.SIGINT and is_terminal():
            with suppress(OSError):  # by the system: the signal may have come amid a print
                os.write(sys.stdout.fileno(), WAITS)

    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    heard = [n for n in numbers if n is not None and signal.getsignal(n) != signal.SIG_IGN]
    before = {n: signal.signal(n, note) for n in heard}
    try:
        yield came
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


WORDS = {  # of Python in a message, and what stands for them on the command line
    'encode(text, unknown="skip") drops it': "pass --skip-unknown to drop it",
    'encoding="': '--encoding "',
    'device="gpu"': "--device gpu",
    "load_model reads the model alone": "it is there to sample with; "
    "to go on, --resume the file that --out named",
    "go on with that one": "go on with that one, or start again from this model (--init)",
}


def one_line(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command `run`, with what goes wrong told in one line: then its exit code is 2."""

    def command(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except MemoryError as error:
            what = f" ({error})" if str(error) else ""  # Python's own has no words
            message = f"not enough memory: use a smaller network or text{what}"
        except (ValueError, Diverged) as error:
            message = " ".join(str(error).split())
        complain(typed(message))
        return 2

    return command


def typed(message: str) -> str:
    """A message in the words of the command line."""
    for ours, theirs in WORDS.items():
        message = message.replace(ours, theirs)
    return message


def refuse(parser: argparse.ArgumentParser, message: str) -> None:
    """A parser's `error` in one line, where its own shows the usage too."""
    if len(message) > 400:  # a shell makes many names of *.txt
        message = message[:399] + "…"
    complain(f"{message}; `{parser.prog} --help` shows what can be given")
    parser.exit(2)


def _warn(as_ever: Callable, message: Warning, kind: type[Warning], *rest: Any) -> None:
    """A warning of ours in a line; one about code, of whatever library, looks as ever."""
    complain(typed(str(message))) if kind is UserWarning else as_ever(message, kind, *rest)


def ended(run: Callable[[], int]) -> int:
    """The exit code of a command; if something stopped it, a line says what.

    For a pipe that nobody reads on, as with `| head`, there is none.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal shows all
    try:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = partial(_warn, warnings.showwarning)
                return run()
        finally:
            print(end="", flush=True)  # here, where it is seen if nobody reads it
    except BrokenPipeError:  # as with `| head`; nothing may be written to it at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (CourseError, OSError) as error:
        complain(spoken(error))
        return 2
    except KeyboardInterrupt:
        if is_terminal():
            with suppress(OSError):
                print(flush=True)  # or the shell would go on in the line that was begun
        return 130
