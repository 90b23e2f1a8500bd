"""Sources: resources of every type, and what EC2, S3 and CloudWatch Logs would refuse of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowsentry.records.fields import FIELDS, TRANSIT_GATEWAY_NAMES
from stacks.settings.logged.between_sources import unknown_containment
from stacks.settings.logged.containment import logged_twice
from stacks.settings.logged.formats import GATEWAY_LOG_FORMAT, log_format_of
from stacks.settings.logged.resources import ResourceType, resource_type
from tests.stacks.conftest import KEY_ARN
from tests.stacks.test_deployment import OTHER_VPC, VPC, read, refusal

SUBNET, OTHER_SUBNET = "subnet-0123456789abcdef0", "subnet-12345678"
INTERFACE = "eni-0123456789abcdef0"
GATEWAY, ATTACHMENT = "tgw-0123456789abcdef0", "tgw-attach-0123456789abcdef0"
CLOUDWATCH, S3 = {"destination": "cloudwatch"}, {"destination": "s3"}
OF_EVERY_TYPE = {
    "vpc_ids": [VPC],
    "subnet_ids": [SUBNET],
    "network_interface_ids": [INTERFACE],
    "transit_gateway_ids": [GATEWAY],
    "transit_gateway_attachment_ids": [ATTACHMENT],
}


@pytest.mark.parametrize(
    ("resource_id", "expected"),
    [
        (VPC, "VPC"),
        (SUBNET, "Subnet"),
        (INTERFACE, "NetworkInterface"),
        (GATEWAY, "TransitGateway"),
        (ATTACHMENT, "TransitGatewayAttachment"),
    ],
)
def test_the_type_of_a_resource_is_known_from_its_id(resource_id: str, expected: str) -> None:
    assert resource_type(resource_id) == ResourceType(expected)


def test_a_source_may_mix_resources_of_all_types_and_gateways_have_their_own_format() -> None:
    flow_logs = read({"sources": [{**OF_EVERY_TYPE, **S3}]}).flow_logs
    assert {each.resource_id for each in flow_logs} == {VPC, SUBNET, INTERFACE, GATEWAY, ATTACHMENT}
    kinds = {each.type.is_of_gateway: each.delivery for each in flow_logs}
    assert (kinds[True].log_format, kinds[True].traffic_type, kinds[True].seconds) == (GATEWAY_LOG_FORMAT, "", 60)
    assert (kinds[False].traffic_type, len(kinds[False].log_format.split())) == ("ALL", 29)


@pytest.mark.parametrize("name", ["default", "v3", "v5", "v11"])
def test_every_named_format_means_the_default_of_transit_gateways_for_them(name: str) -> None:
    assert log_format_of(name, of_gateway=True) == " ".join(f"${{{each}}}" for each in TRANSIT_GATEWAY_NAMES)


@pytest.mark.parametrize(
    ("name", "number"), [("default", 14), ("v3", 21), ("v4", 25), ("v5", 29), ("v7", 39), ("v10", 42), ("v11", 48)]
)
def test_a_named_format_has_all_fields_up_to_its_version_without_tags(name: str, number: int) -> None:
    names = log_format_of(name, of_gateway=False).split()
    assert len(names) == number
    assert not [each for each in names if "-tag" in each or "tgw" in each]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"log_format": "${version} ${tgw-id}"}, "has ${tgw-id}; allowed: fields that flow logs of VPCs, subnets and"),
        ({"log_format": "${version} ${resource-type} ${end}"}, "log_format has ${resource-type}; allowed: fields"),
        ({"log_format": "${version} ${instance-tag}"}, "has ${instance-tag}; allowed: fields that need no tag keys"),
        (
            {"vpc_ids": [], "transit_gateway_ids": [GATEWAY], "log_format": "${tgw-id} ${action}"},
            "log_format has ${action}; allowed: fields that flow logs of transit gateways have",
        ),
        (
            {"vpc_ids": [], "transit_gateway_ids": [GATEWAY], "log_format": "${version} ${srcaddr}"},
            "has no field of version 6; allowed: at least one, such as ${tgw-id}",
        ),
        (
            {"transit_gateway_ids": [GATEWAY], "traffic_type": "REJECT"},
            'traffic_type is "REJECT" and max_aggregation_seconds is 60; allowed with transit gateways: "ALL" and 60',
        ),
        (
            {"transit_gateway_attachment_ids": [ATTACHMENT], "max_aggregation_seconds": 600},
            'is "ALL" and max_aggregation_seconds is 600; allowed with transit gateways: "ALL" and 60',
        ),
        ({"log_class": "INFREQUENT_ACCESS"}, "allowed: one of STANDARD (other classes have no subscription filters"),
        ({"retention_days": 31}, "retention_days is 31; allowed in a log group: one of 1, 3, 5"),
        ({"retention_days": 36_501}, "retention_days is 36501; allowed: a whole number from 0 to 36500"),
        ({"kms_key_arn": "alias/logs"}, 'kms_key_arn is "alias/logs"; allowed: the ARN of a KMS key'),
        (
            {"storage_transitions": [{"storage_class": "GLACIER", "after_days": 1}]},
            'storage_transitions need destination "s3"; destination is "cloudwatch"',
        ),
        ({"tags": {"aws:team": "x"}}, "a key does not begin with aws: and is not application or Name"),
        ({"tags": {"team": 5}}, "sources[0].tags.team is 5; allowed: text"),
        ({"tags": {f"k{number}": "x" for number in range(41)}}, "41 tags; at most 40"),
        ({"subnet_ids": ["vpc-12345678"]}, 'subnet_ids[0] is "vpc-12345678"; allowed: a subnet ID such as'),
        ({"transit_gateway_ids": [ATTACHMENT]}, f'is "{ATTACHMENT}"; allowed: a transit gateway ID such as'),
    ],
)
def test_what_aws_would_refuse_of_a_source_is_refused(source: dict[str, Any], words: str) -> None:
    assert words in refusal({"sources": [{"vpc_ids": [VPC], **CLOUDWATCH, **source}]})


@pytest.mark.parametrize(
    ("transitions", "days", "words"),
    [
        ([("STANDARD_IA", 29)], None, "STANDARD_IA after_days 29; allowed: at least 30"),
        ([("ONEZONE_IA", 30)], 30, "ONEZONE_IA after_days 30; allowed: fewer than the 30 days after which"),
        ([("STANDARD_IA", 30), ("GLACIER", 59)], None, "GLACIER after_days 59; allowed: at least 60, as STANDARD_IA"),
        ([("GLACIER", 1), ("STANDARD_IA", 90)], None, "STANDARD_IA after GLACIER; allowed: classes in this order"),
        ([("GLACIER_IR", 0), ("DEEP_ARCHIVE", 0)], None, "DEEP_ARCHIVE after_days 0; allowed: at least 1"),
        ([("GLACIER", -1)], None, "after_days is -1; allowed: a whole number from 0 to 3650"),
        ([("COLD", 1)], None, 'storage_class is "COLD"; allowed: one of STANDARD_IA'),
    ],
)
def test_what_s3_would_refuse_of_storage_transitions_is_refused(
    transitions: list[tuple[str, int]], days: int | None, words: str
) -> None:
    moves = [{"storage_class": name, "after_days": after} for name, after in transitions]
    assert words in refusal(
        {"sources": [{"vpc_ids": [VPC], **S3, "storage_transitions": moves, "retention_days": days}]}
    )


@pytest.mark.parametrize(
    ("transitions", "days"),
    [
        ([("STANDARD_IA", 30)], 31),
        ([("STANDARD_IA", 30), ("GLACIER", 60)], 0),
        ([("GLACIER_IR", 0), ("DEEP_ARCHIVE", 1)], 36_500),
    ],
)
def test_storage_transitions_at_their_limits_are_accepted(transitions: list[tuple[str, int]], days: int) -> None:
    moves = [{"storage_class": name, "after_days": after} for name, after in transitions]
    read({"sources": [{"vpc_ids": [VPC], **S3, "storage_transitions": moves, "retention_days": days}]})


def test_a_transition_after_the_retention_of_the_deployment_is_refused() -> None:
    move = {"storage_class": "STANDARD_IA", "after_days": 30}
    source = {"vpc_ids": [VPC], **S3, "storage_transitions": [move]}
    assert "allowed: fewer than the 30 days" in refusal({"sources": [source], "log_retention_days": 30})
    read({"sources": [source], "log_retention_days": 60})


@pytest.mark.parametrize(
    ("inner", "inside"),
    [
        ({"subnet_ids": [SUBNET]}, VPC),
        ({"network_interface_ids": [INTERFACE]}, VPC),
        ({"network_interface_ids": [INTERFACE]}, OTHER_SUBNET),
        ({"transit_gateway_attachment_ids": [ATTACHMENT]}, GATEWAY),
    ],
)
def test_a_resource_inside_another_one_that_is_logged_is_refused(inner: dict[str, Any], inside: str) -> None:
    outer = {"vpc_ids": [VPC], "subnet_ids": [OTHER_SUBNET], "transit_gateway_ids": [GATEWAY], **CLOUDWATCH}
    ((resource,),) = inner.values()
    words = f"{resource} is inside {inside}, which has a flow log too; allowed: one of them"
    assert words in refusal({"sources": [outer, {**inner, **S3, "inside": [inside]}]})
    read({"sources": [outer, {**inner, **S3, "inside": ["vpc-fffffff0"]}]})


def test_what_a_resource_is_inside_of_is_unknown_unless_it_is_stated() -> None:
    vpc, subnet = {"vpc_ids": [VPC], **CLOUDWATCH}, {"subnet_ids": [SUBNET], **S3, "name": "part"}
    assert list(unknown_containment(read({"sources": [vpc, subnet]}).sources)) == [("part", [SUBNET], [VPC])]
    stated = {**subnet, "inside": ["vpc-fffffff0"]}
    assert list(unknown_containment(read({"sources": [vpc, stated]}).sources)) == []
    assert list(unknown_containment(read({"sources": [subnet]}).sources)) == []


def test_what_is_stated_of_one_type_says_nothing_of_another() -> None:
    """An interface whose subnet is stated may be inside a VPC that is logged, and an attachment inside a gateway."""
    vpc = {"vpc_ids": [VPC], "transit_gateway_ids": [GATEWAY], **CLOUDWATCH}
    part = {"network_interface_ids": [INTERFACE], "transit_gateway_attachment_ids": [ATTACHMENT], **S3, "name": "part"}

    def unknown(*inside: str) -> list[tuple[str, list[str], list[str]]]:
        return list(unknown_containment(read({"sources": [vpc, {**part, "inside": list(inside)}]}).sources))

    assert unknown(OTHER_SUBNET) == [("part", [INTERFACE, ATTACHMENT], [VPC, GATEWAY])]
    assert unknown(OTHER_SUBNET, "vpc-fffffff0") == [("part", [ATTACHMENT], [GATEWAY])]
    assert unknown("vpc-fffffff0", "tgw-fffffff0") == []


def test_a_source_with_a_vpc_and_a_subnet_is_unknown_for_the_subnet_only() -> None:
    source = {"vpc_ids": [VPC], "subnet_ids": [SUBNET], **S3}
    assert list(unknown_containment(read({"sources": [source]}).sources)) == [(VPC, [SUBNET], [VPC])]


def test_a_vpc_and_its_transit_gateway_are_not_inside_each_other() -> None:
    """Their records have metrics of their own, by VPC and by gateway, and a finding of both is one."""
    sources = [{"vpc_ids": [VPC], **CLOUDWATCH}, {"transit_gateway_ids": [GATEWAY], **S3}]
    assert list(unknown_containment(read({"sources": sources}).sources)) == []


def test_a_logged_resource_inside_another_logged_one_is_found_with_it() -> None:
    containers = {SUBNET: [VPC], INTERFACE: [OTHER_SUBNET, OTHER_VPC], ATTACHMENT: [GATEWAY]}
    logged = [VPC, SUBNET, OTHER_SUBNET, INTERFACE, ATTACHMENT]
    assert logged_twice(logged, containers) == [(INTERFACE, OTHER_SUBNET), (SUBNET, VPC)]
    assert logged_twice([*logged, GATEWAY], containers)[-1] == (ATTACHMENT, GATEWAY)


@pytest.mark.parametrize(
    ("different", "words"),
    [
        ({"retention_days": 7}, "[0] and [1] share a log group and have different retention_days; allowed: the same"),
        ({"kms_key_arn": KEY_ARN}, "have different kms_key_arn; allowed: the same, or another group"),
        ({"kinesis": False}, "have different kinesis; allowed: the same, or another group"),
    ],
)
def test_sources_that_share_a_log_group_must_agree_on_it(different: dict[str, Any], words: str) -> None:
    first, second = {"vpc_ids": [VPC], **CLOUDWATCH}, {"vpc_ids": [OTHER_VPC], **CLOUDWATCH, **different}
    assert words in refusal({"sources": [first, second]})
    for apart in ({"group": "apart"}, {"log_format": "default"}, {"traffic_type": "REJECT"}):
        assert len(read({"sources": [first, {**second, **apart}]}).log_groups) == 2


def test_sources_to_s3_share_one_key() -> None:
    first, second = {"vpc_ids": [VPC], **S3}, {"vpc_ids": [OTHER_VPC], **S3, "kms_key_arn": KEY_ARN, "group": "apart"}
    words = f'sources with destination "s3" have the keys {KEY_ARN}, none; allowed: one, as they share a bucket'
    assert words in refusal({"sources": [first, second]})
    assert read({"sources": [{**first, "kms_key_arn": KEY_ARN}, second]}).log_bucket_key_arn == KEY_ARN


def test_no_canary_goes_into_a_log_group_that_drains() -> None:
    """It is no longer subscribed once the source is removed."""
    old = {"vpc_ids": [VPC], **CLOUDWATCH, "draining": True}
    for group in ("a", "z"):
        deployment = read({"sources": [{**old, "group": group}, {**old, "group": "m", "draining": False}]})
        assert deployment.canary_log_group_id.startswith("m-")
    assert read({"sources": [old, {"vpc_ids": [VPC], **S3}]}).canary_log_group_id == ""


@pytest.mark.parametrize("change", [{"draining": False}, {"destination": "s3"}])
def test_a_former_role_path_needs_a_draining_source_to_log_groups(change: dict[str, Any]) -> None:
    source = {"vpc_ids": [VPC], **CLOUDWATCH, "draining": True, "draining_role_path": "/"}
    read({"sources": [source]})
    words = 'draining_role_path is set; allowed: only with draining true and destination "cloudwatch"'
    assert words in refusal({"sources": [{**source, **change}]})


def test_a_draining_source_may_name_what_another_one_logs_now() -> None:
    old = {"vpc_ids": [VPC], **CLOUDWATCH, "name": "shop"}
    deployment = read({"sources": [{**old, "draining": True}, {**old, "log_format": "default"}]})
    assert (len(deployment.flow_logs), len(deployment.log_groups)) == (1, 2)


def test_each_format_has_its_own_log_group() -> None:
    source = {"vpc_ids": [VPC], **CLOUDWATCH}
    sources = [source, {**source, "log_format": "default", "draining": True}]
    assert {*read({"sources": sources}).log_groups.values()} == {
        log_format_of(name, of_gateway=False) for name in ("v5", "default")
    }


def test_a_source_without_resources_is_refused() -> None:
    assert "sources[0]: no resource is named; allowed: at least one in vpc_ids" in refusal({"sources": [CLOUDWATCH]})


def test_the_named_formats_follow_the_versions_of_the_table_of_fields() -> None:
    versions = {f"v{field.version}" for field in FIELDS} - {"v2", "v6"}
    described = json.loads((Path(__file__).parents[2] / "docs" / "settings.schema.json").read_text())
    title = described["$defs"]["Source"]["properties"]["log_format"]["title"]
    assert versions == {each for each in title.replace(",", "").split() if each.startswith("v")}
