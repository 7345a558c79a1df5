"""One training whose batch is shared by many machines, the workers of a Dask cluster.

Each worker has some of the streams. In a step it gets the weights, reads its part of the batch and
sends the gradients back; their mean, weighted by predictions, is the gradient of the whole batch,
so the result is that of one machine. Nothing stays on a worker: one that dies takes nothing along,
and another does its part again. Needs the extra `cluster`. Built in lesson 14.

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
from minichar.model import CharModel
from minichar.training import Training

TRIES = 5  # times that a step is begun again, when workers died with all that it needed
PATIENCE = 60  # seconds to wait for a worker, when there is none
_one_at_a_time = threading.Lock()  # a worker with two threads has one copy of the model


def gradients(
    model: CharModel, inputs: np.ndarray, targets: np.ndarray, state: list | None, seed: Any
) -> tuple[float, dict[str, np.ndarray], list]:
    """What a worker does in a step: the loss of its streams (T, b), the gradients, the state after.

    `seed` is that of its dropout, None for none.
    """
    with _one_at_a_time:
        for w in model.parameters().values():
            w.grad = None
        rng = None if seed is None else np.random.default_rng(seed)
        loss, state = model.loss(inputs, targets, state, rng)
        loss.backward()
        return float(loss.data), {n: w.grad for n, w in model.parameters().items()}, state


class Shared(Training):
    """A `Training` whose batch is divided among the workers of `client`, a dask.distributed.Client.

    `shares` is into how many parts, as many as there are workers unless told; how many workers
    there are later does not change the numbers. `moved` counts the bytes of arrays sent so far,
    both ways. Without dropout the numbers are those of a Training with the same settings, but for
    the last digits: sums in another order.

    Raises ValueError for more shares than streams; `step` raises RuntimeError when no worker is
    left, with the training as it was before the step.
    """

    def __init__(
        self, client: Any, model: CharModel, text: str, shares: int | None = None, **settings: Any
    ):
        super().__init__(model, text, **settings)
        self.client, self.moved = client, 0
        self.shares = shares or max(1, len(client.scheduler_info(-1)["workers"]))
        if self.shares > self.batch:
            raise ValueError(f"{self.shares} shares of {self.batch} streams: make the batch larger")

    def gradients(self, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, list]:
        """As in Training: the mean of what the workers found, weighted by their predictions."""
        columns = np.array_split(np.arange(inputs.shape[1]), self.shares)
        parts, tasks = [slice(c[0], c[-1] + 1) for c in columns if len(c)], []
        seeds = [None] * len(parts)
        if self.model.dropout:
            seeds = self.rng.integers(2**63, size=len(parts)).tolist()
        for part, seed in zip(parts, seeds, strict=True):
            state = self.state and [tuple(s[part] for s in layer) for layer in self.state]
            tasks.append((inputs[:, part], targets[:, part], state, seed))
        found, weights = self._ask(tasks), self.model.parameters()
        losses, slopes, states = zip(*found, strict=True)
        shares = [t[0].size / inputs.size for t in tasks]
        for name, w in weights.items():
            w.grad = sum(n * grads[name] for n, grads in zip(shares, slopes, strict=True))
        value = sum(n * loss for n, loss in zip(shares, losses, strict=True))
        states = zip(*states, strict=True)  # layer by layer
        state = [tuple(map(np.concatenate, zip(*layer, strict=True))) for layer in states]
        down = sum(w.data.nbytes for w in weights.values())
        small = sum(s.nbytes for layer in state for s in layer) + inputs.nbytes
        self.moved += 2 * (len(parts) * down + small)
        return value, state

    def _ask(self, tasks: list[tuple]) -> list[tuple]:
        """Have the tasks done, in order of `tasks`, by whoever is alive."""
        lost = (OSError, TimeoutError, CancelledError, dask().KilledWorker)
        for _ in range(TRIES):
            try:
                self.client.wait_for_workers(1, timeout=PATIENCE)
                model = self.client.scatter(self.model, broadcast=True, hash=False)
                futures = [self.client.submit(gradients, model, *t, pure=False) for t in tasks]
                self._wait(futures)
                return self.client.gather(futures)
            except lost:
                continue  # the last copy of the model went with a worker: send it again
        raise RuntimeError("no worker is left that could do the step: look at the cluster")

    def _wait(self, futures: list) -> None:
        """Until they are done; TimeoutError when they are not, and nobody is there to do them."""
        while True:
            try:
                dask().wait(futures, timeout=PATIENCE)
                return
            except TimeoutError:
                if not self.client.scheduler_info(-1)["workers"]:
                    raise
