"""What the exercises of lesson 04 share: scores and networks drawn from a seed."""

import numpy as np

from minichar import rnn100, sampling
from minichar.text import Vocabulary


def network(seed, V=4, H=5, size=1.5):
    rng = np.random.default_rng(seed)
    W = {name: size * rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
    start = np.zeros(H)
    vocab = Vocabulary("\nbcdefghij"[:V])  # a line end is a character like any other
    return sampling.Predictor(vocab, lambda i, h=None: rnn100.step(W, i, start if h is None else h))


def scores(seed, V):
    return 2 * np.random.default_rng(seed).standard_normal(V)
