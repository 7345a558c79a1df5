"""Links of a built site that lead nowhere. `minichar site` ends with this.

It looks at the front page, the pages to read, the reference and the lessons in the lab, but not at
what JupyterLite brings, nor at anything outside the site.

    dead(Path("site"))      # []
"""

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

OURS = ("index.html", "read/**/*.html", "reference/**/*.html")
LAB = "lab/index.html"  # which opens ?path=… of the folder files/
IN_MARKDOWN = re.compile(r"\]\(([^)\s]+)\)|\bhref=\"([^\"]+)\"")


class _Page(HTMLParser):
    """What a page links to, and the places in it that a link can name."""

    def __init__(self, path: Path):
        super().__init__()
        self.targets, self.places = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.append(value)
            elif name == "id" and value:
                self.places.add(value)


def dead(out: Path) -> list[str]:
    """`FILE: LINK` for each link in the site at `out` that leads to no file, or no place in it."""
    page = cache(_Page)
    found = []
    for path in sorted(p for pattern in OURS for p in out.glob(pattern)):
        for target in dict.fromkeys(page(path).targets):
            if not _leads(out, path, target, page):
                found.append(f"{path.relative_to(out)}: {target}")
    for path in sorted((out / "files").glob("*.ipynb")):
        for target in dict.fromkeys(_linked(path)):
            inside = _inside(target)
            if inside is not None and inside.path and not (path.parent / inside.path).is_file():
                found.append(f"{path.relative_to(out)}: {target}")
    return found


def _leads(out: Path, path: Path, target: str, page) -> bool:
    link = _inside(target)
    if link is None:
        return True
    file = path.parent / unquote(link.path) if link.path else path
    if file.is_dir():
        file /= "index.html"
    if not file.is_file():
        return False
    if file.resolve() == (out / LAB).resolve():
        opened = parse_qs(link.query).get("path", [])
        return all((out / "files" / name).is_file() for name in opened)
    return not link.fragment or unquote(link.fragment) in page(file).places


def _inside(target: str):
    """The parts of a link that stays in the site, else None."""
    link = urlsplit(target)
    return None if link.scheme or link.netloc else link


def _linked(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return [a or b for text in texts for a, b in IN_MARKDOWN.findall(text)]
