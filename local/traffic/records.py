"""Connections -> flow log records as AWS writes them: one per interface, direction and window of 60 seconds."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import NamedTuple

from flowsentry.records.fields import BY_NAME, FIELDS, MISSING
from local.traffic.company.network import Host, Network
from local.traffic.connections import Burst, Connection, received_bursts, sent_bursts
from local.traffic.observations import Observation, answer, observations

WINDOW_SECONDS = 60
"""The maximum aggregation interval; Nitro instances never use a longer one."""
NEWEST_VERSION = 5
ALL_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS if field.version <= NEWEST_VERSION)
SKIPPED_WINDOWS = 2

Record = Mapping[str, str]
"""One record: field -> text, for each field of ALL_NAMES with a value."""


class Period(NamedTuple):
    """A period in Unix seconds, without its end."""

    starts_at: int
    ends_at: int


class _Cell(NamedTuple):
    """The key of a record: packets with the same key are counted together."""

    observation: Observation
    protocol: int
    window: int


class _Sum:
    """The totals of one cell."""

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
    interface was idle, and SKIPDATA for SKIPPED_WINDOWS random windows.
    """
    sums = _sums(connections, network)
    busy = {(cell.observation.interface.interface_id, cell.window) for cell in sums}
    found = [_record(cell, total, network) for cell, total in sums.items()]
    found += [_empty(host, start, "NODATA") for host, start in _idle_windows(network, period, busy)]
    found += [_empty(host, start, "SKIPDATA") for host, start in _skipped_windows(network, period, random)]
    return sorted(found, key=_order)


def is_skipped(record: Record) -> bool:
    """Whether the record is SKIPDATA: AWS skipped records."""
    return record["log-status"] == "SKIPDATA"


def line(record: Record, names: tuple[str, ...]) -> str:
    """The record as text in a log format; the version is the highest of its fields, as AWS writes it."""
    version = _version_of(names)
    return " ".join([version if name == "version" else record.get(name, MISSING) for name in names])


@lru_cache
def _version_of(names: tuple[str, ...]) -> str:
    return str(max(BY_NAME[name].version for name in names))


def _sums(connections: Iterable[Connection], network: Network) -> dict[_Cell, _Sum]:
    sums: dict[_Cell, _Sum] = {}
    for connection in connections:
        for observation, burst in _observed_bursts(connection, network):
            cell = _Cell(observation, connection.protocol, _window(observation.interface, int(burst.at)))
            if cell not in sums:
                sums[cell] = _Sum(burst)
            sums[cell].add(burst)
    return sums


def _observed_bursts(connection: Connection, network: Network) -> Iterator[tuple[Observation, Burst]]:
    sent, received = sent_bursts(connection), received_bursts(connection)
    for observation in observations(connection, network):
        yield from ((observation, burst) for burst in sent)
        if back := answer(connection, observation):
            yield from ((back, burst) for burst in received)


def _phase(host: Host) -> int:
    """The offset of an interface's windows, which start at different seconds for different interfaces."""
    return zlib.crc32(host.interface_id.encode()) % WINDOW_SECONDS


def _window(host: Host, at: int) -> int:
    return (at + _phase(host)) // WINDOW_SECONDS


def _record(cell: _Cell, total: _Sum, network: Network) -> Record:
    observation = cell.observation
    host = observation.interface
    known = {
        "srcaddr": observation.source,
        "dstaddr": observation.destination,
        "srcport": str(observation.source_port),
        "dstport": str(observation.destination_port),
        "protocol": str(cell.protocol),
        "packets": str(total.packets),
        "bytes": str(total.bytes),
        "action": observation.action,
        "vpc-id": host.vpc_id,
        "subnet-id": host.subnet_id,
        "instance-id": host.instance_id or MISSING,
        "tcp-flags": str(total.flags),
        "type": "IPv4",
        "pkt-srcaddr": observation.packet_source,
        "pkt-dstaddr": observation.packet_destination,
        "region": network.region,
        "az-id": host.availability_zone_id,
        "flow-direction": observation.direction,
        "traffic-path": observation.traffic_path(network) or MISSING,
    }
    return known | _about(host, total.first, total.last, "OK")


def _about(host: Host, start: int, end: int, status: str) -> dict[str, str]:
    """The fields that every record has, whatever its status."""
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
    """The starts of the interface's windows that are fully in the period."""
    first = period.starts_at + (-(period.starts_at + _phase(host))) % WINDOW_SECONDS
    return range(first, period.ends_at - WINDOW_SECONDS + 1, WINDOW_SECONDS)


def _skipped_windows(network: Network, period: Period, random: Random) -> Iterator[tuple[Host, int]]:
    for host in random.sample(network.hosts, SKIPPED_WINDOWS):
        yield host, random.choice(_window_starts(host, period))


def _order(record: Record) -> tuple[int, str, str, str]:
    return int(record["end"]), record["interface-id"], record["start"], line(record, ALL_NAMES)
