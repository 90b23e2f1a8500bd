"""Contacts of formats with tcp-flags: who opened, and what became of it."""

from typing import Any

import pytest

from flowsentry.contacts import contacts
from tests.builders import (
    DAY,
    FIN,
    NOON,
    RST,
    SYN,
    SYN_ACK,
    V5,
    VPC,
    blocked,
    enriched,
    exchange,
    line,
    probe,
    reset,
)

OUTSIDE, WEB = "203.0.113.9", "10.0.0.5"


def outcomes(*lines: str) -> dict[tuple[str, str, int], str]:
    """What became of each contact, by initiator, responder and port."""
    rows = contacts(enriched(lines)).iter_rows(named=True)
    return {(row["initiator"], row["responder"], row["responder_port"]): row["outcome"] for row in rows}


def outcome(*lines: str) -> str | None:
    """What became of the one contact from outside to port 443 of ours; None when there is none."""
    seen = outcomes(*lines)
    assert seen.keys() <= {(OUTSIDE, WEB, 443)}
    return seen.get((OUTSIDE, WEB, 443))


SYN_ALONE = probe(OUTSIDE, WEB, 443)
ANSWER = line(srcaddr=WEB, dstaddr=OUTSIDE, srcport=443, dstport=45000, packets=1, bytes=60, tcp_flags=SYN_ACK)


def test_a_syn_without_answer_is_unanswered() -> None:
    assert outcome(SYN_ALONE) == "unanswered"


def test_a_syn_that_a_rule_refused_is_rejected() -> None:
    assert outcome(blocked(OUTSIDE, WEB, 443)) == "rejected"


def test_a_syn_with_a_reset_back_is_refused() -> None:
    assert outcome(SYN_ALONE, reset(WEB, OUTSIDE, 443)) == "refused"


def test_a_syn_ack_answers_the_syn_that_is_in_the_batch() -> None:
    assert outcome(SYN_ALONE, ANSWER) == "answered"


def test_a_service_that_answers_and_then_resets_has_answered() -> None:
    assert outcome(SYN_ALONE, ANSWER, reset(WEB, OUTSIDE, 443)) == "answered"


def test_a_half_open_scan_finds_an_open_port_answered() -> None:
    closing = line(srcaddr=OUTSIDE, dstaddr=WEB, srcport=45000, dstport=443, packets=1, bytes=40, tcp_flags=RST)
    assert outcome(SYN_ALONE, ANSWER, closing) == "answered"
    assert outcome(probe(OUTSIDE, WEB, 443, packets=2, bytes=100, tcp_flags=SYN | RST), ANSWER) == "answered"


def test_a_connection_is_one_answered_contact_of_who_opened_it() -> None:
    assert outcome(*exchange(OUTSIDE, WEB, 443)) == "answered"


@pytest.mark.parametrize(
    "values",
    [
        {"tcp_flags": SYN | FIN, "packets": 4, "bytes": 200},
        {"tcp_flags": SYN | RST, "packets": 2, "bytes": 100},
        {"tcp_flags": SYN, "packets": 2, "bytes": 112},
        {"tcp_flags": SYN, "packets": 8, "bytes": 424},
        {"tcp_flags": SYN, "packets": 3, "bytes": 181},
        {"packets": 45, "bytes": 2700, "tcp_flags": SYN},
    ],
)
def test_a_record_of_the_initiator_with_more_than_syns_was_answered(values: dict[str, Any]) -> None:
    assert outcome(line(srcaddr=OUTSIDE, dstaddr=WEB, srcport=45000, dstport=443, **values)) == "answered"


@pytest.mark.parametrize(
    "values",
    [
        {"packets": 11, "bytes": 660},
        {"packets": 11, "bytes": 704},
        {"packets": 5, "bytes": 260},
        {"packets": 44, "bytes": 2640},
    ],
)
def test_repeated_syns_alone_are_unanswered(values: dict[str, Any]) -> None:
    assert outcome(probe(OUTSIDE, WEB, 443, **values)) == "unanswered"


@pytest.mark.parametrize(
    "late",
    [
        ANSWER,
        reset(WEB, OUTSIDE, 443),
        line(srcaddr=WEB, dstaddr=OUTSIDE, srcport=443, dstport=45000, tcp_flags=FIN, action="REJECT"),
        line(srcaddr=OUTSIDE, dstaddr=WEB, srcport=45000, dstport=443, tcp_flags=FIN, action="REJECT"),
        line(srcaddr=OUTSIDE, dstaddr=WEB, srcport=45000, dstport=443, tcp_flags=0),
        line(srcaddr=OUTSIDE, dstaddr=WEB, srcport=45000, dstport=443, tcp_flags=RST, packets=1, bytes=40),
    ],
    ids=["syn-ack", "reset", "late reply", "late packet", "later interval", "reset of the opener"],
)
def test_a_record_without_a_syn_in_the_batch_is_no_contact(late: str) -> None:
    assert outcome(late) is None


def test_over_ipv6_each_syn_has_twenty_bytes_more() -> None:
    ends: dict[str, Any] = {"source": "2001:db8::9", "target": "2001:db8:1::5", "port": 443}
    assert list(outcomes(probe(**ends, packets=3, bytes=240)).values()) == ["unanswered"]
    assert list(outcomes(probe(**ends, packets=3, bytes=241)).values()) == ["answered"]


@pytest.mark.parametrize("flags", [SYN, SYN | FIN, SYN | RST])
@pytest.mark.parametrize("size", [40, 80, 1400])
def test_a_single_packet_is_an_opening_whatever_it_carries(flags: int, size: int) -> None:
    assert outcome(probe(OUTSIDE, WEB, 443, tcp_flags=flags, bytes=size)) == "unanswered"


def test_a_size_of_syns_of_one_stack_and_acks_of_another_is_doubtful() -> None:
    either: dict[str, Any] = {"packets": 3, "bytes": 3 * 44}
    assert outcome(probe(OUTSIDE, WEB, 443, **either)) == "doubtful"
    assert outcome(probe(OUTSIDE, WEB, 443, **either), ANSWER) == "answered"
    assert outcome(blocked(OUTSIDE, WEB, 443, **either)) == "rejected"


def test_both_records_of_a_flow_inside_are_one_contact() -> None:
    one = probe("10.0.0.1", WEB, 443, interface_id="eni-1", flow_direction="egress")
    other = probe("10.0.0.1", WEB, 443, interface_id="eni-2")
    assert outcomes(one, other) == {("10.0.0.1", WEB, 443): "unanswered"}


def test_the_packets_addresses_are_the_ends_of_a_contact() -> None:
    behind_nat = probe("10.0.0.1", WEB, 443, pkt_srcaddr="10.0.7.7")
    assert outcomes(behind_nat) == {("10.0.7.7", WEB, 443): "unanswered"}


def test_a_contact_that_was_answered_on_one_day_may_fail_on_the_next() -> None:
    next_day = {"start": NOON + 86_400, "end": NOON + 86_430}
    rows = contacts(enriched([*exchange(OUTSIDE, WEB, 443), probe(OUTSIDE, WEB, 443, **next_day)]))
    assert sorted(rows.select("day", "outcome").rows()) == [(DAY, "answered"), (DAY + 1, "unanswered")]


def test_each_day_of_a_contact_is_a_row() -> None:
    seen = contacts(enriched([probe(OUTSIDE, WEB, 443), probe(OUTSIDE, WEB, 443, start=86_400, end=86_410)]))
    assert sorted(seen["day"]) == [1, 20454]
    assert set(seen["scope"]) == {VPC}


@pytest.mark.parametrize("missing", ["srcaddr", "dstaddr", "dstport", "protocol", "start"])
@pytest.mark.parametrize("is_null", [True, False], ids=["null", "not in the format"])
def test_a_record_without_a_part_of_the_key_is_no_contact(missing: str, is_null: bool) -> None:  # noqa: FBT001
    pkt = f"pkt-{missing}"
    names = V5 if is_null else tuple(name for name in V5 if name not in {missing, pkt})
    values = {missing: "-", pkt.replace("-", "_"): "-"}
    text = line(names, **{"tcp_flags": SYN, "packets": 1, "bytes": 60, "action": "REJECT"} | values)
    assert len(contacts(enriched([text], names))) == 0


def test_a_contact_without_an_end_was_last_seen_when_it_started() -> None:
    (row,) = contacts(enriched([probe(OUTSIDE, WEB, 443, end="-")])).iter_rows(named=True)
    assert row["last_seen"] == row["first_seen"]


WITHOUT_ACTION = tuple(name for name in V5 if name != "action")


def test_without_an_action_nothing_was_refused() -> None:
    lines = [
        probe(OUTSIDE, WEB, 22, WITHOUT_ACTION),
        probe(OUTSIDE, WEB, 23, WITHOUT_ACTION),
        reset(WEB, OUTSIDE, 23, WITHOUT_ACTION),
        *exchange(OUTSIDE, WEB, 443, WITHOUT_ACTION),
    ]
    rows = contacts(enriched(lines, WITHOUT_ACTION)).select("responder_port", "outcome").rows()
    assert dict(rows) == {22: "unanswered", 23: "refused", 443: "answered"}


def test_data_from_a_service_on_a_connection_opened_long_ago_is_an_answer() -> None:
    told = {"srcport": 5_432, "dstport": 45_000, "packets": 40, "bytes": 8_000, "tcp_flags": 0}
    seen = outcomes(line(srcaddr="10.0.1.5", dstaddr="10.0.0.9", **told))
    assert seen == {("10.0.0.9", "10.0.1.5", 5_432): "answered"}


@pytest.mark.parametrize(
    "told",
    [
        {"packets": 40, "bytes": 2_080},
        {"packets": 40, "bytes": 8_000, "tcp_flags": RST},
        {"packets": 40, "bytes": 8_000, "action": "REJECT"},
        {"packets": 40, "bytes": 8_000, "srcport": 45_001},
        {"packets": 40, "bytes": 8_000, "dstport": 443},
    ],
    ids=["acks", "reset", "refused", "no service", "two services"],
)
def test_other_later_intervals_are_no_answer(told: dict[str, object]) -> None:
    ends = {"srcaddr": "10.0.1.5", "dstaddr": "10.0.0.9", "srcport": 5_432, "dstport": 45_000, "tcp_flags": 0}
    assert outcomes(line(**ends | told)) == {}
