"""Interface and Inventory: who has, and had, which interface and address, and what is known of the networks between."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import polars as pl

from flowsentry.inventory.address_assignments import FOREVER, assignments, continued, kept
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.scopes import PUBLIC

SECONDS_A_DAY = 86_400
ABSENT_SECONDS, MAX_ABSENT = 900, 20_000
"""How long, and for how many interfaces (some 40 bytes each), the inventory remembers that no target has them;
meanwhile nothing requests or searches them again. Longer: an interface that was requested before it existed stays
unnamed until the next scheduled discovery. Shorter: late records of deleted interfaces cause searches again and again.
More interfaces: a larger snapshot. Fewer: after an outage the same interfaces are searched again."""
RETENTION_DAYS = 7
"""How long an owner that is gone can still be named. Longer: replays of older flow logs find their owners, and the
snapshot grows with every instance that ever was. Shorter: flow logs delivered late, or read again, stay unnamed."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface, with whom it belongs to. `owner_kind` is a word such as `instance`, `application load
    balancer`, `nat gateway`; `owner_name` the name people know it by (a Name tag, a load balancer's name), else the id.
    `addresses` are all private ones, the primary first; `public_addresses` those associated with them.

    `attached_at` is the Unix second since when its owner has it, where that is known; `is_lasting` says that it never
    has another owner. What has an address and no interface, such as a pod or an elastic IP in waiting, has no
    `interface_id`.
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
    is_lasting: bool = False

    @property
    def owner(self) -> dict[str, str]:
        """The owner in the words of a finding's details."""
        return {"kind": self.owner_kind, "id": self.owner_id, "name": self.owner_name}

    def assignments(self, target: str, since: int, last_seen: int) -> Iterator[tuple[object, ...]]:
        """Its rows of a table of holdings. An interface's primary address is its own for life: it is the owner's since
        the interface is. Other addresses come and go, so they are the owner's since they were seen.
        """
        ends = [(self.vpc_id, address) for address in self.addresses or ((None,) if self.interface_id else ())]
        ends += [(PUBLIC, address) for address in self.public_addresses]
        attached = min(since, self.attached_at or since) if self.interface_id else since
        for number, (scope, address) in enumerate(ends):
            is_primary = number == 0 and bool(self.interface_id)
            yield (
                *(target, scope, address, self.interface_id or None, self.account_id, self.vpc_id, self.subnet_id),
                *(self.availability_zone, self.owner_kind, self.owner_id, self.owner_name),
                *(" ".join(self.security_groups), is_primary, self.is_lasting),
                *(attached if is_primary and scope != PUBLIC else since, last_seen),
            )


@dataclass(frozen=True, slots=True)
class Route:
    """Where a route table of a VPC leads to for a block of private addresses: a VPC (perhaps itself), or, as None,
    somewhere that can't be told. Ways to the internet are no routes of private addresses.
    """

    cidr: str
    vpc_id: str | None


RouteTable = tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class TargetState:
    """What a look at one place (an account and region, or a cluster) saw beside interfaces. `taken_at` is the Unix
    second it began, `seconds` how long it took; `networks` are the CIDR blocks of each VPC, `routes` its route tables.
    """

    taken_at: int = 0
    seconds: int = 0
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: Mapping[str, tuple[RouteTable, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was seen at one place just now: all of its interfaces (the others are gone), or some of them."""

    target: str
    target_state: TargetState
    interfaces: tuple[Interface, ...]
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, eq=False)
class Inventory:
    """What is known of who had what, in all places. `absent` are interfaces that were looked for and not there, with
    the Unix second of the look.
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
        """An inventory in which all this was and is so, at any time: for replays, and for tests."""
        rows = (row for interface in interfaces for row in interface.assignments("", 0, FOREVER))
        target_state = TargetState(1, 0, networks or {}, routes or {})
        return cls(assignments(rows), {"": target_state}, {"": rules} if rules else {})

    def after(self, look: Discovery, retention_days: int = RETENTION_DAYS) -> "Inventory":
        """The inventory with all of one place seen anew. What is gone stays until the retention ends."""
        rows = self._with_seen(look)
        return Inventory(
            kept(rows, look.target_state.taken_at - retention_days * SECONDS_A_DAY),
            {**self.target_states, look.target: look.target_state},
            {**self.rules_by_target, look.target: look.rules},
            recently_absent(self.absent, look.target_state.taken_at),
        )

    def with_some(self, look: Discovery, absent: Iterable[str] = ()) -> "Inventory":
        """The inventory with some interfaces of one place seen between two looks at all of it, and those that were
        asked for and are not there.
        """
        taken_at = look.target_state.taken_at
        remembered = recently_absent({**self.absent, **dict.fromkeys(absent, taken_at)}, taken_at)
        return replace(self, assignments=self._with_seen(look), absent=remembered)

    def _with_seen(self, look: Discovery) -> pl.DataFrame:
        """The holdings with what a look saw; those of other places as they are."""
        at = look.target_state.taken_at
        seen = assignments(row for each in look.interfaces for row in each.assignments(look.target, at, at))
        is_here = pl.col("target") == look.target
        looked_at = self.target_states.get(look.target, TargetState()).taken_at
        here = continued(self.assignments.filter(is_here), seen, looked_at)
        return pl.concat([self.assignments.filter(~is_here), here])

    def interfaces_in(self, rows: Sequence[int]) -> list[Interface]:
        """The interface of each of these rows of the holdings, with all addresses it had then."""
        asked = self.assignments[rows] if rows else self.assignments.clear()
        whose = [pl.col(name).is_in(asked[name].unique().implode(), nulls_equal=True) for name in _WHOSE]
        related: dict[tuple[object, ...], list[_Held]] = defaultdict(list)
        for held in self.assignments.filter(*whose).sort("is_primary", descending=True).iter_rows(named=True):
            related[tuple(held[name] for name in _WHOSE)].append(held)
        return [_interface(row, related[tuple(row[name] for name in _WHOSE)]) for row in asked.iter_rows(named=True)]

    @property
    def is_empty(self) -> bool:
        """Whether nobody ever looked."""
        return not self.target_states

    @property
    def taken_at(self) -> int:
        """The Unix second of the oldest of the last looks at each place; 0 when nobody ever looked."""
        return min((target_state.taken_at for target_state in self.target_states.values()), default=0)

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
    def rules(self) -> Rules:
        """The rules of all places."""
        return Rules.joined(self.rules_by_target.values())


def recently_absent(absent: Mapping[str, int], now: float) -> dict[str, int]:
    """The interfaces found absent less than ABSENT_SECONDS ago; at most MAX_ABSENT, the latest."""
    recent = [(interface_id, at) for interface_id, at in absent.items() if now - at < ABSENT_SECONDS]
    return dict(sorted(recent, key=lambda each: (-each[1], each[0]))[:MAX_ABSENT])


_WHOSE = ("interface_id", "owner_id")
_Held = dict[str, Any]


def _interface(row: _Held, related: Iterable[_Held]) -> Interface:
    """The interface of a row of the holdings, with the addresses in those rows of it that overlap in time."""
    at_once = [each for each in related if each["since"] <= row["last_seen"] and each["last_seen"] >= row["since"]]
    private = (each["address"] for each in at_once if each["scope"] != PUBLIC and each["address"])
    public = (each["address"] for each in at_once if each["scope"] == PUBLIC)
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
        is_lasting=row["is_lasting"],
    )
