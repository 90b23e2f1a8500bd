"""The facts of a finding, a labelled line each: who, whom, when, how much, what refused or allowed it."""

from collections.abc import Iterator, Mapping

from flowsentry.emit.party_names import owner_text, responder_text, subject_text
from flowsentry.emit.plain_text import counted, moment, period, plain
from flowsentry.emit.stories.logins import tries_text
from flowsentry.emit.stories.services import last_answer_text
from flowsentry.emit.stories.story import listed_in, number_in, numbers_in, port_text
from flowsentry.findings.finding import Finding
from flowsentry.inventory.scopes import PUBLIC

MAX_SENTENCE_LETTERS = 400
"""Of a sentence about rules, which holds names from tags. Longer: names can push the facts out of sight. Shorter: an
interface with several groups is not told whole."""
MAX_SAMPLE = 10
ABOUT_REFUSED_PACKETS = frozenset({"blocked_internal", "blocked_egress", "denied_by_acl_reply"})
_WHAT_BECAME_OF_PACKETS = {**dict.fromkeys(ABOUT_REFUSED_PACKETS, "refused"), "service_down": "not answered"}


def facts_of(finding: Finding) -> Iterator[tuple[str, str]]:
    """Label and fact, what matters first; labels have at most nine letters."""
    return ((label, fact) for label, fact in _facts(finding) if fact)


def how_much(finding: Finding) -> str:
    """`36 different host:port failed`, `1,204 packets refused`; empty where nothing is counted."""
    return "; ".join(_amounts(finding))


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    details = finding.details
    yield "Who", subject_text(finding)
    whom = _whom(finding)
    yield "To whom", whom
    yield "Callers", _callers(finding)
    yield "From", _source_addresses(finding)
    yield "Newest", _sample(listed_in(details, "newest_initiators"))
    yield "Network", "the internet" if finding.scope == PUBLIC else plain(finding.scope)
    yield "When", period(finding.first_seen, finding.last_seen)
    yield "How much", how_much(finding)
    yield "Last up", last_answer_text(finding)
    yield from _refusal(details.get("refusal"))
    yield from _allowance(details.get("allowance"))
    yield "Got in at", _sample(listed_in(details, "sessions"))
    ports = numbers_in(details, "failed_ports")
    yield "Ports", _sample(list(map(str, ports))) if len(ports) > 1 else ""
    yield "Tried", _sample(listed_in(details, "sample_endpoints"))
    yield "Tried", "" if whom else _sample(listed_in(details, "sample"))
    yield "Sources", _sample(listed_in(details, "sources"))
    yield "Answered", _sample(listed_in(details, "answered_endpoints"))
    yield "Seen at", _sample(listed_in(details, "interface_ids"))


def _source_addresses(finding: Finding) -> str:
    """From which addresses of a /64 it came."""
    listed = listed_in(finding.details, "source_addresses")
    more = number_in(finding.details, "source_address_count") - len(listed)
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and some {more:,} more" if listed and more > 0 else "")


def _whom(finding: Finding) -> str:
    """Who was called, where that is one and not the subject itself."""
    details = finding.details
    if not details.get("responder") or details["responder"] == finding.subject or number_in(details, "responders") > 1:
        return ""
    return f"{responder_text(finding)}, {port_text(details)}"


def _callers(finding: Finding) -> str:
    """Who called the subject, where somebody did."""
    details = finding.details
    if not details.get("initiator") or details["initiator"] == finding.subject:
        return ""
    more = number_in(details, "initiators") - 1
    return owner_text(details.get("initiator_owner"), details["initiator"]) + (
        f" and {more:,} more" if more > 0 else ""
    )


def _amounts(finding: Finding) -> Iterator[str]:
    details = finding.details
    is_refused = finding.kind in ABOUT_REFUSED_PACKETS
    if finding.kind == "login_brute_force":
        yield tries_text(finding)
    elif finding.endpoints > 1 and not is_refused:
        yield f"{finding.endpoints:,} different host:port failed"
    if clients := number_in(details, "clients"):
        yield counted(clients, "client")
    if packets := number_in(details, "packets"):
        yield f"{counted(packets, 'packet')} {_WHAT_BECAME_OF_PACKETS.get(finding.kind, 'sent')}"
    if records := number_in(details, "records"):
        yield counted(records, "SKIPDATA record")


def _refusal(refusal: object) -> Iterator[tuple[str, str]]:
    """What refused it, what would admit it, and how old the rules are that say so."""
    if not isinstance(refusal, Mapping):
        return
    why_unknown = _sentence(refusal, "why_unknown")
    if refusal.get("refused_by"):
        yield "Refused", _sentence(refusal, "sentence").removeprefix("refused ")
        yield "Unsure", why_unknown
    else:
        yield "Refused", f"by what can't be told: {why_unknown}" if why_unknown else ""
    yield "Change", _sentence(refusal, "change")
    yield from _age_of(refusal)


def _allowance(allowance: object) -> Iterator[tuple[str, str]]:
    """What let it in, and how old the rules are that say so."""
    if not isinstance(allowance, Mapping):
        return
    yield "Allowed", _sentence(allowance, "sentence").removeprefix("allowed ")
    yield from _age_of(allowance)


def _sentence(told: Mapping[str, object], name: str) -> str:
    return plain(told.get(name) or "", MAX_SENTENCE_LETTERS)


def _age_of(told: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    taken_at = number_in(told, "rules_taken_at")
    yield "Rules of", moment(taken_at) if taken_at else ""


def _sample(listed: list[str]) -> str:
    """At most ten of them, and how many more."""
    more = len(listed) - MAX_SAMPLE
    return ", ".join(listed[:MAX_SAMPLE]) + (f" and {more} more" if more > 0 else "")
