"""Contacts and logins -> evidence: what each source failed and managed to reach, as sets that merge."""

from collections.abc import Collection, Iterator, Mapping

import polars as pl

from flowsentry.detect.host_pairs import TCP, UDP
from flowsentry.detect.ipv6_addresses import AddressSets, address_sets
from flowsentry.detect.logins.attempts import login_members
from flowsentry.detect.scans.outages import is_service_failure
from flowsentry.findings.endpoints import (
    MEMBER_BYTES,
    SLOT_SECONDS,
    SLOTS_PER_DAY,
    host_ranks,
    members,
    networks_of,
    rank_of,
)
from flowsentry.findings.evidence import (
    ADDRESS_SETS,
    DATED_SETS,
    MAX_SOURCE_PORTS,
    SET_SIZES,
    Evidence,
    EvidenceKey,
)
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Logins, Settled
from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.scopes import PUBLIC

MAX_NAME_BYTES = 256
"""Of a VPC, a transit gateway or an address, which have 45 at most. DynamoDB takes 2,048 for a key: above that, one
line of nonsense would cost its whole source
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""
MAX_SOURCE_LOOKUPS = 20_000
"""Innocent sources of a batch that are looked up: each costs four keys of a read. More: a batch with very many clients
takes longer (20,000: 3 s). Fewer: in a busy batch, what answered a scanner that was seen before is missed."""
_SOURCE = ("source_scope", "source")
_KEY = (*_SOURCE, "day")
_ENDS = ("initiator", "responder")
_MEMBER_SETS = tuple(ADDRESS_SETS)
"""The sets that members are sorted into here; the others follow from them."""
MAINTENANCE_PORTS = (53, 80, 123, 443)
"""Where every operating system calls by itself: names, updates, the time. What a rule refuses of it on the way out is
no failure: time servers and content networks have many addresses, and a host that is closed is no scanner. More ports:
less of a scan outwards that rules stop is told as one. Fewer: closed hosts are told as scanners."""
_SEEN = ("first_seen", "last_seen", "initiator_is_inside")
_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10")
_PRIVATE = AddressSpace.of(Inventory(), (*PRIVATE_NETWORKS, *_LINK_LOCAL))


def with_source_scopes(settled: Settled) -> Settled:
    """Contacts and logins with `source_scope` and `source` each: see `_with_source_scope`."""
    logins = settled.logins
    if logins.is_empty():
        told = {"source_scope": logins["scope"], "source": logins["initiator"]}
        return Settled(Contacts(_with_source_scope(settled.contacts)), Logins(logins.with_columns(**told)))
    return Settled(Contacts(_with_source_scope(settled.contacts)), Logins(_with_source_scope(logins)))


def _with_source_scope(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with `source`, who is judged: the initiator, or of IPv6 outside its /64; and `source_scope`: where
    that means one source. An address outside our networks that is not private means the same everywhere, so what it
    does to several VPCs adds up; a private or link-local one stays that of its VPC. What has a longer name than any VPC
    or address is not believed: evidence is stored by these names, and a key has a bound.
    """
    contacts = contacts.filter(*(_is_believable(contacts, name) for name in ("scope", "initiator")))
    outside = contacts.filter(~pl.col("initiator_is_inside")).select(pl.col("initiator").unique()).to_series()
    public = outside.filter(~_PRIVATE.is_inside(outside))
    is_public = ~pl.col("initiator_is_inside") & pl.col("initiator").is_in(public.implode())
    scope = pl.when(is_public).then(pl.lit(PUBLIC, pl.Categorical())).otherwise("scope")
    return _with_source(contacts, public).with_columns(scope.alias("source_scope"))


def _with_source(contacts: pl.DataFrame, public: pl.Series) -> pl.DataFrame:
    """The contacts with `source`; `public` are the distinct addresses outside that mean the same everywhere."""
    known = pl.DataFrame({"initiator": public, "source": networks_of(public)})
    if (known["source"] == known["initiator"]).all():
        return contacts.with_columns(pl.col("initiator").alias("source"))
    joined = contacts.drop("source", strict=False).join(known, on="initiator", how="left", maintain_order="left")
    is_outside = ~pl.col("initiator_is_inside")
    return joined.with_columns(pl.coalesce(pl.when(is_outside).then("source"), "initiator").alias("source"))


def _is_believable(contacts: pl.DataFrame, name: str) -> pl.Expr:
    """Whether the name in a column has at most MAX_NAME_BYTES; looked at once for each name."""
    names = contacts.select(pl.col(name).unique()).to_series()
    long = names.filter(names.cast(pl.String).str.len_bytes() > MAX_NAME_BYTES)
    return ~pl.col(name).is_in(long.implode()) if len(long) else pl.lit(value=True)


def answered_sources(settled: Settled) -> list[EvidenceKey]:
    """The sources whose every contact was answered: by far the most, and worth recording only when suspected before.
    Among them may be some that will be recorded for their logins alone: to ask about these too is harmless. Of more
    than MAX_ASKED those inside come first, then those that reached most, then those of smallest rank.
    """
    failing = scan_contacts(settled.contacts).filter(pl.col("outcome") != "answered").select(_KEY).unique()
    seen = pl.concat([each.select(*_KEY, "initiator_is_inside") for each in settled])
    seen = seen.group_by(_KEY).agg(pl.col("initiator_is_inside").any(), pl.len().alias("reached"))
    innocent = _limited(seen.join(failing, on=_KEY, how="anti"))
    keys = innocent.select(pl.col("source_scope", "source").cast(pl.String), "day")
    return [EvidenceKey(*row) for row in keys.iter_rows()]


def _limited(innocent: pl.DataFrame) -> pl.DataFrame:
    """At most MAX_ASKED of the sources."""
    if len(innocent) <= MAX_SOURCE_LOOKUPS:
        return innocent
    ranked = innocent.with_columns(host_ranks(innocent["source"]))
    return ranked.sort("initiator_is_inside", "reached", "rank", descending=[True, True, False]).head(
        MAX_SOURCE_LOOKUPS
    )


def evidence_of(settled: Settled, suspects: Collection[EvidenceKey], bounds: LoginThresholds) -> list[Evidence]:
    """The evidence of every source that failed something, tried to log in, or is among the suspects: one for each
    source and day. Of those, all that they reached is in it, on whatever day: so the evidence of a batch is the same
    whether an earlier delivery of it was stored or not.

    `settled` is that of `with_source_scopes`. Which members a full set keeps is decided here, on the column, by the
    order that merging keeps too.
    """
    if not suspects and settled.logins.is_empty() and (settled.contacts["outcome"] == "answered").all():
        return []  # nothing to look at, as in most payloads
    logins = login_members(settled.logins, bounds)
    contacts = scan_contacts(settled.contacts)
    suspected = pl.DataFrame(sorted(suspects), _KEY_SCHEMA, orient="row")
    watched = pl.concat(
        [
            contacts.filter(pl.col("outcome") != "answered").select(_SOURCE),
            logins.filter(pl.col("set") == "attempts").select(_SOURCE),
            suspected.select(_SOURCE),
        ]
    ).unique()
    told = contacts.join(watched, on=_SOURCE, how="semi").with_columns(_OVER_TCP)
    columns = (*_KEY, *_ENDS, *_SEEN)
    member, slot = members(told).alias("member"), _slot_in(told)
    ends = told.select(*columns, *_PORTS, _SET_OF_OUTCOME.alias("set"), member, slot)
    tries = logins.select(*columns, "set", "member").join(watched, on=_SOURCE, how="semi")
    rows = pl.concat([ends, tries], how="diagonal")
    return list(_evidence(_sets(rows), address_sets(rows)))


def scan_contacts(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts that tell whether a source scans: all but what is refused of maintenance on its way out, and what
    was answered in vain: that a network ACL denies the replies is nobody's fault but our own.
    """
    is_outbound = pl.col("initiator_is_inside") & ~pl.col("responder_is_inside")
    is_maintenance = pl.col("protocol").is_in([TCP, UDP]) & pl.col("responder_port").is_in(MAINTENANCE_PORTS)
    is_in_vain = (pl.col("outcome") == "unanswered") & pl.col("reply_refused_at").is_not_null()
    return contacts.filter(~((pl.col("outcome") == "rejected") & is_outbound & is_maintenance), ~is_in_vain)


def _sets(rows: pl.DataFrame) -> pl.DataFrame:
    """The members of each set of a source and day, in the order in which they are kept."""
    ranked = rows.with_columns(rank_of(pl.col("member")).alias("rank")).sort("rank", pl.col("slot").fill_null(NO_SLOT))
    ports = pl.concat_list(_PORTS).filter(pl.col("set") == "doubtful").explode()
    return ranked.group_by(_KEY).agg(
        *(_smallest(name, SET_SIZES[name]) for name in _MEMBER_SETS),
        *(_slots(name) for name in DATED_SETS),
        ports.unique().sort().head(MAX_SOURCE_PORTS).alias("source_ports"),
        pl.col("first_seen").min(),
        pl.col("last_seen").max(),
        pl.col("initiator_is_inside").any().alias("is_inside"),
    )


def _smallest(name: str, size: int) -> pl.Expr:
    return pl.col("member").filter(pl.col("set") == name).unique(maintain_order=True).head(size).alias(name)


def _slot_in(contacts: pl.DataFrame) -> pl.Expr:
    """The slot of the day in which each contact last failed; null where a rule refused it or others were answered, and
    of sources outside, of which outages are left out before.
    """
    slot = (
        (pl.col("last_seen") // SLOT_SECONDS - pl.col("day") * SLOTS_PER_DAY).clip(0, SLOTS_PER_DAY - 1).cast(pl.UInt8)
    )
    is_dated = is_service_failure() & (pl.col("source_scope") != PUBLIC)
    if "answers_others" in contacts.columns:
        is_dated &= ~pl.col("answers_others")
    return pl.when(is_dated).then(slot).alias("slot")


def _slots(name: str) -> pl.Expr:
    """The slot of each member of a dated set, in their order: the last in which it failed, CERTAIN where a rule did
    it.
    """
    is_of_set = pl.col("set") == name
    last = pl.col("slot").filter(is_of_set).fill_null(NO_SLOT)
    is_last = pl.col("member").filter(is_of_set).is_last_distinct()
    return last.filter(is_last).head(SET_SIZES[name]).alias(f"{name}_slots")


NO_SLOT = 255
"""In the place of a slot: a rule refused it, so that no outage explains it."""
_PORTS = ("min_initiator_port", "max_initiator_port")
_KEY_SCHEMA = {"source_scope": pl.Categorical(), "source": pl.Categorical(), "day": pl.Int32()}
_OVER_TCP = (
    (pl.when((pl.col("outcome") == "answered") & (pl.col("protocol") == UDP)).then(TCP).otherwise("protocol"))
    .cast(pl.UInt8)
    .alias("protocol")
)
"""What answered over UDP stands beside what failed over TCP: see contacts/answered_datagrams.py."""
_SET_OF_OUTCOME = (
    pl.when(pl.col("outcome") == "answered")
    .then(pl.lit("answered"))
    .when(pl.col("outcome") == "doubtful")
    .then(pl.lit("doubtful"))
    .otherwise(pl.lit("failed"))
)


def _evidence(sets: pl.DataFrame, clear: Mapping[EvidenceKey, AddressSets]) -> Iterator[Evidence]:
    for row in sets.with_columns(pl.col("source_scope", "source").cast(pl.String)).iter_rows(named=True):
        key = EvidenceKey(row["source_scope"], row["source"], row["day"])
        yield Evidence(
            key,
            **{name: _as_members(row[name], row.get(f"{name}_slots")) for name in _MEMBER_SETS},
            **clear.get(key, {}),
            source_ports=frozenset(port for port in row["source_ports"] if port is not None),
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            is_inside=row["is_inside"],
        )


def _as_members(values: list[int], slots: list[int] | None) -> frozenset[bytes]:
    if slots is None:
        return frozenset(value.to_bytes(MEMBER_BYTES) for value in values)
    dated = zip(values, slots, strict=True)
    return frozenset(
        value.to_bytes(MEMBER_BYTES) + (b"" if slot == NO_SLOT else bytes([slot])) for value, slot in dated
    )
