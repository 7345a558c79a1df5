"""What exercises 3.1 to 3.4 share: networks with a piece of text each, drawn from a seed."""

import numpy as np

from minichar import rnn100


def make_case(seed, V=5, H=4, T=7):
    """A small network with weights large enough to matter, and something for it to read."""
    rng = np.random.default_rng(seed)
    W = {name: rng.standard_normal(w.shape) for name, w in rnn100.init(V, H, rng).items()}
    inputs, targets = rng.integers(V, size=T), rng.integers(V, size=T)
    inputs[-1] = inputs[0]  # a character that is read twice: its gradients have to add up
    return W, inputs, targets, 0.5 * rng.standard_normal(H)


CASES = [(0, 5, 4, 7), (1, 3, 6, 9), (2, 8, 2, 1)]  # seed, V, H, T
