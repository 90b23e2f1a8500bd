"""The stories of scans, by who scans whom."""

from flowsentry.emit.party_names import Names
from flowsentry.emit.plain_text import counted
from flowsentry.emit.stories.story import Story, listed_in, number_in
from flowsentry.findings.finding import Finding

SCANS = frozenset({"port_scan", "host_sweep", "network_scan"})
MAX_LISTED = 10
"""Endpoints that a finding lists at most: that many may be more."""


def _reach(finding: Finding, names: Names) -> str:
    """`24 ports on 12 hosts`; the one port or host itself, where the finding's sample tells it, by its owner's name."""
    details = finding.details
    hosts, ports = number_in(details, "hosts"), number_in(details, "ports")
    ends = [end.rpartition(":") for end in listed_in(details, "sample_endpoints")]
    the_hosts, the_ports = {host.strip("[]") for host, _, _ in ends}, {port for _, _, port in ends}
    what = _port(the_ports.pop()) if ports == len(the_ports) == 1 else counted(ports, "port")
    whom = counted(hosts, "host")
    if hosts == len(the_hosts) == 1:
        whom = names(details.get("target_owner"), the_hosts.pop())
    return f"{what} on {whom}"


def _port(port: str) -> str:
    """`port 22/tcp`; a ping has none."""
    return "pings" if port.startswith("0/") and port.endswith("icmp") else f"port {port}"


def _searches_inside(finding: Finding, names: Names) -> str:
    return f"is searching your network: it tried {_reach(finding, names)}"


def _searches_outside(finding: Finding, names: Names) -> str:
    return f"is searching addresses outside your network: it tried {_reach(finding, names)}"


def _was_answered(finding: Finding, names: Names) -> str:
    answered = len(listed_in(finding.details, "answered_endpoints"))
    more = " or more" if answered >= MAX_LISTED else ""
    services = "service" if answered == 1 else "services"
    reach = _reach(finding, names)
    return f"searched your network from outside, and {answered}{more} {services} answered: it tried {reach}"


def _found_nothing(finding: Finding, names: Names) -> str:
    return f"searched your network from outside and found nothing open: it tried {_reach(finding, names)}"


SCAN_STORIES: dict[str, Story] = {
    "inside_to_inside": Story(
        _searches_inside,
        "This matters now. A machine of yours that looks for others to get into is how an intruder moves on.",
        (
            "Is it a machine whose job this is (a monitor, an inventory or security scanner)? Then it is expected.",
            "If not: which process on it opens these connections, and who logged in to it before this began?",
            "Cut it off (a security group without rules) before you restart it: a restart destroys the traces.",
        ),
    ),
    "inside_to_outside": Story(
        _searches_outside,
        "This matters now. A machine of yours that probes strangers is often one that somebody else controls.",
        (
            "Is it a machine whose job this is (a crawler, a peer-to-peer client, a monitor)? Then it is expected.",
            "If not: which process on it opens these connections, and who logged in to it before this began?",
            "Cut it off (a security group without rules): others will report your addresses for abuse.",
        ),
    ),
    "outside_answered": Story(
        _was_answered,
        "Look at it today. Being probed from outside is normal; what answered can be reached by anyone like them.",
        (
            "Are the services that answered meant to be open to the internet? If not, close them (security group).",
            "If they are: are they up to date, and do their own logs show logins or errors at that time?",
        ),
    ),
    "outside_background": Story(
        _found_nothing,
        "Nothing to do. Every address on the internet is probed all day.",
        ("Only worth a look when the same address turns up in another alert.",),
    ),
}
