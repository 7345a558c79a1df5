"""Which network a name at the terminal means. What it refuses is in test_commands.py."""

import numpy as np
import pytest

import minichar as mc
from minichar import gallery
from minichar.loading import load


@pytest.mark.parametrize("name", gallery.EXHIBITS)
def test_every_network_of_the_course_has_the_name_of_its_text(name):
    found, ours = load(name).parameters(), gallery.network(name).parameters()
    assert all(np.array_equal(found[key].data, w.data) for key, w in ours.items())


def test_a_file_of_ones_own_comes_before_one_of_the_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = mc.CharModel(mc.Vocabulary("ab"), hidden=2)
    mc.save_model("tags.npz", own)
    (tmp_path / "tags.npz").rename("tags")
    assert load("tags").hidden == (2,)
    with pytest.raises(mc.BadModelFile, match="there is no file ../names"):
        load("../names")  # a path is no name
