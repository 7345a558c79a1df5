"""The texts are what the catalogue says, and `load_text` finds each or says what to do."""

import dataclasses
import hashlib
import io
import runpy
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from minichar import datasets, downloads
from minichar.datasets import catalogue, folder, load_text
from minichar.text import split

ENTRIES = catalogue()
SHIPPED = [name for name, entry in ENTRIES.items() if entry.kind in ("file", "generated")]
INSTALLED = [name for name, entry in ENTRIES.items() if entry.kind == "installed"]
FETCHED = [name for name, entry in ENTRIES.items() if entry.kind == "download"]


def test_every_entry_is_shipped_or_installed_or_fetched():
    assert SHIPPED and INSTALLED and set(SHIPPED + INSTALLED + FETCHED) == set(ENTRIES)
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


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def tarred(packing, files):
    packed = io.BytesIO()
    with tarfile.open(mode=f"w:{packing}", fileobj=packed) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return packed.getvalue()


# No text that is fetched can be had where the tests run, so each has a stand-in here: some lines in
# the form in which it comes, and what must be left of them. (The words are ours.)
WIKI = "".join(
    f"<page><title>Número {i}</title> [[of]] '''{i}''' pages</page>\n" for i in range(50)
)
PAGE = "*** {} OF THE PROJECT GUTENBERG EBOOK A TALE ***"
STANDINS = {
    "makemore-names": (b"ada\nbo\ncy", "ada\nbo\ncy"),
    "shakespeare": (b"First Player:\nWords.\n", "First Player:\nWords.\n"),
    "shakespeare-complete": (b"FIRST PLAYER:\nWords.\n", "FIRST PLAYER:\nWords.\n"),
    "war-and-peace": (b"\xef\xbb\xbfWAR\r\n\r\nAnd peace.\r\n", "WAR\n\nAnd peace.\n"),
    "moby-dick": (
        "CHAPTER 1. Words.\n\nA whale—“white”.\n".encode(),
        "CHAPTER 1. Words.\n\nA whale—“white”.\n",
    ),
    "wikipedia": (zipped({"enwik8": WIKI}), WIKI),
    "stacks": (
        tarred(
            "gz",
            {
                "stacks-project-a0/schemes.tex": "\\section{Schemes}\n",
                "stacks-project-a0/algebra.tex": "\\begin{lemma}\n\\end{lemma}\n",
                "stacks-project-a0/my.bib": "@book{x}\n",
                "stacks-project-a0/scripts/tags.py": "print()\n",
            },
        ),
        "\\begin{lemma}\n\\end{lemma}\n\n\\section{Schemes}\n",
    ),
    "latex": (
        tarred(
            "gz",
            {
                "python-escript-5.6/doc/user/wave.tex": "\\begin{equation}\n\\end{equation}\n",
                "python-escript-5.6/doc/cookbook/intro.tex": "\\chapter{Heat}\n",
                "python-escript-5.6/doc/install/source.tex": "\\chapter{Building}\n",
                "python-escript-5.6/doc/user/logo.png": "PNG",
                "python-escript-5.6/escript/test/input.txt": "1 2 3\n",
            },
        ),
        "\\chapter{Heat}\n\n\\begin{equation}\n\\end{equation}\n",
    ),
    "wiki": (
        tarred(
            "gz",
            {
                "Trac-1.6/trac/wiki/default-pages/WikiStart": "= Welcome =\n",
                "Trac-1.6/trac/wiki/default-pages/TracLinks": " * '''links'''\n",
                "Trac-1.6/trac/wiki/default-pages/TracUnicode": " * Ελληνικά\n",
                "Trac-1.6/trac/wiki/model.py": "class WikiPage:\n",
            },
        ),
        " * '''links'''\n\n= Welcome =\n",
    ),
    "linux": (b"/*\n */\n\tif (x)\n", "/*\n */\n\tif (x)\n"),
    "linux-source": (
        tarred(
            "xz",
            {
                "linux-4.0/kernel/b.c": "int b;\n",
                "linux-4.0/include/linux/a.h": "int a;\n",
                "linux-4.0/Makefile": "all:\n",
                "linux-4.0/README": "Linux\n",
                "linux-4.0/kernel/name.c": "/* José */\n",
            },
        ),
        "int a;\n\nint b;\n",
    ),
    "folk-tunes": (
        zipped(
            {
                "nottingham-dataset-bc/ABC_cleaned/jigs.abc": "X: 1\nT:A Jig\nK:D\nA2B|\n",
                "nottingham-dataset-bc/ABC_original/jigs.abc": "X: 1\n",
                "nottingham-dataset-bc/MIDI/jigs1.mid": "MThd\0",
            }
        ),
        "X: 1\nT:A Jig\nK:D\nA2B|\n",
    ),
    "nietzsche": ("PREFACE\n\nWhat then, “truth”?\n".encode(), "PREFACE\n\nWhat then, “truth”?\n"),
    "verne": (
        f"Title: A Tale\n\n{PAGE.format('START')}\n\nIn 2889.\n\n{PAGE.format('END')}\n".encode(),
        "In 2889.\n",
    ),
}


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Put a stand-in where the text would be, under a catalogue that expects no certain SHA-256."""
    monkeypatch.setenv("MINICHAR_DATA", str(tmp_path / "fetched"))
    entries = {name: dataclasses.replace(entry, sha256=None) for name, entry in ENTRIES.items()}
    monkeypatch.setattr(datasets, "catalogue", lambda: entries)

    def put(name, content):
        (tmp_path / "saved").write_bytes(content)
        downloads.add(entries[name], tmp_path / "saved")

    return put


@pytest.mark.parametrize("name", FETCHED)
def test_a_fetched_text_loads_here_from_a_stand_in_of_the_same_form(name, fetched):
    with pytest.raises(FileNotFoundError, match=f"minichar data get {name}"):
        load_text(name)
    content, text = STANDINS[name]
    assert name not in datasets.at_hand()
    fetched(name, content)
    assert load_text(name) == text and name in datasets.at_hand()


def test_an_archive_may_hold_much_beside_the_text_but_not_without_end(fetched):
    entries = datasets.catalogue()
    for packed, says in ((3000, None), (None, "holds more than 50 bytes")):
        entries["wiki"] = dataclasses.replace(entries["wiki"], characters=10, bytes=packed)
        fetched("wiki", STANDINS["wiki"][0])  # some 10,000 bytes, unpacked
        if says is None:
            assert load_text("wiki") == STANDINS["wiki"][1]
        else:
            with pytest.raises(ValueError, match=says):
                load_text("wiki")


def test_wikipedia_is_cut_as_in_the_post(fetched):
    fetched("wikipedia", STANDINS["wikipedia"][0])
    known, held_out = split(load_text("wikipedia"), ENTRIES["wikipedia"].validation)
    assert known + held_out == WIKI and len(held_out) == round(0.04 * len(WIKI))


def test_another_file_in_place_of_the_known_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICHAR_DATA", str(tmp_path / "fetched"))
    (tmp_path / "saved").write_bytes(STANDINS["shakespeare"][0])
    with pytest.raises(downloads.NotFetched, match="is not shakespeare"):
        downloads.add(ENTRIES["shakespeare"], tmp_path / "saved")


def test_an_archive_that_is_something_else_says_what_to_do(fetched):
    for content, says in ((b"PK\3\4 cut off", "damaged"), (zipped({"enwik9": "x"}), "no enwik8")):
        fetched("wikipedia", content)
        with pytest.raises(ValueError, match=says):
            load_text("wikipedia")
        downloads.remove(datasets.catalogue()["wikipedia"])


@pytest.mark.parametrize("name", FETCHED)
def test_a_fetched_entry_says_from_where_and_how_sure_it_is(name):
    entry = ENTRIES[name]
    assert entry.url.startswith("https://") and entry.characters > 0
    assert (entry.sha256 is None) == ("SHA-256 not confirmed" in entry.note)
    assert entry.sha256 is None or (len(entry.sha256) == 64 and int(entry.sha256, 16))
    assert entry.sha256 or not entry.alphabet  # certain of its characters only where of its bytes
    assert bool(entry.members) == entry.url.endswith((".zip", ".tar.gz", ".tar.xz"))


def test_what_the_design_knows_of_the_texts():
    known = {
        "shakespeare": (
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            1115394,
        ),
        "makemore-names": (
            "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
            228145,
        ),
        "wikipedia": ("547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc", 36445475),
    }
    for name, facts in known.items():
        assert (ENTRIES[name].sha256, ENTRIES[name].bytes) == facts


# What a text costs, in a process of its own: how far the memory rises.
COST = """
import sys, tracemalloc
import minichar as mc
path, letter = sys.argv[1:]
alphabet = sorted(set("the quick brown fox jumps over a lazy dog" + letter + chr(10)))
model = mc.CharModel(mc.Vocabulary(alphabet), hidden=4, seed=0)
tracemalloc.start()
text = mc.load_text(path)
kept, most = tracemalloc.get_traced_memory()
print(kept / len(text), most / len(text))
tracemalloc.reset_peak()
mc.Vocabulary.of(text)
training = mc.Training(model, text, batch=50)
kept, most = tracemalloc.get_traced_memory()
print(kept / len(text), most / len(text))
"""


@pytest.mark.slow
@pytest.mark.parametrize("letter, wide", [("a", 1), ("é", 1), ("ā", 2), ("😀", 4)])
def test_a_character_costs_what_load_text_says(tmp_path, letter, wide):
    """In bytes a character, on 20 MB; nothing in it depends on the length, so on 100 MB as well."""
    line = f"the quick brown fox jumps over a lazy dog {letter}\n"
    path = tmp_path / "long.txt"
    path.write_bytes((line * (20_000_000 // len(line))).encode())
    run = [sys.executable, "-c", COST, str(path), letter]
    out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    text, reading, training, beginning = map(float, out.split())
    assert text < wide + 0.01 and reading < 2 * wide + 1.2
    assert training < wide + 4.3 and beginning < 2 * wide + 4.2


def test_python_is_code_in_plain_ascii():
    text = load_text("python")
    assert text.isascii() and "\n    def __init__(self" in text


def test_every_entry_names_its_licence_and_source_and_shows_itself_in_one_line():
    for name, entry in ENTRIES.items():
        assert entry.licence and entry.source and entry.title
        assert repr(entry).startswith(f"{name}: {entry.title} (") and "\n" not in repr(entry)
    assert "about" in repr(ENTRIES["python"]) and "about" not in repr(ENTRIES["names"])


def test_the_folder_stays_small():
    files = [p for p in folder().rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    trained = {p: p.stat().st_size for p in files if p.is_relative_to(folder() / "weights")}
    assert sum(p.stat().st_size for p in files if p not in trained) < 1_000_000
    assert max(trained.values()) < 2_000_000 and sum(trained.values()) < 8_000_000


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


@pytest.mark.parametrize("words", ["network nosuch", "names.txt", "a b"])
def test_what_the_builder_does_not_know_changes_no_file(words):
    before = {p: p.stat().st_mtime_ns for p in folder().rglob("*") if p.is_file()}
    command = [sys.executable, str(folder() / "build.py"), *words.split()]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder())
    assert run.returncode == 1 and "python datasets/build.py" in run.stderr
    assert "Traceback" not in run.stderr
    assert before == {p: p.stat().st_mtime_ns for p in folder().rglob("*") if p.is_file()}


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
    with pytest.raises(ValueError, match="cp1252"):
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


def test_a_slip_in_the_name_of_a_file_names_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my diary.txt", "other.csv", "sub"):
        Path(name).mkdir() if name == "sub" else Path(name).write_text("text", encoding="utf-8")
    Path("sub", "poem.txt").write_text("text", encoding="utf-8")
    for wanted, near in [
        ("my dairy.txt", "my diary.txt"),
        (Path("sub", "peom.txt"), str(Path("sub", "poem.txt"))),
        (tmp_path / "othr.csv", str(tmp_path / "other.csv")),
    ]:
        with pytest.raises(FileNotFoundError) as error:
            load_text(wanted)
        assert str(error.value).endswith(f" (nearest: {near}).")
        assert "it has" not in str(error.value)  # the catalogue is not what was meant
    with pytest.raises(FileNotFoundError, match="it has names"):
        load_text("sub/nowhere/poem.txt")


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


def test_a_standard_library_that_is_packed_as_in_a_browser(tmp_path, monkeypatch):
    packed = {
        "b.py": "two\n",
        "a.py": "one\n",
        "_sysconfigdata_x.py": "mine\n",
        "json/c.py": "no\n",
    }
    name = "python{}{}.zip".format(*sys.version_info)
    (tmp_path / name).write_bytes(zipped(packed))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "python3"))
    assert load_text("python") == "one\n\ntwo\n"


def test_a_python_without_help_pages_says_so(monkeypatch):
    assert "markup" in datasets.at_hand()
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(FileNotFoundError, match="help pages"):
        load_text("markup")
    monkeypatch.setattr(datasets, "find_spec", lambda name: None)
    assert "markup" not in datasets.at_hand()


def test_what_is_installed_comes_in_the_order_of_its_names(tmp_path, monkeypatch):
    for name in "fbdace":
        (tmp_path / f"{name}.h").write_text(name)
    monkeypatch.setattr("numpy.get_include", lambda: str(tmp_path))
    assert load_text("c") == "a\nb\nc\nd\ne\nf"
    monkeypatch.setattr("pydoc_data.topics.topics", {"while": "two", "for": "one"})
    assert load_text("markup") == "one\ntwo"


def test_what_is_installed_with_line_ends_of_windows_is_the_same_text(tmp_path, monkeypatch):
    (tmp_path / "a.h").write_bytes(b"one\r\ntwo\r\n")
    monkeypatch.setattr("numpy.get_include", lambda: str(tmp_path))
    assert load_text("c") == "one\ntwo\n"
