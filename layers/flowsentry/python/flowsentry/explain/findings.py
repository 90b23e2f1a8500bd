"""Adds to findings about packets what denied them (`refusal`) or what allowed them in (`allowance`)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowsentry.explain import explain
from flowsentry.explain.packet import Packet, Ports, end_of
from flowsentry.explain.packet_path import allowance
from flowsentry.findings.drafts import NamedFinding
from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import KINDS, Packets
from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.records.code_names import PROTOCOL_NUMBERS

EXPLAINED = (Packets.REJECTED, Packets.REPLY_REJECTED, Packets.ALLOWED)


def with_explanations(findings: Iterable[NamedFinding], rules: Rules) -> Iterator[Finding]:
    """The findings in the same order. By the rules of the snapshot, findings about rejected packets get `refusal` in
    their details, findings about sessions get `allowance`. Their ends are the initiator and the responder.
    """
    for each in findings:
        finding = each.finding
        if _packets_of(finding) in EXPLAINED:
            explanation = _explanation(finding, _ends(each), rules)
            yield replace(finding, details={**finding.details, **explanation})
        else:
            yield finding


def _packets_of(finding: Finding) -> Packets | None:
    """The packets that the finding is about; None also for a kind that only an earlier or later version has."""
    kind = KINDS.get(finding.kind)
    return kind.packets if kind else None


def _explanation(finding: Finding, ends: Sequence[End], rules: Rules) -> dict[str, Any]:
    packets = _packets_of(finding)
    if packets is Packets.REJECTED:
        return {"refusal": explain(_rejected(finding, ends), rules).as_details()}
    if packets is Packets.REPLY_REJECTED:
        return {"refusal": explain(_rejected_reply(finding, ends), rules).as_details()}
    return {"allowance": allowance(_packet(finding, ends), rules).as_details()}


def _ends(named: NamedFinding) -> tuple[End, ...]:
    """Initiator and responder."""
    return tuple(end_of(end.address, owner) for end, owner in zip(named.ends, named.owners, strict=True))


def _rejected(finding: Finding, ends: Sequence[End]) -> RejectedPacket:
    """The rejected packet as the detector saw it; for TCP, detectors see connection attempts only."""
    details = finding.details
    source, destination = ends
    return RejectedPacket(
        source=source,
        destination=destination,
        protocol=_number(details["protocol"]),
        destination_port=details["responder_port"],
        seen_by=_seen_by(details),
        reject_reason=details["reject_reason"],
        opens=True if details["protocol"] == "tcp" else None,
    )


def _rejected_reply(finding: Finding, ends: Sequence[End]) -> RejectedPacket:
    """The rejected reply, from the responder's port to the client's."""
    details = finding.details
    initiator, responder = ends
    return RejectedPacket(
        source=responder,
        destination=initiator,
        protocol=_number(details["protocol"]),
        source_port=details["responder_port"],
        destination_port=details["initiator_port"],
        seen_by=_seen_by(details),
        accepted_other_way=True,
    )


def _packet(finding: Finding, ends: Sequence[End]) -> Packet:
    """The packet that the client sent."""
    details = finding.details
    port = details["responder_port"]
    return Packet(
        source=ends[0],
        destination=ends[1],
        protocol=_number(details["protocol"]),
        destination_ports=Ports(port, port),
    )


def _number(protocol: str) -> int:
    """The number of a protocol, whose name is the number itself if IANA names none."""
    return PROTOCOL_NUMBERS[protocol] if protocol in PROTOCOL_NUMBERS else int(protocol)


def _seen_by(details: Mapping[str, Any]) -> str:
    return next(iter(details["interface_ids"]), "")
