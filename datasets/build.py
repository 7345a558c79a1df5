"""Write the texts of this folder again and print the facts that catalogue.toml holds about them.

    python datasets/build.py                          the five texts of minichar/grammars.py
    python datasets/build.py female.txt male.txt      the names, from the two lists in README.md
    python datasets/build.py weights                  two networks, trained on the names: minutes
    python datasets/build.py choose                   what lesson 08 chooses by, measured: minutes
    python datasets/build.py network tunes            also environments, tags: minutes each
    python datasets/build.py network python           the network that reads Python: half an hour
    python datasets/build.py network moby-dick        also latex, wiki: once their text is fetched
    python datasets/build.py network shakespeare input.txt     char-rnn's file of plays, likewise
    python datasets/build.py measure shakespeare input.txt     note in its file what it reaches
    python datasets/build.py table                    lesson 15's models: ten minutes on two cores

tests/test_datasets.py runs the same functions and compares with the files, byte for byte.
"""

import hashlib
import json
import sys
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np

from minichar import archive, datasets, finale, gallery, optim, rnn100
from minichar.checkpoint import load_model, save_model
from minichar.grammars import GRAMMARS, generate
from minichar.model import CharModel
from minichar.sampling import sample
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


def lstm(rate: float, dropout: float, seed: int = 0) -> Training:
    """Lesson 08's network, trained as in that lesson: with its weights of the best validation."""
    return finale.learn("LSTM", rate, dropout, seed, steps=2000)


def choose() -> None:
    """Print the table from which lesson 08 chooses: bits on the validation part, on three seeds.

    That part is the last 5 per cent of the training text; the held-out names have no say.
    """
    for rate, dropout in ((0.006, 0.3), (0.006, 0.5), (0.012, 0.3), (0.012, 0.5)):
        bits = [lstm(rate, dropout, seed).best / np.log(2) for seed in range(3)]
        print(f"rate {rate}, dropout {dropout}:", *(f"{b:.3f}" for b in bits), flush=True)


def lstm_weights() -> None:
    """Write weights/lstm/names.npz: the setting that `choose` found best.

    As above, the last digits differ from machine to machine.
    """
    training = lstm(rate=0.012, dropout=0.5)
    save_model(HERE / "weights" / "lstm" / "names.npz", training.model)


LARGE = {"hidden": (256, 256), "embedding": 64}  # 1.8 MB in half precision
MIDDLE = {"hidden": 256, "embedding": 64}  # 0.7 MB
SMALL = {"hidden": 128, "embedding": 32}  # 0.2 MB; enough for a grammar
NETWORKS = {  # name: layers, steps, streams, characters a step of each, learning rate, dropout
    "python": (LARGE, 5000, 50, 100, 0.004, 0.1),
    "shakespeare": (LARGE, 9000, 32, 64, 0.003, 0.3),
    "moby-dick": (MIDDLE, 9000, 32, 64, 0.004, 0.1),
    "latex": (MIDDLE, 3500, 32, 100, 0.005, 0.1),
    "wiki": (MIDDLE, 1000, 32, 100, 0.005, 0.3),
    "environments": (SMALL, 3000, 32, 100, 0.006, 0.1),
    "tags": (SMALL, 3000, 32, 100, 0.006, 0.1),
    "tunes": (SMALL, 4000, 32, 100, 0.006, 0.1),
}


def network(name: str, text: str, place: Path) -> None:
    """Train a network as NETWORKS says on the first nine tenths of `text`; write PLACE/NAME.npz.

    `gallery.learned_from` says what a grammar's network learns from: more than the file.
    PLACE/NAME.json has what it wrote on the way, at steps 0, 1, 2, 5, 10 and so on. The tab is for
    the Python source of others. Prints as it goes.
    """
    layers, steps, batch, length, rate, dropout = NETWORKS[name]
    tab = "\t" if name in ("python", "shakespeare") else ""
    train_text = gallery.learned_from(name, text)
    vocab = Vocabulary.of(text + tab)
    model = CharModel(vocab, "lstm", **layers, dropout=dropout, seed=0)
    training = Training(
        model,
        train_text,
        batch=batch,
        length=length,
        optimizer=optim.Adam(model.parameters(), lr=rate),
        schedule=optim.cosine(steps, warmup=50, last=0.02),
        validate_every=min(250, steps),
    )
    written = [(0, sample(model, length=300, temperature=0.7, seed=0))]
    for report in train(model, train_text, steps, training):
        if int(str(report.step).rstrip("0")) in (1, 2, 5) or report.step == steps:
            written.append((report.step, sample(model, length=300, temperature=0.7, seed=0)))
        if report.validation is not None:
            print(report.step, report.bits, report.validation / np.log(2), flush=True)
            save_model(place / f"{name}.npz", model, training)
    training.use_best()
    save_model(place / f"{name}.npz", model, half=True)
    (place / f"{name}.json").write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    measure(name, text, place)


def measure(name: str, text: str, place: Path) -> None:
    """Note in PLACE/NAME.npz what the network reaches: the numbers of the gallery's table.

    So the table can show them where the text is not at hand.
    """
    path = place / f"{name}.npz"
    with archive.opened(path) as found:
        half = found.header.get("half", False)
    model = load_model(path)
    note = gallery.measured(name, text, model)
    save_model(path, model, half=half, note=note)
    print(note)


def table() -> None:
    """Measure every kind of model of the course; print it, and write figures/last_table.csv."""
    rows = []
    for row in finale.measured():
        rows.append(row)
        print(row, flush=True)
    finale.store(rows)
    print(finale.table(rows))


if __name__ == "__main__":
    known = len(sys.argv) in (3, 4) and sys.argv[2] in NETWORKS
    if sys.argv[1:2] in (["network"], ["measure"]) and known:
        text, make = datasets.load_text(sys.argv[-1]), {"network": network, "measure": measure}
        make[sys.argv[1]](sys.argv[2], text, HERE / "weights" / "lstm")
    elif sys.argv[1:] == ["choose"]:
        choose()
    elif sys.argv[1:] == ["table"]:
        table()
    elif sys.argv[1:] == ["weights"]:
        weights()
        lstm_weights()
    elif len(sys.argv) == 1:
        for name in GRAMMARS:
            write(name, generate(name))
    elif len(sys.argv) == 3 and all(Path(p).is_file() for p in sys.argv[1:]):
        write("names", names(*(Path(p).read_text("utf-8").splitlines() for p in sys.argv[1:])))
    else:
        sys.exit(__doc__)
