"""flowsentry replay: its report on stdout, as a page and as JSON."""

import json
from pathlib import Path

from tests.local.conftest import Flowsentry


def test_the_last_line_of_json_is_the_report(flowsentry: Flowsentry, logs: Path) -> None:
    report = flowsentry("replay", "--json", "--report", "-", logs).report
    assert (report["reading"]["files"], report["reading"]["lines"]["records"]) == (6, 42)
    assert [each["bytes"] for each in report["hours"]] == [21_000 + 30 * 60]
    assert report["refused_ports"] == [{"protocol": "tcp", "port": 5_432, "flows": 6}]
    assert report["findings"]["scans"]["counts"] == {"background": 1}
    assert report["findings"]["blocked_paths"]["counts"] == {"medium": 1}
    assert any(each.startswith("without --inventory or --live") for each in report["notes"])


def test_the_text_ends_with_the_report(flowsentry: Flowsentry, logs: Path) -> None:
    out = flowsentry("replay", logs).out
    report = out[out.index("Report  2026-01-01 12:00 to") :]
    assert "Scans: 1 background" in report
    assert "tcp/5432           6" in report
    assert "Top talkers" in report


def test_the_page_is_written(flowsentry: Flowsentry, logs: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = flowsentry("replay", "--html", page, logs)
    assert (done.code, done.complaints[-1]) == (0, f"page      {page}")
    assert "Blocked paths" in page.read_text()


def test_a_page_without_a_folder_is_refused_before_anything_is_read(flowsentry: Flowsentry, logs: Path) -> None:
    done = flowsentry("replay", "--html", "/nowhere/report.html", logs)
    assert (done.code, done.out) == (1, "")
    assert done.complaints == [
        "flowsentry: --html /nowhere/report.html: there is no folder /nowhere; make it first",
    ]


def test_the_report_goes_to_a_file_and_stdout_has_findings_only(
    flowsentry: Flowsentry, logs: Path, tmp_path: Path
) -> None:
    done = flowsentry("replay", "--json", "--report", tmp_path / "report.json", logs)
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "report": flowsentry("replay", "--json", "--report", "-", logs).report
    }
    assert done.records == done.findings
