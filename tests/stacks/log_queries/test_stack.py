"""Saved queries and metric filters in the templates: names, log groups, limits, and what the synth says is left out."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Annotations as AssertAnnotations
from aws_cdk.assertions import Match, Template

from local.log_insights.query import run
from stacks.log_queries.log_groups import FlowLogGroup, log_groups_of
from stacks.log_queries.metric_filters import MetricFilters
from stacks.log_queries.saved_queries import SavedQueries, excluded_networks, remarks
from stacks.monitoring.alarms.filters import alarms_on_filters
from stacks.settings.deployment import Deployment
from tests.stacks.conftest import ALL_SETTINGS, OTHER_VPC, VPC
from tests.stacks.log_queries.made_records import EXTENDED, events

PropertiesOf = Callable[[str], dict[str, Any]]
GATEWAY = "tgw-0123456789abcdef0"
LOGS = {"vpc_ids": [VPC], "destination": "cloudwatch"}


def deployment(**settings: Any) -> Deployment:
    return Deployment.from_context({"flowsentry": {"sources": [LOGS], **settings}})


def queries(properties_of: PropertiesOf) -> dict[str, Mapping[str, Any]]:
    made = properties_of("AWS::Logs::QueryDefinition").values()
    return {each["Name"]: each for each in made}


def groups_of_all_settings() -> dict[str, FlowLogGroup]:
    return {each.label: each for each in log_groups_of(Deployment.from_context({"flowsentry": ALL_SETTINGS}))}


def test_every_log_group_whose_format_is_known_has_a_folder(properties_of: PropertiesOf) -> None:
    folders = {name.rpartition("/")[0] for name in queries(properties_of)}
    assert folders == {f"Flowsentry/flowsentry/{label}" for label in groups_of_all_settings()}
    assert any(label == "network-busy" for label in groups_of_all_settings())


def test_no_two_saved_queries_have_the_same_name(properties_of: PropertiesOf) -> None:
    assert len(queries(properties_of)) == len(properties_of("AWS::Logs::QueryDefinition"))


def test_every_saved_query_runs_on_records_of_its_log_group(properties_of: PropertiesOf) -> None:
    groups = groups_of_all_settings()
    for name, query in queries(properties_of).items():
        (log_format,) = groups[name.split("/")[2]].log_formats
        run(query["QueryString"], events(log_format))
        assert len(name) <= 255


def test_a_saved_query_selects_its_log_group(properties_of: PropertiesOf) -> None:
    made = queries(properties_of)
    assert made["Flowsentry/flowsentry/network-busy/Top talkers by bytes"]["LogGroupNames"] == ["/network/busy"]
    own = json.dumps(made[f"Flowsentry/flowsentry/{VPC}/Pairs across zones"]["LogGroupNames"])
    assert "loggroupnames" in own.lower()


def test_the_networks_of_the_setting_are_left_out(properties_of: PropertiesOf) -> None:
    name = "Flowsentry/flowsentry/network-busy/Rejects by source without given networks"
    text = queries(properties_of)[name]["QueryString"]
    assert 'not isIpv4InSubnet(srcAddr, "10.0.0.0/8") and not isIpv4InSubnet(srcAddr, "203.0.113.0/24")' in text


def test_networks_come_from_their_setting_else_those_inside_else_the_private_ones() -> None:
    assert excluded_networks(deployment(query_excluded_networks=["192.0.2.0/24"])) == ["192.0.2.0/24"]
    inside = deployment(inside_networks=["10.0.0.0/9", "10.128.0.0/9", "fd00::/8"])
    assert excluded_networks(inside) == ["10.0.0.0/8", "fd00::/8"]
    assert "172.16.0.0/12" in excluded_networks(deployment())


def test_more_inside_networks_than_a_query_can_name_leave_the_query_out_and_the_synth_says_so() -> None:
    many = deployment(inside_networks=[f"10.0.{number}.0/32" for number in range(101)])
    assert excluded_networks(many) == []
    assert any("inside_networks are more than the 100" in each for each in remarks(log_groups_of(many), []))
    just_enough = deployment(inside_networks=[f"10.0.{number}.0/32" for number in range(100)])
    assert len(excluded_networks(just_enough)) == 100


def test_the_synth_names_the_fields_that_a_format_lacks() -> None:
    groups = log_groups_of(deployment(sources=[{**LOGS, "name": "web", "log_format": "default"}]))
    (remark,) = remarks(groups, ["10.0.0.0/8"])
    assert remark == (
        "saved queries of web: 'Rejected ingress by both ends' needs flow-direction, pkt-srcaddr, pkt-dstaddr; "
        "'Pairs across zones' needs az-id"
    )


def test_a_source_of_both_kinds_has_two_folders_and_sources_that_share_a_log_group_one() -> None:
    both = {**LOGS, "name": "edge", "transit_gateway_ids": [GATEWAY]}
    shared = {**LOGS, "vpc_ids": [OTHER_VPC], "name": "shop"}
    labels = [each.label for each in log_groups_of(deployment(sources=[both, shared]))]
    assert labels == ["edge", "edge-transit-gateways"]


def test_log_groups_whose_labels_would_be_equal_have_a_digest() -> None:
    existing = [{"name": name, "log_formats": ["default"]} for name in ("/a/b", "/a-b")]
    labels = [each.label for each in log_groups_of(deployment(existing_log_groups=existing))]
    assert len(set(labels)) == 3
    assert all(label.startswith("a-b-") for label in labels[1:])


def test_the_longest_name_of_a_log_group_fits_into_the_name_of_a_query() -> None:
    named = {"name": "/" + "x" * 511, "log_formats": ["default"]}
    assert len(log_groups_of(deployment(existing_log_groups=[named]))[1].label) == 120


def test_an_existing_log_group_without_formats_has_none_and_one_with_two_has_a_folder_for_each() -> None:
    forms = ["default", "${srcaddr} ${dstaddr} ${bytes}"]
    existing = [{"name": "/unknown"}, {"name": "/mixed", "log_formats": forms}]
    (_, mixed) = log_groups_of(deployment(existing_log_groups=existing))
    assert [part for part, _, _ in mixed.formats] == ["format-1", "format-2"]


def test_the_synth_says_what_an_unknown_format_and_a_missing_field_leave_out() -> None:
    stack = Stack(App(), "Monitoring")
    filters = [{"name": "rdp", "port": 3389}, {"name": "rejects", "action": "REJECT"}]
    existing = [{"name": "/unknown"}, {"name": "/short", "log_formats": ["${srcaddr} ${dstaddr} ${action}"]}]
    settings = deployment(sources=[], existing_log_groups=existing, metric_filters=filters)
    names = {each: each.name for each in log_groups_of(settings)}
    MetricFilters(stack, "MetricFilters", deployment=settings, log_group_names=names)
    SavedQueries(stack, "SavedQueries", deployment=settings, log_group_names=names)
    said = [str(each.entry.data) for each in AssertAnnotations.from_stack(stack).find_info("*", Match.any_value())]
    Template.from_stack(stack).resource_properties_count_is(
        "AWS::Logs::MetricFilter", {"FilterName": "flowsentry-rejects"}, 1
    )
    assert [each.name for each in alarms_on_filters(settings)] == ["metric-filter-short-rejects"]
    assert "metric filter rdp of short needs dstport, protocol" in said
    assert "metric filters of /unknown: none, because its log_formats are not set" in said
    assert "saved queries of /unknown: none, because its log_formats are not set" in said
    assert any(each.startswith("saved queries of short: 'Top talkers by packets' needs packets; ") for each in said)


def test_a_log_group_whose_name_has_no_letters_has_a_label() -> None:
    (group,) = log_groups_of(deployment(sources=[], existing_log_groups=[{"name": "/", "log_formats": ["default"]}]))
    assert group.label == "log-group"


def test_formats_with_as_many_fields_are_reported() -> None:
    forms = ["${srcaddr} ${dstaddr}", "${dstaddr} ${srcaddr}"]
    (group,) = log_groups_of(deployment(sources=[], existing_log_groups=[{"name": "/mixed", "log_formats": forms}]))
    (remark,) = remarks([group], ["10.0.0.0/8"])
    assert remark == (
        "saved queries of mixed: 2 log_formats have as many fields as another one, so that nothing in a record tells "
        "which it has; they have no queries"
    )


def test_log_groups_beyond_the_first_twenty_have_none_and_the_synth_says_so() -> None:
    groups = [FlowLogGroup(f"id-{number}", f"label-{number}", (EXTENDED,)) for number in range(21)]
    assert [*remarks(groups[:20], ["10.0.0.0/8"])] == []
    assert [*remarks(groups, ["10.0.0.0/8"])] == ["1 log groups have no saved queries: the first 20 have"]


def test_saved_queries_are_made_by_default_and_metric_filters_are_not() -> None:
    stack, settings = Stack(App(), "Monitoring"), deployment()
    names = dict.fromkeys(log_groups_of(settings), "a-log-group")
    assert settings.saved_queries
    SavedQueries(stack, "SavedQueries", deployment=settings, log_group_names=names)
    MetricFilters(stack, "MetricFilters", deployment=settings, log_group_names=names)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Logs::QueryDefinition", 9)
    template.resource_count_is("AWS::Logs::MetricFilter", 0)
    assert list(alarms_on_filters(settings)) == []


def test_without_queries_and_filters_no_name_of_a_log_group_is_read() -> None:
    assert not deployment(saved_queries=False).searches_logs
    assert deployment(saved_queries=False, metric_filters=[{"name": "ssh", "port": 22}]).searches_logs


def test_each_log_group_with_the_fields_has_each_filter_once(properties_of: PropertiesOf) -> None:
    made = properties_of("AWS::Logs::MetricFilter").values()
    names = [(json.dumps(each["LogGroupName"]), each["FilterName"]) for each in made]
    assert len(names) == len(set(names)) == 2 * len(groups_of_all_settings())
    assert {name for _, name in names} == {"flowsentry-ssh", "flowsentry-rejects"}
    metrics = [each["MetricTransformations"][0] for each in made]
    assert {each["MetricNamespace"] for each in metrics} == {"Flowsentry/flowsentry/metric-filters"}
    assert len({each["MetricName"] for each in metrics}) == len(names)


def test_each_metric_of_a_filter_has_an_alarm_with_its_threshold(properties_of: PropertiesOf) -> None:
    counted = {
        each["MetricTransformations"][0]["MetricName"] for each in properties_of("AWS::Logs::MetricFilter").values()
    }
    watched = {
        each["MetricName"]: each
        for each in properties_of("AWS::CloudWatch::Alarm").values()
        if each.get("Namespace") == "Flowsentry/flowsentry/metric-filters"
    }
    assert watched.keys() == counted
    for name, alarm in watched.items():
        assert alarm["Threshold"] == (1000 if name.endswith("-rejects") else 0)
        assert (alarm["Period"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (300, 1, 6)
        assert alarm["TreatMissingData"] == "notBreaching"
