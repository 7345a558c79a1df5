"""The network that somebody at a terminal means: a file of theirs, or one of the course by name."""

from pathlib import Path

from minichar.archive import BadModelFile
from minichar.checkpoint import load_model
from minichar.datasets import catalogue, networks
from minichar.model import CharModel
from minichar.terminal import quoted


def load(name: str) -> CharModel:
    """The model in the file of this name, or else the network of the course with this name.

    Raises BadModelFile, with what to do, where there is neither, and as `load_model` does.
    """
    path, typed, ours = Path(name), quoted(name), networks()
    if path.is_file():
        return load_model(name)
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
