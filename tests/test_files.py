"""Finding, reading and writing the lessons' files."""

import json
import re
import warnings
from pathlib import Path

import mini_course
import nbformat
import pytest

from minichar.course import files
from minichar.course.files import CourseError


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "x"
    files.write(path, b"1")
    assert path.stat().st_mode & 0o777 == 0o644  # a new one can be read by all
    path.chmod(0o600)
    files.write(path, b"2")
    assert path.read_bytes() == b"2" and path.stat().st_mode & 0o777 == 0o600


def test_finding_lessons(tmp_path):
    course = mini_course.make(tmp_path / "course")
    for name in ("90", 90, "90_mini"):
        assert files.find_lesson(name, course).title == "mini"
    with pytest.raises(CourseError, match=r"no lesson 7; there are 90 \(mini\)"):
        files.find_lesson("7", course)


def test_lessons_have_numbers_and_titles_and_come_in_order(tmp_path):
    names = ["studio", "12_the_gallery", "00_start_here", "03_the_100_line_rnn"]
    course = mini_course.make(tmp_path / "course", names)
    found = [(lesson.number, lesson.title) for lesson in files.lessons(course)]
    assert found == [
        ("00", "start here"),
        ("03", "the 100 line rnn"),
        ("12", "the gallery"),
        ("studio", "studio"),
    ]
    for name in (3, "3", "03"):
        assert files.find_lesson(name, course).solution.stem == "03_the_100_line_rnn"
    with pytest.raises(CourseError, match="^there is no lesson 3; there are none yet$"):
        files.find_lesson(3, tmp_path)


def test_the_course_is_beside_the_package_or_else_where_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(mini_course.make(tmp_path / "course"))
    assert files.course_folder() == Path(files.__file__).parents[2]
    monkeypatch.setattr(files, "__file__", str(tmp_path / "some" / "where" / "files.py"))
    assert files.course_folder() == tmp_path / "course"
    for gone in ("solutions", "notebooks"):
        (tmp_path / "course" / gone).rename(tmp_path / gone)
        with pytest.raises(CourseError, match="go to the folder of the course"):
            files.course_folder()
        (tmp_path / gone).rename(tmp_path / "course" / gone)


def test_a_check_is_known_however_it_is_typed():
    source = "f = check( '1.2', f)\ncheck(\"1.10\", g)\nmy_check('1.3')\ncheck(n)"
    assert files.CHECK.findall(source) == ["1.2", "1.10"]


def test_a_notebook_with_odd_metadata_is_not_untouched():
    notebook = mini_course.shipped()
    assert files.untouched(notebook)
    for odd in ("x", {}, {"derived": 3}):
        notebook.metadata["minichar"] = odd
        assert not files.untouched(notebook)


def test_lost_ids_of_cells_are_nothing_to_warn_of(tmp_path):
    notebook = mini_course.shipped()
    for cell in notebook.cells:
        del cell["id"]
    (tmp_path / "x.ipynb").write_text(nbformat.v4.writes_json(notebook))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(files.read_notebook(tmp_path / "x.ipynb").cells) == len(notebook.cells)
    assert said == []


def test_files_that_are_no_notebook(tmp_path):
    path = tmp_path / "x.ipynb"
    with pytest.raises(CourseError, match=f"^{re.escape(str(path))} is not there$"):
        files.read_notebook(path)
    kept = [mini_course.shipped() for _ in range(3)]  # each lacks something that a cell has
    for notebook, lacking in zip(kept, ("cell_type", "source", "metadata"), strict=True):
        del notebook.cells[1][lacking]
    bare = [json.dumps(notebook).encode() for notebook in kept]
    for content in (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"cells": 3}', *bare):
        path.write_bytes(content)
        with pytest.raises(CourseError, match=r"^x.ipynb cannot be read as a notebook \(.+\)$"):
            files.read_notebook(path)
    for content, why in ((b"{}\n]", "line 2: Extra data"), (b'"\xe9"', "it is not UTF-8 text")):
        path.write_bytes(content)
        with pytest.raises(CourseError, match=why):
            files.read_notebook(path)
