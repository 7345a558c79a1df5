"""An array type that stands in for CuPy's where there is no graphics card: it moves only when told.

The numbers lie in the computer's own memory, and yet no array of this type mixes with one of
numpy's: what would fail on a card, or wait for it unseen, fails here or is counted. `counts` has
the arrays that went up to the card and down, their bytes, and the launches: how many programs a
real card would have been asked to start. It is stricter than CuPy in one thing: a function of
numpy's, such as np.tanh, refuses these arrays, where CuPy's are handed on to CuPy. For lesson 10
and the tests.

    >>> with instead_of_cupy() as card:
    ...     x = card.asarray(np.arange(3.0))  # up
    ...     y = (x * x).sum()  # two launches, and y stays there
    ...     float(y), card.counts.up, card.counts.down, card.counts.launches  # float: down
    (5.0, 1, 1, 2)
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partialmethod
from operator import attrgetter
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

# Functions of numpy's that CuPy has too: those that start a program on the card, and those that
# only look at an array's memory in another way.
LAUNCHING = (
    "abs add arange argmax ascontiguousarray clip concatenate copy cumsum divide dot einsum equal "
    "exp full greater hstack inner isfinite log matmul maximum mean minimum multiply negative ones "
    "ones_like pad power reciprocal repeat sqrt square stack subtract sum take tanh tensordot tile "
    "vdot vstack where zeros zeros_like"
)
LOOKING = "array_split broadcast_to empty empty_like expand_dims hsplit ndim shape split swapaxes"
PROPERTIES = "dtype flags nbytes ndim shape size strides"
METHODS = "all any argmax astype clip copy cumsum flatten max mean min repeat sum take"
VIEWS = "ravel reshape swapaxes transpose"


@dataclass
class Counts:
    """What has gone up to the card and down from it, and the programs started there."""

    up: int = 0
    down: int = 0
    launches: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def reset(self) -> None:
        for field in fields(self):
            setattr(self, field.name, 0)


counts = Counts()  # there is one card


def _refuse(what: str) -> TypeError:
    return TypeError(
        f"{what}: an array on the card and one of numpy's do not mix; "
        "asarray(a) moves one to the card, a.get() brings one back"
    )


def _below(thing: Any) -> Any:
    """What an argument is for numpy: our arrays unwrapped, numpy's own refused."""
    if isinstance(thing, ndarray):
        return thing._numbers
    if isinstance(thing, np.ndarray):
        raise _refuse("a numpy array was passed")
    if isinstance(thing, list | tuple):
        return type(thing)(_below(item) for item in thing)
    return thing


def _above(thing: Any) -> Any:
    """numpy's result as one of ours. A single number stays on the card, as an array ()."""
    if isinstance(thing, list | tuple):
        return [_above(item) for item in thing]
    return ndarray(np.asarray(thing)) if isinstance(thing, np.ndarray | np.generic) else thing


def _lifted(function: Callable, launches: int = 1) -> Callable:
    def call(*arguments: Any, **named: Any) -> Any:
        counts.launches += launches
        return _above(function(*_below(arguments), **{k: _below(v) for k, v in named.items()}))

    return call


class ndarray:
    """An array on a card that does not exist."""

    __hash__ = None

    def __init__(self, numbers: np.ndarray):
        self._numbers = numbers

    T = property(lambda self: ndarray(self._numbers.T))

    def __array__(self, *_: Any, **__: Any) -> None:
        raise _refuse("numpy asked for the numbers")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        numbers = any(isinstance(x, np.generic) for x in inputs)  # as in np.float32(2) * x
        if method != "__call__" or "out" in named or not numbers:
            raise _refuse(f"numpy's {ufunc.__name__}")
        return _lifted(ufunc)(*inputs, **named)

    def __array_function__(self, function: Any, *_: Any) -> None:
        raise _refuse(f"numpy's {function.__name__}")

    def get(self) -> np.ndarray:
        """A copy for numpy: the card is waited for, and the numbers come down."""
        counts.down += 1
        counts.bytes_down += self.nbytes
        return self._numbers.copy()

    def item(self) -> Any:
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator["ndarray"]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        return f"<on the card: {self.dtype} {self.shape}>"

    def __deepcopy__(self, memo: dict) -> "ndarray":
        return self.copy()

    def __getitem__(self, place: Any) -> "ndarray":
        places = place if isinstance(place, tuple) else (place,)
        counts.launches += any(isinstance(p, ndarray | list) for p in places)  # rows are gathered
        return _above(self._numbers[_below(place)])

    def __setitem__(self, place: Any, value: Any) -> None:
        counts.launches += 1
        self._numbers[_below(place)] = _below(value)

    def dot(self, b: "ndarray", out: "ndarray | None" = None) -> "ndarray":
        return _lifted(np.dot)(self, b, out)

    def _method(self, *arguments: Any, name: str, launches: int, **named: Any) -> Any:
        return _lifted(getattr(self._numbers, name), launches)(*arguments, **named)

    def _operator(self, other: Any, function: Any, turned: bool = False) -> Any:
        if isinstance(other, np.ndarray):
            raise _refuse(function.__name__)
        if not isinstance(other, ndarray | np.generic | int | float):
            return NotImplemented
        return _lifted(function)(*((other, self) if turned else (self, other)))

    def _in_place(self, other: Any, function: Any) -> Any:
        counts.launches += 1
        function(self._numbers, _below(other), out=self._numbers)
        return self


for _name in PROPERTIES.split():
    setattr(ndarray, _name, property(attrgetter(f"_numbers.{_name}")))
for _name in METHODS.split():
    setattr(ndarray, _name, partialmethod(ndarray._method, name=_name, launches=1))
for _name in VIEWS.split():
    setattr(ndarray, _name, partialmethod(ndarray._method, name=_name, launches=0))
for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "matmul": np.matmul,
    "pow": np.power,
    "xor": np.bitwise_xor,
    "and": np.bitwise_and,
    "rshift": np.right_shift,
}.items():
    setattr(ndarray, f"__{_name}__", partialmethod(ndarray._operator, function=_ufunc))
    _turned = partialmethod(ndarray._operator, function=_ufunc, turned=True)
    setattr(ndarray, f"__r{_name}__", _turned)
    setattr(ndarray, f"__i{_name}__", partialmethod(ndarray._in_place, function=_ufunc))
for _name, _ufunc in {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}.items():
    setattr(ndarray, f"__{_name}__", partialmethod(ndarray._operator, function=_ufunc))
ndarray.__neg__ = lambda self: _lifted(np.negative)(self)
ndarray.__abs__ = lambda self: _lifted(np.abs)(self)
ndarray.__getattr__ = lambda self, name: _missing(f"array with .{name}")
ndarray.__module__ = "cupy"  # by which backend.of knows it


def _asarray(a: Any, dtype: Any = None) -> ndarray:
    """Take numbers up to the card, unless they are there; a list of arrays there becomes one."""
    if isinstance(a, list | tuple) and a and all(isinstance(part, ndarray) for part in a):
        a = _lifted(np.stack)(a)
    elif not isinstance(a, ndarray):
        a = ndarray(np.array(a, dtype))
        counts.up += 1
        counts.bytes_up += a.nbytes
    return a if dtype is None or a.dtype == dtype else a.astype(dtype)


def _array(a: Any, dtype: Any = None) -> ndarray:
    return _asarray(a.copy() if isinstance(a, ndarray) else a, dtype)


def _missing(name: str) -> None:
    raise AttributeError(f"the stand-in for CuPy has no {name}, only what the course needs")


def module() -> ModuleType:
    """A module with the part of CuPy that the course uses, on arrays of this type."""
    card = ModuleType("cupy", __doc__)
    card.__version__, card.ndarray, card.asarray = "(a stand-in)", ndarray, _asarray
    card.counts, card.array, card.__getattr__ = counts, _array, _missing
    for launches, names in ((1, LAUNCHING), (0, LOOKING)):
        for name in names.split():
            setattr(card, name, _lifted(getattr(np, name), launches))
    card.add.at, card.linalg = _lifted(np.add.at), SimpleNamespace(norm=_lifted(np.linalg.norm))
    for name in ("float32", "float64", "int32", "uint32", "newaxis", "pi"):
        setattr(card, name, getattr(np, name))
    one = {"getDeviceCount": lambda: 1, "getDeviceProperties": lambda k: {"name": b"no card"}}
    card.cuda = SimpleNamespace(runtime=SimpleNamespace(**one))
    return card


@contextmanager
def instead_of_cupy() -> Iterator[ModuleType]:
    """Inside, `import cupy` and device="gpu" get the stand-in, whose counts begin at 0."""
    before, card = sys.modules.get("cupy"), module()
    counts.reset()
    sys.modules["cupy"] = card
    try:
        yield card
    finally:
        if before is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = before
