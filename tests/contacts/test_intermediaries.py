"""What passes on for others opened nothing itself."""

import pytest

from flowsentry.contacts import contacts
from flowsentry.contacts.intermediaries import INTERMEDIARIES
from flowsentry.inventory.inventory import Inventory
from tests.builders import FIN, INTERFACE, NOON, SYN, SYN_ACK, V2, V5, enriched, exchange, interface, line, probe


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
@pytest.mark.parametrize("kind", INTERMEDIARIES)
def test_an_intermediary_initiates_no_contact(kind: str, names: tuple[str, ...]) -> None:
    known = Inventory.of((interface("10.0.0.9", kind, interface_id=INTERFACE),))
    lines = [probe("10.0.0.9", "10.0.0.5", 443, names), *exchange("10.0.0.9", "10.0.0.6", 443, names)]
    assert len(contacts(enriched(lines, names, known))) == 0


def test_an_instance_and_an_unknown_owner_initiate_contacts() -> None:
    known = Inventory.of((interface("10.0.0.9"),))
    lines = [probe("10.0.0.9", "10.0.0.5", 443), probe("10.0.0.8", "10.0.0.5", 443)]
    assert sorted(contacts(enriched(lines, inventory=known))["initiator"]) == ["10.0.0.8", "10.0.0.9"]


def test_an_intermediary_may_be_a_responder() -> None:
    known = Inventory.of((interface("10.0.0.9", "application load balancer"),))
    assert contacts(enriched([probe("203.0.113.1", "10.0.0.9", 443)], inventory=known))["outcome"].to_list() == [
        "unanswered"
    ]


INSTANCE, NAT, BALANCER, TARGET, PEER = "10.0.0.9", "10.0.0.30", "10.0.0.20", "10.0.1.5", "192.0.2.5"
NAT_PUBLIC = "203.0.113.30"
AT_NAT, AT_INSTANCE = "eni-nat-a", "eni-web-1"
WITH_NAT = Inventory.of((interface(INSTANCE), interface(NAT, "nat gateway", "nat-a", public_addresses=(NAT_PUBLIC,))))
WITH_BALANCER = Inventory.of((interface(BALANCER, "network load balancer", "net"), interface(TARGET, name="target")))
BOTH = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])


def told(lines: list[str], names: tuple[str, ...], known: Inventory) -> list[tuple[str, str, int, str]]:
    columns = ("initiator", "responder", "responder_port", "outcome")
    return sorted(contacts(enriched(lines, names, known)).select(columns).rows())


def through_nat(names: tuple[str, ...], **values: object) -> list[str]:
    """A connection as the instance logs it (two records) and the NAT gateway (four)."""
    there = {"srcport": 45000, "dstport": 443} | values
    back = {"srcport": 443, "dstport": 45000, "tcp_flags": SYN_ACK | FIN}
    hidden = {"interface_id": AT_NAT}
    return [
        line(names, srcaddr=INSTANCE, dstaddr=PEER, interface_id=AT_INSTANCE, **there),
        line(names, srcaddr=PEER, dstaddr=INSTANCE, interface_id=AT_INSTANCE, flow_direction="ingress", **back),
        line(names, srcaddr=INSTANCE, dstaddr=NAT, pkt_dstaddr=PEER, flow_direction="ingress", **hidden, **there),
        line(names, srcaddr=NAT, dstaddr=PEER, **hidden, **there | {"srcport": 1024}),
        line(names, srcaddr=PEER, dstaddr=NAT, flow_direction="ingress", **hidden, **back | {"dstport": 1024}),
        line(names, srcaddr=NAT, dstaddr=INSTANCE, pkt_srcaddr=PEER, **hidden, **back),
    ]


SYN_ONLY: dict[str, object] = {"packets": 1, "bytes": 60, "tcp_flags": SYN}


@BOTH
def test_a_connection_through_a_nat_gateway_is_one_contact_of_the_instance(names: tuple[str, ...]) -> None:
    assert told(through_nat(names), names, WITH_NAT) == [(INSTANCE, PEER, 443, "answered")]


@BOTH
def test_an_unanswered_connection_through_a_nat_gateway_is_one_contact(names: tuple[str, ...]) -> None:
    unanswered = [each for number, each in enumerate(through_nat(names, **SYN_ONLY)) if number in {0, 2, 3}]
    assert told(unanswered, names, WITH_NAT) == [(INSTANCE, PEER, 443, "unanswered")]


@BOTH
def test_a_connection_that_a_rule_at_the_nat_gateway_refused_is_a_contact(names: tuple[str, ...]) -> None:
    refused = through_nat(names, **SYN_ONLY, action="REJECT")[2]
    assert [row[-1] for row in told([refused], names, WITH_NAT)] == ["rejected"]


@BOTH
def test_a_probe_of_a_nat_gateway_from_outside_is_a_contact(names: tuple[str, ...]) -> None:
    knock = probe("203.0.113.9", NAT, 22, names, interface_id=AT_NAT)
    assert told([knock], names, WITH_NAT) == [("203.0.113.9", NAT, 22, "unanswered")]


def passed_on(names: tuple[str, ...], port: int, target: str = TARGET, **values: object) -> list[str]:
    """A client's SYN, logged on its way to the balancer and at the target, which sees the client's address."""
    return [
        probe("203.0.113.9", BALANCER, 443, names, interface_id="eni-net", srcport=port),
        probe("203.0.113.9", target, 8080, names, interface_id="eni-target", srcport=port, **values),
    ]


@BOTH
def test_a_client_of_a_dead_target_behind_a_balancer_failed_once(names: tuple[str, ...]) -> None:
    assert told(passed_on(names, 45000), names, WITH_BALANCER) == [("203.0.113.9", BALANCER, 443, "unanswered")]


@BOTH
def test_a_connection_that_the_rules_of_the_target_refused_is_rejected(names: tuple[str, ...]) -> None:
    lines = passed_on(names, 45000, action="REJECT")
    assert told(lines, names, WITH_BALANCER) == [("203.0.113.9", TARGET, 8080, "rejected")]


@BOTH
def test_many_dead_targets_are_one_failure_of_a_client(names: tuple[str, ...]) -> None:
    lines = [each for number in range(12) for each in passed_on(names, 45000 + number, f"10.0.1.{number + 5}")]
    assert told(lines, names, WITH_BALANCER) == [("203.0.113.9", BALANCER, 443, "unanswered")]


@BOTH
def test_a_scanner_with_a_fixed_port_is_not_taken_for_a_client_of_a_balancer(names: tuple[str, ...]) -> None:
    lines = [*passed_on(names, 45000), probe("203.0.113.9", "10.0.1.6", 8080, names, interface_id="eni-target")]
    assert len(told(lines, names, WITH_BALANCER)) == 3


@BOTH
def test_the_same_port_a_minute_later_is_another_connection(names: tuple[str, ...]) -> None:
    later = passed_on(names, 45000, start=NOON + 300, end=NOON + 310)
    assert len(told(later, names, WITH_BALANCER)) == 2


@BOTH
def test_a_connection_that_the_balancer_forwards_itself_is_the_clients_alone(names: tuple[str, ...]) -> None:
    own = exchange(BALANCER, TARGET, 8080, names, interface_id="eni-net")
    assert told(
        [*exchange("203.0.113.9", BALANCER, 443, names, interface_id="eni-net"), *own], names, WITH_BALANCER
    ) == [("203.0.113.9", BALANCER, 443, "answered")]
