"""What exercises 9.3 and 9.4 share: which of numpy's functions an answer calls, and how often."""

from collections import Counter

import numpy as np

from minichar.course.checking import call_on


class Counted(np.ndarray):
    """An array that counts what numpy does with it, by name: one call, one count."""

    calls: Counter = Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **named):
        Counted.calls[ufunc.__name__] += 1

        def plain(arrays):
            return [np.asarray(a) if isinstance(a, Counted) else a for a in arrays]

        if out is not None:
            named["out"] = tuple(plain(out))
        result = getattr(ufunc, method)(*plain(inputs), **named)
        if out is not None and len(out) == 1:
            return out[0]
        return result.view(Counted) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function, types, args, kwargs):
        Counted.calls[function.__name__] += 1
        return super().__array_function__(function, types, args, kwargs)


def calls_of(f, *args):
    """How often each operation of numpy was called when `f` ran on `args`."""
    Counted.calls.clear()
    call_on(f, *(a.view(Counted) if a.dtype.kind == "f" else a for a in args))
    return Counted.calls
