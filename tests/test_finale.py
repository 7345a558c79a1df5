"""The last table: what is stored can be measured again; choices are made by validation alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from minichar import finale
from minichar.finale import Row
from minichar.text import Vocabulary


def test_the_table_has_every_model_and_what_it_says_can_be():
    rows = {row.model: row for row in finale.stored()}
    assert list(rows) == ["counting", "100-line RNN", *finale.NETWORKS]
    for row in rows.values():
        assert 2 < row.low <= row.held_out <= row.high < np.log2(27)
        assert row.weights > 10_000 and row.setting
    assert [name for name, row in rows.items() if np.isnan(row.validation)] == ["100-line RNN"]


def test_the_quick_rows_measured_again_are_those_stored():
    stored = {row.model: row for row in finale.stored()}
    for again in (finale.counting(), finale.hundred_lines()):
        old = stored[again.model]
        assert (again.weights, again.setting) == (old.weights, old.setting)
        assert again.held_out == pytest.approx(old.held_out, abs=1e-4)
        assert again.validation == pytest.approx(old.validation, abs=1e-4, nan_ok=True)


def test_the_networks_have_about_equally_many_weights():
    vocab = Vocabulary.of(finale.parts()[0])
    sizes = [
        sum(w.data.size for w in kind(vocab, **shape).parameters().values())
        for kind, shape in finale.NETWORKS.values()
    ]
    assert max(sizes) < 1.03 * min(sizes)
    assert sizes == [row.weights for row in finale.stored()[2:]]


def test_the_setting_is_chosen_by_validation_and_the_seeds_only_show_luck(monkeypatch):
    best = {(0.006, 0.1): 2.0, (0.012, 0.1): 1.9, (0.012, 0.3): 1.8, (0.006, 0.3): 0.1}
    asked = []

    def learn(name, rate, dropout, seed=0, steps=0):
        asked.append((rate, dropout, seed))
        model = SimpleNamespace(parameters=dict, held_out=seed + rate)
        return SimpleNamespace(best=best[rate, dropout] + seed, model=model)

    monkeypatch.setattr(finale, "RATES", (0.006, 0.012))
    monkeypatch.setattr(finale, "DROPOUTS", (0.1, 0.3))
    monkeypatch.setattr(finale, "learn", learn)
    monkeypatch.setattr(finale, "held_out_bits", lambda model: model.held_out)
    row = finale.network("LSTM")
    first = [(0.006, 0.1, 0), (0.012, 0.1, 0), (0.012, 0.3, 0)]
    assert asked == [*first, (0.012, 0.3, 1), (0.012, 0.3, 2)]
    assert row.setting == "rate 0.012, dropout 0.3"
    assert row.validation == pytest.approx(2.8 / np.log(2))
    assert (row.low, row.held_out, row.high) == pytest.approx((0.012, 1.012, 2.012))


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
