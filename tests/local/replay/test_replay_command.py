"""flowsentry replay: prints the findings in flow logs as text and as JSON."""

import gzip
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from local.reading.log_reading import NO_LOGS
from tests.builders import INTERFACE, NOON, SYN, V2, blocked, flow_log, line, no_data, probe
from tests.local.conftest import Flowsentry
from tests.recorded import recorded

OUTSIDE, ANOTHER, INSIDE = "203.0.113.9", "203.0.113.10", "10.0.0.9"
V2_FORMAT = " ".join(f"${{{name}}}" for name in V2)


def scan(source: str, start: int = NOON) -> list[str]:
    return [probe(source, "10.0.0.1", port, start=start, end=start + 50) for port in range(1, 21)]


def test_a_finding_is_a_json_line_with_the_documented_fields(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("replay", "--json", written(tmp_path, flow_log(scan(INSIDE))))
    [finding] = done.findings
    assert finding["id"]
    assert (finding["kind"], finding["severity"], finding["subject"]) == ("port_scan", "high", INSIDE)
    assert (finding["endpoints"], finding["first_seen"], finding["last_seen"]) == (20, NOON, NOON + 50)
    assert INSIDE in finding["title"]
    assert (finding["details"]["hosts"], finding["details"]["ports"]) == (1, 20)
    assert done.code == 0


def test_the_same_logs_give_the_same_findings(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = written(tmp_path, flow_log(scan(INSIDE) + scan(OUTSIDE)))
    once = flowsentry("replay", "--json", path)
    assert flowsentry("replay", "--json", path) == once
    assert flowsentry("replay", "--json", path, path).out == once.out


def test_an_alert_is_printed_as_its_message_and_a_background_finding_as_a_line(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    done = flowsentry("replay", written(tmp_path, flow_log(scan(INSIDE) + scan(OUTSIDE))))
    assert f"{INSIDE} is scanning your network" in done.out
    assert "What to check" in done.out
    [background] = [each for each in done.out.splitlines() if each.startswith("[background]")]
    assert background == f"[background] {OUTSIDE} scans ports of 10.0.0.1: 20 ports"


def test_the_summary_counts_lines_records_gaps_and_findings(flowsentry: Flowsentry, tmp_path: Path) -> None:
    lines = [*scan(OUTSIDE), no_data(), no_data(log_status="SKIPDATA"), "too short", line(bytes="many")]
    done = flowsentry("replay", "--json", written(tmp_path, flow_log(lines)))
    assert done.complaints == [
        "files     1",
        "read      24 lines, 20 records, 1 NODATA, 1 SKIPDATA",
        "rejected  2 (bad-value 1, too-few-fields 1)",
        f"SKIPDATA  {INTERFACE} 1",
        "NODATA    1 interface",
        "findings  2 (port_scan (background) 1, records_skipped (background) 1)",
        "newest    2026-01-01 12:00:50 UTC",
    ]


def test_interfaces_with_the_most_skipped_records_are_named_first_up_to_a_limit(
    flowsentry: Flowsentry, tmp_path: Path
) -> None:
    lines = [no_data(log_status="SKIPDATA", interface_id=f"eni-{number:02}") for number in range(25)]
    done = flowsentry("replay", written(tmp_path, flow_log([*lines, lines[-1]])))
    [skipped] = [each for each in done.complaints if each.startswith("SKIPDATA")]
    assert skipped.startswith("SKIPDATA  eni-24 2, eni-00 1, eni-01 1, ")
    assert skipped.endswith(", eni-18 1 and 5 more interfaces")
    assert "[background] eni-24: AWS skipped flow log records in the hour from 2026-01-01 12:00 UTC" in done.out


def test_records_with_a_time_in_the_future_are_reported(flowsentry: Flowsentry, tmp_path: Path) -> None:
    year_3000 = 32_503_680_000
    done = flowsentry("replay", written(tmp_path, flow_log([line(), line(start=year_3000, end=year_3000)])))
    assert "future    1 record with a time in the future: check the clock" in done.complaints
    assert "newest    2026-01-01 12:00:30 UTC" in done.complaints


def test_an_empty_folder_is_reported_with_exit_code_1(flowsentry: Flowsentry, tmp_path: Path) -> None:
    done = flowsentry("replay", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.complaints[:4] == ["files     0", "read      nothing", "rejected  0", "findings  0"]
    assert done.complaints[4:] == [f"flowsentry: {NO_LOGS}"]


def test_a_folder_is_replayed_in_order_of_time_without_other_files(flowsentry: Flowsentry, tmp_path: Path) -> None:
    written(
        tmp_path, flow_log(scan(ANOTHER, NOON + 300)), "111111111111_vpcflowlogs_us-east-1_fl-1_20260101T1205Z_1.log"
    )
    written(
        tmp_path,
        gzip.compress(flow_log(scan(OUTSIDE)), mtime=0),
        "222222222222_vpcflowlogs_us-east-1_fl-2_20260101T1200Z_1.log.gz",
    )
    written(tmp_path, b"source,is_scanner\n", "truth.csv")
    done = flowsentry("replay", "--json", tmp_path)
    assert [finding["subject"] for finding in done.findings] == [OUTSIDE, ANOTHER]
    assert done.code == 0
    assert done.complaints[0] == "files     2"


def test_evidence_accumulates_across_files(flowsentry: Flowsentry, tmp_path: Path) -> None:
    halves = scan(OUTSIDE)[:6], scan(OUTSIDE)[6:]
    paths = [written(tmp_path, flow_log(half), f"{number}.log") for number, half in enumerate(halves)]
    assert flowsentry("replay", "--json", paths[0]).findings == []
    assert len(flowsentry("replay", "--json", *paths).findings) == 1


def test_an_address_in_an_inside_network_is_inside(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = written(tmp_path, flow_log(scan(OUTSIDE)))
    relations = {
        arguments: flowsentry("replay", "--json", *arguments, path).findings[0]["details"]["relation"]
        for arguments in (
            (),
            ("--inside", "203.0.113.0/24"),
            ("--inside", "2001:db8::/32", "--inside", "203.0.113.9/32"),
        )
    }
    assert list(relations.values()) == ["outside_background", "inside_to_inside", "inside_to_inside"]


def test_lines_without_a_header_are_read_by_the_format_given(flowsentry: Flowsentry, tmp_path: Path) -> None:
    lines = [blocked(INSIDE, "10.0.0.1", port, V2) for port in range(1, 21)]
    path = written(tmp_path, "".join(f"{each}\n" for each in lines).encode())
    done = flowsentry("replay", "--json", "--format", V2_FORMAT, path)
    assert [finding["subject"] for finding in done.findings] == [INSIDE]


def test_missing_fields_of_a_format_are_reported_once(flowsentry: Flowsentry, tmp_path: Path) -> None:
    paths = [written(tmp_path, flow_log([line(V2)] * 2, V2), name) for name in ("one.log", "other.log")]
    messages = [each for each in flowsentry("replay", *paths).complaints if each.startswith("log format: ")]
    assert messages[0] == "log format: missing tcp-flags: the initiator of a connection is derived from service ports"
    assert len(messages) == len(set(messages))


def test_a_dash_reads_standard_input(flowsentry: Flowsentry) -> None:
    assert len(flowsentry("replay", "--json", "-", stdin=flow_log(scan(OUTSIDE))).findings) == 1


def test_unreadable_paths_are_reported_and_the_rest_is_replayed(flowsentry: Flowsentry, tmp_path: Path) -> None:
    good = written(tmp_path, flow_log(scan(OUTSIDE)), "good.log")
    bad = written(tmp_path, b"the quick brown fox\n", "bad.log")
    missing = tmp_path / "missing"
    done = flowsentry("replay", "--json", missing, bad, good)
    assert (done.code, len(done.findings)) == (1, 1)
    assert done.complaints[:3] == [
        f"flowsentry: {missing}: no such file or folder",
        f'flowsentry: {bad}: the first line is not a header of flow log fields: "the quick brown fox"',
        "files     1, 2 not fully read",
    ]


def test_the_lines_before_the_cut_of_a_truncated_file_are_replayed(flowsentry: Flowsentry, tmp_path: Path) -> None:
    others = [line(srcport=1024 + number % 60_000, tcp_flags=SYN + 1) for number in range(20_000)]
    whole = gzip.compress(flow_log(scan(OUTSIDE) + others), mtime=0)
    path = written(tmp_path, whole[: len(whole) // 2])
    done = flowsentry("replay", "--json", path)
    assert (done.code, len(done.findings)) == (1, 1)
    assert done.complaints[:2] == [
        f"flowsentry: {path}: the gzip data ends in the middle. The lines before the cut were processed",
        "files     1, 1 not fully read",
    ]


def test_logs_in_s3_are_replayed(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="flow-logs-of-mine")
        s3.put_object(
            Bucket="flow-logs-of-mine", Key="AWSLogs/x.log.gz", Body=gzip.compress(flow_log(scan(OUTSIDE)), mtime=0)
        )
        done = flowsentry("replay", "--json", "s3://flow-logs-of-mine/AWSLogs/")
        assert (done.code, [finding["subject"] for finding in done.findings]) == (0, [OUTSIDE])
        missing = flowsentry("replay", "--json", "s3://not-mine/AWSLogs/")
        assert missing.code == 1
        assert "cannot list s3://not-mine/AWSLogs/" in missing.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "missing argument 'PATH'"),
        (
            ("--inside", "my-network", "x"),
            "invalid value for '--inside': 'my-network' is not a CIDR block; use one without host bits, such as",
        ),
        (
            ("--inside", "10.0.0.1/8", "x"),
            "invalid value for '--inside': '10.0.0.1/8' is not a CIDR block; use one without host bits, such as",
        ),
        (("--format", "version srcaddr", "x"), "invalid value for '--format': "),
    ],
)
def test_invalid_arguments_exit_with_2_and_a_message(
    flowsentry: Flowsentry, arguments: tuple[str, ...], sentence: str
) -> None:
    done = flowsentry("replay", *arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_recorded_traffic_is_replayed_without_rejected_lines(flowsentry: Flowsentry) -> None:
    done = flowsentry("replay", "--json", recorded("detection/traffic/nmap-inside"))
    assert done.code == 0
    assert {"high"} <= {finding["severity"] for finding in done.findings}
    assert "rejected  0" in done.complaints


def written(folder: Path, content: bytes, name: str = "flows.log") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("bad", "code"), [(20, 0), (21, 1)])
def test_a_file_with_more_rejected_lines_than_records_is_reported_and_its_records_are_replayed(
    flowsentry: Flowsentry, tmp_path: Path, bad: int, code: int
) -> None:
    done = flowsentry("replay", "--json", written(tmp_path, flow_log([*scan(INSIDE), *["bad"] * bad])))
    assert (done.code, len(done.findings)) == (code, 1)
    assert any("21 of 41 lines are not valid records" in each for each in done.complaints) == bool(code)
