"""A busy host works for ten days and then sweeps: no finding before, and the sweep is found at once.

It is answered by more hosts than it sweeps, on another port.
"""

from collections.abc import Iterator
from random import Random

import pytest

from flowsentry.aws import clients
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.decode import object_texts
from flowsentry.findings.evidence import SECONDS_A_DAY, EvidenceStore
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.pipeline import Context, Stores, process
from tests.builders import NOON, exchange, flow_log, probe, reset
from tests.moto_world import EVIDENCE_TABLE, make_evidence_table

HOST = "10.0.0.200"
SERVERS = [f"10.0.1.{number}" for number in range(1, 201)]
DEAD = SERVERS[::7]
"""Twenty-nine targets: enough to be found as a scanner for a host that does nothing else."""
QUIET_DAYS, BATCHES_A_DAY, CALLS_A_BATCH = 10, 6, 40


class Clock:
    """The time of the simulation."""

    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["dictionary", "table"])
def store(request: pytest.FixtureRequest) -> EvidenceStore:
    if request.param == "dictionary":
        return EvidenceInMemory()
    make_evidence_table()
    return EvidenceTable(EVIDENCE_TABLE, clients.dynamodb(), clock=Clock())


def a_batch_of_work(draw: Random, at: int) -> Iterator[str]:
    for number in range(CALLS_A_BATCH):
        server, times = draw.choice(SERVERS), {"srcport": 51_000 + number, "start": at, "end": at + 30}
        if server in DEAD:
            yield probe(HOST, server, 5_432, flow_direction="egress", **times)
        else:
            yield from exchange(HOST, server, 5_432, **times)


def a_sweep(at: int) -> Iterator[str]:
    for number in range(120):
        times = {"start": at + number, "end": at + number}
        yield probe(HOST, f"10.0.2.{number}", 22, flow_direction="egress", **times)
        yield reset(f"10.0.2.{number}", HOST, 22, **times)


def test_ten_quiet_days_of_a_busy_host_raise_nothing_and_hide_no_sweep(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, findings, context = Random(3), FindingsInMemory(), Context()  # noqa: S311 - seeded
    stores = Stores(store, findings)

    def take(lines: Iterator[str], at: int) -> None:
        monkeypatch.setattr(Clock, "now", at + 60)
        process(object_texts([flow_log(lines)]), context, stores, now=at + 60)

    for day in range(QUIET_DAYS):
        for batch in range(BATCHES_A_DAY):
            at = NOON + day * SECONDS_A_DAY + batch * 3_600
            take(a_batch_of_work(draw, at), at)
            assert list(findings.findings.values()) == []
    at = NOON + QUIET_DAYS * SECONDS_A_DAY
    take(a_batch_of_work(draw, at), at)
    take(a_sweep(at), at + 300)
    [finding] = findings.findings.values()
    assert (finding.subject, str(finding.severity)) == (HOST, "high")
    assert finding.details["relation"] == "inside_to_inside"
