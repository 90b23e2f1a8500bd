"""Discovers the inventory of one account and Region with describe calls.

A discovery of 10,000 interfaces takes some 50 calls: 10 pages of interfaces, as many of names, a dozen for networks,
routes and rules, and those of services that have interfaces there; 10,000 ECS tasks are 200 more, 1,000 functions 20.
They run one after the other: each service's rate limits are far above. For 100,000 interfaces boto3 takes 18 s to parse
the answers, and this module 3 s to convert them (November 2026).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import field

from flowsentry.aws.clients import BOUNDED
from flowsentry.aws.inventory.firewall_rules import describe_rules
from flowsentry.aws.inventory.flow_logs import FLOW_LOGS, flow_logs_in, running_since
from flowsentry.aws.inventory.interfaces import (
    ELASTIC_IPS,
    INTERFACES,
    elastic_ip_row,
    interface_row,
    lookup_kinds,
)
from flowsentry.aws.inventory.networks import (
    ROUTE_TABLES,
    SUBNETS,
    VPCS,
    RouteContext,
    TransitRoutes,
    blocks_of,
    peering_vpcs,
    prefix_lists,
    transit_routes,
    vpc_routes,
    zone_id_by_name,
    zone_id_by_subnet,
)
from flowsentry.aws.inventory.owner_apis import SHARED, OwnerLookup, owner_apis
from flowsentry.aws.inventory.pages import EC2_PAGE, Call, Connect, Described, OutOfTimeError, Pages
from flowsentry.aws.service_errors import code_of, retryable
from flowsentry.errors import RetryableError
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Discovery, Interface, RouteTable, TargetState
from flowsentry.inventory.owner_kinds import EKS_NODE, INSTANCE, Owner, bounded
from flowsentry.inventory.reported_owners import KnownOwners
from flowsentry.value import Value

if TYPE_CHECKING:
    import boto3

NAMES_SECONDS = 90.0
"""Time for calls to services other than EC2. Longer: a discovery may not end in time, and yields nothing. Shorter: in
an account with tens of thousands of tasks more of them are shown by their ids."""
FILTER_VALUES = 200
"""EC2's maximum of values in one filter."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthFailure", "UnauthorizedOperation"})

NAME_TAGS = Call("ec2", "describe_tags", "Tags", EC2_PAGE)
"""The names of instances. An answer of DescribeInstances with as many is thirty times as long, and takes fifty times as
long to parse: 0.59 s for a thousand, against 0.01 s."""

Answer = TypeVar("Answer")


class NotPermittedError(Exception):
    """The role lacks a permission without which the inventory can't be described; the message names it. Retries do not
    help.
    """


class RegionDiscovery(Value, frozen=True):
    """Discovers one Region of one account; `target` is `ACCOUNT/REGION`. `shared_transit_routes` returns the transit
    gateway routes of all targets; without it only those of this account are used. `failed_calls` lists the optional
    calls that failed in the last discovery, with the error code: ids stand for the names that they would have returned.
    """

    target: str
    connect: Connect
    clock: Callable[[], float] = time.time
    shared_transit_routes: Callable[[], TransitRoutes] | None = None
    names_seconds: float = NAMES_SECONDS
    failed_calls: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, session: "boto3.Session", target: str) -> Self:
        """The Region of the session, with clients created on demand."""
        untyped: Any = session  # services are rows of a table; a typed session takes literal names only
        return cls(target, cache(lambda service: untyped.client(service, config=BOUNDED)))

    @property
    def account_id(self) -> str:
        """The account of the target."""
        return self.target.partition("/")[0]

    def discover(self) -> Discovery:
        """Everything in the Region now, in an order that depends only on the content. Raises RetryableError when AWS
        can't be reached or throttles, and NotPermittedError.
        """
        self.failed_calls.clear()
        started, pages = self.clock(), self._pages()
        with self._described():
            subnets = list(pages.rows(SUBNETS))
            interfaces = _Interfaces.of(pages.rows(INTERFACES), subnets)
            networks = {vpc["VpcId"]: blocks_of(vpc) for vpc in pages.rows(VPCS)}
            known = _instance_names(pages, "resource-type", ["instance"]) if interfaces.have(INSTANCE, EKS_NODE) else {}
        rows = interfaces.named(self._owners(interfaces.kinds, known, subnets)) + self._elastic_ips(pages)
        rules = self._optional(Rules(), "rules", lambda: describe_rules(self.connect("ec2"), self.clock))
        routes = self._routes(subnets, rules, (self.shared_transit_routes or self.transit_routes)())
        flow_logs = self._optional(None, str(FLOW_LOGS), lambda: flow_logs_in(self._pages()))
        target_state = TargetState(int(started), round(self.clock() - started), networks, routes, flow_logs)
        return Discovery(self.target, target_state, tuple(sorted(rows, key=_order)), rules)

    def find(self, interface_ids: Iterable[str]) -> tuple[Discovery, tuple[str, ...]]:
        """The requested interfaces that exist, and the ids of those that do not. Raises what `discover` raises."""
        self.failed_calls.clear()
        started, pages, requested = self.clock(), self._pages(), sorted(set(interface_ids))
        with self._described():
            described = list(_filtered(pages, INTERFACES, "network-interface-id", requested))
            subnet_ids = {each["SubnetId"] for each in described if each.get("SubnetId")}
            subnets = list(_filtered(pages, SUBNETS, "subnet-id", sorted(subnet_ids)))
            interfaces = _Interfaces.of(described, subnets)
            known = _instance_names(pages, "resource-id", interfaces.owner_ids(INSTANCE, EKS_NODE))
        rows = interfaces.named(self._owners(interfaces.kinds, known, subnets))
        target_state = TargetState(int(started), round(self.clock() - started))
        absent = set(requested) - {row.interface_id for row in rows}
        return Discovery(self.target, target_state, tuple(sorted(rows, key=_order))), tuple(sorted(absent))

    def running_since(self, resource_id: str) -> float | None:
        """See flow_logs.running_since. None also when the call fails, which is noted in `failed_calls`."""
        return self._optional(None, "running resources", lambda: running_since(self._pages(), resource_id))

    def names_of(self, resource_ids: Iterable[str]) -> dict[str, str]:
        """The Name tags of these resources; empty when the call fails, which is noted in `failed_calls`."""
        is_name, no_names = {"Name": "key", "Values": ["Name"]}, dict[str, str]()

        def tags() -> dict[str, str]:
            rows = _filtered(self._pages(), NAME_TAGS, "resource-id", sorted(set(resource_ids)), is_name)
            return {each["ResourceId"]: bounded(each["Value"]) for each in rows}

        return self._optional(no_names, str(NAME_TAGS), tags)

    def transit_routes(self) -> TransitRoutes:
        """The routes of the transit gateways that this account owns, for attached VPCs of all accounts."""
        nothing: TransitRoutes = {}
        return self._optional(nothing, "transit gateways", lambda: transit_routes(self._pages()))

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

    def _optional(self, default: Answer, what: str, ask: Callable[[], Answer]) -> Answer:
        """The answer; the default when the call fails, which is noted in `failed_calls`."""
        try:
            return ask()
        except (BotoCoreError, ClientError, OutOfTimeError, RetryableError) as error:
            reason = code_of(error) if isinstance(error, ClientError) else type(error).__name__
            self.failed_calls.append(f"{what}: {reason}")
            return default

    def _owners(self, kinds: set[str], names: "_Names", subnets: Iterable[Described]) -> KnownOwners:
        """The owners that other AWS APIs identify, for interfaces of these kinds."""
        known = KnownOwners(by_id={**names}, shared=SHARED)
        pages = self._pages(self.clock() + self.names_seconds)
        lookup = OwnerLookup(pages, known, self.account_id, zone_id_by_name(subnets))
        for api in owner_apis():
            if kinds & set(api.kinds):
                self._optional(None, api.label, partial(api.fetch, lookup))
        return known

    def _elastic_ips(self, pages: Pages) -> list[Interface]:
        def rows() -> list[Interface]:
            return [elastic_ip_row(each, self.account_id) for each in pages.rows(ELASTIC_IPS)]

        return self._optional([], str(ELASTIC_IPS), rows)

    def _routes(
        self, subnets: Iterable[Described], rules: Rules, transit: TransitRoutes
    ) -> dict[str, tuple[RouteTable, ...]]:
        """The route tables by VPC; none for a VPC whose route tables can't be read."""
        pages = self._pages()
        tables: list[Described] = self._optional([], "route tables", lambda: list(pages.rows(ROUTE_TABLES)))
        no_peerings, no_prefix_lists = dict[str, frozenset[str]](), dict[str, Sequence[str]]()
        context = RouteContext(
            self._optional(no_peerings, "peering connections", lambda: peering_vpcs(pages)),
            transit,
            self._optional(no_prefix_lists, "prefix lists of routes", lambda: prefix_lists(pages, tables, rules)),
        )
        return vpc_routes(tables, {each["SubnetId"]: each["VpcId"] for each in subnets}, context)


_Names = dict[tuple[str, str], Owner | None]


class _Interfaces(Value, frozen=True):
    """Interfaces as EC2 alone describes them, and the owner kinds for which other APIs may know more."""

    rows: list[Interface]
    kinds: set[str]

    @classmethod
    def of(cls, described: Iterable[Described], subnets: Iterable[Described]) -> Self:
        """Converts EC2's answers and keeps nothing else of them: they are some ten times as large."""
        found, zone_ids = cls([], set()), zone_id_by_subnet(subnets)
        for each in described:
            row = interface_row(each, zone_ids)
            found.rows.append(row)
            found.kinds.update(lookup_kinds(each, row))
        return found

    def have(self, *kinds: str) -> bool:
        return not self.kinds.isdisjoint(kinds)

    def owner_ids(self, *kinds: str) -> list[str]:
        return sorted({row.owner_id for row in self.rows if row.owner_kind in kinds})

    def named(self, known: KnownOwners) -> list[Interface]:
        return [known.with_owner(row) for row in self.rows]


def _filtered(pages: Pages, call: Call, name: str, values: list[str], *more: Any) -> Iterator[Described]:
    """The rows for these values of a filter; unlike an id parameter, a filter does not fail on a value that does not
    exist.
    """
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
