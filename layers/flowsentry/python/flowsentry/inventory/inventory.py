"""Inventory: network interfaces with their owners and addresses over time, and networks, routes and rules of VPCs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import polars as pl
from msgspec import field

from flowsentry.inventory.address_assignments import FOREVER, assignments, merged, retained
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.records.few_rows import rows_where
from flowsentry.records.flow_logs import FlowLog
from flowsentry.value import Value

SECONDS_A_DAY = 86_400
ABSENT_SECONDS, MAX_ABSENT = 900, 20_000
"""How long, and for how many interfaces (some 40 bytes each), the inventory remembers that no target has them;
meanwhile nothing requests or searches them again. Longer: an interface that was requested before it existed stays
unnamed until the next scheduled discovery. Shorter: late records of deleted interfaces cause searches again and again.
More interfaces: a larger snapshot. Fewer: after an outage the same interfaces are searched again."""
RETENTION_DAYS = 7
"""How long the owner of a deleted interface can still be named. Higher: replays of older flow logs find their owners,
but the snapshot grows with every deleted instance. Lower: flow logs delivered late or replayed have no owners."""


class Interface(Value, frozen=True):
    """One network interface and its owner. `owner_kind` is for example `instance`, `application load balancer` or `nat
    gateway`; `owner_name` is a Name tag or a load balancer's name, else the id. `addresses` are all private addresses,
    the primary first; `public_addresses` are associated with them.

    `attached_at` is the Unix second at which its owner attached it, if known. `has_fixed_owner`: it keeps this owner
    until it is deleted. An address without its own interface, such as a pod's or an unassociated Elastic IP address,
    has no `interface_id`.
    """

    interface_id: str
    vpc_id: str
    subnet_id: str
    availability_zone: str
    addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]
    owner_kind: str
    owner_id: str
    owner_name: str
    security_groups: tuple[str, ...] = ()
    account_id: str = ""
    attached_at: int | None = None
    has_fixed_owner: bool = False

    @property
    def owner(self) -> dict[str, str]:
        """The owner as findings show it in their details."""
        return {"kind": self.owner_kind, "id": self.owner_id, "name": self.owner_name}

    def assignments(self, target: str, since: int, last_seen: int) -> Iterator[tuple[object, ...]]:
        """Its rows of the assignments table. An interface keeps its primary address until it is deleted, so that
        assignment begins when the owner attached the interface. Other addresses change, so their assignments begin
        when they were first discovered.
        """
        ends = [(self.vpc_id, address) for address in self.addresses or ((None,) if self.interface_id else ())]
        ends += [(PUBLIC, address) for address in self.public_addresses]
        attached = min(since, self.attached_at or since) if self.interface_id else since
        for number, (scope, address) in enumerate(ends):
            is_primary = number == 0 and bool(self.interface_id)
            yield (
                *(target, scope, address, self.interface_id or None, self.account_id, self.vpc_id, self.subnet_id),
                *(self.availability_zone, self.owner_kind, self.owner_id, self.owner_name),
                *(" ".join(self.security_groups), is_primary, self.has_fixed_owner),
                *(attached if is_primary and scope != PUBLIC else since, last_seen),
            )


class Through(StrEnum):
    """What carries packets from a VPC to another one."""

    PEERING = "peering"
    TRANSIT_GATEWAY = "transit gateway"


class Route(Value, frozen=True):
    """A route of a VPC's route table for a CIDR block of private addresses: the VPC that it leads to (perhaps the same
    VPC), or None if that cannot be determined, and `through` what, if that is known. Routes to the internet are not
    included.
    """

    cidr: str
    vpc_id: str | None
    through: Through | None = None


RouteTable = tuple[Route, ...]


class TargetState(Value, frozen=True):
    """What a discovery of one target (an account and Region, or an EKS cluster) found besides interfaces and rules.
    `taken_at` is the Unix second at which it began, `seconds` its duration; `networks` are the CIDR blocks of each VPC,
    `routes` its route tables. `flow_logs` are all of an account and Region; None when they were never described.
    """

    taken_at: int = 0
    seconds: int = 0
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: Mapping[str, tuple[RouteTable, ...]] = field(default_factory=dict)
    flow_logs: tuple[FlowLog, ...] | None = None

    def after(self, previous: "TargetState") -> "TargetState":
        """The state with the flow logs of the previous one, if they could not be described now."""
        return replace(self, flow_logs=previous.flow_logs) if self.flow_logs is None else self


class Discovery(Value, frozen=True):
    """The result of one discovery of a target: all of its interfaces (others are deleted), or some of them."""

    target: str
    state: TargetState
    interfaces: tuple[Interface, ...]
    rules: Rules = field(default_factory=Rules)


class Inventory(Value, frozen=True, dict=True, eq=False):
    """The address assignments, networks and rules of all targets. `absent`: interfaces that a targeted discovery did
    not find, with the Unix second of that discovery.
    """

    assignments: pl.DataFrame = field(default_factory=assignments)
    target_states: Mapping[str, TargetState] = field(default_factory=dict)
    rules_by_target: Mapping[str, Rules] = field(default_factory=dict)
    absent: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        interfaces: Iterable[Interface] = (),
        networks: Mapping[str, tuple[str, ...]] | None = None,
        rules: Rules | None = None,
        routes: Mapping[str, tuple[RouteTable, ...]] | None = None,
    ) -> Self:
        """An inventory whose contents hold at any time: for replays and tests."""
        rows = (row for interface in interfaces for row in interface.assignments("", 0, FOREVER))
        target_state = TargetState(1, 0, networks or {}, routes or {})
        return cls(assignments(rows), {"": target_state}, {"": rules} if rules else {})

    def after(self, discovery: Discovery, retention_days: int = RETENTION_DAYS) -> "Inventory":
        """The inventory with a full discovery of one target. Deleted interfaces stay until the retention ends."""
        rows = self._with_discovered(discovery)
        state = discovery.state.after(self.target_states.get(discovery.target, TargetState()))
        return Inventory(
            retained(rows, discovery.state.taken_at - retention_days * SECONDS_A_DAY),
            {**self.target_states, discovery.target: state},
            {**self.rules_by_target, discovery.target: discovery.rules},
            recently_absent(self.absent, discovery.state.taken_at),
        )

    def with_partial_discovery(self, discovery: Discovery, absent: Iterable[str] = ()) -> "Inventory":
        """The inventory with some interfaces of one target, discovered between two full discoveries; `absent` were
        requested and not found.
        """
        taken_at = discovery.state.taken_at
        remembered = recently_absent({**self.absent, **dict.fromkeys(absent, taken_at)}, taken_at)
        return replace(self, assignments=self._with_discovered(discovery), absent=remembered)

    def _with_discovered(self, discovery: Discovery) -> pl.DataFrame:
        """The assignments with those that a discovery found; those of other targets unchanged."""
        at = discovery.state.taken_at
        discovered = assignments(
            row for each in discovery.interfaces for row in each.assignments(discovery.target, at, at)
        )
        is_of_target = pl.col("target") == discovery.target
        previous = self.target_states.get(discovery.target, TargetState()).taken_at
        of_target = merged(self.assignments.filter(is_of_target), discovered, previous)
        return pl.concat([self.assignments.filter(~is_of_target), of_target])

    def interfaces_in(self, rows: Sequence[int]) -> list[Interface]:
        """The interface of each of these rows of the assignments table, with all addresses it had then."""
        chosen = self.assignments[rows] if rows else self.assignments.clear()
        related: dict[tuple[object, ...], list[_Assignment]] = defaultdict(list)
        for assignment in self._of_same_interfaces(chosen).sort("is_primary", descending=True).rows(named=True):
            related[tuple(assignment[name] for name in _INTERFACE_AND_OWNER)].append(assignment)
        return [
            _interface(row, related[tuple(row[name] for name in _INTERFACE_AND_OWNER)])
            for row in chosen.rows(named=True)
        ]

    def _of_same_interfaces(self, chosen: pl.DataFrame) -> pl.DataFrame:
        """All assignments of the interfaces and owners of those that were chosen."""
        parts = self.assignments
        for name in _INTERFACE_AND_OWNER:
            parts = rows_where(parts, parts[name].is_in(chosen[name].unique().implode(), nulls_equal=True))
        return parts

    @property
    def is_empty(self) -> bool:
        """Whether no target was ever discovered."""
        return not self.target_states

    @property
    def taken_at(self) -> int:
        """The Unix second of the oldest of the targets' latest discoveries; 0 if no target was ever discovered."""
        return min((target_state.taken_at for target_state in self.target_states.values()), default=0)

    @property
    def discovered_at(self) -> pl.Expr:
        """The Unix second of the latest discovery of each assignment's target."""
        targets = {target: target_state.taken_at for target, target_state in self.target_states.items()}
        return pl.col("target").cast(pl.String).replace_strict(targets, default=0, return_dtype=pl.Int64)

    def instance_names(self) -> pl.DataFrame:
        """`owner_id` and `owner_name` of each instance."""
        instances = self.assignments.filter(pl.col("owner_kind") == "instance")
        return instances.select("owner_id", "owner_name").unique("owner_id", keep="last", maintain_order=True)

    @cached_property
    def networks(self) -> dict[str, tuple[str, ...]]:
        """The CIDR blocks of each VPC."""
        return {
            vpc: blocks for target_state in self.target_states.values() for vpc, blocks in target_state.networks.items()
        }

    @cached_property
    def routes(self) -> dict[str, tuple[RouteTable, ...]]:
        """The route tables of each VPC."""
        return {
            vpc: tables for target_state in self.target_states.values() for vpc, tables in target_state.routes.items()
        }

    @cached_property
    def flow_logs(self) -> dict[str, FlowLog]:
        """The flow logs of all targets by their ids."""
        states = self.target_states.values()
        return {each.flow_log_id: each for target_state in states for each in target_state.flow_logs or ()}

    @cached_property
    def rules(self) -> Rules:
        """The rules of all targets."""
        return Rules.joined(self.rules_by_target.values())


def recently_absent(absent: Mapping[str, int], now: float) -> dict[str, int]:
    """The interfaces found absent less than ABSENT_SECONDS ago; at most MAX_ABSENT, the latest."""
    recent = [(interface_id, at) for interface_id, at in absent.items() if now - at < ABSENT_SECONDS]
    return dict(sorted(recent, key=lambda each: (-each[1], each[0]))[:MAX_ABSENT])


_INTERFACE_AND_OWNER = ("interface_id", "owner_id")
_Assignment = dict[str, Any]


def _interface(row: _Assignment, related: Iterable[_Assignment]) -> Interface:
    """The interface of an assignment, with the addresses of its other assignments that overlap in time."""
    simultaneous = [each for each in related if each["since"] <= row["last_seen"] and each["last_seen"] >= row["since"]]
    private = (each["address"] for each in simultaneous if each["scope"] != PUBLIC and each["address"])
    public = (each["address"] for each in simultaneous if each["scope"] == PUBLIC)
    return Interface(
        row["interface_id"] or "",
        row["vpc_id"],
        row["subnet_id"],
        row["availability_zone"],
        tuple(dict.fromkeys(private)),
        tuple(dict.fromkeys(public)),
        row["owner_kind"],
        row["owner_id"],
        row["owner_name"],
        tuple(row["security_groups"].split()),
        row["account_id"],
        has_fixed_owner=row["has_fixed_owner"],
    )
