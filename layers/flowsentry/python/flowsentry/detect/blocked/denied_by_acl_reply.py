"""ACCEPT one way, REJECT back: a network ACL denies the reply to what security groups let through.

Why it matters: the connection can't work and never says why: the client waits, the server answers into the void. Groups
are stateful and never refuse a reply, so it is certainly a network ACL, mostly one that forgot the clients' ports
(https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html#nacl-ephemeral-ports).
Innocent look-alikes: a late packet of a closed connection is refused by groups, not by a network ACL, and answers no
opening that was let through: it is no such reply. An ACL that is meant to deny this way (it should deny the way there
too, or it leaks that somebody listens). Strangers from outside at a port whose replies are denied: they are one finding
about our own end, not one each. A source that is told as a scanner is not told again here.
ATT&CK: none. Something is broken.
"""

from collections.abc import Container

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.detect.host_pairs import TCP, UDP, HostPair, Row, host_pairs, pair_details, port_in_words
from flowsentry.detect.limits import limit_findings
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.frames import Contacts
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.records.code_names import protocol_name

SEVERITY = Severity.MEDIUM
MAX_PATHS_PER_INITIATOR = 3
"""Denied paths of one initiator that are told of a batch, the first ones. More: one wrong rule of a network ACL is a
message for each peer of each host behind it. Fewer: a second rule that denies something else is told a day later."""
_PATH = ("scope", "responder", "responder_port", "protocol", "day", "initiator_is_inside")


def denied_by_acl_reply(
    contacts: Contacts, scanners: Container[tuple[str, str]], address_space: AddressSpace
) -> list[Finding]:
    """A finding for each (initiator, responder, port, protocol) whose replies were refused: once a day. All initiators
    outside are one. One packet is enough: it is a proof. Of a batch that shows very many paths of one initiator some
    are told: they have one cause.
    """
    inside_first = pl.col("initiator_is_inside") | pl.col("responder_is_inside")
    denied = contacts.filter(pl.col("reply_refused_at").is_not_null(), inside_first)
    ordered = _paths(denied).sort("first_seen", "initiator", "responder", "responder_port", "protocol")
    ordered = ordered.filter(pl.int_range(pl.len()).over("scope", "initiator", "day") < MAX_PATHS_PER_INITIATOR)
    told, others = limit_findings(ordered, "initiators")
    rows = [row for row in told.iter_rows(named=True) if (row["scope"], row["initiator"]) not in scanners]
    findings = [_finding(row, pair) for row, pair in zip(rows, host_pairs(rows, address_space), strict=True)]
    return [*findings, *summary_findings("denied_by_acl_reply", SEVERITY, others, address_space)]


def _paths(denied: pl.DataFrame) -> pl.DataFrame:
    """One row for each path, with the client's port where there is just one."""
    caller = pl.when("initiator_is_inside").then(pl.col("initiator").cast(pl.String))
    first = pl.col("initiator").cast(pl.String) == pl.col("initiator").cast(pl.String).min()
    return (
        denied.with_columns(caller.alias("caller"))
        .group_by(*_PATH, "caller")
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


def _finding(row: Row, pair: HostPair) -> Finding:
    is_ours = row["initiator_is_inside"]
    initiator = row["initiator"] if is_ours else "outside"
    path = (row["scope"], initiator, row["responder"], str(row["responder_port"]), protocol_name(row["protocol"]))
    subject = pair.initiator if is_ours else pair.responder
    return Finding(
        id=finding_id("denied_by_acl_reply", *path, str(row["day"])),
        thread=finding_id("denied_by_acl_reply", *path),
        kind="denied_by_acl_reply",
        severity=SEVERITY,
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
            "technique": None,
        },
    )


def _title(row: Row, pair: HostPair) -> str:
    if row["initiator_is_inside"]:
        return f"{pair.initiator} gets no reply from {pair.responder}: a network ACL denies it: {port_in_words(row)}"
    return f"{pair.responder} can't reply to {pair.initiator}: a network ACL denies it: {port_in_words(row)}"


def _client_port(row: Row) -> int | None:
    """The client's port, where there is just one."""
    first, last = row["min_initiator_port"], row["max_initiator_port"]
    return first if first == last and row["protocol"] in (TCP, UDP) else None
