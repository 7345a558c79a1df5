"""The front page of the site in a real browser, and the lab behind it, served by in_page.py."""

import re

import lab
import nbformat
import numpy as np
import pytest
from in_page import IN_STORE, asked_outside, saved, visitor, waits_for

from minichar import sampling
from minichar.course.files import checks, lessons, read_notebook
from minichar.course.site import building
from minichar.gallery import network

pytestmark = pytest.mark.browser


def written(page) -> str:
    return page.locator("#page").inner_text()


def test_the_front_page_writes_before_anything_else(site, page):
    page.goto(site.address)
    waits_for(page, lambda: len(written(page)) > 40)
    assert written(page).startswith("ma")
    known = set(network("names").vocab.characters)
    assert set(written(page)) <= known
    page.get_by_role("button", name="Stop").click()
    n = len(written(page))
    page.wait_for_timeout(300)
    assert len(written(page)) == n
    assert asked_outside(page) == []
    assert page.complaints == []


def test_a_cold_network_repeats_itself_and_a_hot_one_does_not(site, page):
    page.goto(site.address)
    texts = {}
    for temperature in ("0.1", "2"):
        page.get_by_label("Temperature, as a number").fill(temperature)
        page.get_by_role("button", name="Write").click()
        waits_for(page, lambda: "Done" in page.locator("#status").inner_text())
        texts[temperature] = written(page).split()
        assert page.get_by_label("Temperature", exact=True).input_value() == temperature
    variety = {t: len(set(names)) / len(names) for t, names in texts.items()}
    assert variety["0.1"] < 0.7 < 0.95 < variety["2"]


def test_the_slider_works_by_keyboard(site, page):
    page.goto(site.address)
    page.get_by_label("Temperature", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Temperature, as a number").input_value() == "0.75"


def test_a_character_it_never_met_is_named(site, page):
    page.goto(site.address)
    page.get_by_label("It goes on from").fill("mañana")
    page.get_by_role("button", name="Write").click()
    waits_for(page, lambda: "never seen “ñ”" in page.locator("#status").inner_text())


def test_a_network_that_cannot_be_fetched_is_tried_again(site, page):
    page.route("**/python.bin", lambda route: route.abort())
    page.goto(site.address)
    page.get_by_label("It has read").select_option("python")
    waits_for(page, lambda: "did not work" in page.locator("#status").inner_text())
    page.unroute("**/python.bin")
    page.get_by_role("button", name="Write").click()
    waits_for(page, lambda: written(page).startswith("def "))


@pytest.mark.parametrize("name", building.NETWORKS)
def test_the_page_computes_what_the_package_computes(site, page, name):
    model = network(name)
    for p in model.parameters().values():
        p.data[...] = p.data.astype(np.float16)  # as the file for the page has them
    text = "\n" + "".join(c for c in "def max(a):\n  return" if c in model.vocab.characters)
    page.goto(site.address)
    found = page.evaluate(
        """async ([name, text]) => {
          const { Network } = await import("./network.js");
          const net = await Network.fetch(`networks/${name}.bin`);
          return [...text].map((c) => Array.from(net.step(net.characters.indexOf(c))));
        }""",
        [name, text],
    )
    expected, state = [], None
    for i in model.vocab.encode(text):
        z, state = model.step(int(i), state)
        expected.append(z)
    np.testing.assert_allclose(found, np.reshape(expected, np.shape(found)), atol=2e-4)


def test_the_page_draws_as_the_temperature_says(site, page):
    page.goto(site.address)
    z, temperature, n = [1.0, 2.2, -3.0, 4.1], 1.7, 20_000
    counts = page.evaluate(
        """async ([z, temperature, n]) => {
          const { draw } = await import("./network.js");
          const counts = z.map(() => 0);
          for (let k = 0; k < n; k++) counts[draw(z, temperature, () => (k + .5) / n).id]++;
          return counts;
        }""",
        [z, temperature, n],
    )
    p = sampling.distribution(np.array(z), temperature)
    np.testing.assert_allclose(np.array(counts) / n, p, atol=2 / n)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_front_page_fits(site, chromium, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(site.address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_every_link_of_the_front_page_leads_somewhere(site, page):
    out, address = site.folder, site.address
    page.goto(address)
    links = page.eval_on_selector_all("[href], [src]", "e => e.map(x => x.href || x.src)")
    for link in links:
        inside = link.removeprefix(address)
        if inside != link and not inside.startswith(("read/", "reference/")):  # test_rendering.py
            assert (out / inside.split("?")[0].split("#")[0]).exists(), link
    opened = {m[1] for link in links if (m := re.search(r"\?path=(\w+\.ipynb)$", link))}
    assert opened == {p.name for p in (out / "files").glob("*.ipynb")}


def test_the_lab_lists_the_lessons(site, page):
    page.goto(site.address + "lab/index.html")
    listed = page.locator(".jp-DirListing-itemText")
    for name in ("00_start_here.ipynb", "15_where_next.ipynb", "studio.ipynb"):
        listed.get_by_text(name, exact=True).wait_for()
    assert listed.count() == len(list((site.folder / "files").glob("*.ipynb"))) + 1  # package/


def test_a_link_to_a_file_of_the_package_opens_it_in_the_lab(site, page):
    page.goto(f"{site.address}lab/index.html?path=16_glossary_and_index.ipynb")
    page.get_by_role("link", name="rnn100.py").first.click()
    shown = page.locator(".jp-FileEditor .cm-content")
    shown.wait_for()
    first = (lab.ROOT / "minichar" / "rnn100.py").read_text(encoding="utf-8").splitlines()[0]
    waits_for(page, lambda: first in shown.inner_text())


def test_work_is_downloaded_and_brought_back(site, page, chromium, tmp_path):
    name, mine = "02_counting.ipynb", "my_own_words = 42"
    lesson = next(x for x in lessons() if x.solution.name == name)
    solution = read_notebook(lesson.solution)
    exercises = list(checks(solution))
    said = [f"Exercise {number}: right.\n" for number in exercises[:2]]
    done = nbformat.reads(building.for_browser(lesson.notebook), as_version=4)
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in said]
    done.cells.append(nbformat.v4.new_code_cell("", outputs=outputs))
    unchanged = (site.folder / "files" / name).read_bytes()
    try:
        (site.folder / "files" / name).write_text(nbformat.writes(done), "utf-8")
        page.goto(f"{site.address}lab/index.html?path={name}")
        page.locator(".jp-NotebookPanel .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+End")
        page.keyboard.type(f"\n{mine}")
        saved(page, name)
        page.locator(".jp-DirListing-itemText").get_by_text(name, exact=True).click(button="right")
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Download", exact=True).click()
        file = tmp_path / name
        download.value.save_as(file)
    finally:
        (site.folder / "files" / name).write_bytes(unchanged)
    assert download.value.suggested_filename == name
    assert mine in nbformat.read(file, as_version=4).cells[1].source
    progress = f"2 of {len(exercises)} solved"
    page.goto(site.address)
    waits_for(page, lambda: solved(page, name) == progress)
    with visitor(chromium) as elsewhere:
        elsewhere.goto(site.address)
        elsewhere.wait_for_timeout(1000)
        assert solved(elsewhere, name) == ""
        elsewhere.goto(f"{site.address}lab/index.html")
        elsewhere.locator(".jp-DirListing-itemText").get_by_text(name, exact=True).wait_for()
        with elsewhere.expect_file_chooser() as chooser:
            elsewhere.get_by_role("button", name="Upload Files").click()
        chooser.value.set_files(file)
        elsewhere.get_by_role("button", name="Overwrite").click()
        waits_for(elsewhere, lambda: elsewhere.evaluate(IN_STORE, name))
        assert mine in elsewhere.evaluate(IN_STORE, name)
        elsewhere.goto(site.address)
        waits_for(elsewhere, lambda: solved(elsewhere, name) == progress)


def solved(page, name: str) -> str:
    """What the front page says of a lesson."""
    return page.locator(f"[data-lesson='{name[:2]}'] .solved").inner_text()
