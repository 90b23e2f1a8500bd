"""The source files of the repository, and what each imports, as the architecture tests see them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "flowsentry" / "python" / "flowsentry"
OURS = ("app.py", "benchmarks", "campaigns", "docs", "lambdas", "layers/flowsentry", "local", "stacks", "tests")
"""What we wrote; the rest of a working copy is built or installed."""


def python_files(*folders: str) -> Iterator[Path]:
    for name in folders:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def module_name(path: Path) -> str:
    """`contacts.sizes` for a file of the package; `contacts` for a folder's own page."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """The full names of what a file imports, wherever in the file; `from a import b` is both `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"{path}: relative imports are banned")
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def modules() -> dict[str, Path]:
    """The package's modules by name without `flowsentry.`; the package's own page has none."""
    return {name: path for path in sorted(PACKAGE.rglob("*.py")) if (name := module_name(path))}


def own_imports(path: Path) -> set[str]:
    """The modules of the package that a file imports."""
    known = modules()
    inside = {name.removeprefix("flowsentry.") for name in imported(path) if name.startswith("flowsentry.")}
    return {name for name in inside if name in known}
