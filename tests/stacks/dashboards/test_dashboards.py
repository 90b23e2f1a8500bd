"""The dashboards: what they draw, and that CloudWatch accepts them. Most of it needs no synth."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, get_args

import pytest

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PIPELINE_METRICS, TRAFFIC_METRICS, TRAFFIC_METRICS_BY
from flowsentry.records.charged_paths import BILLED_PATHS
from local.aws.monitoring.alarm_limits import dashboard_defects
from stacks.monitoring.dashboards.body import body_of
from stacks.monitoring.dashboards.catalogue import MAX_LINES, dashboards, vpcs_with_lines
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import AlarmStates, Dashboard, Expression, Graph, Line, LogTable
from stacks.prices.own_prices import TrafficPrices
from stacks.settings.operation import DashboardName
from tests.stacks.conftest import Synthesise
from tests.stacks.dashboards.made import (
    LARGEST,
    NAMESPACE,
    UNKNOWN_VPCS,
    VPCS,
    WATCHED,
    bodies,
    drawn,
    lines,
    searches,
    widgets_of,
)


def test_every_traffic_metric_of_every_known_vpc_is_drawn() -> None:
    by_vpc = {(each.name, each.dimensions["vpc"]) for each in lines(WATCHED) if "vpc" in each.dimensions}
    assert by_vpc == {(name, vpc) for name in TRAFFIC_METRICS_BY["vpc"] for vpc in VPCS}
    assert not [each for each in searches(WATCHED) if ",vpc}" in each]


def test_with_unknown_vpcs_graphs_search_for_all_vpcs_and_transit_gateways() -> None:
    lost = [name for name in TRAFFIC_METRICS_BY["transit_gateway"] if name.startswith("PacketsLost")]
    expected = {
        f"SEARCH('{{\"{NAMESPACE}\",{by}}} MetricName=\"{name}\"', 'Sum', 300)"
        for by, names in (("vpc", TRAFFIC_METRICS_BY["vpc"]), ("transit_gateway", lost))
        for name in names
    }
    found = {each: label for each, label in searches(UNKNOWN_VPCS).items() if ",service}" not in each}
    assert set(found) == expected
    labels = {"${PROP('Dim.vpc')}", "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}"}
    assert set(found.values()) == labels


def test_graphs_search_for_vpcs_when_there_are_more_than_they_can_show_or_some_are_unknown() -> None:
    assert vpcs_with_lines(["vpc-1"] * MAX_LINES, are_all=True) == ["vpc-1"] * MAX_LINES
    assert vpcs_with_lines(["vpc-1"] * (MAX_LINES + 1), are_all=True) is None
    assert vpcs_with_lines(["vpc-1"], are_all=False) is None


def test_suppressed_findings_are_drawn_by_the_same_kinds_as_raised_ones() -> None:
    kinds = {
        name: {each.dimensions["kind"] for each in lines(WATCHED) if each.name == name}
        for name in ("FindingsRaised", "FindingsSuppressed")
    }
    assert kinds["FindingsRaised"] == kinds["FindingsSuppressed"] == set(KINDS)


def test_every_metric_of_the_app_that_is_drawn_has_a_meaning() -> None:
    names = {each.name for each in lines(WATCHED) if each.namespace == NAMESPACE}
    assert names <= set(PIPELINE_METRICS) | set(TRAFFIC_METRICS)


def test_every_metric_that_the_app_emits_is_drawn() -> None:
    """A metric that nobody looks at costs as much as one that somebody does."""
    assert {*PIPELINE_METRICS, *TRAFFIC_METRICS} - drawn(UNKNOWN_VPCS) == set()


def test_a_number_of_dollars_is_the_sum_of_hidden_metrics_each_times_its_list_price() -> None:
    (graph,) = [each for each in widgets_of(WATCHED, Graph) if each.title == "Cost in this time range ($)"]
    sums = [each.expression for each in graph.lines if isinstance(each, Expression)]
    used = {id_ for each in sums for id_ in re.findall(r"FILL\((\w+),", each)}
    hidden = {each.id for each in graph.lines if isinstance(each, Line) and each.hidden}
    assert used == hidden
    assert len(hidden) == len([each for each in graph.lines if isinstance(each, Line)])
    second_of_a_gigabyte = 0.0000133334
    assert f"FILL(time_notifier, 0) * {second_of_a_gigabyte / 1_000:.12f}" in sums[0]


def test_charged_bytes_cost_the_list_price_of_the_region_or_that_of_the_settings() -> None:
    def dollars(watched: Watched) -> dict[str, str]:
        (graph,) = [each for each in widgets_of(watched, Graph) if each.title.startswith("Cost of traffic in")]
        return {each.id: each.expression for each in graph.lines if isinstance(each, Expression)}

    usual = dollars(WATCHED)
    assert set(usual) == {f"usd_{path}" for path in BILLED_PATHS}
    assert usual["usd_nat_gateway"] == f"FILL(nat_gateway, 0) * {0.045 / 1024**3:.16f}"
    assert usual["usd_inter_az"] == f"FILL(inter_az, 0) * {0.01 * 2 / 1024**3:.16f}"
    own = dollars(replace(WATCHED, prices=TrafficPrices(region="eu-west-1", inter_az=0.004)))
    assert own["usd_nat_gateway"] == f"FILL(nat_gateway, 0) * {0.048 / 1024**3:.16f}"
    assert own["usd_inter_az"] == f"FILL(inter_az, 0) * {0.004 * 2 / 1024**3:.16f}"


def test_without_a_data_stream_nothing_is_drawn_of_it() -> None:
    assert drawn(replace(WATCHED, has_payload_stream=False)).isdisjoint({"IteratorAge", "FailedPayloads"})


@pytest.mark.parametrize("watched", [WATCHED, UNKNOWN_VPCS, LARGEST], ids=["known", "unknown", "largest"])
def test_cloudwatch_accepts_every_dashboard(watched: Watched) -> None:
    assert {name: list(dashboard_defects(json.dumps(body))) for name, body in bodies(watched).items()} == {
        name: [] for name in bodies(watched)
    }


@pytest.mark.parametrize("dashboard", dashboards(WATCHED), ids=lambda each: each.name)
def test_a_dashboard_begins_with_what_is_normal_and_each_section_with_its_question(dashboard: Dashboard) -> None:
    first, *others = body_of(dashboard, WATCHED.log_groups, WATCHED.region)["widgets"]
    assert first["type"] == "text"
    assert first["properties"]["markdown"] == f"# {dashboard.title}\n{dashboard.text}"
    headings = [each["properties"]["markdown"] for each in others if each["type"] == "text"]
    assert headings == [f"## {each.question}\n{each.normal}" for each in dashboard.sections]
    assert all(len(each.normal) > 8 and each.question.endswith("?") for each in dashboard.sections)


@pytest.mark.parametrize("name", bodies(WATCHED))
def test_widgets_fit_the_grid_without_overlap(name: str) -> None:
    def cells(widget: Mapping[str, Any]) -> set[tuple[int, int]]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        return {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}

    taken = [cells(each) for each in bodies(WATCHED)[name]["widgets"]]
    assert all(one.isdisjoint(other) for one, other in combinations(taken, 2))
    assert max(x for each in taken for x, _ in each) < 24


@pytest.mark.parametrize(("number", "widgets"), [(100, 1), (101, 2)])
def test_more_alarms_than_a_widget_takes_are_shown_by_several(number: int, widgets: int) -> None:
    arns = [f"arn:{each}" for each in range(number)]
    shown = list(widgets_of(replace(WATCHED, alarm_arns=arns), AlarmStates))
    assert [arn for each in shown for arn in each.alarm_arns] == arns
    assert len(shown) == widgets


def test_titles_and_labels_are_there_and_no_title_is_used_twice_on_a_dashboard() -> None:
    for dashboard in dashboards(WATCHED):
        titles = [each.title for section in dashboard.sections for each in section.widgets]
        assert all(titles)
        assert len(titles) == len(set(titles))
    assert all(each.label for each in lines(WATCHED))


def test_a_dashboard_has_fewer_tables_than_queries_that_an_account_may_run_at_once() -> None:
    """100 in most Regions, 30 in China: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html."""
    tables = {
        each.name: sum(isinstance(one, LogTable) for part in each.sections for one in part.widgets)
        for each in dashboards(WATCHED)
    }
    assert max(tables.values()) <= 15


def test_the_settings_can_name_every_dashboard() -> None:
    assert {each.name for each in dashboards(WATCHED)} == set(get_args(DashboardName))


def test_dashboards_and_talkers_that_the_settings_leave_out_are_neither_drawn_nor_logged(
    synthesise: Synthesise, properties_of: Callable[[str], dict[str, Any]]
) -> None:
    source = {"vpc_ids": [VPCS[0]], "destination": "s3"}
    made = synthesise({"sources": [source], "dashboards": ["threats"], "top_talkers": 0})
    resources = made["Monitoring"]["Resources"].values()
    names = [each["Properties"]["DashboardName"] for each in resources if each["Type"] == "AWS::CloudWatch::Dashboard"]
    assert names == ["flowsentry-threats"]
    assert "TOP_TALKERS" not in json.dumps(made["Processing"])
    variables = [each["Environment"]["Variables"] for each in properties_of("AWS::Lambda::Function").values()]
    assert [each["TOP_TALKERS"] for each in variables if "TOP_TALKERS" in each] == ["5", "5"]


def test_the_template_has_every_dashboard_with_all_alarms(properties_of: Callable[[str], dict[str, Any]]) -> None:
    made = {
        each["DashboardName"]: each["DashboardBody"] for each in properties_of("AWS::CloudWatch::Dashboard").values()
    }
    assert set(made) == {f"flowsentry-{each.name}" for each in dashboards(WATCHED)}
    parts = made["flowsentry-pipeline"]["Fn::Join"][1]
    body = json.loads("".join(each if isinstance(each, str) else "some" for each in parts))
    (widget,) = [each for each in body["widgets"] if each["type"] == "alarm"]
    number = len(properties_of("AWS::CloudWatch::Alarm")) + len(properties_of("AWS::CloudWatch::CompositeAlarm"))
    assert len(widget["properties"]["alarms"]) == number
