"""The report as text and as JSON."""

import json
from dataclasses import replace

import pytest

from local.report.amounts import in_bytes, in_dollars, in_minutes
from local.report.columns import columns_of, sparkline
from local.report.report import Hour
from local.report.text import report_lines
from tests.builders import NOON
from tests.local.report.made_report import report

HOUR = 3_600
EXPECTED = """\
Report  2026-01-01 12:00 to 2026-01-01 15:00 UTC (3 h)
        27 records, 5.0 kB passed, 4 flows refused

bytes    █▅▆  at most 2.2 kB in an hour
refused  █    at most 4 in an hour

Scans: 1 high, 1 medium, 1 background
  2026-01-01 12:01  high        <script>alert(1)</script> gnp.exe
  2026-01-01 12:00  medium      port_scan 0
  2026-01-01 12:02  background  port_scan 2

Services down: 1 medium
  2026-01-01 12:00  medium      service_down 0

Blocked paths: 1 medium
  2026-01-01 12:00  medium      blocked_internal 0

Logins: 1 medium
  2026-01-01 12:00  medium      remote_login 0

Other findings: 1 medium
  2026-01-01 12:00  medium      records_skipped 0

Top talkers                   sent  received  refused flows
  10.0.0.2                  4.0 kB     900 B              0
  web-1 (instance i-web-1)    63 B    4.0 kB              0
  10.0.0.1                   900 B       0 B              0
  198.51.100.7                 0 B      63 B              0
  203.0.113.9                  0 B       0 B              3
  10.0.0.9                     0 B       0 B              1

Refused by port  flows
  tcp/22             2
  udp/53             1
  tcp/3389           1

Bill
  $0.00 in this time, $0.00 in a month like it; list prices of us-east-1, 2026-09-26

note  AWS skipped records once (SKIPDATA)"""


def test_the_text_has_all_parts_in_their_order() -> None:
    assert "\n".join(line.text for line in report_lines(report())).startswith(EXPECTED)


def test_sparklines_and_titles_fit_a_terminal() -> None:
    long = [each._replace(listed=[row._replace(title="x" * 300) for row in each.listed]) for each in report().findings]
    wide = replace(report(), findings=long, hours=hours(*range(72)), notes=())
    lines = [line.text for line in report_lines(wide, 80) if "list prices" not in line.text]
    assert max(map(len, lines)) <= 80
    assert max(len(line.text) for line in report_lines(wide)) > 100


def test_only_lines_that_stand_out_have_a_style() -> None:
    styles = {line.text.split()[0]: line.style for line in report_lines(report()) if line.style}
    assert styles["Report"] == styles["Scans:"] == "bold"
    assert (styles["bytes"], styles["refused"]) == ("blue", "dark_orange")


def test_the_json_has_the_same_numbers() -> None:
    values = json.loads(json.dumps(report().as_json()))
    assert (values["bytes"], values["refused"]) == (report().bytes, 4)
    assert values["findings"]["scans"]["counts"] == {"high": 1, "medium": 1, "background": 1}
    assert [each["refused"] for each in values["hours"]] == [4, 0, 0]
    assert values["talkers"][1]["name"] == "web-1"
    assert values["refused_ports"][0] == {"protocol": "tcp", "port": 22, "flows": 2}
    assert values["reading"]["not_read"] == 1


def test_a_replay_without_records_has_a_report() -> None:
    empty = replace(report(), hours=(), talkers=(), refused_ports=(), refused_by=(), notes=())
    assert "Top talkers" not in "\n".join(line.text for line in report_lines(empty))


def hours(*numbers: int) -> list[Hour]:
    return [Hour(NOON + HOUR * number, 10, 1, number) for number in numbers]


def test_hours_without_records_are_columns_too() -> None:
    assert columns_of(hours(0, 3), 72).bytes == [10, 0, 0, 10]


def test_a_long_time_has_columns_of_several_hours() -> None:
    columns = columns_of(hours(*range(100)), 72)
    assert (columns.hours, len(columns.bytes), columns.bytes[:2], columns.in_words) == (2, 50, [20, 20], "2 hours")
    assert sum(columns.bytes) == 1_000


def test_a_record_of_the_year_3000_does_not_make_more_columns() -> None:
    assert len(columns_of(hours(0, 8_000_000), 72).bytes) <= 72


@pytest.mark.parametrize(
    ("values", "line"), [((), ""), ((0, 0), "  "), ((0, 1, 8), " ▁█"), ((1, 2, 3, 4, 5, 6, 7, 8), "▁▂▃▄▅▆▇█")]
)
def test_a_sparkline_is_as_high_as_its_values(values: tuple[int, ...], line: str) -> None:
    assert sparkline(values) == line


@pytest.mark.parametrize(
    ("amount", "words"), [(0, "0 B"), (999, "999 B"), (1_300, "1.3 kB"), (240 * 10**9, "240 GB"), (10**21, "1000 EB")]
)
def test_bytes_are_three_digits_and_a_unit(amount: int, words: str) -> None:
    assert in_bytes(amount) == words


def test_dollars_and_times_are_words() -> None:
    assert [in_dollars(amount) for amount in (0, 0.001, 1_234.5)] == ["$0.00", "under $0.01", "$1,234.50"]
    assert [in_minutes(second) for second in (NOON, 10**18)] == ["2026-01-01 12:00", str(10**18)]


def test_a_title_that_is_wider_than_the_terminal_goes_on_below_its_beginning() -> None:
    whole = "\n".join(line.text for line in report_lines(report()))
    narrow = [line.text for line in report_lines(report(), 60)]
    assert max(len(text) for text in narrow if text.startswith(("  20", " " * 32))) <= 60
    assert sorted(" ".join(narrow).split()) == sorted(whole.split())
