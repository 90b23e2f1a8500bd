"""UDP and ICMP have no handshake: a contact fails only by REJECT."""

import pytest

from flowsentry.contacts import contacts
from tests.builders import V2, V5, enriched, line

OUTSIDE, WEB = "203.0.113.9", "10.0.0.5"


def outcomes(names: tuple[str, ...], **values: object) -> list[str]:
    told = {"srcaddr": OUTSIDE, "dstaddr": WEB, "srcport": 45000, "tcp_flags": 0, "action": "REJECT"} | values
    seen = contacts(enriched([line(names, **told)], names))
    assert set(seen["initiator"]) <= {OUTSIDE}
    return seen["outcome"].to_list()


BOTH = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])


@BOTH
@pytest.mark.parametrize("port", [53, 161, 5060, 40000])
def test_a_rejected_datagram_is_a_rejected_contact(names: tuple[str, ...], port: int) -> None:
    assert outcomes(names, protocol=17, dstport=port) == ["rejected"]


@BOTH
@pytest.mark.parametrize("protocol", [1, 58])
def test_a_rejected_ping_is_a_rejected_contact(names: tuple[str, ...], protocol: int) -> None:
    assert outcomes(names, protocol=protocol, srcport=0, dstport=0) == ["rejected"]


@BOTH
@pytest.mark.parametrize("protocol", [1, 17, 47, 50, 58])
def test_accepted_datagrams_are_no_contacts(names: tuple[str, ...], protocol: int) -> None:
    assert outcomes(names, protocol=protocol, action="ACCEPT") == []


@BOTH
def test_a_late_answer_of_a_name_server_is_no_contact(names: tuple[str, ...]) -> None:
    assert outcomes(names, protocol=17, srcport=53, dstport=40000) == []


@BOTH
def test_other_protocols_have_no_contacts(names: tuple[str, ...]) -> None:
    assert outcomes(names, protocol=47) == []
