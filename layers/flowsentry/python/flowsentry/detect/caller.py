"""A source that is a /64: which addresses of it called, and whether all of them are trusted."""

from typing import Any

from flowsentry.detect.samples import complete_up_to
from flowsentry.findings.endpoint_addresses import Names, names_in
from flowsentry.findings.evidence import IN_CLEAR, MAX_SOURCE_IDS, Evidence
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import address_in, is_network


def names_of(evidence: Evidence) -> Names:
    """The addresses of IPv6 hosts that the evidence kept in clear."""
    members = [member for name in dict.fromkeys(IN_CLEAR.values()) for member in getattr(evidence, name)]
    return names_in(members) if members else {}


def addresses_of(evidence: Evidence) -> list[str]:
    """Some addresses from which a /64 called; none of a source that is a single address."""
    source = evidence.key.source
    return [address_in(source, each) for each in sorted(evidence.source_ids)] if is_network(source) else []


def address_details(evidence: Evidence) -> dict[str, Any]:
    """Of a /64, some of its addresses and how many there were: exact below MAX_SOURCE_IDS, above it estimated from how
    dense the kept ranks lie, good to about two fifths.
    """
    addresses = addresses_of(evidence)
    if not addresses:
        return {}
    return {"source_addresses": addresses, "source_address_count": _number(evidence)}


def _number(evidence: Evidence) -> int:
    ids = evidence.source_ids
    if len(ids) < MAX_SOURCE_IDS:
        return len(ids)
    return max(MAX_SOURCE_IDS, round((MAX_SOURCE_IDS - 1) * (1 << 64) / complete_up_to(ids, MAX_SOURCE_IDS)))


def comes_from_trusted(evidence: Evidence, address_space: AddressSpace) -> bool:
    """Whether the source is in a trusted network, or is a /64 of which all addresses that called are known and are."""
    if address_space.is_trusted(evidence.key.source):
        return True
    addresses = addresses_of(evidence)
    return 0 < len(addresses) < MAX_SOURCE_IDS and all(map(address_space.is_trusted, addresses))
