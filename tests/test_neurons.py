"""The search: it finds a cell that is there, and says so of one that is not."""

import numpy as np
import pytest
from test_states import pretend_to_be_on_a_card
from threadpoolctl import threadpool_limits

from minichar import look
from minichar.checkpoint import save_model
from minichar.features import FEATURES, tabulate
from minichar.measuring import measure
from minichar.model import CharModel
from minichar.neurons import COLUMNS, main, search, table, untrained
from minichar.ngram import NGram
from minichar.text import Vocabulary
from minichar.workers import threads

LETTERS = "abcde \n"


def some_text(N, seed=0):
    return "".join(np.random.default_rng(seed).choice(list(LETTERS), N))


def some_model(cell="lstm", hidden=(6, 5), dtype="float64", seed=0):
    return CharModel(Vocabulary(sorted(LETTERS)), cell, hidden, dtype=dtype, seed=seed)


def noise(seed):
    return lambda text: np.random.default_rng([seed, len(text)]).integers(0, 2, len(text))


@pytest.mark.parametrize("cell, kinds", [("lstm", "hc"), ("gru", "h"), ("rnn", "h"), ("relu", "h")])
def test_measured_in_one_pass_is_measured_on_everything(cell, kinds):
    model, text, how = some_model(cell), some_text(500), {"piece": 90, "run_up": 20}
    found = measure(model, text, FEATURES, kinds, shifts=3, batch=4, rows=50, **how)
    states, features = look.record(model, text, kinds, **how), tabulate(text, FEATURES, "float64")
    assert found.cells == [
        (layer, kind, j) for layer, H in ((0, 6), (1, 5)) for kind in kinds for j in range(H)
    ]
    for k, (layer, kind, j) in enumerate(found.cells):
        values = states[layer, kind][:, j]
        for f in range(len(found.features)):
            feature = features[:, f]
            varies = feature.std() > 0 and values.std() > 0
            wanted = np.corrcoef(values, feature)[0, 1] if varies else 0
            assert found.correlation[f, k] == pytest.approx(wanted, abs=1e-9)
    again = measure(model, text, FEATURES, kinds, shifts=3, batch=1, rows=500, **how)
    for name in ("correlation", "luck"):
        np.testing.assert_allclose(getattr(found, name), getattr(again, name), atol=1e-9)


def test_measured_on_a_card_is_the_same(monkeypatch):
    monkeypatch.setenv("MINICHAR_COMPILED", "0")
    model, text = some_model(), some_text(300)
    wanted = measure(model, text, shifts=2)
    pretend_to_be_on_a_card(model, monkeypatch)
    found = measure(model, text, shifts=2)
    for name in ("correlation", "luck"):
        assert type(getattr(found, name)) is np.ndarray
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=1e-9)
    np.testing.assert_allclose(found.probe("vowel"), wanted.probe("vowel"), atol=1e-7)


def test_the_ridge_of_a_probe_is_found_by_fifths_of_the_text():
    model, text, features = some_model(), some_text(250), {"vowel": FEATURES["vowel"]}
    found = measure(model, text, features, batch=2, piece=60, run_up=9)
    columns = [*look.record(model, text, "h", piece=60, run_up=9).values()]
    rows = np.hstack([*columns, tabulate(text, features, "float64")])
    for fold, part in zip(found.folds, np.split(rows, 5), strict=True):
        np.testing.assert_allclose(fold.mean, part.mean(axis=0))
        np.testing.assert_allclose(fold.covariance, np.cov(part.T, bias=True), atol=1e-12)
    C = len(found.cells)
    wanted = found.moments.probe(range(C), C, found.ridges[0])
    np.testing.assert_array_equal(found.probe("vowel"), wanted)


def test_a_feature_out_of_step_is_the_feature_moved_round():
    model, text = some_model(), some_text(300)
    found = measure(model, text, {"vowel": FEATURES["vowel"]}, shifts=60, seed=5)
    vowel, values = FEATURES["vowel"](text), look.record(model, text, "h")[0, "h"][:, 3]
    wanted = [np.corrcoef(values, np.roll(vowel, k))[0, 1] for k in range(300)]
    for luck in found.luck[:, 0, 3]:
        near = np.abs(np.array(wanted) - luck).argmin()
        assert wanted[near] == pytest.approx(luck, abs=1e-9) and 30 <= near <= 270
    by_default, of_0 = (measure(model, text, shifts=1, **seed) for seed in ({}, {"seed": 0}))
    np.testing.assert_array_equal(by_default.luck, of_0.luck)


def with_a_vowel_cell(dtype="float32"):
    model = some_model("rnn", 8, dtype)
    W = {name: w.data for name, w in model.parameters().items()}
    W["0.Whh"][:, 5] = 0
    W["0.Wxh"][:, 5] = [3 if c in "ae" else -3 for c in model.vocab.characters]
    return model


def test_a_cell_that_follows_a_feature_is_found_and_confirmed():
    features = {"vowel": FEATURES["vowel"], "line": FEATURES["line_position"]}
    row, other = search(with_a_vowel_cell(), some_text(900), some_text(300, 1), features)
    assert row.feature == "vowel" and row.cell == (0, "h", 5) and row.searched == 8
    for score in (row.a, row.b, row.probe_b):
        assert score > 0.99
    assert abs(row.untrained_b) < 0.95 and abs(row.luck_a) < 0.3
    assert other.feature == "line" and other.cell != row.cell


def test_the_best_is_the_one_that_measuring_finds():
    model, texts = some_model("gru", 20), (some_text(400), some_text(300, 1))
    found = measure(model, texts[0])
    for row in search(model, *texts):
        assert row.cell == found.cells[found.best(row.feature)[0]]


def test_the_best_of_many_cells_for_noise_is_luck_and_the_other_text_says_so():
    features = {f"noise {seed}": noise(seed) for seed in range(20)}
    rows = search(some_model("gru", 40), some_text(400), some_text(400, 1), features)
    a, b, luck = (
        np.mean([abs(getattr(row, name)) for row in rows]) for name in ("a", "b", "luck_a")
    )
    assert a > 2 * b  # chosen on A, it is nothing on B;
    assert luck > 0.8 * a  # and luck alone reaches as much


def test_a_shuffled_feature_would_make_luck_look_rarer_than_it_is():
    """Where cells and feature change slowly, as those that remember do, luck goes further."""
    model = some_model("rnn", 30)
    W = {name: w.data for name, w in model.parameters().items()}
    W["0.Whh"][...] = np.eye(30) * 0.98
    W["0.Wxh"] *= 0.1
    text, rng = some_text(1500), np.random.default_rng(0)
    slow = rng.integers(0, 2, 30).repeat(50)
    features = {"slow": lambda text: slow, "shuffled": lambda text: rng.permutation(slow)}
    found = measure(model, text, features, shifts=20)
    luck = np.abs(found.luck).max(axis=2).mean(axis=0)  # of the best cell, by feature
    assert luck[0] > 2 * luck[1]


def test_two_networks_side_by_side_in_threads_are_the_same():
    texts = some_text(300), some_text(200, 1)
    with threadpool_limits(1):
        alone = search(some_model(), *texts)
    with threadpool_limits(2):
        assert threads() == 2
        together = search(some_model(), *texts)
    for a, b in zip(alone, together, strict=True):
        for name, value in vars(a).items():
            if isinstance(value, float):
                value = pytest.approx(value, abs=1e-9, nan_ok=True)
            assert getattr(b, name) == value, (a.feature, name)


def test_an_untrained_network_has_the_shape_and_other_weights():
    model = some_model("lstm", (6, 5), "float32")
    blank = untrained(model, seed=3)
    assert blank.settings() == model.settings() and blank.vocab == model.vocab
    weights = zip(model.parameters().values(), blank.parameters().values(), strict=True)
    assert all(a.shape == b.shape for a, b in weights)
    assert (model.parameters()["0.Whh"].data != blank.parameters()["0.Whh"].data).any()


def test_the_best_may_go_the_other_way():
    model = with_a_vowel_cell()
    model.parameters()["0.Wxh"].data[:, 5] *= -1  # now it goes down at a vowel
    found = measure(model, some_text(400))
    assert found.best("vowel") == [5]
    assert found.correlation[found.features.index("vowel"), 5] < -0.99


def test_a_probe_of_any_feature_is_that_of_its_own_column():
    model, text, names = some_model(), some_text(300), ("line_position", "vowel")
    features = {name: FEATURES[name] for name in names}
    found = measure(model, text, features)
    states = np.hstack([*look.record(model, text, "h").values()])
    columns = tabulate(text, features, "float64")
    for f, name in enumerate(names):
        w = found.probe(name)
        r = np.corrcoef(states @ w, columns[:, f])[0, 1]
        assert found.probe_score(name, w) == pytest.approx(r, abs=1e-6) and r > 0.5


def test_ranking_and_what_it_refuses():
    found = measure(with_a_vowel_cell(), some_text(400))
    assert found.best("vowel") == [5]
    ranked = found.best("indentation", top=99)
    assert sorted(ranked) == list(range(8))
    scores = np.abs(found.correlation[found.features.index("indentation"), ranked])
    assert (np.diff(scores) <= 0).all()
    for ask in (found.best, found.probe, lambda name: found.probe_score(name, np.ones(8))):
        with pytest.raises(ValueError, match="feature 'colour': the features are "):
            ask("colour")
    with pytest.raises(TypeError, match="this is a NGram"):
        measure(NGram("hello", 2), "hello")
    with pytest.raises(ValueError, match="cells have h"):
        measure(with_a_vowel_cell(), some_text(40), kinds="c")
    with pytest.raises(ValueError, match="text B is text A"):
        search(some_model(), "abc", "abc")
    with pytest.raises(ValueError, match="at least once"):
        search(some_model(), "abc", "abd", shifts=0)
    with pytest.raises(ValueError, match="the text is empty"):
        measure(some_model(), "", shifts=1)


def test_the_command_prints_a_line_for_each_feature(tmp_path, capsys):
    save_model(tmp_path / "my.npz", with_a_vowel_cell())
    (tmp_path / "my.txt").write_text(some_text(3000) + "é", encoding="utf-8")
    main([str(tmp_path / "my.npz"), str(tmp_path / "my.txt"), "--characters", "1000"])
    lines = capsys.readouterr().out.splitlines()
    assert "text A: 1,000 characters; text B: 300, held out" in lines[1]
    rows = {line.split()[0]: line.split()[1:] for line in lines[3 : 3 + len(FEATURES)]}
    assert set(rows) == set(FEATURES)
    assert rows["vowel"][:5] == ["0", "h", "5", "1.00", "1.00"]
    assert all(len(row) == 3 + len(COLUMNS) for row in rows.values())
    assert "best of 8" in lines[-2]
    assert table([]).startswith("feature")


def test_the_command_says_what_it_is_for(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "Which cell follows which feature" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, said",
    [
        ("nowhere.npz names", "nowhere.npz: No such file"),
        ("names nowhere.txt", "'nowhere.txt' is neither a name"),
        ("names names --validation 3", "validation=3.0 is not a share"),
        ("names names --characters 0", "characters=0: it must be a whole number"),
    ],
)
def test_a_mistake_at_the_command_is_a_line(capsys, words, said):
    with pytest.raises(SystemExit):
        main(words.split())
    assert f"error: {said}" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("more, kinds", [((), "c"), (("--kinds", "h"), "h")])
def test_the_command_looks_at_what_an_lstm_remembers_unless_told_otherwise(
    tmp_path, capsys, more, kinds
):
    save_model(tmp_path / "my.npz", some_model())
    (tmp_path / "my.txt").write_text(some_text(2000), encoding="utf-8")
    main([str(tmp_path / "my.npz"), str(tmp_path / "my.txt"), *more])
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[2] for line in lines[3 : 3 + len(FEATURES)]} == set(kinds)


def test_a_feature_is_moved_however_short_the_text_is():
    text, features = "abcd e\n", {"place": lambda text: np.arange(len(text))}
    found = measure(some_model(), text, features, shifts=30)
    assert not np.isclose(found.luck, found.correlation).all(axis=(1, 2)).any()


def test_without_features_there_are_no_rows():
    text = some_text(50)
    assert search(some_model(), text, text[:40], {}) == []
