"""The package as a whole: what imports what, what every file says of itself, what is public."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minichar as mc

PACKAGE = Path(mc.__file__).parent
# JupyterLab keeps a copy, in a folder with a dot, of each file that was opened there.
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent.name[0] != ".")
README = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
# The reading order: imports only go down it. A file may use those above it and none below.
LISTED = re.findall(r"`(\w+)(?:\.py|/)`", "\n".join(re.findall(r"^- `.*?:", README, re.M)))
COURSE = LISTED.index("course")
ORDER = [*LISTED[:COURSE], "__init__", *LISTED[COURSE:], "__main__"]


def part(path):
    """The entry of ORDER that a file of the package belongs to."""
    name = path.relative_to(PACKAGE).parts[0]
    return name.removesuffix(".py")


def imported(path):
    """The parts of the package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name}: relative import"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            pieces = name.split(".")
            if pieces[0] == "minichar" and len(pieces) > 1 and pieces[1] in ORDER:
                yield pieces[1]


def test_every_file_is_in_the_reading_order_of_the_readme_once():
    assert len(ORDER) == len(set(ORDER)) and set(ORDER) == {part(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_what_stands_above_it(path):
    own = ORDER.index(part(path))
    below = {name for name in imported(path) if ORDER.index(name) > own}
    assert not below


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_opens_with_what_it_is_and_fits_in_the_head(path):
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "no opening paragraph"
    assert source.count("\n") <= 260


def modules():
    return [
        ".".join(("minichar", *p.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for p in FILES
        if p.name != "__main__.py"
    ]


@pytest.mark.parametrize("name", modules())
def test_the_examples_in_the_docstrings_are_true(name):
    if name in ("minichar.compiled", "minichar.fast"):
        pytest.importorskip("numba", reason="runs with the extra fast: pip install '.[fast]'")
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "module",
    [mc.text, mc.datasets, mc.ngram, mc.sampling, mc.model, mc.training, mc.checkpoint],
    ids=lambda m: m.__name__,
)
def test_public_functions_say_what_they_do_and_are_typed(module):
    for name, thing in inspect.getmembers(module):
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        functions = [thing] if inspect.isfunction(thing) else []
        if inspect.isclass(thing):
            assert thing.__doc__, name
            functions = [f for n, f in inspect.getmembers(thing, inspect.isfunction) if n[0] != "_"]
        for f in functions:
            assert f.__doc__, f"{f.__qualname__} has no docstring"
            assert "return" in f.__annotations__, f"{f.__qualname__} has no return type"


def test_no_module_shares_its_name_with_a_function():
    for name in mc.__all__:
        thing = getattr(mc, name)
        if callable(thing):
            assert not (PACKAGE / f"{name}.py").exists(), name


def test_importing_the_package_is_light():
    code = (
        "import minichar, sys; print([m for m in ('matplotlib', 'ipywidgets') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_nothing_in_the_package_evaluates_or_unpickles():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), path
            if isinstance(node, ast.Import):
                assert "pickle" not in [alias.name for alias in node.names], path
            if isinstance(node, ast.ImportFrom):
                assert node.module != "pickle", path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", path
