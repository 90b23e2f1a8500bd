"""Login services with many external clients get one finding, however records are delivered."""

from collections.abc import Sequence
from random import Random

import pytest

from flowsentry.detect.logins.external_clients import MAX_NEWEST
from flowsentry.findings.bounds import MAX_EXTERNAL_CLIENTS
from flowsentry.findings.evidence import MEMORY_DAYS
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.inventory.inventory import Inventory
from tests.builders import NOON, VPC, Watch, flow_log, interface, line
from tests.detect.observed import SESSION, TRY

N = LoginThresholds().max_external_clients
SERVER, OTHER_SERVER = "10.0.0.9", "10.0.0.10"
DAY_SECONDS = 86_400
OURS = Inventory.of((interface(SERVER, name="git-1"), interface(OTHER_SERVER, name="bastion")))


def external_client(number: int) -> str:
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def connection(source: str, server: str = SERVER, at: int = 0, **values: object) -> str:
    fields: dict[str, object] = {"packets": SESSION, "bytes": 9_000, "srcport": 40_000, "dstport": 22} | values
    return line(srcaddr=source, dstaddr=server, start=NOON + at, end=NOON + at + 30, flow_direction="ingress", **fields)


def sessions(count: int, first: int = 0, **values: object) -> list[str]:
    """Sessions, each a text with both directions, so that no delivery splits a session."""
    return [session(external_client(first + each), at=each, **values) for each in range(count)]  # type: ignore[arg-type]


def session(source: str, **values: object) -> str:
    return "\n".join(direction(source, **values) for direction in (connection, answer))  # type: ignore[arg-type]


def answer(source: str, server: str = SERVER, at: int = 0, **values: object) -> str:
    """A record of the packets that the server sends."""
    fields: dict[str, object] = {"packets": SESSION, "bytes": 12_001, "srcport": 22, "dstport": 40_000} | values
    fields |= {"srcport": values.get("dstport", 22), "dstport": values.get("srcport", 40_000), "tcp_flags": 19}
    return line(srcaddr=server, dstaddr=source, start=NOON + at, end=NOON + at + 30, **fields)


def fetches(source: str, count: int = 25, **values: object) -> list[str]:
    """Connections that are no sessions: short fetches or password guesses."""
    return [connection(source, packets=TRY, srcport=41_000 + each, **values) for each in range(count)]  # type: ignore[arg-type]


def kinds(found: Sequence[Finding]) -> list[str]:
    return sorted(each.kind for each in found)


def watching(*objects: Sequence[str], **known: Sequence[str]) -> Watch:
    watch = Watch(OURS, **known)
    watch.see(*(flow_log(lines) for lines in objects))
    return watch


def test_clients_up_to_the_threshold_are_reported_one_by_one() -> None:
    found = watching(sessions(N)).found
    assert kinds(found) == ["remote_login"] * N
    assert {each.subject for each in found} == {external_client(number) for number in range(N)}


def test_one_client_above_the_threshold_makes_one_finding_about_the_service() -> None:
    (finding,) = watching(sessions(N + 1)).found
    assert (finding.kind, finding.severity, finding.subject) == ("public_login_service", Severity.MEDIUM, SERVER)
    assert finding.title == f"git-1 (10.0.0.9) has login sessions of {N + 1} external clients: SSH, port 22"
    assert (finding.scope, finding.details["initiators"], finding.details["responder_port"]) == (VPC, N + 1, 22)
    newest = [external_client(number) for number in range(N, N - MAX_NEWEST, -1)]
    assert finding.details["newest_initiators"] == newest
    assert finding.details["initiator"] == newest[0]
    assert "allowance" in finding.details


def test_very_many_clients_are_one_finding_with_an_estimate_and_one_item() -> None:
    watch = watching(sessions(3_000))
    (finding,) = watch.found
    assert 2_000 < finding.details["initiators"] < 4_200
    assert "about " in finding.title
    (item,) = watch.evidence.items.values()
    assert len(item.external_clients) == MAX_EXTERNAL_CLIENTS


@pytest.mark.slow
def test_with_one_client_per_payload_the_first_clients_are_reported_and_then_the_service() -> None:
    watch = watching(*([each] for each in sessions(20)))
    assert kinds(watch.found) == ["public_login_service"] + ["remote_login"] * N
    (finding,) = [each for each in watch.found if each.kind == "public_login_service"]
    assert finding.details["initiators"] == N + 1
    assert finding.details["newest_initiators"][0] == external_client(N)
    assert len(finding.details["newest_initiators"]) == MAX_NEWEST
    assert len(watch.evidence.items) == N + 1, "of the others nothing is kept"


@pytest.mark.slow
def test_the_service_is_found_whatever_the_order_division_and_repetition_of_records() -> None:
    draw = Random(7)  # noqa: S311 - seeded
    lines = [*sessions(30), *(each for number in range(12) for each in fetches(external_client(number), 22))]
    whole = {each.id for each in watching(lines).found}
    assert len(whole) == 1
    for size in (9, 100):
        shuffled = draw.sample(lines, len(lines)) + draw.sample(lines, 50)
        watch = watching(*(shuffled[at : at + size] for at in range(0, len(shuffled), size)))
        others = [each for each in watch.found if each.id not in whole]
        assert whole <= {each.id for each in watch.found}
        assert len({each.subject for each in others if each.kind == "remote_login"}) <= N
        assert len([each for each in others if each.details.get("relation") == "outside_got_in"]) <= N


def test_a_repeated_batch_has_no_new_findings() -> None:
    watch = watching(sessions(30))
    again = watch.see(flow_log(sessions(30)), flow_log(sessions(9, first=50)))
    assert [outcome.findings for outcome in again] == [[], []]


def test_many_short_fetches_of_clients_of_a_busy_service_are_no_guessing() -> None:
    lines = [*sessions(N + 1), *(each for number in range(N + 1) for each in fetches(external_client(number)))]
    assert kinds(watching(lines).found) == ["public_login_service"]


def test_a_later_file_with_fetches_only_is_no_guessing() -> None:
    watch = watching(sessions(N + 1), fetches(external_client(0)), fetches(external_client(500)))
    assert kinds(watch.found) == ["public_login_service"]


def test_a_client_that_guesses_on_another_service_is_reported_for_that_service_only() -> None:
    guesser = external_client(0)
    lines = [*sessions(N + 1), *fetches(guesser), *fetches(guesser, server=OTHER_SERVER)]
    found = {each.kind: each for each in watching(lines).found}
    assert sorted(found) == ["login_brute_force", "public_login_service"]
    assert found["login_brute_force"].details["sample_endpoints"] == ["10.0.0.10:22/tcp"]
    assert found["login_brute_force"].severity is Severity.LOW


def test_a_guesser_with_a_session_on_a_service_with_few_clients_is_high() -> None:
    found = watching([*fetches(external_client(0)), connection(external_client(0))]).found
    assert {each.severity for each in found if each.kind == "login_brute_force"} == {Severity.LOW, Severity.HIGH}


def test_an_internal_host_that_guesses_on_a_busy_service_is_reported() -> None:
    lines = [*sessions(N + 1), *(connection("10.0.0.1", f"10.0.0.{9 + each % 4}", packets=TRY, srcport=42_000 + each)
                                 for each in range(40))]  # fmt: skip
    assert "login_brute_force" in kinds(watching(lines).found)


@pytest.mark.parametrize("other", [{"dstport": 3389}, {"server": OTHER_SERVER}, {"vpc_id": "vpc-0b2c3d4e"}])
def test_clients_of_another_service_are_counted_separately(other: dict[str, object]) -> None:
    lines = [*sessions(N + 1), connection(external_client(0), srcport=43_000, **other)]  # type: ignore[arg-type]
    assert kinds(watching(lines).found) == ["public_login_service", "remote_login"]


def test_addresses_in_trusted_networks_are_no_external_clients() -> None:
    assert watching(sessions(N + 5), trusted_networks=["198.18.0.0/24"]).found == []
    found = watching(sessions(N + 5), trusted_networks=["198.18.0.0/29"]).found
    assert kinds(found) == ["remote_login"] * (N + 5 - 8)


def test_a_busy_service_is_reported_once_a_day_in_one_thread() -> None:
    found = watching(sessions(N + 1), [session(external_client(3), at=DAY_SECONDS)]).found
    assert kinds(found) == ["public_login_service"] * 2
    assert (len({each.id for each in found}), len({each.thread for each in found})) == (2, 1)
    assert found[1].title.endswith("has login sessions of 1 external client: SSH, port 22")


def test_after_a_day_with_too_many_clients_the_service_stays_busy_for_three_days() -> None:
    still, later = MEMORY_DAYS * DAY_SECONDS, (MEMORY_DAYS + 1) * DAY_SECONDS
    watch = watching(sessions(N + 1), [session(external_client(3), at=still)], [session(external_client(3), at=later)])
    assert kinds(watch.found) == ["public_login_service", "public_login_service", "remote_login"]


@pytest.mark.parametrize("named", ["git-1", "i-git-1", "10.0.0.9", "10.0.0.9:22", "10.0.0.8/31:22", "10.0.0.8/31"])
def test_a_service_configured_as_public_is_not_reported(named: str) -> None:
    lines = [
        *sessions(N + 5),
        *fetches(external_client(0)),
        connection(external_client(0), OTHER_SERVER, srcport=43_000),
    ]
    watch = watching(lines, public_login_services=[named])
    (finding,) = watch.found
    assert (finding.kind, finding.details["responder"]) == ("remote_login", OTHER_SERVER)


def test_a_public_service_with_a_port_does_not_cover_other_ports() -> None:
    watch = watching([connection(external_client(0), dstport=3389)], public_login_services=["10.0.0.9:22"])
    assert kinds(watch.found) == ["remote_login"]


def test_a_batch_without_external_logins_reads_no_services() -> None:
    watch = watching([])
    watch.evidence.recall = None  # type: ignore[assignment,method-assign]
    watch.see(flow_log([line()]))
    assert watch.found == []
