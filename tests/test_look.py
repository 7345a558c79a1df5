"""What look.py asks of the states; how these are read is in test_states.py."""

import numpy as np
import pytest
from test_states import TEXT, some_model

from minichar import look
from minichar.guessing import guesses
from minichar.ngram import NGram
from minichar.text import Vocabulary
from minichar.transformer import BlockModel


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_saturation_is_the_share_of_the_time(cell):
    model = some_model(cell)
    for w in model.parameters().values():
        w.data *= 4  # so that some gates do saturate
    found = look.saturation(model, TEXT, piece=11, run_up=4)
    states = look.record(model, TEXT, None, piece=11, run_up=4)
    assert set(found) == {(layer, g) for layer in (0, 1) for g in look.GATES[cell]}
    for key, (shut, wide) in found.items():
        np.testing.assert_allclose(shut, (states[key] < 0.1).mean(axis=0))
        np.testing.assert_allclose(wide, (states[key] > 0.9).mean(axis=0))
    assert any(shut.any() for shut, _ in found.values())
    assert any(wide.any() for _, wide in found.values())


@pytest.mark.parametrize("cell", ["rnn", "relu"])
def test_a_cell_without_gates_has_no_saturation(cell):
    with pytest.raises(ValueError, match="no gates"):
        look.saturation(some_model(cell), TEXT)


def test_what_cannot_be_read_is_refused():
    model = some_model("rnn")
    with pytest.raises(ValueError, match=r"'é'.*position 2.*known\(model, text\)"):
        look.record(model, "abé")
    assert look.known(model, "abéd\n") == "abd"
    with pytest.raises(ValueError, match="empty"):
        look.record(model, "")
    for kinds in ("c", ""):
        with pytest.raises(ValueError, match="cells have h"):
            look.record(model, TEXT, kinds)
    runs = {"run_up": -1}, {"piece": 4, "run_up": 5}
    for wrong in (*runs, {"piece": 0}, {"batch": 0}, {"rows": 0}):
        with pytest.raises(ValueError, match="run_up"):
            look.record(model, TEXT, **wrong)
    for other in (NGram(TEXT, 2), BlockModel(Vocabulary("abcde"), width=4, heads=1)):
        for asked in (look.record, look.saturation, guesses):
            with pytest.raises(TypeError, match=f"a {type(other).__name__}$"):
                asked(other, TEXT)
