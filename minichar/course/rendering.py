"""The lessons as pages to read, on a phone or wherever nothing runs: `render` and `reference`.

A page shows what a learner sees: holes and folded hints, no answers. Below a cell that is the same
in the solution stands what it gave when the solution ran, with widgets as their still pictures.
A page is one file: it loads nothing, runs nothing, and its formulas are MathML. Used by `minichar
site`; formulas and reference need the extra `site`.

    render(Path("solutions"), Path("site/read"))    # [site/read/index.html, …]
"""

import ast
import html
import importlib
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

import minichar.course
from minichar.course.files import CHECK, CourseError
from minichar.course.lessons import derive, executed
from minichar.course.markup import LIVE, body_of, document, missing, text_of

FRONT = "../index.html"
_TO_FRONT = f'<header><nav aria-label="The course"><a href="{FRONT}">The course</a></nav></header>'
# What pdoc's pages lack for a reader by keyboard, by ear, or with weak eyes.
_MENDED = {
    "</head>": "<style>html .pdoc :is(.def, .annotation, .nb, .kc, .bp) { color: #00591a } "
    "html .pdoc :is(h1, .pdoc-code) a { text-decoration: underline }</style></head>",
    '<a class="headerlink"': '<a class="headerlink" aria-hidden="true" tabindex="-1"',
    '<div class="attr function"': '<div class="attr function" tabindex="0"',
    "<pre>": '<pre tabindex="0">',
}
_HOLD = "from minichar.course.rendering import hold_still\n\nhold_still()"


@dataclass(frozen=True)
class Page:
    """A lesson to be read: the name of its files without the ending, and the notebook to show."""

    name: str
    notebook: NotebookNode

    @property
    def title(self) -> str:
        """The lesson's own heading, its name where it has none."""
        return self._first(r"^# (.+)$") or self.name

    @property
    def about(self) -> str:
        """What the lesson says you will do in it, and how long that takes; may be empty."""
        do = self._first(r"(?s)\*\*What you'll do\.\*\* (.+?)(?:\n\n|\Z)")
        minutes = self._first(r"(About \d+ minutes) of yours")
        return f"{do} {minutes}." if minutes else do

    def _first(self, pattern: str) -> str:
        text = self.notebook.cells[0].source if self.notebook.cells else ""
        found = re.search(pattern, text, re.M)
        return " ".join(found[1].split()) if found else ""


def render(lessons: Path, out: Path, tell: Callable[[str], None] = lambda line: None) -> list[Path]:
    """Run every solution in the folder `lessons` and write it as a page into `out`, with an index.

    Returns the files written, the index first; `tell` hears which is being run. The links lead to
    the site whose subfolder `out` is: FRONT and, for a lesson that can be changed and run, LIVE.
    Raises CourseError for a solution that stops with an error, and where there is none.
    """
    paths = sorted(lessons.glob("*.ipynb"))
    if not paths:
        raise CourseError(f"{lessons} holds no notebook")
    pages = []
    for path in paths:
        tell(f"lesson {path.stem[:2]} as a page: it is run once")
        pages.append(Page(path.stem, readable(executed(path, _HOLD))))
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "index.html"]
    written[0].write_text(index(pages), encoding="utf-8")
    for page in pages:
        written.append(out / f"{page.name}.html")
        written[-1].write_text(page_of(page, pages), encoding="utf-8")
    return written


def reference(out: Path) -> list[Path]:
    """Write the reference of the package, from its docstrings, into `out`; returns the files.

    The index comes first; it lists every module with its opening paragraph. Left out are the
    exercises, whose source holds the answers. A module that cannot be imported here (numba may not
    be installed) is shown with the docstring of its file alone.
    """
    try:
        import pdoc
    except ImportError:
        raise missing("pdoc") from None
    package, closed = Path(__file__).parents[1], set()
    modules = {"minichar": minichar.__doc__, "minichar.course": minichar.course.__doc__}
    for path in sorted([*package.glob("*.py"), *package.glob("course/*.py")]):
        name = ".".join(["minichar", *path.relative_to(package).with_suffix("").parts])
        if not path.stem.startswith("_"):
            modules[name] = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            try:
                importlib.import_module(name)
            except ImportError:
                closed.add(name)
    pdoc.render.configure(docformat="markdown", show_source=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Found 'Studio'")  # it comes when it is asked for
        warnings.filterwarnings("ignore", "The module specification")  # in `__all__`, and here
        pdoc.pdoc(*(modules.keys() - closed), output_directory=out)
    for name in closed:
        to_index = f'<nav><a href="{"../" * name.count(".")}index.html">The package</a></nav>'
        body = f"<header>{to_index}</header><main><h1>{name}</h1>{text_of(modules[name])}</main>"
        (out / f"{name.replace('.', '/')}.html").write_text(document(name, body), "utf-8")
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for lacking, mended in _MENDED.items():
            text = text.replace(lacking, mended)
        path.write_text(text, encoding="utf-8")
    rows = []
    for name, text in modules.items():
        link = f'<a href="{name.replace(".", "/")}.html">{name}</a>'
        opening = text_of(text.split("\n\n")[0]).replace("<p>", "").replace("</p>", "")
        rows.append(f"<li>{link}: {opening}</li>")
    title, first = "The package, module by module", out / "index.html"
    body = f"{_TO_FRONT}<main><h1>{title}</h1><ul>{''.join(rows)}</ul></main>"
    first.write_text(document(title, body), encoding="utf-8")
    return [first, *sorted(p for p in out.rglob("*.html") if p != first)]


def hold_still() -> None:
    """From now on, in this process, a widget is shown as its `.still()` picture."""
    import ipywidgets

    def still(self: Any, **options: Any) -> dict[str, str]:
        if hasattr(self, "still"):
            picture = self.still()
            return {"text/html": picture.html, "text/plain": picture.description}
        return {"text/plain": "Here is something to move: open the lesson, where it runs."}

    ipywidgets.DOMWidget._repr_mimebundle_ = still


def readable(solution: NotebookNode) -> NotebookNode:
    """The learner's notebook with the outputs of `solution` where a cell is the same in both.

    A check keeps none: "right" below a hole would be said of nothing. What went to stderr is left
    out too, since it speaks of the machine that ran it.
    """
    ran = {cell.id: cell for cell in solution.cells if cell.cell_type == "code"}
    notebook = derive(solution)
    for cell in notebook.cells:
        if cell.cell_type == "code" and not CHECK.search(cell.source):
            if ran[cell.id].source == cell.source:
                cell.outputs = [o for o in ran[cell.id].outputs if o.get("name") != "stderr"]
    return notebook


def page_of(page: Page, pages: Sequence[Page]) -> str:
    """The whole HTML of a lesson, with ways to the one before it, the next, and all of `pages`."""
    at = pages.index(page)
    around = []
    for word, other in (("Before", pages[at - 1 : at]), ("Next", pages[at + 1 : at + 2])):
        around += [f'<a href="{p.name}.html">{word}: {html.escape(p.title)}</a>' for p in other]
    live = f'<a href="{LIVE}?path={page.name}.ipynb">Run and change this lesson</a>'
    ways = '<a href="index.html">All lessons</a> ' + live
    return document(
        page.title,
        f'<header><nav aria-label="This lesson">{ways}</nav></header>'
        f"<main>{body_of(page.notebook, [p.name for p in pages])}</main>"
        f'<footer><nav aria-label="Other lessons">{" ".join(around)}</nav></footer>',
    )


def index(pages: Sequence[Page]) -> str:
    """The HTML of the page that lists the lessons."""
    rows = []
    for page in pages:
        link = f'<a href="{page.name}.html">{html.escape(page.title)}</a>'
        rows.append(f"<h2>{link}</h2>{text_of(page.about)}")
    return document(
        "The lessons, to read",
        f"{_TO_FRONT}<main><h1>The lessons, to read</h1><p>Every lesson with its pictures, as it "
        "stands before anything is solved. Nothing runs here; each page leads to the lesson that "
        "does.</p>"
        f"{''.join(rows)}</main>",
    )
