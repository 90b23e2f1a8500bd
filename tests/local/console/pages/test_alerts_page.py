"""The inbox's JSON: what `flowsentry replay` prints, filters, and triage that only the console itself can change."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from flowsentry.findings.finding import Finding
from local.console.application import application
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.replayed import replayed_inbox
from local.console.security import TOKEN_HEADER, Access
from local.console.subjects.replayed import Replayed
from tests.aws.notifications.outbox_world import finding
from tests.local.conftest import Flowsentry
from tests.local.console.conftest import json_of
from tests.local.console.pages.sample_files import INVENTORY
from tests.sample_company.replay import AFTERNOON

HOSTILE = (
    '<script>alert(1)</script>\u202e\x00 \ud800 "><img src=x onerror=alert(2)> https://evil.example ' + "x" * 10_000
)


def rows(client: TestClient, **filters: object) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json_of(client, "/api/alerts", **filters)["rows"]
    return listed


def first_of(client: TestClient, kind: str) -> dict[str, Any]:
    one: dict[str, Any] = json_of(client, f"/api/alerts/{rows(client, kind=kind)[0]['id']}")
    return one


def triaged(client: TestClient, id_: str, action: str, **more: object) -> Any:
    return client.post(f"/api/alerts/{id_}/triage", json={"action": action, **more})


def test_the_findings_are_those_of_replay_and_each_has_its_alert(
    flowsentry: Flowsentry, logs: Path, client: TestClient
) -> None:
    done = flowsentry("replay", logs, "--inventory", INVENTORY, "--json")
    printed = {each["id"]: each for each in done.records if "id" in each}
    listed = [row for row in rows(client) if row["type"] == "finding"]
    loud = {row["id"]: row for row in listed if row["kind"] == "blocked_internal"}
    assert loud
    for id_, row in loud.items():
        one, known = json_of(client, f"/api/alerts/{id_}"), printed[id_]
        assert (row["severity"], row["title"], one["address"]) == (known["severity"], known["title"], known["subject"])
        assert {name: one["message"]["json"][name] for name in known} == known
        assert f"Finding {id_} " in one["message"]["text"]
        assert one["message"]["chat"]["id"] == id_


def test_rows_are_newest_first_and_counted(client: TestClient, data: Replayed) -> None:
    page = json_of(client, "/api/alerts")
    assert page["matching"] == page["all"] == len(page["rows"]) == len(data.alerts()) + 1
    assert [row["at"] for row in page["rows"]] == sorted((row["at"] for row in page["rows"]), reverse=True)
    assert page["states"] == {"open": len(data.alerts())}
    assert sum(page["kinds"].values()) == sum(page["severities"].values()) == page["all"]


def test_rows_are_filtered_and_cut_at_the_limit(client: TestClient) -> None:
    every = rows(client)
    assert {row["severity"] for row in rows(client, severity="high")} == {"high"}
    assert {row["kind"] for row in rows(client, kind="remote_login")} == {"remote_login"}
    assert rows(client, state="resolved") == []
    assert all("bastion" in row["title"] for row in rows(client, text="BASTION"))
    assert len(rows(client, text="BASTION")) == 2
    recent = rows(client, start=AFTERNOON - 600, end=AFTERNOON)
    assert recent == [row for row in every if row["at"] >= AFTERNOON - 600]
    page = json_of(client, "/api/alerts", limit=3)
    assert (page["rows"], page["matching"]) == (every[:3], len(every))


@pytest.mark.parametrize(("name", "value"), [("state", "asleep"), ("severity", "x"), ("text", "t" * 201), ("start", 5)])
def test_an_invalid_filter_is_named(client: TestClient, name: str, value: object) -> None:
    answer = client.get("/api/alerts", params={name: str(value)})
    assert answer.status_code == 400
    assert name in answer.json()["error"] or "end" in answer.json()["error"]


def test_a_digest_lists_its_findings_and_each_finding_names_it(client: TestClient) -> None:
    digest = first_of(client, "digest")
    assert digest["message"]["type"] == "digest"
    assert digest["subject"] == f"{len(digest['findings'])} findings"
    assert {row["severity"] for row in digest["findings"]} == {"low", "background"}
    assert first_of(client, "records_skipped")["summary"]["id"] == digest["id"]
    assert first_of(client, "remote_login")["summary"] is None


def test_an_alert_names_the_pages_that_draw_it(client: TestClient) -> None:
    assert first_of(client, "blocked_internal")["views"] == ["blocked-path"]
    assert first_of(client, "host_sweep")["views"] == ["scan"]
    assert first_of(client, "records_skipped")["views"] == []


@pytest.mark.parametrize(
    ("action", "more", "state"),
    [("acknowledge", {}, "acknowledged"), ("snooze", {"days": 3}, "snoozed"), ("resolve", {}, "resolved")],
)
def test_triage_is_kept_and_can_be_undone(client: TestClient, action: str, more: dict[str, object], state: str) -> None:
    id_ = rows(client, kind="remote_login")[0]["id"]
    done = triaged(client, id_, action, by="alice", note="our admin", **more).json()
    assert done["sentence"].startswith(state)
    assert done["sentence"].endswith("by alice: our admin")
    assert json_of(client, f"/api/alerts/{id_}")["triage"] == done["triage"]
    assert [row["id"] for row in rows(client, state=state)] == [id_]
    assert triaged(client, id_, "reopen").json()["triage"]["state"] == "open"
    assert rows(client, state=state) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "delete"}, "action must be one of acknowledge, snooze, resolve, reopen"),
        ({"action": "snooze"}, "days must be a whole number from 1 to 365"),
        ({"action": "snooze", "days": True}, "days must be a whole number"),
        ({"action": "snooze", "days": 366}, "days must be a whole number"),
        ({"action": "resolve", "note": "n" * 201}, "note has 201 characters"),
        ({"action": "resolve", "by": "b" * 81}, "by has 81 characters"),
        ({"action": "resolve", "note": 7}, "note must be a text"),
    ],
)
def test_an_invalid_triage_is_refused_and_changes_nothing(client: TestClient, body: dict[str, Any], said: str) -> None:
    id_ = rows(client)[0]["id"]
    answer = client.post(f"/api/alerts/{id_}/triage", json=body)
    assert (answer.status_code, said in answer.json()["error"]) == (400, True)
    assert json_of(client, "/api/alerts")["states"].keys() == {"open"}


def test_where_the_user_of_the_machine_has_no_name_the_console_triages(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert json_of(client, "/api/alerts")["by"] == "console"
    assert triaged(client, rows(client)[0]["id"], "resolve").json()["triage"]["by"] == "console"


def test_an_unknown_finding_is_named(client: TestClient) -> None:
    for answer in (client.get("/api/alerts/nothing"), triaged(client, "nothing", "resolve")):
        assert (answer.status_code, answer.json()["error"]) == (404, "there is no finding nothing")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({TOKEN_HEADER: ""}, 401), ({"Origin": "http://evil.example"}, 403), ({"Host": "evil.example"}, 421)],
)
def test_triage_without_the_token_or_from_another_site_changes_nothing(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    id_ = rows(client)[0]["id"]
    answer = client.post(f"/api/alerts/{id_}/triage", json={"action": "resolve"}, headers=headers)
    assert answer.status_code == status
    assert json_of(client, "/api/alerts")["states"].keys() == {"open"}


class Inboxed(Replayed):
    """A replay with other findings."""

    def __init__(self, replayed: Replayed, *findings: Finding) -> None:
        self.__dict__ |= vars(replayed)
        self._other = replayed_inbox(findings)

    @property
    def inbox(self) -> AlertInbox:
        return self._other


def test_hostile_names_are_bounded_lines_without_links(data: Replayed, access: Access) -> None:
    hostile = Inboxed(data, finding("one", title=HOSTILE, subject=HOSTILE))
    headers = {TOKEN_HEADER: access.token}
    client = TestClient(application(hostile, access), base_url="http://127.0.0.1:8740", headers=headers)
    (row,) = rows(client)
    assert "<script>" in row["title"]
    assert len(json.dumps(row)) < 2_000
    assert not {"\u202e", "\x00"} & set(row["title"] + row["subject"])
    assert "https://" not in row["title"]
    assert "\u202e" not in json_of(client, "/api/alerts/one")["message"]["text"]


def test_without_findings_the_inbox_is_empty(data: Replayed, access: Access) -> None:
    client = TestClient(
        application(Inboxed(data), access), base_url="http://127.0.0.1:8740", headers={TOKEN_HEADER: access.token}
    )
    page = json_of(client, "/api/alerts")
    assert (page["rows"], page["all"], page["kinds"]) == ([], 0, {})
