"""The command line: what it prints, what it returns, and one line for every mistake."""

import importlib.metadata
import json
import os
import signal
import subprocess
import sys

import mini_course
import pytest
from situations import RIGHT_1, RIGHT_2, WRONG_1, lesson

from minichar import __main__, datasets
from minichar.__main__ import main
from minichar.course import files, lessons, progress
from minichar.course.progress import Report, Verdict


@pytest.fixture
def course(tmp_path, monkeypatch):
    with mini_course.known():
        folder = mini_course.make(tmp_path / "course", ("90_mini", "91_other_one"))
        monkeypatch.setattr(files, "course_folder", lambda: folder)
        yield folder


@pytest.fixture
def judged(monkeypatch):
    """Verdicts in place of a judge: set the states, see which notebooks were asked for."""
    asked = []

    def judge(path, tell):
        asked.append(path.stem)
        judge.broken = {"Cell 7 (`1 / 0`)": "ZeroDivisionError: division by zero"}
        verdicts = [
            Verdict(f"90.{i}", "title", state, "What.\nHint." if state == "wrong" else "")
            for i, state in enumerate(judge.states, 1)
        ]
        return Report(verdicts, judge.broken)

    judge.states, judge.asked = ["solved", "solved"], asked
    monkeypatch.setattr(progress, "judge", judge)
    monkeypatch.setattr(progress, "at_the_start", lambda lesson: None)  # as if written in
    return judge


def save(course, notebook):
    (course / "notebooks" / "90_mini.ipynb").write_bytes(lessons.written(notebook))


def test_check_for_real(course, capsys):
    save(course, lesson(RIGHT_1, RIGHT_2))
    assert main(["check", "90"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "90 mini" and "2 of 2 solved" in out
    save(course, lesson(WRONG_1))
    assert main(["check", "90"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "at [3] is 1, expected 0.8365." in out and "waits for exercise 90.1" in out
    assert 'Hint: exp(1000) overflows. (hint("90.1") shows more)' in out


@pytest.mark.parametrize(
    "states, code, says",
    [
        (["solved"], 0, "2 of 2 solved"),
        (["solved", "borrowed"], 1, "A borrowed answer does not count as solved."),
        (["solved", "not done"], 1, "2 of 4 solved, 2 open"),
        (["missing"], 1, "0 of 2 solved, 2 open"),
        (["wrong", "waits"], 1, "Hint."),
    ],
)
def test_check_succeeds_only_if_all_is_solved(course, judged, capsys, states, code, says):
    judged.states = states
    assert main(["check"]) == code
    out = capsys.readouterr().out
    assert says in out and judged.asked == ["90_mini", "91_other_one"]
    assert "Cell 7 (`1 / 0`) is not an exercise, and stopped with ZeroDivisionError" in out


def test_progress_judges_only_what_has_changed(course, judged, capsys):
    judged.states = ["solved", "borrowed", "wrong"]
    assert main(["progress"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["lesson", "solved", "borrowed", "open"],
        ["90", "mini", "1", "of", "3", "1", "1"],
        ["91", "other", "one", "1", "of", "3", "1", "1"],
        ["all", "2", "of", "6", "2", "2"],
    ]
    assert main(["progress"]) == 0
    assert judged.asked == ["90_mini", "91_other_one"]
    save(course, lesson(RIGHT_1))
    assert main(["progress"]) == 0
    assert judged.asked == ["90_mini", "91_other_one", "90_mini"]
    assert main(["check", "91"]) == 1  # judges in any case
    assert judged.asked[3:] == ["91_other_one"]


def test_progress_of_a_class_from_what_was_sent_and_from_folders(course, judged, capsys, tmp_path):
    judged.states = ["solved", "borrowed"]
    assert main(["progress", "--json"]) == 0
    line = capsys.readouterr().out
    assert json.loads(line) == {"exercises": {"90.1": "solved", "90.2": "borrowed"}}
    (tmp_path / "anna.json").write_text(line)
    judged.asked.clear()
    paths = [str(tmp_path / "anna.json"), str(course)]
    assert main(["progress", *paths]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[:3] == [["name", "90", "all"], ["anna", "1/2", "1/2"], ["course", "1/2", "1/2"]]
    assert rows[3:] == [[], ["borrowed", "90.2", "anna,", "course"]]
    assert judged.asked == []  # remembered
    assert main(["progress", "--json", *paths]) == 0
    states = {"90.1": "solved", "90.2": "borrowed"}
    assert json.loads(capsys.readouterr().out) == {"anna": states, "course": states}


def test_what_is_no_progress_is_one_line(course, capsys, tmp_path):
    (tmp_path / "ben.json").write_text("{}")
    for path, says in (
        (tmp_path / "ben.json", "is not what `minichar progress --json` prints"),
        (tmp_path / "gone.json", "cannot be read"),
        (tmp_path, "not a folder of the course"),
    ):
        assert main(["progress", str(path)]) == 2
        out, err = capsys.readouterr()
        assert says in err and len(err.splitlines()) == 1 and not out


def test_what_is_saved_while_it_is_judged_is_judged_again(course, judged):
    answer = judged

    def slow(path, tell):
        save(course, lesson(WRONG_1))
        return answer(path, tell)

    progress.judge = slow
    main(["progress"])
    progress.judge = answer
    main(["progress"])
    assert judged.asked == ["90_mini", "91_other_one", "90_mini"]


def test_reset(course, capsys):
    assert main(["reset", "90"]) == 0
    assert capsys.readouterr().out == "notebooks/90_mini.ipynb is as it was shipped.\n"
    save(course, lesson(RIGHT_1))
    assert main(["reset", "90"]) == 0
    assert "yours is kept as notebooks/90_mini.before-reset-1.ipynb" in capsys.readouterr().out
    assert main(["lessons", "--check"]) == 0


def test_lessons(course, capsys):
    save(course, lesson(RIGHT_1))
    assert main(["lessons", "--check"]) == 1
    out = capsys.readouterr().out
    assert "notebooks/90_mini.ipynb" in out and "`minichar lessons`" in out and "91" not in out
    assert main(["lessons"]) == 0
    assert "written notebooks/90_mini.ipynb" in capsys.readouterr().out
    assert main(["lessons", "--check"]) == 0


def test_data(capsys):
    assert main(["data"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(datasets.catalogue())


def test_version(monkeypatch, capsys):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2.3 of {name}")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "minichar 1.2.3 of minichar\n"


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    assert sys.version.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize("root", [True, False])
def test_lab_opens_the_lesson(course, monkeypatch, root):
    calls = []
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000, raising=False)
    monkeypatch.setattr(subprocess, "call", lambda command, cwd: calls.append((command, cwd)) or 0)
    (course / "notebooks" / "90_mini.ipynb").unlink()  # it is put back
    assert main(["lab", "90"]) == 0
    [(command, cwd)] = calls
    assert cwd == course and (course / "notebooks" / "90_mini.ipynb").exists()
    assert command[:4] == [sys.executable, "-m", "jupyter", "lab"]
    # From the folder of the course, or the glossary's links to the package lead nowhere.
    address = "--LabApp.default_url=/lab/tree/notebooks/90_mini.ipynb"
    assert command[4:] == ["--ServerApp.root_dir=.", address] + ["--allow-root"] * root


def test_an_interrupt_is_left_to_jupyterlab_which_asks_what_is_meant(course, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(subprocess, "call", lambda *_, cwd: signal.raise_signal(signal.SIGINT) or 3)
    assert main(["lab", "90"]) == 3  # it waited for the answer
    assert signal.getsignal(signal.SIGINT) is before


def test_studio_opens_a_notebook_that_is_there(monkeypatch):
    calls = []
    monkeypatch.setattr(subprocess, "call", lambda command, cwd: calls.append((command, cwd)) or 0)
    assert main(["studio"]) == 0
    [(command, cwd)] = calls
    assert (cwd / "notebooks" / "studio.ipynb").exists()
    assert "--LabApp.default_url=/lab/tree/notebooks/studio.ipynb" in command


@pytest.mark.parametrize("command", ["check", "reset", "lab"])
def test_an_unknown_lesson_is_one_line(course, capsys, command):
    assert main([command, "7"]) == 2
    out, err = capsys.readouterr()
    assert err == "minichar: there is no lesson 7; there are 90 (mini), 91 (other one)\n"
    assert out == ""


@pytest.mark.parametrize("words", [["reset"], ["site"], ["reset", "90", "91"]])
def test_words_that_do_not_fit_are_one_line(course, capsys, words):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and len(err.splitlines()) == 1 and "--help" in err


def test_an_installation_without_the_course_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "__file__", str(tmp_path / "site" / "minichar" / "course" / "x.py"))
    monkeypatch.chdir(tmp_path)
    assert main(["progress"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "go to the folder of the course" in err


def test_an_interrupt_ends_quietly(course, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "judge", interrupted)
    assert main(["check"]) == 130
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err and not printed.out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["check"]) == 130
    assert capsys.readouterr().out == "\n"  # so that the shell's prompt begins a line


def test_nothing_asked_shows_the_commands(capsys):
    assert main([]) == 2
    out = capsys.readouterr().out
    for name in ("lab", "studio", "check", "progress", "reset", "data", "doctor", "lessons"):
        assert f"  {name} " in out and f"minichar {name}" in __main__.__doc__


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "minichar", "data"], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "" and "names" in done.stdout
