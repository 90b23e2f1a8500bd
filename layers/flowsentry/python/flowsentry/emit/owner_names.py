"""Owners and addresses → names: in full for a text, short for a subject line."""

from collections.abc import Callable, Mapping
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding
from flowsentry.inventory.owner_kinds import UNKNOWN

MAX_SHORT_NAME_LETTERS = 30

Names = Callable[[object, object], str]
"""Formats an owner, from the details of a finding, and its address."""


def owner_text(owner: object, subject: object) -> str:
    """`web-1 (instance i-0abc, 10.0.1.5)`, or `rds database (eni-0abc, 10.0.2.5)` if only the kind of owner is known;
    the address (or interface) alone if the owner is unknown.
    """
    name, kind, id_ = _words(owner)
    if not id_:
        return plain(subject)
    kind = "interface" if kind == UNKNOWN else kind
    if id_.startswith("arn:") and id_.endswith((f":{name}", f"/{name}")):
        return _with_facts(name, kind, plain(subject))
    if id_.startswith("eni-") and name in {"", id_} and kind != "interface":
        return _with_facts(kind, id_, plain(subject))
    what = f"{kind} {id_}".strip() if name != id_ else kind
    return _with_facts(name or id_, what, plain(subject))


def short_owner_text(owner: object, subject: object) -> str:
    """The short form: `web-1 (10.0.1.5)`."""
    name = plain(_words(owner)[0], MAX_SHORT_NAME_LETTERS)
    return plain(subject) if name in {"", plain(subject)} else f"{name} ({plain(subject)})"


def subject_text(finding: Finding, names: Names = owner_text) -> str:
    """The subject of the finding."""
    return names(finding.details.get("subject_owner"), finding.subject)


def responder_text(finding: Finding, names: Names = owner_text) -> str:
    """The responder of the finding; a question mark if it has none."""
    return names(finding.details.get("responder_owner"), finding.details.get("responder", "?"))


def _words(owner: object) -> tuple[str, str, str]:
    """The owner's name, kind and id."""
    fields: Mapping[str, Any] = owner if isinstance(owner, Mapping) else {}
    name, kind, id_ = (plain(fields.get(key) or "") for key in ("name", "kind", "id"))
    return name, kind, id_


def _with_facts(name: str, *facts: str) -> str:
    """The name, and in brackets the facts that differ from it."""
    more = [fact for fact in dict.fromkeys(facts) if fact not in {"", name}]
    return f"{name} ({', '.join(more)})" if more else name
