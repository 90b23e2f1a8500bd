"""Names that mean nothing, and pieces too large to read, do not get in."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import OURS, ROOT, python_files

FORBIDDEN = {
    *("base", "common", "core", "data", "func"),
    *("helper", "helpers", "lib", "libs", "manager", "managers", "misc"),
    *("service", "shared", "stuff", "tool", "tools", "util", "utils"),
}
"""Drawers: whatever is put in fits."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST_LINES_OF_A_MODULE = 300
MOST_MODULES_OF_A_FOLDER = 15
MOST_LEVELS = 2
"""Of folders below a package, such as `flowsentry/detect/scans`."""
PACKAGES = ("layers/flowsentry/python/flowsentry", "stacks", "local", "campaigns", "benchmarks")
MOST_LINES_OF_A_HANDLER = 80
MOST_LINES_OF_A_FUNCTION = 40
FILES = [path.relative_to(ROOT) for path in python_files(*OURS) if "__pycache__" not in path.parts]


def test_the_files_are_found() -> None:
    assert {path.parts[0] for path in FILES} >= {"app.py", "layers", "local", "stacks", "tests"}


def test_names_say_what_is_inside() -> None:
    assert [path for path in FILES if {part.removesuffix(".py") for part in path.parts} & FORBIDDEN] == []


def test_a_module_can_be_read_at_once() -> None:
    modules = {path: len((ROOT / path).read_text().splitlines()) for path in FILES}
    assert {path: lines for path, lines in modules.items() if lines >= MOST_LINES_OF_A_MODULE} == {}
    handlers = {path: lines for path, lines in modules.items() if path.name == "handler.py"}
    assert {path: lines for path, lines in handlers.items() if lines >= MOST_LINES_OF_A_HANDLER} == {}


def own_lines(function: ast.AST) -> int:
    """The lines of a function's body, without its docstring and the functions inside it."""
    assert isinstance(function, FUNCTION)
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    inner = (node for node in ast.walk(function) if isinstance(node, FUNCTION) and node is not function)
    return (function.end_lineno or 0) - first.lineno + 1 - sum(own_lines(each) for each in inner)


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, FUNCTION) and own_lines(node) > MOST_LINES_OF_A_FUNCTION:
            yield f"{path}: {node.name}"


def test_a_function_fits_on_a_screen() -> None:
    assert [each for path in FILES for each in long_functions(path)] == []


def test_a_folder_can_be_looked_over() -> None:
    product = [path for path in FILES if path.parts[0] != "tests" and path.name != "__init__.py"]
    modules = Counter(path.parent for path in product)
    assert {folder: number for folder, number in modules.items() if number > MOST_MODULES_OF_A_FOLDER} == {}


def test_rooms_are_at_most_two_levels_deep() -> None:
    for package in PACKAGES:
        below = [path.relative_to(package) for path in FILES if path.is_relative_to(package)]
        assert below
        assert [path for path in below if len(path.parts) - 1 > MOST_LEVELS] == []
