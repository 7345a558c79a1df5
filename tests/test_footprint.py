"""The bytes of a training, worked out beforehand, against those that a run takes."""

import tracemalloc

import numpy as np
import pytest

from minichar import footprint, optim
from minichar.model import KINDS, CharModel
from minichar.text import Vocabulary
from minichar.training import SNAPSHOT, Training
from minichar.transformer import BlockModel

VOCAB = Vocabulary("abcdefghijklmnopqrst")
TEXT = "".join(np.random.default_rng(0).choice(list("abcdefghijklmnopqrst"), 40_000))


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("MINICHAR_COMPILED", "0")


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {"hidden": (128, 128)},
        {"hidden": (64, 160), "dropout": 0.3},
        {"hidden": (96,), "embedding": 48},
        {"hidden": (64, 64), "dtype": "float64"},
        {"hidden": (64,), "vocab": Vocabulary(map(chr, range(97, 1097)))},
    ],
    ids=lambda settings: str(settings)[:50],
)
def test_a_step_takes_what_was_said(cell, settings):
    model = CharModel(**{"vocab": VOCAB, "cell": cell} | settings)
    training = Training(
        model, TEXT, batch=50, length=60, optimizer=optim.SGD(model.parameters(), 0.1)
    )
    training.step()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        training.step()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    need = footprint.needed(model, 50, 60)
    gradients = sum(w.data.nbytes for w in model.parameters().values())
    assert 0.85 < (need.step + gradients) / peak < 1.15


@pytest.mark.parametrize("kind, remembers", [(optim.Adam, 2), (optim.RMSProp, 1)])
def test_what_the_weights_take_at_their_peak_was_said(kind, remembers):
    """That is where a step has ended which takes copies to go back to: SNAPSHOT steps in."""
    model = CharModel(VOCAB, hidden=(256,))
    tracemalloc.start()
    try:
        optimizer = kind(model.parameters())
        training = Training(model, TEXT, batch=2, length=2, optimizer=optimizer, validation=0)
        for _ in range(SNAPSHOT + 1):
            training.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    weights = sum(w.data.nbytes for w in model.parameters().values())
    found = peak - 4 * len(TEXT) + 2 * weights  # the model's own, and those at the best validation
    assert footprint.needed(model, 2, 2, remembers).weights == pytest.approx(found, rel=0.1)
    assert footprint.needed(model, 2, 2) == footprint.needed(model, 2, 2, 2)  # Adam's, if not told


@pytest.mark.parametrize(
    "hidden, batch, length, halve",
    [
        ((8,), 400, 50, "batch=400"),
        ((8,), 2, 5000, "length=5000"),
        ((900,), 2, 3, "hidden="),
        ((900,), 4, 350, "hidden="),  # by a little
    ],
)
def test_a_lack_of_memory_says_what_to_halve(hidden, batch, length, halve):
    model = CharModel(VOCAB, hidden=hidden)
    need = footprint.needed(model, batch, length, remembers=1)
    with pytest.raises(MemoryError, match=f"computer's memory.*Halve {halve}") as caught:
        with footprint.advice(model, (length, batch), remembers=1):
            raise MemoryError("out of memory allocating 512 bytes")
    assert str(need) in str(caught.value) and "512" in str(caught.value.__cause__)
    half = footprint.needed(model, max(1, batch // 2), length, remembers=1)
    if halve.startswith("batch"):
        assert half.step == need.step // 2


@pytest.mark.parametrize(
    "length, batch, halve",
    [(20, 9, "batch=9"), (7, 2, "batch=2"), (50, 9, "length=50"), (4, 1, "length=4")],
)
def test_a_model_that_is_not_counted_is_told_what_to_halve_all_the_same(length, batch, halve):
    with pytest.raises(MemoryError, match=f"computer's memory is full. Halve {halve}:"):
        with footprint.advice(BlockModel(VOCAB, width=4, heads=1), (length, batch)):
            raise MemoryError


def test_other_errors_stay_as_they_are():
    with pytest.raises(ValueError, match="^other$"):
        with footprint.advice(CharModel(VOCAB, hidden=2), (3, 4)):
            raise ValueError("other")


def test_in_all_it_is_the_weights_and_a_step():
    need = footprint.Needed(3_000_000, 1_234_000_000)
    assert need.total == 1_237_000_000
    assert str(need).startswith("1,237 MB: 3 for the weights") and "1,234 for a step" in str(need)


def test_the_memory_of_a_card_is_called_its_own(monkeypatch):
    model = CharModel(VOCAB, hidden=8)
    monkeypatch.setattr(model, "device", "gpu")
    with pytest.raises(MemoryError, match="^the graphics card's memory is full"):
        with footprint.advice(model, (3, 4)):
            raise MemoryError


@pytest.mark.parametrize("hidden, embedding", [((30,), None), ((30, 20), None), ((30, 20), 10)])
def test_what_is_affordable_is_counted_in_weights_and_in_numbers_of_a_step(
    hidden, embedding, monkeypatch
):
    """As many as an LSTM has, but for its biases; and a little more than a step takes by needed."""
    model = CharModel(VOCAB, hidden=hidden, embedding=embedding)
    biases = sum(w.data.size for w in model.parameters().values() if w.data.ndim == 1)
    weights = sum(w.data.size for w in model.parameters().values()) - biases
    numbers = 7 * 9 * (12 * sum(hidden) + 3 * len(VOCAB))
    sizes = (len(VOCAB), hidden, embedding, 7, 9)
    for name, most, what in (("WEIGHTS", weights, "weights"), ("NUMBERS", numbers, "numbers")):
        with monkeypatch.context() as with_less:
            with_less.setattr(footprint, name, most)
            footprint.affordable(*sizes)
            with_less.setattr(footprint, name, most - 1)
            with pytest.raises(ValueError, match=f"million {what}"):
                footprint.affordable(*sizes)


@pytest.mark.parametrize(
    "hidden, batch, length, said",
    [
        (3000, 1, 1, "38 million weights: use fewer neurons (up to 20,000,000 here)"),
        (100, 1000, 500, "750 million numbers in each step: use fewer texts, characters or "
         "neurons (up to 250,000,000 here)"),
    ],
)  # fmt: skip
def test_what_is_not_affordable_is_said_in_numbers(hidden, batch, length, said):
    """By hand: 4 * 3100 * 3000 + 100 * 3000 weights, 500,000 * (12 * 100 + 3 * 100) numbers."""
    with pytest.raises(ValueError) as caught:
        footprint.affordable(100, [hidden], None, batch, length)
    assert str(caught.value) == f"that makes {said}"
