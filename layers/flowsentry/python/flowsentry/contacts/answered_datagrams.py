"""Endpoints that answered over UDP, beside TCP connections of the same initiator that failed on the same port.

A resolver asks over UDP and again over TCP where nothing came back (https://www.rfc-editor.org/rfc/rfc7766#section-5),
as a browser does with QUIC: of what it called, only what is dead is called over TCP. So an endpoint that answered over
UDP counts as one that answers: its TCP has not failed, and it stands beside those that have.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.contacts.connection_evidence import INSIDE, KEY, TCP, UDP, established_evidence

_WAY = ("source_address", "srcport", "destination_address", "dstport")
_BACK = ("destination_address", "dstport", "source_address", "srcport")


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
    replies = pl.concat([each.filter((pl.col("protocol") == UDP) & back).select(_WAY) for each in accepted])
    answered = asked.join(replies, left_on=_WAY, right_on=_BACK, how="semi")
    contacts = established_evidence(answered, pl.lit(value=True))
    return contacts.group_by(KEY).agg(pl.col("first_seen").min(), pl.col("last_seen").max(), pl.col(INSIDE).any())
