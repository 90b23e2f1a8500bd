"""No block of a page is left out: each is of exactly one kind, and each kind has its test."""

import pytest

from tests.documented.blocks import ROOT, Block, blocks
from tests.documented.kinds import KINDS, is_shell, kinds_of


def test_each_block_is_of_exactly_one_kind() -> None:
    assert {str(block): kinds_of(block) for block in blocks() if len(kinds_of(block)) != 1} == {}


def test_each_kind_has_blocks_and_a_test() -> None:
    assert {kind for block in blocks() for kind in kinds_of(block)} == set(KINDS)
    assert [path for _, path in KINDS.values() if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make demo   # invented\n", ("make demo",)),
        ("aws s3 ls \\\n  --recursive\n", ("aws s3 ls  --recursive",)),
        ("aws s3 ls |\n  jq .\n\n# only this\nmake help\n", ("aws s3 ls | jq .", "make help")),
    ],
)
def test_lines_are_joined_and_comments_left_out(text: str, expected: tuple[str, ...]) -> None:
    block = Block("a.md", 1, "", text)
    assert is_shell(block)
    assert tuple(" ".join(each.split()) for each in block.commands) == tuple(
        " ".join(each.split()) for each in expected
    )
