import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar import fused, graph, layers, modes
from minichar.graph import Tensor

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def rng(seed=0):
    return np.random.default_rng(seed)


def some_texts(lengths, V=5, seed=0):
    dice = rng(seed)
    return modes.pad([dice.integers(V, size=n) for n in lengths])


def inside(lengths, T):
    """The mask (T, B): True where a text of each of these lengths has a character."""
    return np.arange(T)[:, None] < lengths


@given(LENGTHS, st.integers(0, 9))
def test_pad_keeps_every_text_and_fills_the_rest(lengths, fill):
    rows = [list(rng(k).integers(9, size=n)) for k, n in enumerate(lengths)]
    ids, got = modes.pad(rows, fill)
    assert got.tolist() == lengths and ids.shape == (max(lengths), len(lengths))
    for b, row in enumerate(rows):
        assert ids[: len(row), b].tolist() == row and (ids[len(row) :, b] == fill).all()


@pytest.mark.parametrize("rows", [[], [[1], []]])
def test_pad_refuses_what_has_no_last_state(rows):
    with pytest.raises(ValueError, match="something in every row"):
        modes.pad(rows)


def test_pad_cuts_no_fraction_off():
    with pytest.raises(TypeError, match="float64"):
        modes.pad([[1, 2], [1.5]])


@given(LENGTHS, st.integers(0, 3))
def test_turned_turns_each_text_where_it_stands_and_twice_is_nothing(lengths, more):
    T = max(lengths) + more
    x = rng().standard_normal((T, len(lengths), 2))
    places = modes.turned(np.array(lengths), T)
    back = x[places]
    for b, n in enumerate(lengths):
        assert (back[:n, b] == x[:n, b][::-1]).all() and (back[n:, b] == x[n:, b]).all()
    assert (back[places] == x).all()


@given(LENGTHS, st.integers(0, 3))
def test_the_last_state_gets_the_whole_gradient_and_no_other_state_any(lengths, more):
    T, B = max(lengths) + more, len(lengths)
    y = Tensor(rng().standard_normal((T, B, 3)), requires_grad=True)
    weight = rng(1).standard_normal((B, 3))
    ends = modes.last(y, np.array(lengths))
    ends.backward(weight)
    for b, n in enumerate(lengths):
        assert (ends.data[b] == y.data[n - 1, b]).all()
        assert (y.grad[n - 1, b] == weight[b]).all()
    assert np.count_nonzero(y.grad) == np.count_nonzero(weight)


@given(LENGTHS)
def test_the_masked_loss_is_the_mean_over_the_true_predictions(lengths):
    targets, n = some_texts(lengths)
    z = Tensor(rng(2).standard_normal((*targets.shape, 5)), requires_grad=True)
    mask = inside(n, len(targets))
    loss = modes.masked_loss(z, targets, n)
    loss.backward()
    each = [
        float(graph.cross_entropy(z[t, b].reshape(1, 5), targets[t, b : b + 1]).data)
        for b in range(len(lengths))
        for t in range(lengths[b])
    ]
    assert np.isclose(loss.data, np.mean(each), rtol=1e-12)
    assert (z.grad[~mask] == 0).all() and (z.grad[mask] != 0).all()


def test_the_padding_has_no_say_in_the_masked_loss():
    targets, n = some_texts([3, 1, 2])
    mask, z = inside(n, 3), rng().standard_normal((3, 3, 5))
    other_targets, other_z = np.where(mask, targets, 4), np.where(mask[..., None], z, 1e6)
    one = modes.masked_loss(Tensor(z), targets, n)
    assert one.data == modes.masked_loss(Tensor(other_z), other_targets, n).data


def one_hot(ids, V=5):
    return Tensor(np.eye(V)[ids], requires_grad=True)


@given(LENGTHS)
def test_a_reader_knows_a_text_alone_as_in_company_and_sends_nothing_to_padding(lengths):
    ids, n = some_texts(lengths)
    reader = modes.Reader(5, 4, rng(), "float64")
    x = one_hot(ids)
    states = reader(x, n)
    states.backward(np.ones(states.shape))
    mask = inside(n, len(ids))
    assert (x.grad[~mask] == 0).all() and (x.grad[mask] != 0).any(axis=-1).all()
    for b, length in enumerate(lengths):
        alone = reader(ids[:length, b : b + 1])
        assert np.allclose(alone.data[0], states.data[b], rtol=0, atol=1e-12)


@given(LENGTHS)
def test_bidirectional_equals_two_runs_of_each_text_alone(lengths):
    ids, n = some_texts(lengths)
    cell = modes.Bidirectional(5, 3, rng(), "float64")
    y, _ = cell(ids, n)
    assert y.shape == (*ids.shape, 6)
    for b, length in enumerate(lengths):
        text = ids[:length, b : b + 1]
        ahead, _ = cell.ways["ahead"](text)
        back, _ = cell.ways["back"](text[::-1])
        both = np.concatenate([ahead.data, back.data[::-1]], axis=2)[:, 0]
        assert np.allclose(y.data[:length, b], both, rtol=0, atol=1e-12)


def test_bidirectional_sees_the_future_and_one_way_does_not():
    x = one_hot(rng().integers(5, size=(6, 2)))
    for both, reached in ((False, 3), (True, 6)):
        tagger = modes.Tagger(5, 2, 4, rng(), "float64", both=both)
        x.grad = None
        tagger(x)[2].sum().backward()
        assert (x.grad[:reached] != 0).any(axis=2).all() and (x.grad[reached:] == 0).all()


def test_gradients_through_both_ways_and_through_padding():
    ids, n = some_texts([4, 2, 3])
    cell = modes.Bidirectional(5, 3, rng(), "float64")
    x = one_hot(ids)
    mask = inside(n, len(ids))
    assert (
        graph.check_gradients(lambda *_: cell(x, n)[0][mask], x, *cell.parameters.values()) < 1e-7
    )


def test_a_classifier_and_a_tagger_have_the_shapes_they_say():
    ids, n = some_texts([4, 2, 3])
    assert modes.Classifier(5, 7, 4, rng())(ids, n).shape == (3, 7)
    numbers = Tensor(rng().standard_normal((4, 3, 2)).astype("float32"))
    assert modes.Classifier(2, 7, 4, rng())(numbers).shape == (3, 7)
    assert modes.Tagger(5, 2, 4, rng())(ids).shape == (4, 3, 2)


def slow_writer(writer, c, ids):
    """What a writer says, step by step on the graph, with the cell of layers.py."""
    cell = layers.LSTM(*writer.cell.parameters["Wxh"].shape[:1], writer.cell.H, rng(), "float64")
    cell.parameters = writer.cell.parameters
    a = layers.project(ids, cell.parameters["Wxh"], cell.parameters["bh"])
    steps = graph.stack([a[t] + c @ writer.Wch for t in range(len(ids))])
    y, _ = cell.run(steps, cell.begin(ids.shape[1], None))
    return writer.read_out(y)


def test_a_writer_equals_its_slow_self_in_value_and_gradient():
    ids, c = rng().integers(5, size=(6, 3)), Tensor(rng(1).standard_normal((3, 2)), True)
    writer = modes.Writer(2, 5, 4, rng(2), "float64")
    found = []
    for run in (lambda: writer(c, ids)[0], lambda: slow_writer(writer, c, ids)):
        tensors = [c, *writer.parameters.values()]
        for t in tensors:
            t.grad = None
        z = run()
        z.backward(rng(3).standard_normal(z.shape))
        found.append([z.data, *(t.grad for t in tensors)])
    for fast, slow in zip(*found, strict=True):
        assert np.allclose(fast, slow, rtol=0, atol=1e-12)


def test_encoder_and_decoder_joined_every_weight_learns_and_no_padding_does():
    ids, n = some_texts([4, 2, 3])
    says, m = some_texts([3, 5, 1], seed=1)
    reader, writer = modes.Reader(5, 4, rng(), "float64"), modes.Writer(4, 5, 6, rng(), "float64")
    x = one_hot(ids)
    z, _ = writer(reader(x, n), modes.shifted(says))
    assert z.shape == (5, 3, 5)
    modes.masked_loss(z, says, m).backward()
    parameters = modes.named({"reader": reader, "writer": writer})
    assert {"reader.Wxh", "writer.cell.Whh", "writer.Wch", "writer.read_out.b"} < set(parameters)
    assert all((t.grad != 0).any() for t in parameters.values())
    mask = inside(n, len(ids))
    assert (x.grad[~mask] == 0).all() and (x.grad[mask] != 0).any(axis=-1).all()


def test_shifted_reads_the_start_and_then_what_should_have_been_said():
    texts = np.array([[5, 8], [6, 9], [7, 0]])
    assert modes.shifted(texts, 3).tolist() == [[3, 3], [5, 8], [6, 9]]
    assert modes.shifted(texts).dtype == texts.dtype and texts[0, 0] == 5


def test_what_is_written_is_the_likeliest_given_all_that_was_written_before():
    c = Tensor(rng(1).standard_normal((3, 2)))
    writer = modes.Writer(2, 7, 5, rng(2), "float64")
    for w in writer.parameters.values():
        w.data *= 5  # so that it does not say one thing for ever
    text = writer.write(c, 9)
    z, _ = writer(c, modes.shifted(text))  # the whole text in one go
    assert text.shape == (9, 3) and (z.data.argmax(axis=2) == text).all()
    assert len(np.unique(text)) > 2 and writer.write(c, 0).shape == (0, 3)


def test_drawn_texts_follow_the_probabilities_and_the_seed():
    writer = modes.Writer(1, 3, 4, rng(), "float64")
    c = Tensor(np.ones((4000, 1)))
    first = writer.write(c, 1, rng(5))[0]
    z, _ = writer(c, np.zeros((1, 4000), int))
    p = np.exp(z.data[0, 0]) / np.exp(z.data[0, 0]).sum()
    assert abs(np.bincount(first, minlength=3) / 4000 - p).max() < 5 * np.sqrt(0.25 / 4000)
    again = [writer.write(c, 3, rng(seed)) for seed in (5, 5, 6)]
    assert (again[0] == again[1]).all() and (again[0] != again[2]).any()


def test_writing_leaves_no_graph_behind():
    writer = modes.Writer(1, 3, 4, rng())
    writer.write(Tensor(np.ones((1, 1), "float32")), 2)
    assert all(t.grad is None for t in writer.parameters.values())
    assert isinstance(writer.cell, fused.LSTM)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_loss_of_one_text_sends_gradient_to_that_text_alone(which):
    """Through reader and writer; of the summary c, too, only its own row."""
    ids, n = some_texts([4, 2, 3])
    says, m = some_texts([3, 5, 1], seed=1)
    reader, writer = modes.Reader(5, 4, rng(), "float64"), modes.Writer(4, 5, 6, rng(), "float64")
    x = one_hot(ids)
    z, _ = writer(reader(x, n), modes.shifted(says))
    mask = inside(m, 5) & (np.arange(3) == which)
    graph.cross_entropy(z[mask], says[mask]).backward()
    reached = inside(n, len(ids)) & (np.arange(3) == which)
    assert ((x.grad != 0).any(axis=2) == reached).all()
