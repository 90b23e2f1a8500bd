"""The page: complete, without anything from elsewhere, with every text escaped, and small."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from local.report.found import MAX_LISTED, Listed
from local.report.page import page_of
from local.report.report import MAX_ROWS, Hour, RefusedBy, RefusedPort, Report, Talker
from tests.builders import NOON
from tests.local.report.made_report import HOSTILE, report

MOST_BYTES = 2_000_000


class Tags(HTMLParser):
    """The tags of a page, and the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page(of: Report | None = None) -> str:
    return page_of(of or report(), f"Flow logs {HOSTILE}", NOON)


def test_the_page_has_all_parts_and_numbers() -> None:
    text = page()
    for part in ("Scans", "Services down", "Blocked paths", "Logins", "Top talkers", "Refused flows", "Bill", "Notes"):
        assert f"<h2>{part}" in text
    assert "2026-01-01 12:00 to 2026-01-01 15:00 UTC" in text
    assert "web-1 (instance i-web-1)" in text
    assert "1 path could not be read, or not fully" in text


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    tags = Tags()
    tags.feed(page())
    assert tags.found.isdisjoint({"script", "link", "img", "iframe", "object", "base", "form"})
    assert not {each for each in tags.attributes if each.startswith("on")} | (
        tags.attributes & {"href", "src", "style"}
    )
    assert "default-src 'none'" in page()
    assert not re.findall(r"url\(|@import|https?:", page())


def test_hostile_names_are_text() -> None:
    text = page()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "\u202e" not in text


def test_a_page_of_a_large_replay_is_small() -> None:
    long = "&<>\"'" * 40
    row = Listed("medium", "port_scan", long, NOON, NOON, "0" * 24)
    findings = [each._replace(listed=[row] * MAX_LISTED) for each in report().findings]
    large = replace(
        report(),
        findings=findings,
        talkers=[Talker(long, long, long, 1, 1, 1, 1)] * MAX_ROWS,
        refused_ports=[RefusedPort("tcp", 1, 1)] * MAX_ROWS,
        refused_by=[RefusedBy("network_acl", long * 10, long, 1)] * MAX_ROWS,
        hours=[Hour(NOON + 3_600 * number, 1, 1, 1) for number in range(20_000)],
        notes=[long] * 20,
    )
    assert len(page(large).encode()) < MOST_BYTES
