"""Bursts of packets of a connection."""

from hypothesis import given
from hypothesis import strategies as st

from local.traffic.company.network import Peer
from local.traffic.connections import (
    FIN,
    NOTHING,
    RST,
    SYN,
    SYN_ACK,
    Burst,
    Connection,
    Outcome,
    Volume,
    received_bursts,
    sent_bursts,
)

volumes = st.builds(Volume, st.integers(1, 5000), st.integers(40, 10_000_000))
connections = st.builds(
    Connection,
    at=st.integers(1_700_000_000, 1_800_000_000).map(float),
    client=st.just(Peer("192.0.2.1")),
    server=st.just(Peer("203.0.113.1")),
    client_port=st.integers(1024, 65535),
    server_port=st.integers(1, 65535),
    outcome=st.just(Outcome.ANSWERED),
    sent=volumes,
    received=volumes,
    protocol=st.sampled_from([6, 17]),
    seconds=st.floats(0, 7200),
)


def total(bursts: list[Burst]) -> Volume:
    return Volume(sum(burst.packets for burst in bursts), sum(burst.bytes for burst in bursts))


def flags(bursts: list[Burst]) -> int:
    bits = 0
    for burst in bursts:
        bits |= burst.flags
    return bits


def attempt(outcome: Outcome, packets: int, received: Volume = NOTHING) -> Connection:
    ends = Peer("192.0.2.1"), Peer("203.0.113.1")
    return Connection(1e9, *ends, 40000, 22, outcome, Volume(packets, 60 * packets), received)


@given(connections)
def test_bursts_add_up_to_the_connection(connection: Connection) -> None:
    assert total(sent_bursts(connection)) == connection.sent
    assert total(received_bursts(connection)) == connection.received


@given(connections)
def test_bursts_are_within_the_connection_in_order(connection: Connection) -> None:
    times = [burst.at for burst in sent_bursts(connection)]
    assert times == sorted(times)
    assert times[0] == connection.at
    assert times[-1] <= connection.at + connection.seconds + 1e-3


@given(connections)
def test_an_answered_tcp_connection_has_syn_syn_ack_and_fin_and_udp_has_no_flags(connection: Connection) -> None:
    is_tcp = connection.protocol == 6
    assert flags(sent_bursts(connection)) == (SYN | FIN) * is_tcp
    assert flags(received_bursts(connection)) == (SYN_ACK | FIN) * is_tcp


def test_unanswered_syns_are_retransmitted_with_doubling_pauses() -> None:
    bursts = sent_bursts(attempt(Outcome.REJECTED, 5))
    assert [burst.at - 1e9 for burst in bursts] == [0, 1, 3, 7, 15]
    assert {burst.flags for burst in bursts} == {SYN}


def test_a_refused_connection_has_one_reset() -> None:
    bursts = received_bursts(attempt(Outcome.REFUSED, 1, Volume(1, 40)))
    assert [burst[1:] for burst in bursts] == [(1, 40, RST)]


def test_a_silent_server_sends_nothing() -> None:
    assert received_bursts(attempt(Outcome.SILENT, 3)) == []
