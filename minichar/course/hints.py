"""Hints: each is a confusion and what helps against it, folded away until it is asked for.

Every exercise has one to three, the gentlest first. They stand below the question in the lesson,
and `hint("1.2")` shows them where you are working.

    >>> Hint("1.2 (softmax)", [("Why subtract?", "exp(1000) overflows."), ("And then?", "Divide.")])
    Exercise 1.2 (softmax)
    1. Why subtract?
       exp(1000) overflows.
    2. And then?  hint("1.2", 2) shows it
"""

import html
import re
from collections.abc import Sequence

from minichar.course.comparing import NotThere


def folded(heading: str, text: str) -> str:
    """Markdown that shows `heading` and, once that is clicked, `text`."""
    heading = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(heading, quote=False))
    return f"<details>\n<summary>{heading}</summary>\n\n{text}\n\n</details>"


class Hint:
    """The hints of an exercise, or only that of one layer; folded in a notebook.

    `name` is the exercise's number and title. Raises NotThere for a layer that it does not have.
    """

    def __init__(self, name: str, hints: Sequence[tuple[str, str]], layer: int | None = None):
        if layer is not None and layer not in range(1, len(hints) + 1):
            raise NotThere(f"exercise {name} has hints 1 to {len(hints)}, not {layer}")
        self.name, self.hints, self.layer = name, hints, layer

    def __repr__(self) -> str:
        lines = [f"Exercise {self.name}"]
        for i, (heading, text) in enumerate(self.hints, 1):
            if i == (self.layer or 1):
                lines += [f"{i}. {heading}", *(f"   {line}".rstrip() for line in text.splitlines())]
            elif self.layer is None:
                lines.append(f'{i}. {heading}  hint("{self.name.split()[0]}", {i}) shows it')
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        chosen = self.hints if self.layer is None else [self.hints[self.layer - 1]]
        return "\n\n".join(folded(*h) for h in chosen)
