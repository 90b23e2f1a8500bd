"""SearchTerms: what to look for in flow logs about a finding. Only what was checked to be an address, a port, an
interface id or a time is in them, so a query made of them is safe whatever the finding holds.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flowsentry.emit.narratives.narrative import listed_in, number_in, numbers_in
from flowsentry.findings.finding import Finding
from flowsentry.inventory.source_address import is_network

MARGIN_SECONDS = 600
"""Before the first and after the last record: what led to it, and the longest interval that a record may cover.
Longer: more is read and paid for. Shorter: the record itself may be outside."""
MAX_PORTS = 4
"""Ports that are told apart; of a source with more, the ports tell nothing."""

_INTERFACE = re.compile(r"(eni|tgw-attach)-[0-9a-z]{1,40}")
_PORT = re.compile(r":([0-9]{1,5})/(tcp|udp)")
_LATEST = 253_402_300_799 - 86_400  # the year 9999, and room for margins


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """`ends` are addresses, a /64, or an interface's id, that a record must all have; of `ports` one, where there are
    any. `first` and `last` are Unix seconds.
    """

    ends: tuple[str, ...]
    ports: tuple[int, ...]
    first: int
    last: int

    @property
    def first_moment(self) -> datetime:
        return datetime.fromtimestamp(self.first, UTC)

    @property
    def last_moment(self) -> datetime:
        return datetime.fromtimestamp(self.last, UTC)


def search_terms_of(finding: Finding) -> SearchTerms | None:
    """What to look for; None where the subject or a time is none."""
    ends = tuple(dict.fromkeys(_ends(finding)))
    first, last = sorted((finding.first_seen, finding.last_seen))
    if not ends or ends[0] != finding.subject or first < MARGIN_SECONDS or last > _LATEST:
        return None
    return SearchTerms(ends, _ports(finding), first - MARGIN_SECONDS, last + MARGIN_SECONDS)


def is_address(text: object) -> bool:
    """Whether it is an IP address, and nothing but that (Python takes `fe80::1%whatever` for one)."""
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return "%" not in str(text)


def is_interface(text: str) -> bool:
    """Whether it is the id of a network interface, or of a transit gateway's attachment."""
    return bool(_INTERFACE.fullmatch(text))


def _ends(finding: Finding) -> Iterator[str]:
    """The subject, and the one that it called or was called by, where that is one."""
    details = finding.details
    if is_address(finding.subject) or is_interface(finding.subject) or is_network(finding.subject):
        yield finding.subject
    if number_in(details, "responders") <= 1 and is_address(details.get("responder")):
        yield str(details["responder"])
    if number_in(details, "initiators") == 1 and is_address(details.get("initiator")):
        yield str(details["initiator"])


def _ports(finding: Finding) -> tuple[int, ...]:
    """The port of the one that was called; else those that were tried, where they are few and all are known."""
    details = finding.details
    if port := number_in(details, "responder_port"):
        return tuple(_valid([port]))
    if (tried := list(_valid(numbers_in(details, "failed_ports")))) and len(tried) <= MAX_PORTS:
        return tuple(sorted(set(tried)))
    listed = [*listed_in(details, "sample_endpoints"), *listed_in(details, "sessions")]
    ports = dict.fromkeys(_valid(int(found[1]) for end in listed if (found := _PORT.search(end))))
    is_few = number_in(details, "ports") == len(ports) or bool(listed_in(details, "services"))
    return tuple(sorted(ports)) if is_few and len(ports) <= MAX_PORTS else ()


def _valid(ports: Iterable[int]) -> Iterator[int]:
    return (port for port in ports if 0 < port < 1 << 16)
