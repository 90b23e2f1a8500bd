"""A batch with few contacts is judged row by row: the result is that of the plans for many contacts."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.contacts import ContactAggregator, aggregate
from flowsentry.detect.scans import few_contacts
from flowsentry.detect.scans.outages import answers_in
from flowsentry.detect.scans.source_evidence import answered_sources, evidence_of, with_source_scopes
from flowsentry.findings.endpoints import host_number, host_numbers, member_of, members
from flowsentry.findings.evidence import EvidenceKey
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Settled
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from tests.builders import DAY, INTERFACE, OTHER_VPC, V2, V5, VPC, enriched, line
from tests.properties.strategies import law, records, traffic

LAW = law(20)
BOUNDS = LoginThresholds()


def settled_of(lines: Sequence[str], names: Sequence[str]) -> Settled:
    aggregator = ContactAggregator()
    aggregate(enriched(lines, names), aggregator)
    return aggregator.settle()


def everything_of(settled: Settled, suspects: Sequence[EvidenceKey]) -> tuple[object, ...]:
    """What the batch's judgement begins with, without the order of its parts."""
    scoped = with_source_scopes(settled)
    evidence = {each.key: each for each in evidence_of(scoped, suspects, BOUNDS)}
    sources = scoped.contacts.select("scope", "initiator", "source_scope", "source").rows()
    return sources, sorted(answers_in(scoped.contacts)), sorted(answered_sources(scoped)), evidence


def same_both_ways(settled: Settled, suspects: Sequence[EvidenceKey]) -> None:
    by_row = everything_of(settled, suspects)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_contacts, "MAX_FEW_CONTACTS", -1)
        assert everything_of(settled, suspects) == by_row


def suspects_in(settled: Settled) -> list[EvidenceKey]:
    keys = with_source_scopes(settled).contacts.select("source_scope", "source", "day").unique().sort("source", "day")
    return [EvidenceKey(*row) for row in keys.rows()][::2]


@LAW
@given(traffic)
def test_traffic_gives_the_same_evidence_row_by_row(openings: list[dict[str, object]]) -> None:
    settled = settled_of([line(V5, **one) for one in openings], V5)
    same_both_ways(settled, [])
    same_both_ways(settled, suspects_in(settled))


@LAW
@given(
    st.sampled_from([V2, V5]).flatmap(lambda names: st.tuples(st.just(names), st.lists(records(names), max_size=40)))
)
def test_any_valid_records_give_the_same_evidence_row_by_row(made: tuple[tuple[str, ...], list[str]]) -> None:
    names, lines = made
    settled = settled_of(lines, names)
    same_both_ways(settled, suspects_in(settled))


LOGINS = st.fixed_dictionaries(
    {
        "srcaddr": st.sampled_from(["10.0.0.1", "10.0.0.2", "203.0.113.9", "2001:db8::9"]),
        "dstaddr": st.sampled_from(["10.0.1.1", "198.51.100.7", "2001:db8:1::5"]),
        "srcport": st.sampled_from([40_000, 40_001]),
        "dstport": st.sampled_from([22, 3389]),
        "packets": st.sampled_from([BOUNDS.min_attempt_packets, BOUNDS.min_session_packets - 1, 1_000]),
        "bytes": st.sampled_from([400, 200_000]),
        "tcp_flags": st.sampled_from([0, 2, 3, 6]),
    }
)


@LAW
@given(st.lists(LOGINS, max_size=8))
def test_logins_give_the_same_evidence_row_by_row(made: list[dict[str, object]]) -> None:
    settled = settled_of([line(V5, **one) for one in made], V5)
    same_both_ways(settled, [])
    same_both_ways(settled, suspects_in(settled))


CLIENTS = {"10.0.0.1": True, "10.0.0.2": True, "203.0.113.9": False, "2001:db8::9": False, "2001:db8::a": False}
SERVERS = {"10.0.1.1": True, "10.0.1.2": True, "2001:db8:1::5": True, "198.51.100.7": False}
OUTCOMES = ("answered", "answered", "refused", "unanswered", "rejected", "doubtful")
COLUMNS = settled_of([line()], V5).contacts.schema | {"answers_others": pl.Boolean()}


@st.composite
def contacts_of_few_ends(draw: st.DrawFn) -> dict[str, object]:
    """A contact, by column, at any time of two days; most services have several clients, and most clients services."""
    initiator, responder = draw(st.sampled_from([*CLIENTS])), draw(st.sampled_from([*SERVERS]))
    day, ports = draw(st.integers(DAY, DAY + 1)), draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    seconds = sorted(draw(st.tuples(st.integers(0, 86_399), st.integers(0, 86_399))))
    return {
        "scope": draw(st.sampled_from([VPC, VPC, VPC, OTHER_VPC])),
        "initiator": initiator,
        "initiator_is_inside": CLIENTS[initiator],
        "responder": responder,
        "responder_is_inside": SERVERS[responder],
        "responder_port": draw(st.sampled_from([22, 53, 443])),
        "protocol": draw(st.sampled_from([1, 6, 6, 6, 17])),
        "day": day,
        "first_seen": 86_400 * day + seconds[0],
        "last_seen": 86_400 * day + seconds[1],
        "outcome": draw(st.sampled_from(OUTCOMES)),
        "rejected_packets": draw(st.sampled_from([None, 0, 3])),
        "min_initiator_port": 40_000 + min(ports),
        "max_initiator_port": 40_000 + max(ports),
        "reply_refused_at": draw(st.sampled_from([None, None, None, INTERFACE])),
        "answers_others": draw(st.booleans()),
    }


@LAW
@given(
    st.lists(
        contacts_of_few_ends(),
        min_size=20,
        max_size=60,
        unique_by=lambda one: tuple(
            one[name] for name in ("scope", "initiator", "responder", "responder_port", "protocol", "day")
        ),
    )
)
def test_contacts_of_few_ends_give_the_same_evidence_row_by_row(rows: list[dict[str, object]]) -> None:
    contacts = Contacts(pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], COLUMNS))
    settled = Settled(contacts, settled_of([line()], V5).logins)
    same_both_ways(settled, [])
    same_both_ways(settled, suspects_in(settled))


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.sampled_from(["010.0.000.1", "10.0.1.999", "fe80::1", "::ffff:10.0.0.1", "255.255.255.255", "224.0.0.1"]),
)


@LAW
@given(
    address=ADDRESSES,
    port=st.integers(0, 65535),
    protocol=st.sampled_from([1, 6, 17, 58]),
    is_inside=st.booleans(),
)
def test_an_address_gives_the_same_numbers_alone_and_in_a_column(
    address: str, port: int, protocol: int, *, is_inside: bool
) -> None:
    schema = {
        "responder": pl.Categorical,
        "responder_port": pl.UInt16,
        "protocol": pl.UInt8,
        "responder_is_inside": bool,
    }
    contacts = pl.DataFrame([(address, port, protocol, is_inside)], schema, orient="row")
    assert members(contacts).to_list() == [member_of(protocol, address, port, is_inside=is_inside)]
    assert host_numbers(contacts["responder"]).to_list() == [host_number(address)]
    space = AddressSpace.of(Inventory())
    assert space.is_inside(contacts["responder"]).to_list() == [space.contains(address)]
