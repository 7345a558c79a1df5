"""The training loop: pieces of text in, weights that predict them better out.

`train` yields a `Report` a step. A batch of streams is read; states go on, gradients stop at the
edge of a piece (truncated back-propagation through time). What explodes is taken back. Lesson 08.

    for report in train(model, text, steps=1000):
        print(report.step, report.bits)
"""

import copy
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minichar import backend, optim
from minichar.evaluation import evaluating, glance, whole
from minichar.footprint import advice
from minichar.helpers import Helpers
from minichar.lines import between_lines, by_line, line_end
from minichar.model import CharModel
from minichar.text import at_least_one, digest, split, streams
from minichar.workers import calm

SNAPSHOT = 50  # steps between the moments that a bad loss can be taken back to
PATIENCE = 8  # times in a row that it is taken back before giving up
KEPT = ("factor", "place", "epoch", "initial", "best", "waited", "taken_back", "state")


@dataclass(frozen=True)
class Report:
    """One step of training. Losses are means in nats per character."""

    step: int
    epoch: float  # passes over the training text, with fractions
    loss: float  # of this step, on text just read, before the step's update
    validation: float | None  # on the held-out text, where it was measured at this step
    gradient_norm: float  # before clipping
    lr: float
    chars_per_second: float
    note: str = ""  # what is worth telling, such as a loss that was taken back
    seconds: float = 0.0  # that the step took

    @property
    def bits(self) -> float:
        """The loss in bits per character."""
        return self.loss / np.log(2)

    @property
    def perplexity(self) -> float:
        """e to the loss: how many equally likely choices are as hard."""
        with np.errstate(over="ignore"):  # a loss that is about to be taken back
            return float(np.exp(self.loss))


class Diverged(RuntimeError):
    """Training went wrong again and again, however small the learning rate."""


class Training:
    """Everything that training remembers between two steps: it can be stopped, saved and resumed.

    A step reads `length` characters at each of `batch` places, or with `lines` at most as many of
    up to `batch` lines, each on its own (lines.py). `clip` limits the norm of its gradient (None:
    not at all). The last share `validation` of the text is held out (0: none), to be measured every
    `validate_every` steps: `best` is the least so far, in nats per character, reached with
    `best_weights` (name -> array, or None). `seed` draws the dropout.

    Raises ValueError for settings that make no sense, an optimiser of another model, and a text
    that is too short or has a character that the model does not know.
    """

    def __init__(
        self,
        model: CharModel,
        text: str,
        batch: int = 50,
        length: int = 50,
        optimizer: optim.Optimizer | None = None,
        clip: float | None = 5.0,
        validation: float = 0.05,
        validate_every: int = 500,
        schedule: optim.Schedule | None = None,
        seed: int = 0,
        lines: bool = False,
    ):
        at_least_one(batch=batch, length=length, validate_every=validate_every)
        if clip is not None and not 0 < clip < np.inf:
            raise ValueError(f"clip={clip}: it must be above 0, or None for no clipping")
        self.model, self.batch, self.clip, self.schedule = model, batch, clip, schedule
        self.validation, self.digest = validation, digest(text)  # to go on with the same text only
        cut = len(split(text, validation)[0]) if validation else len(text)
        ids = model.vocab.encode(text)  # all of it: what is unknown is said now, not at validation
        if lines:
            cut = between_lines(text, cut) if validation else cut
            self.inputs, self.targets = by_line(ids[:cut], line_end(model.vocab), batch)
        else:
            self.inputs, self.targets = streams(ids[:cut], batch)  # (steps, B)
        self.held_out, self.length, self.validate_every = text[cut:], length, validate_every
        self.optimizer = optimizer or optim.Adam(model.parameters(), lr=0.002)
        own = {id(w) for w in model.parameters().values()}
        if own.isdisjoint(id(w) for w in getattr(self.optimizer, "parameters", {}).values()):
            raise ValueError("not an optimiser of this model, as optim.Adam(model.parameters()) is")
        self.lines = model.lines = bool(lines)  # it will write as it learns
        self.rng, self.helpers = np.random.default_rng(seed), Helpers(model)  # rng: of dropout
        self.step_number, self.place, self.epoch, self.state = 0, 0, 0, None
        self.best, self.waited, self.best_weights = np.inf, 0, None  # waited: validations since
        self.initial, self.taken_back, self.factor = float(np.log(len(model.vocab))), 0, 1.0
        self.good = self.snapshot()

    def snapshot(self) -> dict[str, Any]:
        """A copy of all that the next steps depend on."""
        moving = {
            "weights": {name: w.data for name, w in self.model.parameters().items()},
            "optimizer": self.optimizer.state,
            "progress": self.progress(),
        }
        return copy.deepcopy(moving) | {"best_weights": self.best_weights}  # never changed in place

    def settings(self) -> dict[str, Any]:
        """What Training(model, text, **settings) needs, beside optimizer and schedule."""
        names = ("batch", "length", "clip", "validation", "validate_every")
        return {name: getattr(self, name) for name in names} | {"lines": int(self.lines)}

    def width(self, place: int) -> int:
        """How many texts were read side by side up to `place`: the state has a row for each."""
        return self.inputs[place - 1 : place].shape[1]

    def progress(self) -> dict[str, Any]:
        """Where training stands, without the weights and the optimiser's arrays."""
        kept = {name: getattr(self, name) for name in KEPT}
        kept |= {"steps": self.step_number, "optimizer_steps": self.optimizer.steps}
        return kept | {"lr": self.optimizer.lr, "random": self.rng.bit_generator.state}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go to the place of a snapshot, in place: the model's own arrays take its numbers.

        From then on it is the good moment that a bad loss goes back to.
        """
        self.good = snapshot = copy.deepcopy(snapshot)
        snapshot = copy.deepcopy(snapshot)  # training goes on with these, not with the kept copy
        for name, w in self.model.parameters().items():
            w.data[...], w.grad = snapshot["weights"][name], None
            for kept, array in self.optimizer.state.get(name, {}).items():
                array[...] = snapshot["optimizer"][name][kept]
        was = snapshot["progress"]
        self.step_number, self.optimizer.steps = was["steps"], was["optimizer_steps"]
        self.optimizer.lr, self.best_weights = was["lr"], snapshot["best_weights"]
        self.rng.bit_generator.state = was["random"]
        for name in KEPT:
            setattr(self, name, was[name])

    def use_best(self) -> None:
        """Give the model its weights at the best validation. ValueError without one."""
        if self.best_weights is None:
            raise ValueError("nothing has been validated yet: the best weights are not known")
        for name, w in self.model.parameters().items():
            w.data[...] = self.best_weights[name]

    def gradients(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[Any, list]:
        """The loss of a piece of text (T, B), its gradients left in `.grad`; the state after it."""
        return self.helpers.gradients(inputs, targets, self.state, self.rng)

    def step(self) -> Report:
        """One piece of text, one update of the weights. Raises Diverged when nothing helps."""
        return whole(self.slices())

    def slices(self, length: int = 200) -> Generator[float, None, Report]:
        """`step` that yields the share of held-out text read so far; change nothing meanwhile."""
        began = time.perf_counter()
        if self.place >= len(self.inputs):
            self.place, self.epoch, self.state = 0, self.epoch + 1, None
        elif self.lines and self.place in self.inputs.starts:
            self.state = None
        here, weights = slice(self.place, self.place + self.length), self.model.parameters()
        inputs, targets = self.inputs[here], self.targets[here]
        for w in weights.values():
            w.grad = None  # a step that was interrupted may have left some
        full = advice(self.model, inputs.shape, len(self.optimizer.remembers))
        with calm(), full, np.errstate(over="ignore", invalid="ignore"):
            value, state = self.gradients(inputs, targets)
            norm = optim.clip_by_norm(weights, self.clip)
            rate = self._move()
            size = optim.length(w.data for w in weights.values())
            value, norm, size = backend.numbers(value, norm, size)  # a card is waited for here only
            if not self.step_number and np.isfinite(value):
                self.initial = max(self.initial, value)  # as of a network that learned another text
            limit = 3 * self.initial + 3
            if not value <= limit:  # which is so of nan, too
                return self._take_back(value, f"the loss was {value:.3g}")
            if not np.isfinite(norm + size):  # seen now, before anyone saves what came of it
                what = "new weights were" if np.isfinite(norm) else "gradient was"
                return self._take_back(value, f"the {what} not finite")
        self.state, self.place = state, self.place + len(inputs)
        self.step_number += 1
        seconds, validation = max(1e-9, time.perf_counter() - began), None  # a clock may be coarse
        if self.held_out and self.step_number % self.validate_every == 0:
            validation = yield from evaluating(self.model, self.held_out, length=length)
            self.waited += 1
            if validation < self.best:
                copies = {name: w.data.copy() for name, w in weights.items()}  # may be cut short
                self.best, self.waited, self.best_weights = validation, 0, copies
        if self.step_number % SNAPSHOT == 0 and glance(self.model, inputs, targets, state) <= limit:
            self.taken_back, self.good = 0, self.snapshot()
        epoch, speed = self.epoch + self.place / len(self.inputs), targets.size / seconds
        return Report(self.step_number, epoch, value, validation, norm, rate, speed, "", seconds)

    def _move(self) -> float:
        """The optimiser's step at the present rate; returns that rate."""
        base = self.optimizer.lr
        scheduled = self.schedule(self.step_number) if self.schedule else 1
        self.optimizer.lr = rate = float(base * self.factor * scheduled)
        try:
            self.optimizer.step()
        finally:
            self.optimizer.lr = base
        return rate

    def _take_back(self, value: float, what: str) -> Report:
        factor, again, lr = self.factor / 2, self.taken_back + 1, self.optimizer.lr
        self.restore(self.good)
        self.taken_back, self.optimizer.lr = again, lr  # lr: somebody may have moved it since
        if self.taken_back > PATIENCE:
            least = f"{what} again and again, down to a learning rate of {2 * lr * factor:.2g}"
            raise Diverged(f"{least}; start again with a smaller one")
        self.factor, rate = factor, self.optimizer.lr * factor
        note = f"{what}: back to step {self.step_number}, learning rate halved to {rate:.2g}"
        epoch = self.epoch + self.place / len(self.inputs)
        return Report(self.step_number, epoch, value, None, np.inf, rate, 0.0, note)


def train(
    model: CharModel,
    text: str,
    steps: int,
    training: Training | None = None,
    patience: int | None = None,
    tell: Callable[[float], None] | None = None,
    **settings: Any,
) -> Iterator[Report]:
    """Train `model` on `text` up to step number `steps`, yielding a report after each.

    The settings are those of `Training`; a `training` that goes on has its own. With `patience`, it
    ends after so many validations in a row without a new best one. A loss that was taken back has a
    report too. `tell` is called with the share of the held-out text that has been read. Raises what
    `Training` and its `step` do; ValueError for settings or a text other than a `training`'s own.
    """
    if training and (settings or training.model is not model or training.digest != digest(text)):
        raise ValueError("a training goes on with its own model, text and settings: pass no others")
    training = training or Training(model, text, **settings)
    try:
        while training.step_number < steps:
            report = whole(training.slices(), tell)
            yield report
            if patience and report.validation is not None and training.waited >= patience:
                return
    finally:
        training.helpers.stop()
