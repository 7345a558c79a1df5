import functools
import re

import numpy as np
import pytest
from pictures import image, pixels_of

from minichar import cell_diagrams, draw
from minichar.layers import GRU, LSTM
from minichar.tensor import Tensor

CELLS = [cell_diagrams.lstm, cell_diagrams.gru]


@functools.cache
def pictures(cell):
    """Drawn once: that takes long."""
    return cell_diagrams.steps(cell)


def numbers(words):
    return [float(n) for n in re.findall(r"-?\d\.\d\d", words)]


def logit(p):
    return np.log(p / (1 - p))


def test_the_numbers_of_the_lstm_are_those_of_an_lstm():
    said = [picture.description for picture in pictures(cell_diagrams.lstm)]
    f, i, g, o = numbers(said[1])
    c, kept, new_c, new_h = 0.8, numbers(said[2])[-1], numbers(said[3])[-1], numbers(said[4])[-1]
    assert numbers(said[2])[:2] == [f, c]
    a = Tensor(np.array([[logit(o), logit(i), logit(f), np.arctanh(g)]]))
    cell = LSTM(1, 1, np.random.default_rng(0), "float64")
    cell.parameters["Whh"].data[...] = 0
    h, c = (float(s.data[0, 0]) for s in cell.step(a, Tensor(np.zeros((1, 1))), Tensor([[c]])))
    assert (new_h, new_c) == (pytest.approx(h, abs=0.005), pytest.approx(c, abs=0.005))
    assert kept == pytest.approx(f * 0.8)


def test_the_numbers_of_the_gru_are_those_of_a_gru():
    said = [picture.description for picture in pictures(cell_diagrams.gru)]
    u, r = numbers(said[1])
    a, _, m, n = numbers(said[2])
    h, new = numbers(said[3])[1], numbers(said[4])[-1]
    cell = GRU(1, 1, np.random.default_rng(0), "float64")
    cell.parameters["Whh"].data[...] = [[0, 0, m / h]]
    (state,) = cell.step(Tensor(np.array([[logit(r), logit(u), a]])), Tensor(np.array([[h]])))
    assert new == pytest.approx(float(state.data[0, 0]), abs=0.006)
    assert n == pytest.approx(np.tanh(a + r * m), abs=0.005)


@pytest.mark.parametrize("cell, gates", [(CELLS[0], "figo"), (CELLS[1], "urn")])
def test_a_number_is_shown_once_it_is_computed(cell, gates, written):
    seen = []
    for now in range(5):
        written.clear()
        cell(now)
        assert set(gates) < set(written) and "x" in written  # pale or not, the parts are there
        seen.append(sum(bool(numbers(w)) for w in written[:-1]))  # the last is the sentence
    assert seen == sorted(set(seen)) and seen[0] == 1


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("now", range(1, 5))
def test_a_formula_stands_on_a_line_of_its_own(cell, now, written):
    said = cell(now).description
    words, formula = written[-1].split("\n")
    assert "=" in formula and "=" not in words and said.endswith(f"{words} {formula}")


@pytest.mark.parametrize("cell", CELLS)
def test_every_picture_is_of_one_size_and_more_of_it_is_coloured(cell):
    five = pictures(cell)
    assert len(five) == 5 and len({image(p).shape for p in five}) == 1
    pale = [pixels_of(p, cell_diagrams.PALE) for p in five]
    assert pale == sorted(pale, reverse=True) and pale[-1] < pale[0] / 5
    assert repr(five[4]) == repr(cell()) and "step 4 of 4" in repr(five[4])
    assert pixels_of(five[4], draw.RED) > pixels_of(five[0], draw.RED) > 100


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("step", [-1, 5])
def test_there_are_five_pictures_and_no_more(cell, step):
    with pytest.raises(ValueError, match=f"step {step}: the steps are 0 to 4"):
        cell(step)
