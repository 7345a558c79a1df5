"""train, sample and score as somebody at a terminal meets them: most runs are real processes."""

import argparse
import errno
import io
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import warnings
from argparse import Namespace
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

import minichar as mc
from minichar import commands, gallery, preparing, running, sampling, strict, terminal
from minichar.__main__ import main
from minichar.evaluation import evaluating_lines, whole
from minichar.live import Live
from minichar.show_command import facts
from minichar.training import Report
from minichar.writing import side_by_side

TEXT = "the quick brown fox jumps over the lazy dog\n" * 30
SMALL = "--hidden 9,7 --embedding 5 --dropout 0.3 --batch 4 --length 9 --validation 0.1"
SMALL = [*SMALL.split(), *"--save-every 6 --decay 0.9 --decay-after 1 --seed 3".split()]
COMMAND = [sys.executable, "-m", "minichar"]


# What is printed at once and what only at the end is seen where Python keeps it back.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def run(*words, check=0, **settings):
    words = [*COMMAND, *map(str, words)]
    done = subprocess.run(words, capture_output=True, env=BUFFERED, **settings)
    assert done.returncode == check, done.stderr.decode()
    assert check or not done.stderr
    return done.stdout.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    (folder / "fox.txt").write_text(TEXT)
    (folder / "other.txt").write_text(TEXT[::-1])
    run("train", "fox.txt", *SMALL, "--steps", 20, "--out", "fox.npz", cwd=folder)
    return folder


@pytest.fixture
def at(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def test_resumed_equals_uninterrupted_to_the_last_byte(at):
    out = run("train", "fox.txt", *SMALL, "--steps", 9, "--out", "part.npz")
    assert "done: saved in part.npz" in out
    assert (at / "part.npz").read_bytes() != (at / "fox.npz").read_bytes()
    out = run("train", "fox.txt", "--resume", "part.npz", "--steps", 20)
    assert "going on after step 9: 20 steps" in out
    assert (at / "part.npz").read_bytes() == (at / "fox.npz").read_bytes()
    assert (at / "part.best.npz").read_bytes() == (at / "fox.best.npz").read_bytes()


@pytest.mark.parametrize(("words", "embedding"), [("", 64), ("--embedding 0", None)])
def test_characters_are_vectors_unless_0_asks_for_one_hot_rows(at, words, embedding):
    short = "--steps", 1, "--overwrite", "--out"
    run("train", "fox.txt", "--hidden", 4, *words.split(), *short, "new.npz")
    assert mc.load_model("new.npz").embedding == embedding
    run("train", "fox.txt", "--init", "new.npz", *short, "newer.npz")
    assert mc.load_model("newer.npz").embedding == embedding


def test_every_setting_reaches_the_training(at):
    words = "--cell gru --optimizer rmsprop --lr 0.01 --clip 0.5 --steps 20 --decay-after 3".split()
    run("train", "fox.txt", *SMALL, *words, "--out", "set.npz")
    model = mc.CharModel(mc.Vocabulary.of(TEXT), "gru", (9, 7), embedding=5, dropout=0.3, seed=3)
    optimizer = mc.optim.RMSProp(model.parameters(), lr=0.01)
    epoch = 33  # (1,320 - 132 - 1) // 4 steps of a stream, 9 at a time
    training = mc.Training(
        model,
        TEXT,
        batch=4,
        length=9,
        optimizer=optimizer,
        clip=0.5,
        validation=0.1,
        validate_every=6,
        schedule=mc.optim.exponential(0.9, every=epoch, after=2 * epoch),  # 3 at the full rate
        seed=3,
    )
    for _ in range(20):
        training.step()
    mc.save_model("by_hand.npz", model, training)
    assert (at / "set.npz").read_bytes() == (at / "by_hand.npz").read_bytes()
    assert mc.load_model("set.best.npz").settings() == model.settings()
    with pytest.raises(mc.BadModelFile, match="no training"):
        mc.load_training("set.best.npz", TEXT)


def test_the_first_epoch_has_the_whole_rate_also_where_it_is_to_fall_at_once(at):
    words = ["train", "fox.txt", *SMALL, "--decay-after", "0", "--steps", "1"]
    assert main([*words, "--out", "falls.npz"]) == 0
    schedule = mc.load_training("falls.npz", TEXT).schedule
    assert schedule == mc.optim.exponential(0.9, every=33, after=0) and schedule(32) == 1


def test_fine_tuning_begins_with_the_weights_of_a_model(at, capsys):
    words = [*"--init fox.npz --lr 0.01 --batch 4 --length 9 --steps 7 --out tuned.npz".split()]
    assert main(["train", "other.txt", *words]) == 0
    text, model = TEXT[::-1], mc.load_model("fox.npz")
    assert model.settings()["dropout"] == 0.3  # it keeps this, too
    bits = mc.evaluation.evaluate(model, text[-66:]) / np.log(2)
    assert f"\nfox.npz, as it is: {bits:.3f} bits on each\n" in capsys.readouterr().out
    adam = mc.optim.Adam(model.parameters(), lr=0.01)
    training = mc.Training(model, text, batch=4, length=9, optimizer=adam)
    for _ in range(7):
        training.step()
    mc.save_model("by_hand.npz", model, training)
    assert (at / "tuned.npz").read_bytes() == (at / "by_hand.npz").read_bytes()
    assert main(["train", "other.txt", *words, "--dropout", "0", "--overwrite"]) == 0
    assert mc.load_model("tuned.npz").dropout == 0


def test_fine_tuning_leaves_out_what_is_unknown_and_goes_on_so(at, capsys, monkeypatch):
    (at / "odd.txt").write_text(TEXT[::-1].replace("q", "É"), encoding="utf-8")
    words = "train odd.txt --init fox.npz --skip-unknown --batch 4 --steps 3 --out odd.npz".split()
    with monkeypatch.context() as patched:  # Ctrl-C in the first step
        patched.setattr(running, "interruptions", lambda: nullcontext([signal.SIGINT]))
        assert main(words) == 130
    out = capsys.readouterr().out
    assert "\n30 characters unknown to the model, left out\n1,290 characters, 28 diff" in out
    again = shlex.split(out.splitlines()[-1].removeprefix("to go on: minichar "))
    assert again == "train odd.txt --resume odd.npz --steps 3 --skip-unknown".split()
    assert main(again) == 0
    assert (
        main(again[:-1]) == 2 and "left out: pass --skip-unknown again" in capsys.readouterr().err
    )


def test_the_command_to_go_on_asks_again_for_what_the_file_does_not_hold(at, capsys, monkeypatch):
    text = TEXT.replace("q", "é")
    (at / "cafe.txt").write_bytes(text.encode("latin-1"))
    how = "--epochs 0.5 --patience 3 --encoding latin-1 --sample-every 7".split()
    with monkeypatch.context() as patched:  # Ctrl-C in the first step
        patched.setattr(running, "interruptions", lambda: nullcontext([signal.SIGINT]))
        small = "--hidden 4 --batch 4 --out cafe.npz".split()
        assert main(["train", "cafe.txt", *small, *how]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("it needs ") for line in lines)  # a long one would take a while
    again = shlex.split(lines[-1].removeprefix("to go on: minichar "))
    assert again == ["train", "cafe.txt", "--resume", "cafe.npz", *how]
    assert main(again) == 0
    assert mc.load_training("cafe.npz", text).step_number == 4  # of the 7 of an epoch
    piped = SimpleNamespace(buffer=io.BytesIO(text.encode("latin-1")))
    monkeypatch.setattr(sys, "stdin", piped)
    for where in ("cafe.txt", "-"):
        assert main(["score", "cafe.npz", where, "--encoding", "latin-1"]) == 0


def test_unless_told_it_takes_its_steps_or_its_epochs_whichever_is_longer(at, monkeypatch):
    monkeypatch.setattr(preparing, "EPOCHS", 1)  # of 7 steps
    words = "train fox.txt --hidden 4 --batch 4 --overwrite --out both.npz".split()
    for steps, taken in ((9, 9), (2, 7)):
        monkeypatch.setattr(preparing, "STEPS", steps)
        assert main(words) == 0
        assert mc.load_training("both.npz", TEXT).step_number == taken


@pytest.mark.parametrize("epochs, steps", [(1.1, 55), (2.2, 110), (0.51, 26), (3.0, 150)])
def test_a_part_of_an_epoch_is_no_step_longer_than_it_is(epochs, steps, monkeypatch):
    monkeypatch.setattr(preparing, "pieces", lambda _: 50)  # 1.1 * 50 is 55.00000000000001
    options = SimpleNamespace(steps=None, epochs=epochs)
    assert preparing.goal(options, SimpleNamespace(step_number=0)) == steps


def test_in_a_long_text_it_counts_the_end(at, capsys, monkeypatch):
    monkeypatch.setattr(preparing, "COUNTED", 300)
    text = "abcd" * 300 + "dcba" * 50
    (at / "long.txt").write_text(text)
    words = "--hidden 4 --batch 4 --validation 0.1 --steps 1 --out long.npz".split()
    assert main(["train", "long.txt", *words]) == 0
    ngram = mc.NGram(text[-440:-140], 8, mc.Vocabulary.of(text), "kneser-ney")
    best = min(ngram.bits(text[-140:], order)[1:].mean() for order in range(9))
    assert f" in the 300 before them: {best:.3f} bits" in capsys.readouterr().out


def test_what_is_printed_while_it_trains(at, capsys):
    words = ["--steps", "13", "--sample-every", "7", "--out", "said.npz"]
    assert main(["train", "fox.txt", *SMALL, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    held_out, training_text = TEXT[-132:], TEXT[:-132]
    assert lines[0] == "reading fox.txt"
    assert lines[1].startswith(f"{len(TEXT):,} characters, 28 different; the last 132 are held out")
    assert "lstm of 9 + 7 neurons" in lines[2]
    ngram = mc.NGram(training_text, 8, mc.Vocabulary.of(TEXT), "kneser-ney")
    best = min(ngram.bits(held_out, order)[1:].mean() for order in range(9))
    assert f": {best:.3f} bits on each" in lines[3] and "the number to beat" in lines[3]
    measured = [line for line in lines if line.endswith("| saved")]
    assert [line.split(" of ")[0] for line in measured] == ["step 6", "step 12"]
    assert all("| held out " in line and "chars/s" in line for line in measured)
    assert any(line.startswith("    ") for line in lines)
    bits = mc.evaluation.evaluate(mc.load_model(at / "said.npz"), held_out) / np.log(2)
    kept = "done: saved in said.npz; the best measured on held-out text in said.best.npz"
    assert lines[-3:-1] == [kept, f"it needs {bits:.3f} bits on each held-out character"]
    assert lines[-1] == "to see it write: minichar sample said.npz"


def test_what_it_writes_comes_after_the_step_that_wrote_it(at, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN", 1e9)  # no sign of life but the first
    words = ["--steps", "8", "--sample-every", "4", "--out", "steps.npz"]
    assert main(["train", "fox.txt", *SMALL, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    before = [a for a, b in zip(lines, lines[1:], strict=False) if b[:4] == "    " != a[:4]]
    assert [line.split(" of ")[0] for line in before] == ["step 4", "step 8"]


def test_what_is_written_on_the_way_is_what_the_model_writes_with_the_step_as_seed(at, capsys):
    words = ["--steps", "7", "--sample-every", "7", "--out", "wrote.npz"]
    assert main(["train", "fox.txt", *SMALL, *words]) == 0
    lines = [line[4:] for line in capsys.readouterr().out.splitlines() if line[:4] == "    "]
    (text,) = side_by_side(mc.load_model("wrote.npz"), [1.0], "", 120, 7)
    assert lines == text.strip().splitlines()[:5]


def test_what_cannot_be_written_for_now_ends_no_training(at, monkeypatch):
    def gone_wrong(*_):
        raise ValueError("the model's scores are not numbers (nan)")

    monkeypatch.setattr(running, "side_by_side", gone_wrong)
    words = ["--steps", "6", "--sample-every", "2", "--out", "silent.npz", "--overwrite"]
    assert main(["train", "fox.txt", *SMALL, *words]) == 0


@pytest.fixture
def followed(monkeypatch):
    """What is said while a training makes these reports, at two seconds a step."""

    def lines(goal, *reports):
        clock, said = itertools.count(5000, 2), []  # a clock that was running before
        monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        monkeypatch.setattr(running, "train", lambda *_: reports)
        screen = SimpleNamespace(due=lambda: True, line=said.append, update=said.append)
        training = SimpleNamespace(model=None, validate_every=1000)
        options = Namespace(patience=None, sample_every=0)
        running.Run(options, "", training, goal, (None, None), screen).take_the_steps()
        return said

    return lines


def a_report(step, bits=1.0, note=""):
    return Report(step, 0.5, bits * np.log(2), None, 1.0, 0.1, 1e6, note)


def test_the_time_that_is_left_stands_where_a_narrow_terminal_shows_it(followed):
    (line,) = followed(112_345, a_report(106_795))
    assert "3 h 5 min left" in line[:79]


def test_the_time_left_is_reckoned_from_the_steps_of_this_run_also_those_taken_back(followed):
    steps = a_report(101), a_report(102), a_report(100, note="back"), a_report(101)
    left = [line.split(" | ")[1] for line in followed(110, *steps) if " | " in line]
    assert left == ["18 s left", "16 s left", "20 s left", "18 s left"]


def test_the_bits_that_are_shown_are_smoothed_and_leave_out_what_was_taken_back(followed):
    steps = a_report(1, 4.0), a_report(2, 2.0), a_report(1, 99.0, "back"), a_report(2, 3.9)
    bits = [line.split(" | ")[3] for line in followed(9, *steps) if " | " in line]
    assert bits == ["4.000 bits", "3.900 bits", "3.900 bits", "3.900 bits"]


@pytest.fixture
def full(monkeypatch):
    """Where the disk is full: names of files, each with the times it is saved that find no room."""
    places, times = {}, Counter()

    def save(path, *what, **note):
        times[path.name] += 1
        if times[path.name] in places.get(path.name, ()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mc.save_model(path, *what, **note)

    monkeypatch.setattr(running, "save_model", save)
    return places


@pytest.mark.parametrize("times", [[1], [1, 2], [1, 2, 3]], ids=["a while", "longer", "to the end"])
def test_a_disk_that_fills_up_ends_no_training_and_costs_nothing(at, capsys, full, times):
    (at / "turned.txt").write_text("abcd" * 300 + "dcba" * 33)
    words = ["train", "turned.txt", *SMALL, "--lr", "0.03", "--steps", "18", "--overwrite"]
    assert main([*words, "--out", "roomy.npz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    measured = [line for line in lines if line.endswith("| saved")]
    assert [" (best)" in line for line in measured] == [True, False, False]
    (at / "tight.best.npz").unlink(missing_ok=True)
    full |= {"tight.npz": [2, 4], "tight.best.npz": times}  # the first time was before step 1
    assert main([*words, "--out", "tight.npz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = "tight.npz was not saved: No space left on device; it holds what was saved before"
    assert lines.count(f"{said}; going on") == 2
    measured = [line for line in lines if "chars/s" in line and " held out " in line]
    assert [line.endswith("| saved") for line in measured] == [False, True, False]
    assert (at / "tight.npz").read_bytes() == (at / "roomy.npz").read_bytes()
    assert (at / "tight.best.npz").read_bytes() == (at / "roomy.best.npz").read_bytes()


@pytest.mark.parametrize("error, code", [(BrokenPipeError, 141), (OSError, 2)])
def test_what_cannot_be_printed_costs_no_step(at, monkeypatch, error, code):
    def update(screen, line):
        if line.startswith("step 4 "):
            raise error

    monkeypatch.setattr(terminal.Screen, "due", lambda _: True)
    monkeypatch.setattr(terminal.Screen, "update", update)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    words = ["train", "fox.txt", *SMALL, "--steps", "20", "--overwrite", "--out", "silent.npz"]
    assert main(words) == code
    assert mc.load_training("silent.npz", TEXT).step_number == 4


def test_a_disk_that_stays_full_is_an_error_at_the_end(at, capsys, full):
    full |= {"end.npz": [2, 3]}
    words = ["train", "fox.txt", *SMALL, "--steps", "6", "--out", "end.npz"]
    assert main(words) == 2
    out, err = capsys.readouterr()
    said = "not saved: No space left on device"
    assert err == f"minichar: end.npz was {said}; it holds what was saved before\n"
    assert "done" not in out and mc.load_training("end.npz", TEXT).step_number == 0
    full |= {"begin.npz": [1]}
    assert main([*words[:-1], "begin.npz"]) == 2
    assert capsys.readouterr().err == f"minichar: begin.npz was {said}\n"


@pytest.mark.parametrize("long, fits", [(30, 1), (160, 3), (778, 4), (60_000, 11), (300_000, 50)])
def test_a_short_text_is_read_at_fewer_places_for_more_steps_of_learning(at, long, fits):
    text = (300 * TEXT)[:long]
    (at / "poem.txt").write_text(text)
    words = "train poem.txt --hidden 4 --steps 1 --overwrite --out poem.npz".split()
    assert main(words) == 0
    assert mc.load_training("poem.npz", text).batch == fits
    assert main([*words, "--batch", "2", "--length", "7"]) == 0
    assert mc.load_training("poem.npz", text).batch == 2


def test_without_a_held_out_part_it_trains_all_the_same(at, capsys):
    words = ["--validation", "0", "--batch", "4", "--hidden", "8", "--steps", "2"]
    assert main(["train", "fox.txt", *words, "--out", "all.npz"]) == 0
    out = capsys.readouterr().out
    assert "none held out" in out and "to beat" not in out
    assert mc.load_model("all.npz").hidden == (8,) and not (at / "all.best.npz").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals can be sent to a process on POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_says_how_to_go_on(at, name):
    number, name = getattr(signal, name), f"{name}.npz"
    words = [*COMMAND, "train", "fox.txt", *SMALL, "--steps", "1000000", "--out", name]
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=BUFFERED,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # it may be ignored out here
    )
    seen = next(line for line in process.stdout if line.startswith("step "))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number and err == "", seen
    stopped, how = out.splitlines()[-2:]
    again = shlex.split(how.removeprefix("to go on: "))
    assert again[:3] == ["python", "-m", "minichar"]
    assert again[3:] == ["train", "fox.txt", "--resume", name, "--steps", "1000000"]
    step = int(stopped.split("stopped at step ")[1].split(":")[0].replace(",", ""))
    run("train", "fox.txt", *SMALL, "--steps", step, "--out", "straight.npz", "--overwrite")
    assert (at / name).read_bytes() == (at / "straight.npz").read_bytes()
    run(*again[3:-1], step + 3)
    run("train", "fox.txt", "--resume", "straight.npz", "--steps", step + 3)
    assert (at / name).read_bytes() == (at / "straight.npz").read_bytes()


@pytest.fixture
def heard():
    """Signals are heard, even where they are ignored out here."""
    numbers = [n for name in ("SIGINT", "SIGHUP") if (n := getattr(signal, name, None))]
    before = {n: signal.signal(n, signal.default_int_handler) for n in numbers}
    yield
    for n, handler in before.items():
        signal.signal(n, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
def test_a_terminal_that_is_closed_costs_no_step(heard):
    """It tells a program in it twice, the second time while that may be saving."""
    with terminal.interruptions() as came:
        for _ in range(2):
            signal.raise_signal(signal.SIGHUP)
        assert came == [signal.SIGHUP] * 2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGHUP) is signal.default_int_handler  # as it was before
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    with terminal.interruptions() as came:
        signal.raise_signal(signal.SIGHUP)
    assert came == []


@pytest.mark.parametrize("watched", [True, False])
def test_at_a_terminal_ctrl_c_is_answered_at_once(heard, monkeypatch, tmp_path, watched):
    with open(tmp_path / "seen", "w+") as out, monkeypatch.context() as patch:
        patch.setattr(terminal, "is_terminal", lambda: watched)
        patch.setattr(sys, "stdout", out)
        with terminal.interruptions() as came:
            signal.raise_signal(signal.SIGINT)
    assert came == [signal.SIGINT]
    seen = (tmp_path / "seen").read_text()
    assert "it saves and stops" in seen if watched else seen == ""


def test_a_training_by_lines_is_measured_and_written_by_lines(at, capsys):
    live = Live("names", lines=True, hidden=(8,), batch=200, length=20)
    for _ in range(3):
        live.step()
    live.save("lines.npz")
    words = ["--resume", "lines.npz", "--steps", "4", "--sample-every", "4"]
    assert main(["train", "names", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    training = mc.load_training("lines.npz", live.text)
    nats = whole(evaluating_lines(training.model, training.held_out))
    assert f"it needs {nats / np.log(2):.3f} bits on each held-out character" in lines
    steps = training.step_number / (training.place / len(training.inputs))
    read = next(line for line in lines if "to read the text once" in line)
    assert float(read.split(": 4 steps, ")[1].split()[0]) == pytest.approx(steps, rel=0.5)
    assert steps > 1.5 * len(training.inputs) / training.length  # what it would be in one stream


def test_lines_are_learned_by_themselves_when_asked_and_by_what_goes_on(at, capsys):
    words = ["train", "fox.txt", *SMALL, "--steps", "6"]
    assert main([*words, "--lines", "--out", "by_line.npz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    training = mc.load_training("by_line.npz", TEXT)
    assert training.lines and len(training.held_out) % 44 == 0  # whole lines
    ngram = mc.NGram(TEXT[: -len(training.held_out)], 8, mc.Vocabulary.of(TEXT), "kneser-ney")
    best = min(ngram.bits(training.held_out, order)[1:].mean() for order in range(9))
    assert f": {best:.3f} bits on each" in lines[3]
    bits = whole(evaluating_lines(training.model, training.held_out)) / np.log(2)
    assert lines[-2] == f"it needs {bits:.3f} bits on each held-out character"
    one = ["train", "fox.txt", "--steps", "1", "--init"]
    assert main([*one, "by_line.npz", "--out", "more.npz"]) == 0
    assert mc.load_model("more.npz").lines
    assert main([*one, "fox.npz", "--lines", "--out", "lined.npz"]) == 0
    assert mc.load_model("lined.npz").lines and not mc.load_model("fox.npz").lines


def test_a_long_measurement_shows_how_far_it_is(at, capsys, monkeypatch):
    monkeypatch.setattr(terminal.Screen, "due", lambda _: True)
    words = ["--steps", "6", "--out", "far.npz"]
    assert main(["train", "fox.txt", *SMALL, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("measuring on the held-out text: 100%") == 2  # at step 6, and at the end


def test_what_cannot_be_printed_cuts_no_measurement_short(at, monkeypatch):
    def update(screen, line):
        if line.startswith(("measuring", "step 7 ")):
            raise BrokenPipeError

    monkeypatch.setattr(terminal.Screen, "due", lambda _: True)
    monkeypatch.setattr(terminal.Screen, "update", update)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert main(["train", "fox.txt", *SMALL, "--steps", "9", "--out", "mute.npz"]) == 141
    training = mc.load_training("mute.npz", TEXT)
    assert training.step_number == 7 and np.isfinite(training.best)  # of step 6


def test_no_file_is_overwritten_unasked(at, capsys):
    before = (at / "fox.npz").read_bytes()
    assert main(["train", "fox.txt", "--out", "fox.npz"]) == 2
    assert (at / "fox.npz").read_bytes() == before
    err = capsys.readouterr().err
    assert all(word in err for word in ("--resume fox.npz", "--out", "--overwrite"))
    (at / "lone.best.npz").write_text("mine")
    words = ["train", "fox.txt", *SMALL, "--steps", "7", "--out", "lone.npz"]
    assert main(words) == 2 and not (at / "lone.npz").exists()
    assert main([*words, "--overwrite"]) == 0
    assert mc.load_model("lone.best.npz").hidden == (9, 7)
    once = ["--steps", "1", "--batch", "4", "--out", "lone.npz", "--overwrite"]
    assert main(["train", "fox.txt", "--init", "lone.best.npz", *once]) == 0
    assert (at / "lone.best.npz").exists()  # what it begins as stays, until there is a better one
    for begins in ([], ["--init", "lone.npz"]):
        (at / "lone.best.npz").write_bytes(before)
        assert main(["train", "fox.txt", *begins, *once]) == 0
        assert not (at / "lone.best.npz").exists()  # it is of another training than lone.npz


def test_to_another_name_the_resumed_file_stays(at):
    before = (at / "fox.npz").read_bytes()
    run("train", "fox.txt", "--resume", "fox.npz", "--out", "on.npz", "--steps", 22)
    assert (at / "fox.npz").read_bytes() == before
    assert mc.load_training("on.npz", TEXT).step_number == 22
    again = ["--resume", "on.npz", "--out", str(at / "on.npz")]  # the same one, in other words
    assert main(["train", "fox.txt", *again, "--steps", "23"]) == 0


def test_a_best_model_that_no_file_holds_is_not_said_to_be_in_one(at, capsys):
    words = ["--resume", "fox.npz", "--steps", "21", "--out", "unmeasured.npz"]
    assert main(["train", "fox.txt", *words]) == 0  # what it resumes was measured, at step 18
    out = capsys.readouterr().out
    assert "done: saved in unmeasured.npz\n" in out and out.endswith("sample unmeasured.npz\n")
    assert not (at / "unmeasured.best.npz").exists()


def test_a_loss_that_was_taken_back_is_told(at, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN", 1e9)  # no sign of life but the first
    wild = ["--optimizer", "sgd", "--clip", "0", "--batch", "4", "--hidden", "8"]
    assert main(["train", "fox.txt", *wild, "--lr", "2000", "--steps", "20", "--out", "w.npz"]) == 0
    out = capsys.readouterr().out
    assert "back to step 0, learning rate halved" in out
    assert "\nstep 0 of " not in out  # what was taken back was not measured, nor is it saved
    assert main(["train", "fox.txt", *wild, "--lr", "1e9", "--out", "wild.npz"]) == 2
    err = capsys.readouterr().err
    assert "start again with a smaller one" in err and len(err.splitlines()) == 1
    mc.load_model("wild.npz")


def test_sample_is_what_the_function_gives(at, monkeypatch, capsys):
    words = ["--length", 30, "--temperature", 0.8, "--top-k", 9, "--top-p", 0.9, "--seed", 5]
    settings = {"temperature": 0.8, "top_k": 9, "top_p": 0.9, "seed": 5}
    model = mc.load_model("fox.npz")
    out = run("sample", "fox.npz", "--prime", "the ", *words)
    assert out == "the " + mc.sample(model, "the ", 30, **settings) + "\n"
    out = run("sample", "fox.npz", "--prime", "tÉhe", "--skip-unknown", *words)
    assert out == "tÉhe" + mc.sample(model, "the", 30, **settings) + "\n"
    out = run("sample", "fox.npz", "--beam", 3, "--length", 12)
    assert out == mc.beam(model, "", 12, 3) + "\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(terminal.Screen, "due", lambda _: True)
    assert main(["sample", "fox.npz", "--beam", "3", "--length", "12"]) == 0
    seen = capsys.readouterr().out.split("\r")
    assert "looking for the likeliest text: 50%" in seen and seen[-1] == out
    ours = run("sample", "names", "--prime", "ma", "--length", 9, "--seed", 0)
    assert ours == "ma" + mc.sample(gallery.network("names"), "ma", 9) + "\n"


def test_each_character_is_shown_before_the_next_is_drawn(at, monkeypatch):
    read, write = os.pipe()
    seen = []

    def stream(*_, **__):
        for character in "abc":
            yield character
            seen.append(os.read(read, 100))  # would wait for ever if nothing had come

    os.set_blocking(read, False)  # so that it is an error instead
    monkeypatch.setattr(sampling, "stream", stream)
    with open(write, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["sample", "fox.npz", "--prime", "the "]) == 0
        monkeypatch.undo()
    os.close(read)
    assert seen == [b"the a", b"b", b"c"]


def test_without_a_seed_each_text_is_another(at):
    assert run("sample", "fox.npz") != run("sample", "fox.npz")
    assert run("sample", "fox.npz", "--seed", 10**20)  # of any size


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "fox.npz", "--length", 10**9],  # days, if it waited with what it writes
        ["score", "fox.npz", "long.txt", "--each"],
        ["train", "fox.txt", *SMALL, "--out", "pipe.npz"],
    ],
    ids=lambda words: words[0],
)
def test_it_ends_quietly_when_nobody_reads_on(at, words):
    (at / "long.txt").write_text(TEXT * 8)
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED
    )
    assert len(process.stdout.read(40)) == 40
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("words", ["score fox.npz fox.txt", "data show names", "train --help", ""])
def test_a_few_lines_into_a_closed_pipe_are_quiet_too(at, words):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, *words.split()],
        stdout=write,
        stderr=subprocess.PIPE,
        env=BUFFERED,
    )
    os.close(write)
    assert done.returncode == 141 and done.stderr == b""


@pytest.mark.parametrize(
    "words", ["sample fox.npz --length 5", "train fox.txt --hidden 4 --steps 2 --out dark.npz"]
)
def test_without_any_output_to_print_to_it_works_all_the_same(at, words, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # what Python has after >&-
    assert main(words.split()) == 0


def test_score_is_what_the_function_gives(at, capsys, monkeypatch):
    model = mc.load_model("fox.npz")
    bits = mc.score(model, TEXT)
    line = f"{bits.mean():.4f} bits per character, perplexity {2 ** bits.mean():.4g}, over 1,320"
    assert run("score", "fox.npz", "fox.txt") == f"{line} characters\n"
    assert run("score", "fox.npz", "-", input=TEXT.encode("utf-8-sig")) == f"{line} characters\n"
    done = subprocess.run(
        [*COMMAND, "score", "fox.npz", "-", "--each", "--skip-unknown"],
        input="a É\r\n".encode(),
        capture_output=True,
    )
    rows = [row.split("\t") for row in done.stdout.decode().splitlines()]
    assert [row[0] for row in rows] == ["a", "␣", "\\n"]
    np.testing.assert_allclose([float(row[1]) for row in rows], mc.score(model, "a \n"), atol=1e-4)
    assert done.stderr.endswith(b", over 3 characters, 1 unknown left out\n")
    assert commands.shown("\t") == "\\t"  # or it would begin another column
    with monkeypatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True)
        patch.setattr(terminal.Screen, "due", lambda _: True)
        assert main(["score", "fox.npz", "fox.txt"]) == 0
    shown = capsys.readouterr().out
    assert "\r1,319 of 1,320 characters read\r" in shown and shown.endswith(f"{line} characters\n")
    one = run("score", "fox.npz", "-", "--skip-unknown", input="aÉÉ".encode())
    assert one.endswith(", over 1 character, 2 unknown left out\n")


@pytest.mark.parametrize(
    "words, says",
    [
        ("train nowhere.txt", "nowhere.txt"),
        ("train other.txt --resume fox.npz", "another text: go on with that one, or start again"),
        ("train fox.txt --resume zzzz.npz", "--resume zzzz.npz: there is no such file"),
        ("train fox.txt --resume fix.npz", "there is no such file; nearest: fox.npz"),
        ("train fox.txt --resume fox.npz --steps 20", "ask for more with --steps"),
        ("train fox.txt --resume fox.npz --out later.npz --steps 20", "left to do for fox.npz: it"),
        ("train fox.txt --out model.json", "must end in .npz"),
        ("train fox.txt --out nowhere/model.npz", "no folder nowhere; make it first"),
        ("train fox.txt --batch 2000 --out x.npz", "make batch smaller"),
        ("train latin.txt --out x.npz", "--encoding"),
        ("train fox.txt --hidden 8,x --out x.npz", "'x' is not a whole number of at least 1"),
        ("train fox.txt --dropout 1", "'1' is not a number from 0 to below 1"),
        ("train fox.txt --lr nan", "'nan' is not a number of at least 0"),
        ("train fox.txt --cell perceptron", "invalid choice"),
        ("train fox.txt --layers 3", "--layers"),
        ("train", "TEXT"),
        ("sample zzzz.npz", "there is no file zzzz.npz; `minichar train"),
        ("sample fox.txt", "fox.txt holds no model; `minichar train fox.txt` makes"),
        ("sample damaged", "damaged cannot be loaded"),
        ("sample damaged.npz", "damaged.npz cannot be loaded"),
        ("sample folder", "folder is a folder"),
        ("sample zzzz", "there is no file zzzz; the course comes with environments, latex"),
        ("sample fxo.npz", "there is no file fxo.npz; nearest: fox.npz"),
        ("sample page", "`minichar train page --out page.npz` trains a network"),
        ("sample fox.npz --prime É", "pass --skip-unknown"),
        ("sample fox.npz --top-p 0", "'0' is not a number from above 0 to 1"),
        ("train fox.txt --epochs 0", "'0' is not a number above 0;"),
        ("train fox.txt --epochs 1e308", "'1e308' is more than 1,000,000,000;"),
        ("train fox.txt --clip 1e20", "'1e20' is more than 1,000,000,000;"),
        ("train fox.txt --save-every 99999999999999999", "is more than 1,000,000,000;"),
        ("train fox.txt --out=", "--out '': the name of a model must end in .npz"),
        ("train fox.txt --resume=", "--resume '': there is no such file"),
        (
            "train fox.txt --resume fox.txt",
            "--resume fox.txt: the name of a model must end in .npz",
        ),
        (
            "train fox.txt --resume fox.best.npz --steps 30",
            "to go on, --resume the file that --out",
        ),
        ("train fox.txt --init zzzz.npz --out x.npz", "there is no file zzzz.npz; `minichar"),
        ("train fox.txt --init= --out x.npz", "there is no file ''; the course comes with"),
        ("train odd.txt --init fox.npz --out x.npz", "pass --skip-unknown"),
        ("train odd.txt --init fox.npz --skip-unknown --out x.npz", "too few characters (0)"),
        ("train fox.txt --init fox.npz --resume fox.npz", "not allowed with"),
        ("train packed.txt --out x.npz", "not text but an archive"),
        ("train wide.txt --out x.npz", '--encoding "utf-16-le"'),
        ("sample fox.npz --beam 3 --top-k 2", "leave out --top-k"),
        ("score damaged.npz fox.txt", "damaged.npz cannot be loaded"),
        ("score fox.npz odd.txt", "pass --skip-unknown"),
        ("score fox.npz odd.txt --skip-unknown", "knows no character of this text"),
        ("score fox.npz folder", "is a folder"),
    ],
)
def test_a_mistake_is_one_line(at, capsys, words, says):
    (at / "latin.txt").write_bytes("é".encode("latin-1") * 100)
    (at / "odd.txt").write_text("É" * 99, encoding="utf-8")
    (at / "packed.txt").write_bytes(b"PK\x03\x04 and so on")
    (at / "wide.txt").write_bytes(TEXT.encode("utf-16-le"))
    (at / "folder").mkdir(exist_ok=True)
    good = (at / "fox.npz").read_bytes()
    for name in ("damaged.npz", "damaged"):
        (at / name).write_bytes(good[:500] + b"!" + good[501:])
    try:
        code = main(words.split())
    except SystemExit as stopped:  # argparse's way out
        code = stopped.code
    err = capsys.readouterr().err
    assert code == 2 and err.startswith("minichar: ") and says in err and err.count("\n") == 1
    assert not (at / "x.npz").exists() and (at / "fox.npz").read_bytes() == good


def test_a_long_list_of_files_is_not_repeated_whole(capsys):
    with pytest.raises(SystemExit):
        main(["train", *(f"notes/note{k}.md" for k in range(300))])
    err = capsys.readouterr().err
    assert "unrecognized arguments: notes/note1.md" in err and len(err) < 500
    with pytest.raises(SystemExit):
        main(["train", "my", "text.txt"])
    err = capsys.readouterr().err
    assert "text.txt (a name with spaces" in err and "train --help` shows" in err


def test_a_prime_with_line_ends_of_windows_goes_on(at, capsys):
    assert main(["sample", "fox.npz", "--prime", "dog\r\nthe", "--length", "1"]) == 0
    assert capsys.readouterr().out.startswith("dog\nthe")


def test_what_a_terminal_cannot_show_is_spelled_out(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert terminal.ended(lambda: print("é") or 0) == 0
    assert sys.stdout.buffer.getvalue() == b"\\xe9\n"


def test_nothing_that_a_network_writes_moves_the_cursor(at, capsys, monkeypatch):
    monkeypatch.setattr(sampling, "stream", lambda *_, **__: ["\x1b", "[2J"])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["sample", "fox.npz"]) == 0
    assert capsys.readouterr().out == "\\x1b[2J\n"


def test_no_word_of_a_file_moves_the_cursor(at, capsys):
    letters = {"vocab": ["a"], "letterToIndex": {"a": 1}, "indexToLetter": {"1": "a"}}
    sizes = {"generator": "rnn", "hidden_sizes": [1], "letter_size": 1}
    evil = letters | sizes | {"model": {"\x1b[2Jevil": {"n": 1, "d": 1, "w": ["x"]}}}
    (at / "evil.json").write_text(json.dumps(evil))
    assert main(["sample", "evil.json"]) == 2
    assert "\\x1b[2Jevil holds something that is not a number" in capsys.readouterr().err


def test_what_is_left_out_of_a_folder_is_one_line(at, capsys):
    (at / "texts").mkdir()
    (at / "texts" / "a.txt").write_text(TEXT)
    (at / "texts" / "b.txt").write_bytes(b"caf\xe9")
    assert main(["score", "fox.npz", "texts", "--skip-unknown"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("minichar: ") and err.count("\n") == 1
    assert "texts: 1 file left out: b.txt is not UTF-8" in err and '--encoding "cp1252"' in err


@pytest.mark.parametrize("words", ["--cell gru", "--hidden 8", "--embedding 5"])
def test_the_shape_of_a_model_to_begin_with_is_settled(at, capsys, words):
    assert main(["train", "fox.txt", "--init", "fox.npz", *words.split(), "--out", "x.npz"]) == 2
    flag = words.split()[0]
    said = f"{flag}: fox.npz has its own; leave {flag} out"
    assert said in capsys.readouterr().err and not (at / "x.npz").exists()


@pytest.mark.parametrize("flag, kind", [row[:2] for row in commands.SETTLED])
def test_what_a_file_has_settled_is_not_asked_for_again(at, capsys, flag, kind):
    share = flag in ("--dropout", "--validation")
    value = kind[0] if isinstance(kind, tuple) else "0.5" if share else "1"
    values = [] if kind is bool else [value]
    assert main(["train", "fox.txt", "--resume", "fox.npz", flag, *values]) == 2
    assert f"{flag}: fox.npz goes on with its own" in capsys.readouterr().err


def parsers():
    made = {}

    def command(name, run, text):
        made[name] = argparse.ArgumentParser(prog=name)
        return made[name]

    commands.add(command)
    return made


@pytest.mark.parametrize("name, made", parsers().items())
def test_every_option_says_what_it_does_and_its_default(name, made):
    for action in made._actions:
        assert action.help, action.dest
        flags = set(action.option_strings) - {"--help", "-h", "--resume", "--overwrite", "--epochs"}
        assert not flags or "(default" in action.help, action.dest
    assert made.format_help().startswith(f"usage: minichar {name} ")


def test_a_terminal_sees_one_line_that_changes(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "12")
    screen = terminal.Screen()
    screen.update("a long line, and more")  # one that would wrap could not be written over
    screen.update("short")
    screen.line("kept")
    assert capsys.readouterr().out == "\ra long line\rshort      \r     \rkept\n"
    monkeypatch.setattr(terminal, "LIVE", 0)
    assert screen.due()
    screen.live = False  # a file is told of less often
    assert not screen.due()


def test_a_warning_about_code_looks_as_ever_and_one_of_ours_is_a_line(capsys):
    with pytest.warns(FutureWarning, match="of a library"):
        terminal.ended(lambda: warnings.warn("of a library", FutureWarning, stacklevel=1))
    assert capsys.readouterr().err == ""
    terminal.ended(lambda: warnings.warn("a text was left out", stacklevel=1))
    assert capsys.readouterr().err == "minichar: a text was left out\n"


def test_a_path_in_a_message_can_be_typed_on_windows(monkeypatch):
    monkeypatch.setattr(terminal, "os", SimpleNamespace(name="nt"))
    assert terminal.quoted(r"runs\my.npz") == r"runs\my.npz"
    assert terminal.quoted(r"my runs\a.npz") == r'"my runs\a.npz"'


@pytest.mark.parametrize(
    "program, given, again",
    [
        ("/env/bin/minichar", None, "minichar"),
        ("/env/minichar/__main__.py", None, "python -m minichar"),
        ("/env/minichar/__main__.py", "python3 start.py", "python3 start.py"),
        ("/env/minichar/__main__.py", r"py C:\Users\new\start.py", r"py C:\Users\new\start.py"),
    ],
)
def test_a_command_in_a_message_can_be_typed(program, given, again, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setenv("MINICHAR_COMMAND", given) if given else monkeypatch.delenv(
        "MINICHAR_COMMAND", raising=False
    )
    assert terminal.called("sample", "a b.npz") == f"{again} sample 'a b.npz'"
    terminal.complain("try `minichar data` in minichar, or run: minichar data get x")
    said = f"try `{again} data` in minichar, or run: {again} data get x"
    assert capsys.readouterr().err == f"minichar: {said}\n"
    terminal.complain("`python -m minichar data` shows it")  # it can be typed already
    assert capsys.readouterr().err == "minichar: `python -m minichar data` shows it\n"


@pytest.mark.parametrize(
    "text, seen",
    [("a\x1b[2J\té\n", "a\\x1b[2J\té\n"), ("\u202e\r", "\\u202e\\r"), ("👩\u200d🔬", "👩\u200d🔬")]
    + [("\U0001fae8\U0001faf0\U0001facf", "\U0001fae8\U0001faf0\U0001facf")],  # one still to come
)
def test_no_text_moves_the_cursor(text, seen):
    assert terminal.visible(text) == seen


def test_too_little_memory_is_one_line(at, monkeypatch, capsys):
    def none_left(*_, **__):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(preparing, "CharModel", none_left)
    assert main(["train", "fox.txt", "--out", "x.npz"]) == 2
    err = capsys.readouterr().err
    assert "not enough memory" in err and "7 TiB" in err and err.count("\n") == 1
    monkeypatch.setattr(preparing, "CharModel", lambda *_, **__: [0] * sys.maxsize)
    assert main(["train", "fox.txt", "--out", "x.npz"]) == 2
    assert capsys.readouterr().err.endswith("smaller network or text\n")


@pytest.mark.parametrize(
    "seconds, said", [(8.4, "8 s"), (720, "12 min"), (11_100, "3 h 5 min"), (89.6, "90 s")]
)
def test_times_are_said_as_people_say_them(seconds, said):
    assert terminal.duration(seconds) == said


def test_the_command_line_starts_without_what_it_does_not_need():
    code = "import sys, minichar.__main__; print({'nbformat', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_with_patience_it_stops_when_nothing_gets_better(at, capsys):
    words = ["--batch", "4", "--hidden", "8", "--save-every", "2", "--lr", "0", "--patience", "3"]
    assert main(["train", "fox.txt", *words, "--out", "idle.npz"]) == 0
    assert mc.load_training("idle.npz", TEXT).step_number == 8  # the first was the best
    capsys.readouterr()
    assert main(["train", "fox.txt", *words, "--out", "never.npz", "--validation", "0"]) == 2
    assert "--patience: without a held-out text" in capsys.readouterr().err
    assert not (at / "never.npz").exists()


def test_of_a_training_gone_too_far_the_best_is_the_one_to_see(at, capsys):
    words = "--batch 4 --hidden 8 --save-every 40 --lr 0.03 --embedding 0 --out over.npz".split()
    assert main(["train", "fox.txt", *words, "--steps", "40"]) == 0
    lines = capsys.readouterr().out.splitlines()  # the last one is the best
    assert ", the best one" not in lines[-2] and lines[-1].endswith("sample over.npz")
    training = mc.load_training("over.npz", TEXT)
    least = training.best / np.log(2)
    training.optimizer.lr = 0.5
    mc.save_model("over.npz", training.model, training)
    assert main(["train", "fox.txt", "--resume", "over.npz", "--steps", "43"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].endswith(f" on each held-out character, the best one {least:.3f}")
    assert lines[-1] == "to see it write: minichar sample over.best.npz"
    best = mc.evaluation.evaluate(mc.load_model(at / "over.best.npz"), TEXT[-66:]) / np.log(2)
    assert best == pytest.approx(least, rel=1e-5)
    reached = f"{least:.3f} bits per character on the held-out text, after 40 steps"
    assert facts("over.best.npz")["reached"] == reached


def test_a_card_trains_the_same_network_and_goes_on_with_it(at, capsys, monkeypatch, heard):
    words = ["train", "fox.txt", *SMALL, "--dropout", "0", "--sample-every", "7"]
    assert main([*words, "--steps", "20", "--out", "plain.npz"]) == 0
    card = ["--device", "gpu"]
    assert main([*words, "--steps", "20", *card, "--out", "no.npz"]) == 2
    assert "minichar: --device gpu: CuPy is not installed: for an" in capsys.readouterr().err
    assert not (at / "no.npz").exists()
    with strict.instead_of_cupy() as gpu:
        assert main([*words, "--steps", "9", *card, "--out", "card.npz"]) == 0
        assert gpu.counts.launches > 1000
        resume = ["train", "fox.txt", "--resume", "card.npz", "--steps", "20"]
        gpu.counts.reset()
        assert main([*resume, *card]) == 0 and gpu.counts.launches > 1000
        begun = ["train", "fox.txt", "--init", "plain.npz", "--steps", "1", "--lr", "0"]
        assert main([*begun, *card, "--out", "begun.npz"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(running, "train", stopping(running.train))
        with strict.instead_of_cupy():
            assert main([*words, *card, "--out", "cut.npz"]) == 128 + signal.SIGINT
    assert capsys.readouterr().out.splitlines()[-1].endswith("--sample-every 7 --device gpu")
    here = mc.load_model("plain.npz").parameters()
    for name, limit in (("card.npz", 1e-3), ("begun.npz", 0)):
        for key, w in mc.load_model(name).parameters().items():
            np.testing.assert_allclose(w.data, here[key].data, atol=limit, err_msg=f"{name} {key}")


def stopping(train):
    def one(*given):
        for report in train(*given):
            signal.raise_signal(signal.SIGINT)
            yield report

    return one
