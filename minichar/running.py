"""`minichar train`: a training that says how it is doing, saves itself, and may be stopped.

training.py takes the steps; what stands here is around them: where the files go, what is printed,
and how Ctrl-C ends in a saved model. commands.py has the options. Built in lesson 08.

    minichar train names --hidden 64 --steps 500 --out names.npz
"""

import math
import shlex
import shutil
import signal
import sys
import time
import unicodedata
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minichar import optim
from minichar.checkpoint import load_training, save_model
from minichar.datasets import load_text
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import sample
from minichar.text import Vocabulary, split
from minichar.training import Report, Training, evaluate, train

STEPS, EPOCHS = 2000, 50  # without --steps and --epochs: whichever is longer
COUNTED, ORDER = 1_000_000, 8  # the baseline: characters counted, and how far it looks back
LIVE, PLAIN = 0.2, 5.0  # seconds between two signs of life, to a terminal and to a file


def visible(text: str) -> str:
    """`text` with what would move a terminal's cursor, or change its colours, spelled out."""
    fine = "\n\t\u200c\u200d"  # the last two join the parts of some letters and emoji
    hidden = {c for c in set(text) - set(fine) if unicodedata.category(c)[0] == "C"}
    return "".join(repr(c)[1:-1] if c in hidden else c for c in text) if hidden else text


def duration(seconds: float) -> str:
    """A time to wait, as people say it: '8 s', '12 min', '3 h 5 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Screen:
    """Lines that stay, and one that is written over where a terminal shows it."""

    def __init__(self):
        self.live, self.width, self.last = sys.stdout.isatty(), 0, -math.inf

    def line(self, text: str) -> None:
        """Print a line that stays."""
        blank = f"\r{' ' * self.width}\r" if self.width else ""
        self.width = 0
        print(blank + visible(text), flush=True)

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
    """A list that the number of a signal to stop is put in, so that it never cuts a step in two.

    A second one is not waited with: it raises KeyboardInterrupt. A signal that is ignored, as under
    nohup, stays so.
    """
    came: list[int] = []

    def note(number, _):
        if came:
            raise KeyboardInterrupt
        came.append(number)

    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    heard = [n for n in numbers if n is not None and signal.getsignal(n) != signal.SIG_IGN]
    before = {n: signal.signal(n, note) for n in heard}
    try:
        yield came
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)


def files(options: Namespace) -> tuple[Path, Path]:
    """Where the model goes and where the best one; ValueError where that would lose something."""
    out = Path(options.out or options.resume or "model.npz")
    best = out.with_name(f"{out.stem}.best.npz")
    if out.suffix != ".npz":
        raise ValueError(f"--out {out}: the name of a model ends in .npz")
    if not out.parent.is_dir():
        raise ValueError(f"--out {out}: there is no folder {out.parent}; make it first")
    if options.resume:
        if not Path(options.resume).is_file():
            raise ValueError(f"--resume {options.resume}: there is no such file")
        if out.resolve() == Path(options.resume).resolve():
            return out, best
    if not options.overwrite:
        other = "choose another name (--out other.npz), or give --overwrite to lose it"
        if out.exists():
            raise ValueError(f"{out} is there already: go on with it (--resume {out}), {other}")
        if best.exists():
            raise ValueError(f"{best} is there already: {other}")
    return out, best


def begin(options: Namespace, text: str) -> Training:
    """A new training with the settings asked for."""
    given = vars(options)
    model = CharModel(
        Vocabulary.of(text),
        **{name: given[name] for name in ("cell", "hidden", "embedding", "dropout", "seed")},
    )
    kind, rate = optim.OPTIMIZERS[options.optimizer]
    rate = rate if options.lr is None else options.lr
    training = Training(
        model,
        text,
        optimizer=kind(model.parameters(), lr=rate),
        clip=options.clip or None,
        validate_every=options.save_every,
        **{name: given[name] for name in ("batch", "length", "validation", "seed")},
    )
    if options.decay != 1:
        epoch = pieces(training)
        training.schedule = optim.exponential(options.decay, epoch, options.decay_after * epoch)
    return training


def pieces(training: Training) -> int:
    """How many steps it takes to read the training text once."""
    return math.ceil(len(training.inputs) / training.length)


def baseline(training: Training, text: str) -> tuple[float, int]:
    """What counting reaches on the held-out text: bits per character, and the order it took."""
    counted = split(text, training.validation)[0][-COUNTED:]
    ngram = NGram(counted, ORDER, training.model.vocab)
    # Without the first character, which the network is not asked for either.
    return min((ngram.bits(training.held_out, k)[1:].mean(), k) for k in range(ORDER + 1))


def run(options: Namespace) -> int:
    """Train as the options say; 0 when done, 128 and the signal's number when stopped by one."""
    out, best = files(options)
    screen = Screen()
    screen.line(f"reading {options.text}")
    text = load_text(options.text, options.encoding)
    training = load_training(options.resume, text) if options.resume else begin(options, text)
    goal = options.steps or max(STEPS, EPOCHS * pieces(training))
    if options.epochs:
        goal = math.ceil(options.epochs * pieces(training))
    if training.step_number >= goal:
        ask = f"it has done {training.step_number:,} steps of {goal:,}; ask for more with --steps"
        raise ValueError(f"there is nothing left to do for {out}: {ask}")
    _introduce(screen, training, text, goal)
    with interruptions() as stop:
        save_model(out, training.model, training)  # now, not in an hour, is seen what fails
        try:
            _follow(screen, training, text, goal, options, (out, best), stop)
        except BrokenPipeError:  # nobody reads on; the work is kept all the same
            save_model(out, training.model, training)
            raise
        save_model(out, training.model, training)
    how = f"stopped at step {training.step_number:,}" if stop else "done"
    measured = math.isfinite(training.best) and best.exists()
    kept = f"; the best on the held-out text in {best}" if measured else ""
    screen.line(f"{how}: saved in {out}{kept}")
    if training.held_out and not stop:
        bits = evaluate(training.model, training.held_out) / math.log(2)
        screen.line(f"it needs {bits:.3f} bits on each held-out character")
    if stop:
        screen.line(f"to go on: {_again(options, out)}")
        return 128 + stop[0]
    screen.line(f"to see it write: {shlex.join(['minichar', 'sample', str(out)])}")
    return 0


def _introduce(screen: Screen, training: Training, text: str, goal: int) -> None:
    model, held_out = training.model, len(training.held_out)
    what = f"{len(text):,} characters, {len(model.vocab)} different"
    kept = f"the last {held_out:,} are held out, to measure on" if held_out else "none held out"
    screen.line(f"{what}; {kept}")
    size = sum(w.data.size for w in model.parameters().values())
    shape = " + ".join(map(str, model.hidden))
    screen.line(f"the network: {model.cell} of {shape} neurons, {size:,} weights")
    if held_out:
        bits, order = baseline(training, text)
        what = f"counting what follows {order} characters"
        if len(text) - held_out > COUNTED:
            what += f" in the {COUNTED:,} before them"
        screen.line(f"{what}: {bits:.3f} bits on each held-out one, the number to beat")
    was = f"going on after step {training.step_number:,}: " if training.step_number else ""
    screen.line(f"{was}{goal:,} steps, {pieces(training):,} to read the text once; Ctrl-C saves")


def _follow(screen, training, text, goal, options, paths, stop) -> None:
    """Take the steps: print, save at every measurement, and return early once `stop` says so."""
    (out, best), began, done, smooth, held_out = paths, time.monotonic(), 0, None, ""
    for report in train(training.model, text, goal, training, patience=options.patience):
        done += 1
        if report.note:
            screen.line(report.note)
        else:
            smooth = report.bits if smooth is None else 0.95 * smooth + 0.05 * report.bits
        if report.validation is not None:
            held_out = f" | held out {report.validation / math.log(2):.3f}"
            if not training.waited:
                save_model(best, training.model)
                held_out += " (best)"
        measured = not report.note and report.step % training.validate_every == 0
        if measured:
            save_model(out, training.model, training)
        left = (goal - report.step) * (time.monotonic() - began) / done
        if smooth is not None and (measured or screen.due()):
            line = _progress(report, goal, smooth, held_out, left)
            screen.line(f"{line} | saved") if measured else screen.update(line)
        if options.sample_every and not report.note and report.step % options.sample_every == 0:
            written = sample(training.model, length=120, seed=report.step)
            screen.line("\n".join(f"    {line}" for line in written.strip().split("\n")[:5]))
        if stop:
            return


def _progress(report: Report, goal: int, bits: float, held_out: str, left: float) -> str:
    place = f"step {report.step:,} of {goal:,} | epoch {report.epoch:.2f}"
    speed = f"{report.chars_per_second:,.0f} chars/s | {duration(left)} left"
    return f"{place} | {bits:.3f} bits{held_out} | {speed}"


def _again(options: Namespace, out: Path) -> str:
    """The command that goes on: what the file does not hold is asked for again."""
    words = ["minichar", "train", options.text, "--resume", str(out)]
    for name in ("steps", "epochs", "patience", "encoding"):
        if (value := getattr(options, name)) is not None:
            words += [f"--{name}", str(value)]
    if options.sample_every != 1000:
        words += ["--sample-every", str(options.sample_every)]
    return shlex.join(words)
