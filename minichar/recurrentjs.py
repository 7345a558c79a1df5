"""Save files of recurrentjs: into a `CharModel` that computes the same, and back.

recurrentjs is the JavaScript library behind a well-known web demo of such networks; its save button
writes JSON. There each sentence is learned on its own, between a START and an END that share number
0. Here a character stands for both: "\\n", or "\\0" in a model that has "\\n" among its letters. So
`sample(model, stop="\\n", length=101, temperature=0)` gives the demo's greedy sentence. Its loss is
the sum over a sentence of n letters, ours the mean over the n + 1 predictions:

    model, optimizer = read("model.json")
    ids = model.vocab.encode("\\n" + sentence + "\\n")[:, None]     # (n + 2, 1)
    loss, _ = model.loss(ids[:-1], ids[1:])
    loss.backward(np.float64(len(ids) - 1))                       # the gradient of the sum
    optimizer.step()                                              # what the demo does in a tick
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from minichar import backend, optim
from minichar.archive import Unfit, refusing, replacing
from minichar.model import CharModel
from minichar.text import Vocabulary

Arrays = dict[str, np.ndarray]
# A file with more than this is none of the demo's: bytes, layers, letters, objects and lists.
SIZE, LAYERS, LETTERS, PARTS = 1 << 25, 100, 1 << 16, 10_000


def read(path: str | Path) -> tuple[CharModel, optim.RMSProp]:
    """The model in a save file, in float64, and an optimiser for going on with it.

    The optimiser has the memory of the demo's solver, empty where the file has none, and the rate,
    clipping and weight decay that the demo starts with, which no file holds.

    Raises BadModelFile for any other file, OSError where there is none.
    """
    with open(path, "rb") as file, refusing(path):
        first, size = file.read(1), os.fstat(file.fileno()).st_size
        if first not in (b"{", b"\xef") or size > SIZE:  # 0xef: a byte-order mark
            raise Unfit("it is neither a model of this course nor one of recurrentjs")
        return parse((first + file.read()).decode("utf-8-sig"))


def write(path: str | Path, model: CharModel, optimizer: optim.Optimizer | None = None) -> None:
    """Write a save file that the demo loads: the same numbers, and RMSProp's memory too.

    Of another optimiser nothing is kept. One-hot rows, where the model has no embedding, become the
    demo's letter vectors.

    Raises ValueError for a model that recurrentjs cannot hold: it knows LSTMs and RNNs with relu,
    characters up to U+FFFF, not thousands of them without an embedding, and needs one of them to
    stand for START and END.
    """
    text = written(model, optimizer)
    with replacing(path) as file:
        file.write(text.encode())


def parse(text: str) -> tuple[CharModel, optim.RMSProp]:
    """What `read` returns, from the text of the file."""
    if text.count("{") + text.count("[") > PARTS:
        raise Unfit("it has too many parts for a save file of recurrentjs")
    saved = json.loads(text, parse_constant=_refuse_constant)
    kind, hidden, E = saved["generator"], tuple(saved["hidden_sizes"]), saved["letter_size"]
    if kind not in ("rnn", "lstm") or len(hidden) > LAYERS:
        raise Unfit(f"recurrentjs does not have {len(hidden)} layers of {kind!r}")
    if any(type(n) is not int for n in (*hidden, E)):
        raise Unfit("the sizes of its layers are not whole numbers")
    letters = _letters(saved)
    matrices = {name: _matrix(m, name) for name, m in saved["model"].items()}
    needed = shapes(kind, len(letters) + 1, E, hidden)
    _compare(matrices, needed)  # before a model of these sizes is made
    vocab = Vocabulary([_start_and_end(letters), *letters])
    cell = "relu" if kind == "rnn" else kind
    lines = "\0" not in vocab  # where that ends a line, "\n" is a letter
    model = CharModel(vocab, cell, hidden, embedding=E, dtype="float64", lines=lines)
    for name, array in _ours(matrices, kind, len(hidden)).items():
        model.parameters()[name].data[...] = array
    solver = saved.get("solver") or {"decay_rate": 0.999, "smooth_eps": 1e-8, "step_cache": {}}
    decay, eps = solver["decay_rate"], solver["smooth_eps"]
    if not (0 <= decay <= 1 and 0 <= eps <= 1):
        raise Unfit(f"its solver has a decay of {decay} and an eps of {eps}")
    optimizer = optim.RMSProp(
        model.parameters(), lr=0.01, decay=decay, eps=eps, clip=5.0, weight_decay=1e-6
    )
    if solver["step_cache"]:
        cache = {name: _matrix(m, name) for name, m in solver["step_cache"].items()}
        _compare(cache, needed)
        for name, array in _ours(cache, kind, len(hidden)).items():
            optimizer.state[name]["m"][...] = array
    return model, optimizer


def written(model: CharModel, optimizer: optim.Optimizer | None = None) -> str:
    """The text of the file that `write` writes."""
    if model.cell not in ("lstm", "relu"):
        raise ValueError(f'recurrentjs has no {model.cell}: only cell="lstm" and cell="relu"')
    characters, V = model.vocab.characters, len(model.vocab)
    start = next((c for c in "\0\n" if c in characters), None)
    if start is None:
        raise ValueError('recurrentjs needs a character for START and END, such as "\\n"')
    if max(characters) > "\uffff":
        raise ValueError(f"recurrentjs knows characters up to U+FFFF, and not {max(characters)!r}")
    if V * (model.embedding or V) > SIZE // 8:  # each takes 8 bytes at the least: "0":0.0,
        raise ValueError(f"{V:,} characters are too many for a file of recurrentjs: save an .npz")
    letters = characters.replace(start, "")
    order = [characters.index(c) for c in start + letters]
    kind = "rnn" if model.cell == "relu" else model.cell

    def matrices(arrays: Arrays) -> dict[str, Any]:
        arrays |= {"embedding.W": arrays["embedding.W"][order]}
        arrays |= {f"read_out.{n}": arrays[f"read_out.{n}"][..., order] for n in "Wb"}
        theirs, names = _theirs(arrays, kind, len(model.hidden)), shapes(kind, V, 0, model.hidden)
        return {name: _saved(theirs[name]) for name in names}

    remembers = isinstance(optimizer, optim.RMSProp)
    weights = {"embedding.W": np.eye(V)} | {
        n: backend.host(w.data) for n, w in model.parameters().items()
    }
    memory = {name: np.zeros_like(w) for name, w in weights.items()}
    if remembers:
        memory |= {name: backend.host(kept["m"]) for name, kept in optimizer.state.items()}
    out = {
        "hidden_sizes": model.hidden,
        "generator": kind,
        "letter_size": model.embedding or V,
        "model": matrices(weights),
        "solver": {
            "decay_rate": optimizer.decay if remembers else 0.999,
            "smooth_eps": optimizer.eps if remembers else 1e-8,
            "step_cache": matrices(memory) if remembers else {},
        },
        "letterToIndex": {c: k for k, c in enumerate(letters, 1)},
        "indexToLetter": {str(k): c for k, c in enumerate(letters, 1)},
        "vocab": list(letters),
    }
    return json.dumps(out, separators=(",", ":"), allow_nan=False)


def shapes(kind: str, V: int, E: int, hidden: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Rows and columns of every matrix of recurrentjs, in its own order."""
    needed, D = {"Wil": (V, E)}, E
    for layer, H in enumerate(hidden):
        for x, h, b in _gates(kind, layer, "ifoc"):
            needed |= {x: (H, D), h: (H, H), b: (H, 1)}
        D = H
    return needed | {"Whd": (V, D), "bd": (V, 1)}


def _gates(kind: str, layer: int, order: str = "oifc") -> list[tuple[str, str, str]]:
    """The names of Wxh, Whh and bh in their pieces, a gate each, in the order of our blocks."""
    if kind == "rnn":
        return [(f"Wxh{layer}", f"Whh{layer}", f"bhh{layer}")]
    return [(f"W{g}x{layer}", f"W{g}h{layer}", f"b{g}{layer}") for g in order]


def _ours(matrices: Arrays, kind: str, layers: int) -> Arrays:
    """Their matrices under our names: turned, as we multiply rows, with gates side by side."""
    W = {"embedding.W": matrices["Wil"], "read_out.W": matrices["Whd"].T}
    W["read_out.b"] = matrices["bd"].ravel()
    for layer in range(layers):
        pieces = zip(*_gates(kind, layer), strict=True)
        for name, gates in zip(("Wxh", "Whh", "bh"), pieces, strict=True):
            whole = np.concatenate([matrices[gate] for gate in gates])  # (gates * H, …)
            W[f"{layer}.{name}"] = whole.ravel() if name == "bh" else whole.T
    return W


def _theirs(arrays: Arrays, kind: str, layers: int) -> Arrays:
    """The reverse: our arrays as their matrices."""
    W = {"Wil": arrays["embedding.W"], "Whd": arrays["read_out.W"].T}
    W["bd"] = arrays["read_out.b"][:, None]
    for layer in range(layers):
        gates = _gates(kind, layer)
        for name, pieces in zip(("Wxh", "Whh", "bh"), zip(*gates, strict=True), strict=True):
            whole = np.atleast_2d(arrays[f"{layer}.{name}"]).T  # (gates * H, …)
            W |= dict(zip(pieces, np.split(whole, len(gates)), strict=True))
    return W


def _letters(saved: dict[str, Any]) -> list[str]:
    """The letters, in the order of their numbers, from 1."""
    letters = saved["vocab"]
    if len(letters) > LETTERS:
        raise Unfit(f"it has {len(letters)} letters, more than there are")
    numbers = {c: k for k, c in enumerate(letters, 1)}
    back = {str(k): c for c, k in numbers.items()}
    fit = saved["letterToIndex"] == numbers and saved["indexToLetter"] == back
    if not fit or any(len(c) != 1 for c in letters):
        raise Unfit("its letters do not match their numbers")
    return letters


def _start_and_end(letters: list[str]) -> str:
    if "\0" in letters:  # else `write` could not tell a letter from START
        raise Unfit('it has "\\0" as a letter, which stands for START and END here')
    return "\0" if "\n" in letters else "\n"


def _matrix(saved: dict[str, Any], name: str) -> np.ndarray:
    """A matrix (n, d), whose numbers are a list, or an object of them by place."""
    n, d, w = saved["n"], saved["d"], saved["w"]
    if isinstance(w, dict):
        w = [w[str(k)] for k in range(len(w))]
    if any(type(number) not in (int, float) for number in w):
        raise Unfit(f"{name} holds something that is not a number")
    if type(n) is not int or n < 1 or n * d != len(w):
        raise Unfit(f"{name} says it is {n} by {d}, and holds {len(w)} numbers")
    array = np.array(w, np.float64)
    if not np.isfinite(array).all():
        raise Unfit(f"{name} holds a number that is not finite")
    return array.reshape(n, d)


def _saved(array: np.ndarray) -> dict[str, Any]:
    """A matrix as JavaScript writes it, whose arrays of floats become objects."""
    n, d = array.shape
    return {"n": n, "d": d, "w": {str(k): float(x) for k, x in enumerate(array.ravel())}}


def _compare(matrices: Arrays, needed: dict[str, tuple[int, int]]) -> None:
    for name in needed.keys() | matrices.keys():
        found = matrices[name].shape if name in matrices else None
        if found != needed.get(name):
            raise Unfit(f"{name} has the shape {found}, and {needed.get(name)} is needed")


def _refuse_constant(name: str) -> None:
    raise Unfit(f"it holds {name}, which is not a number")
