"""Training in half precision: two bytes a number forward and backward, four in the weights.

This is mixed precision. The products of a step are the same in float16 to about three digits, and a
graphics card has units for them that are many times faster. What must not be rounded so coarsely
are the weights: an update is often smaller than a thousandth of what it is added to, and would be
lost. So the model keeps its float32 weights, the optimiser moves those, and each step computes on a
copy in float16. Small gradients would vanish below 6e-8, the smallest number of float16: the loss
is multiplied by `scale` first, the gradients divided by it after. (Micikevicius and others, "Mixed
precision training", 2018.) Built in lesson 10.

    >>> from minichar.text import Vocabulary
    >>> model = CharModel(Vocabulary("ab"), hidden=4)
    >>> training = HalfTraining(model, "ab" * 40, batch=2, length=10)
    >>> training.step().loss < 1, model.dtype, str(training.copy.parameters()["0.Whh"].dtype)
    (True, 'float32', 'float16')

Numpy has no fast products of float16: on a processor this is slow, and only for a look at it. On a
card the gates take the launches of fused.py, for kernels.py knows no float16; whether the whole is
faster there has not been measured yet (tests/benchmarks/gpu.py does it).
"""

from typing import Any

import numpy as np

from minichar import fused
from minichar.graph import cross_entropy, node
from minichar.model import KINDS, CharModel
from minichar.training import Report, Training


class HalfTraining(Training):
    """A Training whose steps compute in float16, for train(…, training=…). Its file is Training's.

    `scale` is halved when a gradient has gone beyond 65,504, the largest number of float16;
    training then goes back to its last good moment, and the learning rate stays.
    """

    def __init__(self, model: CharModel, text: str, scale: float = 2.0**12, **settings: Any):
        if model.dtype != "float32":
            raise ValueError(f"a model in {model.dtype}: half precision is for float32")
        if not 1 <= scale < np.inf:
            what = "the loss is multiplied by it; it must be 1 or more, and finite"
            raise ValueError(f"scale={scale}: {what}")
        super().__init__(model, text, **settings)
        self.scale, self.copy = float(scale), CharModel(model.vocab, **model.settings())
        for cell in self.copy.cells:  # the compiled ones know no float16
            cell.__class__ = getattr(fused, KINDS[model.cell])
        for name, w in self.copy.parameters().items():
            w.data = model.parameters()[name].data.astype("float16")

    def gradients(self, inputs: Any, targets: Any) -> tuple[Any, list]:
        """As in Training: the loss and the state in float32, whatever they were computed in."""
        weights, copies = self.model.parameters(), self.copy.parameters()
        for name, w in copies.items():
            w.data[...], w.grad = weights[name].data, None
        z, state = self.copy(inputs, self.state, self.rng)

        def scaled(g):
            return ((g * self.scale).astype("float16"),)

        loss = cross_entropy(node("float32", z.data.astype("float32"), (z,), scaled), targets)
        loss.backward()
        for name, w in weights.items():
            w.grad = copies[name].grad.astype("float32") / w.dtype.type(self.scale)
        return loss.data, [tuple(s.astype("float32") for s in layer) for layer in state]

    def _take_back(self, value: float, what: str) -> Report:
        if self.scale == 1 or not np.isfinite(value) or value > 3 * self.initial + 3:
            return super()._take_back(value, what)  # not by the scale: as in Training
        self.scale = max(1.0, self.scale / 2)
        factor, lr = self.factor, self.optimizer.lr
        self.restore(self.good)
        self.factor, self.optimizer.lr = factor, lr
        step, epoch = self.step_number, self.epoch + self.place / len(self.inputs)
        note = f"a gradient beyond float16: back to step {step}, its scale halved to {self.scale:g}"
        return Report(step, epoch, value, None, np.inf, lr * factor, 0.0, note)
