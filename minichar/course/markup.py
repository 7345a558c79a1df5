"""Cells of a notebook as HTML that loads nothing and runs nothing: the inside of rendering.py.

Formulas become MathML, headings can be linked to, and what is wider than a phone scrolls in a box
of its own.

    body_of(notebook, ["01_hello_by_hand"])     # '<div class="cell …'
"""

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from jinja2 import pass_context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from minichar.course.files import CourseError

STYLE = Path(__file__).with_name("rendering.css")
LIVE = "../lab/index.html"  # from a page, the lesson where it runs
REFERENCE = "../reference"  # the same for the files of the package
SMALLEST = 0.65  # of its size in a notebook: below that, the numbers in a picture cannot be read


def missing(name: str) -> CourseError:
    """What to say when a package of the extra `site` is not there."""
    return CourseError(f"{name} is not installed: it comes with the extra `site`")


def formula(tex: str, block: bool = False) -> str:
    """A formula of TeX as MathML, which browsers set on their own and screen readers speak.

    Raises CourseError for what cannot be read as a formula.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise missing("latex2mathml") from None
    try:
        made = convert(tex, display="block" if block else "inline")
    except Exception as error:  # whatever the converter makes of it
        reason = type(error).__name__
    else:
        unknown = re.search(r">(\\[a-zA-Z]+)<", made)  # a command it does not know stays as it is
        reason = unknown and unknown[1]
    if reason:
        raise CourseError(f"the formula ${tex}$ cannot be read ({reason})")
    return f'<div class="formula wide">{made}</div>' if block else made


class _Renderer(IPythonRenderer):
    """Markdown to HTML with formulas as MathML and headings that can be linked to."""

    def block_math(self, body: str) -> str:
        return formula(body.strip(), block=True)

    def inline_math(self, body: str) -> str:
        return formula(body)

    def latex_environment(self, name: str, body: str) -> str:
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        words = html.unescape(re.sub(r"<[^>]+>", "", text)).lower()
        name = re.sub(r"[^\w.]+", "-", words).strip("-")
        return f'<h{level} id="{name}">{text}</h{level}>\n'


class _Exporter(HTMLExporter):
    """nbconvert's, without anything around the cells, and with our own Markdown."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(escape=False, attachments=context["cell"].get("attachments", {}))
        return MarkdownWithMath(renderer=renderer).render(source)


def text_of(source: str) -> str:
    """Markdown as HTML."""
    return MarkdownWithMath(renderer=_Renderer(escape=False)).render(source)


def body_of(notebook: NotebookNode, names: Sequence[str]) -> str:
    """The cells of a lesson as HTML; a link to one of the lessons `names` goes to its page.

    Other lessons are linked where they run. What may be wider than a phone scrolls in a box of its
    own, by keyboard too.
    """
    exporter = _Exporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
    )
    made, _ = exporter.from_notebook_node(notebook)
    soup = BeautifulSoup(made, "html.parser")
    for link in soup.find_all("a", href=re.compile(r"^[^/:]+\.ipynb$")):
        name = link["href"].removesuffix(".ipynb")
        link["href"] = f"{name}.html" if name in names else f"{LIVE}?path={name}.ipynb"
    for link in soup.find_all("a", href=re.compile(r"^\.\./minichar/[\w/]+\.py$")):
        module = link["href"].removeprefix("../").removesuffix(".py").removesuffix("/__init__")
        link["href"] = f"{REFERENCE}/{module}.html"
    for box in soup.select("table, img"):
        if not box.find_parent("table"):
            box.wrap(soup.new_tag("div", attrs={"class": "wide"}))
    for image in soup.select('img[src^="data:image/png;base64,"]'):
        header = base64.b64decode(image["src"].partition(",")[2][:32])
        width = int.from_bytes(header[16:20])
        image["style"] = f"{image.get('style', '')}; min-width: {round(SMALLEST * width)}px"
    for box in soup.select("pre, .wide"):
        box["tabindex"] = "0"
    return str(soup)


def document(title: str, body: str) -> str:
    """A whole page around what its body holds."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)} · minichar</title><link rel="icon" href="data:,">'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n<body>{body}</body></html>\n"
    )
