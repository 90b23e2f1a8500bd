"""An hour of made traffic between known addresses, written in any log format."""

from collections.abc import Mapping, Sequence

from flowsentry.records.fields import DEFAULT_LOG_FORMAT, VPC_NAMES, names_in_log_format
from local.log_insights.events import Event
from stacks.settings.logged.formats import GATEWAY_LOG_FORMAT

Record = Mapping[str, object]
WEB, DATABASE, CACHE = "10.0.1.10", "10.0.2.20", "10.0.1.30"
"""Two in the first zone and, between them, one in the second."""
SECOND_ADDRESS_OF_WEB = "10.0.1.11"
GUESSER, PARTNER, OFFICE = "203.0.113.9", "198.51.100.7", "10.0.9.9"
GUESSER_V6, INSIDE_V6, TARGET_V6 = "2001:db8::5", "fd00::5", "fd00::6"
INTERFACES = {WEB: ("eni-0a", "use1-az1"), DATABASE: ("eni-0b", "use1-az2"), CACHE: ("eni-0c", "use1-az1")}
START = 1_700_000_000

SHUFFLED = (
    "${bytes} ${flow-direction} ${a-field-of-2030} ${dstport} ${az-id} ${pkt-dstaddr} ${action} ${srcaddr} ${packets} "
    "${protocol} ${pkt-srcaddr} ${interface-id} ${srcport} ${dstaddr} ${log-status} ${start} ${end} ${tcp-flags}"
)
"""A custom format of an unusual order, with a field that this version does not know."""
EXTENDED = " ".join(f"${{{name}}}" for name in VPC_NAMES)
"""Every field that flow logs of VPCs have."""
FORMATS = {"default": DEFAULT_LOG_FORMAT, "extended": EXTENDED, "shuffled": SHUFFLED}
GATEWAY = GATEWAY_LOG_FORMAT


def flow(  # noqa: PLR0913 - the fields of a record
    source: str,
    target: str,
    port: int,
    *,
    by: str,
    packets: int = 1,
    size: int = 40,
    action: str = "ACCEPT",
    protocol: int = 6,
    source_port: int = 50_000,
    minute: int = 0,
    **others: object,
) -> Record:
    """A record that the interface of the address `by` logged."""
    interface, zone = INTERFACES[by]
    start = START + 60 * minute
    return {
        "version": 11,
        "account-id": "123456789012",
        "interface-id": interface,
        "az-id": zone,
        "srcaddr": source,
        "dstaddr": target,
        "srcport": source_port,
        "dstport": port,
        "protocol": protocol,
        "packets": packets,
        "bytes": size,
        "start": start,
        "end": start + 59,
        "action": action,
        "pkt-srcaddr": source,
        "pkt-dstaddr": target,
        "log-status": "OK",
        "tcp-flags": 2,
        "flow-direction": "egress" if source == by else "ingress",
        **others,
    }


def _at_both_ends(source: str, target: str, port: int, packets: int, size: int, source_port: int) -> list[Record]:
    ends = (source, target)
    return [flow(*ends, port, by=by, packets=packets, size=size, source_port=source_port) for by in ends]


def _without_traffic(status: str) -> Record:
    return {"version": 2, "account-id": "123456789012", "interface-id": "eni-0a", "start": START, "end": START + 59} | {
        "log-status": status
    }


RECORDS: tuple[Record, ...] = (
    *_at_both_ends(WEB, DATABASE, 443, 100, 60_000, 50_000),
    *_at_both_ends(DATABASE, WEB, 50_000, 80, 90_000, 443),
    *_at_both_ends(WEB, CACHE, 5432, 500, 20_000, 50_001),
    *(flow(GUESSER, WEB, 22, by=WEB, action="REJECT", minute=at, **{"pkt-dstaddr": SECOND_ADDRESS_OF_WEB})
      for at in (1, 2, 3)),
    flow(GUESSER, DATABASE, 3389, by=DATABASE, action="REJECT"),
    flow(PARTNER, DATABASE, 3389, by=DATABASE, packets=7, size=700, minute=5),
    flow(PARTNER, WEB, 22, by=WEB, protocol=17),
    flow(OFFICE, WEB, 22, by=WEB, action="REJECT", minute=9),
    flow(INSIDE_V6, TARGET_V6, 8080, by=DATABASE, action="REJECT"),
    flow(GUESSER_V6, TARGET_V6, 8080, by=DATABASE, action="REJECT"),
    flow(WEB, GUESSER, 80, by=WEB, action="REJECT"),
    flow(WEB, PARTNER, 50_000, by=WEB, source_port=22),
    _without_traffic("NODATA"),
    _without_traffic("SKIPDATA"),
)  # fmt: skip


def line(record: Record, log_format: str) -> str:
    """The record as AWS writes it in this format: `-` for a field without a value. The default format is version 2."""
    names = names_in_log_format(log_format)
    shown = {**record, "version": 2} if log_format == DEFAULT_LOG_FORMAT else record
    return " ".join(str(shown.get(name, "-")) for name in names)


def events(log_format: str, records: Sequence[Record] = RECORDS) -> list[Event]:
    """The records as log events, at the time of their start."""
    return [Event(line(each, log_format), int(str(each["start"])) * 1000) for each in records]


def gateway_flow(attachment: str, zones: tuple[str, str], size: int, source: str = WEB) -> Record:
    """A record of a transit gateway."""
    return {
        "version": 6,
        "resource-type": "TransitGatewayAttachment",
        "tgw-attachment-id": attachment,
        "srcaddr": source,
        "dstaddr": DATABASE,
        "srcport": 50_000,
        "dstport": 443,
        "protocol": 6,
        "tgw-src-az-id": zones[0],
        "tgw-dst-az-id": zones[1],
        "bytes": size,
        "packets": size // 100,
        "start": START,
        "end": START + 59,
        "log-status": "OK",
    }


GATEWAY_RECORDS = (
    gateway_flow("tgw-attach-0a", ("use1-az1", "use1-az2"), 8_000),
    gateway_flow("tgw-attach-0b", ("use1-az1", "use1-az2"), 8_000),
    gateway_flow("tgw-attach-0a", ("use1-az1", "use1-az1"), 90_000, source=CACHE),
    gateway_flow("tgw-attach-0a", ("use1-az1", "-"), 70_000, source=OFFICE),
)
