"""The alarms: metrics, thresholds, descriptions and actions."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowsentry.metric_names import PIPELINE_METRICS, namespace_of
from tests.stacks.functions import SOURCE

PropertiesOf = Callable[[str], dict[str, Any]]
NAMESPACE = namespace_of("flowsentry")
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
MEASURED = Path(__file__).parents[2] / "local" / "cost" / "measured.json"


@pytest.fixture(scope="module")
def of_one_vpc(synthesise: Callable[..., Any]) -> dict[str, Any]:
    """The resources of the stack for one VPC whose flow log goes to CloudWatch Logs, without the data stream."""
    made = synthesise({"sources": [SOURCE]})
    resources: dict[str, Any] = made["Monitoring"]["Resources"]
    return resources


def alarms(properties_of: PropertiesOf) -> dict[str, Any]:
    made = properties_of("AWS::CloudWatch::Alarm").values()
    return {each["AlarmName"].removeprefix("flowsentry-"): each for each in made}


def entries() -> set[str]:
    return set(re.findall(r"^## (\S+)$", RUNBOOK.read_text(), flags=re.MULTILINE))


def test_every_alarm_states_the_problem_and_links_to_its_runbook_entry(properties_of: PropertiesOf) -> None:
    for name, alarm in alarms(properties_of).items():
        what, query, cause, silence, runbook = alarm["AlarmDescription"].split("\n")
        assert len(what) > 40, name
        assert runbook.removeprefix("Runbook: docs/runbook.md#") in entries(), name
        assert query.startswith("First query: aws "), name
        assert (cause.startswith("Usual cause: "), silence.startswith("To silence: ")) == (True, True), name


def test_the_page_of_costs_counts_the_alarms_of_one_destination(of_one_vpc: dict[str, Any]) -> None:
    """An alarm on a band is charged as three."""
    kinds = Counter(each["Type"] for each in of_one_vpc.values())
    counted = json.loads(MEASURED.read_text())["resources"]
    assert counted["alarms"] == kinds["AWS::CloudWatch::Alarm"] + 2 * kinds["AWS::CloudWatch::AnomalyDetector"]
    assert counted["composite_alarms"] == kinds["AWS::CloudWatch::CompositeAlarm"]


def test_every_runbook_entry_belongs_to_an_alarm(properties_of: PropertiesOf) -> None:
    composites = properties_of("AWS::CloudWatch::CompositeAlarm").values()
    described = [each["AlarmDescription"] for each in (*alarms(properties_of).values(), *composites)]
    assert entries() - {"cost-budget"} == {each.rpartition("#")[2] for each in described}


def test_every_dead_letter_reason_is_in_the_runbook() -> None:
    package = RUNBOOK.parents[1] / "layers" / "flowsentry" / "python" / "flowsentry"
    raised = r"(?:PoisonError|CutOffError)\(\s*\"([a-z-]+)\""
    reasons = {reason for path in package.rglob("*.py") for reason in re.findall(raised, path.read_text())}
    assert reasons
    assert {reason for reason in reasons if f"`{reason}`" not in RUNBOOK.read_text()} == set()


def test_every_alarm_outside_the_composite_ones_notifies_the_topic_when_it_starts_and_when_it_ends(
    properties_of: PropertiesOf,
) -> None:
    told = "".join(each["AlarmRule"] for each in properties_of("AWS::CloudWatch::CompositeAlarm").values())
    for name, alarm in alarms(properties_of).items():
        if f'ALARM("flowsentry-{name}")' in told:
            assert not {"AlarmActions", "OKActions", "InsufficientDataActions"} & alarm.keys(), name
        else:
            assert "alerttopicarn" in str(alarm["AlarmActions"]), name
            assert alarm["OKActions"] == alarm["AlarmActions"], name


def test_one_message_in_the_dead_letter_queue_triggers_an_alarm(properties_of: PropertiesOf) -> None:
    alarm = alarms(properties_of)["dead-letter-queue"]
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert "deadletterqueuename" in str(alarm["Dimensions"])
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_an_object_event_older_than_freshness_minutes_triggers_an_alarm(properties_of: PropertiesOf) -> None:
    assert alarms(properties_of)["oldest-object-event"]["Threshold"] == 30 * 60


@pytest.mark.parametrize("service", ["stream-processor", "object-processor", "inventory", "notifier"])
def test_errors_in_two_of_three_periods_trigger_the_alarm_of_each_function(
    properties_of: PropertiesOf, service: str
) -> None:
    alarm = alarms(properties_of)[f"function-errors-{service}"]
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("service", ["stream_processor", "object_processor"])
def test_old_records_trigger_the_freshness_alarm(properties_of: PropertiesOf, service: str) -> None:
    alarm = alarms(properties_of)[f"freshness-{service.replace('_', '-')}"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == alarm["Threshold"] == 30 * 60
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]


def test_a_destination_without_sources_has_no_freshness_alarm(of_one_vpc: dict[str, Any]) -> None:
    names = [each["Properties"].get("AlarmName", "") for each in of_one_vpc.values()]
    assert [name for name in names if "freshness" in name] == ["flowsentry-freshness-stream-processor"]


def test_alarms_evaluate_only_metrics_stamped_with_the_current_time(properties_of: PropertiesOf) -> None:
    """Records arrive late: an alarm on the minute of the record would evaluate incomplete data. Those on surges have
    periods in which late records arrive too.
    """
    watched = [alarm for alarm in alarms(properties_of).values() if "Metrics" not in alarm]
    ours = [alarm["MetricName"] for alarm in watched if alarm["Namespace"] == NAMESPACE]
    assert ours
    assert set(ours) <= set(PIPELINE_METRICS)


def test_an_inventory_older_than_30_minutes_triggers_an_alarm(properties_of: PropertiesOf) -> None:
    for service in ("stream_processor", "object_processor"):
        alarm = alarms(properties_of)[f"inventory-stale-{service.replace('_', '-')}"]
        assert (alarm["MetricName"], alarm["Threshold"]) == ("InventoryAgeSeconds", 30 * 60)


@pytest.mark.parametrize(
    ("name", "metric"),
    [("inventory-target-failed", "InventoryTargetsFailed"), ("cluster-unreachable", "ClustersFailed")],
)
def test_a_target_whose_discovery_fails_repeatedly_triggers_an_alarm(
    properties_of: PropertiesOf, name: str, metric: str
) -> None:
    alarm = alarms(properties_of)[name]
    assert alarm["MetricName"] == metric
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (2, 3, 0)


def test_one_dead_letter_of_the_inventory_triggers_an_alarm(properties_of: PropertiesOf) -> None:
    alarm = alarms(properties_of)["inventory-dead-letters"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert "inventorydeadletterqueuename" in str(alarm["Dimensions"])


def test_without_clusters_there_is_no_cluster_alarm(of_one_vpc: dict[str, Any]) -> None:
    names = [each["Properties"].get("AlarmName") for each in of_one_vpc.values()]
    assert "flowsentry-cluster-unreachable" not in names


def test_one_lost_payload_triggers_an_alarm(properties_of: PropertiesOf) -> None:
    alarm = alarms(properties_of)["failed-invocations-lost"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("DestinationDeliveryFailures", 0)


def test_a_payload_in_the_stream_for_longer_than_freshness_minutes_triggers_an_alarm(
    properties_of: PropertiesOf,
) -> None:
    """Lambda reports the age in milliseconds. Without reads it reports none, and the state of freshness changes."""
    alarm = alarms(properties_of)["iterator-age"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "IteratorAge", "Maximum")
    assert "streamprocessorname" in str(alarm["Dimensions"])
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (30 * 60 * 1000, "notBreaching")


def test_without_a_data_stream_there_is_no_alarm_or_graph_for_it(of_one_vpc: dict[str, Any]) -> None:
    monitoring = json.dumps(of_one_vpc)
    assert "IteratorAge" not in monitoring
    assert "FailedPayloads" not in monitoring


@pytest.mark.parametrize("service", ["stream_processor", "object_processor", "inventory", "notifier", "rule_usage"])
def test_the_cost_so_far_has_the_time_and_the_log_of_a_function(of_one_vpc: dict[str, Any], service: str) -> None:
    monitoring = json.dumps(of_one_vpc)
    assert f"FILL(time_{service}, 0)" in monitoring
    assert f"FILL(logs_{service}, 0)" in monitoring


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
        ("canary-lost", "CanariesLost"),
        ("no-subscription", "AlertTopicsWithoutSubscription"),
        ("delivery-failed-alerts", "NumberOfNotificationsFailed"),
        ("delivery-failed-digests", "NumberOfNotificationsFailed"),
        ("delivery-failed-chats", "NumberOfNotificationsFailed"),
        ("delivery-failed-operators", "NumberOfNotificationsFailed"),
    ],
)
def test_one_event_of_this_metric_triggers_the_alarm(properties_of: PropertiesOf, name: str, metric: str) -> None:
    alarm = alarms(properties_of)[name]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == (metric, 0, 1)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_failed_deliveries_are_counted_by_topic(properties_of: PropertiesOf) -> None:
    for purpose, parameter in (("alerts", "alerttopicarn"), ("digests", "digesttopicarn"), ("chats", "chattopicarn")):
        (dimension,) = alarms(properties_of)[f"delivery-failed-{purpose}"]["Dimensions"]
        assert dimension["Name"] == "TopicName"
        number, parts = dimension["Value"]["Fn::Select"]
        assert (number, parts["Fn::Split"][0]) == (5, ":")
        assert parameter in str(parts["Fn::Split"][1])


def test_the_stack_reads_the_names_of_the_functions_it_monitors(templates: Mapping[str, Any]) -> None:
    read = {p["Default"] for p in templates["Monitoring"]["Parameters"].values()}
    assert {f"/flowsentry/{name}-name" for name in ("stream-processor", "notifier")} <= read
    assert {f"/flowsentry/{name}-log-group-name" for name in ("stream-processor", "notifier")} <= read
