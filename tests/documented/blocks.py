"""The fenced blocks of all pages, and the commands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line of its fence, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> tuple[str, ...]:
        """Its lines as a shell reads them: continued lines joined, without comments and empty lines."""
        lines = re.sub(r"(?:\\|(?<=\|))\n *", " ", self.text).splitlines()
        return tuple(line for each in lines if (line := re.sub(r"(?:^| )# .*", "", each).strip()))


@cache
def blocks() -> tuple[Block, ...]:
    """The blocks of all pages, in order."""
    return tuple(block for page in PAGES for block in _blocks_of(page))


def _blocks_of(page: Path) -> Iterator[Block]:
    text, name = page.read_text(), str(page.relative_to(ROOT))
    for found in FENCED.finditer(text):
        yield Block(name, text.count("\n", 0, found.start()) + 1, found[2], dedent(found[3]))


@cache
def inline_code() -> tuple[tuple[str, str], ...]:
    """(page, text) of what stands in backticks outside blocks."""
    texts = {str(page.relative_to(ROOT)): FENCED.sub("", page.read_text()) for page in PAGES}
    return tuple((page, code) for page, text in texts.items() for code in INLINE.findall(text))
