"""Saved queries and metric filters of a deployed app: they are there, and they find what was logged."""

from local.log_insights.query import run
from tests.end_to_end.deployed_app import DeployedApp


def test_a_saved_query_finds_who_was_rejected_in_the_log_group_that_it_selects(app: DeployedApp) -> None:
    app.log(app.scan(app.in_logs, "10.40.0.77", range(2001, 2004), app.log_group_names))
    logs = app.aws.client("logs")
    saved = {each["name"]: each for each in logs.describe_query_definitions()["queryDefinitions"]}
    [query] = [each for name, each in saved.items() if name.endswith("/Rejects by source")]
    [log_group] = query["logGroupNames"]
    assert log_group == app.log_group
    events = logs.filter_log_events(logGroupName=log_group, logStreamNames=["eni-all"])["events"]
    found = {row["srcaddr"]: row["records"] for row in run(query["queryString"], [each["message"] for each in events])}
    assert found["10.40.0.77"] == 3


def test_a_metric_filter_counts_the_records_that_it_matches(app: DeployedApp) -> None:
    [made] = app.aws.client("logs").describe_metric_filters(logGroupName=app.log_group)["metricFilters"]
    [metric] = made["metricTransformations"]
    assert metric["metricNamespace"].endswith("/metric-filters")
    before = app.sum_of(metric["metricNamespace"], metric["metricName"])
    app.log(app.scan(app.in_logs, "10.40.0.78", range(20, 26), app.log_group_names))
    assert app.sum_of(metric["metricNamespace"], metric["metricName"]) == before + 1
