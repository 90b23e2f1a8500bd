"""Contacts and logins -> evidence: the endpoints that each source tried and reached, as sets that can be merged."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache

import polars as pl

from flowsentry.detect.ipv6_addresses import AddressSets, address_sets
from flowsentry.detect.logins.attempts import login_members
from flowsentry.detect.scans.few_contacts import answered_sources_of_few, are_few, evidence_of_few
from flowsentry.detect.scans.outages import is_service_failure
from flowsentry.detect.scans.scan_failures import counts_for_scans, scan_failures
from flowsentry.findings.bounds import MAX_SOURCE_PORTS
from flowsentry.findings.endpoints import (
    MEMBER_BYTES,
    SLOT_SECONDS,
    SLOTS_PER_DAY,
    host_ranks,
    members,
    rank_of,
    sources_of,
)
from flowsentry.findings.evidence import ADDRESS_SETS, DATED_SETS, SET_SIZES, Evidence, EvidenceKey
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Logins, Settled
from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.source_address import PUBLIC, source_of
from flowsentry.records.code_names import TCP, UDP
from flowsentry.records.few_rows import rows_where, values_of
from flowsentry.records.ipv4_numbers import ipv4_number
from flowsentry.records.many_groups import sums_of_groups

MAX_NAME_BYTES = 256
"""Length of the id of a VPC or transit gateway, or of an address; valid ones have at most 45 bytes. DynamoDB allows
2,048 bytes for a key: a longer name in one invalid line would fail the whole object or payload
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""
MAX_BYTES_A_LETTER = 4
"""Of a letter in UTF-8. More and fewer: there are no others."""
MAX_SOURCE_LOOKUPS = 20_000
"""Sources without failures in a batch that are looked up in the evidence table: each costs four keys of a read. More: a
batch with very many clients takes longer (20,000: 3 s). Fewer: in a busy batch, answers to known scanners are
missed."""
_SOURCE = ["source_scope", "source"]
_KEY = (*_SOURCE, "day")
_ENDS = ("initiator", "responder")
_MEMBER_SETS = tuple(ADDRESS_SETS)
"""The sets that are filled here; the other sets are derived from them."""
_SEEN = ("first_seen", "last_seen", "initiator_is_inside")
_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")


@cache
def _private() -> AddressSpace:
    """Private and link-local networks; made at the first use, since it takes 7 ms of a start."""
    return AddressSpace.of(Inventory(), (*PRIVATE_NETWORKS, *_LINK_LOCAL))


def with_source_scopes(settled: Settled) -> Settled:
    """Contacts and logins with the columns `source_scope` and `source`: see `_with_source_scope`."""
    logins = settled.logins
    if logins.is_empty():
        columns = [logins["scope"].alias("source_scope"), logins["initiator"].alias("source")]
        return Settled(Contacts(_with_source_scope(settled.contacts)), Logins(logins.hstack(columns)))
    return Settled(Contacts(_with_source_scope(settled.contacts)), Logins(_with_source_scope(logins)))


def _with_source_scope(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with `source`, the initiator or the /64 of an external IPv6 initiator, and `source_scope`, in which
    the source is unique. A public external address is the same host everywhere, so its contacts with several VPCs are
    added up; a private or link-local address belongs to its VPC. Contacts with names longer than any VPC id or address
    are dropped: evidence is stored by these names, and the size of a key is limited.
    """
    for name in ("scope", "initiator"):
        contacts = _with_valid_names(contacts, name)
    if are_few(contacts):
        return _with_source_columns(contacts, *_source_scopes_of_few(contacts))
    is_outside, scope, source = ~contacts["initiator_is_inside"], contacts["scope"], contacts["initiator"]
    outside = source.filter(is_outside).unique()
    public = outside.filter(~_private().is_inside(outside)) if len(outside) else outside
    if len(public):
        is_public = is_outside & source.is_in(public.implode()) if len(public) < len(outside) else is_outside
        scope = pl.Series([PUBLIC], dtype=pl.Categorical()).zip_with(is_public, scope)
        if ipv4_number(public).null_count():
            source = sources_of(source).zip_with(is_public, source)
    return _with_source_columns(contacts, scope, source)


def _source_scopes_of_few(contacts: pl.DataFrame) -> Iterator[pl.Series]:
    """The scope and the source of each initiator, row by row: see few_contacts.py."""
    if contacts["initiator_is_inside"].all():
        return iter((contacts["scope"], contacts["initiator"]))
    ends = values_of(contacts, ("scope", "initiator", "initiator_is_inside"))
    found = [(scope, source) if is_inside else _source_scope(scope, source) for scope, source, is_inside in ends]
    return (pl.Series(values, dtype=pl.Categorical()) for values in zip(*found, strict=True))


def _source_scope(scope: str, initiator: str) -> tuple[str, str]:
    """The scope and the source of an initiator outside."""
    if _private().contains(initiator):
        return scope, initiator
    return PUBLIC, source_of(initiator) if ":" in initiator else initiator


def _with_source_columns(contacts: pl.DataFrame, scope: pl.Series, source: pl.Series) -> pl.DataFrame:
    others = contacts[[name for name in contacts.columns if name not in _SOURCE]]
    return others.hstack([scope.alias("source_scope"), source.alias("source")])


def _with_valid_names(contacts: pl.DataFrame, name: str) -> pl.DataFrame:
    """The contacts whose name in a column has at most MAX_NAME_BYTES."""
    if are_few(contacts):
        texts = contacts[name].to_list()
        if max(map(len, texts), default=0) * MAX_BYTES_A_LETTER <= MAX_NAME_BYTES:
            return contacts
        return rows_where(contacts, pl.Series([len(text.encode()) <= MAX_NAME_BYTES for text in texts]))
    is_valid = contacts[name].cat.len_bytes() <= MAX_NAME_BYTES
    return contacts if is_valid.all() else contacts.filter(is_valid)


_NOTHING = pl.DataFrame()


def answered_sources(settled: Settled, left_out: pl.DataFrame = _NOTHING) -> list[EvidenceKey]:
    """The sources without failed contacts, but for those in `left_out` (see limits.py): by far the most, and recorded
    only if they have evidence already. Some of them may be recorded for their login attempts in any case; looking these
    up too is harmless. Of more than MAX_SOURCE_LOOKUPS, internal sources come first, then sources with more contacts,
    then those with smaller ranks.
    """
    if are_few(settled.contacts) and are_few(settled.logins):
        return answered_sources_of_few(*_kept(settled, left_out))
    failing = scan_failures(settled.contacts, _KEY).unique()
    if len(left_out):
        failing = pl.concat([failing, left_out.select(_KEY).unique()])
    seen = pl.concat([each.select(*_KEY, "initiator_is_inside") for each in settled])
    seen = sums_of_groups(seen, _KEY, pl.col("initiator_is_inside").any(), pl.len().alias("reached"))
    answered = _limited(seen.join(failing, on=_KEY, how="anti"))
    keys = answered.select(pl.col("source_scope", "source").cast(pl.String), "day")
    return [EvidenceKey(*row) for row in keys.iter_rows()]


def _limited(answered: pl.DataFrame) -> pl.DataFrame:
    """At most MAX_SOURCE_LOOKUPS of the sources, by priority."""
    if len(answered) <= MAX_SOURCE_LOOKUPS:
        return answered
    ranked = answered.with_columns(host_ranks(answered["source"]))
    return ranked.sort("initiator_is_inside", "reached", "rank", descending=[True, True, False]).head(
        MAX_SOURCE_LOOKUPS
    )


def evidence_of(
    settled: Settled,
    suspects: Collection[EvidenceKey],
    thresholds: LoginThresholds,
    left_out: pl.DataFrame = _NOTHING,
) -> list[Evidence]:
    """The evidence of each source and day, for sources with failed contacts or login attempts, and for suspects, but
    for those in `left_out` (see limits.py). It contains all contacts of these sources, on any day, so the evidence of a
    batch does not depend on whether an earlier delivery of the batch was stored.

    `settled` comes from `with_source_scopes`. The members of a full set are chosen here, on columns, by the same ranks
    as when evidence is merged.
    """
    if not suspects and settled.logins.is_empty() and (settled.contacts["outcome"] == "answered").all():
        return []  # the usual case
    if are_few(settled.contacts) and are_few(settled.logins):
        return evidence_of_few(_kept(settled, left_out), suspects, thresholds)
    logins = _without(left_out, login_members(settled.logins, thresholds))
    suspected = pl.DataFrame(sorted(suspects), _KEY_SCHEMA, orient="row")
    watched = pl.concat(
        [
            _without(left_out, scan_failures(settled.contacts, _KEY))[_SOURCE],
            logins.filter(pl.col("set") == "attempts")[_SOURCE],
            suspected[_SOURCE],
        ]
    ).unique()
    of_watched = settled.contacts.join(watched, on=_SOURCE, how="semi").filter(counts_for_scans())
    of_watched = _without(left_out, of_watched)
    if are_few(of_watched) and are_few(settled.logins):
        of_kept = Settled(Contacts(of_watched), Logins(_without(left_out, settled.logins)))
        return evidence_of_few(of_kept, suspects, thresholds)
    recorded = of_watched.with_columns(_OVER_TCP)
    columns = (*_KEY, *_ENDS, *_SEEN)
    member, slot = members(recorded).alias("member"), _slot_in(recorded)
    ends = recorded.select(*columns, *_PORTS, _SET_OF_OUTCOME.alias("set"), member, slot)
    attempts = logins.select(*columns, "set", "member").join(watched, on=_SOURCE, how="semi")
    rows = pl.concat([ends, attempts], how="diagonal")
    return list(_evidence(_sets(rows), address_sets(rows)))


def _without(left_out: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of other sources and days. Large frames are narrowed before: all contacts are not copied for it."""
    return rows.join(left_out, on=_KEY, how="anti") if len(left_out) else rows


def _kept(few: Settled, left_out: pl.DataFrame) -> Settled:
    return Settled(Contacts(_without(left_out, few.contacts)), Logins(_without(left_out, few.logins)))


def _sets(rows: pl.DataFrame) -> pl.DataFrame:
    """The members of each set of a source and day, in the order of their ranks."""
    ranked = rows.with_columns(rank_of(pl.col("member")).alias("rank")).sort("rank", pl.col("slot").fill_null(NO_SLOT))
    sets = ranked.group_by(_KEY).agg(
        *(_smallest(name, SET_SIZES[name]) for name in _MEMBER_SETS),
        *(_slots(name) for name in DATED_SETS),
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        pl.col("initiator_is_inside").any().alias("is_inside"),
    )
    return sets.join(_source_ports(rows), on=_KEY, how="left")


def _source_ports(rows: pl.DataFrame) -> pl.DataFrame:
    """The `source_ports` of sources with doubtful contacts, which are few."""
    doubtful = rows.filter(pl.col("set") == "doubtful")
    ports = pl.concat([doubtful.select(*_KEY, pl.col(name).alias("source_ports")) for name in _PORTS])
    return (
        ports.drop_nulls("source_ports")
        .group_by(_KEY)
        .agg(pl.col("source_ports").unique().sort().head(MAX_SOURCE_PORTS))
    )


@cache
def _smallest(name: str, size: int) -> pl.Expr:
    return pl.col("member").filter(pl.col("set") == name).unique(maintain_order=True).head(size).alias(name)


def _slot_in(contacts: pl.DataFrame) -> pl.Expr:
    """The time slot of the day in which each contact last failed. Null if a rule rejected it or the service answered
    others, and for external sources, whose failures in outages are dropped earlier.
    """
    slot = (
        (pl.col("last_seen") // SLOT_SECONDS - pl.col("day") * SLOTS_PER_DAY).clip(0, SLOTS_PER_DAY - 1).cast(pl.UInt8)
    )
    is_dated = is_service_failure() & (pl.col("source_scope") != PUBLIC)
    if "answers_others" in contacts.columns:
        is_dated &= ~pl.col("answers_others")
    return pl.when(is_dated).then(slot).alias("slot")


@cache
def _slots(name: str) -> pl.Expr:
    """The time slot of each member of a dated set, in the order of the members: the slot of the last failure, or
    NO_SLOT if no outage can explain it.
    """
    is_of_set = pl.col("set") == name
    last = pl.col("slot").filter(is_of_set).fill_null(NO_SLOT)
    is_last = pl.col("member").filter(is_of_set).is_last_distinct()
    return last.filter(is_last).head(SET_SIZES[name]).alias(f"{name}_slots")


_NO_MEMBERS: frozenset[bytes] = frozenset()
NO_SLOT = 255
"""Stored instead of a slot: no outage can explain the failure, for example because a rule rejected the packets."""
_PORTS = ("min_initiator_port", "max_initiator_port")
_KEY_SCHEMA = {"source_scope": pl.Categorical(), "source": pl.Categorical(), "day": pl.Int32()}
_OVER_TCP = (
    (pl.when((pl.col("outcome") == "answered") & (pl.col("protocol") == UDP)).then(TCP).otherwise("protocol"))
    .cast(pl.UInt8)
    .alias("protocol")
)
"""Answers over UDP are stored as TCP endpoints, to be compared with failures over TCP: see
contacts/replies.py."""
_SET_OF_OUTCOME = (
    pl.when(pl.col("outcome") == "answered")
    .then(pl.lit("answered"))
    .when(pl.col("outcome") == "doubtful")
    .then(pl.lit("doubtful"))
    .otherwise(pl.lit("failed"))
)


def _evidence(sets: pl.DataFrame, addresses: Mapping[EvidenceKey, AddressSets]) -> Iterator[Evidence]:
    for row in sets.with_columns(pl.col("source_scope", "source").cast(pl.String)).iter_rows(named=True):
        key = EvidenceKey(row["source_scope"], row["source"], row["day"])
        yield Evidence(
            key,
            **{name: _as_members(row[name], row.get(f"{name}_slots")) for name in _MEMBER_SETS},
            **addresses.get(key, {}),
            source_ports=frozenset(row["source_ports"] or ()),
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            is_inside=row["is_inside"],
        )


def _as_members(values: list[int], slots: list[int] | None) -> frozenset[bytes]:
    if not values:
        return _NO_MEMBERS
    if slots is None:
        return frozenset(value.to_bytes(MEMBER_BYTES) for value in values)
    dated = zip(values, slots, strict=True)
    return frozenset(
        value.to_bytes(MEMBER_BYTES) + (b"" if slot == NO_SLOT else bytes([slot])) for value, slot in dated
    )
