"""What each kind of finding means to people: what happens, whether it matters, what to check next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flowsentry.emit.plain_text import counted, moment, plain
from flowsentry.findings import Finding, Severity
from flowsentry.owner_kinds import UNKNOWN


@dataclass(frozen=True)
class Story:
    """`happening` continues a sentence that starts with who it is about."""

    happening: Callable[[Finding], str]
    matter: str
    checks: tuple[str, ...]


def story_of(finding: Finding) -> Story:
    """The story of a finding; for a kind without one, its title and what its severity says."""
    if finding.kind in SCANS and (story := SCAN_STORIES.get(finding.details.get("relation", ""))):
        return story
    if (finding.details.get("refusal") or {}).get("refused_by"):
        return REFUSED_BY_KNOWN
    return STORIES.get(finding.kind) or Story(_title, MATTER[finding.severity], CHECKS_FOR_ANY)


def owner_text(owner: Mapping[str, Any] | None, subject: str) -> str:
    """`web-1 (instance i-0abc, 10.0.1.5)`, or `rds database (eni-0abc, 10.0.2.5)` where all that is known is what kind
    of owner the interface has; the address (or interface) alone where nobody is known to have it.
    """
    if not owner or not owner.get("id"):
        return plain(subject)
    name, kind, id_ = (plain(owner.get(key) or "") for key in ("name", "kind", "id"))
    kind = "interface" if kind == UNKNOWN else kind
    if id_.startswith("arn:") and id_.endswith((f":{name}", f"/{name}")):
        return _with_facts(name, kind, plain(subject))
    if id_.startswith("eni-") and name in {"", id_} and kind != "interface":
        return _with_facts(kind, id_, plain(subject))
    what = f"{kind} {id_}".strip() if name != id_ else kind
    return _with_facts(name or id_, what, plain(subject))


def _with_facts(name: str, *facts: str) -> str:
    """The name, and in brackets what says more than it."""
    more = [fact for fact in dict.fromkeys(facts) if fact not in {"", name}]
    return f"{name} ({', '.join(more)})" if more else name


def _reach(finding: Finding) -> str:
    """`24 ports on 12 hosts`."""
    details = finding.details
    return f"{counted(int(details.get('ports', 0)), 'port')} on {counted(int(details.get('hosts', 0)), 'host')}"


def _searches_inside(finding: Finding) -> str:
    return f"is searching your network: it tried {_reach(finding)}"


def _searches_outside(finding: Finding) -> str:
    return f"is searching addresses outside your network: it tried {_reach(finding)}"


def _was_answered(finding: Finding) -> str:
    answered = len(finding.details.get("answered_endpoints", ()))
    more = " or more" if answered >= MAX_LISTED else ""
    services = "service" if answered == 1 else "services"
    return f"searched your network from outside, and {answered}{more} {services} answered: it tried {_reach(finding)}"


def _found_nothing(finding: Finding) -> str:
    return f"searched your network from outside and found nothing open: it tried {_reach(finding)}"


def _is_refused(finding: Finding) -> str:
    details = finding.details
    responder = owner_text(details.get("responder_owner"), str(details.get("responder", "?")))
    port = f"port {plain(details.get('responder_port', '?'))}/{plain(details.get('protocol', '?'))}"
    return f"can't reach {responder} on {port}: a rule blocks it"


def _has_a_gap(finding: Finding) -> str:
    hour = hour_in_words(int(finding.details.get("hour", finding.first_seen)))
    return f"has a gap in its flow logs: AWS left out records of the hour from {hour}"


def hour_in_words(seconds: int) -> str:
    """`2026-11-03 03:00 UTC`."""
    return moment(seconds).replace(":00 UTC", " UTC")


def _title(finding: Finding) -> str:
    return plain(finding.title, 200)


MAX_LISTED = 10
"""Endpoints that a finding lists at most: that many may be more."""
SCANS = frozenset({"port_scan", "host_sweep", "network_scan"})

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

_BROKEN_OR_MEANT = (
    "More likely something broken than somebody hostile: two of your own machines, and a rule between them."
)
REFUSED_BY_KNOWN = Story(
    _is_refused,
    _BROKEN_OR_MEANT,
    (
        "Should this work? What refuses it, and the smallest change that would admit it, are named above.",
        "Should it not? Then ask who runs the sender why it tries.",
    ),
)
STORIES: dict[str, Story] = {
    "blocked_internal": Story(
        _is_refused,
        _BROKEN_OR_MEANT,
        (
            "Should this work? Then look for the missing rule: the receiver's security group, then both network ACLs.",
            "Should it not? Then ask who runs the sender why it tries.",
        ),
    ),
    "records_skipped": Story(
        _has_a_gap,
        "Nothing to do now. What passed there is not known and does not come later: a scan may have gone unseen.",
        (
            "Do you look into something of that hour? Then ask the flow logs of the other end, or the machine itself.",
            "Does the same interface come again and again? Ask AWS Support: the limit or error is one of AWS's own.",
        ),
    ),
}

MATTER = {
    Severity.HIGH: "This matters now.",
    Severity.MEDIUM: "Look at it today.",
    Severity.LOW: "Look at it when you have time.",
    Severity.BACKGROUND: "Nothing to do.",
}
CHECKS_FOR_ANY = ("Is this expected of it? If not: what changed on it, and who was there, just before?",)
