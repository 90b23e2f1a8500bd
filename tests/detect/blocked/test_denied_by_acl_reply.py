"""Requests with ACCEPT whose replies a network ACL denies."""

from typing import Any

from flowsentry.detect.blocked.denied_by_acl_reply import denied_by_acl_reply
from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, VPC, interface, probe
from tests.detect.observed import NO_OWNERS, contacts, findings_of

APP, DATABASE, EXTERNAL = "10.0.0.9", "10.0.1.1", "203.0.113.9"
AT = "eni-database"


def reported(
    *lines: str, refused_at: str | None = AT, scanners: Any = frozenset(), address_space: AddressSpace = NO_OWNERS
) -> list[Finding]:
    return findings_of(denied_by_acl_reply(contacts(lines, reply_refused_at=refused_at), scanners), address_space)


def only(*lines: str, address_space: AddressSpace = NO_OWNERS) -> Finding:
    (finding,) = reported(*lines, address_space=address_space)
    return finding


def test_a_client_whose_replies_are_denied_is_reported() -> None:
    finding = only(probe(APP, DATABASE, 5432))
    assert (finding.subject, finding.scope, finding.severity) == (APP, VPC, Severity.MEDIUM)
    assert finding.title == (
        "10.0.0.9 gets no reply from 10.0.1.1 on port 5432/tcp (postgresql): a network ACL denies it"
    )
    assert finding.details["responder"] == DATABASE
    assert (finding.details["interface_ids"], finding.details["initiator_port"]) == ([AT], 45000)


def test_one_denied_packet_is_enough_and_without_one_there_is_no_finding() -> None:
    assert reported(probe(APP, DATABASE, 5432, packets=1))
    assert reported(probe(APP, DATABASE, 5432), refused_at=None) == []


def test_several_client_ports_are_not_in_the_details() -> None:
    finding = only(probe(APP, DATABASE, 5432), probe(APP, DATABASE, 5432, srcport=45001))
    assert finding.details["initiator_port"] is None


def test_each_path_is_reported_once_a_day() -> None:
    tomorrow = {"start": NOON + 86_400, "end": NOON + 86_400}
    lines = [probe(APP, DATABASE, 5432), probe(APP, DATABASE, 5433), probe(APP, "10.0.1.2", 5432)]
    found = reported(*lines, probe(APP, DATABASE, 5432, start=NOON + 9), probe(APP, DATABASE, 5432, **tomorrow))
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (4, 3)


def test_external_clients_are_one_finding_about_the_internal_host() -> None:
    finding = only(probe("203.0.113.10", DATABASE, 443), probe(EXTERNAL, DATABASE, 443))
    assert (finding.subject, finding.details["responder"], finding.scope) == (DATABASE, DATABASE, VPC)
    assert (finding.details["initiator"], finding.details["initiators"]) == ("203.0.113.10", 2)
    assert finding.title == "10.0.1.1 cannot reply to 203.0.113.10 on port 443/tcp (https): a network ACL denies it"
    (other,) = reported(probe(EXTERNAL, DATABASE, 443))
    assert other.id == finding.id


def test_the_title_and_details_name_both_hosts() -> None:
    known = AddressSpace.of(Inventory.of((interface(APP, name="app"), interface(DATABASE, "rds", "orders"))))
    finding = only(probe(APP, DATABASE, 5432), address_space=known)
    assert finding.title.startswith("app (10.0.0.9) gets no reply from orders (10.0.1.1)")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-app", "name": "app"}
    about_ours = only(probe(EXTERNAL, DATABASE, 443), address_space=known)
    assert about_ours.details["subject_owner"] == {"kind": "rds", "id": "i-orders", "name": "orders"}
    assert about_ours.details["initiator_owner"] is None


def test_a_scanner_is_not_reported_again() -> None:
    assert reported(probe(APP, DATABASE, 5432), scanners={(VPC, APP)}) == []
    assert reported(probe(APP, DATABASE, 5432), scanners={(VPC, DATABASE)}) != []


def test_a_path_between_external_hosts_is_not_reported() -> None:
    passing = contacts([probe(EXTERNAL, DATABASE, 443)], reply_refused_at=AT, responder_is_inside=False)
    assert denied_by_acl_reply(passing, frozenset()) == []


def test_udp_has_a_client_port_and_ping_has_none() -> None:
    datagram = only(probe(APP, DATABASE, 514, protocol=17, action="REJECT"))
    assert datagram.title.endswith("on port 514/udp (syslog): a network ACL denies it")
    ping = only(probe(APP, DATABASE, 0, protocol=1, action="REJECT"))
    assert (ping.title.endswith("over icmp: a network ACL denies it"), ping.details["initiator_port"]) == (True, None)


def test_the_first_paths_of_one_initiator_are_reported() -> None:
    found = reported(*(probe(APP, f"10.0.1.{number}", 5432, start=NOON + number) for number in range(1, 20)))
    assert [each.details["responder"] for each in found] == ["10.0.1.1", "10.0.1.2", "10.0.1.3"]
