"""The pages: those made from the code are fresh, and what any page points to is there."""

import re
from pathlib import Path

import pytest

from docs.generate import pages
from local.cli import main

ROOT = Path(__file__).parents[1]
GENERATED = pages()
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
by_page = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.name)
def test_a_generated_page_says_what_the_code_says(page: Path) -> None:
    assert page.read_text() == GENERATED[page], "run `make docs` and read the difference"


@by_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, heading in local_links(page):
        assert target.exists(), target
        assert not heading or heading in headings(target), f"{target} has no heading {heading}"


@by_page
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)) <= targets


@by_page
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    for command in re.findall(r"bin/flowsentry ([a-z]+)", page.read_text()):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0, command


def local_links(page: Path) -> list[tuple[Path, str]]:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    parts = [link.partition("#") for link in links if "://" not in link]
    return [(page.parent / path if path else page, heading) for path, _, heading in parts]


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
