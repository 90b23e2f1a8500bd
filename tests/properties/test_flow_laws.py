"""Laws of enrich, contacts and detect: what holds for all traffic."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flowsentry.contacts import Gathering, contacts, gather
from flowsentry.enrich import enrich
from flowsentry.findings import Finding
from flowsentry.frames import EnrichedFlows, Flows
from flowsentry.ownership import Inventory
from flowsentry.territory import Territory
from tests.builders import V2, V5, Watch, enriched, flow_log, flows, interface, line
from tests.properties.strategies import LAW, LAW_OF_TRAFFIC, failures, formats, records, traffic

COMPANY = Territory.of(Inventory(interfaces=(interface("10.0.0.1", interface_id="eni-1"), interface("10.0.0.2"))))
KEY = ["scope", "initiator", "responder", "responder_port", "protocol", "day"]
OUTCOME = [*KEY, "outcome", "first_seen", "last_seen", "initiator_is_inside", "responder_is_inside"]


@st.composite
def some_flows(draw: st.DrawFn) -> Flows:
    names = draw(formats)
    return flows(draw(st.lists(records(names), max_size=15)), names)


@st.composite
def some_enriched(draw: st.DrawFn) -> EnrichedFlows:
    names = draw(st.sampled_from([V2, V5]))
    return enriched(draw(st.lists(records(names), max_size=30)), names)


@LAW
@given(some_flows())
def test_enriching_adds_columns_and_changes_neither_rows_nor_their_order(given_flows: Flows) -> None:
    seen = enrich(given_flows, COMPANY)
    assert_frame_equal(seen.select(given_flows.columns), given_flows)
    assert len(seen.columns) > len(given_flows.columns)


@LAW
@given(some_flows(), some_flows())
def test_enriching_again_tells_the_same_whatever_was_enriched_between(one: Flows, other: Flows) -> None:
    territory = Territory.of(Inventory(interfaces=(interface("10.0.0.1", interface_id="eni-1"),)))
    first = enrich(one, territory)
    enrich(other, territory)
    assert_frame_equal(enrich(one, territory), first)


def outcomes(of: EnrichedFlows | Gathering) -> list[tuple[object, ...]]:
    settled = of.settle() if isinstance(of, Gathering) else contacts(of)
    return sorted(settled.select(OUTCOME).rows(), key=str)


@LAW
@given(some_enriched(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant_to_contacts(seen: EnrichedFlows, random: Random) -> None:
    places = list(range(len(seen)))
    random.shuffle(places)
    assert outcomes(EnrichedFlows(seen[places])) == outcomes(seen)


@LAW
@given(some_enriched(), st.integers(1, 7), st.sampled_from([0, 5, 1_000_000]))
def test_contacts_gathered_in_chunks_are_those_of_one_batch(seen: EnrichedFlows, size: int, unmerged: int) -> None:
    gathering = Gathering()
    gather(EnrichedFlows(seen.head(0)), gathering)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flowsentry.contacts.MAX_UNMERGED_ROWS", unmerged)
        for first in range(0, len(seen), size):
            gather(EnrichedFlows(seen[first : first + size]), gathering)
    assert outcomes(gathering) == outcomes(seen)


@LAW
@given(some_enriched())
def test_a_contact_is_one_row(seen: EnrichedFlows) -> None:
    settled = contacts(seen)
    assert not settled.select(KEY).is_duplicated().any()
    assert settled.select(OUTCOME).null_count().sum_horizontal().item() == 0


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
def test_splitting_failures_and_carrying_evidence_raises_the_scans_of_one_batch(openings: Openings) -> None:
    whole, split = Watch(), Watch()
    whole.see(flow_log(line(**each) for each in openings))
    split.see(*(flow_log(line(**each) for each in openings[first : first + 7]) for first in range(0, len(openings), 7)))
    assert scans(split).keys() == scans(whole).keys()
    for subject, findings in scans(whole).items():
        assert {each.id for each in findings} <= {each.id for each in scans(split)[subject]}


@LAW_OF_TRAFFIC
@given(traffic, traffic)
def test_unrelated_traffic_removes_no_finding(openings: Openings, unrelated: Openings) -> None:
    others = [line(**each | {"srcaddr": "192.0.2.1", "interface_id": "eni-other"}) for each in unrelated]
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
