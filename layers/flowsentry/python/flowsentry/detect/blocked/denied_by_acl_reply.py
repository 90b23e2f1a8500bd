"""Requests with ACCEPT and replies with REJECT: a network ACL denies the replies to requests that were allowed.

Why it matters: the connection cannot work, and nothing shows why: the client waits, and the server's answers are lost.
Security groups are stateful and never reject a reply, so the cause is a network ACL, usually one without a rule for the
clients' ephemeral ports (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html#nacl-ephemeral-ports).
Innocent look-alikes: a late packet of a closed connection is rejected by a security group, not by a network ACL, and
replies to no request that was accepted, so it does not count. A network ACL may deny these replies on purpose (it
should deny the requests too, otherwise it reveals that a service listens). External clients of a port whose replies are
denied are one finding about the internal host, not one for each client. A source that is reported as a scanner is not
reported here again.
ATT&CK: none. Something is broken.
"""

from collections.abc import Container

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import HostPair, Identity, Row, pair_details, pair_draft, port_in_words
from flowsentry.detect.limits import limit_findings
from flowsentry.findings.drafts import Draft
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.frames import Contacts
from flowsentry.records.code_names import TCP, UDP, protocol_name

KIND = KINDS["denied_by_acl_reply"]
MAX_PATHS_PER_INITIATOR = 3
"""Denied paths of one initiator that a batch reports: the first ones. More: one wrong rule of a network ACL is a
message for each peer of each host in the subnet. Fewer: a second rule that denies something else is reported a day
later."""
_PATH = ("scope", "responder", "responder_port", "protocol", "day", "initiator_is_inside")


def denied_by_acl_reply(contacts: Contacts, scanners: Container[tuple[str, str]]) -> list[Draft]:
    """A finding for each (initiator, responder, port, protocol) whose replies were rejected: once a day. All external
    initiators count as one. One packet is proof enough. Of the paths of one initiator in a batch, only the first
    MAX_PATHS_PER_INITIATOR are reported, because they have one cause.
    """
    if contacts["reply_refused_at"].null_count() == len(contacts):
        return []
    has_internal_end = pl.col("initiator_is_inside") | pl.col("responder_is_inside")
    denied = contacts.filter(pl.col("reply_refused_at").is_not_null(), has_internal_end)
    ordered = _paths(denied).sort("first_seen", "initiator", "responder", "responder_port", "protocol")
    ordered = ordered.filter(pl.int_range(pl.len()).over("scope", "initiator", "day") < MAX_PATHS_PER_INITIATOR)
    reported, others = limit_findings(ordered, "initiators")
    rows = reported.iter_rows(named=True)
    drafts = [
        pair_draft(KIND, _identity(row), row, _finding)
        for row in rows
        if (row["scope"], row["initiator"]) not in scanners
    ]
    return [*drafts, *summary_findings(KIND.name, KIND.severity(), others)]


def _paths(denied: pl.DataFrame) -> pl.DataFrame:
    """One row for each path, with the range of the client's ports."""
    internal_initiator = pl.when("initiator_is_inside").then(pl.col("initiator").cast(pl.String))
    first = pl.col("initiator").cast(pl.String) == pl.col("initiator").cast(pl.String).min()
    return (
        denied.with_columns(internal_initiator.alias("internal_initiator"))
        .group_by(*_PATH, "internal_initiator")
        .agg(
            pl.col("initiator").cast(pl.String).min(),
            pl.col("initiator").n_unique().alias("initiators"),
            pl.col("reply_refused_at").filter(first).min(),
            pl.col("min_initiator_port").filter(first).min(),
            pl.col("max_initiator_port").filter(first).max(),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
        )
    )


def _identity(row: Row) -> Identity:
    initiator = row["initiator"] if row["initiator_is_inside"] else "outside"
    service = (row["responder"], str(row["responder_port"]), protocol_name(row["protocol"]))
    return "denied_by_acl_reply", row["scope"], initiator, *service


def _finding(identity: Identity, row: Row, pair: HostPair) -> Finding:
    is_ours = row["initiator_is_inside"]
    subject = pair.initiator if is_ours else pair.responder
    return Finding(
        id=finding_id(*identity, str(row["day"])),
        thread=finding_id(*identity),
        kind=KIND.name,
        severity=KIND.severity(),
        title=_title(row, pair),
        subject=subject.address,
        scope=row["scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        endpoints=1,
        details={
            **pair_details(row, pair, [row["reply_refused_at"]]),
            "subject_owner": subject.as_details,
            "initiator": row["initiator"],
            "initiator_owner": pair.initiator.as_details,
            "initiators": row["initiators"],
            "initiator_port": _client_port(row),
            "technique": KIND.technique(),
        },
    )


def _title(row: Row, pair: HostPair) -> str:
    path = f"{pair.initiator} gets no reply from {pair.responder}"
    if not row["initiator_is_inside"]:
        path = f"{pair.responder} cannot reply to {pair.initiator}"
    preposition = "on" if row["protocol"] in (TCP, UDP) else "over"
    return f"{path} {preposition} {port_in_words(row)}: a network ACL denies it"


def _client_port(row: Row) -> int | None:
    """The client's port, if there is only one."""
    first, last = row["min_initiator_port"], row["max_initiator_port"]
    return first if first == last and row["protocol"] in (TCP, UDP) else None
