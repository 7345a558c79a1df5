"""What the exercises of lesson 06 share: a sigmoid, and weights and states drawn from a seed."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _weights(rng, D, H, blocks=4):
    return {
        "Wxh": rng.standard_normal((D, blocks * H)),
        "Whh": rng.standard_normal((H, blocks * H)),
        "bh": rng.standard_normal(blocks * H),
    }


def make_case(seed, D, H, blocks=4):
    rng = np.random.default_rng(seed)
    return _weights(rng, D, H, blocks), rng.standard_normal(D), *rng.standard_normal((2, H))


CASES = [(0, 5, 4), (1, 3, 1), (2, 2, 6)]  # seed, D, H
