"""What is printed on a terminal goes through one room, so that no name is taken for markup."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, imported, python_files

ROOM = ROOT / "local" / "terminal"
PROGRESS = ROOT / "local" / "reading" / "progress.py"
OPEN_TO_ALL = {"rich.text", "rich.text.Text", "rich.style", "rich.style.Style"}
"""Text and styles, which are no markup."""
NEEDED_AT_EVERY_START = (ROOT / "local" / "cli.py", *python_files("local/terminal"))
HEAVY = {"polars", "boto3", "botocore", "pydantic", "duckdb", "flowsentry", "stacks"}
OUTSIDE = [path for path in python_files("local") if not path.is_relative_to(ROOM) and path != PROGRESS]


def of_rich(path: Path) -> set[str]:
    return {name for name in imported(path) if name.split(".")[0] == "rich"} - OPEN_TO_ALL


def test_only_the_room_of_the_terminal_makes_consoles_and_tables() -> None:
    users = {path.relative_to(ROOT).as_posix(): of_rich(path) for path in OUTSIDE if of_rich(path)}
    assert users == {"local/cli.py": {"rich.markup", "rich.markup.escape"}}


@pytest.mark.parametrize("path", NEEDED_AT_EVERY_START, ids=lambda path: path.name)
def test_what_every_start_needs_imports_nothing_heavy(path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} & HEAVY == set()


def test_no_console_reads_markup() -> None:
    """Whoever names an instance would else style, or break, what is printed."""
    calls = [
        node
        for path in python_files("local")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console"
    ]
    assert calls
    markup = [{each.arg: ast.unparse(each.value) for each in call.keywords}.get("markup") for call in calls]
    assert set(markup) == {"False"}
