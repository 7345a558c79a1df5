"""Hypothesis without its deadline: how long an example takes says more about the machine."""

from hypothesis import settings

settings.register_profile("minichar", deadline=None)
settings.load_profile("minichar")
