"""EnrichedFlows -> ExplainedFlows: adds columns that name what denied each rejected record."""

from collections.abc import Mapping, Sequence
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
from flowsentry.records.few_rows import rows_where, values_of

MAX_EXPLAINED = 1_000
"""Classes of rejected flows that are explained per source; further classes stay null. Classes of flows from inside come
first, then the most frequent. Higher: a source of a network with very many rules takes longer, 0.1 ms a class. Lower:
fewer of its rejected flows are explained."""
MAX_FEW_REFUSED = 20
"""Rejected flows up to which each is explained by itself. More: flows with the same explanation are explained again.
Fewer: a small payload pays for finding out which have the same."""
Row = Mapping[str, Any]
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
        is_rejected = flows["is_rejected"]
        if not is_rejected.any() or not self._has_rules:
            return ExplainedFlows(flows.hstack([each.new_from_index(0, len(flows)) for each in _NO_EXPLANATION]))
        refused = is_rejected.arg_true()
        if len(refused) <= MAX_FEW_REFUSED:
            explanations = self._each(_facts_of_few(flows, refused))
        else:
            explanations = self._explanations_of(_facts(flows, refused))
        positions = _NO_POSITION.new_from_index(0, len(flows))
        positions = positions.scatter(refused, pl.int_range(len(refused), dtype=pl.UInt32, eager=True))
        return ExplainedFlows(flows.hstack([explanations[name][positions] for name in EXPLANATION_COLUMNS]))

    def _each(self, rows: Sequence[Row]) -> pl.DataFrame:
        """EXPLANATION_COLUMNS for each of a few rejected flows, one by one."""
        ends = ends_of(_queries(rows), self._address_space)
        explained = [self._explanation(*each) for each in zip(rows, ends[::2], ends[1::2], strict=True)]
        columns = zip(EXPLANATION_COLUMNS.items(), zip(*explained, strict=True), strict=True)
        return pl.DataFrame([pl.Series(name, values, kind) for (name, kind), values in columns])

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
        rows = examples[new].rows(named=True)
        ends = ends_of(_queries(rows), self._address_space)
        for position, row, source, destination in zip(new, rows, ends[::2], ends[1::2], strict=True):
            self._known[keys[position]] = self._explanation(row, source, destination)

    def _explanation(self, row: Row, source: End, destination: End) -> tuple[str | None, ...]:
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


def _queries(rows: Sequence[Row]) -> list[AddressQuery]:
    """The source and the destination of each row."""
    return [AddressQuery(row[f"{end}_scope"], row[f"{end}_address"], row["end"]) for row in rows for end in ENDS]


_NO_EXPLANATION = [pl.Series(name, [None], kind) for name, kind in EXPLANATION_COLUMNS.items()]
_NO_POSITION = pl.Series([None], dtype=pl.UInt32())
_UNKNOWN = (None, None, None)
_CLASSIFIED_BY = ("protocol", "direction", "reject_reason", "opens", "is_reply")
_NEEDED = (
    *("source_scope", "source_address", "destination_scope", "destination_address", "dstport", "protocol"),
    *("interface_id", "direction", "source_is_inside", "start", "end"),
)


_FLOW = ("interface_id", "source_address", "destination_address", "srcport", "dstport", "protocol")
_BACK = ("interface_id", "destination_address", "source_address", "dstport", "srcport", "protocol")


def _facts_of_few(flows: pl.DataFrame, refused: pl.Series) -> list[Row]:
    """The same as `_facts`, row by row."""
    rows = flows[[*_NEEDED, *_present(flows)]][refused].rows(named=True)
    facts = [row | {"opens": _opens(row.get("tcp_flags")), "reject_reason": row.get("reject_reason")} for row in rows]
    accepted = set() if all(row["opens"] for row in facts) else _accepted_at_interfaces(flows, facts)
    return [row | {"is_reply": tuple(row.get(name) for name in _BACK) in accepted} for row in facts]


def _opens(flags: int | None) -> bool | None:
    return None if flags is None else bool(flags & SYN) and not flags & ACK


def _accepted_at_interfaces(flows: pl.DataFrame, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    """The flows that were accepted at the interfaces of these rows; none with an unknown part."""
    interfaces = pl.Series(list({row["interface_id"] for row in rows}), dtype=pl.Categorical())
    is_accepted = flows["interface_id"].is_in(interfaces.implode()) & ~flows["is_rejected"]
    accepted = rows_where(flows[list(_FLOW)], is_accepted)
    return {flow for flow in values_of(accepted, _FLOW) if None not in flow}


def _present(flows: pl.DataFrame) -> list[str]:
    return [name for name in ("tcp_flags", "reject_reason", "srcport") if name in flows.columns]


def _facts(flows: pl.DataFrame, refused: pl.Series) -> pl.DataFrame:
    """The columns that explanations need, for each rejected flow."""
    rows = flows[[*_NEEDED, *_present(flows)]][refused]
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
    keys = refused.select(_BACK).rename(dict(zip(_BACK, _FLOW, strict=True))).unique()
    seen = flows.select(*_FLOW, "is_rejected").filter(
        ~pl.col("is_rejected"), pl.col("interface_id").is_in(keys["interface_id"].unique().implode())
    )
    accepted = seen.select(_FLOW).join(keys, on=_FLOW, how="semi").unique()
    turned = accepted.rename(dict(zip(_FLOW, _BACK, strict=True))).with_columns(is_reply=True)
    replies = refused.select(_BACK).join(turned, on=_BACK, how="left", maintain_order="left")
    return replies["is_reply"].fill_null(value=False)
