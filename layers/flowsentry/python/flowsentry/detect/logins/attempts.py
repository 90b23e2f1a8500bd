"""Logins -> members of evidence: the connections to login ports that were tries of a password, and the sessions.

A member is one connection: the target, the service, and the initiator's port. So a connection that goes on for hours,
or is delivered twice, counts once.
"""

from typing import NamedTuple

import polars as pl

from flowsentry.findings.endpoints import NO_ADDRESSES, Addresses, endpoint_of, host_in_words, members, named
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Logins
from flowsentry.records.service_ports import LOGIN_PORTS

_SERVICES = tuple(LOGIN_PORTS.items())
_NUMBERS = {port: number for number, port in enumerate(LOGIN_PORTS, 1)}
"""What stands in a member's place for the protocol: a protocol number would say nothing, all of them are TCP."""


class Login(NamedTuple):
    """What a member tells. `address` is None where only its hash was kept (IPv6), and only of IPv6 `is_inside` says
    whether it was ours; `host` tells hosts apart.
    """

    host: int
    address: str | None
    port: int
    service: str
    is_inside: bool

    @property
    def where(self) -> str:
        return f"{host_in_words(self.address, self.host)}:{self.port}/tcp"


def login_of(member: bytes, names: Addresses = NO_ADDRESSES) -> Login:
    """The login that a member of `attempts` or `sessions` stands for."""
    end = named(endpoint_of(member), names)
    port, service = _SERVICES[end.protocol - 1]
    return Login(end.host, end.address, port, service, end.is_inside)


def login_members(logins: Logins, bounds: LoginThresholds) -> pl.DataFrame:
    """A row for each member with its `set`: `attempts` or `sessions`. Only logins of the inside, or into it, count.

    What a record must show is all in that record, which no delivery cuts: data, which is sent to who has answered, and
    with tcp-flags all of the connection, from SYN to FIN or RST: a session's records, each perhaps small, never are.
    Openings that nothing answered are no tries, and keep-alives none. Known limits: one in ten tries falls across two
    records and is not counted; without tcp-flags a piece of a session is taken for a try until the rest of it is seen,
    and so is data that is sent again and again to a host that has died. A session from outside is among `attempts` too,
    so that it is kept whatever else is known of its source: it is no try, and does not count as one.
    """
    ours = logins.filter(pl.col("initiator_is_inside") | pl.col("responder_is_inside"))
    is_session = is_a_session(bounds)
    is_whole = pl.col("is_whole").fill_null(value=True)
    is_try = pl.col("packets").is_between(bounds.min_attempt_packets, bounds.min_session_packets, closed="left")
    is_try &= is_whole
    sessions, tries = ours.filter(is_session), ours.filter(is_try)
    kept = pl.concat([tries, sessions.filter(~pl.col("initiator_is_inside"))])
    return pl.concat([_members(kept, "attempts"), _members(sessions, "sessions")])


def is_a_session(bounds: LoginThresholds) -> pl.Expr:
    """Whether a login was a session: long enough, and answered: its server said something in the same batch, or it was
    ended as only an answered connection is. Packets sent one way, whoever made them up, are none. Wrong for a session
    of which a delivery cut has one direction alone, until a later record has both or its end.
    """
    return (pl.col("packets") >= bounds.min_session_packets) & pl.col("is_answered").fill_null(value=True)


def _members(logins: pl.DataFrame, name: str) -> pl.DataFrame:
    as_ends = logins.with_columns(
        pl.col("responder_port").replace_strict(_NUMBERS, return_dtype=pl.UInt8).alias("protocol"),
        pl.col("initiator_port").alias("responder_port"),
    )
    return logins.with_columns(members(as_ends).alias("member"), pl.lit(name).alias("set"))
