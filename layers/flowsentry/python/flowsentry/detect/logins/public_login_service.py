"""A login service on which many external clients have sessions in one day: one finding for the service.

Why it matters: few SSH, RDP and WinRM services should have external sessions. Many external clients are the users of a
public service that is not configured as one, or of a host whose password is publicly known.
Innocent look-alikes: a public Git or SFTP server, or a honeypot: add it to `public_login_services`, and its clients are
not reported. A bastion that a whole company uses from home: add their networks to `trusted_networks`, or put a VPN in
front of it. Missed: a client that guesses passwords is reported neither for guessing nor for a session; only the
server's own log shows it. For three days after a day with too many clients, a day with few is reported in the same way.
ATT&CK T1021, Remote Services (SSH T1021.004, RDP T1021.001, WinRM T1021.006).
"""

from collections.abc import Sequence
from functools import partial

from flowsentry.detect.host_pairs import HostPair, Identity, Row, pair_details, pair_draft
from flowsentry.detect.logins.external_clients import BusyService
from flowsentry.findings.bounds import MAX_EXTERNAL_CLIENTS
from flowsentry.findings.drafts import Draft
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.inventory.source_address import address_of
from flowsentry.records.code_names import LOGIN_PORTS, TCP

KIND = KINDS["public_login_service"]


def public_login_service(busy_services: Sequence[BusyService]) -> list[Draft]:
    """A finding for each busy login service and day with an external session in this batch: once a day."""
    return [
        pair_draft(KIND, _identity(each), _row(each), partial(_finding, each)) for each in busy_services if each.newest
    ]


def _identity(busy: BusyService) -> Identity:
    scope, responder, port, _ = busy.service
    return "public_login_service", scope, responder, str(port)


def _row(busy: BusyService) -> Row:
    service = busy.service
    return {
        "scope": service.scope,
        "initiator": address_of(busy.newest[0]),
        "responder": service.responder,
        "responder_port": service.port,
        "protocol": TCP,
        "day": service.day,
        "last_seen": busy.last_seen,
    }


def _finding(busy: BusyService, identity: Identity, row: Row, pair: HostPair) -> Finding:
    scope, responder, port, day = busy.service
    interface, service = pair.responder.interface, LOGIN_PORTS[port]
    about = "about " if busy.number >= MAX_EXTERNAL_CLIENTS else ""
    clients = f"{about}{busy.number:,} external {'client' if busy.number == 1 else 'clients'}"
    return Finding(
        id=finding_id(*identity, str(day)),
        thread=finding_id(*identity),
        kind=KIND.name,
        severity=KIND.severity(),
        title=f"{pair.responder} has login sessions of {clients}: {service}, port {port}",
        subject=responder,
        scope=scope,
        first_seen=busy.first_seen,
        last_seen=busy.last_seen,
        details={
            **pair_details(row, pair, [interface.interface_id if interface else None]),
            "subject_owner": pair.responder.as_details,
            "service": service,
            "initiator": row["initiator"],
            "initiator_owner": pair.initiator.as_details,
            "initiators": busy.number,
            "newest_initiators": list(busy.newest),
            "technique": KIND.technique(service),
        },
    )
