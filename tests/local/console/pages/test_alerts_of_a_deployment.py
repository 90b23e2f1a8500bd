"""The inbox of a deployment: the console and `flowsentry findings` show and change the same findings table."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import FindingTriage
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.findings.finding import Severity
from local.console.application import application
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.published import PublishedMessages
from local.console.security import TOKEN_HEADER, Access
from local.console.subjects.replayed import Replayed
from tests.aws.notifications.outbox_world import NOW, finding
from tests.local.conftest import Flowsentry
from tests.local.console.conftest import json_of
from tests.local.console.inbox.test_inbox import publish
from tests.moto_world import FINDINGS_TABLE, REGION, aws_in_memory, forget_clients, make_findings_table

LOUD = finding("5c1f2e8a90b1c2d3e4f50617", thread="t")
BEFORE = finding("00ff2e8a90b1c2d3e4f50617", thread="t", first_seen=2)
QUIET = finding("11ff2e8a90b1c2d3e4f50617", Severity.BACKGROUND, subject="203.0.113.9")
RESOURCES = AccountResources(region=REGION)


class Stored(Replayed):
    """A replay with the findings of a table."""

    def __init__(self, replayed: Replayed, published: PublishedMessages) -> None:
        self.__dict__ |= vars(replayed)
        findings = FindingTriage(FINDINGS_TABLE, clients.dynamodb())
        self._stored = AlertInbox(findings, published.messages, RESOURCES)

    @property
    def inbox(self) -> AlertInbox:
        return self._stored


@pytest.fixture
def published() -> PublishedMessages:
    return PublishedMessages()


@pytest.fixture
def page(
    data: Replayed, access: Access, published: PublishedMessages, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """The console on a table with three findings, the first of which is a day old."""
    forget_clients()
    with aws_in_memory(monkeypatch):
        make_findings_table()
        clients.ssm().put_parameter(Name="/flowsentry/findings-table-name", Value=FINDINGS_TABLE, Type="String")
        FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: NOW - 86_400.0).put_new([BEFORE])
        FindingTable(FINDINGS_TABLE, clients.dynamodb()).put_new([LOUD, QUIET])
        headers = {TOKEN_HEADER: access.token, "Origin": f"http://127.0.0.1:{access.port}"}
        yield TestClient(
            application(Stored(data, published), access), base_url=f"http://127.0.0.1:{access.port}", headers=headers
        )
    forget_clients()


def test_an_alert_that_was_not_sent_is_the_one_that_the_command_shows(page: TestClient, flowsentry: Flowsentry) -> None:
    shown = flowsentry("findings", "show", LOUD.id).out
    one = json_of(page, f"/api/alerts/{LOUD.id}")
    assert shown.startswith(one["message"]["text"].strip())
    assert f"State     {one['sentence']}\n" in shown
    assert f"Alerted   {one['delivery']}\n" in shown
    assert [each["id"] for each in one["related"]] == [BEFORE.id]
    assert f"  {BEFORE.id}  found " in shown


@pytest.mark.parametrize("action", ["acknowledge", "snooze", "resolve"])
def test_what_the_page_changes_the_command_shows_and_undoes(
    page: TestClient, flowsentry: Flowsentry, action: str
) -> None:
    body = {"action": action, "by": "alice", "note": "our scanner", **({"days": 3} if action == "snooze" else {})}
    done = page.post(f"/api/alerts/{LOUD.id}/triage", json=body).json()
    assert f"State     {done['sentence']}\n" in flowsentry("findings", "show", LOUD.id).out
    assert json_of(page, "/api/alerts")["states"][done["triage"]["state"]] == 1
    flowsentry("findings", "reopen", LOUD.id, "--by", "bob")
    one = json_of(page, f"/api/alerts/{LOUD.id}")
    assert (one["triage"]["state"], one["triage"]["by"]) == ("open", "bob")


def test_what_was_sent_is_shown_as_it_was_sent(page: TestClient, published: PublishedMessages) -> None:
    sent, digest = alert_message(LOUD, AccountResources(region="eu-north-1")), digest_message([QUIET], 1)
    publish(published, "one", sent)
    publish(published, "two", digest)
    message = json_of(page, f"/api/alerts/{LOUD.id}")["message"]
    assert (message["subject"], message["text"], message["is_sent"]) == (sent.subject, sent.text, True)
    rows = json_of(page, "/api/alerts", kind="digest")["rows"]
    assert [(row["id"], row["type"], row["subject"]) for row in rows] == [("two", "digest", "1 finding")]
    assert json_of(page, "/api/alerts/two")["findings"][0]["id"] == QUIET.id
    assert json_of(page, f"/api/alerts/{QUIET.id}")["summary"]["id"] == "two"


def test_where_the_table_cannot_be_read_the_page_says_so(page: TestClient) -> None:
    clients.dynamodb().delete_table(TableName=FINDINGS_TABLE)
    answer = page.get("/api/alerts")
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("the findings can't be read or changed now: ")
