"""Contacts and known services -> answers of services, and failures that are outages of services."""

from collections.abc import Iterator, Sequence
from functools import cache

import polars as pl

from flowsentry.detect.scans.few_contacts import FAILED_OUTCOMES, answers_of_few, are_few
from flowsentry.findings.endpoints import (
    MEMBER_BYTES,
    SLOT_SECONDS,
    endpoint_part,
    host_numbers,
    members,
    rank_of,
)
from flowsentry.findings.evidence import History
from flowsentry.findings.known_services import (
    CLIENT_BITS,
    MAX_CLIENT_BITS_SET,
    Answer,
    Service,
    Services,
    client_bit_of,
)
from flowsentry.frames import Contacts
from flowsentry.inventory.source_address import PUBLIC
from flowsentry.records.code_names import TCP
from flowsentry.records.few_rows import rows_where
from flowsentry.records.many_groups import sums_of_groups

MAX_OUTSIDE_PER_BATCH = 2_000
"""External services whose answers a batch records. More: batches of a host with connections to the whole Internet take
longer (10,000: a tenth of a second). Fewer: outages of external services are recognised less often."""
MAX_SERVICE_LOOKUPS = 10_000
"""Failed services of a batch that are looked up among the known services. More: a flood of probes of random ports takes
longer (10,000: a tenth of a second). Fewer: of very many outages at once, some count as failures."""
_BITS = pl.Series([1 << bit for bit in range(CLIENT_BITS)], dtype=pl.UInt64)
_ENDS = ("responder", "responder_port", "protocol", "responder_is_inside")


def answers_in(contacts: Contacts) -> list[Answer]:
    """The answers over TCP: one for each service and day."""
    if are_few(contacts):
        return answers_of_few(contacts)
    is_answer = (contacts["outcome"] == "answered") & (contacts["protocol"] == TCP)
    if not is_answer.any():
        return []
    clients = _with_client_bit(contacts.select("scope", "day", "initiator", "last_seen", *_ENDS).filter(is_answer))
    services = sums_of_groups(
        clients.with_columns(pl.lit(_BITS).gather("client_bit").alias("clients")),
        ("scope", "day", "member"),
        pl.col("last_seen").max(),
        pl.col("clients").bitwise_or(),
        pl.col("responder_is_inside").any(),
    )
    return list(_answers(_limit_external(services).with_columns(pl.col("scope").cast(pl.String))))


def _limit_external(answers: pl.DataFrame) -> pl.DataFrame:
    """All answers of internal services, and those of at most MAX_OUTSIDE_PER_BATCH external services: the ones with the
    smallest ranks, which the store also keeps when there are too many.
    """
    if len(answers) <= MAX_OUTSIDE_PER_BATCH:
        return answers
    position = pl.when(~pl.col("responder_is_inside")).then(rank_of(pl.col("member"))).rank("ordinal")
    return answers.filter(pl.col("responder_is_inside") | (position <= MAX_OUTSIDE_PER_BATCH))


def _answers(rows: pl.DataFrame) -> Iterator[Answer]:
    for scope, day, member, last_seen, clients, is_inside in rows.iter_rows():
        yield Answer(Service(scope, member.to_bytes(MEMBER_BYTES)), day, last_seen, int(clients), is_inside)


def _with_client_bit(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with `member`, their endpoint, and `client_bit`, the initiator's bit in the endpoint's sketch."""
    numbered = contacts.with_columns(
        members(contacts).alias("member"), host_numbers(contacts["initiator"]).alias("client")
    )
    return numbered.with_columns(client_bit_of(pl.col("client"), pl.col("member")).alias("client_bit"))


@cache
def is_service_failure() -> pl.Expr:
    """Whether a contact over TCP failed and was not rejected by a rule."""
    is_refused_by_rule = (pl.col("rejected_packets") > 0).fill_null(value=False)
    return pl.col("outcome").is_in(FAILED_OUTCOMES) & (pl.col("protocol") == TCP) & ~is_refused_by_rule


def service_failures(contacts: Contacts) -> pl.DataFrame:
    """The contacts over TCP that failed and were not rejected by a rule, with their `row` number and `member`."""
    outcome = contacts["outcome"]
    failures = rows_where(contacts.with_row_index("row"), (outcome != "answered") & (outcome != "rejected"))
    if failures.is_empty():
        return failures
    failures = failures.filter(is_service_failure())
    return failures.with_columns(members(failures).alias("member"))


def failed_services(failures: pl.DataFrame) -> list[Service]:
    """The services of failed contacts; of more than MAX_SERVICE_LOOKUPS, those with the most failed contacts."""
    if failures.is_empty():
        return []
    ends = failures.group_by(pl.col("scope").cast(pl.String), "member").agg(pl.len().alias("contacts"))
    if len(ends) > MAX_SERVICE_LOOKUPS:
        ends = ends.sort(-pl.col("contacts").cast(pl.Int64), rank_of(pl.col("member"))).head(MAX_SERVICE_LOOKUPS)
    ends = ends.select("scope", "member")
    return [Service(scope, member.to_bytes(MEMBER_BYTES)) for scope, member in ends.iter_rows()]


def failed_services_of(histories: Sequence[History], min_failed: int) -> list[Service]:
    """The failed services in the evidence of sources with at least `min_failed` failures, without those that a rule
    rejected.
    """
    return [
        Service(evidence.key.scope, endpoint_part(member))
        for history in histories
        if sum(len(each.failed) + len(each.doubtful) for each in history.days.values()) >= min_failed
        for evidence in history.days.values()
        if evidence.key.scope != PUBLIC
        for member in evidence.failed | evidence.doubtful
        if len(member) > MEMBER_BYTES
    ]


def failures_of_known_services(failures: pl.DataFrame, services: Services) -> pl.DataFrame | None:
    """The failures at services that answered in the last days; None if there are none. Added columns: `last_answer`
    (Unix seconds), `is_client` (the initiator may be a client of the service), `has_too_many_clients` (the sketch
    cannot identify clients), and `answers_others` (the service answered others while it did not answer this initiator).
    """
    if failures.is_empty() or not services.answers:
        return None
    known = pl.DataFrame(
        [(each.scope, int.from_bytes(each.endpoint), *answers) for each, answers in services.answers.items()],
        {"scope": pl.Categorical(), "member": pl.UInt64(), "last_answer": pl.Int64(), "clients": pl.UInt64()},
        orient="row",
    )
    found = _with_client_bit(failures).join(known, on=["scope", "member"])
    if found.is_empty():
        return None
    bit = pl.lit(2, pl.UInt64).pow(pl.col("client_bit"))
    is_client = (pl.col("clients") // bit) % 2 == 1
    has_too_many_clients = pl.col("clients").bitwise_count_ones() > MAX_CLIENT_BITS_SET
    return found.with_columns(
        is_client.alias("is_client"),
        has_too_many_clients.alias("has_too_many_clients"),
        (_answers_others() & (has_too_many_clients | ~is_client)).alias("answers_others"),
    )


@cache
def _answers_others() -> pl.Expr:
    """Whether the service answered after the start of a short contact, or after the end of a long one: during a long
    contact the address may have changed its owner.
    """
    is_short = pl.col("last_seen") - pl.col("first_seen") < SLOT_SECONDS
    since = pl.when(is_short).then(pl.col("first_seen")).otherwise(pl.col("last_seen"))
    return pl.col("last_answer") >= since


def exclude_outages(contacts: Contacts, known_failures: pl.DataFrame | None) -> Contacts:
    """The contacts without failures that are no evidence against their source: failures of clients, and of external
    sources while the service answers no one. Remaining failures with `answers_others` count whatever is learned later;
    for the others, Services.is_outage decides when the source is classified.
    """
    if known_failures is None:
        return contacts
    is_from_outside = pl.col("source_scope") == PUBLIC
    is_excused = ~pl.col("answers_others") & (pl.col("is_client") | is_from_outside)
    excused, counted = (known_failures.filter(each)["row"].implode() for each in (is_excused, "answers_others"))
    row = pl.int_range(pl.len(), dtype=pl.UInt32)
    return Contacts(contacts.with_columns(row.is_in(counted).alias("answers_others")).filter(~row.is_in(excused)))
