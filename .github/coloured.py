"""The README's picture: code that a network never read, coloured by one of its cells.

The network is the one for "python" that comes with the course; the cell is the one that follows the
feature best, as `python -m minichar.neurons python python` found. The text is our own. Needs
playwright and a Chromium (extra `browser`).

    python .github/coloured.py      # writes .github/coloured.png, and prints it in words
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import lab

from minichar import coloured, gallery, look

PLACE = Path(__file__).resolve().with_suffix(".png")
LAYER, CELL = 0, 133
LEAD = "\n\n\n"
TEXT = '''\
def greet(name, times=2):
    """Say hello, and not only once."""
    line = "hello, " + name + ' (nice to see you)'
    for k in range(times):
        print(line, "once more" if k else "first")
    return {"name": name, "said": [line] * times}
'''


def picture():
    """The text coloured by the cell, which is spread from about -1 to 1."""
    c = look.record(gallery.network("python"), LEAD + TEXT, "c")[LAYER, "c"][len(LEAD) :, CELL]
    return coloured.text(TEXT, (c - c.mean()) / (2 * c.std()))


def main():
    shown = picture()
    with lab.browser(lab.find_chromium()) as chromium:
        page = chromium.new_page(viewport={"width": 640, "height": 480}, device_scale_factor=1.5)
        page.set_content(shown.html)
        page.add_style_tag(content="details { display: none } figure { width: fit-content }")
        figure = page.locator(".minichar-coloured").first
        figure.screenshot(path=PLACE, omit_background=True)
    print(shown.description)


if __name__ == "__main__":
    main()
