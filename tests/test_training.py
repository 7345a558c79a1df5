import copy
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import minichar as mc
from minichar import evaluation, optim
from minichar import training as module
from minichar.evaluation import evaluate
from minichar.graph import node
from minichar.model import CharModel
from minichar.training import PATIENCE, SNAPSHOT, Diverged, Training, train

TEXT = "".join(np.random.default_rng(0).choice(list("abcde"), 600))
VOCAB = mc.Vocabulary("abcde")


def make(cell="lstm", hidden=(5, 4), **settings):
    return CharModel(VOCAB, cell=cell, hidden=hidden, **settings)


def trained(steps=20, model=None, text=TEXT, **settings):
    """A model after so many steps, and the reports."""
    model = model or make()
    defaults = {"batch": 4, "length": 7, "validation": 0.1}
    return model, list(train(model, text, steps, **(defaults | settings)))


def weights(model):
    return {name: w.data.copy() for name, w in model.parameters().items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def differ(a, b):
    return any((a[name] != b[name]).any() for name in a)


class Spy:
    """Stands before a model's `loss`, keeps what goes in and out, and may spoil one call."""

    def __init__(self, model, spoil=None):
        self.calls, self.loss, self.spoil = [], model.loss, spoil or (lambda n, loss: loss)
        model.loss = self

    def __call__(self, inputs, targets, state=None, rng=None):
        loss, after = self.loss(inputs, targets, state, rng)
        self.calls.append((inputs.copy(), targets.copy(), copied(state), after, copied(after)))
        return self.spoil(len(self.calls), loss), after


def copied(state):
    return None if state is None else [tuple(s.copy() for s in layer) for layer in state]


def arrays(state):
    return [s for layer in state for s in layer]


# --- what is read


@pytest.mark.parametrize("length", [1, 7, 10_000])
def test_each_epoch_reads_the_training_text_once_in_streams(length):
    """However long the pieces: one longer than the text is the text."""
    model = make()
    training = Training(model, TEXT, batch=4, length=length, validation=0.1)
    spy, steps = Spy(model), math.ceil(134 / length)  # (540 - 1) // 4 is 134
    for _ in range(2 * steps):
        training.step()
    for epoch in (spy.calls[:steps], spy.calls[steps:]):
        inputs, targets = (np.concatenate([call[k] for call in epoch]) for k in (0, 1))
        assert inputs.shape == targets.shape == (134, 4)
        for b in range(4):
            start = b * 134
            assert VOCAB.decode(inputs[:, b]) == TEXT[start : start + 134]
            assert VOCAB.decode(targets[:, b]) == TEXT[start + 1 : start + 135]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("fused", [True, False])
def test_the_state_is_carried_across_pieces_and_starts_anew_with_each_epoch(cell, fused):
    model = make(cell, fused=fused)
    spy = Spy(model)
    trained(45, model)  # 134 steps in pieces of 7 are 20 pieces, the last of them shorter
    for k, state in enumerate(call[2] for call in spy.calls):
        if k % 20 == 0:
            assert state is None
        else:
            before = spy.calls[k - 1][4]
            for s, was in zip(arrays(state), arrays(before), strict=True):
                np.testing.assert_array_equal(s, was)
    assert [len(call[0]) for call in spy.calls[18:21]] == [7, 1, 7]


def test_no_state_is_shared_with_another_or_with_the_weights():
    model = make()
    spy = Spy(model)
    trained(10, model)
    given_out = [s for call in spy.calls for s in arrays(call[3])]
    kept = [s for call in spy.calls for s in arrays(call[4])]
    for s, was in zip(given_out, kept, strict=True):
        np.testing.assert_array_equal(s, was)  # nothing later has written into it
    others = [w.data for w in model.parameters().values()]
    for k, s in enumerate(given_out):
        assert not any(np.shares_memory(s, t) for t in given_out[k + 1 :] + others)


def test_what_is_held_out_is_the_last_part_and_is_never_trained_on():
    model = make()
    training = Training(model, TEXT, batch=4, length=7, validation=0.1, validate_every=5)
    assert training.held_out == TEXT[540:]
    assert np.shares_memory(training.inputs, training.targets)  # both are views of one text
    assert VOCAB.decode(training.inputs.T) == TEXT[:536]
    assert VOCAB.decode(training.targets.T) == TEXT[1:537]
    whole = Training(make(), TEXT, batch=4, validation=0, validate_every=1)
    assert whole.held_out == "" and whole.step().validation is None
    assert VOCAB.decode(whole.targets.T) == TEXT[1:597]


def test_other_held_out_text_changes_the_validation_and_not_one_bit_of_the_weights():
    other = TEXT[:540] + "edcba" * 12
    a, a_reports = trained(20, validate_every=5)
    b, b_reports = trained(20, text=other, validate_every=5)
    assert_same(weights(a), weights(b))
    assert [r.loss for r in a_reports] == [r.loss for r in b_reports]
    assert a_reports[4].validation != b_reports[4].validation


# --- how it is judged


def by_hand(model, text):
    """-ln p of each character after the first, one at a time."""
    state, nats = None, []
    ids = model.vocab.encode(text)
    for i, target in zip(ids[:-1], ids[1:], strict=True):
        z, state = model.step(int(i), state)
        z = z.astype(float)
        nats.append(np.log(np.exp(z - z.max()).sum()) + z.max() - z[target])
    return nats


@pytest.mark.parametrize("length", [1, 10, 59, 200])
def test_evaluate_is_the_mean_over_every_prediction_whatever_the_pieces(length):
    model = make(dtype="float64", dropout=0.5)
    for w in model.parameters().values():
        w.data *= 4
    text = TEXT[:60]
    nats = by_hand(model, text)
    assert len(nats) == 59
    assert evaluate(model, text, length=length) == pytest.approx(np.mean(nats), rel=1e-12)


@pytest.mark.parametrize("length, batch", [(1, 4), (5, 4), (200, 4), (200, 2)])
def test_evaluate_in_streams_begins_each_after_what_stands_before_it(length, batch, monkeypatch):
    monkeypatch.setattr(evaluation, "WARM", 6)
    model = make(dtype="float64")
    for w in model.parameters().values():
        w.data *= 4
    text = TEXT[:60]  # 59 predictions: four streams of 14, and three at the end; or two, and one
    own = 59 // batch
    begins = [own * b for b in range(batch)]
    ends = [*begins[1:], 59]  # the last stream goes on to the end
    places = zip(begins, ends, strict=True)
    nats = np.concatenate([by_hand(model, text[max(0, a - 6) : z + 1])[a - z :] for a, z in places])
    assert len(nats) == 59
    found = evaluate(model, text, batch=batch, length=length)
    assert found == pytest.approx(nats.mean(), rel=1e-12)
    assert abs(found - evaluate(model, text)) > 1e-6  # so short a warming up does count


@hypothesis.settings(max_examples=40)
@hypothesis.given(n=st.integers(2, 200), batch=st.integers(1, 200), length=st.integers(1, 70))
def test_evaluate_counts_every_character_after_the_first_once(n, batch, length):
    """In order, whatever the streams; a model of one layer that looks at nothing tells."""
    model = make("rnn", hidden=2, dtype="float64")
    for w in model.parameters().values():
        w.data *= 0
    b = model.parameters()["read_out.b"].data
    b[...] = np.random.default_rng(n).standard_normal(5)  # so each character has its own loss
    own = np.log(np.exp(b).sum()) - b
    text = TEXT[:n]
    if batch > n - 1:
        with pytest.raises(ValueError, match="streams"):
            evaluate(model, text, batch, length)
    else:
        expected = own[VOCAB.encode(text[1:])].mean()
        assert evaluate(model, text, batch, length) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_evaluate_cuts_a_long_text_and_that_costs_next_to_nothing(cell):
    """Of a network that has learned to remember; and it reads the text in far fewer steps."""
    text = "".join(np.random.default_rng(5).choice(["cab ", "dac ", "bad "], 1000))
    model = CharModel(mc.Vocabulary.of(text), cell=cell, hidden=(16,), seed=1)
    adam = optim.Adam(model.parameters(), lr=0.01)
    list(train(model, text, 100, batch=20, length=20, optimizer=adam))
    spy = Spy(model)
    cut = evaluate(model, text)
    assert sum(len(call[0]) for call in spy.calls) < len(text) / 7
    assert cut == pytest.approx(evaluate(model, text, batch=1), abs=1e-5)


@pytest.mark.parametrize("n, streams", [(999, 1), (1000, 2), (40_000, 64)])
def test_evaluate_reads_as_many_streams_as_it_says(n, streams):
    model = make("rnn", hidden=1)
    spy = Spy(model)
    evaluate(model, ("abcde" * 8000)[:n])
    assert spy.calls[0][0].shape[1] == streams


def test_up_to_64_lines_are_judged_side_by_side():
    spy = Spy(model := mc.CharModel(mc.Vocabulary("\nab"), hidden=1))
    evaluation.whole(evaluation.evaluating_lines(model, "ab\n" * 70))
    assert [call[0].shape for call in spy.calls] == [(3, 35), (3, 35)]  # shared out evenly


@pytest.mark.parametrize("judge", [evaluation.evaluating, evaluation.evaluating_lines])
def test_judging_remembers_nothing_for_a_way_back(judge, monkeypatch):
    model, read, seen = mc.CharModel(mc.Vocabulary("\nabcde"), hidden=3), CharModel.__call__, []
    monkeypatch.setattr(CharModel, "__call__", lambda *a: seen.append(read(*a)) or seen[-1])
    evaluation.whole(judge(model, TEXT[:30] + "\n" + TEXT[:21], 2))
    assert len(seen) > 1 and not any(z.requires_grad for z, _ in seen)


def test_evaluate_leaves_no_trace():
    model = make()
    before = weights(model)
    assert evaluate(model, TEXT) == evaluate(model, TEXT)
    assert_same(before, weights(model))
    assert all(w.grad is None for w in model.parameters().values())
    with pytest.raises(ValueError):
        evaluate(model, "a")
    with pytest.raises(ValueError, match="'z'"):
        evaluate(model, "abz")


def test_validation_comes_when_it_is_asked_for_and_is_of_the_weights_of_that_moment():
    model, seen = make(), {}
    held_out = TEXT[540:]
    for report in train(model, TEXT, 20, batch=4, length=7, validation=0.1, validate_every=6):
        if report.validation is not None:
            seen[report.step] = report.validation
            assert report.validation == evaluate(model, held_out)
    assert list(seen) == [6, 12, 18] and len(set(seen.values())) == 3


@pytest.mark.parametrize("lines", [False, True])
def test_how_far_a_validation_has_come_is_told(lines):
    text, heard = TEXT.replace("e", "\n") * 20, []
    model = mc.CharModel(mc.Vocabulary.of(text), hidden=5)
    settings = dict(batch=4, length=7, validation=0.5, validate_every=2, lines=lines)
    list(train(model, text, 2, tell=heard.append, **settings))
    assert len(heard) > 2 and heard == sorted(heard) and heard[-1] == 1
    assert lines or heard[0] == 0  # warmed up, and nothing read that counts


# --- what is reported


def test_every_step_has_one_report_with_its_numbers():
    model = make()
    spy = Spy(model)
    _, reports = trained(45, model)
    assert [r.step for r in reports] == list(range(1, 46))
    for r in reports:
        assert r.bits == pytest.approx(r.loss / math.log(2))
        assert r.perplexity == pytest.approx(math.exp(r.loss))
        characters = spy.calls[r.step - 1][0].size
        assert r.chars_per_second * r.seconds == pytest.approx(characters) and r.seconds > 0
        assert 0 < r.gradient_norm < math.inf
        assert (r.note, r.lr, r.validation) == ("", 0.002, None)
    read = np.cumsum([len(call[0]) for call in spy.calls])
    np.testing.assert_allclose([r.epoch for r in reports], read / 134)
    assert reports[19].epoch == 1.0 and reports[39].epoch == 2.0


def test_the_loss_is_that_before_the_update_and_the_norm_that_before_clipping():
    model = make()
    training = Training(model, TEXT, batch=4, length=7, optimizer=sgd(model, 1), clip=1e-3)
    for _ in range(3):
        state, here = training.state, slice(training.place, training.place + 7)
        loss, _ = model.loss(training.inputs[here], training.targets[here], state)
        loss.backward()
        norm = optim.clip_by_norm(model.parameters(), None)
        for w in model.parameters().values():
            w.grad = None
        before = weights(model)
        report = training.step()
        assert report.loss == float(loss.data)
        assert report.gradient_norm == pytest.approx(norm) and norm > 1e-2
        moved = math.sqrt(sum(((w - before[k]) ** 2).sum() for k, w in weights(model).items()))
        assert moved == pytest.approx(1e-3, rel=1e-3)  # as long as the clipped gradient, at lr=1


def sgd(model, lr):
    return optim.SGD(model.parameters(), lr)


def test_without_clipping_the_whole_gradient_moves_the_weights():
    model = make(dtype="float64")
    training = Training(model, TEXT, batch=4, length=7, optimizer=sgd(model, 2.0), clip=None)
    before = weights(model)
    report = training.step()
    moved = math.sqrt(sum(((w - before[k]) ** 2).sum() for k, w in weights(model).items()))
    assert moved == pytest.approx(2 * report.gradient_norm, rel=1e-9)


def test_a_schedule_multiplies_the_rate_of_each_step():
    model, factors = make(), np.array([0.5, 0, 1, 0.25])
    places = [weights(model)]
    training = Training(
        model, TEXT, 4, 7, optimizer=sgd(model, 0.1), schedule=lambda step: factors[step]
    )
    for report in train(model, TEXT, 4, training):
        places.append(weights(model))
        assert report.lr == pytest.approx(0.1 * factors[report.step - 1])
        assert type(report.lr) is float  # one of numpy's would make float32 weights slow
        assert training.optimizer.lr == 0.1  # the rate itself stays what it was set to
    assert [differ(a, b) for a, b in zip(places[:-1], places[1:], strict=True)] == [1, 0, 1, 1]


def test_a_schedule_that_would_divide_by_zero_is_refused():
    with pytest.raises(ValueError, match="every=0: it must be 1 step or more"):
        optim.exponential(0.5, every=0)


def test_the_rate_may_be_moved_while_training_runs():
    model = make()
    training = Training(model, TEXT, 4, 7)
    reports = []
    for report in train(model, TEXT, 4, training):
        reports.append(report.lr)
        training.optimizer.lr *= 2
    np.testing.assert_allclose(reports, [0.002, 0.004, 0.008, 0.016])


def test_a_rate_moved_by_hand_stays_moved_when_a_loss_is_taken_back():
    model = make()
    training = Training(model, TEXT, 4, 7)
    Spy(model, lambda n, loss: loss * math.nan if n == 4 else loss)
    for report in train(model, TEXT, 3, training):
        if report.step == 2:
            training.optimizer.lr = 0.01
    bad, after = training.step(), training.step()
    assert (bad.step, after.step) == (0, 1) and bad.lr == after.lr == 0.005


# --- the same again


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_same_seed_same_weights_bit_for_bit(cell):
    runs = []
    for seed in (1, 1, 2):
        model, reports = trained(25, make(cell, dropout=0.3), seed=seed)
        runs.append((weights(model), [r.loss for r in reports]))
    assert_same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert differ(runs[0][0], runs[2][0])  # of dropout; without it a seed decides nothing
    assert_same(weights(trained(seed=1)[0]), weights(trained(seed=2)[0]))


def test_a_training_that_is_left_and_gone_on_with_is_the_same_as_one_that_was_not():
    whole, reports = trained(60, make(dropout=0.3))
    model = make(dropout=0.3)
    training, losses = Training(model, TEXT, 4, 7, validation=0.1), []
    for stop in (1, 2, 33, 60):
        for report in train(model, TEXT, 60, training):
            losses.append(report.loss)
            mc.sample(model, "a", length=3)  # looking at the model does not disturb it
            if report.step == stop:
                break
    assert losses == [r.loss for r in reports]
    assert_same(weights(whole), weights(model))
    assert list(train(model, TEXT, 60, training)) == []


def test_a_snapshot_is_a_place_to_come_back_to():
    model = make(dropout=0.3)
    training = Training(model, TEXT, 4, 7, validation=0.1)
    for _ in range(23):
        training.step()
    snapshot = training.snapshot()
    first = [training.step().loss for _ in range(9)]
    after = weights(model)
    for _ in range(2):  # the second time too: what follows does not write into the snapshot
        model.parameters()["0.Whh"].data[...] = np.nan
        training.restore(snapshot)
        assert training.step_number == 23
        for s in arrays(training.good["progress"]["state"]):
            assert not any(np.shares_memory(s, live) for live in arrays(training.state))
            assert not any(np.shares_memory(s, t) for t in arrays(snapshot["progress"]["state"]))
        assert [training.step().loss for _ in range(9)] == first
        assert_same(after, weights(model))


def test_a_snapshot_restored_into_a_new_training_goes_on_from_there():
    model = make(dropout=0.3)
    training = Training(model, TEXT, 4, 7, validation=0.1)
    for _ in range(23):
        training.step()
    other_model = make(dropout=0.3, seed=9)
    other = Training(other_model, TEXT, 4, 7, validation=0.1, seed=9)
    other.restore(training.snapshot())
    assert [training.step().loss for _ in range(9)] == [other.step().loss for _ in range(9)]
    assert_same(weights(model), weights(other_model))
    # And a bad loss now goes back to there, not to the random weights it began with.
    Spy(other_model, lambda n, loss: loss * math.nan)
    assert other.step().step == 23


def test_gradients_left_over_from_elsewhere_do_not_count():
    """As after a step that was interrupted between the way back and the update."""
    expected, _ = trained(3)
    model = make()
    for w in model.parameters().values():
        w.grad = np.full(w.shape, 100.0, w.dtype)
    assert_same(weights(trained(3, model)[0]), weights(expected))


def test_an_interrupted_step_leaves_the_learning_rate_as_it_was(monkeypatch):
    model = make()
    training = Training(model, TEXT, 4, 7, schedule=lambda step: 0.1)

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(training.optimizer, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        training.step()
    assert training.optimizer.lr == 0.002


# --- when it goes wrong


def bad_slope(n):
    """A finite loss whose gradient is not."""
    return lambda loss: node("bad", loss.data, (loss,), lambda g: (g * n,))


SPOILED = {
    "nan": lambda loss: loss * math.nan,
    "inf": lambda loss: loss + math.inf,
    "a huge loss": lambda loss: loss + 1e6,
    "a gradient of nan": bad_slope(math.nan),
    "a gradient of inf": bad_slope(math.inf),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "how, when",
    [("nan", when) for when in (1, SNAPSHOT, SNAPSHOT + 1)] + [(h, SNAPSHOT + 9) for h in SPOILED],
)
def test_a_bad_loss_takes_everything_back_halves_the_rate_and_goes_on(how, when):
    model = make(dropout=0.3)
    training = Training(model, TEXT, 4, 7, validation=0.1)
    good = 0 if when <= SNAPSHOT else SNAPSHOT
    states = {0: training.snapshot()}
    Spy(model, lambda n, loss: SPOILED[how](loss) if n == when else loss)
    reports = []
    for report in train(model, TEXT, SNAPSHOT + 20, training):
        reports.append(report)
        if report.note:
            found, expected = training.snapshot(), states[good]
            assert_same(found["weights"], expected["weights"])
            for name in found["optimizer"]:
                assert_same(found["optimizer"][name], expected["optimizer"][name])
            was, now = expected["progress"], found["progress"]
            for key in ("steps", "optimizer_steps", "place", "epoch", "random", "lr", "best"):
                assert now[key] == was[key], key
            assert (was["state"] is None) == (now["state"] is None)
            for s, t in zip(arrays(was["state"] or []), arrays(now["state"] or []), strict=True):
                np.testing.assert_array_equal(s, t)
            assert now["factor"] == 0.5
            assert all(w.grad is None for w in model.parameters().values())
        else:
            states[report.step] = training.snapshot()
    (bad,) = [r for r in reports if r.note]
    assert bad.step == good and f"back to step {good}" in bad.note and "halved to 0.001" in bad.note
    assert bad.note.startswith("the gradient was" if "gradient" in how else "the loss was")
    assert bad.lr == 0.001 and bad.bits and bad.perplexity
    k = reports.index(bad)
    assert [r.step for r in reports[:k]] == list(range(1, when))
    assert [r.step for r in reports[k + 1 :]] == list(range(good + 1, SNAPSHOT + 21))
    assert {r.lr for r in reports[k:]} == {0.001} and {r.lr for r in reports[:k]} <= {0.002}
    assert all(math.isfinite(r.loss) for r in reports[k + 1 :])


def test_a_copy_is_taken_back_too():
    training = copy.deepcopy(Training(make(), TEXT, 4, 7))
    whole = training.gradients

    def bad(*piece):
        found = whole(*piece)
        for w in training.model.parameters().values():
            w.grad[...] = math.nan
        return found

    training.gradients = bad
    assert "gradient was not finite" in training.step().note
    training.gradients = whole
    assert not training.step().note and training.step_number == 1


def test_after_it_was_taken_back_training_is_what_it_would_be_at_half_the_rate():
    model, reference = make(dropout=0.3), make(dropout=0.3)
    Spy(model, lambda n, loss: loss * math.nan if n == SNAPSHOT + 5 else loss)
    trained(SNAPSHOT + 20, model)
    training = Training(reference, TEXT, 4, 7, validation=0.1)
    for _ in range(SNAPSHOT):
        training.step()
    training.optimizer.lr /= 2
    for _ in range(20):
        training.step()
    assert_same(weights(model), weights(reference))


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("when", [SNAPSHOT - 1, SNAPSHOT, SNAPSHOT + 1])
def test_an_update_that_spoils_the_weights_is_seen_at_once(bad, when, monkeypatch):
    """Its loss was fine; the next would show it, when they may be kept as good, or saved."""
    model = make()
    training = Training(model, TEXT, 4, 7, validation=0.1, validate_every=1)
    step, calls = training.optimizer.step, []

    def spoils():
        step()
        calls.append(1)
        if len(calls) == when:
            model.parameters()["1.Wxh"].data[1, 1] = bad

    monkeypatch.setattr(training.optimizer, "step", spoils)
    notes = []
    for report in train(model, TEXT, SNAPSHOT + 10, training):
        assert all(np.isfinite(w).all() for w in training.good["weights"].values())
        assert all((abs(w) < 1e3).all() for w in weights(model).values())
        assert report.validation is None or math.isfinite(report.validation)
        if report.note:
            notes.append((len(calls), report))
    ((at, report),) = notes
    assert at == when and "weights" in report.note
    assert report.step == (0 if when <= SNAPSHOT else SNAPSHOT) and report.lr == 0.001


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lines", [False, True])
def test_weights_that_blow_up_right_before_a_snapshot_are_not_gone_back_to(lines, monkeypatch):
    """They are finite, and so was the loss before: only what they predict tells."""
    text = "\n".join(TEXT[k : k + 9] for k in range(0, 600, 9)) if lines else TEXT
    model = CharModel(mc.Vocabulary.of(text), hidden=(5, 4))
    training = Training(model, text, 4, 7, validation=0.1, lines=lines)
    step, calls = training.optimizer.step, []

    def spoils():
        step()
        calls.append(1)
        if len(calls) == 2 * SNAPSHOT:
            model.parameters()["read_out.W"].data[...] *= 1e5

    monkeypatch.setattr(training.optimizer, "step", spoils)
    reports = list(train(model, text, 2 * SNAPSHOT + 10, training))
    (bad,) = [r for r in reports if r.note]
    assert bad.step == SNAPSHOT and reports[2 * SNAPSHOT] is bad
    assert training.good["progress"]["steps"] == 2 * SNAPSHOT and training.taken_back == 0


@pytest.mark.parametrize("how", SPOILED)
def test_a_loss_that_is_always_bad_ends_and_leaves_the_last_good_weights(how):
    model = make()
    training = Training(model, TEXT, 4, 7, validation=0.1)
    Spy(model, lambda n, loss: SPOILED[how](loss) if n > SNAPSHOT + 3 else loss)
    reports, good = [], None
    with pytest.raises(Diverged, match="smaller"):
        for report in train(model, TEXT, 10**6, training):
            reports.append(report)
            if report.step == SNAPSHOT and not report.note:
                good = weights(model)
    bad = reports[SNAPSHOT + 3 :]
    assert len(bad) == PATIENCE and all(r.step == SNAPSHOT and r.note for r in bad)
    np.testing.assert_allclose([r.lr for r in bad], [0.002 / 2**k for k in range(1, PATIENCE + 1)])
    assert_same(weights(model), good)


@pytest.mark.parametrize("first, later, taken_back", [(60, 150, 0), (60, 190, 1), (0.1, 9, 1)])
def test_a_loss_explodes_by_what_the_training_began_with(first, later, taken_back):
    """A network that learned another text may begin far above one that knows nothing."""
    model = make()

    def spoil(n, loss):
        return loss + {1: first, 10: later}.get(n, 0) - float(loss.data)

    Spy(model, spoil)
    _, reports = trained(20, model)
    assert sum(bool(r.note) for r in reports) == taken_back


def test_trouble_long_ago_does_not_count():
    """Twice the patience in bad losses, with a good stretch between: no reason to give up."""
    model = make()
    bad = {*range(1, PATIENCE + 1), *range(100, 100 + PATIENCE)}
    Spy(model, lambda n, loss: loss * math.nan if n in bad else loss)
    _, reports = trained(120, model)
    assert reports[-1].step == 120 and sum(bool(r.note) for r in reports) == 2 * PATIENCE


@pytest.mark.filterwarnings("error")
def test_a_rate_that_is_much_too_large_is_brought_down_until_it_works():
    """In earnest: plain steps 200 times too long, unclipped, with nothing to stop a relu."""
    model = make("relu", hidden=(8,))
    _, reports = trained(150, model, optimizer=sgd(model, 100.0), clip=None)
    assert reports[-1].step == 150 and any(r.note for r in reports)
    assert reports[-1].lr < 100 and math.isfinite(reports[-1].loss)
    assert math.isfinite(evaluate(model, TEXT))


@pytest.mark.filterwarnings("error")
def test_a_rate_beyond_all_bounds_ends_in_a_word_and_not_in_nan():
    model = make()
    before = weights(model)
    with pytest.raises(Diverged):
        trained(10, model, optimizer=sgd(model, 1e38))
    assert_same(weights(model), before)


# --- when to stop


def scripted(monkeypatch, values):
    values = iter(values)

    def read(*_, **__):
        yield
        return next(values)

    monkeypatch.setattr(module, "evaluating", read)


def test_patience(monkeypatch):
    scripted(monkeypatch, [2.0, 1.5, 1.6, 1.4, 1.4, 1.7, 1.0])
    model = make()
    training = Training(model, TEXT, 4, 7, validate_every=3)
    reports = list(train(model, TEXT, 100, training, patience=2))
    # 1.6 is one without a new best, 1.4 is a new best; 1.4 again is not, and 1.7 is the second.
    assert len(reports) == 18 and reports[-1].validation == 1.7
    assert training.best == 1.4


def test_gone_on_with_after_patience_ran_out_it_runs_to_the_next_validation(monkeypatch):
    scripted(monkeypatch, [1.0, 2.0, 2.0, 2.0, 0.5])
    model = make()
    training = Training(model, TEXT, 4, 7, validate_every=3)
    assert [r.step for r in train(model, TEXT, 100, training, patience=2)][-1] == 9
    again = [r.step for r in train(model, TEXT, 100, training, patience=2)]
    assert again == [10, 11, 12]  # still nothing better
    assert len(list(train(model, TEXT, 16, training, patience=2))) == 4  # better at 15: it goes on


def test_the_best_weights_are_those_of_the_best_validation(monkeypatch):
    scripted(monkeypatch, [2.0, 1.5, 1.6, 1.4, 1.4, 1.7, 1.0])
    model = make()
    training = Training(model, TEXT, 4, 7, validate_every=3)
    with pytest.raises(ValueError, match="nothing has been validated"):
        training.use_best()
    assert training.best_weights is None
    kept = {r.step: weights(model) for r in train(model, TEXT, 18, training)}
    assert_same(training.best_weights, kept[12])
    assert differ(kept[18], kept[12])
    training.use_best()
    assert_same(weights(model), kept[12])
    training.step()  # goes on from there, and what is kept does not move with it
    assert differ(weights(model), kept[12])
    assert_same(training.best_weights, kept[12])


def test_the_best_loss_is_never_that_of_other_weights_than_the_best(monkeypatch):
    """Nor where Ctrl-C, or a lack of memory, comes while they are copied."""
    training = Training(make(), TEXT, 4, 7, validate_every=1)
    weight = list(training.model.parameters().values())[-1]

    class Interrupted(np.ndarray):
        def copy(self, *_):
            raise KeyboardInterrupt

    def read(*_, **__):
        yield
        weight.data = weight.data.view(Interrupted)
        return 1.0

    monkeypatch.setattr(module, "evaluating", read)
    with pytest.raises(KeyboardInterrupt):
        training.step()
    assert training.best == math.inf and training.best_weights is None


def test_a_loss_that_is_taken_back_takes_the_best_back_too(monkeypatch):
    scripted(monkeypatch, [2.0, 1.0, 1.5, 1.5])
    model = make()
    training = Training(model, TEXT, 4, 7, validate_every=SNAPSHOT - 10)
    Spy(model, lambda n, loss: loss * math.nan if n == 2 * SNAPSHOT - 15 else loss)
    kept = {}
    for report in train(model, TEXT, 2 * SNAPSHOT - 20, training):  # 1.0 is measured at the last
        kept[report.step] = weights(model)
    assert training.best == 1.0
    assert_same(training.best_weights, kept[2 * SNAPSHOT - 20])
    while not training.step().note:
        pass
    assert training.best == 2.0
    assert_same(training.best_weights, kept[SNAPSHOT - 10])
    list(train(model, TEXT, 2 * SNAPSHOT - 20, training))
    assert training.best == 1.5
    assert_same(training.best_weights, weights(model))


def test_without_patience_nothing_stops_it(monkeypatch):
    scripted(monkeypatch, [1.0] + [2.0] * 20)
    _, reports = trained(20, validate_every=1)
    assert len(reports) == 20


def test_steps_are_counted_from_the_beginning():
    model = make()
    training = Training(model, TEXT, 4, 7)
    assert len(list(train(model, TEXT, 5, training))) == 5
    assert [r.step for r in train(model, TEXT, 8, training)] == [6, 7, 8]
    assert trained(0)[1] == []


# --- what is refused


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"batch": 600}, "batch smaller"),
        ({"batch": 0}, "batch=0"),
        ({"batch": 2.5}, "batch=2.5: it must be a whole number"),
        ({"length": 0}, "length=0"),
        ({"validate_every": 0}, "validate_every=0"),
        ({"clip": 0}, "clip=0"),
        ({"clip": -1.0}, "clip=-1"),
        ({"clip": math.inf}, "clip=inf"),  # its file could not be written
        ({"validation": 1.5}, "validation=1.5"),
        ({"validation": 0.001}, "too few"),
        ({"text": "ab"}, "too few"),
        ({"text": "a", "validation": 0}, "cannot fill"),
        ({"text": TEXT + "z"}, "'z'.*position 600"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_a_setting_that_makes_no_sense_is_refused_and_nothing_moved(settings, said):
    model = make()
    before = weights(model)
    with pytest.raises(ValueError, match=said):
        trained(1, model, **settings)
    assert_same(before, weights(model))


def test_an_optimiser_of_another_model_is_refused():
    """A model made anew, and the optimiser not: nothing would be learned."""
    with pytest.raises(ValueError, match="not an optimiser of this model"):
        trained(1, make(), optimizer=optim.Adam(make().parameters()))
    with pytest.raises(ValueError, match="not an optimiser of this model"):
        trained(1, make(), optimizer="adam")


def test_a_training_has_its_own_model_text_and_settings():
    model = make()
    training = Training(model, TEXT, 4, 7)
    for other, text, settings in (
        (model, TEXT, {"batch": 5}),
        (make(), TEXT, {}),
        (model, TEXT[1:], {}),
    ):
        with pytest.raises(ValueError, match="own model, text and settings"):
            next(train(other, text, 1, training, **settings))


# --- and it learns


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_small_network_soon_knows_more_than_counting_pairs(cell):
    """Words of three letters: what comes after "a" depends on what came two letters before."""
    rng = np.random.default_rng(3)
    text = "".join(rng.choice(["cab ", "dac ", "bad "], 2000))
    counts = mc.NGram(text[:7600], order=1).bits(text[7600:]).mean()
    model = CharModel(mc.Vocabulary.of(text), cell=cell, hidden=(16,), seed=1)
    adam = optim.Adam(model.parameters(), lr=0.01)
    settings = {"batch": 20, "length": 20, "optimizer": adam, "validate_every": 200}
    *_, last = train(model, text, 200, **settings)
    assert last.validation / math.log(2) < counts / 2
