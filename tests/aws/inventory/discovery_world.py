"""The surroundings of a discovery run: targets with interfaces, a clock, a queue, a snapshot."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count as counter
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.inventory.discovery_claims import DiscoveryClaims
from flowsentry.aws.inventory.discovery_run import DiscoveryRun
from flowsentry.aws.inventory.requests import ChangeEvent, InterfaceRequest
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from flowsentry.inventory.owner_kinds import KUBERNETES_POD
from flowsentry.settings import CLAIMS_KEY
from flowsentry.telemetry import metrics
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, make_bucket

HOME, AWAY = "123456789012/eu-central-1", "123456789012/eu-west-1"
CLUSTER = f"{HOME}/eks/shop"
START = 1_793_676_000

message_ids = counter()


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeTarget:
    """An account and Region with these interfaces (address by id). `seconds` is the reported duration of a discovery;
    the clock stands still, except for what `meanwhile` does.
    """

    target: str
    clock: Clock
    interfaces: dict[str, str] = field(default_factory=dict)
    seconds: int = 1
    failure: Exception | None = None
    meanwhile: Callable[[], object] | None = None
    failed_calls: Sequence[str] = ()
    discovered_at: list[float] = field(default_factory=list)
    requested_ids: list[list[str]] = field(default_factory=list)

    def discover(self) -> Discovery:
        self.discovered_at.append(self.clock.now)
        return self._seen(self.interfaces)

    def find(self, interface_ids: Sequence[str]) -> tuple[Discovery, list[str]]:
        self.requested_ids.append(list(interface_ids))
        found = [each for each in interface_ids if each in self.interfaces]
        return self._seen(found), [each for each in interface_ids if each not in found]

    def _seen(self, interface_ids: Iterable[str]) -> Discovery:
        begun = int(self.clock.now)
        if self.meanwhile:
            self.meanwhile()
        if self.failure:
            raise self.failure
        found = tuple(interface(each, self.interfaces[each]) for each in interface_ids)
        return Discovery(self.target, TargetState(begun, self.seconds, {"vpc-1": ("10.0.0.0/16",)}), found)


@dataclass
class FakeCluster:
    """A cluster with one pod at each of these addresses, except those of nodes."""

    target: str
    clock: Clock
    addresses: tuple[str, ...] = ()
    failure: Exception | None = None

    def discover(self, inventory: Inventory) -> Discovery:
        if self.failure:
            raise self.failure
        nodes = set(inventory.assignments["address"])
        pods = [pod(address) for address in self.addresses if address not in nodes]
        return Discovery(self.target, TargetState(int(self.clock.now), 1), tuple(pods))


@dataclass
class FakeChangeEvents:
    """Records delayed change events with their delay."""

    delayed: list[tuple[str, float, int]] = field(default_factory=list)

    def put(self, target: str, changed_at: float, delay_seconds: int) -> None:
        self.delayed.append((target, changed_at, delay_seconds))


@dataclass
class World:
    """A discovery run with two targets and a cluster."""

    clock: Clock = field(default_factory=Clock)
    change_events: FakeChangeEvents = field(default_factory=FakeChangeEvents)

    def __post_init__(self) -> None:
        self.home = FakeTarget(HOME, self.clock, {"eni-1": "10.0.0.1"})
        self.away = FakeTarget(AWAY, self.clock, {"eni-2": "10.1.0.1"})
        self.cluster = FakeCluster(CLUSTER, self.clock)

    def discovery_run(self, **changed: Any) -> DiscoveryRun:
        """In a cold environment."""
        targets = {"targets": (self.home, self.away), "clusters": (self.cluster,)}
        begun = DiscoveryClaims(OUTPUT_BUCKET, CLAIMS_KEY, clients.s3(), self.clock)
        return DiscoveryRun(store(), begun, self.change_events, **{**targets, "clock": self.clock, **changed})

    def changed(self, target: str = HOME, changed_at: float | None = None) -> ChangeEvent:
        return ChangeEvent(f"change-{next(message_ids)}", target, self.clock.now if changed_at is None else changed_at)

    def requested(self, *interface_ids: str) -> InterfaceRequest:
        return InterfaceRequest(f"request-{next(message_ids)}", interface_ids)

    def delayed_changes(self) -> list[ChangeEvent]:
        """The change events whose delay has passed."""
        back = [each for each in self.change_events.delayed if each[1] + each[2] <= self.clock.now]
        self.change_events.delayed = [each for each in self.change_events.delayed if each not in back]
        return [self.changed(target, changed_at) for target, changed_at, _ in back]

    @property
    def snapshot(self) -> Inventory:
        return store().load()

    @property
    def known(self) -> dict[str, int]:
        """When each interface or pod of the snapshot was last seen."""
        rows = self.snapshot.assignments.select("interface_id", "owner_id", "last_seen").rows()
        return {interface_id or owner_id: seen for interface_id, owner_id, seen in rows}


def store() -> InventoryStore:
    return InventoryStore(OUTPUT_BUCKET, INVENTORY_KEY, clients.s3(), lambda: float("inf"))


def interface(interface_id: str, address: str) -> Interface:
    target = ("vpc-1", "subnet-1", "euc1-az1")
    return Interface(interface_id, *target, (address,), (), "instance", f"i-{interface_id}", "web")


def pod(address: str) -> Interface:
    owner = (KUBERNETES_POD, f"shop/default/pod-{address}", "default/web")
    return Interface("", "vpc-1", "", "", (address,), (), *owner)


def throttled() -> RetryableError:
    return RetryableError("could not describe: RequestLimitExceeded")


def new_world(monkeypatch: pytest.MonkeyPatch) -> World:
    """With a bucket for the snapshot, and empty metrics."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "inventory")
    metrics.cache_clear()
    metrics().clear_metrics()
    make_bucket(OUTPUT_BUCKET)
    return World()
