"""The describe calls of one account and region → a look at its inventory: the only place that asks AWS who has what.

A look at 10,000 interfaces is some 50 calls: 10 pages of interfaces, as many of names, a dozen of networks, routes and
rules, and those of services that have interfaces there; 10,000 ECS tasks are 200 more, 1,000 functions 20. They are
made one after the other: each service's limits are far above. Of 100,000 interfaces boto3 takes 18 s to read the
answers, and this 3 s to make rows of them (November 2026).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.inventory.firewall_rules import describe_rules
from flowsentry.aws.inventory.interfaces import (
    ELASTIC_IPS,
    INTERFACES,
    elastic_ip_row,
    interface_row,
    kinds_told,
)
from flowsentry.aws.inventory.networks import (
    ROUTE_TABLES,
    SUBNETS,
    VPCS,
    Crossroads,
    TransitWays,
    blocks_of,
    peers,
    prefix_lists,
    transit_ways,
    vpc_routes,
    zone_id_by_name,
    zone_id_by_subnet,
)
from flowsentry.aws.inventory.owner_apis import SHARED, Asking, owner_sources
from flowsentry.aws.inventory.pages import EC2_PAGE, Call, Connect, Described, OutOfTimeError, Pages
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.errors import RetryableError
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Discovery, Interface, RouteTable, TargetState
from flowsentry.inventory.owner_kinds import EKS_NODE, INSTANCE, Owner, bounded
from flowsentry.inventory.reported_owners import KnownOwners

if TYPE_CHECKING:
    import boto3

NAMES_SECONDS = 90.0
"""How long services other than EC2 are asked for names. Longer: a look may not end in time, and nothing is known.
Shorter: in an account with tens of thousands of tasks more of them go by their ids."""
FILTER_VALUES = 200
"""EC2's most values of one filter."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthFailure", "UnauthorizedOperation"})

NAME_TAGS = Call("ec2", "describe_tags", "Tags", EC2_PAGE)
"""The names of instances. An answer of describe-instances with as many is thirty times as long, and takes fifty times
as long to read: 0.59 s for a thousand, against 0.01 s."""

Answer = TypeVar("Answer")


class NotPermittedError(Exception):
    """The inventory can't be described without a permission that the role does not have. Says which; no retry helps."""


@dataclass(frozen=True)
class RegionDiscovery:
    """Describes one region of one account; `target` is `ACCOUNT/REGION`. `transit_beyond` tells the ways through the
    transit gateways of all places; without it only those of this account are known. `unnamed` says what the last look
    was refused, and why: ids stand for the names that it would have told.
    """

    target: str
    connect: Connect
    clock: Callable[[], float] = time.time
    transit_beyond: Callable[[], TransitWays] | None = None
    names_seconds: float = NAMES_SECONDS
    unnamed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, session: "boto3.Session", target: str) -> Self:
        """The region that the session is for, with clients as they are needed."""
        untyped: Any = session  # services are rows of a table, and a session's type knows a literal for each
        return cls(target, cache(lambda service: untyped.client(service, config=BOUNDED)))

    @property
    def account_id(self) -> str:
        """The account that is described."""
        return self.target.partition("/")[0]

    def look(self) -> Discovery:
        """All there is now, in an order that depends on nothing but itself. Raises RetryableError when AWS can't be
        reached or throttles, and NotPermittedError.
        """
        self.unnamed.clear()
        started, pages = self.clock(), self._pages()
        with self._described():
            subnets = list(pages.rows(SUBNETS))
            interfaces = _Interfaces.of(pages.rows(INTERFACES), subnets)
            networks = {vpc["VpcId"]: blocks_of(vpc) for vpc in pages.rows(VPCS)}
            known = _instance_names(pages, "resource-type", ["instance"]) if interfaces.have(INSTANCE, EKS_NODE) else {}
        rows = interfaces.named(self._owners(interfaces.kinds, known, subnets)) + self._elastic_ips(pages)
        rules = self._or_else(Rules(), "rules", lambda: describe_rules(self.connect("ec2"), self.clock))
        routes = self._routes(subnets, rules, (self.transit_beyond or self.transit_ways)())
        target_state = TargetState(int(started), round(self.clock() - started), networks, routes)
        return Discovery(self.target, target_state, tuple(sorted(rows, key=_order)), rules)

    def look_for(self, interface_ids: Iterable[str]) -> tuple[Discovery, tuple[str, ...]]:
        """Those of the interfaces that are there, and the ids of the others. Raises what `look` does."""
        self.unnamed.clear()
        started, pages, wanted = self.clock(), self._pages(), sorted(set(interface_ids))
        with self._described():
            described = list(_filtered(pages, INTERFACES, "network-interface-id", wanted))
            subnet_ids = {each["SubnetId"] for each in described if each.get("SubnetId")}
            subnets = list(_filtered(pages, SUBNETS, "subnet-id", sorted(subnet_ids)))
            interfaces = _Interfaces.of(described, subnets)
            known = _instance_names(pages, "resource-id", interfaces.owner_ids(INSTANCE, EKS_NODE))
        rows = interfaces.named(self._owners(interfaces.kinds, known, subnets))
        target_state = TargetState(int(started), round(self.clock() - started))
        absent = set(wanted) - {row.interface_id for row in rows}
        return Discovery(self.target, target_state, tuple(sorted(rows, key=_order))), tuple(sorted(absent))

    def transit_ways(self) -> TransitWays:
        """The ways through the transit gateways that this account owns, for VPCs of all accounts attached to them."""
        nothing: TransitWays = {}
        return self._or_else(nothing, "transit gateways", lambda: transit_ways(self._pages()))

    def _pages(self, until: float = float("inf")) -> Pages:
        return Pages(self.connect, self.clock, until)

    @contextmanager
    def _described(self) -> Iterator[None]:
        try:
            with retryable(f"describe the inventory of {self.target}"):
                yield
        except ClientError as error:
            if code_of(error) not in DENIED:
                raise
            action = f"{'sts' if error.operation_name == 'AssumeRole' else 'ec2'}:{error.operation_name}"
            raise NotPermittedError(f"the inventory of {self.target} can't be described without {action}") from error

    def _or_else(self, instead: Answer, what: str, ask: Callable[[], Answer]) -> Answer:
        """What is asked for; another answer when that fails, which is noted."""
        try:
            return ask()
        except (BotoCoreError, ClientError, OutOfTimeError, RetryableError) as error:
            reason = code_of(error) if isinstance(error, ClientError) else type(error).__name__
            self.unnamed.append(f"{what}: {reason}")
            return instead

    def _owners(self, kinds: set[str], names: "_Names", subnets: Iterable[Described]) -> KnownOwners:
        """What services know of interfaces of these kinds."""
        known = KnownOwners(by_word={**names}, shared=SHARED)
        pages = self._pages(self.clock() + self.names_seconds)
        asking = Asking(pages, known, self.account_id, zone_id_by_name(subnets))
        for source in owner_sources():
            if kinds & set(source.kinds):
                self._or_else(None, source.label, partial(source.tell, asking))
        return known

    def _elastic_ips(self, pages: Pages) -> list[Interface]:
        def rows() -> list[Interface]:
            return [elastic_ip_row(each, self.account_id) for each in pages.rows(ELASTIC_IPS)]

        return self._or_else([], str(ELASTIC_IPS), rows)

    def _routes(
        self, subnets: Iterable[Described], rules: Rules, transit: TransitWays
    ) -> dict[str, tuple[RouteTable, ...]]:
        """Where routes lead; of a VPC whose route tables can't be read, nothing is said."""
        pages = self._pages()
        tables: list[Described] = self._or_else([], "route tables", lambda: list(pages.rows(ROUTE_TABLES)))
        nobody, unknown = dict[str, frozenset[str]](), dict[str, Sequence[str]]()
        crossroads = Crossroads(
            self._or_else(nobody, "peering connections", lambda: peers(pages)),
            transit,
            self._or_else(unknown, "prefix lists of routes", lambda: prefix_lists(pages, tables, rules)),
        )
        return vpc_routes(tables, {each["SubnetId"]: each["VpcId"] for each in subnets}, crossroads)


_Names = dict[tuple[str, str], Owner | None]


@dataclass(frozen=True)
class _Interfaces:
    """Interfaces as EC2 alone describes them; the kinds of owners of which services may know more."""

    rows: list[Interface]
    kinds: set[str]

    @classmethod
    def of(cls, described: Iterable[Described], subnets: Iterable[Described]) -> Self:
        """Of the answers, of which nothing else is kept: they are some ten times as large."""
        found, zone_ids = cls([], set()), zone_id_by_subnet(subnets)
        for each in described:
            row = interface_row(each, zone_ids)
            found.rows.append(row)
            found.kinds.update(kinds_told(each, row))
        return found

    def have(self, *kinds: str) -> bool:
        return not self.kinds.isdisjoint(kinds)

    def owner_ids(self, *kinds: str) -> list[str]:
        return sorted({row.owner_id for row in self.rows if row.owner_kind in kinds})

    def named(self, known: KnownOwners) -> list[Interface]:
        return [known.named(row) for row in self.rows]


def _filtered(pages: Pages, call: Call, name: str, values: list[str], *more: Any) -> Iterator[Described]:
    """What the call tells of these values; one that does not exist does not fail the others, as it would by its id."""
    for first in range(0, len(values), FILTER_VALUES):
        filters = [{"Name": name, "Values": values[first : first + FILTER_VALUES]}, *more]
        yield from pages.rows(call, Filters=filters)


def _instance_names(pages: Pages, filtered_by: str, values: list[str]) -> _Names:
    is_name = {"Name": "key", "Values": ["Name"]}
    tags = {each["ResourceId"]: each["Value"] for each in _filtered(pages, NAME_TAGS, filtered_by, values, is_name)}
    kinds = (INSTANCE, EKS_NODE)
    return {(kind, id_): Owner(kind, id_, bounded(name)) for id_, name in tags.items() if name for kind in kinds}


def _order(row: Interface) -> tuple[str, str]:
    return row.interface_id, row.owner_id
