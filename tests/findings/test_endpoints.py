"""Endpoints encoded as members of sets, and decoded."""

import ipaddress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.contacts import contacts
from flowsentry.findings.endpoints import (
    MEMBER_BYTES,
    addresses_by_hash,
    endpoint_of,
    members,
    rank,
    rank_of,
    sort_key,
    with_address,
    with_known_address,
)
from flowsentry.findings.evidence import bottom, rank_of_member
from tests.builders import enriched, probe

protocols = st.sampled_from([1, 6, 17, 47, 58, 63])
ports = st.integers(0, 65535)


def member_of(protocol: int, address: str, port: int, *, is_inside: bool = False) -> bytes:
    contacts = pl.DataFrame(
        {
            "protocol": pl.Series([protocol], dtype=pl.UInt8),
            "responder": pl.Series([address], dtype=pl.Categorical),
            "responder_port": pl.Series([port], dtype=pl.UInt16),
            "responder_is_inside": [is_inside],
        }
    )
    return int(members(contacts).item()).to_bytes(MEMBER_BYTES)


@given(protocols, st.ip_addresses(v=4).map(str), ports)
def test_an_ipv4_member_decodes_to_its_endpoint(protocol: int, address: str, port: int) -> None:
    endpoint = endpoint_of(member_of(protocol, address, port))
    assert (endpoint.protocol, endpoint.address, endpoint.port) == (protocol, address, port)


@given(protocols, st.ip_addresses(v=6).map(str), ports)
def test_an_ipv6_member_has_protocol_port_and_a_hash_of_the_host(protocol: int, address: str, port: int) -> None:
    endpoint = endpoint_of(member_of(protocol, address, port))
    assert (endpoint.protocol, endpoint.address, endpoint.port) == (protocol, None, port)
    assert endpoint.host == endpoint_of(member_of(6, address, 1)).host


@given(protocols, st.ip_addresses(v=6).map(str), st.booleans())
def test_an_ipv6_member_says_whether_the_address_was_internal(protocol: int, address: str, is_inside: bool) -> None:  # noqa: FBT001 - drawn
    endpoint = endpoint_of(member_of(protocol, address, 22, is_inside=is_inside))
    assert (endpoint.is_inside, endpoint.protocol) == (is_inside, protocol)


def test_an_ipv4_member_is_the_same_for_internal_and_external_addresses() -> None:
    assert member_of(6, "192.0.2.1", 22, is_inside=True) == member_of(6, "192.0.2.1", 22)


@given(st.lists(st.integers(0, (1 << 56) - 1), min_size=1))
def test_the_rank_of_a_column_is_the_rank_of_each_value(values: list[int]) -> None:
    column = pl.DataFrame({"member": pl.Series(values, dtype=pl.UInt64)})
    assert column.select(rank_of(pl.col("member"))).to_series().to_list() == [rank(value) for value in values]


@pytest.mark.parametrize(
    ("protocol", "address", "text"),
    [
        (6, "192.0.2.1", "192.0.2.1:443/tcp"),
        (17, "192.0.2.1", "192.0.2.1:443/udp"),
        (47, "192.0.2.1", "192.0.2.1:443/gre"),
        (61, "192.0.2.1", "192.0.2.1:443/61"),
    ],
)
def test_the_text_of_an_endpoint(protocol: int, address: str, text: str) -> None:
    assert str(endpoint_of(member_of(protocol, address, 443))) == text


def test_the_text_of_an_ipv6_endpoint_has_its_address_or_its_hash() -> None:
    assert str(endpoint_of(member_of(6, "2001:db8::1", 443))).startswith("IPv6 host ")


def test_ranks_are_pinned_because_stored_sets_depend_on_them() -> None:
    assert [rank(0), rank(1)] == [0xE220A8397B1DCDAF, 0x910A2DEC89025CC1]
    https_of_10_0_0_1 = 0x060A00000101BB
    assert rank(https_of_10_0_0_1) == 0x69AD048EDE3C75DD


numbers = st.integers(0, (1 << 56) - 1)
ADDRESS = "2001:db8:1::5"


@given(numbers, st.ip_addresses(v=6).map(str))
def test_a_member_with_an_address_has_the_rank_of_its_member(member: int, address: str) -> None:
    clear = with_address(member, address)
    assert clear is not None
    assert rank_of_member(clear) == rank_of_member(member.to_bytes(7))


@given(st.sets(numbers, max_size=60), st.integers(1, 20))
def test_addresses_are_kept_of_the_members_with_the_smallest_ranks(known: set[int], size: int) -> None:
    clear = [with_address(member, str(ipaddress.IPv6Address(member))) for member in known]
    kept = bottom([each for each in clear if each], size)
    assert {each[-7:] for each in kept} == bottom([member.to_bytes(7) for member in known], size)


def test_an_invalid_ipv6_address_has_no_member_with_an_address() -> None:
    assert [with_address(1, text) for text in ("-", "", "10.0.0.1", "2001:db8::/64")] == [None] * 4


def test_an_endpoint_gets_its_address_by_its_hash() -> None:
    flows = contacts(enriched([probe("2001:db8:9::9", ADDRESS, 22)]))
    (member,) = members(flows)
    clear = with_address(member, ADDRESS)
    assert clear is not None
    end = endpoint_of(member.to_bytes(7))
    assert end.address is None
    assert str(end).startswith("IPv6 host ")
    assert str(with_known_address(end, addresses_by_hash([clear]))) == "[2001:db8:1::5]:22/tcp"
    assert with_known_address(end, {}) == end


def test_endpoints_are_sorted_by_address_and_those_without_an_address_are_last() -> None:
    hashed = endpoint_of(((0x80 + 6) << 48 | 1 << 16 | 22).to_bytes(7))
    ends = [hashed, *(hashed._replace(address=f"2001:db8::{host}") for host in ("a", "9", "10"))]
    assert [end.address for end in sorted(ends, key=sort_key)] == [
        "2001:db8::9",
        "2001:db8::a",
        "2001:db8::10",
        None,
    ]
