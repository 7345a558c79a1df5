"""JupyterLab in a real browser, for the tests: a server of our own, and lessons open in it.

The server listens on this machine alone, with a token, and with folders of its own for settings and
state, so that nobody's own Jupyter changes what is seen, or is changed.

    with server(folder) as address, browser(find_chromium()) as chromium:
        lesson = Lesson(chromium, address, "00_start_here.ipynb")
        lesson.run_all()
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds for what is sure to come, on however slow a machine
FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)
SWITCHES = [
    "--no-sandbox",  # with it, Chromium does not start as root
    "--disable-dev-shm-usage",  # containers have little of that memory
    "--disable-gpu",
    # And it is to ask nobody outside for news.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
THEMES = ("JupyterLab Light", "JupyterLab Dark")
ERROR = '.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]'


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: what CHROMIUM names, else the first that the PATH has."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


def needs_browser() -> str:
    """The path of a Chromium; skips the test where there is none, or no playwright."""
    pytest.importorskip(
        "playwright.sync_api", reason="needs playwright (pip install playwright) and a Chromium"
    )
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(
            "needs a Chromium or Chrome: install one (Debian's package is chromium), "
            "or set CHROMIUM to the path of its program"
        )
    return chromium


@contextmanager
def server(folder: str | Path) -> Iterator[str]:
    """Serve `folder` with this Python's JupyterLab; yields its address, with {} for a path."""
    with TemporaryDirectory(prefix="minichar-lab-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        env = dict(os.environ, JUPYTER_TOKEN=secrets.token_hex(16))
        for variable in FOLDERS:
            env[variable] = str(home / variable)
            (home / variable).mkdir()
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), env.get("PYTHONPATH"))))
        settings = home / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}  # or a question covers the page
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
        command += [f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"]
        command.append("--LabApp.expose_app_in_browser=True")  # for `wear`
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        with open(home / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                command, env=env, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                yield _address(process, home, env["JUPYTER_TOKEN"])
            finally:
                process.send_signal(signal.SIGTERM)  # it ends its kernels first, then itself
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _address(process: subprocess.Popen, home: Path, token: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        for file in (home / "JUPYTER_RUNTIME_DIR").glob("jpserver-*.json"):
            # It may be half written, or the server not yet at the door.
            with suppress(ValueError, KeyError, OSError):
                address = json.loads(file.read_text(encoding="utf-8"))["url"]
                urllib.request.urlopen(f"{address}api/status?token={token}", timeout=5).close()
                return f"{address}{{}}?token={token}"
        time.sleep(0.05)
    raise RuntimeError("JupyterLab did not start:\n" + (home / "log").read_text(encoding="utf-8"))


@contextmanager
def browser(path: str):
    """A Chromium without a window, from the program at `path`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield chromium
        finally:
            chromium.close()


class Lesson:
    """A notebook open in JupyterLab, with its kernel ready.

    `page` is Playwright's page, `code` the cells of code, `complaints` the errors that the page
    has had, in its scripts or on its console.
    """

    def __init__(self, chromium, address: str, notebook: str):
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE * 1000)
        self.expect, self.complaints = expect, []
        self.page = chromium.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complaint(str(error)))
        self.page.goto(address.format(f"lab/tree/{notebook}") + "&reset")
        self.code = self.page.locator(".jp-NotebookPanel .jp-CodeCell")
        self.code.first.wait_for()
        # Cells sent to a kernel that is still connecting are lost without a word, and the lamp of
        # the notebook says "idle" before there is a kernel at all. Only the status bar knows.
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("(ipykernel) | Idle")

    def _console(self, message) -> None:
        if message.type == "error":
            self._complaint(message.text)

    def _complaint(self, text: str) -> None:
        # The site's extra brings a kernel meant for its own page, which JupyterLab cannot load.
        if "pyodide-kernel-extension" not in text:
            self.complaints.append(text)

    def run_all(self) -> None:
        """Run every cell, to the end; fails with the message of the first cell that fails."""
        from playwright.sync_api import TimeoutError

        last = self.prompt(-1).filter(has_text=re.compile(r"\[\d+\]:"))
        failed = self.page.locator(ERROR)
        for _ in range(4):  # what is sent while the page is busy with itself is lost without a word
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            with suppress(TimeoutError):
                last.or_(failed.first).wait_for(timeout=PATIENCE * 250)
                break
        last.or_(failed.first).wait_for()
        assert not failed.count(), failed.first.text_content()

    def wear(self, theme: str) -> None:
        """Show the page in this one of THEMES."""
        worn = self.page.locator(f'body[data-jp-theme-name="{theme}"]')
        if not worn.count():
            command = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
            self.page.evaluate(command, theme)
            worn.wait_for(state="attached")

    def prompt(self, cell: int):
        """What stands before a cell of code: [ ]: or [*]: or its number."""
        return self.code.nth(cell).locator(".jp-InputPrompt")


@contextmanager
def shown(code: str) -> Iterator[Lesson]:
    """A notebook that was run whole: a cell for each piece of `code` between lines of "---"."""
    chromium = needs_browser()
    cells = [nbformat.v4.new_code_cell(piece.strip()) for piece in code.split("\n---\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    with TemporaryDirectory(prefix="minichar-shown-") as folder:
        nbformat.write(notebook, Path(folder, "shown.ipynb"))
        with server(folder) as address, browser(chromium) as running:
            lesson = Lesson(running, address, "shown.ipynb")
            lesson.run_all()
            yield lesson
