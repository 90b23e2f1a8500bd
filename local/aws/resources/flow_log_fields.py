"""The fields that a flow log may have, by the type of its resource.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html. Written out here, because the tests of the app's own
tables rely on the embedded AWS.
"""

from collections.abc import Sequence

INTERFACES, TRANSIT_GATEWAYS = "interfaces", "transit gateways"

_INTERFACE = """
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr
region az-id sublocation-type sublocation-id
pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path
ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id
ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id
reject-reason resource-id encryption-status
instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2 interface-type
next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type
"""
_TRANSIT_GATEWAY = """
version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id
tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id
tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type
packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region
flow-direction pkt-src-aws-service pkt-dst-aws-service
"""


def _format(names: Sequence[str]) -> str:
    return " ".join(f"${{{name}}}" for name in names)


DEFAULT_FORMATS = {
    INTERFACES: _format(_INTERFACE.split()[:14]),
    TRANSIT_GATEWAYS: _format(_TRANSIT_GATEWAY.split()),
}
"""The formats of flow logs that are created without one: version 2, and all fields of transit gateways."""

FIELDS = {
    **dict.fromkeys(("VPC", "Subnet", "NetworkInterface", "RegionalNatGateway"), frozenset(_INTERFACE.split())),
    **dict.fromkeys(("TransitGateway", "TransitGatewayAttachment"), frozenset(_TRANSIT_GATEWAY.split())),
}
"""The fields by ResourceType. Types of Cloud WAN are missing: the embedded AWS has no core networks."""


def kind_of(resource_type: str) -> str:
    """`TRANSIT_GATEWAYS` for these and their attachments, else `INTERFACES`."""
    return TRANSIT_GATEWAYS if resource_type.startswith("TransitGateway") else INTERFACES


def unknown_words(log_format: str, resource_type: str) -> Sequence[str]:
    """The words of a log format that are no field of the resource type, or not written as `${name}`."""
    known = {f"${{{name}}}" for name in FIELDS[resource_type]}
    return [word for word in log_format.split() if word not in known]
