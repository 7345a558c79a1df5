"""Exercise 14.1: `key(settings)`, the same text for equal settings, tomorrow too."""

import builtins
import contextlib
import json

from minichar.course.checking import Wrong, call, exercise


def key(settings):
    return ", ".join(f"{name}={settings[name]!r}" for name in sorted(settings))


class _Name(str):
    """A text as another process has it: equal to the same text, with another hash."""

    salt = 0

    def __hash__(self):
        return str.__hash__(self) ^ _Name.salt


class _Settings(dict):
    """Settings under such names, found by a plain text, too."""

    def __missing__(self, name):
        return {str(key): value for key, value in self.items()}[name]


@contextlib.contextmanager
def _another_process(salt):
    """Python's hash() of texts differs from process to process; here it does within one."""
    plain = builtins.hash
    _Name.salt, builtins.hash = salt, lambda thing: plain(thing) ^ salt
    try:
        yield
    finally:
        _Name.salt, builtins.hash = 0, plain


def _names_forgotten(settings):
    return json.dumps([settings[name] for name in sorted(settings)])


def _values_forgotten(settings):
    return ", ".join(sorted(settings))


def _by_value(settings):
    """Sorted by value, the names left out: 8 and 16 may change places."""
    return ", ".join(sorted(map(str, settings.values())))


def _ones_name_only(settings):
    return str(max(sorted(settings.items())))


@exercise(
    "14.1",
    "a key for settings",
    answer=key,
    hints=[
        (
            "The same in any order?",
            "A dictionary keeps the order in which it was made. `sorted(settings)` gives its names "
            "in the order of the alphabet, however it was made.",
        ),
        (
            "What has to be in it?",
            "Whatever tells two settings apart: each name, each value, all digits of the value.",
        ),
        (
            "Why not hash()?",
            "Python's `hash` of a text differs from process to process, on purpose. The sweep goes on "
            "tomorrow, in another process: build the key from the names and values themselves.",
        ),
    ],
    wrong={
        "in the order of the dictionary": lambda settings: str(settings),
        "in the order of the dictionary, as JSON": lambda settings: json.dumps(settings),
        "the names are left out": _names_forgotten,
        "the values are left out": _values_forgotten,
        "sorted values, without names": _by_value,
        "only the last setting counts": _ones_name_only,
        "only the first setting counts": lambda settings: str(min(settings.items(), default="")),
        "sorted by value, where two may be alike": lambda settings: str(
            sorted(settings.items(), key=lambda item: repr(item[1]))
        ),
        "values rounded to two digits": lambda settings: ", ".join(
            f"{name}={settings[name]:.2f}"
            if isinstance(settings[name], float)
            else f"{name}={settings[name]}"
            for name in sorted(settings)
        ),
        "the number 1 and the text '1' alike": lambda settings: ", ".join(
            f"{name}={settings[name]}" for name in sorted(settings)
        ),
        "the first letters of the names": lambda settings: str(
            sorted((name[0], repr(value)) for name, value in settings.items())
        ),
        "nothing between name and value": lambda settings: "".join(
            f"{name}{settings[name]!r}" for name in sorted(settings)
        ),
        "the neurons of all layers in one sum": lambda settings: key(
            settings | {"hidden": sum(settings.get("hidden", ()))}
        ),
        "hash(), which differs from process to process": lambda settings: str(
            hash(tuple(sorted(settings.items())))
        ),
        "a set, whose order differs from process to process": lambda settings: str(
            set(settings.items())
        ),
        "the dictionary itself, sorted": lambda settings: dict(sorted(settings.items())),
    },
)
def _(f):
    one = {"hidden": (64, 64), "dropout": 0.3, "seed": 0, "cell": "lstm", "lr": 0.01, "batch": 20}

    def of(settings, salt=0):
        with _another_process(salt):
            found = call(f, _Settings((_Name(name), value) for name, value in settings.items()))
        if not isinstance(found, str):
            raise Wrong(f"the key is of type {type(found).__name__}, expected a text")
        return str(found)

    first = of(one)
    for settings in (one, {"batch": 20, "length": 20}):
        if of(dict(reversed(settings.items()))) != of(settings):
            raise Wrong(f"the same settings in another order give a different key: {settings}")
    if of(dict(one)) != first:
        raise Wrong("the same settings give a different key the second time")
    others = [
        one | {"seed": 1},
        one | {"hidden": (64,)},
        one | {"hidden": (6, 464)},
        one | {"hidden": (32, 96)},
        one | {"dropout": 0.1 + 0.2},  # 0.30000000000000004: all digits count
        one | {"lr": 0.3, "dropout": 0.01},
        one | {"seed": 20, "batch": 0},
        one | {"cell": "gru"},
        {name: one[name] for name in list(one)[:-1]},
        {("length" if name == "batch" else name): value for name, value in one.items()},
    ]
    for other in others:
        if of(other) == first:
            raise Wrong(f"two different settings have the same key: {one} and {other}")
    pairs = (
        ({"lr": 0.5}, {"dropout": 0.5}),
        ({"lr": 20}, {"length": 20}),
        ({"seed": 1}, {"seed": 11}),
        ({"seed": 1}, {"seed": "1"}),
        ({"layer1": 6}, {"layer": 16}),
        ({}, {"seed": 0}),
    )
    for a, b in pairs:
        if of(a) == of(b):
            raise Wrong(f"two different settings have the same key: {a} and {b}")
    if any(of(one, salt) != first for salt in (0x5A5A5A5, 0x1234567, 0x7654321, 0x2BADC0D)):
        raise Wrong("the same settings give a different key in another process")
