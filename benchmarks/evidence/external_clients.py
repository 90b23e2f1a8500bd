"""The time that many external clients of a login service take, with new and with known findings: `python -m
benchmarks.evidence.external_clients`. Measured in dictionaries, and in moto's tables, whose calls take about as long as
DynamoDB's.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto import mock_aws

from flowsentry.aws import clients
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.findings.table import FindingTable
from flowsentry.decode import object_texts
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.inventory import Inventory
from flowsentry.pipeline import Context, Outcome, Stores, process
from tests.builders import NOON, flow_log, interface, line
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, make_evidence_table, make_findings_table

CLIENTS = 20_000
SERVERS, CLIENTS_A_SERVER = 400, 10
"""Few enough clients per server that each raises a finding: 4,000 findings."""


def external_client(number: int) -> str:
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def session(client: int, server: int) -> Iterator[str]:
    """Both directions of a connection that transfers data."""
    ours, at = f"10.0.{server >> 8}.{server & 255}", NOON + client % 3_000
    ends: dict[str, Any] = {"packets": 60, "start": at, "end": at + 30}
    there: dict[str, Any] = {"srcaddr": external_client(client), "dstaddr": ours, "srcport": 40_000, "dstport": 22}
    back: dict[str, Any] = {
        "srcaddr": ours,
        "dstaddr": external_client(client),
        "srcport": 22,
        "dstport": 40_000,
        "tcp_flags": 19,
    }
    yield line(flow_direction="ingress", **there, **ends)
    yield line(**back, **ends)


def one_service() -> bytes:
    return flow_log(each for client in range(CLIENTS) for each in session(client, 9))


def many_services() -> bytes:
    numbers = range(SERVERS * CLIENTS_A_SERVER)
    return flow_log(each for client in numbers for each in session(client, client // CLIENTS_A_SERVER))


@contextmanager
def timed(what: str, number: int) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"{what:<56} {wall:>6.2f} s   per client {wall / number * 1e3:.3f} ms, "
        f"processor time {processor / number * 1e3:.3f} ms"
    )


def seen(content: bytes, context: Context, stores: Stores) -> Outcome:
    return process(object_texts([content]), context, stores)


def measured(where: str, stores: Stores) -> None:
    servers = (interface(f"10.0.{server >> 8}.{server & 255}", name=f"git-{server}") for server in range(SERVERS))
    context, one, many = Context(Inventory.of(servers)), one_service(), many_services()
    for again in ("", " again"):
        with timed(f"{where}: {CLIENTS:,} clients of one service{again}", CLIENTS):
            found = seen(one, context, stores).findings
        print(f"    {len(found)} new findings")
    for again in ("", " again"):
        with timed(f"{where}: sessions of external clients on {SERVERS} services{again}", SERVERS * CLIENTS_A_SERVER):
            found = seen(many, context, stores).findings
        print(f"    {len(found)} new findings")


def main() -> None:
    measured("dictionaries", Stores(EvidenceInMemory(), FindingsInMemory()))
    with mock_aws():
        make_evidence_table()
        make_findings_table()
        evidence = EvidenceTable(EVIDENCE_TABLE, clients.dynamodb(), clock=lambda: NOON + 3_600)
        measured("tables", Stores(evidence, FindingTable(FINDINGS_TABLE, clients.dynamodb())))


if __name__ == "__main__":
    main()
