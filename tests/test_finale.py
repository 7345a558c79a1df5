"""The last table: what is stored can be measured again; choices are made by validation alone."""

import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minichar import finale, gallery, mixture, reading
from minichar.finale import Row
from minichar.ngram import NGram
from minichar.text import Vocabulary


def test_the_table_has_every_model_and_what_it_says_can_be():
    rows = {row.model: row for row in finale.stored()}
    assert list(rows) == ["counting", "100-line RNN", *finale.NETWORKS]
    for row in rows.values():
        assert 2 < row.low <= row.held_out <= row.high < np.log2(27)
        assert row.weights > 10_000 and row.setting
    assert [name for name, row in rows.items() if np.isnan(row.validation)] == ["100-line RNN"]


def test_what_lesson_15_says_of_the_table_is_so():
    """Measured anew it may come out otherwise: then the lesson has to say something else."""
    rows = {row.model: row for row in finale.stored()}
    networks = [rows[name] for name in finale.NETWORKS]
    assert all(row.high < rows["counting"].held_out for row in networks)
    assert all(rows["LSTM"].high < row.low for row in networks if row.model != "LSTM")
    assert all(rows["minGRU"].high < rows[name].low for name in ("plain RNN", "transformer"))
    assert rows["transformer"].low < rows["plain RNN"].high  # they overlap
    assert rows["plain RNN"].low < rows["transformer"].high
    assert rows["plain RNN"].held_out == pytest.approx(2.893, abs=1e-3)  # 0.036 under 2.929


def test_half_the_lstm_and_half_counting_are_ahead_of_every_row():
    learned, held_out = finale.parts()
    lstm = gallery.network("names")
    count = NGram(learned, 4, lstm.vocab, "kneser-ney")
    half = mixture.together(reading.bits(lstm, held_out), count.bits(held_out), 0.5)
    assert half.mean() < min(row.low for row in finale.stored()) - 0.03


def test_the_quick_rows_measured_again_are_those_stored():
    stored = {row.model: row for row in finale.stored()}
    for again in (finale.counting(), finale.hundred_lines()):
        old = stored[again.model]
        assert (again.weights, again.setting) == (old.weights, old.setting)
        assert again.held_out == pytest.approx(old.held_out, abs=1e-4)
        assert again.validation == pytest.approx(old.validation, abs=1e-4, nan_ok=True)


def test_the_networks_have_about_equally_many_weights():
    vocab = Vocabulary.of(finale.parts()[0])
    sizes = [kind(vocab, **shape).size for kind, shape in finale.NETWORKS.values()]
    assert max(sizes) < 1.03 * min(sizes)
    assert sizes == [row.weights for row in finale.stored()[2:]]


def test_the_best_setting_stands_inside_the_grid():
    for row in finale.stored()[2:]:
        rate, dropout = map(float, re.findall(r"0\.\d+", row.setting))
        assert rate in finale.RATES[1:-1], row
        assert dropout in finale.DROPOUTS[:-1], row  # 0 is no edge: there is no less


@given(arrays(float, (len(finale.RATES), len(finale.DROPOUTS)), elements=st.floats(1, 9)))
def test_nothing_beside_what_is_chosen_is_better(losses):
    def loss(setting):
        return losses[finale.RATES.index(setting[0]), finale.DROPOUTS.index(setting[1])]

    found = finale.choose(loss)
    assert loss(found) <= loss(finale.START)
    assert all(loss(near) >= loss(found) for near in finale.beside(found))


def test_a_walk_goes_across_where_rate_and_dropout_must_change_together():
    losses = {finale.START: 3.0, (0.024, 0.1): 2.9, (0.024, 0.0): 2.8}  # the straight ways: 4
    assert finale.choose(lambda setting: losses.get(setting, 4.0)) == (0.024, 0.0)


def test_the_settings_beside_one():
    around = {(r, d) for r in (0.003, 0.006, 0.012) for d in (0.0, 0.1, 0.3)} - {(0.006, 0.1)}
    assert set(finale.beside((0.006, 0.1))) == around
    assert set(finale.beside((0.096, 0.0))) == {(0.048, 0.0), (0.048, 0.1), (0.096, 0.1)}


def test_the_setting_is_chosen_by_validation_and_the_seeds_only_show_luck(monkeypatch):
    best = {(0.012, 0.3): 2.0, (0.024, 0.3): 1.9, (0.024, 0.1): 1.8}
    asked = []

    def learn(name, rate, dropout, seed=0):
        asked.append((rate, dropout, seed))
        model = SimpleNamespace(size=0, held_out=seed + rate)
        return SimpleNamespace(best=best.get((rate, dropout), 3.0) + seed, model=model)

    monkeypatch.setattr(finale, "learn", learn)
    monkeypatch.setattr(finale, "held_out_bits", lambda model: model.held_out)
    row = finale.network("LSTM")
    assert len(set(asked)) == len(asked)  # nothing is trained twice
    assert {a for a in asked if a[2]} == {(0.024, 0.1, 1), (0.024, 0.1, 2)}
    tried = sum(seed == 0 for _, _, seed in asked)
    assert row.setting == f"rate 0.024, dropout 0.1, best of {tried}"
    assert row.validation == pytest.approx(2.8 / np.log(2))
    assert (row.low, row.held_out, row.high) == pytest.approx((0.024, 1.024, 2.024))


@pytest.mark.parametrize("name", finale.NETWORKS)
def test_a_network_of_the_table_can_be_trained(name, monkeypatch):
    text, held_out = finale.parts()
    monkeypatch.setattr(finale, "parts", lambda: (text[:6000], held_out[:400]))
    training = finale.learn(name, 0.006, 0.1, steps=3)
    assert training.step_number == 3 and training.best < np.log(27) + 1
    assert 2 < finale.held_out_bits(training.model) < 7


def test_stored_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(finale, "place", lambda: tmp_path / "figures" / "table.csv")
    rows = [Row("a, b", 3, "order 1", float("nan"), 1.25, 1.0, 1.5), Row("c", 4, "", 2.0, 2, 2, 2)]
    finale.store(rows)
    again = finale.stored()
    assert repr(again) == repr(rows).replace("=2,", "=2.0,").replace("=2)", "=2.0)")


def test_the_table_is_printed_by_one_command():
    command = [sys.executable, "-m", "minichar.finale"]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    for row in finale.stored():
        (line,) = (line for line in printed.splitlines() if f"model: {row.model}," in line)
        assert f"{row.held_out:.3f}" in line and row.setting in line
