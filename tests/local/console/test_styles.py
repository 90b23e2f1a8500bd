"""Style sheets: a page's own one changes no other page, and nothing is loaded from elsewhere."""

import re
from collections import Counter
from pathlib import Path

import pytest

from local.console.application import STATIC

SHARED_IDS = {"count"}
"""Ids that several pages have, each for the same."""
FRAME = STATIC / "style.css"
SHEETS = sorted(path for path in STATIC.rglob("*.css") if path != FRAME)


def selectors(sheet: Path) -> list[str]:
    """Each selector of the sheet, those within media queries too."""
    text = re.sub(r"/\*.*?\*/|@media[^{]*", "", sheet.read_text(), flags=re.DOTALL)
    return [each.strip() for rule in re.findall(r"[^{}]+(?={)", text) for each in rule.split(",") if each.strip()]


def classes(selector: str) -> set[str]:
    """The classes and ids of a selector."""
    return set(re.findall(r"[.#]([a-zA-Z][\w-]*)", selector))


def own_classes(sheet: Path) -> set[str]:
    """The classes and ids that the sheet names and the frame's sheet does not."""
    frame = {name for selector in selectors(FRAME) for name in classes(selector)}
    return {name for selector in selectors(sheet) for name in classes(selector)} - frame


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_each_rule_of_a_pages_sheet_is_about_a_class_of_its_own(sheet: Path) -> None:
    own = own_classes(sheet)
    assert [each for each in selectors(sheet) if not classes(each) & own] == []


def test_no_two_pages_have_a_class_of_the_same_name() -> None:
    named = Counter(name for sheet in SHEETS for name in own_classes(sheet) - SHARED_IDS)
    assert {name for name, sheets in named.items() if sheets > 1} == set()


@pytest.mark.parametrize("sheet", [FRAME, *SHEETS], ids=lambda sheet: sheet.name)
def test_a_sheet_loads_nothing(sheet: Path) -> None:
    assert not re.search(r"@import|url\(|@font-face", sheet.read_text())
