"""Traffic of current TCP stacks in many sizes: what must be reported in each, and what must not.

Each is logged in two formats, over IPv4 and IPv6, and delivered as a whole and in pieces.
"""

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from flowsentry.contacts.tcp_stacks import IPV6_MORE_BYTES, STACKS, Stack
from flowsentry.findings.finding import Finding, Severity
from flowsentry.inventory.source_address import source_of
from tests.builders import FIN, NOON, RST, SYN, SYN_ACK, V2, V5, Watch, flow_log, line

Names = tuple[str, ...]
Lines = list[str]
Ends = tuple[str, int, str, int]
BY_FORMAT = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
BY_VERSION = pytest.mark.parametrize("is_ipv6", [False, True], ids=["IPv4", "IPv6"])
PSH, URG = 8, 32
OURS, EXTERNAL = ("10.0.1.79", "fd00::179"), ("203.0.113.9", "2001:db8::9")
STACKS_OF_TODAY = {
    "Linux before 6.5",
    "Linux since 6.5",
    "Linux, MPTCP",
    "Linux, Fast Open with 20 bytes",
    "macOS and iOS",
    "Windows since 10",
}
MODERN = [stack for stack in STACKS if stack.name in STACKS_OF_TODAY]
PIECE_LINES = 40


def target(number: int, is_ipv6: bool = False) -> str:  # noqa: FBT001, FBT002
    return f"fd00::9:{number + 10:x}" if is_ipv6 else f"10.0.9.{number + 10}"


def record(
    names: Names, source: str, to: str, ports: tuple[int, int], packets: int, each: int, **values: object
) -> str:
    """A record of `packets` packets of `each` bytes, for IPv4; IPv6 headers are added."""
    size = each + (IPV6_MORE_BYTES if ":" in source else 0)
    fields = {"srcport": ports[0], "dstport": ports[1], "packets": packets, "bytes": packets * size}
    return line(names, srcaddr=source, dstaddr=to, **fields | {"tcp_flags": 0, "flow_direction": "ingress"} | values)


def found(lines: Lines, names: Names, *, is_cut: bool = False) -> list[Finding]:
    """The findings of one file, or of payloads of the usual size."""
    watch = Watch()
    size = PIECE_LINES if is_cut else len(lines)
    watch.see(*(flow_log(lines[at : at + size], names) for at in range(0, len(lines), size)))
    return watch.found


def reported(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """Kind and subject of urgent findings, and of all scans."""
    urgent = (Severity.MEDIUM, Severity.HIGH)
    is_scan = ("scan", "sweep")
    return {
        ("scan" if each.kind.endswith(is_scan) else each.kind, each.subject)
        for each in findings
        if each.severity in urgent or each.kind.endswith(is_scan)
    }


PROBES = {
    "connect": (60, 1, SYN),
    "SYN": (44, 1, SYN),
    "FIN": (40, 1, FIN),
    "NULL": (40, 1, 0),
    "Xmas": (40, 1, FIN | PSH | URG),
    "ACK": (40, 1, 0),
}
"""Probes of nmap -sT -sS -sF -sN -sX -sA: bytes, number, flags. VPC records of Xmas probes show FIN only."""


def probed(names: Names, source: str, host: str, ports: tuple[int, int], probe: str, how: str) -> Lines:
    """One probe and its answer, as the interface of the target logs them."""
    size, packets, flags = PROBES[probe]
    at = {"start": NOON + ports[1] % 60, "end": NOON + ports[1] % 60 + 1}
    fields = at | {"tcp_flags": flags & (FIN | SYN), "action": "REJECT" if how == "rule" else "ACCEPT"}
    lines = [record(names, source, host, ports, packets, size, **fields)]
    if how == "reset":
        at |= {"flow_direction": "egress"}
        lines.append(record(names, host, source, ports[::-1], packets, 40, tcp_flags=RST, **at))
    return lines


@BY_FORMAT
@BY_VERSION
@pytest.mark.parametrize("source", [OURS, EXTERNAL], ids=["inside", "outside"])
@pytest.mark.parametrize("how", ["rule", "reset", "nothing"])
@pytest.mark.parametrize("probe", PROBES)
def test_a_port_scan_is_found_with_any_kind_of_probe(
    probe: str,
    how: str,
    source: Sequence[str],
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    scanner, host = source[is_ipv6], target(0, is_ipv6)
    subject = source_of(scanner) if source is EXTERNAL else scanner
    ports = Random(7).sample(range(1, 1_000), 60)  # noqa: S311 - seeded
    for ports_of_source, is_cut in (([37_170] * 60, False), (range(40_000, 40_060), True)):
        lines = [
            text
            for port, own in zip(ports, ports_of_source, strict=True)
            for text in probed(names, scanner, host, (own, port), probe, how)
        ]
        assert reported(found(lines, names, is_cut=is_cut)) == {("scan", subject)}


@BY_FORMAT
@pytest.mark.parametrize("how", ["rule", "reset", "nothing"])
@pytest.mark.parametrize("probe", ["FIN", "NULL", "Xmas", "ACK"])
def test_a_sweep_without_syn_is_found_if_it_uses_one_source_port(probe: str, how: str, names: Names) -> None:
    lines = [text for n in range(60) for text in probed(names, OURS[0], target(n), (41_234, 22), probe, how)]
    assert reported(found(lines, names)) == {("scan", OURS[0])}


@BY_FORMAT
@BY_VERSION
@pytest.mark.parametrize("interval", [60, 600])
@pytest.mark.parametrize("how", ["rule", "nothing"])
@pytest.mark.parametrize("stack", MODERN, ids=lambda stack: stack.name)
def test_a_sweep_of_dead_hosts_is_found_with_any_tcp_stack(
    stack: Stack,
    how: str,
    interval: int,
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    ends = [(OURS[is_ipv6], 40_000 + n, target(n, is_ipv6), 22) for n in range(24)]
    lines = [text for each in ends for text in syns(stack, names, each, how, interval)]
    assert reported(found(lines, names, is_cut=interval == 60)) == {("scan", OURS[is_ipv6])}


def syns(stack: Stack, names: Names, ends: Ends, how: str, interval: int) -> Iterator[str]:
    """The records of one failed attempt to connect."""
    source, own, host, port = ends
    fields = {"srcaddr": source, "srcport": own, "dstaddr": host, "dstport": port, "tcp_flags": SYN}
    fields |= {"action": "REJECT" if how == "rule" else "ACCEPT", "flow_direction": "egress"}
    more = IPV6_MORE_BYTES if ":" in source else 0
    for first in range(0, 75, interval):
        times = zip(stack.seconds, stack.syns, strict=True)
        if sent := [size + more for second, size in times if first <= second < first + interval]:
            counts = {"packets": len(sent), "bytes": sum(sent)}
            yield line(names, **fields, **counts, start=NOON + first, end=NOON + first + 59)


@BY_FORMAT
@BY_VERSION
@pytest.mark.parametrize("interval", [60, 600])
@pytest.mark.parametrize("stack", MODERN, ids=lambda stack: stack.name)
def test_a_blocked_path_is_reported_with_any_tcp_stack(
    stack: Stack,
    interval: int,
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    host, client = target(0, is_ipv6), OURS[is_ipv6]
    ends = [(client, 40_000 + n, host, 5_432) for n in range(3)]
    lines = [text for each in ends for text in syns(stack, names, each, "rule", interval)]
    assert reported(found(lines, names)) == {("blocked_internal", client)}


@BY_FORMAT
@BY_VERSION
@pytest.mark.parametrize(
    ("syns_sent", "refused", "size"), [(7, 9, 60), (10, 13, 60), (11, 16, 60), (11, 12, 64), (3, 1, 60)]
)
def test_a_rejected_syn_ack_is_reported_however_often_it_is_sent(
    syns_sent: int,
    refused: int,
    size: int,
    is_ipv6: bool,  # noqa: FBT001
    names: Names,
) -> None:
    client, host, ports = OURS[is_ipv6], target(0, is_ipv6), (45_000, 5_432)
    lines = [
        record(names, client, host, ports, syns_sent, size, tcp_flags=SYN),
        record(names, host, client, ports[::-1], refused, 60, tcp_flags=SYN_ACK, action="REJECT"),
    ]
    assert reported(found(lines, names)) == {("denied_by_acl_reply", client)}


@BY_FORMAT
@pytest.mark.parametrize("stack", MODERN, ids=lambda stack: stack.name)
def test_a_script_that_connects_to_dead_hosts_makes_no_login_attempts(stack: Stack, names: Names) -> None:
    ends = [(OURS[0], 40_000 + n, target(n), 22) for n in range(40)]
    lines = [text for each in ends for text in syns(stack, names, each, "nothing", 60)]
    assert "login_brute_force" not in {each.kind for each in found(lines, names)}
