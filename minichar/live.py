"""A training that goes on in the background of a notebook, and can be asked and changed meanwhile.

Each step is taken in a turn of the notebook's own event loop, so that a slider that was moved, or a
cell that was run, has its turn too. What is shown of it is studio.py's affair; here is no widget.

    live = Live("names")
    live.start(on_turn=print_something)   # returns at once; in a notebook, the training goes on
    live.sample(temperature=0.5)
    live.pause()
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minichar.checkpoint import NoTraining, load_model, load_training, save_model
from minichar.datasets import load_text
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.optim import OPTIMIZERS
from minichar.sampling import sample
from minichar.text import Vocabulary, clean
from minichar.training import Report, Training

ENOUGH = 200  # characters; with less, there is hardly anything to learn from or to validate with
MODEL = ("cell", "hidden", "embedding", "dropout", "seed")
DEFAULTS = {
    "cell": "lstm",
    "hidden": (64,),
    "embedding": None,
    "dropout": 0.0,
    "seed": 0,
    "batch": 32,
    "length": 32,
    "optimizer": "adam",
    "lr": 0.005,
}


class Live:
    """A text, a model that learns it, and what happened so far.

    `text` is a name of the catalogue, a path, or the text itself, if it has a line end. `settings`
    are those of CharModel and Training, with `optimizer` and `lr`; DEFAULTS are made for a sample
    that can be read after ten seconds. `history` has a report for each step, `validations` pairs
    (step, nats), `marks` pairs (step, new rate), `before` the history of the last training.

    Raises ValueError for a text too short, or settings that make no sense; then nothing changes.
    """

    def __init__(self, text: str = "names", **settings: Any):
        self.lock, self.task, self.going = threading.RLock(), None, False
        self.text, self.baseline, self.settings = "", None, DEFAULTS
        self.history: list[Report] = []
        self.restart(text, **settings)

    def restart(self, text: str | None = None, **settings: Any) -> None:
        """Begin anew, with what is given changed and all else as it was.

        Another optimiser comes with a rate of its own, unless one is given.
        """
        known = self.settings | settings
        if strange := sorted(known.keys() - DEFAULTS.keys()):
            raise ValueError(f"{strange[0]} is no setting here; there are: {', '.join(DEFAULTS)}")
        if text is None:
            text = self.text
        else:
            text = clean(text) if "\n" in text else load_text(text)
        if len(text) < ENOUGH:
            raise ValueError(
                f"{len(text)} characters are too few: {ENOUGH} at least, better 20,000"
            )
        if known["optimizer"] not in OPTIMIZERS:
            raise ValueError(
                f"optimizer={known['optimizer']!r}: it is one of {', '.join(OPTIMIZERS)}"
            )
        if known["optimizer"] != self.settings["optimizer"] and "lr" not in settings:
            known["lr"] = OPTIMIZERS[known["optimizer"]][1]
        vocab = Vocabulary.of(text)
        model = CharModel(vocab, **{name: known[name] for name in MODEL})
        self._take(text, known, model, self._training(text, model, known))

    def _training(self, text: str, model: CharModel, settings: dict) -> Training:
        kind, _ = OPTIMIZERS[settings["optimizer"]]
        optimizer = kind(model.parameters(), lr=settings["lr"])
        sizes = {name: settings[name] for name in ("batch", "length", "seed")}
        sizes |= {"validation": 0.1, "validate_every": 200}
        return Training(model, text, optimizer=optimizer, **sizes)

    def _take(self, text: str, settings: dict, model: CharModel, training: Training) -> None:
        with self.lock:
            same = self.text == text
            self.before = self.history if same else []
            self.baseline = self.baseline if same else None
            self.text, self.settings, self.model, self.training = text, settings, model, training
            self.history, self.validations, self.marks = [], [], []

    def step(self) -> Report:
        """Take one step of training. Raises Diverged when no rate is small enough."""
        with self.lock:
            report = self.training.step()
            self.history.append(report)
            if report.validation is not None:
                self.validations.append((report.step, report.validation))
            return report

    def count(self) -> float:
        """Nats per character of the best counting model on the held-out text: the one to beat."""
        if self.baseline is None:
            kept = self.text[: len(self.text) - len(self.training.held_out)]
            vocab = self.model.vocab
            counted, held_out = NGram(kept[-300_000:], 5, vocab), self.training.held_out[:20_000]
            best = min(counted.bits(held_out, order).mean() for order in range(2, 6))
            self.baseline = float(best * np.log(2))
        return self.baseline

    @property
    def rate(self) -> float:
        """The learning rate; a new one acts from the next step on."""
        return self.training.optimizer.lr

    @rate.setter
    def rate(self, lr: float) -> None:
        if not 0 < lr <= 1:
            raise ValueError(f"a learning rate of {lr}: it is a number above 0 and up to 1")
        with self.lock:
            if lr != self.rate:
                self.training.optimizer.lr = self.settings["lr"] = float(lr)
                self.marks.append((self.training.step_number, float(lr)))

    def sample(self, temperature: float, prime: str = "", length: int = 120, seed: int = 0) -> str:
        """What the model writes after `prime`; the same seed, the same random numbers."""
        with self.lock:
            return sample(
                self.model, prime, length, temperature=temperature, seed=seed, unknown="skip"
            )

    def use_best(self) -> None:
        """Go on from the weights that were best on the held-out text. ValueError without any."""
        with self.lock:
            self.training.use_best()

    def save(self, path: str | Path) -> None:
        """Write the training to `path`: load it to go on exactly. Raises OSError or ValueError."""
        with self.lock:
            save_model(path, self.model, self.training)

    def load(self, path: str | Path) -> None:
        """Go on with a saved training of this text; or begin with the model in the file.

        Raises BadModelFile or ValueError, with nothing changed, for what does not fit.
        """
        model = load_model(path)
        unknown = sorted(set(self.text) - set(model.vocab.characters))
        if unknown:
            raise ValueError(f"that model has never seen {unknown[0]!r}, which this text has")
        try:
            training = load_training(path, self.text)
            model = training.model
        except NoTraining:
            training = self._training(self.text, model, self.settings)
        shape = {name: getattr(model, name) for name in MODEL if name != "seed"}
        shape |= {"batch": training.batch, "length": training.length, "lr": training.optimizer.lr}
        shape |= {"optimizer": type(training.optimizer).__name__.lower()}
        self._take(self.text, self.settings | shape, model, training)

    # --- in the background

    def start(
        self, on_turn: Callable[[], None], on_end: Callable[[Exception | None], None]
    ) -> None:
        """Train until `pause`, in the event loop of the notebook.

        `on_turn` is called after each step, `on_end` when it ends, with the exception if one ended
        it. Raises RuntimeError where no event loop runs.
        """
        if self.going:
            return
        loop = asyncio.get_running_loop()
        self.going = True
        self.task = loop.create_task(self._run(on_turn, on_end))

    def pause(self) -> None:
        """Stop after the step of now; nothing is lost."""
        self.going = False

    async def _run(self, on_turn: Callable, on_end: Callable) -> None:
        wrong = None
        try:
            while self.going:
                self.step()
                on_turn()
                await asyncio.sleep(0)
        except Exception as error:
            wrong = error
        finally:
            self.going = False
        on_end(wrong)

    def medians(self, reports: list[Report], points: int = 150) -> tuple[list, list]:
        """Steps, and the median loss around each: at most `points` of them, in nats."""
        reports = [r for r in reports if np.isfinite(r.loss)]
        parts = np.array_split(np.arange(len(reports)), min(points, len(reports)) or 1)
        steps = [reports[part[-1]].step for part in parts if len(part)]
        losses = [float(np.median([reports[k].loss for k in p])) for p in parts if len(p)]
        return steps, losses


def loop_of(text: str) -> str | None:
    """The piece that the end of `text` repeats over and over, three times at least, or None."""
    for size in range(1, len(text) // 3 + 1):
        piece = text[-size:]
        if text.endswith(piece * 3):
            return piece
    return None
