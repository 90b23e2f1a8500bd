"""The console's rooms: pages know the data by its protocol only, and the interpreter of queries knows no console."""

from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, imported

CONSOLE = ROOT / "local" / "console"
SUBJECTS = "local.console.subjects"
ROOMS = ("flows", "inbox", "pages", "widgets")
"""What pages are made of."""
INTERPRETER = sorted((ROOT / "local" / "log_insights").glob("*.py"))
OF_PAGES = [path for room in ROOMS for path in sorted((CONSOLE / room).glob("*.py"))]


def test_the_rooms_are_there() -> None:
    assert all((CONSOLE / room / "__init__.py").exists() for room in ROOMS)
    assert INTERPRETER


@pytest.mark.parametrize("path", OF_PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_page_knows_its_data_by_the_protocol_and_no_subject(path: Path) -> None:
    names = imported(path)
    assert [name for name in names if name.startswith((SUBJECTS, "local.aws", "local.demo", "moto", "boto3"))] == []


@pytest.mark.parametrize("path", INTERPRETER, ids=lambda path: path.stem)
def test_the_interpreter_of_queries_knows_nothing_else_of_ours(path: Path) -> None:
    ours = (name for name in imported(path) if name.startswith(("local.", "stacks.", "flowsentry.")))
    assert [name for name in ours if not name.startswith("local.log_insights")] == []
