"""The flow logs of a member account, which deliver to the log bucket of the central account."""

from aws_cdk import CfnCondition, CfnTag, Fn, Stack, Token
from aws_cdk import aws_ec2 as ec2

from stacks.members.parameters import MAX_VPCS, Parameters


def add_flow_logs(stack: Stack, parameters: Parameters) -> None:
    """Adds a flow log for each VPC of the parameter `VpcIds`.

    A flow log belongs to a place in that list, because a template can't repeat a resource without a transform, and
    StackSets with service-managed permissions takes none.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
    """
    interval = _interval(stack, parameters)
    for place in range(MAX_VPCS):
        vpc_id = _at(parameters.vpc_ids, place)
        is_given = CfnCondition(
            stack, f"HasVpc{place + 1}", expression=Fn.condition_not(Fn.condition_equals(vpc_id, ""))
        )
        flow_log = ec2.CfnFlowLog(
            stack,
            f"FlowLog{place + 1}",
            resource_id=vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            max_aggregation_interval=interval,
            log_format=parameters.log_format,
            log_destination_type="s3",
            log_destination=Fn.sub("arn:${AWS::Partition}:s3:::${LogBucket}"),
            destination_options={
                "FileFormat": parameters.file_format,
                "HiveCompatiblePartitions": False,
                "PerHourPartition": False,
            },
            tags=[CfnTag(key="Name", value=Fn.sub("${DeploymentName}-member"))],
        )
        flow_log.cfn_options.condition = is_given


def _at(vpc_ids: str, place: int) -> str:
    """The VPC at this place of the list; empty beyond its end, because as many commas are appended as it can have."""
    padded = Fn.join("", [vpc_ids, "," * MAX_VPCS])
    return Fn.select(place, Fn.split(",", padded))


def _interval(stack: Stack, parameters: Parameters) -> float:
    """The aggregation interval as a number, which a reference to a parameter would make text."""
    is_long = CfnCondition(stack, "IsLongInterval", expression=Fn.condition_equals(parameters.seconds, "600"))
    return Token.as_number(Fn.condition_if(is_long.logical_id, 600, 60))
