"""The exercises, a package for each lesson: `lesson_03/exercise_1.py` registers exercise 3.1.

Each file has its exercise's answer, the answers it rejects, and the test that tells them apart;
`shared.py` beside it has what several of them use. A lesson is imported when one of its exercises
is first asked for, so a notebook starts quickly and a mistake in one lesson leaves the others alone.

    >>> load(99)     # there is no lesson_99: nothing happens
"""

import importlib
import pkgutil
import re


def load(lesson: int | None = None) -> None:
    """Import the exercises of one lesson, or of every lesson there is."""
    for package in pkgutil.iter_modules(__path__, f"{__name__}."):
        found = re.search(r"lesson_(\d+)$", package.name)
        if found and lesson in (None, int(found[1])):
            path = importlib.import_module(package.name).__path__
            for module in pkgutil.iter_modules(path, f"{package.name}."):
                importlib.import_module(module.name)
