"""Write the texts of this folder anew and print the facts that catalogue.toml holds about them.

    python datasets/build.py                          the five texts of minichar/grammars.py
    python datasets/build.py female.txt male.txt      the names, from the two lists in README.md
    python datasets/build.py weights                  two networks, trained on the names: minutes

tests/test_datasets.py runs the same functions and compares with the files, byte for byte.
"""

import hashlib
import sys
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np

from minichar import datasets, optim, rnn100
from minichar.checkpoint import save_model
from minichar.grammars import GRAMMARS, generate
from minichar.model import CharModel
from minichar.text import Vocabulary, split
from minichar.training import Training, train

HERE = Path(__file__).parent


def names(*lists: list[str]) -> str:
    """One text from lists of names: lower-case, distinct, a to z only, shuffled, one a line.

    Shuffled, because the course holds out the end of a text to test on: at the end of a sorted list
    every name begins with z. Each name draws a number and they line up by it, which uses nothing of
    `random` but the part that Python keeps the same from version to version.
    """
    lower = {name.strip().lower() for names in lists for name in names}
    kept = sorted(name for name in lower if name.isascii() and name.isalpha())
    dice = Random(0)
    return "".join(f"{name}\n" for _, name in sorted((dice.random(), name) for name in kept))


def write(name: str, text: str) -> None:
    """Write datasets/NAME.txt and print its facts as the catalogue spells them."""
    data = text.encode()
    (HERE / f"{name}.txt").write_bytes(data)
    print(f"[{name}]\ncharacters = {len(text)}\nalphabet = {len(set(text))}")
    print(f'sha256 = "{hashlib.sha256(data).hexdigest()}"\n')


def weights() -> None:
    """Train lesson 03's network on its nine tenths of the names; write weights/names.npz.

    40,000 steps at a rate of 0.04: with more, it gets no better on the names held out. The line
    end in front is what a sample begins with, so the network must have begun with it too. The
    numbers differ in their last digits from machine to machine, so no test compares them.
    """
    text = datasets.load_text("names")
    vocab = Vocabulary.of(text)
    ids = vocab.encode("\n" + split(text, validation=0.1)[0])
    steps = rnn100.train(ids, len(vocab), rate=0.04)
    _, _, W = next(islice(steps, 40_000 - 1, None))
    single = {name: w.astype(np.float32) for name, w in W.items()}
    np.savez(HERE / "weights" / "names.npz", characters=np.array(vocab.characters), **single)


def lstm_weights() -> None:
    """Train lesson 08's network as that lesson does; write weights/lstm/names.npz.

    Rate and dropout were chosen among four pairs by the validation part of the training text alone,
    the last 5 per cent of it, on three seeds: the lesson shows the results. The weights kept are
    those that are best there. As above, the last digits differ from machine to machine.
    """
    text = datasets.load_text("names")
    train_text = "\n" + split(text, validation=0.1)[0]
    model = CharModel(Vocabulary.of(text), "lstm", hidden=128, embedding=32, dropout=0.5)
    training = Training(
        model,
        train_text,
        batch=30,
        length=15,
        optimizer=optim.Adam(model.parameters(), lr=0.012),
        schedule=optim.cosine(2000, warmup=50, last=0.02),
        validate_every=100,
    )
    for _ in train(model, train_text, 2000, training):
        pass
    training.use_best()
    save_model(HERE / "weights" / "lstm" / "names.npz", model)


if __name__ == "__main__":
    if sys.argv[1:] == ["weights"]:
        weights()
        lstm_weights()
    elif len(sys.argv) == 1:
        for name in GRAMMARS:
            write(name, generate(name))
    else:
        write("names", names(*(Path(p).read_text("utf-8").splitlines() for p in sys.argv[1:])))
