"""Save files of recurrentjs: held to numbers that it computed (tests/golden), and to damage."""

import json
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import minichar as mc
from minichar import optim, recurrentjs
from minichar.archive import BadModelFile
from minichar.checkpoint import load_model, save_model
from minichar.training import Training

GOLDEN = Path(__file__).with_name("golden")
REAL = (GOLDEN / "saved_model_real.json").read_text()
CONTINUED = json.loads((GOLDEN / "saved_model_continued.json").read_text())
close = {"rtol": 1e-9, "atol": 1e-12}


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def save_file(g):
    """A save file with the weights of rnn_h3 or lstm_h3, made by hand: lists, and no solver."""
    return {
        "hidden_sizes": g["hidden_sizes"],
        "generator": g["generator"],
        "letter_size": g["letter_size"],
        "model": {
            name: {"n": len(rows), "d": len(rows[0]), "w": [x for row in rows for x in row]}
            for name, rows in g["weights"].items()
        },
        "letterToIndex": {c: k for k, c in enumerate(g["vocab"], 1)},
        "indexToLetter": {str(k): c for k, c in enumerate(g["vocab"], 1)},
        "vocab": g["vocab"],
    }


def cost(model, sentence, end="\n"):
    """The demo's: the sum of -ln p over a sentence from START to END, after its backward pass."""
    ids = model.vocab.encode(f"{end}{sentence}{end}")[:, None]
    loss, _ = model.loss(ids[:-1], ids[1:])
    n = np.float64(len(ids) - 1)
    loss.backward(n)
    return float(loss.data) * n


class Given(np.random.Generator):
    """Draws the numbers it is given."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = iter(numbers)

    def random(self):
        return next(self.numbers)


@pytest.mark.parametrize("name", ["rnn_h3", "lstm_h3"])
def test_costs_gradients_and_text_are_those_of_recurrentjs(name):
    g = golden(name)
    model, optimizer = recurrentjs.parse(json.dumps(save_file(g)))
    assert model.cell == {"rnn": "relu", "lstm": "lstm"}[g["generator"]]
    case = g["cases"]["sentence_with_START_END"]
    np.testing.assert_allclose(cost(model, g["text"]), case["cost_nats"], **close)
    found = recurrentjs._theirs(
        {name: w.grad for name, w in model.parameters().items()}, g["generator"], 1
    )
    assert found.keys() == case["grads"].keys()
    for matrix, gradient in case["grads"].items():
        np.testing.assert_allclose(found[matrix], gradient, **close)
    assert mc.sample(model, stop="\n", length=101, temperature=0) == g["sampling"]["greedy"]
    for s in g["sampling"]["samples"]:
        drawn = Given([*s["uniforms_consumed"], 0.5])
        how = {"temperature": s["temperature"], "seed": drawn}
        assert mc.sample(model, stop="\n", length=101, **how) == s["text"]
    assert all((kept["m"] == 0).all() for kept in optimizer.state.values())


def test_a_real_save_file_computes_the_same_and_learns_on_the_same():
    model, optimizer = recurrentjs.parse(REAL)
    assert mc.sample(model, stop="\n", length=101, temperature=0) == CONTINUED["greedy"]
    for sentence, expected in CONTINUED["costs"].items():
        np.testing.assert_allclose(cost(model, sentence), expected, **close)
    for w in model.parameters().values():
        w.grad = None
    settings = CONTINUED["lr"], CONTINUED["regc"], CONTINUED["clip"]
    assert (optimizer.lr, optimizer.weight_decay, optimizer.clip) == settings
    for sentence, expected in zip(CONTINUED["costs"], CONTINUED["tick_costs"], strict=False):
        np.testing.assert_allclose(cost(model, sentence), expected, **close)
        optimizer.step()
    after = json.loads(recurrentjs.written(model, optimizer))
    for name, w in CONTINUED["model"].items():
        np.testing.assert_allclose([*after["model"][name]["w"].values()], w, **close)
        cache = after["solver"]["step_cache"][name]["w"].values()
        np.testing.assert_allclose([*cache], CONTINUED["step_cache"][name], **close)
    assert mc.sample(model, stop="\n", length=101, temperature=0) == CONTINUED["greedy_after"]


def test_what_is_written_is_what_the_demo_wrote(tmp_path):
    assert json.loads(recurrentjs.written(*recurrentjs.parse(REAL))) == json.loads(REAL)
    assert list(json.loads(recurrentjs.written(*recurrentjs.parse(REAL)))) == list(json.loads(REAL))
    (tmp_path / "demo.txt").write_text(REAL)
    save_model(tmp_path / "m.json", load_model(tmp_path / "demo.txt"))
    again = json.loads((tmp_path / "m.json").read_text())
    assert again["model"] == json.loads(REAL)["model"]
    fresh = {"decay_rate": 0.999, "smooth_eps": 1e-8, "step_cache": {}}
    assert again["solver"] == fresh  # the demo's reader looks for one
    model, optimizer = recurrentjs.parse(REAL)
    optimizer.decay, optimizer.eps = 0.5, 3e-7
    solver = json.loads(recurrentjs.written(model, optimizer))["solver"]
    assert (solver["decay_rate"], solver["smooth_eps"]) == (0.5, 3e-7)


@pytest.mark.parametrize("cell", ["lstm", "relu"])
@pytest.mark.parametrize("embedding", [None, 4])
def test_a_model_of_our_own_goes_to_the_demo_and_back(tmp_path, cell, embedding):
    text = "\tone\n\ttwo\n\tthree\n" * 20  # "\t" sorts before "\n": the characters are renumbered
    model = mc.CharModel(mc.Vocabulary.of(text), cell, (6, 5), embedding, dtype="float64")
    optimizer = optim.RMSProp(model.parameters(), lr=0.02)
    training = Training(model, text, batch=2, optimizer=optimizer, validation=0.2, lines=True)
    for _ in range(20):
        training.step()
    save_model(tmp_path / "m.json", model, training)
    again, solver = recurrentjs.read(tmp_path / "m.json")
    assert again.vocab.characters[0] == "\n" and set(again.vocab.characters) == set(text)
    np.testing.assert_allclose(mc.score(again, text[:50]), mc.score(model, text[:50]), rtol=1e-9)
    assert solver.decay == optimizer.decay
    np.testing.assert_array_equal(solver.state["1.Whh"]["m"], optimizer.state["1.Whh"]["m"])


def test_a_line_end_among_the_letters_leaves_another_character_for_start():
    saved = save_file(golden("lstm_h3"))
    changed = json.loads(json.dumps(saved).replace('"!"', '"\\n"'))
    model, _ = recurrentjs.parse(json.dumps(changed))
    assert model.vocab.characters == "\0helo\n"
    expected = recurrentjs.parse(json.dumps(saved))[0]
    same = cost(expected, "hello!")
    assert cost(model, "hello\n", end="\0") == same
    assert json.loads(recurrentjs.written(model))["vocab"] == changed["vocab"]


def test_what_the_demo_cannot_hold_is_refused(tmp_path):
    for cell, characters, said in [
        ("gru", "\nab", "no gru"),
        ("rnn", "\nab", "no rnn"),
        ("lstm", "ab", "START"),
        ("lstm", "\nab😀", "U\\+FFFF"),
    ]:
        with pytest.raises(ValueError, match=said):
            save_model(tmp_path / "m.json", mc.CharModel(mc.Vocabulary(characters), cell, 3))
    many = mc.Vocabulary(map(chr, range(10, 3010)))
    with pytest.raises(ValueError, match="3,000 characters are too many"):
        save_model(tmp_path / "m.json", mc.CharModel(many, hidden=3))
    assert recurrentjs.written(mc.CharModel(many, hidden=3, embedding=2))
    assert not list(tmp_path.iterdir())


# --- files that are damaged or made to do harm


def put(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(saved):
        for key in keys:
            saved = saved[key]
        saved[last] = value

    return change


def drop(*keys):
    *keys, last = keys

    def change(saved):
        for key in keys:
            saved = saved[key]
        del saved[last]

    return change


HARM = {
    "no weights": drop("model"),
    "no letters": drop("vocab"),
    "a matrix missing": drop("model", "Wih1"),
    "a matrix too many": lambda s: put("model", "Wih2", s["model"]["Wih1"])(s),
    "a cache missing": drop("solver", "step_cache", "Wih1"),
    "a cache too small": put("solver", "step_cache", "Wil", {"n": 1, "d": 3, "w": [0.5] * 3}),
    "a number missing": drop("model", "Wil", "w", "7"),
    "a number too many": put("model", "Wil", "w", "63", 0.5),
    "a number is text": put("model", "Wil", "w", "7", "1.5"),
    "a number is true": put("model", "Wil", "w", "7", True),
    "a number is null": put("model", "Wil", "w", "7", None),
    "a number is nan": put("model", "Wil", "w", "7", float("nan")),
    "a number is infinite": put("model", "Wil", "w", "7", float("inf")),
    "a number is too large": put("model", "Wil", "w", "7", 10**400),
    "weights are text": put("model", "Wil", "w", "0" * 63),
    "turned over": put("model", "Wil", {"n": 3, "d": 21, "w": [0.5] * 63}),
    "claims to be huge": put("model", "Wil", "n", 10**12),
    "claims to be negative": put("model", "Wil", "n", -21),
    "a million neurons": put("hidden_sizes", [10**6]),
    "no layers": put("hidden_sizes", []),
    "a million layers": put("hidden_sizes", [1] * 10**6),
    "half a neuron": put("hidden_sizes", [4.5, 3]),
    "long letters": put("letter_size", 10**9),
    "another cell": put("generator", "gru"),
    "a letter twice": put("vocab", ["t"] * 20),
    "two letters in one": put("vocab", 0, "tt"),
    "letters that disagree": put("letterToIndex", "t", 5),
    "a million letters": put("vocab", ["t"] * 10**6),
    "zero as a letter": lambda s: json.loads(json.dumps(s).replace('"t"', '"\\u0000"')),
    "a solver of text": put("solver", "decay_rate", "x"),
    "a solver that grows": put("solver", "decay_rate", 2),
    "too many parts": lambda s: REAL.rstrip()[:-1] + ',"x":[' + "[]," * 2 * 10**6 + "0]}",
    "too deep": lambda s: "[" * 9000,
    "a list": lambda s: [],
}


@pytest.mark.parametrize("change", HARM.values(), ids=HARM.keys())
def test_a_file_made_to_do_harm_is_refused(tmp_path, change):
    saved, path = json.loads(REAL), tmp_path / "bad.json"
    changed = change(saved)
    changed = saved if changed is None else changed
    path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    tracemalloc.start()
    with pytest.raises(BadModelFile, match="bad.json cannot be loaded: ") as error:
        load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 60e6
    tracemalloc.stop()
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_a_damaged_file_gives_a_model_of_finite_weights_or_is_refused(tmp_path):
    """JSON has no checksum: a digit that was changed makes another weight."""
    rng, path, refused = random.Random(3), tmp_path / "bad.json", 0
    for _ in range(500):
        data = bytearray(REAL.encode())
        for _ in range(rng.choice((1, 3))):
            a = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[a] ^= 1 << rng.randrange(8)
                case 1:
                    del data[a : a + rng.choice((1, 10))]
                case 2:
                    data[a:a] = data[rng.randrange(len(data)) :][: rng.choice((1, 10))]
                case 3:
                    data[a] = rng.choice(b'0123456789-.eE{}[],:" ')
        path.write_bytes(data[:a] if rng.random() < 0.1 else data)
        try:
            model = load_model(path)
            assert all(np.isfinite(w.data).all() for w in model.parameters().values())
            assert model.hidden == (4, 3) and len(model.vocab) == 21
        except BadModelFile as error:
            assert "\n" not in str(error)
            refused += 1
    assert 100 < refused < 500
