"""The dashboard and the alarms: what they watch, what they say, and whom they tell."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PIPELINE_METRICS, TRAFFIC_METRICS, TRAFFIC_METRICS_BY

Every = Callable[[str], dict[str, Any]]
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def alarms(every: Every) -> dict[str, Any]:
    made = every("AWS::CloudWatch::Alarm").values()
    return {each["AlarmName"].removeprefix("flowsentry-"): each for each in made}


def entries() -> set[str]:
    return set(re.findall(r"^## (\S+)$", RUNBOOK.read_text(), flags=re.MULTILINE))


def dashboard(every: Every) -> dict[str, Any]:
    (made,) = every("AWS::CloudWatch::Dashboard").values()
    parts = made["DashboardBody"]["Fn::Join"][1]
    body: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "some" for part in parts))
    return body


def drawn(every: Every) -> list[list[Any]]:
    """The lines of all graphs: a metric, or as the only item what is searched for."""
    return [metric for widget in dashboard(every)["widgets"] for metric in widget["properties"].get("metrics", [])]


def metrics(every: Every) -> list[list[Any]]:
    return [line for line in drawn(every) if len(line) > 1]


def test_every_alarm_says_what_is_wrong_and_where_to_read_on(every: Every) -> None:
    for name, alarm in alarms(every).items():
        what, _, entry = alarm["AlarmDescription"].partition(" What to do: docs/runbook.md#")
        assert len(what) > 40, name
        assert entry in entries(), name


def test_every_entry_of_the_runbook_belongs_to_an_alarm(every: Every) -> None:
    linked = {alarm["AlarmDescription"].rpartition("#")[2] for alarm in alarms(every).values()}
    assert entries() == linked


def test_every_reason_of_a_dead_letter_is_in_the_runbook() -> None:
    package = RUNBOOK.parents[1] / "layers" / "flowsentry" / "python" / "flowsentry"
    raised = r"(?:PoisonError|CutOffError)\(\s*\"([a-z-]+)\""
    reasons = {reason for path in package.rglob("*.py") for reason in re.findall(raised, path.read_text())}
    assert reasons
    assert {reason for reason in reasons if f"`{reason}`" not in RUNBOOK.read_text()} == set()


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(every: Every) -> None:
    for alarm in alarms(every).values():
        assert "alerttopicarn" in str(alarm["AlarmActions"])
        assert alarm["OKActions"] == alarm["AlarmActions"]


def test_every_dead_letter_queue_has_an_alarm_that_one_message_rings(every: Every) -> None:
    alarm = alarms(every)["dead-letter-queue"]
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert "deadletterqueuename" in str(alarm["Dimensions"])
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_a_notice_may_be_as_old_as_news_may_be(every: Every) -> None:
    assert alarms(every)["oldest-notice"]["Threshold"] == 30 * 60


@pytest.mark.parametrize("service", ["stream-processor", "object-processor", "inventory", "notifier"])
def test_every_function_has_an_alarm_that_a_retry_that_worked_does_not_ring(every: Every, service: str) -> None:
    alarm = alarms(every)[f"function-errors-{service}"]
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_capture_gap_rings_the_freshness_alarm(every: Every, service: str) -> None:
    alarm = alarms(every)[f"freshness-{service.replace('_', '-')}"]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == alarm["Threshold"] == 30 * 60
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]


def test_a_way_in_that_is_not_used_is_not_missed(synthesise: Callable[..., Any]) -> None:
    made = synthesise({"sources": [{"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}]})["Monitoring"]
    names = [r["Properties"].get("AlarmName", "") for r in made["Resources"].values()]
    assert [name for name in names if "freshness" in name] == ["flowsentry-freshness-object-processor"]


def test_alarms_watch_only_metrics_that_are_stamped_with_now(every: Every) -> None:
    """Records come late: an alarm on their minute judges what was not there yet."""
    ours = [alarm["MetricName"] for alarm in alarms(every).values() if alarm["Namespace"] == "Flowsentry"]
    assert ours
    assert set(ours) <= set(PIPELINE_METRICS)


def test_an_inventory_older_than_half_an_hour_rings_and_capture_gap_does_not(every: Every) -> None:
    for service in ("stream_processor", "object_processor"):
        alarm = alarms(every)[f"inventory-stale-{service.replace('_', '-')}"]
        assert (alarm["MetricName"], alarm["Threshold"]) == ("InventoryAgeSeconds", 30 * 60)
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("name", "metric"),
    [("inventory-place-failed", "InventoryTargetsFailed"), ("cluster-unreachable", "ClustersFailed")],
)
def test_what_can_not_be_looked_at_again_and_again_rings(every: Every, name: str, metric: str) -> None:
    alarm = alarms(every)[name]
    assert alarm["MetricName"] == metric
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (2, 3, 0)


def test_one_request_that_nobody_could_answer_rings(every: Every) -> None:
    alarm = alarms(every)["inventory-dead-letters"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert "inventorydeadletterqueuename" in str(alarm["Dimensions"])


def test_without_clusters_none_is_missed(synthesise: Callable[..., Any]) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}
    made = synthesise({"sources": [source]})["Monitoring"]["Resources"].values()
    assert "flowsentry-cluster-unreachable" not in [each["Properties"].get("AlarmName") for each in made]


def test_a_lost_payload_rings_at_once(every: Every) -> None:
    alarm = alarms(every)["failed-invocations-lost"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("DestinationDeliveryFailures", 0)


def test_a_payload_that_waits_in_the_stream_longer_than_news_may_be_old_rings(every: Every) -> None:
    """Lambda tells the age in milliseconds; while nothing is read it tells none, and freshness rings."""
    alarm = alarms(every)["iterator-age"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "IteratorAge", "Maximum")
    assert "streamprocessorname" in str(alarm["Dimensions"])
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (30 * 60 * 1000, "notBreaching")


def test_without_a_stream_none_is_watched_or_drawn(synthesise: Callable[..., Any]) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch"}
    monitoring = json.dumps(synthesise({"sources": [source]})["Monitoring"])
    assert "IteratorAge" not in monitoring
    assert "FailedPayloads" not in monitoring


def test_the_dashboard_draws_every_traffic_metric_of_every_vpc(synthesise: Callable[..., Any]) -> None:
    vpcs = ["vpc-0123456789abcdef0", "vpc-0fedcba9876543210"]
    made = synthesise({"sources": [{"vpc_ids": vpcs, "destination": "s3"}]})["Monitoring"]["Resources"].items()

    def of_sources(kind: str) -> dict[str, Any]:
        return {id_: each["Properties"] for id_, each in made if each["Type"] == kind}

    lines = metrics(of_sources)
    traffic = {(name, value) for space, name, key, value, *_ in lines if (space, key) == ("Flowsentry", "vpc")}
    assert traffic == {(name, vpc) for name in TRAFFIC_METRICS_BY["vpc"] for vpc in vpcs}


def test_suppressed_findings_are_drawn_beside_raised_ones(every: Every) -> None:
    by_name = {
        name: [line for line in metrics(every) if line[1] == name] for name in ("FindingsRaised", "FindingsSuppressed")
    }
    kinds = {name: {line[line.index("kind") + 1] for line in lines} for name, lines in by_name.items()}
    assert kinds["FindingsRaised"] == kinds["FindingsSuppressed"] == set(KINDS)


def test_what_is_held_back_silenced_or_given_up_is_drawn(every: Every) -> None:
    names = {name for _, name, *_ in metrics(every)}
    assert {"AlertsRateLimited", "AlertsSilenced", "OverflowsPublished", "PoisonFindings", "ChannelRefusals"} <= names


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("suppressions-unreadable-stream-processor", "SuppressionsUnreadable"),
        ("suppressions-unreadable-object-processor", "SuppressionsUnreadable"),
        ("stored-object-unreadable-stream-processor", "StoredObjectsUnreadable"),
        ("stored-object-unreadable-object-processor", "StoredObjectsUnreadable"),
        ("stored-object-unreadable-inventory", "StoredObjectsUnreadable"),
        ("poison-findings", "PoisonFindings"),
        ("channel-refused", "ChannelRefusals"),
    ],
)
def test_one_thing_given_up_rings(every: Every, name: str, metric: str) -> None:
    alarm = alarms(every)[name]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == (metric, 0, 1)
    assert alarm["TreatMissingData"] == "notBreaching"


def searches(every: Every) -> dict[str, str]:
    """What is searched for, by the label that each line found has."""
    searched = [line[0] for line in drawn(every) if len(line) == 1]
    return {each["expression"]: each["label"] for each in searched}


def test_the_dashboard_draws_every_vpc_there_is_where_it_is_not_known_which(every: Every) -> None:
    expected = {f"SEARCH('{{Flowsentry,vpc}} MetricName=\"{name}\"', 'Sum', 300)" for name in TRAFFIC_METRICS_BY["vpc"]}
    seen = searches(every)
    assert {each for each, label in seen.items() if label == "${PROP('Dim.vpc')}"} == expected


def test_there_it_draws_what_every_transit_gateway_lost(every: Every) -> None:
    lost = [name for name in TRAFFIC_METRICS_BY["transit_gateway"] if name.startswith("PacketsLost")]
    expected = {f"SEARCH('{{Flowsentry,transit_gateway}} MetricName=\"{name}\"', 'Sum', 300)" for name in lost}
    label = "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}"
    assert {each for each, told in searches(every).items() if told == label} == expected


def test_where_all_vpcs_are_known_nothing_is_searched_for(synthesise: Callable[..., Any]) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}
    assert "SEARCH" not in json.dumps(synthesise({"sources": [source]})["Monitoring"])


def test_every_metric_of_ours_on_the_dashboard_is_one_that_is_emitted(every: Every) -> None:
    names = {name for space, name, *_ in metrics(every) if space == "Flowsentry"}
    assert names <= set(PIPELINE_METRICS) | set(TRAFFIC_METRICS)


def test_the_dashboard_shows_the_state_of_all_alarms(every: Every) -> None:
    (widget,) = [each for each in dashboard(every)["widgets"] if each["type"] == "alarm"]
    assert len(widget["properties"]["alarms"]) == len(alarms(every))


def test_the_dashboard_fits_the_grid_without_overlap(every: Every) -> None:
    cells: set[tuple[int, int]] = set()
    for widget in dashboard(every)["widgets"]:
        taken = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert cells.isdisjoint(taken)
        cells |= taken
    assert max(x for x, _ in cells) < 24


def test_no_line_of_a_graph_lacks_a_label(every: Every) -> None:
    assert [metric for metric in drawn(every) if not metric[-1].get("label")] == []


def test_the_stack_waits_for_the_functions_it_watches(templates: Mapping[str, Any]) -> None:
    read = {p["Default"] for p in templates["Monitoring"]["Parameters"].values()}
    assert {f"/flowsentry/{name}-name" for name in ("stream-processor", "notifier")} <= read
