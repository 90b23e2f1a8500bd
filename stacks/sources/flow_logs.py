"""The flow log of a resource, and the role that delivers flow logs to log groups."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, CfnTag, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.nag_suppressions import acknowledge_wildcard
from stacks.settings.logged.delivery import Delivery, LoggedResource

LOG_GROUP = "LogGroup"
"""What the logical ids of log groups of flow logs begin with. CloudFormation begins their names with the name of the
stack and the logical id.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html"""
RETAINED = "Delivers flow logs, also those that are kept when the stack is deleted"


class DeliveryRole(iam.Role):
    """The role with which flow logs of this account and Region, and no others, are delivered to log groups of the
    stack.

    Its policy is inline, so that it exists before a flow log that uses the role: EC2 checks it on creation. It names
    the log groups by the beginning of their names, so that a flow log that is replaced can write its last records to a
    log group that has left the template. Nothing may replace the role: its ARN is part of each flow log, which would be
    replaced by one with the same destination, and EC2 refuses that. So it has no name, and with another `path` it
    is another role, with other flow logs and log groups (`Delivery.role_path`).

    `retained`, it outlives the stack, for flow logs that do. The description then differs too, because CloudFormation
    does not update a deletion policy alone
    (http://www.kevinslin.com/blog/2014/01/12/Update-S3-DeletionPolicy.html).
    """

    def __init__(self, scope: Construct, *, path: str = "/", retained: bool = False) -> None:
        stack = Stack.of(scope)
        flow_logs = stack.format_arn(service="ec2", resource="vpc-flow-log", resource_name="*")
        log_groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{stack.stack_name}-{LOG_GROUP}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        write = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], resources=[log_groups]
        )
        super().__init__(
            scope,
            f"DeliveryRole{path}".rstrip("/").replace("/", "-"),
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": flow_logs},
                },
            ),
            description=RETAINED if retained else None,
            path=None if path == "/" else path,
            inline_policies={"WriteFlowLogs": iam.PolicyDocument(statements=[write])},
        )
        if retained:
            self.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        reason = "A flow log that is being replaced writes its last records to a log group that has left the template."
        acknowledge_wildcard(self, log_groups, reason)


class FlowLog(ec2.CfnFlowLog):
    """The flow log of one resource. Its construct id is what it is, so a change of that is another flow log.

    CloudFormation creates it before it deletes the old one, in the cleanup at the end of the update. This is the L1
    construct, because the L2 construct writes DestinationOptions in the wrong case
    (https://github.com/aws/aws-cdk/issues/25432). Transit gateways take no traffic type
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html).
    """

    def __init__(
        self, scope: Construct, logged: LoggedResource, *, tags: Mapping[str, str], destination: Mapping[str, Any]
    ) -> None:
        delivery = logged.delivery
        name = {"Name": f"{Stack.of(scope).stack_name}-{logged.resource_id}"}
        super().__init__(
            scope,
            f"FlowLog-{logged.id}",
            resource_id=logged.resource_id,
            resource_type=logged.type,
            traffic_type=delivery.traffic_type or None,
            max_aggregation_interval=delivery.seconds,
            log_format=delivery.log_format,
            tags=[CfnTag(key=key, value=value) for key, value in sorted((name | dict(tags)).items())],
            **destination,
        )


def to_log_group(log_group: logs.LogGroup, role: iam.Role) -> dict[str, Any]:
    """The properties of a CfnFlowLog that delivers to a log group."""
    return {
        "log_destination_type": "cloud-watch-logs",
        "log_group_name": log_group.log_group_name,
        "deliver_logs_permission_arn": role.role_arn,
    }


def to_bucket(bucket: s3.Bucket, delivery: Delivery) -> dict[str, Any]:
    """The properties of a CfnFlowLog that delivers to the prefix of its delivery in a bucket."""
    return {
        "log_destination_type": "s3",
        "log_destination": f"{bucket.bucket_arn}/{delivery.prefix}",
        "destination_options": {
            "FileFormat": delivery.file_format,
            "HiveCompatiblePartitions": delivery.hive_partitions,
            "PerHourPartition": delivery.hourly_partitions,
        },
    }
