"""The API of the traffic map."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from local.console.subjects.replayed import Replayed
from tests.local.console.conftest import json_of

EVER = {"start": 1, "end": 30_000_000}


def around(data: Replayed) -> dict[str, int]:
    """The hours before the newest record."""
    return {"start": data.about.newest - 86_400, "end": data.about.newest + 1}


def test_the_totals_are_those_of_the_records(client: TestClient, data: Replayed) -> None:
    totals = json_of(client, "/api/traffic-map", **around(data))["totals"]
    rejected = data.flows()["action"] == "REJECT"
    assert totals["refused"]["flows"] == rejected.sum()
    assert totals["refused"]["bytes"] == data.flows().filter(rejected)["bytes"].sum()
    assert 0 < totals["accepted"]["flows"] < (~rejected).sum()


def test_edges_add_up_to_the_totals(client: TestClient, data: Replayed) -> None:
    found = json_of(client, "/api/traffic-map", **around(data))
    for action in ("accepted", "refused"):
        own = [edge for edge in found["edges"] if edge["action"] == action]
        assert sum(edge["bytes"] for edge in own) == found["totals"][action]["bytes"]
    assert found["left_out"]["edges"] == 0


@pytest.mark.parametrize(
    ("wanted", "action", "ports"),
    [
        ({"port": "5432", "action": "refused"}, {"refused"}, {"5432/tcp"}),
        ({"port": "53", "protocol": "udp"}, {"accepted", "refused"}, {"53/udp"}),
        ({"port": "53", "protocol": "17"}, {"accepted", "refused"}, {"53/udp"}),
    ],
)
def test_filters_are_applied(
    client: TestClient, data: Replayed, wanted: dict[str, str], action: set[str], ports: set[str]
) -> None:
    found = json_of(client, "/api/traffic-map", **around(data), **wanted)["edges"]
    assert ({edge["action"] for edge in found}, {port for edge in found for port in edge["ports"]}) == (action, ports)


def test_the_owner_filter_keeps_what_the_owner_calls_and_what_calls_it(client: TestClient, data: Replayed) -> None:
    found = json_of(client, "/api/traffic-map", **around(data), owner="orders-cache")
    names = [node["name"] for node in found["nodes"]]
    assert found["edges"]
    assert all("orders-cache" in (names[edge["caller"]], names[edge["called"]]) for edge in found["edges"])


def test_a_time_range_without_records_is_an_empty_map(client: TestClient) -> None:
    assert json_of(client, "/api/traffic-map", **EVER)["edges"] == []


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"port": "65536"}, "port must be a whole number from 0 to 65535"),
        ({"port": "٣"}, "port must be a whole number"),
        ({"protocol": "tpc"}, "protocol must be a name such as tcp"),
        ({"protocol": "256"}, "protocol must be a name"),
        ({"action": "dropped"}, "action must be one of all, accepted, refused"),
        ({"owner": "x" * 10_000}, "owner has 10000 characters"),
        ({"end": 1}, "end must be after start"),
        ({"start": ""}, "start must be a whole number"),
    ],
)
def test_an_invalid_filter_is_refused_in_a_sentence(client: TestClient, wanted: dict[str, Any], sentence: str) -> None:
    answer = client.get("/api/traffic-map", params=EVER | wanted)
    assert (answer.status_code, sentence in answer.json()["error"]) == (400, True)
