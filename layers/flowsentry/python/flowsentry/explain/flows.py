"""EnrichedFlows -> ExplainedFlows: adds columns that name what denied each rejected record."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from flowsentry.explain import explain
from flowsentry.explain.equivalence import ENDS, RuleBoundaries
from flowsentry.explain.packet import ends_of
from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.frames import EnrichedFlows, ExplainedFlows
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.records.code_names import ACK, SYN

MAX_EXPLAINED = 1_000
"""Classes of rejected flows that are explained per source; further classes stay null. Classes of flows from inside come
first, then the most frequent. Higher: a source of a network with very many rules takes longer, 0.1 ms a class. Lower:
fewer of its rejected flows are explained."""
MAX_FEW_REFUSED = 20
"""Rejected flows up to which each is explained by itself. More: flows with the same explanation are explained again.
Fewer: a small payload pays for finding out which have the same."""
EXPLANATION_COLUMNS = pl.Schema(dict.fromkeys(("refused_layer", "refused_by", "refused_rule"), pl.Categorical()))
"""What denied a record: the layer, the ids of the security groups or of the network ACL, and its rule number. Null for
a record that was not rejected, or if the cause cannot be determined."""


class FlowExplainer:
    """Explains the chunks of one source; explanations of earlier chunks are reused."""

    def __init__(self, address_space: AddressSpace) -> None:
        self._address_space = address_space
        self._known: dict[tuple[object, ...], tuple[str | None, ...]] = {}

    @cached_property
    def _boundaries(self) -> RuleBoundaries:
        return RuleBoundaries.of(self._address_space.inventory.rules)

    @cached_property
    def _has_rules(self) -> bool:
        rules = self._address_space.inventory.rules
        return bool(rules.groups or rules.acls)

    def explained(self, flows: EnrichedFlows) -> ExplainedFlows:
        """The same rows in the same order, with the columns of EXPLANATION_COLUMNS."""
        refused = flows.select("is_rejected").to_series().arg_true()
        if refused.is_empty() or not self._has_rules:
            return ExplainedFlows(
                flows.with_columns(pl.lit(None, kind).alias(name) for name, kind in EXPLANATION_COLUMNS.items())
            )
        facts = _facts(flows, refused)
        explanations = self._each(facts) if len(facts) <= MAX_FEW_REFUSED else self._explanations_of(facts)
        positions = pl.repeat(None, len(flows), dtype=pl.UInt32, eager=True)
        positions = positions.scatter(refused, pl.int_range(len(refused), dtype=pl.UInt32, eager=True))
        return ExplainedFlows(
            flows.hstack(explanations.select(pl.col(name).gather(positions) for name in EXPLANATION_COLUMNS))
        )

    def _each(self, facts: pl.DataFrame) -> pl.DataFrame:
        """EXPLANATION_COLUMNS for each of a few rejected flows, one by one."""
        rows, queries = _texts(facts)
        ends = ends_of(queries, self._address_space)
        explained = [self._explanation(*each) for each in zip(rows, ends[::2], ends[1::2], strict=True)]
        return pl.DataFrame(explained, EXPLANATION_COLUMNS, orient="row")

    def _explanations_of(self, facts: pl.DataFrame) -> pl.DataFrame:
        """EXPLANATION_COLUMNS for each rejected flow."""
        classes = self._boundaries.classes(facts, self._address_space).hstack(facts.select(_CLASSIFIED_BY))
        key = list(classes.columns)
        counted = classes.with_row_index("example").group_by(key).agg(pl.len(), pl.col("example").min())
        first = counted.hstack(facts["source_is_inside"].gather(counted["example"]).to_frame())
        ordered = first.sort("source_is_inside", "len", "example", descending=[True, True, False])
        keys = ordered.select(key).with_columns(pl.col(pl.Categorical()).cast(pl.String)).rows()
        self._explain(keys, facts[ordered["example"]])
        explained = pl.DataFrame([self._known.get(each, _UNKNOWN) for each in keys], EXPLANATION_COLUMNS, orient="row")
        return classes.join(
            ordered.select(key).hstack(explained), on=key, how="left", nulls_equal=True, maintain_order="left"
        ).select(*EXPLANATION_COLUMNS)

    def _explain(self, keys: Sequence[tuple[object, ...]], examples: pl.DataFrame) -> None:
        """Explains one example of each class not yet known, up to MAX_EXPLAINED classes."""
        new = [position for position, key in enumerate(keys) if key not in self._known]
        new = new[: max(0, MAX_EXPLAINED - len(self._known))]
        rows, queries = _texts(examples[new])
        ends = ends_of(queries, self._address_space)
        for position, row, source, destination in zip(new, rows, ends[::2], ends[1::2], strict=True):
            self._known[keys[position]] = self._explanation(row, source, destination)

    def _explanation(self, row: dict[str, Any], source: End, destination: End) -> tuple[str | None, ...]:
        rejected = RejectedPacket(
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
        found = explain(rejected, self._address_space.inventory.rules)
        if not found.refused_by or found.why_unknown:
            return None, None, None
        ids = " ".join(each.id for judgement in found.refused_by for each in judgement.resources)
        return str(found.layer), ids, found.rule


def _texts(facts: pl.DataFrame) -> tuple[list[dict[str, Any]], list[AddressQuery]]:
    """The rows, and the source and the destination of each."""
    rows = facts.rows(named=True)
    return rows, [AddressQuery(row[f"{end}_scope"], row[f"{end}_address"], row["end"]) for row in rows for end in ENDS]


_UNKNOWN = (None, None, None)
_CLASSIFIED_BY = ("protocol", "direction", "reject_reason", "opens", "is_reply")
_NEEDED = (
    *("source_scope", "source_address", "destination_scope", "destination_address", "dstport", "protocol"),
    *("interface_id", "direction", "source_is_inside", "start", "end"),
)


def _facts(flows: pl.DataFrame, refused: pl.Series) -> pl.DataFrame:
    """The columns that explanations need, for each rejected flow."""
    present = [name for name in ("tcp_flags", "reject_reason", "srcport") if name in flows.columns]
    rows = flows.select(*_NEEDED, *present)[refused]
    flags = pl.col("tcp_flags") if "tcp_flags" in rows.columns else pl.lit(None, pl.UInt8)
    reason = pl.col("reject_reason") if "reject_reason" in rows.columns else pl.lit(None, pl.Categorical())
    rows = rows.with_columns((((flags & SYN) > 0) & ((flags & ACK) == 0)).alias("opens"))
    return rows.select(
        *_NEEDED,
        reason.alias("reject_reason"),
        "opens",
        pl.lit(_accepted_other_way(flows, rows)).alias("is_reply"),
    )


def _accepted_other_way(flows: pl.DataFrame, refused: pl.DataFrame) -> pl.Series:
    """Whether the same interface accepted packets of the same flow in the other direction. A packet that opens a
    connection is no reply, so scans, which are most of what is rejected, need no search.
    """
    if refused["opens"].all(ignore_nulls=False):
        return pl.repeat(value=False, n=len(refused), dtype=pl.Boolean, eager=True)
    flow = ("interface_id", "source_address", "destination_address", "srcport", "dstport", "protocol")
    back = ("interface_id", "destination_address", "source_address", "dstport", "srcport", "protocol")
    keys = refused.select(back).rename(dict(zip(back, flow, strict=True))).unique()
    seen = flows.select(*flow, "is_rejected").filter(
        ~pl.col("is_rejected"), pl.col("interface_id").is_in(keys["interface_id"].unique().implode())
    )
    accepted = seen.select(flow).join(keys, on=flow, how="semi").unique()
    turned = accepted.rename(dict(zip(flow, back, strict=True))).with_columns(is_reply=True)
    replies = refused.select(back).join(turned, on=back, how="left", maintain_order="left")
    return replies["is_reply"].fill_null(value=False)
