"""Attributes of interfaces that AWS services create: owner kind -> interface type, requester, attachment owner.

An API caller can set only the description. The embedded AWS takes the other attributes from special tags
(local/aws/resources/ec2.py); plain moto keeps them as ordinary tags.
"""

from typing import NamedTuple

from local.aws.settings import AS_AWS
from local.traffic.company.network import WITHOUT_SECURITY_GROUP, HostKind

NETWORK_LOAD_BALANCER_REQUESTER = "311518347841"
"""The requester of network load balancers is an AWS account, not `amazon-elb`."""
OTHER_REQUESTER = "amazon-aws"
"""Requester and attachment owner where AWS does not document them."""


class InterfaceRequester(NamedTuple):
    """The interface type, RequesterId and attachment's InstanceOwnerId (`attached_by`) that EC2 describes."""

    interface_type: str
    requester_id: str
    attached_by: str


def tags_of(kind: HostKind) -> dict[str, str]:
    """The special tags for an interface of this owner kind; none for an instance."""
    if kind not in REQUESTERS:
        return {}
    attributes = REQUESTERS[kind]._asdict()
    tags = {f"{AS_AWS}{name.replace('_', '-')}": value for name, value in attributes.items()}
    return tags | ({f"{AS_AWS}no-groups": ""} if kind in WITHOUT_SECURITY_GROUP else {})


def _plain(requester: str) -> InterfaceRequester:
    return InterfaceRequester("interface", requester, requester)


REQUESTERS = {
    HostKind.APPLICATION_LOAD_BALANCER: _plain("amazon-elb"),
    HostKind.CLASSIC_LOAD_BALANCER: _plain("amazon-elb"),
    HostKind.NETWORK_LOAD_BALANCER: InterfaceRequester(
        "network_load_balancer", NETWORK_LOAD_BALANCER_REQUESTER, OTHER_REQUESTER
    ),
    HostKind.NAT_GATEWAY: InterfaceRequester("nat_gateway", "amazon-nat", OTHER_REQUESTER),
    HostKind.DATABASE: _plain("amazon-rds"),
    HostKind.WAREHOUSE: _plain("amazon-redshift"),
    HostKind.CACHE: _plain("amazon-elasticache"),
    HostKind.SEARCH_DOMAIN: _plain("amazon-elasticsearch"),
    HostKind.FUNCTION: InterfaceRequester("lambda", "AROAEXAMPLEEXAMPLEEX:lambda", OTHER_REQUESTER),
    HostKind.TASK: _plain(OTHER_REQUESTER),
    HostKind.MOUNT_TARGET: InterfaceRequester("efs", OTHER_REQUESTER, OTHER_REQUESTER),
    HostKind.VPC_ENDPOINT: InterfaceRequester("vpc_endpoint", OTHER_REQUESTER, OTHER_REQUESTER),
    HostKind.TRANSIT_GATEWAY: InterfaceRequester("transit_gateway", OTHER_REQUESTER, OTHER_REQUESTER),
}
"""One entry for every owner kind except the instance, whose interface AWS services do not create."""
