"""Connections to login ports -> members of evidence: login attempts and sessions.

A member is one connection: the responder's address, the service, and the initiator's port. A connection that lasts for
hours, or is delivered twice, counts once.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from flowsentry.findings.endpoints import (
    NO_ADDRESSES,
    Addresses,
    endpoint_of,
    host_in_words,
    member_of,
    members,
    with_known_address,
)
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Logins
from flowsentry.records.code_names import LOGIN_PORTS

_SERVICES = tuple(LOGIN_PORTS.items())
_NUMBERS = {port: number for number, port in enumerate(LOGIN_PORTS, 1)}
"""The number of a service, stored in a member instead of the protocol number: all login services use TCP."""


class Login(NamedTuple):
    """A decoded member: a connection to a login service. `address`, `host` and `is_inside` are those of the responder,
    as in `Endpoint`.
    """

    host: int
    address: str | None
    port: int
    service: str
    is_inside: bool

    @property
    def where(self) -> str:
        """The responder and the port as written in texts: `10.0.0.1:22/tcp`."""
        return f"{host_in_words(self.address, self.host)}:{self.port}/tcp"


_NO_MEMBER, _NO_SET = pl.lit(None, pl.UInt64).alias("member"), pl.lit(None, pl.String).alias("set")


def login_of(member: bytes, names: Addresses = NO_ADDRESSES) -> Login:
    """Decodes a member of `attempts` or `sessions`."""
    end = with_known_address(endpoint_of(member), names)
    port, service = _SERVICES[end.protocol - 1]
    return Login(end.host, end.address, port, service, end.is_inside)


def login_members(logins: Logins, thresholds: LoginThresholds) -> pl.DataFrame:
    """A row for each member, with the name of its `set`: `attempts` or `sessions`. Only logins from or to internal
    hosts count.

    An attempt must be visible in a single record, because deliveries never split a record: the record contains data,
    which is sent only after an answer, and, with tcp-flags, the whole connection from SYN to FIN or RST. The records of
    a session, however small, never do. Connections that were not answered, and keep-alives, are not attempts.

    Known limits: one in ten attempts spans two records and is not counted. Without tcp-flags, a part of a session
    counts as an attempt until the remainder arrives, and so does data that is retransmitted to a host that stopped
    answering.

    A session of an external source is also added to `attempts`, so that it is kept whatever else is known of its
    source. It does not count as an attempt.
    """
    if logins.is_empty():
        return logins.with_columns(_NO_MEMBER, _NO_SET)
    ours = logins.filter(pl.col("initiator_is_inside") | pl.col("responder_is_inside"))
    is_session = is_a_session(thresholds)
    is_whole = pl.col("is_whole").fill_null(value=True)
    least, most = thresholds.min_attempt_packets, thresholds.min_session_packets
    is_attempt = is_whole & pl.col("packets").is_between(least, most, closed="left")
    sessions, attempts = ours.filter(is_session), ours.filter(is_attempt)
    kept = pl.concat([attempts, sessions.filter(~pl.col("initiator_is_inside"))])
    return pl.concat([_members(kept, "attempts"), _members(sessions, "sessions")])


def sets_of_login(login: Mapping[str, Any], thresholds: LoginThresholds) -> list[str]:
    """The sets that one login is a member of. `login_members` is the same function for many."""
    if not (login["initiator_is_inside"] or login["responder_is_inside"]):
        return []
    packets, answered, whole = login["packets"], login["is_answered"], login["is_whole"]
    is_session = packets >= thresholds.min_session_packets and answered is not False
    is_attempt = whole is not False and thresholds.min_attempt_packets <= packets < thresholds.min_session_packets
    is_kept = is_attempt or (is_session and not login["initiator_is_inside"])
    return [*(["attempts"] if is_kept else []), *(["sessions"] if is_session else [])]


def member_of_login(login: Mapping[str, Any]) -> int:
    """The member of one login."""
    service, is_inside = _NUMBERS[login["responder_port"]], login["responder_is_inside"]
    return member_of(service, login["responder"], login["initiator_port"], is_inside=is_inside)


def is_a_session(thresholds: LoginThresholds) -> pl.Expr:
    """Whether a connection was a session: it has enough packets and was answered, that is, the batch has packets of the
    server, or the connection ended as only an answered connection does. Packets in one direction, which can be spoofed,
    are not enough. Wrong for a session of which a delivery contains only one direction, until a later record contains
    both directions or the end.
    """
    return (pl.col("packets") >= thresholds.min_session_packets) & pl.col("is_answered").fill_null(value=True)


def _members(logins: pl.DataFrame, name: str) -> pl.DataFrame:
    as_ends = logins.with_columns(
        pl.col("responder_port").replace_strict(_NUMBERS, return_dtype=pl.UInt8).alias("protocol"),
        pl.col("initiator_port").alias("responder_port"),
    )
    return logins.with_columns(members(as_ends).alias("member"), pl.lit(name).alias("set"))
