"""Flows -> EnrichedFlows: the same rows in the same order, with added columns. Defines the order of the steps."""

from flowsentry.enrich.charges import with_charges
from flowsentry.enrich.direction import with_direction
from flowsentry.enrich.owners import with_owners
from flowsentry.enrich.record_columns import with_rejection, with_service
from flowsentry.frames import EnrichedFlows, Flows
from flowsentry.inventory.address_space import AddressSpace


def enrich(flows: Flows, address_space: AddressSpace) -> EnrichedFlows:
    """The flows with rejection, direction, scopes, packet-level addresses, which ends are inside, their owners, the
    service, and on which meters of AWS their bytes are charged.

    Adds columns, never rows; drops or changes none. What is not known for certain is null: unattributed rather than
    misattributed.
    """
    seen = with_direction(with_rejection(flows), address_space)
    return EnrichedFlows(with_charges(with_service(with_owners(seen, address_space)), address_space))
