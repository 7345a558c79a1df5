"""The progress of a class: what is read without trust, and whose it is."""

import json
from functools import partial
from pathlib import Path
from pathlib import PurePosixPath as P

import mini_course
import nbformat
import pytest

from minichar.course import classroom, files, progress
from minichar.course.files import CourseError, write
from minichar.course.lessons import written
from minichar.course.progress import STATES, Verdict

STATES_OF = {f"3.{k}": state for k, state in enumerate(STATES, 1)}


def test_a_course_in_which_nobody_has_written_is_known_without_a_judge(tmp_path):
    with mini_course.known():
        course = mini_course.make(tmp_path / "course", ("90_mini", "91_words"))
        words = written(nbformat.v4.new_notebook())  # as the glossary, which has no exercise
        (course / "solutions" / "91_words.ipynb").write_bytes(words)
        rows = classroom.verdicts(course, judge=None)
    states = [(name, [verdict.state for verdict in found]) for name, found in rows]
    assert states == [("90 mini", ["not done", "waits"])]


def test_what_was_sent_is_read_again_without_what_was_written(tmp_path):
    rows = [("03 x", [Verdict(n, "a title", s, "a message") for n, s in STATES_OF.items()])]
    line = classroom.dumps(rows)
    for coding in ("utf-8", "utf-8-sig", "utf-16"):  # the last is what PowerShell's > writes
        (tmp_path / "anna.json").write_text(line + "\r\n", coding)
        assert classroom.read(tmp_path / "anna.json") == STATES_OF
    assert "\n" not in line and "message" not in line


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b"{}", b'{"exercises": 3}', b'{"exercises": null}',
     b'{"exercises": ["1.1"]}', b'{"exercises": {"1.1": "perfect"}}', b'{"exercises": {"1.1": 1}}',
     b'{"exercises": {"x.1": "solved"}}', b'{"exercises": {"1": "solved"}}',
     b'{"exercises": {"1.1.1": "solved"}}', b'{"exercises": {"-1.1": "solved"}}',
     b'{"exercises": {"1.1": ["solved"]}}', b'{"exercises": {"1000.1": "solved"}}',
     '{"exercises": {"².1": "solved"}}'.encode(), b"\xff\xfe", b"[" * 100_000,
     b'{"exercises": {}}' + b" " * 1_000_000],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "ben.json").write_bytes(content)
    with pytest.raises(CourseError, match="is not what `minichar progress --json` prints$"):
        classroom.read(tmp_path / "ben.json")


@pytest.mark.parametrize(
    "paths, names",
    [
        (["homes/anna/course", "homes/ben/course"], ["anna", "ben"]),
        (["homes/anna/2025/course", "homes/ben/2026/course"], ["anna/2025", "ben/2026"]),
        (["/in/anna.json", "/in/ben.json"], ["anna", "ben"]),
        (["/in/anna.json"], ["anna"]),
        (["homes/anna/course"], ["course"]),
        (["/a/anna/course", "/b/anna/course"], ["a", "b"]),
        (["/in/anna", "/in/anna.json"], ["/in/anna", "/in/anna.json"]),
        (["/in", "/in/anna"], ["in", "in/anna"]),
        (["/x/anna/course", "/x/course"], ["anna/course", "course"]),
    ],
)
def test_names_are_what_tells_paths_apart(paths, names):
    assert classroom.names([P(path) for path in paths]) == names


def test_a_path_named_twice_is_refused():
    with pytest.raises(CourseError, match="twice"):
        classroom.names([P("/a"), P("/a")])
    with pytest.raises(CourseError, match="twice"):
        classroom.gather([Path("a.json"), Path("../") / Path.cwd().name / "a.json"], None)


def test_the_table_counts_what_is_solved_and_has_a_column_for_each_lesson():
    everyone = {
        "anna": {"1.1": "solved", "1.2": "solved", "10.1": "borrowed"},
        "a name that is quite long": {"2.1": "solved"},
    }
    shown, blank, *stuck = classroom.table(everyone).rsplit("\n", 2)
    assert (blank, stuck) == ("", ["borrowed  10.1   anna"])
    rows = [line.rsplit(None, 4) for line in shown.splitlines()]
    assert [row[0].strip() for row in rows] == ["name", *everyone]
    assert [row[1:] for row in rows] == [
        ["01", "02", "10", "all"],
        ["2/2", "-", "0/1", "2/3"],
        ["-", "1/1", "-", "1/1"],
    ]
    assert len({len(line) for line in shown.splitlines()}) == 1


def test_the_table_names_who_is_stuck_and_where():
    everyone = {
        "anna": {"2.2": "wrong", "10.1": "wrong", "2.1": "borrowed"},
        "ben": {"2.2": "wrong", "2.1": "solved", "1.1": "missing", "1.2": "not done"},
    }
    assert classroom.table(everyone).split("\n\n")[1].splitlines() == [
        "wrong     2.2    anna, ben",
        "wrong     10.1   anna",
        "borrowed  2.1    anna",
    ]
    assert "\n\n" not in classroom.table({"anna": {"1.1": "solved"}})


def test_a_folder_of_notebooks_is_judged_by_our_own_checks(tmp_path, monkeypatch):
    ours = mini_course.make(tmp_path / "ours", ("90_mini", "91_more"))
    monkeypatch.setattr(files, "course_folder", lambda: ours)
    for name in ("anna", "ben", "cleo"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in" / "cleo" / "mini.ipynb").write_text("{}")
    for name in ("90_mini", "90_mini (1)"):
        write(tmp_path / "in" / "anna" / f"{name}.ipynb", written(mini_course.solution()))

    def judge(lesson):
        assert lesson.notebook.parent.parent == lesson.solution.parent.parent != ours
        return progress.judge(lesson.notebook).verdicts

    with mini_course.known(), pytest.warns(UserWarning) as told:
        verdicts = partial(classroom.verdicts, judge=judge)
        found = classroom.gather([tmp_path / "in" / "*"], verdicts)
    assert found == {"anna": {"90.1": "solved", "90.2": "solved"}, "ben": {}, "cleo": {}}
    assert "ben is not a folder of the course" in str(told[0].message)
    assert "cleo has the name of a lesson" in str(told[1].message)
    assert sorted(p.name for p in (tmp_path / "in" / "anna").iterdir()) == [
        "90_mini (1).ipynb",
        "90_mini.ipynb",
    ]


def test_files_and_folders_are_gathered(tmp_path):
    for name in ("anna", "ben"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"exercises": {"1.1": "solved"}}))
    judged = []

    def judge(course):
        judged.append(course)
        return [("01 x", [Verdict("1.1", "", "wrong")])]

    found = classroom.gather([*sorted(tmp_path.glob("*.json")), tmp_path / "cleo"], judge)
    assert found == {"anna": {"1.1": "solved"}, "ben": {"1.1": "solved"}, "cleo": {"1.1": "wrong"}}
    assert judged == [tmp_path / "cleo"]
    sent = (tmp_path / "ben.json").rename(tmp_path / "ben.json.txt")  # as some programs save it
    assert classroom.gather([sent], None) == {"ben.json.txt": {"1.1": "solved"}}
    starred = classroom.gather([tmp_path / "*.json"], None)  # as the shells of Windows hand it on
    assert list(starred) == ["anna"]


def test_a_lesson_that_cannot_be_read_is_told_with_whose_it_is(tmp_path):
    for name in ("anna", "ben"):
        mini_course.make(tmp_path / name / "course")
    spoiled = tmp_path / "ben" / "course" / "solutions" / "90_mini.ipynb"
    spoiled.write_text("{")
    with mini_course.known(), pytest.warns(UserWarning, match="^ben: 90_mini.ipynb cannot be read"):
        judge = partial(classroom.verdicts, judge=None)
        found = classroom.gather([tmp_path / "*" / "course"], judge)
    assert found == {"anna": {"90.1": "not done", "90.2": "waits"}, "ben": {}}


def test_one_that_cannot_be_read_is_named_and_the_others_are_seen(tmp_path):
    (tmp_path / "anna.json").write_text(json.dumps({"exercises": {"1.1": "solved"}}))
    (tmp_path / "ben.json").touch()
    paths = [tmp_path / f"{name}.json" for name in ("anna", "ben", "cleo")]
    with pytest.warns(UserWarning, match="cleo.json cannot be read: No such"):
        with pytest.warns(UserWarning, match="ben.json is not what"):
            found = classroom.gather(paths, None)
    assert found == {"anna": {"1.1": "solved"}, "ben": {}, "cleo": {}}
    assert "ben" in classroom.table(found)
    with pytest.raises(CourseError, match="ben.json is not what"):
        classroom.gather([tmp_path / "ben.json"], None)
