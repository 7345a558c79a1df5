import errno
import io
import json
import os
import random
import signal
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from rewriting import rewritten
from train_and_save import TEXT, fresh

import minichar as mc
from minichar.archive import BadModelFile, opened, spoken, write
from minichar.checkpoint import load_model, load_training, save_model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file with a model alone, and one with a training that has everything in it."""
    folder, training = tmp_path_factory.mktemp("files"), fresh()
    while training.step_number < 53:
        training.step()
    save_model(folder / "model.npz", training.model)
    save_model(folder / "training.npz", training.model, training)
    return folder / "model.npz", folder / "training.npz"


def same(one, other):
    one, other = ((m.settings(), m.vocab, *m.parameters().items()) for m in (one, other))
    return all(
        a == b if not isinstance(a, tuple) else a[0] == b[0] and (a[1].data == b[1].data).all()
        for a, b in zip(one, other, strict=True)
    )


def npy(array, **how):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **how)
    return file.getvalue()


# --- writing


def test_the_same_contents_give_the_same_bytes(tmp_path):
    for name in "ab":
        write(tmp_path / name, {"x": 1}, {"y/z": np.arange(3)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "array", [np.zeros((3, 1)), np.float32(2), np.ones((2, 3, 4)).T, np.eye(0)]
)
def test_what_is_written_is_read(tmp_path, array):
    write(tmp_path / "a", {"x": [1, None]}, {"y": array})
    with opened(tmp_path / "a") as found:
        assert found.header == {"x": [1, None]}
        np.testing.assert_array_equal(found.array("y", np.shape(array), array.dtype), array)
        found.finish()


def test_the_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old(tmp_path, monkeypatch):
    done, path = [], tmp_path / "m.npz"
    fsync, replace = os.fsync, os.replace

    def synced(number):
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{number}") else "file")
        fsync(number)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    write(path, {}, {})
    assert done == ["file", "replace", "folder"]


def test_a_full_disk_leaves_the_old_file_as_it_was(tmp_path):
    resource = pytest.importorskip("resource", reason="needs a system with setrlimit")
    write(tmp_path / "m.npz", {}, {"x": np.zeros(10)})
    before = (tmp_path / "m.npz").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
        with pytest.raises(OSError, match="m.npz'$"):
            write(tmp_path / "m.npz", {}, {"x": np.zeros(1000), "y": np.zeros(10)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == ["m.npz"] and (tmp_path / "m.npz").read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
@pytest.mark.parametrize("where", ["np.lib.format.write_array", "os.fsync", "os.replace"])
def test_whatever_stops_it_the_old_file_stays_and_no_other_is_left(
    tmp_path, monkeypatch, where, error
):
    write(tmp_path / "m.npz", {}, {"x": np.zeros(10)})
    before = (tmp_path / "m.npz").read_bytes()

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(f"minichar.archive.{where}", fail)
    with pytest.raises(error):
        write(tmp_path / "m.npz", {}, {"x": np.ones(10)})
    assert os.listdir(tmp_path) == ["m.npz"] and (tmp_path / "m.npz").read_bytes() == before


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    for name in ("folder", "nowhere/m.npz"):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(OSError) as caught:
            write(tmp_path / name, {}, {})
        assert caught.value.filename == str(tmp_path / name) and caught.value.filename2 is None
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    "error, said",
    [
        (OSError(errno.ENOENT, "No such file", "a.txt"), "a.txt: No such file"),
        (OSError(errno.EXDEV, "Other disk", "from", None, "to"), "to: Other disk"),
        (OSError(errno.ENOSPC, "Disk full"), "Disk full"),
        (OSError("in words of our own"), "in words of our own"),
        (ValueError("no number"), "no number"),
    ],
)
def test_what_the_system_refuses_is_told_with_its_file(error, said):
    assert spoken(error) == said


def test_numbers_of_numpy_in_a_header_are_numbers(tmp_path):
    write(tmp_path / "a.npz", {"n": np.int64(3), "x": np.float32(0.5), "yes": np.bool_(True)}, {})
    with opened(tmp_path / "a.npz") as found:
        assert json.dumps(found.header) == '{"n": 3, "x": 0.5, "yes": true}'


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "m.npz")
    write(tmp_path / "link", {}, {})
    assert (tmp_path / "link").is_symlink() and (tmp_path / "m.npz").is_file()


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_who_may_read_the_old_file_may_read_the_new_one_and_nobody_else(tmp_path, mode):
    path = tmp_path / "m.npz"
    write(path, {}, {})
    path.chmod(mode)
    write(path, {"now": 1}, {})
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("header", [{"x": float("nan")}, {"x": "a" * (1 << 16)}])
def test_a_header_that_no_reader_would_take_is_not_written(tmp_path, header):
    with pytest.raises(ValueError):
        write(tmp_path / "m.npz", header, {})
    assert os.listdir(tmp_path) == []


def test_an_array_that_would_need_pickle_is_not_written(tmp_path):
    with pytest.raises(ValueError):
        write(tmp_path / "m.npz", {}, {"x": np.array([{}])})
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_not_there_is_no_bad_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nowhere.npz")
    with pytest.raises(FileNotFoundError), opened(tmp_path / "nowhere.npz"):
        pass


# --- reading what was damaged


def damaged(data, rng):
    """`data` with something done to it that disks, cables and people do."""
    data, n = bytearray(data), len(data)
    a, b = sorted((rng.randrange(n), rng.randrange(n)))
    match rng.randrange(7):
        case 0:  # some bits turned over
            for _ in range(rng.choice((1, 1, 2, 8))):
                data[rng.randrange(n)] ^= 1 << rng.randrange(8)
        case 1:  # the same where a zip keeps its names and sizes
            for _ in range(rng.choice((1, 2))):
                data[rng.randrange(max(0, n - 1500), n)] = rng.randrange(256)
        case 2:  # cut short
            del data[a:]
        case 3:  # a piece lost
            del data[a : min(b, a + rng.choice((1, 50, n)))]
        case 4:  # a block never written
            data[a : a + 512] = bytes(len(data[a : a + 512]))
        case 5:  # a piece in the wrong place
            data[a : a + 64] = data[b : b + 64]
        case 6:  # something put in, or added at the end
            place = rng.choice((a, n))
            data[place:place] = rng.randbytes(rng.choice((1, 4, 30)))
    return bytes(data)


@pytest.mark.parametrize("training, cases", [(False, 4000), (True, 200)])
def test_a_damaged_file_gives_the_same_model_or_is_refused(files, tmp_path, training, cases):
    path, rng, refused = tmp_path / "d.npz", random.Random(5), 0
    if training:
        path.write_bytes(files[1].read_bytes())
    else:
        save_model(path, mc.CharModel(mc.Vocabulary.of("hello"), "rnn", 3))
    whole, truth = path.read_bytes(), load_model(path)
    for case in range(cases):
        path.write_bytes(damaged(whole, rng))
        if watched := case % 20 == 0:  # watching memory makes it slow
            tracemalloc.start()
        try:
            model = load_training(path, TEXT).model if training else load_model(path)
            assert same(model, truth), case
        except BadModelFile as error:
            message = str(error)
            assert message.startswith("d.npz ") and "\n" not in message
            refused += 1
        if watched:
            assert tracemalloc.get_traced_memory()[1] < 5e6
            tracemalloc.stop()
    assert refused > 0.8 * cases and os.listdir(tmp_path) == ["d.npz"]


# --- reading what was made to do harm


class Trap:
    """Unpickled, it makes a file."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


def with_header(change):
    def changes(parts):
        header = json.loads(parts["header.json"])
        change(header)
        return {"header.json": json.dumps(header).encode()}

    return changes


def with_setting(**settings):
    return with_header(lambda header: header["settings"].update(settings))


W = "weights/0.Whh.npy"
SHAPE = (9, 36)  # of W in the file


def with_weights(array, **how):
    return lambda parts: {W: npy(array, **how)}


def claims(shape):
    """The beginning of an .npy that says it goes on for long."""
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(100)


def codes(*numbers):
    return lambda parts: {"vocabulary.npy": npy(np.array(numbers, "<u4"))}


HARM = {
    "another version": (with_header(lambda h: h.update(version=2)), "update minichar"),
    "another format": (
        with_header(lambda h: h.update(format="maxichar")),
        "not a file of minichar",
    ),
    "no version": (with_header(lambda h: h.pop("version")), "damaged"),
    "no settings": (with_header(lambda h: h.pop("settings")), "damaged"),
    "a version of text": (with_header(lambda h: h.update(version="2\n")), "number"),
    "a version that goes on": (with_header(lambda h: h.update(version=[0] * 9999)), "it says"),
    "a format of two lines": (with_header(lambda h: h.update(format="a\nb")), "minichar"),
    "header is a list": (lambda parts: {"header.json": b"[]"}, "damaged"),
    "header is nan": (lambda parts: {"header.json": b"NaN"}, "damaged"),
    "header is empty": (lambda parts: {"header.json": b""}, "damaged"),
    "header is no text": (lambda parts: {"header.json": b"\xff\xfe\xfd"}, "damaged"),
    "header is deep": (lambda parts: {"header.json": b"[" * 60_000}, "damaged"),
    "header is long": (lambda parts: {"header.json": b" " * 10**7}, "too long"),
    "header has a huge number": (lambda parts: {"header.json": b"1" * 60_000}, "damaged"),
    "no header": (lambda parts: {"header.json": None}, "damaged"),
    "array missing": (lambda parts: {W: None}, "damaged"),
    "array too many": (lambda parts: {"weights/2.Whh.npy": parts[W]}, "2.Whh"),
    "path out of the folder": (lambda parts: {"../evil.npy": parts[W]}, "evil"),
    "absolute path": (lambda parts: {"/tmp/evil.npy": parts[W]}, "evil"),
    "pickle": (with_weights(np.array([Trap()], object), allow_pickle=True), "0.Whh"),
    "wrong shape": (with_weights(np.zeros(SHAPE[::-1], "f4")), "0.Whh"),
    "wrong type": (with_weights(np.zeros(SHAPE, "f8")), "0.Whh"),
    "wrong order": (with_weights(np.zeros(SHAPE, "f4", order="F")), "0.Whh"),
    "wrong bytes": (with_weights(np.zeros(SHAPE, ">f4")), "0.Whh"),
    "another .npy version": (with_weights(np.zeros(SHAPE, "f4"), version=(2, 0)), "0.Whh"),
    "nan": (with_weights(np.full(SHAPE, np.nan, "f4")), "not finite"),
    "inf": (with_weights(np.full(SHAPE, -np.inf, "f4")), "not finite"),
    "claims gigabytes": (lambda parts: {W: claims((10**5, 10**5))}, "0.Whh"),
    "claims to be negative": (lambda parts: {W: claims((-9, -36))}, "0.Whh"),
    "claims more than it has": (lambda parts: {W: claims(SHAPE)}, "length"),
    "has more than it claims": (lambda parts: {W: parts[W] + b"x"}, "length"),
    "array is empty": (lambda parts: {W: b""}, "damaged"),
    "array is no array": (lambda parts: {W: b"x" * 500}, "damaged"),
    "its header is long": (lambda parts: {W: b"\x93NUMPY\1\0\xff\xff" + b"(" * 65535}, "damaged"),
    "no halves at all": (with_header(lambda h: h.update(half=True)), "is needed"),
    "a million neurons": (with_setting(hidden=[10**6]), "weights"),
    "10³⁰ neurons": (with_setting(hidden=[10**30]), "number"),
    "a long embedding": (with_setting(embedding=10**9), "weights"),
    "ten thousand layers": (with_setting(hidden=[1] * 10**4), "weights"),
    "minus one neuron": (with_setting(hidden=[-1, 7]), "number"),
    "neurons of text": (with_setting(hidden="97"), "number"),
    "half a neuron": (with_setting(hidden=[9.5, 7]), "number"),
    "true neurons": (with_setting(hidden=[True, 7]), "number"),
    "another cell": (with_setting(cell="transformer"), "damaged"),
    "another type": (with_setting(dtype="object"), "damaged"),
    "longer floats": (with_setting(dtype="float128"), "damaged"),
    "too much dropout": (with_setting(dropout=1), "damaged"),
    "a setting unknown": (with_setting(evil=True), "damaged"),
    "a device unknown": (with_setting(device="toaster"), "damaged"),
    "10⁹ characters": (with_header(lambda h: h.update(characters=10**9)), "vocabulary"),
    "a character twice": (codes(*[97] * 28), "damaged"),
    "no such character": (codes(*range(27), 0x110000), "damaged"),
}


@pytest.mark.parametrize("changes, said", HARM.values(), ids=HARM.keys())
def test_a_file_made_to_do_harm_is_refused(files, tmp_path, monkeypatch, changes, said):
    monkeypatch.chdir(tmp_path)
    for whole in files:
        with zipfile.ZipFile(whole) as old:
            parts = {name: old.read(name) for name in old.namelist()}
        rewritten(whole, "bad.npz", changes(parts))
        refuse("bad.npz", said, both=whole != files[0])


def refuse(path, said, both=False):
    """Loading is refused in one line, in little memory, and leaves nothing behind."""
    for load in (load_model, lambda p: load_training(p, TEXT)) if both else (load_model,):
        if both and load is load_model and said in ("2.Whh", "evil"):
            continue  # what belongs to a training is for those to judge who load it
        tracemalloc.start()
        try:
            with pytest.raises(BadModelFile) as error:
                load(path)
            assert tracemalloc.get_traced_memory()[1] < 5e6
        finally:
            tracemalloc.stop()
        message = str(error.value)
        assert said in message and "bad" in message and "\n" not in message and len(message) < 300
    assert os.listdir() == ["bad.npz"]


def zipped(whole, how=zipfile.ZIP_STORED, **more):
    """The parts of a file, packed, with others added."""
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile("bad.npz", "w", how) as new:
        for name in old.namelist():
            new.writestr(name, more.get(name, old.read(name)))


def test_a_bomb_is_refused(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zipped(files[0], zipfile.ZIP_DEFLATED, **{W: bytes(10**7)})
    refuse("bad.npz", "larger than they are")
    zipped(files[0], zipfile.ZIP_BZIP2, **{"header.json": b" " * 10**7})
    refuse("bad.npz", "larger than they are")
    with open("bad.npz", "rb") as file:
        data = bytearray(file.read())
    entry = -1
    while (entry := data.find(b"PK\1\2", entry + 1)) >= 0:  # what each part says of its size
        data[entry + 24 : entry + 28] = data[entry + 20 : entry + 24]
    with open("bad.npz", "wb") as file:
        file.write(data)
    refuse("bad.npz", "larger than they are")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zipped(files[0])
    with zipfile.ZipFile("bad.npz", "a") as new:
        new.writestr(W, b"")
    refuse("bad.npz", "same name")


def test_parts_that_share_their_bytes_are_refused(files, tmp_path, monkeypatch):
    """Many names for one place would let a small file ask for much memory."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("bad.npz", "w") as new:
        new.writestr("header.json", b"x" * 10_000)
        first = new.infolist()[0]
        for k in range(50):
            again = zipfile.ZipInfo(f"{k}.npy")
            again.CRC, again.file_size, again.compress_size = first.CRC, 10_000, 10_000
            again.header_offset = first.header_offset
            new.filelist.append(again)
    refuse("bad.npz", "larger than they are")


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda data: b"", "neither"),
        (lambda data: b"P", "cut short"),
        (lambda data: b"\x89PNG\r\n\x1a\n" * 100, "neither"),
        (lambda data: b"To be, or not to be" * 1000, "neither"),
        (lambda data: data + b"\0", "something was added"),
        (lambda data: data[:-2] + b"\1\0x", "something was added"),
        (lambda data: data[:-10] + struct.pack("<L", 2**31) + data[-6:], "too long"),
        (lambda data: data[:-22] + b"PK\6\7" + bytes(16) + data[-22:], "too long"),
        (lambda data: data[:-6] + b"\xff\xff\xff\xff" + data[-2:], ""),
        (lambda data: b"P" + bytes(100) + data[-22:], ""),
        (lambda data: data[-22:].rjust(50, b"P"), ""),
    ],
)
def test_what_is_no_such_file_is_refused(files, tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    with open("bad.npz", "wb") as file:
        file.write(change(files[0].read_bytes()))
    refuse("bad.npz", said)


def test_a_huge_file_of_something_else_is_refused_without_reading_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for first in (b"P", b"{", b"x"):
        with open("bad.npz", "wb") as file:
            file.write(first)
            file.truncate(3 * 10**9)  # a hole: it takes no space on the disk
        refuse("bad.npz", "")


def test_a_computer_without_room_does_not_make_a_file_a_damaged_one(files, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("minichar.archive.np.frombuffer", full)
    with pytest.raises(MemoryError):
        load_model(files[0])


def test_every_byte_of_the_numbers_is_under_a_checksum(files, tmp_path):
    data = bytearray(files[0].read_bytes())
    with zipfile.ZipFile(files[0]) as whole:
        start = whole.getinfo(W).header_offset + 30 + len(W)
    for place in range(start, start + 128 + 4 * SHAPE[0] * SHAPE[1], 97):
        data[place] ^= 1
        (tmp_path / "d.npz").write_bytes(data)
        with pytest.raises(BadModelFile):
            load_model(tmp_path / "d.npz")
        data[place] ^= 1
    (tmp_path / "d.npz").write_bytes(data)
    assert same(load_model(tmp_path / "d.npz"), load_model(files[0]))
