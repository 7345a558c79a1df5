"""The studio as a page: who gets in, what they get, and that it ends; with Voilà and without."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import lab
import nbformat
import psutil
import pytest
import websocket

from minichar import page
from minichar.__main__ import main


def test_without_voila_one_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(page, "find_spec", lambda name: None)
    assert main(["studio", "--page"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and '".[page]"' in err


@pytest.mark.parametrize(
    "words, given",
    [
        ("", {}),
        ("--ip 0.0.0.0 --port 0", {"ip": "0.0.0.0", "port": 0}),
        ("--no-token --no-browser", {"ask": False, "browser": False}),
        ("--visitors 3", {"most": 3}),
    ],
)
def test_the_options_reach_the_server(monkeypatch, words, given):
    asked = []
    monkeypatch.setattr(page, "serve", lambda **options: asked.append(options) or 0)
    assert main(["studio", "--page", *words.split()]) == 0
    assert asked == [given]


@pytest.mark.parametrize("words", ["--no-token", "--page --port x", "--page --visitors 0"])
def test_options_that_make_no_sense_are_one_line(capsys, words):
    try:
        code = main(["studio", *words.split()])
    except SystemExit as stop:
        code = stop.code
    err = capsys.readouterr().err
    assert code == 2 and len(err.splitlines()) == 1 and "page" in err + words


def test_where_nobody_can_listen_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(page, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "voila.app", SimpleNamespace(Voila=None))
    with page.bind_sockets(0, "127.0.0.1")[0] as taken:
        for port in (taken.getsockname()[1], 70_000):
            assert main(["studio", "--page", "--port", str(port)]) == 2
            err = capsys.readouterr().err
            assert len(err.splitlines()) == 1 and f"port {port} of 127" in err
    assert main(["studio", "--page", "--ip", "no.such.invalid"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_addresses():
    assert page.address("127.0.0.1", 80, "abc") == "http://127.0.0.1:80/?token=abc"
    assert page.address("::1", 80, "") == "http://[::1]:80/"
    assert page.socket.gethostname() in page.address("0.0.0.0", 80, "")
    assert [page.only_here(ip) for ip in ("127.0.0.1", "localhost", "::1")] == [True] * 3
    assert [page.only_here(ip) for ip in ("0.0.0.0", "192.0.2.1", "example")] == [False] * 3


def test_the_notebook_is_one_and_has_a_title():
    shown = nbformat.from_dict(page.notebook())
    nbformat.validate(shown)
    assert shown.metadata.title == page.TITLE
    [cell] = [cell for cell in shown.cells if cell.cell_type == "code"]
    compile(cell.source, "cell", "exec")


def test_a_kernel_without_a_page_ends_though_it_goes_on_talking():
    talk = "def talk():\n    print('x')\n    Timer(0.05, talk).start()"
    old = datetime(2020, 1, 1, tzinfo=UTC)

    async def stay_and_leave():
        kernels = page.Visitors(cull_idle_timeout=600)
        try:
            name = await kernels.start_kernel()
            kernel = kernels.get_kernel(name)
            kernels.notify_connect(name)
            client = kernel.client()
            client.start_channels()
            await client.wait_for_ready(timeout=lab.PATIENCE)
            client.execute(f"from threading import Timer\n{talk}\ntalk()")
            kernel.last_activity = old
            for _ in range(20):
                await client.get_iopub_msg(timeout=lab.PATIENCE)
            await kernels.cull_kernels()
            here = name in kernels
            kernels.notify_disconnect(name)
            await kernels.cull_kernels()
            just_left = name in kernels
            kernel.last_activity = old
            for _ in range(20):
                await client.get_iopub_msg(timeout=lab.PATIENCE)
            await kernels.cull_kernels()
            client.stop_channels()
            return here, just_left, name in kernels
        finally:
            await kernels.shutdown_all(now=True)

    assert asyncio.run(stay_and_leave()) == (True, True, False)


# --- a real server


@contextmanager
def served(folder, *options):
    """A page, served by this Python with folders of its own; yields the process and its address.

    The process ends by Ctrl-C, and what it printed is then in its `said` and `complained`.
    """
    env = dict(os.environ, TMPDIR=str(folder / "tmp"))
    for name in (*lab.FOLDERS, "TMPDIR"):
        env[name] = str(folder / name.lower().removesuffix("dir").rstrip("_"))
        Path(env[name]).mkdir(parents=True)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(lab.ROOT), env.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "minichar", "studio", "--page", "--no-browser", "--port", "0"]
    with open(folder / "err", "w+", encoding="utf-8") as err:
        process = psutil.Popen(
            [*command, *options], env=env, stdout=subprocess.PIPE, stderr=err, text=True
        )
        try:
            first = process.stdout.readline()
            assert "http://" in first, (folder / "err").read_text(encoding="utf-8")
            yield process, first.split()[-1]
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.said = process.communicate(timeout=lab.PATIENCE)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            process.complained = (folder / "err").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The process of a page, and its address."""
    pytest.importorskip("voila", reason="runs with the extra page: pip install '.[page]'")
    with served(tmp_path_factory.mktemp("page")) as (process, url):
        yield process, url


def ask(url, method="GET", **headers):
    """Status and text of the answer, without following where it leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=lab.PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def come(url):
    """Open the page as a browser would; the number of the kernel that it is given."""
    status, body = ask(url)
    assert status == 200 and page.TITLE in body
    return re.search(r'"kernelId": "([-\w]+)"', body)[1]


def split(url):
    """The address without the token, and the token."""
    return url.split("?token=")


INSIDE = ["", "studio.ipynb", "lab", "api/contents", "voila/render/studio.ipynb", "voila/tree"]
FILES = ["voila/files/studio.ipynb", "voila/files/x.png", "voila/static/../../studio.ipynb"]


@pytest.mark.parametrize("path", INSIDE + FILES)
def test_without_the_token_there_is_a_login_or_nothing(site, path):
    base, token = split(site[1])
    for query in ("", "?token=", f"?token={token[:-1]}"):
        status, body = ask(base + path + query)
        assert status == 302 and not body if path in INSIDE else status in (403, 404)
        assert "visiting" not in body and "studio" not in body.lower()


@pytest.mark.parametrize("path", INSIDE[1:] + FILES)
def test_with_the_token_there_is_the_page_and_no_other_file(site, path):
    base, token = split(site[1])
    status, body = ask(f"{base}{path}?token={token}")
    if status == 302:
        status, body = ask(f"{base}voila/files/{path}?token={token}")
    assert status in (403, 404) and "visiting" not in body


def test_a_kernel_belongs_to_whoever_has_the_token_and_runs_nothing(site, tmp_path):
    base, token = split(site[1])
    name = come(site[1])
    kernel = f"{base}api/kernels/{name}"
    assert ask(kernel)[0] == ask(kernel, "DELETE")[0] == 403
    assert ask(f"{base}voila/api/shutdown/{name}", "POST")[0] == 403
    assert ask(f"{kernel}?token={token}")[0] == 200
    channels = kernel.replace("http", "ws") + "/channels"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(channels, timeout=lab.PATIENCE)
    elsewhere = "http://example.invalid"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(f"{channels}?token=x", origin=elsewhere, timeout=lab.PATIENCE)

    there = websocket.create_connection(f"{channels}?token={token}", timeout=lab.PATIENCE)
    try:
        code = {"code": f"open({str(tmp_path / 'made')!r}, 'w').close()", "silent": False}
        for kind, content in ("execute_request", code), ("kernel_info_request", {}):
            header = {"msg_id": kind, "msg_type": kind, "session": "s", "username": "", "date": ""}
            message = {"header": header | {"version": "5.3"}, "parent_header": {}, "metadata": {}}
            there.send(json.dumps(message | {"content": content, "channel": "shell"}))
        answers = []
        while "kernel_info_reply" not in answers:  # requests are answered in turn
            answers.append(json.loads(there.recv())["header"]["msg_type"])
        assert "execute_reply" not in answers and not (tmp_path / "made").exists()
    finally:
        there.close()
    assert ask(f"{kernel}?token={token}", "DELETE")[0] == 204


def test_nothing_is_asked_of_other_hosts(site):
    with urllib.request.urlopen(site[1], timeout=lab.PATIENCE) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self' ") and "http" not in policy


def test_no_token_a_crowd_another_name_and_ctrl_c(tmp_path):
    pytest.importorskip("voila", reason="runs with the extra page: pip install '.[page]'")
    with served(tmp_path, "--no-token", "--visitors", "1") as (process, url):
        assert "token" not in url and url.startswith("http://127.0.0.1:")
        status, body = ask(url, Host="example.invalid")  # a name that somebody made to lead here
        assert status == 403 and page.TITLE not in body
        with ThreadPoolExecutor() as all_at_once:
            answers = sorted(all_at_once.map(ask, [url] * 4))
        assert [status for status, _ in answers] == [200, 503, 503, 503]
        answers.append(ask(url))
        assert all("1 visitors already" in body for status, body in answers[1:])
        [kernel] = process.children()
        assert list((tmp_path / "tmp").glob("minichar-page-*"))
    assert process.returncode == 0 and "Traceback" not in process.complained
    assert not kernel.is_running() and not list((tmp_path / "tmp").glob("minichar-page-*"))


# --- in a browser


@pytest.fixture(scope="module")
def opened(site):
    chromium = lab.needs_browser()
    with lab.browser(chromium) as running:
        shown = running.new_page(viewport={"width": 1280, "height": 900})
        shown.set_default_timeout(lab.PATIENCE * 1000)
        shown.errors = []
        shown.on("pageerror", lambda error: shown.errors.append(str(error)))
        shown.goto(site[1])
        shown.get_by_role("button", name="Pause").wait_for()
        yield shown


def steps(shown):
    row = shown.locator("tr", has=shown.get_by_text("step", exact=True)).first
    return int(row.locator("td").last.text_content().replace(",", ""))


def moves_on(shown):
    before = steps(shown)
    shown.wait_for_function(
        """before => [...document.querySelectorAll('tr')].some(row => {
            const cells = row.querySelectorAll('td, th');
            return cells[0]?.textContent.trim() == 'step' &&
                Number(cells[1].textContent.replaceAll(',', '')) > before })""",
        arg=before,
    )


@pytest.mark.browser
def test_the_page_shows_a_network_that_learns(opened):
    assert opened.title() == page.TITLE
    moves_on(opened)
    moves_on(opened)
    assert not opened.errors


@pytest.mark.browser
def test_the_temperature_slides_while_it_learns(opened):
    field = opened.get_by_label("Temperature value")
    was = field.input_value()
    opened.get_by_role("slider").nth(1).focus()
    opened.keyboard.press("ArrowRight")
    opened.wait_for_function(
        "was => document.activeElement && ![...document.querySelectorAll('input')]"
        ".some(input => input.value == was)",
        arg=was,
    )
    now = float(field.input_value())
    assert now > float(was)
    opened.get_by_text(f"temperature {now:.3g}", exact=True).wait_for()
    moves_on(opened)


@pytest.mark.browser
def test_there_is_no_code_and_no_path(opened):
    for panel in ("Save and load", "Model"):
        opened.get_by_role("tab", name=panel, exact=True).click()
    opened.get_by_label("Neurons, by layer").wait_for()
    assert opened.locator(".jp-InputArea-editor, .highlight:visible").count() == 0
    assert not re.search(r"\bimport\b|mc\.|In \[", opened.locator("body").inner_text())
    assert opened.get_by_label("File", exact=True).count() == 0


@pytest.mark.browser
def test_on_a_phone_it_fits_and_when_it_is_left_its_kernel_ends(site, opened):
    opened.set_viewport_size({"width": 390, "height": 844})
    moves_on(opened)
    for chosen in ("[role=img]", "button:visible", ".slider-container:visible"):
        ends = opened.locator(chosen).evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().right)"
        )
        assert ends and max(ends) <= 390, chosen
    settings = opened.locator("#jupyter-config-data").text_content()
    base, token = split(site[1])
    kernel = f"{base}api/kernels/{json.loads(settings)['kernelId']}"
    assert ask(f"{kernel}?token={token}")[0] == 200
    opened.goto("about:blank")
    for _ in range(lab.PATIENCE * 10):
        if ask(f"{kernel}?token={token}")[0] == 404:
            return
        opened.wait_for_timeout(100)
    pytest.fail("its kernel goes on")
