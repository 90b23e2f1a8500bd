"""Traffic of current TCP stacks that looks like scans, blocked paths or login attempts, and must not be reported.

Each is logged in two formats, and delivered as a whole and in pieces.
"""

import pytest

from tests.builders import FIN, NOON, RST, SYN, SYN_ACK, V5
from tests.golden.test_traffic_of_today import (
    BY_FORMAT,
    BY_VERSION,
    OURS,
    Lines,
    Names,
    found,
    record,
    reported,
    target,
)


def pool(names: Names, packets: int, each: int, flags: int, action: str) -> Lines:
    """Late packets of connections to many hosts, to one port of each."""
    ends = ((target(number), (41_000 + number, 5_432)) for number in range(30))
    return [record(names, OURS[0], host, ports, packets, each, tcp_flags=flags, action=action) for host, ports in ends]


def ends_of_a_balancer(names: Names, packets: int, each: int, flags: int, action: str) -> Lines:
    """Late packets of clients of one service, and the replies to them."""
    lines = []
    for number in range(60):
        client, ports = f"203.0.113.{number + 1}", (41_000 + number, 443)
        lines.append(record(names, client, "10.0.1.20", ports, 1, 40, tcp_flags=RST, action=action))
        lines.append(record(names, "10.0.1.20", client, ports[::-1], packets, each, tcp_flags=flags, action=action))
    return lines


def ends_to_client_ports(names: Names, packets: int, each: int, flags: int, action: str) -> Lines:
    """A server on an unregistered port closes its connections with a gateway that uses many source ports."""
    ports = [(50_051, 1_024 + 97 * number) for number in range(60)]
    return [
        record(names, OURS[0], "10.0.2.1", each_way, packets, each, tcp_flags=flags, action=action)
        for each_way in ports
    ]


@BY_FORMAT
@pytest.mark.parametrize("action", ["REJECT", "ACCEPT"])
@pytest.mark.parametrize(
    ("packets", "each", "flags"),
    [(1, 40, FIN), (1, 40, RST), (2, 40, 0), (1, 41, 0), (9, 41, 0), (1, 40, FIN | RST), (8, 52, FIN), (15, 52, FIN)],
    ids=["FIN", "RST", "ACK", "keep-alive", "keep-alives", "FIN and RST", "FIN again and again", "FIN for long"],
)
@pytest.mark.parametrize("situation", [pool, ends_of_a_balancer, ends_to_client_ports], ids=lambda each: each.__name__)
def test_late_packets_are_no_scan_and_no_blocked_path(
    situation: object, packets: int, each: int, flags: int, action: str, names: Names
) -> None:
    lines = situation(names, packets, each, flags, action)  # type: ignore[operator]
    assert reported(found(lines, names, is_cut=action == "REJECT")) == set()


@BY_FORMAT
@pytest.mark.parametrize(("packets", "each"), [(1, 52), (2, 52), (8, 52)])
def test_rejected_keep_alives_of_a_pool_are_not_reported(packets: int, each: int, names: Names) -> None:
    assert reported(found(pool(names, packets, each, 0, "REJECT"), names)) == set()


@BY_FORMAT
@BY_VERSION
@pytest.mark.parametrize("port", [22, 5_432, 33_333])
@pytest.mark.parametrize(
    ("packets", "each", "back"), [(10, 52, 52), (4, 52, 52), (10, 41, 40), (1, 41, 40), (2, 40, 40)]
)
def test_keep_alives_are_not_reported(
    packets: int,
    each: int,
    back: int,
    port: int,
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    lines = []
    for number in range(30):
        host, ports = target(number, is_ipv6), (41_000 + number, port)
        lines.append(record(names, OURS[is_ipv6], host, ports, packets, each))
        lines.append(record(names, host, OURS[is_ipv6], ports[::-1], packets, back))
    assert reported(found(lines, names)) == set()


CHECKS = {
    "closed": (4, 54, SYN | FIN),
    "closed by Windows": (4, 43, SYN | FIN),
    "reset": (3, 50, SYN | RST),
    "reset half open": (2, 50, SYN | RST),
    "left open": (2, 56, SYN),
}
"""What a health check that only connects sends: packets, average bytes of a packet, flags."""


@BY_FORMAT
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("port", [443, 50_051])
def test_health_checks_that_only_connect_are_not_reported(check: str, port: int, names: Names) -> None:
    packets, each, flags = CHECKS[check]
    lines = []
    for number in range(30):
        host, ports = target(number), (41_000 + number, port)
        there = record(names, OURS[0], host, ports, packets, each, tcp_flags=flags)
        lines += [there, record(names, host, OURS[0], ports[::-1], 1, 60, tcp_flags=SYN_ACK, start=NOON + 1)]
    assert reported(found(lines, names)) == set()


@BY_FORMAT
@BY_VERSION
def test_a_resolver_with_tcp_fallback_is_not_reported_and_a_sweep_of_its_port_is(
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    resolver = OURS[is_ipv6]
    for alive, dead in ((60, 60), (30, 40), (0, 40)):
        lines = [text for n in range(alive) for text in asked(names, resolver, n, answers=True)]
        lines += [text for n in range(alive, alive + dead) for text in asked(names, resolver, n, answers=False)]
        expected = set() if alive else {("scan", resolver)}
        assert reported(found(lines, names)) == expected


def asked(names: Names, resolver: str, number: int, *, answers: bool) -> Lines:
    """A query over UDP with its reply or, without a reply, a query over TCP."""
    server = f"2001:db8:53::{number + 1:x}" if ":" in resolver else f"198.51.100.{number + 1}"
    ports = (49_000 + number, 53)
    lines = [record(names, resolver, server, ports, 2, 70, protocol=17)]
    if answers:
        return [*lines, record(names, server, resolver, ports[::-1], 2, 200, protocol=17)]
    return [*lines, record(names, resolver, server, (50_000 + number, 53), 3, 60, tcp_flags=SYN)]


def test_an_endpoint_that_answers_over_udp_has_not_failed_over_tcp() -> None:
    lines = []
    for number in range(30):
        lines += asked(V5, OURS[0], number, answers=True)
        lines += asked(V5, OURS[0], number, answers=False)
    assert reported(found(lines, V5)) == set()


@BY_FORMAT
def test_idle_sessions_are_no_login_attempts(names: Names) -> None:
    lines = [record(names, OURS[0], target(n), (41_000 + n, 22), 10, 52) for n in range(40)]
    assert found(lines, names) == []
