"""The shipped texts are what the catalogue says, and `load_text` finds each or says what to do."""

import doctest
import hashlib
import runpy
import sys
from pathlib import Path

import pytest

from minichar import datasets
from minichar.datasets import catalogue, folder, load_text

ENTRIES = catalogue()
SHIPPED = [name for name, entry in ENTRIES.items() if entry.kind in ("file", "generated")]
INSTALLED = [name for name, entry in ENTRIES.items() if entry.kind == "installed"]


def test_every_entry_is_shipped_or_installed():
    assert SHIPPED + INSTALLED and set(SHIPPED + INSTALLED) == set(ENTRIES)
    assert {f"{name}.txt" for name in SHIPPED} == {p.name for p in folder().glob("*.txt")}
    assert set(INSTALLED) == set(datasets.INSTALLED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_what_the_catalogue_says(name):
    entry, data = ENTRIES[name], (folder() / f"{name}.txt").read_bytes()
    text = load_text(name)
    assert hashlib.sha256(data).hexdigest() == entry.sha256
    assert (len(text), len(set(text))) == (entry.characters, entry.alphabet)
    assert data == text.encode() and data.isascii() and text.endswith("\n")


@pytest.mark.parametrize("name", INSTALLED)
def test_an_installed_text_loads_twice_alike_and_is_about_as_long_as_said(name):
    text = load_text(name)
    assert text == load_text(name)
    assert 0.5 < len(text) / ENTRIES[name].characters < 2
    assert "\r" not in text and ENTRIES[name].sha256 is None and ENTRIES[name].alphabet is None


def test_python_is_code_in_plain_ascii():
    text = load_text("python")
    assert text.isascii() and "\n    def __init__(self" in text


def test_every_entry_names_its_licence_and_source_and_shows_itself_in_one_line():
    for name, entry in ENTRIES.items():
        assert entry.licence and entry.source and entry.title
        assert repr(entry).startswith(f"{name}: {entry.title} (") and "\n" not in repr(entry)
    assert "about" in repr(ENTRIES["python"]) and "about" not in repr(ENTRIES["names"])


def test_the_folder_stays_under_a_megabyte():
    files = [p for p in folder().rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in files) < 1_000_000


def test_names_are_distinct_and_of_26_letters():
    names = load_text("names").splitlines()
    assert len(names) == len(set(names)) == 8403
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")
    assert min(map(len, names)) == 2


def test_names_are_shuffled_so_the_end_is_a_fair_sample():
    names = load_text("names").splitlines()
    rising = sum(a < b for a, b in zip(names, names[1:], strict=False)) / (len(names) - 1)
    assert abs(rising - 0.5) < 0.02  # sorted: 1; shuffled: 0.5, give or take 0.003
    tail = names[-len(names) // 20 :]
    for letter in "aeiou":
        share = [sum(letter in name for name in part) / len(part) for part in (names, tail)]
        assert abs(share[0] - share[1]) < 0.1  # four standard deviations of a fair sample


def test_the_recipe_writes_the_same_names_whatever_the_order_of_the_lists():
    build = runpy.run_path(str(folder() / "build.py"))
    names = load_text("names").splitlines()
    one, two = [name.title() for name in reversed(names[:5000])], [*names[4000:], "Jo-Ann", "Zoë"]
    assert build["names"](one, two) == load_text("names")


def test_texts_are_found_from_any_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load_text("names")) == ENTRIES["names"].characters


def test_a_name_comes_before_a_file_and_a_path_is_always_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names").write_bytes("\ufeffmine\r\n".encode())
    assert load_text("names").startswith("mildred\n")
    assert load_text("./names") == load_text(Path("names")) == "mine\n"


def test_the_encoding_and_the_home_folder_of_an_own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "own.txt").write_bytes("café\n".encode("latin-1"))
    assert load_text("~/own.txt", encoding="latin-1") == "café\n"
    with pytest.raises(ValueError, match="latin-1"):
        load_text("~/own.txt")


@pytest.mark.parametrize(
    "wanted, says",
    [
        ("naems", "nearest: names"),
        ("Names.txt", "nearest: names"),
        ("xyzzy", "it has names, page, .*, c"),
        ("a text, not a path\n" * 1000, "…"),
        ("nul\0byte", "nor a file"),
        ("", "nor a file"),
    ],
)
def test_what_is_neither_a_name_nor_a_file(wanted, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=says) as error:
        load_text(wanted)
    assert str(tmp_path) in str(error.value) and len(str(error.value)) < 400 + len(str(tmp_path))


def test_a_folder_and_an_empty_file_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        load_text(tmp_path)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match="empty"):
        load_text(tmp_path / "empty.txt")


def test_the_folder_may_lie_inside_an_installed_package(tmp_path, monkeypatch):
    package, other = tmp_path / "minichar", tmp_path / "datasets"
    inside = package / "_datasets"
    inside.mkdir(parents=True)
    other.mkdir()  # somebody else's folder that happens to have the name
    monkeypatch.setattr(datasets, "__file__", str(package / "datasets.py"))
    with pytest.raises(FileNotFoundError, match="catalogue.toml"):
        folder()
    (inside / "catalogue.toml").touch()
    assert folder() == inside.resolve()


@pytest.mark.parametrize(
    "name, missing",
    [("python", "Python's standard library"), ("c", "numpy's C headers")],
)
def test_an_installation_without_its_sources_says_so(name, missing, tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr("numpy.get_include", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match=missing):
        load_text(name)


def test_a_python_without_help_pages_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(FileNotFoundError, match="help pages"):
        load_text("markup")


def test_the_examples_run():
    result = doctest.testmod(datasets)
    assert result.attempted and not result.failed
