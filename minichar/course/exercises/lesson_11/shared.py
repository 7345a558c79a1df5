"""What exercises 11.2 and 11.3 share: how closely each cell follows a feature."""

import numpy as np


def correlations(cells, feature):
    x, y = cells - cells.mean(axis=0), feature - feature.mean()
    return x.T @ y / np.sqrt((x**2).sum(axis=0) * (y**2).sum())
