"""A finding → a finding in the AWS Security Finding Format (ASFF), for Security Hub.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
"""

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.facts import facts_of
from flowsentry.emit.investigation import investigation
from flowsentry.emit.narratives.by_kind import narrative_of
from flowsentry.emit.narratives.narrative import Narrative, listed_in, number_in
from flowsentry.emit.owner_names import owner_text, subject_text
from flowsentry.emit.plain_text import plain
from flowsentry.emit.search_terms import is_address, is_interface
from flowsentry.findings.canary import is_test_alert
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.kinds import INITIAL_ACCESS, KINDS, LATERAL_MOVEMENT, NETWORK_FLOW

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
DESCRIBED = ("Denied by", "Change", "Allowed by", "Count", "Sessions", "Answered", "Tried", "Addresses", "Latest")
"""Facts in the description; the others have fields of their own."""
_LATEST = 253_402_300_799


def security_finding(finding: Finding, resources: AccountResources, found_at: int) -> dict[str, Any]:
    """The finding for BatchImportFindings, under the account's default product. `resources` has account and Region. The
    same finding has the same id, so that importing it again updates it. A test alert is archived: it needs no action.
    """
    narrative = narrative_of(finding)
    is_test = is_test_alert(finding)
    label = "INFORMATIONAL" if is_test else LABELS[finding.severity]
    severity = {"Label": label, "Original": finding.severity.value}
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
        "Title": plain(f"{subject_text(finding)} {narrative.headline(finding, owner_text)}", MAX_TITLE_LETTERS)
        or "Finding",
        "Description": _description(finding, narrative),
        "Remediation": {"Recommendation": {"Text": plain(" ".join(narrative.checks), MAX_RECOMMENDATION_LETTERS)}},
        **_source_url(finding, resources),
        **_network(finding),
        "ProductFields": dict(_fields(finding, resources)),
        "Resources": list(_resources(finding, resources))[:MAX_RESOURCES],
        "Workflow": {"Status": "RESOLVED" if is_test else "NEW"},
        "RecordState": "ARCHIVED" if is_test else "ACTIVE",
    }


def _types(finding: Finding) -> Iterator[str]:
    kind = KINDS.get(finding.kind)
    yield from kind.security_hub_types if kind else (NETWORK_FLOW,)
    relation = str(finding.details.get("relation", ""))
    has_session = bool(listed_in(finding.details, "sessions"))
    if relation == "inside_to_inside" or (has_session and not relation.startswith("outside")):
        yield LATERAL_MOVEMENT
    elif has_session:
        yield INITIAL_ACCESS


def _description(finding: Finding, narrative: Narrative) -> str:
    facts = "".join(f" {label}: {fact}." for label, fact in facts_of(finding) if label in DESCRIBED)
    return plain(f"{narrative.why}{facts}", MAX_DESCRIPTION_LETTERS)


def _source_url(finding: Finding, resources: AccountResources) -> dict[str, str]:
    link = investigation(finding, resources).insights_link
    return {"SourceUrl": link} if link else {}


def _network(finding: Finding) -> dict[str, dict[str, object]]:
    """The connection, where both ends are addresses."""
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
    """The subject; of a /64, the one address it came from, where there is one. ASFF allows no CIDR block here."""
    addresses = listed_in(finding.details, "source_addresses")
    is_one = len(addresses) == number_in(finding.details, "source_address_count") == 1
    return addresses[0] if is_one else finding.subject


def _fields(finding: Finding, resources: AccountResources) -> Iterator[tuple[str, str]]:
    fields = {
        "kind": finding.kind,
        "scope": finding.scope,
        "subject": finding.subject,
        "thread": finding.thread,
        "deployment": resources.deployment,
        "technique": finding.details.get("technique"),
        "relation": finding.details.get("relation"),
        **{label.lower().replace(" ", "-"): fact for label, fact in facts_of(finding)},
    }
    for name, value in fields.items():
        if shown := plain(value or "", MAX_FIELD_LETTERS):
            yield f"flowsentry/{name}", shown


def _resources(finding: Finding, resources: AccountResources) -> Iterator[dict[str, Any]]:
    """The subject, then the target, where there is one."""
    details = finding.details
    yield _resource(details.get("subject_owner"), finding.subject, resources)
    responder = details.get("responder")
    if responder and responder != finding.subject and number_in(details, "responders") <= 1:
        yield _resource(details.get("responder_owner"), str(responder), resources)


def _resource(owner: object, subject: str, resources: AccountResources) -> dict[str, Any]:
    """An instance or interface by its ARN, so that Security Hub shows it with its other findings; else the owner's ARN
    or id, else the address.
    """
    fields = owner if isinstance(owner, Mapping) else {}
    id_, name = plain(fields.get("id") or "", 255), plain(fields.get("name") or "")
    location = {"Partition": resources.partition, "Region": resources.region}
    ec2 = f"arn:{resources.partition}:ec2:{resources.region}:{resources.account_id}"
    about = {"address": plain(subject) or "unknown", "name": name, "kind": plain(fields.get("kind") or "")}
    other = {name: value for name, value in about.items() if value}
    if fields.get("kind") in ("instance", "eks node") and id_.startswith("i-"):
        return {"Type": "AwsEc2Instance", "Id": f"{ec2}:instance/{id_}", **location, "Details": {"Other": other}}
    if is_interface(id_ or subject) and (id_ or subject).startswith("eni-"):
        interface = f"{ec2}:network-interface/{id_ or subject}"
        return {"Type": "AwsEc2NetworkInterface", "Id": interface, **location, "Details": {"Other": other}}
    return {"Type": "Other", "Id": id_ or about["address"], **(location if id_ else {}), "Details": {"Other": other}}


def _instant(seconds: int) -> str:
    """`2026-11-03T03:14:05Z`; of a number that is no time, the nearest time."""
    return f"{datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC):%Y-%m-%dT%H:%M:%SZ}"
