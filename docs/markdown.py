"""Parts of the generated pages: the opening of a page, and tables."""
# ruff: noqa: INP001 - a script beside the pages it writes; only the scripts here import it

from collections.abc import Iterable, Iterator
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGE = ROOT / "layers" / "flowsentry" / "python" / "flowsentry"


def opening(title: str, source: Path) -> Iterator[str]:
    path = source.relative_to(ROOT)
    yield from (f"# {title}", "", f"Generated from [{path}](../{path}) by `make docs`.", "")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = tuple(header)
    for cells in (names, ("---",) * len(names), *rows):
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def one_line(text: str) -> str:
    return " ".join(text.split())
