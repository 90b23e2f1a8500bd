"""Whether a network is within one of many."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.network_index import NetworkIndex
from flowsentry.inventory.source_address import Network, is_within

NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4, network="10.0.0.0/28"), st.integers(24, 32)),
    st.tuples(st.ip_addresses(v=6, network="2001:db8::/124"), st.integers(118, 128)),
).map(lambda pair: ipaddress.ip_network(f"{pair[0]}/{pair[1]}", strict=False))


@given(st.lists(NETWORKS, max_size=5), NETWORKS)
def test_the_index_finds_what_a_comparison_with_each_network_finds(networks: list[Network], other: Network) -> None:
    assert NetworkIndex.of(networks).contains(other) == is_within(str(other), networks)


def test_an_index_of_no_network_is_false_and_contains_nothing() -> None:
    assert not NetworkIndex()
    assert not NetworkIndex().contains(ipaddress.ip_network("0.0.0.0/0"))
    assert NetworkIndex.of([ipaddress.ip_network("0.0.0.0/0")]).contains(ipaddress.ip_network("203.0.113.1/32"))
