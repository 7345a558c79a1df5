"""Fetching from a server on this machine that misbehaves in every way a network does."""

import dataclasses
import errno
import hashlib
import shutil
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minichar import datasets, downloads, transfer
from minichar.__main__ import main
from minichar.datasets import Entry, load_text
from minichar.downloads import NotFetched, add, fetch, place, remove, verified

TEXT = "".join(f"line {i} of what is fetched\n" for i in range(9000)).encode()  # four chunks


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(dict(self.headers))
        body, begin, status = server.body, 0, server.status
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range") in (None, server.version, server.date)
        if wanted and same and server.ranges and status == 200:
            begin = int(wanted.removeprefix("bytes=").removesuffix("-")) + server.shift
            status = 206 if begin < len(body) else 416
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        if server.version:
            self.send_header("ETag", server.version)
        if server.date:
            self.send_header("Last-Modified", server.date)
        self.send_header("Content-Type", server.kind)
        sent = body[begin:] if status in (200, 206) else b"<html>an error</html>"
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent[: max(server.cut - begin, 0)] if server.cut else sent)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MINICHAR_DATA", str(tmp_path / "cache"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.status, server.kind, server.cut = TEXT, 200, "text/plain", None
    server.version, server.ranges, server.asked, server.shift = '"one"', True, [], 0
    server.date = None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def entry(server, sha256=None, name="tale", ending=".txt", **more):
    url = f"http://127.0.0.1:{server.server_port}/tale{ending}"
    facts = {"title": "a tale", "kind": "download", "characters": len(TEXT), "bytes": len(TEXT)}
    return Entry(name, licence="-", source="-", url=url, sha256=sha256, **facts | more)


@pytest.fixture
def tale(server):
    return entry(server, hashlib.sha256(TEXT).hexdigest())


@pytest.fixture
def first(server):
    """A text whose SHA-256 could not be confirmed."""
    return entry(server)


def kept():
    """What lies in the folder of the fetched texts."""
    place = downloads.folder()
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def refused(call, *arguments):
    """The message of the NotFetched that this call raises: always one line, always the name."""
    with pytest.raises(NotFetched) as error:
        call(*arguments)
    message = str(error.value)
    assert "\n" not in message and "tale" in message and len(message) < 300 + 100
    return message


def test_a_text_is_fetched_once_and_nothing_is_printed(server, tale, capfd):
    told = []
    path = fetch(tale, lambda done, total: told.append((done, total)))
    assert path == place(tale) and path.read_bytes() == TEXT and kept() == ["tale.txt"]
    assert told == sorted(told) and told[-1] == (len(TEXT), len(TEXT)) and len(told) > 2
    assert fetch(tale) == verified(tale) == path and len(server.asked) == 1
    assert server.asked[0]["Accept-Encoding"] == "identity"  # what is packed could not go on
    assert capfd.readouterr() == ("", "")


def test_a_text_that_is_not_here_says_how_to_get_it(server, tale):
    with pytest.raises(FileNotFoundError, match="minichar data get tale") as error:
        verified(tale)
    assert "\n" not in str(error.value) and not server.asked


def test_the_wrong_bytes_are_thrown_away(server, tale):
    server.body = TEXT[::-1]
    message = refused(fetch, tale)
    assert message.startswith("what came is not tale: ") and "so it was thrown away. Try" in message
    assert tale.sha256[:12] in message and "minichar data add tale FILE" in message
    assert kept() == []


def test_what_comes_first_is_trusted_and_nothing_else_from_then_on(server, first):
    path = fetch(first)
    note = path.with_name("tale.sha256")
    assert note.read_text() == f"{hashlib.sha256(TEXT).hexdigest()}  tale.txt\n"
    assert verified(first) == path
    path.unlink()
    server.body = TEXT + b"more"
    assert "minichar data remove tale" in refused(fetch, first)
    assert kept() == ["tale.sha256"]
    assert remove(first) and not remove(first) and kept() == []
    assert fetch(first).read_bytes() == server.body


def test_the_digest_of_the_catalogue_counts_more_than_one_noted_before(server, first, tale):
    server.body = TEXT[::-1]
    fetch(first)
    assert "minichar data get tale" in refused(verified, tale)
    server.body = TEXT
    assert fetch(tale).read_bytes() == TEXT


@pytest.mark.parametrize("use", [fetch, verified])
def test_what_was_put_in_the_folder_by_hand_is_noted_when_it_is_first_used(first, use):
    place(first).parent.mkdir()
    place(first).write_bytes(b"by hand\n")
    assert use(first) == place(first) and len(kept()) == 2
    place(first).write_bytes(b"changed\n")
    assert "minichar data get tale" in refused(verified, first)


@pytest.mark.parametrize("note", [b"", b"\xff\x00", b"short"])
def test_a_note_that_is_broken_is_no_crash(first, note):
    fetch(first)
    place(first).with_name("tale.sha256").write_bytes(note)
    if note:
        assert "data remove tale" in refused(fetch, first)
    else:
        assert fetch(first).read_bytes() == TEXT


def test_a_damaged_file_is_said_to_be_and_is_fetched_again(server, tale):
    path = fetch(tale)
    path.write_bytes(TEXT[:-1] + b"?")
    assert "minichar data get tale" in refused(verified, tale)
    server.status = 503
    assert "503" in refused(fetch, tale) and kept() == []
    server.status = 200
    assert fetch(tale).read_bytes() == TEXT


def test_no_network(server, tale):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = dataclasses.replace(tale, url=f"http://127.0.0.1:{unused.getsockname()[1]}/x.txt")
        message = refused(fetch, nobody)
    assert "there is no connection to 127.0.0.1" in message and "data add tale FILE" in message
    assert kept() == []
    assert "no connection" in refused(fetch, dataclasses.replace(tale, url="http://x.invalid/"))


def test_a_server_that_does_not_answer(tale, monkeypatch):
    monkeypatch.setattr(transfer, "PATIENCE", (0.2, 0.2))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.txt"
        assert "does not answer" in refused(fetch, dataclasses.replace(tale, url=url))
    assert kept() == []


@pytest.mark.parametrize("status", [204, 403, 404, 416, 503])
def test_a_server_that_refuses(server, tale, status):
    server.status = status
    assert str(status) in refused(fetch, tale) and kept() == []


def test_a_server_that_is_busy_does_not_cost_the_beginning(server, first):
    server.cut = 100_000
    refused(fetch, first)
    server.cut, server.status = None, 503
    assert "503" in refused(fetch, first) and "tale.txt.part" in kept()
    server.status = 200
    assert fetch(first).read_bytes() == TEXT and "Range" in server.asked[2]


def test_nothing_is_not_a_text(server, first):
    server.body = b""
    assert "arrived empty" in refused(fetch, first) and kept() == []


def test_another_part_than_the_one_asked_for_is_not_taken(server, tale):
    part = place(tale).with_name("tale.txt.part")
    part.parent.mkdir()
    part.write_bytes(TEXT[:100])
    part.with_name("tale.txt.part.version").write_bytes(b'"one"\xff\n')
    server.shift = 7
    assert fetch(tale).read_bytes() == TEXT and "Range" not in server.asked[1]


@pytest.mark.parametrize(
    "kind, body",
    [
        ("text/html; charset=utf-8", b"<title>Log in</title>"),
        ("text/plain", b"\xef\xbb\xbf \n<!DOCTYPE html><title>Log in</title>"),
        ("application/zip", b"<HTML>"),
    ],
)
def test_the_page_of_a_proxy_is_not_the_text(server, first, kind, body):
    server.body, server.kind = body, kind
    assert "a web page came" in refused(fetch, first) and kept() == []


def test_a_few_words_of_a_proxy_are_not_the_text_whose_sha256_nobody_knows(server, first):
    server.body = b"Access denied by the rules of this network.\n"
    assert "only 1 kB came" in refused(fetch, first) and kept() == []
    server.body = TEXT
    assert fetch(first).read_bytes() == TEXT


@pytest.mark.parametrize(
    "ending, begins", [(".zip", b"PK"), (".tar.gz", b"\x1f\x8b"), (".tar.xz", b"\xfd7zXZ")]
)
def test_what_does_not_begin_as_an_archive_is_none(server, ending, begins, tmp_path):
    packed = entry(server, ending=ending, bytes=None, members=("*",))
    server.body = b"Access denied by the rules of this network.\n"
    assert "not an archive" in refused(fetch, packed) and kept() == []
    (tmp_path / "saved").write_bytes(server.body)
    assert "saved is not " in refused(add, packed, tmp_path / "saved") and kept() == []
    server.body = begins + b" and so on"
    assert fetch(packed).read_bytes() == server.body


def test_more_than_twice_what_it_should_be_is_not_read_to_its_end(server, first):
    server.body = TEXT * 9
    told = []
    assert "should have" in refused(fetch, first, lambda done, _: told.append(done))
    assert kept() == [] and max(told) <= 2 * len(TEXT) + transfer.CHUNK


def test_where_nobody_knows_how_long_it_is_there_is_a_limit(server, monkeypatch):
    monkeypatch.setattr(transfer, "LARGEST", 2_000)
    server.body = TEXT * 9
    assert "at most 2 kB, and more came" in refused(fetch, entry(server, bytes=None))
    assert kept() == []


def test_a_disk_that_is_too_small_is_seen_before(tale, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=len(TEXT) - 1)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    assert "the disk is full" in refused(fetch, tale) and kept() == []


def test_what_goes_on_needs_room_for_the_rest_alone(server, tale, monkeypatch):
    server.cut = 100_000
    refused(fetch, tale)
    server.cut = None
    usage = shutil.disk_usage("/")._replace(free=len(TEXT) - transfer.CHUNK)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    assert fetch(tale).read_bytes() == TEXT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="runs where there is /dev/full: Linux")
def test_a_disk_that_becomes_full(tale):
    part = place(tale).with_name("tale.txt.part")
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    assert "MINICHAR_DATA" in refused(fetch, tale) and kept() == []


def test_a_folder_that_cannot_be_written(tale, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MINICHAR_DATA", str(tmp_path / "file" / "in it"))
    assert "cannot be kept" in refused(fetch, tale)
    full = OSError(errno.ENOSPC, "no space")
    monkeypatch.setenv("MINICHAR_DATA", str(tmp_path / "other"))
    monkeypatch.setattr(downloads.shutil, "copyfile", lambda *_: (_ for _ in ()).throw(full))
    (tmp_path / "saved").write_bytes(TEXT)
    assert "the disk is full" in refused(add, tale, tmp_path / "saved") and kept() == []


@pytest.mark.parametrize("known", [True, False], ids=["digest known", "not known"])
def test_what_broke_off_goes_on(server, tale, first, known):
    text = tale if known else first
    server.cut = 100_000
    message = refused(fetch, text)
    assert "broke after 65 kB" in message and "goes on from there" in message
    assert kept() == ["tale.txt.part", "tale.txt.part.version"]
    server.cut = None
    assert fetch(text).read_bytes() == TEXT
    assert (
        server.asked[1]["Range"] == f"bytes={transfer.CHUNK}-"
        and server.asked[1]["If-Range"] == '"one"'
    )
    assert kept() == (["tale.txt"] if known else ["tale.sha256", "tale.txt"])


@pytest.mark.parametrize("version", [None, 'W/"one"'])
def test_the_date_tells_the_version_where_no_tag_vouches_for_each_byte(server, first, version):
    server.version, server.date = version, "Wed, 21 Oct 2015 07:28:00 GMT"
    server.cut = 100_000
    refused(fetch, first)
    server.cut = None
    assert fetch(first).read_bytes() == TEXT and server.asked[1]["If-Range"] == server.date


def test_a_beginning_and_what_is_noted_of_it_can_be_removed(server, first):
    server.cut = 100_000
    refused(fetch, first)
    assert len(kept()) == 2 and remove(first) and kept() == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": '"two"', "body": TEXT[:150_000]},  # another version, and shorter
        {"ranges": False},
        {"version": None},
    ],
    ids=["another version", "no ranges", "no version"],
)
def test_what_cannot_go_on_begins_again(server, first, change):
    server.version = change.get("version", '"one"') and '"one"'
    server.cut = 100_000
    refused(fetch, first)
    server.cut = None
    vars(server).update(change)
    assert fetch(first).read_bytes() == server.body
    assert ("Range" in server.asked[1]) == (change != {"version": None})


def test_a_beginning_that_is_already_the_whole_or_too_long_begins_again(server, tale):
    part = place(tale).with_name("tale.txt.part")
    for begun in (TEXT, TEXT + b"too long"):
        remove(tale)
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(begun)
        assert fetch(tale).read_bytes() == TEXT and kept() == ["tale.txt"]
    assert "Range" in server.asked[0] and "Range" not in server.asked[1]


def test_a_beginning_of_something_else_is_found_out_and_thrown_away(server, tale):
    part = place(tale).with_name("tale.txt.part")
    part.parent.mkdir()
    part.write_bytes(b"?" * 100)
    assert tale.sha256[:12] in refused(fetch, tale) and kept() == []
    assert fetch(tale).read_bytes() == TEXT


def test_two_downloads_at_once_do_not_mix(server, first):
    def disturb(done, _):
        with place(first).with_name("tale.txt.part").open("ab") as part:
            part.write(b"of the other")

    assert "same time" in refused(fetch, first, disturb) and kept() == []


def test_ctrl_c_keeps_the_beginning(server, tale):
    def interrupt(done, _):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(tale, interrupt)
    assert kept() == ["tale.txt.part", "tale.txt.part.version"]
    assert fetch(tale).read_bytes() == TEXT and "Range" in server.asked[1]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, len(TEXT)), max_size=4))
def test_however_often_it_breaks_off_the_bytes_are_the_same(server, first, cuts):
    remove(first)
    for cut in cuts:
        server.cut = cut
        try:
            fetch(first)
        except NotFetched:
            assert not place(first).exists()
    server.cut = None
    assert fetch(first).read_bytes() == TEXT


def test_a_file_saved_by_hand_takes_the_same_way(server, tale, first, tmp_path):
    saved, page = tmp_path / "saved.html", tmp_path / "page"
    saved.write_bytes(TEXT)
    page.write_bytes(b"<html>not found</html>")
    assert "a web page" in refused(add, first, page)
    assert add(tale, saved).read_bytes() == TEXT and kept() == ["tale.txt"]
    saved.write_bytes(TEXT + b"more")
    message = refused(add, tale, saved)
    assert message.startswith(f"{saved} is not tale: its SHA-256 is ")
    assert f"not {tale.sha256[:12]}…" in message and message.endswith("the file is as it was.")
    assert saved.exists() and "came" not in message and "thrown" not in message
    assert place(tale).read_bytes() == TEXT
    with pytest.raises(FileNotFoundError):
        add(tale, tmp_path / "missing")
    remove(tale)
    add(first, saved)
    assert kept() == ["tale.sha256", "tale.txt"] and not server.asked
    saved.write_bytes(TEXT)
    assert "data remove tale" in refused(add, first, saved)


def test_without_a_folder_of_ones_own_it_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("MINICHAR_DATA", raising=False)
    assert downloads.folder().is_absolute() and "minichar" in str(downloads.folder())
    monkeypatch.setenv("MINICHAR_DATA", "~/texts")
    assert downloads.folder() == Path.home() / "texts"


@pytest.mark.parametrize(
    "ending, kept_as",
    [
        (".txt", "tale.txt"),
        ("/", "tale.txt"),
        (".py", "tale.txt"),
        (".zip", "tale.zip"),
        ("-4.0.tar.xz", "tale.tar.xz"),
        (".tar.gz?raw=1", "tale.tar.gz"),
    ],
)
def test_a_file_is_kept_under_the_name_of_the_text(server, ending, kept_as):
    assert place(entry(server, ending=ending)).name == kept_as


@pytest.mark.parametrize(
    "count, says",
    [(None, "size not known"), (5, "1 kB"), (228145, "228 kB"), (36445475, "36.4 MB")],
)
def test_sizes_as_people_say_them(count, says):
    assert transfer.size(count) == says


# The command.


@pytest.fixture
def listed(tale, first, monkeypatch):
    """A catalogue of the two texts of the server, and one that comes with the course."""
    real = datasets.catalogue()["names"]
    other = dataclasses.replace(first, name="fable", note="not confirmed", validation=0.04)
    entries = {"names": real, "tale": tale, "fable": other}
    monkeypatch.setattr(datasets, "catalogue", lambda: entries)
    return entries


def test_data_lists_what_is_here_and_what_would_be_fetched(listed, capsys):
    assert main(["data"]) == 0
    names, tale, fable = capsys.readouterr().out.splitlines()
    assert names.split()[:3] == ["names", "58,955", "here"]
    assert "to fetch, 259 kB" in tale and fable.split()[1].startswith("~")
    assert datasets.at_hand() == ["names"]
    assert main(["data", "get", "tale"]) == 0
    assert datasets.at_hand() == ["names", "tale"]
    capsys.readouterr()
    assert main(["data"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[2] == "here"


def test_data_get_shows_how_far_it_is_and_fetches_once(server, listed, capsys):
    assert main(["data", "get", "tale"]) == 0
    out = capsys.readouterr().out
    assert "tale: 259 kB from http://127.0.0.1" in out and "of 259 kB [" in out
    assert f"tale is here: {len(TEXT):,} characters" in out
    assert main(["data", "get", "tale"]) == 0
    assert "from" not in capsys.readouterr().out and len(server.asked) == 1


def test_data_show_add_and_remove(listed, capsys, tmp_path, monkeypatch):
    (tmp_path / "saved").write_bytes(TEXT)
    monkeypatch.setenv("MINICHAR_COMMAND", "python3 start.py")
    assert main(["data", "show", "fable"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert (
        "not confirmed" in out
        and "the last 4%" in out
        and "run: python3 start.py data add fable FILE" in out
    )
    assert main(["data", "add", "fable", str(tmp_path / "saved")]) == 0
    assert main(["data", "show", "fable"]) == 0
    assert hashlib.sha256(TEXT).hexdigest() in capsys.readouterr().out
    assert main(["data", "remove", "fable"]) == 0 and main(["data", "remove", "fable"]) == 0
    assert capsys.readouterr().out == "fable was removed.\nfable was not here.\n"


@pytest.mark.parametrize(
    "words, says",
    [
        (["get"], "the command is `minichar data get NAME`"),
        (["add", "tale"], "the command is `minichar data add NAME FILE`"),
        (["get", "tale", "file"], "the command is `minichar data get NAME`"),
        (["get", "tail"], "nearest: tale"),
        (["get", "xyz"], "`minichar data` lists them"),
        (["get", "names"], "names is here already"),
        (
            ["remove", "names"],
            "names belongs to the course or to this Python: it cannot be removed",
        ),
        (["add", "names", "file"], "it cannot be replaced"),
        (["add", "tale", "missing"], "minichar: missing: No such file or directory"),
        (
            ["fetch", "tale"],
            "fetch is not a word of `minichar data`; the words are show, get, add, remove",
        ),
        (["tale"], "as in minichar data show tale"),
    ],
)
def test_a_mistake_is_one_line(listed, capsys, words, says):
    try:
        code = main(["data", *words])
    except SystemExit as left:  # argparse
        code = left.code
    error = capsys.readouterr().err
    assert code == 2 and says in error and error.count("\n") == 1


def test_what_goes_wrong_in_the_command_is_one_line(server, listed, capsys, tmp_path):
    server.status = 404
    assert main(["data", "get", "tale"]) == 2
    assert capsys.readouterr().err.startswith("minichar: 127.0.0.1 does not give out tale")
    server.status, server.body = 200, b"\xff" * len(TEXT)  # no UTF-8
    assert main(["data", "get", "fable"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "not fable, so it was removed" in error and kept() == []
    (tmp_path / "mine").write_bytes(server.body)
    assert main(["data", "add", "fable", str(tmp_path / "mine")]) == 2
    assert "mine is not fable, so it was not kept: " in capsys.readouterr().err and kept() == []


def test_load_text_goes_over_the_network_only_when_asked(server, listed):
    with pytest.raises(FileNotFoundError, match="download=True"):
        load_text("tale")
    assert not server.asked
    assert load_text("tale", download=True) == load_text("tale") == TEXT.decode()


def test_a_browser_fetches_nothing_and_says_so(monkeypatch):
    monkeypatch.setattr(downloads.sys, "platform", "emscripten")
    monkeypatch.delenv("MINICHAR_DATA", raising=False)
    entry = datasets.catalogue()["shakespeare"]
    assert not place(entry).exists()
    with pytest.raises(NotFetched, match="in a browser cannot fetch texts"):
        fetch(entry)
