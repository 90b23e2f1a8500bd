"""flowsentry findings: lists findings and changes their triage state."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.triage import State, Triage
from local.account import FINDINGS_TABLE as PARAMETER
from stacks.constructs.parameters import Value
from tests.aws.notifications.outbox_world import DAY, finding
from tests.local.conftest import Flowsentry
from tests.moto_world import FINDINGS_TABLE, REGION, aws_in_memory, forget_clients, make_findings_table

ID, OTHER = "5c1f2e8a90b1c2d3e4f50617", "00ff2e8a90b1c2d3e4f50617"


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget_clients()
    with aws_in_memory(monkeypatch):
        make_findings_table()
        clients.ssm().put_parameter(Name="/flowsentry/findings-table-name", Value=FINDINGS_TABLE, Type="String")
        yield
    forget_clients()


def put(*findings: Finding, days_ago: float = 0) -> None:
    at = time.time() - days_ago * DAY
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: at).put_new(findings)


def triage_of(finding_id: str) -> Triage:
    entry = FindingTable(FINDINGS_TABLE, clients.dynamodb()).entry(finding_id)
    assert entry is not None
    return entry.triage


def test_the_table_parameter_is_the_one_that_the_stacks_publish() -> None:
    assert PARAMETER == Value.FINDINGS_TABLE


def test_findings_are_listed_newest_first_in_columns(flowsentry: Flowsentry) -> None:
    put(finding(OTHER, Severity.LOW, subject="203.0.113.9", title="noise"), days_ago=2)
    put(finding(ID))
    done = flowsentry("findings", "list")
    assert (done.code, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split() == ["id", "state", "severity", "found", "subject", "title"]
    assert [row.split()[:3] for row in rows] == [[ID, "open", "high"], [OTHER, "open", "low"]]
    assert rows[1].endswith("noise")


def test_the_list_can_be_filtered_by_state_kind_and_age(flowsentry: Flowsentry) -> None:
    put(finding("old"), days_ago=10)
    put(finding("a"), finding("b"))
    flowsentry("findings", "acknowledge", "b", "--by", "alice")

    def listed(*filters: str) -> list[str]:
        return [row.split()[0] for row in flowsentry("findings", "list", *filters).out.splitlines()[1:]]

    assert sorted(listed()) == ["a", "b"]
    assert sorted(listed("--days", "30")) == ["a", "b", "old"]
    assert listed("--state", "acknowledged") == ["b"]
    assert listed("--kind", "port_scan") == []
    assert len(listed("--kind", "host_sweep")) == 2


def test_the_list_can_be_filtered_by_a_kind_of_an_earlier_version(flowsentry: Flowsentry) -> None:
    put(replace(finding(ID), kind="retired_kind"), finding(OTHER))
    rows = flowsentry("findings", "list", "--kind", "retired_kind").out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [ID]


@pytest.mark.parametrize(
    "invalid", [{"kind": ["x"]}, {"first_seen": "x"}, {"subject": ["x"]}, {"last_seen": None}, {"details": []}]
)
def test_a_finding_with_a_value_of_another_type_is_reported_and_the_others_are_listed(
    flowsentry: Flowsentry, invalid: dict[str, Any]
) -> None:
    put(finding(ID))
    text = json.dumps({**json.loads(finding(OTHER).to_json()), **invalid})
    now = str(int(time.time()))
    item = {"id": {"S": OTHER}, "found_at": {"N": now}, "finding": {"S": text}}
    clients.dynamodb().put_item(TableName=FINDINGS_TABLE, Item=item)
    done = flowsentry("findings", "list")
    assert [row.split()[0] for row in done.out.splitlines()[1:]] == [ID]
    assert f"item '{OTHER}' has invalid values of {next(iter(invalid))}" in done.err
    shown = flowsentry("findings", "show", OTHER)
    assert (shown.code, shown.out) == (1, "")
    assert "has invalid values" in shown.err


def test_control_characters_and_links_in_texts_are_not_printed(flowsentry: Flowsentry) -> None:
    put(finding(ID, title="a\nforged line \x1b[31m https://evil.example", subject="x\ty"))
    head, row = flowsentry("findings", "list").out.splitlines()
    assert "\x1b" not in row
    assert "https://" not in row
    flowsentry("findings", "acknowledge", ID, "--by", "me\n\x1b[0m", "--note", "line\nbreak")
    shown = flowsentry("findings", "show", ID).out
    assert "\x1b" not in shown
    assert "\nbreak" not in shown
    assert head.startswith("id")


def test_show_prints_the_alert_the_triage_state_and_related_findings(flowsentry: Flowsentry) -> None:
    put(finding("before", thread="t"), days_ago=1)
    put(finding(ID, thread="t"))
    flowsentry("findings", "resolve", "before", "--by", "alice", "--note", "patched")
    done = flowsentry("findings", "show", ID)
    assert done.code == 0
    assert "What to check" in done.out
    assert "State     open" in done.out
    assert "Alerted   not yet, waits for the next urgent message" in done.out
    assert "  before  found " in done.out
    assert "by alice: patched" in done.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "state"),
    [("acknowledge", State.ACKNOWLEDGED), ("resolve", State.RESOLVED), ("snooze", State.SNOOZED)],
)
def test_a_triage_command_stores_the_state_the_person_and_the_note(
    flowsentry: Flowsentry, command: str, state: State
) -> None:
    put(finding(ID))
    days = ("--days", 3) if command == "snooze" else ()
    done = flowsentry("findings", command, ID, *days, "--by", "alice", "--note", "our own scanner")
    assert done.code == 0
    assert done.out.startswith(f"{ID} is {state}")
    triage = triage_of(ID)
    assert (triage.state, triage.by, triage.note) == (state, "alice", "our own scanner")
    assert triage.until is None or 0 <= triage.until - triage.changed_at - 3 * DAY <= 5
    assert flowsentry("findings", "reopen", ID, "--by", "bob").code == 0
    assert (triage_of(ID).state, triage_of(ID).by) == (State.OPEN, "bob")


def test_without_by_the_name_in_the_callers_arn_is_stored(flowsentry: Flowsentry) -> None:
    put(finding(ID))
    assert flowsentry("findings", "acknowledge", ID).code == 0
    caller = boto3.client("sts").get_caller_identity()["Arn"]
    assert triage_of(ID).by
    assert caller.endswith(triage_of(ID).by)


def test_an_unknown_finding_is_reported(flowsentry: Flowsentry) -> None:
    for command in (("show",), ("acknowledge", "--by", "a"), ("snooze", "--days", "1", "--by", "a")):
        done = flowsentry("findings", command[0], "never-there", *command[1:])
        assert (done.code, done.out) == (1, "")
        assert done.err == "flowsentry: there is no finding never-there\n"


def test_an_unknown_deployment_is_reported_with_its_region_and_parameter(flowsentry: Flowsentry) -> None:
    done = flowsentry("findings", "list", "--deployment", "other")
    assert done.code == 1
    assert f"there is no deployment 'other' in {REGION}" in done.err
    assert "/other/findings-table-name" in done.err
    assert flowsentry("findings", "list", "--region", "us-east-1").code == 1


def test_missing_credentials_are_reported(flowsentry: Flowsentry, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as bare:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            bare.delenv(name, raising=False)
        bare.setenv("AWS_EC2_METADATA_DISABLED", "true")
        bare.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        done = flowsentry("findings", "list")
    assert (done.code, done.err) == (
        1,
        "flowsentry: Unable to locate credentials; give --profile, set AWS_PROFILE, or run aws configure\n",
    )


def test_an_unknown_profile_is_named(flowsentry: Flowsentry) -> None:
    done = flowsentry("findings", "list", "--profile", "nobody")
    assert (done.code, done.out) == (1, "")
    assert "nobody" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("snooze", ID),
        ("snooze", ID, "--days", "0"),
        ("list", "--state", "asleep"),
        ("resolve", ID, "--note", "n" * 201),
    ],
)
def test_invalid_arguments_exit_with_2(flowsentry: Flowsentry, arguments: tuple[str, ...]) -> None:
    assert flowsentry("findings", *arguments).code == 2
