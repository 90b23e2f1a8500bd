"""Rules -> tables: a row for each rule as people know it, and rows that a class of records can be joined with."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Self

import polars as pl

from flowsentry.inventory.firewall_rules import ALL, AclEntry, GroupRule, NetworkAcl, Rules, SecurityGroup
from flowsentry.records.code_names import ICMP, ICMPV6, TCP, UDP, protocol_name
from flowsentry.rule_usage.boundaries import EVERYTHING, Boundaries, Span
from flowsentry.value import Value

SECURITY_GROUP, NETWORK_ACL = "security_group", "network_acl"
WITH_PORTS, WITH_TYPES = (TCP, UDP), (ICMP, ICMPV6)
ANY_PORT = (0, 65_535)

IDENTITY = pl.Schema(
    {
        **dict.fromkeys(("layer", "resource_id", "rule_id", "direction", "action", "traffic", "peer"), pl.String()),
    }
)
"""What makes two rules the same rule: a rule that was edited is another one, even where it keeps its id. `layer` is
security_group or network_acl; `rule_id` is the id of a security group rule, or the number of an ACL entry; `direction`
is inbound or outbound; `traffic` is such as `tcp/443`; `peer` is a CIDR block, a prefix list or a security group."""
RULE = pl.Schema(
    {"rule": pl.UInt32(), **IDENTITY, "resource_name": pl.String(), "vpc_id": pl.String(), "description": pl.String()}
    | {"is_resolved": pl.Boolean()}
)
"""A row for each rule; `rule` is its number. `is_resolved`: its prefix list is known, so that what it covers is."""
_MATCHED_BY: dict[str, Any] = {
    "rule": pl.UInt32(),
    "is_egress": pl.Boolean(),
    "of_protocol": pl.Int32(),
    **dict.fromkeys(("first_port", "last_port", "first_range", "last_range"), pl.Int64()),
    "is_exact": pl.Boolean(),
}
_GROUP_RULE = pl.Schema(
    {"group_id": pl.String(), **_MATCHED_BY, "peer_group_id": pl.String(), "is_narrow": pl.Boolean()}
)
_ACL_ENTRY = pl.Schema({"acl_id": pl.String(), **_MATCHED_BY, "number": pl.Int32(), "allows": pl.Boolean()})


class RuleTable(Value, frozen=True):
    """The rules of a snapshot. `described` has the rows of RULE. `group_rules` and `acl_entries` are what records are
    compared with: protocol (-1 for all), the ranges of ports and addresses, and `is_exact`: whether a record has all
    that decides (not so for ICMP types, and for a prefix list that is not known). `is_narrow`: not for all ports.
    """

    boundaries: Boundaries
    described: pl.DataFrame
    group_rules: pl.DataFrame
    acl_entries: pl.DataFrame
    acl_of_subnet: pl.DataFrame

    @classmethod
    def of(cls, rules: Rules) -> Self:
        """The tables of these rules; the numbers of ACL entries follow those of security group rules."""
        of_groups = [(group, rule) for group in rules.groups for rule in group.rules]
        of_acls = [(acl, entry) for acl in rules.acls for entry in acl.entries]
        boundaries = Boundaries.of(_blocks(rules), _port_ranges(rules))
        described = chain((_group_rule(*each, rules) for each in of_groups), (_acl_entry(*each) for each in of_acls))
        numbered = [(number, *row) for number, row in enumerate(described)]
        subnets = [(subnet_id, acl.acl_id) for acl in rules.acls for subnet_id in acl.subnet_ids]
        return cls(
            boundaries,
            pl.DataFrame(numbered, RULE, orient="row"),
            _frame(_GROUP_RULE, _matched_group_rules([rule for _, rule in of_groups], rules, boundaries)),
            _frame(_ACL_ENTRY, _matched_entries(of_acls, len(of_groups), boundaries)),
            pl.DataFrame(subnets, {"subnet_id": pl.String(), "acl_id": pl.String()}, orient="row"),
        )


def _frame(schema: pl.Schema, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([tuple(row[name] for name in schema) for row in rows], schema, orient="row")


def _group_rule(group: SecurityGroup, rule: GroupRule, rules: Rules) -> tuple[object, ...]:
    traffic = _traffic(rule.protocol, rule.first_port, rule.last_port)
    is_resolved = not rule.prefix_list_id or rules.prefix_list(rule.prefix_list_id) is not None
    identity = (SECURITY_GROUP, group.group_id, rule.rule_id, _direction(rule), "allow", traffic, rule.peer)
    return (*identity, group.name, group.vpc_id, rule.description, is_resolved)


def _acl_entry(acl: NetworkAcl, entry: AclEntry) -> tuple[object, ...]:
    first, last = (
        (entry.icmp_type, entry.icmp_code) if entry.protocol in WITH_TYPES else (entry.first_port, entry.last_port)
    )
    traffic, action = _traffic(entry.protocol, first, last), "allow" if entry.is_allowed else "deny"
    identity = (NETWORK_ACL, acl.acl_id, entry.displayed_number, _direction(entry), action, traffic, entry.cidr)
    return (*identity, acl.name, acl.vpc_id, "", True)


def _direction(rule: GroupRule | AclEntry) -> str:
    return "outbound" if rule.is_egress else "inbound"


def _traffic(protocol: int, first: int | None, last: int | None) -> str:
    """`all`, `tcp/443`, `tcp/1024-65535`, `udp` for all ports, `icmp type 8 code 0`."""
    if protocol == ALL:
        return "all"
    name = protocol_name(protocol)
    if protocol in WITH_TYPES:
        words = (("type", first), ("code", last))
        return name + "".join(f" {word} {value}" for word, value in words if value is not None and value != ALL)
    if protocol not in WITH_PORTS or first is None or (first, last) == ANY_PORT:
        return name
    return f"{name}/{first}" if first == last else f"{name}/{first}-{last}"


def _matched_group_rules(listed: list[GroupRule], rules: Rules, at: Boundaries) -> Iterator[dict[str, Any]]:
    """The rows that records are compared with: one for each rule, or for each block of its prefix list."""
    for number, rule in enumerate(listed):
        is_icmp = rule.protocol in WITH_TYPES
        has_ports = rule.protocol in WITH_PORTS and rule.first_port is not None and rule.last_port is not None
        ports = at.port_range(rule.first_port or 0, rule.last_port or 0) if has_ports else EVERYTHING
        is_any_type = not is_icmp or {rule.first_port, rule.last_port} <= {None, ALL}
        for addresses, is_known in _covered(rule, rules, at):
            yield {
                "group_id": rule.group_id,
                "rule": number,
                "is_egress": rule.is_egress,
                "of_protocol": rule.protocol,
                **_spans(ports, addresses),
                "is_exact": is_known and is_any_type,
                "peer_group_id": rule.peer_group_id or None,
                "is_narrow": is_icmp or (has_ports and (rule.first_port, rule.last_port) != ANY_PORT),
            }


def _covered(rule: GroupRule, rules: Rules, at: Boundaries) -> list[tuple[Span, bool]]:
    """The addresses that a rule covers, and whether that is known. A referenced group covers what has the group."""
    if rule.cidr:
        return [(at.block(rule.cidr), True)]
    if rule.peer_group_id:
        return [(EVERYTHING, True)]
    known = rules.prefix_list(rule.prefix_list_id)
    return [(at.block(cidr), True) for cidr in known.cidrs] if known else [(EVERYTHING, False)]


def _matched_entries(
    listed: list[tuple[NetworkAcl, AclEntry]], before: int, at: Boundaries
) -> Iterator[dict[str, Any]]:
    for number, (acl, entry) in enumerate(listed, before):
        has_ports = entry.protocol in WITH_PORTS and entry.first_port is not None and entry.last_port is not None
        ports = at.port_range(entry.first_port or 0, entry.last_port or 0) if has_ports else EVERYTHING
        is_any_type = entry.protocol not in WITH_TYPES or {entry.icmp_type, entry.icmp_code} <= {None, ALL}
        yield {
            "acl_id": acl.acl_id,
            "rule": number,
            "is_egress": entry.is_egress,
            "of_protocol": entry.protocol,
            **_spans(ports, at.block(entry.cidr)),
            "is_exact": is_any_type,
            "number": entry.rule_number,
            "allows": entry.is_allowed,
        }


def _spans(ports: Span, addresses: Span) -> dict[str, int]:
    return {"first_port": ports.first, "last_port": ports.last} | {
        "first_range": addresses.first,
        "last_range": addresses.last,
    }


def _blocks(rules: Rules) -> Iterator[str]:
    yield from (rule.cidr for group in rules.groups for rule in group.rules if rule.cidr)
    yield from (entry.cidr for acl in rules.acls for entry in acl.entries)
    yield from (cidr for each in rules.prefix_lists for cidr in each.cidrs)


def _port_ranges(rules: Rules) -> Iterator[tuple[int, int]]:
    named: Iterator[GroupRule | AclEntry] = chain(
        (rule for group in rules.groups for rule in group.rules), (entry for acl in rules.acls for entry in acl.entries)
    )
    for each in named:
        if each.protocol in WITH_PORTS and each.first_port is not None and each.last_port is not None:
            yield each.first_port, each.last_port
