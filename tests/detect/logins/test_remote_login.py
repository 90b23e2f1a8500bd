"""A session on a login port, from outside the trusted networks."""

from typing import Any

import pytest

from flowsentry.detect.logins.remote_login import remote_login
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.scopes import PUBLIC
from flowsentry.records.service_ports import LOGIN_PORTS
from tests.builders import DAY, VPC, interface
from tests.detect.observed import NOBODY, SERVER, SESSION, STRANGER, Row, login, logins


def told(*rows: Row, address_space: AddressSpace = NOBODY) -> list[Finding]:
    return remote_login(logins(rows), address_space, LoginThresholds())


def only(*rows: Row, address_space: AddressSpace = NOBODY) -> Finding:
    (finding,) = told(*rows, address_space=address_space)
    return finding


def test_a_session_from_outside_is_told() -> None:
    finding = only(login())
    assert (finding.subject, finding.scope, finding.severity) == (STRANGER, PUBLIC, Severity.MEDIUM)
    assert finding.title == "203.0.113.9 has an external SSH session on 10.0.0.9: port 22"
    assert (finding.details["service"], finding.details["packets"]) == ("SSH", SESSION)
    assert (finding.details["responder"], finding.details["responder_scope"]) == (SERVER, VPC)


def test_the_packets_of_a_session_are_what_tells_it_from_a_try() -> None:
    assert told(login(packets=SESSION))
    assert told(login(packets=SESSION - 1)) == []


@pytest.mark.parametrize(
    ("port", "technique"), [(22, "T1021.004"), (3389, "T1021.001"), (5985, "T1021.006"), (5986, "T1021.006")]
)
def test_each_login_port_has_its_service_and_technique(port: int, technique: str) -> None:
    finding = only(login(port=port))
    assert (finding.details["service"], finding.details["technique"]) == (LOGIN_PORTS[port], technique)


@pytest.mark.parametrize(
    ("initiator", "responder"), [("10.0.0.1", SERVER), ("10.0.0.1", STRANGER), (STRANGER, "198.51.100.7")]
)
def test_what_does_not_come_in_from_outside_is_not_told(initiator: str, responder: str) -> None:
    assert told(login(initiator, responder)) == []


def test_who_comes_from_a_trusted_network_is_no_stranger() -> None:
    trusting = AddressSpace.of(Inventory(), trusted_networks=("203.0.113.0/28",))
    assert told(login("203.0.113.9"), address_space=trusting) == []
    assert only(login("203.0.113.16"), address_space=trusting).subject == "203.0.113.16"


def test_sessions_at_one_port_are_told_once_a_day_and_by_what_was_most() -> None:
    finding = only(login(), login(initiator_port=45001, packets=SESSION + 9))
    assert finding.details["packets"] == SESSION + 9
    other: dict[str, Any] = {"initiator_port": 45002}
    rows = [login(), login(day=DAY + 1, **other), login(port=3389, **other), login(responder="10.0.0.10", **other)]
    found = told(*rows)
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (4, 3)


def test_the_host_is_told_by_its_name_and_interface() -> None:
    known = AddressSpace.of(Inventory.of((interface(SERVER, name="bastion"),)))
    finding = only(login(), address_space=known)
    assert finding.title == "203.0.113.9 has an external SSH session on bastion (10.0.0.9): port 22"
    assert finding.details["responder_owner"] == {"kind": "instance", "id": "i-bastion", "name": "bastion"}
    assert finding.details["interface_ids"] == ["eni-bastion"]
