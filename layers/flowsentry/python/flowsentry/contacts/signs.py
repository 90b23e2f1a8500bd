"""Signs of contacts: what records say about who opened what to whom, in a form that adds up in any order."""

from collections.abc import Sequence

import polars as pl

from flowsentry.evidence import SECONDS_A_DAY
from flowsentry.frames import Contacts, EnrichedFlows
from flowsentry.services import is_service_port

KEY = ("scope", "initiator", "responder", "responder_port", "protocol", "day")
OUTCOME = pl.Enum(["answered", "refused", "unanswered", "rejected", "doubtful"])
MAX_SYN_PACKETS = 7
"""An opening without answer is at most this many packets in an interval: Linux sends a SYN and six more
(tcp_syn_retries). More packets: it was answered somewhere."""
MAX_SYN_BYTES, MAX_SYN_BYTES_IPV6 = 60, 80
"""A SYN with all options, per packet. Larger packets on average: data, so it was answered somewhere."""
BARE_BYTES, BARE_BYTES_IPV6 = 40, 60
"""A packet without options or data: the RST that refuses is one; a SYN of an operating system never is, some
scanners' are."""

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58

_SUMS = ("opened_packets", "opened_bytes", "rejected_packets", "reply_packets")
_TOLD = ("is_established", "is_answered", "is_refused", "is_doubtful", "is_certain")
_ANY = (*_TOLD, "initiator_is_inside", "responder_is_inside")
_FIRST = ("initiator_owner_kind", "interface_id")

INTERMEDIARIES = (
    "nat gateway",
    "application load balancer",
    "network load balancer",
    "gateway load balancer",
    "classic load balancer",
    "vpc endpoint",
    "transit gateway",
)
"""Owner kinds that pass on what others sent: never the subject of a finding."""


def opener_signs(flows: pl.DataFrame, **signs: pl.Expr) -> pl.DataFrame:
    """The flows as sent by the initiator, with what they are a sign of."""
    opened = {"opened_packets": pl.col("packets"), "opened_bytes": pl.col("bytes")}
    return _signs(flows, ("source", "srcport"), ("destination", "dstport"), opened | signs)


def reply_signs(flows: pl.DataFrame, **signs: pl.Expr) -> pl.DataFrame:
    """The flows as sent by the responder, with what they are a sign of."""
    return _signs(
        flows, ("destination", "dstport"), ("source", "srcport"), {"reply_packets": pl.col("packets")} | signs
    )


def _signs(
    flows: pl.DataFrame, initiator: tuple[str, str], responder: tuple[str, str], signs: dict[str, pl.Expr]
) -> pl.DataFrame:
    (initiator_end, initiator_port), (responder_end, responder_port) = initiator, responder
    no_sum, no_sign = pl.lit(0, pl.Int64), pl.lit(value=False)
    return flows.select(
        "scope",
        pl.col(f"{initiator_end}_address").alias("initiator"),
        pl.col(f"{responder_end}_address").alias("responder"),
        pl.col(responder_port).alias("responder_port"),
        "protocol",
        (pl.col("start") // SECONDS_A_DAY).cast(pl.Int32).alias("day"),
        *(signs.get(name, no_sum).alias(name) for name in _SUMS),
        *(signs.get(name, no_sign).alias(name) for name in _TOLD),
        pl.col(f"{initiator_end}_is_inside").alias("initiator_is_inside"),
        pl.col(f"{responder_end}_is_inside").alias("responder_is_inside"),
        pl.col(f"{initiator_end}_owner_kind").alias("initiator_owner_kind"),
        "interface_id",
        pl.col("start").alias("first_seen"),
        pl.col("end").alias("last_seen"),
        pl.col(initiator_port).alias("min_initiator_port"),
        pl.col(initiator_port).alias("max_initiator_port"),
    )


def add_up(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row for each contact. Order and cutting of the frames are irrelevant: sums, any, smallest and largest."""
    return (
        pl.concat(frames)
        .group_by(KEY)
        .agg(
            pl.col(_SUMS).sum(),
            pl.col(_ANY).any(),
            pl.col(_FIRST).first(),
            pl.col("first_seen", "min_initiator_port").min(),
            pl.col("last_seen", "max_initiator_port").max(),
        )
    )


def is_syn_sized() -> pl.Expr:
    """Whether a record is small enough to be nothing but SYNs."""
    size = pl.when("is_ipv6").then(MAX_SYN_BYTES_IPV6).otherwise(MAX_SYN_BYTES)
    return (pl.col("packets") <= MAX_SYN_PACKETS) & (pl.col("bytes") <= size * pl.col("packets"))


def is_bare() -> pl.Expr:
    """Whether a record's packets carry neither options nor data."""
    return pl.col("bytes") <= pl.when("is_ipv6").then(BARE_BYTES_IPV6).otherwise(BARE_BYTES) * pl.col("packets")


def signs_of_rejects(flows: EnrichedFlows) -> pl.DataFrame:
    """What the REJECT records of UDP and ICMP are signs of. These have no handshake, so a contact fails only by
    REJECT; one from a service port to a port that is none is a late reply, not a contact.
    """
    udp = pl.col("protocol") == UDP
    is_reply = is_service_port(pl.col("srcport")) & ~is_service_port(pl.col("dstport"))
    rejected = (pl.col("action") == "REJECT") & ((udp & ~is_reply) | pl.col("protocol").is_in([ICMP, ICMPV6]))
    return opener_signs(flows.filter(rejected), rejected_packets=pl.col("packets"))


def outcomes(signs: pl.DataFrame) -> Contacts:
    """What became of each contact; what has signs of a reply only is none, and neither is what a NAT gateway, a load
    balancer or an endpoint passed on.
    """
    opened = pl.col("opened_packets") > 0
    no_more_back = pl.col("reply_packets") <= pl.col("opened_packets")
    refused = pl.col("is_refused") & no_more_back & ~pl.col("is_answered")
    outcome = (
        pl.when(pl.col("is_established") | (opened & pl.col("is_answered")))
        .then(pl.lit("answered", OUTCOME))
        .when(opened & pl.col("is_doubtful"))
        .then(pl.lit("doubtful", OUTCOME))
        .when(opened & (pl.col("rejected_packets") > 0))
        .then(pl.lit("rejected", OUTCOME))
        .when(opened & refused)
        .then(pl.when("is_certain").then(pl.lit("refused", OUTCOME)))
        .when(opened & (pl.col("reply_packets") == 0))
        .then(pl.lit("unanswered", OUTCOME))
        .when(opened)
        .then(pl.lit("answered", OUTCOME))
    )
    passes_on = pl.col("initiator_owner_kind").cast(pl.String).is_in(INTERMEDIARIES).fill_null(value=False)
    settled = signs.with_columns(outcome.alias("outcome")).filter(pl.col("outcome").is_not_null() & ~passes_on)
    return Contacts(settled.filter(pl.col("initiator").is_not_null() & pl.col("responder").is_not_null()))
