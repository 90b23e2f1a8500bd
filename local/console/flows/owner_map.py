"""Who talks to whom: the sums of enriched records by the owner that called, the owner that was called, and the port."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from flowsentry.frames import EnrichedFlows
from flowsentry.records.code_names import protocol_name
from flowsentry.records.service_ports import SERVICES
from local.console.flows.stored_records import opens_to_destination
from local.console.query import MAX_LETTERS

MAX_BUSY, MAX_REFUSED = 16, 8
"""Owners on each side of the map that are shown by themselves: those with the most bytes, and of the others those with
the most refused flows. More: labels overlap. Fewer: more owners are in `N more`."""
MAX_EDGES = 200
"""Edges of the map. More: lines cover each other. Fewer: more of the small ones are left out."""
MAX_EDGE_PORTS = 3
"""Busiest ports that an edge names. More: wide tables. Fewer: an edge of several services names one of them."""
MAX_CHOICES = 200
"""Ports and owners that a filter offers; others can be typed. More: long lists. Fewer: more has to be typed."""

INTERNET, ADDRESS, MORE = "internet", "address", "more"
"""Kinds of nodes that are no owner: outside addresses by country, each inside address without a known owner, and the
rest of a side.
"""
SIDES = ("caller", "called")
_OWNER = ("kind", "id", "name")
_AMOUNTS = ("flows", "packets", "bytes")
_NODES = [f"{side}_{part}" for side in SIDES for part in _OWNER]
_CAN_BE_FILTERED = pl.col("name").str.len_chars() <= MAX_LETTERS
_KEY = ("port", "protocol", "is_refused")
_PART = "owner_name"
_MEANT = (_PART, "owner_id", "address", "country")
"""What the owner filter means: a part of the first, or one of the others whole."""
_ENDS_OF_FLOWS = [
    f"{end}_{name}"
    for end in ("source", "destination")
    for name in ("owner_kind", "owner_id", "owner_name", "country", "is_inside")
]
_UNOWNED = [f"{end}_unowned" for end in ("source", "destination")]
_ENDS = {"caller": ("source", "destination"), "called": ("destination", "source")}


@dataclass(frozen=True, slots=True)
class FlowFilter:
    """Which records count; None and an empty text filter nothing. `owner` is part of a name at either end in any case,
    or a whole id, address or country.
    """

    start: int
    end: int
    owner: str = ""
    port: int | None = None
    protocol: int | None = None
    is_refused: bool | None = None


def owner_sums(flows: EnrichedFlows, wanted: FlowFilter) -> pl.DataFrame:
    """A row for each caller, called owner, port, protocol and action: `caller_kind`, `_id` and `_name`, `called_` as
    well, `port` (of the called one), `protocol`, `is_refused`, `flows`, `packets`, `bytes`. Both directions of a
    connection count in the same row; a flow that is logged twice counts once.
    """
    is_forward = opens_to_destination(flows)
    once = flows.filter(~pl.col("is_second"), pl.col("start").is_between(wanted.start, wanted.end, closed="left"))
    calls = once.filter(_has_owner(once, wanted.owner)).select(
        *_ENDS_OF_FLOWS,
        *map(_unowned_address, ("source", "destination")),
        is_forward.alias("is_forward"),
        pl.when(is_forward).then("dstport").otherwise("srcport").fill_null(0).cast(pl.Int64).alias("port"),
        pl.col("protocol").fill_null(0).cast(pl.Int64),
        pl.col("is_rejected").alias("is_refused"),
        pl.lit(1, pl.Int64).alias("flows"),
        pl.col("packets", "bytes").fill_null(0),
    )
    chosen = calls.filter(*_equal(port=wanted.port, protocol=wanted.protocol, is_refused=wanted.is_refused))
    by_ends = chosen.group_by(*_ENDS_OF_FLOWS, *_UNOWNED, "is_forward", *_KEY).agg(pl.col(_AMOUNTS).sum())
    sides = by_ends.select(*(_side(side) for side in SIDES), *_KEY, *_AMOUNTS).unnest(*SIDES, separator="_")
    return sides.group_by(*_NODES, *_KEY).agg(pl.col(_AMOUNTS).sum())


def owner_map(sums: pl.DataFrame) -> dict[str, Any]:
    """The map of these sums: `nodes` and `edges` of bounded number, `totals` of all sums by action, `choices` for
    filters, and `left_out`.
    """
    sides = [_folded(sums, side) for side in SIDES]
    folded = sums.drop(_NODES).with_columns(sums.select(sides)).unnest(*SIDES, separator="_")
    by_port = folded.group_by(*_NODES, "is_refused", "port", "protocol").agg(pl.col(_AMOUNTS).sum())
    by_edge = by_port.group_by(*_NODES, "is_refused").agg(pl.col(_AMOUNTS).sum(), *_busiest_ports())
    edges = by_edge.sort("bytes", "flows", *_NODES, "is_refused", descending=[True, True, *[False] * 7])
    rows = edges.rows(named=True)
    nodes = _Nodes()
    return {
        "edges": [nodes.edge(row) for row in rows[:MAX_EDGES]],
        "nodes": nodes.rows,
        "totals": {word: _totals(sums, is_refused=is_refused) for word, is_refused in _ACTIONS.items()},
        "choices": _choices(sums),
        "left_out": _left_out(folded, rows[MAX_EDGES:]),
    }


_ACTIONS = {"accepted": False, "refused": True}


class _Nodes:
    """The nodes of the edges that are shown, each once for each side, with their sums."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._numbers: dict[tuple[str, ...], int] = {}

    def edge(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The edge of a row of sums, with the numbers of its nodes."""
        ends = {side: self._number(side, row) for side in SIDES}
        amounts = {name: row[name] for name in _AMOUNTS}
        ports = [_port_in_words(each) for each in row["ports"]]
        action = "refused" if row["is_refused"] else "accepted"
        return {**ends, "action": action, **amounts, "ports": ports, "all_ports": row["all_ports"]}

    def _number(self, side: str, row: Mapping[str, Any]) -> int:
        owner = {part: row[f"{side}_{part}"] for part in _OWNER}
        key = (side, *owner.values())
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append({"side": side, **owner, "bytes": 0, "refused_flows": 0})
        node = self.rows[self._numbers[key]]
        node["bytes"] += row["bytes"]
        node["refused_flows"] += row["flows"] if row["is_refused"] else 0
        return self._numbers[key]


def _equal(**wanted: int | None) -> list[pl.Expr]:
    return [pl.col(column) == value for column, value in wanted.items() if value is not None]


def _has_owner(flows: pl.DataFrame, text: str) -> pl.Expr:
    """Whether either end is meant by the text of the filter."""
    if not text:
        return pl.lit(value=True)
    ends = [_is_meant(end, name, flows, text) for end in ("source", "destination") for name in _MEANT]
    return pl.any_horizontal(*ends).fill_null(value=False)


def _is_meant(end: str, name: str, flows: pl.DataFrame, text: str) -> pl.Expr:
    """Each distinct value is looked at once."""
    values = flows[f"{end}_{name}"].unique().drop_nulls()
    written = values.cast(pl.String)
    has = written.str.to_lowercase().str.contains(text.lower(), literal=True) if name == _PART else written == text
    return pl.col(f"{end}_{name}").is_in(values.filter(has).implode())


def _unowned_address(end: str) -> pl.Expr:
    """The address of an inside end without a known owner, which stands for itself; null for others."""
    is_alone = pl.col(f"{end}_owner_kind").is_null() & pl.col(f"{end}_is_inside")
    return pl.when(is_alone).then(f"{end}_address").alias(f"{end}_unowned")


def _side(side: str) -> pl.Expr:
    """The owner at the end of the caller, or of the called one, as a struct of kind, id and name."""
    forward, back = (_node(end) for end in _ENDS[side])
    return pl.when("is_forward").then(forward).otherwise(back).alias(side)


def _node(end: str) -> pl.Expr:
    kind, id_, name, country = (
        pl.col(f"{end}_{each}").cast(pl.String) for each in ("owner_kind", "owner_id", "owner_name", "country")
    )
    is_owned, is_inside = kind.is_not_null(), pl.col(f"{end}_is_inside")
    other = pl.when(is_inside).then(pl.lit(ADDRESS)).otherwise(pl.lit(INTERNET))
    place = pl.when(is_inside).then(pl.col(f"{end}_unowned").cast(pl.String)).otherwise(country)
    return pl.struct(
        kind=pl.when(is_owned).then(kind).otherwise(other),
        id=pl.when(is_owned).then(pl.coalesce(id_, name)).otherwise(place).fill_null(""),
        name=pl.when(is_owned).then(pl.coalesce(name, id_)).otherwise(place).fill_null(""),
    )


def _folded(sums: pl.DataFrame, side: str) -> pl.Expr:
    """The owner of this side, or `N more` where it is none of the shown ones."""
    owner = [f"{side}_{part}" for part in _OWNER]
    refused = pl.when("is_refused").then("flows").otherwise(0).sum().alias("refused_flows")
    by_owner = sums.group_by(owner).agg(pl.col("bytes").sum(), refused)
    ordered = by_owner.sort("bytes", *owner, descending=[True, False, False, False])
    busy, others = ordered.head(MAX_BUSY), ordered.slice(MAX_BUSY)
    refused_most = others.filter(pl.col("refused_flows") > 0).sort(
        "refused_flows", *owner, descending=[True, *[False] * 3]
    )
    shown = pl.concat([busy, refused_most.head(MAX_REFUSED)]).select(pl.struct(owner)).to_series()
    more = len(ordered) - len(shown)
    rest = pl.struct(kind=pl.lit(MORE), id=pl.lit(""), name=pl.lit(str(more)))
    own = pl.struct(pl.col(name).alias(part) for name, part in zip(owner, _OWNER, strict=True))
    return pl.when(pl.struct(owner).is_in(shown.implode())).then(own).otherwise(rest).alias(side)


def _busiest_ports() -> tuple[pl.Expr, pl.Expr]:
    """The ports of an edge with the most bytes, as structs of port and protocol, and the number of all of its ports."""
    port = pl.struct("port", "protocol")
    by_bytes = port.sort_by("bytes", "flows", "port", "protocol", descending=[True, True, False, False])
    return by_bytes.head(MAX_EDGE_PORTS).alias("ports"), pl.len().alias("all_ports")


def _port_in_words(port: Mapping[str, int]) -> str:
    """`443/tcp`, or the protocol alone for one without ports."""
    protocol = protocol_name(port["protocol"])
    return f"{port['port']}/{protocol}" if port["port"] else protocol


def _totals(sums: pl.DataFrame, *, is_refused: bool) -> dict[str, int]:
    of_action = sums.filter(pl.col("is_refused") == is_refused)
    return {name: int(of_action[name].sum()) for name in _AMOUNTS}


def _choices(sums: pl.DataFrame) -> dict[str, list[Any]]:
    """What filters offer: ports and protocols with the most bytes first."""
    ports = sums.filter(pl.col("port") > 0).group_by("port").agg(pl.col("bytes").sum())
    protocols = sums.group_by("protocol").agg(pl.col("bytes").sum()).sort("bytes", "protocol", descending=[True, False])
    busiest = ports.sort("bytes", "port", descending=[True, False]).head(MAX_CHOICES)["port"]
    return {
        "ports": [{"port": port, "service": SERVICES.get(port, "")} for port in busiest],
        "protocols": [protocol_name(each) for each in protocols["protocol"]],
        "owners": _owner_names(sums),
    }


def _owner_names(sums: pl.DataFrame) -> list[str]:
    """Names of owners with the most bytes first."""
    sides = (
        sums.filter(~pl.col(f"{side}_kind").is_in((INTERNET, ADDRESS))).select(
            pl.col(f"{side}_name").alias("name"), "bytes"
        )
        for side in SIDES
    )
    by_name = pl.concat(sides).group_by("name").agg(pl.col("bytes").sum()).filter(_CAN_BE_FILTERED)
    return by_name.sort("bytes", "name", descending=[True, False]).head(MAX_CHOICES)["name"].to_list()


def _left_out(folded: pl.DataFrame, edges: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many owners of each side are in `N more`, and how many edges are not shown, with their sums."""
    hidden = list(edges)
    more = {f"{side}_owners": _more(folded, side) for side in SIDES}
    return {**more, "edges": len(hidden), **{name: sum(each[name] for each in hidden) for name in _AMOUNTS}}


def _more(folded: pl.DataFrame, side: str) -> int:
    names = folded.filter(pl.col(f"{side}_kind") == MORE)[f"{side}_name"]
    return int(names[0]) if len(names) else 0
