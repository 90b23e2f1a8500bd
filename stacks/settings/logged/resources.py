"""Resources that flow logs record: the types that EC2 knows, and the ids of each."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field


class ResourceType(StrEnum):
    """The types of resources that this app creates flow logs for, as CloudFormation names them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-flowlog.html
    """

    VPC = "VPC"
    SUBNET = "Subnet"
    NETWORK_INTERFACE = "NetworkInterface"
    TRANSIT_GATEWAY = "TransitGateway"
    TRANSIT_GATEWAY_ATTACHMENT = "TransitGatewayAttachment"

    @property
    def is_of_gateway(self) -> bool:
        """Whether its flow logs have the fields of transit gateways."""
        return self in (ResourceType.TRANSIT_GATEWAY, ResourceType.TRANSIT_GATEWAY_ATTACHMENT)


_TYPES = {
    "vpc-": ResourceType.VPC,
    "subnet-": ResourceType.SUBNET,
    "eni-": ResourceType.NETWORK_INTERFACE,
    "tgw-attach-": ResourceType.TRANSIT_GATEWAY_ATTACHMENT,
    "tgw-": ResourceType.TRANSIT_GATEWAY,
}
"""The beginning of the ids of each type. That of attachments comes before that of gateways, which it begins with."""
_HEX = "[0-9a-f]{8,17}$"

NetworkInterfaceId = Annotated[
    str, Field(pattern=rf"^eni-{_HEX}", title="a network interface ID", examples=["eni-0123456789abcdef0"])
]
TransitGatewayId = Annotated[
    str, Field(pattern=rf"^tgw-{_HEX}", title="a transit gateway ID", examples=["tgw-0123456789abcdef0"])
]
TransitGatewayAttachmentId = Annotated[
    str,
    Field(
        pattern=rf"^tgw-attach-{_HEX}",
        title="a transit gateway attachment ID",
        examples=["tgw-attach-0123456789abcdef0"],
    ),
]
ContainerId = Annotated[
    str,
    Field(
        pattern=rf"^(vpc|subnet|tgw)-{_HEX}",
        title="the ID of a VPC, subnet or transit gateway",
        examples=["vpc-0123456789abcdef0"],
    ),
]


def resource_type(resource_id: str) -> ResourceType:
    """The type of the resource with this id. Raises KeyError for the id of another type."""
    for beginning, kind in _TYPES.items():
        if resource_id.startswith(beginning):
            return kind
    raise KeyError(resource_id)
