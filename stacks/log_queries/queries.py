"""The saved queries: what each answers, the fields that it needs, and its text for a log format.

The commands and functions are those of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html; tests run every query on records with
known answers (tests/stacks/log_queries).
"""

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stacks.log_queries.record_fields import RecordFields, quoted

ROWS = 50
"""Rows of a table of sums. Higher: more than a screen. Lower: less to compare."""
STORY_ROWS = 1_000
"""Records of a story. Higher: the console needs long to show them. Lower: a busy address's hour is cut."""
EXAMPLE_ADDRESS, EXAMPLE_PORT = "192.0.2.10", 443
"""What people replace in a query about one address, from a range that nobody has (RFC 5737)."""
REMOTE_LOGIN_PORTS = (22, 3389)
SOURCE, TARGET = ("srcaddr", "pkt-srcaddr"), ("dstaddr", "pkt-dstaddr")
"""The ends of a record: as the interface saw them, else those of the packet."""
STORY_FIELDS = (
    *("action", "flow-direction", "interface-id", "tgw-attachment-id", *SOURCE, "srcport", *TARGET, "dstport"),
    *("protocol", "tcp-flags", "packets", "bytes", "log-status"),
)


@dataclass(frozen=True)
class SavedQuery:
    """A question about flow logs. `needs` are the fields without which it can't be answered, each with the fields that
    serve as well; `of_gateways` says whether only records of transit gateways have an answer (None: all have).
    """

    name: str
    about: str
    needs: tuple[tuple[str, ...], ...]
    commands: Callable[[RecordFields, Sequence[str]], Iterator[str]]
    of_gateways: bool | None = None

    def applies_to(self, fields: RecordFields) -> bool:
        return self.of_gateways in {None, fields.is_of_transit_gateway}

    def missing(self, fields: RecordFields) -> list[str]:
        """The fields that a format would need for an answer, and lacks."""
        return [names[0] for names in self.needs if not any(name in fields for name in names)]

    def text(self, fields: RecordFields, excluded: Sequence[str]) -> str:
        """The query for a format that lacks none of the fields, without the `excluded` networks where it leaves them
        out.
        """
        commands = [*fields.prelude, *self.commands(fields, excluded)]
        return f"# {self.about}\n" + "\n| ".join(commands)


def _talkers(measure: str) -> Callable[[RecordFields, Sequence[str]], Iterator[str]]:
    """The pairs with the largest sums of a field. Both interfaces of an inside flow log it, so the larger of the two
    sums counts, where the format tells the interfaces apart.
    """

    def commands(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
        pair, total = _pair(fields), f"total_{measure}"
        yield f'filter {fields.first(*SOURCE)} != "-"'
        if loggers := fields.present("interface-id", "tgw-attachment-id"):
            yield f"stats sum({fields[measure]}) as logged_{measure} by {pair}, {', '.join(loggers)}"
            yield f"stats max(logged_{measure}) as {total} by {pair}"
        else:
            yield f"stats sum({fields[measure]}) as {total} by {pair}"
        yield f"sort {total} desc"
        yield f"limit {ROWS}"

    return commands


def _pair(fields: RecordFields) -> str:
    return f"{fields.first(*SOURCE)}, {fields.first(*TARGET)}"


def _rejected_sources(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    source, target = fields.first(*SOURCE), fields.first(*TARGET)
    yield f'filter {fields["action"]} = "REJECT"'
    ports = [f"count_distinct({port}) as ports" for port in fields.present("dstport")]
    measures = ["count(*) as records", f"count_distinct({target}) as targets", *ports]
    yield f"stats {', '.join(measures)} by {source}"
    yield "sort records desc"
    yield f"limit {ROWS}"


def _rejected_sources_outside(fields: RecordFields, excluded: Sequence[str]) -> Iterator[str]:
    source = fields.first(*SOURCE)
    yield "filter " + " and ".join(f"not {_is_in(source, network)}" for network in excluded)
    yield from _rejected_sources(fields, excluded)


def _is_in(field: str, network: str) -> str:
    version = ipaddress.ip_network(network).version
    return f"isIpv{version}InSubnet({field}, {quoted(network)})"


def _rejected_ingress(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    yield f'filter {fields["action"]} = "REJECT" and {fields["flow-direction"]} = "ingress"'
    ends = fields.present("srcaddr", "pkt-srcaddr", "dstaddr", "pkt-dstaddr", "dstport", "protocol")
    yield f"stats count(*) as records by {', '.join(ends)}"
    yield "sort records desc"
    yield f"limit {ROWS}"


def _remote_logins(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    ports = " or ".join(f"{fields['dstport']} = {port}" for port in REMOTE_LOGIN_PORTS)
    tcp = [f"{name} = 6" for name in fields.present("protocol")]
    yield f"filter {' and '.join([f'({ports})', *tcp])}"
    yield f"stats count(*) as records by {_pair(fields)}, {', '.join(fields.present('dstport', 'action'))}"
    yield "sort records desc"
    yield f"limit {ROWS}"


def _story(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    ends = fields.present(*SOURCE, *TARGET)
    yield "filter " + " or ".join(f"{end} = {quoted(EXAMPLE_ADDRESS)}" for end in ends)
    yield "sort @timestamp asc"
    yield f"limit {STORY_ROWS}"
    yield f"display @timestamp, {', '.join(fields.present(*STORY_FIELDS))}"


def _clients(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    targets = [f"{end} = {quoted(EXAMPLE_ADDRESS)}" for end in fields.present(*TARGET)]
    yield f"filter ({' or '.join(targets)}) and {fields['dstport']} = {EXAMPLE_PORT}"
    sums = [f"sum({name}) as total_{name}" for name in fields.present("packets", "bytes")]
    times = [f"min({name}) as first_time" for name in fields.present("start")]
    times += [f"max({name}) as last_time" for name in fields.present("end")]
    keys = [fields.first(*reversed(SOURCE)), *fields.present("action")]
    yield f"stats {', '.join(['count(*) as records', *sums, *times])} by {', '.join(keys)}"
    yield "sort records desc"
    yield f"limit {ROWS}"


def _zones(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    """The pairs whose two interfaces are in different zones: each logs the flow in its own zone."""
    source, target = fields.first(*reversed(SOURCE)), fields.first(*reversed(TARGET))
    logger, zone = fields["interface-id"], fields["az-id"]
    yield f'filter {source} != "-" and {zone} != "-"'
    yield f"stats sum({fields['bytes']}) as logged_bytes, latest({zone}) as zone by {source}, {target}, {logger}"
    ends = "sortsFirst(zone) as zone_a, sortsLast(zone) as zone_b"
    yield f"stats max(logged_bytes) as crossed_bytes, {ends} by {source}, {target}"
    yield "filter zone_a != zone_b"
    yield "sort crossed_bytes desc"
    yield f"limit {ROWS}"


def _gateway_zones(fields: RecordFields, _excluded: Sequence[str]) -> Iterator[str]:
    pair, zones = _pair(fields), fields.present("tgw-src-az-id", "tgw-dst-az-id")
    yield "filter " + " and ".join([*(f'{zone} != "-"' for zone in zones), " != ".join(zones)])
    keys = f"{pair}, {', '.join(zones)}"
    yield f"stats sum({fields['bytes']}) as logged_bytes by {keys}, {fields['tgw-attachment-id']}"
    yield f"stats max(logged_bytes) as crossed_bytes by {keys}"
    yield "sort crossed_bytes desc"
    yield f"limit {ROWS}"


REJECTED_OUTSIDE = "Rejects by source without given networks"
QUERIES: tuple[SavedQuery, ...] = (
    SavedQuery(
        "Top talkers by packets",
        "The pairs of addresses with the most packets.",
        (SOURCE, TARGET, ("packets",)),
        _talkers("packets"),
    ),
    SavedQuery(
        "Top talkers by bytes",
        "The pairs of addresses with the most bytes.",
        (SOURCE, TARGET, ("bytes",)),
        _talkers("bytes"),
    ),
    SavedQuery(
        "Rejects by source",
        "The sources with the most rejected records, and at how many addresses and ports.",
        (SOURCE, TARGET, ("action",)),
        _rejected_sources,
        of_gateways=False,
    ),
    SavedQuery(
        REJECTED_OUTSIDE,
        "The sources of rejected records, without the networks of the setting query_excluded_networks.",
        (SOURCE, TARGET, ("action",)),
        _rejected_sources_outside,
        of_gateways=False,
    ),
    SavedQuery(
        "Rejected ingress by both ends",
        "What was rejected on its way in, by both ends as the interface and as the packet has them.",
        (("action",), ("flow-direction",), ("srcaddr",), ("dstaddr",), ("pkt-srcaddr",), ("pkt-dstaddr",)),
        _rejected_ingress,
        of_gateways=False,
    ),
    SavedQuery(
        "SSH and RDP",
        "Who sends to port 22 or 3389 of whom, accepted or rejected.",
        (SOURCE, TARGET, ("dstport",)),
        _remote_logins,
    ),
    SavedQuery(
        "Story of one address",
        f"Every record of one address, oldest first: replace {EXAMPLE_ADDRESS}.",
        (SOURCE, TARGET),
        _story,
    ),
    SavedQuery(
        "Who connected to an address and port",
        f"Who sent to one address and port, when first and last: replace {EXAMPLE_ADDRESS} and {EXAMPLE_PORT}.",
        (SOURCE, TARGET, ("dstport",)),
        _clients,
    ),
    SavedQuery(
        "Pairs across zones",
        "The pairs with the most bytes whose interfaces, both logged here, are in different Availability Zones.",
        (SOURCE, TARGET, ("bytes",), ("az-id",), ("interface-id",)),
        _zones,
        of_gateways=False,
    ),
    SavedQuery(
        "Pairs across zones of a transit gateway",
        "The pairs with the most bytes whose attachments are in different Availability Zones.",
        (SOURCE, TARGET, ("bytes",), ("tgw-src-az-id",), ("tgw-dst-az-id",), ("tgw-attachment-id",)),
        _gateway_zones,
        of_gateways=True,
    ),
)
"""Every saved query, in the order of docs/log-queries.md."""


def texts_of(fields: RecordFields, excluded: Sequence[str]) -> dict[str, str]:
    """{name: text} of the queries that records of this format can answer."""
    able = (each for each in QUERIES if each.applies_to(fields) and not each.missing(fields))
    return {each.name: each.text(fields, excluded) for each in able if excluded or each.name != REJECTED_OUTSIDE}


def left_out(fields: RecordFields) -> dict[str, list[str]]:
    """{name: fields that it would need} of the queries that a format can't answer."""
    found = {each.name: each.missing(fields) for each in QUERIES if each.applies_to(fields)}
    return {name: missing for name, missing in found.items() if missing}
