"""A training step shared out to processes: each takes some texts of the batch through all of it.

Python runs one thread at a time (it has a global lock, the GIL). numpy lets other threads run
inside each call, but between two calls a thread needs the lock again, and the loop over time has
dozens of calls for each character: so two threads are far from twice as fast. A process has a
Python of its own. It gets the weights, reads its texts and sends the gradients back, as a worker of
sharing.py does from another machine.

Who takes a share makes no difference to the numbers: while a helper is still starting, or where one
has died, the training does that share as well. With MINICHAR_HELPERS=0 in the environment the batch
stays whole. Lessons 09 and 14 say more.
"""

import copy
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

import numpy as np

from minichar.messages import receive, send
from minichar.model import CharModel
from minichar.text import Vocabulary
from minichar.workers import NUM_THREADS, alone, calm, slices

# Both measured, with 2 cores. ENOUGH: numbers in the state of all texts of a share that are worth a
# process. HEAVY: weights, for each step in time of each layer, that are too many to travel.
ENOUGH, HEAVY = 600, 20_000
TRIES = 5  # helpers of a training that may die, or fail to start, before it goes on without
PIPE = 2**20  # bytes that can be on their way to a helper, where the system lets us choose
START = "import sys; sys.path = sys.argv[1:]; from minichar.helpers import serve; serve()"


def shares(model: Any, T: int, B: int, spare: int = 0) -> list[slice]:
    """The rows of a batch (T, B), cut into a part for each thread but `spare`, if that is worth it.

    The gain is that no thread waits for its turn, as happens at each time step of each layer; the
    cost is that all weights and gradients have to travel.
    """
    n = 1
    if type(model) is CharModel and model.fused and model.device == "cpu":
        if model.size <= HEAVY * T * len(model.hidden):
            with calm() as free:
                n = min(free - spare, B, B * max(model.hidden) // ENOUGH)
    if n < 2 or os.environ.get("MINICHAR_HELPERS") == "0":
        return [slice(0, B)]
    return slices(B, n)


class Rows:
    """A generator for some rows of a batch. It draws for all: no number depends on shares."""

    def __init__(self, rng: np.random.Generator, rows: slice, B: int):
        self.rng, self.rows, self.B = rng, rows, B

    def random(self, shape: Sequence[int], dtype: Any) -> np.ndarray:
        T, _, H = shape
        return self.rng.random((T, self.B, H), dtype)[:, self.rows]


def share(model: CharModel, arrays: Sequence[np.ndarray], rng: Rows) -> tuple[float, list]:
    """One share of a step: its part of the loss, in nats, and the arrays of the state after it.

    `arrays` are inputs and targets (T, b) and then those of the state (b, H), if it is not the
    beginning of a text. Its part of the gradient, which is that of a mean over the whole batch, is
    added to `.grad`.
    """
    inputs, targets, *state = arrays
    loss, state = model.loss(inputs, targets, by_layer(model, state), rng)
    part = loss.dtype.type(inputs.shape[1] / rng.B)
    loss.backward(part)
    return float(loss.data * part), [s for layer in state for s in layer]


def by_layer(model: CharModel, arrays: Sequence[np.ndarray]) -> list[tuple] | None:
    """The arrays of a state as the model has them: a tuple for each layer."""
    n = len(arrays) // len(model.hidden)
    return [tuple(arrays[k : k + n]) for k in range(0, len(arrays), n)] if n else None


class Helpers:
    """The helper processes of one training. They start when they are wanted, and end with it.

    `stop` ends them before; they start again when they are wanted. `spare` is how many threads are
    left to others, as to the page of the studio.
    """

    spare = 0

    def __init__(self, model: CharModel):
        self.model, self.ready, self.tries = model, [], TRIES
        self.starting = self.wanted = False

    def __deepcopy__(self, memo: dict) -> "Helpers":
        return Helpers(copy.deepcopy(self.model, memo))

    def gradients(
        self, inputs: np.ndarray, targets: np.ndarray, state: list | None, rng: np.random.Generator
    ) -> tuple[Any, list]:
        """The loss of a piece of text (T, B), its gradients left in `.grad`; the state after it."""
        model, (T, B) = self.model, inputs.shape
        parts = shares(model, T, B, self.spare)
        if len(parts) == 1:
            loss, state = model.loss(inputs, targets, state, rng)
            loss.backward()
            return loss.data, state
        before = [s for layer in state or () for s in layer]
        tasks = [[inputs[:, rows], targets[:, rows], *(s[rows] for s in before)] for rows in parts]
        random, asked = rng.bit_generator.state, self._take(len(parts) - 1)
        try:
            for helper, rows, task in zip(asked, parts[1:], tasks[1:], strict=False):
                helper.ask(random, rows, B, task)
            with alone():
                found = [share(model, tasks[0], Rows(rng, parts[0], B))]
                for k, (rows, task) in enumerate(zip(parts[1:], tasks[1:], strict=True)):
                    answer = asked[k].answer() if k < len(asked) else None
                    found.append(answer or share(model, task, Rows(going_on(random), rows, B)))
        except BaseException:  # Ctrl-C among them: half an answer may be on its way
            for helper in asked:
                helper.end()
            raise
        self.ready += (alive := [helper for helper in asked if helper.end.alive])
        self.tries -= len(asked) - len(alive)
        losses, states = zip(*found, strict=True)
        after = [np.concatenate(rows) for rows in zip(*states, strict=True)]
        return sum(losses), by_layer(model, after)

    def _take(self, n: int) -> list["Helper"]:
        """Up to n helpers that are ready. Where there are fewer, one more is on its way."""
        taken, self.wanted = [], True
        while self.ready and len(taken) < n:
            helper = self.ready.pop(0)
            if helper.owner == os.getpid() and helper.settings == self.model.settings():
                taken.append(helper)
            else:  # a fork's copy of its parent's, or of a model that has changed
                helper.end()
        if len(taken) < n and not self.starting and self.tries > 0:
            self.starting = True
            try:
                Thread(target=self._start, daemon=True).start()
            except RuntimeError:  # the system allows no more threads
                self.starting, self.tries = False, 0
        return taken

    def _start(self) -> None:
        try:
            helper = Helper(self.model)
            self.ready.append(helper)
        except Exception:  # whatever it is that the system does not let us do: then without
            self.tries -= 1
        self.starting = False
        if not self.wanted:
            self.stop()

    def stop(self) -> None:
        self.wanted = False
        with suppress(IndexError):  # none is left; `_start` may be here at the same time
            while True:
                self.ready.pop().end()


class Helper:
    """A process that does shares of the steps of one model. `end` ends it."""

    def __init__(self, model: CharModel):
        self.weights, self.owner = list(model.parameters().values()), os.getpid()
        self.settings = model.settings()
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the training alone
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # for Windows
            env=os.environ | dict.fromkeys(NUM_THREADS, "1"),
        )
        self.end = weakref.finalize(self, _end, self.process, self.owner)
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(ImportError, AttributeError, OSError):  # Linux has it, within limits
                import fcntl

                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE)
        send(self.process.stdin, [model.vocab.characters, self.settings], [])
        receive(self.process.stdout)

    def ask(self, random: dict, rows: slice, B: int, task: list[np.ndarray]) -> None:
        with suppress(OSError):  # it has died, as `answer` will notice
            what = [random, rows.start, rows.stop, B]
            send(self.process.stdin, what, [*(w.data for w in self.weights), *task])

    def answer(self) -> tuple[float, list] | None:
        """What `share` gave there, with the gradients added here; None where it has died."""
        try:
            loss, arrays = receive(self.process.stdout)
        except (EOFError, ValueError, TypeError):  # the last two: no answer of ours
            return self.end()
        state = arrays[: -len(self.weights)]
        for w, g in zip(self.weights, arrays[len(state) :], strict=True):
            w.grad += g
        return loss, state


def _end(process: subprocess.Popen, owner: int) -> None:
    if os.getpid() == owner:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()


def serve() -> None:
    """What a helper does, until its standard input ends."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    (characters, settings), _ = receive(stdin)
    model = CharModel(Vocabulary(characters), **settings)
    weights = model.parameters().values()
    send(stdout, "ready", [])
    with suppress(EOFError), np.errstate(all="ignore"):
        while True:
            (random, start, stop, B), arrays = receive(stdin)
            for w in weights:
                w.data[...], w.grad = arrays.pop(0), None
            loss, state = share(model, arrays, Rows(going_on(random), slice(start, stop), B))
            send(stdout, loss, [*state, *(w.grad for w in weights)])


def going_on(random: dict[str, Any]) -> np.random.Generator:
    """A generator that goes on from the state of another."""
    rng = np.random.default_rng()
    rng.bit_generator.state = random
    return rng
