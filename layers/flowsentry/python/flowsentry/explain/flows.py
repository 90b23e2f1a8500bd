"""EnrichedFlows -> ExplainedFlows: what refused each rejected record, in columns.

Records are explained by what they have in common: both ends, the port, and which interface saw it which way.
"""

from functools import cached_property
from typing import Any

import polars as pl

from flowsentry.explain import explain
from flowsentry.explain.ends import ends_of
from flowsentry.frames import EnrichedFlows, ExplainedFlows
from flowsentry.refusal import End, Refusal
from flowsentry.territory import AddressAt, Territory

MAX_EXPLAINED = 1_000
"""Sorts of rejected records explained of one source; the rest stay untold, those of own senders last. More: a source
full of the internet's noise takes longer, 0.1 ms a sort. Fewer: less of it is told."""
REFUSED = pl.Schema(dict.fromkeys(("refused_layer", "refused_by", "refused_rule"), pl.Categorical()))
"""What refused a record: the layer, the ids of the groups or of the network ACL, and the number of its rule; null for
a record that was not refused, or whose refusal can't be told."""
_BOTH = ("source", "destination")
_ENDS = ("source_scope", "source_address", "destination_scope", "destination_address")
_SORT = (*_ENDS, "dstport", "protocol", "interface_id", "direction", "reject_reason", "opens", "is_reply")
_SYN, _ACK = 2, 16


class Explaining:
    """Explains the chunks of one source; what was explained once is known for those that follow."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._known = pl.DataFrame(schema={**dict.fromkeys(_SORT, pl.Null()), **REFUSED})

    @cached_property
    def _has_rules(self) -> bool:
        rules = self._territory.inventory.rules
        return bool(rules.groups or rules.acls)

    def explained(self, flows: EnrichedFlows) -> ExplainedFlows:
        """The same rows in the same order, with the columns of REFUSED."""
        refused = flows.select("is_rejected").to_series().arg_true()
        if refused.is_empty() or not self._has_rules:
            return ExplainedFlows(flows.with_columns(pl.lit(None, kind).alias(name) for name, kind in REFUSED.items()))
        sorts = _sorts(flows, refused)
        told = sorts.join(self._told_of(sorts), on=_SORT, how="left", nulls_equal=True, maintain_order="left")
        places = pl.repeat(None, len(flows), dtype=pl.UInt32, eager=True)
        places = places.scatter(refused, pl.int_range(len(refused), dtype=pl.UInt32, eager=True))
        return ExplainedFlows(flows.hstack(told.select(pl.col(name).gather(places) for name in REFUSED)))

    def _told_of(self, sorts: pl.DataFrame) -> pl.DataFrame:
        """What is known of each sort, the new ones explained as far as there is room: own senders first, then those
        seen most.
        """
        counted = sorts.group_by(_SORT).agg(pl.len(), pl.col("source_is_inside").any(), pl.col("end").max())
        if self._known.height:
            counted = counted.join(self._known, on=_SORT, how="anti", nulls_equal=True)
        order = ("source_is_inside", "len", *(pl.col(name).cast(pl.String) for name in _SORT))
        first = counted.sort(order, descending=[True, True, *[False] * len(_SORT)])
        new = self._explained(first.head(MAX_EXPLAINED - self._known.height))
        self._known = pl.concat([self._known, new]) if self._known.height else new
        return self._known

    def _explained(self, sorts: pl.DataFrame) -> pl.DataFrame:
        rows = sorts.with_columns(pl.col(pl.Categorical()).cast(pl.String)).rows(named=True)
        asked = [AddressAt(row[f"{end}_scope"], row[f"{end}_address"], row["end"]) for row in rows for end in _BOTH]
        ends = ends_of(asked, self._territory)
        pairs = zip(rows, ends[::2], ends[1::2], strict=True)
        told = [self._explanation(row, source, destination) for row, source, destination in pairs]
        return sorts.select(_SORT).hstack(pl.DataFrame(told, REFUSED, orient="row"))

    def _explanation(self, row: dict[str, Any], source: End, destination: End) -> tuple[str | None, ...]:
        refusal = Refusal(
            source=source,
            destination=destination,
            protocol=row["protocol"],
            destination_port=row["dstport"],
            seen_by=row["interface_id"] or "",
            direction=row["direction"],
            reject_reason=row["reject_reason"],
            opens=row["opens"],
            accepted_other_way=row["is_reply"],
        )
        found = explain(refusal, self._territory.inventory.rules)
        if not found.refused_by or found.why_unknown:
            return None, None, None
        ids = " ".join(each.id for judgement in found.refused_by for each in judgement.resources)
        return str(found.layer), ids, found.rule


def _sorts(flows: pl.DataFrame, refused: pl.Series) -> pl.DataFrame:
    """The rejected records with what sorts them."""
    rows = flows[refused]
    flags = pl.col("tcp_flags") if "tcp_flags" in rows.columns else pl.lit(None, pl.UInt8)
    reason = pl.col("reject_reason") if "reject_reason" in rows.columns else pl.lit(None, pl.Categorical())
    opens = ((flags & _SYN) > 0) & ((flags & _ACK) == 0)
    is_reply = _accepted_other_way(flows, rows)
    return rows.select(
        *_ENDS,
        "dstport",
        "protocol",
        "interface_id",
        "direction",
        reason.alias("reject_reason"),
        opens.alias("opens"),
        pl.lit(is_reply).alias("is_reply"),
        "source_is_inside",
        "end",
    )


def _accepted_other_way(flows: pl.DataFrame, refused: pl.DataFrame) -> pl.Series:
    """Whether the same interface accepted packets of the same flow the other way."""
    flow = ("interface_id", "source_address", "destination_address", "srcport", "dstport", "protocol")
    back = ("interface_id", "destination_address", "source_address", "dstport", "srcport", "protocol")
    keys = refused.select(back).rename(dict(zip(back, flow, strict=True))).unique()
    accepted = flows.filter(~pl.col("is_rejected")).select(flow).join(keys, on=flow, how="semi").unique()
    turned = accepted.rename(dict(zip(flow, back, strict=True))).with_columns(is_reply=True)
    told = refused.select(back).join(turned, on=back, how="left", maintain_order="left")
    return told["is_reply"].fill_null(value=False)
