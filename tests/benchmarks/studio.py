"""The studio in JupyterLab, in a browser: how soon it starts, how quickly it answers, its cost.

For the network it begins with and for one of 2 x 256, all on this computer: seconds from the start
of the cell to the first step, and to text that can be read (3.4 bits a character); milliseconds
from a key pressed on the temperature's slider, or from the last movement of a mouse that drags it,
until the page shows the samples of that temperature, while it trains; and the share of training's
speed that the studio costs, both taken in turns, in one kernel.

    python tests/benchmarks/studio.py --keys 30 --rounds 5
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import lab
import nbformat

READABLE = 3.4  # bits a character
# The cell of the notebook. What it measures goes into a file: while a cell waits, ipykernel 7.4
# does not say that it has dealt with a message, and a slider that sent one never sends another.
CELL = """\
import time; began = time.perf_counter()
import minichar as mc
studio = mc.Studio({given})
import asyncio, json, pathlib, statistics
from minichar.live import Live

async def measure():
    {measure}

async def told():
    pathlib.Path("told.part").write_text(json.dumps(await measure()))
    pathlib.Path("told.part").rename("told.json")

task = asyncio.create_task(told())
studio
"""
START = f"""
    while not studio.live.history:
        await asyncio.sleep(0.001)
    first = time.perf_counter() - began
    while statistics.median(r.bits for r in studio.live.history[-20:]) > {READABLE}:
        await asyncio.sleep(0.01)
    return first, time.perf_counter() - began, studio.line()
"""
SHARE = """
    def speed(training, steps, began):
        return (training.step_number - steps) / (time.perf_counter() - began)

    await asyncio.sleep(10)  # until all is loaded and shown
    alone, rounds = Live("names", {given}), []
    alone.training.helpers.spare = 0  # as where there is no page
    for k in range({rounds}):
        studio.train.value = False
        await studio.live.task
        steps, began = alone.training.step_number, time.perf_counter()
        while time.perf_counter() < began + {seconds}:
            alone.step()
        without = speed(alone.training, steps, began)
        studio.train.value = True
        steps, began = studio.live.training.step_number, time.perf_counter()
        await asyncio.sleep({seconds})
        rounds.append([without, speed(studio.live.training, steps, began)])
    return rounds
"""
# In the page: when a key or a movement came, and when a heading of the samples was another one.
WATCH = """() => {
    const heads = () => [...document.querySelectorAll('.jp-OutputArea-output b')]
        .map(b => b.textContent).filter(t => t.startsWith('temperature')).join()
    let last = heads()
    window.asked = window.shown = 0
    for (const kind of ['keydown', 'pointermove', 'mousemove'])
        document.addEventListener(kind, () => { window.asked = performance.now() }, true)
    new MutationObserver(() => {
        const now = heads()
        if (now && now !== last) { last = now; window.shown = performance.now() }
    }).observe(document.body, {subtree: true, childList: true, characterData: true})
}"""


class Notebook(lab.Lesson):
    """A notebook with the studio in its only cell, open and run."""

    def __init__(self, chromium, address, folder, given, measure):
        cell = nbformat.v4.new_code_cell(CELL.format(given=given, measure=measure.strip()))
        made, self.told = nbformat.v4.new_notebook(cells=[cell]), Path(folder, "told.json")
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(made, Path(folder, "studio.ipynb"))
        super().__init__(chromium, address, "studio.ipynb")
        self.page.set_viewport_size({"width": 1366, "height": 768})
        self.run_all()

    def result(self):
        """What it has measured, once it has."""
        while not self.told.exists():
            self.page.wait_for_timeout(200)
        return json.loads(self.told.read_text())

    def waits(self, keys):
        """Milliseconds until the samples are those of a slider moved by a key, each time."""
        self.page.evaluate(WATCH)
        for k in range(keys):
            self.page.wait_for_timeout(
                311 + 137 * (k % 7)
            )  # at no fixed place of the studio's turn
            self.page.get_by_role("slider").nth(1).focus()
            self.page.evaluate("window.shown = 0")
            self.page.keyboard.press("ArrowLeft" if k % 16 < 8 else "ArrowRight")
            yield self.answer()

    def drags(self, times):
        """The same from the last movement of a mouse that drags the slider."""
        box = self.page.get_by_role("slider").nth(1).bounding_box()
        x, y, mouse = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, self.page.mouse
        mouse.move(x, y)
        mouse.down()
        for k in range(times):
            ends = (x, x - 50) if k % 2 == 0 else (x - 50, x)
            for part in range(1, 26):
                mouse.move(ends[0] + (ends[1] - ends[0]) * part / 25, y)
                self.page.wait_for_timeout(16)
            yield self.answer(settled=True)
        mouse.up()

    def answer(self, settled=False):
        self.page.wait_for_function("window.shown > 0")
        if settled:
            self.page.wait_for_timeout(1500)  # until no other samples come
        return self.page.evaluate("Math.max(window.shown - window.asked, 0)")


def told(waits):
    waits = sorted(waits)
    return (
        f"median {statistics.median(waits):.0f} ms, worst {waits[-1]:.0f}, "
        f"above 200 ms: {sum(w > 200 for w in waits)} of {len(waits)}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=30, help="keys pressed, for each network")
    parser.add_argument("--drags", type=int, default=10, help="times it is dragged")
    parser.add_argument("--starts", type=int, default=3, help="times it is started")
    parser.add_argument("--rounds", type=int, default=5, help="of training with and without it")
    parser.add_argument("--seconds", type=float, default=8, help="of each of them")
    options = parser.parse_args()
    with lab.browser(lab.find_chromium()) as chromium:
        for name, settings in (("default", {}), ("2 x 256", {"hidden": (256, 256)})):
            given = ", ".join(f"{k}={v!r}" for k, v in settings.items())
            share = SHARE.format(given=given, rounds=options.rounds, seconds=options.seconds)
            runs = options.starts if not settings else 1
            for cell in [START] * runs + [share] * bool(options.rounds):
                with tempfile.TemporaryDirectory() as folder, lab.server(folder) as address:
                    book = Notebook(chromium, address, folder, given, cell)
                    load = os.getloadavg()[0]
                    if cell == START:
                        first, read, line = book.result()
                        print(f"{name}: first step {first:.2f} s, to read {read:.1f} s: {line!r}")
                        runs -= 1
                        if not runs:
                            print(f"{name}, key to sample: {told(book.waits(options.keys))}")
                            print(f"{name}, drag to sample: {told(book.drags(options.drags))}")
                    else:
                        rounds = book.result()
                        lost = [1 - with_it / without for without, with_it in rounds]
                        shown = ", ".join(f"{x:.1%}" for x in lost)
                        print(f"{name}, training lost: {statistics.median(lost):.1%} ({shown})")
                        speeds = "; ".join(f"{x:.1f}, {y:.1f}" for x, y in rounds)
                        print(f"  steps a second, without it and with it: {speeds}")
                    print(f"  load {load:.1f}", flush=True)
                    book.page.close()


if __name__ == "__main__":
    main()
