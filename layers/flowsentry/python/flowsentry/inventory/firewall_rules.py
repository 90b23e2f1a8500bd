"""Rules: the security groups, network ACLs and prefix lists in force, as EC2 describes them.

What they mean is in explain; this page only says what there is.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Self, TypeVar

ALL = -1
"""Of protocols, and of types and codes of ICMP: every one."""
LAST_RULE_NUMBER = 32_767
"""The entry shown as `*`, which denies what no other entry matched: from here on (IPv6 has one of its own, 32768).
https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html"""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One rule of a security group: it can only allow. `protocol` is a number, ALL for all.

    `first_port` and `last_port` are the type and the code for ICMP, each ALL for any; None for protocols without
    ports. Exactly one of `cidr` (IPv4 or IPv6), `prefix_list_id` and `peer_group_id` says whose traffic it is about.
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
        """Whose traffic it is about, as one word."""
        return self.cidr or self.prefix_list_id or self.peer_group_id


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group; `name` is its GroupName."""

    group_id: str
    name: str
    vpc_id: str
    rules: tuple[GroupRule, ...] = ()

    def rules_for(self, *, is_egress: bool) -> tuple[GroupRule, ...]:
        """Its inbound or its outbound rules."""
        return tuple(rule for rule in self.rules if rule.is_egress is is_egress)


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One entry of a network ACL. `protocol` is a number, ALL for all. Ports are None where it is about none; so are
    the type and the code of ICMP, each ALL for any.
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
    def number_in_words(self) -> str:
        """As the console shows it: `90`, or `*` for the last."""
        return "*" if self.rule_number >= LAST_RULE_NUMBER else str(self.rule_number)


@dataclass(frozen=True, slots=True)
class NetworkAcl:
    """A network ACL with the subnets that use it; `name` is its Name tag."""

    acl_id: str
    name: str
    vpc_id: str
    is_default: bool = False
    subnet_ids: tuple[str, ...] = ()
    entries: tuple[AclEntry, ...] = ()

    def entries_for(self, *, is_egress: bool) -> tuple[AclEntry, ...]:
        """Its inbound or its outbound entries, in the order in which they are asked."""
        entries = (entry for entry in self.entries if entry.is_egress is is_egress)
        return tuple(sorted(entries, key=attrgetter("rule_number")))


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A managed prefix list, one's own or AWS's."""

    prefix_list_id: str
    name: str
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """The rules of one place (an account's region) or of several joined; `taken_at` is Unix seconds."""

    taken_at: int = 0
    groups: tuple[SecurityGroup, ...] = ()
    acls: tuple[NetworkAcl, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()

    def group(self, group_id: str) -> SecurityGroup | None:
        """The security group with this id, unless it is not known."""
        return self._groups.get(group_id)

    def acl_of(self, subnet_id: str) -> NetworkAcl | None:
        """The network ACL of a subnet: each has exactly one; None when it is not known."""
        return self._acls.get(subnet_id)

    def prefix_list(self, prefix_list_id: str) -> PrefixList | None:
        """The prefix list with this id, unless it is not known."""
        return self._prefix_lists.get(prefix_list_id)

    @classmethod
    def joined(cls, places: Iterable["Rules"]) -> Self:
        """The rules of several places as one, in an order that depends on nothing but what they are.

        What two places know (a shared VPC) is as the later one saw it. The whole is as old as its oldest part.
        """
        by_age = sorted(places, key=attrgetter("taken_at"))
        return cls(
            taken_at=next((place.taken_at for place in by_age if place.taken_at), 0),
            groups=_latest((group for place in by_age for group in place.groups), "group_id"),
            acls=_latest((acl for place in by_age for acl in place.acls), "acl_id"),
            prefix_lists=_latest((each for place in by_age for each in place.prefix_lists), "prefix_list_id"),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values for JSON: equal rules give equal values, and what is not set is left out."""
        groups = _told(self.groups, "rules")
        acls = _told(self.acls, "entries")
        for row, group in zip(groups, self.groups, strict=True):
            row["rules"] = _told(group.rules, "group_id")
        for row, acl in zip(acls, self.acls, strict=True):
            row["entries"] = _told(acl.entries)
        prefix_lists = _told(self.prefix_lists)
        return {"taken_at": self.taken_at, "groups": groups, "acls": acls, "prefix_lists": prefix_lists}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` was made of."""
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


def _told(rows: Iterable[Any], *left_out: str) -> list[dict[str, Any]]:
    """The fields of each row that are set, tuples as lists, but those left out."""
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
