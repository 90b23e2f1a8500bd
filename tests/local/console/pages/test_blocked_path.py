"""The API of the blocked path."""

import pytest
from starlette.testclient import TestClient

from flowsentry.inventory.inventory import Inventory
from local.console.application import application
from local.console.pages.blocked_path import path_of_finding
from local.console.query import Query
from local.console.security import TOKEN_HEADER, Access
from local.console.subjects.replayed import Replayed
from tests.local.console.conftest import json_of


def test_every_blocked_path_is_drawn_to_the_rule_that_its_alert_names(client: TestClient, data: Replayed) -> None:
    findings = json_of(client, "/api/blocked-path/findings")["findings"]
    details = {each.finding.id: each.finding.details for each in data.alerts()}
    refusals = {each["id"]: details[each["id"]]["refusal"] for each in findings if "refusal" in details[each["id"]]}
    assert refusals
    for finding_id, refusal in refusals.items():
        path = json_of(client, f"/api/blocked-path/of/{finding_id}")
        (deciding,) = [hop for hop in path["hops"] if hop["decides"]]
        assert refusal["sentence"] == f"denied by {deciding['who']}: {deciding['reason']}"
        assert refusal["change"] in path["change"]
        assert path["finding"]["refusal"] == refusal


def test_a_session_is_drawn_as_allowed(client: TestClient, data: Replayed) -> None:
    finding = next(each.finding for each in data.alerts() if each.finding.kind == "remote_login")
    path = json_of(client, f"/api/blocked-path/of/{finding.id}")
    assert (path["verdict"], path["change"], path["traffic"]) == ("allowed", "", "tcp/22")
    assert "allowance" in path["finding"]


def test_a_typed_path_is_found_by_names(client: TestClient) -> None:
    path = json_of(client, "/api/blocked-path", source="web-3", destination="orders", port=5432)
    assert (path["verdict"], path["source"]["owner"]["name"]) == ("denied", "web-3")
    udp = json_of(client, "/api/blocked-path", source="web-3", destination="orders", port=53, protocol="UDP")
    assert udp["traffic"] == "udp/53"


@pytest.mark.parametrize(
    ("source", "destination", "sentence"),
    [
        ("web-3", "nobody", "nobody is not in the inventory"),
        ("203.0.113.1", "203.0.113.2", "neither 203.0.113.1 nor 203.0.113.2"),
        ("<script>\u202e\x00", "orders", "<script>"),
    ],
)
def test_an_end_that_is_not_known_is_named(client: TestClient, source: str, destination: str, sentence: str) -> None:
    unclear = json_of(client, "/api/blocked-path", source=source, destination=destination)["unclear"]
    assert sentence in unclear
    assert not {"\x00", "\u202e"} & {*unclear}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"source": "web-3", "destination": " "}, "source and destination are needed"),
        ({"source": "web-3", "destination": "orders", "port": "70000"}, "port must be a whole number"),
        ({"source": "web-3", "destination": "orders", "protocol": "x"}, "protocol must be a name"),
    ],
)
def test_an_invalid_parameter_is_refused_in_a_sentence(
    client: TestClient, wanted: dict[str, str], sentence: str
) -> None:
    answer = client.get("/api/blocked-path", params=wanted)
    assert (answer.status_code, sentence in answer.json()["error"]) == (400, True)


def test_a_finding_that_is_about_no_path_is_not_found(client: TestClient, data: Replayed) -> None:
    scan = next(each.finding for each in data.alerts() if each.finding.kind == "port_scan")
    for finding_id in (scan.id, "none"):
        assert client.get(f"/api/blocked-path/of/{finding_id}").status_code == 404


def test_without_rules_the_page_says_how_to_get_them(
    data: Replayed, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "inventory", Inventory)
    client = TestClient(
        application(data, access), base_url="http://127.0.0.1:8740", headers={TOKEN_HEADER: access.token}
    )
    assert json_of(client, "/api/blocked-path/findings")["has_rules"] is False
    answer = client.get("/api/blocked-path", params={"source": "10.0.0.1", "destination": "10.0.0.2"})
    assert (answer.status_code, "--inventory" in answer.json()["error"]) == (503, True)


def test_a_finding_whose_source_is_a_network_is_drawn_from_an_address_of_it(data: Replayed) -> None:
    finding = next(each.finding for each in data.alerts() if each.finding.kind == "remote_login")
    assert path_of_finding(data, Query({"finding": finding.id}))["source"]["address"] == finding.subject
