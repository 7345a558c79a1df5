"""Saving and loading: a model alone, or a training that resumes as if it had never stopped.

What comes next in a training is decided by its weights, what the optimiser remembers, the place in
the text, the state carried there, and the random numbers to come. All of it is in the file: on one
machine, with as many threads, the steps after loading equal those without a stop to the last bit.
How the file itself is written and read is in archive.py. Built in lesson 08.

    training = Training(model, text)
    for report in train(model, text, steps=10_000, training=training):
        if report.step % 500 == 0:
            save_model("model.npz", model, training)
    training = load_training("model.npz", text)     # after a stop, planned or not
"""

import copy
import inspect
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from minichar import archive, backend, optim, recurrentjs
from minichar.archive import Archive, BadModelFile, Unfit
from minichar.device import library
from minichar.model import CharModel
from minichar.text import Vocabulary, code_points, digest
from minichar.training import Training

FORMAT, VERSION = "minichar", 1
OPTIMIZERS = {kind.__name__: kind for kind, _ in optim.OPTIMIZERS.values()}
SCHEDULES = {kind.__name__: kind for kind in (optim.exponential, optim.cosine)}


class NoTraining(BadModelFile):
    """The file holds a sound model, but no training that goes on with this text."""


def save_model(
    path: str | Path,
    model: CharModel,
    training: Training | None = None,
    half: bool = False,
    note: dict[str, Any] | None = None,
) -> None:
    """Write `model` to `path`, and with `training` all that is needed to go on with it exactly.

    The old file stays until the new one is whole and on the disk. To a path that ends in .json goes
    what the demo of recurrentjs can load. `half` keeps 2 bytes of each weight (float16, some three
    digits): for a model that is to be handed on, not trained further. A `note`, anything short that
    JSON can hold, stands in the header: `archive.opened` reads it without the weights.

    Raises ValueError, and changes nothing, for a model or training that cannot be saved, as with
    weights that are not finite; OSError where the disk refuses.
    """
    if not isinstance(model, CharModel):
        raise TypeError(f"save_model(path, model): a {type(model).__name__} is not a CharModel")
    if training is not None and training.model is not model:
        raise ValueError("this training is of another model: save it with training.model")
    if half and (training is not None or Path(path).suffix == ".json"):
        raise ValueError("half=True is for a model alone, in an .npz: a training needs every digit")
    header = {"format": FORMAT, "version": VERSION, "characters": len(model.vocab)}
    header |= {"settings": model.settings(), "training": _described(training) if training else None}
    header |= ({"half": True} if half else {}) | ({"note": note} if note else {})
    if training:
        arrays = _named(training.snapshot())
        if prefix := _prefix(header["training"]):
            arrays |= _named(training.good, prefix)
    else:
        arrays = {f"weights/{name}": w.data for name, w in model.parameters().items()}
    stored = "float16" if half else model.dtype
    with np.errstate(over="ignore"):  # what is too large for float16 is refused below
        arrays = {name: backend.host(a).astype(stored, copy=False) for name, a in arrays.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds numbers that are not finite: nothing was saved")
    if Path(path).suffix == ".json":
        recurrentjs.write(path, model, training.optimizer if training else None)
    else:
        arrays["vocabulary"] = code_points(model.vocab.characters)
        archive.write(path, header, arrays)


def of_the_demo(path: str | Path) -> bool:
    """Whether a file is to be read as one of recurrentjs: every file but a zip, as .npz files are.

    Raises OSError where there is none.
    """
    with open(path, "rb") as file:
        return file.read(1) != b"P"  # as every zip begins


def load_model(path: str | Path, device: str = "cpu") -> CharModel:
    """The model in a file of `save_model`, or of the save button of the recurrentjs demo.

    It computes on `device`, "cpu" or "gpu", wherever it did when it was saved.

    Raises BadModelFile for any other file, and for one that was damaged or made to do harm; OSError
    where there is none; RuntimeError where no GPU works.
    """
    library(device)  # first of all, or a missing GPU would look like a bad file
    if of_the_demo(path):
        return recurrentjs.read(path)[0].to(device)
    with archive.opened(path) as found:
        model = _read_model(found)
        if found.header["training"] is None:
            found.finish()
        return model.to(device)


def load_training(
    path: str | Path, text: str, schedule: optim.Schedule | None = None, device: str = "cpu"
) -> Training:
    """The training in a file of `save_model`, and its model with it, to go on as if never stopped.

    `text` is the one that it learns from. A schedule of optim.py is in the file; one of your own is
    to be given again. `device` is that of `load_model`; on another than before the last digits are
    no longer the same.

    Raises NoTraining, a BadModelFile, for a file without one, as all of recurrentjs are, and for
    another text; BadModelFile as `load_model` does.
    """
    library(device)
    own, name = digest(text), Path(path).name  # what is not a text is not the file's fault
    if of_the_demo(path):
        recurrentjs.read(path)  # a bad one is refused as such
        raise NoTraining(f"{name} does not say where in the text it was: use load_model")
    with archive.opened(path) as found:
        model, saved = _read_model(found).to(device), found.header["training"]
        if saved is None:
            raise NoTraining(f"{name} holds no training: load_model reads the model alone")
        if saved["text"] != own:
            raise NoTraining(f"{name} was trained on another text: go on with that one")
        if saved["schedule"] == {} and schedule is None:
            raise BadModelFile(f"{name} needs its own schedule: load_training(…, schedule=…)")
        if saved["schedule"] not in (None, {}):
            schedule = _made(saved["schedule"], SCHEDULES)
        settings = saved["settings"]
        for key, n in settings.items():
            if n is not None or key == "lines":  # None: no clipping; lines would take it for False
                _number(n)
        optimizer = _made(saved["optimizer"], OPTIMIZERS, model.parameters())
        training = Training(model, text, optimizer=optimizer, schedule=schedule, **settings)
        now = _read_moment(found, training, saved["now"])
        good = _read_moment(found, training, saved["good"], _prefix(saved))
        found.finish()
        training.restore(now)  # which takes `now` for the good moment
        training.good = good
        return training


def _named(moment: dict[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of a snapshot, the same and not copies, by the names that they have in a file."""
    named = {f"weights/{name}": w for name, w in moment["weights"].items()}
    for name, kept in moment["optimizer"].items():
        named |= {f"optimizer/{name}.{key}": array for key, array in kept.items()}
    named |= {f"best/{name}": w for name, w in (moment["best_weights"] or {}).items()}
    for layer, arrays in enumerate(moment["progress"]["state"] or ()):
        named |= {f"state/{layer}.{k}": array for k, array in enumerate(arrays)}
    return {prefix + name: array for name, array in named.items()}


def _described(training: Training) -> dict[str, Any]:
    """What of a training is not arrays, ready for JSON."""
    optimizer = training.optimizer
    whole = optimizer.state.keys() == training.model.parameters().keys()
    if type(optimizer) not in OPTIMIZERS.values() or not whole:
        what = "only an optimiser of optim.py that moves all weights of the model can be saved"
        raise ValueError(f"{what}: save the model alone")
    return {
        "text": training.digest,
        "settings": training.settings(),
        "optimizer": _recipe(optimizer),
        "schedule": _recipe(training.schedule) if training.schedule else None,
        "now": _plain(training.progress()),
        "good": _plain(training.good["progress"]),
    }


def _prefix(saved: dict[str, Any]) -> str:
    """What precedes the names of the good moment's arrays: "" where they are the present ones."""
    return "good/" if any(saved["good"][k] != saved["now"][k] for k in ("steps", "state")) else ""


def _plain(progress: dict[str, Any]) -> dict[str, Any]:
    """For JSON: no inf (`best` may be None), no arrays (of the state only whether there is one)."""
    best = progress["best"] if np.isfinite(progress["best"]) else None
    return progress | {"best": best, "state": progress["state"] is not None}


def _recipe(thing: Any) -> dict[str, Any]:
    """The kind of an optimiser or schedule, and the settings of one like it; {} for a stranger."""
    kind = type(thing)
    if kind not in (*OPTIMIZERS.values(), *SCHEDULES.values()):
        return {}
    names = [name for name in inspect.signature(kind).parameters if name != "parameters"]
    return {"kind": kind.__name__, "settings": {name: getattr(thing, name) for name in names}}


def _made(recipe: dict[str, Any], kinds: dict[str, type], *first: Any) -> Any:
    """What `_recipe` described. Raises Unfit for settings with which no step can be taken."""
    settings = recipe["settings"]
    for key, n in settings.items():
        if n is not None or key != "clip":  # None: no clipping
            _number(n, least=-(2**53))
    betas = [settings.get(name, 0) for name in ("beta1", "beta2")]
    if settings.get("every", 1) <= 0 or not all(0 <= beta < 1 for beta in betas):
        raise Unfit("with its settings a step would divide by zero")
    return kinds[recipe["kind"]](*first, **settings)


def _number(n: Any, least: int = 0, whole: bool = False) -> int | float:
    """`n`, if it is such a number, as JSON may hold anything. Raises Unfit for all else."""
    kinds, what = ((int,), "a whole") if whole else ((int, float), "a")
    if type(n) not in kinds or not least <= n < 2**53:
        raise Unfit(f"it says {n!r} where {what} number should be")
    return n


def _read_model(found: Archive) -> CharModel:
    header = found.header
    if header["format"] != FORMAT:
        raise Unfit(f"it is not a file of {FORMAT}")
    if (version := _number(header["version"], whole=True)) != VERSION:
        what = f"{found.name} is of version {version}, and only version {VERSION} can be read"
        raise BadModelFile(f"{what}: update {FORMAT}")
    V, settings = _number(header["characters"], whole=True), header["settings"]
    codes = found.array("vocabulary", (V,), "<u4")
    vocab = Vocabulary(codes.tobytes().decode("utf-32-le", "surrogatepass"))
    E, hidden = settings["embedding"], settings["hidden"]
    sizes = (V, *hidden, V) if E is None else (V, E, *hidden, V)
    sizes = [_number(n, 1, whole=True) for n in sizes]
    weights = sum(a * b for a, b in pairwise(sizes)) + sum(H * H for H in hidden)  # at the least
    half = header.get("half", False) is True
    if (2 if half else 4) * weights > found.size or len(hidden) > len(found.unread):
        raise Unfit("its settings ask for more weights than it holds")
    model = CharModel(vocab, **settings)
    for name, w in model.parameters().items():
        w.data[...] = found.array(f"weights/{name}", w.shape, "float16" if half else w.dtype)
    return model


def _read_moment(found: Archive, training: Training, plain: dict, prefix: str = "") -> dict:
    """A snapshot, as `Training.restore` wants it, of what `_plain` and `_named` made of one."""
    for name in ("steps", "optimizer_steps", "place", "epoch", "waited", "taken_back"):
        _number(plain[name], whole=True)
    for name in ("lr", "factor", "initial"):
        _number(plain[name])
    progress = plain | {"best": np.inf, "state": None}
    moment = training.snapshot() | {"progress": progress}  # the right arrays; their numbers follow
    if plain["best"] is not None:
        progress["best"] = _number(plain["best"])
        moment["best_weights"] = copy.deepcopy(moment["weights"])
    if plain["state"]:
        if 4 * training.batch * sum(training.model.hidden) > found.size:  # the bytes of h
            raise Unfit("its settings ask for more streams than it holds")
        progress["state"] = training.model.start(training.width(plain["place"]))
    for name, array in _named(moment, prefix).items():
        array[...] = backend.like(found.array(name, array.shape, array.dtype), array)
    return moment
