"""SearchTerms: the addresses, ports and times to search flow logs for. Each is validated, so a query that is built from
them is safe whatever the finding contains.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from flowsentry.emit.narratives.narrative import listed_in, number_in, numbers_in
from flowsentry.findings.finding import Finding
from flowsentry.inventory.source_address import is_network
from flowsentry.value import Value

MARGIN_SECONDS = 600
"""Searched before the first and after the last record, for what led to the finding; 600 s is also the longest interval
of a record. Longer: queries read more and cost more. Shorter: the record itself may be missed."""
MAX_PORTS = 4
"""More ports than that do not narrow a search."""

_INTERFACE = re.compile(r"(eni|tgw-attach)-[0-9a-z]{1,40}")
_PORT = re.compile(r":([0-9]{1,5})/(tcp|udp)")
_LATEST = 253_402_300_799 - 86_400  # the year 9999, and room for margins


class SearchTerms(Value, frozen=True):
    """A record must have all `ends` (addresses, a /64, or an interface id) and, if `ports` are given, one of them.
    `first` and `last` are Unix seconds.
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
    """The search terms of a finding; None if its subject or a time is not valid."""
    ends = tuple(dict.fromkeys(_ends(finding)))
    first, last = sorted((finding.first_seen, finding.last_seen))
    if not ends or ends[0] != finding.subject or first < MARGIN_SECONDS or last > _LATEST:
        return None
    return SearchTerms(ends, _ports(finding), first - MARGIN_SECONDS, last + MARGIN_SECONDS)


def is_address(text: object) -> bool:
    """Whether it is an IP address without a zone (Python accepts `fe80::1%whatever`)."""
    try:
        ipaddress.ip_address(str(text))
    except ValueError:
        return False
    return "%" not in str(text)


def is_interface(text: str) -> bool:
    """Whether it is the id of a network interface or of a transit gateway attachment."""
    return bool(_INTERFACE.fullmatch(text))


def _ends(finding: Finding) -> Iterator[str]:
    """The subject, and its only responder or initiator, if there is one."""
    details = finding.details
    if is_address(finding.subject) or is_interface(finding.subject) or is_network(finding.subject):
        yield finding.subject
    if number_in(details, "responders") <= 1 and is_address(details.get("responder")):
        yield str(details["responder"])
    if number_in(details, "initiators") == 1 and is_address(details.get("initiator")):
        yield str(details["initiator"])


def _ports(finding: Finding) -> tuple[int, ...]:
    """The port of the responder; else the ports that were tried, if they are few and all known."""
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
