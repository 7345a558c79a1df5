"""The site in a real browser: the front page, and lessons in a Python that runs in the page.

Running a lesson takes a Pyodide with numpy and matplotlib. The site has the visitor fetch one; a
test asks no host outside, so it needs a folder that has one, named by MINICHAR_PYODIDE.
"""

import functools
import http.server
import json
import os
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from lab import browser, needs_browser

from minichar import sampling
from minichar.course.files import checks, lessons, read_notebook
from minichar.course.site import building, front_page
from minichar.gallery import network

pytestmark = pytest.mark.browser
PATIENCE = 240  # seconds for a lesson, on however slow a machine
PYODIDE = os.environ.get("MINICHAR_PYODIDE")
needs_pyodide = pytest.mark.skipif(
    not PYODIDE, reason="set MINICHAR_PYODIDE to a folder with Pyodide 0.27, numpy and matplotlib"
)
IN_STORE = """async (path) => {
  const wait = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result); request.onerror = reject; });
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("JupyterLite Storage")) continue;
    const db = await wait(indexedDB.open(name));
    const file = await wait(db.transaction("files").objectStore("files").get(path));
    db.close();
    if (file) return JSON.stringify(file.content);
  }
  return null;
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and adds up what it sends."""

    def log_message(self, *_):
        pass

    def copyfile(self, source, outputfile):
        self.server.sent += os.fstat(source.fileno()).st_size if hasattr(source, "fileno") else 0
        super().copyfile(source, outputfile)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built and served: its folder, its address and the server."""
    pytest.importorskip("jupyterlite_core", reason='needs pip install -e ".[site]"')
    out = tmp_path_factory.mktemp("site") / "out"
    building.assemble(out, Path(PYODIDE) if PYODIDE else None)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=out)
    )
    server.sent = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield out, f"http://127.0.0.1:{server.server_port}/", server
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with browser(needs_browser()) as found:
        yield found


@pytest.fixture
def page(chromium):
    """A page in a browser that has never been here, and what it asked outside hosts for."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.outside, page.complaints = [], []
    page.on("request", lambda r: "//127.0.0.1" in r.url or page.outside.append(r.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def written(page) -> str:
    return page.locator("#page").inner_text()


def waits_for(page, condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def test_the_front_page_writes_before_anything_else(site, page):
    page.goto(site[1])
    waits_for(page, lambda: len(written(page)) > 40)
    assert written(page).startswith("ma")
    known = set(network("names").vocab.characters)
    assert set(written(page)) <= known
    page.get_by_role("button", name="Stop").click()
    n = len(written(page))
    page.wait_for_timeout(300)
    assert len(written(page)) == n
    assert not [url for url in page.outside if not url.startswith(("data:", "blob:"))]
    assert page.complaints == []


def test_a_cold_network_repeats_itself_and_a_hot_one_does_not(site, page):
    page.goto(site[1])
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
    page.goto(site[1])
    page.get_by_label("Temperature", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("Temperature, as a number").input_value() == "0.75"


def test_a_character_it_never_met_is_named(site, page):
    page.goto(site[1])
    page.get_by_label("It goes on from").fill("mañana")
    page.get_by_role("button", name="Write").click()
    waits_for(page, lambda: "never met “ñ”" in page.locator("#status").inner_text())


def test_a_network_that_cannot_be_fetched_is_tried_again(site, page):
    page.route("**/python.bin", lambda route: route.abort())
    page.goto(site[1])
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
    page.goto(site[1])
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
    page.goto(site[1])
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
    page.goto(site[1])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_every_link_of_the_front_page_leads_somewhere(site, page):
    out, address, _ = site
    page.goto(address)
    links = page.eval_on_selector_all("[href], [src]", "e => e.map(x => x.href || x.src)")
    for link in links:
        inside = link.removeprefix(address)
        if inside != link and not inside.startswith(("read/", "reference/")):  # test_rendering.py
            assert (out / inside.split("?")[0].split("#")[0]).exists(), link
    opened = {m[1] for link in links if (m := re.search(r"\?path=(\w+\.ipynb)$", link))}
    assert opened == {p.name for p in (out / "files").glob("*.ipynb")}


def test_the_lab_lists_the_lessons(site, page):
    page.goto(site[1] + "lab/index.html")
    listed = page.locator(".jp-DirListing-itemText")
    for name in ("00_start_here.ipynb", "15_where_next.ipynb", "studio.ipynb"):
        listed.get_by_text(name, exact=True).wait_for()
    assert listed.count() == len(list((site[0] / "files").glob("*.ipynb")))


def open_lesson(page, address: str, name: str) -> None:
    page.goto(f"{address}lab/index.html?path={name}")
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    idle(page)


def idle(page, seconds: float = 2) -> None:
    """Wait until the kernel has had nothing to do for so long."""
    bar, quiet = page.locator("#jp-main-statusbar"), time.monotonic()
    end = quiet + PATIENCE
    while time.monotonic() < quiet + seconds:
        if "| Idle" not in bar.inner_text():
            quiet = time.monotonic()
        assert quiet < end, "the kernel is busy, still"
        page.wait_for_timeout(200)


def run_all(page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_timeout(2000)
    idle(page, 4)


def saved(page, name: str) -> list[dict]:
    """The cells of a lesson as the browser keeps them, once it has saved it."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    waits_for(page, lambda: page.evaluate(IN_STORE, name))
    page.wait_for_timeout(1000)
    return json.loads(page.evaluate(IN_STORE, name))["cells"]


def failures(cells: list[dict]) -> list[str]:
    outputs = [(cell, o) for cell in cells for o in cell.get("outputs", [])]
    return [
        f"{o.get('ename') or o.get('text')}: {o.get('evalue')} in {''.join(cell['source'])[:60]}"
        for cell, o in outputs
        if o["output_type"] == "error" or o.get("name") == "stderr"
    ]


def solve(out: Path, name: str) -> int:
    """Put the solution of a lesson in its place in the site; how many exercises it has."""
    lesson = next(x for x in lessons() if x.solution.name == name)
    (out / "files" / name).write_text(building.for_browser(lesson.solution), "utf-8")
    return len(checks(read_notebook(lesson.solution)))


@needs_pyodide
@pytest.mark.parametrize("name", ["01_hello_by_hand.ipynb", "04_sampling.ipynb"])
def test_a_lesson_runs_in_the_page_and_its_progress_is_kept(site, page, name):
    out, address, server = site
    exercises, before = solve(out, name), server.sent
    open_lesson(page, address, name)
    run_all(page)
    megabytes = (server.sent - before) / 1e6
    assert failures(saved(page, name)) == []
    assert not [url for url in page.outside if not url.startswith(("data:", "blob:"))]
    assert megabytes == pytest.approx(front_page.MEGABYTES, rel=0.3)  # what the page promises
    page.goto(address)
    solved = page.locator(f"[data-lesson='{name[:2]}'] .solved")
    waits_for(page, lambda: solved.inner_text() == f"{exercises} of {exercises} solved")


@needs_pyodide
def test_a_wrong_answer_is_refused_in_the_page(site, page):
    out, address, _ = site
    name = "01_hello_by_hand.ipynb"
    made = building.for_browser(lessons()[1].notebook)
    (out / "files" / name).write_text(made, "utf-8")
    open_lesson(page, address, name)
    run_all(page)
    found = failures(saved(page, name))
    assert any("1.1" in line and "is not finished yet" in line for line in found), found


@needs_pyodide
def test_the_studio_trains_in_the_page(site, page):
    open_lesson(page, site[1], "studio.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    area = page.locator(".jp-OutputArea").last

    def step() -> int:
        found = re.search(r"step\s+([\d,]+)", area.inner_text())
        return int(found[1].replace(",", "")) if found else 0

    waits_for(page, lambda: step() > 0)
    first = step()
    waits_for(page, lambda: step() > first + 10)
