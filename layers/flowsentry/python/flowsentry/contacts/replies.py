"""Replies that a rule refused although rules had let through what they answer.

Security groups are stateful and never refuse a reply, so it was a network ACL
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-security-groups).
It is told of one five-tuple at one interface: the request ACCEPTed, the reply REJECTed, and no reply ACCEPTed there.

Late packets of a closed connection are REJECT too. They have no SYN; their opener's record has data in it, or an
accepted reply beside it; and those of UDP and ICMP come when a group has forgotten the request.

Wrong for a SYN-ACK that comes after the group has forgotten the SYN: that is told, and is none. Never told are a reply
by another interface than the request's, one whose request is in another batch, and one that a gateway translates.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.contacts.connection_evidence import (
    ALL,
    ICMP,
    ICMPV6,
    INSIDE,
    KEY,
    OPENING_FLAGS,
    SENT,
    TCP,
    UDP,
    established_evidence,
    filter_few,
    opening_evidence,
)
from flowsentry.contacts.sizes import is_syn_ack_sized
from flowsentry.records.service_ports import is_service_port

TUPLE = ("interface_id", "initiator", "initiator_port", "responder", "responder_port", "protocol")
_SYN_ACK = 18
MAX_TRACKED_SECONDS = 30
"""For which a security group remembers a UDP packet without reply, at least
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ConnectionTrackingConfiguration.html). More: late replies,
which a group refuses, are taken for refused by a network ACL. Less: slow replies are not told."""
MAX_DATAGRAMS = 400_000
"""Accepted records of UDP and ICMP held (some 60 bytes each). More: more memory. Fewer: where there are more, a refused
reply between two addresses that are not looked at is not told."""
_HELD = ("interface_id", *SENT)


class Exchanges:
    """What the chunks of one source show of requests and refused replies so far. Bounded: of very many datagrams only
    those of half the pairs of addresses are held, and then of half of these; both directions are of one pair.
    """

    def __init__(self) -> None:
        self._refused: list[pl.DataFrame] = []
        self._accepted: list[pl.DataFrame] = []
        self._held, self._share = 0, 1

    def add(self, flows: pl.DataFrame, rejected: pl.DataFrame) -> None:
        """Takes in one chunk of flows, of which `rejected` are the rejected ones."""
        is_syn_ack = _has_syn_and_ack() if "tcp_flags" in flows.columns else _looks_like_syn_ack()
        may_reply = pl.when(pl.col("protocol") == TCP).then(is_syn_ack).otherwise(_may_be_datagram_reply())
        if len(rejected) and len(refused := rejected.filter(may_reply)):
            self._refused.append(_as_requests(refused))
        if len(accepted := filter_few(flows.select(_HELD), _is_datagram() & ~pl.col("is_rejected"))):
            self._hold(self._kept(accepted))

    @property
    def accepted_datagrams(self) -> Sequence[pl.DataFrame]:
        """The records of UDP and ICMP that were let through; of very many, those of some pairs of addresses."""
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
        """The openings that were accepted and are nothing but SYNs, of which a SYN-ACK was refused and nothing that
        came back was accepted; None when there is none.
        """
        if (refused := self._refused_of(pl.col("protocol") == TCP)) is None:
            return None
        let_through = (pl.col("protocol") == TCP) & (pl.col("rejected_packets") == 0) & pl.any_horizontal(OPENING_FLAGS)
        asked = _with_port(pl.concat(each.filter(let_through) for each in openings)).join(refused, on=TUPLE, how="semi")
        return _unless_empty(asked.join(pl.concat(replies), on=TUPLE, how="anti"))

    def refused_datagrams(self) -> pl.DataFrame | None:
        """The requests over UDP and ICMP, as openings, of which a reply was refused, no more than MAX_TRACKED_SECONDS
        after one of them, and none was accepted; None when there is none.

        Wrong for two hosts that ping each other, or send from and to the same two ports, when one of them is not let
        out and never replies: what it asks is taken for replies.
        """
        refused = self._refused_of(_is_datagram())
        if refused is None or not self._accepted:
            return None
        accepted = pl.concat(self._accepted)
        answered = _as_requests(accepted).join(refused, on=TUPLE, how="semi")
        asked = _with_port(opening_evidence(accepted, ALL, is_certain=ALL))
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


def _has_syn_and_ack() -> pl.Expr:
    return (pl.col("tcp_flags") & _SYN_ACK) == _SYN_ACK


def _looks_like_syn_ack() -> pl.Expr:
    return _is_from_service() & is_syn_ack_sized()


def _may_be_datagram_reply() -> pl.Expr:
    """What is sent from inside, and from wherever by a UDP service."""
    from_service = (pl.col("protocol") == UDP) & _is_from_service()
    return _is_datagram() & (pl.col("source_is_inside") | from_service)


def _is_datagram() -> pl.Expr:
    return pl.col("protocol").is_in([UDP, ICMP, ICMPV6])


def _is_from_service() -> pl.Expr:
    return is_service_port(pl.col("srcport")) & ~is_service_port(pl.col("dstport"))


def _as_requests(flows: pl.DataFrame) -> pl.DataFrame:
    """The records in the words of what they may be replies to."""
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
    """The openings without those that are refused replies to what was asked: who replies opens nothing, and is not to
    be taken for a scanner by it.
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
    """The endpoints as contacts over UDP that were answered; None when there is none. `opened` has one row for each
    contact that is unsure, `accepted` the records of datagrams that were let through (SENT).

    Looked at are only initiators that have opened something over TCP without surely being answered, on the ports on
    which they have: mostly there are none of them that ask over UDP. Wrong for a host that sweeps a port over TCP on
    which it is answered by many over UDP: it is seen as a resolver is.
    """
    unsure = opened.filter(pl.col("protocol") == TCP).select("initiator", "responder_port").unique()
    if unsure.is_empty() or not accepted:
        return None
    own = pl.col("source_address").is_in(unsure["initiator"].implode())
    asked = pl.concat([each.filter((pl.col("protocol") == UDP) & own) for each in accepted])
    wanted = asked.join(unsure, left_on=["source_address", "dstport"], right_on=unsure.columns, how="semi")
    return _answered(wanted, accepted) if len(wanted) else None


def _answered(asked: pl.DataFrame, accepted: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Of what was asked, that to which something came back."""
    back = pl.col("destination_address").is_in(asked["source_address"].unique().implode())
    replies = pl.concat([each.filter((pl.col("protocol") == UDP) & back).select(_UDP_PATH) for each in accepted])
    answered = asked.join(replies, left_on=_UDP_PATH, right_on=_UDP_REPLY_PATH, how="semi")
    contacts = established_evidence(answered, pl.lit(value=True))
    return contacts.group_by(KEY).agg(pl.col("first_seen").min(), pl.col("last_seen").max(), pl.col(INSIDE).any())
