"""Blocked path: the hops of a packet, with the rule that decides, of a finding or of what the user types."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.routing import Route

from flowsentry.emit.plain_text import plain
from flowsentry.findings.finding import Finding
from flowsentry.inventory.source_address import address_of
from flowsentry.records.code_names import TCP
from local.console.console_data import ConsoleData, DataError, NotFoundError
from local.console.flows.finding_links import PATHS, in_short
from local.console.flows.packet_parameters import port_in, protocol_in, protocol_number
from local.console.flows.path_hops import path_hops
from local.console.query import Query, QueryError
from local.console.routing import get
from local.packet_passage import MAX_LINE_LETTERS, Passage, packet_to
from local.snapshot_endpoints import EndsInSnapshot, UnclearEndError

MAX_FINDINGS = 200
"""Findings that the page offers. More: a long list. Fewer: older ones have to be typed."""
MAX_ID_LETTERS = 64
"""Of an unknown id in a message. More: long messages. Fewer: ids, of 24 letters, are cut."""
NO_RULES = (
    "no security groups and network ACLs are known: replay with --inventory, or wait for the first discovery of the "
    "deployment"
)


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [
        get("/api/blocked-path/findings", findings, data),
        get("/api/blocked-path/of/{finding}", path_of_finding, data),
        get("/api/blocked-path", path, data),
    ]


def findings(data: ConsoleData, _query: Query) -> Any:
    """The newest 200 findings about one path, as `findings`: `id`, `kind`, `severity`, `title`; and `has_rules`:
    whether the inventory has security groups or network ACLs.
    """
    found = [alert.finding for alert in data.alerts() if alert.finding.kind in PATHS]
    rules = data.inventory().rules
    return {
        "findings": [in_short(each) for each in found[:MAX_FINDINGS]],
        "has_rules": bool(rules.groups or rules.acls),
    }


def path(data: ConsoleData, query: Query) -> Any:
    """The path from `source` to `destination` (an address, an interface id, or an owner's id or name) at `port` (for
    ICMP the type) by `protocol` (tcp by default), in the VPC `vpc` if an end is in several.

    `hops`: `title`, `verdict` (`allowed`, `denied`, `unknown`, `not evaluated`, or empty), `reason`, `who` decides,
    `change` that would admit it, `is_reply`, and `decides` for the first that denies. `verdict`, `sentence`, `change`
    and `rules_taken_at` of the whole, and what `flowsentry explain --json` prints. An end that is unknown or
    ambiguous leaves only `unclear`: a sentence.
    """
    ends = [query.text(name).strip() for name in ("source", "destination")]
    if not all(ends):
        raise QueryError("source and destination are needed: an address, an interface id, or an owner's id or name")
    protocol = protocol_in(query)
    traffic = Traffic(TCP if protocol is None else protocol, port_in(query) or 0)
    return _path(data, ends, traffic, query.text("vpc").strip())


def path_of_finding(data: ConsoleData, query: Query) -> Any:
    """The path that the finding in the address is about, as `/api/blocked-path` returns it, by the rules in force now;
    and `finding`, with its `refusal` or `allowance`: what decided when it was found.
    """
    finding = _finding(data, query.path["finding"])
    details = finding.details
    ends = [address_of(str(details.get("initiator", finding.subject))), str(details.get("responder", ""))]
    number = protocol_number(str(details.get("protocol", "tcp")))
    traffic = Traffic(number, details.get("responder_port") or 0, details.get("initiator_port"))
    scopes = (str(details.get("responder_scope", "")), finding.scope)
    found = _path(data, ends, traffic, next((each for each in scopes if each.startswith("vpc-")), ""))
    then = {name: details[name] for name in ("refusal", "allowance") if name in details}
    return {**found, "finding": {**in_short(finding), **then}}


class Traffic(NamedTuple):
    """Protocol number and ports; a source port of None stands for all that a client may use."""

    protocol: int
    port: int
    source_port: int | None = None


def _path(data: ConsoleData, ends: Sequence[str], traffic: Traffic, vpc_id: str) -> dict[str, Any]:
    """The hops by the inventory's rules. Raises DataError without rules."""
    inventory = data.inventory()
    if not (inventory.rules.groups or inventory.rules.acls):
        raise DataError(NO_RULES)
    try:
        source, destination = EndsInSnapshot(inventory, vpc_id or None).pair(*ends)
    except UnclearEndError as error:
        sentence = str(error).replace("choose with --vpc", "choose its VPC")
        return {"unclear": plain(sentence, MAX_LINE_LETTERS)}
    packet = packet_to(source, destination, *traffic)
    return path_hops(Passage.of(packet, inventory.rules), inventory)


def _finding(data: ConsoleData, finding_id: str) -> Finding:
    found = (alert.finding for alert in data.alerts())
    finding = next((each for each in found if each.id == finding_id and each.kind in PATHS), None)
    if finding is None:
        raise NotFoundError(f"no finding {plain(finding_id, MAX_ID_LETTERS)} is about a path; choose another one")
    return finding
