"""A web server and its client with their rules, for tests of rule usage."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, PrefixList, Rules, SecurityGroup
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.rule_usage import RuleUsage, Usage
from tests.builders import INTERFACE, V5, VPC, enriched, interface


def in_subnet(subnet_id: str, address: str, **values: Any) -> Interface:
    return replace(interface(address, **values), subnet_id=subnet_id)


CLIENT = interface("10.0.0.1", name="client", security_groups=("sg-client",))
SERVER = in_subnet("subnet-2", "10.0.0.2", name="server", interface_id=INTERFACE, security_groups=("sg-server",))
OUT = GroupRule("sg-server", is_egress=True, protocol=-1, cidr="0.0.0.0/0", rule_id="out")


def rule(rule_id: str, protocol: int = 6, ports: tuple[int, int] | None = (443, 443), **values: Any) -> GroupRule:
    """An inbound rule of the server's group."""
    first, last = ports or (None, None)
    peer = {"cidr": "10.0.0.0/16"} if not {"cidr", "prefix_list_id", "peer_group_id"} & set(values) else {}
    return GroupRule(
        "sg-server", values.pop("is_egress", False), protocol, first, last, rule_id=rule_id, **peer, **values
    )


def entry(number: int, *, allows: bool = True, is_egress: bool = False, **values: Any) -> AclEntry:
    defaults: dict[str, Any] = {"protocol": -1, "cidr": "0.0.0.0/0"} | values
    return AclEntry(number, is_egress=is_egress, is_allowed=allows, **defaults)


def inventory(
    *rules: GroupRule,
    entries: tuple[AclEntry, ...] = (),
    lists: tuple[PrefixList, ...] = (),
    others: tuple[Interface, ...] = (),
) -> Inventory:
    groups = (SecurityGroup("sg-server", "server", VPC, (*rules, OUT)), SecurityGroup("sg-client", "client", VPC))
    acls = (NetworkAcl("acl-2", "two", VPC, subnet_ids=("subnet-2",), entries=entries),)
    return Inventory.of((CLIENT, SERVER, *others), rules=Rules(1, groups, acls, lists))


def usage(lines: Iterable[str], of: Inventory, names: tuple[str, ...] = V5) -> Usage:
    made = RuleUsage(AddressSpace.of(of))
    made.add(enriched(list(lines), names, of))
    return made.usage()


def sums(found: Usage, *columns: str) -> dict[str, Any]:
    """By id of each rule of a security group, or number of an entry with its direction, these columns; those without
    any records are left out.
    """
    rows = found.reported()
    wanted = {}
    for row in rows.iter_rows(named=True):
        key = row["rule_id"] if row["layer"] == "security_group" else f"{row['rule_id']} {row['direction']}"
        values = tuple(row[name] for name in columns)
        if any(row[name] for name in ("records", "possible_records")):
            wanted[key] = values[0] if len(values) == 1 else values
    return wanted
