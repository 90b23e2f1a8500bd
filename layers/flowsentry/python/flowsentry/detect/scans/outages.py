"""Contacts and known services -> what answered, and which failures are outages of services that lived."""

from collections.abc import Iterator, Sequence

import polars as pl

from flowsentry.detect.host_pairs import TCP
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
    MAX_CLIENT_BITS_SET,
    Answer,
    Service,
    Services,
    client_bit_of,
)
from flowsentry.frames import Contacts
from flowsentry.inventory.scopes import PUBLIC

FAILED_OUTCOMES = ("unanswered", "refused", "doubtful")
"""Outcomes of contacts that failed, and were not refused by a rule unless they are doubtful."""
MAX_OUTSIDE_PER_BATCH = 2_000
"""Services outside of which a batch keeps that they answered. More: of a host that calls the whole Internet each batch
takes longer (10,000: a tenth of a second). Fewer: that what is outside is down is less often known."""
MAX_SERVICE_LOOKUPS = 10_000
"""Services that failed in a batch of which is looked up whether they answered before. More: a flood of probes of random
ports takes longer (10,000: a tenth of a second). Fewer: of very many outages at once, some count as failures."""
_ENDS = ("responder", "responder_port", "protocol", "responder_is_inside")


def answers_in(contacts: Contacts) -> list[Answer]:
    """What answered over TCP, one for each service and day."""
    answered = contacts.filter((pl.col("outcome") == "answered") & (pl.col("protocol") == TCP))
    if answered.is_empty():
        return []
    told = (
        _with_client_bit(answered.select("scope", "day", "initiator", "last_seen", *_ENDS))
        .group_by("scope", "day", "member")
        .agg(
            pl.col("last_seen").max(),
            pl.lit(2, pl.UInt64).pow(pl.col("client_bit").unique()).sum().alias("clients"),
            pl.col("responder_is_inside").any(),
        )
    )
    return list(_answers(_with_few_outside(told).with_columns(pl.col("scope").cast(pl.String))))


def _with_few_outside(answers: pl.DataFrame) -> pl.DataFrame:
    """All answers of services inside, and of those outside MAX_OUTSIDE_A_BATCH: those of smallest rank, which are the
    ones that are kept of too many.
    """
    if len(answers) <= MAX_OUTSIDE_PER_BATCH:
        return answers
    place = pl.when(~pl.col("responder_is_inside")).then(rank_of(pl.col("member"))).rank("ordinal")
    return answers.filter(pl.col("responder_is_inside") | (place <= MAX_OUTSIDE_PER_BATCH))


def _answers(rows: pl.DataFrame) -> Iterator[Answer]:
    for scope, day, member, last_seen, clients, is_inside in rows.iter_rows():
        yield Answer(Service(scope, member.to_bytes(MEMBER_BYTES)), day, last_seen, int(clients), is_inside)


def _with_client_bit(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with `member`, their endpoint, and `client_bit`, that of the initiator in the endpoint's sketch."""
    numbered = contacts.with_columns(
        members(contacts).alias("member"), host_numbers(contacts["initiator"]).alias("client")
    )
    return numbered.with_columns(client_bit_of(pl.col("client"), pl.col("member")).alias("client_bit"))


def is_service_failure() -> pl.Expr:
    """Whether a contact failed over TCP without being refused by a rule."""
    is_refused_by_rule = (pl.col("rejected_packets") > 0).fill_null(value=False)
    return pl.col("outcome").is_in(FAILED_OUTCOMES) & (pl.col("protocol") == TCP) & ~is_refused_by_rule


def service_failures(contacts: Contacts) -> pl.DataFrame:
    """The contacts that failed over TCP without being refused by a rule, with `row` among the contacts and `member`."""
    silent = contacts.with_row_index("row").filter(is_service_failure())
    if silent.is_empty():
        return silent
    return silent.with_columns(members(silent).alias("member"))


def failed_services(silent: pl.DataFrame) -> list[Service]:
    """The services that the contacts were meant for; of more than MAX_SERVICES_ASKED those that most contacts
    missed.
    """
    if silent.is_empty():
        return []
    ends = silent.group_by(pl.col("scope").cast(pl.String), "member").agg(pl.len().alias("contacts"))
    if len(ends) > MAX_SERVICE_LOOKUPS:
        ends = ends.sort(-pl.col("contacts").cast(pl.Int64), rank_of(pl.col("member"))).head(MAX_SERVICE_LOOKUPS)
    ends = ends.select("scope", "member")
    return [Service(scope, member.to_bytes(MEMBER_BYTES)) for scope, member in ends.iter_rows()]


def failed_services_of(histories: Sequence[History], min_failed: int) -> list[Service]:
    """The services that the sources failed without being refused by a rule, of each source that failed as many."""
    return [
        Service(evidence.key.scope, endpoint_part(member))
        for history in histories
        if sum(len(each.failed) + len(each.doubtful) for each in history.days.values()) >= min_failed
        for evidence in history.days.values()
        if evidence.key.scope != PUBLIC
        for member in evidence.failed | evidence.doubtful
        if len(member) > MEMBER_BYTES
    ]


def failures_of_known_services(silent: pl.DataFrame, services: Services) -> pl.DataFrame | None:
    """Those of the silent contacts whose service answered in the remembered days: with `last_answer` (Unix s),
    `is_client` (whether the initiator may have been one of its clients), `has_too_many_clients` (whether its clients are too many
    to tell), and `answers_others` (whether it answered others while it did not answer this one). None when there are
    none.
    """
    if silent.is_empty() or not services.answers:
        return None
    known = pl.DataFrame(
        [(each.scope, int.from_bytes(each.endpoint), *told) for each, told in services.answers.items()],
        {"scope": pl.Categorical(), "member": pl.UInt64(), "last_answer": pl.Int64(), "clients": pl.UInt64()},
        orient="row",
    )
    found = _with_client_bit(silent).join(known, on=["scope", "member"])
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


def _answers_others() -> pl.Expr:
    """Whether the last answer came after the contact had begun, or, of one that lasted, after it had ended: an address
    may have got another owner meanwhile.
    """
    is_short = pl.col("last_seen") - pl.col("first_seen") < SLOT_SECONDS
    since = pl.when(is_short).then(pl.col("first_seen")).otherwise(pl.col("last_seen"))
    return pl.col("last_answer") >= since


def exclude_outages(contacts: Contacts, known_failures: pl.DataFrame | None) -> Contacts:
    """The contacts without failures that can't count against anyone: those of clients, and of sources outside while the
    service answers nobody. The others tell with `answers_others` which failures count whatever is learned later; the
    rest is judged by what is known when a verdict is due: see Services.is_outage.
    """
    if known_failures is None:
        return contacts
    is_from_outside = pl.col("source_scope") == PUBLIC
    is_excused = ~pl.col("answers_others") & (pl.col("is_client") | is_from_outside)
    dropped, alive = (known_failures.filter(each)["row"].implode() for each in (is_excused, "answers_others"))
    row = pl.int_range(pl.len(), dtype=pl.UInt32)
    return Contacts(contacts.with_columns(row.is_in(alive).alias("answers_others")).filter(~row.is_in(dropped)))
