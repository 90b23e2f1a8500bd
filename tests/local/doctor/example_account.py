"""An account in memory that has what an example names."""

import json
import re
from typing import Any

import boto3

from tests.moto_world import REGION

ALL_ALLOWED: Any = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
IDS = {kind: re.compile(rf"\b{kind}-[0-9a-f]{{17}}\b") for kind in ("vpc", "subnet", "eni", "tgw", "tgw-attach")}


def furnish(text: str) -> str:
    """The settings with the IDs that EC2 gave to the resources, after everything that they name was made."""
    settings = json.loads(text)["context"]["flowsentry"]
    boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    for each in settings.get("existing_log_groups", ()):
        boto3.client("logs").create_log_group(logGroupName=each["name"])
    for each in settings.get("existing_buckets", ()):
        boto3.client("s3").create_bucket(Bucket=each["name"], CreateBucketConfiguration={"LocationConstraint": REGION})
    if boundary := settings.get("permissions_boundary"):
        name = boundary.rpartition("/")[2]
        boto3.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(ALL_ALLOWED))
    if settings.get("security_hub"):
        boto3.client("securityhub").enable_security_hub()
    return _with_networks(text, settings)


def _with_networks(text: str, settings: Any) -> str:
    inside = {id_ for source in settings["sources"] for id_ in source.get("inside", ())}
    made: dict[str, str] = {}
    for kind, pattern in IDS.items():
        for id_ in sorted(set(pattern.findall(text)), key=lambda each: (each not in inside, each)):
            made[id_] = MAKERS[kind](made)
    for id_, new in made.items():
        text = text.replace(id_, new)
    return text


def _vpc(_made: dict[str, str]) -> str:
    return boto3.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def _subnet(made: dict[str, str]) -> str:
    number = len(made)
    answer = boto3.client("ec2").create_subnet(VpcId=_first(made, "vpc-"), CidrBlock=f"10.0.{number}.0/24")
    return answer["Subnet"]["SubnetId"]


def _interface(made: dict[str, str]) -> str:
    answer = boto3.client("ec2").create_network_interface(SubnetId=_first(made, "subnet-"))
    return answer["NetworkInterface"]["NetworkInterfaceId"]


def _gateway(_made: dict[str, str]) -> str:
    return boto3.client("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"]


def _attachment(made: dict[str, str]) -> str:
    answer = boto3.client("ec2").create_transit_gateway_vpc_attachment(
        TransitGatewayId=_first(made, "tgw-"), VpcId=_first(made, "vpc-"), SubnetIds=[_first(made, "subnet-")]
    )
    return answer["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]


def _first(made: dict[str, str], beginning: str) -> str:
    """The first one made: it contains others, and is not logged."""
    return next(new for new in made.values() if new.startswith(beginning))


MAKERS = {"vpc": _vpc, "subnet": _subnet, "eni": _interface, "tgw": _gateway, "tgw-attach": _attachment}
