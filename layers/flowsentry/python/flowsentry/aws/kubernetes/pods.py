"""The pods of an EKS cluster → a look at them, as owners of addresses of the cluster's VPC."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from flowsentry.inventory.endpoint_slices import Pod, Pods
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.owner_kinds import INSTANCE, KUBERNETES_POD
from flowsentry.telemetry import logger


class DescribedCluster(Protocol):
    """What is needed of a cluster."""

    @property
    def vpc_id(self) -> str: ...

    def pods(self, node_addresses: set[str]) -> Pods: ...


@dataclass(frozen=True)
class PodsSource:
    """Lists the pods of one cluster, as it is now; `target` is `ACCOUNT/REGION/eks/CLUSTER`."""

    target: str
    described: Callable[[], DescribedCluster]
    clock: Callable[[], float] = time.time

    def look(self, inventory: Inventory) -> Discovery:
        """All pods there are now that services select. Those at a node's own address are left out: what uses it can't
        be told. Raises RetryableError and PoisonError as EksCluster does.
        """
        started = self.clock()
        cluster = self.described()
        pods = cluster.pods(node_addresses(inventory, cluster.vpc_id))
        if pods.ambiguous or pods.malformed:
            left_out = {"ambiguous": pods.ambiguous, "malformed": pods.malformed}
            logger().info("pods are left out", extra={"cluster": self.target, **left_out})
        target_state = TargetState(int(started), round(self.clock() - started))
        return Discovery(self.target, target_state, tuple(self._row(pod, cluster.vpc_id) for pod in pods.found))

    def _row(self, pod: Pod, vpc_id: str) -> Interface:
        account_id, _, _, cluster = self.target.split("/", 3)
        owner = (KUBERNETES_POD, pod.owner_id(cluster), pod.owner_name)
        return Interface("", vpc_id, "", "", (pod.address,), (), *owner, account_id=account_id)


def node_addresses(inventory: Inventory, vpc_id: str) -> set[str]:
    """The addresses of a VPC that its instances have for themselves: the primary ones, and IPv6 ones, since pods have
    those of a prefix. With `hostNetwork` pods share them. Other addresses were assigned to an instance for its pods.
    """
    looked_at = {target: target_state.taken_at for target, target_state in inventory.target_states.items()}
    seen_at = pl.col("target").cast(pl.String).replace_strict(looked_at, default=0, return_dtype=pl.Int64)
    is_own = pl.col("is_primary") | pl.col("address").cast(pl.String).str.contains(":", literal=True)
    nodes = inventory.assignments.filter(
        pl.col("vpc_id") == vpc_id, pl.col("owner_kind") == INSTANCE, pl.col("last_seen") >= seen_at, is_own
    )
    return set(nodes["address"].drop_nulls())
