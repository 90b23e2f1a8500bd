"""flowsentry explain: who is meant by an address, a name or an id."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.owner_kinds import KUBERNETES_POD
from flowsentry.inventory.snapshot import pack
from tests.explain.company import API, DATA, interface, rules
from tests.local.conftest import Flowsentry
from tests.local.snapshots import complaint, explained, written


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """The company's snapshot, with all open."""
    return written(tmp_path)


@pytest.mark.parametrize("source", ["10.0.3.7", "i-api", "eni-api", "api-1"])
@pytest.mark.parametrize("destination", ["10.0.9.9", "data-1"])
def test_ends_are_called_by_address_id_or_name(
    flowsentry: Flowsentry, snapshot: Path, source: str, destination: str
) -> None:
    told = explained(flowsentry, snapshot, source, destination, 5432)
    assert told["source"] == {
        "address": "10.0.3.7",
        "interface_id": "eni-api",
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-api",
        "owner": {"kind": "instance", "id": "i-api", "name": "api-1"},
    }
    assert told["destination"]["interface_id"] == "eni-data"


def test_the_version_of_ip_is_that_of_the_address_that_was_given(flowsentry: Flowsentry, snapshot: Path) -> None:
    told = explained(flowsentry, snapshot, "api-1", "2001:DB8:1:0::9", 443)
    assert (told["source"]["address"], told["destination"]["address"]) == ("2001:db8:1::7", "2001:db8:1::9")
    assert told["verdict"] == "refused"


def test_one_end_may_be_on_the_internet(flowsentry: Flowsentry, snapshot: Path) -> None:
    told = explained(flowsentry, snapshot, "203.0.113.99", "data-1", 443)
    assert told["source"] == {"address": "203.0.113.99"} | dict.fromkeys(
        ("interface_id", "vpc_id", "subnet_id", "owner")
    )
    assert [step["verdict"] for step in told["steps"]] == [
        *("not asked", "not asked", "allowed", "allowed"),
        *("allowed", "not asked"),
    ]
    assert told["verdict"] == "allowed"


def pod(**values: Any) -> Interface:
    told: dict[str, Any] = {"owner_kind": KUBERNETES_POD, "owner_id": "shop/cart", "owner_name": "cart"}
    return interface("api", "10.0.3.200", **{"interface_id": "", "security_groups": ()} | told | values)


@pytest.mark.parametrize("called", ["cart", "10.0.3.200"])
def test_a_pod_has_the_groups_of_its_nodes_interface(flowsentry: Flowsentry, tmp_path: Path, called: str) -> None:
    node = replace(API, addresses=("10.0.3.7", "10.0.3.200"))
    told = explained(flowsentry, written(tmp_path, None, (node, DATA, pod())), called, "data-1", 5432)
    assert (told["source"]["interface_id"], told["source"]["owner"]["name"]) == ("eni-api", "cart")
    assert told["steps"][0]["resources"] == [{"id": "sg-api", "name": "api-tier"}]


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (("10.0.3.99", "10.0.9.9"), "10.0.3.99 is not in the inventory"),
        (("api-1", "nobody"), "nobody is not in the inventory"),
        (("203.0.113.99", "198.51.100.7"), "neither 203.0.113.99 nor 198.51.100.7 is in the inventory"),
        (("2001:db8:1::7", "10.0.9.9"), "2001:db8:1::7 and 10.0.9.9 have no version of IP in common"),
    ],
)
def test_an_end_that_is_not_clear_is_told(
    flowsentry: Flowsentry, snapshot: Path, ends: tuple[str, str], sentence: str
) -> None:
    assert complaint(flowsentry("explain", "--inventory", snapshot, *ends, 443)) == sentence


def test_an_address_in_several_vpcs_is_asked_for_with_the_vpc(flowsentry: Flowsentry, tmp_path: Path) -> None:
    twin = interface("twin", "10.0.9.9", vpc_id="vpc-2")
    path = written(tmp_path, None, (API, DATA, twin))
    asked = ("explain", "--inventory", path, "api-1", "10.0.9.9", 443)
    assert complaint(flowsentry(*asked)) == (
        "10.0.9.9 may be any of eni-data 10.0.9.9 in vpc-1, eni-twin 10.0.9.9 in vpc-2; --vpc says which"
    )
    told = explained(flowsentry, path, "api-1", "10.0.9.9", 443, "--vpc", "vpc-2")
    assert told["destination"]["interface_id"] == "eni-twin"


def test_a_name_that_several_have_is_told_with_whom_it_may_mean(flowsentry: Flowsentry, tmp_path: Path) -> None:
    balancers = tuple(interface(f"lb{number}", f"10.0.9.{number}", owner_name="shop") for number in range(20, 35))
    path = written(tmp_path, None, (API, *balancers))
    told = complaint(flowsentry("explain", "--inventory", path, "api-1", "shop", 443))
    assert told.startswith("shop may be any of eni-lb20 10.0.9.20 in vpc-1, eni-lb21 10.0.9.21 in vpc-1")
    assert told.endswith(", …")


def test_an_id_is_not_taken_by_one_who_is_named_like_it(flowsentry: Flowsentry, tmp_path: Path) -> None:
    liar = interface("liar", "10.0.9.66", owner_name="i-data")
    told = explained(flowsentry, written(tmp_path, None, (API, DATA, liar)), "api-1", "i-data", 443)
    assert told["destination"]["interface_id"] == "eni-data"


def test_who_is_gone_is_not_there_to_be_called(flowsentry: Flowsentry, tmp_path: Path) -> None:
    before = Inventory().after(Discovery("here", TargetState(1_000), (API, DATA), rules()))
    now = before.after(
        Discovery("here", TargetState(2_000), (replace(DATA, interface_id="eni-new", owner_id="i-new"), API), rules())
    )
    path = tmp_path / "snapshot"
    path.write_bytes(pack(now))
    assert explained(flowsentry, path, "api-1", "10.0.9.9", 443)["destination"]["interface_id"] == "eni-new"


def test_in_an_empty_inventory_nobody_is_found(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    path.write_bytes(pack(Inventory()))
    asked = flowsentry("explain", "--inventory", path, "api-1", "data-1", 443)
    assert complaint(asked) == "api-1 is not in the inventory"
