"""The tables of the dashboards: each query is run on log lines with known answers."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from flowsentry.emit.log_lines.charges import charge_lines
from flowsentry.emit.log_lines.findings import finding_lines
from flowsentry.emit.log_lines.flow_logs import flow_logs_line
from flowsentry.emit.log_lines.talkers import talkers_line
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.kinds import KINDS
from flowsentry.frames import ChargeSums, Conversation, Passage, RejectedSource, RejectedTarget, Talkers
from flowsentry.records.flow_logs import Activity, FlowLog, FlowLogHealth
from flowsentry.traffic_bill import NO_CHARGES, add_up_charges
from local.log_insights.events import Event
from local.log_insights.query import run
from stacks.monitoring.dashboards import threats
from stacks.monitoring.dashboards.lines import OF_INVENTORY
from stacks.monitoring.dashboards.widgets import LogTable
from tests.emit.findings import FINDINGS
from tests.stacks.dashboards.made import WATCHED, bodies, widgets_of

TABLES = {each.title: each for each in widgets_of(WATCHED, LogTable)}
NOW = 1_793_676_000
OTHER_LINES = [
    '{"level":"INFO","message":"source processed"}',
    '{"_aws":{},"vpc":"vpc-1","Bytes":7}',
    "START RequestId",
]
WEB, DB, STRANGER = "10.0.0.1", "10.0.0.2", "203.0.113.9"
BUSY = Talkers(
    [
        Conversation(WEB, DB, 5432, "web-1", None, "db-1", None, 500, 5),
        Conversation(DB, WEB, 5432, "db-1", None, "web-1", None, 9_000, 9),
        Conversation(STRANGER, WEB, 443, None, "NL", "web-1", None, 40, 90),
    ],
    [Passage("inside", None, 9_500, 14), Passage("inbound", "internet gateway", 40, 90)],
    [RejectedSource(STRANGER, None, "NL", 7, 3)],
    [RejectedTarget(DB, 22, "db-1", 7, 1)],
)
LATER = Talkers([Conversation(WEB, DB, 22, "web-1", None, "db-1", None, 1_000, 1)], [Passage("inside", None, 1_000, 1)])


def rows(title: str, lines: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a table: among the lines are others that the functions write; each line is a minute later."""
    events = [Event(line, number * 60_000) for number, line in enumerate([*OTHER_LINES, *lines])]
    return run(" | ".join(TABLES[title].query), events)


def of_talkers(title: str) -> list[tuple[Any, ...]]:
    found = rows(title, [talkers_line(each, 40, 5) for each in (BUSY, LATER)])
    return [tuple(row.values()) for row in found]


ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "Bytes by direction and path": [("inside", "-", 10_500, 15), ("inbound", "internet gateway", 40, 90)],
    "Top talkers by bytes": [(DB, "db-1", 9_000, 9), (WEB, "web-1", 1_500, 6), (STRANGER, "-", 40, 90)],
    "Top talkers by packets": [(STRANGER, "-", 90, 40), (DB, "db-1", 9, 9_000), (WEB, "web-1", 6, 1_500)],
    "Top owners by bytes": [("db-1", 9_000, 9), ("web-1", 1_500, 6), ("-", 40, 90)],
    "Top receivers by bytes": [(WEB, "web-1", 9_040, 99), (DB, "db-1", 1_500, 6)],
    "Top pairs by bytes": [
        (DB, "db-1", WEB, "web-1", 9_000, 9),
        (WEB, "web-1", DB, "db-1", 1_500, 6),
        (STRANGER, "-", WEB, "web-1", 40, 90),
    ],
    "Ports by bytes": [(5432, 9_500, 14), (22, 1_000, 1), (443, 40, 90)],
    "Countries by bytes": [("-", 10_500, 15), ("NL", 40, 90)],
    "Rejected sources": [(STRANGER, "-", "NL", 7, 3)],
    "Rejected targets": [(DB, 22, "db-1", 7, 1)],
}


@pytest.mark.parametrize("title", ANSWERS)
def test_a_table_of_talkers_adds_up_the_lines_of_all_sources(title: str) -> None:
    assert of_talkers(title) == ANSWERS[title]


def found(kind: str, severity: Severity = Severity.HIGH, subject: str = WEB, **details: Any) -> Finding:
    owner = {"subject_owner": {"kind": "instance", "id": "i-1", "name": "web-1"}}
    return Finding(f"{kind}{subject}", kind, severity, "", subject, "vpc-1", NOW, NOW, 12, {**owner, **details})


REFUSAL = {"sentence": "denied by security group sg-1 db: no inbound rule for tcp/5432"}
ALLOWANCE = {"sentence": "allowed by security group sg-2 web: rule for tcp/22"}
DB_OWNER = {"kind": "instance", "id": "i-2", "name": "db-1"}
RAISED = [
    found("port_scan", relation="inside_to_inside", sample_endpoints=["10.0.0.2:22/tcp"], responder_owner=DB_OWNER),
    found("host_sweep", Severity.BACKGROUND, STRANGER, relation="outside_background", subject_owner=None),
    found("host_sweep", Severity.BACKGROUND, "203.0.113.8", relation="outside_background", subject_owner=None),
    found("remote_login", subject=STRANGER, responder=WEB, responder_port=22, service="SSH", allowance=ALLOWANCE),
    found(
        "login_brute_force", subject=STRANGER, relation="outside_got_in", responder=WEB, responder_port=22, attempts=30
    ),
    found("blocked_internal", responder=DB, responder_port=5432, responder_owner=DB_OWNER, refusal=REFUSAL),
    found("service_down", subject=DB, responder_port=5432, responder=DB, clients=3, initiator=WEB),
    found(OF_INVENTORY, subject="vpc-1", state="silent", subject_owner=None),
]


def of_findings(title: str) -> list[dict[str, Any]]:
    return rows(title, list(finding_lines(RAISED)))


def test_scans_are_counted_by_kind_and_loudness() -> None:
    assert [tuple(row.values()) for row in of_findings("Scans by kind and loudness")] == [
        ("host_sweep", "background", "outside_background", 2, 2),
        ("port_scan", "high", "inside_to_inside", 1, 1),
    ]


def test_sources_and_targets_of_scans_have_their_owners() -> None:
    first = {"source": WEB, "source_owner": "web-1", "loudness": "high", "failed_endpoints": 12, "findings": 1}
    assert first in of_findings("Sources of scans")
    target = {"tried": "10.0.0.2:22/tcp", "owner_of_target": "db-1", "sources": 1, "failed_endpoints": 12}
    assert target in of_findings("Targets of scans")


def test_a_login_has_both_ends_and_what_allowed_it() -> None:
    (login,) = of_findings("Remote logins")
    assert (login["source"], login["tried"], login["protocol_of_login"]) == (STRANGER, f"{WEB}:22", "SSH")
    assert login["allowed_by"] == ALLOWANCE["sentence"]
    (guess,) = of_findings("Guessed passwords")
    assert (guess["source"], guess["tries"], guess["direction_and_result"]) == (STRANGER, 30, "outside_got_in")


def test_a_blocked_path_has_the_rule_and_a_service_that_is_down_its_clients() -> None:
    (path,) = of_findings("Blocked paths, with the rule")
    assert (path["source_owner"], path["tried"], path["owner_of_target"]) == ("web-1", f"{DB}:5432", "db-1")
    assert path["denied_by"] == REFUSAL["sentence"]
    (down,) = of_findings("Services down")
    assert (down["tried"], down["unanswered_clients"], down["one_client"]) == (f"{DB}:5432", 3, WEB)


def test_every_kind_of_finding_is_in_a_table() -> None:
    groups = (threats.SCANS, threats.LOGINS, threats.GUESSES, threats.BLOCKED, threats.DOWN, threats.OTHERS)
    assert sorted(kind for group in groups for kind in group) == sorted(KINDS)
    (stopped,) = of_findings("Floods, skipped records, stopped flow logs")
    assert (stopped["what"], stopped["source"]) == (OF_INVENTORY, "vpc-1")


def test_every_golden_finding_fits_into_the_tables_of_its_kind() -> None:
    lines = list(finding_lines(FINDINGS.values()))
    filled = [title for title, table in TABLES.items() if "kind in" in " ".join(table.query) and rows(title, lines)]
    assert len(filled) == 8


def test_flow_logs_are_shown_by_their_newest_check_the_oldest_records_first() -> None:
    quiet, busy = (FlowLog(f"fl-{name}", f"vpc-{name}", "/logs", NOW - 9_000, name=name) for name in ("quiet", "busy"))
    earlier = flow_logs_line([FlowLogHealth(busy, Activity(NOW - 5_000))], NOW)
    newest = flow_logs_line([FlowLogHealth(quiet), FlowLogHealth(busy, Activity(NOW - 60, 70, 2))], NOW)
    found_rows = rows("Oldest flow logs: seconds since their newest records", [earlier, newest])
    assert [tuple(row.values()) for row in found_rows] == [
        ("fl-quiet", "vpc-quiet", "quiet", 9_000, 0, 0),
        ("fl-busy", "vpc-busy", "busy", 60, 70, 2),
    ]


CHARGES = add_up_charges(
    [
        ChargeSums(
            pl.DataFrame(
                [
                    (NOW, "nat_gateway", "i-1", "instance", "web-1", 70, 0),
                    (NOW + 300, "nat_gateway", "i-1", "instance", "web-1", 30, 0),
                    (NOW, "nat_gateway", None, None, None, 5, 0),
                    (NOW, "inter_az", "i-2", "instance", "db-1", 50, 20),
                    (NOW, "unknown", None, None, None, 9, 0),
                ],
                NO_CHARGES.schema,
                orient="row",
            )
        )
    ]
)


def test_owners_are_shown_by_what_they_cause_on_each_path_and_bytes_without_a_path_apart() -> None:
    lines = charge_lines(CHARGES, "Flowsentry", NOW)

    def shown(title: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in rows(title, lines)]

    assert shown("Owners by path") == [
        ("nat_gateway", "web-1", "instance", 100),
        ("inter_az", "db-1", "instance", 40),
        ("nat_gateway", "-", "-", 5),
    ]
    assert shown("Who uses NAT gateways") == [("web-1", "instance", 100), ("-", "-", 5)]
    assert shown("Who sends to other zones") == [("db-1", "instance", 40)]
    assert shown("Who sends to the internet") == []
    assert shown("Bytes without a known path") == [("unknown", 9)]


@pytest.mark.parametrize("title", TABLES)
def test_without_lines_of_its_report_a_table_is_empty(title: str) -> None:
    assert rows(title, ['{"report":"another"}']) == []


@pytest.mark.parametrize("title", TABLES)
def test_a_query_reads_the_lines_of_one_report_by_the_index(title: str) -> None:
    assert TABLES[title].query[0].startswith('filter report = "')


def test_a_widget_names_the_log_groups_of_the_functions_that_write_the_lines() -> None:
    queries = [each["properties"]["query"] for each in bodies(WATCHED)["threats"]["widgets"] if each["type"] == "log"]
    sources = "SOURCE 'stream_processor-log' | SOURCE 'object_processor-log' | "
    assert all(each.startswith(sources) for each in queries)
    assert sum("SOURCE 'inventory-log'" in each for each in queries) == 1
