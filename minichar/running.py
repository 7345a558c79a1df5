"""`minichar train`: a training that says how it is doing, saves itself, and may be stopped.

training.py takes the steps; here is what surrounds them: what is printed, what is saved when,
and how Ctrl-C or a full disk loses nothing. commands.py has the options, preparing.py what comes
before the first step. Built in lesson 08.

    minichar train names --hidden 64 --steps 500 --out names.npz
"""

import copy
import math
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from minichar import preparing
from minichar.checkpoint import load_model, save_model
from minichar.datasets import load_text
from minichar.evaluation import evaluating, whole
from minichar.look import known
from minichar.model import CharModel
from minichar.terminal import Screen, called, counted, duration, interruptions
from minichar.training import Report, Training, train
from minichar.writing import side_by_side


def run(options: Namespace) -> int:
    """Train as the options say; 0 when done, 128 and the signal's number when stopped by one."""
    out, best = preparing.files(options)
    screen = Screen()
    screen.line(f"reading {options.text}")
    text = load_text(options.text, options.encoding)
    if options.skip_unknown and (options.resume or options.first):
        given, text = len(text), known(options.first or load_model(options.resume), text)
        screen.line(f"{counted(given - len(text))} unknown to the model, left out")
    training = preparing.started(options, text)
    goal = preparing.goal(options, training)
    this_run = Run(options, text, training, goal, (out, best), screen)
    this_run.introduce()
    with interruptions() as this_run.stop:
        save(out, training.model, training)  # now, not in an hour, is seen what fails
        goes_on = options.resume and Path(options.resume).resolve() == out.resolve()
        if not goes_on and (options.init is None or Path(options.init).resolve() != best.resolve()):
            best.unlink(missing_ok=True)  # of a training given up by --overwrite
        try:
            this_run.take_the_steps()
        except OSError:  # nobody reads on, or no more can be printed; the work is kept all the same
            save(out, training.model, training)
            raise
        save(out, training.model, training)
        if this_run.unsaved is not None:
            save(best, *this_run.unsaved)
    return this_run.close()


def save(
    path: Path, model: CharModel, training: Training | None = None, note: dict | None = None
) -> None:
    """`save_model`, with an OSError that says which file it is, and what stays in it."""
    try:
        save_model(path, model, training, note=note)
    except OSError as error:
        holds = "; it holds what was saved before" if path.exists() else ""
        raise OSError(f"{path} was not saved: {error.strerror or error}{holds}") from None


class Run:
    """One training at a terminal: `introduce` it, take its steps, `close` with what came of it."""

    def __init__(
        self,
        options: Namespace,
        text: str,
        training: Training,
        goal: int,
        paths: tuple[Path, Path],
        screen: Screen,
    ):
        self.options, self.text, self.training, self.goal = options, text, training, goal
        (self.out, self.best), self.screen = paths, screen
        self.stop: list[int] = []  # the signals that came; after the step at hand it ends
        self.unsaved = None  # the best model, for `save`, as long as there was no room for it
        self.bits = None  # of the steps, a running average
        self.held_out = ""  # what the last measurement found

    def introduce(self) -> None:
        """Tell what is trained on what, how far, and what there is to beat."""
        tell, training = self.screen.line, self.training
        model, held_out = training.model, len(training.held_out)
        what = f"{len(self.text):,} characters, {len(model.vocab)} different"
        kept = f"the last {held_out:,} are held out, to measure on" if held_out else "none held out"
        tell(f"{what}; {kept}")
        shape = " + ".join(map(str, model.hidden))
        tell(f"the network: {model.cell} of {shape} neurons, {model.size:,} weights")
        if held_out:
            self.number_to_beat()
            if self.options.init:
                tell(f"{self.options.init}, as it is: {self.measure():.3f} bits on each")
        pieces = preparing.pieces(training)
        was = f"going on after step {training.step_number:,}: " if training.step_number else ""
        tell(f"{was}{counted(self.goal, 'step')}, {pieces:,} to read the text once; Ctrl-C saves")

    def number_to_beat(self) -> None:
        """Tell how well counting predicts the held-out text."""
        if self.screen.live:
            self.screen.update("counting, for a number to beat")
        bits, order = preparing.baseline(self.training, self.text)
        what = f"counting what follows {counted(order)}"
        if len(self.text) - len(self.training.held_out) > preparing.COUNTED:
            what += f" in the {preparing.COUNTED:,} before them"
        self.screen.line(f"{what}: {bits:.3f} bits on each held-out one, the number to beat")

    def take_the_steps(self) -> None:
        """Train up to the goal, or until a signal comes: print, and save at every measurement."""
        training, patience, began = self.training, self.options.patience, time.monotonic()
        reports = train(training.model, self.text, self.goal, training, patience, self.measuring)
        for done, report in enumerate(reports, 1):
            left = (self.goal - report.step) * (time.monotonic() - began) / done
            if report.note:  # it was taken back
                self.screen.line(report.note)
                self.show(report, left)
            else:
                self.after(report, left)
            if self.stop:
                break

    def after(self, report: Report, left: float) -> None:
        """Show how the step went; save, and let the model write, where it is time for that.

        `left`: seconds to the goal.
        """
        before = report.bits if self.bits is None else self.bits
        self.bits = 0.95 * before + 0.05 * report.bits
        measured = report.step % self.training.validate_every == 0
        writes = self.options.sample_every and report.step % self.options.sample_every == 0
        mark = ""
        if measured:
            self.keep_the_best(report)
            mark = " | saved" * self.saved(self.out, self.training.model, self.training)
        self.show(report, left, mark, stays=measured or writes)
        if writes:
            self.write(report.step)

    def keep_the_best(self, report: Report) -> None:
        """Save the model if it has measured best, or the one before that found no room."""
        if report.validation is None:
            return
        bits = report.validation / math.log(2)
        self.held_out = f" | held out {bits:.3f}"
        if not self.training.waited:
            self.unsaved = self.training.model, None, {"steps": report.step, "held_out": bits}
            self.held_out += " (best)"
        if self.unsaved is not None:
            saved = self.saved(self.best, *self.unsaved)
            self.unsaved = None if saved else copy.deepcopy(self.unsaved)

    def saved(self, *what) -> bool:
        """Whether `save` could; a line says why not, for there may be room the next time."""
        try:
            save(*what)
        except OSError as error:
            self.screen.line(f"{error}; going on")
            return False
        return True

    def show(self, report: Report, left: float, mark: str = "", stays: bool = False) -> None:
        """A line on how far it is: one that stays, or one that changes, if it is time for that."""
        if self.bits is None or not (stays or self.screen.due()):
            return
        place = f"step {report.step:,} of {self.goal:,} | {duration(left)} left"  # first: it fits
        what = f"epoch {report.epoch:.2f} | {self.bits:.3f} bits{self.held_out}"
        line = f"{place} | {what} | {report.chars_per_second:,.0f} chars/s{mark}"
        self.screen.line(line) if stays else self.screen.update(line)

    def write(self, seed: int) -> None:
        """A few lines that the model writes, as it is now."""
        text = ""
        with suppress(ValueError):  # of scores that are no numbers: the next step takes it back
            (text,) = side_by_side(self.training.model, [1.0], "", 120, seed)
        for line in text.strip().splitlines()[:5]:
            self.screen.line(f"    {line}")

    def measure(self) -> float:
        """Bits per character on the held-out text, as the weights are now."""
        read = evaluating(self.training.model, self.training.held_out)
        return whole(read, self.measuring) / math.log(2)

    def measuring(self, share: float) -> None:
        """A sign of life while the held-out text is read; a long one takes minutes."""
        then = ", then it stops" * bool(self.stop)
        with suppress(OSError):  # what cannot be printed is found out after the step, not in it
            if self.screen.due():
                self.screen.update(f"measuring on the held-out text: {share:.0%}{then}")

    def close(self) -> int:
        """Tell what came of it and what to do next; the exit code."""
        tell, training = self.screen.line, self.training
        how = f"stopped at step {training.step_number:,}" if self.stop else "done"
        measured = math.isfinite(training.best) and self.best.exists()
        kept = f"; the best measured on held-out text in {self.best}" if measured else ""
        tell(f"{how}: saved in {self.out}{kept}")
        if self.stop:
            tell(f"to go on: {_again(self.options, self.out)}")
            return 128 + self.stop[0]
        shown, better = self.out, ""
        if training.held_out:
            bits, least = self.measure(), training.best / math.log(2)
            if measured and least < bits:  # it has learned its text by heart
                shown, better = self.best, f", the best one {least:.3f}"
            tell(f"it needs {bits:.3f} bits on each held-out character{better}")
        tell(f"to see it write: {called('sample', str(shown))}")
        return 0


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
