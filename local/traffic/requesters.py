"""What AWS says about interfaces that its own services make: description -> interface type and requester.

An API caller can choose the description alone. moto makes no such interfaces by itself and calls each of them
`interface`, so the words are set on its backend: from outside by `describe_in_moto` where moto runs in this process,
or by `describe_all_in_moto`, called in the process where it runs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

DescribeAs = Callable[[str, str, str], None]
"""Sets the type and the requester of an interface: (interface id, interface type, requester id)."""

NETWORK_LOAD_BALANCER_REQUESTER = "311518347841"
"""Network load balancers are requested by an account of AWS, not by `amazon-elb`."""


class Words(NamedTuple):
    """How EC2 describes an interface that a service made."""

    interface_type: str
    requester_id: str


_BY_START = {
    "ELB app/": Words("interface", "amazon-elb"),
    "ELB net/": Words("network_load_balancer", NETWORK_LOAD_BALANCER_REQUESTER),
    "Interface for NAT Gateway ": Words("nat_gateway", "amazon-nat"),
    "RDSNetworkInterface": Words("interface", "amazon-rds"),
    "AWS Lambda VPC ENI-": Words("lambda", "AROAEXAMPLEEXAMPLEEX:lambda"),
}


def words_for(description: str) -> Words | None:
    """The type and requester that belong to a description; None for an interface that no service made."""
    return next((words for start, words in _BY_START.items() if description.startswith(start)), None)


def describe_nothing(interface_id: str, interface_type: str, requester_id: str) -> None:
    """Leaves the interface as the API made it: its description must do."""


def describe_in_moto(account_id: str, region: str) -> DescribeAs:
    """A DescribeAs for a moto that runs in this process, as mock_aws or as a server in a thread."""
    interfaces = _interfaces(account_id, region)

    def describe(interface_id: str, interface_type: str, requester_id: str) -> None:
        _set(interfaces[interface_id], Words(interface_type, requester_id))

    return describe


def describe_all_in_moto(account_id: str, region: str) -> int:
    """Gives all interfaces of a region the words that belong to their descriptions; returns how many. Call it in the
    process where moto runs, when that is another one.
    """
    described = [(each, words_for(each.description)) for each in list(_interfaces(account_id, region).values())]
    for interface, words in described:
        if words:
            _set(interface, words)
    return sum(words is not None for _, words in described)


def _interfaces(account_id: str, region: str) -> dict[str, Any]:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - whoever only reads the words needs no moto

    interfaces: dict[str, Any] = ec2_backends[account_id][region].enis
    return interfaces


def _set(interface: Any, words: Words) -> None:
    interface.interface_type, interface.requester_id = words
    interface.requester_managed = True
