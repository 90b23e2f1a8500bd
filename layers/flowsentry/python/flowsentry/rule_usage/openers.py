"""Which end of a record opened its connection: security groups let replies pass, whatever their rules.

By tcp-flags where the format has them, as contacts decide it: SYN without ACK opens, SYN-ACK answers
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html), and a later record of the same connection is
decided by the first one, if that is in the same chunk. Else by ports: the end with the service port answers. What is
left is a guess: the earlier direction opened, else the end with a client's port, else the end with the higher port. Of
protocols without ports, such as ICMP, both directions of which begin in the same second, nothing is known.
"""

import polars as pl

from flowsentry.records.code_names import ACK, SYN, TCP
from flowsentry.records.service_ports import FIRST_EPHEMERAL_PORT, is_service_port

UNKNOWN, GUESSED, BY_PORTS, BY_FLAGS = 0, 1, 2, 3
"""How sure it is which end opened."""
_FLOW = ("interface_id", "source_address", "destination_address", "srcport", "dstport", "protocol")
_BACK = ("interface_id", "destination_address", "source_address", "dstport", "srcport", "protocol")


def with_opener(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows, in another order, with `is_reply` (the destination opened the connection) and `sureness`."""
    decided = flows.with_columns(_by_ports())
    if "tcp_flags" in flows.columns:
        decided = _by_flags(decided)
    unsure = decided.filter(pl.col("sureness") <= GUESSED)
    return pl.concat([decided.filter(pl.col("sureness") > GUESSED), _by_time(unsure)])


def _by_ports() -> list[pl.Expr]:
    to_service, from_service = is_service_port(pl.col("dstport")), is_service_port(pl.col("srcport"))
    to_client = pl.col("dstport") >= FIRST_EPHEMERAL_PORT
    from_client = pl.col("srcport") >= FIRST_EPHEMERAL_PORT
    is_reply = (
        pl.when(to_service != from_service)
        .then(from_service)
        .when(to_client != from_client)
        .then(to_client)
        .when(pl.col("srcport") != pl.col("dstport"))
        .then(pl.col("srcport") < pl.col("dstport"))
    )
    sureness = (
        pl.when(to_service != from_service).then(BY_PORTS).when(is_reply.is_null()).then(UNKNOWN).otherwise(GUESSED)
    )
    return [is_reply.alias("is_reply"), sureness.cast(pl.Int8).alias("sureness")]


def _by_flags(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows, decided by the flags of their own record or of another one of the same connection."""
    has_syn = (pl.col("tcp_flags") & SYN) > 0
    shown = flows.filter((pl.col("protocol") == TCP) & has_syn)
    answers = (pl.col("tcp_flags") & ACK) > 0
    forward = shown.select(*_FLOW, answers.alias("answers"))
    turned = shown.select(
        *(pl.col(name).alias(other) for name, other in zip(_BACK, _FLOW, strict=True)), (~answers).alias("answers")
    )
    known = pl.concat([forward, turned]).unique(_FLOW, keep="first", maintain_order=True)
    joined = flows.join(known, on=_FLOW, how="left")
    by_flags = pl.col("answers").is_not_null()
    return joined.with_columns(
        pl.coalesce("answers", "is_reply").alias("is_reply"),
        pl.when(by_flags).then(BY_FLAGS).otherwise("sureness").cast(pl.Int8).alias("sureness"),
    ).drop("answers")


def _by_time(unsure: pl.DataFrame) -> pl.DataFrame:
    """The flows that neither flags nor ports decide, by which direction came first; sent first where it is alone."""
    if unsure.is_empty():
        return unsure
    first = unsure.group_by(_FLOW).agg(pl.col("start").min().alias("first"))
    back = first.rename({**dict(zip(_FLOW, _BACK, strict=True)), "first": "other_first"})
    times = first.join(back.select(*_FLOW, "other_first"), on=_FLOW, how="left")
    joined = unsure.join(times, on=_FLOW, how="left")
    earlier = pl.col("first") < pl.col("other_first")
    later = pl.col("first") > pl.col("other_first")
    is_ordered = (earlier | later).fill_null(value=False)
    return joined.with_columns(
        pl.when(is_ordered).then(later).otherwise("is_reply").fill_null(value=False).alias("is_reply"),
        pl.when(is_ordered).then(GUESSED).otherwise("sureness").cast(pl.Int8).alias("sureness"),
    ).drop("first", "other_first")
