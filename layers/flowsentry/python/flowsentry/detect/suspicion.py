"""Contacts -> evidence: what each source failed and managed to reach, as sets that merge."""

from collections.abc import Collection, Iterator

import polars as pl

from flowsentry.endpoints import MEMBER_BYTES, members, rank_of
from flowsentry.evidence import MAX_DOUBTFUL, MAX_ENDPOINTS, MAX_SOURCE_PORTS, Evidence, EvidenceKey
from flowsentry.frames import Contacts, Logins, Settled
from flowsentry.ownership import Inventory
from flowsentry.scopes import PUBLIC
from flowsentry.territory import Territory
from flowsentry.thresholds import LoginThresholds

_KEY = ("source_scope", "initiator", "day")
_BOUNDS = {"failed": MAX_ENDPOINTS, "answered": MAX_ENDPOINTS, "doubtful": MAX_DOUBTFUL}
_PRIVATE = Territory.of(Inventory())


def with_source_scopes(settled: Settled) -> Settled:
    """Contacts and logins with `source_scope` each: see `_with_source_scope`."""
    return Settled(Contacts(_with_source_scope(settled.contacts)), Logins(_with_source_scope(settled.logins)))


def _with_source_scope(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with `source_scope`: where the initiator's address means one source. An address outside our networks
    that is not private means the same everywhere, so what it does to several VPCs adds up.
    """
    outside = contacts.filter(~pl.col("initiator_is_inside")).select(pl.col("initiator").unique()).to_series()
    public = outside.filter(~_PRIVATE.is_inside(outside))
    is_public = ~pl.col("initiator_is_inside") & pl.col("initiator").is_in(public.implode())
    scope = pl.when(is_public).then(pl.lit(PUBLIC, pl.Categorical())).otherwise("scope")
    return contacts.with_columns(scope.alias("source_scope"))


def innocent_sources(settled: Settled) -> list[EvidenceKey]:
    """The sources whose every contact was answered: by far the most, and worth recording only when suspected before."""
    contacts = settled.contacts
    failing = contacts.filter(pl.col("outcome") != "answered").select(_KEY).unique()
    innocent = contacts.select(_KEY).unique().join(failing, on=_KEY, how="anti")
    keys = innocent.select(pl.col("source_scope", "initiator").cast(pl.String), "day")
    return [EvidenceKey(*row) for row in keys.iter_rows()]


def evidence_of(settled: Settled, suspects: Collection[EvidenceKey], _bounds: LoginThresholds) -> list[Evidence]:
    """The evidence of every source that failed something or is among the suspects: one for each source and day.

    `settled` is that of `with_source_scopes`. Which members a full set keeps is decided here, on the column, by the
    order that merging keeps too.
    """
    contacts = settled.contacts
    failing = contacts.filter(pl.col("outcome") != "answered").select(_KEY).unique()
    suspected = pl.DataFrame(sorted(suspects), _KEY_SCHEMA, orient="row")
    watched = contacts.join(pl.concat([failing, suspected]).unique(), on=_KEY, how="semi")
    ends = watched.with_columns(members(watched).alias("member"), _SET_OF_OUTCOME.alias("set"))
    ranked = ends.with_columns(rank_of(pl.col("member")).alias("rank")).sort("rank")
    ports = pl.concat_list("min_initiator_port", "max_initiator_port").filter(pl.col("set") == "doubtful").explode()
    sets = ranked.group_by(_KEY).agg(
        *(_smallest(name, size) for name, size in _BOUNDS.items()),
        ports.unique().sort().head(MAX_SOURCE_PORTS).alias("source_ports"),
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        pl.col("initiator_is_inside").any().alias("is_inside"),
    )
    return list(_evidence(sets))


def _smallest(name: str, size: int) -> pl.Expr:
    return pl.col("member").filter(pl.col("set") == name).unique(maintain_order=True).head(size).alias(name)


_KEY_SCHEMA = {"source_scope": pl.Categorical(), "initiator": pl.Categorical(), "day": pl.Int32()}
_SET_OF_OUTCOME = (
    pl.when(pl.col("outcome") == "answered")
    .then(pl.lit("answered"))
    .when(pl.col("outcome") == "doubtful")
    .then(pl.lit("doubtful"))
    .otherwise(pl.lit("failed"))
)


def _evidence(sets: pl.DataFrame) -> Iterator[Evidence]:
    for row in sets.with_columns(pl.col("source_scope", "initiator").cast(pl.String)).iter_rows(named=True):
        yield Evidence(
            EvidenceKey(row["source_scope"], row["initiator"], row["day"]),
            failed=_as_members(row["failed"]),
            answered=_as_members(row["answered"]),
            doubtful=_as_members(row["doubtful"]),
            source_ports=frozenset(port for port in row["source_ports"] if port is not None),
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            is_inside=row["is_inside"],
        )


def _as_members(values: list[int]) -> frozenset[bytes]:
    return frozenset(value.to_bytes(MEMBER_BYTES) for value in values)
