"""Hypothesis without its deadline: how long an example takes says more about the machine.

And the site in a browser, for the tests of it.
"""

from hypothesis import settings
from in_page import chromium, page, site  # noqa: F401

settings.register_profile("minichar", deadline=None)
settings.load_profile("minichar")
