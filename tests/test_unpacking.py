"""Archives of every kind and every malice, books with their notices, folders of texts."""

import io
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.datasets import load_text
from minichar.unpacking import archived, folder_text, without_frame

FILES = {"b/two.c": b"int b;\n", "b/one.c": b"int a;\r\n", "b/three.h": b"int c;\n", "d.md": b"#"}


def pack(path, files):
    """Write an archive of {name: bytes}, as the ending of `path` says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, f"w:{path.suffix[1:]}") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname, data = tarfile.SYMTYPE, data, b""
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


ENDINGS = pytest.mark.parametrize("ending", [".zip", ".tar.gz", ".tar.xz"])


@ENDINGS
def test_the_files_that_fit_come_one_after_another_by_name(tmp_path, ending):
    path = pack(tmp_path / f"a{ending}", FILES)
    assert archived(path, ["*.c"], 40_000) == "int a;\n\nint b;\n"
    assert archived(path, ["b/*.c", "b/*.h"], 40_000) == "int a;\n\nint c;\n\nint b;\n"
    with pytest.raises(ValueError, match=r"no \*\.py"):
        archived(path, ["*.py"], 40_000)


def test_a_folder_in_a_zip_file_is_no_text(tmp_path):
    path = pack(tmp_path / "a.zip", {"b/": b"", "b/one.c": b"int a;\n"})
    assert archived(path, ["b/*"], 999) == "int a;\n"


@ENDINGS
def test_nothing_is_unpacked_to_the_disk_whatever_its_name(tmp_path, ending):
    inside = tmp_path / "in"
    inside.mkdir()
    names = {"../out.c": b"a\n", "/tmp/out.c": b"b\n", "C:\\out.c": b"c\n"}
    path = pack(inside / f"a{ending}", names)
    assert sorted(archived(path, ["*.c"], 40_000).split()) == ["a", "b", "c"]
    assert [p.name for p in tmp_path.rglob("*")] == ["in", f"a{ending}"]


@pytest.mark.parametrize("ending", [".tar.gz", ".tar.xz"])
def test_no_link_is_followed(tmp_path, ending):
    (tmp_path / "secret.c").write_text("secret\n")
    path = pack(tmp_path / f"a{ending}", {"x.c": str(tmp_path / "secret.c"), "y.c": b"mine\n"})
    assert archived(path, ["*.c"], 40_000) == "mine\n"


@ENDINGS
def test_a_small_archive_cannot_grow_without_end(tmp_path, ending):
    path = pack(tmp_path / f"a{ending}", {"big.c": bytes(60_000_000)})
    assert path.stat().st_size < 100_000
    archived(pack(tmp_path / f"b{ending}", FILES), ["*.c"], 100_000)  # imports what it needs
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
            archived(path, ["*.c"], 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000  # xz itself wants eight
    finally:
        tracemalloc.stop()


def test_what_is_passed_over_in_a_tar_file_counts_too(tmp_path):
    path = pack(tmp_path / "a.tar.xz", {"big.bin": bytes(3_000_000), "a.c": b"int a;\n"})
    with pytest.raises(ValueError, match="more than"):
        archived(path, ["*.c"], 1_000_000)


@ENDINGS
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.95])
def test_an_archive_that_was_cut_off_says_so(tmp_path, ending, share):
    files = {f"{i}.c": bytes(range(97, 120)) * 50 * i + str(i**9).encode() for i in range(1, 40)}
    path = pack(tmp_path / f"a{ending}", files)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match="damaged"):
        archived(path, ["*.c"], 10_000_000)


@given(data=st.binary(max_size=200), beginning=st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b\x08"]))
@ENDINGS
def test_any_bytes_are_an_archive_or_an_error(tmp_path_factory, ending, data, beginning):
    path = tmp_path_factory.mktemp("any") / f"a{ending}"
    path.write_bytes(beginning + data)
    with pytest.raises(ValueError, match=f"a{ending}"):
        archived(path, ["*"], 1000)


@ENDINGS
def test_of_many_files_those_beyond_ascii_are_left_out_but_never_a_single_one(tmp_path, ending):
    a, b, c = (tmp_path / f"{letter}{ending}" for letter in "abc")
    several = {"a.c": b"int a;\n", "b.c": "// é\n".encode(), "c.c": b"\xff\n"}
    assert archived(pack(a, several), ["*.c"], 40_000) == "int a;\n"
    assert archived(pack(b, {"t": "é\n".encode()}), ["t"], 40_000) == "é\n"
    with pytest.raises(ValueError, match="holds no"):
        archived(pack(c, {"a": b"\xff", "b": b"\xff"}), ["*"], 40_000)


def test_a_locked_zip_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", {"a.c": b"int a;\n"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag that it is encrypted, at the file and in the list at the end
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        archived(path, ["*"], 999)


BOOK = "CHAPTER I\n\nIt was *** cold ***.\n\nTHE END\n"
FRAMES = [
    (
        "The Project Gutenberg eBook of X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\n\n",
        "\n\n*** END OF THE PROJECT GUTENBERG EBOOK X ***\n\nUpdated editions",
    ),
    (
        "***START OF THE PROJECT GUTENBERG EBOOK X: A LONG\n\nTITLE***\n",
        "End of the Project Gutenberg EBook of X\n\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***",
    ),
    ("*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n", ""),
    ("", "\nEnd of Project Gutenberg's X, by Y\n"),
    ("*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n\n", ""),
    (
        "*** START OF THIS PROJECT GUTENBERG EBOOK X ***\n\nProduced by Y\n\n"
        "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n",  # two of them
        "\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***",
    ),
]


@pytest.mark.parametrize("before, after", FRAMES)
def test_the_notices_around_a_book_go(before, after):
    assert without_frame(before + BOOK + after) == BOOK


def test_a_text_without_notices_stays_as_it_is():
    for text in (BOOK, "", "Johannes Gutenberg began the Project.\n", "\n\nlines around\n\n"):
        assert without_frame(text) == text


@given(st.text())
def test_what_is_left_is_part_of_the_text(text):
    start = "*** START OF THE PROJECT GUTENBERG EBOOK X ***"
    assert without_frame(start + text).strip("\n") in text


def test_a_folder_is_all_its_texts_by_name_and_nothing_else(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    texts = {"b/two.txt": "zwei é\r\n", "a.py": "eins\n", ".hidden": "no\n", ".git/x": "no\n"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode())
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe"[:1] + b" caf\xe9")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "c.txt").write_bytes("drei\n".encode("utf-16"))
    for folder in (tmp_path, f"{tmp_path}/"):
        with pytest.warns(UserWarning, match=r"1 file left out: latin.txt is not UTF-8.*encoding="):
            assert load_text(folder) == "eins\n\nzwei é\n\ndrei\n"
    latin = load_text(tmp_path, encoding="latin-1")
    assert "caf" in latin and "PNG" not in latin
    assert load_text(tmp_path / "b", encoding="utf-8") == "zwei é\n"
    (tmp_path / "b" / "two.txt").write_bytes("zwei é".encode("utf-16-le"))
    assert load_text(tmp_path / "b", encoding="UTF-16LE") == "zwei é"


def test_a_file_that_may_not_be_read_does_not_stop_the_others(tmp_path, monkeypatch):
    def forbidden(path, encoding):
        if path.name == "b":
            raise PermissionError(13, "Permission denied", path.name)
        return path.read_text()

    for name in "abc":
        (tmp_path / name).write_text(name)
    monkeypatch.setattr("minichar.unpacking.read_text", forbidden)
    with pytest.warns(UserWarning, match="1 file left out: .*Permission denied: 'b'"):
        assert folder_text(tmp_path, 9) == "a\nc"


def test_a_folder_that_is_too_large_or_has_no_text(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="100 bytes"):
        folder_text(tmp_path, 99)
    assert len(folder_text(tmp_path, 100)) == 100
    (tmp_path / "b").write_bytes(b"x" * 50)
    with pytest.raises(ValueError, match="150 bytes"):
        folder_text(tmp_path, 149)
    (tmp_path / "b").unlink()
    (tmp_path / "a").write_bytes(b"\0")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        folder_text(tmp_path, 99)
    (tmp_path / "b").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="could be read: b is not UTF-8"):
        folder_text(tmp_path, 99)
