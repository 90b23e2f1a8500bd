"""Edits of the sources of a deployed app, and what CloudFormation must do for each of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from stacks.settings.deployment import Deployment
from tests.stacks.conftest import KEY_ARN

Resources = Mapping[str, Mapping[str, Any]]
A, B, C = "vpc-0000000a", "vpc-0000000b", "vpc-0000000c"
SUBNET, GATEWAY = "subnet-0000000d", "tgw-0000000e"
LOGS, S3 = {"destination": "cloudwatch", "kinesis": False}, {"destination": "s3"}
IN_LOGS, IN_S3 = {"vpc_ids": [A, B], **LOGS}, {"vpc_ids": [C], **S3}
BOTH = [IN_LOGS, IN_S3]


@dataclass(frozen=True)
class Edit:
    """Sources before and after an edit, and what it does: `+`, `-` or `~` (changed in place) and what it does it to.
    `others` are other settings that it changes.
    """

    before: Sequence[Mapping[str, Any]]
    after: Sequence[Mapping[str, Any]]
    effects: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)

    def resources(self) -> "tuple[Resources, Resources]":
        """The resources of the flow logs stack before and after."""
        before, after = {"sources": self.before}, {"sources": self.after, **self.others}
        return resources_of(json.dumps(before)), resources_of(json.dumps(after))


def of_both(**changes: Any) -> list[Mapping[str, Any]]:
    """The two sources, with changes of the first one."""
    return [{**IN_LOGS, **changes}, IN_S3]


def of_s3(**changes: Any) -> list[Mapping[str, Any]]:
    """The two sources, with changes of the second one."""
    return [IN_LOGS, {**IN_S3, **changes}]


MOVES_A_AND_B = (f"+ flow log of {A}", f"+ flow log of {B}", f"- flow log of {A}", f"- flow log of {B}")
TO_ANOTHER_LOG_GROUP = (*MOVES_A_AND_B, "+ log group", "+ log group name", "- log group", "- log group name")
MOVES_C = (f"+ flow log of {C}", f"- flow log of {C}")
EDITS = {
    "sources are reordered": Edit(BOTH, BOTH[::-1]),
    "a source is renamed": Edit(BOTH, of_both(name="shop")),
    "VPCs are reordered": Edit(BOTH, of_both(vpc_ids=[B, A])),
    "a source is split": Edit(BOTH, [{"vpc_ids": [A], **LOGS}, {"vpc_ids": [B], **LOGS}, IN_S3]),
    "sources are merged": Edit([{"vpc_ids": [B], **LOGS}, {"vpc_ids": [A], **LOGS}, IN_S3], BOTH),
    "a VPC moves to another source": Edit(
        [{"vpc_ids": [A], **LOGS, "name": "one"}, {"vpc_ids": [B, C], **LOGS, "name": "two"}],
        [{"vpc_ids": [B], **LOGS, "name": "one"}, {"vpc_ids": [C, A], **LOGS, "name": "two"}],
    ),
    "a format is written as fields instead of its name": Edit(
        of_both(log_format="default"), of_both(log_format=DEFAULT_LOG_FORMAT)
    ),
    "the first VPC is dropped": Edit(BOTH, of_both(vpc_ids=[B]), (f"- flow log of {A}",)),
    "a source of the same format is dropped": Edit(
        [{"vpc_ids": [A], **LOGS}, {"vpc_ids": [B], **LOGS}], [{"vpc_ids": [B], **LOGS}], (f"- flow log of {A}",)
    ),
    "the last source to log groups is dropped": Edit(
        BOTH, [IN_S3], (f"- flow log of {A}", f"- flow log of {B}", "- log group", "- log group name", "- role")
    ),
    "a VPC is added": Edit(of_both(vpc_ids=[B]), BOTH, (f"+ flow log of {A}",)),
    "a subnet takes the place of its VPC": Edit(
        BOTH, of_both(vpc_ids=[B], subnet_ids=[SUBNET]), (f"+ flow log of {SUBNET}", f"- flow log of {A}")
    ),
    "a transit gateway is added to a source": Edit(
        BOTH,
        of_both(transit_gateway_ids=[GATEWAY]),
        (f"+ flow log of {GATEWAY}", "+ log group", "+ log group name"),
    ),
    "another format": Edit(BOTH, of_both(log_format="default"), TO_ANOTHER_LOG_GROUP),
    "another format, and the old log group drains": Edit(
        BOTH,
        [*of_both(log_format="default"), {**IN_LOGS, "draining": True}],
        (*MOVES_A_AND_B, "+ log group", "+ log group name"),
    ),
    "another traffic type": Edit(BOTH, of_both(traffic_type="REJECT"), TO_ANOTHER_LOG_GROUP),
    "another interval": Edit(BOTH, of_both(max_aggregation_seconds=600), TO_ANOTHER_LOG_GROUP),
    "another group": Edit(BOTH, of_both(group="apart"), TO_ANOTHER_LOG_GROUP),
    "from log groups to S3": Edit(BOTH, of_both(**S3), (*MOVES_A_AND_B, "- log group", "- log group name", "- role")),
    "from S3 to log groups": Edit(of_both(**S3), BOTH, (*MOVES_A_AND_B, "+ log group", "+ log group name", "+ role")),
    "another format in S3": Edit(BOTH, of_s3(log_format="v3"), MOVES_C),
    "another traffic type in S3": Edit(BOTH, of_s3(traffic_type="ACCEPT"), MOVES_C),
    "another interval in S3": Edit(BOTH, of_s3(max_aggregation_seconds=600), MOVES_C),
    "Parquet": Edit(BOTH, of_s3(file_format="parquet"), MOVES_C),
    "Hive-compatible keys": Edit(BOTH, of_s3(hive_partitions=True), MOVES_C),
    "keys with the hour": Edit(BOTH, of_s3(hourly_partitions=True), MOVES_C),
    "retention of a log group": Edit(BOTH, of_both(retention_days=0), ("~ log group",)),
    "a key for a log group": Edit(BOTH, of_both(kms_key_arn=KEY_ARN), ("~ log group",)),
    "retention in S3": Edit(BOTH, of_s3(retention_days=7), ("~ log bucket",)),
    "storage classes in S3": Edit(
        of_s3(retention_days=90),
        of_s3(retention_days=90, storage_transitions=[{"storage_class": "GLACIER_IR", "after_days": 1}]),
        ("~ log bucket",),
    ),
    "a key for the log bucket": Edit(BOTH, of_s3(kms_key_arn=KEY_ARN), ("~ log bucket",)),
    "tags": Edit(BOTH, of_both(tags={"team": "x"}), (f"~ flow log of {A}", f"~ flow log of {B}", "~ log group")),
    "another path for roles": Edit(BOTH, BOTH, (*TO_ANOTHER_LOG_GROUP, "+ role", "- role"), {"role_path": "/network/"}),
    "another path for roles, and the old log group drains": Edit(
        BOTH,
        [*BOTH, {**IN_LOGS, "draining": True, "draining_role_path": "/"}],
        (*MOVES_A_AND_B, "+ log group", "+ log group name", "+ role"),
        {"role_path": "/network/"},
    ),
    "other days for all records": Edit(BOTH, BOTH, ("~ log group", "~ log bucket"), {"log_retention_days": 90}),
    "through the data stream": Edit(BOTH, of_both(kinesis=True), ("+ stream", "+ stream name")),
}


@cache
def resources_of(settings: str) -> Resources:
    """The resources of the flow logs stack alone, which is faster than the app."""
    from aws_cdk import App  # noqa: PLC0415 - needs JSII_NODE, which conftest sets
    from aws_cdk.assertions import Template  # noqa: PLC0415 - the same

    from stacks.sources.stack import FlowLogsStack  # noqa: PLC0415 - the same

    deployment = Deployment.from_context({"flowsentry": {"log_retention_days": 60, **json.loads(settings)}})
    template = Template.from_stack(FlowLogsStack(App(), "FlowLogs", deployment=deployment)).to_json()
    resources: Resources = template["Resources"]
    return resources
