"""Finding, reading and writing the lessons' files."""

import mini_course
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


def test_files_that_are_no_notebook(tmp_path):
    path = tmp_path / "x.ipynb"
    bare = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"metadata": {}}]}'
    for content in (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"cells": 3}', bare):
        path.write_bytes(content)
        with pytest.raises(CourseError, match=r"^x.ipynb cannot be read as a notebook \(.+\)$"):
            files.read_notebook(path)
    for content, why in ((b"{}\n]", "line 2: Extra data"), (b'"\xe9"', "it is not UTF-8 text")):
        path.write_bytes(content)
        with pytest.raises(CourseError, match=why):
            files.read_notebook(path)
