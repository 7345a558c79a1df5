"""The gallery: what ships beats counting, its table says so, and each record can be shown."""

import json
import runpy
import subprocess
import sys

import numpy as np
import pytest

import minichar as mc
from minichar import gallery
from minichar.checkpoint import save_model
from minichar.datasets import catalogue, folder, load_text
from minichar.grammars import GRAMMARS
from minichar.text import Vocabulary, split

SHIPPED = [name for name in gallery.EXHIBITS if gallery._file(name).is_file()]
OURS = [name for name in SHIPPED if catalogue()[name].kind in ("file", "generated")]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder of weights in place of the shipped one, with the catalogue beside it."""
    (tmp_path / "weights" / "lstm").mkdir(parents=True)
    for file in folder().glob("*.t*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(gallery, "folder", lambda: tmp_path)
    return tmp_path / "weights" / "lstm"


def small(text):
    return mc.CharModel(Vocabulary.of(text), "lstm", hidden=4)


@pytest.mark.parametrize("name", OURS)
def test_a_network_beats_counting_on_what_it_never_saw(name):
    """By far: what changes between machines is in the fourth digit."""
    found = gallery.measured(name, load_text(name), gallery.network(name))
    assert found["held_out"] < found["counting"] - 0.05
    noted = gallery.exhibit(name)
    for key in gallery.BITS:
        assert getattr(noted, key) == pytest.approx(found[key], abs=0.01)
    assert noted.characters == found["characters"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_network_fits_its_text_and_is_small(name):
    model = gallery.network(name)
    if catalogue()[name].here:
        assert set(load_text(name)) <= set(model.vocab.characters)
    assert gallery._file(name).stat().st_size < (300_000 if name in GRAMMARS else 2_500_000)


@pytest.mark.parametrize("name", OURS)
def test_what_is_held_out_was_not_learned(name):
    text = load_text(name)
    learned, held_out = gallery.learned_from(name, text), split(text, validation=0.1)[1]
    assert learned.startswith("\n") and learned.endswith(split(text, validation=0.1)[0])
    assert held_out not in learned
    if name in GRAMMARS:  # pieces of 100 characters of it: hardly one in what was made besides
        pieces = [held_out[k : k + 100] for k in range(0, len(held_out) - 100, 100)]
        assert sum(piece in learned for piece in pieces) < 3


@pytest.mark.parametrize(
    "name", [name for name in SHIPPED if gallery._file(name, ".json").exists()]
)
def test_the_strip_of_a_network(name):
    written = gallery.on_the_way(name)
    steps, texts = zip(*written, strict=True)
    assert steps[:5] == (0, 1, 2, 5, 10) and list(steps) == sorted(set(steps))
    assert {len(text) for text in texts} == {300}
    known = set(gallery.network(name).vocab.characters)
    assert set("".join(texts)) <= known
    assert gallery._file(name, ".json").stat().st_size < 20_000
    picture = gallery.evolution(written, 40, "Strip")
    assert picture.html.startswith('<table class="mathjax_ignore')  # or $x$ would be a formula
    assert 5 < picture.description.count("steps:") <= len(written)
    assert f"steps: {steps[-1]:,}, what it writes: " in picture.description


def test_a_strip_shows_the_beginning_of_what_was_written():
    found = gallery.evolution([(0, "abcdef"), (12_000, "gh\nijk")], 3, "Strip").description
    assert found.split("\n")[1:] == [
        "steps: 0, what it writes: abc",
        "steps: 12,000, what it writes: gh",
    ]


def test_a_strip_leaves_out_what_is_nearly_the_same_as_above():
    written = [
        (0, "abcdef"),
        (1, "abcxyf"),
        (2, "abcxyz"),
        (5, "abuvyz"),
        (10, "uvwxyz"),
        (20, "uvwxyz"),
    ]
    found = gallery.evolution(written).description.split("\n")
    assert [line.split(",")[0] for line in found] == [
        "steps: 0",
        "steps: 2",
        "steps: 10",
        "steps: 20",
    ]


def test_every_grammar_of_the_gallery_has_its_network_and_strip():
    assert {"names", "environments", "tags", "tunes"} <= set(SHIPPED)
    assert all(gallery.on_the_way(name) for name in ("environments", "tags", "tunes"))


def test_measured_the_slow_way(monkeypatch):
    """Each character by itself, and each memory of counting counted by itself."""
    monkeypatch.setattr(gallery, "LONGEST", 40)
    monkeypatch.setattr(gallery, "COUNTED", 300)
    text = "abcab\n" * 60 + "cabba\nb" * 12
    model = small(text)
    found = gallery.measured("own", text, model)
    given, held_out = "\n" + text[:-44], text[-44:-4]  # the first 40 of the last tenth
    learned = given[: -round(0.05 * len(given))]  # the rest was for validation
    assert (found["text"], found["characters"]) == ("own", len(learned))
    for name, part in (("held_out", held_out), ("train", learned[-40:])):  # after a line end
        assert found[name] == pytest.approx(mc.score(model, part)[1:].mean(), abs=1e-4)
    learned, vocab = learned[-300:], model.vocab
    models = [mc.NGram(learned, k, vocab, "kneser-ney") for k in range(9)]
    counted = [counts.bits(held_out)[1:].mean() for counts in models]
    assert found["counting"] == pytest.approx(min(counted), abs=1e-4)
    assert found["order"] == np.argmin(counted)

    def mixed(part, share):
        a, b = mc.score(model, part)[1:], models[found["order"]].bits(part)[1:]
        return -np.log2(share * 2**-a + (1 - share) * 2**-b).mean()

    validation = given[-round(0.05 * len(given)) :][:40]
    shares = [k / 40 for k in range(41)]
    assert found["share"] == min(shares, key=lambda share: mixed(validation, share))
    assert found["both"] == pytest.approx(mixed(held_out, found["share"]), abs=1e-4)


@pytest.mark.parametrize("name", SHIPPED)
def test_both_together_are_as_good_as_the_better_and_on_real_texts_ahead(name):
    """What lesson 12 says of the table."""
    shown = gallery.exhibit(name)
    better = min(shown.held_out, shown.counting)
    assert shown.both < (better + 0.001 if name in GRAMMARS else better - 0.05)
    if name in ("shakespeare", "moby-dick", "latex", "wiki"):
        assert shown.counting < shown.held_out + 0.01


def test_texts_that_are_not_here_keep_their_numbers(elsewhere):
    text = "to be\n" * 50
    note = dict(characters=270, train=1.5, held_out=2.5, counting=2.25, both=2.125)
    save_model(elsewhere / "shakespeare.npz", small(text), half=True, note=note)
    shown = gallery.exhibit("shakespeare")
    assert (shown.characters, shown.held_out) == (270, 2.5)
    [row] = gallery.table(length=5).description.split("\ntext:")
    assert row.startswith(
        "text: shakespeare, characters: 270, network: LSTM 4, bits: training: 1.5"
    )


def test_of_a_sample_the_first_lines_are_shown(elsewhere, monkeypatch):
    note = dict(characters=270, train=1.5, held_out=2.5, counting=2.25, both=2.125)
    save_model(elsewhere / "shakespeare.npz", small("to be\n"), note=note)
    monkeypatch.setattr(gallery, "sample", lambda *_, **__: "\n" + "a\n\nb\n" * 9)
    [row] = gallery.rows()
    assert row[-1] == "a\n\nb\na\n\nb\na" and row[-1].count("\n") == gallery.LINES - 1


def test_without_a_note_it_is_measured(elsewhere):
    model = small(load_text("page"))
    save_model(elsewhere / "page.npz", model)
    found = gallery.measured("page", load_text("page"), model)
    assert gallery.exhibit("page").held_out == pytest.approx(found["held_out"])


def test_names_that_do_not_come_with_the_course(elsewhere):
    save_model(elsewhere / "page.npz", small("ab"))
    with pytest.raises(ValueError, match="no network called 'novel' comes.*: page"):
        gallery.network("novel")
    (elsewhere / "page.json").write_text(json.dumps([[0, "a"], [1, "b"]]))
    assert gallery.on_the_way("page") == [(0, "a"), (1, "b")]
    with pytest.raises(ValueError, match="was not kept; it was for: page"):
        gallery.on_the_way("novel")
    assert gallery.exhibits() == []


def test_a_network_in_a_word():
    vocab = Vocabulary("ab")
    for hidden, word in ((4, "4"), ((4, 4), "2 x 4"), ((4, 3), "4 + 3")):
        assert gallery.shape(mc.CharModel(vocab, "gru", hidden=hidden)) == f"GRU {word}"


def test_the_table_is_printed_by_one_command():
    command = [sys.executable, "-m", "minichar.gallery"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    head, *lines = done.stdout.splitlines()
    assert head.split("  ")[0] == "text" and done.stderr == ""
    numbers = [line for line in lines if line and not line.startswith("    | ")]
    assert [line.split()[0] for line in numbers] == SHIPPED
    for line in numbers:
        shown = gallery.exhibit(line.split()[0])
        bits = [f"{getattr(shown, key):.3f}" for key in gallery.BITS]
        assert line.split()[1] == f"{shown.characters:,}" and line.split()[-4:] == bits
        assert lines[lines.index(line) + 1].startswith("    | ")  # what it writes


def test_in_print_the_columns_stand_below_each_other():
    row = ("tags", "1,234", "LSTM 2 x 256", 1.0, 2.25, 3.5, 2.125, "<a>\n</a>")
    head, blank, numbers, *written = gallery.in_print([row]).splitlines()
    assert blank == "" and written == ["    | <a>", "    | </a>"]
    values = ("1.000", "2.250", "3.500", "2.125")
    for name, value in zip(gallery.HEADER[3:-1], values, strict=True):
        assert head.index(name) + len(name) == numbers.index(value) + len(value)
    assert head.index("network") == numbers.index("LSTM")


def test_a_network_is_trained_measured_and_kept(tmp_path, monkeypatch):
    """As datasets/build.py does it, but for 3 steps."""
    build = runpy.run_path(str(folder() / "build.py"))
    monkeypatch.setitem(build["NETWORKS"], "tags", (build["SMALL"], 3, 4, 10, 0.01, 0.0))
    monkeypatch.setattr(gallery, "MORE", 2000)
    build["network"]("tags", load_text("tags"), tmp_path)
    assert [step for step, _ in json.loads((tmp_path / "tags.json").read_text())] == [0, 1, 2, 3]
    model = mc.load_model(tmp_path / "tags.npz")
    found = gallery.measured("tags", load_text("tags"), model)
    monkeypatch.setattr(gallery, "_file", lambda name, ending=".npz": tmp_path / f"{name}{ending}")
    assert gallery.exhibit("tags").held_out == pytest.approx(found["held_out"], abs=1e-3)
