"""The folder of checkpoints: the last and the best stay, and nothing in it is trusted."""

import json

import numpy as np
import pytest

import minichar as mc
from minichar import archive
from minichar.keeping import LAST, Entry, Kept, look_into
from minichar.training import Training

TEXT = "a rose is a rose is a rose\n" * 20


def made(text=TEXT, **how):
    return Training(mc.CharModel(mc.Vocabulary.of(text), hidden=4), text, batch=4, length=8, **how)


def run(kept, validations, training=None):
    training = training or made()
    for validation in validations:
        training.step()
        kept.keep(training, f"wrote {training.step_number}", validation)
    return training


def test_the_last_and_the_best_stay_and_are_listed_newest_first(tmp_path):
    kept = Kept(tmp_path / "some" / "folder")
    assert kept.entries() == []
    run(kept, [3.0, 1.0, 1.0, 2.5, 2.5, 2.5, 2.5, 2.5])  # of equals, the newest is the best
    entries = kept.entries()
    assert [entry.step for entry in entries] == [8, 7, 6, 5, 4, 3]
    assert len(entries) == LAST + 1 and entries[-1].validation == 1.0
    assert [e.path for e in kept.best(entries).values()] == [entries[-1].path]
    assert entries[0].sample == "wrote 8" and entries[0].size == entries[0].path.stat().st_size
    kept.renew()
    run(kept, [9.0])
    assert [entry.path.stem for entry in kept.entries()][:2] == [
        "run-002-step-000001",
        "run-001-step-000008",
    ]


def test_the_newest_is_the_one_with_the_larger_numbers_however_long_they_are(tmp_path):
    kept, training = Kept(tmp_path), made()
    places = [(999, 999_999), (999, 1_000_000), (1000, 1)]
    made_so = []
    for kept.run, training.step_number in places:
        made_so.insert(0, kept.keep(training, ""))
    assert kept.paths() == made_so


def test_a_file_that_vanishes_while_it_is_looked_into_is_left_out(tmp_path, monkeypatch):
    kept = Kept(tmp_path)
    run(kept, [1.0])
    there = kept.paths()
    monkeypatch.setattr(kept, "paths", lambda: [tmp_path / "run-002-step-000001.npz", *there])
    assert [entry.path for entry in kept.entries()] == there


def test_the_file_of_now_stays_where_another_studio_has_begun_since(tmp_path):
    one, other = Kept(tmp_path), Kept(tmp_path)
    training = run(one, [2.0])
    run(other, [1.0] * (LAST + 1))
    for _ in range(3):
        training.step()
        assert one.keep(training, "", 3.0).is_file()
    assert [entry.step for entry in one.entries()][:3] == [4, 3, 2]


def test_a_file_too_many_that_another_studio_has_removed_is_no_error(tmp_path, monkeypatch):
    kept = Kept(tmp_path)
    training = run(kept, [1.0] * LAST)
    gone = Entry(tmp_path / "run-001-step-000000.npz", 9)
    monkeypatch.setattr(kept, "entries", lambda found=kept.entries: [*found(), gone])
    assert kept.keep(training, "").is_file()


def test_each_run_has_a_number_of_its_own(tmp_path):
    kept = Kept(tmp_path)
    for _ in range(3):
        run(kept, [1.0])
        kept.renew()
    assert [path.stem[:7] for path in kept.paths()] == ["run-003", "run-002", "run-001"]


def test_each_text_has_a_best_of_its_own(tmp_path):
    kept = Kept(tmp_path)
    run(kept, [1.0])
    kept.renew()
    run(kept, [5.0] * 7, made(TEXT + "more\n"))
    kept.renew()
    run(kept, [0.0] * 6, made(lines=True))  # by lines, the bits are of another kind
    entries = kept.entries()
    assert sorted(e.validation for e in kept.best(entries).values()) == [0.0, 1.0, 5.0]


def test_a_file_goes_on_exactly_and_is_looked_into_without_its_weights(tmp_path):
    kept = Kept(tmp_path)
    training = run(kept, [2.0])
    training.step()
    path = kept.keep(training, "")
    assert path == kept.paths()[0]
    later = [training.step().loss for _ in range(3)]
    again = mc.load_training(path, TEXT)
    assert [again.step().loss for _ in range(3)] == later
    data = bytearray(path.read_bytes())
    place = data.find(np.ascontiguousarray(again.good["weights"]["0.Whh"]).tobytes()[:16])
    data[max(place, len(data) // 2)] ^= 1
    path.write_bytes(data)  # its weights are damaged, and its header tells all the same
    assert (look_into(path).step, look_into(path).validation, look_into(path).wrong) == (
        2,
        None,
        "",
    )


def rewritten(path, change):
    """The file with another header."""
    with archive.opened(path) as found:
        header = found.header
    change(header)
    archive.write(path, header, {"vocabulary": np.zeros(2)})


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_text(json.dumps({"not": "one"})),
        lambda path: rewritten(path, lambda header: header.clear()),
        lambda path: rewritten(path, lambda header: header["note"].update(validation="low")),
        lambda path: rewritten(path, lambda header: header["note"].update(validation=-1)),
        lambda path: rewritten(path, lambda header: header["note"].update(validation=10**400)),
        lambda path: rewritten(path, lambda header: header["note"].update(sample=["x"])),
        lambda path: rewritten(path, lambda header: header["training"].update(now=None)),
        lambda path: rewritten(path, lambda header: header["training"]["now"].update(steps="1")),
    ],
)
def test_a_damaged_file_is_listed_as_such_and_breaks_nothing(tmp_path, harm):
    kept = Kept(tmp_path)
    training = run(kept, [2.0, 1.0])
    path = kept.paths()[0]
    harm(path)
    bad, good = kept.entries()
    assert (bad.path, bad.size, bad.step) == (path, path.stat().st_size, 0)
    assert "cannot be loaded" in bad.wrong and "\n" not in bad.wrong and not good.wrong
    run(kept, [3.0], training)
    assert len(kept.entries()) == 3
    run(kept, [3.0] * (LAST - 1), training)
    assert path not in kept.paths()  # it goes in its turn


def test_a_long_sample_is_told_by_its_beginning(tmp_path):
    assert look_into(Kept(tmp_path).keep(made(), "x" * 300)).sample == "x" * 200


def test_other_files_are_left_alone_and_what_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "run-001-mine.npz").write_text("mine")
    (tmp_path / "studio.npz").write_text("mine, too")
    (tmp_path / "run-001-step-000001.npz.npz").write_text("and mine")
    kept = Kept(tmp_path)
    run(kept, [1.0] * 8)
    assert len(kept.entries()) == LAST + 1 or len(kept.entries()) == LAST
    assert (tmp_path / "run-001-mine.npz").read_text() == "mine"
    assert (tmp_path / "studio.npz").read_text() == "mine, too"
    with pytest.raises(OSError):
        run(Kept(tmp_path / "studio.npz"), [1.0])


def test_it_is_due_at_once_and_then_after_a_while(tmp_path):
    kept = Kept(tmp_path)
    assert kept.due(1e6)
    run(kept, [1.0])
    assert not kept.due(1e6) and kept.due(0)
    kept.renew()
    assert kept.due(1e6)
