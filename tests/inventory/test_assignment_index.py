"""The owner of an address or an interface at a time: the right one, or none."""

from dataclasses import replace

import pytest

from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.assignment_index import INTERFACE, TRUSTED_SECONDS
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.owner_kinds import KUBERNETES_POD
from tests.builders import NOON, OTHER_VPC, VPC, interface, owner_of

ADDRESS = "10.0.0.1"
MINUTE = 60


def inventory_after(*seen: tuple[int, tuple[Interface, ...]], target: str = "123456789012/eu-west-1") -> Inventory:
    """An inventory after discoveries of one target, each at a number of seconds after noon."""
    inventory = Inventory()
    for at, interfaces in seen:
        inventory = inventory.after(Discovery(target, TargetState(NOON + at), interfaces))
    return inventory


def named(inventory: Inventory, at: int, address: str = ADDRESS, scope: str = VPC) -> str | None:
    owner = owner_of(AddressSpace.of(inventory), scope, address, NOON + at)
    return owner.owner_name if owner else None


A = interface(ADDRESS, name="a", attached_at=NOON - 3_600)
B = interface(ADDRESS, name="b", attached_at=NOON + 10 * MINUTE)


def test_an_assignment_begins_when_the_interface_was_attached() -> None:
    inventory = inventory_after((0, (A,)))
    assert [named(inventory, at) for at in (-3_601, -3_600, 0)] == [None, "a", "a"]


def test_without_a_time_of_attachment_an_assignment_begins_at_the_first_discovery() -> None:
    inventory = inventory_after((0, (replace(A, attached_at=None),)))
    assert [named(inventory, at) for at in (-1, 0)] == [None, "a"]


def test_assignments_of_secondary_addresses_begin_when_they_were_discovered() -> None:
    inventory = inventory_after((0, (replace(A, addresses=(ADDRESS, "10.0.0.9"), public_addresses=("203.0.113.1",)),)))
    assert named(inventory, -60, "10.0.0.9") is None
    assert named(inventory, -60, "203.0.113.1") is None
    assert named(inventory, 0, "203.0.113.1", OTHER_VPC) == "a"


def test_an_address_reassigned_within_the_hour_has_each_owner_at_its_time_and_none_between() -> None:
    inventory = inventory_after((0, (A,)), (15 * MINUTE, (B,)), (30 * MINUTE, (B,)))
    actual = {at: named(inventory, at * MINUTE) for at in (-5, 0, 1, 9, 10, 16)}
    assert actual == {-5: "a", 0: "a", 1: None, 9: None, 10: "b", 16: "b"}


def test_a_deleted_interface_is_still_named_for_the_time_it_existed() -> None:
    inventory = inventory_after((0, (A,)), (5 * MINUTE, ()))
    assert [named(inventory, at) for at in (-60, 0, 1)] == ["a", "a", None]


def test_an_interface_that_returned_is_not_named_for_its_absence() -> None:
    again = replace(A, attached_at=None)
    inventory = inventory_after((0, (again,)), (5 * MINUTE, ()), (10 * MINUTE, (again,)))
    assert [named(inventory, at * MINUTE) for at in (0, 5, 10)] == ["a", None, "a"]


def test_an_assignment_is_trusted_for_ten_minutes_after_the_last_discovery() -> None:
    inventory = inventory_after((0, (A,)))
    assert [named(inventory, at) for at in (TRUSTED_SECONDS, TRUSTED_SECONDS + 1)] == ["a", None]


def test_a_snapshot_of_last_week_has_no_owners_by_address_today() -> None:
    assert named(inventory_after((0, (A,))), 7 * 86_400) is None


def test_without_a_snapshot_there_are_no_owners() -> None:
    assert named(Inventory(), 0) is None


def test_two_vpcs_with_the_same_addresses_have_separate_owners() -> None:
    inventory = inventory_after((0, (A, interface(ADDRESS, name="there", vpc_id=OTHER_VPC, attached_at=NOON))))
    assert named(inventory, 0) == "a"
    assert named(inventory, 0, scope=OTHER_VPC) == "there"
    assert named(inventory, 0, scope="vpc-third") is None


def test_an_address_that_two_interfaces_had_at_once_stays_unowned() -> None:
    both = inventory_after((0, (A, interface(ADDRESS, name="c"))), (5 * MINUTE, (A,)))
    assert [named(both, at) for at in (0, 5 * MINUTE)] == [None, None]


def interface_at(address_space: AddressSpace, at: int) -> Interface | None:
    return address_space.owners_by_id([AddressQuery(INTERFACE, "eni-a", at)])[0].interface


def test_an_interface_with_a_fixed_owner_is_named_at_any_time() -> None:
    lasting = inventory_after((0, (replace(A, has_fixed_owner=True),)))
    moving = inventory_after((0, (A,)))
    at = NOON + 7 * 86_400
    assert [interface_at(AddressSpace.of(each), at) is not None for each in (lasting, moving)] == [True, False]


def test_a_reattached_interface_belongs_to_each_instance_at_its_time() -> None:
    moved = replace(A, owner_id="i-b", owner_name="b", attached_at=NOON + 4 * MINUTE)
    address_space = AddressSpace.of(inventory_after((0, (A,)), (5 * MINUTE, (moved,))))
    actual = [interface_at(address_space, NOON + at * MINUTE) for at in (-1, 2, 4, 6)]
    assert [each.owner_name if each else None for each in actual] == ["a", None, "b", "b"]


def test_an_interface_has_all_addresses_of_that_time() -> None:
    whole = replace(
        A, addresses=(ADDRESS, "10.0.0.9"), public_addresses=("203.0.113.1",), security_groups=("sg-1", "sg-2")
    )
    actual = owner_of(AddressSpace.of(inventory_after((0, (whole,)))), VPC, "10.0.0.9", NOON)
    assert actual == replace(whole, attached_at=None)


NODE = interface("10.0.0.1", name="node", security_groups=("sg-node",), addresses=("10.0.0.1", "10.0.0.7"))
POD = Interface("", VPC, "", "", ("10.0.0.7",), (), KUBERNETES_POD, "shop/web/api-1", "web/api")


def with_pods(inventory: Inventory, *pods: Interface, at: int = 0) -> Inventory:
    return inventory.after(Discovery("123456789012/eu-west-1/eks/shop", TargetState(NOON + at), pods))


def test_a_pod_takes_precedence_over_its_node_and_has_the_nodes_security_groups() -> None:
    address_space = AddressSpace.of(with_pods(inventory_after((0, (NODE,))), POD))
    ((owner, has_address),) = address_space.owners_of([AddressQuery(VPC, "10.0.0.7", NOON)])
    assert owner is not None
    assert has_address is not None
    assert (owner.owner_name, has_address.owner_name, has_address.security_groups) == ("web/api", "node", ("sg-node",))


def test_after_a_pod_is_deleted_its_node_is_the_owner() -> None:
    inventory = with_pods(with_pods(inventory_after((0, (NODE,)), (5 * MINUTE, (NODE,))), POD), at=5 * MINUTE)
    assert [named(inventory, at * MINUTE, "10.0.0.7") for at in (0, 5)] == ["web/api", "node"]


@pytest.mark.parametrize("kind", ["rds database", "nat gateway", "unknown"])
def test_a_pod_cannot_claim_the_address_of_an_owner_that_runs_no_pods(kind: str) -> None:
    inventory = with_pods(inventory_after((0, (interface("10.0.0.7", kind, "orders"),))), POD)
    assert named(inventory, 0, "10.0.0.7") == "orders"


HISTORIES = (
    Inventory(),
    inventory_after((0, (A,)), (15 * MINUTE, (B,)), (30 * MINUTE, (B,))),
    inventory_after((0, (A, interface(ADDRESS, name="c"))), (5 * MINUTE, (A,))),
    with_pods(inventory_after((0, (NODE,))), POD),
    inventory_after(
        (0, (replace(A, public_addresses=("203.0.113.1",)), interface(ADDRESS, name="d", vpc_id=OTHER_VPC)))
    ),
)


@pytest.mark.parametrize("inventory", HISTORIES)
def test_owners_are_the_same_whether_or_not_their_addresses_were_looked_up_before(inventory: Inventory) -> None:
    searching, caching = AddressSpace.of(inventory), AddressSpace.of(inventory)
    caching.look_up_all()
    asked = [
        AddressQuery(scope, address, NOON + at * MINUTE)
        for scope in (VPC, OTHER_VPC, "vpc-third")
        for address in (ADDRESS, "10.0.0.7", "10.0.0.9", "203.0.113.1", "198.51.100.7", "2001:db8::1")
        for at in (-5, 0, 1, 10, 16, 7 * 1_440)
    ]
    owners = caching.owners_of(asked)
    assert owners == searching.owners_of(asked)
    assert [caching.owners_of([each])[0] for each in asked] == owners
