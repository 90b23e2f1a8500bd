"""Processor time and memory of an object with very many findings, and of the same object when all are known.

Each case runs in a process of its own, with one polars thread, an inventory of 20,000 hosts whose security groups have
rules, and DynamoDB behind boto3: the time of its calls counts, but for the socket and for answering. Each finding, pair
or source takes at most a millisecond of processor time, all stages included.
"""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.dynamodb.in_memory import DynamoDBInMemory
from benchmarks.floods import START, address
from benchmarks.guard import yardstick
from benchmarks.guard.rows import Row, figure_at_most, of_limit
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.findings.table import FindingTable
from flowsentry.decode import object_texts
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, Rules, SecurityGroup
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.pipeline import Context, Stores, process

MAX_MS, MAX_MEGABYTES = 1.0, 400
HOSTS, GROUPS, RULES_A_GROUP, SUBNETS = 20_000, 200, 20, 16
VPCS = 20
"""VPCs of the hosts. An object of flow logs has one, a batch of payloads those of its interfaces."""
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    " vpc-id tcp-flags"
)
OPENED, ANSWERED = "60 9000 ACCEPT 2", "60 9000 ACCEPT 18"
REFUSED, BLOCKED, PROBED = "1 40 REJECT 2", "3 180 REJECT 2", "1 40 ACCEPT 2"
"""Packets, bytes, action and tcp-flags."""

Lines = Iterator[str]


def vpc(number: int) -> str:
    return f"vpc-{number:017x}"


def host(number: int) -> str:
    return f"10.1.{number >> 8 & 255}.{number & 255}"


def record(source: str, target: str, ports: tuple[int, int], what: str, number: int) -> str:
    """A record that the interface of an internal host logged in one of the VPCs."""
    packets, size, action, flags = what.split()
    begin = START + number % 300
    return (
        f"2 123456789012 eni-{number % HOSTS:017x} {source} {target} {ports[0]} {ports[1]} 6 {packets} {size} "
        f"{begin} {begin + 5} {action} OK {vpc(number % VPCS)} {flags}"
    )


def sessions(count: int) -> Lines:
    """External clients, each with a session on a host of its own."""
    for number in range(count):
        yield record(address(number), host(number), (40_000, 22), OPENED, number)
        yield record(host(number), address(number), (22, 40_000), ANSWERED, number)


def blocked(count: int) -> Lines:
    """Pairs of internal hosts, five of each client, whose packets a rule rejects."""
    for number in range(count):
        client, server = number // 5, (number // 5 + 1 + number % 5) % HOSTS
        yield record(host(client), host(server), (40_000 + number % 5, 5_432), BLOCKED, server)


def failing(count: int) -> Lines:
    """External sources, each with a packet to a port that a rule closes."""
    for number in range(count):
        ports = (1_024 + number % 60_000, number * 7_919 % 60_000 + 1)
        yield record(address(number), host(number % 20), ports, REFUSED, number % 20)


def ipv6(count: int) -> Lines:
    """The same from addresses of IPv6, each in a network of its own."""
    for number in range(count):
        source, target = f"2600:{number >> 16:x}:{number & 0xFFFF:x}::7", f"2600:1f18::{number % 20:x}"
        yield record(source, target, (40_000, 23), REFUSED, number % 20)


def mixed(count: int) -> Lines:
    """Several kinds at once in many VPCs: sessions, blocked pairs, rejected packets to the outside, and scans."""
    yield from sessions(count // 4)
    yield from blocked(count // 4)
    for number in range(count // 4):
        yield record(host(number), address(number), (40_000, 8_443), BLOCKED, number)
    for number in range(count // 4):
        scanner, target = HOSTS - 1 - number // 20, f"10.200.{number % 20}.9"
        yield record(host(scanner), target, (40_000 + number % 20, 445), PROBED, scanner)


CASES: dict[str, tuple[Callable[[int], Lines], int]] = {
    "sessions": (sessions, 20_000),
    "blocked pairs": (blocked, 20_000),
    "failing sources": (failing, 100_000),
    "failing sources of IPv6": (ipv6, 50_000),
    "several kinds in 20 VPCs": (mixed, 12_000),
}


def inventory() -> Inventory:
    """Hosts with two security groups each and a network ACL."""
    hosts = (
        Interface(
            f"eni-{number:017x}",
            vpc(number % VPCS),
            f"subnet-{number % SUBNETS:017x}",
            "euw1-az1",
            (host(number),),
            (),
            "instance",
            f"i-{number:017x}",
            f"host-{number}",
            (_group_id(number), _group_id(number + 7)),
        )
        for number in range(HOSTS)
    )
    groups = tuple(SecurityGroup(_group_id(each), f"group-{each}", vpc(0), _rules(each)) for each in range(GROUPS))
    acls = tuple(
        NetworkAcl(f"acl-{each}", f"acl-{each}", vpc(0), subnet_ids=(f"subnet-{each:017x}",), entries=_OPEN)
        for each in range(SUBNETS)
    )
    networks = {vpc(number): ("10.0.0.0/8", "2600:1f18::/36") for number in range(VPCS)}
    return Inventory.of(hosts, networks, Rules(START, groups, acls))


_OPEN = tuple(AclEntry(100, is_egress, is_allowed=True, protocol=-1, cidr="0.0.0.0/0") for is_egress in (True, False))


def _group_id(number: int) -> str:
    return f"sg-{number % GROUPS:017x}"


def _rules(group: int) -> tuple[GroupRule, ...]:
    ports = range(8_000, 8_000 + RULES_A_GROUP)
    return tuple(
        GroupRule(
            _group_id(group), bool(port % 3), 6, port, port, f"10.{port % 256}.{group}.0/24", rule_id=f"sgr-{port}"
        )
        for port in ports
    )


def measured(case: str) -> dict[str, Any]:
    """Milliseconds of each when new and when known, how many findings are new then, and the peak of memory in MB."""
    lines, count = CASES[case]
    data = gzip.compress("".join(f"{line}\n" for line in (HEADER, *lines(count))).encode(), 1)
    context, dynamodb = Context(inventory()), DynamoDBInMemory()
    context.address_space.look_up_all()
    client = dynamodb.client()

    def clock() -> float:
        return START + 600.0

    evidence = EvidenceTable("evidence", client, clock)
    services = KnownServicesTable("evidence", client, clock)
    stores = Stores(evidence, FindingTable("findings", client, clock), services)
    took: dict[str, Any] = {}
    for run in ("new", "known"):
        began, dynamodb.seconds = time.process_time(), 0.0
        outcome = process(object_texts([data]), context, stores, now=clock())
        seconds = time.process_time() - began - dynamodb.seconds
        took[run] = {"ms": seconds / count * 1_000, "findings": len(outcome.findings), "seconds": seconds}
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    work = yardstick.processor_seconds()
    return took | {"megabytes": int(peak) / 1024, "work": work, "calls": dict(dynamodb.calls)}


def in_own_process(case: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.many_findings", case]
    environment = os.environ | {"POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own
    took: dict[str, Any] = json.loads(done.stdout)
    return took


def rows() -> Iterator[Row]:
    """The time of each finding, pair or source, new and known, and the memory of each case."""
    for case in CASES:
        took = in_own_process(case)
        for run in ("new", "known"):
            each = took[run]
            ratio, note = each["seconds"] / took["work"], f"{each['findings']:,} new findings"
            subject = f"{case}, {run}: processor, each"
            yield Row(subject, each["ms"], "ms", ratio, yardstick.NAME, figure_at_most(MAX_MS), note)
        yield of_limit(f"{case}: peak memory", took["megabytes"], "MB", MAX_MEGABYTES)


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
