"""Replies that a network ACL refused, and all that only looks like them."""

from typing import Any

import pytest

from flowsentry.contacts import ContactAggregator, aggregate, contacts
from flowsentry.contacts.replies import MAX_TRACKED_SECONDS
from tests.builders import FIN, INTERFACE, NOON, RST, SYN, SYN_ACK, V2, V5, enriched, exchange, line

CLIENT, SERVER, OUTSIDE = "10.0.0.7", "10.0.0.5", "203.0.113.9"
BOTH = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
TCP, UDP, ICMP = 6, 17, 1
Row = tuple[str, str, int, int, str, str | None]


def seen(*lines: str, names: tuple[str, ...] = V5) -> list[Row]:
    columns = ("initiator", "responder", "responder_port", "protocol", "outcome", "reply_refused_at")
    return sorted(contacts(enriched(lines, names)).select(columns).rows())


def asks(names: tuple[str, ...] = V5, **values: object) -> str:
    """A SYN and two more that the rules of the server's interface let through."""
    told = {"srcaddr": OUTSIDE, "dstaddr": SERVER, "srcport": 45000, "dstport": 443, "packets": 3, "bytes": 180}
    return line(names, **told | {"tcp_flags": SYN, "flow_direction": "ingress"} | values)


def replies(names: tuple[str, ...] = V5, **values: object) -> str:
    """The SYN-ACKs to it, which rules of the same interface refused."""
    told = {"srcaddr": SERVER, "dstaddr": OUTSIDE, "srcport": 443, "dstport": 45000, "packets": 3, "bytes": 180}
    return line(names, **told | {"tcp_flags": SYN_ACK, "action": "REJECT"} | values)


@BOTH
def test_an_accepted_syn_with_a_refused_syn_ack_is_unanswered_with_a_refused_reply(
    names: tuple[str, ...],
) -> None:
    assert seen(asks(names), replies(names), names=names) == [(OUTSIDE, SERVER, 443, TCP, "unanswered", INTERFACE)]


@BOTH
def test_a_syn_ack_that_the_clients_network_acl_refuses_is_a_refused_reply(names: tuple[str, ...]) -> None:
    ours = {"srcaddr": CLIENT, "dstaddr": OUTSIDE, "flow_direction": "egress"}
    back = {"srcaddr": OUTSIDE, "dstaddr": CLIENT, "flow_direction": "ingress"}
    rows = seen(asks(names, **ours), replies(names, **back), names=names)
    assert rows == [(CLIENT, OUTSIDE, 443, TCP, "unanswered", INTERFACE)]


@BOTH
def test_a_reply_accepted_at_the_server_and_refused_at_the_client_is_a_refused_reply(names: tuple[str, ...]) -> None:
    ends = {"srcaddr": CLIENT, "interface_id": "eni-client"}
    back = {"dstaddr": CLIENT, "interface_id": "eni-client", "flow_direction": "ingress"}
    at_server = [asks(names, srcaddr=CLIENT), replies(names, dstaddr=CLIENT, action="ACCEPT")]
    rows = seen(asks(names, **ends, flow_direction="egress"), replies(names, **back), *at_server, names=names)
    assert rows == [(CLIENT, SERVER, 443, TCP, "answered", "eni-client")]


@BOTH
@pytest.mark.parametrize(
    "lines",
    [
        lambda names: [replies(names)],
        lambda names: [asks(names, action="REJECT"), replies(names)],
        lambda names: [asks(names), replies(names), replies(names, action="ACCEPT")],
        lambda names: [asks(names, srcport=45001), replies(names)],
        lambda names: [asks(names, interface_id="eni-other"), replies(names)],
        lambda names: [asks(names, packets=12, bytes=6400, tcp_flags=SYN | FIN), replies(names)],
        lambda names: [asks(names), replies(names, tcp_flags=FIN, packets=2, bytes=104)],
        lambda names: [asks(names), replies(names, tcp_flags=RST, packets=1, bytes=40)],
        lambda names: [asks(names), replies(names, tcp_flags=0, packets=4, bytes=2400)],
    ],
    ids=[
        "backscatter",
        "the syn was refused too",
        "a reply was accepted",
        "another connection",
        "another interface",
        "data was sent",
        "a late end",
        "a late reset",
        "late data",
    ],
)
def test_other_records_are_no_refused_replies(names: tuple[str, ...], lines: Any) -> None:
    assert {row[-1] for row in seen(*lines(names), names=names)} <= {None}


@BOTH
def test_late_packets_of_a_closed_connection_are_no_refused_replies(names: tuple[str, ...]) -> None:
    closed = exchange(OUTSIDE, SERVER, 443, names)
    late = replies(names, tcp_flags=FIN, packets=2, bytes=104, start=NOON + 40, end=NOON + 50)
    assert seen(*closed, late, names=names) == [(OUTSIDE, SERVER, 443, TCP, "answered", None)]


@BOTH
def test_late_packets_of_a_tiny_connection_are_no_refused_replies_even_without_its_replies(
    names: tuple[str, ...],
) -> None:
    tiny = asks(names, packets=2, bytes=112, tcp_flags=SYN)
    late = replies(names, tcp_flags=FIN, packets=2, bytes=104)
    assert [row[-1] for row in seen(tiny, late, names=names)] == [None]


def test_a_refused_reply_is_found_beside_connections_that_work() -> None:
    too_high = {"srcport": 61001}
    rows = seen(*exchange(OUTSIDE, SERVER, 443), asks(**too_high), replies(dstport=61001))
    assert rows == [(OUTSIDE, SERVER, 443, TCP, "answered", INTERFACE)]


def pinged(names: tuple[str, ...] = V5, **values: object) -> str:
    told = {
        "srcaddr": OUTSIDE,
        "dstaddr": SERVER,
        "srcport": 0,
        "dstport": 0,
        "protocol": ICMP,
        "packets": 4,
        "bytes": 336,
    }
    return line(names, **told | {"tcp_flags": 0, "start": NOON, "end": NOON + 115} | values)


def pong(names: tuple[str, ...] = V5, **values: object) -> str:
    ends = {"srcaddr": SERVER, "dstaddr": OUTSIDE, "action": "REJECT", "start": NOON + 67}
    return pinged(names, **ends | values)


@BOTH
def test_the_example_of_aws_is_a_refused_reply(names: tuple[str, ...]) -> None:
    assert seen(pinged(names), pong(names), names=names) == [(OUTSIDE, SERVER, 0, ICMP, "unanswered", INTERFACE)]


@BOTH
def test_a_refused_reply_to_an_ipv6_ping_is_found(names: tuple[str, ...]) -> None:
    ends = {"srcaddr": "2001:db8::9", "dstaddr": "fd00::5", "protocol": 58}
    back = {"srcaddr": "fd00::5", "dstaddr": "2001:db8::9", "protocol": 58}
    assert [row[-2:] for row in seen(pinged(names, **ends), pong(names, **back), names=names)] == [
        ("unanswered", INTERFACE)
    ]


@BOTH
@pytest.mark.parametrize("port", [53, 40123])
def test_a_datagram_with_a_refused_reply_is_unanswered_with_a_refused_reply(names: tuple[str, ...], port: int) -> None:
    rows = seen(
        pinged(names, protocol=UDP, srcport=45000, dstport=port),
        pong(names, protocol=UDP, srcport=port, dstport=45000),
        names=names,
    )
    assert rows == [(OUTSIDE, SERVER, port, UDP, "unanswered", INTERFACE)]


@BOTH
def test_a_refused_answer_of_a_name_server_outside_is_found(names: tuple[str, ...]) -> None:
    question = pinged(names, srcaddr=CLIENT, dstaddr=OUTSIDE, protocol=UDP, srcport=45000, dstport=53)
    answer = pong(names, srcaddr=OUTSIDE, dstaddr=CLIENT, protocol=UDP, srcport=53, dstport=45000)
    assert seen(question, answer, names=names) == [(CLIENT, OUTSIDE, 53, UDP, "unanswered", INTERFACE)]


@BOTH
@pytest.mark.parametrize(
    "lines",
    [
        lambda names: [pinged(names)],
        lambda names: [pinged(names), pong(names), pong(names, action="ACCEPT")],
        lambda names: [pinged(names, action="REJECT"), pong(names)],
        lambda names: [pinged(names, interface_id="eni-other"), pong(names)],
        lambda names: [pinged(names), pong(names, start=NOON - 1)],
        lambda names: [pinged(names), pong(names, start=NOON + 115 + MAX_TRACKED_SECONDS, end=NOON + 160)],
    ],
    ids=["no reply", "a reply was accepted", "refused itself", "another interface", "before", "long after"],
)
def test_other_datagrams_are_no_refused_replies(names: tuple[str, ...], lines: Any) -> None:
    assert {row[-1] for row in seen(*lines(names), names=names)} <= {None}


@BOTH
def test_an_endpoint_that_replies_to_many_is_no_initiator(names: tuple[str, ...]) -> None:
    clients = [f"10.0.1.{number}" for number in range(20)]
    lines = [each for client in clients for each in (pinged(names, srcaddr=client), pong(names, dstaddr=client))]
    assert {row[0] for row in seen(*lines, names=names)} == set(clients)


@BOTH
def test_a_refused_reply_is_found_in_any_chunk(names: tuple[str, ...]) -> None:
    chunks = [pong(names)], [asks(names)], [pinged(names)], [replies(names)]
    aggregator = ContactAggregator()
    for lines in chunks:
        aggregate(enriched(lines, names), aggregator)
    told = aggregator.settle().contacts
    assert sorted(told.select("protocol", "reply_refused_at").rows()) == [(ICMP, INTERFACE), (TCP, INTERFACE)]


def test_beyond_the_limit_datagrams_are_dropped_by_pairs_of_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flowsentry.contacts.replies.MAX_DATAGRAMS", 20)
    clients = [f"10.0.2.{number}" for number in range(64)]
    refused = [each for client in clients for each in (pinged(srcaddr=client), pong(dstaddr=client))]
    answered = [pong(dstaddr=client, action="ACCEPT") for client in clients]
    assert {row[-1] for row in seen(*refused, *answered)} == {None}
    assert 0 < sum(row[-1] is not None for row in seen(*refused)) <= 20
