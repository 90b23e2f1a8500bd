"""Password guessing: who is reported, with which severity, however records are delivered."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsentry.detect.logins.login_brute_force import (
    MIN_HOSTS_INSIDE,
    MIN_HOSTS_OUTSIDE,
    login_attempts,
    login_brute_force,
)
from flowsentry.findings.bounds import MAX_ATTEMPTS
from flowsentry.findings.evidence import Evidence
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.in_memory import EvidenceInMemory
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import PUBLIC
from tests.builders import DAY, VPC, interface
from tests.detect.observed import (
    EXTERNAL,
    NO_OWNERS,
    SERVER,
    SESSION,
    TRY,
    Row,
    attempts,
    findings_of,
    histories,
    login,
)

LEAST = LoginThresholds()
MIN = LEAST.min_attempts
OURS = "10.0.0.1"


def reported(*rows: Row, address_space: AddressSpace = NO_OWNERS) -> list[Finding]:
    return findings_of(login_brute_force(histories(rows), address_space, LEAST), address_space)


def only(*rows: Row, address_space: AddressSpace = NO_OWNERS) -> Finding:
    (finding,) = reported(*rows, address_space=address_space)
    return finding


def at_hosts(count: int, network: str = "10.0.1", source: str = OURS) -> list[Row]:
    """As many attempts as the threshold, on this many hosts."""
    ends = [(source, f"{network}.{number % count + 1}") for number in range(MIN)]
    return [login(*end, packets=TRY, initiator_port=40_000 + number) for number, end in enumerate(ends)]


def test_twenty_attempts_of_an_external_source_are_guessing() -> None:
    finding = only(*attempts(MIN))
    assert reported(*attempts(MIN - 1)) == []
    assert (finding.subject, finding.scope, finding.severity) == (EXTERNAL, PUBLIC, Severity.LOW)
    assert finding.title == "203.0.113.9 made 20 login attempts: SSH on 1 host"
    assert finding.details == {
        "relation": "outside_tries",
        "attempts": MIN,
        "hosts": 1,
        "services": ["SSH"],
        "sample_endpoints": ["10.0.0.9:22/tcp"],
        "sessions": [],
        "subject_owner": None,
        "technique": "T1110",
    }


@pytest.mark.parametrize(
    ("packets", "is_attempt"),
    [(TRY - 1, False), (TRY, True), (SESSION - 1, True), (SESSION, False)],
    ids=["a health check", "a short try", "a long try", "a session"],
)
def test_the_number_of_packets_decides_whether_a_connection_is_an_attempt(packets: int, is_attempt: bool) -> None:  # noqa: FBT001
    assert bool(reported(*attempts(MIN, packets=packets))) == is_attempt


def test_an_attempt_delivered_twice_counts_once() -> None:
    assert reported(*attempts(MIN - 1), *attempts(MIN - 1)) == []


def test_attempts_of_two_days_are_not_added_up() -> None:
    assert reported(*attempts(MIN - 1), *attempts(MIN - 1, first_port=50_000, day=DAY + 1)) == []


def test_guessing_with_a_session_of_the_same_source_is_high() -> None:
    attempts_only, finding = reported(*attempts(MIN), login(responder="10.0.0.10"))
    assert attempts_only.details["relation"] == "outside_tries"
    assert (finding.details["relation"], finding.severity) == ("outside_got_in", Severity.HIGH)
    assert finding.title.endswith(", and has a session")
    assert finding.details["sessions"] == ["10.0.0.10:22/tcp"]


def test_a_session_counts_before_and_after_the_attempts() -> None:
    for batches in ([attempts(MIN), [login()]], [[login()], attempts(MIN)]):
        store = EvidenceInMemory()
        drafts = [each for rows in batches for each in login_brute_force(histories(rows, store), NO_OWNERS, LEAST)]
        found = findings_of(drafts)
        assert {each.details["relation"] for each in found} == {"outside_tries", "outside_got_in"}


def test_sessions_without_attempts_are_no_guessing() -> None:
    assert reported(*(login(initiator_port=40_000 + number) for number in range(3 * MIN))) == []


def test_a_source_in_a_trusted_network_is_not_reported() -> None:
    trusting = AddressSpace.of(Inventory(), trusted_networks=("203.0.113.9/32",))
    assert reported(*attempts(MIN), login(), address_space=trusting) == []


def test_an_internal_host_with_attempts_on_three_hosts_is_high() -> None:
    finding = only(*at_hosts(MIN_HOSTS_INSIDE))
    assert (finding.details["relation"], finding.severity) == ("inside_tries", Severity.HIGH)
    assert (finding.subject, finding.scope, finding.details["hosts"]) == (OURS, VPC, MIN_HOSTS_INSIDE)
    assert reported(*at_hosts(MIN_HOSTS_INSIDE - 1)) == []


def test_an_internal_host_needs_attempts_on_ten_external_hosts() -> None:
    assert only(*at_hosts(MIN_HOSTS_OUTSIDE, "198.51.100")).severity is Severity.HIGH
    assert reported(*at_hosts(MIN_HOSTS_OUTSIDE - 1, "198.51.100")) == []


def test_ipv6_hosts_are_counted_separately_and_known_as_internal() -> None:
    ends = {"initiator_is_inside": True, "responder_is_inside": True}
    rows = [row | ends for row in at_hosts(MIN_HOSTS_INSIDE, "2001:db8::10")]
    distinct = [row | {"responder": str(row["responder"]).replace(".", ":")} for row in rows]
    assert only(*distinct).details["hosts"] == MIN_HOSTS_INSIDE


def test_a_build_that_fetches_every_minute_from_one_git_host_is_not_reported() -> None:
    assert reported(*attempts(1440, OURS, SERVER, packets=25, first_port=33_000)) == []
    assert reported(*attempts(1440, OURS, "198.51.100.7", packets=25, first_port=33_000)) == []


def test_the_title_and_details_name_the_owner() -> None:
    known = AddressSpace.of(Inventory.of((interface(OURS, name="build-7"),)))
    finding = only(*at_hosts(MIN_HOSTS_INSIDE), address_space=known)
    assert finding.title == "build-7 (10.0.0.1) made 20 login attempts: SSH on 3 hosts"
    assert finding.details["subject_owner"] == {"kind": "instance", "id": "i-build-7", "name": "build-7"}


@pytest.mark.slow
def test_thousands_of_attempts_have_limited_details_and_an_estimated_number() -> None:
    finding = only(*(each for host in range(1, 51) for each in attempts(100, EXTERNAL, f"10.0.0.{host}")))
    assert 3000 < finding.details["attempts"] < 8000
    assert "at least" in finding.title
    assert (len(finding.details["sample_endpoints"]), len(finding.to_json()) < 2000) == (10, True)


def test_a_user_with_many_sessions_and_few_failed_logins_is_not_reported() -> None:
    work = [login(initiator_port=40_000 + number) for number in range(200)]
    assert reported(*work, *attempts(3, first_port=50_000)) == []


def test_a_guesser_with_many_sessions_is_reported() -> None:
    work = [login(initiator_port=40_000 + number) for number in range(40)]
    _, finding = reported(*work, *attempts(2 * MAX_ATTEMPTS, first_port=50_000))
    assert MAX_ATTEMPTS < finding.details["attempts"] < 4 * MAX_ATTEMPTS


Record = tuple[int, int, bool]
"""The connection, its number of packets, and whether the record contains the whole connection."""
whole = st.tuples(st.integers(0, 40), st.integers(4, 60), st.just(value=True))
piece = st.tuples(st.integers(50, 58), st.integers(4, 90), st.just(value=False))
days = st.tuples(
    st.lists(whole, min_size=15, max_size=45, unique_by=lambda record: record[0]), st.lists(piece, max_size=30)
).map(lambda parts: [*parts[0], *parts[1]])


def as_rows(records: Sequence[Record], *, has_flags: bool, source: str = EXTERNAL) -> list[Row]:
    """The logins of a batch, as the contacts stage builds them: a row for each connection."""
    rows: dict[int, Row] = {}
    for number, packets, is_whole in records:
        row = rows.setdefault(number, login(source, initiator_port=40_000 + number, packets=0))
        row["packets"] = max(row["packets"], packets)
        if has_flags:
            row["is_whole"] = row.get("is_whole", False) or is_whole
    return list(rows.values())


def cut(records: Sequence[Record], random: Random) -> list[list[Record]]:
    """The records shuffled, some of them repeated, in batches of random size."""
    shuffled = random.sample([*records, *random.sample(records, len(records) // 10)], len(records) + len(records) // 10)
    edges = sorted(random.sample(range(len(shuffled) + 1), min(5, len(shuffled))))
    return [
        shuffled[first:last] for first, last in zip([0, *edges], [*edges, len(shuffled)], strict=True) if last > first
    ]


def found_in_all(batches: Sequence[Sequence[Record]]) -> set[str]:
    store = EvidenceInMemory()
    return {
        finding.id
        for records in batches
        for finding in login_brute_force(histories(as_rows(records, has_flags=True), store), NO_OWNERS, LEAST)
    }


@pytest.mark.slow
@settings(max_examples=25)
@given(days, st.randoms(use_true_random=False))
def test_findings_do_not_depend_on_the_delivery_of_records(records: list[Record], random: Random) -> None:
    assert found_in_all(cut(records, random)) == found_in_all([records])


@pytest.mark.slow
@settings(max_examples=25)
@given(days, st.randoms(use_true_random=False))
def test_without_flags_the_number_of_attempts_is_the_same_once_all_records_arrived(
    records: list[Record], random: Random
) -> None:
    assert classified(cut(records, random)) == classified([records])


def classified(batches: Sequence[Sequence[Record]]) -> int:
    store = EvidenceInMemory()
    for records in batches:
        histories(as_rows(records, has_flags=False), store)
    return sum(login_attempts(evidence).number for evidence in store.items.values())


def test_small_records_of_a_long_session_are_no_attempts() -> None:
    pieces = [login(initiator_port=40_000 + number, packets=TRY, is_whole=False) for number in range(2 * MIN)]
    assert reported(*pieces) == []
    assert reported(*attempts(MIN, is_whole=True)) != []


def test_empty_evidence_has_no_attempts() -> None:
    assert login_attempts(Evidence(key=histories(attempts(1))[0].days[DAY].key)).number == 0
