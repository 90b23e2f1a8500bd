"""Laws of ownership: if addresses are reassigned, a named owner had the address, whatever discoveries found."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.snapshot import pack, unpack
from tests.builders import NOON, enriched, interface, line

ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
LATEST = 60
TARGET = "123456789012/eu-west-1"


class Tenancy(NamedTuple):
    """An interface that had an address from one minute until another."""

    address: str
    owner: str
    starts: int
    ends: int
    tells_since: bool

    def interface(self) -> Interface:
        since = NOON + self.starts * 60 if self.tells_since else None
        return interface(self.address, name=self.owner, attached_at=since)


class Flow(NamedTuple):
    """A record of traffic to the address from one minute until another."""

    address: str
    starts: int
    ends: int


@st.composite
def worlds(draw: st.DrawFn) -> list[Tenancy]:
    """Tenancies, no two of which have an address at the same time."""
    tenancies = []
    for address in ADDRESSES:
        edges = draw(st.lists(st.integers(0, LATEST), max_size=8, unique=True).map(sorted))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        tenancies += [
            Tenancy(address, f"{address}#{number}", starts, ends, draw(st.booleans()))
            for number, (starts, ends) in enumerate(pairs)
        ]
    return tenancies


flows = st.builds(
    lambda address, start, length: Flow(address, start, min(start + length, LATEST)),
    st.sampled_from(ADDRESSES),
    st.integers(0, LATEST),
    st.integers(0, 5),
)


def observed(world: Sequence[Tenancy], discovery_minutes: Sequence[int]) -> Inventory:
    inventory = Inventory()
    for minute in discovery_minutes:
        there = tuple(each.interface() for each in world if each.starts <= minute <= each.ends)
        inventory = inventory.after(Discovery(TARGET, TargetState(NOON + minute * 60), there))
    return inventory


def named(records: Sequence[Flow], inventory: Inventory) -> list[str | None]:
    lines = [
        line(
            srcaddr="192.0.2.1",
            dstaddr=each.address,
            interface_id="eni-other",
            start=NOON + each.starts * 60,
            end=NOON + each.ends * 60,
        )
        for each in records
    ]
    return enriched(lines, inventory=inventory)["destination_owner_name"].cast(pl.String).to_list()


def true_owner(flow: Flow, world: Sequence[Tenancy]) -> str | None:
    whole = (
        each for each in world if each.address == flow.address and each.starts <= flow.starts <= flow.ends <= each.ends
    )
    return next((each.owner for each in whole), None)


looks = st.lists(st.integers(0, LATEST), min_size=1, max_size=10, unique=True).map(sorted)


@given(worlds(), looks, st.lists(flows, min_size=1, max_size=20))
def test_a_named_owner_had_the_address_for_the_whole_flow(
    world: list[Tenancy], discovery_minutes: list[int], records: list[Flow]
) -> None:
    before = [each for each in records if each.ends <= discovery_minutes[-1]]
    for flow, name in zip(before, named(before, observed(world, discovery_minutes)) if before else [], strict=True):
        assert name in (None, true_owner(flow, world))


@given(worlds(), looks, st.lists(flows, min_size=1, max_size=20))
def test_an_owner_discovered_after_the_flow_and_known_before_it_is_named(
    world: list[Tenancy], discovery_minutes: list[int], records: list[Flow]
) -> None:
    told = named(records, observed(world, discovery_minutes))
    for flow, name in zip(records, told, strict=True):
        owner = next((each for each in world if each.owner == true_owner(flow, world)), None)
        seen = [minute for minute in discovery_minutes if owner and owner.starts <= minute <= owner.ends]
        if owner and seen and flow.ends <= seen[-1] and (owner.tells_since or flow.starts >= seen[0]):
            assert name == owner.owner


@given(worlds(), looks, st.lists(flows, min_size=1, max_size=20))
def test_storing_the_snapshot_between_discoveries_changes_no_owner(
    world: list[Tenancy], discovery_minutes: list[int], records: list[Flow]
) -> None:
    inventory = Inventory()
    for minute in discovery_minutes:
        there = tuple(each.interface() for each in world if each.starts <= minute <= each.ends)
        inventory = unpack(pack(inventory.after(Discovery(TARGET, TargetState(NOON + minute * 60), there))))
    assert named(records, inventory) == named(records, observed(world, discovery_minutes))


@given(worlds(), looks, st.lists(flows, min_size=2, max_size=20), st.data())
def test_the_owner_of_a_record_does_not_depend_on_other_records(
    world: list[Tenancy], discovery_minutes: list[int], records: list[Flow], data: st.DataObject
) -> None:
    inventory = observed(world, discovery_minutes)
    cut = data.draw(st.integers(1, len(records) - 1))
    assert named(records, inventory) == named(records[:cut], inventory) + named(records[cut:], inventory)
