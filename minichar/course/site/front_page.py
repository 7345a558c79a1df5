"""The front page of the site: the map of the course, filled in from the README's own table.

>>> rows = "| 07 | [the graph](notebooks/07_the_graph.ipynb) | gradients | 70 |"
>>> lessons_in(rows)[0].ends_with
'gradients'
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template

ROW = re.compile(r"^\| (\d\d) \| \[(.+?)\]\(notebooks/(\w+)\.ipynb\) \| (.+) \| (\d+) \|$", re.M)
MEGABYTES = 49  # that the first lesson fetches; tests/test_browser_site_lessons.py measures it
# What a page in a browser cannot do, by lesson; each lesson itself says so, too.
LIMITS = {
    "09": "one core, and no compiler: its timings are those of the browser",
    "10": "no graphics card: a stand-in takes its place",
    "12": "only the texts that come with the course; none can be fetched",
    "14": "no other processes: read it here, run it on your own computer",
}


@dataclass(frozen=True)
class Row:
    """One lesson as the README's table has it."""

    number: str
    title: str
    stem: str  # of the notebook's file
    ends_with: str
    minutes: int


def lessons_in(readme: str) -> list[Row]:
    """The rows of the table of lessons."""
    return [Row(*row[:4], int(row[4])) for row in ROW.findall(readme)]


def front_page(readme: str, exercises: Mapping[str, int]) -> str:
    """The page, as HTML. `exercises` says how many each lesson has.

    Raises ValueError where the README has no table of lessons.
    """
    rows = lessons_in(readme)
    if not rows:
        raise ValueError("README.md has no table of lessons to make the front page from")
    page = Template((files(__package__) / "pages" / "index.html").read_text(encoding="utf-8"))
    lines = "\n".join(_line(row, exercises.get(row.number, 0)) for row in rows)
    return page.substitute(lessons=lines, megabytes=MEGABYTES)


def _line(row: Row, exercises: int) -> str:
    title, ends = html.escape(row.title), html.escape(row.ends_with)
    limit = LIMITS.get(row.number)
    aside = f'<small class="limit">In a browser: {html.escape(limit)}.</small>' if limit else ""
    return f"""\
<li data-lesson="{row.number}" data-exercises="{exercises}">
  <span class="number">{row.number}</span>
  <div>
    <h3><a href="lab/index.html?path={row.stem}.ipynb">{title}</a></h3>
    <p>{ends}. {aside}</p>
  </div>
  <p class="facts"><span>{row.minutes} min</span> <a href="read/{row.stem}.html"
    aria-label="read lesson {row.number}">read</a> <span class="solved"></span></p>
</li>"""
