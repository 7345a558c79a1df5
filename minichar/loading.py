"""What somebody at a terminal means by the name of a network."""

from pathlib import Path

from minichar.archive import BadModelFile
from minichar.checkpoint import load_model, of_the_demo
from minichar.datasets import catalogue, nearest_files, networks
from minichar.model import CharModel
from minichar.terminal import quoted


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
        return ours[name]
    if name and path.is_dir():
        raise BadModelFile(f"{typed} is a folder, not a file with a model")
    if name in catalogue():
        how = f"`minichar train {name} --out {name}.npz` trains a network on it"
        raise BadModelFile(f"{name} is a text: {how}")
    how = f"the course comes with {', '.join(ours)}"
    if path.suffix == ".npz":
        how = f"`minichar train TEXT --out {typed}` makes one"
    if near := nearest_files(path):
        how = f"nearest: {', '.join(map(quoted, near))}"
    raise BadModelFile(f"there is no file {typed}; {how}")
