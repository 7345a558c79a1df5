"""What tests of several files need.

Hypothesis goes without its deadline: how long an example takes says more about the machine.
"""

import mini_course
import pytest
from hypothesis import settings
from in_page import chromium, page, site  # noqa: F401
from matplotlib.axes import Axes

from minichar import cluster, strict

settings.register_profile("minichar", deadline=None)
settings.load_profile("minichar")


@pytest.fixture
def mini():
    """The exercises 90.1 and 90.2 of mini_course.py, registered."""
    with mini_course.known():
        yield


@pytest.fixture
def card():
    """The stand-in for CuPy, in its place."""
    with strict.instead_of_cupy() as card:
        yield card


@pytest.fixture(scope="session")
def dask():
    pytest.importorskip(
        "distributed", reason='needs Dask: pip install -c constraints.txt -e ".[cluster]"'
    )


@pytest.fixture(scope="module")
def client(dask):
    """Two workers on this machine."""
    with cluster.workers(2) as client:
        yield client


@pytest.fixture
def written(monkeypatch):
    """What is written into pictures, in order."""
    texts, text = [], Axes.text
    monkeypatch.setattr(
        Axes, "text", lambda self, *at, **how: texts.append(at[2]) or text(self, *at, **how)
    )
    return texts
