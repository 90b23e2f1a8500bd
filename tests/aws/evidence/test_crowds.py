"""Many strangers on one login service, one client per payload, processed by two processors in turn."""

from flowsentry.aws import clients
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.findings.table import FindingTable
from flowsentry.decode import object_texts
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.pipeline import Context, Stores, process
from tests.builders import NOON, exchange, flow_log
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, items_of, make_evidence_table, make_findings_table

N = LoginThresholds().max_external_clients
MORE = 5


def session(number: int) -> bytes:
    return flow_log(exchange(f"203.0.113.{number}", "10.0.0.9", 22, packets=60, bytes=9_001))


def processors() -> list[tuple[EvidenceTable, FindingTable]]:
    make_evidence_table()
    make_findings_table()
    client = clients.dynamodb()
    return [
        (EvidenceTable(EVIDENCE_TABLE, client, clock=lambda: NOON + 60), FindingTable(FINDINGS_TABLE, client))
        for _ in range(2)
    ]


def test_the_first_strangers_are_reported_and_then_the_service_whichever_processor_sees_them() -> None:
    raised, stores = [], processors()
    for number in range(1, N + MORE + 1):
        outcome = process(object_texts([session(number)]), Context(), Stores(*stores[number % 2]))
        raised.append([each.kind for each in outcome.findings])
    assert raised == [["remote_login"]] * N + [["public_login_service"]] + [[]] * (MORE - 1)
    assert len(items_of(FINDINGS_TABLE)) == N + 1
    items = {item["source"]["S"]: item for item in items_of(EVIDENCE_TABLE)}
    assert len(items["vpc-0a1b2c3d|10.0.0.9:22/tcp"]["external_clients"]["BS"]) == N + MORE
    assert len(items) == N + 1, "of those beyond the bound nothing else is kept"
    again = process(object_texts([session(1)]), Context(), Stores(*stores[0]))
    assert again.findings == []
