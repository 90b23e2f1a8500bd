"""Contacts of the default format, without tcp-flags: never a guess dressed as a fact."""

import polars as pl
import pytest

from flowsentry.contacts import ContactAggregator, aggregate, contacts
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import (
    BACK_AT_GATEWAY,
    NOON,
    OTHER_VPC,
    V2,
    VPC,
    enriched,
    exchange,
    gateway_line,
    line,
)

OUTSIDE, WEB, DATABASE = "203.0.113.9", "10.0.0.5", "10.0.0.6"
Ends = tuple[str, int, str, int]


def small(ends: Ends, size: int = 60, packets: int = 1, **values: object) -> str:
    source, source_port, target, port = ends
    told = {"srcaddr": source, "srcport": source_port, "dstaddr": target, "dstport": port, "packets": packets}
    return line(V2, **told, bytes=size * packets, **values)


def back(ends: Ends) -> Ends:
    source, source_port, target, port = ends
    return target, port, source, source_port


def outcomes(*lines: str) -> list[tuple[str, str, int, str]]:
    columns = ("initiator", "responder", "responder_port", "outcome")
    # A second peer of the same interface, so that its own address is known.
    other = exchange("192.0.2.77", WEB, 22, V2)
    rows = contacts(enriched([*lines, *other], V2)).select(columns).rows()
    return sorted(row for row in rows if row[0] != "192.0.2.77")


PROBE: Ends = (OUTSIDE, 45000, WEB, 443)


def test_a_syn_to_a_service_port_without_answer_is_unanswered() -> None:
    assert outcomes(small(PROBE)) == [(OUTSIDE, WEB, 443, "unanswered")]


def test_a_syn_to_a_service_port_that_a_rule_refused_is_rejected() -> None:
    assert outcomes(small(PROBE, action="REJECT")) == [(OUTSIDE, WEB, 443, "rejected")]


def test_a_bare_packet_back_is_a_refusal() -> None:
    assert outcomes(small(PROBE), small(back(PROBE), 40)) == [(OUTSIDE, WEB, 443, "refused")]


def test_each_of_several_calls_between_unlisted_ports_has_its_own_reply() -> None:
    calls: list[Ends] = [(WEB, 45_000 + number, f"192.0.2.{number}", 33_333) for number in range(3)]
    replied = [small(each) for each in calls] + [small(back(each), 40) for each in calls]
    assert [outcome for *_, outcome in outcomes(*replied)] == ["refused"] * 3


def test_more_than_a_bare_packet_back_is_an_answer() -> None:
    assert outcomes(small(PROBE), small(back(PROBE), 60)) == [(OUTSIDE, WEB, 443, "answered")]


def test_more_bare_packets_back_than_were_sent_are_doubtful() -> None:
    assert outcomes(small(PROBE), small(back(PROBE), 40, packets=3)) == [(OUTSIDE, WEB, 443, "doubtful")]


def test_data_towards_a_service_is_answered() -> None:
    assert outcomes(small(PROBE, 500, 4)) == [(OUTSIDE, WEB, 443, "answered")]
    assert outcomes(small(PROBE, 60, 12)) == [(OUTSIDE, WEB, 443, "answered")]


@pytest.mark.parametrize(("size", "packets"), [(60, 7), (60, 11), (64, 11), (48, 2), (44, 5), (72, 2), (40, 2)])
def test_a_size_of_syns_of_some_stack_is_an_opening(size: int, packets: int) -> None:
    assert outcomes(small(PROBE, size, packets)) == [(OUTSIDE, WEB, 443, "unanswered")]
    assert outcomes(small(PROBE, size, packets, action="REJECT")) == [(OUTSIDE, WEB, 443, "rejected")]


@pytest.mark.parametrize(("size", "packets"), [(52, 10), (52, 6), (54, 4), (56, 2), (64, 12), (82, 2)])
def test_a_size_that_no_stack_sends_as_syns_is_answered(size: int, packets: int) -> None:
    assert outcomes(small(PROBE, size, packets)) == [(OUTSIDE, WEB, 443, "answered")]


@pytest.mark.parametrize("packets", [1, 3, 5])
def test_windows_syns_of_the_size_of_linux_keep_alives_are_doubtful_until_a_reply(
    packets: int,
) -> None:
    ours: Ends = (WEB, 45000, "192.0.2.1", 443)
    there = small(ours, 52, packets)
    assert outcomes(there) == [(WEB, "192.0.2.1", 443, "doubtful")]
    assert outcomes(there, small(back(ours), 52, packets)) == [(WEB, "192.0.2.1", 443, "answered")]
    assert outcomes(there, small(back(ours), 40, packets)) == [(WEB, "192.0.2.1", 443, "doubtful")]


def test_three_such_refused_packets_are_a_windows_client_and_fewer_from_inside_late_packets() -> None:
    ours: Ends = (WEB, 45000, "192.0.2.1", 443)
    assert outcomes(small(ours, 52, 3, action="REJECT")) == [(WEB, "192.0.2.1", 443, "rejected")]
    assert outcomes(small(ours, 52, 2, action="REJECT")) == []
    assert outcomes(small(PROBE, 52, 2, action="REJECT")) == [(OUTSIDE, WEB, 443, "rejected")]


def test_the_size_of_each_record_of_a_conversation_counts() -> None:
    ends: Ends = (OUTSIDE, 45000, WEB, 33333)
    cut = (small(ends, 60, 10), small(ends, 60, 1, start=NOON + 67))
    twice = (*cut, *(small(ends, 60, each, start=NOON, interface_id="eni-2") for each in (10, 1)))
    assert outcomes(*twice) == [(OUTSIDE, WEB, 33333, "unanswered")]
    assert outcomes(*twice, small(ends, 900, 4)) == []


def test_a_reply_alone_is_no_contact() -> None:
    for reply in (small(back(PROBE), 40), small(back(PROBE), 60), small(back(PROBE), 700, 9)):
        assert outcomes(reply) == []


def test_late_replies_of_a_database_are_no_contacts_of_it() -> None:
    late = [small((DATABASE, 5432, WEB, 40000 + number), 52, action="REJECT") for number in range(20)]
    assert outcomes(*late) == []


def test_late_data_of_a_closed_connection_is_no_contact() -> None:
    assert outcomes(small(PROBE, 900, 3, action="REJECT")) == []


def test_bare_packets_both_ways_are_the_tail_of_a_connection_of_ours() -> None:
    ours: Ends = (WEB, 45000, "192.0.2.1", 443)
    assert outcomes(small(ours, 40), small(back(ours), 40)) == []


def test_bare_packets_both_ways_from_outside_are_a_refused_probe() -> None:
    assert outcomes(small(PROBE, 40), small(back(PROBE), 40)) == [(OUTSIDE, WEB, 443, "refused")]


def test_between_two_high_ports_the_earlier_one_opened() -> None:
    ends: Ends = (OUTSIDE, 45000, WEB, 33333)
    lines = (small(ends, start=NOON), small(back(ends), 40, start=NOON + 1))
    assert outcomes(*lines) == [(OUTSIDE, WEB, 33333, "refused")]


def test_a_conversation_between_two_high_ports_was_first_seen_when_it_was_opened() -> None:
    ends: Ends = (OUTSIDE, 45000, WEB, 33333)
    rows = contacts(enriched([small(ends, 500, 4), small(back(ends), 500, 4, start=NOON + 20)], V2))
    assert rows.select("initiator", "outcome", "first_seen").rows() == [(OUTSIDE, "answered", NOON)]


def test_between_two_high_ports_at_the_same_second_the_higher_one_opened() -> None:
    ends: Ends = (OUTSIDE, 45000, WEB, 33333)
    assert outcomes(small(ends), small(back(ends), 400, 9)) == [(OUTSIDE, WEB, 33333, "answered")]


def test_a_high_port_from_an_ephemeral_port_is_a_probe() -> None:
    assert outcomes(small((OUTSIDE, 45000, WEB, 33333))) == [(OUTSIDE, WEB, 33333, "unanswered")]


def test_a_possible_late_reply_from_outside_is_doubtful() -> None:
    assert outcomes(small((OUTSIDE, 8080, WEB, 33333))) == [(OUTSIDE, WEB, 33333, "doubtful")]
    assert outcomes(small((OUTSIDE, 20000, WEB, 33333))) == [(OUTSIDE, WEB, 33333, "doubtful")]


def test_a_possible_late_reply_from_inside_is_no_contact() -> None:
    assert outcomes(small((WEB, 8080, "192.0.2.1", 33333))) == []


CALL: Ends = (WEB, 45000, "192.0.2.1", 8443)


def test_a_record_from_a_high_service_port_that_matches_our_opening_is_a_reply() -> None:
    assert outcomes(small(CALL), small(back(CALL), 60)) == [(WEB, "192.0.2.1", 8443, "answered")]
    assert outcomes(small(CALL), small(back(CALL), 40)) == [(WEB, "192.0.2.1", 8443, "refused")]
    assert outcomes(small(CALL, 54, 4), small(back(CALL), 54, 3)) == [(WEB, "192.0.2.1", 8443, "answered")]


@pytest.mark.parametrize("later", [[], [exchange("192.0.2.77", WEB, 22, V2)]], ids=["last", "before another"])
def test_a_reply_in_another_chunk_than_its_opening_is_a_reply(later: list[list[str]]) -> None:
    into = ContactAggregator()
    for chunk in ([small(CALL)], [small(back(CALL), 60)], *later):
        aggregate(enriched(chunk, V2), into)
    found = into.settle().contacts.filter(pl.col("initiator") == WEB)
    assert found.select("responder", "responder_port", "outcome").rows() == [("192.0.2.1", 8443, "answered")]


def test_a_refused_record_of_that_kind_is_neither_reply_nor_contact() -> None:
    assert outcomes(small(CALL), small(back(CALL), 40, action="REJECT")) == [(WEB, "192.0.2.1", 8443, "unanswered")]


def test_a_record_to_another_port_stays_doubtful() -> None:
    stray = small((CALL[2], CALL[3], WEB, 33333))
    assert (CALL[2], WEB, 33333, "doubtful") in outcomes(small(CALL), stray)


def test_keep_alives_with_a_byte_of_data_are_no_refused_contact() -> None:
    for ends in (CALL, (WEB, 45000, "192.0.2.1", 443), PROBE):
        assert outcomes(small(ends, 41), small(back(ends), 40)) == []
    outside: Ends = (OUTSIDE, 45000, WEB, 443)
    assert outcomes(small(outside, 40), small(back(outside), 41)) == [(OUTSIDE, WEB, 443, "answered")]


def test_replies_from_a_privileged_port_are_no_contacts() -> None:
    assert outcomes(*(small((OUTSIDE, 80, WEB, 40000 + number)) for number in range(20))) == []


def test_a_long_exchange_between_high_ports_is_answered() -> None:
    ends: Ends = (OUTSIDE, 45000, WEB, 33333)
    lines = [small(ends, 800, 30), small(back(ends), 900, 30, start=NOON + 1)]
    assert outcomes(*lines) == [(OUTSIDE, WEB, 33333, "answered")]


WITHOUT_FLAGS = tuple(name for name in TRANSIT_GATEWAY_NAMES if name != "tcp-flags")


def at_gateway(*lines: str) -> list[tuple[object, ...]]:
    columns = ("scope", "initiator", "responder", "responder_port", "outcome")
    return sorted(contacts(enriched(lines, WITHOUT_FLAGS)).select(columns).rows())


def through(ends: Ends, size: int = 60, packets: int = 1, **values: object) -> str:
    source, source_port, target, port = ends
    told = {"srcaddr": source, "srcport": source_port, "dstaddr": target, "dstport": port, "packets": packets}
    return gateway_line(WITHOUT_FLAGS, **told, bytes=size * packets, **values)


def back_through(ends: Ends, size: int = 60, packets: int = 1) -> str:
    source, source_port, target, port = back(ends)
    told = {"srcaddr": source, "srcport": source_port, "dstaddr": target, "dstport": port, "packets": packets}
    return gateway_line(WITHOUT_FLAGS, **BACK_AT_GATEWAY | told | {"bytes": size * packets})


TO_SERVICE: Ends = (DATABASE, 45000, "10.1.0.5", 443)
TO_HIGH_PORT: Ends = (DATABASE, 45000, "10.1.0.5", 33333)


def test_at_a_gateway_without_flags_ports_show_the_initiator_and_sizes_the_outcome() -> None:
    contact = (VPC, DATABASE, "10.1.0.5", 443)
    assert at_gateway(through(TO_SERVICE)) == [(*contact, "unanswered")]
    assert at_gateway(through(TO_SERVICE), back_through(TO_SERVICE, 40)) == [(*contact, "refused")]
    assert at_gateway(through(TO_SERVICE, 700, 9)) == [(*contact, "answered")]


def test_both_directions_of_a_conversation_through_a_gateway_find_each_other() -> None:
    contact = (VPC, DATABASE, "10.1.0.5", 33333)
    assert at_gateway(through(TO_HIGH_PORT), back_through(TO_HIGH_PORT, 400, 9)) == [(*contact, "answered")]
    assert at_gateway(through(TO_HIGH_PORT), back_through(TO_HIGH_PORT, 40)) == [(*contact, "refused")]


def test_conversations_of_the_same_addresses_in_two_vpcs_are_separate() -> None:
    lines = [
        through(TO_HIGH_PORT),
        through(TO_HIGH_PORT, tgw_src_vpc_id="vpc-third"),
        back_through(TO_HIGH_PORT, 400, 9),
    ]
    assert at_gateway(*lines) == [
        (VPC, DATABASE, "10.1.0.5", 33333, "answered"),
        ("vpc-third", DATABASE, "10.1.0.5", 33333, "unanswered"),
    ]


def test_an_initiator_on_the_other_side_is_in_the_scope_of_that_side() -> None:
    ends: Ends = ("10.1.0.5", 45000, DATABASE, 33333)
    there = gateway_line(
        WITHOUT_FLAGS,
        **BACK_AT_GATEWAY | {"srcaddr": ends[0], "srcport": ends[1], "dstaddr": ends[2], "dstport": ends[3]},
        packets=1,
        bytes=60,
    )
    assert at_gateway(there) == [(OTHER_VPC, "10.1.0.5", DATABASE, 33333, "unanswered")]
