"""Address space: lookup tables for which networks, interfaces and addresses are inside, and who owns them."""

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import NamedTuple, Self

import polars as pl
from msgspec import field

from flowsentry.charge_facts import ChargeFacts
from flowsentry.inventory.assignment_index import (
    INTERFACE,
    AssignmentIndex,
    KnownInterfaces,
    address_rows,
    constant,
    in_order,
    in_time,
    interface_rows,
    key,
    owned,
    repeated,
    timeless_interface_facts,
    with_unowned_times,
)
from flowsentry.inventory.geoip import GEOGRAPHY, Geography, NoGeography
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.inventory.network_index import NetworkIndex
from flowsentry.inventory.reachability import NO_ROUTES, Reachability
from flowsentry.inventory.source_address import PUBLIC, network_of
from flowsentry.records.ipv4_numbers import MAX_FEW_ADDRESSES, ipv4_number, number_of_ipv4
from flowsentry.records.lookup_cache import Intervals, LookupCache
from flowsentry.value import Value

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Private address ranges: RFC 1918, RFC 6598 (used by EKS), RFC 4193."""
MAX_SCOPES_LOOKED_UP = 32
"""VPCs of an inventory whose addresses are looked up at once. More: memory for tables of VPCs that no batch has. Fewer:
in accounts with many VPCs, batches look up addresses one by one."""


class AddressQuery(NamedTuple):
    """An address within a scope at a Unix second, whose owner is looked up."""

    scope: str
    address: str
    at: int


_ADDRESS_QUERY = {"scope": pl.Categorical(), "address": pl.Categorical(), "at": pl.Int64()}


class AddressOwner(NamedTuple):
    """The owner of an address and the network interface that has it; they differ for a pod."""

    owner: Interface | None
    interface: Interface | None


class AddressSpace(Value, frozen=True, dict=True):
    """Lookup tables of an inventory. `addresses` and `interfaces`: their owners over time. `known_interfaces`: their
    VPCs and primary addresses. `ranges`: first and last IPv4 address of each inside network, as numbers;
    `ipv6_networks`: the inside IPv6 networks.
    """

    inventory: Inventory
    addresses: AssignmentIndex
    interfaces: AssignmentIndex
    known_interfaces: KnownInterfaces
    ranges: tuple[tuple[int, int], ...]
    ipv6_networks: tuple[ipaddress.IPv6Network, ...]
    instance_names: pl.DataFrame
    """`owner_id` and `owner_name` of each instance."""
    geography: Geography
    trusted_networks: NetworkIndex = field(default_factory=NetworkIndex)
    """Outside networks from which trusted people log in."""
    important_services: NamedServices = field(default_factory=NamedServices)
    """Inside services whose outage is urgent."""
    lookup_cache: LookupCache = field(default_factory=LookupCache)
    """Facts looked up before: each address is looked up once per snapshot, not once per batch."""
    _reachability: dict[str, Reachability] = field(default_factory=dict)
    _interfaces_known: dict[int, Interface] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        inside_networks: Iterable[str] = PRIVATE_NETWORKS,
        geography: Geography | None = None,
        trusted_networks: Iterable[str] = (),
        important_services: NamedServices = NamedServices(),  # noqa: B008 - frozen
    ) -> Self:
        """The lookup tables of an inventory; built once per snapshot, not once per batch."""
        blocks = [block for vpc in inventory.networks.values() for block in vpc]
        networks = [ipaddress.ip_network(block, strict=False) for block in (*inside_networks, *blocks)]
        v4 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
        v6 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
        discovered_at = inventory.discovered_at
        assignments = inventory.assignments
        return cls(
            inventory,
            AssignmentIndex.of(address_rows(assignments, discovered_at)),
            AssignmentIndex.of(interface_rows(assignments, discovered_at)),
            KnownInterfaces.of(assignments),
            tuple((int(network.network_address), int(network.broadcast_address)) for network in v4),
            tuple(v6),
            inventory.instance_names(),
            geography or NoGeography(),
            NetworkIndex.of(ipaddress.ip_network(network, strict=False) for network in trusted_networks),
            important_services,
        )

    @property
    def geography_columns(self) -> tuple[str, ...]:
        """The columns of GEOGRAPHY if a database is configured, else none."""
        return () if isinstance(self.geography, NoGeography) else tuple(GEOGRAPHY)

    @cached_property
    def charge_facts(self) -> ChargeFacts:
        """What the traffic bill needs of the inventory."""
        return ChargeFacts.of(self.inventory)

    def is_inside(self, addresses: pl.Series) -> pl.Series:
        """Whether each address (as text) is in an inside network; false for what is no address."""
        return self._are_inside(addresses, ipv4_number(addresses))

    def _are_inside(self, addresses: pl.Series, number: pl.Series) -> pl.Series:
        """The same for addresses that are also given as numbers."""
        if len(number) <= MAX_FEW_ADDRESSES and not number.null_count():
            return pl.Series("inside", [self._contains(each) for each in number.to_list()], pl.Boolean())
        inside_v4 = number.to_frame("number").select_seq(self._is_inside_v4).to_series()
        if number.null_count() == 0 or not self.ipv6_networks:
            return inside_v4
        ends = zip(addresses, number, strict=True)
        return inside_v4 | pl.Series([number is None and self._is_inside_v6(text) for text, number in ends])

    @cached_property
    def _is_inside_v4(self) -> pl.Expr:
        """Whether the IPv4 address `number` is in one of the ranges."""
        within = [pl.col("number").is_between(first, last) for first, last in self.ranges]
        return pl.any_horizontal(pl.lit(value=False), *within).fill_null(value=False).alias("inside")

    def contains(self, address: str) -> bool:
        """Whether an address is in an inside network. `is_inside` is the same function for columns."""
        number = number_of_ipv4(address)
        return self._is_inside_v6(address) if number is None else self._contains(number)

    def _contains(self, number: int) -> bool:
        at = bisect_left(self.ranges, (number + 1,))
        return at > 0 and number <= self.ranges[at - 1][1]

    def _is_inside_v6(self, text: str | None) -> bool:
        try:
            address = ipaddress.IPv6Address(text or "")
        except ValueError:
            return False
        return any(address in network for network in self.ipv6_networks)

    def is_trusted(self, source: str) -> bool:
        """Whether all of a finding's source is in a trusted network; false for what is no source. A single listed
        address does not cover the /64 that it is in.
        """
        known = network_of(source)
        return known is not None and self.trusted_networks.contains(known)

    def address_facts(self, scopes: pl.Series, addresses: pl.Series) -> pl.DataFrame:
        """Facts about distinct addresses, each within its scope. Each address has consecutive rows, with its index as
        `position`: its owners from `since` until `until` (Unix seconds) in order of precedence, and last a row without
        owner for all other times. Columns besides OWNER and GEOGRAPHY: `is_pod`, `is_assigned`, `is_inside`,
        `is_public` (an assigned address of no inside network), `is_ipv6`, `assignment`.

        An address is looked up in its VPC, then in the VPC to which routes lead unambiguously, then among public
        addresses.
        """
        number = ipv4_number(addresses)
        routed = self._routed(scopes, number)
        candidates = [scopes, *([] if routed is None else [routed]), repeated(PUBLIC, addresses)]
        keys = pl.DataFrame({"scope": pl.concat(candidates), "name": pl.concat([addresses] * len(candidates))})
        assigned = self.addresses.assigned(keys.select(key("scope", "name")).to_series())
        return with_unowned_times(in_order(assigned, len(addresses)), self._timeless_facts(addresses, number))

    def look_up_all(self) -> None:
        """Looks up the interfaces and addresses of the inventory at once, if nothing was looked up: one by one, each
        batch that has a new one would pay for a look-up.
        """
        cache = self.lookup_cache
        if not cache.is_empty:
            return
        known = self.inventory.assignments.select("scope", "address").drop_nulls().unique()
        if not 0 < known["scope"].n_unique() <= MAX_SCOPES_LOOKED_UP:
            return
        cache.look_up(INTERFACE, self.known_interfaces.rows["interface_id"], self.interface_facts)
        for (scope,), part in known.partition_by("scope", as_dict=True).items():
            cache.look_up(str(scope), part["address"], partial(self._facts_within, str(scope)))

    def _facts_within(self, scope: str, addresses: pl.Series) -> pl.DataFrame:
        return self.address_facts(repeated(scope, addresses), addresses)

    def interface_facts(self, interface_ids: pl.Series) -> pl.DataFrame:
        """The same facts about interfaces, by their ids."""
        keys = pl.DataFrame({"scope": repeated(INTERFACE, interface_ids), "name": interface_ids})
        assigned = self.interfaces.assigned(keys.select(key("scope", "name")).to_series())
        return with_unowned_times(assigned, timeless_interface_facts(interface_ids))

    def owners_of(self, addresses: Sequence[AddressQuery]) -> list[AddressOwner]:
        """The owner and the interface of each address. A pod owns an address of its node's interface, which has the
        security groups.
        """
        by_scope: dict[str, list[AddressQuery]] = {}
        for query in dict.fromkeys(addresses):
            by_scope.setdefault(query.scope, []).append(query)
        found: dict[AddressQuery, AddressOwner] = {}
        for scope, asked in by_scope.items():
            if self.lookup_cache.has(scope) and (known := self._cached_owners(scope, asked)):
                found |= zip(asked, known, strict=True)
        others = [query for asked in by_scope.values() for query in asked if query not in found]
        found |= zip(others, self._searched_owners(others) if others else (), strict=True)
        return [found[query] for query in addresses]

    def _cached_owners(self, scope: str, asked: Sequence[AddressQuery]) -> list[AddressOwner] | None:
        """The owners of addresses of a scope whose addresses are cached, since enrichment looked them up; None where
        one of them is a pod.
        """
        addresses = pl.Series([query.address for query in asked], dtype=pl.Categorical())
        at = pl.Series([query.at for query in asked], dtype=pl.Int64())
        span = Intervals.of(at, at)
        rows = self.lookup_cache.rows(scope, addresses, span, partial(self._facts_within, scope))
        if (is_pod := self.lookup_cache.flag("is_pod", rows)) is not None and is_pod.any():
            return None
        owners = self.lookup_cache.columns_at(rows, "owner_kind", "assignment")
        return [AddressOwner(each, each) for each in self._interfaces_of(owned(owners))]

    def _searched_owners(self, asked: Sequence[AddressQuery]) -> list[AddressOwner]:
        queries = pl.DataFrame(asked, _ADDRESS_QUERY, orient="row")
        facts = self.address_facts(queries["scope"], queries["address"])
        fitting = in_time(facts.hstack(queries[facts["position"]].select("at")))
        owners = self._interfaces_in(fitting, len(queries))
        are_pods = fitting["is_pod"]
        interfaces = self._interfaces_in(fitting.filter(~are_pods), len(queries)) if are_pods.any() else owners
        return [AddressOwner(*each) for each in zip(owners, interfaces, strict=True)]

    def owners_by_id(self, ids: Sequence[AddressQuery]) -> list[AddressOwner]:
        """The same for at least one id of an interface, whose scope is INTERFACE."""
        queries = pl.DataFrame(ids, _ADDRESS_QUERY, orient="row")
        facts = self.interface_facts(queries["address"])
        interfaces = self._interfaces_in(in_time(facts.hstack(queries[facts["position"]].select("at"))), len(ids))
        return [AddressOwner(each, each) for each in interfaces]

    def _interfaces_in(self, facts: pl.DataFrame, count: int) -> list[Interface | None]:
        """The first interface of each position below `count`; None if it has no owner or several claim it."""
        first = facts.unique("position", keep="first", maintain_order=True)
        assigned: list[int | None] = [None] * count
        for target, assignment in zip(first["position"], owned(first), strict=True):
            assigned[target] = assignment
        return self._interfaces_of(assigned)

    def _interfaces_of(self, assigned: Sequence[int | None]) -> list[Interface | None]:
        """The interface of each of these rows of the assignments table; None for None."""
        new = [each for each in dict.fromkeys(assigned) if each is not None and each not in self._interfaces_known]
        if new:
            self._interfaces_known.update(zip(new, self.inventory.interfaces_in(new), strict=True))
        return [None if each is None else self._interfaces_known[each] for each in assigned]

    def reachability(self, scope: str) -> Reachability:
        """In which VPC private addresses are, as seen from this VPC."""
        if scope not in self._reachability:
            networks, routes = self.inventory.networks.get(scope), self.inventory.routes.get(scope, ())
            self._reachability[scope] = NO_ROUTES if networks is None else Reachability.of(scope, networks, routes)
        return self._reachability[scope]

    def _routed(self, scopes: pl.Series, number: pl.Series) -> pl.Series | None:
        """The other VPC that routes lead to for each address, given as a number, as seen from its scope; null if there
        is none or it is ambiguous. None if no scope has routes.
        """
        if not self.inventory.routes or not any(self.inventory.routes.get(scope) for scope in scopes.unique()):
            return None
        ends = pl.DataFrame({"scope": scopes, "number": number}).with_row_index("position")
        parts = [ends.clear().select("position", pl.lit(None, pl.Categorical()).alias("vpc"))]
        for (scope,), part in ends.partition_by("scope", as_dict=True).items():
            if self.inventory.routes.get(str(scope)):
                vpcs = self.reachability(str(scope)).vpcs(part["number"])
                parts.append(
                    part.select("position", vpcs.alias("vpc")).filter((pl.col("vpc") != scope).fill_null(value=False))
                )
        return ends.join(pl.concat(parts), on="position", how="left", maintain_order="left")["vpc"]

    def _timeless_facts(self, addresses: pl.Series, number: pl.Series) -> pl.DataFrame:
        """Facts about each address, also given as a number, that hold at all times."""
        inside = self._are_inside(addresses, number)
        is_ipv6 = constant("is_ipv6", False, pl.Boolean(), len(addresses))  # noqa: FBT003 - a value
        if number.null_count():
            is_ipv6 = addresses.cast(pl.String).str.contains(":", literal=True)
        known = pl.DataFrame({"is_inside": inside, "is_ipv6": is_ipv6})
        if not self.geography_columns:
            return known.hstack(NoGeography().facts(addresses))
        return known.hstack(self.geography.facts(addresses).select(pl.when(~inside).then(pl.all()).name.keep()))
