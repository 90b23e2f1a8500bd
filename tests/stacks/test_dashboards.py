"""The dashboards: what they draw, and that CloudWatch accepts them. Most of it needs no synth."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, TypeVar

import pytest

from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import PIPELINE_METRICS, TRAFFIC_METRICS, TRAFFIC_METRICS_BY, namespace_of
from local.aws.monitoring.alarm_limits import dashboard_defects
from stacks.monitoring.dashboards.body import body_of
from stacks.monitoring.dashboards.catalogue import MAX_LINES, dashboards, vpcs_with_lines
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import Dashboard, Expression, Graph, Line

Kind = TypeVar("Kind")
NAMESPACE = namespace_of("flowsentry")
SERVICES = ("stream_processor", "object_processor", "inventory", "notifier")
VPCS = ("vpc-0123456789abcdef0", "vpc-0fedcba9876543210")
WATCHED = Watched(
    deployment="flowsentry",
    region="eu-west-1",
    functions={service: f"{service}-function" for service in SERVICES},
    log_groups={service: f"{service}-log" for service in SERVICES},
    object_queue="objects",
    object_dead_letters="dead-objects",
    inventory_queue="requests",
    alarm_arns=("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:one",),
    vpc_ids=VPCS,
    has_payload_stream=True,
)
UNKNOWN_VPCS = replace(WATCHED, vpc_ids=None)
LARGEST = replace(WATCHED, vpc_ids=[f"vpc-{number:017x}" for number in range(MAX_LINES)])


def widgets_of(watched: Watched, kind: type[Kind]) -> Iterator[Kind]:
    for dashboard in dashboards(watched):
        for section in dashboard.sections:
            yield from (each for each in section.widgets if isinstance(each, kind))


def lines(watched: Watched) -> list[Line]:
    return [each for graph in widgets_of(watched, Graph) for each in graph.lines if isinstance(each, Line)]


def searches(watched: Watched) -> dict[str, str]:
    """Labels by search expression."""
    expressions = [each for graph in widgets_of(watched, Graph) for each in graph.lines if isinstance(each, Expression)]
    return {each.expression: each.label for each in expressions if "SEARCH" in each.expression}


def bodies(watched: Watched) -> dict[str, dict[str, Any]]:
    return {each.name: body_of(each, watched.log_groups, watched.region) for each in dashboards(watched)}


def test_every_traffic_metric_of_every_known_vpc_is_drawn() -> None:
    drawn = {(each.name, each.dimensions["vpc"]) for each in lines(WATCHED) if "vpc" in each.dimensions}
    assert drawn == {(name, vpc) for name in TRAFFIC_METRICS_BY["vpc"] for vpc in VPCS}
    assert searches(WATCHED) == {}


def test_with_unknown_vpcs_graphs_search_for_all_vpcs_and_transit_gateways() -> None:
    lost = [name for name in TRAFFIC_METRICS_BY["transit_gateway"] if name.startswith("PacketsLost")]
    expected = {
        f"SEARCH('{{\"{NAMESPACE}\",{by}}} MetricName=\"{name}\"', 'Sum', 300)"
        for by, names in (("vpc", TRAFFIC_METRICS_BY["vpc"]), ("transit_gateway", lost))
        for name in names
    }
    assert set(searches(UNKNOWN_VPCS)) == expected
    labels = {"${PROP('Dim.vpc')}", "${PROP('Dim.transit_gateway')} ${PROP('MetricName')}"}
    assert set(searches(UNKNOWN_VPCS).values()) == labels


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


def test_without_a_data_stream_nothing_is_drawn_of_it() -> None:
    drawn = {each.name for each in lines(replace(WATCHED, has_payload_stream=False))}
    assert drawn.isdisjoint({"IteratorAge", "FailedPayloads"})


@pytest.mark.parametrize("watched", [WATCHED, UNKNOWN_VPCS, LARGEST], ids=["known", "unknown", "largest"])
def test_cloudwatch_accepts_every_dashboard(watched: Watched) -> None:
    assert {name: list(dashboard_defects(json.dumps(body))) for name, body in bodies(watched).items()} == {
        name: [] for name in bodies(watched)
    }


@pytest.mark.parametrize("dashboard", dashboards(WATCHED), ids=lambda each: each.name)
def test_a_dashboard_begins_with_what_is_normal_and_each_section_with_its_question(dashboard: Dashboard) -> None:
    first, *others = body_of(dashboard, WATCHED.log_groups, WATCHED.region)["widgets"]
    assert first["type"] == "text"
    assert first["properties"]["markdown"] == f"# {dashboard.title}\n{dashboard.normal}"
    headings = [each["properties"]["markdown"] for each in others if each["type"] == "text"]
    assert headings == [f"## {each.question}\n{each.normal}" for each in dashboard.sections]
    assert all(len(section.normal) > 8 for section in dashboard.sections)


@pytest.mark.parametrize("name", bodies(WATCHED))
def test_widgets_fit_the_grid_without_overlap(name: str) -> None:
    def cells(widget: Mapping[str, Any]) -> set[tuple[int, int]]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        return {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}

    taken = [cells(each) for each in bodies(WATCHED)[name]["widgets"]]
    assert all(one.isdisjoint(other) for one, other in combinations(taken, 2))
    assert max(x for each in taken for x, _ in each) < 24


def test_titles_and_labels_are_there_and_no_title_is_used_twice_on_a_dashboard() -> None:
    for dashboard in dashboards(WATCHED):
        titles = [each.title for section in dashboard.sections for each in section.widgets]
        assert all(titles)
        assert len(titles) == len(set(titles))
    assert all(each.label for each in lines(WATCHED))


def test_the_template_has_every_dashboard_with_all_alarms(properties_of: Callable[[str], dict[str, Any]]) -> None:
    made = {
        each["DashboardName"]: each["DashboardBody"] for each in properties_of("AWS::CloudWatch::Dashboard").values()
    }
    assert set(made) == {f"flowsentry-{each.name}" for each in dashboards(WATCHED)}
    parts = made["flowsentry-pipeline"]["Fn::Join"][1]
    body = json.loads("".join(each if isinstance(each, str) else "some" for each in parts))
    (widget,) = [each for each in body["widgets"] if each["type"] == "alarm"]
    assert len(widget["properties"]["alarms"]) == len(properties_of("AWS::CloudWatch::Alarm"))
