"""The console on the deployed app: it draws every widget of the deployed dashboards, with the numbers of CloudWatch."""

import time
from datetime import UTC, datetime
from typing import Any

from local.console.span import Span
from local.console.subjects.deployed import Deployed
from local.console.widgets.dashboard import drawn
from tests.builders import flow_log
from tests.end_to_end.deployed_app import NAMESPACE, DeployedApp

SOURCE = "10.50.0.61"


def test_every_widget_of_the_deployed_dashboards_is_drawn_with_the_numbers_of_cloudwatch(app: DeployedApp) -> None:
    app.put("console.log", flow_log(app.scan(app.in_bucket, SOURCE, range(1, 1_001))))
    data, span = Deployed(app.aws), Span(int(time.time()) - 6 * 3_600, int(time.time()) + 300)
    boards = {name: drawn(body, data, span) for name, body in data.dashboards().items()}
    titles = ("traffic", "traffic-bill", "threats", "pipeline")
    assert list(boards) == [f"flowsentry-{title}" for title in titles]
    widgets = [each for board in boards.values() for each in board]
    assert [each["error"] for each in widgets if each.get("error")] == []
    lines = {each["label"]: each["values"] for each in widget(widgets, "Lines read")["lines"]}
    assert sum(lines["object_processor"]) == lines_read(app, span) > 0
    assert SOURCE in {row[0] for row in widget(widgets, "Sources of scans")["rows"]}
    assert len(widget(widgets, "Alarms")["alarms"]) > 20


def widget(widgets: list[dict[str, Any]], title: str) -> dict[str, Any]:
    return next(each for each in widgets if each.get("title") == title)


def lines_read(app: DeployedApp, span: Span) -> float:
    """The sum that GetMetricStatistics states."""
    answer = app.aws.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="Lines",
        Dimensions=[{"Name": "service", "Value": "object_processor"}],
        StartTime=datetime.fromtimestamp(span.start, UTC),
        EndTime=datetime.fromtimestamp(span.end, UTC),
        Period=86_400,
        Statistics=["Sum"],
    )
    return sum(float(point["Sum"]) for point in answer["Datapoints"])


def test_the_pages_read_what_the_app_stored(app: DeployedApp) -> None:
    data = Deployed(app.aws)
    app.put("console-again.log", flow_log(app.scan(app.in_bucket, SOURCE, range(30, 50))))
    assert SOURCE in {entry.finding.subject for entry in data.alerts()}
    assert SOURCE in set(data.flows()["srcaddr"].cast(str))
    assert not data.inventory().is_empty
    assert data.known_services().days is not None
