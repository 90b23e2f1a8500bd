"""Known services: what evidence keeps, the same from memory and from the table."""

from collections.abc import Iterator, Sequence

import pytest

from flowsentry.aws import clients
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.findings.endpoints import MEMBER_BYTES
from flowsentry.findings.known_services import Answer, Answers, Outage, Service, client_bit
from flowsentry.in_memory import KnownServicesInMemory
from local.console.known_services import KnownService, ServiceDays
from local.console.pages.known_services import known_services
from local.console.subjects.replayed import Replayed
from tests.builders import DAY, NOON, VPC
from tests.local.console.conftest import Replay
from tests.local.console.pages.sample_files import asked
from tests.moto_world import EVIDENCE_TABLE, aws_in_memory, forget_clients, make_evidence_table


def endpoint(host: str, port: int) -> bytes:
    """The member of a TCP endpoint (flowsentry/findings/endpoints.py)."""
    numbers = [int(part) for part in host.split(".")]
    return bytes([6, *numbers]) + port.to_bytes(2)


WEB, ORDERS = Service(VPC, endpoint("10.0.0.2", 443)), Service("vpc-2", endpoint("10.1.0.9", 5432))


def answer(service: Service, *clients_: str, days_ago: int = 0) -> Answer:
    bits = sum({1 << client_bit(each, service.endpoint) for each in clients_})
    return Answer(service, DAY - days_ago, NOON - days_ago * 86_400, bits, is_inside=True)


ANSWERS = [answer(WEB, "10.0.0.1", "10.0.0.7"), answer(WEB, "10.0.0.8", days_ago=2), answer(ORDERS, "10.1.0.1")]


@pytest.fixture
def table() -> Iterator[KnownServicesTable]:
    forget_clients()
    with pytest.MonkeyPatch.context() as patch, aws_in_memory(patch):
        make_evidence_table()
        yield KnownServicesTable(EVIDENCE_TABLE, clients.dynamodb(), lambda: float(NOON))
    forget_clients()


def test_an_endpoint_is_a_member() -> None:
    assert len(WEB.endpoint) == MEMBER_BYTES


def test_the_table_and_the_memory_of_a_replay_have_the_same_services(table: KnownServicesTable) -> None:
    memory = KnownServicesInMemory()
    for store in (table, memory):
        store.learn(ANSWERS)
        store.mark_down([Outage(ORDERS, NOON - 600)])
    stored = ServiceDays.stored(EVIDENCE_TABLE, clients.dynamodb(), NOON).services()
    assert stored == ServiceDays.in_memory(memory).services()
    assert [(each.service, list(each.days), each.down_since) for each in stored] == [
        (ORDERS, [DAY], NOON - 600),
        (WEB, [DAY - 2, DAY], None),
    ]
    assert [each.clients for each in stored] == [1, 3]


@pytest.mark.parametrize(("bits", "number"), [(1, 1), (32, 44), (63, 266), (64, 266)])
def test_clients_are_estimated_from_the_bits(bits: int, number: int) -> None:
    known = KnownService(WEB, [DAY], Answers(NOON, (1 << bits) - 1))
    assert (known.clients, known.has_more_clients) == (number, bits == 64)


def test_each_service_is_a_row_with_its_owner(data: Replayed) -> None:
    page, kept = asked(known_services, data), data.known_services().services()
    rows: Sequence[dict[str, object]] = page["rows"]
    assert page["services"] == page["matching"] == len(rows) == len(kept)
    assert [row["last_seen"] for row in rows] == [each.answers.last_seen for each in kept]
    assert [row["clients"] for row in rows] == [each.clients for each in kept]
    ledger = next(row for row in rows if row["owner"] == "ledger")
    assert (ledger["port"], ledger["protocol"], ledger["owner_kind"]) == (5432, "tcp", "rds database")


def test_services_are_filtered_by_place_and_text(data: Replayed) -> None:
    every = asked(known_services, data)
    inside, outside = asked(known_services, data, show="inside"), asked(known_services, data, show="outside")
    assert inside["matching"] == every["inside"]
    assert inside["matching"] + outside["matching"] == every["services"]
    assert asked(known_services, data, show="down")["matching"] == every["down"] == 0
    assert {row["owner"] for row in asked(known_services, data, text="LEDGER")["rows"]} == {"ledger"}


def test_without_answers_there_is_no_service(replayed: Replay) -> None:
    assert asked(known_services, replayed(b"no flow log\n"))["rows"] == []
