"""One table at the end: every kind of model of the course on the same names, in bits per character.

All networks have about as many weights as the LSTM of lesson 08 and are trained like it. Learning
rate and dropout are chosen for each by the validation part, on one seed: starting from the same
setting, go to one of the eight around it that is better, until none is. Then two more seeds show
how much is luck. The held-out names are opened once, at the end. `python datasets/build.py table`
measures it again, in ten minutes or so on two idle cores, and writes what `stored` reads;
`python -m minichar.finale` prints that. Built in lesson 15.

    >>> [row.model for row in stored()][0]
    'counting'
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from minichar import datasets, draw, optim
from minichar.evaluation import evaluate
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import score, shipped
from minichar.text import Vocabulary, split
from minichar.training import Training, train
from minichar.transformer import BlockModel

NETWORKS = {  # about 86,000 weights each
    "plain RNN": (CharModel, {"cell": "rnn", "hidden": 266, "embedding": 32}),
    "LSTM": (CharModel, {"cell": "lstm", "hidden": 128, "embedding": 32}),
    "minGRU": (BlockModel, {"mixer": "mingru", "width": 64}),
    "transformer": (BlockModel, {"mixer": "attention", "width": 58, "heads": 2, "reach": 16}),
}
RATES = (0.0015, 0.003, 0.006, 0.012, 0.024, 0.048, 0.096)
DROPOUTS = (0.0, 0.1, 0.3, 0.5, 0.7)
START = (0.012, 0.3)
SEEDS, STEPS = 3, 2000


@dataclass(frozen=True)
class Row:
    """What one kind of model reached. Bits per character; of networks, means over the seeds.

    `setting` says what was chosen by the validation part, and out of how many that were tried; what
    a model that has read that part reaches there is nan. `low` and `high` are the best and the
    worst seed on the held-out names.
    """

    model: str
    weights: int  # of counting: how many counts it keeps
    setting: str
    validation: float
    held_out: float
    low: float
    high: float


def parts() -> tuple[str, str]:
    """The names to learn from, a line end in front, and the held-out ones, as in all lessons."""
    first, held_out = split(datasets.load_text("names"), validation=0.1)
    return "\n" + first, held_out


def learn(name: str, rate: float, dropout: float, seed: int = 0, steps: int = STEPS) -> Training:
    """Train a network of the table; at the end it has its weights of the best validation.

    As in lesson 08: Adam, a rate that rises and falls, and the last 5 per cent to validate.
    """
    text, _ = parts()
    kind, shape = NETWORKS[name]
    model = kind(Vocabulary.of(text), **shape, dropout=dropout, seed=seed)
    training = Training(
        model,
        text,
        batch=30,
        length=15,
        optimizer=optim.Adam(model.parameters(), lr=rate),
        schedule=optim.cosine(steps, warmup=50, last=0.02),
        validate_every=min(100, steps),
        seed=seed,
    )
    for _ in train(model, text, steps, training):
        pass
    training.use_best()
    return training


def held_out_bits(model: CharModel) -> float:
    """Bits per character of the held-out names, read after a line end."""
    return float(evaluate(model, "\n" + parts()[1]) / np.log(2))


def beside(setting: tuple[float, float]) -> list[tuple[float, float]]:
    """The settings next to (rate, dropout): the rate one up or down, or the dropout, or both.

    Both, because the best rate is not the same for every dropout: a walk that changes one of them
    at a time stops where it would take both to get on.
    """
    i, j = RATES.index(setting[0]), DROPOUTS.index(setting[1])
    straight, across = ((1, 0), (-1, 0), (0, -1), (0, 1)), ((1, -1), (-1, 1), (-1, -1), (1, 1))
    places = [(i + di, j + dj) for di, dj in (*straight, *across)]
    return [
        (RATES[i], DROPOUTS[j]) for i, j in places if 0 <= i < len(RATES) and 0 <= j < len(DROPOUTS)
    ]


def choose(loss: Callable[[tuple[float, float]], float]) -> tuple[float, float]:
    """Walk from START to a (rate, dropout) beside which none has a lower loss."""
    here = START
    while better := next((near for near in beside(here) if loss(near) < loss(here)), None):
        here = better
    return here


def network(name: str) -> Row:
    """Choose rate and dropout by the validation part; then more seeds."""
    trained = {}

    def validation(setting: tuple[float, float]) -> float:
        if setting not in trained:
            trained[setting] = learn(name, *setting)
        return trained[setting].best

    rate, dropout = choose(validation)
    runs = [trained[rate, dropout]]
    runs += [learn(name, rate, dropout, seed) for seed in range(1, SEEDS)]
    size = runs[0].model.size
    bits = [held_out_bits(run.model) for run in runs]
    best = float(np.mean([run.best for run in runs]) / np.log(2))
    setting = f"rate {rate}, dropout {dropout}, best of {len(trained)}"
    return Row(name, size, setting, best, float(np.mean(bits)), min(bits), max(bits))


def counting() -> Row:
    """Lesson 02: the order chosen by the validation part, then all that is not held out counted."""
    text, held_out = parts()
    vocab = Vocabulary.of(text)
    seen, rest = split(text, validation=0.05)
    long = NGram(seen, 8, vocab, "kneser-ney")
    order = long.best_order(rest)
    validation = float(long.bits(rest, order).mean())
    model = NGram(text, order, vocab, "kneser-ney")
    bits = float(model.bits(held_out).mean())
    size = sum(len(keys) for keys in model.keys)
    return Row("counting", size, f"order {order}", validation, bits, bits, bits)


def hundred_lines() -> Row:
    """Lesson 03: the weights that come with the course. They have read the validation part."""
    with np.load(datasets.folder() / "weights" / "names.npz", allow_pickle=False) as file:
        size = sum(file[key].size for key in file.files if key != "characters")
    bits = float(score(shipped("names"), parts()[1]).mean())
    return Row("100-line RNN", size, "as shipped", np.nan, bits, bits, bits)


def measured() -> Iterator[Row]:
    """Every row of the table, in order, as it becomes known. The networks: two at a time."""
    from concurrent.futures import ProcessPoolExecutor  # not in a browser, which shows the table
    from multiprocessing import get_context

    yield counting()
    yield hundred_lines()
    one_thread = {"initializer": threadpool_limits, "initargs": (1,)}  # of BLAS, in each process
    with ProcessPoolExecutor(2, get_context("spawn"), **one_thread) as pool:
        yield from pool.map(network, NETWORKS)


def place() -> Path:
    """The file in which the table comes with the course."""
    return datasets.folder() / "figures" / "last_table.csv"


def store(rows: Iterable[Row]) -> None:
    """Write the table to its file."""
    place().parent.mkdir(exist_ok=True)
    with open(place(), "w", encoding="ascii", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            kept = {k: f"{v:.6f}" if isinstance(v, float) else v for k, v in asdict(row).items()}
            writer.writerow(kept)


def stored() -> list[Row]:
    """The table that comes with the course. Raises FileNotFoundError where the file has gone."""
    with open(place(), encoding="ascii", newline="") as file:
        kinds = {f.name: f.type for f in fields(Row)}
        return [Row(**{k: kinds[k](v) for k, v in row.items()}) for row in csv.DictReader(file)]


def table(rows: Iterable[Row]) -> draw.Picture:
    """The rows as a table, to be shown or printed."""
    cells = []
    for r in rows:
        validation = "–" if np.isnan(r.validation) else f"{r.validation:.3f}"
        spread = f"{r.low:.3f} to {r.high:.3f}" if r.low < r.high else "–"
        bits = (validation, f"{r.held_out:.3f}", spread)
        cells.append((r.model, f"{r.weights:,}", r.setting, *bits))
    header = ("model", "weights", "setting", "validation", "held-out names", "range over seeds")
    return draw.table(cells, header, title="Bits per character")


if __name__ == "__main__":
    print(table(stored()))
