"""What the course costs in a browser: waiting, megabytes, speed; and every lesson run there, whole.

Waiting is what a browser does that has never been here, with a site on this very computer: so
without the time that a network takes. Megabytes are as they lie in the folder, not packed for
sending. Speed is that of training, with one thread, in the page and in this Python, in turns.

    python tests/benchmarks/in_the_page.py PYODIDE                # the cost
    python tests/benchmarks/in_the_page.py PYODIDE --lessons      # all solutions, run in the page
    python tests/benchmarks/in_the_page.py PYODIDE --lessons 09 11

PYODIDE is a folder with Pyodide 0.27, numpy and matplotlib. A cell that fails ends its lesson,
and then the command with 1; so does what axe finds against the lesson as it stands then.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import in_page
import lab
import nbformat

from minichar.course.files import lessons
from minichar.course.site import building

FIRST = "00_start_here.ipynb"
LONGEST = 1800  # seconds for a whole lesson
NETWORKS = {"100, 20 texts": (100, 20), "256, 50 texts": (256, 50)}
SPEED = f"""\
import json, time
import minichar as mc

names, rates = mc.load_text("names"), {{}}
for name, (hidden, batch) in {NETWORKS!r}.items():
    model = mc.CharModel(mc.Vocabulary.of(names), hidden=hidden)
    training = mc.Training(model, names, batch=batch, length=50, validate_every=10**9)
    for _ in range(3):
        training.step()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() < began + 6:
        training.step()
        steps += 1
    rates[name] = steps * batch * 50 / (time.perf_counter() - began)
print(json.dumps(rates))
"""


@contextmanager
def site(pyodide):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "site"
        building.assemble(out, pyodide)
        with in_page.served(out) as host, lab.browser(lab.find_chromium()) as chromium:
            yield host, chromium


def size(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def cost(host, chromium, times):
    whole, pyodide = size(host.folder), size(host.folder / "static" / "pyodide")
    print(f"the site without its pages to read: {whole:.0f} MB, of which Pyodide is {pyodide:.0f}")
    with in_page.visitor(chromium) as page:
        page.goto(host.address)
        page.wait_for_load_state("networkidle")
        print(f"the front page: {host.sent / 1e6:.1f} MB")
    with in_page.visitor(chromium) as page:
        host.sent, began = 0, time.perf_counter()
        page.goto(f"{host.address}lab/index.html?path={FIRST}")
        cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
        cells.first.wait_for()
        told("lesson 00 is open", began, host)
        in_page.idle(page, 0.5)
        told("its kernel is ready", began, host)
        for k, what in enumerate(
            ("first cell, which fetches the package,", "next cell, a widget,")
        ):
            cells.nth(k).locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
            cells.nth(k).locator(".jp-InputPrompt").get_by_text(f"[{k + 1}]:").wait_for()
            told(f"its {what} has run", began, host)
    rounds = [(in_the_page(host, chromium), here()) for _ in range(times)]
    for name in NETWORKS:
        page, alone = ([r[k][name] for r in rounds] for k in (0, 1))
        ratios = ", ".join(f"{b / a:.1f}" for a, b in zip(page, alone, strict=True))
        print(f"training, an LSTM of {name} of 50 characters, characters a second:")
        print(f"  in the page {max(page):,.0f}, here {max(alone):,.0f}: times as many {ratios}")


def told(what, began, host):
    seconds, load = time.perf_counter() - began, os.getloadavg()[0]
    print(f"{seconds:5.1f} s, {host.sent / 1e6:5.1f} MB: {what} (load {load:.1f})", flush=True)


def in_the_page(host, chromium):
    """Characters a second in the page, by network."""
    name = "studio.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in (building.FIRST_CELL, SPEED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python", "display_name": "Python (Pyodide)"}
    (host.folder / "files" / name).write_text(nbformat.writes(notebook), "utf-8")
    with in_page.visitor(chromium) as page:
        in_page.open_lesson(page, host.address, name)
        in_page.run_all(page, LONGEST)
        found = in_page.saved(page, name)
    assert not in_page.failures(found), in_page.failures(found)
    return json.loads("".join(found[-1]["outputs"][0]["text"]))


def here():
    """The same in this Python."""
    env = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    command = [sys.executable, "-c", SPEED]
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)


def run(host, chromium, wanted):
    """Run solutions whole; how many cells failed or did not run, and axe's findings."""
    count = 0
    print(f"{'lesson':32}{'cells':>6}{'failed':>8}{'seconds':>9}", flush=True)
    known = {x.number: x for x in lessons() if x.number.isdigit() and x.number != "16"}
    for lesson in (known[number] for number in wanted or known):
        name = lesson.solution.name
        in_page.solve(host.folder, name)
        with in_page.visitor(chromium) as page:
            in_page.open_lesson(page, host.address, name)
            began = time.perf_counter()
            try:
                in_page.run_all(page, LONGEST)
            except AssertionError as error:
                print(f"{lesson.solution.stem}: {error}", flush=True)
            seconds = time.perf_counter() - began - 2  # of quiet, at the end
            cells = [c for c in in_page.saved(page, name) if c["cell_type"] == "code"]
            faults = in_page.faults(page)
        failed = in_page.failures(cells)
        not_run = [c for c in cells if not c["execution_count"] and "".join(c["source"]).strip()]
        failed += faults
        failed += [f"did not run: {''.join(c['source'])[:60]!r}" for c in not_run]
        count += len(failed)
        print(f"{lesson.solution.stem:32}{len(cells):6}{len(failed):8}{seconds:9.0f}", flush=True)
        for line in failed:
            print(f"    {line}", flush=True)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pyodide", type=Path, help="a folder with Pyodide, numpy and matplotlib")
    parser.add_argument("--lessons", nargs="*", metavar="NN", help="run these, or all")
    parser.add_argument("--rounds", type=int, default=3, help="times the speed is measured")
    options = parser.parse_args()
    with site(options.pyodide) as (host, chromium):
        if options.lessons is None:
            return cost(host, chromium, options.rounds)
        return min(run(host, chromium, options.lessons), 1)


if __name__ == "__main__":
    sys.exit(main())
