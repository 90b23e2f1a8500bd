"""Samples of other projects, parsed to the values that these projects expect."""

import gzip
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from flowsentry.decode import object_texts, subscription
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText, Parsed
from flowsentry.parse import parse, parse_chunk
from flowsentry.pipeline import Outcome
from flowsentry.records.fields import DEFAULT_NAMES, unknown_names
from tests.builders import Watch, log_text
from tests.recorded import recorded

HEADERLESS = {"V2_RECORDS": " ".join(DEFAULT_NAMES), "ipv6": " ".join(DEFAULT_NAMES)} | {
    "no-data-skip-data": " ".join(DEFAULT_NAMES),
    "custom-transit-gateway": (
        "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol "
        "tcp-flags type pkt-srcaddr pkt-dstaddr action log-status"
    ),
}
"""Samples whose format is given in their documentation only."""


def seen(path: Path) -> Outcome:
    header = HEADERLESS.get(path.stem)
    data = path.read_bytes()
    return Watch().see(f"{header}\n".encode() + data if header else data)[0]


@pytest.mark.parametrize(
    ("name", "records", "nodata", "skipdata", "rejected"),
    [
        ("flowlogs-reader/V2_RECORDS.log", 3, 1, 1, 0),
        ("flowlogs-reader/V3_FILE.log", 2, 0, 0, 0),
        ("flowlogs-reader/V4_FILE.log", 2, 0, 0, 0),
        ("flowlogs-reader/V5_FILE.log", 2, 0, 0, 1),
        ("flowlogs-reader/V6_FILE.log", 1, 0, 0, 0),
        ("elastic-beats/accept-reject-traffic.log", 4, 0, 0, 0),
        ("elastic-beats/custom-nat-gateway.log", 2, 0, 0, 0),
        ("elastic-beats/custom-transit-gateway.log", 1, 0, 0, 0),
        ("elastic-beats/ipv6.log", 1, 0, 0, 0),
        ("elastic-beats/no-data-skip-data.log", 0, 1, 1, 0),
        ("elastic-beats/tcp-flag-sequence.log", 1, 0, 0, 0),
    ],
)
def test_every_line_of_a_sample_is_accounted_for(
    name: str, records: int, nodata: int, skipdata: int, rejected: int
) -> None:
    outcome = seen(recorded(f"samples/{name}"))
    assert (outcome.accepted_records, outcome.nodata, outcome.skipdata) == (records, nodata, skipdata)
    assert outcome.rejected.total == rejected
    found = [each.kind for each in outcome.findings if each.kind != "denied_by_acl_reply"]
    assert found == ["records_skipped"] * skipdata


def test_the_rejected_ping_reply_in_the_example_of_aws_is_a_denied_reply() -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html."""
    (finding,) = seen(recorded("samples/elastic-beats/accept-reject-traffic.log")).findings
    assert (finding.kind, finding.subject) == ("denied_by_acl_reply", "172.31.16.139")
    assert (finding.details["initiator"], finding.details["protocol"]) == ("203.0.113.12", "icmp")


def test_an_invalid_line_that_another_parser_skips_is_counted() -> None:
    outcome = seen(recorded("samples/flowlogs-reader/V5_FILE.log"))
    assert outcome.rejected.sample == [(4, "too-few-fields", "bogus line")]


def test_a_file_that_is_no_flow_log_is_refused() -> None:
    path = recorded("samples/elastic-beats/bad.log")
    with pytest.raises(PoisonError) as poison:
        seen(path)
    assert poison.value.reason == "no-header"


def test_transit_gateway_values_have_types() -> None:
    (text,) = object_texts([recorded("samples/flowlogs-reader/V6_FILE.log").read_bytes()])
    (row,) = parse(text).records.iter_rows(named=True)
    assert (row["resource_type"], row["tgw_id"], row["packets_lost_no_route"]) == ("TransitGateway", "00000000", 13)


def test_version_5_values_have_types() -> None:
    (text,) = object_texts([recorded("samples/flowlogs-reader/V5_FILE.log").read_bytes()])
    row = parse(text).records.row(1, named=True)
    assert (row["account_id"], row["bytes"], row["tcp_flags"], row["traffic_path"]) == ("999999999999", 3015, 7, 7)
    assert (row["flow_direction"], row["pkt_dst_aws_service"], row["sublocation_id"]) == ("egress", "S3", None)


def test_a_parquet_file_of_strings_has_the_values_that_another_parser_reads() -> None:
    (table,) = object_texts([recorded("samples/flowlogs-reader/flows.parquet").read_bytes()])
    (read,) = parse_chunk(table)
    times = {"start": 1439387263, "end": 1439387264}
    flow = ("srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "action")
    assert read.rejected.total == 0
    for record, interface_id, log_status, values in zip(
        read.records.iter_rows(named=True),
        ("eni-102010ab", "eni-202010ab", "eni-202010ab"),
        ("OK", "NODATA", "NODATA"),
        (
            ("198.51.100.1", "192.0.2.1", 443, 49152, 6, 10, 840, "ACCEPT"),
            (None,) * 8,
            ("198.51.100.7", "192.0.2.156", 80, 100, 8080, None, None, None),
        ),
        strict=True,
    ):
        fields = {"version": 2, "account_id": "123456789010", "interface_id": interface_id, "log_status": log_status}
        assert record == fields | times | dict(zip(flow, values, strict=True))


def parsed(names: str, line: str) -> Parsed:
    return parse(log_text([line], tuple(names.replace("_", "-").split())))


def test_lines_of_every_version_that_another_parser_accepts_are_accepted() -> None:
    cases = json.loads(recorded("samples/vrl/ok-lines.json").read_text())
    assert len(cases) > 20
    for case in cases:
        found = parsed(case["format"], case["line"])
        assert (len(found.records), found.rejected.total) == (1, 0), case["line"]


def test_documented_examples_have_the_documented_values() -> None:
    documentation = json.loads(recorded("samples/vrl/doc-examples-with-expected.json").read_text())
    for example in documentation["examples"]:
        line, *log_format = re.findall(r'"([^"]*)"', example["source"])
        names = log_format[0] if log_format else " ".join(DEFAULT_NAMES)
        (row,) = parsed(names, line).records.iter_rows(named=True)
        unknown = {name.replace("-", "_") for name in unknown_names(names.replace("_", "-").split())}
        expected = {name: str(value) if name in unknown else value for name, value in example["return"].items()}
        assert row == expected


CASES = [
    "extended with unknown header column",
    "NODATA with account-id",
    "header line alone",
    "standard v2 with one extra",
]


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_another_project_is_parsed_as_it_expects(name: str) -> None:
    cases: list[dict[str, Any]] = json.loads(recorded("samples/panther/cases.json").read_text())
    (case,) = (each for each in cases if each["name"].startswith(name))
    lines = [case["line"]] if case["line"] else []
    found = parse(LogText(tuple(case["header"].split()), "".join(f"{each}\n" for each in lines).encode(), 2))
    if name.startswith("standard v2"):
        # The other parser drops surplus values; here such a line is rejected and counted.
        assert found.rejected.counts == {"too-many-fields": 1}
        return
    rows = found.records.to_dicts()
    assert len(rows) == len(lines)
    for column, value in (case["expected"] or {}).items():
        assert rows[0][column.replace("-", "_")] == value


@pytest.mark.parametrize(
    "name", ["aws-lambda-go/cloudwatch-logs-event", "powertools-python/cloudWatchLogEventWithPolicyLevel"]
)
def test_payloads_of_other_log_groups_are_read_as_payloads(name: str) -> None:
    event = json.loads(recorded(f"samples/{name}.json").read_text())
    payload = subscription(b64decode(event["awslogs"]["data"]))
    assert payload.log_group
    assert payload.is_control or payload.text.endswith(b"\n")


@pytest.mark.parametrize("name", ["cloudwatch_logs", "cloudwatch_logs_2"])
def test_a_subscription_event_has_a_line_for_each_log_event(name: str) -> None:
    envelope = recorded(f"samples/datadog/{name}.json").read_bytes()
    payload = subscription(gzip.compress(envelope, mtime=0))
    assert payload.text.count(b"\n") == len(json.loads(envelope)["logEvents"])


def test_every_sample_is_used_by_a_test() -> None:
    samples = [path for path in recorded("samples").glob("*/*") if path.name != "SOURCE.txt"]
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [path.name for path in samples if path.stem not in tests] == []
    assert samples
