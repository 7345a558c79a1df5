"""Steps in float16 with weights in float32: the same learning, and nothing small is lost."""

import math

import numpy as np
import pytest
from cuda_on_cpu import module

import minichar as mc
from minichar import checkpoint, fused, optim, strict
from minichar.half import HalfTraining
from minichar.model import KINDS, CharModel
from minichar.training import Training, train

TEXT = "".join(f"{word} " for word in np.random.default_rng(0).choice(["abc", "cab", "bee"], 900))
VOCAB = mc.Vocabulary.of(TEXT)
SETTINGS = {"batch": 8, "length": 12, "validation": 0.1, "validate_every": 40}


def model(cell="lstm", **settings):
    return CharModel(VOCAB, cell, **{"hidden": (12, 9), "dropout": 0.1, "seed": 1} | settings)


def losses(training, steps=80):
    return np.array([r.loss for r in train(training.model, TEXT, steps, training=training)])


@pytest.mark.parametrize("cell", KINDS)
def test_the_loss_curve_is_that_of_float32(cell):
    curves = []
    for kind in (Training, HalfTraining):
        here = model(cell)
        optimizer = optim.Adam(here.parameters(), 0.01)
        curves.append(losses(kind(here, TEXT, optimizer=optimizer, **SETTINGS)))
    exact, half = curves
    assert exact[0] - exact[-5:].mean() > 0.5  # there is a curve
    off = abs(half - exact)
    assert 0 < off.max() < 0.15 and off[:20].max() < 0.01  # rounding grows in training, as noise


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gradients_are_those_of_float32_to_some_digits(cell):
    found = []
    for kind in (Training, HalfTraining):
        training = kind(model(cell, embedding=4, dropout=0), TEXT, **SETTINGS)
        training.gradients(training.inputs[:12], training.targets[:12])
        found.append({name: w.grad for name, w in training.model.parameters().items()})
    for name, exact in found[0].items():
        assert found[1][name].dtype == np.float32
        assert np.linalg.norm(found[1][name] - exact) < 0.01 * np.linalg.norm(exact), name


def test_its_copy_computes_with_cells_that_know_float16():
    """Whatever those of the model are: the compiled ones, of the extra `fast`, do not."""
    training = HalfTraining(model("gru", fused=False), TEXT, **SETTINGS)
    assert {type(cell) for cell in training.copy.cells} == {fused.GRU}


def test_without_a_scale_small_gradients_are_lost():
    """Those of a mean over 8,000 predictions lie near the smallest number of float16."""
    ids = np.random.default_rng(0).integers(0, len(VOCAB), (2, 80, 100), np.int32)
    settings, found = {"batch": 100, "length": 80, "validation": 0}, []
    for scale in (None, 1, 2**12):
        here = model(dropout=0)
        kept = (
            HalfTraining(here, TEXT, scale, **settings)
            if scale
            else Training(here, TEXT, **settings)
        )
        kept.gradients(*ids)
        found.append(here.parameters()["0.Whh"].grad)
    without, scaled = (np.linalg.norm(half - found[0]) for half in found[1:])
    assert without > 5 * scaled


def test_updates_too_small_for_float16_add_up():
    """Each moves a weight by less than a ten-thousandth of it, which float16 rounds away."""
    here = model(dropout=0)
    before = {name: w.data.copy() for name, w in here.parameters().items()}
    training = HalfTraining(here, TEXT, optimizer=optim.SGD(here.parameters(), 1e-3), **SETTINGS)
    coarse = training.copy.parameters()["read_out.W"].data.copy()
    training.step()
    step = training.model.parameters()["read_out.W"].data - before["read_out.W"]
    assert np.abs(step).max() > 0
    assert ((coarse + step.astype("float16")) == coarse).mean() > 0.9
    losses(training, 60)
    moved = here.parameters()["read_out.W"].data.astype("float16") != coarse
    assert moved.mean() > 0.2


def test_a_scale_that_is_too_large_comes_down_by_itself():
    here = model()
    training = HalfTraining(here, TEXT, 2.0**30, **SETTINGS)
    reports = list(train(here, TEXT, 20, training=training))
    notes = [r.note for r in reports if r.note]
    assert notes and all("scale halved" in note for note in notes)
    assert 1 <= training.scale == 2.0 ** (30 - len(notes))
    assert {r.lr for r in reports} == {0.002} and training.step_number == 20
    training.good = training.snapshot()
    training.scale, training.factor, training.optimizer.lr = 2.0**30, 0.25, 0.003
    again = training.step()  # what is said, and stays, is the rate of this moment
    assert "scale halved" in again.note and again.lr == 0.003 * 0.25
    assert (again.step, again.epoch) == (20, 20 * 12 / len(training.inputs))
    assert again.gradient_norm == np.inf
    assert (training.factor, training.optimizer.lr) == (0.25, 0.003)
    assert all(np.isfinite(w.data).all() for w in here.parameters().values())


def test_a_loss_that_is_no_number_is_not_the_scale_s_fault():
    training = HalfTraining(model(), TEXT, **SETTINGS)
    training.step()
    training.model.parameters()["0.bh"].data[0] = np.nan
    report = training.step()
    assert math.isnan(report.loss) and "learning rate halved" in report.note
    assert training.scale == 2**12 and math.isfinite(training.step().loss)


@pytest.mark.parametrize(
    "scale, loss, what, then",
    [
        (1, 1.0, "learning rate halved", 1),
        (2**12, 100.0, "learning rate halved", 2**12),
        (1.5, 1.0, "scale halved to 1", 1),
    ],
)
def test_nor_is_what_no_smaller_scale_would_mend(scale, loss, what, then):
    training = HalfTraining(model(), TEXT, scale, **SETTINGS)
    training.step()

    def beyond(inputs, targets):
        for w in training.model.parameters().values():
            w.grad = np.full(w.shape, np.inf, "float32")
        return np.float32(loss), training.state

    training.gradients = beyond
    assert what in training.step().note and training.scale == then


def test_its_file_is_that_of_a_training(tmp_path):
    training = HalfTraining(model(), TEXT, **SETTINGS)
    losses(training, 5)
    mc.save_model(tmp_path / "h.npz", training.model, training)
    again = checkpoint.load_training(tmp_path / "h.npz", TEXT)
    assert type(again) is Training and again.step_number == 5
    for name, w in again.model.parameters().items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w.data, training.model.parameters()[name].data)
    assert again.step().loss == pytest.approx(training.step().loss, abs=0.01)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="float64: half precision is for float32"):
        HalfTraining(model(dtype="float64"), TEXT, **SETTINGS)
    for scale in (0, 0.5, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="must be 1 or more"):
            HalfTraining(model(), TEXT, scale, **SETTINGS)


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize("cell", KINDS)
def test_on_the_stand_in_it_is_the_same_and_nothing_more_travels(cell, kernels):
    here = losses(HalfTraining(model(cell, dropout=0), TEXT, **SETTINGS), 10)
    with strict.instead_of_cupy() as card:
        if kernels:  # which know no float16: the cells of fused.py take their place
            card.RawModule = module()
        training = HalfTraining(model(cell, dropout=0, device="gpu"), TEXT, **SETTINGS)
        there = losses(training, 10)
        card.counts.reset()
        training.step()
        assert (card.counts.up, card.counts.down, card.counts.bytes_down) == (2, 1, 24)
        assert type(training.copy.parameters()["0.Whh"].data) is strict.ndarray
    assert abs(here - there).max() < 1e-3
