"""Which layers packets and their replies meet, and in which order."""

from dataclasses import replace

import pytest

from flowsentry.explain.packet import EPHEMERAL_PORTS, Packet
from flowsentry.explain.packet_path import back, there
from flowsentry.findings.explanation import Judgement, Layer, Verdict
from tests.explain.company import ICMP, ICMPV6, TCP, acl, arriving, entry, leaving, rules

PACKET = Packet.of(arriving())


def places(judgements: tuple[Judgement, ...]) -> list[str]:
    return [f"{'out' if each.is_egress else 'in'} {each.who}" for each in judgements]


def test_the_way_there_is_out_of_one_end_and_into_the_other() -> None:
    assert places(there(PACKET, rules())) == [
        "out sg-api api-tier",
        "out network acl acl-api api-b",
        "in network acl acl-data data-b",
        "in sg-data data-tier",
    ]


def test_the_reply_meets_network_acls_alone() -> None:
    replies = back(PACKET, rules())
    assert places(replies) == ["out network acl acl-data data-b", "in network acl acl-api api-b"]
    assert {each.layer for each in replies} == {Layer.NETWORK_ACL}


def test_a_reply_goes_from_the_port_that_was_called_to_the_clients_port() -> None:
    out = leaving(1, "allow", "10.0.3.7/32", TCP, 40_000, 40_000)
    into = entry(1, "allow", "10.0.9.9/32", TCP, 40_000, 40_000)
    open_for_replies = rules(acl("data", out), acl("api", into))
    assert [each.verdict for each in back(PACKET, open_for_replies)] == [Verdict.ALLOWED] * 2
    other = replace(PACKET, source_ports=EPHEMERAL_PORTS)
    assert [each.verdict for each in back(other, open_for_replies)] == [Verdict.UNTOLD] * 2


@pytest.mark.parametrize(("protocol", "asks", "answers"), [(ICMP, 8, 0), (ICMPV6, 128, 129)])
def test_an_echo_is_answered_by_an_echo_reply(protocol: int, asks: int, answers: int) -> None:
    ping = replace(PACKET, protocol=protocol, icmp_type=asks, icmp_code=0)
    assert (ping.reply().icmp_type, ping.reply().icmp_code) == (answers, 0)


def test_what_asks_nothing_is_not_answered() -> None:
    assert back(replace(PACKET, protocol=ICMP, icmp_type=3, icmp_code=4), rules()) == ()
    assert len(back(replace(PACKET, protocol=ICMP), rules())) == 2
