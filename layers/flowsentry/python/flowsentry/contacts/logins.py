"""Connections to login ports: initiator, responder, and how much the initiator sent."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import polars as pl

from flowsentry.contacts.connection_evidence import (
    SENT,
    filter_few,
    is_from_intermediary,
    is_of_client_ip_preserving,
)
from flowsentry.contacts.intermediaries import logins_counted_once
from flowsentry.contacts.sizes import Size, carries_data, is_of_small_packets_alike, size_with_syn, size_without_flags
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.frames import Logins
from flowsentry.records.code_names import FIN, LOGIN_PORTS, RST, SYN, SYN_ACK, TCP
from flowsentry.records.service_ports import is_service_port

SCHEMA = pl.Schema(
    {
        "scope": pl.Categorical(),
        "initiator": pl.Categorical(),
        "initiator_port": pl.UInt16(),
        "responder": pl.Categorical(),
        "responder_port": pl.UInt16(),
        "day": pl.Int32(),
        "packets": pl.Int64(),
        "first_seen": pl.Int64(),
        "last_seen": pl.Int64(),
        "initiator_is_inside": pl.Boolean(),
        "responder_is_inside": pl.Boolean(),
        "is_whole": pl.Boolean(),
        "is_answered": pl.Boolean(),
        "server_replied": pl.Boolean(),
    }
)
NO_LOGINS = Logins(SCHEMA.to_frame())
MIN_LOGIN_PACKETS = 4
"""Packets of the client in a record, below which the record is left out: it is a probe, or a health check that closes
at once. Higher: thresholds that a user may set would never be reached. Lower: every scanner that probes a login port is
held in memory."""
MAX_UNMERGED_ROWS = 200_000
"""Records that are held until those of the same connection are merged. More: more memory. Fewer: the same connections
are merged more often."""
_FIN_OR_RST = FIN | RST
_ENDS = SYN_ACK | _FIN_OR_RST
_SIZED = ("bytes", "is_ipv6")
_ENDS_OF_CONNECTION = ("scope", "initiator", "initiator_port", "responder", "responder_port")
_CONNECTION = (*_ENDS_OF_CONNECTION, "day")


class LoginEvidence(NamedTuple):
    """The login evidence of a chunk: records of clients, and of servers that sent more than SYN-ACKs and RSTs."""

    records: pl.DataFrame
    replies: pl.DataFrame


def logins_in(flows: pl.DataFrame, *, has_acks: bool) -> LoginEvidence:
    """The records of a chunk that may belong to logins: those sent to login ports that answered, and the replies. A
    record of SYNs alone is no login attempt: if it was answered in another batch, a later record shows that.
    `has_acks`: the flags include ACKs outside a SYN-ACK.
    """
    is_one = (_is_login_port("dstport") | _is_login_port("srcport")) & ~pl.col("is_rejected")
    has_flags = "tcp_flags" in flows.columns
    columns = [*SENT, *_SIZED, "tcp_flags"] if has_flags else [*SENT, *_SIZED]
    both = filter_few(flows[columns], is_one & (pl.col("packets") >= MIN_LOGIN_PACKETS))
    if both.is_empty():
        return LoginEvidence(both, both)
    return LoginEvidence(_of_clients(both.filter(_is_login_port("dstport")), has_acks=has_acks), _of_servers(both))


@cache
def _is_login_port(name: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(name) == port for port in LOGIN_PORTS)


def _of_clients(records: pl.DataFrame, *, has_acks: bool) -> pl.DataFrame:
    if "tcp_flags" not in records.columns:
        return _answered(records, size_without_flags() == Size.MORE)
    if not has_acks:
        records = records.filter((pl.col("tcp_flags") & SYN_ACK) != SYN_ACK)
    return _answered(records, ((pl.col("tcp_flags") & _ENDS) != SYN) | (size_with_syn() == Size.MORE))


def _answered(records: pl.DataFrame, is_more: pl.Expr) -> pl.DataFrame:
    """The records with more than SYNs, and whether each has data. Mostly there are none."""
    has_data, is_alike = carries_data().alias("has_data"), is_of_small_packets_alike().alias("is_alike")
    return records.filter(is_more).select(pl.exclude(_SIZED), has_data, is_alike)


def _of_servers(records: pl.DataFrame) -> pl.DataFrame:
    """The records of servers that can't be SYN-ACKs and RSTs alone, which all have one size and carry no data: servers
    send those in reply to spoofed packets, too.
    """
    is_said = _is_login_port("srcport") & carries_data() & ~is_of_small_packets_alike()
    return records.filter(is_said).select(pl.exclude(_SIZED), pl.lit(value=True).alias("has_data"))


class LoginRecords:
    """Collects the logins of the chunks of one source. Memory follows the number of connections, not of records."""

    def __init__(self) -> None:
        self._records: list[pl.DataFrame] = []
        self._connections: list[pl.DataFrame] = []
        self._replies: list[pl.DataFrame] = []
        self._rows = 0

    def add(self, evidence: LoginEvidence) -> None:
        """Adds the result of `logins_in` for a chunk."""
        if len(evidence.replies):
            self._replies = [pl.concat([*self._replies, _reply_ends(evidence.replies)]).unique()]
        if evidence.records.is_empty():
            return
        self._records.append(evidence.records)
        self._rows += len(evidence.records)
        if self._rows > MAX_UNMERGED_ROWS:
            self._connections = [self._merged()]
            self._records, self._rows = [], 0

    def _merged(self) -> pl.DataFrame:
        rows = [_rows(pl.concat(self._records, how="diagonal"))] if self._records else []
        return _merged([*self._connections, *rows])

    def logins(self) -> Logins:
        """One row for each connection and day. A record without one of these fields is left out."""
        if not self._records and not self._connections:
            return NO_LOGINS
        once = self._with_replies(logins_counted_once(self._merged()))
        return Logins(once.select(SCHEMA.names()).drop_nulls(_CONNECTION))

    def _with_replies(self, logins: pl.DataFrame) -> pl.DataFrame:
        """The logins; those whose server sent data in this source are answered."""
        if not self._replies:
            return logins.with_columns(pl.lit(value=False).alias("server_replied"))
        replied = self._replies[0].with_columns(pl.lit(value=True).alias("server_replied"))
        joined = logins.join(replied, on=_ENDS_OF_CONNECTION, how="left")
        known = joined.with_columns(pl.col("server_replied").fill_null(value=False))
        return known.with_columns(pl.col("is_answered") | pl.col("server_replied"))


def _reply_ends(replies: pl.DataFrame) -> pl.DataFrame:
    """The connections that the records of servers belong to."""
    names = ("source_scope", "destination_address", "dstport", "source_address", "srcport")
    ends = (pl.col(name).alias(end) for name, end in zip(names, _ENDS_OF_CONNECTION, strict=True))
    return replies.filter(pl.col("protocol") == TCP).select(*ends).unique()


def _rows(records: pl.DataFrame) -> pl.DataFrame:
    """The records that a client sent, each as a login.

    Wrong for a client that calls from a service port: it is missed. Wrong also for a server on an unlisted port whose
    client calls from a login port, as NAT gateways may: its replies, except a record with the SYN-ACK, count as packets
    of a login.
    """
    logins = records.filter((pl.col("protocol") == TCP) & ~is_service_port(pl.col("srcport")) & ~is_from_intermediary())
    return logins.select(
        pl.col("source_scope").alias("scope"),
        pl.col("source_address").alias("initiator"),
        pl.col("srcport").alias("initiator_port"),
        pl.col("destination_address").alias("responder"),
        pl.col("dstport").alias("responder_port"),
        (pl.col("start") // SECONDS_A_DAY).cast(pl.Int32).alias("day"),
        "packets",
        pl.col("start").alias("first_seen"),
        pl.coalesce("end", "start").alias("last_seen"),
        pl.col("source_is_inside").alias("initiator_is_inside"),
        pl.col("destination_is_inside").alias("responder_is_inside"),
        (_is_whole() & pl.col("has_data") if "tcp_flags" in records.columns else pl.col("has_data")).alias("is_whole"),
        (_is_ended() if "tcp_flags" in records.columns else pl.lit(value=False)).alias("is_answered"),
        is_of_client_ip_preserving().alias("is_of_client_ip_preserving"),
        "protocol",
    )


@cache
def _is_ended() -> pl.Expr:
    """Whether a record has data and FIN, which no system sends before it was answered. Wrong for spoofed packets of
    different sizes with FIN.
    """
    return ((pl.col("tcp_flags") & FIN) != 0) & pl.col("has_data") & ~pl.col("is_alike")


@cache
def _is_whole() -> pl.Expr:
    """Whether a record covers its connection from SYN to FIN or RST. A login also has data."""
    return ((pl.col("tcp_flags") & SYN) != 0) & ((pl.col("tcp_flags") & _FIN_OR_RST) != 0)


def _merged(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row for each connection and day. The order and division of its records do not matter."""
    return (
        pl.concat(parts)
        .group_by(*_CONNECTION, "protocol", "is_of_client_ip_preserving")
        .agg(
            pl.col("packets").max(),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
            pl.col("initiator_is_inside", "responder_is_inside").any(),
            pl.col("is_whole").max(),
            pl.col("is_answered").any(),
        )
        .select(parts[0].columns)
    )
