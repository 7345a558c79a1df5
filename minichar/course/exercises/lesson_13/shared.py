"""What exercises 13.1 and 13.3 share: the result has to be a Tensor."""

import numpy as np

from minichar.course.checking import Wrong
from minichar.graph import Tensor


def expect_tensor(name, got):
    if isinstance(got, np.ndarray | list | float | np.number):
        raise Wrong(f"{name} is no Tensor, so no gradient can flow back: index the Tensor itself")
    if not isinstance(got, Tensor):
        raise Wrong(f"{name} is of type {type(got).__name__}, expected a Tensor")
