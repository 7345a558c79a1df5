"""Optimisers: how a weight moves, given its gradient. Rates: schedules.py; clipping: clipping.py.

In each, `step` reads `.grad` of every parameter and changes `.data` in place; difficulty grows from
top to bottom. `state` holds what an optimiser remembers, by parameter, so that it can be saved.
Built in lesson 08.

    >>> import numpy as np
    >>> from minichar.graph import Tensor
    >>> w = Tensor(np.array([2.0]), requires_grad=True)
    >>> w.grad = np.array([10.0])
    >>> SGD({"w": w}, lr=0.1).step()
    >>> float(w.data[0])
    1.0
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minichar import backend
from minichar.clipping import clip_by_norm, clip_by_value, length
from minichar.graph import Tensor
from minichar.schedules import Schedule, cosine, exponential

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "clip_by_norm",
    "clip_by_value",
    "cosine",
    "exponential",
    "length",
]

SOME = 30_000  # numbers that are worked on at once: they stay in the processor's cache meanwhile


def cut(flat: Any, arrays: Sequence[Any]) -> list:
    """`flat` in views of the shapes of these arrays, one after another."""
    ends = [0, *itertools.accumulate(a.size for a in arrays)]
    pieces = (flat[start:end] for start, end in itertools.pairwise(ends))
    return [piece.reshape(a.shape) for piece, a in zip(pieces, arrays, strict=True)]


class Optimizer:
    """What the optimisers below have in common. What makes each of them is its `change`."""

    remembers: tuple[str, ...] = ()  # arrays kept for each parameter
    weight_decay = 0.0

    def __init__(self, parameters: Mapping[str, Tensor], lr: float):
        if not 0 <= lr < np.inf:
            raise ValueError(f"lr={lr}: the learning rate must be finite, and 0 or more")
        self.parameters, self.lr, self.steps = dict(parameters), float(lr), 0
        kinds = {(backend.of(w.data), w.dtype) for w in self.parameters.values()}
        names, self.state, self._groups = list(self.parameters), {}, []
        # What is remembered of all parameters lies in one array, if they are of one type and on one
        # device; `state` has views into it.
        for group in [names] if len(kinds) == 1 else [[name] for name in names]:
            weights = [self.parameters[name].data for name in group]
            like, size = weights[0], sum(w.size for w in weights)
            memory = {kept: backend.of(like).zeros(size, like.dtype) for kept in self.remembers}
            self._groups.append((group, memory))
        self._view()

    def _view(self) -> None:
        """Make `state` views into what is remembered of each group."""
        for group, memory in self._groups:
            weights = [self.parameters[name].data for name in group]
            parts = {kept: cut(flat, weights) for kept, flat in memory.items()}
            for k, name in enumerate(group):
                self.state[name] = {kept: part[k] for kept, part in parts.items()}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        """Of a copy, by copy or pickle: else its `state` would be arrays that no step moves."""
        self.__dict__.update(attributes)
        self._view()

    def step(self) -> None:
        """Move every parameter that has a gradient, and set its gradient to None."""
        self.steps += 1
        for group, memory in self._groups:
            have = [name for name in group if self.parameters[name].grad is not None]
            if have == group:
                self._move(group, memory)
            else:
                for name in have:
                    flat = {kept: a.reshape(-1) for kept, a in self.state[name].items()}
                    self._move([name], flat)

    def _move(self, group: list[str], memory: dict[str, Any]) -> None:
        """Move some parameters, with their gradients one after another in a single array.

        A dozen calls for each parameter would take longer than the arithmetic where they are small;
        where they are large, what is worked on at once stays in the processor's cache.
        """
        weights = [self.parameters[name] for name in group]
        g = backend.of(weights[0].data).concatenate([w.grad.reshape(-1) for w in weights])
        some = g.size if backend.on_card(g) else SOME
        for k in range(0, g.size, some):
            self.change(g[k : k + some], **{n: a[k : k + some] for n, a in memory.items()})
        for w, change in zip(weights, cut(g, [w.data for w in weights]), strict=True):
            if self.weight_decay:
                change += self.weight_decay * w.data
            w.data -= change
            w.grad = None

    def change(self, g: Any, **memory: Any) -> None:
        """Turn a gradient g into what its weights lose. In place, like all that is remembered."""
        raise NotImplementedError


class SGD(Optimizer):
    """w ← w - lr g; with momentum, w ← w - lr v where v ← momentum v + g (Polyak, 1964)."""

    remembers = ("v",)

    def __init__(self, parameters: Mapping[str, Tensor], lr: float, momentum: float = 0.0):
        super().__init__(parameters, lr)
        self.momentum = momentum

    def change(self, g: Any, v: Any) -> None:
        v *= self.momentum
        v += g
        backend.of(g).multiply(v, self.lr, g)


class Adagrad(Optimizer):
    """m ← m + g²; w ← w - lr g / √(m + eps), as in lesson 03 (Duchi, Hazan and Singer, 2011)."""

    remembers = ("m",)

    def __init__(self, parameters: Mapping[str, Tensor], lr: float = 0.1, eps: float = 1e-8):
        super().__init__(parameters, lr)
        self.eps = eps

    def change(self, g: Any, m: Any) -> None:
        m += g * g
        g *= self.lr
        g /= backend.of(g).sqrt(m + self.eps)


class RMSProp(Optimizer):
    """m ← decay m + (1 - decay) g²; w ← w - lr g / √(m + eps) (Tieleman and Hinton, 2012).

    Adagrad with a memory that fades. Under the root, 1e-16 is what others add after it as 1e-8. The
    gradients of a mean over thousands of predictions are so small that an eps of 1e-8 here, which
    recurrentjs has for its sums, would dominate m and slow everything down. `clip` limits each
    number of g for the move alone, after m has seen it whole, and `weight_decay` pulls w towards 0
    by that share a step, as in recurrentjs.
    """

    remembers = ("m",)

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        lr: float = 0.002,
        decay: float = 0.95,
        eps: float = 1e-16,
        clip: float | None = None,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, lr)
        self.decay, self.eps, self.clip, self.weight_decay = decay, eps, clip, weight_decay

    def change(self, g: Any, m: Any) -> None:
        m *= self.decay
        m += (1 - self.decay) * g * g
        if self.clip is not None:
            g.clip(-self.clip, self.clip, g)
        g *= self.lr
        g /= backend.of(g).sqrt(m + self.eps)


class Adam(Optimizer):
    """Momentum and RMSProp together, both corrected for their start at 0.

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    """

    remembers = ("m", "v")

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        lr: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        super().__init__(parameters, lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def change(self, g: Any, m: Any, v: Any) -> None:
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        g *= g
        g *= 1 - self.beta2
        v += g
        # m and √v began at 0 and are too small by these factors (section 2, at its end).
        small_m, small_root = 1 - self.beta1**self.steps, (1 - self.beta2**self.steps) ** 0.5
        backend.of(g).sqrt(v, g)
        g += self.eps * small_root
        backend.of(g).divide(m, g, g)
        g *= self.lr * small_root / small_m


OPTIMIZERS = {  # by name: the kind, and a rate that works for it on texts of any size
    "adam": (Adam, 0.002),
    "rmsprop": (RMSProp, 0.002),
    "adagrad": (Adagrad, 0.05),
    "sgd": (SGD, 0.5),
}
