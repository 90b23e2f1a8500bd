"""Rule usage equals the planted use of the company's rules: what its plan lets through is what the rules carried."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import polars as pl
import pytest

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import DEFAULT_NAMES
from flowsentry.rule_usage import RuleUsage, Usage
from local.traffic.company.network import ICMP, Company, Host, Network, Party, Rule, is_in_block
from local.traffic.company.plan import PLANS
from local.traffic.connections import Connection, Outcome
from local.traffic.generation import HOURS, Traffic, connections
from local.traffic.observations import Observation, observations
from local.traffic.records import ALL_NAMES, Period, Record, line
from local.traffic.scenarios import SCENARIOS
from tests.builders import enriched
from tests.local.traffic.conftest import AFTERNOON

PERIOD = Period(AFTERNOON - HOURS * 3600, AFTERNOON)
PROTOCOLS = {-1: "all", 1: "icmp", 6: "tcp", 17: "udp"}
PLAN = {plan.name: plan for plan in PLANS}
Flow = tuple[str, str, str, str, str, str]


class PlannedRule(NamedTuple):
    """A rule of the plan: its group, direction, traffic and peer, groups by their names."""

    group: str
    direction: str
    traffic: str
    peer: str


class Use(NamedTuple):
    """What a rule carried."""

    records: int
    bytes: int
    peers: int


def planned(group: str, direction: str, rule: Rule) -> PlannedRule:
    name, ports = PROTOCOLS[rule.protocol], (rule.first_port, rule.last_port)
    if rule.protocol in (6, 17):
        name += f"/{ports[0]}" if ports[0] == ports[1] else f"/{ports[0]}-{ports[1]}"
    return PlannedRule(group, direction, name, rule.peer)


def rules_of(host: Host, network: Network, direction: str) -> Iterator[tuple[str, Rule]]:
    plan = PLAN[network.name]
    for group in host.groups:
        for rule in plan.rules(group) if direction == "inbound" else plan.outbound_rules(group):
            yield group, rule


def is_covered(rule: Rule, connection: Connection, far: Party) -> bool:
    names_block = "/" in rule.peer
    is_peer = is_in_block(far.address, rule.peer) if names_block else isinstance(far, Host) and rule.peer in far.groups
    return is_peer and rule.covers(connection.protocol, connection.server_port)


def flow(seen: Observation, protocol: int) -> Flow:
    ports = (str(seen.source_port), str(seen.destination_port))
    return (seen.interface.interface_id, seen.packet_source, seen.packet_destination, *ports, str(protocol))


def flow_of(record: Record) -> Flow:
    names = ("interface-id", "pkt-srcaddr", "pkt-dstaddr", "srcport", "dstport", "protocol")
    return tuple(record[name] for name in names)  # type: ignore[return-value]


def as_opened(connection: Connection) -> Connection:
    """The connection that packets after its end belong to: these come from its server."""
    if connection.outcome not in (Outcome.STRAY, Outcome.STRAY_REJECTED):
        return connection
    return replace(
        connection,
        client=connection.server,
        server=connection.client,
        client_port=connection.server_port,
        server_port=connection.client_port,
    )


def planned_rules(network: Network) -> dict[Flow, set[tuple[PlannedRule, str]]]:
    """By flow, at each interface, the rules that let its connection through there, with the address of the peer."""
    allowed: dict[Flow, set[tuple[PlannedRule, str]]] = defaultdict(set)
    for connection in map(as_opened, connections(network, PERIOD, 1, SCENARIOS)):
        for seen in observations(connection, network):
            direction = "inbound" if seen.direction == "ingress" else "outbound"
            far = connection.client if direction == "inbound" else connection.server
            for group, rule in rules_of(seen.interface, network, direction):
                if is_covered(rule, connection, far):
                    for each in (seen, seen.reply()):
                        allowed[flow(each, connection.protocol)].add((planned(group, direction, rule), far.address))
    return allowed


def planted_use(company: Company, traffic: Traffic) -> dict[PlannedRule, Use]:
    records: Counter[PlannedRule] = Counter()
    sizes: Counter[PlannedRule] = Counter()
    peers: dict[PlannedRule, set[str]] = defaultdict(set)
    for network in company.networks:
        allowed = planned_rules(network)
        for record in traffic.records[network.name]:
            if record["log-status"] == "OK" and record["action"] == "ACCEPT" and record["protocol"] != str(ICMP):
                for rule, peer in allowed.get(flow_of(record), ()):
                    records[rule] += 1
                    sizes[rule] += int(record["bytes"])
                    peers[rule].add(peer)
    return {rule: Use(records[rule], sizes[rule], len(peers[rule])) for rule in records}


def all_rules(company: Company) -> set[PlannedRule]:
    return {
        planned(group, direction, rule)
        for network in company.networks
        for host in network.hosts
        for direction in ("inbound", "outbound")
        for group, rule in rules_of(host, network, direction)
    }


def usage(traffic: Traffic, inventory: Inventory, names: tuple[str, ...] = ALL_NAMES) -> Usage:
    made = RuleUsage(AddressSpace.of(inventory))
    for records in traffic.records.values():
        made.add(enriched([line(each, names) for each in records if each["log-status"] == "OK"], names, inventory))
    return made.usage()


def reported(made: Usage, inventory: Inventory) -> pl.DataFrame:
    """What is reported of the rules, with the names of referenced groups instead of their ids."""
    group_names = {group.group_id: group.name for group in inventory.rules.groups}
    return made.reported().with_columns(pl.col("peer").replace(group_names))


@pytest.fixture(scope="module")
def of_version_5(traffic: Traffic, inventory: Inventory) -> Usage:
    return usage(traffic, inventory)


@pytest.fixture(scope="module")
def rows(of_version_5: Usage, inventory: Inventory) -> pl.DataFrame:
    return reported(of_version_5, inventory)


def of_groups(reported: pl.DataFrame) -> pl.DataFrame:
    return reported.filter(pl.col("layer") == "security_group", pl.col("resource_name") != "default")


def used(reported: pl.DataFrame) -> dict[PlannedRule, Use]:
    return {
        PlannedRule(*row[:4]): Use(*row[4:])
        for row in of_groups(reported)
        .filter(pl.col("records") > 0)
        .select("resource_name", "direction", "traffic", "peer", "records", "bytes", "peers")
        .rows()
    }


@pytest.fixture(scope="module")
def planted(company: Company, traffic: Traffic) -> dict[PlannedRule, Use]:
    return planted_use(company, traffic)


@pytest.mark.parametrize("format_", ["version 5", "default"])
def test_each_rule_carried_what_was_planted(
    format_: str,
    rows: pl.DataFrame,
    traffic: Traffic,
    inventory: Inventory,
    planted: dict[PlannedRule, Use],
) -> None:
    by_default_format = format_ == "default"
    found = used(reported(usage(traffic, inventory, DEFAULT_NAMES), inventory) if by_default_format else rows)
    assert found == planted
    assert {each.group for each in found} > {"office-ledger", "shop-web"}


def test_an_echo_may_have_been_allowed_by_the_rule_of_either_end(traffic: Traffic, inventory: Inventory) -> None:
    """ICMP has no ports, and nothing shows who asked: the rules of both ends are possible, none is unused."""
    echoes = {
        name: [each for each in found if each.get("protocol") == str(ICMP)] for name, found in traffic.records.items()
    }
    found = of_groups(reported(usage(Traffic(echoes, ()), inventory), inventory))
    possible = found.filter(pl.col("possible_records") > 0).select("resource_name", "direction", "traffic")
    assert set(possible.rows()) == {
        (f"office-{end}", *rule) for end in ("build", "intranet") for rule in (("inbound", "icmp"), ("outbound", "all"))
    }
    assert found["records"].sum() == 0


def test_rules_that_nothing_used_have_no_records(
    company: Company, rows: pl.DataFrame, planted: dict[PlannedRule, Use]
) -> None:
    unused = of_groups(rows).filter(pl.col("records") == 0).select("resource_name", "direction", "traffic", "peer")
    assert {PlannedRule(*row) for row in unused.rows()} == all_rules(company) - set(planted)
    assert PlannedRule("office-vpn", "inbound", "udp/1194", "0.0.0.0/0") in all_rules(company) - set(planted)


def test_each_accepted_record_counts_for_a_rule_and_for_at_most_one_alone(
    traffic: Traffic, of_version_5: Usage
) -> None:
    records = [each for found in traffic.records.values() for each in found]
    counts = of_version_5.counts
    assert set(counts) == {"accepted", "without_security_group"}
    assert counts["accepted"] == sum(each.get("action") == "ACCEPT" for each in records)
    judged = counts["accepted"] - counts["without_security_group"]
    sums = of_version_5.rules.filter(pl.col("layer") == "security_group")
    alone, certain, possible = (int(sums[f"{name}records"].sum()) for name in ("alone_", "", "possible_"))
    assert alone <= judged <= certain + possible


def test_entries_of_network_acls_are_judged_in_both_directions(
    company: Company, traffic: Traffic, rows: pl.DataFrame
) -> None:
    """The plan's denials rejected what they were planted for; the entries that allow all carried the rest."""
    entries = rows.filter(pl.col("resource_name") == "office-data-b", pl.col("rule_id") != "*")
    ledger = company.network("office").host("ledger").interface_id
    at_ledger = [each for each in traffic.records["office"] if each["interface-id"] == ledger and "action" in each]
    planted = Counter((each["flow-direction"], each["action"]) for each in at_ledger)
    assert dict(entries.filter(entries["action"] == "allow").select("direction", "records").rows()) == {
        "inbound": planted["ingress", "ACCEPT"],
        "outbound": planted["egress", "ACCEPT"],
    }
    denied = entries.filter((pl.col("action") == "deny") & (pl.col("records") > 0))
    assert set(denied.select("direction", "traffic", "peer").rows()) == {
        ("inbound", "tcp/5432", "10.20.0.0/23"),
        ("outbound", "tcp/1024-65535", "10.20.10.14/32"),
    }
