"""What AWS says about interfaces that its own services make: kind of owner -> interface type, requester, attachment.

An API caller can choose the description alone. The embedded AWS takes the rest as tags that are none
(local/aws/resources/ec2.py); any other moto keeps them as tags.
"""

from typing import NamedTuple

from local.aws.resources.ec2 import AS_AWS
from local.traffic.company.network import WITHOUT_SECURITY_GROUP, HostKind

NETWORK_LOAD_BALANCER_REQUESTER = "311518347841"
"""Network load balancers are requested by an account of AWS, not by `amazon-elb`."""
SOMEBODY_AT_AWS = "amazon-aws"
"""Whoever asks and attaches where AWS does not document who."""


class Words(NamedTuple):
    """How EC2 describes an interface that a service made; `attached_by` is the attachment's InstanceOwnerId."""

    interface_type: str
    requester_id: str
    attached_by: str


def said_of(kind: HostKind) -> dict[str, str]:
    """What AWS says of an interface of this kind of owner, as the embedded AWS takes it; nothing of an instance's."""
    if kind not in WORDS:
        return {}
    words = WORDS[kind]._asdict()
    said = {f"{AS_AWS}{name.replace('_', '-')}": value for name, value in words.items()}
    return said | ({f"{AS_AWS}no-groups": ""} if kind in WITHOUT_SECURITY_GROUP else {})


def _plain(requester: str) -> Words:
    return Words("interface", requester, requester)


WORDS = {
    HostKind.APPLICATION_LOAD_BALANCER: _plain("amazon-elb"),
    HostKind.CLASSIC_LOAD_BALANCER: _plain("amazon-elb"),
    HostKind.NETWORK_LOAD_BALANCER: Words("network_load_balancer", NETWORK_LOAD_BALANCER_REQUESTER, SOMEBODY_AT_AWS),
    HostKind.NAT_GATEWAY: Words("nat_gateway", "amazon-nat", SOMEBODY_AT_AWS),
    HostKind.DATABASE: _plain("amazon-rds"),
    HostKind.WAREHOUSE: _plain("amazon-redshift"),
    HostKind.CACHE: _plain("amazon-elasticache"),
    HostKind.SEARCH_DOMAIN: _plain("amazon-elasticsearch"),
    HostKind.FUNCTION: Words("lambda", "AROAEXAMPLEEXAMPLEEX:lambda", SOMEBODY_AT_AWS),
    HostKind.TASK: _plain(SOMEBODY_AT_AWS),
    HostKind.MOUNT_TARGET: Words("efs", SOMEBODY_AT_AWS, SOMEBODY_AT_AWS),
    HostKind.VPC_ENDPOINT: Words("vpc_endpoint", SOMEBODY_AT_AWS, SOMEBODY_AT_AWS),
    HostKind.TRANSIT_GATEWAY: Words("transit_gateway", SOMEBODY_AT_AWS, SOMEBODY_AT_AWS),
}
"""Of every kind but the instance, whose interface is its owner's."""
