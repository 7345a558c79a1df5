"""`minichar train`: a training that says how it is doing, saves itself, and may be stopped.

training.py takes the steps; here is what surrounds them: what is printed, what is saved when,
and how Ctrl-C or a full disk loses nothing. commands.py has the options. Built in lesson 08.

    minichar train names --hidden 64 --steps 500 --out names.npz
"""

import copy
import math
import time
from argparse import Namespace
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from minichar import backend, optim
from minichar.checkpoint import load_model, save_model
from minichar.datasets import load_text
from minichar.evaluation import evaluating, whole
from minichar.loading import files, resumed
from minichar.look import known
from minichar.model import CHOSEN, CharModel
from minichar.ngram import NGram
from minichar.terminal import Screen, called, characters, duration, interruptions
from minichar.text import Vocabulary
from minichar.training import Report, Training, train
from minichar.writing import side_by_side

STEPS, EPOCHS = 2000, 50  # without --steps and --epochs: whichever is longer
BATCH = 50  # without --batch: or as many as have --length characters each, if those are fewer
COUNTED, ORDER = 1_000_000, 8  # the baseline: characters counted, and how far it looks back
TRIED = 200_000  # held-out characters on which it is found how far back is best


def begin(options: Namespace, text: str) -> Training:
    """A new training with these settings. `options.first`: the model of --init, or None."""
    given, first = vars(options), options.first
    vocab = first.vocab if first else Vocabulary.of(text)
    model = CharModel(vocab, device=options.device, **{name: given[name] for name in CHOSEN})
    if first:
        for name, w in first.parameters().items():
            to = model.parameters()[name].data
            to[...] = backend.like(w.data, to)
    fit = int(len(text) * (1 - options.validation) / options.length)
    kind, rate = optim.OPTIMIZERS[options.optimizer]
    rate = rate if options.lr is None else options.lr
    training = Training(
        model,
        text,
        optimizer=kind(model.parameters(), lr=rate),
        clip=options.clip or None,
        validate_every=options.save_every,
        batch=options.batch or max(1, min(BATCH, fit)),
        **{name: given[name] for name in ("length", "lines", "validation", "seed")},
    )
    if options.decay != 1:
        epoch, kept = pieces(training), max(1, options.decay_after)  # epochs at the full rate
        training.schedule = optim.exponential(options.decay, epoch, (kept - 1) * epoch)
    return training


def pieces(training: Training) -> int:
    """How many steps it takes to read the training text once."""
    parts = training.inputs.arrays if training.lines else [training.inputs]
    return sum(math.ceil(len(part) / training.length) for part in parts)


def baseline(training: Training, text: str) -> tuple[float, int]:
    """What counting reaches on the held-out text: bits per character, and the order it took."""
    counted = text[: len(text) - len(training.held_out)][-COUNTED:]
    ngram = NGram(counted, ORDER, training.model.vocab)
    # Without the first character, which the network is not asked for either.
    bits = [ngram.bits(training.held_out[:TRIED], k)[1:].mean() for k in range(ORDER + 1)]
    best = int(np.argmin(bits))
    return ngram.bits(training.held_out, best)[1:].mean(), best


def run(options: Namespace) -> int:
    """Train as the options say; 0 when done, 128 and the signal's number when stopped by one."""
    out, best = files(options)
    screen = Screen()
    screen.line(f"reading {options.text}")
    text = load_text(options.text, options.encoding)
    if options.skip_unknown and (options.resume or options.first):
        given, text = len(text), known(options.first or load_model(options.resume), text)
        screen.line(f"{characters(given - len(text))} unknown to the model, left out")
    training = (
        resumed(options.resume, text, options.device) if options.resume else begin(options, text)
    )
    if options.patience and not training.held_out:
        raise ValueError(
            "--patience: without a held-out text nothing is measured; leave --patience out"
        )
    goal = _goal(options, training, out)
    _introduce(screen, training, text, goal, options.init)
    with interruptions() as stop:
        _save(out, training.model, training)  # now, not in an hour, is seen what fails
        goes_on = options.resume and Path(options.resume).resolve() == out.resolve()
        if not goes_on and (options.init is None or Path(options.init).resolve() != best.resolve()):
            best.unlink(missing_ok=True)  # of a training given up by --overwrite
        try:
            late = _follow(screen, training, text, goal, options, (out, best), stop)
        except OSError:  # nobody reads on, or no more can be printed; the work is kept all the same
            _save(out, training.model, training)
            raise
        _save(out, training.model, training)
        if late is not None:
            _save(best, late)
    how = f"stopped at step {training.step_number:,}" if stop else "done"
    measured = math.isfinite(training.best) and best.exists()
    kept = f"; the best on the held-out text in {best}" if measured else ""
    screen.line(f"{how}: saved in {out}{kept}")
    shown, better = out, ""
    if training.held_out and not stop:
        bits, least = _measured(screen, training, stop), training.best / math.log(2)
        if measured and least < bits:  # it has learned its text by heart
            shown, better = best, f", the best one {least:.3f}"
        screen.line(f"it needs {bits:.3f} bits on each held-out character{better}")
    if stop:
        screen.line(f"to go on: {_again(options, out)}")
        return 128 + stop[0]
    screen.line(f"to see it write: {called('sample', str(shown))}")
    return 0


def _goal(options: Namespace, training: Training, out: Path) -> int:
    """The step to stop at. Raises ValueError if the training is there already."""
    goal = options.steps or max(STEPS, EPOCHS * pieces(training))
    if options.epochs:
        goal = math.ceil(options.epochs * pieces(training))
    if training.step_number >= goal:
        ask = f"it has done {training.step_number:,} steps of {goal:,}; ask for more with --steps"
        raise ValueError(f"there is nothing left to do for {out}: {ask}")
    return goal


def _introduce(screen: Screen, training: Training, text: str, goal: int, init: str | None) -> None:
    model, held_out = training.model, len(training.held_out)
    what = f"{len(text):,} characters, {len(model.vocab)} different"
    kept = f"the last {held_out:,} are held out, to measure on" if held_out else "none held out"
    screen.line(f"{what}; {kept}")
    shape = " + ".join(map(str, model.hidden))
    screen.line(f"the network: {model.cell} of {shape} neurons, {model.size:,} weights")
    if held_out:
        if screen.live:
            screen.update("counting, for a number to beat")
        bits, order = baseline(training, text)
        what = f"counting what follows {characters(order)}"
        if len(text) - held_out > COUNTED:
            what += f" in the {COUNTED:,} before them"
        screen.line(f"{what}: {bits:.3f} bits on each held-out one, the number to beat")
        if init:
            bits = _measured(screen, training, [])
            screen.line(f"{init}, as it is: {bits:.3f} bits on each")
    was = f"going on after step {training.step_number:,}: " if training.step_number else ""
    screen.line(f"{was}{goal:,} steps, {pieces(training):,} to read the text once; Ctrl-C saves")


def _save(path: Path, model: CharModel, training: Training | None = None) -> None:
    """`save_model`, with an OSError that says which file it is, and what stays in it."""
    try:
        save_model(path, model, training)
    except OSError as error:
        holds = "; it holds what was saved before" if path.exists() else ""
        raise OSError(f"{path} was not saved: {error.strerror or error}{holds}") from None


def _saved(screen: Screen, *what) -> bool:
    """Whether `_save` could; a line says why not, for there may be room at the next measurement."""
    try:
        _save(*what)
    except OSError as error:
        screen.line(f"{error}; going on")
        return False
    return True


def _follow(screen, training, text, goal, options, paths, stop) -> CharModel | None:
    """Take the steps: print, save at every measurement, and return early once `stop` says so.

    What comes back is the best model where it is still to be saved.
    """
    (out, best), began, tell = paths, time.monotonic(), partial(_measuring, screen, stop)
    done, smooth = 0, None  # reports so far, and their bits, smoothed
    held_out, late = "", None  # what the last measurement found; the best model if not yet saved
    for report in train(training.model, text, goal, training, options.patience, tell):
        done += 1
        if report.note:
            screen.line(report.note)
        else:
            smooth = report.bits if smooth is None else 0.95 * smooth + 0.05 * report.bits
        if report.validation is not None:
            held_out = f" | held out {report.validation / math.log(2):.3f}"
            if not training.waited:
                late = training.model
                held_out += " (best)"
            if late is not None:  # now, or at an earlier measurement that found no room
                late = None if _saved(screen, best, late) else copy.deepcopy(late)
        measured = not report.note and report.step % training.validate_every == 0
        saved = measured and _saved(screen, out, training.model, training)
        writes = not report.note and options.sample_every and not report.step % options.sample_every
        left = (goal - report.step) * (time.monotonic() - began) / done
        if smooth is not None and (measured or writes or screen.due()):
            line = _progress(report, goal, smooth, held_out, left) + " | saved" * saved
            screen.line(line) if measured or writes else screen.update(line)
        if writes:
            lines = []
            with suppress(ValueError):  # of scores that are no numbers: the next step takes it back
                now = side_by_side(training.model, [1.0], "", 120, report.step)
                lines = now[0].strip().split("\n")[:5]
            for line in lines:
                screen.line(f"    {line}")
        if stop:
            break
    return late


def _measured(screen: Screen, training: Training, stop: list[int]) -> float:
    """Bits per character on the held-out text, as the weights are now."""
    read = evaluating(training.model, training.held_out)
    nats = whole(read, partial(_measuring, screen, stop))
    return nats / math.log(2)


def _measuring(screen: Screen, stop: list[int], share: float) -> None:
    """A sign of life while the held-out text is read; a long one takes minutes."""
    then = ", then it stops" * bool(stop)
    with suppress(OSError):  # what cannot be printed is found out after the step, not in it
        if screen.due():
            screen.update(f"measuring on the held-out text: {share:.0%}{then}")


def _progress(report: Report, goal: int, bits: float, held_out: str, left: float) -> str:
    place = f"step {report.step:,} of {goal:,} | {duration(left)} left"  # first, what fits is shown
    speed = f"{report.chars_per_second:,.0f} chars/s"
    return f"{place} | epoch {report.epoch:.2f} | {bits:.3f} bits{held_out} | {speed}"


def _again(options: Namespace, out: Path) -> str:
    """The command that goes on: what the file does not hold is asked for again."""
    words = ["train", options.text, "--resume", str(out)]
    for name in ("steps", "epochs", "patience", "encoding"):
        if (value := getattr(options, name)) is not None:
            words += [f"--{name}", str(value)]
    if options.skip_unknown:
        words.append("--skip-unknown")
    if options.sample_every != 1000:
        words += ["--sample-every", str(options.sample_every)]
    if options.device != "cpu":
        words += ["--device", options.device]
    return called(*words)
