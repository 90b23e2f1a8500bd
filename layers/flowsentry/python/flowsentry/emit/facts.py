"""The facts of a finding, one labelled line each: source, target, time, count, the rule that denied or allowed it."""

from collections.abc import Iterator, Mapping

from flowsentry.emit.narratives.connectivity import last_answer_text
from flowsentry.emit.narratives.logins import attempts_text
from flowsentry.emit.narratives.narrative import listed_in, number_in, numbers_in, port_text
from flowsentry.emit.owner_names import owner_text, responder_text, subject_text
from flowsentry.emit.plain_text import counted, moment, period, plain
from flowsentry.emit.search_terms import is_interface
from flowsentry.findings.bounds import MAX_ENDPOINTS
from flowsentry.findings.finding import Finding
from flowsentry.findings.kinds import KINDS, Packets
from flowsentry.inventory.source_address import PUBLIC

LABEL_WIDTH = 13
MAX_SENTENCE_LETTERS = 400
"""Of a sentence about rules, which holds names from tags. Longer: names can push the facts out of sight. Shorter: for
an interface with several security groups, the sentence is cut."""
MAX_SAMPLE = 10
_REJECTED = (Packets.REJECTED, Packets.REPLY_REJECTED)
_PARTICIPLES: dict[Packets | None, str] = {**dict.fromkeys(_REJECTED, "rejected"), Packets.UNANSWERED: "not answered"}


def facts_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """Label and fact, what matters first. Labels have at most eleven letters."""
    return ((label, fact) for label, fact in _facts(finding) if fact)


def fact_line(label: str, fact: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{fact}"


def count_text(finding: Finding) -> str:
    """`36 failed host:port pairs`, `1,204 packets rejected`; empty where nothing is counted. From MAX_ENDPOINTS
    on, the number of pairs is an estimate: `about 105 failed host:port pairs`.
    """
    return "; ".join(_counts(finding))


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    details = finding.details
    target = _target(finding)
    yield _subject_label(finding), subject_text(finding)
    yield "Target", target
    yield "Clients", _clients(finding)
    yield "Addresses", _source_addresses(finding)
    yield "Latest", _sample(listed_in(details, "newest_initiators"))
    yield "Flow log", _flow_log(finding)
    yield "Network", "the internet" if finding.scope == PUBLIC else plain(finding.scope)
    yield "When", period(finding.first_seen, finding.last_seen)
    yield "Count", count_text(finding)
    yield "Last answer", last_answer_text(finding)
    yield from _refusal(details.get("refusal"))
    yield from _allowance(details.get("allowance"))
    yield "Sessions", _sample(listed_in(details, "sessions"))
    ports = numbers_in(details, "failed_ports")
    yield "Ports", _sample(list(map(str, ports))) if len(ports) > 1 else ""
    yield "Tried", _sample(listed_in(details, "sample_endpoints"))
    yield "Tried", "" if target else _sample(listed_in(details, "sample"))
    yield "Sources", _sample(listed_in(details, "sources"))
    yield "Answered", _sample(listed_in(details, "answered_endpoints"))
    yield "Logged by", _sample(listed_in(details, "interface_ids"))


def _subject_label(finding: Finding) -> str:
    """By the part that the subject plays: the one that connects, the one that is connected to, or neither."""
    details = finding.details
    if details.get("responder") == finding.subject:
        return "Target"
    if details.get("responder") or details.get("relation"):
        return "Source"
    if finding.kind == "flow_log_stopped":
        return "Resource"
    return "Interface" if is_interface(finding.subject) else "Address"


def _flow_log(finding: Finding) -> str:
    """`fl-0abc (flowsentry-flow-logs-web), to s3://bucket/`; empty where the finding is about none."""
    id_, name, destination = (
        plain(finding.details.get(key) or "") for key in ("flow_log", "flow_log_name", "destination")
    )
    named = f"{id_} ({name})" if name else id_
    return f"{named}, to {destination}" if id_ and destination else named


def _source_addresses(finding: Finding) -> str:
    """The addresses of a /64 that it came from."""
    listed = listed_in(finding.details, "source_addresses")
    more = number_in(finding.details, "source_address_count") - len(listed)
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and about {more:,} more" if listed and more > 0 else "")


def _target(finding: Finding) -> str:
    """The host and port that the subject connected to, where there is one."""
    details = finding.details
    if not details.get("responder") or details["responder"] == finding.subject or number_in(details, "responders") > 1:
        return ""
    return f"{responder_text(finding)}, port {port_text(details)}"


def _clients(finding: Finding) -> str:
    """The hosts that connected to the subject."""
    details = finding.details
    if not details.get("initiator") or details["initiator"] == finding.subject:
        return ""
    more = number_in(details, "initiators") - 1
    first = owner_text(details.get("initiator_owner"), details["initiator"])
    return first + (f" and {more:,} more" if more > 0 else "")


def _counts(finding: Finding) -> Iterator[str]:
    details = finding.details
    kind = KINDS.get(finding.kind)
    outcome = kind.packets if kind else None
    if finding.kind == "login_brute_force":
        yield attempts_text(finding)
    elif finding.endpoints > 1 and outcome not in _REJECTED:
        about = "about " if finding.endpoints >= MAX_ENDPOINTS else ""
        yield f"{about}{finding.endpoints:,} failed host:port pairs"
    if clients := number_in(details, "clients"):
        yield counted(clients, "client")
    if packets := number_in(details, "packets"):
        yield f"{counted(packets, 'packet')} {_PARTICIPLES.get(outcome, 'sent')}"
    if records := number_in(details, "records"):
        yield counted(records, "SKIPDATA record")


def _refusal(refusal: object) -> Iterator[tuple[str, str]]:
    """The rule that denied it, the change that would allow it, and the time of the rules."""
    if not isinstance(refusal, Mapping):
        return
    why_unknown = _sentence(refusal, "why_unknown")
    if refusal.get("refused_by"):
        yield "Denied by", _sentence(refusal, "sentence").removeprefix("denied by ")
        yield "Uncertain", why_unknown
    else:
        yield "Denied by", f"unknown: {why_unknown}" if why_unknown else ""
    yield "Change", _sentence(refusal, "change")
    yield from _time_of_rules(refusal)


def _allowance(allowance: object) -> Iterator[tuple[str, str]]:
    """The rule that allowed it, and the time of the rules."""
    if not isinstance(allowance, Mapping):
        return
    sentence = _sentence(allowance, "sentence").removeprefix("allowed by ")
    yield "Allowed by", sentence.replace("what allowed it cannot be determined", "unknown", 1)
    yield from _time_of_rules(allowance)


def _sentence(explained: Mapping[str, object], name: str) -> str:
    return plain(explained.get(name) or "", MAX_SENTENCE_LETTERS)


def _time_of_rules(explained: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    taken_at = number_in(explained, "rules_taken_at")
    yield "Rules as of", moment(taken_at) if taken_at else ""


def _sample(listed: list[str]) -> str:
    """At most ten of them, and how many more."""
    more = len(listed) - MAX_SAMPLE
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and {more} more" if more > 0 else "")
