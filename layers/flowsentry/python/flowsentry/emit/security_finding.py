"""A finding → the same in the AWS Security Finding Format (ASFF), for Security Hub.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
"""

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.facts import facts_of
from flowsentry.emit.investigation import investigation
from flowsentry.emit.party_names import owner_text, subject_text
from flowsentry.emit.plain_text import plain
from flowsentry.emit.search_terms import is_address, is_interface
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


def security_finding(finding: Finding, resources: AccountResources, found_at: int) -> dict[str, Any]:
    """The finding as BatchImportFindings takes it, of the account's own product. `resources` names account and region.
    The same finding has the same id, so that importing it again changes what is there.
    """
    story = story_of(finding)
    severity = {"Label": LABELS[finding.severity], "Original": finding.severity.value}
    types = list(_types(finding))
    account = resources.account_id
    security_hub = f"arn:{resources.partition}:securityhub:{resources.region}:{account}"
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Id": plain(f"{resources.region}/{account}/{resources.deployment}/{finding.id}", 512),
        "ProductArn": f"{security_hub}:product/{account}/default",
        "GeneratorId": plain(f"{resources.deployment}/{finding.kind}", 512),
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
        **_source_url(finding, resources),
        **_network(finding),
        "ProductFields": dict(_fields(finding, resources)),
        "Resources": list(_resources(finding, resources))[:MAX_RESOURCES],
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


def _source_url(finding: Finding, resources: AccountResources) -> dict[str, str]:
    link = investigation(finding, resources).insights_link
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


def _fields(finding: Finding, resources: AccountResources) -> Iterator[tuple[str, str]]:
    told = {
        "kind": finding.kind,
        "scope": finding.scope,
        "subject": finding.subject,
        "thread": finding.thread,
        "deployment": resources.deployment,
        "technique": finding.details.get("technique"),
        "relation": finding.details.get("relation"),
        **{label.lower().replace(" ", "-"): fact for label, fact in facts_of(finding)},
    }
    for name, value in told.items():
        if shown := plain(value or "", MAX_FIELD_LETTERS):
            yield f"flowsentry/{name}", shown


def _resources(finding: Finding, resources: AccountResources) -> Iterator[dict[str, Any]]:
    """The subject, then whom it called, where that is one."""
    details = finding.details
    yield _resource(details.get("subject_owner"), finding.subject, resources)
    responder = details.get("responder")
    if responder and responder != finding.subject and number_in(details, "responders") <= 1:
        yield _resource(details.get("responder_owner"), str(responder), resources)


def _resource(owner: object, subject: str, resources: AccountResources) -> dict[str, Any]:
    """An instance or interface as Security Hub knows it, so that it is found with what else is known of it; else the
    owner's ARN or id, else the address.
    """
    told = owner if isinstance(owner, Mapping) else {}
    id_, name = plain(told.get("id") or "", 255), plain(told.get("name") or "")
    place = {"Partition": resources.partition, "Region": resources.region}
    ec2 = f"arn:{resources.partition}:ec2:{resources.region}:{resources.account_id}"
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
