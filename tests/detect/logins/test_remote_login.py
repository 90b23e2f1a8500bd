"""External sessions on login ports."""

from typing import Any

import pytest

from flowsentry.detect.logins.remote_login import remote_login
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.records.code_names import LOGIN_PORTS
from tests.builders import DAY, VPC, interface
from tests.detect.observed import EXTERNAL, NO_OWNERS, SERVER, SESSION, Row, findings_of, login, logins


def reported(*rows: Row, address_space: AddressSpace = NO_OWNERS) -> list[Finding]:
    return findings_of(remote_login(logins(rows), address_space, LoginThresholds()), address_space)


def only(*rows: Row, address_space: AddressSpace = NO_OWNERS) -> Finding:
    (finding,) = reported(*rows, address_space=address_space)
    return finding


def test_an_external_session_is_reported() -> None:
    finding = only(login())
    assert (finding.subject, finding.scope, finding.severity) == (EXTERNAL, PUBLIC, Severity.MEDIUM)
    assert finding.title == "203.0.113.9 has an external SSH session on 10.0.0.9: port 22"
    assert (finding.details["service"], finding.details["packets"]) == ("SSH", SESSION)
    assert (finding.details["responder"], finding.details["responder_scope"]) == (SERVER, VPC)


def test_a_connection_with_too_few_packets_is_no_session() -> None:
    assert reported(login(packets=SESSION))
    assert reported(login(packets=SESSION - 1)) == []


@pytest.mark.parametrize(
    ("port", "technique"), [(22, "T1021.004"), (3389, "T1021.001"), (5985, "T1021.006"), (5986, "T1021.006")]
)
def test_a_login_port_has_its_service_and_technique(port: int, technique: str) -> None:
    finding = only(login(port=port))
    assert (finding.details["service"], finding.details["technique"]) == (LOGIN_PORTS[port], technique)


@pytest.mark.parametrize(
    ("initiator", "responder"), [("10.0.0.1", SERVER), ("10.0.0.1", EXTERNAL), (EXTERNAL, "198.51.100.7")]
)
def test_a_session_that_is_not_inbound_is_not_reported(initiator: str, responder: str) -> None:
    assert reported(login(initiator, responder)) == []


def test_a_session_from_a_trusted_network_is_not_reported() -> None:
    trusting = AddressSpace.of(Inventory(), trusted_networks=("203.0.113.0/28",))
    assert reported(login("203.0.113.9"), address_space=trusting) == []
    assert only(login("203.0.113.16"), address_space=trusting).subject == "203.0.113.16"


def test_sessions_on_one_port_are_one_finding_a_day_with_the_largest_packet_count() -> None:
    finding = only(login(), login(initiator_port=45001, packets=SESSION + 9))
    assert finding.details["packets"] == SESSION + 9
    other: dict[str, Any] = {"initiator_port": 45002}
    rows = [login(), login(day=DAY + 1, **other), login(port=3389, **other), login(responder="10.0.0.10", **other)]
    found = reported(*rows)
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (4, 3)


def test_the_title_and_details_name_the_host_and_its_interface() -> None:
    known = AddressSpace.of(Inventory.of((interface(SERVER, name="bastion"),)))
    finding = only(login(), address_space=known)
    assert finding.title == "203.0.113.9 has an external SSH session on bastion (10.0.0.9): port 22"
    assert finding.details["responder_owner"] == {"kind": "instance", "id": "i-bastion", "name": "bastion"}
    assert finding.details["interface_ids"] == ["eni-bastion"]
