"""Connections to login ports: who tried to log in where, and how much was said."""

from collections.abc import Sequence

import polars as pl

from flowsentry.frames import Logins

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
    }
)


def logins_of(parts: Sequence[pl.DataFrame]) -> Logins:
    """The logins that the chunks of a source show, one row for each connection and day."""
    return Logins(pl.concat([SCHEMA.to_frame(), *parts]))
