"""flowsentry explain: finds endpoints by address, name or id."""

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
def test_an_endpoint_is_found_by_address_id_or_name(
    flowsentry: Flowsentry, snapshot: Path, source: str, destination: str
) -> None:
    result = explained(flowsentry, snapshot, source, destination, 5432)
    assert result["source"] == {
        "address": "10.0.3.7",
        "interface_id": "eni-api",
        "vpc_id": "vpc-1",
        "subnet_id": "subnet-api",
        "owner": {"kind": "instance", "id": "i-api", "name": "api-1"},
    }
    assert result["destination"]["interface_id"] == "eni-data"


def test_the_ip_version_of_a_given_address_applies_to_both_endpoints(flowsentry: Flowsentry, snapshot: Path) -> None:
    result = explained(flowsentry, snapshot, "api-1", "2001:DB8:1:0::9", 443)
    assert (result["source"]["address"], result["destination"]["address"]) == ("2001:db8:1::7", "2001:db8:1::9")
    assert result["verdict"] == "denied"


def test_one_endpoint_may_be_on_the_internet(flowsentry: Flowsentry, snapshot: Path) -> None:
    result = explained(flowsentry, snapshot, "203.0.113.99", "data-1", 443)
    assert result["source"] == {"address": "203.0.113.99"} | dict.fromkeys(
        ("interface_id", "vpc_id", "subnet_id", "owner")
    )
    assert [step["verdict"] for step in result["steps"]] == [
        *("not evaluated", "not evaluated", "allowed", "allowed"),
        *("allowed", "not evaluated"),
    ]
    assert result["verdict"] == "allowed"


def pod(**values: Any) -> Interface:
    owner: dict[str, Any] = {"owner_kind": KUBERNETES_POD, "owner_id": "shop/cart", "owner_name": "cart"}
    return interface("api", "10.0.3.200", **{"interface_id": "", "security_groups": ()} | owner | values)


@pytest.mark.parametrize("called", ["cart", "10.0.3.200"])
def test_a_pod_has_the_security_groups_of_its_nodes_interface(
    flowsentry: Flowsentry, tmp_path: Path, called: str
) -> None:
    node = replace(API, addresses=("10.0.3.7", "10.0.3.200"))
    result = explained(flowsentry, written(tmp_path, None, (node, DATA, pod())), called, "data-1", 5432)
    assert (result["source"]["interface_id"], result["source"]["owner"]["name"]) == ("eni-api", "cart")
    assert result["steps"][0]["resources"] == [{"id": "sg-api", "name": "api-tier"}]


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (("10.0.3.99", "10.0.9.9"), "10.0.3.99 is not in the inventory"),
        (("api-1", "nobody"), "nobody is not in the inventory"),
        (("203.0.113.99", "198.51.100.7"), "neither 203.0.113.99 nor 198.51.100.7 is in the inventory"),
        (("2001:db8:1::7", "10.0.9.9"), "2001:db8:1::7 and 10.0.9.9 have no IP version in common"),
    ],
)
def test_an_unknown_or_unusable_endpoint_is_reported(
    flowsentry: Flowsentry, snapshot: Path, ends: tuple[str, str], sentence: str
) -> None:
    assert complaint(flowsentry("explain", "--inventory", snapshot, *ends, 443)) == sentence


def test_an_address_in_several_vpcs_is_selected_with_vpc(flowsentry: Flowsentry, tmp_path: Path) -> None:
    twin = interface("twin", "10.0.9.9", vpc_id="vpc-2")
    path = written(tmp_path, None, (API, DATA, twin))
    asked = ("explain", "--inventory", path, "api-1", "10.0.9.9", 443)
    assert complaint(flowsentry(*asked)) == (
        "10.0.9.9 is ambiguous: eni-data 10.0.9.9 in vpc-1, eni-twin 10.0.9.9 in vpc-2; choose with --vpc"
    )
    result = explained(flowsentry, path, "api-1", "10.0.9.9", 443, "--vpc", "vpc-2")
    assert result["destination"]["interface_id"] == "eni-twin"


def test_an_ambiguous_name_is_reported_with_candidates(flowsentry: Flowsentry, tmp_path: Path) -> None:
    balancers = tuple(interface(f"lb{number}", f"10.0.9.{number}", owner_name="shop") for number in range(20, 35))
    path = written(tmp_path, None, (API, *balancers))
    message = complaint(flowsentry("explain", "--inventory", path, "api-1", "shop", 443))
    assert message.startswith("shop is ambiguous: eni-lb20 10.0.9.20 in vpc-1, eni-lb21 10.0.9.21 in vpc-1")
    assert message.endswith(", …")


def test_an_id_is_not_matched_by_an_interface_with_that_name(flowsentry: Flowsentry, tmp_path: Path) -> None:
    liar = interface("liar", "10.0.9.66", owner_name="i-data")
    result = explained(flowsentry, written(tmp_path, None, (API, DATA, liar)), "api-1", "i-data", 443)
    assert result["destination"]["interface_id"] == "eni-data"


def test_an_interface_missing_from_the_latest_discovery_is_not_found(flowsentry: Flowsentry, tmp_path: Path) -> None:
    before = Inventory().after(Discovery("here", TargetState(1_000), (API, DATA), rules()))
    now = before.after(
        Discovery("here", TargetState(2_000), (replace(DATA, interface_id="eni-new", owner_id="i-new"), API), rules())
    )
    path = tmp_path / "snapshot"
    path.write_bytes(pack(now))
    assert explained(flowsentry, path, "api-1", "10.0.9.9", 443)["destination"]["interface_id"] == "eni-new"


def test_no_endpoint_is_found_in_an_empty_inventory(flowsentry: Flowsentry, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    path.write_bytes(pack(Inventory()))
    asked = flowsentry("explain", "--inventory", path, "api-1", "data-1", 443)
    assert complaint(asked) == "api-1 is not in the inventory"
