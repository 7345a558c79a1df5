"""Everything that a model does, on the stand-in for a card: the same numbers, and nothing travels.

strict.py refuses what CuPy refuses and counts what goes up and down. With a compiler for C++ the
CUDA of kernels.py runs here too, translated for the processor.
"""

import math

import numpy as np
import pytest
from cuda_on_cpu import module

import minichar as mc
from minichar import (
    ablation,
    causes,
    checkpoint,
    evaluation,
    graph,
    kernels,
    layers,
    look,
    optim,
    strict,
)
from minichar.model import KINDS, CharModel
from minichar.training import SNAPSHOT, Training, train

TEXT = "".join(np.random.default_rng(0).choice(list("abcde\n"), 900))
VOCAB = mc.Vocabulary("\nabcde")
cells = pytest.mark.parametrize("cell", KINDS)
SHAPES = {
    "one-hot": {},
    "embedding": {"embedding": 3},
    "three layers": {"hidden": (4, 3, 5)},
    "step by step": {"fused": False},
}


@pytest.fixture
def with_kernels(card):
    card.RawModule = module()  # skips where there is no compiler
    return card


@pytest.fixture(params=["card", "with_kernels"])
def either(request):
    """For what trains a cell: nothing else knows of kernels.py."""
    return request.getfixturevalue(request.param)


def pair(cell="lstm", dropout=0.0, **settings):
    settings = {"hidden": (5, 4), "dtype": "float64"} | settings
    return [CharModel(VOCAB, cell, dropout=dropout, device=d, **settings) for d in ("cpu", "gpu")]


def same(here, there, limit=1e-10):
    for name, w in here.parameters().items():
        found = there.parameters()[name].data
        assert type(found) is strict.ndarray
        np.testing.assert_allclose(found._numbers, w.data, atol=limit, err_msg=name)


def test_a_seed_draws_the_same_weights_on_both(card):
    for cell in KINDS:
        same(*pair(cell), limit=0)


@cells
@pytest.mark.parametrize("shape", SHAPES)
def test_some_steps_of_training_are_the_same(cell, shape, either):
    how, reports = {"batch": 6, "length": 7, "validation": 0.3, "validate_every": 4}, []
    first = train(pair(cell, **SHAPES[shape])[0], TEXT, 8, clip=None, **how)
    how["clip"] = limit = float(np.median([r.gradient_norm for r in first]))
    models = pair(cell, **SHAPES[shape])
    for model in models:
        reports.append(list(train(model, TEXT, 8, **how)))
    for a, b in zip(*reports, strict=True):
        for name in ("loss", "gradient_norm", "lr", "epoch", "step"):
            assert getattr(b, name) == pytest.approx(getattr(a, name), rel=1e-9)
        assert (a.validation is None) == (b.validation is None)
        assert b.validation is None or b.validation == pytest.approx(a.validation, rel=1e-9)
    norms = [r.gradient_norm for r in reports[1]]
    assert min(norms) < limit < max(norms)  # some were clipped, and some not
    same(*models, limit=1e-9)


@pytest.mark.parametrize("kind", optim.OPTIMIZERS)
def test_every_optimiser_moves_both_alike(kind, card):
    models = pair()
    for model in models:
        optimizer = optim.OPTIMIZERS[kind][0](model.parameters(), lr=0.01)
        for _ in train(model, TEXT, 5, batch=4, length=5, optimizer=optimizer):
            pass
    same(*models)


def test_lines_of_their_own_are_the_same(card):
    models, written = pair(), []
    for model in models:
        for _ in train(model, TEXT, 10, batch=4, length=50, lines=True, validate_every=5):
            pass
        found = mc.sample(model, length=40, seed=1), mc.sampling.samples(model, 3, length=40)
        written.append(found)
    assert written[0] == written[1] and written[0][0].count("\n") > 2
    same(*models)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@cells
def test_a_step_takes_up_the_characters_and_brings_down_one_array(cell, dropout, either):
    _, model = pair(cell, dropout, dtype="float32")
    training = Training(model, TEXT, batch=6, length=7)
    for k in range(1, SNAPSHOT + 10):
        either.counts.reset()
        report = training.step()
        again = k == SNAPSHOT  # the loss of the new weights, before they are kept
        assert either.counts.up == 2 + 2 * again
        assert either.counts.bytes_up == (1 + again) * 2 * 4 * read(training)
        assert either.counts.down == 1 + again
        assert either.counts.bytes_down == 3 * 8 + 4 * again  # loss, norm, size; and that loss
        assert math.isfinite(report.loss) and type(report.loss) is float


def read(training):
    """How many characters the last step has read: fewer where the text ends."""
    rows = len(training.inputs) % training.length
    ended = training.place == len(training.inputs) and rows
    return training.batch * (rows if ended else training.length)


def test_fewer_launches_where_the_gates_are_one(with_kernels):
    _, model = pair(hidden=(5,))
    ids, counted = np.zeros((10, 3), int), []
    for cell in (kernels.LSTM, kernels.fused.LSTM):
        model.cells[0].__class__ = cell
        with_kernels.counts.reset()
        model.loss(ids, ids)[0].backward()
        counted.append(with_kernels.counts.launches)
    assert counted[0] < counted[1] - 10 * 10


def test_the_processors_threads_stay_out_of_it(either, monkeypatch):
    """However large a step is: the card has threads of its own for the rows."""
    for cell in ("rnn", "lstm", "gru"):
        _, model = pair(cell)
        monkeypatch.setattr(mc.fused, "side_by_side", None)
        model.loss(np.zeros((3, 2), int), np.zeros((3, 2), int))[0].backward()


def test_dropout_is_drawn_on_the_card_alike_for_a_seed(card):
    x = card.ones((50, 40, 30), "float32")
    masks = [layers.Dropout(0.3).kept(x, np.random.default_rng(s)).get() for s in (0, 0, 1)]
    assert (masks[0] == masks[1]).all()
    n = x.size
    for mask in masks:
        assert abs(mask.mean() - 0.7) < 5 * math.sqrt(0.21 / n)
    flat = masks[0].ravel().astype(float) - 0.7
    other = masks[2].ravel().astype(float) - 0.7
    for a, b in [(flat, other)] + [(flat[:-k], flat[k:]) for k in (1, 2, 30, 64, 1200)]:
        assert abs((a * b).mean()) < 5 * 0.21 / math.sqrt(n)  # neither neighbours nor seeds agree


def test_dropout_enlarges_what_stays(card):
    x = graph.Tensor(card.ones((100, 100), "float32"), True)
    y = layers.Dropout(0.25)(x, np.random.default_rng(0))
    assert y.dtype == np.float32
    assert set(np.unique(y.data.get())) == {0, np.float32(1 / 0.75)}
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.get(), y.data.get())
    assert layers.Dropout(0.25)(x, None) is x


@cells
@pytest.mark.parametrize("embedding", [None, 3])
def test_writing_is_the_same(cell, embedding, card):
    here, there = pair(cell, embedding=embedding)
    how = {"prime": "ab", "length": 40, "temperature": 0.9, "seed": 3}
    assert mc.sample(there, **how) == mc.sample(here, **how)
    assert mc.beam(there, "ab", 10, width=3) == mc.beam(here, "ab", 10, width=3)
    np.testing.assert_allclose(mc.score(there, TEXT[:50]), mc.score(here, TEXT[:50]), rtol=1e-9)
    many = [mc.sampling.samples(m, 64, "ab", length=20, seed=1) for m in (here, there)]
    assert many[0] == many[1] and len(set(many[1])) > 50


def test_writing_sends_the_characters_up_and_the_scores_down(card):
    _, model = pair()
    card.counts.reset()
    mc.sampling.samples(model, 64, "ab", length=20)
    assert card.counts.up == card.counts.down == 22  # two to begin with
    assert card.counts.bytes_up == 4 * (2 + 20 * 64)


@cells
@pytest.mark.parametrize("shape", SHAPES)
def test_looking_inside_is_the_same(cell, shape, card):
    models = pair(cell, **SHAPES[shape])
    here, there = (look.record(m, TEXT, None, piece=100, run_up=20) for m in models)
    assert here.keys() == there.keys()
    for key, states in there.items():
        assert type(states) is np.ndarray
        np.testing.assert_allclose(states, here[key], atol=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_saturation_is_the_same(cell, card):
    here, there = (look.saturation(m, TEXT) for m in pair(cell))
    for key in here:
        np.testing.assert_allclose(there[key], here[key], atol=1e-12)


@pytest.mark.parametrize("cell", [None, (0, "h", 1), (1, "c", 2)])
def test_what_a_prediction_hangs_on_is_the_same(cell, card):
    here, there = (causes.saliency(model, TEXT[:9], cell=cell) for model in pair())
    np.testing.assert_allclose(there, here, atol=1e-12)


def test_a_network_without_cells_is_the_same(card):
    cells = [(0, "h", 1), (1, "c", 2)]
    here, there = (ablation.ablate(model, TEXT[:99], cells) for model in pair())
    np.testing.assert_allclose(there.after, here.after, atol=1e-10)


def test_evaluation_is_the_same(card):
    here, there = pair()
    for evaluating in (evaluation.evaluating, evaluation.evaluating_lines):
        found, wanted = (evaluation.whole(evaluating(model, TEXT)) for model in (there, here))
        assert found == pytest.approx(wanted, rel=1e-12)
    assert evaluation.evaluate(there, TEXT, batch=3) == pytest.approx(
        evaluation.evaluate(here, TEXT, batch=3), rel=1e-12
    )


@pytest.mark.parametrize("first, then", [("gpu", "cpu"), ("cpu", "gpu"), ("gpu", "gpu")])
@pytest.mark.parametrize("kind", ["adam", "rmsprop"])
def test_a_training_goes_on_from_its_file_on_either(first, then, kind, card, tmp_path):
    settings = {"batch": 5, "length": 6, "validation": 0.2, "validate_every": 3}
    model = CharModel(VOCAB, hidden=(5, 4), dtype="float64", device=first)
    optimizer = optim.OPTIMIZERS[kind][0](model.parameters())
    training = Training(model, TEXT, optimizer=optimizer, **settings)
    for _ in range(7):
        training.step()
    mc.save_model(tmp_path / "t.npz", model, training)
    again = checkpoint.load_training(tmp_path / "t.npz", TEXT, device=then)
    assert again.model.device == then
    for _ in range(5):
        a, b = training.step(), again.step()
        assert (b.step, b.loss) == (a.step, pytest.approx(a.loss, rel=1e-9))
    if first == then:
        assert (a.loss, a.gradient_norm) == (b.loss, b.gradient_norm)


@pytest.mark.parametrize("name", ["m.npz", "m.json"])
def test_a_model_s_file_is_the_same_from_both(name, card, tmp_path):
    files = []
    for model in pair():
        mc.save_model(tmp_path / name, model)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    there = mc.load_model(tmp_path / name, device="gpu")
    same(mc.load_model(tmp_path / name), there, 0)
    assert there.device == "gpu" and mc.load_model(tmp_path / name).device == "cpu"


def test_a_model_moves(card):
    here, there = pair(seed=3)
    for _ in train(there, TEXT, 3, batch=5, length=5):
        pass
    back = there.to("cpu")
    same(back, there, 0)
    assert there.to("gpu") is there and back.device == "cpu"
    assert type(back.parameters()["0.Whh"].data) is np.ndarray
    same(back, back.to("gpu"), 0)


def test_a_loss_that_went_wrong_is_taken_back(card):
    reports = []
    for model in pair():
        loss, calls = model.loss, []

        def spoiled(*arguments, loss=loss, calls=calls):
            value, state = loss(*arguments)
            calls.append(1)
            return (value * math.nan if len(calls) == 4 else value), state

        model.loss = spoiled
        reports.append(list(train(model, TEXT, 6, batch=5, length=5)))
    notes = [[r.note for r in each] for each in reports]
    assert notes[0] == notes[1] and any(notes[1])
    assert [r.loss for r in reports[1]] == pytest.approx([r.loss for r in reports[0]], nan_ok=True)


def test_the_best_weights_come_back(card):
    _, model = pair()
    training = Training(model, TEXT, batch=5, length=5, validate_every=2)
    for _ in range(5):
        training.step()
    training.use_best()
    assert all(type(w.data) is strict.ndarray for w in model.parameters().values())


def test_gradients_of_the_graph_on_the_card(card):
    rng = np.random.default_rng(0)
    a, b = (graph.Tensor(card.asarray(rng.standard_normal((3, 3))), True) for _ in range(2))
    for f in (
        lambda a, b: (a @ b).tanh() * b - a / (b * b + 2),
        lambda a, b: graph.softmax(a + 1).log().sum(axis=0) + b[1:].mean(),
        lambda a, b: graph.concat([a, b], 1).sigmoid()[:, 2],
        lambda a, b: graph.stack([a, b]).relu().sum(axis=(0, 1)) + b.exp().T.reshape(9)[:3],
        lambda a, b: a[[0, 2, 0]] ** 2,
        lambda a, b: graph.cross_entropy(a, np.array([0, 2, 1])) + graph.embedding(b, [1, 1]).sum(),
    ):
        assert graph.check_gradients(f, a, b) < 1e-6


def test_numbers_of_characters_are_looked_at_before_they_travel(card):
    _, model = pair()
    card.counts.reset()
    for wrong in (np.array([[6]]), np.array([[-1]]), np.array([[0.5]])):
        with pytest.raises(ValueError, match="not the number of a character|whole numbers"):
            model.loss(wrong, wrong)
    assert card.counts.up == card.counts.down == 0
    ids = card.asarray(np.zeros((2, 3), np.int32))  # these are there: no look at them, no wait
    card.counts.reset()
    model.loss(ids, ids)
    assert card.counts.up == card.counts.down == 0


def test_a_full_card_says_what_to_halve(card):
    """The real error is CuPy's OutOfMemoryError, which is a MemoryError."""
    _, model = pair()
    training = Training(model, TEXT, batch=6, length=7)

    def full(*_, **__):
        raise MemoryError("out of memory allocating 1,000 bytes")

    card.log = full
    with pytest.raises(MemoryError, match="graphics card's memory.*Halve"):
        training.step()
    card.log = strict._lifted(np.log)
    assert training.step().step == 1  # the one that failed has changed nothing


@pytest.mark.parametrize(
    "hidden, batch, length, what",
    [
        ((5, 4), 60, 7, r"Halve batch=60"),
        ((5, 4), 1, 60, r"Halve length=60"),
        ((200,), 1, 3, r"Halve hidden=\(200,\), the sizes"),
    ],
)
def test_a_full_card_names_the_one_that_is_large(hidden, batch, length, what, card):
    _, model = pair(hidden=hidden)
    training = Training(model, TEXT, batch=batch, length=length)

    def full(*_, **__):
        raise MemoryError("out of memory allocating 1,000 bytes")

    card.log = full
    with pytest.raises(MemoryError, match=rf"the graphics card's memory is full, of about.*{what}"):
        training.step()


@cells
def test_what_a_captured_step_would_need_holds_but_for_named_numbers(cell, either, monkeypatch):
    """A CUDA graph repeats its launches on the same shapes, with the same plain numbers.

    Two steps must launch the same, and nothing may come down. What differs would have to be moved
    to the card before a step can be captured: Adam's two factors, which follow from the number of
    the step, and the two keys of each dropout.
    """
    _, model = pair(cell, dropout=0.3)
    optimizer, rng = optim.Adam(model.parameters()), np.random.default_rng(0)
    ids, state, traces = either.asarray(np.ones((8, 3), np.int32)), None, []
    below = strict._below

    def noted(thing):
        if isinstance(thing, strict.ndarray):
            traces[-1].append((thing.shape, thing.dtype, thing.strides))
        elif isinstance(thing, int | float | np.generic):
            traces[-1].append(thing)
        return below(thing)

    monkeypatch.setattr(strict, "_below", noted)
    for _ in range(4):
        traces.append([])
        either.counts.reset()
        loss, state = model.loss(ids[:-1], ids[1:], state, rng)
        loss.backward()
        optim.clip_by_norm(model.parameters(), 5.0)
        optimizer.step()
        assert either.counts.up == either.counts.down == 0
    first, second = traces[-2:]
    assert len(first) == len(second) > 300
    differ = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    assert not any(isinstance(a, tuple) for a, _ in differ)  # no array
    keys = [a for a, _ in differ if isinstance(a, np.uint32)]
    assert len(keys) == 2 * len(model.cells)
    assert len(differ) - len(keys) == 2  # of Adam, for all parameters together
