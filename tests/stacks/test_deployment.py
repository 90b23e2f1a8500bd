"""Settings of a deployment: what is accepted, and what an error says."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.aws.inventory.targets import targets_in
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS
from stacks.settings.deployment import Deployment
from stacks.settings.flow_logs import unknown_fields
from stacks.settings.reading import SettingsError
from stacks.settings.sources import FULL_LOG_FORMAT

ROOT = Path(__file__).parents[2]
VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-12345678"
SOURCE = {"vpc_ids": [VPC], "destination": "cloudwatch"}
FLOW_LOGS = ("sources", "existing_log_groups", "existing_buckets")


def read(settings: Mapping[str, Any], **command_line: str) -> Deployment:
    overrides = {f"flowsentry.{key.replace('__', '.')}": value for key, value in command_line.items()}
    return Deployment.from_context({"flowsentry": {"sources": [SOURCE], **settings}, **overrides})


def refusal(settings: Mapping[str, Any], **command_line: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read(settings, **command_line)
    return str(refused.value)


def test_only_flow_logs_must_be_set() -> None:
    deployment = read({})
    assert (deployment.name, deployment.python, deployment.architecture) == ("flowsentry", "3.14", "arm64")
    assert [*deployment.log_groups.values()] == [FULL_LOG_FORMAT]


def test_the_default_format_of_a_source_is_the_29_fields_of_versions_2_to_5() -> None:
    assert len(FULL_LOG_FORMAT.split()) == 29


def test_the_log_format_default_means_the_14_fields_of_version_2() -> None:
    deployment = read({"sources": [{**SOURCE, "log_format": "default"}]})
    assert [*deployment.log_groups.values()] == [DEFAULT_LOG_FORMAT]


def test_the_settings_in_cdk_json_are_valid() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    assert Deployment.from_context(context).vpc_ids == (VPC,)


def test_the_documented_role_of_another_account_has_the_permissions_of_the_function() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    *_, role = (json.loads(each) for each in re.findall(r"```\n(\{\n.*?\n\})\n```", page, re.DOTALL))
    everything, links = role["Statement"]
    assert (set(everything["Action"]), everything["Resource"]) == (set(DESCRIBE_ACTIONS), "*")
    assert links["Action"] == VPC_LINKS


def test_the_command_line_wins_over_cdk_json() -> None:
    assert read({"digest_minutes": 60}, digest_minutes="30").digest_minutes == 30


def test_a_list_on_the_command_line_is_json_and_replaces_the_list() -> None:
    sources = json.dumps([{"vpc_ids": [OTHER_VPC], "destination": "s3"}])
    assert read({}, sources=sources).vpc_ids == (OTHER_VPC,)


def test_an_object_on_the_command_line_is_merged() -> None:
    size = read({"stream_processor": {"timeout_seconds": 30}}, stream_processor='{"memory_mb": 2048}').stream_processor
    assert (size.timeout_seconds, size.memory_mb) == (30, 2048)


def test_one_setting_in_an_object_can_be_set_on_the_command_line() -> None:
    assert read({}, object_processor__max_concurrency="4").object_processor.max_concurrency == 4


@pytest.mark.parametrize("version", ["3.11", "3.14"])
def test_a_python_version_may_be_a_number(version: str) -> None:
    assert read({}, python=version).python == version
    assert read({"python": float(version)}).python == version


def test_python_3_10_is_refused_as_3_10_and_not_as_3_1() -> None:
    assert 'flowsentry.python is "3.10"; allowed: one of 3.11, 3.12, 3.13, 3.14' in refusal({}, python="3.10")


def test_a_missing_setting_is_named_with_what_is_allowed() -> None:
    message = refusal({"sources": [{"vpc_ids": [VPC]}]})
    assert "flowsentry.sources[0].destination is missing; allowed: one of cloudwatch, s3" in message


def test_settings_without_any_flow_logs_are_refused() -> None:
    with pytest.raises(SettingsError) as refused:
        Deployment.from_context({})
    words = (
        "sources, existing_log_groups and existing_buckets are []; allowed: lists of which at least one is not empty"
    )
    assert words in str(refused.value)
    assert words in refusal({"sources": []})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"digest_minutes": 0}, "flowsentry.digest_minutes is 0; allowed: a whole number from 1 to 1440"),
        ({"digest_minutes": True}, "flowsentry.digest_minutes is true; allowed: a whole number"),
        ({"architecture": "arm"}, 'flowsentry.architecture is "arm"; allowed: one of arm64, x86_64'),
        ({"log_retention_days": 31}, "flowsentry.log_retention_days is 31; allowed: one of 1, 3, 5, 7, 14, 30"),
        ({"inside_networks": ["10.0.0.1/8"]}, 'flowsentry.inside_networks[0] is "10.0.0.1/8"; allowed: a CIDR block'),
        ({"inside_networks": "10.0.0.0/8"}, 'flowsentry.inside_networks is "10.0.0.0/8"; allowed: a list'),
        ({"alert_emails": ["me"]}, 'flowsentry.alert_emails[0] is "me"; allowed: an e-mail address'),
        ({"name": "Flow Sentry"}, 'flowsentry.name is "Flow Sentry"; allowed: at most 30 lowercase letters'),
        (
            {"sources": {}},
            "flowsentry.sources is {}; allowed: a list, each item an object with vpc_ids",
        ),
        (
            {"sources": ["vpc"]},
            'flowsentry.sources[0] is "vpc"; allowed: an object with vpc_ids, subnet_ids',
        ),
        ({"object_processor": 3}, "flowsentry.object_processor is 3; allowed: an object with memory_mb"),
    ],
)
def test_an_invalid_value_is_named_with_its_key_and_what_is_allowed(settings: dict[str, Any], words: str) -> None:
    assert words in refusal(settings)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"vpc_ids": ["vpc-xyz"]}, 'sources[0].vpc_ids[0] is "vpc-xyz"; allowed: a VPC ID'),
        ({"vpc_ids": []}, "sources[0]: no resource is named; allowed: at least one in vpc_ids, subnet_ids"),
        ({"destination": "firehose"}, 'sources[0].destination is "firehose"; allowed: one of cloudwatch, s3'),
        ({"file_format": "csv"}, 'sources[0].file_format is "csv"; allowed: one of plain-text, parquet'),
        (
            {"file_format": "parquet"},
            'file_format is "parquet" and needs destination "s3"; destination is "cloudwatch"',
        ),
        ({"max_aggregation_seconds": 61}, "sources[0].max_aggregation_seconds is 61; allowed: one of 60, 600"),
        ({"hive_partitions": "yes"}, 'sources[0].hive_partitions is "yes"; allowed: true or false'),
        ({"hive_partitions": True}, 'hive_partitions and hourly_partitions need destination "s3"'),
        ({"kinesis": "on"}, 'sources[0].kinesis is "on"; allowed: true or false'),
        ({"destination": "s3", "kinesis": True}, 'kinesis is true and needs destination "cloudwatch"'),
        ({"log_format": "${a}  ${b}"}, "is not `${field}` tokens with single spaces between them"),
        ({"log_format": "${end} ${end}"}, "log format names end twice"),
        ({"log_format": 5}, "sources[0].log_format is 5; allowed: default, v3"),
    ],
)
def test_an_invalid_source_is_named_with_its_index(source: dict[str, Any], words: str) -> None:
    assert words in refusal({"sources": [{**SOURCE, **source}]})


def test_an_unknown_setting_is_refused_with_the_most_similar_known_one() -> None:
    assert "flowsentry.digets_minutes is 5, but there is no such setting; did you mean digest_minutes?" in refusal(
        {"digets_minutes": 5}
    )


def test_a_key_below_a_value_that_is_no_object_is_refused() -> None:
    assert "flowsentry.name.first is 1; allowed: keys of objects" in refusal({"name": "watch"}, name__first="1")


def test_all_problems_are_reported_in_one_error() -> None:
    message = refusal({"digest_minutes": 0, "python": "2.7", "sources": [{"vpc_ids": [VPC]}]})
    assert all(key in message for key in ("digest_minutes", "python", "sources[0].destination is missing"))


def test_a_vpc_in_two_sources_is_refused() -> None:
    twice = [{**SOURCE, "name": "first"}, {"vpc_ids": [OTHER_VPC, VPC], "destination": "s3"}]
    assert f"flowsentry.sources: {VPC} is named 2 times; allowed: once" in refusal({"sources": twice})


def test_two_sources_with_the_same_name_are_refused() -> None:
    same = [{**SOURCE, "name": "shop"}, {"vpc_ids": [OTHER_VPC], "destination": "s3", "name": "shop"}]
    assert "flowsentry.sources: name 'shop' is given 2 times; allowed: once" in refusal({"sources": same})


def test_formats_that_exceed_their_parameter_are_refused_with_a_remedy() -> None:
    many = [{**SOURCE, "vpc_ids": [f"vpc-{number:08x}"], "group": f"vpc-{number}"} for number in range(20)]
    assert "Give sources of the same format the same group" in refusal({"sources": many})


def test_an_unknown_field_is_accepted_and_named() -> None:
    sources = [{**SOURCE, "log_format": "${srcaddr} ${pkt-dstaddr} ${quantum-state}"}]
    assert list(unknown_fields(read({"sources": sources}))) == [(f"source {VPC}", "quantum-state")]


def test_a_log_group_goes_through_the_stream_unless_the_settings_refuse_it() -> None:
    assert read({"sources": [SOURCE]}).has_payload_stream
    for refusing in ({**SOURCE, "kinesis": False}, {"vpc_ids": [VPC], "destination": "s3"}):
        assert not read({"sources": [refusing]}).has_payload_stream
    groups = {"existing_log_groups": [{"name": "/a"}, {"name": "/b", "kinesis": False}]}
    assert read({"sources": [], **groups}).streamed_log_groups == {"existing::a"}
    other = {"vpc_ids": [OTHER_VPC], "destination": "cloudwatch", "kinesis": False}
    streamed = read({"sources": [{**SOURCE, "kinesis": True, "group": "busy"}, other]})
    assert streamed.streamed_log_groups == {each.id for each in streamed.sources[0].deliveries}


def test_a_source_that_moved_from_the_stream_to_s3_can_drain_the_stream() -> None:
    draining = read({"sources": [{"vpc_ids": [VPC], "destination": "s3", "draining_kinesis": True}]})
    assert (draining.has_payload_stream, draining.streamed_log_groups) == (True, frozenset())


def test_log_groups_keep_their_ids_when_the_order_of_sources_changes() -> None:
    sources = [SOURCE, {"vpc_ids": [OTHER_VPC], "destination": "cloudwatch"}]
    assert read({"sources": sources}).log_groups == read({"sources": sources[::-1]}).log_groups


ROLE = "arn:aws:iam::222222222222:role/flowsentry-inventory"


def test_the_targets_of_the_inventory_are_json_that_the_function_reads() -> None:
    target = {"role_arn": ROLE, "external_id": "x1", "regions": ["eu-west-1"]}
    deployment = read(
        {"inventory_regions": ["eu-west-1"], "inventory_targets": [target], "kubernetes_clusters": [{"name": "shop"}]}
    )
    read_targets = targets_in(deployment.targets_in, "eu-central-1")
    assert [each.name("1") for each in read_targets.targets] == [
        "1/eu-central-1",
        "1/eu-west-1",
        "222222222222/eu-west-1",
    ]
    assert read_targets.targets[2].external_id == "x1"
    assert [each.target("1") for each in read_targets.clusters] == ["1/eu-central-1/eks/shop"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"inventory_regions": ["Frankfurt"]}, 'inventory_regions[0] is "Frankfurt"; allowed: a Region'),
        (
            {"inventory_retention_days": 0},
            "inventory_retention_days is 0; allowed: a whole number from 1 to 90",
        ),
        (
            {"inventory_cooldown_seconds": 901},
            "inventory_cooldown_seconds is 901; allowed: a whole number from 1 to 900",
        ),
        (
            {"inventory_targets": [{"role_arn": "admin"}]},
            'inventory_targets[0].role_arn is "admin"; allowed: the ARN of',
        ),
        ({"inventory_targets": [{"role_arn": ROLE}] * 2}, "account 222222222222 is named 2 times; allowed: once"),
        (
            {"inventory_targets": [{"role_arn": f"{ROLE}{number}", "regions": ["eu-west-1"]} for number in range(2)]},
            "account 222222222222 and eu-west-1 is named 2 times; allowed: once",
        ),
        ({"inventory_targets": [{"role_arn": ROLE, "external_id": "?"}]}, 'inventory_targets[0].external_id is "?"'),
        ({"kubernetes_clusters": [{"name": "shop"}] * 2}, "shop is named 2 times; allowed: once"),
        ({"inventory_network": {"subnet_ids": ["subnet-12345678"]}}, "inventory_network.security_group_ids is missing"),
        (
            {"geo_databases": ["cities.csv"]},
            'geo_databases[0] is "cities.csv"; allowed: the path of an .mmdb file or the address of an .mmdb object',
        ),
        ({"geo_databases": ["no/such/cities.mmdb"]}, "no/such/cities.mmdb is no file beside cdk.json"),
        ({"geo_databases": ["s3://b*cket/cities.mmdb"]}, 'geo_databases[0] is "s3://b*cket/cities.mmdb"'),
        ({"geo_databases": ["s3://buck-et/*.mmdb"]}, 'geo_databases[0] is "s3://buck-et/*.mmdb"'),
        (
            {"geo_databases": ["s3://databases/a.mmdb"] * 3},
            "allowed: a list of 0 to 2 items, each item the path of an .mmdb file",
        ),
    ],
)
def test_an_invalid_setting_of_the_inventory_is_named_with_what_is_allowed(
    settings: dict[str, Any], words: str
) -> None:
    assert words in refusal(settings)


def test_targets_that_exceed_their_parameter_are_refused_with_a_remedy() -> None:
    targets = [{"role_arn": f"arn:aws:iam::{number:012}:role/flowsentry-inventory"} for number in range(100)]
    assert "Several Regions of one role need less than several roles" in refusal({"inventory_targets": targets})


def test_a_geographic_database_may_be_an_object_in_s3() -> None:
    databases = ["s3://shared-databases/GeoLite2-City.mmdb"]
    assert read({"geo_databases": databases}).geo_databases == tuple(databases)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_value_is_accepted_or_refused_with_its_key(value: object) -> None:
    inventory = ("inventory_targets", "inventory_network", "kubernetes_clusters", "geo_databases")
    for key in (*FLOW_LOGS, *inventory, "name", "python", "inside_networks", "digest_minutes", "stream_processor"):
        try:
            read({key: value})
        except SettingsError as error:
            # That there are no flow logs is a problem of the three lists together.
            assert f"flowsentry.{key}" in str(error) or (key, value) == ("sources", [])  # noqa: PT017 - both are right
