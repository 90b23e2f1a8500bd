"""Replies: those that a rule refused although the request was accepted, and endpoints that answered over UDP.

Security groups are stateful and never refuse a reply, so a network ACL refused it
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-security-groups). A
refused reply is one five-tuple at one interface: the request ACCEPTed, a reply REJECTed, and no reply ACCEPTed there.

Late packets of a closed connection are REJECTed too. They have no SYN; the record of the initiator has data, or there
is an accepted reply beside it; and those of UDP and ICMP come when the security group no longer tracks the request.

False positive: a SYN-ACK that comes after the security group has stopped tracking the SYN. Not detected: a reply
through another interface than the request, one whose request is in another batch, and one that a gateway translates.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.contacts.connection_evidence import (
    INSIDE,
    KEY,
    OPENING_FLAGS,
    SENT,
    all_of,
    established_evidence,
    initiated,
    is_from_service,
    none_of,
    opening_evidence,
)
from flowsentry.contacts.sizes import is_syn_ack_sized
from flowsentry.records.code_names import ICMP, ICMPV6, SYN_ACK, TCP, UDP
from flowsentry.records.few_rows import rows_where

TUPLE = ("interface_id", "initiator", "initiator_port", "responder", "responder_port", "protocol")
MAX_TRACKED_SECONDS = 30
"""How long a security group tracks a UDP packet without reply, at least
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ConnectionTrackingConfiguration.html). More: late replies,
which a security group refuses, are attributed to a network ACL. Less: refused replies of slow servers are missed."""
MAX_DATAGRAMS = 400_000
"""Accepted records of UDP and ICMP that are held (some 60 bytes each). More: more memory. Fewer: beyond it only some
pairs of addresses are held, and refused replies between the others are missed."""
_HELD = ["interface_id", *SENT]


class Exchanges:
    """Collects requests and refused replies from the chunks of one source. Bounded: beyond MAX_DATAGRAMS only the
    datagrams of half of the address pairs are held, then of half of these, and so on. Both directions are one pair.
    """

    def __init__(self) -> None:
        self._refused: list[pl.DataFrame] = []
        self._accepted: list[pl.DataFrame] = []
        self._held, self._share = 0, 1

    def add(self, flows: pl.DataFrame, rejected: pl.DataFrame) -> None:
        """Adds one chunk of flows; `rejected` are the rejected ones among them."""
        if len(rejected) and len(refused := rows_where(rejected, _may_reply(rejected))):
            self._refused.append(_as_requests(refused))
        is_datagram = _are_datagrams(flows)
        if is_datagram.any() and len(accepted := rows_where(flows[_HELD], is_datagram & ~flows["is_rejected"])):
            self._hold(self._kept(accepted))

    @property
    def accepted_datagrams(self) -> Sequence[pl.DataFrame]:
        """The accepted records of UDP and ICMP; beyond MAX_DATAGRAMS, those of some pairs of addresses."""
        return self._accepted

    def _hold(self, accepted: pl.DataFrame) -> None:
        self._accepted.append(accepted)
        self._held += len(accepted)
        while self._held > MAX_DATAGRAMS:
            self._share *= 2
            self._accepted = [self._kept(part) for part in self._accepted]
            self._held = sum(map(len, self._accepted))

    def _kept(self, accepted: pl.DataFrame) -> pl.DataFrame:
        pair = pl.col("source_address").to_physical() ^ pl.col("destination_address").to_physical()
        return accepted if self._share == 1 else accepted.filter(pair % self._share == 0)

    def refused_tcp(self, openings: Sequence[pl.DataFrame], replies: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
        """The accepted openings of nothing but SYNs for which a SYN-ACK was refused and no reply was accepted; None
        when there is none.
        """
        if (refused := self._refused_of(pl.col("protocol") == TCP)) is None:
            return None
        let_through = (pl.col("protocol") == TCP) & (pl.col("rejected_packets") == 0) & pl.any_horizontal(OPENING_FLAGS)
        asked = _with_port(pl.concat(each.filter(let_through) for each in openings)).join(refused, on=TUPLE, how="semi")
        return _unless_empty(asked.join(pl.concat(replies), on=TUPLE, how="anti"))

    def refused_datagrams(self) -> pl.DataFrame | None:
        """The requests over UDP and ICMP, as openings, for which a reply was refused within MAX_TRACKED_SECONDS and
        none was accepted; None when there is none.

        Wrong for two hosts that ping each other, or send from and to the same two ports, when the rules of one let
        nothing out and it never replies: its requests are taken for replies.
        """
        refused = self._refused_of(_IS_DATAGRAM)
        if refused is None or not self._accepted:
            return None
        accepted = pl.concat(self._accepted)
        answered = _as_requests(accepted).join(refused, on=TUPLE, how="semi")
        sent = initiated(accepted, all_of(accepted))
        asked = _with_port(opening_evidence(sent, is_certain=all_of(sent), is_doubtful=none_of(sent)))
        asked = asked.join(answered, on=TUPLE, how="anti").join(refused, on=TUPLE)
        is_after = pl.col("replied") >= pl.col("first_seen")
        is_remembered = pl.col("replied") < pl.col("last_seen") + MAX_TRACKED_SECONDS
        return _unless_empty(asked.filter(is_after & is_remembered).drop("replied").unique())

    def _refused_of(self, protocol: pl.Expr) -> pl.DataFrame | None:
        return _unless_empty(pl.concat(self._refused).filter(protocol)) if self._refused else None


def _unless_empty(rows: pl.DataFrame) -> pl.DataFrame | None:
    return rows if len(rows) else None


def _with_port(openings: pl.DataFrame) -> pl.DataFrame:
    return openings.with_columns(pl.col("min_initiator_port").alias("initiator_port"))


def _may_reply(rejected: pl.DataFrame) -> pl.Series:
    """Whether a record may be a reply: a SYN-ACK, or a datagram that is sent from inside or by a service anywhere."""
    is_tcp, is_datagram = rejected["protocol"] == TCP, _are_datagrams(rejected)
    may_reply = is_tcp & (
        _has_syn_and_ack(rejected) if "tcp_flags" in rejected.columns else _looks_like_syn_ack(rejected)
    )
    if not is_datagram.any():
        return may_reply
    from_service = (rejected["protocol"] == UDP) & is_from_service(rejected)
    return may_reply | (is_datagram & (rejected["source_is_inside"] | from_service))


def _has_syn_and_ack(flows: pl.DataFrame) -> pl.Series:
    return (flows["tcp_flags"] & SYN_ACK) == SYN_ACK


def _looks_like_syn_ack(flows: pl.DataFrame) -> pl.Series:
    return is_from_service(flows) & is_syn_ack_sized(flows)


def _are_datagrams(flows: pl.DataFrame) -> pl.Series:
    protocol = flows["protocol"]
    return (protocol == UDP) | (protocol == ICMP) | (protocol == ICMPV6)


_IS_DATAGRAM = pl.col("protocol").is_in([UDP, ICMP, ICMPV6])


def _as_requests(flows: pl.DataFrame) -> pl.DataFrame:
    """The records with the columns of the request that they may reply to."""
    return flows.select(
        "interface_id",
        pl.col("destination_address").alias("initiator"),
        pl.col("dstport").alias("initiator_port"),
        pl.col("source_address").alias("responder"),
        pl.col("srcport").alias("responder_port"),
        "protocol",
        pl.col("start").alias("replied"),
    )


def without_replies(openings: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The openings without refused replies to the requests `asked`: an endpoint that replies opens nothing, and must
    not look like a scanner.
    """
    replies = asked.select(
        "interface_id",
        "protocol",
        pl.col("responder").alias("initiator"),
        pl.col("responder_port").alias("min_initiator_port"),
        pl.col("initiator").alias("responder"),
        pl.col("initiator_port").alias("responder_port"),
    )
    return openings.join(replies, on=replies.columns, how="anti")


_UDP_PATH = ("source_address", "srcport", "destination_address", "dstport")
_UDP_REPLY_PATH = ("destination_address", "dstport", "source_address", "srcport")


def answered_over_udp(opened: pl.DataFrame, accepted: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """Answered contacts over UDP of initiators whose TCP connections to the same port may have failed; None when there
    is none. `opened` has one row for each contact that did not certainly carry data, `accepted` the accepted datagrams
    (SENT).

    A resolver asks over UDP and again over TCP where nothing came back
    (https://www.rfc-editor.org/rfc/rfc7766#section-5), as a browser does with QUIC: of the endpoints that it called, it
    calls only the dead ones over TCP. So an endpoint that answered over UDP counts as one that answers, beside those
    that failed over TCP.

    Only initiators with such TCP contacts are examined, on those ports: mostly none of them uses UDP. Wrong for a host
    that sweeps a port over TCP on which many endpoints answer it over UDP: it is taken for a resolver.
    """
    if not accepted or opened.is_empty():
        return None
    unsure = opened.filter(pl.col("protocol") == TCP).select("initiator", "responder_port").unique()
    if unsure.is_empty():
        return None
    own = pl.col("source_address").is_in(unsure["initiator"].implode())
    asked = pl.concat([each.filter((pl.col("protocol") == UDP) & own) for each in accepted])
    wanted = asked.join(unsure, left_on=["source_address", "dstport"], right_on=unsure.columns, how="semi")
    return _answered(wanted, accepted) if len(wanted) else None


def _answered(asked: pl.DataFrame, accepted: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The requests for which a datagram came back, as contacts."""
    back = pl.col("destination_address").is_in(asked["source_address"].unique().implode())
    replies = pl.concat([each.filter((pl.col("protocol") == UDP) & back).select(_UDP_PATH) for each in accepted])
    answered = asked.join(replies, left_on=_UDP_PATH, right_on=_UDP_REPLY_PATH, how="semi")
    contacts = established_evidence(answered, all_of(answered))
    return contacts.group_by(KEY).agg(pl.col("first_seen").min(), pl.col("last_seen").max(), pl.col(INSIDE).any())
