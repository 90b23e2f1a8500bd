"""Rows of enriched objects -> EnrichedFlows, as far as the pages about traffic need them."""

import polars as pl

from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.assignment_index import OWNER
from flowsentry.inventory.geoip import GEOGRAPHY
from flowsentry.records.code_names import SYN, SYN_ACK
from flowsentry.records.fields import DIRECTION, column_of, dtype_of, is_of_transit_gateway
from flowsentry.records.second_records import is_second_record
from flowsentry.records.service_ports import is_service_port

ENDS = ("source", "destination")
_TEXT = pl.Categorical()
_OF_END: dict[str, pl.DataType] = {**OWNER, "is_inside": pl.Boolean(), **GEOGRAPHY}
_PORTS = {column_of(name): dtype_of(name) for name in ("srcport", "dstport", "protocol", "tcp-flags")}
_NEEDED: dict[str, pl.DataType] = {
    **dict.fromkeys(("interface_id", "srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr", "action", "scope"), _TEXT),
    **_PORTS,
    **dict.fromkeys(("packets", "bytes", "start", "end"), pl.Int64()),
    "direction": DIRECTION,
    **{f"{end}_{name}": type_ for end in ENDS for name, type_ in _OF_END.items()},
}
"""Columns that the pages read; null where the format of all records lacks them."""
_NO_ROWS = pl.DataFrame(schema={"tcp_flags": _PORTS["tcp_flags"]})
_OF_GATEWAY = ("tgw_id", "tgw_src_vpc_id", "tgw_dst_vpc_id", "resource_type")
_YES, _NO = pl.lit(value=True), pl.lit(value=False)
_IS_OF_GATEWAY = pl.col("tgw_id").is_not_null()


def completed(rows: pl.DataFrame) -> EnrichedFlows:
    """The rows in the same order, with all columns that the pages read. An enriched object does not repeat the packet's
    addresses, the scope of each end and the rejection, which follow from AWS's own fields. `is_second` says that the
    record is the second one of its flow, whose bytes the first one has.
    """
    has_flags = "tcp_flags" in rows.columns
    if not rows.width:
        return completed(_NO_ROWS)
    typed = rows.select(_typed(rows, _NEEDED) + _typed(rows, dict.fromkeys(_OF_GATEWAY, _TEXT)))
    inside = [f"{end}_is_inside" for end in ENDS]
    whole = typed.with_columns(
        pl.coalesce("pkt_srcaddr", "srcaddr").alias("source_address"),
        pl.coalesce("pkt_dstaddr", "dstaddr").alias("destination_address"),
        pl.coalesce("tgw_src_vpc_id", "scope").alias("source_scope"),
        pl.coalesce("tgw_dst_vpc_id", "scope").alias("destination_scope"),
        (pl.col("action") == "REJECT").fill_null(value=False).alias("is_rejected"),
        pl.col(inside).fill_null(value=False),
    ).with_columns(pl.col("source_address").cast(pl.String).str.contains(":", literal=True).alias("is_ipv6"))
    seen = whole.with_columns(_is_second(rows).alias("is_second"), pl.col("is_ipv6").fill_null(value=False))
    return EnrichedFlows(seen if has_flags else seen.drop("tcp_flags"))


def of_interfaces(flows: EnrichedFlows) -> EnrichedFlows:
    """The records of network interfaces, without the columns of transit gateways."""
    return EnrichedFlows(flows.filter(~_IS_OF_GATEWAY).drop(_OF_GATEWAY))


def of_gateways(flows: EnrichedFlows) -> EnrichedFlows:
    """The records of transit gateways."""
    return EnrichedFlows(flows.filter(_IS_OF_GATEWAY))


def opens_to_destination(flows: pl.DataFrame) -> pl.Expr:
    """Whether the source of a record is the one that called: by its TCP flags, else by which end has the port of a
    service, else by the lower port. Transit gateways report ACK by itself, so their flags do not tell.
    """
    of_services = is_service_port(pl.col("dstport")), is_service_port(pl.col("srcport"))
    lower = pl.col("dstport") <= pl.col("srcport")
    by_ports = pl.when(of_services[0] != of_services[1]).then(of_services[0]).otherwise(lower).fill_null(value=True)
    if "tcp_flags" not in flows.columns:
        return by_ports
    flags = pl.when(~_IS_OF_GATEWAY).then(pl.col("tcp_flags") & SYN_ACK)
    return pl.when(flags == SYN_ACK).then(_NO).when(flags == SYN).then(_YES).otherwise(by_ports)


def _typed(rows: pl.DataFrame, types: dict[str, pl.DataType]) -> list[pl.Expr]:
    return [
        (pl.col(name).cast(type_, strict=False) if name in rows.columns else pl.lit(None, type_)).alias(name)
        for name, type_ in types.items()
    ]


def _is_second(rows: pl.DataFrame) -> pl.Expr:
    of_interface = is_second_record([*_NEEDED])
    if not is_of_transit_gateway(rows.columns):
        return of_interface
    return pl.when(_IS_OF_GATEWAY).then(is_second_record(rows.columns)).otherwise(of_interface)
