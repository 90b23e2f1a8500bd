"""Which layers packets and their replies pass, and in which order."""

from dataclasses import replace

import pytest

from flowsentry.explain.packet import EPHEMERAL_PORTS, Packet
from flowsentry.explain.packet_path import forward_path, return_path
from flowsentry.findings.explanation import Judgement, Layer, Verdict
from tests.explain.company import ICMP, ICMPV6, TCP, acl, arriving, entry, leaving, rules

PACKET = Packet.of(arriving())


def layers(judgements: tuple[Judgement, ...]) -> list[str]:
    return [f"{'out' if each.is_egress else 'in'} {each.who}" for each in judgements]


def test_the_forward_path_leaves_the_sender_and_enters_the_receiver() -> None:
    assert layers(forward_path(PACKET, rules())) == [
        "out security group sg-api api-tier",
        "out network ACL acl-api api-b",
        "in network ACL acl-data data-b",
        "in security group sg-data data-tier",
    ]


def test_a_reply_passes_network_acls_only() -> None:
    replies = return_path(PACKET, rules())
    assert layers(replies) == ["out network ACL acl-data data-b", "in network ACL acl-api api-b"]
    assert {each.layer for each in replies} == {Layer.NETWORK_ACL}


def test_a_reply_goes_from_the_service_port_to_the_clients_port() -> None:
    out = leaving(1, "allow", "10.0.3.7/32", TCP, 40_000, 40_000)
    into = entry(1, "allow", "10.0.9.9/32", TCP, 40_000, 40_000)
    open_for_replies = rules(acl("data", out), acl("api", into))
    assert [each.verdict for each in return_path(PACKET, open_for_replies)] == [Verdict.ALLOWED] * 2
    other = replace(PACKET, source_ports=EPHEMERAL_PORTS)
    assert [each.verdict for each in return_path(other, open_for_replies)] == [Verdict.UNDETERMINED] * 2


@pytest.mark.parametrize(("protocol", "asks", "answers"), [(ICMP, 8, 0), (ICMPV6, 128, 129)])
def test_an_echo_request_is_answered_by_an_echo_reply(protocol: int, asks: int, answers: int) -> None:
    ping = replace(PACKET, protocol=protocol, icmp_type=asks, icmp_code=0)
    assert (ping.reply().icmp_type, ping.reply().icmp_code) == (answers, 0)


def test_an_icmp_message_that_is_no_request_has_no_reply() -> None:
    assert return_path(replace(PACKET, protocol=ICMP, icmp_type=3, icmp_code=4), rules()) == ()
    assert len(return_path(replace(PACKET, protocol=ICMP), rules())) == 2
