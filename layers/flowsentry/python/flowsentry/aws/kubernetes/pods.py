"""Discovers the pods of an EKS cluster as owners of addresses in the cluster's VPC."""

import time
from collections.abc import Callable
from typing import Protocol

import polars as pl

from flowsentry.inventory.endpoint_slices import Pod, Pods
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.owner_kinds import INSTANCE, KUBERNETES_POD
from flowsentry.telemetry import logger
from flowsentry.value import Value


class DescribedCluster(Protocol):
    """The members of EksCluster that are used."""

    @property
    def vpc_id(self) -> str: ...

    def pods(self, node_addresses: set[str]) -> Pods: ...


class PodDiscovery(Value, frozen=True):
    """Discovers the pods of one cluster; `target` is `ACCOUNT/REGION/eks/CLUSTER`."""

    target: str
    described: Callable[[], DescribedCluster]
    clock: Callable[[], float] = time.time

    def discover(self, inventory: Inventory) -> Discovery:
        """All pods that services select now. Pods at a node's own address are left out: several pods and the node share
        it. Raises RetryableError and PoisonError as EksCluster does.
        """
        started = self.clock()
        cluster = self.described()
        pods = cluster.pods(node_addresses(inventory, cluster.vpc_id))
        if pods.ambiguous or pods.malformed:
            left_out = {"ambiguous": pods.ambiguous, "malformed": pods.malformed}
            logger().info("pods were left out", extra={"cluster": self.target, **left_out})
        target_state = TargetState(int(started), round(self.clock() - started))
        return Discovery(self.target, target_state, tuple(self._row(pod, cluster.vpc_id) for pod in pods.found))

    def _row(self, pod: Pod, vpc_id: str) -> Interface:
        account_id, _, _, cluster = self.target.split("/", 3)
        owner = (KUBERNETES_POD, pod.owner_id(cluster), pod.owner_name)
        return Interface("", vpc_id, "", "", (pod.address,), (), *owner, account_id=account_id)


def node_addresses(inventory: Inventory, vpc_id: str) -> set[str]:
    """The addresses that a VPC's instances have for themselves: primary addresses, and IPv6 addresses, since pods get
    theirs from a prefix. Pods with `hostNetwork` share them. Other addresses were assigned to an instance for its pods.
    """
    taken_at = {target: target_state.taken_at for target, target_state in inventory.target_states.items()}
    seen_at = pl.col("target").cast(pl.String).replace_strict(taken_at, default=0, return_dtype=pl.Int64)
    is_own = pl.col("is_primary") | pl.col("address").cast(pl.String).str.contains(":", literal=True)
    nodes = inventory.assignments.filter(
        pl.col("vpc_id") == vpc_id, pl.col("owner_kind") == INSTANCE, pl.col("last_seen") >= seen_at, is_own
    )
    return set(nodes["address"].drop_nulls())
