"""IPv6 addresses that evidence keeps beside hashed members: of some endpoints, and of the hosts in a source's /64."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from flowsentry.findings.bounds import MAX_SOURCE_IDS
from flowsentry.findings.endpoints import HASHED, Addresses, addresses_by_hash, rank_of, with_address
from flowsentry.findings.evidence import ADDRESS_SETS, SET_SIZES, Evidence, EvidenceKey, bottom, max_complete_rank
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import address_in, interface_id_of, is_network

AddressSets = dict[str, frozenset[bytes]]
_KEY = ("source_scope", "source", "day")
_MOST = max(SET_SIZES[name] for name in ADDRESS_SETS.values())


def address_sets(rows: pl.DataFrame) -> Mapping[EvidenceKey, AddressSets]:
    """The address sets of the evidence of each source and day; empty if all traffic is IPv4. Each row has a `member`,
    the name of its `set`, its `initiator` and its `responder`.
    """
    found: dict[EvidenceKey, AddressSets] = {}
    for key, name, members in (*_responders(rows), *_initiators(rows)):
        found.setdefault(key, {})[name] = bottom(members, SET_SIZES[name])
    return found


def _responders(rows: pl.DataFrame) -> Iterator[tuple[EvidenceKey, str, list[bytes]]]:
    hashed = rows.filter(pl.col("member") >= HASHED)
    if hashed.is_empty():
        return
    name = pl.col("set").replace_strict(ADDRESS_SETS, return_dtype=pl.String)
    smallest = (
        hashed.select(*_KEY, name.alias("name"), "member", pl.col("responder").cast(pl.String))
        .unique([*_KEY, "name", "member"])
        .sort(rank_of(pl.col("member")))
        .group_by(*_KEY, "name")
        .agg(pl.col("member", "responder").head(_MOST))
    )
    for *key, set_name, members, addresses in smallest.cast(dict.fromkeys(_KEY[:2], pl.String)).iter_rows():
        with_addresses = (with_address(member, address) for member, address in zip(members, addresses, strict=True))
        yield EvidenceKey(*key), set_name, [each for each in with_addresses if each is not None]


def _initiators(rows: pl.DataFrame) -> Iterator[tuple[EvidenceKey, str, list[bytes]]]:
    networks = rows.filter(pl.col("source") != pl.col("initiator"))
    if networks.is_empty():
        return
    initiators = networks.group_by(_KEY).agg(pl.col("initiator").unique().cast(pl.String))
    for *key, addresses in initiators.cast(dict.fromkeys(_KEY[:2], pl.String)).iter_rows():
        yield EvidenceKey(*key), "source_ids", [interface_id_of(address) for address in addresses]


def known_addresses(evidence: Evidence) -> Addresses:
    """The addresses of IPv6 hosts that the evidence keeps, by the hash in their members."""
    members = [member for name in dict.fromkeys(ADDRESS_SETS.values()) for member in getattr(evidence, name)]
    return addresses_by_hash(members) if members else {}


def source_addresses(evidence: Evidence) -> list[str]:
    """Some of the addresses from which a /64 opened connections; empty if the source is a single address."""
    source = evidence.key.source
    return [address_in(source, each) for each in sorted(evidence.source_ids)] if is_network(source) else []


def address_details(evidence: Evidence) -> dict[str, Any]:
    """Details about a /64: some of its addresses, and how many it used. The number is exact below MAX_SOURCE_IDS;
    above, it is estimated from the density of the kept ranks, with an error of about two fifths.
    """
    addresses = source_addresses(evidence)
    if not addresses:
        return {}
    return {"source_addresses": addresses, "source_address_count": _address_count(evidence)}


def _address_count(evidence: Evidence) -> int:
    ids = evidence.source_ids
    if len(ids) < MAX_SOURCE_IDS:
        return len(ids)
    return max(MAX_SOURCE_IDS, round((MAX_SOURCE_IDS - 1) * (1 << 64) / max_complete_rank(ids, MAX_SOURCE_IDS)))


def is_trusted_source(evidence: Evidence, address_space: AddressSpace) -> bool:
    """Whether the source is in a trusted network, or is a /64 all of whose used addresses are kept and trusted."""
    if address_space.is_trusted(evidence.key.source):
        return True
    addresses = source_addresses(evidence)
    return 0 < len(addresses) < MAX_SOURCE_IDS and all(map(address_space.is_trusted, addresses))
