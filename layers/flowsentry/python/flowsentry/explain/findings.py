"""Findings about refused packets -> the same findings with what refused them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from flowsentry.explain import explain
from flowsentry.explain.ends import ends_of
from flowsentry.findings import Finding
from flowsentry.meanings import PROTOCOLS
from flowsentry.refusal import Refusal
from flowsentry.territory import AddressAt, Territory

ABOUT_REFUSED_PACKETS = frozenset({"blocked_internal"})
_NUMBERS = {name: number for number, name in PROTOCOLS.items()}


def with_refusals(findings: Iterable[Finding], territory: Territory) -> Iterator[Finding]:
    """The findings in the same order; those about refused packets have what refused them, by the rules that the
    snapshot has, among their details, as `refusal`.
    """
    for finding in findings:
        if finding.kind in ABOUT_REFUSED_PACKETS:
            explanation = explain(_refusal(finding, territory), territory.inventory.rules)
            yield replace(finding, details={**finding.details, "refusal": explanation.as_details()})
        else:
            yield finding


def _refusal(finding: Finding, territory: Territory) -> Refusal:
    """What the detector saw; of TCP it saw openings."""
    details, at = finding.details, finding.last_seen
    addresses = [AddressAt(finding.scope, address, at) for address in (finding.subject, details["responder"])]
    source, destination = ends_of(addresses, territory)
    return Refusal(
        source=source,
        destination=destination,
        protocol=_NUMBERS[details["protocol"]],
        destination_port=details["responder_port"],
        seen_by=next(iter(details["interface_ids"]), ""),
        reject_reason=details["reject_reason"],
        opens=True if details["protocol"] == "tcp" else None,
    )
