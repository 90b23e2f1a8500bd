"""One explanation for all flows that rules treat alike is the explanation of each of them."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsentry.explain.flows import REFUSED, Explaining
from flowsentry.ownership import Interface, Inventory
from flowsentry.rules import Rules
from flowsentry.territory import Territory
from tests.builders import SYN, V5, VPC, enriched, line
from tests.properties.rule_strategies import EDGES, V4, V6, About, pairs, rule_sets

ADDRESSES = st.sampled_from((*V4, *V6, "10.0.0.3", "10.0.0.9", "192.0.2.1", "198.51.100.1", "2001:db8::3"))
PORTS = st.sampled_from((*EDGES, 24, 443, 39_999))


@st.composite
def companies(draw: st.DrawFn) -> tuple[Rules, tuple[Interface, ...]]:
    """Rules, two interfaces, and a third like one of them."""
    about = About(draw(st.sampled_from([6, 17])), draw(st.sampled_from([4, 6])))
    first, second = (replace(each, vpc_id=VPC) for each in draw(pairs()))
    third = replace(
        draw(st.sampled_from([first, second])), interface_id="eni-9", owner_id="i-9", addresses=("10.0.0.9",)
    )
    return draw(rule_sets(about)), (first, second, third)


@st.composite
def refused(draw: st.DrawFn, interfaces: tuple[Interface, ...]) -> str:
    source, destination = draw(ADDRESSES), draw(ADDRESSES)
    seen_by = draw(st.sampled_from(interfaces))
    return line(
        srcaddr=source,
        dstaddr=destination,
        dstport=draw(PORTS),
        protocol=draw(st.sampled_from([6, 17, 50])),
        interface_id=seen_by.interface_id,
        flow_direction=draw(st.sampled_from(["ingress", "egress"])),
        tcp_flags=draw(st.sampled_from([0, SYN])),
        action="REJECT",
    )


def told(lines: list[str], territory: Territory, inventory: Inventory) -> list[tuple[object, ...]]:
    flows = Explaining(territory).explained(enriched(lines, V5, inventory))
    return flows.select(pl.col(*REFUSED).cast(pl.String)).rows()


@settings(max_examples=60)
@given(companies(), st.data())
def test_flows_explained_together_are_explained_as_each_by_itself(
    company: tuple[Rules, tuple[Interface, ...]], data: st.DataObject
) -> None:
    rules, interfaces = company
    inventory = Inventory.of(interfaces, {VPC: ("10.0.0.0/16",)}, rules)
    territory = Territory.of(inventory)
    lines = data.draw(st.lists(refused(interfaces), min_size=1, max_size=20))
    assert told(lines, territory, inventory) == [told([each], territory, inventory)[0] for each in lines]
