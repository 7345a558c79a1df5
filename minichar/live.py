"""A training that goes on in the background of a notebook, and can be asked and changed meanwhile.

Each step is taken in a turn of the notebook's own event loop, so that a slider that was moved, or a
cell that was run, gets its turn, too. Showing it is up to studio.py; there are no widgets here.

    live = Live("names")
    live.start(on_turn=show, on_end=print)  # functions; it returns at once, and training goes on
    live.samples([0.5, 1.0])
    live.pause()
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minichar import look
from minichar.checkpoint import NoTraining, load_model, load_training, save_model
from minichar.datasets import load_text
from minichar.footprint import affordable
from minichar.model import CHOSEN, CharModel
from minichar.ngram import NGram
from minichar.optim import OPTIMIZERS
from minichar.text import Vocabulary, clean
from minichar.training import Report, Training
from minichar.writing import side_by_side

ENOUGH = 200  # characters; with less, there is hardly anything to learn from or to validate with
SHARE = 0.03  # of the time of a step, for others
HELD_OUT = 10_000  # characters at the most
PIECE = 50  # characters of each stream of them that are read at once
SIZES = ("hidden", "embedding", "batch", "length")
DEFAULTS = {
    "cell": "lstm",
    "hidden": (64,),
    "embedding": 32,
    "dropout": 0.1,
    "seed": 0,
    "batch": 32,
    "length": 32,
    "optimizer": "adam",
    "lr": 0.005,
    "lines": False,
}


def check_rate(lr: float) -> None:
    """Raise ValueError for a learning rate that teaches nothing, or is beyond every dial."""
    if not 0 < lr <= 1:
        raise ValueError(f"a learning rate of {lr}: it must be above 0 and at most 1")


class Live:
    """A text, a model that learns it, and what happened so far.

    `text` is a name of the catalogue, a path, or the text itself, if it has a line end. `settings`
    are those of CharModel and Training, with `optimizer` and `lr`; DEFAULTS are made for a sample
    that can be read after ten seconds. With `lines`, it learns and writes one line at a time.
    `history` has a report for each step, `validations` pairs (step, nats), `marks` pairs (step, new
    rate), `before` the last history, unless that is less than a tenth of the one that was there.

    Raises ValueError for a text too short, or settings that make no sense; then nothing changes.
    """

    def __init__(self, text: str | Path = "names", **settings: Any):
        self.lock, self.task, self.going = threading.RLock(), None, False
        self.text, self.baseline, self.settings = "", None, DEFAULTS
        self.history: list[Report] = []
        self.restart(text, **settings)

    def restart(self, text: str | Path | None = None, **settings: Any) -> None:
        """Begin again, with what is given changed and all else as it was.

        Another optimiser comes with a rate of its own, unless one is given.
        """
        known = self.settings | settings
        known["hidden"] = tuple(np.atleast_1d(known["hidden"]).tolist())
        if strange := sorted(known.keys() - DEFAULTS.keys()):
            raise ValueError(
                f"{strange[0]} is not a setting here; the settings are: {', '.join(DEFAULTS)}"
            )
        for name in (*SIZES, "dropout", "lr", "seed"):
            n, whole = np.asarray(known[name]), " whole" * (name == "seed")
            one = n.ndim <= (name == "hidden") and n.dtype.kind in ("iu" if whole else "iuf")
            if not one and (name != "embedding" or known[name] is not None):
                raise ValueError(f"{name}={known[name]!r}: it must be a{whole} number")
        if text is not None:
            text = clean(text) if "\n" in str(text) else load_text(text)
        text = self.text if text is None else text
        if len(text) < ENOUGH:
            raise ValueError(f"too few characters, {len(text)}: at least {ENOUGH}, better 20,000")
        if known["optimizer"] not in OPTIMIZERS:
            raise ValueError(
                f"optimizer={known['optimizer']!r}: it must be one of {', '.join(OPTIMIZERS)}"
            )
        if known["optimizer"] != self.settings["optimizer"] and "lr" not in settings:
            known["lr"] = OPTIMIZERS[known["optimizer"]][1]
        check_rate(known["lr"])
        vocab = Vocabulary.of(text)
        affordable(len(vocab), **{name: known[name] for name in SIZES})
        model = CharModel(vocab, **{name: known[name] for name in CHOSEN})
        self._take(text, known, model, self._training(text, model, known))

    def _training(self, text: str, model: CharModel, settings: dict) -> Training:
        optimizer = OPTIMIZERS[settings["optimizer"]][0](model.parameters(), lr=settings["lr"])
        sizes = {name: settings[name] for name in ("batch", "length", "seed", "lines")}
        sizes |= {"validation": min(0.1, HELD_OUT / len(text)), "validate_every": 200}
        return Training(model, text, optimizer=optimizer, **sizes)

    def _take(self, text: str, settings: dict, model: CharModel, training: Training) -> None:
        with self.lock:
            same = self.text == text
            if not same or 10 * len(self.history) >= len(self.before):  # or pressed twice
                self.before = self.history if same else []
            held_out = training.held_out
            if not same or (self.model.vocab, self.training.held_out) != (model.vocab, held_out):
                self.baseline = None  # that of another text to be measured on
            self.text, self.settings, self.model, self.training = text, settings, model, training
            self.history, self.validations, self.marks, self.under_way = [], [], [], None
            training.helpers.spare = 1  # the page wants a core of its own

    def step(self) -> Report:
        """Take one step of training. Raises Diverged when no rate is small enough."""
        self.finish()
        while (report := self.advance()) is None:
            pass
        return report

    def advance(self) -> Report | None:
        """Go on with a step, up to the next PIECE of held-out text; in the end, its report."""
        with self.lock:
            step, self.under_way = self.under_way or self.training.slices(PIECE), None
            try:
                next(step)
            except StopIteration as end:
                report = end.value
                self.history.append(report)
                if report.validation is not None:
                    self.validations.append((report.step, report.validation))
                return report
            self.under_way = step

    def finish(self) -> None:
        """Bring a step that is under way to its end."""
        while self.under_way:
            self.advance()

    def count(self) -> float:
        """Nats per character of the best counting model on the held-out text: the one to beat."""
        if self.baseline is None:
            held_out = self.training.held_out
            kept = self.text[: len(self.text) - len(held_out)][-300_000:]
            counted = NGram(kept, 8, self.model.vocab, "kneser-ney")
            part = held_out[:HELD_OUT]
            self.baseline = float(counted.bits(part, counted.best_order(part)).mean() * np.log(2))
        return self.baseline

    @property
    def rate(self) -> float:
        """The learning rate; a new one acts from the next step on."""
        return self.training.optimizer.lr * self.training.factor

    @rate.setter
    def rate(self, lr: float) -> None:
        check_rate(lr)
        with self.lock:
            if lr != self.rate:
                self.training.optimizer.lr = self.settings["lr"] = float(lr)
                self.training.factor = 1.0  # a rate that was halved is set again, too
                self.marks.append((self.training.step_number, float(lr)))

    def samples(
        self, temperatures: Sequence[float], prime: str = "", length: int = 120, seed: int = 0
    ) -> list[str]:
        """What the model writes after `prime`, at each temperature from the same random numbers."""
        with self.lock, np.errstate(over="ignore", invalid="ignore"):
            return side_by_side(self.model, temperatures, prime, length, seed)

    def use_best(self) -> None:
        """Go on from the weights that were best on the held-out text. ValueError without any."""
        with self.lock:
            self.finish()
            self.training.use_best()

    def save(self, path: str | Path) -> None:
        """Write the training to `path`: load it to go on exactly. Raises OSError or ValueError."""
        with self.lock:
            self.finish()
            save_model(path, self.model, self.training)

    def load(self, path: str | Path, text: str | None = None) -> int:
        """Go on with a saved training of this text; or begin with the model in the file.

        A file of recurrentjs has no step: it begins at step 0, a line at a time, as there. `text`
        is another one to go on with. In either, characters that the model does not know are left
        out; their number is returned. Raises BadModelFile or ValueError for what does not fit.
        """
        model, text = load_model(path), self.text if text is None else load_text(text)
        given, text = len(text), look.known(model, text)
        if len(text) < ENOUGH:
            raise ValueError(f"that model knows too few characters of this text: {len(text)}")
        try:
            training = load_training(path, text)
            model = training.model
        except NoTraining:
            training = self._training(text, model, self.settings | {"lines": model.lines})
        shape = {name: getattr(model, name) for name in CHOSEN if name != "seed"}
        shape |= {"batch": training.batch, "length": training.length, "lr": training.optimizer.lr}
        check_rate(min(1, training.optimizer.lr * training.factor))  # 0 is refused, above 1 is not
        shape |= {"optimizer": type(training.optimizer).__name__.lower(), "lines": training.lines}
        self._take(text, self.settings | shape, model, training)
        return given - len(text)

    # --- in the background

    def start(
        self, on_turn: Callable[[], Iterable | None], on_end: Callable[[Exception | None], None]
    ) -> None:
        """Train until `pause`, in the event loop of the notebook.

        `on_turn` is called after each step; where what it returns stops, others have their turn.
        `on_end` is called when it ends, with the exception if one ended it. Raises RuntimeError
        where no event loop runs.
        """
        loop = asyncio.get_running_loop()
        self.going = True
        if self.task is not None and not self.task.done():
            return  # paused a moment ago: it has not ended yet, and so goes on
        self.task = loop.create_task(self._run(on_turn, on_end))

    def pause(self) -> None:
        """Stop after the present step; nothing is lost."""
        self.going = False

    async def _run(self, on_turn: Callable, on_end: Callable) -> None:
        wrong = None
        try:
            while self.going or self.under_way:
                began = time.perf_counter()
                if self.advance():
                    for _ in on_turn() or ():
                        await others(0)
                await others((time.perf_counter() - began) * SHARE)
        except Exception as error:
            wrong = error
        finally:
            self.going = False
        on_end(wrong)


async def others(seconds: float) -> None:
    """Let others have the event loop for a while: acting on one message takes several turns."""
    end = time.perf_counter() + seconds
    await asyncio.sleep(0)
    while time.perf_counter() < end:
        await asyncio.sleep(0)
