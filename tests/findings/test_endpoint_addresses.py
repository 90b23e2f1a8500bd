"""Members in clear: their place among others, what they tell, and that a merge keeps those that are shown."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.contacts import contacts
from flowsentry.findings.endpoint_addresses import in_clear, named, names_in, order_of
from flowsentry.findings.endpoints import endpoint_of, members
from flowsentry.findings.evidence import bottom, rank_of_member
from tests.builders import enriched, probe

numbers = st.integers(0, (1 << 56) - 1)
ADDRESS = "2001:db8:1::5"


@given(numbers, st.ip_addresses(v=6).map(str))
def test_a_member_in_clear_has_the_place_of_its_member(member: int, address: str) -> None:
    clear = in_clear(member, address)
    assert clear is not None
    assert rank_of_member(clear) == rank_of_member(member.to_bytes(7))


@given(st.sets(numbers, max_size=60), st.integers(1, 20))
def test_those_kept_in_clear_are_those_kept_first(known: set[int], size: int) -> None:
    clear = [in_clear(member, str(ipaddress.IPv6Address(member))) for member in known]
    kept = bottom([each for each in clear if each], size)
    assert {each[-7:] for each in kept} == bottom([member.to_bytes(7) for member in known], size)


def test_what_is_no_ipv6_address_has_no_member_in_clear() -> None:
    assert [in_clear(1, text) for text in ("-", "", "10.0.0.1", "2001:db8::/64")] == [None] * 4


def test_an_endpoint_gets_its_address_by_its_hash() -> None:
    flows = contacts(enriched([probe("2001:db8:9::9", ADDRESS, 22)]))
    (member,) = members(flows)
    clear = in_clear(member, ADDRESS)
    assert clear is not None
    end = endpoint_of(member.to_bytes(7))
    assert end.address is None
    assert str(end).startswith("IPv6 host ")
    assert str(named(end, names_in([clear]))) == "[2001:db8:1::5]:22/tcp"
    assert named(end, {}) == end


def test_endpoints_are_in_the_order_of_their_addresses_and_those_without_behind() -> None:
    hashed = endpoint_of(((0x80 + 6) << 48 | 1 << 16 | 22).to_bytes(7))
    ends = [hashed, *(hashed._replace(address=f"2001:db8::{host}") for host in ("a", "9", "10"))]
    assert [end.address for end in sorted(ends, key=order_of)] == [
        "2001:db8::9",
        "2001:db8::a",
        "2001:db8::10",
        None,
    ]
