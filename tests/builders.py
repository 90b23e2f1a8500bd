"""Builds records, files and payloads as AWS writes them; values that a test does not name are defaults."""

import gzip
import json
from collections.abc import Iterable, Sequence

from flowsentry.decode import object_texts
from flowsentry.enrich import enrich
from flowsentry.findings.finding import Finding
from flowsentry.frames import EnrichedFlows, Flows, LogChunk, LogText
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory, KnownServicesInMemory
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.parse import flows_of, parse
from flowsentry.pipeline import Context, Outcome, Stores, process
from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES, column_of

ACCOUNT, INTERFACE, VPC = "123456789012", "eni-0a1b2c3d4e5f60718", "vpc-0a1b2c3d"
NOON = 1_767_268_800
"""2026-01-01 12:00 UTC."""
DAY = NOON // 86_400
FIN, SYN, RST, SYN_ACK = 1, 2, 4, 18

V2 = DEFAULT_NAMES
V5 = (*V2, "vpc-id", "tcp-flags", "pkt-srcaddr", "pkt-dstaddr", "flow-direction")

ORDINARY: dict[str, object] = {
    "version": 2,
    "account_id": ACCOUNT,
    "interface_id": INTERFACE,
    "srcaddr": "10.0.0.1",
    "dstaddr": "10.0.0.2",
    "srcport": 40000,
    "dstport": 443,
    "protocol": 6,
    "packets": 12,
    "bytes": 6400,
    "start": NOON,
    "end": NOON + 30,
    "action": "ACCEPT",
    "log_status": "OK",
    "vpc_id": VPC,
    "tcp_flags": SYN | FIN,
    "flow_direction": "egress",
}


GATEWAY, OTHER_VPC = "tgw-0a1b2c3d", "vpc-0b2c3d4e"
ATTACHMENT, OTHER_ATTACHMENT = "tgw-attach-0a1b2c3d", "tgw-attach-0b2c3d4e"
LOST_PACKETS = tuple(column_of(name) for name in TRANSIT_GATEWAY_NAMES if name.startswith("packets-lost-"))
AT_GATEWAY: dict[str, object] = {
    "version": 6,
    "resource_type": "TransitGateway",
    "tgw_id": GATEWAY,
    "tgw_attachment_id": ATTACHMENT,
    "tgw_pair_attachment_id": OTHER_ATTACHMENT,
    "tgw_src_vpc_id": VPC,
    "tgw_dst_vpc_id": OTHER_VPC,
    "type": "IPv4",
    "region": "eu-west-1",
    "flow_direction": "ingress",
} | dict.fromkeys(LOST_PACKETS, 0)
"""Additional fields of a transit gateway's record, for packets from one VPC to the other."""
BACK_AT_GATEWAY = AT_GATEWAY | {
    "tgw_attachment_id": OTHER_ATTACHMENT,
    "tgw_pair_attachment_id": ATTACHMENT,
    "tgw_src_vpc_id": OTHER_VPC,
    "tgw_dst_vpc_id": VPC,
}


def line(names: Sequence[str] = V5, **values: object) -> str:
    """One record of a connection with data from 10.0.0.1 to 10.0.0.2, changed by `values` (by column)."""
    record = ORDINARY | values
    record.setdefault("pkt_srcaddr", record["srcaddr"])
    record.setdefault("pkt_dstaddr", record["dstaddr"])
    return " ".join(str(record.get(column_of(name), "-")) for name in names)


def gateway_line(names: Sequence[str] = TRANSIT_GATEWAY_NAMES, **values: object) -> str:
    """The same connection as a transit gateway logs it, where it enters from the first VPC."""
    return line(names, **AT_GATEWAY | values)


def probe(source: str, target: str, port: int, names: Sequence[str] = V5, **values: object) -> str:
    """One unanswered SYN, as the target's interface logs it."""
    told = {"srcport": 45000, "packets": 1, "bytes": 60, "tcp_flags": SYN, "flow_direction": "ingress"} | values
    return line(names, srcaddr=source, dstaddr=target, dstport=port, **told)


def blocked(source: str, target: str, port: int, names: Sequence[str] = V5, **values: object) -> str:
    """Three SYNs that a rule rejected at the target's interface."""
    return probe(source, target, port, names, **{"action": "REJECT", "packets": 3, "bytes": 180} | values)


def reset(source: str, target: str, port: int, names: Sequence[str] = V5, **values: object) -> str:
    """The RST that `source` sends from its closed `port`."""
    told = {"srcport": port, "dstport": 45000, "packets": 1, "bytes": 40, "tcp_flags": RST} | values
    return line(names, srcaddr=source, dstaddr=target, **told)


def exchange(source: str, target: str, port: int, names: Sequence[str] = V5, **values: object) -> list[str]:
    """Both directions of a connection with data."""
    there = {"srcport": 45000, "dstport": port} | values
    back = there | {"srcport": there["dstport"], "dstport": there["srcport"]}
    return [
        line(names, srcaddr=source, dstaddr=target, flow_direction="ingress", **there),
        line(names, srcaddr=target, dstaddr=source, tcp_flags=SYN_ACK | FIN, **back),
    ]


def no_data(names: Sequence[str] = V5, log_status: str = "NODATA", **values: object) -> str:
    """The record of an interval without traffic (NODATA) or of records that AWS skipped (SKIPDATA)."""
    told: dict[str, object] = {"account_id": ACCOUNT, "interface_id": INTERFACE, "vpc_id": VPC}
    told |= {"version": 2, "start": NOON, "end": NOON + 60, "log_status": log_status} | values
    return " ".join(str(told.get(column_of(name), "-")) for name in names)


def flow_log(lines: Iterable[str], names: Sequence[str] = V5) -> bytes:
    """The lines as the content of an S3 object, uncompressed."""
    return "".join(f"{each}\n" for each in (" ".join(names), *lines)).encode()


def log_text(lines: Iterable[str], names: Sequence[str] = V5) -> LogText:
    return LogText(tuple(names), "".join(f"{each}\n" for each in lines).encode(), 2)


def payload(lines: Iterable[str], message_type: str = "DATA_MESSAGE") -> bytes:
    """The lines as CloudWatch Logs delivers them to a subscription, after base64 decoding."""
    events = [{"id": str(number), "timestamp": NOON * 1000, "message": each} for number, each in enumerate(lines)]
    envelope = {"messageType": message_type, "owner": ACCOUNT, "logGroup": "flow-logs", "logStream": f"{INTERFACE}-all"}
    return gzip.compress(json.dumps(envelope | {"subscriptionFilters": ["all"], "logEvents": events}).encode(), mtime=0)


def flows(lines: Iterable[str], names: Sequence[str] = V5) -> Flows:
    return flows_of(parse(log_text(lines, names)).records)


def enriched(lines: Iterable[str], names: Sequence[str] = V5, inventory: Inventory | None = None) -> EnrichedFlows:
    return enrich(flows(lines, names), AddressSpace.of(inventory or Inventory()))


def interface(address: str, kind: str = "instance", name: str = "web-1", **values: object) -> Interface:
    """An interface of the VPC with one private address."""
    told: dict[str, object] = {"interface_id": f"eni-{name}", "public_addresses": (), "vpc_id": VPC}
    told |= {"addresses": (address,), "owner_id": f"i-{name}", "owner_name": name} | values
    return Interface(
        subnet_id="subnet-1",
        availability_zone="eu-west-1a",
        owner_kind=kind,
        **told,  # type: ignore[arg-type]
    )


class Watch:
    """A pipeline that keeps its state from one object to the next, as the tables do."""

    def __init__(
        self,
        inventory: Inventory | None = None,
        trusted_networks: Iterable[str] = (),
        public_login_services: Iterable[str] = (),
    ) -> None:
        self.evidence, self.findings, self.services = EvidenceInMemory(), FindingsInMemory(), KnownServicesInMemory()
        self.context = Context(
            inventory or Inventory(),
            trusted_networks=tuple(trusted_networks),
            public_services=NamedServices.of(public_login_services),
        )

    def see(self, *objects: bytes) -> list[Outcome]:
        return [self.see_texts(object_texts([each])) for each in objects]

    def see_texts(self, texts: Iterable[LogChunk]) -> Outcome:
        return process(texts, self.context, self.stores)

    @property
    def stores(self) -> Stores:
        return Stores(self.evidence, self.findings, self.services)

    @property
    def found(self) -> list[Finding]:
        return list(self.findings.findings.values())


def found_in(lines: Iterable[str], names: Sequence[str] = V5, inventory: Inventory | None = None) -> list[Finding]:
    """The findings in one object with these lines."""
    watch = Watch(inventory)
    watch.see(flow_log(lines, names))
    return watch.found


def owner_of(address_space: AddressSpace, scope: str, address: str, at: int) -> Interface | None:
    """The owner of one address."""
    return address_space.owners_of([AddressQuery(scope, address, at)])[0].owner
