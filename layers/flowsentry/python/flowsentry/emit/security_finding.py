"""A finding → the same in the AWS Security Finding Format (ASFF), for Security Hub.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
"""

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from flowsentry.emit.facts import facts_of
from flowsentry.emit.investigation import is_address, is_interface, look_closer
from flowsentry.emit.links import Places
from flowsentry.emit.party_names import owner_text, subject_text
from flowsentry.emit.plain_text import plain
from flowsentry.emit.stories.chapters import story_of
from flowsentry.emit.stories.story import Story, listed_in, number_in
from flowsentry.findings.finding import Finding, Severity

SCHEMA_VERSION = "2018-10-08"
MAX_TITLE_LETTERS = 256
MAX_DESCRIPTION_LETTERS = 1024
MAX_RECOMMENDATION_LETTERS = 512
MAX_FIELD_LETTERS = 1024
MAX_RESOURCES = 32

LABELS = {
    Severity.HIGH: "HIGH",
    Severity.MEDIUM: "MEDIUM",
    Severity.LOW: "LOW",
    Severity.BACKGROUND: "INFORMATIONAL",
}
_NETWORK_FLOW = "Unusual Behaviors/Network Flow"
_DISCOVERY, _LATERAL = "TTPs/Discovery", "TTPs/Lateral Movement"
_REACHABILITY = "Software and Configuration Checks/AWS Security Best Practices/Network Reachability"
TYPES: dict[str, tuple[str, ...]] = {
    "port_scan": (_DISCOVERY,),
    "host_sweep": (_DISCOVERY,),
    "network_scan": (_DISCOVERY,),
    "blocked_internal": (_NETWORK_FLOW, _REACHABILITY),
    "blocked_egress": (_NETWORK_FLOW, _REACHABILITY),
    "denied_by_acl_reply": (_REACHABILITY,),
    "remote_login": ("TTPs/Initial Access", _NETWORK_FLOW),
    "public_login_service": (_REACHABILITY, _NETWORK_FLOW),
    "login_brute_force": ("TTPs/Credential Access",),
    "records_skipped": ("Software and Configuration Checks",),
    "service_down": (_NETWORK_FLOW,),
    "flood": (_NETWORK_FLOW,),
}
"""https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html"""
_LATEST = 253_402_300_799


def security_finding(finding: Finding, places: Places, found_at: int) -> dict[str, Any]:
    """The finding as BatchImportFindings takes it, of the account's own product; `places` must name account and region.
    The same finding has the same id, so that importing it again changes what is there.
    """
    story = story_of(finding)
    severity = {"Label": LABELS[finding.severity], "Original": finding.severity.value}
    types = list(_types(finding))
    account = places.account_id
    security_hub = f"arn:{places.partition}:securityhub:{places.region}:{account}"
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Id": plain(f"{places.region}/{account}/{places.deployment}/{finding.id}", 512),
        "ProductArn": f"{security_hub}:product/{account}/default",
        "GeneratorId": plain(f"{places.deployment}/{finding.kind}", 512),
        "AwsAccountId": account,
        "Types": types,
        "FirstObservedAt": _instant(finding.first_seen),
        "LastObservedAt": _instant(finding.last_seen),
        "CreatedAt": _instant(found_at),
        "UpdatedAt": _instant(found_at),
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": types},
        "Title": plain(f"{subject_text(finding)} {story.happening(finding, owner_text)}", MAX_TITLE_LETTERS)
        or "Finding",
        "Description": _description(finding, story),
        "Remediation": {"Recommendation": {"Text": plain(" ".join(story.checks), MAX_RECOMMENDATION_LETTERS)}},
        **_source_url(finding, places),
        **_network(finding),
        "ProductFields": dict(_fields(finding, places)),
        "Resources": list(_resources(finding, places))[:MAX_RESOURCES],
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


def _types(finding: Finding) -> Iterator[str]:
    yield from TYPES.get(finding.kind, (_NETWORK_FLOW,))
    relation = str(finding.details.get("relation", ""))
    has_session = bool(listed_in(finding.details, "sessions"))
    if relation == "inside_to_inside" or (has_session and not relation.startswith("outside")):
        yield _LATERAL
    elif has_session:
        yield "TTPs/Initial Access"


def _description(finding: Finding, story: Story) -> str:
    told = ("Refused", "Allowed", "How much", "Got in at", "Answered", "Tried", "From", "Newest")
    facts = "".join(f" {label}: {fact}." for label, fact in facts_of(finding) if label in told)
    return plain(f"{story.matter}{facts}", MAX_DESCRIPTION_LETTERS)


def _source_url(finding: Finding, places: Places) -> dict[str, str]:
    link = look_closer(finding, places).insights_link
    return {"SourceUrl": link} if link else {}


def _network(finding: Finding) -> dict[str, dict[str, object]]:
    """Who called whom, where both are addresses."""
    details = finding.details
    source, destination = details.get("initiator") or _only_address(finding), details.get("responder")
    if not is_address(source) or not is_address(destination):
        return {}
    network: dict[str, object] = {
        f"SourceIpV{ipaddress.ip_address(str(source)).version}": str(source),
        f"DestinationIpV{ipaddress.ip_address(str(destination)).version}": str(destination),
    }
    if protocol := plain(details.get("protocol") or "", 16):
        network["Protocol"] = protocol.upper()
    if port := number_in(details, "responder_port"):
        network["DestinationPort"] = port
    return {"Network": network}


def _only_address(finding: Finding) -> str:
    """The subject, or of a /64 the address that called, where that is one; ASFF knows no network there."""
    addresses = listed_in(finding.details, "source_addresses")
    is_one = len(addresses) == number_in(finding.details, "source_address_count") == 1
    return addresses[0] if is_one else finding.subject


def _fields(finding: Finding, places: Places) -> Iterator[tuple[str, str]]:
    told = {
        "kind": finding.kind,
        "scope": finding.scope,
        "subject": finding.subject,
        "thread": finding.thread,
        "deployment": places.deployment,
        "technique": finding.details.get("technique"),
        "relation": finding.details.get("relation"),
        **{label.lower().replace(" ", "-"): fact for label, fact in facts_of(finding)},
    }
    for name, value in told.items():
        if shown := plain(value or "", MAX_FIELD_LETTERS):
            yield f"flowsentry/{name}", shown


def _resources(finding: Finding, places: Places) -> Iterator[dict[str, Any]]:
    """The subject, then whom it called, where that is one."""
    details = finding.details
    yield _resource(details.get("subject_owner"), finding.subject, places)
    responder = details.get("responder")
    if responder and responder != finding.subject and number_in(details, "responders") <= 1:
        yield _resource(details.get("responder_owner"), str(responder), places)


def _resource(owner: object, subject: str, places: Places) -> dict[str, Any]:
    """An instance or interface as Security Hub knows it, so that it is found with what else is known of it; else the
    owner's ARN or id, else the address.
    """
    told = owner if isinstance(owner, Mapping) else {}
    id_, name = plain(told.get("id") or "", 255), plain(told.get("name") or "")
    place = {"Partition": places.partition, "Region": places.region}
    ec2 = f"arn:{places.partition}:ec2:{places.region}:{places.account_id}"
    about = {"address": plain(subject) or "unknown", "name": name, "kind": plain(told.get("kind") or "")}
    other = {name: value for name, value in about.items() if value}
    if told.get("kind") in ("instance", "eks node") and id_.startswith("i-"):
        return {"Type": "AwsEc2Instance", "Id": f"{ec2}:instance/{id_}", **place, "Details": {"Other": other}}
    if is_interface(id_ or subject) and (id_ or subject).startswith("eni-"):
        interface = f"{ec2}:network-interface/{id_ or subject}"
        return {"Type": "AwsEc2NetworkInterface", "Id": interface, **place, "Details": {"Other": other}}
    return {"Type": "Other", "Id": id_ or about["address"], **(place if id_ else {}), "Details": {"Other": other}}


def _instant(seconds: int) -> str:
    """`2026-11-03T03:14:05Z`; of what is no time, the nearest one."""
    return f"{datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC):%Y-%m-%dT%H:%M:%SZ}"
