"""Security groups, network ACLs and prefix lists in force, as EC2 describes them; explain evaluates them."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Self, TypeVar

from flowsentry.value import Value

ALL = -1
"""Matches all protocols, or all ICMP types or codes."""
LAST_RULE_NUMBER = 32_767
"""Number of the entry shown as `*`, which denies what no other entry matched (for IPv6 it is 32768).
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html"""


class GroupRule(Value, frozen=True):
    """One rule of a security group, which can only allow. `protocol` is a number, ALL for all.

    `first_port` and `last_port` are the type and the code for ICMP, each ALL for any; None for protocols without
    ports. Exactly one of `cidr` (IPv4 or IPv6), `prefix_list_id` and `peer_group_id` is set: the peer of the traffic.
    """

    group_id: str
    is_egress: bool
    protocol: int
    first_port: int | None = None
    last_port: int | None = None
    cidr: str = ""
    prefix_list_id: str = ""
    peer_group_id: str = ""
    rule_id: str = ""
    description: str = ""

    @property
    def peer(self) -> str:
        """The CIDR block, prefix list id or security group id that it covers."""
        return self.cidr or self.prefix_list_id or self.peer_group_id


class SecurityGroup(Value, frozen=True):
    """A security group; `name` is its GroupName."""

    group_id: str
    name: str
    vpc_id: str
    rules: tuple[GroupRule, ...] = ()

    def rules_for(self, *, is_egress: bool) -> tuple[GroupRule, ...]:
        """Its inbound or its outbound rules."""
        return tuple(rule for rule in self.rules if rule.is_egress is is_egress)


class AclEntry(Value, frozen=True):
    """One entry of a network ACL. `protocol` is a number, ALL for all. Ports are None if it covers none; so are the
    ICMP type and code, each ALL for any.
    """

    rule_number: int
    is_egress: bool
    is_allowed: bool
    protocol: int
    cidr: str
    first_port: int | None = None
    last_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None

    @property
    def displayed_number(self) -> str:
        """The number as the console shows it: `90`, or `*` for the last entry."""
        return "*" if self.rule_number >= LAST_RULE_NUMBER else str(self.rule_number)


class NetworkAcl(Value, frozen=True):
    """A network ACL with the subnets that use it; `name` is its Name tag."""

    acl_id: str
    name: str
    vpc_id: str
    is_default: bool = False
    subnet_ids: tuple[str, ...] = ()
    entries: tuple[AclEntry, ...] = ()

    def entries_for(self, *, is_egress: bool) -> tuple[AclEntry, ...]:
        """Its inbound or its outbound entries, in the order in which they are evaluated."""
        entries = (entry for entry in self.entries if entry.is_egress is is_egress)
        return tuple(sorted(entries, key=attrgetter("rule_number")))


class PrefixList(Value, frozen=True):
    """A managed prefix list, customer-managed or AWS-managed."""

    prefix_list_id: str
    name: str
    cidrs: tuple[str, ...] = ()


class Rules(Value, frozen=True, dict=True):
    """The rules of one target (an account and Region) or of several targets; `taken_at` is Unix seconds."""

    taken_at: int = 0
    groups: tuple[SecurityGroup, ...] = ()
    acls: tuple[NetworkAcl, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()

    def group(self, group_id: str) -> SecurityGroup | None:
        """The security group with this id, or None if it is not known."""
        return self._groups.get(group_id)

    def acl_of(self, subnet_id: str) -> NetworkAcl | None:
        """The network ACL of a subnet: each subnet has exactly one; None if it is not known."""
        return self._acls.get(subnet_id)

    def prefix_list(self, prefix_list_id: str) -> PrefixList | None:
        """The prefix list with this id, or None if it is not known."""
        return self._prefix_lists.get(prefix_list_id)

    @classmethod
    def joined(cls, targets: Iterable["Rules"]) -> Self:
        """The rules of several targets, in an order that depends only on the rules.

        A resource that two targets report (of a shared VPC) is taken from the later one. `taken_at` is the oldest.
        """
        by_age = sorted(targets, key=attrgetter("taken_at"))
        return cls(
            taken_at=next((target.taken_at for target in by_age if target.taken_at), 0),
            groups=_latest((group for target in by_age for group in target.groups), "group_id"),
            acls=_latest((acl for target in by_age for acl in target.acls), "acl_id"),
            prefix_lists=_latest((each for target in by_age for each in target.prefix_lists), "prefix_list_id"),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON: equal rules give equal values; default values are left out."""
        groups = _rows(self.groups, "rules")
        acls = _rows(self.acls, "entries")
        for row, group in zip(groups, self.groups, strict=True):
            row["rules"] = _rows(group.rules, "group_id")
        for row, acl in zip(acls, self.acls, strict=True):
            row["entries"] = _rows(acl.entries)
        prefix_lists = _rows(self.prefix_lists)
        return {"taken_at": self.taken_at, "groups": groups, "acls": acls, "prefix_lists": prefix_lists}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The rules from the values of `to_json`."""
        return cls(
            values["taken_at"],
            tuple(_group(row) for row in values["groups"]),
            tuple(_acl(row) for row in values["acls"]),
            tuple(_prefix_list(row) for row in values["prefix_lists"]),
        )

    @cached_property
    def _groups(self) -> dict[str, SecurityGroup]:
        return {group.group_id: group for group in self.groups}

    @cached_property
    def _acls(self) -> dict[str, NetworkAcl]:
        return {subnet_id: acl for acl in self.acls for subnet_id in acl.subnet_ids}

    @cached_property
    def _prefix_lists(self) -> dict[str, PrefixList]:
        return {each.prefix_list_id: each for each in self.prefix_lists}


Row = TypeVar("Row", SecurityGroup, NetworkAcl, PrefixList)


def _latest(rows: Iterable[Row], key: str) -> tuple[Row, ...]:
    by_id = {getattr(row, key): row for row in rows}
    return tuple(by_id[each] for each in sorted(by_id))


def _rows(rows: Iterable[Any], *left_out: str) -> list[dict[str, Any]]:
    """The non-default fields of each row, tuples as lists, without those in `left_out`."""
    return [{name: _plain(value) for name, value in _values(row, left_out)} for row in rows]


def _values(row: Any, left_out: Container[str]) -> Iterator[tuple[str, Any]]:
    for name, default in _defaults(row.__class__):
        value = getattr(row, name)
        if value != default and name not in left_out:
            yield name, value


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, each.default) for each in fields(kind))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _group(row: Mapping[str, Any]) -> SecurityGroup:
    group_id = row["group_id"]
    return SecurityGroup(**{**row, "rules": tuple(GroupRule(group_id, **rule) for rule in row["rules"])})


def _acl(row: Mapping[str, Any]) -> NetworkAcl:
    entries = tuple(AclEntry(**entry) for entry in row["entries"])
    return NetworkAcl(**{**row, "subnet_ids": tuple(row.get("subnet_ids", ())), "entries": entries})


def _prefix_list(row: Mapping[str, Any]) -> PrefixList:
    return PrefixList(**{**row, "cidrs": tuple(row.get("cidrs", ()))})
