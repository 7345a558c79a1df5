"""Data parallelism: one training whose batch is shared by the workers of a Dask cluster.

Each worker has some of the streams. In a step it gets the weights, reads its part of the batch and
sends back its part of the gradient, so the result is that of one machine: a worker is one of the
helpers of helpers.py, further away. Nothing is kept on a worker: when one dies nothing is lost, and
another does its part again. Needs the extra `cluster`. Built in lesson 14.

    with cluster.workers(2) as client:
        training = Shared(client, model, text, batch=64)
        for report in train(model, text, steps=1000, training=training):
            ...
"""

import threading
from concurrent.futures import CancelledError
from typing import Any

import numpy as np

from minichar.cluster import dask
from minichar.helpers import Rows, by_layer, going_on, share
from minichar.model import CharModel
from minichar.text import at_least_one
from minichar.training import Training
from minichar.workers import calm, slices

TRIES = 5  # times that a step is begun again, when workers died with all that it needed
PATIENCE = 60  # seconds to wait for a worker, when there is none
_one_at_a_time = threading.Lock()  # a worker with two threads has one copy of the model


def gradients(
    model: CharModel, arrays: list[np.ndarray], random: dict[str, Any], rows: slice, B: int
) -> tuple[float, list[np.ndarray], list[np.ndarray], dict[str, Any]]:
    """What a worker does in a step: `rows` of a batch of B, as in helpers.py.

    Returns its part of the loss, the gradients, the arrays of the state after it, and the state of
    dropout's generator, which was `random` before.
    """
    with _one_at_a_time, calm():
        for w in model.parameters().values():
            w.grad = None
        rng = going_on(random)
        loss, state = share(model, arrays, Rows(rng, rows, B))
        return loss, [w.grad for w in model.parameters().values()], state, rng.bit_generator.state


class Shared(Training):
    """A `Training` whose batch is divided among the workers of `client`, a dask.distributed.Client.

    `shares` is the number of parts: as many as there are workers, unless told; how many workers
    there are later does not change the numbers. They are those of a Training with the same settings
    except for the last digits, since sums are taken in another order. `moved` counts the bytes of
    arrays sent so far, both ways, as if every share had a worker of its own.

    Raises ValueError for more shares than streams, or none; `step` raises RuntimeError when no
    worker is left, with the training as it was before the step.
    """

    def __init__(
        self, client: Any, model: CharModel, text: str, shares: int | None = None, **settings: Any
    ):
        super().__init__(model, text, **settings)
        self.client, self.moved = client, 0
        if shares is None:
            shares = max(1, len(client.scheduler_info(-1)["workers"]))
        at_least_one(shares=shares)
        self.shares = shares
        if self.shares > self.batch:
            raise ValueError(f"{self.shares} shares of {self.batch} streams: make the batch larger")

    def gradients(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, list]:
        """As in Training: the sum of what the workers found for their parts."""
        B, random, tasks = inputs.shape[1], self.rng.bit_generator.state, []
        before = [s for layer in self.state or () for s in layer]
        for rows in slices(B, min(self.shares, B)):
            arrays = [inputs[:, rows], targets[:, rows], *(s[rows] for s in before)]
            tasks.append((arrays, random, rows, B))
        losses, slopes, states, random = zip(*self._ask(tasks), strict=True)
        weights = self.model.parameters().values()
        for w, *parts in zip(weights, *slopes, strict=True):
            w.grad = sum(parts)
        after = [np.concatenate(parts) for parts in zip(*states, strict=True)]
        self.rng.bit_generator.state = random[0]  # the same from all
        self.moved += sum(a.nbytes for arrays, *_ in tasks for a in arrays)
        self.moved += 2 * len(tasks) * sum(w.data.nbytes for w in weights)
        self.moved += sum(s.nbytes for s in after)
        return sum(losses), by_layer(self.model, after)

    def _ask(self, tasks: list[tuple]) -> list[tuple]:
        """Have the tasks done, in order of `tasks`, by whoever is alive."""
        lost = (OSError, CancelledError, dask().KilledWorker)  # the first: a TimeoutError, too
        for _ in range(TRIES):
            try:
                self.client.wait_for_workers(1, timeout=PATIENCE)
                model = self.client.scatter(self.model, broadcast=True, hash=False)
                futures = [self.client.submit(gradients, model, *t, pure=False) for t in tasks]
                self._wait(futures)
                return self.client.gather(futures)
            except lost:
                continue  # the last copy of the model went with a worker: send it again
        raise RuntimeError("no worker is left that could do the step: check the cluster")

    def _wait(self, futures: list) -> None:
        """Return when they are done; TimeoutError where no worker is left that could do them."""
        while True:
            try:
                dask().wait(futures, timeout=PATIENCE)
                return
            except TimeoutError:
                if not self.client.scheduler_info(-1)["workers"]:
                    raise
