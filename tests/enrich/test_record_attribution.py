"""What records themselves say of their ends fills what the inventory does not know."""

import pytest

from flowsentry.inventory.inventory import Discovery, Inventory, Route, TargetState
from tests.builders import INTERFACE, NOON, OTHER_VPC, V5, VPC, enriched, interface, line

V8 = (*V5, "instance-id", "pkt-src-aws-service", "pkt-dst-aws-service")
NAMES_11 = (*V5, "instance-id", "instance-tag", "interface-type", "resource-id")
NAMES_7 = (*V5, "ecs-task-arn", "ecs-task-id", "ecs-service-name")
WEB = interface("10.0.0.1", interface_id=INTERFACE)
Owner = tuple[object, ...]


def owners(text: str, names: tuple[str, ...], inventory: Inventory | None = None) -> tuple[Owner, Owner]:
    flows = enriched([text], names, inventory)
    row = flows.row(0, named=True)
    source, destination = (
        tuple(row[f"{end}_owner_{what}"] for what in ("kind", "id", "name")) for end in ("source", "destination")
    )
    return source, destination


NOBODY = (None, None, None)


def test_an_unknown_interface_belongs_to_the_instance_in_the_record() -> None:
    assert owners(line(V8, instance_id="i-9"), V8) == (("instance", "i-9", "i-9"), NOBODY)


def test_the_instance_has_the_name_that_the_inventory_knows_it_by() -> None:
    known = Inventory.of((interface("10.0.9.9", name="api", owner_id="i-9"),))
    assert owners(line(V8, instance_id="i-9"), V8, known)[0] == ("instance", "i-9", "api")


def test_the_record_has_precedence_when_its_interface_belongs_to_another_instance_now() -> None:
    known = Inventory.of((WEB,))
    assert owners(line(V8, instance_id="i-9"), V8, known)[0] == ("instance", "i-9", "i-9")
    assert owners(line(V8, instance_id="i-web-1"), V8, known)[0] == ("instance", "i-web-1", "web-1")


def test_a_forwarded_packet_is_not_attributed_to_the_instance() -> None:
    passed = line(V8, instance_id="i-9", srcaddr="10.0.0.5", pkt_srcaddr="192.0.2.7")
    assert owners(passed, V8)[0] == NOBODY


def test_a_tag_names_an_unknown_instance() -> None:
    text = line(NAMES_11, instance_id="i-9", instance_tag="checkout%20api")
    assert owners(text, NAMES_11)[0] == ("instance", "i-9", "checkout api")


def test_the_type_of_an_interface_gives_its_owner_kind() -> None:
    text = line(NAMES_11, interface_type="nat_gateway")
    assert owners(text, NAMES_11)[0] == ("nat gateway", INTERFACE, INTERFACE)


def test_a_regional_nat_gateway_has_no_interface_and_is_named_by_its_own_id() -> None:
    text = line(NAMES_11, interface_id="-", resource_id="nat-0abc")
    assert owners(text, NAMES_11)[0] == ("nat gateway", "nat-0abc", "nat-0abc")


def test_a_task_of_ecs_is_named_by_its_service() -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:task/shop/0a1b"
    text = line(NAMES_7, ecs_task_arn=arn, ecs_task_id="0a1b", ecs_service_name="checkout")
    assert owners(text, NAMES_7)[0] == ("ecs task", arn, "checkout")
    alone = line(NAMES_7, ecs_task_arn=arn, ecs_task_id="0a1b")
    assert owners(alone, NAMES_7)[0] == ("ecs task", arn, "0a1b")


def test_the_other_end_is_the_service_of_aws_whose_range_it_is_in() -> None:
    text = line(V8, dstaddr="192.0.2.9", pkt_dst_aws_service="S3")
    assert owners(text, V8)[1] == ("aws service", "S3", "S3")


@pytest.mark.parametrize("service", ["EC2", "-"])
def test_a_range_with_addresses_of_customers_names_no_owner(service: str) -> None:
    assert owners(line(V8, dstaddr="192.0.2.9", pkt_dst_aws_service=service), V8)[1] == NOBODY


def test_an_own_address_has_precedence_over_its_range() -> None:
    own = Inventory.of((interface("10.0.0.9", name="api", public_addresses=("192.0.2.9",)),))
    text = line(V8, dstaddr="192.0.2.9", pkt_dst_aws_service="AMAZON")
    assert owners(text, V8, own)[1] == ("instance", "i-api", "api")


PEER = interface("10.1.0.2", name="there", vpc_id=OTHER_VPC)
NETWORKS = {VPC: ("10.0.0.0/16",), OTHER_VPC: ("10.1.0.0/16",)}


def test_a_peer_is_named_where_the_routes_lead_to_its_vpc_alone() -> None:
    text = line(dstaddr="10.1.0.2")
    for ways, name in (
        ((OTHER_VPC,), "there"),
        ((), None),
        ((OTHER_VPC, None), None),
        ((OTHER_VPC, "vpc-third"), None),
    ):
        tables = tuple((Route("10.1.0.0/16", way),) for way in ways)
        known = Inventory.of((PEER,), NETWORKS, routes={VPC: tables})
        assert owners(text, V5, known)[1][2] == name


def test_two_peers_with_the_same_blocks_give_no_owner() -> None:
    both = (PEER, interface("10.1.0.2", name="elsewhere", vpc_id="vpc-third"))
    tables = ((Route("10.1.0.0/16", OTHER_VPC),), (Route("10.1.0.0/16", "vpc-third"),))
    assert owners(line(dstaddr="10.1.0.2"), V5, Inventory.of(both, NETWORKS, routes={VPC: tables}))[1] == NOBODY


def test_an_interface_deleted_before_its_records_arrive_is_still_named() -> None:
    place = "123456789012/eu-west-1"
    seen = interface("10.0.0.1", interface_id=INTERFACE, attached_at=NOON - 600)
    gone = (
        Inventory()
        .after(Discovery(place, TargetState(NOON + 60), (seen,)))
        .after(Discovery(place, TargetState(NOON + 300), ()))
    )
    assert owners(line(), V5, gone)[0][2] == "web-1"
    assert owners(line(start=NOON + 61, end=NOON + 90), V5, gone)[0] == NOBODY
