"""Transit gateways, and Cloud WAN, whose records are alike: which formats are theirs.

https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from collections.abc import Iterable

from flowsentry.records.fields import FIELDS, TRANSIT_GATEWAY_VERSION

_THEIRS = frozenset(field.column for field in FIELDS if field.version == TRANSIT_GATEWAY_VERSION)
LOST_PACKETS = tuple(field.column for field in FIELDS if field.name.startswith("packets-lost-"))
"""Columns of packets that a gateway did not pass on. No rule refused them: they are no rejects."""


def is_of_transit_gateway(columns: Iterable[str]) -> bool:
    """Whether records with these columns are a transit gateway's: some of them are its alone. A custom format of a
    gateway that has none of those can't be told from a VPC's, and is taken for one.
    """
    return not _THEIRS.isdisjoint(columns)
