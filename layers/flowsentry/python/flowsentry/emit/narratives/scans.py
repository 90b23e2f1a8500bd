"""The narratives of scans, by relation: internal or external source, internal or external targets."""

from collections.abc import Mapping

from flowsentry.emit.narratives.narrative import (
    ISOLATE_FIRST,
    WHICH_PROCESS,
    Narrative,
    NarrativeOf,
    general_narrative,
    listed_in,
    number_in,
)
from flowsentry.emit.owner_names import Names
from flowsentry.emit.plain_text import counted
from flowsentry.findings.bounds import MAX_ENDPOINTS, MAX_SAMPLE_ENDPOINTS
from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import ScanRelation


def _scan(finding: Finding) -> Narrative:
    return BY_RELATION.get(str(finding.details.get("relation", ""))) or general_narrative(finding)


def _reach(finding: Finding, names: Names) -> str:
    """`24 ports on 12 hosts`. One port or one host is named, the host by its owner, where the finding's sample shows
    which it is. From MAX_ENDPOINTS on, not all endpoints are known: `port 22/tcp on at least 64 hosts`.
    """
    details = finding.details
    hosts, ports = number_in(details, "hosts"), number_in(details, "ports")
    ends = [end.rpartition(":") for end in listed_in(details, "sample_endpoints")]
    the_hosts, the_ports = {host.strip("[]") for host, _, _ in ends}, {port for _, _, port in ends}
    which_ports = _port(the_ports.pop()) if ports == len(the_ports) == 1 else _number(finding, ports, "port")
    which_hosts = _number(finding, hosts, "host")
    if hosts == len(the_hosts) == 1:
        which_hosts = names(details.get("target_owner"), the_hosts.pop())
    return f"{which_ports} on {which_hosts}"


def _number(finding: Finding, number: int, noun: str) -> str:
    at_least = "at least " if number > 1 and finding.endpoints >= MAX_ENDPOINTS else ""
    return at_least + counted(number, noun)


def _port(port: str) -> str:
    """`port 22/tcp`; a ping has none."""
    return "pings" if port.startswith("0/") and port.endswith("icmp") else f"port {port}"


def _scans_inside(finding: Finding, names: Names) -> str:
    return f"is scanning your network: {_reach(finding, names)}"


def _scans_outside(finding: Finding, names: Names) -> str:
    return f"is scanning external addresses: {_reach(finding, names)}"


def _was_answered(finding: Finding, names: Names) -> str:
    answered = len(listed_in(finding.details, "answered_endpoints"))
    more = " or more" if answered >= MAX_SAMPLE_ENDPOINTS else ""
    services = "service" if answered == 1 else "services"
    return f"scanned your network and {answered}{more} {services} answered: {_reach(finding, names)}"


def _scanned(finding: Finding, names: Names) -> str:
    """A scan from a trusted network is quiet even if something answered."""
    nothing = "" if listed_in(finding.details, "answered_endpoints") else " and found nothing open"
    return f"scanned your network{nothing}: {_reach(finding, names)}"


BY_RELATION: Mapping[str, Narrative] = {
    ScanRelation.INSIDE_TO_INSIDE: Narrative(
        _scans_inside,
        "Act now. Unless scanning is its job, somebody may be using this host to find the next one to get into.",
        (
            "Is scanning this host's job (monitoring, inventory, security scanner)? Then add a suppression.",
            WHICH_PROCESS,
            ISOLATE_FIRST,
        ),
    ),
    ScanRelation.INSIDE_TO_OUTSIDE: Narrative(
        _scans_outside,
        "Act now. Unless scanning is its job, this host is probably controlled by somebody else.",
        (
            "Is this the host's job (a crawler, a peer-to-peer client, a monitor)? Then add a suppression.",
            WHICH_PROCESS,
            "Isolate it (security group without rules): others will report your addresses for abuse.",
        ),
    ),
    ScanRelation.OUTSIDE_ANSWERED: Narrative(
        _was_answered,
        "Look at this today. Scans from outside are normal, but anyone can reach the services that answered.",
        (
            "Should the services that answered be open to the internet? If not, close them in the security group.",
            "If so: are they up to date, and do their own logs show logins or errors at that time?",
        ),
    ),
    ScanRelation.OUTSIDE_BACKGROUND: Narrative(
        _scanned,
        "No action needed. Every public address is scanned all day.",
        ("Look into it only if the same address appears in another alert.",),
    ),
}
NARRATIVES: Mapping[str, NarrativeOf] = {"port_scan": _scan, "host_sweep": _scan, "network_scan": _scan}
