"""Laws of enrich, contacts, measure and detect that hold for all traffic."""

from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flowsentry.contacts import ContactAggregator, aggregate, contacts
from flowsentry.enrich import enrich
from flowsentry.findings.finding import Finding
from flowsentry.frames import EnrichedFlows, Flows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.measure import add_up, measure
from flowsentry.records.fields import DIRECTION, LOST_PACKETS, TRANSIT_GATEWAY_NAMES, is_of_transit_gateway
from tests.builders import V2, V5, Watch, enriched, flow_log, flows, interface, line
from tests.properties.strategies import LAW, LAW_OF_TRAFFIC, failures, formats, records, traffic

COMPANY = AddressSpace.of(Inventory.of((interface("10.0.0.1", interface_id="eni-1"), interface("10.0.0.2"))))
GATEWAYS = (TRANSIT_GATEWAY_NAMES, tuple(name for name in TRANSIT_GATEWAY_NAMES if name != "tcp-flags"))
KEY = ["scope", "initiator", "responder", "responder_port", "protocol", "day"]
OUTCOME = [*KEY, "outcome", "first_seen", "last_seen", "initiator_is_inside", "responder_is_inside"]


@st.composite
def some_flows(draw: st.DrawFn) -> Flows:
    names = draw(formats)
    return flows(draw(st.lists(records(names), max_size=15)), names)


@st.composite
def some_enriched(draw: st.DrawFn) -> EnrichedFlows:
    """Records of any format, mostly of formats with all fields that contacts need."""
    names = draw(st.one_of(*(st.just(each) for each in (V2, V5, *GATEWAYS)), formats))
    return enriched(draw(st.lists(records(names), max_size=30)), names)


@LAW
@given(some_flows())
def test_enriching_adds_columns_and_changes_neither_rows_nor_their_order(given_flows: Flows) -> None:
    seen = enrich(given_flows, COMPANY)
    assert_frame_equal(seen.select(given_flows.columns), given_flows)
    assert len(seen.columns) > len(given_flows.columns)


@LAW
@given(some_flows())
def test_each_end_has_a_scope_and_within_a_vpc_all_scopes_are_equal(given_flows: Flows) -> None:
    scopes = enrich(given_flows, COMPANY).select("scope", "source_scope", "destination_scope")
    assert scopes.null_count().sum_horizontal().item() == 0
    if not is_of_transit_gateway(given_flows.columns):
        assert all(len(set(row)) == 1 for row in scopes.rows())


@LAW
@given(some_flows(), some_flows())
def test_enriching_is_repeatable_whatever_is_enriched_between(one: Flows, other: Flows) -> None:
    address_space = AddressSpace.of(Inventory.of((interface("10.0.0.1", interface_id="eni-1"),)))
    first = enrich(one, address_space)
    enrich(other, address_space)
    assert_frame_equal(enrich(one, address_space), first)


def outcomes(of: EnrichedFlows | ContactAggregator) -> list[tuple[object, ...]]:
    settled = of.settle().contacts if isinstance(of, ContactAggregator) else contacts(of)
    return sorted(settled.select(OUTCOME).rows(), key=str)


@LAW
@given(some_enriched(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant_to_contacts(seen: EnrichedFlows, random: Random) -> None:
    resources = list(range(len(seen)))
    random.shuffle(resources)
    assert outcomes(EnrichedFlows(seen[resources])) == outcomes(seen)


@LAW
@given(some_enriched(), st.integers(1, 7), st.sampled_from([0, 5, 1_000_000]))
def test_contacts_of_chunks_equal_those_of_one_batch(seen: EnrichedFlows, size: int, unmerged: int) -> None:
    aggregator = ContactAggregator()
    aggregate(EnrichedFlows(seen.head(0)), aggregator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flowsentry.contacts.MAX_UNMERGED_ROWS", unmerged)
        for first in range(0, len(seen), size):
            aggregate(EnrichedFlows(seen[first : first + size]), aggregator)
    assert outcomes(aggregator) == outcomes(seen)


@LAW
@given(some_enriched())
def test_a_contact_is_one_row(seen: EnrichedFlows) -> None:
    settled = contacts(seen)
    assert not settled.select(KEY).is_duplicated().any()
    assert settled.select(OUTCOME).null_count().sum_horizontal().item() == 0


@LAW
@given(some_enriched())
def test_the_scope_of_a_contact_is_a_scope_of_its_initiator(seen: EnrichedFlows) -> None:
    ends = {row for end in ("source", "destination") for row in seen.select(f"{end}_scope", f"{end}_address").rows()}
    assert set(contacts(seen).select("scope", "initiator").rows()) <= ends


@LAW
@given(some_enriched(), st.integers(1, 7))
def test_measurements_of_parts_equal_those_of_the_whole_and_no_flow_counts_twice(
    seen: EnrichedFlows, size: int
) -> None:
    whole = add_up([measure(seen)])
    parts = [measure(EnrichedFlows(seen[first : first + size])) for first in range(0, len(seen), size)]
    assert_frame_equal(add_up(parts), whole, categorical_as_str=True)
    timed = seen.filter(pl.col("start").is_not_null())
    assert whole["flows"].sum() <= len(timed)
    for name in set(LOST_PACKETS) & set(seen.columns):
        assert whole[name].sum() == timed[name].sum()


@LAW
@given(
    st.sampled_from(GATEWAYS).flatmap(lambda names: st.tuples(st.just(names), st.lists(records(names), max_size=15)))
)
def test_flows_that_leave_a_gateway_do_not_count_again(
    given_lines: tuple[tuple[str, ...], list[str]],
) -> None:
    names, lines = given_lines
    seen = enriched(lines, names)
    enters, leaves = (
        measure(EnrichedFlows(seen.with_columns(pl.lit(direction, DIRECTION).alias("direction"))))
        for direction in ("ingress", "egress")
    )
    passed = ["minute", "scope", "attachment", "flows", "bytes", "packets"]
    assert_frame_equal(
        add_up([enters, leaves]).select(passed), add_up([enters]).select(passed), categorical_as_str=True
    )


Openings = list[dict[str, Any]]


def scans(watch: Watch) -> dict[tuple[str, str], list[Finding]]:
    """The scan findings of each subject and day."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for each in watch.found:
        if "relation" in each.details:
            found.setdefault((each.scope, each.subject), []).append(each)
    return found


def ids(watch: Watch) -> set[str]:
    return {each.id for each in watch.found}


@LAW_OF_TRAFFIC
@given(traffic)
def test_the_same_traffic_in_any_order_raises_the_same_findings(openings: Openings) -> None:
    one, other = Watch(), Watch()
    one.see(flow_log(line(**each) for each in openings))
    other.see(flow_log(line(**each) for each in reversed(openings)))
    assert {each.to_json() for each in one.found} == {each.to_json() for each in other.found}


@LAW_OF_TRAFFIC
@given(failures)
def test_failures_split_over_batches_raise_the_scans_of_one_batch(openings: Openings) -> None:
    whole, split = Watch(), Watch()
    whole.see(flow_log(line(**each) for each in openings))
    split.see(*(flow_log(line(**each) for each in openings[first : first + 7]) for first in range(0, len(openings), 7)))
    assert scans(split).keys() == scans(whole).keys()
    for subject, findings in scans(whole).items():
        assert {each.id for each in findings} <= {each.id for each in scans(split)[subject]}


@LAW_OF_TRAFFIC
@given(traffic, traffic)
def test_unrelated_traffic_removes_no_finding(openings: Openings, unrelated: Openings) -> None:
    elsewhere = {"srcaddr": "192.0.2.1", "dstaddr": "10.0.9.9", "interface_id": "eni-other"}
    others = [line(**each | elsewhere) for each in unrelated]
    alone, beside = Watch(), Watch()
    alone.see(flow_log(line(**each) for each in openings))
    beside.see(flow_log([*others, *(line(**each) for each in openings), *others]))
    assert ids(alone) <= ids(beside)


@LAW_OF_TRAFFIC
@given(traffic)
def test_the_same_object_twice_raises_nothing_new(openings: Openings) -> None:
    data = flow_log(line(**each) for each in openings)
    watch = Watch()
    _, again = watch.see(data, data)
    assert again.findings == []
