"""A login service that many strangers have sessions on, in one day: told once, with how many and the newest of them.

Why it matters: of SSH, RDP and WinRM few should have a session from outside. Many strangers are the users of a public
service that nobody has named, or a machine whose password is known to the world.
Innocent look-alikes: a Git or SFTP server that is meant for everybody, a honeypot: name it in `public_login_services`,
and of its clients nothing is told. A bastion that a whole company uses from home: name their networks as trusted, or
put a VPN before it. Wrong for a guesser among the clients, who is told neither as a guesser nor by a session: only the
server's own log knows. While the day is remembered that had too many, a day with few is told in the same way.
ATT&CK T1021, Remote Services (SSH T1021.004, RDP T1021.001, WinRM T1021.006).
"""

from collections.abc import Sequence

from flowsentry.detect.host_pairs import HostPair, Row, host_pairs, pair_details
from flowsentry.detect.logins.external_clients import BusyService
from flowsentry.detect.logins.remote_login import TECHNIQUES
from flowsentry.findings.evidence import MAX_EXTERNAL_CLIENTS
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import address_of
from flowsentry.records.service_ports import LOGIN_PORTS

SEVERITY = Severity.MEDIUM
_TCP = 6


def public_login_service(busy_services: Sequence[BusyService], address_space: AddressSpace) -> list[Finding]:
    """A finding for each service and day that many strangers use and that had a session of one in this batch: once a
    day.
    """
    told = [crowd for crowd in busy_services if crowd.newest]
    rows = [_row(crowd) for crowd in told]
    return [_finding(*each) for each in zip(told, rows, host_pairs(rows, address_space), strict=True)]


def _row(crowd: BusyService) -> Row:
    service = crowd.service
    return {
        "scope": service.scope,
        "initiator": address_of(crowd.newest[0]),
        "responder": service.responder,
        "responder_port": service.port,
        "protocol": _TCP,
        "last_seen": crowd.last_seen,
    }


def _finding(crowd: BusyService, row: Row, pair: HostPair) -> Finding:
    _, responder, port, day = crowd.service
    like = ("public_login_service", crowd.service.scope, responder, str(port))
    interface, service = pair.responder.interface, LOGIN_PORTS[port]
    some = "some " if crowd.number >= MAX_EXTERNAL_CLIENTS else ""
    external_clients = f"{some}{crowd.number:,} {'address' if crowd.number == 1 else 'addresses'} outside"
    return Finding(
        id=finding_id(*like, str(day)),
        thread=finding_id(*like),
        kind="public_login_service",
        severity=SEVERITY,
        title=f"{pair.responder} has sessions of {external_clients}: {service}, port {port}",
        subject=responder,
        scope=crowd.service.scope,
        first_seen=crowd.first_seen,
        last_seen=crowd.last_seen,
        details={
            **pair_details(row, pair, [interface.interface_id if interface else None]),
            "subject_owner": pair.responder.as_details,
            "service": service,
            "initiator": row["initiator"],
            "initiator_owner": pair.initiator.as_details,
            "initiators": crowd.number,
            "newest_initiators": list(crowd.newest),
            "technique": TECHNIQUES[service],
        },
    )
