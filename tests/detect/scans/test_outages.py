"""Failures at services that answered before: an outage is no scan; a service that answers others has no outage."""

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from flowsentry.detect.scans.criteria import detected_scan
from flowsentry.findings.bounds import MAX_ENDPOINTS
from flowsentry.findings.endpoints import MEMBER_BYTES, SLOT_SECONDS, SLOTS_PER_DAY, slot_of
from flowsentry.findings.evidence import Evidence, EvidenceKey, bottom, latest, unanswered
from flowsentry.findings.known_services import Answers, Service, Services, client_bit
from flowsentry.findings.thresholds import ScanThresholds
from tests.builders import DAY, NOON, V2, V5, VPC, Watch, blocked, exchange, flow_log, probe, reset

CLIENT, NEW_SOURCE, BASTION = "10.0.0.9", "10.0.0.200", "10.0.0.5"
HOURS = 3_600
PODS = [f"10.0.4.{number}" for number in range(10, 40)]
by_format = pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
FieldNames = tuple[str, ...]


def works(client: str, at: int, names: FieldNames, hosts: Sequence[str] = PODS, port: int = 8_080) -> Iterator[str]:
    for number, host in enumerate(hosts):
        start = at + number
        yield from exchange(client, host, port, names, srcport=40_000 + number, start=start, end=start + 20)


def fails(client: str, at: int, names: FieldNames, hosts: Sequence[str] = PODS, port: int = 8_080) -> Iterator[str]:
    for number, host in enumerate(hosts):
        fields = {
            "srcport": 50_000 + number,
            "start": at + number,
            "end": at + number + 3,
            "packets": 3,
            "bytes": 180,
        }
        yield probe(client, host, port, names, **fields)


def refused(client: str, at: int, names: FieldNames, port: int = 8_080) -> Iterator[str]:
    for number, host in enumerate(PODS):
        fields = {"start": at + number, "end": at + number}
        yield probe(client, host, port, names, **fields, srcport=50_000 + number)
        yield reset(host, client, port, names, **fields, dstport=50_000 + number)


def rejected(client: str, at: int, names: FieldNames, port: int = 8_080) -> Iterator[str]:
    for number, host in enumerate(PODS):
        yield blocked(client, host, port, names, srcport=50_000 + number, start=at + number, end=at + number)


def urgent(watch: Watch) -> set[tuple[str, str]]:
    return {(each.kind, each.subject) for each in watch.found if each.severity in ("high", "medium")}


def seen(*batches: Iterator[str], names: FieldNames) -> Watch:
    watch = Watch()
    watch.see(*(flow_log(lines, names) for lines in batches))
    return watch


@by_format
@pytest.mark.parametrize("who", [CLIENT, NEW_SOURCE], ids=["client", "external"])
@pytest.mark.parametrize("how", [fails, refused])
def test_clients_of_hosts_that_were_removed_are_no_scanners(names: FieldNames, who: str, how: object) -> None:
    watch = seen(works(CLIENT, NOON, names), how(who, NOON + 6 * HOURS, names), names=names)  # type: ignore[operator]
    assert urgent(watch) == set()


@by_format
def test_a_source_whose_targets_never_answered_is_a_scanner(names: FieldNames) -> None:
    assert urgent(seen(fails(NEW_SOURCE, NOON, names), names=names)) == {("host_sweep", NEW_SOURCE)}


@by_format
def test_a_source_rejected_by_a_rule_at_hosts_that_answer_others_is_a_scanner(names: FieldNames) -> None:
    watch = seen(
        works(BASTION, NOON, names, port=445), rejected(NEW_SOURCE, NOON + HOURS, names, port=445), names=names
    )
    assert urgent(watch) == {("host_sweep", NEW_SOURCE)}


@by_format
def test_a_source_without_answers_from_hosts_that_answer_others_is_a_scanner(names: FieldNames) -> None:
    both = [*works(BASTION, NOON, names, port=445), *fails(NEW_SOURCE, NOON + 5, names, port=445)]
    assert urgent(seen(iter(both), names=names)) == {("host_sweep", NEW_SOURCE)}


@by_format
def test_a_sweep_of_hosts_that_answer_others_hours_later_is_found_when_the_source_returns(
    names: FieldNames,
) -> None:
    watch = seen(
        works(BASTION, NOON, names, port=445),
        fails(NEW_SOURCE, NOON + HOURS, names, port=445),
        works(BASTION, NOON + 4 * HOURS, names, port=445),
        works(NEW_SOURCE, NOON + 5 * HOURS, names, hosts=["10.0.9.9"], port=443),
        names=names,
    )
    assert urgent(watch) == {("host_sweep", NEW_SOURCE)}


@by_format
def test_a_manager_of_hosts_that_are_off_at_night_is_no_scanner(
    names: FieldNames,
) -> None:
    watch = seen(
        works(CLIENT, NOON, names, port=445),
        *(fails(CLIENT, NOON + hour * HOURS, names, port=445) for hour in range(7, 11)),
        works(BASTION, NOON + 20 * HOURS, names, port=445),
        works(CLIENT, NOON + 21 * HOURS, names, hosts=PODS[:3], port=445),
        names=names,
    )
    assert urgent(watch) == set()


@by_format
def test_clients_of_addresses_that_get_a_new_owner_are_no_scanners(
    names: FieldNames,
) -> None:
    watch = seen(
        works(CLIENT, NOON, names),
        fails(CLIENT, NOON + HOURS, names),
        works(BASTION, NOON + 2 * HOURS, names),
        works(CLIENT, NOON + 3 * HOURS, names, hosts=["10.0.9.9"]),
        names=names,
    )
    assert urgent(watch) == set()


@by_format
def test_files_in_reverse_order_raise_no_alarm_that_was_not_raised_before(names: FieldNames) -> None:
    """The failures arrive first, too few at a time for a finding; answers that arrive later excuse them."""
    watch = seen(
        fails(CLIENT, NOON + HOURS, names, hosts=PODS[:9]),
        works(BASTION, NOON, names),
        fails(CLIENT, NOON + 2 * HOURS, names, hosts=PODS[9:]),
        names=names,
    )
    assert urgent(watch) == set()


@by_format
@pytest.mark.parametrize("clients", [1, 10, 30, 100])
def test_a_source_without_answers_from_hosts_with_many_clients_is_a_scanner(names: FieldNames, clients: int) -> None:
    callers = [f"10.1.0.{number}" for number in range(clients)]
    lines = [text for caller in callers for text in works(caller, NOON, names, port=445)]
    assert urgent(seen(iter([*lines, *fails(NEW_SOURCE, NOON + 5, names, port=445)]), names=names)) == {
        ("host_sweep", NEW_SOURCE)
    }


@by_format
def test_a_sweep_by_a_busy_host_is_found(names: FieldNames) -> None:
    servers = [f"10.20.{number // 250}.{number % 250 + 1}" for number in range(300)]
    swept = [f"10.40.9.{number}" for number in range(1, 25)]
    lines = [*works(CLIENT, NOON, names, servers, 443), *fails(CLIENT, NOON + HOURS, names, swept, 22)]
    assert urgent(seen(iter(lines), names=names)) == {("host_sweep", CLIENT)}


def is_sweep_found(answered: int, draw: Random) -> bool:
    """Whether a sweep of 24 dead SSH hosts is found if `answered` endpoints answered on other ports."""
    ends = bottom({b"\x06" + draw.randbytes(4) + (443).to_bytes(2) for _ in range(answered)}, MAX_ENDPOINTS)
    swept = frozenset(b"\x06" + draw.randbytes(4) + (22).to_bytes(2) + bytes([100]) for _ in range(24))
    day = Evidence(EvidenceKey(VPC, CLIENT, DAY), swept, ends, is_inside=True)
    return detected_scan({DAY: day}, DAY, ScanThresholds()) is not None


@pytest.mark.parametrize("answered", [300, 1_000, 5_000])
def test_a_sweep_of_24_hosts_is_found_however_busy_the_host_is(answered: int) -> None:
    assert sum(is_sweep_found(answered, Random(seed)) for seed in range(15)) == 15  # noqa: S311 - seeded


def dated(number: int, slot: int) -> bytes:
    return number.to_bytes(MEMBER_BYTES) + bytes([slot])


def test_the_latest_slot_of_an_endpoint_is_kept_and_a_rejection_replaces_slots() -> None:
    dated_member, certain = dated(1, 7), (2).to_bytes(MEMBER_BYTES)
    assert latest({dated(1, 3), dated_member, dated(2, 239), certain}) == {dated_member, certain}


def test_a_dated_member_of_an_endpoint_that_answered_is_no_failure() -> None:
    assert unanswered({dated(1, 3), dated(2, 3)}, {(1).to_bytes(MEMBER_BYTES)}) == {dated(2, 3)}


def test_evidence_within_bounds_has_each_endpoint_once() -> None:
    evidence = Evidence(EvidenceKey(VPC, CLIENT, DAY), failed=frozenset({dated(1, 3), dated(1, 9)}))
    assert evidence.within_bounds().failed == {dated(1, 9)}


def outage(last_seen: int, client: str = BASTION, *, slot: int | None = 100) -> bool:
    endpoint = (1).to_bytes(MEMBER_BYTES)
    known = Answers(last_seen, 1 << client_bit(client, endpoint))
    member = endpoint if slot is None else dated(1, slot)
    return Services({Service(VPC, endpoint): known}).is_outage(VPC, NEW_SOURCE, member, DAY)


def test_a_service_that_answers_no_one_after_the_failure_has_an_outage() -> None:
    end = (DAY * SLOTS_PER_DAY + 101) * SLOT_SECONDS
    assert outage(end - 1)
    assert not outage(end)


def test_a_rejection_by_a_rule_is_never_an_outage() -> None:
    assert not outage(0, slot=None)
    assert slot_of((1).to_bytes(MEMBER_BYTES), DAY) is None


def test_a_failure_of_a_client_never_counts_if_the_service_answered_before() -> None:
    assert outage(1 << 31, NEW_SOURCE)


def test_a_service_that_never_answered_has_no_outage() -> None:
    assert not Services().is_outage(VPC, NEW_SOURCE, dated(1, 100), DAY)


@by_format
def test_a_sweep_of_hosts_that_answer_others_later_is_found_without_new_traffic_of_the_source(
    names: FieldNames,
) -> None:
    before = seen(
        works(BASTION, NOON, names, port=445),
        fails(NEW_SOURCE, NOON + HOURS, names, port=445),
        names=names,
    )
    assert urgent(before) == set()
    assert {key.source for key in before.services.excused} == {NEW_SOURCE}
    for host in range(0, len(PODS), 5):
        before.see(flow_log(works(BASTION, NOON + (4 + host) * HOURS // 2, names, PODS[host : host + 5], 445), names))
    assert urgent(before) == {("host_sweep", NEW_SOURCE)}
    assert before.services.excused == set()
