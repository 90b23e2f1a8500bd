"""The explanation of a class of flows is the explanation of each of its flows."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.explain import flows as explain_flows
from flowsentry.explain.flows import EXPLANATION_COLUMNS, FlowExplainer
from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Interface, Inventory
from tests.builders import SYN, V5, VPC, enriched, line
from tests.properties.rule_strategies import EDGES, V4, V6, About, pairs, rule_sets
from tests.properties.strategies import law

OTHERS = {4: (*V4, "10.0.0.3", "10.0.0.9", "192.0.2.1", "198.51.100.1"), 6: (*V6, "2001:db8::3", "2001:db8:9::1")}


@st.composite
def companies(draw: st.DrawFn) -> tuple[Rules, tuple[Interface, ...]]:
    """Rules, two interfaces, and a third similar to one of them."""
    about = About(draw(st.sampled_from([6, 17])), draw(st.sampled_from([4, 6])))
    first, second = (replace(each, vpc_id=VPC) for each in draw(pairs()))
    third = replace(
        draw(st.sampled_from([first, second])), interface_id="eni-9", owner_id="i-9", addresses=("10.0.0.9",)
    )
    return draw(rule_sets(about)), (first, second, third)


@st.composite
def refused(draw: st.DrawFn, interfaces: tuple[Interface, ...]) -> list[str]:
    """Flows of one protocol that interfaces rejected in one direction, for many addresses and some ports."""
    direction, protocol = draw(st.sampled_from(["ingress", "egress"])), draw(st.sampled_from([6, 17]))
    seen_by, version = draw(st.sampled_from(interfaces)), draw(st.sampled_from([4, 4, 6]))
    ports = draw(st.lists(st.sampled_from((*EDGES, 24, 443, 39_999)), min_size=4, max_size=4, unique=True))
    return [_refused(direction, protocol, seen_by, other, port) for other in OTHERS[version] for port in ports]


def _refused(direction: str, protocol: int, seen_by: Interface, other: str, port: int) -> str:
    own = next(each for each in seen_by.addresses if (":" in each) == (":" in other) or len(seen_by.addresses) == 1)
    source, destination = (other, own) if direction == "ingress" else (own, other)
    return line(
        srcaddr=source,
        dstaddr=destination,
        dstport=port,
        protocol=protocol,
        interface_id=seen_by.interface_id,
        flow_direction=direction,
        tcp_flags=SYN,
        action="REJECT",
    )


@law(10)
@given(companies(), st.data())
def test_flows_explained_together_equal_flows_explained_separately(
    company: tuple[Rules, tuple[Interface, ...]], data: st.DataObject
) -> None:
    rules, interfaces = company
    inventory = Inventory.of(interfaces, {VPC: ("10.0.0.0/16",)}, rules)
    address_space = AddressSpace.of(inventory)
    flows = enriched(data.draw(refused(interfaces)), V5, inventory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explain_flows, "MAX_FEW_REFUSED", 0)
        together = FlowExplainer(address_space).explained(flows)
    alone = pl.concat(FlowExplainer(address_space).explained(EnrichedFlows(flows[[row]])) for row in range(len(flows)))
    assert together.select(*EXPLANATION_COLUMNS).equals(alone.select(*EXPLANATION_COLUMNS))
