"""The site, served here, and lessons that run in it: in a Python that the page itself brings.

Running one takes a Pyodide with numpy and matplotlib. The site has the visitor fetch one; a test
asks no host outside, so it needs a folder that has one, named by MINICHAR_PYODIDE.

    with served(out) as host:
        open_lesson(page, host.address, "01_hello_by_hand.ipynb")
        run_all(page)
        failures(saved(page, "01_hello_by_hand.ipynb"))     # []
"""

import functools
import http.server
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from axe import findings
from lab import browser, needs_browser

from minichar.course.files import checks, lessons, read_notebook
from minichar.course.site import building

PATIENCE = 240  # seconds for what is sure to come, on however slow a machine
PYODIDE = os.environ.get("MINICHAR_PYODIDE")
needs_pyodide = pytest.mark.skipif(
    not PYODIDE, reason="set MINICHAR_PYODIDE to a folder with Pyodide 0.27, numpy and matplotlib"
)
CODE, KERNEL = ".jp-NotebookPanel .jp-CodeCell", "#jp-main-statusbar"
OURS = ".jp-NotebookPanel :is(.jp-RenderedMarkdown, .jp-OutputArea-output)"  # not the lab's own
WRONG = '.jp-OutputArea [data-mime-type="application/vnd.jupyter.stderr"]'  # errors, too, in there
# The cells of a lesson as this browser keeps them.
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


@contextmanager
def served(folder: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    """Serve `folder` on this machine alone; yields the server: .folder, .address, .sent (bytes)."""
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.folder, server.sent = folder, 0
    server.address = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site without its pages to read, built and `served`."""
    pytest.importorskip("jupyterlite_core", reason='needs pip install -e ".[site]"')
    out = tmp_path_factory.mktemp("site") / "out"
    building.assemble(out, Path(PYODIDE) if PYODIDE else None)
    with served(out) as host:
        yield host


@pytest.fixture(scope="module")
def chromium():
    """A browser."""
    with browser(needs_browser()) as found:
        yield found


@pytest.fixture
def page(chromium):
    """A page in a browser that has never been here; .outside: what it asked other hosts for."""
    with visitor(chromium) as found:
        yield found


@contextmanager
def visitor(chromium):
    """A page with nothing kept from before."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.outside, page.complaints = [], []
    page.on("request", lambda r: "//127.0.0.1" in r.url or page.outside.append(r.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()


def asked_outside(page) -> list[str]:
    return [url for url in page.outside if not url.startswith(("data:", "blob:"))]


def waits_for(page, condition: Callable[[], object], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def open_lesson(page, address: str, name: str) -> None:
    """Open a lesson in the lab, and wait until its kernel is ready."""
    page.goto(f"{address}lab/index.html?path={name}")
    page.locator(CODE).first.wait_for()
    idle(page)


def idle(page, seconds: float = 2) -> None:
    """Wait until for so long the kernel has had nothing to do, and no cell waits for it."""
    bar, waiting = page.locator(KERNEL), page.locator(".jp-InputPrompt").filter(has_text="[*]")
    quiet = time.monotonic()
    end = quiet + PATIENCE
    while time.monotonic() < quiet + seconds:
        if "| Idle" not in bar.inner_text() or waiting.count():
            quiet = time.monotonic()
        assert quiet < end, "the kernel is busy, still"
        page.wait_for_timeout(200)


def run_all(page, patience: float = 2 * PATIENCE) -> None:
    """Run every cell, to the end or to the first that fails."""
    prompts, failed = page.locator(f"{CODE} .jp-InputPrompt"), page.locator(WRONG)
    ran = prompts.last.filter(has_text=re.compile(r"\[\d+\]:"))
    begun = prompts.filter(has_text=re.compile(r"\[[\d*]+\]:"))
    for _ in range(4):  # what is sent while the page is busy with itself is lost without a word
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with suppress(AssertionError):
            waits_for(page, begun.count, PATIENCE / 4)
            break
    waits_for(page, lambda: ran.count() or failed.count(), patience)
    idle(page)


def saved(page, name: str) -> list[dict]:
    """The cells of a lesson as the browser keeps them, once it has saved it."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    waits_for(page, lambda: page.evaluate(IN_STORE, name))
    page.wait_for_timeout(1000)
    return json.loads(page.evaluate(IN_STORE, name))["cells"]


def failures(cells: list[dict]) -> list[str]:
    """What went wrong in them, and what went to stderr."""
    outputs = [(cell, o) for cell in cells for o in cell.get("outputs", [])]
    return [
        f"{o.get('ename') or o.get('text')}: {o.get('evalue')} in {''.join(cell['source'])[:60]}"
        for cell, o in outputs
        if o["output_type"] == "error" or o.get("name") == "stderr"
    ]


def faults(page) -> list[str]:
    """What axe has against the lesson that is open."""
    return findings(page, OURS)


def solve(out: Path, name: str) -> int:
    """Put the solution of a lesson in its place in the site; how many exercises it has."""
    lesson = next(x for x in lessons() if x.solution.name == name)
    (out / "files" / name).write_text(building.for_browser(lesson.solution), "utf-8")
    return len(checks(read_notebook(lesson.solution)))
