"""Contacts at a transit gateway, whose flags tell ACKs too."""

import pytest

from flowsentry.contacts import contacts
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import (
    AT_GATEWAY,
    BACK_AT_GATEWAY,
    FIN,
    GATEWAY,
    OTHER_VPC,
    RST,
    SYN,
    SYN_ACK,
    VPC,
    enriched,
    gateway_line,
    probe,
)

HERE, THERE, PSH, ACK, URG = "10.0.0.1", "10.1.0.2", 8, 16, 32
SERVICE, OTHER_PORT = 5432, 33333


def at_gateway(*lines: str) -> dict[tuple[str, str, str, int], str]:
    """What became of each contact, by scope, initiator, responder and port."""
    rows = contacts(enriched(lines, TRANSIT_GATEWAY_NAMES)).iter_rows(named=True)
    return {
        tuple(row[name] for name in ("scope", "initiator", "responder", "responder_port")): row["outcome"]
        for row in rows
    }


def sent(flags: int, port: int = SERVICE, **values: object) -> str:
    """What the one who opened sent in an interval."""
    return gateway_line(srcaddr=HERE, dstaddr=THERE, dstport=port, tcp_flags=flags, **values)


def came_back(flags: int, port: int = SERVICE, **values: object) -> str:
    ends = {"srcaddr": THERE, "dstaddr": HERE, "srcport": port, "dstport": 40000}
    return gateway_line(**BACK_AT_GATEWAY | ends | {"tcp_flags": flags} | values)


TINY: dict[str, object] = {"packets": 1, "bytes": 60}


def outcome_at_gateway(*lines: str, port: int = SERVICE) -> str | None:
    """What became of the one contact from here to there; None when there is none."""
    seen = at_gateway(*lines)
    assert seen.keys() <= {(VPC, HERE, THERE, port)}
    return seen.get((VPC, HERE, THERE, port))


@pytest.mark.parametrize("port", [SERVICE, OTHER_PORT])
def test_at_a_gateway_as_elsewhere_a_syn_opens_a_syn_ack_answers_and_a_reset_refuses(port: int) -> None:
    opening = sent(SYN, port, **TINY)
    assert outcome_at_gateway(opening, port=port) == "unanswered"
    assert outcome_at_gateway(opening, came_back(SYN_ACK, port, **TINY), port=port) == "answered"
    assert outcome_at_gateway(opening, came_back(RST | ACK, port, **TINY), port=port) == "refused"


@pytest.mark.parametrize("flags", [SYN | ACK | PSH, SYN | ACK, SYN | ACK | PSH | FIN, SYN | ACK | PSH | URG])
def test_syn_and_ack_of_several_packets_to_a_service_port_are_from_the_initiator(flags: int) -> None:
    assert outcome_at_gateway(sent(flags)) == "answered"
    assert outcome_at_gateway(sent(flags), came_back(flags)) == "answered"


@pytest.mark.parametrize("flags", [SYN | ACK | PSH, SYN | ACK | PSH | FIN])
def test_between_other_ports_syn_and_ack_do_not_show_the_initiator(flags: int) -> None:
    assert outcome_at_gateway(sent(flags, OTHER_PORT), came_back(flags, OTHER_PORT), port=OTHER_PORT) is None


def test_a_single_packet_with_syn_and_ack_opens_nothing() -> None:
    assert outcome_at_gateway(sent(SYN | ACK, **TINY)) is None


def test_data_both_ways_in_one_record_each_answers_the_opening_of_an_interval_before() -> None:
    assert outcome_at_gateway(sent(SYN, OTHER_PORT, **TINY), came_back(26, OTHER_PORT), port=OTHER_PORT) == "answered"


@pytest.mark.parametrize("flags", [PSH | ACK, PSH | ACK | FIN, PSH | ACK | URG, 0])
def test_data_from_a_service_in_a_later_interval_of_a_long_connection_is_an_answer(flags: int) -> None:
    assert outcome_at_gateway(sent(flags), came_back(flags)) == "answered"
    assert at_gateway(sent(flags, OTHER_PORT), came_back(flags, OTHER_PORT)) == {}


@pytest.mark.parametrize("flags", [PSH | ACK, 0, PSH | ACK | RST])
def test_packets_of_the_client_in_a_later_interval_are_no_evidence(flags: int) -> None:
    assert at_gateway(sent(flags)) == {}
    assert at_gateway(sent(RST), came_back(RST)) == {}


def test_both_records_of_a_flow_through_a_gateway_are_one_contact() -> None:
    assert outcome_at_gateway(sent(SYN, **TINY), sent(SYN, **TINY, flow_direction="egress")) == "unanswered"


def test_packets_that_a_gateway_lost_are_not_refused() -> None:
    assert outcome_at_gateway(sent(SYN, **TINY, packets_lost_blackhole=1)) == "unanswered"


def test_a_record_without_one_attachment_is_a_contact() -> None:
    lost = {"log_status": "INCOMPLETEDATA", "tgw_dst_vpc_id": "-", "tgw_pair_attachment_id": "-"}
    assert outcome_at_gateway(sent(SYN, **TINY, **lost)) == "unanswered"


def test_the_scope_of_a_contact_is_that_of_its_initiator() -> None:
    back = came_back(SYN, 40000, **TINY)
    from_vpn = sent(SYN, **TINY, tgw_src_vpc_id="-")
    assert {scope for scope, *_ in at_gateway(sent(SYN, **TINY), back, from_vpn)} == {VPC, OTHER_VPC, GATEWAY}


def test_the_same_contact_in_the_vpcs_own_flow_logs_is_the_same() -> None:
    own = contacts(enriched([probe(HERE, THERE, SERVICE, flow_direction="egress")]))
    seen = contacts(enriched([probe(HERE, THERE, SERVICE, TRANSIT_GATEWAY_NAMES, **AT_GATEWAY)], TRANSIT_GATEWAY_NAMES))
    key = ["scope", "initiator", "responder", "responder_port", "protocol", "day", "outcome"]
    assert own.select(key).rows() == seen.select(key).rows()


def test_the_same_address_in_two_vpcs_opens_two_contacts() -> None:
    seen = at_gateway(sent(SYN, **TINY), sent(SYN, **TINY, tgw_src_vpc_id="vpc-third"))
    assert {scope for scope, *_ in seen} == {VPC, "vpc-third"}
