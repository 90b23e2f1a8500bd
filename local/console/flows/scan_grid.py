"""What one source tried: each host and port with its outcome, and when. Outcomes are those that detection settles."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import polars as pl

from flowsentry.contacts import contacts
from flowsentry.findings.endpoints import sources_of
from flowsentry.frames import EnrichedFlows
from flowsentry.records.code_names import PROTOCOLS
from flowsentry.records.service_ports import SERVICES
from local.console.flows.stored_records import ENDS, of_gateways, of_interfaces, opens_to_destination
from local.console.span import Span

MAX_HOSTS, MAX_PORTS = 100, 100
"""Rows and columns of the grid. More: cells too small to point at. Fewer: more of a large scan is left out."""
MAX_SOURCES = 100
"""Sources that the list shows. More: a long list. Fewer: sources that tried little are left out."""
MAX_STEPS = 96
"""Bars of the time line. More: bars too thin to see. Fewer: a fast scan is one bar."""
OUTCOMES = ("answered", "refused", "rejected", "unanswered", "doubtful")
"""The outcomes of a contact, the one that says most first: that of an endpoint that was tried on several days.
`refused` is by the host (a closed port), `rejected` by a security group or network ACL, and a `doubtful` one may be the
end of a connection.
"""
_TARGET = ("responder", "port", "protocol")
_RANKS = {word: rank for rank, word in enumerate(OUTCOMES)}
_NOTHING = pl.DataFrame(
    schema={
        "responder": pl.String(),
        **dict.fromkeys(("port", "protocol", "rank", "first_seen", "last_seen"), pl.Int64()),
    }
)


def busiest_sources(flows: EnrichedFlows, span: Span) -> list[dict[str, Any]]:
    """The sources that tried most hosts and ports, most first: `source`, `owner`, `is_inside`, `targets` (distinct
    hosts and ports), `hosts`, `ports`, `flows` (once, if both ends log them), `refused_flows`, `first_seen` and
    `last_seen`.
    """
    calls = flows.filter(_is_within(span), opens_to_destination(flows))
    once = (~pl.col("is_second")).sum()
    counted = calls.group_by(pl.col("source_address").cast(pl.String).alias("source")).agg(
        pl.struct("destination_address", "dstport").n_unique().alias("targets"),
        pl.col("destination_address").n_unique().alias("hosts"),
        pl.col("dstport").n_unique().alias("ports"),
        pl.when(once > 0).then(once).otherwise(pl.len()).alias("flows"),
        pl.col("is_rejected").sum().alias("refused_flows"),
        pl.coalesce("source_owner_name", "source_owner_id").cast(pl.String).drop_nulls().first().alias("owner"),
        pl.col("source_is_inside").any().alias("is_inside"),
        pl.col("start").min().alias("first_seen"),
        pl.col("end").max().alias("last_seen"),
    )
    ordered = counted.drop_nulls("source").sort("targets", "flows", "source", descending=[True, True, False])
    return ordered.head(MAX_SOURCES).to_dicts()


def scan_grid(flows: EnrichedFlows, source: str, span: Span) -> dict[str, Any]:
    """What `source` (an address, or the /64 of outside IPv6 addresses) tried in the time range: `hosts` and `ports` in
    order, `cells` with their numbers, `totals` of all endpoints by outcome, `steps` of time, and `left_out`.
    """
    within = flows.filter(_is_within(span))
    tried = _tried(within, source)
    hosts, ports = _most_tried(tried, "responder", MAX_HOSTS), _most_tried(tried, ["port", "protocol"], MAX_PORTS)
    hosts, ports = hosts.sort(_address_order(hosts["responder"])), ports.sort("port", "protocol")
    shown = tried.join(hosts.with_row_index("host"), on="responder").join(
        ports.with_row_index("column"), on=["port", "protocol"]
    )
    return {
        "source": source,
        "hosts": _with_owners(hosts["responder"], within),
        "ports": ports.select("port", name=_port_in_words(), service=_service()).to_dicts(),
        "cells": shown.sort("first_seen", "host", "column").select(*_CELL).to_dicts(),
        **_totals(tried),
        "left_out": {
            "hosts": tried["responder"].n_unique() - len(hosts),
            "ports": len(tried.unique(["port", "protocol"])) - len(ports),
            "endpoints": len(tried) - len(shown),
        },
    }


def _is_within(span: Span) -> pl.Expr:
    return pl.col("start").is_between(span.start, span.end, closed="left")


def _outcome() -> pl.Expr:
    return (
        pl.col("rank")
        .replace_strict(list(range(len(OUTCOMES))), list(OUTCOMES), return_dtype=pl.String)
        .alias("outcome")
    )


_CELL = ("host", pl.col("column").alias("port"), _outcome(), "first_seen", "last_seen")


def _tried(flows: pl.DataFrame, source: str) -> pl.DataFrame:
    """A row for each endpoint that the source tried: `responder`, `port`, `protocol`, `rank` of its outcome,
    `first_seen`, `last_seen`.
    """
    addresses = _addresses_of(source, flows)
    has_source = pl.any_horizontal(pl.col(f"{end}_address").is_in(addresses.implode()) for end in ENDS)
    of_source = EnrichedFlows(flows.filter(has_source))
    parts = [part for part in (of_interfaces(of_source), of_gateways(of_source)) if len(part)]
    found = [_contacts_of(addresses, part) for part in parts]
    seen = (pl.col("rank", "first_seen").min(), pl.col("last_seen").max())
    return pl.concat([_NOTHING, *found]).group_by(_TARGET).agg(*seen)


def _addresses_of(source: str, flows: pl.DataFrame) -> pl.Series:
    """The addresses in the flows that belong to the source: itself, or those of a /64."""
    addresses = pl.concat([flows[f"{end}_address"].unique() for end in ENDS]).unique().drop_nulls()
    named = pl.DataFrame({"address": addresses, "source": sources_of(addresses).cast(pl.String)})
    is_own = (pl.col("source") == source) | (pl.col("address").cast(pl.String) == source)
    return named.filter(is_own)["address"]


def _contacts_of(addresses: pl.Series, flows: EnrichedFlows) -> pl.DataFrame:
    opened = contacts(flows).filter(pl.col("initiator").is_in(addresses.implode()))
    return opened.select(
        pl.col("responder").cast(pl.String),
        pl.col("responder_port").cast(pl.Int64).alias("port"),
        pl.col("protocol").cast(pl.Int64),
        pl.col("outcome").cast(pl.String).replace_strict(_RANKS, return_dtype=pl.Int64).alias("rank"),
        "first_seen",
        "last_seen",
    )


def _most_tried(tried: pl.DataFrame, by: str | Sequence[str], most: int) -> pl.DataFrame:
    """The hosts, or the ports, of which an endpoint answered, then those of most endpoints."""
    columns = [by] if isinstance(by, str) else list(by)
    counted = tried.group_by(columns).agg(pl.len(), (pl.col("rank") > 0).all().alias("is_silent"))
    counted = counted.sort("is_silent", "len", *columns, descending=[False, True, *[False] * len(columns)])
    return counted.head(most).select(columns)


def _address_order(addresses: pl.Series) -> pl.Series:
    """Numbers that sort addresses as people do: IPv4 before IPv6, each by its number."""
    ordered = sorted(addresses, key=_address_key)
    ranks = {address: rank for rank, address in enumerate(ordered)}
    return pl.Series("order", [ranks[each] for each in addresses], pl.Int64)


def _address_key(text: str) -> tuple[int, int, str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 99, 0, text
    return address.version, int(address), text


def _with_owners(hosts: pl.Series, flows: pl.DataFrame) -> list[dict[str, Any]]:
    """Each host with the name of its owner, empty if unknown."""
    name = pl.coalesce("destination_owner_name", "destination_owner_id").cast(pl.String)
    address = pl.col("destination_address").cast(pl.String)
    known = flows.select(address.alias("address"), name.alias("owner")).drop_nulls().unique("address")
    named = hosts.alias("address").to_frame().join(known, on="address", how="left", maintain_order="left")
    return named.with_columns(pl.col("owner").fill_null("")).to_dicts()


def _port_in_words() -> pl.Expr:
    """`443/tcp`, or the protocol alone for one without ports."""
    number = pl.col("protocol").cast(pl.String)
    names = {str(code): name for code, name in PROTOCOLS.items()}
    protocol = number.replace(names)
    return pl.when(pl.col("port") > 0).then(pl.format("{}/{}", "port", protocol)).otherwise(protocol)


def _service() -> pl.Expr:
    return pl.col("port").replace_strict(SERVICES, default="", return_dtype=pl.String)


def _totals(tried: pl.DataFrame) -> dict[str, Any]:
    """All endpoints: `totals` by outcome, how many `hosts` and `ports`, the first and last time, and `steps`: how many
    were first tried in each part of that time.
    """
    by_outcome = dict(tried.group_by(_outcome()).len().iter_rows())
    first, last = tried["first_seen"].min(), tried["last_seen"].max()
    return {
        "totals": {word: by_outcome.get(word, 0) for word in OUTCOMES},
        "all_hosts": tried["responder"].n_unique(),
        "all_ports": len(tried.unique(["port", "protocol"])),
        "first_seen": first,
        "last_seen": last,
        "steps": _steps(tried) if len(tried) else [],
    }


def _steps(tried: pl.DataFrame) -> list[dict[str, Any]]:
    first, last = int(tried["first_seen"].min()), int(tried["first_seen"].max())  # type: ignore[arg-type]
    seconds = max(60, -(-(last - first + 1) // MAX_STEPS))
    start = first + (pl.col("first_seen") - first) // seconds * seconds
    counts = tried.group_by(start.alias("start"), _outcome()).len("endpoints")
    return counts.sort("start", "outcome").to_dicts()
