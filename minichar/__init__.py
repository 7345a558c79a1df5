"""minichar: character-level recurrent networks, built up lesson by lesson.

    >>> import minichar as mc
    >>> model = mc.NGram(mc.load_text("names"), order=4)
    >>> len(mc.sample(model, prime="\\nma", length=10))
    10

`from minichar import draw, widgets` for the pictures and sliders, `from minichar.course import
check` for the exercises.
"""

from minichar import datasets, ngram, rnn100, sampling, text
from minichar.datasets import load_text
from minichar.ngram import NGram
from minichar.sampling import beam, sample, score, stream
from minichar.text import Vocabulary

__all__ = [
    "NGram",
    "Vocabulary",
    "beam",
    "datasets",
    "load_text",
    "ngram",
    "rnn100",
    "sample",
    "sampling",
    "score",
    "stream",
    "text",
]
