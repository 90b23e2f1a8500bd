"""Pods as owners of addresses, and addresses of their nodes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from flowsentry.aws.kubernetes.pods import PodDiscovery, node_addresses
from flowsentry.errors import RetryableError
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.endpoint_slices import Pod, Pods
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from tests.aws.inventory.discovery_world import CLUSTER, HOME, START

VPC = "vpc-1"
NODE = Interface(
    *("eni-1", VPC, "subnet-1", "euc1-az1", ("10.0.0.1", "10.0.0.7", "fd00::1"), ("203.0.113.5",), "instance"),
    *("i-1", "node-1"),
)


@dataclass
class FakeCluster:
    """A cluster with these pods, except those at node addresses."""

    pods_there: Sequence[Pod] = ()
    vpc_id: str = VPC
    ambiguous: int = 0
    nodes: set[str] = field(default_factory=set)

    def pods(self, node_addresses: set[str]) -> Pods:
        self.nodes = node_addresses
        found = tuple(pod for pod in self.pods_there if pod.address not in node_addresses)
        return Pods(found, self.ambiguous)


def inventory(*interfaces: Interface, taken_at: int = START) -> Inventory:
    return Inventory().after(Discovery(HOME, TargetState(taken_at, 1, {VPC: ("10.0.0.0/16",)}), interfaces))


def source(described: Callable[[], FakeCluster]) -> PodDiscovery:
    return PodDiscovery(CLUSTER, described, lambda: START + 1.5)


def test_a_pod_owns_its_address_in_its_cluster_s_vpc() -> None:
    cluster = FakeCluster([Pod("10.0.0.7", "web", "web-1", ("frontend",))])
    discovery = source(lambda: cluster).discover(inventory(NODE))
    assert (discovery.target, discovery.state.taken_at) == (CLUSTER, START + 1)
    known = AddressSpace.of(inventory(NODE).after(discovery))
    owner = known.owners_of([AddressQuery(VPC, "10.0.0.7", START + 2)])[0].owner
    assert owner is not None
    assert owner.owner == {"kind": "kubernetes pod", "id": "shop/web/web-1", "name": "web/frontend"}
    assert (owner.account_id, owner.interface_id) == ("123456789012", "")


def test_a_node_s_own_addresses_are_not_pods() -> None:
    cluster = FakeCluster([Pod("10.0.0.1", "kube-system", "proxy-1")])
    assert source(lambda: cluster).discover(inventory(NODE)).interfaces == ()
    assert cluster.nodes == {"10.0.0.1", "fd00::1"}


def test_instances_of_other_vpcs_and_other_owner_kinds_are_not_nodes() -> None:
    elsewhere = replace(NODE, vpc_id="vpc-2", interface_id="eni-2")
    branch = replace(NODE, owner_kind="eks node", interface_id="eni-3", addresses=("10.0.0.9",))
    assert node_addresses(inventory(elsewhere, branch), VPC) == set()


def test_a_former_address_of_a_node_may_belong_to_a_pod() -> None:
    later = inventory(NODE).after(Discovery(HOME, TargetState(START + 60, 1), ()))
    assert node_addresses(later, VPC) == set()


def test_a_cluster_that_can_not_be_described_raises_retryable_error() -> None:
    def unreachable() -> FakeCluster:
        raise RetryableError("could not describe cluster 'shop'")

    with pytest.raises(RetryableError, match="shop"):
        source(unreachable).discover(Inventory())
