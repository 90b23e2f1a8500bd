"""Laws of connection attempts: however a connection of any TCP stack fails or succeeds, and however its records are
divided, no part contradicts the outcome.

A part may give no outcome, or a doubtful one; a connection that was answered in any part was answered. Records begin
and end anywhere, but not between a SYN and the ACK of its SYN-ACK: an interval that ends in these milliseconds is a
known limit, and so is a client that sends only a few bytes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.contacts.sizes import Size, size_with_syn
from flowsentry.contacts.tcp_stacks import HEADER_BYTES, IPV6_MORE_BYTES, STACKS, TIMESTAMPED_BYTES, Stack
from flowsentry.frames import Settled
from tests.builders import FIN, NOON, RST, SYN, SYN_ACK, V2, V5, enriched, line
from tests.properties.strategies import law

OPENING_LAW = law(60)
FAILED = {"refused", "unanswered", "rejected"}
FAILURES = ("nothing", "reset", "rule")
CLIENT_PORT = 45_000
INSIDE, OUTSIDE = (("10.0.0.1", "fd00::1"), ("203.0.113.9", "2001:db8::9"))
SERVER = ("10.0.0.2", "fd00::2")


class Packet(NamedTuple):
    second: float
    is_back: bool
    size: int
    flags: int
    action: str = "ACCEPT"


def _sent(second: float, size: int, flags: int, action: str = "ACCEPT") -> Packet:
    return Packet(second, is_back=False, size=size, flags=flags, action=action)


def _back(second: float, size: int, flags: int) -> Packet:
    return Packet(second, is_back=True, size=size, flags=flags)


@dataclass(frozen=True)
class Case:
    """One connection, and how it is recorded and delivered."""

    packets: Sequence[Packet]
    names: tuple[str, ...]
    client: str
    port: int
    is_ipv6: bool
    interval: int
    phase: int
    files: int
    server: str

    def files_of_lines(self, draw: st.DataObject) -> Iterator[list[str]]:
        """The records of each file."""
        held: dict[int, list[str]] = defaultdict(list)
        for text in self.lines():
            held[draw.draw(st.integers(0, self.files - 1))].append(text)
        yield from held.values()

    def lines(self) -> Iterator[str]:
        records: dict[tuple[bool, int, str], list[Packet]] = defaultdict(list)
        for packet in self.packets:
            number = int(packet.second + self.phase + 0.5) // self.interval
            records[packet.is_back, number, packet.action].append(packet)
        for (is_back, _, action), sent in records.items():
            yield self._line(sent, action, is_back=is_back)

    def is_first_record_like_syns(self) -> bool:
        """Whether SYNs alone may have as many bytes as the client's record of the first interval."""
        first = [each for each in self.packets if int(each.second + self.phase + 0.5) // self.interval == 0]
        sizes = [each.size for each in first if not each.is_back]
        record = pl.DataFrame({"packets": [len(sizes)], "bytes": [sum(sizes)], "is_ipv6": [False]})
        return bool((size_with_syn(record) != Size.MORE).item())

    def _line(self, sent: Sequence[Packet], action: str, *, is_back: bool) -> str:
        ends = [(self.client, CLIENT_PORT), (self.server, self.port)]
        (source, srcport), (target, dstport) = reversed(ends) if is_back else ends
        flags = 0
        for packet in sent:
            flags |= packet.flags
        more = IPV6_MORE_BYTES if self.is_ipv6 else 0
        return line(
            self.names,
            srcaddr=source,
            dstaddr=target,
            srcport=srcport,
            dstport=dstport,
            packets=len(sent),
            bytes=sum(packet.size + more for packet in sent),
            tcp_flags=flags,
            action=action,
            start=NOON + int(sent[0].second),
            end=NOON + int(sent[-1].second) + 1,
        )


def failing(stack: Stack, way: str, resets: int) -> list[Packet]:
    """SYNs without an answer, SYNs answered by an RST (the first few), or SYNs that a rule rejects."""
    action = "REJECT" if way == "rule" else "ACCEPT"
    packets = [_sent(second, size, SYN, action) for second, size in zip(stack.seconds, stack.syns, strict=True)]
    if way == "reset":
        packets = packets[: max(resets, 1)]
        packets += [_back(packet.second + 0.1, 40, RST) for packet in packets[: max(resets - 1, 1)]]
    return packets


def working(stack: Stack, tries: int, triage: str, data: int) -> list[Packet]:
    """The SYN that is answered, after unanswered ones, and the packets that follow."""
    ack = stack.ack_bytes or TIMESTAMPED_BYTES
    opened = zip(stack.seconds[:tries], stack.syns[:tries], strict=True)
    packets = [_sent(second, size, SYN) for second, size in opened]
    now = packets[-1].second
    packets += [_back(now + 0.1, 60 if ack > HEADER_BYTES else 52, SYN_ACK), _sent(now + 0.2, ack, 0)]
    if triage == "reset":
        return [*packets, _sent(now + 0.3, 40, RST)]
    if triage in ("said", "kept alive"):
        packets += [_sent(now + 0.3, ack + data, 0), _back(now + 0.31, ack + data, 0)]
        packets += [_sent(now + 0.32, ack, 0)]
    if triage == "kept alive":
        for number in range(1, 9):
            second = now + 15 * number
            packets += [_sent(second, ack, 0), _back(second + 0.1, ack, 0)]
        now += 130
    packets += [
        _sent(now + 0.4, ack, FIN),
        _back(now + 0.41, ack, FIN),
        _sent(now + 0.42, ack, 0),
    ]
    return packets


@st.composite
def cases(draw: st.DrawFn, packets: Sequence[Packet]) -> Case:
    is_ipv6 = draw(st.booleans())
    interval = draw(st.sampled_from([60, 600]))
    return Case(
        packets,
        draw(st.sampled_from([V2, V5])),
        draw(st.sampled_from([INSIDE, OUTSIDE]))[is_ipv6],
        draw(st.sampled_from([22, 443, 5432])),
        is_ipv6,
        interval,
        draw(st.integers(0, interval - 1)),
        draw(st.integers(1, 4)),
        SERVER[is_ipv6],
    )


def settled(lines: Sequence[str], names: tuple[str, ...]) -> Settled:
    aggregator = ContactAggregator()
    aggregate(enriched(lines, names), aggregator)
    return aggregator.settle()


def outcomes(case: Case, seen: Sequence[Settled]) -> set[str]:
    """The outcomes of the connection in all parts."""
    rows = (row for each in seen for row in each.contacts.iter_rows(named=True))
    return {row["outcome"] for row in rows if (row["initiator"], row["responder"]) == (case.client, case.server)}


@OPENING_LAW
@given(st.data(), st.sampled_from(STACKS), st.sampled_from(FAILURES), st.integers(1, 3))
def test_a_failed_connection_is_answered_nowhere_and_is_no_login_attempt(
    data: st.DataObject, stack: Stack, way: str, resets: int
) -> None:
    case = data.draw(cases(failing(stack, way, resets)))
    seen = [settled(lines, case.names) for lines in case.files_of_lines(data)]
    assert outcomes(case, seen) <= FAILED | {"doubtful"}
    assert [len(each.logins) for each in seen] == [0] * len(seen)


@OPENING_LAW
@given(
    st.data(),
    st.sampled_from([stack for stack in STACKS if stack.ack_bytes]),
    st.integers(1, 3),
    st.sampled_from(["closed", "reset", "said", "kept alive"]),
    st.sampled_from([100, 517, 1400]),
)
def test_a_successful_connection_failed_nowhere_unless_it_is_answered_elsewhere(
    data: st.DataObject, stack: Stack, tries: int, triage: str, size: int
) -> None:
    """Exception: a first record that could be only SYNs by its size, while its reply is in another file."""
    case = data.draw(cases(working(stack, min(tries, len(stack.syns)), triage, size)))
    assume(case.files == 1 or not case.is_first_record_like_syns())
    said = outcomes(case, [settled(lines, case.names) for lines in case.files_of_lines(data)])
    assert "answered" in said or not said & FAILED


@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
@pytest.mark.parametrize("is_ipv6", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("client", [INSIDE, OUTSIDE], ids=["inside", "outside"])
def test_a_failed_connection_that_is_recorded_completely_is_reported(
    names: tuple[str, ...],
    is_ipv6: bool,  # noqa: FBT001
    client: Sequence[str],
) -> None:
    """Exception: an inside scanner without TCP options and flags, since one such packet can end a connection."""
    ways = list(product(STACKS, FAILURES, (60, 600)))
    servers = [f"fd00::{number + 10:x}" if is_ipv6 else f"10.0.1.{number}" for number in range(len(ways))]
    cases = [
        Case(failing(stack, way, 2), names, client[is_ipv6], 5432, is_ipv6, interval, 0, 1, server)
        for (stack, way, interval), server in zip(ways, servers, strict=True)
    ]
    seen = settled([text for case in cases for text in case.lines()], names).contacts
    said = dict(seen.select("responder", "outcome").rows())
    for (stack, way, _), server in zip(ways, servers, strict=True):
        expected = {"nothing": "unanswered", "reset": "refused", "rule": "rejected"}[way]
        is_without_options = names == V2 and client == INSIDE and stack.syns[0] == HEADER_BYTES
        assert said.get(server) in {expected, None if is_without_options else "doubtful"}, (stack.name, way)
