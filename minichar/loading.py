"""What somebody at a terminal means: a network in a file or by name, a training to go on with."""

from pathlib import Path

from minichar.archive import BadModelFile
from minichar.checkpoint import NoTraining, load_model, load_training, of_the_demo
from minichar.datasets import catalogue, networks
from minichar.look import known
from minichar.model import CharModel
from minichar.terminal import quoted
from minichar.training import Training


def load(name: str) -> CharModel:
    """The model in the file of this name, or else the network of the course with this name.

    Raises BadModelFile, with what to do, where there is neither, and as `load_model` does.
    """
    path, typed, ours = Path(name), quoted(name), networks()
    if path.is_file():
        try:
            return load_model(name)
        except BadModelFile:
            if path.suffix in (".npz", ".json") or not of_the_demo(path):
                raise
            how = f"`minichar train {typed}` makes one of a text"
            raise BadModelFile(f"{typed} holds no model; {how}") from None
    if name in ours:
        return load_model(ours[name])
    if name and path.is_dir():
        raise BadModelFile(f"{typed} is a folder, and no file with a model")
    if name in catalogue():
        how = f"`minichar train {name} --out {name}.npz` makes a network of it"
        raise BadModelFile(f"{name} is a text: {how}")
    how = f"with the course come {', '.join(ours)}"
    if path.suffix == ".npz":
        how = f"`minichar train TEXT --out {typed}` makes one"
    raise BadModelFile(f"there is no file {typed}; {how}")


def resumed(path: str, text: str) -> Training:
    """The training in this file, to go on with `text`.

    Raises ValueError, with what to do, where it left out characters of this text, and as
    `load_training` does.
    """
    try:
        return load_training(path, text)
    except NoTraining:
        load_training(path, known(load_model(path), text))  # the same error, if that is not why
        what = "was trained without characters of this text that it does not know"
        raise ValueError(f"{path} {what}: pass --skip-unknown") from None
