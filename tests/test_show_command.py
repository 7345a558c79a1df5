"""`minichar show`: facts that are true of the file, and no harm from a file that lies."""

import json

import numpy as np
import pytest
from rewriting import rewritten

import minichar as mc
from minichar import gallery, preparing
from minichar.__main__ import main
from minichar.show_command import facts

TEXT = "the quick brown fox\n" * 40


def a_file(path, steps=12, cell="gru", **settings):
    """A file of a training that was measured on its held-out text after each 6 steps."""
    model = mc.CharModel(mc.Vocabulary.of(TEXT), cell, (5, 4), dropout=0.25, seed=1)
    training = mc.Training(model, TEXT, batch=3, length=7, validate_every=6, **settings)
    for _ in mc.train(model, TEXT, steps, training):
        pass
    mc.save_model(path, model, training)
    return training


@pytest.mark.parametrize("steps, at", [(35, 1), (36, 2), (70, 2)])
def test_a_pass_has_ended_with_its_last_step(tmp_path, steps, at):
    path = tmp_path / "fox.npz"
    training = a_file(path, steps=steps, validation=0.1)
    assert preparing.pieces(training) == 35
    assert facts(str(path))["training"] == f"{steps} steps, in pass {at} through the text"


def test_what_is_said_of_a_training_is_what_it_was(tmp_path):
    path = tmp_path / "fox.npz"
    training = a_file(path, steps=80, validation=0.1)
    training.optimizer.lr *= 2
    training.factor /= 4
    mc.save_model(path, training.model, training)
    said = facts(str(path))
    assert said["file"].startswith("fox.npz, ")
    assert said["network"] == "gru of 5 + 4 neurons, dropout 0.25"
    assert said["weights"] == f"{training.model.size:,}, computed in float32"
    assert said["characters"].startswith("17: \\n␣bcefhikno")
    assert training.epoch == 2  # 239 places in each of three streams, 7 at a time
    assert said["training"] == "80 steps, in pass 3 through the text"
    bits = training.best / np.log(2)
    assert said["reached"] == f"{bits:.3f} bits per character on the held-out text, at its best"
    assert said["a step"] == "7 characters each of a batch of 3"
    assert said["held out"] == "10% of the text"
    assert said["optimiser"] == "Adam, learning rate 0.001, gradients clipped to 5"
    assert said["to go on"].endswith(f"--resume {path}")


def test_what_was_not_done_is_not_claimed(tmp_path):
    path = tmp_path / "fox.npz"
    a_file(path, 1, "lstm", clip=None, lines=True)
    said = facts(str(path))
    assert said["reached"] == "not measured while it trained"
    assert said["optimiser"] == "Adam, learning rate 0.002"
    assert said["network"].endswith("each line on its own")
    mc.save_model(path, mc.load_model(path))
    said = facts(str(path))
    assert "reached" not in said and said["training"].endswith(f"--init {path}")
    mc.save_model(path.with_suffix(".json"), mc.load_model(path))
    assert facts(str(path.with_suffix(".json")))["training"].startswith("not in the file")


@pytest.mark.parametrize("name", gallery.EXHIBITS)
def test_every_network_of_the_course_is_described_in_lines_of_a_terminal(name, capsys):
    assert main(["show", name]) == 0
    out, known = capsys.readouterr().out, gallery.exhibit(name)
    assert f"{known.model.size:,}, computed in float32" in out
    assert max(map(len, out.splitlines())) <= 100
    said = facts(name)
    if name != "names":  # its numbers are measured when they are asked for
        assert f"{known.held_out:.3f} bits" in said["reached"]
        assert f"counting {known.counting:.3f}" in said["reached"]
        assert f"{known.characters:,} characters of {name}" == said["learned"]


def test_what_would_move_a_cursor_is_spelled_out(tmp_path, capsys):
    path = tmp_path / "x\x1b[2J.npz"
    mc.save_model(path, mc.CharModel(mc.Vocabulary("a\x1b\u202e \t"), hidden=2))
    assert main(["show", str(path)]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\u202e", "\t"} & set(out)
    assert "5: a\\x1b\\u202e␣\\t" in out


def test_what_is_no_model_is_refused_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("no model")
    for name in ("notes.txt", "nothing.npz"):
        assert main(["show", name]) == 2
        out, err = capsys.readouterr()
        assert not out and err.count("\n") == 1 and name in err


ODD = [None, True, -1, 0.5, 10**400, "x\x1b[2J" * 30, [], {}, float("1e308")]


def code_of(path, capsys):
    """How `minichar show` ends for a file that may say anything: it is described, or refused."""
    code = main(["show", str(path)])
    out, err = capsys.readouterr()
    assert code in (0, 2) and "\x1b" not in out + err
    assert all(len(line) <= 200 for line in out.splitlines())
    if code:
        assert not out and err.count("\n") == 1 and path.name in err
    return code


def test_odd_values_in_the_header_are_refused_or_said_in_lines(tmp_path, capsys):
    """Each value below "training" in turn becomes each of these; the checksums are right."""
    path, bad, codes = tmp_path / "t.npz", tmp_path / "bad.npz", []
    a_file(path)
    with np.load(path) as file:
        text = file["header.json"]
    header = json.loads(text)["training"]
    places = [(part, key) for part in ("now", "settings", "optimizer") for key in header[part]]
    for part, key in [*((part, None) for part in header), *places]:
        for value in ODD:
            header = json.loads(text)
            inner = header["training"] if key is None else header["training"][part]
            inner[part if key is None else key] = value
            rewritten(path, bad, {"header.json": json.dumps(header).encode()})
            codes.append(code_of(bad, capsys))
    assert 0 < codes.count(2) < len(codes)


@pytest.mark.parametrize("note", [{"steps": 4, "held_out": 2.5}, {"held_out": 2.5, "counting": 3}])
def test_odd_values_in_a_note_are_refused_or_said_in_lines(tmp_path, capsys, note):
    path, bad, codes = tmp_path / "t.npz", tmp_path / "bad.npz", []
    mc.save_model(path, mc.CharModel(mc.Vocabulary("ab"), hidden=2), note=note)
    with np.load(path) as file:
        header = json.loads(file["header.json"])
    for odd in ODD:
        for value in (odd, *(note | {key: odd} for key in note)):
            data = json.dumps(header | {"note": value}).encode()
            rewritten(path, bad, {"header.json": data})
            codes.append(code_of(bad, capsys))
    assert 2 in codes
