"""Connections to login ports: initiator, responder, and how much the initiator sent."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.contacts.connection_evidence import SENT, initiated, none_of
from flowsentry.contacts.intermediaries import logins_counted_once
from flowsentry.contacts.sizes import Size, carries_data, is_of_small_packets_alike, size_with_syn, size_without_flags
from flowsentry.frames import Logins
from flowsentry.records.code_names import FIN, LOGIN_PORTS, RST, SYN, SYN_ACK, TCP
from flowsentry.records.few_rows import are_among, rows_where
from flowsentry.records.service_ports import PORTS, are_service_ports

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
    is_one = _are_login_ports(flows["dstport"]) | _are_login_ports(flows["srcport"])
    is_one &= ~flows["is_rejected"] & (flows["packets"] >= MIN_LOGIN_PACKETS)
    has_flags = "tcp_flags" in flows.columns
    both = rows_where(flows[[*SENT, *_SIZED, "tcp_flags"] if has_flags else [*SENT, *_SIZED]], is_one)
    if both.is_empty():
        return LoginEvidence(both, both)
    return LoginEvidence(_of_clients(both, has_acks=has_acks), _of_servers(both))


_IS_LOGIN_PORT = (pl.int_range(PORTS, eager=True) < 0).scatter(list(LOGIN_PORTS), values=True)


def _are_login_ports(ports: pl.Series) -> pl.Series:
    return _IS_LOGIN_PORT[ports]


def _of_clients(both: pl.DataFrame, *, has_acks: bool) -> pl.DataFrame:
    """The records of clients with more than SYNs, and whether each has data. Mostly there are none."""
    records = rows_where(both, _are_login_ports(both["dstport"]))
    if "tcp_flags" not in records.columns:
        return _sent(rows_where(records, size_without_flags(records) == Size.MORE))
    flags = records["tcp_flags"]
    is_more = ((flags & _ENDS) != SYN) | (size_with_syn(records) == Size.MORE)
    return _sent(rows_where(records, is_more if has_acks else is_more & ((flags & SYN_ACK) != SYN_ACK)))


def _sent(records: pl.DataFrame) -> pl.DataFrame:
    """The records with `has_data` and `is_alike` in place of their sizes."""
    facts = [carries_data(records).alias("has_data"), is_of_small_packets_alike(records).alias("is_alike")]
    return records[[name for name in records.columns if name not in _SIZED]].hstack(facts)


def _of_servers(both: pl.DataFrame) -> pl.DataFrame:
    """The records of servers that can't be SYN-ACKs and RSTs alone, which all have one size and carry no data: servers
    send those in reply to spoofed packets, too.
    """
    records = rows_where(both, _are_login_ports(both["srcport"]))
    return rows_where(records, carries_data(records) & ~is_of_small_packets_alike(records))


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
            ends = _reply_ends(evidence.replies)
            self._replies = [pl.concat([*self._replies, ends]).unique() if self._replies else ends]
        if evidence.records.is_empty():
            return
        self._records.append(evidence.records)
        self._rows += len(evidence.records)
        if self._rows > MAX_UNMERGED_ROWS:
            self._connections = [self._merged()]
            self._records, self._rows = [], 0

    def _merged(self) -> pl.DataFrame:
        held = self._records
        rows = [_rows(pl.concat(held, how="diagonal") if len(held) > 1 else held[0])] if held else []
        return _merged([*self._connections, *rows])

    def logins(self) -> Logins:
        """One row for each connection and day. A record without one of these fields is left out."""
        if not self._records and not self._connections:
            return NO_LOGINS
        once = self._with_replies(logins_counted_once(self._merged()))[SCHEMA.names()]
        return Logins(once.drop_nulls(_CONNECTION) if any(once[name].null_count() for name in _CONNECTION) else once)

    def _with_replies(self, logins: pl.DataFrame) -> pl.DataFrame:
        """The logins; those whose server sent data in this source are answered."""
        replied = are_among(logins, self._replies[0], _ENDS_OF_CONNECTION) if self._replies else none_of(logins)
        others = logins[[name for name in logins.columns if name != "is_answered"]]
        is_answered = (logins["is_answered"] | replied).alias("is_answered")
        return others.hstack([is_answered, replied.alias("server_replied")])


def _reply_ends(replies: pl.DataFrame) -> pl.DataFrame:
    """The connections that the records of servers belong to."""
    sent = rows_where(replies, replies["protocol"] == TCP)
    names = ("source_scope", "destination_address", "dstport", "source_address", "srcport")
    ends = zip(names, _ENDS_OF_CONNECTION, strict=True)
    return pl.DataFrame([sent[name].alias(end) for name, end in ends])


def _rows(records: pl.DataFrame) -> pl.DataFrame:
    """The records that a client sent, each as a login.

    Wrong for a client that calls from a service port: it is missed. Wrong also for a server on an unlisted port whose
    client calls from a login port, as NAT gateways may: its replies, except a record with the SYN-ACK, count as packets
    of a login.
    """
    sent = initiated(records, (records["protocol"] == TCP) & ~are_service_ports(records["srcport"]))
    start, end, has_flags = sent["start"], sent["end"], "tcp_flags" in sent.columns
    columns = {
        "scope": sent["source_scope"],
        "initiator": sent["source_address"],
        "initiator_port": sent["srcport"],
        "responder": sent["destination_address"],
        "responder_port": sent["dstport"],
        "day": sent["day"],
        "packets": sent["packets"],
        "first_seen": start,
        "last_seen": end.zip_with(end.is_not_null(), start),
        "initiator_is_inside": sent["source_is_inside"],
        "responder_is_inside": sent["destination_is_inside"],
        "is_whole": _are_whole(sent) & sent["has_data"] if has_flags else sent["has_data"],
        "is_answered": _are_ended(sent) if has_flags else none_of(sent),
        "is_of_client_ip_preserving": sent["destination_preserves_client_ip"],
        "protocol": sent["protocol"],
    }
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def _are_ended(records: pl.DataFrame) -> pl.Series:
    """Whether a record has data and FIN, which no system sends before it was answered. Wrong for spoofed packets of
    different sizes with FIN.
    """
    return ((records["tcp_flags"] & FIN) != 0) & records["has_data"] & ~records["is_alike"]


def _are_whole(records: pl.DataFrame) -> pl.Series:
    """Whether a record covers its connection from SYN to FIN or RST. A login also has data."""
    flags = records["tcp_flags"]
    return ((flags & SYN) != 0) & ((flags & _FIN_OR_RST) != 0)


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
    )[parts[0].columns]
