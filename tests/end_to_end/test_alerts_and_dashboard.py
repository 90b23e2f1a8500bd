"""Emails and the dashboard of the deployed app, and the metrics that its dashboards and alarms read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from flowsentry.inventory.snapshot import unpack
from local.log_insights.events import Event
from local.log_insights.query import run
from tests.builders import flow_log, no_data
from tests.end_to_end.deployed_app import NAMESPACE, DeployedApp
from tests.end_to_end.produced import produce_everything, return_to_outbox

SEEN_ON_FAILURE_ONLY = {
    *("AlertsFailed", "InventoryTargetsFailed", "InventoryNamesMissing", "ClustersFailed"),
    *("PoisonFindings", "ChannelRefusals", "SuppressionsUnreadable", "StoredObjectsUnreadable"),
    *("AlertsRateLimited", "AlertsSilenced", "OverflowsPublished", "FindingsSuppressed"),
    *("AlertsPaused", "CanariesLost", "CanarySeconds", "AlertTopicsWithoutSubscription"),
    *("RetriedObjectEvents", "PostponedObjectEvents", "InterruptedObjects", "RecoveredPayloads", "FailedPayloads"),
    *("InventoryMissing", "InventoryRequestsFailed", "GeoDatabasesMissing", "IdempotencyUnavailable"),
}
"""Metrics without data as long as channels accept alerts, AWS APIs respond, topics have subscriptions, no run fails,
everything is deployed without a canary, and no finding is suppressed or acknowledged."""
SOURCE = re.compile(r"SOURCE '([^']+)' \| ")
SEARCH = re.compile(r"""SEARCH\('{"([\w/]+)",([\w,]+)} MetricName="(\w+)"'""")
"""Namespace, dimensions and metric name of a search expression: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html."""
UNSEEN_PARTS = {("UnknownFields", "stream_processor")}
"""A log group's records have the fields of its formats."""
UNSEEN_KINDS = {("kind", "flood"), ("kind", "flow_log_stopped")}
GAP = "eni-0e2e0000000000001"
"""An unknown network interface with skipped records."""


def test_the_inventory_is_in_the_output_bucket_after_its_schedule(app: DeployedApp) -> None:
    [snapshot] = app.output("inventory/").values()
    held = set(unpack(snapshot).assignments.select("scope", "address", "owner_name").iter_rows())
    hosts = {(host.vpc_id, host.address, host.name) for network in app.company.networks for host in network.hosts}
    assert hosts <= held


def test_an_alert_that_the_stream_missed_is_sent_by_the_schedule(app: DeployedApp) -> None:
    source = "10.50.0.31"
    app.put("missed.log", flow_log(app.scan(app.in_bucket, source, range(1, 21))))
    [finding], [_] = app.findings(source), app.emails_about(source)
    return_to_outbox(app, finding.id, "urgent", seconds=600)
    app.fire_schedules("Sweep")
    assert len(app.emails_about(source)) == 2
    app.fire_schedules("Sweep")
    assert len(app.emails_about(source)) == 2


def test_background_findings_are_sent_in_one_digest_and_not_as_alerts(app: DeployedApp) -> None:
    sources = ["203.0.113.31", "203.0.113.32"]
    for source in sources:
        app.put(f"{source}.log", flow_log(app.scan(app.in_bucket, source, range(1, 21))))
    app.put("left-out.log", flow_log([no_data(log_status="SKIPDATA", interface_id=GAP, start=app.at, end=app.at)]))
    findings = [finding for subject in (*sources, GAP) for finding in app.findings(subject)]
    assert [finding.severity for finding in findings] == ["background"] * 3
    assert all(app.emails_about(subject) == [] for subject in (*sources, GAP))
    for finding in findings:
        return_to_outbox(app, finding.id, "digest", seconds=3_600)
    app.fire_schedules("Sweep")
    [digest] = app.emails_about(sources[0])
    assert sources[1] in digest["text"]
    assert f"- {GAP} in the hour from " in digest["text"]


def test_every_metric_of_the_dashboard_and_alarms_is_emitted(app: DeployedApp) -> None:
    """Metrics of the app must have data; for AWS's metrics, the functions, queues and topics must exist."""
    produce_everything(app)
    watched = [*dashboard_metrics(app), *alarm_metrics(app)]
    ours = {metric for metric in watched if metric.namespace == NAMESPACE and metric.name not in SEEN_ON_FAILURE_ONLY}
    ours = {metric for metric in ours if metric.dimensions.isdisjoint(UNSEEN_KINDS)}
    ours = {metric for metric in ours if (metric.name, dict(metric.dimensions).get("service")) not in UNSEEN_PARTS}
    assert ours - metrics_with_data(app) == set()
    assert len(ours) > 30
    existing = names_of_functions(app) | names_of_queues(app) | names_of_topics(app) | names_of_stores(app)
    theirs = {metric for metric in watched if metric.namespace.startswith("AWS/")}
    assert {metric.namespace for metric in theirs} == {"AWS/Lambda", "AWS/SQS", "AWS/SNS", "AWS/Logs", "AWS/DynamoDB"}
    assert {name for metric in theirs for _, name in metric.dimensions} <= existing
    assert [title for title, rows in tables(app).items() if not rows] == []


def tables(app: DeployedApp) -> dict[str, list[Any]]:
    """The rows of each table, from the log lines of the functions, by title."""
    queries = {each["title"]: each["query"] for each in (widget["properties"] for widget in widgets(app, "log"))}
    groups = {group for query in queries.values() for group in SOURCE.findall(query)}
    events = {group: log_events(app, group) for group in groups}
    return {title: run_on(events, query) for title, query in queries.items()}


def run_on(events: Mapping[str, list[Event]], query: str) -> list[Any]:
    return run(SOURCE.sub("", query), [event for group in SOURCE.findall(query) for event in events[group]])


def log_events(app: DeployedApp, log_group: str) -> list[Event]:
    pages = app.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
    return [Event(each["message"], each["timestamp"]) for page in pages for each in page["events"]]


class Metric(NamedTuple):
    """A metric of a dashboard, of an alarm or in CloudWatch's list."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def dashboard_metrics(app: DeployedApp) -> Iterator[Metric]:
    for widget in widgets(app):
        for first, *rest in widget["properties"].get("metrics", ()):
            if isinstance(first, dict):
                yield from found_metrics(app, first["expression"])
            else:
                name, *texts = (each for each in rest if isinstance(each, str))
                yield Metric(first, name, frozenset(zip(texts[::2], texts[1::2], strict=True)))


def found_metrics(app: DeployedApp, expression: str) -> Iterator[Metric]:
    """The metrics that the searches in an expression must find: those of the app's VPCs, and at least one part of a
    metric that has parts. There are no transit gateways.
    """
    for namespace, dimensions, name in SEARCH.findall(expression):
        if dimensions == "vpc":
            for network in (app.in_logs, app.in_bucket):
                yield Metric(namespace, name, frozenset({(dimensions, network.vpc_id)}))
        elif dimensions != "transit_gateway":
            parts = (each for each in metrics_with_data(app) if has_dimensions(each, name, dimensions.split(",")))
            yield next(parts, Metric(namespace, name, frozenset({(dimensions, "any")})))


def has_dimensions(metric: Metric, name: str, dimensions: Iterable[str]) -> bool:
    return metric.name == name and {dimension for dimension, _ in metric.dimensions} == set(dimensions)


def widgets(app: DeployedApp, *types: str) -> list[dict[str, Any]]:
    """The widgets of all dashboards; those of the given types, if any."""
    cloudwatch = app.aws.client("cloudwatch")
    names = [each["DashboardName"] for each in cloudwatch.list_dashboards()["DashboardEntries"]]
    bodies = [cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] for name in names]
    found = [widget for body in bodies for widget in json.loads(body)["widgets"]]
    return [widget for widget in found if widget["type"] in types or not types]


def alarm_metrics(app: DeployedApp) -> Iterator[Metric]:
    for alarm in app.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        read = [alarm] if "MetricName" in alarm else [each["MetricStat"]["Metric"] for each in banded(alarm)]
        yield from (Metric(each["Namespace"], each["MetricName"], dimensions_in(each)) for each in read)


def banded(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics of an alarm on a band, without the band."""
    return [each for each in alarm["Metrics"] if "MetricStat" in each]


def metrics_with_data(app: DeployedApp) -> set[Metric]:
    """The metrics with data."""
    pages = app.aws.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=NAMESPACE)
    metrics = [metric for page in pages for metric in page["Metrics"]]
    return {Metric(NAMESPACE, metric["MetricName"], dimensions_in(metric)) for metric in metrics}


def dimensions_in(metric: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"])


def names_of_functions(app: DeployedApp) -> set[str]:
    return {each["FunctionName"] for each in app.aws.client("lambda").list_functions()["Functions"]}


def names_of_queues(app: DeployedApp) -> set[str]:
    return {url.rpartition("/")[2] for url in app.aws.client("sqs").list_queues()["QueueUrls"]}


def names_of_topics(app: DeployedApp) -> set[str]:
    return {each["TopicArn"].rpartition(":")[2] for each in app.aws.client("sns").list_topics()["Topics"]}


def names_of_stores(app: DeployedApp) -> set[str]:
    groups = app.aws.client("logs").describe_log_groups()["logGroups"]
    return {each["logGroupName"] for each in groups} | set(app.aws.client("dynamodb").list_tables()["TableNames"])
