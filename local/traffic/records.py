"""Connections -> flow log records: one for each interface, direction and window of 60 seconds, as AWS writes them."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import NamedTuple

from flowsentry.records.fields import BY_NAME, FIELDS, MISSING
from local.traffic.company.network import Host, Network
from local.traffic.connections import Burst, Connection, received_bursts, sent_bursts
from local.traffic.paths import Sighting, answer, sightings

WINDOW_SECONDS = 60
"""The aggregation interval; Nitro instances never use a longer one."""
NEWEST_VERSION = 5
ALL_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS if field.version <= NEWEST_VERSION)
SKIPPED_WINDOWS = 2

Record = Mapping[str, str]
"""One record: field -> text, for every field of ALL_NAMES that has a value."""


class Period(NamedTuple):
    """From when to when, Unix seconds; the end does not belong to it."""

    starts_at: int
    ends_at: int


class _Cell(NamedTuple):
    """What makes a record its own: packets that agree in all of this are counted together."""

    sighting: Sighting
    protocol: int
    window: int


class _Sum:
    """The packets of one cell."""

    __slots__ = ("bytes", "first", "flags", "last", "packets")

    def __init__(self, burst: Burst) -> None:
        self.packets = self.bytes = self.flags = 0
        self.first = self.last = int(burst.at)

    def add(self, burst: Burst) -> None:
        self.packets += burst.packets
        self.bytes += burst.bytes
        self.flags |= burst.flags
        self.first = min(self.first, int(burst.at))
        self.last = max(self.last, int(burst.at))


def records(connections: Iterable[Connection], network: Network, period: Period, random: Random) -> list[Record]:
    """All records of a network in a period, in order of their end: traffic, NODATA for each window in which an
    interface was idle, and a few SKIPDATA.
    """
    sums = _sums(connections, network)
    busy = {(cell.sighting.interface.interface_id, cell.window) for cell in sums}
    found = [_record(cell, total, network) for cell, total in sums.items()]
    found += [_empty(host, start, "NODATA") for host, start in _idle_windows(network, period, busy)]
    found += [_empty(host, start, "SKIPDATA") for host, start in _skipped_windows(network, period, random)]
    return sorted(found, key=_order)


def is_skipped(record: Record) -> bool:
    """Whether it stands for records that AWS left out."""
    return record["log-status"] == "SKIPDATA"


def line(record: Record, names: tuple[str, ...]) -> str:
    """The record as text in the order of a log format; the version is the highest of the names, as AWS has it."""
    version = _version_of(names)
    return " ".join([version if name == "version" else record.get(name, MISSING) for name in names])


@lru_cache
def _version_of(names: tuple[str, ...]) -> str:
    return str(max(BY_NAME[name].version for name in names))


def _sums(connections: Iterable[Connection], network: Network) -> dict[_Cell, _Sum]:
    sums: dict[_Cell, _Sum] = {}
    for connection in connections:
        for sighting, burst in _seen_bursts(connection, network):
            cell = _Cell(sighting, connection.protocol, _window(sighting.interface, int(burst.at)))
            if cell not in sums:
                sums[cell] = _Sum(burst)
            sums[cell].add(burst)
    return sums


def _seen_bursts(connection: Connection, network: Network) -> Iterator[tuple[Sighting, Burst]]:
    sent, received = sent_bursts(connection), received_bursts(connection)
    for sighting in sightings(connection, network):
        yield from ((sighting, burst) for burst in sent)
        if back := answer(connection, sighting):
            yield from ((back, burst) for burst in received)


def _phase(host: Host) -> int:
    """Windows of different interfaces do not begin at the same second."""
    return zlib.crc32(host.interface_id.encode()) % WINDOW_SECONDS


def _window(host: Host, at: int) -> int:
    return (at + _phase(host)) // WINDOW_SECONDS


def _record(cell: _Cell, total: _Sum, network: Network) -> Record:
    sighting = cell.sighting
    host = sighting.interface
    known = {
        "srcaddr": sighting.source,
        "dstaddr": sighting.destination,
        "srcport": str(sighting.source_port),
        "dstport": str(sighting.destination_port),
        "protocol": str(cell.protocol),
        "packets": str(total.packets),
        "bytes": str(total.bytes),
        "action": sighting.action,
        "vpc-id": host.vpc_id,
        "subnet-id": host.subnet_id,
        "instance-id": host.instance_id or MISSING,
        "tcp-flags": str(total.flags),
        "type": "IPv4",
        "pkt-srcaddr": sighting.packet_source,
        "pkt-dstaddr": sighting.packet_destination,
        "region": network.region,
        "az-id": host.availability_zone_id,
        "flow-direction": sighting.direction,
        "traffic-path": sighting.traffic_path(network) or MISSING,
    }
    return known | _about(host, total.first, total.last, "OK")


def _about(host: Host, start: int, end: int, status: str) -> dict[str, str]:
    """What is filled in every record, whatever its status."""
    return {
        "account-id": host.account_id,
        "interface-id": host.interface_id,
        "start": str(start),
        "end": str(end),
        "log-status": status,
    }


def _empty(host: Host, start: int, status: str) -> Record:
    return _about(host, start, start + WINDOW_SECONDS - 1, status)


def _idle_windows(network: Network, period: Period, busy: set[tuple[str, int]]) -> Iterator[tuple[Host, int]]:
    for host in network.hosts:
        for start in _window_starts(host, period):
            if (host.interface_id, _window(host, start)) not in busy:
                yield host, start


def _window_starts(host: Host, period: Period) -> range:
    """The starts of the interface's windows that lie in the period as a whole."""
    first = period.starts_at + (-(period.starts_at + _phase(host))) % WINDOW_SECONDS
    return range(first, period.ends_at - WINDOW_SECONDS + 1, WINDOW_SECONDS)


def _skipped_windows(network: Network, period: Period, random: Random) -> Iterator[tuple[Host, int]]:
    for host in random.sample(network.hosts, SKIPPED_WINDOWS):
        yield host, random.choice(_window_starts(host, period))


def _order(record: Record) -> tuple[int, str, str, str]:
    return int(record["end"]), record["interface-id"], record["start"], line(record, ALL_NAMES)
