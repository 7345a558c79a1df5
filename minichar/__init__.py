"""minichar: character-level recurrent networks, built up lesson by lesson.

    >>> import minichar as mc
    >>> model = mc.NGram(mc.load_text("names"), order=4)
    >>> len(mc.sample(model, prime="\\nma", length=10))
    10

`from minichar import draw, widgets` for the pictures and sliders, `from minichar.course import
check` for the exercises.
"""

from minichar import (
    checkpoint,
    datasets,
    evaluation,
    fused,
    graph,
    layers,
    model,
    ngram,
    optim,
    rnn100,
    sampling,
    text,
    training,
)
from minichar.archive import BadModelFile
from minichar.checkpoint import load_model, load_training, save_model
from minichar.datasets import load_text
from minichar.model import CharModel
from minichar.ngram import NGram
from minichar.sampling import sample, samples, score, stream
from minichar.searching import beam
from minichar.text import Vocabulary
from minichar.training import Training, train


def __getattr__(name: str) -> object:
    """`Studio`, which needs ipywidgets and matplotlib, is imported when it is first asked for."""
    if name == "Studio":
        from minichar.studio import Studio

        return Studio
    raise AttributeError(f"module 'minichar' has no attribute {name!r}")


__all__ = [
    "BadModelFile",
    "CharModel",
    "NGram",
    "Studio",
    "Training",
    "Vocabulary",
    "beam",
    "checkpoint",
    "datasets",
    "evaluation",
    "fused",
    "graph",
    "layers",
    "load_model",
    "load_text",
    "load_training",
    "model",
    "ngram",
    "optim",
    "rnn100",
    "sample",
    "samples",
    "sampling",
    "save_model",
    "score",
    "stream",
    "text",
    "train",
    "training",
]
