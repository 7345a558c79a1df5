"""One line at a time: nothing of the line before is known, and every character counts once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minichar as mc
from minichar import graph
from minichar.evaluation import evaluate, evaluating_lines, whole
from minichar.lines import Blocks, between_lines, by_line
from minichar.training import Training
from minichar.writing import write

VOCAB = mc.Vocabulary("\nabc ")
END = int(VOCAB.encode("\n")[0])
WORDS = "ab\nccc\n\nba\na\nabc abc\ncab\n" * 6


def made(**how):
    return mc.CharModel(VOCAB, hidden=(5, 4), dtype="float64", **how)


def nats(model, line):
    """-ln p of each character of a line and of its end, read by itself: slow, one at a time."""
    with graph.no_grad():
        ids = VOCAB.encode("\n" + line + "\n")
        loss, _ = model.loss(ids[:-1, None], ids[1:, None])
    return float(loss.data) * (len(ids) - 1), len(ids) - 1


def columns(blocks):
    return sorted(VOCAB.decode(column) for block in blocks.arrays for column in block.T)


@given(st.text("abc \n", max_size=80), st.integers(1, 9))
def test_every_line_is_there_once_between_its_ends(text, batch):
    lines = sorted(line for line in text.split("\n") if line)
    if not lines:
        with pytest.raises(ValueError, match="no line.*empty"):
            by_line(VOCAB.encode(text), END, batch)
        return
    inputs, targets = by_line(VOCAB.encode(text), END, batch)
    assert columns(inputs) == sorted("\n" + line for line in lines)
    assert columns(targets) == sorted(line + "\n" for line in lines)
    assert max(block.shape[1] for block in inputs.arrays) <= batch
    assert len(inputs) == len(targets) == sum(map(len, inputs.arrays))
    assert {block.dtype for block in inputs.arrays} == {np.dtype(np.int32)}  # 4 bytes a character


def test_a_text_without_a_line_end_is_no_list_of_lines():
    model = mc.CharModel(mc.Vocabulary("abc"), hidden=2)
    with pytest.raises(ValueError, match="no line end is among its characters"):
        mc.Training(model, "abc" * 90, lines=True, validation=0)


def test_lines_of_one_length_are_shared_out_evenly_and_always_in_the_same_order():
    ids = VOCAB.encode("abc\n" * 9)
    inputs, _ = by_line(ids, END, 8)
    assert sorted(block.shape for block in inputs.arrays) == [(4, 4), (4, 5)]
    first, second = (by_line(VOCAB.encode(WORDS), END, 4)[0].arrays for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_lines_and_blocks_come_in_another_order_than_in_the_text():
    lines = [a + b + c for a in "abc" for b in "abc" for c in "abc"]
    (block,) = by_line(VOCAB.encode("\n".join(lines)), END, 27)[0].arrays
    assert [VOCAB.decode(column) for column in block[1:].T] != lines
    text = "\n".join("a" * n for n in range(1, 20))
    sizes = [len(block) for block in by_line(VOCAB.encode(text), END, 1)[0].arrays]
    assert sizes != sorted(sizes) and sorted(sizes) == list(range(2, 21))


def test_a_slice_ends_where_its_block_does():
    blocks = Blocks([np.zeros((3, 2)), np.ones((2, 1))])
    assert blocks[0:2].shape == (2, 2) and blocks[2:4].shape == (1, 2)
    assert blocks[3:9].shape == (2, 1) and blocks[3:9].all()
    assert blocks[3:4].shape == blocks[4:5].shape == (1, 1)
    for start in (-1, 5):
        with pytest.raises(IndexError, match=f"row {start} of 5"):
            blocks[start:9]


@pytest.mark.parametrize("length", [50, 3])
def test_a_step_costs_what_its_lines_cost_alone_whatever_stood_before(length):
    """The slow reference: each line from an empty state; long lines in pieces, state carried."""
    model = made()
    training = Training(
        model,
        WORDS,
        batch=4,
        length=length,
        lines=True,
        optimizer=mc.optim.SGD(model.parameters(), lr=1e-12),
    )  # so slow that the weights stay
    total = count = 0
    while not training.epoch:
        before = training.place
        report = training.step()
        if training.epoch:
            break
        size = (training.place - before) * training.width(training.place)
        total, count = total + report.loss * size, count + size
    kept = WORDS[: len(WORDS) - len(training.held_out)]
    alone = [nats(model, line) for line in kept.split("\n") if line]
    assert count == sum(n for _, n in alone)
    assert total == pytest.approx(sum(loss for loss, _ in alone), rel=1e-9)
    alone = [nats(model, line) for line in training.held_out.split("\n") if line]
    expected = sum(loss for loss, _ in alone) / sum(n for _, n in alone)
    for sizes in ((), (2, 3)):
        found = whole(evaluating_lines(model, training.held_out, *sizes))
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_cut_is_between_two_lines():
    text = "ab\nc\nabc\n"
    assert [between_lines(text, cut) for cut in (3, 4, 5, 7)] == [3, 3, 5, 5]
    training = Training(made(), WORDS, lines=True, validation=0.3)
    assert WORDS.endswith("\n" + training.held_out) and training.held_out.endswith("\n")
    for text, cut in (("abc", 2), ("ab\n\n", 3), ("ab\n\n", 4), ("\n\nab", 2)):
        with pytest.raises(ValueError, match="too few lines"):
            between_lines(text, cut)


def test_a_training_by_lines_is_judged_by_lines():
    training = Training(made(), WORDS, batch=3, length=2, lines=True, validate_every=2)
    report = [training.step() for _ in range(2)][-1]
    assert report.validation == whole(evaluating_lines(training.model, training.held_out))
    assert report.validation == evaluate(training.model, training.held_out)
    training.model.lines = False
    assert report.validation != evaluate(training.model, training.held_out)


def test_a_training_by_lines_that_was_saved_in_a_line_goes_on_exactly(tmp_path):
    training = Training(made(dropout=0.3), WORDS, batch=3, length=2, lines=True, validate_every=5)
    for _ in range(7):
        training.step()
    while training.state is None or training.place in training.inputs.starts:
        training.step()
    mc.save_model(tmp_path / "kept.npz", training.model, training)
    later = [training.step() for _ in range(60)]
    again = mc.load_training(tmp_path / "kept.npz", WORDS)
    for report in later:
        other = again.step()
        assert (other.loss, other.validation) == (report.loss, report.validation)


def test_the_state_has_a_row_for_each_line_that_was_read_side_by_side():
    """However short the pieces: by this a file is judged when it is read."""
    training = Training(made(), WORDS, batch=3, length=1, lines=True)
    for _ in range(len(training.inputs)):
        training.step()
        assert training.width(training.place) == len(training.state[0][0])


def test_a_file_that_says_another_place_than_its_state_has_is_refused(tmp_path):
    training = Training(made(), WORDS, batch=3, length=2, lines=True)
    while training.state is None or training.width(training.place) == 1:
        training.step()
    training.place = len(training.inputs) + 5
    with pytest.raises(IndexError):
        training.width(training.place)
    mc.save_model(tmp_path / "kept.npz", training.model, training)
    with pytest.raises(mc.BadModelFile, match="kept.npz"):
        mc.load_training(tmp_path / "kept.npz", WORDS)


def test_a_model_that_learned_lines_writes_and_scores_by_lines_in_a_file_too(tmp_path):
    training = Training(made(), WORDS, batch=3, length=9, lines=True)
    for _ in range(30):
        training.step()
    mc.save_model(tmp_path / "alone.npz", training.model)
    for model in (training.model, mc.load_model(tmp_path / "alone.npz")):
        expected = [nats(model, line) for line in ("ab", "abc abc", "ba")]
        bits = mc.score(model, "ab\nabc abc\nba\n")
        assert len(bits) == sum(n for _, n in expected) == 14
        assert bits.sum() * np.log(2) == pytest.approx(sum(loss for loss, _ in expected))
        # Each line is what it would be first: the numbers drawn before it make no difference.
        text = mc.sample(model, "ab\nb", 60, temperature=0)
        assert text.count("\n") > 5 and len(set(text.split("\n")[1:-1])) == 1
        assert mc.sample(model, "b", 60, temperature=0) == text
    Training(training.model, WORDS, batch=3)  # and as one text
    assert not training.model.lines
    with pytest.raises(ValueError, match="no line end"):
        mc.CharModel(mc.Vocabulary("ab"), lines=True)


def test_what_it_writes_after_a_line_end_begins_anew():
    model, random = made(seed=3), []
    model.lines = True
    written = write(model, [3.0], "", seed=1)
    text = "".join(VOCAB.characters[ids[0]] for ids, _ in (next(written) for _ in range(60)))
    assert text.count("\n") > 3
    rng, state, i = np.random.default_rng(1), None, END
    for character in text:  # the slow reference: the state is forgotten before each line end
        z, state = model.step(i, None if i == END else state)
        p = mc.sampling.distribution(z, 3.0)
        i = mc.sampling.choose(p, rng.random())
        random.append(VOCAB.characters[i] == character)
    assert all(random)
