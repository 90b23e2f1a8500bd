"""The dashboards of a replay: the app's own bodies, with the numbers of the records that were replayed."""

from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient

from local.console.subjects.replayed import Replayed
from stacks.monitoring.dashboards.widgets import AlarmStates, Graph, LogTable
from tests.local.console.conftest import json_of
from tests.sample_company.replay import AFTERNOON
from tests.stacks.dashboards.made import WATCHED, widgets_of

RANGE = {"start": AFTERNOON - 4 * 3_600, "end": AFTERNOON + 60}

OF_A_DEPLOYMENT = {
    "Days whose rule usage is not written yet",
    "Age of payloads in the data stream (ms)",
    "Failed payloads of the data stream",
}
"""Widgets of functions and streams that a replay does not have."""


def widgets(client: TestClient, name: str) -> list[dict[str, Any]]:
    answer = json_of(client, f"/api/dashboards/{name}", **RANGE)
    return [each for each in answer["widgets"] if each["type"] != "text"]


def widget(client: TestClient, name: str, title: str) -> dict[str, Any]:
    [found] = [each for each in widgets(client, name) if each["title"] == title]
    return found


def sums(shown: dict[str, Any]) -> dict[str, float]:
    return {line["label"]: sum(line["values"]) for line in shown["lines"]}


def test_all_dashboards_are_listed_in_the_order_of_their_documentation(client: TestClient) -> None:
    names = [(each["name"], each["title"]) for each in json_of(client, "/api/dashboards")]
    titles = ("Traffic", "Traffic bill", "Threats", "Pipeline")
    assert names == [(f"flowsentry-{title.lower().replace(' ', '-')}", title) for title in titles]


def test_every_widget_of_every_dashboard_is_drawn_without_an_error(client: TestClient) -> None:
    drawn = [each for board in json_of(client, "/api/dashboards") for each in widgets(client, board["name"])]
    assert [each["title"] for each in drawn if each.get("error")] == []
    titles = {each.title for kind in (Graph, LogTable, AlarmStates) for each in widgets_of(WATCHED, kind)}
    assert {each["title"] for each in drawn} >= titles - OF_A_DEPLOYMENT


def test_flows_by_vpc_are_the_records_of_each_vpc(client: TestClient, data: Replayed) -> None:
    shown = sums(widget(client, "flowsentry-traffic", "Flows by VPC"))
    assert set(shown) == {str(each) for each in data.flows()["vpc_id"].unique().drop_nulls()}
    assert all(value > 1_000 for value in shown.values())


def test_accepted_and_rejected_flows_add_up_to_all_flows(client: TestClient) -> None:
    both = sums(widget(client, "flowsentry-traffic", "Accepted and rejected flows"))
    flows = sums(widget(client, "flowsentry-traffic", "Flows by VPC"))
    assert sum(both.values()) == sum(flows.values())


def test_the_lines_read_are_those_of_the_replay(client: TestClient, data: Replayed) -> None:
    shown = sums(widget(client, "flowsentry-pipeline", "Records of traffic, and without"))
    assert shown["Records, object_processor"] == len(data.flows())


def test_the_table_of_talkers_names_those_who_send_most(client: TestClient, data: Replayed) -> None:
    shown = widget(client, "flowsentry-traffic", "Top talkers by bytes")
    assert shown["columns"] == ["source", "source_owner", "bytes", "packets"]
    sent = data.flows().group_by(pl.coalesce("pkt_srcaddr", "srcaddr").alias("source")).agg(pl.col("bytes").sum())
    most = sent.sort("bytes", descending=True).head(5)["source"].to_list()
    assert shown["rows"][0][0] in most


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "start must be a whole number"),
        ({"start": 5, "end": 5}, "end must be after start"),
        ({"start": 0, "end": 4_000_000_000}, "by at most 400 days"),
        ({"start": "-1", "end": 5}, "start must be a whole number"),
        ({"start": "\u0663", "end": 5}, "start must be a whole number"),
        ({"start": "9" * 5_000, "end": 5}, "start must be a whole number"),
    ],
)
def test_an_invalid_time_range_is_refused_in_a_sentence(
    client: TestClient, parameters: dict[str, Any], sentence: str
) -> None:
    answer = client.get("/api/dashboards/flowsentry-traffic", params=parameters)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_an_unknown_dashboard_is_named_with_those_there_are(client: TestClient) -> None:
    answer = client.get("/api/dashboards/none", params=RANGE)
    assert answer.status_code == 404
    assert "there is no dashboard none; there are flowsentry-traffic" in answer.json()["error"]


def test_a_replay_has_no_alarms(client: TestClient) -> None:
    assert json_of(client, "/api/alarms") == []
