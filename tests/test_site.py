"""The site, without a browser: what the front page says, the files of its networks, refusals."""

import ast
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import mini_course
import nbformat
import numpy as np
import pytest

from minichar import CharModel, Vocabulary
from minichar.course.files import CourseError, checks, lessons, read_notebook
from minichar.course.site import building, front_page, weights

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = '<a href="nowhere.html">x</a>'


def unpacked(data: bytes) -> tuple[dict, dict]:
    """The header and the arrays of a file for the front page."""
    start = 4 + int.from_bytes(data[:4], "little")
    header, arrays = json.loads(data[4:start]), {}
    for entry in header["arrays"]:
        n = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(data, "<f2", n, start).reshape(entry["shape"])
        start += 2 * n
    assert start == len(data)
    return header, arrays


@pytest.mark.parametrize("embedding", [None, 3])
def test_a_network_as_a_file(embedding):
    vocab = Vocabulary.of("añ😀\n")
    model = CharModel(vocab, hidden=(4, 5), embedding=embedding, seed=1)
    header, arrays = unpacked(weights.packed(model))
    assert header["characters"] == list("\nañ😀") and header["hidden"] == [4, 5]
    assert header["embedding"] is (embedding is not None)
    assert arrays.keys() == model.parameters().keys()
    for name, p in model.parameters().items():
        np.testing.assert_array_equal(arrays[name], p.data.astype(np.float16))


def test_arrays_lie_where_a_browser_may_read_pairs_of_bytes():
    for text in ("ab", "abc", "aé"):
        data = weights.packed(CharModel(Vocabulary.of(text), hidden=2))
        assert int.from_bytes(data[:4], "little") % 2 == 0


def test_only_an_lstm_can_be_packed():
    with pytest.raises(ValueError, match="'gru'"):
        weights.packed(CharModel(Vocabulary.of("ab"), cell="gru", hidden=2))


def test_the_front_page_has_every_lesson_with_its_exercises():
    count = {x.number: len(checks(read_notebook(x.solution))) for x in lessons()}
    page = front_page.front_page(README, count)
    for lesson in lessons():
        if lesson.number.isdigit() and count[lesson.number]:
            assert page.count(f'lab/index.html?path={lesson.solution.name}"') >= 1
            there = f'data-lesson="{lesson.number}" data-exercises="{count[lesson.number]}"'
            assert there in page and f'href="read/{lesson.solution.stem}.html"' in page
    assert all(f"In a browser: {limit}." in page for limit in front_page.LIMITS.values())
    assert f"{front_page.MEGABYTES} megabytes" in page and "$" not in page


def test_what_the_table_says_is_text():
    row = "| 03 | [a <b>](notebooks/03_x.ipynb) | <script>alert(1)</script> & more | 7 |"
    page = front_page.front_page(row, {})
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page and "a &lt;b&gt;" in page
    assert "7 min<" in page


def test_a_readme_without_lessons():
    with pytest.raises(ValueError, match="no table of lessons"):
        front_page.front_page("# minichar", {})


def test_limits_name_lessons_that_there_are():
    assert front_page.LIMITS.keys() <= {row.number for row in front_page.lessons_in(README)}


@pytest.mark.parametrize("name", ["01_hello_by_hand", "studio"])
def test_a_lesson_for_the_browser_fetches_the_package_first(name):
    source = ROOT / "notebooks" / f"{name}.ipynb"
    made = nbformat.reads(building.for_browser(source), as_version=4)
    nbformat.validate(made)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert re.search(r"^%pip install -q minichar$", code[0].source, re.M)
    assert made.cells.pop(1) == code[0]  # below the title
    assert made.cells == read_notebook(source).cells


def test_no_jupyterlite(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match=r'pip install .*"\.\[site\]"'):
        building.assemble(tmp_path / "out")


def test_folders_that_will_not_do(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "find_spec", lambda name: name)
    with pytest.raises(CourseError, match="holds no Pyodide"):
        building.assemble(tmp_path / "out", pyodide=tmp_path)
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(CourseError, match="holds something else"):
        building.build(tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "dear diary"


def test_a_step_that_fails_is_said_in_one_line(tmp_path):
    with pytest.raises(CourseError, match="No module named") as error:
        building._run(["-m", "no_such_module"], tmp_path)
    assert "\n" not in str(error.value)
    with pytest.raises(CourseError, match="it said nothing"):
        building._run(["-c", "raise SystemExit(1)"], tmp_path)


def test_a_site_with_a_dead_link_is_refused_and_the_earlier_one_stays(monkeypatch, tmp_path):
    rendering = pytest.importorskip("minichar.course.rendering", reason="needs the extra site")
    out, first = tmp_path / "out", '{"first": true}'

    def assemble(site, *_):
        site.mkdir()
        (site / "jupyter-lite.json").write_text(first)

    monkeypatch.setattr(building, "assemble", assemble)
    monkeypatch.setattr(rendering, "render", lambda lessons, read, tell: tell("a lesson"))
    monkeypatch.setattr(rendering, "reference", lambda folder: None)
    building.build(out, tell=lambda line: None)
    building.build(out, tell=lambda line: None)  # over itself
    first, page = "another", "index.html"
    monkeypatch.setattr(rendering, "reference", lambda r: (r.parent / page).write_text(LINK))
    with pytest.raises(CourseError, match="1 links of the site lead nowhere, .*nowhere.html"):
        building.build(out, tell=lambda line: None)
    assert [path.name for path in out.iterdir()] == ["jupyter-lite.json"]
    assert "first" in (out / "jupyter-lite.json").read_text()  # the earlier site stays


def test_links_to_files_of_the_package_lead_into_the_lab():
    made = building.for_browser(ROOT / "notebooks" / "16_glossary_and_index.ipynb")
    links = set(re.findall(r"\]\(([\w/]+\.py)\)", made))
    assert len(links) > 20 and all(link.startswith(f"{building.SOURCE}/") for link in links)
    assert all((ROOT / link.replace(building.SOURCE, "minichar", 1)).is_file() for link in links)


def test_the_picture_of_a_coloured_text_is_there_and_its_command_still_works():
    """Not that the one is what the other makes: a browser draws it, each a little differently."""
    made = runpy.run_path(str(ROOT / ".github" / "coloured.py"))["picture"]()
    path = ROOT / ".github" / "coloured.png"
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG") and len(data) < 150_000
    assert re.search(r"!\[[^\]]{40,}\]\(\.github/coloured\.png\)", README)
    assert "each coloured by its value" in made.description


def test_what_lessons_import_is_there_in_a_browser():
    """Without the modules that Pyodide lacks, and what pyproject.toml leaves out there."""
    lacking = "_multiprocessing _posixshmem lzma ssl pydoc_data nbformat pooch pytest".split()
    lines = [f"import sys; sys.modules |= dict.fromkeys({lacking})"]
    for lesson in lessons():
        for cell in read_notebook(lesson.solution).cells:
            if cell.cell_type == "code" and "check, hint" in cell.source:  # the lesson's imports
                nodes = ast.parse(cell.source).body
                lines += [
                    ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)
                ]
    assert len(lines) > 40
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_the_lessons_of_the_site_hold_no_answer_of_whoever_builds_it(tmp_path):
    with mini_course.known():
        course = mini_course.make(tmp_path / "course")
        notebooks, out = course / "notebooks", tmp_path / "out"
        (notebooks / "studio.ipynb").write_bytes((ROOT / "notebooks" / "studio.ipynb").read_bytes())
        mine = read_notebook(notebooks / "90_mini.ipynb")
        mine.cells[2].source = "def softmax(z):\n    return my_own"
        nbformat.write(mine, notebooks / "90_mini.ipynb")
        out.mkdir()
        building.write_lessons(course, out)
    assert sorted(p.name for p in out.iterdir()) == ["90_mini.ipynb", "studio.ipynb"]
    text = (out / "90_mini.ipynb").read_text("utf-8")
    assert "my_own" not in text and "your code here" in text and "fetch-package" in text
