"""Many machines: the workers of a Dask cluster, and a sweep over them, many settings of a training.

A sweep is a hyperparameter search. Results come in as they are ready. Each is written to a folder
at once, under a name made of its settings, so that a sweep that was stopped goes on with what is
missing. A setting that fails is reported and the rest go on; what was lost with a worker is done
again by another. Needs the extra `cluster`. Built in lesson 14; sharing.py has one training on many
machines.

    settings = grid(hidden=[(64,), (128,)], dropout=[0.0, 0.3], seed=[0, 1, 2])
    for run in sweep(text, settings, steps=500, folder="my-sweep"):
        print(run.settings, run.bits, run.error)
"""

import hashlib
import itertools
import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minichar import optim
from minichar.archive import replacing
from minichar.device import install
from minichar.evaluation import evaluate
from minichar.model import CHOSEN, CharModel
from minichar.text import Vocabulary, at_least_one, digest
from minichar.training import Diverged, Training, train

TRAINING = ("batch", "length", "clip", "validation", "validate_every")
KNOWN = (*CHOSEN, *TRAINING, "optimizer", "lr")


def dask() -> Any:
    """The module dask.distributed. Raises ImportError, saying what to install, without it."""
    try:
        import dask.distributed
    except ImportError:
        what = f"many machines need Dask, which is not installed: {install('cluster')}"
        raise ImportError(what) from None
    return dask.distributed


@contextmanager
def workers(where: int | str | None = None) -> Iterator[Any]:
    """A Dask client: of as many processes on this machine as `where` says, or of the cluster there.

    None is a process for each core. A cluster of others is named by the address of its scheduler,
    such as "tcp://10.0.0.1:8786". Each process here has one thread, for BLAS too, listens to this
    machine only, and ends with the `with`. In a script, call this under `if __name__ ==
    "__main__"`: a new process reads the script again.
    """
    distributed = dask()
    if isinstance(where, str):
        with distributed.Client(where) as client:
            yield client
        return

    class Local(distributed.LocalCluster):
        def _update_worker_status(self, op: str, msg: Any) -> None:
            """For one that was gone before it was known, Dask's own raises KeyError at the end."""
            if op != "remove" or msg in self.scheduler_info["workers"]:
                super()._update_worker_status(op, msg)

    settings = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    settings["silence_logs"] = logging.CRITICAL  # or Dask reports at length each worker that ends
    with (
        Local(n_workers=where, **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@dataclass(frozen=True)
class Run:
    """What came of one setting: `bits` per character on the held-out text at its best, or `error`.

    `weights` is how many numbers the model has, `seconds` what the training took on its worker.
    """

    settings: dict[str, Any]
    bits: float | None = None
    weights: int | None = None
    seconds: float | None = None
    error: str | None = None


def grid(**choices: Iterable) -> list[dict[str, Any]]:
    """Every combination of the choices: grid(hidden=[64, 128], seed=[0, 1]) has four.

    Raises TypeError for a number or a name alone, in place of a list of choices.
    """
    for name, chosen in choices.items():
        if isinstance(chosen, str) or not isinstance(chosen, Iterable):
            raise TypeError(f"{name}={chosen!r}: choices are a list, such as {name}=[{chosen!r}]")
    return [
        dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())
    ]


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, once it is certain that all their names are KNOWN; else ValueError."""
    if not isinstance(settings, Mapping):
        raise TypeError(f"a setting is a dict, such as dict(hidden=64), and not {settings!r}")
    if strange := sorted(settings.keys() - set(KNOWN)):
        raise ValueError(
            f"{strange[0]} is not a setting here; the settings are: {', '.join(KNOWN)}"
        )
    return dict(settings)


def run(text: str, settings: Mapping[str, Any], steps: int) -> Run:
    """Train under one setting and measure: what a worker does. Runs alone, too.

    It is validated after the last step; with `validate_every` also before, as often as that says.
    Raises what CharModel and Training raise for settings that make no sense, ValueError for one of
    an unknown name and without a held-out text, and Diverged.
    """
    at_least_one(steps=steps)
    began, chosen = time.perf_counter(), {"optimizer": "adam", **checked(settings)}
    model = CharModel(
        Vocabulary.of(text), **{name: chosen[name] for name in CHOSEN if name in chosen}
    )
    if (name := chosen["optimizer"]) not in optim.OPTIMIZERS:
        raise ValueError(f"optimizer={name!r}: it must be one of {', '.join(optim.OPTIMIZERS)}")
    kind, rate = optim.OPTIMIZERS[name]
    own = {"validate_every": steps, "validation": 0.1, "seed": chosen.get("seed", 0)}
    own |= {name: chosen[name] for name in TRAINING if name in chosen}
    if not own["validation"]:
        raise ValueError("validation=0: a run is judged by a held-out text, so there must be one")
    optimizer = kind(model.parameters(), lr=chosen.get("lr", rate))
    training = Training(model, text, optimizer=optimizer, **own)
    for _ in train(model, text, steps, training):
        pass
    best = training.best
    if steps % training.validate_every:
        best = min(best, evaluate(model, training.held_out))  # of nan the other
    if not np.isfinite(best):
        raise Diverged("the loss on the held-out text is not finite; try a smaller learning rate")
    bits = float(best / np.log(2))
    return Run(dict(settings), bits, model.size, time.perf_counter() - began)


def attempt(text: str, settings: Mapping[str, Any], steps: int) -> Run:
    """`run`, with what goes wrong as its result: it would go wrong on every other worker, too."""
    try:
        return run(text, settings, steps)
    except Exception as error:
        return Run(dict(settings), error=f"{type(error).__name__}: {error}")


def sweep(
    text: str,
    settings: Iterable[Mapping[str, Any]],
    steps: int = 1000,
    folder: str | Path = "sweep",
    client: Any = None,
) -> Iterator[Run]:
    """Yield a `Run` for each of `settings`, in the order in which they are done.

    Those are settings of CharModel and Training, with `optimizer`, a name of optim.OPTIMIZERS, and
    `lr`. What stands in `folder` already, for this text and as many steps, is not run again; errors
    are not kept there. Leaving the loop early cancels the rest. `client` is a Dask client, or what
    `workers` takes: None for a process on each core here.

    Raises ValueError for a setting of an unknown name, before anything runs.
    """
    settings, folder = [checked(one) for one in settings], Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about, missing = {"text": digest(text), "steps": steps}, []
    for one in settings:
        path = folder / f"{_key(about | {'settings': one})}.json"
        if done := _read(path, one):
            yield done
        else:
            missing.append((one, path))
    if not missing:
        return
    with nullcontext(client) if hasattr(client, "submit") else workers(client) as client:
        sent = client.submit(str, text, pure=False)  # a task: when its worker dies, it is redone
        waiting = {client.submit(attempt, sent, m[0], steps, pure=False): m for m in missing}
        try:
            for future in dask().as_completed(list(waiting)):
                one, path = waiting.pop(future)
                if future.status != "finished":  # worker after worker was lost with it
                    yield Run(one, error=f"given up: {future.exception() or future.status}")
                    continue
                done = future.result()
                if not done.error:
                    with replacing(path) as file:
                        file.write(_json(about | asdict(done), indent=1).encode())
                yield done
        finally:
            client.cancel(list(waiting))


def _key(about: dict[str, Any]) -> str:
    """A name for a file, the same for the same settings in whatever order."""
    return hashlib.sha256(_json(about, sort_keys=True).encode()).hexdigest()[:16]


def _json(about: dict[str, Any], **how: Any) -> str:
    """As json.dumps, with the numbers of numpy as those of Python: grid(seed=np.arange(3))."""
    return json.dumps(about, default=np.generic.item, **how)


def _read(path: Path, settings: dict[str, Any]) -> Run | None:
    """The run kept at `path`; None where there is none, or something else."""
    try:
        kept = json.loads(path.read_bytes())
        bits, weights, seconds = kept["bits"], kept["weights"], kept["seconds"]
        return Run(settings, float(bits), int(weights), float(seconds))
    except (OSError, ValueError, TypeError, KeyError):
        return None
