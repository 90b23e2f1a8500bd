"""The flow logs of one source, and the role that delivers flow logs to log groups."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnTag, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.settings.sources import Source


class DeliveryRole(iam.Role):
    """The role with which flow logs of this account and Region, and no others, are delivered to the log groups.

    Its policy is inline, so that it exists before a flow log that uses the role: EC2 checks it on creation.
    """

    def __init__(self, scope: Construct, id_: str, *, log_groups: Sequence[logs.LogGroup]) -> None:
        stack = Stack.of(scope)
        flow_logs = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        write = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn for log_group in log_groups],
        )
        super().__init__(
            scope,
            id_,
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": flow_logs},
                },
            ),
            inline_policies={"WriteFlowLogs": iam.PolicyDocument(statements=[write])},
        )


class FlowLogs(Construct):
    """A flow log for each VPC of a source.

    A flow log can't be modified: CloudFormation creates the new one before it deletes the old one. This is the L1
    construct, because the L2 construct writes DestinationOptions in the wrong case
    (https://github.com/aws/aws-cdk/issues/25432).
    """

    def __init__(self, scope: Construct, id_: str, *, source: Source, destination: dict[str, Any]) -> None:
        super().__init__(scope, id_)
        self.flow_logs = [
            ec2.CfnFlowLog(
                self,
                vpc_id,
                resource_id=vpc_id,
                resource_type="VPC",
                traffic_type=source.traffic_type,
                max_aggregation_interval=source.max_aggregation_seconds,
                log_format=source.log_format,
                tags=[CfnTag(key="Name", value=f"{Stack.of(self).stack_name}-{source.id}")],
                **destination,
            )
            for vpc_id in source.vpc_ids
        ]


def to_log_group(log_group: logs.LogGroup, role: iam.Role) -> dict[str, Any]:
    """The properties of a CfnFlowLog that delivers to a log group."""
    return {
        "log_destination_type": "cloud-watch-logs",
        "log_group_name": log_group.log_group_name,
        "deliver_logs_permission_arn": role.role_arn,
    }


def to_bucket(bucket: s3.Bucket, source: Source) -> dict[str, Any]:
    """The properties of a CfnFlowLog that delivers to a bucket."""
    return {
        "log_destination_type": "s3",
        "log_destination": bucket.bucket_arn,
        "destination_options": {
            "FileFormat": source.file_format,
            "HiveCompatiblePartitions": source.hive_partitions,
            "PerHourPartition": source.hourly_partitions,
        },
    }
