"""The exercises, one module for each lesson: `lesson_03.py` registers exercises 3.1, 3.2 and so on.

A module is imported when one of its exercises is first asked for, so a lesson starts quickly and a
mistake in one lesson's exercises leaves the others alone.

    >>> load(99)     # there is no lesson_99.py: nothing happens
"""

import importlib
import pkgutil
import re


def load(lesson: int | None = None) -> None:
    """Import the exercises of one lesson, or of every lesson there is."""
    for module in pkgutil.iter_modules(__path__):
        found = re.fullmatch(r"lesson_(\d+)", module.name)
        if found and lesson in (None, int(found[1])):
            importlib.import_module(f"{__name__}.{module.name}")
