"""What somebody at a terminal means by a name: a network, a training to go on with, new files."""

from argparse import Namespace
from pathlib import Path

from minichar.archive import BadModelFile
from minichar.checkpoint import NoTraining, load_model, load_training, of_the_demo
from minichar.datasets import catalogue, networks
from minichar.look import known
from minichar.model import CharModel
from minichar.terminal import quoted
from minichar.training import Training


def load(name: str) -> CharModel:
    """The model in the file that `found` finds.

    Raises BadModelFile, with what to do, as `found` and `load_model` do.
    """
    path = found(name)
    try:
        return load_model(path)
    except BadModelFile:
        if path.suffix in (".npz", ".json") or not of_the_demo(path):
            raise
        how = f"`minichar train {quoted(name)}` makes one from a text"
        raise BadModelFile(f"{quoted(name)} holds no model; {how}") from None


def found(name: str) -> Path:
    """The file of this name, or else that of the network of the course with this name.

    Raises BadModelFile, with what to do, where there is neither.
    """
    path, typed, ours = Path(name), quoted(name), networks()
    if path.is_file():
        return path
    if name in ours:
        return Path(ours[name])
    if name and path.is_dir():
        raise BadModelFile(f"{typed} is a folder, not a file with a model")
    if name in catalogue():
        how = f"`minichar train {name} --out {name}.npz` trains a network on it"
        raise BadModelFile(f"{name} is a text: {how}")
    how = f"the course comes with {', '.join(ours)}"
    if path.suffix == ".npz":
        how = f"`minichar train TEXT --out {typed}` makes one"
    raise BadModelFile(f"there is no file {typed}; {how}")


def resumed(path: str, text: str, device: str) -> Training:
    """The training in this file, to go on with `text` on `device`, "cpu" or "gpu".

    Raises ValueError, with what to do, where it left out characters of this text, and as
    `load_training` does.
    """
    try:
        return load_training(path, text, device=device)
    except NoTraining:
        load_training(path, known(load_model(path), text))  # the same error, if that is not why
        what = "was trained with the unknown characters of this text left out"
        raise ValueError(f"{path} {what}: pass --skip-unknown again") from None


def files(options: Namespace) -> tuple[Path, Path]:
    """Where the model goes and where the best one; ValueError if that would lose something."""
    resume = options.resume
    flag, name = ("--resume", resume) if options.out is None else ("--out", options.out)
    out = Path("model.npz" if name is None else name)  # a name left empty is a mistake
    said = f"{flag} {quoted(name or '')}"
    if resume is not None and not Path(resume).is_file():
        raise ValueError(f"--resume {quoted(resume)}: there is no such file")
    if out.suffix != ".npz":
        raise ValueError(f"{said}: the name of a model must end in .npz")
    if not out.parent.is_dir():
        raise ValueError(f"{said}: there is no folder {out.parent}; make it first")
    best = out.with_name(f"{out.stem}.best.npz")
    if resume is not None and out.resolve() == Path(resume).resolve():
        return out, best
    if not options.overwrite:
        other = "choose another name (--out other.npz), or replace it with --overwrite"
        if out.exists():
            raise ValueError(f"{out} exists already: go on with it (--resume {out}), {other}")
        if best.exists():
            raise ValueError(f"{best} exists already: {other}")
    return out, best
