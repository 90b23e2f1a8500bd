"""Laws of contacts in which most records interact: few hosts, ports and interfaces, both directions, some rejected."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.frames import EnrichedFlows, Settled
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, SYN, SYN_ACK, V2, V5, enriched, interface, line
from tests.properties.strategies import LAW

HOSTS = ("10.0.0.1", "10.0.0.2", "10.0.0.20", "10.0.0.30", "203.0.113.9")
KNOWN = Inventory.of(
    (
        interface("10.0.0.1", interface_id="eni-1"),
        interface("10.0.0.2", name="web-2", interface_id="eni-2"),
        interface("10.0.0.20", "network load balancer", "net"),
        interface("10.0.0.30", "nat gateway", "nat"),
    )
)
TUPLE = ("initiator", "responder", "responder_port", "protocol", "day")


@st.composite
def asked_or_replied(draw: st.DrawFn) -> dict[str, Any]:
    """A record, by column, of a request or a reply."""
    source, destination = draw(st.permutations(HOSTS).map(lambda hosts: hosts[:2]))
    protocol, port = draw(st.sampled_from([(6, 22), (6, 443), (6, 8443), (6, 33333), (17, 53), (17, 40123), (1, 0)]))
    told = {
        "interface_id": draw(st.sampled_from(["eni-1", "eni-2"])),
        "protocol": protocol,
        "packets": draw(st.sampled_from([1, 3, 60])),
        "bytes": draw(st.sampled_from([60, 180, 6000])),
        "action": draw(st.sampled_from(["ACCEPT", "REJECT"])),
        "start": NOON + draw(st.integers(0, 40)),
        "end": NOON + 41,
    }
    ends = {"srcport": 45000 if port else 0, "dstport": port}
    if draw(st.booleans()):
        return told | {"srcaddr": source, "dstaddr": destination, "tcp_flags": SYN} | ends
    back = {"srcport": ends["dstport"], "dstport": ends["srcport"]}
    return told | {"srcaddr": destination, "dstaddr": source, "tcp_flags": SYN_ACK} | back


@st.composite
def some_seen(draw: st.DrawFn) -> EnrichedFlows:
    names = draw(st.sampled_from([V2, V5]))
    rows = draw(st.lists(asked_or_replied(), min_size=1, max_size=60))
    return enriched([line(names, **row) for row in rows], names, KNOWN)


def settled(*chunks: EnrichedFlows) -> Settled:
    aggregator = ContactAggregator()
    for chunk in chunks:
        aggregate(chunk, aggregator)
    return aggregator.settle()


def rows(frame: pl.DataFrame) -> list[Any]:
    return sorted(frame.select(sorted(frame.columns)).rows(), key=str)


@LAW
@given(some_seen(), st.integers(1, 9), st.sampled_from([0, 1_000_000]), st.randoms(use_true_random=False))
def test_order_division_and_merging_change_no_contact_and_no_login(
    seen: EnrichedFlows, size: int, unmerged: int, random: Any
) -> None:
    resources = random.sample(range(len(seen)), len(seen))
    mixed = [EnrichedFlows(seen[resources[first : first + size]]) for first in range(0, len(seen), size)]
    whole = settled(seen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flowsentry.contacts.MAX_UNMERGED_ROWS", unmerged)
        patch.setattr("flowsentry.contacts.logins.MAX_UNMERGED_ROWS", unmerged)
        cut = settled(*mixed)
    assert rows(cut.contacts) == rows(whole.contacts)
    assert rows(cut.logins) == rows(whole.logins)


@LAW
@given(some_seen())
def test_a_record_delivered_twice_adds_no_contact_and_no_login(seen: EnrichedFlows) -> None:
    once, twice = settled(seen), settled(seen, seen)
    outcomes = (*TUPLE, "outcome", "reply_refused_at")
    assert rows(twice.contacts.select(outcomes)) == rows(once.contacts.select(outcomes))
    assert rows(twice.logins) == rows(once.logins)


@LAW
@given(some_seen())
def test_a_reply_is_denied_only_if_it_was_rejected_and_its_request_accepted(seen: EnrichedFlows) -> None:
    told = settled(seen).contacts.filter(pl.col("reply_refused_at").is_not_null())
    records = {
        (row["interface_id"], row["source_address"], row["destination_address"], row["protocol"], row["is_rejected"])
        for row in seen.iter_rows(named=True)
    }
    for row in told.iter_rows(named=True):
        there, back = (row["initiator"], row["responder"]), (row["responder"], row["initiator"])
        assert (row["reply_refused_at"], *there, row["protocol"], False) in records
        assert (row["reply_refused_at"], *back, row["protocol"], True) in records


def test_the_strategies_produce_denied_replies() -> None:
    """Some generated replies are denied, and some logins are recorded."""
    ends = {"srcaddr": "203.0.113.9", "dstaddr": "10.0.0.1", "srcport": 45000, "dstport": 22, "tcp_flags": SYN}
    back = {"srcaddr": "10.0.0.1", "dstaddr": "203.0.113.9", "srcport": 22, "dstport": 45000, "tcp_flags": SYN_ACK}
    lines = [line(**ends, packets=3, bytes=180), line(**back, packets=3, bytes=180, action="REJECT"), line(**ends)]
    told = settled(enriched(lines, V5, KNOWN))
    assert told.contacts["reply_refused_at"].null_count() == 0
    assert len(told.logins) == 1
