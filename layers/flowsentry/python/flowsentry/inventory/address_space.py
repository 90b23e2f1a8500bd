"""Territory: which networks, interfaces and addresses are ours, and whose, as tables to look up in."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import polars as pl

from flowsentry.inventory.assignment_index import (
    ALWAYS,
    INTERFACE,
    AssignmentIndex,
    address_rows,
    every,
    interface_rows,
    key,
)
from flowsentry.inventory.geoip import GEOGRAPHY, Geography, NoGeography
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.inventory.reachability import NOWHERE, Reachability
from flowsentry.inventory.scopes import PUBLIC
from flowsentry.inventory.source_address import is_within
from flowsentry.records.lookup_cache import LookupCache

PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Addresses that are someone's own wherever they are seen: RFC 1918, RFC 6598 (used by EKS), RFC 4193."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

INTERFACES = pl.Schema(dict.fromkeys(("interface_id", "interface_vpc_id", "interface_address"), pl.Categorical()))


class AddressAt(NamedTuple):
    """An address within a scope, at a Unix second."""

    scope: str
    address: str
    at: int


_ADDRESS_AT = {"scope": pl.Categorical(), "address": pl.Categorical(), "at": pl.Int64()}


class EndOf(NamedTuple):
    """Whose an address is, and the network interface that has it; they differ for a pod."""

    owner: Interface | None
    interface: Interface | None


@dataclass(frozen=True, slots=True)
class AddressSpace:
    """`addresses` and `interfaces`: who had which, when. `known_interfaces`: the VPC and primary address of each
    interface. `ranges`: first and last IPv4 address of our networks, as numbers; `ipv6_networks` the others.
    """

    inventory: Inventory
    addresses: AssignmentIndex
    interfaces: AssignmentIndex
    known_interfaces: pl.DataFrame
    interface_targets: pl.Series
    """By category number, the row of each interface among the known ones."""
    ranges: tuple[tuple[int, int], ...]
    ipv6_networks: tuple[ipaddress.IPv6Network, ...]
    instance_names: pl.DataFrame
    """`owner_id` and `owner_name` of each instance."""
    geography: Geography
    trusted_networks: tuple[Network, ...] = ()
    """Networks outside from which people of ours work: who logs in from there is no stranger."""
    important_services: NamedServices = field(default_factory=NamedServices)
    """Services of ours whose outage is urgent."""
    lookup_cache: LookupCache = field(default_factory=LookupCache)
    """What was looked up before: each address is looked up once a snapshot, not once a batch."""
    _reaches: dict[str, Reachability] = field(default_factory=dict)
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
        """The look-up tables of an inventory; made once a snapshot, not once a batch."""
        blocks = [block for vpc in inventory.networks.values() for block in vpc]
        networks = [ipaddress.ip_network(block, strict=False) for block in (*inside_networks, *blocks)]
        v4 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
        v6 = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
        looked_at = _looked_at(inventory)
        held = inventory.assignments
        known = _known_interfaces(held)
        return cls(
            inventory,
            AssignmentIndex.of(address_rows(held, looked_at)),
            AssignmentIndex.of(interface_rows(held, looked_at)),
            known,
            _targets_of(known["interface_id"]),
            tuple((int(network.network_address), int(network.broadcast_address)) for network in v4),
            tuple(v6),
            _instance_names(held),
            geography or NoGeography(),
            tuple(ipaddress.ip_network(network, strict=False) for network in trusted_networks),
            important_services,
        )

    @property
    def told_of_outside(self) -> tuple[str, ...]:
        """The columns of GEOGRAPHY, where there is a database to fill them."""
        return () if isinstance(self.geography, NoGeography) else tuple(GEOGRAPHY)

    def is_inside(self, addresses: pl.Series) -> pl.Series:
        """Whether each address (as text) is in one of our networks; false for what is no address."""
        number = ipv4_number(addresses)
        inside = pl.any_horizontal(
            pl.lit(value=False), *(pl.lit(number).is_between(first, last) for first, last in self.ranges)
        )
        inside_v4 = pl.select(inside.fill_null(value=False).alias("inside")).to_series()
        if number.null_count() == 0 or not self.ipv6_networks:
            return inside_v4
        inside_v6 = [
            number is None and self._is_inside_v6(text) for text, number in zip(addresses, number, strict=True)
        ]
        return inside_v4 | pl.Series(inside_v6)

    def _is_inside_v6(self, text: str | None) -> bool:
        try:
            address = ipaddress.IPv6Address(text or "")
        except ValueError:
            return False
        return any(address in network for network in self.ipv6_networks)

    def is_trusted(self, source: str) -> bool:
        """Whether a source (of the few of findings), as a whole, is in a trusted network; false for what is none."""
        return is_within(source, self.trusted_networks)

    def facts_of_addresses(self, scopes: pl.Series, addresses: pl.Series) -> pl.DataFrame:
        """What is known of distinct addresses, each within its scope: for each some rows, together and in order, with
        `asked`, its position; whom it belonged to from `since` until `until` (Unix s), the first to be believed first,
        and last one for all other times, when it was nobody's. Besides OWNER and GEOGRAPHY: `is_pod`, `is_held`,
        `is_inside`, `is_ipv6`, `holding`.

        An address of a VPC is looked for in that VPC; one of other blocks where its routes certainly lead; then among
        the addresses that mean the same everywhere.
        """
        ways = (scopes, self._routed(scopes, addresses), every(PUBLIC, addresses))
        held = pl.concat([self._held(way, addresses, order) for order, way in enumerate(ways)])
        return _with_nobody(held.sort("asked", "way", maintain_order=True).drop("way"), self._about(addresses))

    def facts_of_interfaces(self, interface_ids: pl.Series) -> pl.DataFrame:
        """The same of interfaces, by their ids."""
        asked = pl.DataFrame({"scope": every(INTERFACE, interface_ids), "name": interface_ids})
        held = self.interfaces.held(asked.select(key("scope", "name")).to_series())
        return _with_nobody(held, _nothing_about(interface_ids))

    def owner_of(self, scope: str, address: str, at: int) -> Interface | None:
        """The interface (or what else) that had the address within the scope at a Unix second. For the few addresses of
        findings; records are looked up in enrich.
        """
        return self.ends_of([AddressAt(scope, address, at)])[0].owner

    def ends_of(self, addresses: Sequence[AddressAt]) -> list[EndOf]:
        """Who is at each of these addresses. A pod owns an address of its node's interface, which has the security
        groups.
        """
        asked = pl.DataFrame(addresses, _ADDRESS_AT, orient="row")
        facts = self.facts_of_addresses(asked["scope"], asked["address"])
        fitting = _in_time(facts.hstack(asked[facts["asked"]].select("at")))
        owners = self._interfaces_in(fitting, len(asked))
        interfaces = self._interfaces_in(fitting.filter(~pl.col("is_pod")), len(asked))
        return [EndOf(*each) for each in zip(owners, interfaces, strict=True)]

    def interface_of(self, interface_id: str, at: int) -> Interface | None:
        """The interface with this id, and whose it was at a Unix second."""
        facts = self.facts_of_interfaces(pl.Series([interface_id], dtype=pl.Categorical()))
        return self._interfaces_in(_in_time(facts.with_columns(pl.lit(at).alias("at"))), 1)[0]

    def _interfaces_in(self, facts: pl.DataFrame, asked: int) -> list[Interface | None]:
        """The first interface of each name asked for; None where it is nobody's, or disputed."""
        first = facts.unique("asked", keep="first", maintain_order=True).filter(pl.col("owner_kind").is_not_null())
        held = first["holding"].to_list()
        new = [each for each in dict.fromkeys(held) if each not in self._interfaces_known]
        self._interfaces_known.update(zip(new, self.inventory.interfaces_in(new), strict=True))
        found: list[Interface | None] = [None] * asked
        for target, holding in zip(first["asked"], held, strict=True):
            found[target] = self._interfaces_known[holding]
        return found

    def known_of_interfaces(self, interface_ids: pl.Series) -> pl.DataFrame:
        """The VPC and primary address of each interface, in order; null for those that nobody knows. Found by category
        numbers: a join would build its hash table of all interfaces anew for each chunk.
        """
        targets, numbers = self.interface_targets, interface_ids.to_physical()
        known = numbers.set(numbers >= len(targets), None)
        rows = targets.gather(known)
        return self.known_interfaces.select(pl.col("interface_vpc_id", "interface_address").gather(pl.lit(rows)))

    def reach(self, scope: str) -> Reachability:
        """Where private addresses are, as seen from a VPC."""
        if scope not in self._reaches:
            networks, routes = self.inventory.networks.get(scope), self.inventory.routes.get(scope, ())
            self._reaches[scope] = NOWHERE if networks is None else Reachability.of(scope, networks, routes)
        return self._reaches[scope]

    def _routed(self, scopes: pl.Series, addresses: pl.Series) -> pl.Series:
        """The other VPC in which each address certainly is, as seen from its scope; null where there is none."""
        ends = pl.DataFrame({"scope": scopes, "number": ipv4_number(addresses)}).with_row_index("asked")
        parts = [ends.clear().select("asked", pl.lit(None, pl.Categorical()).alias("vpc"))]
        for (scope,), part in ends.partition_by("scope", as_dict=True).items():
            if self.inventory.routes.get(str(scope)):
                vpcs = self.reach(str(scope)).vpcs(part["number"])
                parts.append(
                    part.select("asked", vpcs.alias("vpc")).filter((pl.col("vpc") != scope).fill_null(value=False))
                )
        return ends.join(pl.concat(parts), on="asked", how="left", maintain_order="left")["vpc"]

    def _held(self, scopes: pl.Series, addresses: pl.Series, way: int) -> pl.DataFrame:
        asked = pl.DataFrame({"scope": scopes, "name": addresses}).select(key("scope", "name")).to_series()
        return self.addresses.held(asked).with_columns(pl.lit(way).alias("way"))

    def _about(self, addresses: pl.Series) -> pl.DataFrame:
        """What is so of each address at all times."""
        inside = self.is_inside(addresses)
        is_ipv6 = addresses.cast(pl.String).str.contains(":", literal=True)
        outside = self.geography.facts(addresses).select(pl.when(~inside).then(pl.all()).name.keep())
        return pl.DataFrame({"is_inside": inside, "is_ipv6": is_ipv6}).hstack(outside)


def _with_nobody(held: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """The rows of those who had the names, behind them for each name the row for all times, and in all of them what
    there is to say about the name.
    """
    nobody = pl.select(
        pl.int_range(len(about), dtype=pl.UInt32).alias("asked"),
        pl.repeat(ALWAYS[0], len(about), dtype=pl.Int64).alias("since"),
        pl.repeat(ALWAYS[1], len(about), dtype=pl.Int64).alias("until"),
        pl.repeat(value=False, n=len(about), dtype=pl.Boolean).alias("is_pod"),
        pl.repeat(value=False, n=len(about), dtype=pl.Boolean).alias("is_held"),
    )
    owned = held.with_columns(pl.lit(value=True).alias("is_held"))
    rows = pl.concat([owned, nobody], how="diagonal").sort("asked", maintain_order=True)
    facts = rows.hstack(about[rows["asked"]])
    return facts.with_columns(pl.col("is_inside") | pl.col("is_held"))


def _in_time(facts: pl.DataFrame) -> pl.DataFrame:
    return facts.filter(pl.col("since") <= pl.col("at"), pl.col("until") >= pl.col("at"))


def _nothing_about(interface_ids: pl.Series) -> pl.DataFrame:
    """What there is to say about interfaces as such."""
    no = pl.repeat(value=False, n=len(interface_ids), dtype=pl.Boolean, eager=True)
    return pl.DataFrame({"is_inside": no, "is_ipv6": no}).hstack(NoGeography().facts(interface_ids))


def ipv4_number(addresses: pl.Series) -> pl.Series:
    """IPv4 addresses as numbers; null for anything else."""
    parts = addresses.cast(pl.String).str.split_exact(".", 3).struct.unnest()
    octets = [part.cast(pl.UInt8, strict=False).cast(pl.UInt32) for part in parts.iter_columns()]
    return ((octets[0] * 256 + octets[1]) * 256 + octets[2]) * 256 + octets[3]


def _looked_at(inventory: Inventory) -> pl.Expr:
    """When the place of each holding was last looked at."""
    targets = {target: target_state.taken_at for target, target_state in inventory.target_states.items()}
    return pl.col("target").cast(pl.String).replace_strict(targets, default=0, return_dtype=pl.Int64)


def _known_interfaces(assignments: pl.DataFrame) -> pl.DataFrame:
    primary = assignments.filter("is_primary").unique("interface_id", keep="last", maintain_order=True)
    return primary.select(
        "interface_id", pl.col("vpc_id").alias("interface_vpc_id"), pl.col("address").alias("interface_address")
    )


def _targets_of(names: pl.Series) -> pl.Series:
    """By category number, the place of each name; null for numbers of others."""
    numbers = names.to_physical()
    highest = numbers.max()
    targets = pl.repeat(None, (highest if isinstance(highest, int) else 0) + 1, dtype=pl.UInt32, eager=True)
    return targets.scatter(numbers, pl.int_range(len(names), dtype=pl.UInt32, eager=True))


def _instance_names(assignments: pl.DataFrame) -> pl.DataFrame:
    instances = assignments.filter(pl.col("owner_kind") == "instance")
    return instances.select("owner_id", "owner_name").unique("owner_id", keep="last", maintain_order=True)
