"""Services that answered in the last days and stopped answering their clients."""

from collections.abc import Iterator

import pytest

from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import ServiceThresholds, Thresholds
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.pipeline import Context
from tests.builders import NOON, V2, V5, VPC, Watch, exchange, flow_log, interface, line, probe, reset

CLIENT, OTHER, DATABASE, NEW_SOURCE = "10.0.0.9", "10.0.0.8", "10.0.2.5", "10.0.0.200"
LATER = NOON + 3_600
by_format = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])


def works(*clients: str, at: int = NOON, names: tuple[str, ...] = V5) -> Iterator[str]:
    for number, client in enumerate(clients):
        yield from exchange(client, DATABASE, 5_432, names, srcport=40_000 + number, start=at, end=at + 30)


def fails(*clients: str, at: int = LATER, packets: int = 3, names: tuple[str, ...] = V5) -> Iterator[str]:
    for number, client in enumerate(clients):
        fields = {"srcport": 41_000 + number, "start": at, "end": at + 10, "packets": packets, "bytes": 60 * packets}
        yield probe(client, DATABASE, 5_432, names, **fields)


def reported(watch: Watch) -> list[Finding]:
    return [each for each in watch.found if each.kind == "service_down"]


def seen(*batches: Iterator[str], names: tuple[str, ...] = V5, watch: Watch | None = None) -> Watch:
    watch = watch or Watch()
    watch.see(*(flow_log(lines, names) for lines in batches))
    return watch


@by_format
def test_a_service_that_stopped_answering_its_clients_is_low(names: tuple[str, ...]) -> None:
    (finding,) = reported(seen(works(CLIENT, OTHER, names=names), fails(CLIENT, OTHER, names=names), names=names))
    assert (finding.subject, finding.severity) == (DATABASE, Severity.LOW)
    assert finding.title == "10.0.2.5 stopped answering 2 clients on port 5432/tcp (postgresql)"
    assert (finding.first_seen, finding.details["last_answer"]) == (LATER, NOON + 30)
    assert (finding.details["clients"], finding.details["packets"]) == (2, 6)


def test_a_service_that_refuses_its_clients_is_down_too() -> None:
    refused = [*fails(CLIENT), reset(DATABASE, CLIENT, 5_432, srcport=5_432, dstport=41_000, start=LATER, end=LATER)]
    assert len(reported(seen(works(CLIENT), iter(refused)))) == 1


def test_too_few_packets_are_no_outage() -> None:
    minimum = ServiceThresholds().min_packets
    assert reported(seen(works(CLIENT), fails(CLIENT, packets=minimum - 1))) == []


def test_too_few_clients_are_no_outage() -> None:
    watch = Watch()
    watch.context = Context(thresholds=Thresholds(service=ServiceThresholds(min_clients=2)))
    assert reported(seen(works(CLIENT, OTHER), fails(CLIENT), watch=watch)) == []
    assert len(reported(seen(fails(CLIENT, OTHER, at=LATER + 60), watch=watch))) == 1


def test_a_source_that_was_never_answered_is_no_sign_of_an_outage() -> None:
    assert reported(seen(works(CLIENT), fails(NEW_SOURCE))) == []


def test_several_clients_must_fail_if_a_service_has_very_many() -> None:
    clients = [f"10.1.{number // 250}.{number % 250}" for number in range(300)]
    assert reported(seen(works(*clients), fails(clients[0]))) == []
    assert len(reported(seen(works(*clients), fails(*clients[:3])))) == 1


def test_an_answer_over_udp_makes_no_service_over_tcp() -> None:
    asked = {"protocol": 17, "srcport": 40_000, "packets": 1, "bytes": 70, "tcp_flags": 0, "start": NOON, "end": NOON}
    udp = [
        line(srcaddr=CLIENT, dstaddr=DATABASE, dstport=53, **asked),
        line(srcaddr=DATABASE, dstaddr=CLIENT, **asked | {"srcport": 53, "dstport": 40_000}),
        probe(CLIENT, "10.0.2.9", 53, start=NOON, end=NOON),
    ]
    failed = probe(CLIENT, DATABASE, 53, packets=3, bytes=180, start=LATER, end=LATER)
    assert reported(seen(iter(udp), iter([failed]))) == []


def test_a_service_that_never_answered_is_not_down() -> None:
    assert reported(seen(fails(CLIENT, OTHER))) == []


def test_a_service_that_still_answers_others_is_not_down() -> None:
    assert reported(seen(works(CLIENT), iter([*fails(CLIENT), *works(OTHER, at=LATER)]))) == []


def test_a_repeated_outage_is_one_finding() -> None:
    watch = seen(works(CLIENT), *(fails(CLIENT, at=LATER + 300 * number) for number in range(5)))
    assert len(reported(watch)) == 1


def test_an_outage_past_midnight_is_one_finding() -> None:
    assert len(reported(seen(works(CLIENT), fails(CLIENT), fails(CLIENT, at=LATER + 86_400)))) == 1


def test_an_outage_is_resolved_by_an_answer_and_a_new_outage_is_a_new_finding() -> None:
    watch = seen(works(CLIENT), fails(CLIENT))
    (finding,) = reported(watch)
    assert watch.findings.resolved == set()
    watch.see(flow_log(works(OTHER, at=LATER + 600)))
    assert watch.findings.resolved == {finding.id}
    (outcome,) = watch.see(flow_log(fails(CLIENT, at=LATER + 1_200)))
    assert [each.id for each in outcome.findings] == [finding.id]
    assert watch.findings.resolved == set()


def test_a_late_answer_from_before_the_outage_does_not_resolve_it() -> None:
    watch = seen(works(CLIENT), fails(CLIENT), works(OTHER, at=NOON + 120))
    assert len(reported(watch)) == 1
    assert watch.findings.resolved == set()


@pytest.mark.parametrize("name", [DATABASE, "10.0.2.0/24", f"{DATABASE}:5432", "Orders", "i-orders:5432"])
def test_an_important_service_is_medium(name: str) -> None:
    watch = Watch(Inventory.of((interface(DATABASE, name="orders"),)))
    watch.context = Context(watch.context.inventory, important_services=NamedServices.of([name]))
    (finding,) = reported(seen(works(CLIENT), fails(CLIENT), watch=watch))
    assert finding.severity is Severity.MEDIUM
    assert finding.title.startswith("orders (10.0.2.5) stopped answering 1 client")
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-orders", "name": "orders"}


def test_a_service_that_is_not_important_is_low() -> None:
    watch = Watch()
    watch.context = Context(important_services=NamedServices.of(["10.0.2.6", "10.0.2.5:5433", "web-1"]))
    (finding,) = reported(seen(works(CLIENT), fails(CLIENT), watch=watch))
    assert (finding.severity, finding.scope) == (Severity.LOW, VPC)


def test_an_external_service_is_not_reported() -> None:
    host, told_of = "198.51.100.7", {"srcport": 40_000, "start": NOON, "end": NOON + 30}
    worked = exchange(CLIENT, host, 443, V2, **told_of)
    failed = probe(CLIENT, host, 443, V2, packets=3, bytes=180, start=LATER, end=LATER)
    assert reported(seen(iter(worked), iter([failed]), names=V2)) == []
